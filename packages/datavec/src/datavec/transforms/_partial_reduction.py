"""Reducing in parts: what a Reducer needs to know of some records, merged later with other parts.

A part holds one row per group: the key values, where the group was first met, and for every output
column the state from which its value follows (a count and a sum for a mean, and so on). Parts of
different records are put one after another and merged; only at the end are states turned into values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import InvalidValueError
from ..columns._convert import plain_text
from ..columns._frame import Array, Frame
from ..columns._groups import group_rows
from ..schema._metadata import AbstractColumnMetaData, ColumnType, DoubleMetaData, LongMetaData
from ..schema._schema import Schema
from ._reducer import AbstractCustomReduction, Reducer, reduce_first
from ._reductions import (
    ReduceOp,
    check_reduction,
    distinct_codes,
    read_numbers,
    reduce_segments,
)

__all__ = ["PartialReduction", "ReducedPart"]

_SPREAD = (
    ReduceOp.STDEV,
    ReduceOp.UNCORRECTED_STDDEV,
    ReduceOp.VARIANCE,
    ReduceOp.POPULATION_VARIANCE,
)
_TAKE = (ReduceOp.TAKE_FIRST, ReduceOp.TAKE_LAST)


@dataclass(frozen=True, eq=False)
class ReducedPart:
    """States of the groups of some records, one row per group."""

    keys: tuple[pa.Array, ...]
    order: Array
    """int64, smaller for groups that were met earlier."""
    states: tuple[pa.Array, ...]

    @property
    def num_groups(self) -> int:
        """Number of rows."""
        return len(self.order)


class PartialReduction:
    """Runs a Reducer over records that are not all in one place.

    Sums of floating-point numbers are formed in another order than in one piece and may differ in
    the last digits; everything else is equal, given that parts are merged in the order of their
    records.

    Args:
        reducer: the step.
        schema: schema of the records.

    >>> import pyarrow as pa
    >>> from datavec import Schema
    >>> from datavec.columns._arrow_io import frame_from_records, frame_to_records
    >>> schema = Schema.builder().add_column_string("k").add_column_long("x").build()
    >>> whole = PartialReduction(Reducer("Sum", key_columns=["k"]), schema)
    >>> parts = [
    ...     whole.start(frame_from_records(schema, rows), np.arange(2) + 2 * i)
    ...     for i, rows in enumerate([[["a", 1], ["b", 2]], [["b", 3], ["b", 4]]])
    ... ]
    >>> frame_to_records(whole.finish(whole.merge(whole.joined(parts))))
    [['a', 1], ['b', 9]]
    """

    def __init__(self, reducer: Reducer, schema: Schema) -> None:
        self.reducer = reducer
        self.schema = schema
        self.output = reducer.output_schema(schema)
        self._outputs = self._plan()

    def _plan(self) -> list[tuple[str, list[_State]]]:
        """Input column and states of its outputs, in schema order."""
        reducer = self.reducer
        planned: list[tuple[str, list[_State]]] = []
        for meta in self.schema:
            name = meta.name
            if name in (reducer.key_columns or ()):
                planned.append((name, []))
            elif name in reducer.custom:
                planned.append((name, [_Collected(reducer.custom[name], name)]))
            else:
                planned.append((name, [_state(op, meta) for op in reducer.operations(name)]))
        return planned

    @property
    def _states(self) -> list[_State]:
        return [s for _, states in self._outputs for s in states]

    def start(self, frame: Frame, order: Array) -> ReducedPart:
        """The part of some records; `order` holds a growing number for each record.

        Raises:
            InvalidValueError: a text is no number; its rows are those of the frame.
        """
        keys = tuple(self.reducer.key_columns or ())
        groups, count = group_rows(frame, keys)
        position = np.argsort(groups, kind="stable")
        offsets = _offsets(np.bincount(groups, minlength=count))
        grouped = frame.take_rows(position)
        states: list[pa.Array] = []
        try:
            for name, planned in self._outputs:
                own = self.reducer.considered(grouped, name, offsets)
                with own.original_rows():
                    for state in planned:
                        states += state.start(own.column, own.offsets)
        except InvalidValueError as e:  # rows were counted in group order
            rows = position[np.asarray(e.rows, int)].tolist()
            raise InvalidValueError(e.column, e.expected, e.value, rows) from None
        return ReducedPart(
            tuple(plain_text(reduce_first(grouped.column(k), offsets)) for k in keys),
            order[position[offsets[:-1]]],
            tuple(plain_text(s) for s in states),
        )

    def joined(self, parts: Sequence[ReducedPart]) -> ReducedPart:
        """Parts one after another, not merged; there must be at least one."""
        if len(parts) == 1:
            return parts[0]
        return ReducedPart(
            tuple(pa.concat_arrays(list(c)) for c in zip(*(p.keys for p in parts), strict=True)),
            np.concatenate([p.order for p in parts]),
            tuple(pa.concat_arrays(list(c)) for c in zip(*(p.states for p in parts), strict=True)),
        )

    def merge(self, part: ReducedPart) -> ReducedPart:
        """Merge the rows of equal keys; those of a group must stand in the order of their records."""
        names = tuple(self.reducer.key_columns or ())
        keys = Schema(tuple(self.schema.metadata(n) for n in names)) if names else self.schema
        groups, count = group_rows(Frame(keys, part.keys, part.num_groups), names)
        position = np.argsort(groups, kind="stable")
        offsets = _offsets(np.bincount(groups, minlength=count))
        index = pa.array(position)
        sorted_states = [s.take(index) for s in part.states]
        merged: list[pa.Array] = []
        at = 0
        for state in self._states:
            merged += state.merge(sorted_states[at : at + state.width], offsets)
            at += state.width
        first = position[offsets[:-1]]
        return ReducedPart(
            tuple(k.take(pa.array(first)) for k in part.keys), part.order[first], tuple(merged)
        )

    def finish(self, part: ReducedPart) -> Frame:
        """The reduced records of a merged part."""
        keys = dict(zip(self.reducer.key_columns or (), part.keys, strict=True))
        columns: list[pa.Array] = []
        at = 0
        for name, planned in self._outputs:
            if not planned:
                columns.append(keys[name])
            for state in planned:
                columns.append(state.finish(list(part.states[at : at + state.width])))
                at += state.width
        return Frame(self.output, tuple(columns), part.num_groups)


def _offsets(lengths: Array) -> Array:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]).astype(np.int64)


# --- states ------------------------------------------------------------------------------------


class _State(ABC):
    """What must be known of a group's values to reduce them by one operation."""

    width = 1
    """Number of columns that hold it."""

    @abstractmethod
    def start(self, column: pa.Array, offsets: Array) -> list[pa.Array]:
        """States of the segments of a column."""

    @abstractmethod
    def merge(self, states: list[pa.Array], offsets: Array) -> list[pa.Array]:
        """One state for each segment of states."""

    def finish(self, states: list[pa.Array]) -> pa.Array:
        """The values."""
        return states[0]


def _state(op: ReduceOp, meta: AbstractColumnMetaData) -> _State:
    check_reduction(op, meta)
    if op is ReduceOp.COUNT:
        return _Count(op, meta)
    if op is ReduceOp.COUNT_UNIQUE:
        return _Unique(meta)
    if op is ReduceOp.RANGE:
        return _Range(meta)
    if op is ReduceOp.MEAN or op in _SPREAD:
        return _Moments(op, meta)
    return _Taken(op) if op in _TAKE else _Folded(op, meta)


class _Folded(_State):
    """Values that reduce to one of their kind: sums, products, bounds, joined texts."""

    def __init__(self, op: ReduceOp, meta: AbstractColumnMetaData) -> None:
        self.op, self.meta = op, meta

    def start(self, column: pa.Array, offsets: Array) -> list[pa.Array]:
        return [reduce_segments(self.op, column, self.meta, offsets)]

    def merge(self, states: list[pa.Array], offsets: Array) -> list[pa.Array]:
        # A missing state is that of a group of which a part held no value.
        present, own = _present(states[0], offsets)
        return [reduce_segments(self.op, present, self.meta, own)]


class _Count(_Folded):
    def merge(self, states: list[pa.Array], offsets: Array) -> list[pa.Array]:
        return [_sums(states[0], offsets)]


class _Range(_State):
    width = 2

    def __init__(self, meta: AbstractColumnMetaData) -> None:
        self.meta = meta
        self.bounds = [_Folded(ReduceOp.MIN, meta), _Folded(ReduceOp.MAX, meta)]

    def start(self, column: pa.Array, offsets: Array) -> list[pa.Array]:
        return [b.start(column, offsets)[0] for b in self.bounds]

    def merge(self, states: list[pa.Array], offsets: Array) -> list[pa.Array]:
        return [b.merge([s], offsets)[0] for b, s in zip(self.bounds, states, strict=True)]

    def finish(self, states: list[pa.Array]) -> pa.Array:
        missing = states[0].is_null().to_numpy(zero_copy_only=False)
        if states[0].type == self.meta.arrow_type and pa.types.is_timestamp(states[0].type):
            states = [s.view(pa.int64()) for s in states]
        low, high = (s.fill_null(0).to_numpy(zero_copy_only=False) for s in states)
        with np.errstate(all="ignore"):
            result = pa.array(high - low, mask=missing)
        is_time = self.meta.column_type is ColumnType.TIME
        return result.cast(self.meta.arrow_type) if is_time else result


class _Moments(_State):
    """Count, sum and sum of squared deviations; merged by the formula of Chan, Golub and LeVeque."""

    width = 3

    def __init__(self, op: ReduceOp, meta: AbstractColumnMetaData) -> None:
        self.op, self.meta = op, meta

    def start(self, column: pa.Array, offsets: Array) -> list[pa.Array]:
        values = read_numbers(column, self.meta).astype(np.float64)
        lengths = np.diff(offsets)
        sums = _sums(pa.array(values), offsets)
        with np.errstate(all="ignore"):
            mean = sums.to_numpy() / np.maximum(lengths, 1)
            squares = (values - np.repeat(mean, lengths)) ** 2
        return [pa.array(lengths), sums, _sums(pa.array(squares), offsets)]

    def merge(self, states: list[pa.Array], offsets: Array) -> list[pa.Array]:
        counts, sums, squares = (s.to_numpy() for s in states)
        count, total = _sums(states[0], offsets), _sums(states[1], offsets)
        with np.errstate(all="ignore"):
            mean = np.repeat(total.to_numpy() / np.maximum(count.to_numpy(), 1), np.diff(offsets))
            between = counts * (sums / np.maximum(counts, 1) - mean) ** 2
            between[counts == 0] = 0.0
        return [count, total, _sums(pa.array(squares + between), offsets)]

    def finish(self, states: list[pa.Array]) -> pa.Array:
        count, sums, squares = (s.to_numpy() for s in states)
        with np.errstate(all="ignore"):
            if self.op is ReduceOp.MEAN:
                return pa.array(sums / np.maximum(count, 1))
            sample = self.op in (ReduceOp.STDEV, ReduceOp.VARIANCE)
            variance = squares / (count - 1.0 if sample else count)
            variance[count == 1] = np.nan if sample else 0.0
            root = self.op in (ReduceOp.STDEV, ReduceOp.UNCORRECTED_STDDEV)
            return pa.array(np.sqrt(variance) if root else variance)


class _Taken(_State):
    """The first or last value, which may be missing itself, and whether there is one."""

    width = 2

    def __init__(self, op: ReduceOp) -> None:
        self.first = op is ReduceOp.TAKE_FIRST

    def _rows(self, offsets: Array) -> pa.Array:
        rows = offsets[:-1] if self.first else offsets[1:] - 1
        return pa.array(rows, mask=np.diff(offsets) == 0)

    def start(self, column: pa.Array, offsets: Array) -> list[pa.Array]:
        return [pa.array(np.diff(offsets) > 0), column.take(self._rows(offsets))]

    def merge(self, states: list[pa.Array], offsets: Array) -> list[pa.Array]:
        has = states[0].to_numpy(zero_copy_only=False)
        return self.start(states[1].filter(states[0]), _kept_offsets(has, offsets))

    def finish(self, states: list[pa.Array]) -> pa.Array:
        return states[1]


class _Listed(_State):
    """All values of a group as one list."""

    def start(self, column: pa.Array, offsets: Array) -> list[pa.Array]:
        return [pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), plain_text(column))]

    def merge(self, states: list[pa.Array], offsets: Array) -> list[pa.Array]:
        lists = states[0]
        inner = lists.offsets.to_numpy() - lists.offsets[0].as_py()
        return self.start(lists.flatten(), inner[offsets].astype(np.int64))


class _Collected(_Listed):
    """For a custom reduction, which is not known to be mergeable."""

    def __init__(self, custom: AbstractCustomReduction, name: str) -> None:
        self.custom, self.name = custom, name

    def finish(self, states: list[pa.Array]) -> pa.Array:
        lists = states[0]
        inner = (lists.offsets.to_numpy() - lists.offsets[0].as_py()).astype(np.int64)
        return self.custom.reduce(lists.flatten(), self.name, inner)


class _Unique(_Listed):
    """The different values."""

    def __init__(self, meta: AbstractColumnMetaData) -> None:
        self.meta = meta

    def start(self, column: pa.Array, offsets: Array) -> list[pa.Array]:
        codes, column = distinct_codes(column, self.meta)
        lengths = np.diff(offsets)
        segment = np.repeat(np.arange(len(lengths)), lengths)
        pairs = np.stack([segment, codes])
        _, first = np.unique(pairs, axis=1, return_index=True)
        first = np.sort(first)
        kept = _offsets(np.bincount(segment[first], minlength=len(lengths)))
        return super().start(column.take(pa.array(first)), kept)

    def finish(self, states: list[pa.Array]) -> pa.Array:
        return pa.array(np.diff(states[0].offsets.to_numpy()).astype(np.int64))


def _present(column: pa.Array, offsets: Array) -> tuple[pa.Array, Array]:
    if not column.null_count:
        return column, offsets
    valid = column.is_valid()
    return column.filter(valid), _kept_offsets(valid.to_numpy(zero_copy_only=False), offsets)


def _kept_offsets(keep: Array, offsets: Array) -> Array:
    kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep)])
    return np.asarray(kept[offsets], np.int64)


def _sums(column: pa.Array, offsets: Array) -> Any:
    """Sums of the segments, zero over none."""
    meta: AbstractColumnMetaData = DoubleMetaData("")
    if pa.types.is_integer(column.type):
        meta = LongMetaData("")
    return reduce_segments(ReduceOp.SUM, column, meta, offsets).fill_null(0)
