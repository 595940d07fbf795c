"""Sources and sinks on both sides of a shuffle that brings records of equal keys together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ..columns._frame import Array, Frame
from ..transforms._partial_reduction import PartialReduction, ReducedPart
from ._layout import Layout, field, from_wire, to_wire
from ._stage import AbstractSink, AbstractSource, Task

if TYPE_CHECKING:
    from pyspark.sql.types import StructField

__all__ = [
    "HASH",
    "ORDER",
    "GroupSource",
    "MergeSource",
    "OrderedSink",
    "PartLayout",
    "PartialSink",
]

HASH = "h"
"""Column with a hash of the keys, by which the rows of a partition are sorted."""
ORDER = "o"
"""Column with the place of a row in the data before the shuffle."""
_ROWS = 1 << 13
"""Rows that are worked on together at least, if there are as many."""
_MERGE_AT = 1 << 16
"""Groups of which parts are merged before the shuffle."""


def complete_runs(
    batches: Iterator[pa.RecordBatch], at_least: int = _ROWS
) -> Iterator[pa.RecordBatch]:
    """Batches cut anew so that rows of equal hash are in one; without a hash there is one batch."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        waiting.append(batch)
        rows += batch.num_rows
        if rows < at_least or HASH not in batch.schema.names:
            continue
        if waiting[0].column(HASH)[0] == batch.column(HASH)[-1]:
            continue  # nothing but one long run so far
        whole = pa.concat_batches(waiting)
        hashes = whole.column(HASH).to_numpy()
        begin = int(np.searchsorted(hashes, hashes[-1]))  # of the run that may go on
        yield whole.slice(0, begin)
        waiting = [whole.slice(begin)]
        rows = whole.num_rows - begin
    if waiting:
        yield pa.concat_batches(waiting)


# --- groups of whole records -------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class OrderedSink(AbstractSink):
    """Records with their order, to be shuffled."""

    layout: Layout

    def fields(self) -> list[StructField]:
        return [*self.layout.fields(), field(ORDER, pa.int64())]

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        for frame in frames:
            conformed, _ = task.applied(frame, self.layout.conform)
            if conformed.num_rows:
                columns = [to_wire(c) for c in conformed.columns]
                columns.append(pa.array(task.orders(conformed.num_rows)))
                yield pa.RecordBatch.from_arrays(columns, [*self.layout.names(), ORDER])


@dataclass(frozen=True, eq=False)
class GroupSource(AbstractSource):
    """Records of which those of equal keys are in one frame, in their old order."""

    layout: Layout

    def frames(self, batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[Frame]:
        for run in complete_runs(batches):
            yield self.layout.frame(run.columns[: len(self.layout.types)])


# --- groups that are reduced before and after the shuffle --------------------------------------


@dataclass(frozen=True)
class PartLayout:
    """Types of the keys and states of reduced parts."""

    keys: tuple[pa.DataType, ...]
    states: tuple[pa.DataType, ...]

    @staticmethod
    def of(part: ReducedPart) -> PartLayout:
        return PartLayout(tuple(k.type for k in part.keys), tuple(s.type for s in part.states))

    def names(self) -> list[str]:
        keys, states = range(len(self.keys)), range(len(self.states))
        return [*(f"k{i}" for i in keys), *(f"s{i}" for i in states), ORDER]

    def fields(self) -> list[StructField]:
        types = [*self.keys, *self.states, pa.int64()]
        return [field(n, t) for n, t in zip(self.names(), types, strict=True)]

    def batch(self, part: ReducedPart) -> pa.RecordBatch:
        columns = [to_wire(c) for c in (*part.keys, *part.states)]
        return pa.RecordBatch.from_arrays([*columns, pa.array(part.order)], self.names())

    def part(self, batch: pa.RecordBatch) -> ReducedPart:
        types = (*self.keys, *self.states)
        columns = tuple(from_wire(c, t) for c, t in zip(batch.columns, types, strict=False))
        keys, states = columns[: len(self.keys)], columns[len(self.keys) :]
        return ReducedPart(keys, batch.column(ORDER).to_numpy(), states)


@dataclass(frozen=True, eq=False)
class PartialSink(AbstractSink):
    """Reduces what a task has, so that only states of groups are shuffled."""

    reduction: PartialReduction
    layout: Layout
    parts: PartLayout
    where: str

    def _start(self, frame: Frame, orders: Array) -> ReducedPart:
        return self.reduction.start(frame, orders[: frame.num_rows])

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        waiting: list[ReducedPart] = []
        rows = 0
        for frame in frames:
            frame, _ = task.applied(frame, self.layout.conform)
            start = partial(self._start, orders=task.orders(frame.num_rows))
            part, _ = task.applied(frame, start, where=self.where)
            waiting.append(part)
            rows += part.num_groups
            if rows >= _MERGE_AT:
                merged = self.reduction.merge(self.reduction.joined(waiting))
                if merged.num_groups > rows // 2:  # nearly all keys differ: merging is in vain
                    yield self.parts.batch(merged)
                    waiting, rows = [], 0
                else:
                    waiting, rows = [merged], merged.num_groups
        if waiting:
            yield self.parts.batch(self.reduction.merge(self.reduction.joined(waiting)))


@dataclass(frozen=True, eq=False)
class MergeSource(AbstractSource):
    """Reduced records, from all parts of their groups."""

    reduction: PartialReduction
    parts: PartLayout

    def frames(self, batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[Frame]:
        for run in complete_runs(batches):
            yield self.reduction.finish(self.reduction.merge(self.parts.part(run)))
