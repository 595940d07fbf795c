"""What all record writers share: sources of records, files, partitions, all or nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from .._errors import SchemaError, shown
from .._parallel import available_cpus, ordered_map
from .._schema import Schema
from ._output import Destination, OutputFile, destination_name
from ._partition import AbstractPartitioner, Array, PartitionMetaData, partition_names

__all__ = ["AbstractRecordWriter"]

_APPEND = "org.datavec.api.record.writer.append"
_PENDING = 4096
_ROWS = 1 << 16
_BYTES = 64 << 20


class AbstractRecordWriter(ABC):
    """Writes records to one file, or to several.

    `write` takes one record (a list of Python values or Writables); `write_batch` takes many: a
    list of records, a record reader, and everything that speaks Arrow (tables, record batches, a
    `BatchStream`, data frames of pandas and polars, DuckDB relations), which is written
    column by column, in threads.

    A file gets its name only in `close`, so nobody sees half of it. Used in a ``with`` statement,
    an exception removes what was written.

    Answers to Deeplearning4j's ``RecordWriter``.

    Args:
        destination: a path, a URL, or a binary stream; a suffix ``.gz .bz2 .xz .zst`` compresses.
            May be given later by `initialize`.
        schema: names and types of the columns. Without one a record's values are written as the
            Python types say.
        partitioner: divides the records over files; ``%d`` or ``%05d`` in the file name then
            stands for the number of the file.
        append: go on behind what is there.
    """

    can_append = True

    def __init__(
        self,
        destination: Destination | None = None,
        *,
        schema: Schema | None = None,
        partitioner: AbstractPartitioner | None = None,
        append: bool = False,
    ) -> None:
        self._schema = schema
        self._partitioner = partitioner
        self._append = append
        self._destination: Destination | None = None
        self.partitions: list[PartitionMetaData] = []
        """The files written so far and what is in each; complete after `close`."""
        self._is_open = False
        if destination is not None:
            self.initialize(destination)

    def __repr__(self) -> str:
        place = "nowhere yet" if self._destination is None else self._where()
        return f"<{type(self).__name__} to {place:.80}>"

    def initialize(
        self,
        destination: Destination,
        configuration: Mapping[str, str] | None = None,
        partitioner: AbstractPartitioner | None = None,
    ) -> Self:
        """Set where to write; a configuration holds options under Deeplearning4j's keys.

        Raises:
            ValueError: the writer is open, or an option does not go with the destination.
        """
        if self._is_open:
            raise ValueError(f"{self!r}: is open; close it first")
        if configuration is not None:
            self.configure(configuration)
        if partitioner is not None:
            self._partitioner = partitioner
        name = destination_name(destination)
        if self._append and not self.can_append:
            raise ValueError(
                f"{type(self).__name__}: {name}: a finished file of this format cannot be "
                "continued; write another file"
            )
        if self._partitioner is not None and hasattr(destination, "write"):
            raise ValueError(f"{type(self).__name__}: several files need a name, not a stream")
        self._destination = destination
        self._names = (
            None if self._partitioner is None else partition_names(destination, append=self._append)  # type: ignore[arg-type]
        )
        self._pending: list[Any] = []
        self._finished: list[OutputFile] = []
        self._file: OutputFile | None = None
        self._current = PartitionMetaData("")
        self.partitions = []
        self._is_open = True
        return self

    def configure(self, configuration: Mapping[str, str]) -> None:
        """Take options from Deeplearning4j's configuration keys."""
        if _APPEND in configuration:
            self._append = flag(configuration[_APPEND])

    # --- writing --------------------------------------------------------------------------------

    @property
    def records_written(self) -> int:
        """Number of records given to the writer since it was opened."""
        if self._destination is None:
            return 0
        done = sum(p.records for p in self.partitions)
        return done + self._current.records + len(self._pending)

    def write(self, record: Sequence[Any]) -> None:
        """Write one record.

        Raises:
            InvalidValueError: a value that this format cannot hold.
            SchemaError: a record of the wrong width.
        """
        self._need_open()
        self._pending.append(self._prepared(record))
        if len(self._pending) >= _PENDING:
            self._flush()

    def write_batch(self, data: Any) -> int:
        """Write many records; returns their number.

        Args:
            data: records, a record reader, a table, record batches, or anything that has
                ``__arrow_c_stream__``.

        Raises:
            InvalidValueError: a value that this format cannot hold.
            SchemaError: a column or a record that does not fit the schema.
            TypeError: no such data.
        """
        self._need_open()
        before = self.records_written
        records, batches = _records_or_batches(data)
        if batches is None:
            for record in records:
                self.write(record)
            return self.records_written - before
        self._flush()
        threads = available_cpus()
        if threads == 1:
            threads = 0
        # The chunk is made in a thread; where it goes is decided here, in order.
        chunks = ordered_map(self._chunk, _bounded(batches), threads=threads, ahead=threads + 2)
        for chunk in chunks:
            self._put_chunk(chunk)
        return self.records_written - before

    def close(self) -> None:
        """Finish all files and give them their names; does nothing when closed already."""
        if not self._is_open:
            return
        try:
            self._flush()
            if self._file is None and not self._finished:
                self._next_file()  # no records: an empty file
            self._finish_file()
            while self._finished:
                self._finished[0].commit()
                self._finished.pop(0)
        except BaseException:
            self.discard()
            raise
        self._is_open = False

    def discard(self) -> None:
        """Give up: remove what was written since the writer was opened."""
        if not self._is_open:
            return
        self._is_open = False
        if self._file is not None:
            self._drop(self._file)
            self._finished.append(self._file)
        for file in self._finished:
            file.discard()
        self._file, self._finished, self._pending = None, [], []
        self._current, self.partitions = PartitionMetaData(""), []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    # --- files ----------------------------------------------------------------------------------

    def _where(self) -> str:
        return "" if self._destination is None else destination_name(self._destination)

    def _need_open(self) -> None:
        if not self._is_open:
            raise ValueError(
                f"{type(self).__name__}: not open; give a destination, or call initialize()"
            )

    def _flush(self) -> None:
        if self._pending:
            pending, self._pending = self._pending, []
            self._put_chunk(self._packed(pending))

    def _put_chunk(self, chunk: Any) -> None:
        sizes = self._sizes(chunk)
        start, total = 0, len(sizes)
        while start < total:
            file = self._file or self._next_file()
            count = total - start
            if self._partitioner is not None:
                count = self._partitioner.fitting(sizes[start:], self._current)
                if count < 1:
                    if self._current.records == 0:
                        raise ValueError(f"{self._partitioner!r} puts no record in an empty file")
                    self._finish_file()
                    continue
            self._put(file, chunk.slice(start, count))
            self._current = replace(
                self._current,
                records=self._current.records + count,
                size=self._current.size + int(sizes[start : start + count].sum()),
            )
            start += count

    def _next_file(self) -> OutputFile:
        destination = self._destination if self._names is None else next(self._names)
        # With a partitioner, appending means further files.
        append = self._append and self._names is None
        file = OutputFile(destination, append=append)  # type: ignore[arg-type]
        self._file = file
        self._current = PartitionMetaData(file.name)
        self._begin(file)
        return file

    def _finish_file(self) -> None:
        if self._file is not None:
            self._end(self._file)
            self._finished.append(self._file)
            self.partitions.append(self._current)
            self._file, self._current = None, PartitionMetaData("")

    # --- the format -----------------------------------------------------------------------------

    @abstractmethod
    def _prepared(self, record: Sequence[Any]) -> Any:
        """What is kept of a record until some thousand are packed."""

    @abstractmethod
    def _packed(self, prepared: list[Any]) -> Any:
        """Prepared records as a chunk: something with ``slice(start, count)``."""

    @abstractmethod
    def _chunk(self, batch: pa.RecordBatch) -> Any:
        """A record batch as a chunk; runs in a thread."""

    @abstractmethod
    def _sizes(self, chunk: Any) -> Array:
        """Bytes of each record of a chunk."""

    @abstractmethod
    def _put(self, file: OutputFile, chunk: Any) -> None:
        """Write a chunk."""

    def _begin(self, file: OutputFile) -> None:  # noqa: B027  (most formats need nothing)
        """A file was opened."""

    def _end(self, file: OutputFile) -> None:  # noqa: B027
        """All records of a file have been written."""

    def _drop(self, file: OutputFile) -> None:  # noqa: B027
        """The open file is being given up."""


def _records_or_batches(data: Any) -> tuple[Iterable[Any], Iterator[pa.RecordBatch] | None]:
    if isinstance(data, pa.RecordBatch):
        return (), iter([data])
    if isinstance(data, pa.Table):
        return (), iter(data.to_batches())
    if hasattr(data, "__arrow_c_stream__"):
        return (), iter(pa.RecordBatchReader.from_stream(data))
    if hasattr(data, "__arrow_c_array__"):
        return (), iter([pa.record_batch(data)])
    if isinstance(data, (str, bytes, Mapping)) or not isinstance(data, Iterable):
        raise TypeError(
            "write_batch: expected records, a record reader, a table or record batches, "
            f"received {shown(data)} ({type(data).__name__})"
        )
    items = iter(data)
    first = next(items, None)
    if first is None:
        return (), None
    if isinstance(first, pa.RecordBatch):
        return (), chain([first], items)
    return chain([first], items), None


def _bounded(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Slices of a size that suits threads and 32-bit text offsets."""
    for batch in batches:
        if not isinstance(batch, pa.RecordBatch):
            raise TypeError(f"write_batch: expected RecordBatches, received {shown(batch)}")
        rows = batch.num_rows
        step = min(_ROWS, max(1, rows * _BYTES // max(batch.nbytes, 1)))
        for start in range(0, rows, step):
            yield batch.slice(start, step)


def columns_of(schema: Schema, batch: pa.RecordBatch) -> list[pa.Array]:
    """The schema's columns of a batch, by name."""
    columns = []
    for name in schema.column_names:
        index = batch.schema.get_field_index(name)
        if index < 0:
            raise SchemaError(
                f'the data have no column "{name}"; their columns are '
                f"{', '.join(map(repr, batch.schema.names))}"
            )
        columns.append(batch.column(index))
    return columns


def even_sizes(rows: int, size: int) -> Array:
    """Sizes of rows of which only the sum is known."""
    return np.full(rows, -(-size // max(rows, 1)), np.int64)


def flag(text: Any) -> bool:
    """A configuration's boolean."""
    return str(text).strip().lower() == "true"
