"""Reducing segments of a column to one value each."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._choice import Choice
from .._errors import DataVecError
from ..columns._convert import as_double, as_float, as_int, as_long, as_text, is_text, plain_text
from ..columns._frame import Array
from ..schema._metadata import (
    AbstractColumnMetaData,
    ColumnType,
    DoubleMetaData,
    FloatMetaData,
    IntegerMetaData,
    LongMetaData,
    StringMetaData,
)

__all__ = ["ReduceOp", "reduce_segments", "reduced_metadata"]


class ReduceOp(Choice):
    """How values become one."""

    PROD = "Prod"
    MIN = "Min"
    MAX = "Max"
    RANGE = "Range"
    APPEND = "Append"
    PREPEND = "Prepend"
    SUM = "Sum"
    MEAN = "Mean"
    STDEV = "Stdev"
    UNCORRECTED_STDDEV = "UncorrectedStdDev"
    VARIANCE = "Variance"
    POPULATION_VARIANCE = "PopulationVariance"
    COUNT = "Count"
    COUNT_UNIQUE = "CountUnique"
    TAKE_FIRST = "TakeFirst"
    TAKE_LAST = "TakeLast"


_KEEP = (ReduceOp.MIN, ReduceOp.MAX, ReduceOp.RANGE, ReduceOp.TAKE_FIRST, ReduceOp.TAKE_LAST)
_JOIN = (ReduceOp.APPEND, ReduceOp.PREPEND)
_COUNT = (ReduceOp.COUNT, ReduceOp.COUNT_UNIQUE)
_SPREAD = (
    ReduceOp.STDEV,
    ReduceOp.UNCORRECTED_STDDEV,
    ReduceOp.VARIANCE,
    ReduceOp.POPULATION_VARIANCE,
)
_TAKE = (ReduceOp.TAKE_FIRST, ReduceOp.TAKE_LAST)
_ALLOWED = {
    ColumnType.STRING: (*_JOIN, *_COUNT, *_TAKE),
    ColumnType.CATEGORICAL: (*_JOIN, *_COUNT, *_TAKE),
    ColumnType.TIME: (*_KEEP, ReduceOp.MEAN, ReduceOp.STDEV, *_COUNT),
    ColumnType.BYTES: _TAKE,
}
_UNBOUNDED = {
    ColumnType.INTEGER: IntegerMetaData,
    ColumnType.LONG: LongMetaData,
    ColumnType.DOUBLE: DoubleMetaData,
    ColumnType.FLOAT: FloatMetaData,
}
_READ = {
    ColumnType.INTEGER: as_int,
    ColumnType.LONG: as_long,
    ColumnType.TIME: as_long,
    ColumnType.DOUBLE: as_double,
    ColumnType.FLOAT: as_float,
}


def reduced_metadata(
    op: ReduceOp, meta: AbstractColumnMetaData, name: str
) -> AbstractColumnMetaData:
    """Metadata of ``op(column)``, for any combination (a forbidden one fails when it runs)."""
    if op in _COUNT:
        return LongMetaData(name, 0)
    if op in _JOIN:
        return StringMetaData(name)
    if op in (ReduceOp.SUM, ReduceOp.PROD):
        unbounded = _UNBOUNDED.get(meta.column_type)
        return meta.renamed(name) if unbounded is None else unbounded(name)
    return meta.renamed(name) if op in _KEEP else DoubleMetaData(name)


def check_reduction(op: ReduceOp, meta: AbstractColumnMetaData) -> None:
    """Raise DataVecError unless the operation is possible on the column's type."""
    kind = meta.column_type
    allowed = _ALLOWED.get(kind, () if not kind.is_numeric else tuple(set(ReduceOp) - set(_JOIN)))
    if op not in allowed:
        raise DataVecError(
            f'column "{meta.name}": {op.value} is not possible on type {kind.value}; possible are '
            f"{', '.join(o.value for o in ReduceOp if o in allowed) or 'none'}"
        )


def read_numbers(column: pa.Array, meta: AbstractColumnMetaData) -> Array:
    """The values in the number type of the column (Time: int64); raises InvalidValueError."""
    return _READ[meta.column_type](column, meta.name)


def reduce_segments(
    op: ReduceOp, column: pa.Array, meta: AbstractColumnMetaData, offsets: Array
) -> pa.Array:
    """One value for each segment ``offsets[i]:offsets[i+1]`` of a column.

    Over no value at all Count is 0, Mean 0.0, Stdev and Variance are -0.0, the spreads of a whole
    population NaN, a joined text is empty, anything else is missing. Sums wrap or round in the
    column's own type. NaN counts as the greatest number.

    Raises:
        DataVecError: the operation is not possible on this type.
        InvalidValueError: a text is no number.
    """
    check_reduction(op, meta)
    kind = meta.column_type
    starts, lengths = offsets[:-1], np.diff(offsets)
    if op in (ReduceOp.COUNT, *_TAKE) and kind in _READ and is_text(column.type):
        read_numbers(
            pc.fill_null(plain_text(column), "0"), meta
        )  # text must be numbers for these, too
    if op is ReduceOp.COUNT:
        return pa.array(lengths.astype(np.int64))
    if op is ReduceOp.COUNT_UNIQUE:
        return pa.array(_count_unique(column, meta, lengths))
    if op in _TAKE:
        rows = starts if op is ReduceOp.TAKE_FIRST else offsets[1:] - 1
        return column.take(pa.array(rows, mask=lengths == 0))
    if op in _JOIN:
        return _joined(op, column, meta, offsets)
    values = read_numbers(column, meta)
    if op is ReduceOp.MEAN or op in _SPREAD:
        return pa.array(_moments(op, values.astype(np.float64), starts, lengths))
    out = _folded(op, values, starts, lengths)
    result = pa.array(out, mask=lengths == 0)
    return result.cast(meta.arrow_type) if kind is ColumnType.TIME else result


def _fold(function: np.ufunc, values: Array, starts: Array, lengths: Array) -> Array:
    """``reduceat`` that leaves zeros for empty segments."""
    out = np.zeros(len(starts), values.dtype)
    full = lengths > 0
    if full.any():
        with np.errstate(all="ignore"):
            # Segments follow each other without gaps, so each ends where the next full one starts.
            out[full] = function.reduceat(values, starts[full], dtype=values.dtype)
    return out


def _folded(op: ReduceOp, values: Array, starts: Array, lengths: Array) -> Array:
    if op is ReduceOp.SUM:
        return _fold(np.add, values, starts, lengths)
    if op is ReduceOp.PROD:
        return _fold(np.multiply, values, starts, lengths)
    high = _fold(np.maximum, values, starts, lengths) if op is not ReduceOp.MIN else values
    low = _fold(np.fmin, values, starts, lengths) if op is not ReduceOp.MAX else values
    if op is ReduceOp.RANGE:
        with np.errstate(all="ignore"):
            return np.asarray(high - low)
    return high if op is ReduceOp.MAX else low


def _moments(op: ReduceOp, values: Array, starts: Array, lengths: Array) -> Array:
    with np.errstate(all="ignore"):
        count = lengths.astype(np.float64)
        mean = _fold(np.add, values, starts, lengths) / np.maximum(count, 1)
        if op is ReduceOp.MEAN:
            return mean
        squares = _fold(np.add, (values - np.repeat(mean, lengths)) ** 2, starts, lengths)
        sample = op in (ReduceOp.STDEV, ReduceOp.VARIANCE)
        variance = squares / (count - 1 if sample else count)
        # Of no value 0 / -1, of one value 0 / 0; a population of one has no spread, whatever it is.
        variance[count == 1] = np.nan if sample else 0.0
        is_root = op in (ReduceOp.STDEV, ReduceOp.UNCORRECTED_STDDEV)
        return np.sqrt(variance) if is_root else variance


def distinct_codes(column: pa.Array, meta: AbstractColumnMetaData) -> tuple[Array, pa.Array]:
    """A number per value that is equal for equal values, and the values as they are compared."""
    if is_text(column.type) and meta.column_type in _READ:
        column = pa.array(read_numbers(column, meta))
    column = plain_text(column)
    codes = column.dictionary_encode(null_encoding="encode").indices.to_numpy()
    return codes.astype(np.int64), column


def _count_unique(column: pa.Array, meta: AbstractColumnMetaData, lengths: Array) -> Array:
    codes, _ = distinct_codes(column, meta)
    segment = np.repeat(np.arange(len(lengths)), lengths)
    pairs = np.unique(np.stack([segment, codes]), axis=1)
    return np.bincount(pairs[0], minlength=len(lengths)).astype(np.int64)


def _joined(op: ReduceOp, column: pa.Array, meta: AbstractColumnMetaData, offsets: Array) -> Any:
    texts = plain_text(as_text(column, meta.name)).to_pylist()
    step = 1 if op is ReduceOp.APPEND else -1
    cut = offsets.tolist()
    return pa.array(["".join(texts[a:b][::step]) for a, b in pairwise(cut)], pa.string())
