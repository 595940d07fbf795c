"""Where a record came from, so that it can be read again."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RecordMetaDataIndex", "RecordMetaDataLine", "RecordMetaDataURI"]


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
