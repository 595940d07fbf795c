"""CalculateSortedRank without bringing all records to one place.

Records are dealt to ranges of the sort key; the rank of a record is the number of records in lower
ranges plus its place in its own. Two jobs come before: one draws a sample, from which the ranges
follow, and one counts the records of each range. Keys are such that ascending is the order asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ..columns._convert import as_text, plain_text
from ..columns._frame import Array, Frame
from ..process._comparators import TextWritableComparator
from ..transforms import CalculateSortedRank
from ._layout import Layout, field, to_wire
from ._regrouped import ORDER
from ._stage import AbstractSink, AbstractSource, Task

if TYPE_CHECKING:
    from pyspark.sql.types import StructField

__all__ = ["KEY", "RANGE", "CountSink", "RangeSink", "Ranges", "RankSource", "SampleSink"]

KEY = "k"
"""Column with the sort key."""
RANGE = "r"
"""Column with the number of a record's range."""
_SAMPLE = 4096
"""Records drawn from each partition."""
_REVERSED = bytes(max(0, 0xFE - i) for i in range(256))


@dataclass(frozen=True)
class SortKey:
    """The key of a rank step: a number, or bytes for texts."""

    step: CalculateSortedRank
    arrow_type: pa.DataType

    @staticmethod
    def for_records(step: CalculateSortedRank, like: Frame) -> SortKey:
        """The key for records that look like those of a frame, which may be empty."""
        if isinstance(step.comparator, TextWritableComparator):
            return SortKey(step, pa.binary())
        name = step.sort_on_column
        kind = step.comparator.keys(like.column(name), name).dtype.kind
        return SortKey(step, pa.float64() if kind == "f" else pa.int64())

    def of(self, frame: Frame) -> Array:
        """The key of every record; raises InvalidValueError."""
        name = self.step.sort_on_column
        column = frame.column(name)
        if self.arrow_type == pa.binary():
            texts = plain_text(as_text(column, name)).cast(pa.binary()).to_pylist()
            if not self.step.ascending:
                # UTF-8 has no byte above F4, so FF can end a text: then a longer one comes first.
                texts = [t.translate(_REVERSED) + b"\xff" for t in texts]
            keys = np.empty(len(texts), object)
            keys[:] = texts
            return keys
        keys = self.step.comparator.keys(column, name)
        if keys.dtype.kind == "f":
            keys = keys.astype(np.float64)
            return (keys if self.step.ascending else -keys) + 0.0  # −0.0 and 0.0 are equal
        keys = keys.astype(np.int64)
        return keys if self.step.ascending else ~keys


@dataclass(frozen=True, eq=False)
class Ranges:
    """Borders between ranges: the key and order of the first record of each range but the first."""

    keys: Array
    orders: Array

    @staticmethod
    def of_rows(key: SortKey, rows: list[tuple[Any, int, float]], count: int) -> Ranges:
        """Ranges from the rows that `SampleSink` gave."""
        if key.arrow_type == pa.binary():
            keys = np.empty(len(rows), object)
            keys[:] = [bytes(k) for k, _, _ in rows]
        else:
            keys = np.array([k for k, _, _ in rows], key.arrow_type.to_pandas_dtype())
        orders = np.array([o for _, o, _ in rows], np.int64)
        return Ranges.of_sample(keys, orders, np.array([w for _, _, w in rows]), count)

    @staticmethod
    def of_sample(keys: Array, orders: Array, weights: Array, count: int) -> Ranges:
        """Borders that cut a weighted sample into `count` ranges of about equal weight."""
        if not len(keys):
            return Ranges(keys, orders)
        by_key = np.argsort(keys, kind="stable") if keys.dtype != object else _object_order(keys)
        index = by_key[np.lexsort((orders[by_key], _ranks(keys[by_key])))]
        reached = np.cumsum(weights[index])
        at = np.searchsorted(reached, reached[-1] * np.arange(1, count) / count)
        chosen = index[np.unique(at)]
        return Ranges(keys[chosen], orders[chosen])

    def of(self, keys: Array, orders: Array) -> Array:
        """The range of each record, from 0."""
        low = np.searchsorted(self.keys, keys, side="left")
        high = np.searchsorted(self.keys, keys, side="right")
        numbers = low.astype(np.int64)
        # Records with the key of borders: those from a border's order on are beyond it.
        for border in np.unique(low[high > low]):
            rows = np.flatnonzero((low == border) & (high > low))
            same = self.orders[border : high[rows[0]]]
            numbers[rows] += np.searchsorted(same, orders[rows], side="right")
        return numbers

    def __len__(self) -> int:
        return len(self.keys) + 1


def _object_order(keys: Array) -> Array:
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)


def _ranks(sorted_keys: Array) -> Array:
    """Equal numbers for equal keys, growing."""
    if not len(sorted_keys):
        return np.zeros(0, np.int64)
    here, before = sorted_keys[1:], sorted_keys[:-1]
    both_nan = (here != here) & (before != before)
    different = np.asarray((here != before) & ~both_nan.astype(bool), bool)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(different)])


@dataclass(frozen=True, eq=False)
class AbstractKeyedSink(AbstractSink):
    """What the sinks of the three jobs share: records with their keys and orders."""

    key: SortKey
    layout: Layout
    where: str

    def keyed(self, frames: Iterator[Frame], task: Task) -> Iterator[tuple[Frame, Array, Array]]:
        for frame in frames:
            frame, _ = task.applied(frame, self.layout.conform)
            keys, frame = task.applied(frame, self.key.of, where=self.where)
            if frame.num_rows:
                yield frame, keys, task.orders(frame.num_rows)

    def key_array(self, keys: Array) -> pa.Array:
        return pa.array(keys, self.key.arrow_type)


class SampleSink(AbstractKeyedSink):
    """Some records of each partition: key, order, and how many records one stands for."""

    def fields(self) -> list[StructField]:
        return [
            field(KEY, self.key.arrow_type),
            field(ORDER, pa.int64()),
            field("w", pa.float64()),
        ]

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        random = np.random.default_rng(task.partition)
        priorities, kept, orders = np.zeros(0), np.zeros(0, object), np.zeros(0, np.int64)
        total = 0
        for _, keys, own in self.keyed(frames, task):
            total += len(keys)
            priorities = np.concatenate([priorities, random.random(len(keys))])
            kept = np.concatenate([kept.astype(keys.dtype), keys])
            orders = np.concatenate([orders, own])
            if len(priorities) > _SAMPLE:
                best = np.argpartition(priorities, _SAMPLE)[:_SAMPLE]
                priorities, kept, orders = priorities[best], kept[best], orders[best]
        if total:
            weights = np.full(len(orders), total / len(orders))
            yield pa.RecordBatch.from_arrays(
                [self.key_array(kept), pa.array(orders), pa.array(weights)], [KEY, ORDER, "w"]
            )


@dataclass(frozen=True, eq=False)
class CountSink(AbstractKeyedSink):
    """How many records each range gets from a partition."""

    ranges: Ranges

    def fields(self) -> list[StructField]:
        return [field(RANGE, pa.int64()), field("n", pa.int64())]

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        counts = np.zeros(len(self.ranges), np.int64)
        for _, keys, orders in self.keyed(frames, task):
            counts += np.bincount(self.ranges.of(keys, orders), minlength=len(counts))
        columns = [pa.array(np.arange(len(counts))), pa.array(counts)]
        yield pa.RecordBatch.from_arrays(columns, [RANGE, "n"])


@dataclass(frozen=True, eq=False)
class RangeSink(AbstractKeyedSink):
    """The records with key, order and range, to be shuffled by range."""

    ranges: Ranges

    def fields(self) -> list[StructField]:
        return [
            *self.layout.fields(),
            field(RANGE, pa.int64()),
            field(KEY, self.key.arrow_type),
            field(ORDER, pa.int64()),
        ]

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        names = [*self.layout.names(), RANGE, KEY, ORDER]
        for frame, keys, orders in self.keyed(frames, task):
            columns = [to_wire(c) for c in frame.columns]
            columns.append(pa.array(self.ranges.of(keys, orders)))
            columns += [self.key_array(keys), pa.array(orders)]
            yield pa.RecordBatch.from_arrays(columns, names)


@dataclass(frozen=True, eq=False)
class RankSource(AbstractSource):
    """Records with their rank, from records sorted by range, key and order."""

    layout: Layout
    output: Any
    starts: Array
    """Rank of the first record of each range."""

    def frames(self, batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[Frame]:
        current, done = -1, 0
        for batch in batches:
            if not batch.num_rows:
                continue
            ranges = batch.column(RANGE).to_numpy()
            new = np.flatnonzero(np.diff(ranges, prepend=ranges[0] - 1))
            begin = np.repeat(new, np.diff(np.append(new, len(ranges))))
            within = np.arange(len(ranges)) - begin
            if ranges[0] == current:
                within[begin == 0] += done
            current, done = int(ranges[-1]), int(within[-1]) + 1
            frame = self.layout.frame(batch.columns[: len(self.layout.types)])
            rank = pa.array(self.starts[ranges] + within)
            yield Frame(self.output, (*frame.columns, rank), frame.num_rows)
