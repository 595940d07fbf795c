"""FileRecordReader: whole files as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._errors import DataVecError
from ._files import read_limited
from ._metadata import RecordMetaDataURI
from ._path_labels import ParentPathLabelGenerator
from ._reader import AbstractRecordReader
from ._splits import InputPart, as_split

__all__ = ["FileRecordReader"]

_FOLDER = ParentPathLabelGenerator()


class FileRecordReader(AbstractRecordReader):
    r"""One record per file: its text, and optionally its folder's number as a label.

    Answers to Deeplearning4j's ``FileRecordReader``.

    Args:
        source: a path or URL, several of them, or an input split; a file may have 256 MiB at most.
        append_label: add the position of the file's folder in the sorted list of folders.
        encoding: of the files.

    Raises:
        DataVecError: naming a file that is too large, damaged, or not in `encoding`.

    >>> from datavec import StringSplit
    >>> FileRecordReader(StringSplit("two\nlines")).next()
    ['two\nlines']
    """

    def __init__(self, source: Any, *, append_label: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self.append_label = append_label
        self.encoding = encoding
        self.split = as_split(source)
        folders = {_FOLDER.label_for_path(p) for p in self.split.locations()}
        self.labels = sorted(folders) if append_label else []

    def _read(self, part: InputPart) -> list[Any]:
        with part.open() as f:
            data = read_limited(f, part.name)
        try:
            record: list[Any] = [data.decode(self.encoding)]
        except UnicodeDecodeError as e:
            raise DataVecError(
                f"{part.name}: not {self.encoding} at byte {e.start} ({e.reason}); "
                "set encoding if the file has another one"
            ) from None
        if self.append_label:
            if part.name is None:
                raise DataVecError("FileRecordReader: append_label needs data that have a path")
            record.append(self.labels.index(_FOLDER.label_for_path(part.name)))
        return record

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for part in self.split.parts():
            yield self._read(part), RecordMetaDataURI(part.name or "")

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        names = [m.uri or None for m in metadata]
        found = {part.name: part for part in self.split.parts_named(names)}
        missing = [n for n in names if n not in found]
        if missing:
            raise DataVecError(f"FileRecordReader: {missing[0]} is not among the files read")
        return [self._read(found[n]) for n in names]
