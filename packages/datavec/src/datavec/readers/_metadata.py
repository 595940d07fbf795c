"""Where a record came from, so that it can be read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "RecordMetaDataComposable",
    "RecordMetaDataComposableMap",
    "RecordMetaDataImageURI",
    "RecordMetaDataIndex",
    "RecordMetaDataInterval",
    "RecordMetaDataJdbc",
    "RecordMetaDataLine",
    "RecordMetaDataLineInterval",
    "RecordMetaDataURI",
]


@dataclass(frozen=True, slots=True)
class RecordMetaDataLine:
    """A line of a file; `line` counts from 0, skipped lines included."""

    line: int
    uri: str | None = None

    @property
    def location(self) -> str:
        """Text for messages, as Deeplearning4j writes it."""
        return f"{self.uri} line {self.line}" if self.uri else f"line {self.line}"


@dataclass(frozen=True, slots=True)
class RecordMetaDataIndex:
    """The position of a record in its source."""

    index: int
    uri: str | None = None

    @property
    def location(self) -> str:
        """Text for messages."""
        return f"index={self.index}"


@dataclass(frozen=True, slots=True)
class RecordMetaDataURI:
    """A whole file."""

    uri: str

    @property
    def location(self) -> str:
        """Text for messages."""
        return self.uri


@dataclass(frozen=True, slots=True)
class RecordMetaDataLineInterval:
    """Lines of a file, first and last, from 0."""

    start: int
    end: int
    uri: str | None = None

    @property
    def location(self) -> str:
        """Text for messages."""
        return f"{self.uri} lines {self.start}-{self.end}"


@dataclass(frozen=True, slots=True)
class RecordMetaDataInterval:
    """A range of a file's lines."""

    from_: int
    to: int
    uri: str | None = None

    @property
    def location(self) -> str:
        """Text for messages."""
        return f"interval({self.from_},{self.to})"


@dataclass(frozen=True, slots=True)
class RecordMetaDataImageURI:
    """An image file, with the size it had before it was resized."""

    uri: str
    channels: int
    height: int
    width: int

    @property
    def location(self) -> str:
        """Text for messages."""
        return self.uri


@dataclass(frozen=True, slots=True)
class RecordMetaDataComposable:
    """A record joined from several readers: the metadata of each part, in the readers' order."""

    parts: tuple[Any, ...]

    @property
    def uri(self) -> str | None:
        """The first part's file."""
        return getattr(self.parts[0], "uri", None) if self.parts else None

    @property
    def location(self) -> str:
        """Text for messages."""
        return ", ".join(part.location for part in self.parts)


@dataclass(frozen=True, slots=True)
class RecordMetaDataComposableMap:
    """An example made from several named readers: the metadata of each by the reader's name."""

    parts: Mapping[str, Any]

    @property
    def uri(self) -> str | None:
        """The first part's file."""
        return next((getattr(part, "uri", None) for part in self.parts.values()), None)

    @property
    def location(self) -> str:
        """Text for messages."""
        return ", ".join(f"{name}: {part.location}" for name, part in self.parts.items())


@dataclass(frozen=True, slots=True)
class RecordMetaDataJdbc:
    """A row of a database: the query that gives it again, and the query's parameters.

    Answers to Deeplearning4j's ``RecordMetaDataJdbc``.
    """

    query: str | None
    parameters: tuple[Any, ...]
    uri: str | None = None

    @property
    def location(self) -> str:
        """Text for messages."""
        return f"{self.query or 'a query'} with parameters {list(self.parameters)}"
