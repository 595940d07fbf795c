"""ComposableRecordReader: the columns of several readers side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np

from .._errors import InvalidValueError
from ..columns._frame import Array, Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ._metadata import RecordMetaDataComposable
from ._reader import AbstractRecordReader

__all__ = ["ComposableRecordReader"]


class ComposableRecordReader(AbstractRecordReader):
    """The columns of several readers side by side; ends with the shortest reader.

    Answers to Deeplearning4j's ``ComposableRecordReader``.

    Args:
        readers: at least one.

    >>> from datavec import CollectionRecordReader, ComposableRecordReader
    >>> names, ages = CollectionRecordReader([["a"], ["b"]]), CollectionRecordReader([[1], [2]])
    >>> list(ComposableRecordReader(names, ages))
    [['a', 1], ['b', 2]]
    """

    def __init__(self, *readers: AbstractRecordReader) -> None:
        super().__init__()
        if not readers:
            raise ValueError("ComposableRecordReader: give at least one reader")
        self.readers = readers

    @property
    def schema(self) -> Schema | None:
        parts = [reader.schema for reader in self.readers]
        columns = [meta for part in parts if part is not None for meta in part]
        if None in parts or len({m.name for m in columns}) < len(columns):
            return None
        return Schema(tuple(columns))

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for parts in zip(*(r.records() for r in self.readers), strict=False):
            metadata = RecordMetaDataComposable(tuple(m for _, m in parts))
            yield [v for record, _ in parts for v in record], metadata

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        columns = [
            reader.load_from_metadata([m.parts[i] for m in wanted])
            for i, reader in enumerate(self.readers)
        ]
        return [[v for part in row for v in part] for row in zip(*columns, strict=True)]

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        schemas = [reader.schema for reader in self.readers]
        widths = [0 if s is None else len(s) for s in schemas]
        if 0 in widths or sum(widths) != len(schema):
            yield from super().frame_tasks(schema, plan)
            return
        ends = list(accumulate(widths))
        parts = [
            _Frames(reader, Schema(schema.columns[end - width : end]), plan)
            for reader, width, end in zip(self.readers, widths, ends, strict=True)
        ]
        while rows := min(part.waiting() for part in parts):
            yield _Joined(schema, [part.take(rows) for part in parts])


class _Frames:
    """Frames of one reader, handed out in pieces of any number of rows."""

    def __init__(self, reader: AbstractRecordReader, schema: Schema, plan: ReadPlan) -> None:
        self._tasks = reader.frame_tasks(schema, plan)
        self._task: Any = None
        self._frame: Frame | None = None
        self._at = 0

    def waiting(self) -> int:
        """Rows that can be taken at once; 0 at the end."""
        while self._frame is None or self._at == self._frame.num_rows:
            self._task = next(self._tasks, None)
            if self._task is None:
                return 0
            self._frame, self._at = self._task(), 0
        return self._frame.num_rows - self._at

    def take(self, rows: int) -> tuple[Frame, Any, Array]:
        """The next rows, the task that they are of, and their positions in what it read."""
        if self._frame is None:
            raise RuntimeError("nothing is waiting")
        start, self._at = self._at, self._at + rows
        origin = np.arange(start, self._at)
        if self._frame.origin is not None:
            origin = self._frame.origin[origin]
        return self._frame.sliced(start, self._at), self._task, origin


class _Joined:
    """Frames of several readers as one."""

    def __init__(self, schema: Schema, parts: list[tuple[Frame, Any, Array]]) -> None:
        self.schema, self.parts = schema, parts

    def __call__(self) -> Frame:
        columns = tuple(column for frame, _, _ in self.parts for column in frame.columns)
        return Frame(self.schema, columns, self.parts[0][0].num_rows)

    def metadata(self, frame: Frame) -> list[Any]:
        """Metadata of the records of a frame that came from these."""
        rows = np.arange(frame.num_records) if frame.origin is None else frame.origin
        each = [
            task.metadata(replace(part, origin=origin[rows], num_rows=len(rows)))
            for part, task, origin in self.parts
        ]
        return [RecordMetaDataComposable(parts) for parts in zip(*each, strict=True)]

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Say in which file and line of the reader that the column is of."""
        for part, task, origin in self.parts:
            if error.row is not None and error.column in part.schema:
                located: InvalidValueError = task.locate(error.located(row=int(origin[error.row])))
                return located
        return error
