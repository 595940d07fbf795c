"""Sources and sinks of stages that take records as they come: a process's input and its output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from .._errors import InvalidValueError
from ..columns._arrow_io import frame_from_batch, frame_to_batch
from ..columns._frame import Frame
from ..schema._schema import Schema
from ._stage import AbstractSink, AbstractSource, Task
from ._types import handed_over, received

__all__ = ["FinalSink", "InputSource"]


@dataclass(eq=False)
class InputSource(AbstractSource):
    """The columns of a DataFrame.

    Args:
        schema: what the records are.
        sent: the columns of it that come, in their order; no value of the others is used.
    """

    schema: Schema
    sent: Schema
    _before: int = field(default=0, init=False)

    def frames(self, batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[Frame]:
        rows = 0
        for batch in batches:
            self._before = rows
            if batch.num_rows:
                yield self._frame(batch)
            rows += batch.num_rows

    def _frame(self, batch: pa.RecordBatch) -> Frame:
        columns = [received(c, m) for c, m in zip(batch.columns, self.sent, strict=True)]
        named = pa.RecordBatch.from_arrays(columns, self.sent.column_names)
        frame = frame_from_batch(self.sent, named)
        gap = pa.nulls(frame.num_rows)
        whole = [frame.column(m.name) if m.name in self.sent else gap for m in self.schema]
        return Frame(self.schema, tuple(whole), frame.num_rows, frame.offsets)

    def located(self, error: InvalidValueError) -> InvalidValueError:
        row = None if error.row is None else error.row + self._before
        return error.located(row=row)


@dataclass(frozen=True, eq=False)
class FinalSink(AbstractSink):
    """Results with the types of the process's final schema."""

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        for frame in frames:
            filled = task.mender.filled(frame, "result")
            batch, _ = task.applied(filled, lambda f: handed_over(frame_to_batch(f)))
            if batch.num_rows:
                yield batch
