"""What the readers of columnar data share: projection, types, metadata, records on demand."""

from __future__ import annotations

import io
import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import pyarrow as pa

from .._errors import DataVecError, InvalidValueError, RecordFormatError, SourceError
from ..columns._arrow_io import frame_from_batch, frame_to_records
from ..columns._frame import Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ._arrow_columns import columns_frame, looks_like_datavec, schema_from_arrow
from ._metadata import RecordMetaDataIndex
from ._reader import AbstractRecordReader
from ._splits import AbstractInputSplit, InputPart, as_split

__all__ = ["AbstractColumnarReader", "Chunk", "Given", "arrow_errors", "arrow_file"]

ROWS = 1 << 17
"""Rows of a frame at most."""


@dataclass(frozen=True)
class Chunk:
    """Some consecutive rows of a file.

    Attributes:
        first: position of the first row in the file.
        rows: how many there are.
        read: gives the batch; may be called in another thread.
    """

    first: int
    rows: int
    read: Callable[[], pa.RecordBatch]


@dataclass(frozen=True)
class Given:
    """Gives a batch that was read already."""

    batch: pa.RecordBatch

    def __call__(self) -> pa.RecordBatch:
        return self.batch


@contextmanager
def arrow_errors(name: str | None, what: str) -> Iterator[None]:
    """Turn what Arrow raises about damaged data into a RecordFormatError naming the file."""
    try:
        yield
    except DataVecError:
        raise
    except (pa.ArrowException, OSError, EOFError, ValueError, OverflowError, MemoryError) as e:
        reason = str(e).splitlines()[0][:300] if str(e) else type(e).__name__
        raise RecordFormatError(f"not {what} that can be read: {reason}", file=name) from None


def arrow_file(f: IO[bytes], *, memory_map: bool) -> pa.NativeFile:
    """An Arrow file over an open one, mapped into memory where it is a plain local file."""
    path = local_path(f) if memory_map else None
    if path is not None and os.path.getsize(path):
        return pa.memory_map(path, "r")
    return pa.PythonFile(f, mode="r")


def local_path(f: IO[bytes]) -> str | None:
    """Path of a file that the operating system has open; None for other streams."""
    if isinstance(f, io.BufferedReader) and isinstance(f.raw, io.FileIO):
        return os.fspath(f.name) if isinstance(f.name, (str, os.PathLike)) else None
    return None


class AbstractColumnarReader(AbstractRecordReader):
    """Records from files of typed columns.

    Args:
        source: a path or URL, several of them, or an input split.
        schema: of the records; columns are found by name. The default has all columns of the first
            file whose types fit.
        signed_integers: read unsigned 32- and 64-bit integers as signed ones of the same bits, which
            is what Deeplearning4j's own files mean by them. None decides by the looks of the file.
        memory_map: map plain local files into memory instead of reading them.
    """

    what: str
    """The format, for error messages."""

    def __init__(
        self,
        source: Any,
        *,
        schema: Schema | None = None,
        signed_integers: bool | None = None,
        memory_map: bool = True,
    ) -> None:
        super().__init__()
        self._source = source
        self.split: AbstractInputSplit = as_split(source)
        self._schema = schema
        self._inferred: Schema | None = None
        self.signed_integers = signed_integers
        self.memory_map = memory_map

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._source!s:.80}>"

    # --- what a sub-class says -------------------------------------------------------------------

    @abstractmethod
    def arrow_schema(self, f: IO[bytes]) -> pa.Schema:
        """The Arrow schema of an open file."""

    @abstractmethod
    def chunks(
        self, f: IO[bytes], names: list[str], wanted: frozenset[int] | None
    ) -> Iterator[Chunk]:
        """The rows of an open file, of the columns `names`.

        Args:
            wanted: rows that are asked for; chunks without any of them may be left out.
        """

    # --- schema ----------------------------------------------------------------------------------

    @property
    def schema(self) -> Schema | None:
        """The schema given, or that of the first file."""
        if self._schema is not None:
            return self._schema
        if self._inferred is None:
            epoch = self.split.epoch
            try:
                part = next(self.split.parts(), None)
            finally:
                self.split.epoch = epoch
            if part is None:
                return None
            with arrow_errors(part.name, self.what), part.open() as f:
                found = self.arrow_schema(f)
                self._inferred = schema_from_arrow(found, signed=self._signed(found))
        return self._inferred

    def _signed(self, schema: pa.Schema) -> bool:
        if self.signed_integers is None:
            return looks_like_datavec(schema)
        return self.signed_integers

    def _need_schema(self) -> Schema:
        schema = self.schema
        if schema is None:
            raise SourceError(f"{type(self).__name__}: there are no files in {self.split!r}")
        if schema.is_sequence:
            raise DataVecError(
                f"{type(self).__name__}: the schema is one of sequences; give the reader to a "
                "TransformProcess, which reads them as such"
            )
        return schema

    # --- batches ---------------------------------------------------------------------------------

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        for part in self.split.parts():
            yield from self._tasks(part, schema, plan.needed, None)

    def _tasks(
        self,
        part: InputPart,
        schema: Schema,
        needed: frozenset[str],
        wanted: frozenset[int] | None,
    ) -> Iterator[_ChunkTask]:
        names = schema.column_names
        if not schema.is_sequence:
            # With no wanted column at all the rows must still be counted.
            names = [n for n in names if n in needed] or names[:1]
        with arrow_errors(part.name, self.what), part.open() as f:
            for chunk in self.chunks(f, names, wanted):
                yield _ChunkTask(self, schema, needed, part.name, chunk)

    def frame_of(self, schema: Schema, needed: frozenset[str], batch: pa.RecordBatch) -> Frame:
        """A batch of a file as a frame."""
        if schema.is_sequence:
            batch.validate(full=True)
            return frame_from_batch(schema, batch)
        return columns_frame(
            schema, batch, needed, signed=self._signed(batch.schema), checked=False
        )

    # --- records ---------------------------------------------------------------------------------

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        schema = self._need_schema()
        for part in self.split.parts():
            for task in self._tasks(part, schema, frozenset(schema.column_names), None):
                for i, record in enumerate(frame_to_records(task())):
                    yield record, RecordMetaDataIndex(task.chunk.first + i, part.name)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        schema = self._need_schema()
        found: dict[Any, list[Any]] = {}
        for part in self.split.parts_named(m.uri for m in wanted):
            rows = frozenset(m.index for m in wanted if m.uri == part.name)
            for task in self._tasks(part, schema, frozenset(schema.column_names), rows):
                first = task.chunk.first
                here = sorted(r for r in rows if first <= r < first + task.chunk.rows)
                if here:
                    frame = task().take_rows(np.array(here) - first)
                    for row, record in zip(here, frame_to_records(frame), strict=True):
                        found[part.name, row] = record
        missing = [m for m in wanted if (m.uri, m.index) not in found]
        if missing:
            raise DataVecError(f"no record at {missing[0].uri or 'input'} {missing[0].location}")
        return [found[m.uri, m.index] for m in wanted]


class _ChunkTask:
    """Makes the frame of a chunk; knows where its rows came from."""

    def __init__(
        self,
        reader: AbstractColumnarReader,
        schema: Schema,
        needed: frozenset[str],
        file: str | None,
        chunk: Chunk,
    ) -> None:
        self.reader, self.schema, self.needed = reader, schema, needed
        self.file, self.chunk = file, chunk

    def __call__(self) -> Frame:
        with arrow_errors(self.file, self.reader.what):
            return self.reader.frame_of(self.schema, self.needed, self.chunk.read())

    def metadata(self, frame: Frame) -> list[Any]:
        """Metadata of the records of a frame that came from this chunk."""
        rows = range(frame.num_records) if frame.origin is None else frame.origin.tolist()
        return [RecordMetaDataIndex(self.chunk.first + i, self.file) for i in rows]

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Say in which file and row."""
        if error.row is None:
            return error
        where = ", ".join(p for p in (error.where, self.file) if p)
        return error.located(where=where, row=self.chunk.first + error.row)
