"""Where a record came from, so that it can be read again."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "RecordMetaDataIndex",
    "RecordMetaDataInterval",
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
