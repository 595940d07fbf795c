"""What all record writers share: where records come from, and all or nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from .._errors import InvalidValueError, shown
from .._parallel import available_cpus, ordered_map
from ..columns._frame import Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema

__all__ = ["AbstractRecordWriter"]

_PENDING = 4096
_ROWS = 1 << 16
_BYTES = 64 << 20


class AbstractRecordWriter(ABC):
    """Writes records.

    `write` takes one record (a list of Python values or Writables); `write_batch` takes many: a
    list of records, a record reader, and everything that speaks Arrow (tables, record batches, a
    `BatchStream`, data frames of pandas and polars, DuckDB relations), which is written
    column by column, in threads.

    What is written can be seen only after `close`. Used in a ``with`` statement, an exception
    takes back what was written.

    Answers to Deeplearning4j's ``RecordWriter``.
    """

    keeps_text = False
    """Whether fields of a reader are written as they stand, instead of as the schema's types."""

    def __init__(self, schema: Schema | None) -> None:
        self._schema = schema
        self._is_open = False

    def _start(self) -> None:
        self._pending: list[Any] = []
        self._waiting_bytes = 0
        self.records_written = 0
        """Number of records given to the writer since it was opened."""
        self._is_open = True

    def write(self, record: Sequence[Any]) -> None:
        """Write one record.

        Raises:
            InvalidValueError: a value that this format cannot hold.
            SchemaError: a record of the wrong width.
        """
        self._need_open()
        self._pending.append(self._prepared(record))
        self.records_written += 1
        if len(self._pending) >= _PENDING or self._waiting_bytes > _BYTES:
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
        if hasattr(data, "frame_tasks"):
            self._write_reader(data)
            return self.records_written - before
        records, batches = _records_or_batches(data)
        if batches is not None:
            self._put_all(self._chunk, _bounded(batches))
        for record in records:
            self.write(record)
        return self.records_written - before

    def _write_reader(self, reader: Any) -> None:
        schema = self._schema or reader.schema
        if schema is None:
            for record in reader:
                self.write(record)
            return
        as_text = schema.column_names if self.keeps_text else ()
        plan = ReadPlan(frozenset(schema.column_names), frozenset(as_text))
        self._put_all(self._chunk_of_task, reader.frame_tasks(schema, plan))

    def _put_all(self, chunk_of: Callable[[Any], Any], items: Iterable[Any]) -> None:
        self._flush()
        threads = available_cpus()
        threads = threads if threads > 1 else 0
        # A chunk is made in a thread; where it goes is decided here, in order.
        for chunk in ordered_map(chunk_of, items, threads=threads, ahead=threads + 2):
            self.records_written += len(chunk)
            self._put_chunk(chunk)

    def _chunk_of_task(self, task: Callable[[], Frame]) -> Any:
        try:
            return self._chunk_of_frame(task())
        except InvalidValueError as e:
            locate = getattr(task, "locate", None)
            raise (e if locate is None else locate(e)) from None

    def close(self) -> None:
        """Finish what was begun, so that it can be seen; does nothing when closed already.

        If that fails, everything is taken back.
        """
        if not self._is_open:
            return
        try:
            self._flush()
            self._commit()
        except BaseException:
            self.discard()
            raise
        self._is_open = False

    def discard(self) -> None:
        """Give up: take back what was written since the writer was opened."""
        if self._is_open:
            self._is_open = False
            self._pending = []
            self.records_written = 0
            self._revert()

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

    def _need_open(self) -> None:
        if not self._is_open:
            raise ValueError(
                f"{type(self).__name__}: not open; give a destination, or call initialize()"
            )

    def _flush(self) -> None:
        if self._pending:
            pending, self._pending, self._waiting_bytes = self._pending, [], 0
            self._put_chunk(self._packed(pending))

    # --- the format -----------------------------------------------------------------------------

    @abstractmethod
    def _prepared(self, record: Sequence[Any]) -> Any:
        """What is kept of a record until some thousand are packed."""

    @abstractmethod
    def _packed(self, prepared: list[Any]) -> Any:
        """Prepared records as a chunk: something with a length and ``slice(start, count)``."""

    @abstractmethod
    def _chunk(self, batch: pa.RecordBatch) -> Any:
        """A record batch as a chunk; runs in a thread."""

    @abstractmethod
    def _chunk_of_frame(self, frame: Frame) -> Any:
        """What a reader read as a chunk; runs in a thread."""

    @abstractmethod
    def _put_chunk(self, chunk: Any) -> None:
        """Write a chunk."""

    @abstractmethod
    def _commit(self) -> None:
        """Make what was written visible."""

    @abstractmethod
    def _revert(self) -> None:
        """Take back what was written."""


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
    items = (item for item in data)  # of a reader, iter() would begin again
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
