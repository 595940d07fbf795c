"""FileRecordReader: whole files as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .._errors import DataVecError
from ._metadata import RecordMetaDataURI
from ._reader import AbstractRecordReader
from ._splits import as_split

__all__ = ["FileRecordReader"]

MAX_FILE_BYTES = 256 << 20


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
        self._paths = as_split(source).locations()
        self.labels = sorted({p.parent.name for p in self._paths}) if append_label else []

    def _read(self, path: Path) -> list[Any]:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise DataVecError(f"{path}: {size} bytes exceed the limit of {MAX_FILE_BYTES}")
        try:
            # newline="" keeps line breaks as they are
            with open(path, encoding=self.encoding, newline="") as f:
                record: list[Any] = [f.read()]
        except UnicodeDecodeError as e:
            raise DataVecError(f"{path}: not {self.encoding}: {e.reason}") from None
        if self.append_label:
            record.append(self.labels.index(path.parent.name))
        return record

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for path in self._paths:
            yield self._read(path), RecordMetaDataURI(str(path))

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        return [self._read(Path(m.uri)) for m in metadata]
