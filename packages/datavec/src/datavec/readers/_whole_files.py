"""FileRecordReader: whole files as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._errors import DataVecError
from ._files import Location, as_location, location_name, location_parts, read_bytes
from ._metadata import RecordMetaDataURI
from ._reader import AbstractRecordReader
from ._splits import as_split

__all__ = ["FileRecordReader"]


class FileRecordReader(AbstractRecordReader):
    """One record per file: its text, and optionally its folder's number as a label.

    Args:
        source: a path, paths or an input split.
        append_label: add the position of the file's folder in the sorted list of folders.
        encoding: of the files.
    """

    def __init__(self, source: Any, *, append_label: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self.append_label = append_label
        self.encoding = encoding
        self._split = as_split(source)
        folders = {_folder(p) for p in self._split.locations()} if append_label else set()
        self.labels = sorted(folders)

    def _read(self, location: Location) -> list[Any]:
        try:
            record: list[Any] = [read_bytes(location).decode(self.encoding)]
        except UnicodeDecodeError as e:
            raise DataVecError(
                f"{location_name(location)}: not {self.encoding} at byte {e.start} ({e.reason}); "
                "set encoding if the file has another one"
            ) from None
        if self.append_label:
            record.append(self.labels.index(_folder(location)))
        return record

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for location in self._split.locations():
            yield self._read(location), RecordMetaDataURI(location_name(location))

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        return [self._read(as_location(m.uri)) for m in metadata]


def _folder(location: Location) -> str:
    parts = location_parts(location)
    return parts[-2] if len(parts) > 1 else ""
