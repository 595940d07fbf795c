"""Transforms of NDArray columns, computed over all values of a batch at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from .._choice import Choice
from .._errors import DataVecError, InvalidValueError, SchemaError
from .._serde import java_type
from ..columns._convert import refuse_nulls
from ..columns._frame import Array, Frame
from ..columns._ndarray_column import flat_values, from_flat, is_ndarray
from ..process._action import AbstractColumnTransform, AbstractTransform, need_columns
from ..schema._metadata import AbstractColumnMetaData, DoubleMetaData, NDArrayMetaData
from ..schema._schema import Schema
from ._arithmetic import MathFunction, MathOp, check_column_op, math_function, math_op

__all__ = [
    "Distance",
    "NDArrayColumnsMathOpTransform",
    "NDArrayDistanceTransform",
    "NDArrayMathFunctionTransform",
    "NDArrayScalarOpTransform",
]

_PACKAGE = "org.datavec.api.transform.ndarray."


def _need_ndarray(step: object, meta: AbstractColumnMetaData) -> NDArrayMetaData:
    if not isinstance(meta, NDArrayMetaData):
        raise SchemaError(
            f'{type(step).__name__}: column "{meta.name}" must be of type NDArray, '
            f"but is {meta.column_type.value}"
        )
    return meta


def _values(frame: Frame, name: str) -> tuple[Array, Array, pa.Array]:
    """All values (float32), row offsets and shapes of a column."""
    column = frame.column(name)
    if not is_ndarray(column.type):
        rows = list(range(len(column)))
        raise InvalidValueError(name, "arrays", column[0].as_py() if rows else None, rows)
    refuse_nulls(column, name, "an array")
    return flat_values(column)


@java_type(_PACKAGE + "NDArrayScalarOpTransform")
@dataclass(frozen=True)
class NDArrayScalarOpTransform(AbstractColumnTransform):
    """``array op scalar`` in place."""

    column_name: str
    math_op: MathOp
    scalar: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "math_op", MathOp(self.math_op))

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return _need_ndarray(self, meta)

    def convert(self, frame: Frame, name: str) -> pa.Array:
        flat, offsets, shapes = _values(frame, name)
        return from_flat(math_op(self.math_op, flat, np.float32(self.scalar)), offsets, shapes)


@java_type(_PACKAGE + "NDArrayMathFunctionTransform")
@dataclass(frozen=True)
class NDArrayMathFunctionTransform(AbstractColumnTransform):
    """Apply a function to every value in place; SINH and COSH are refused, as in Deeplearning4j."""

    column_name: str
    math_function: MathFunction

    def __post_init__(self) -> None:
        object.__setattr__(self, "math_function", MathFunction(self.math_function))

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return _need_ndarray(self, meta)

    def convert(self, frame: Frame, name: str) -> pa.Array:
        if self.math_function in (MathFunction.SINH, MathFunction.COSH):
            raise DataVecError(f"{self.math_function.value} is not offered for NDArray columns")
        flat, offsets, shapes = _values(frame, name)
        return from_flat(math_function(self.math_function, flat), offsets, shapes)


@java_type(_PACKAGE + "NDArrayColumnsMathOpTransform")
@dataclass(frozen=True)
class NDArrayColumnsMathOpTransform(AbstractTransform):
    """Combine arrays of equal shape into a new column at the end (Add, Subtract, Multiply, Divide)."""

    new_column_name: str
    math_op: MathOp
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "math_op", MathOp(self.math_op))
        object.__setattr__(self, "columns", tuple(self.columns))
        check_column_op(self, self.math_op, self.columns)

    def output_schema(self, schema: Schema) -> Schema:
        need_columns(self, schema, self.columns)
        metas = [_need_ndarray(self, schema.metadata(n)) for n in self.columns]
        for meta in metas[1:]:
            if meta.shape != metas[0].shape:
                raise SchemaError(
                    f'{type(self).__name__}: columns "{metas[0].name}" and "{meta.name}" have '
                    f"different shapes {list(metas[0].shape)} and {list(meta.shape)}"
                )
        new = NDArrayMetaData(self.new_column_name, metas[0].shape)
        return schema.with_columns((*schema.columns, new))

    def reads(self, schema: Schema) -> set[str]:
        return set(self.columns)

    def apply(self, frame: Frame, output: Schema) -> Frame:
        if self.math_op is MathOp.MODULUS:
            raise DataVecError("Modulus is not offered for NDArray columns")
        result, offsets, shapes = _values(frame, self.columns[0])
        for name in self.columns[1:]:
            other, own, _ = _values(frame, name)
            _same_sizes(self.columns[0], offsets, name, own)
            result = math_op(self.math_op, result, other)
        return frame.appended(output, from_flat(result, offsets, shapes))


def _same_sizes(first: str, offsets: Array, second: str, own: Array) -> None:
    if not np.array_equal(offsets, own):
        sizes = np.diff(offsets)
        rows = np.flatnonzero(sizes != np.diff(own))
        raise InvalidValueError(
            second,
            f'an array as large as in "{first}" ({sizes[rows[0]]} values)',
            f"{np.diff(own)[rows[0]]} values",
            rows.tolist(),
        )


class Distance(Choice):
    """Distances between arrays; COSINE is a similarity."""

    COSINE = "COSINE"
    EUCLIDEAN = "EUCLIDEAN"
    MANHATTAN = "MANHATTAN"


@java_type(_PACKAGE + "NDArrayDistanceTransform")
@dataclass(frozen=True)
class NDArrayDistanceTransform(AbstractTransform):
    """The distance of two columns' arrays, taken as flat, in a new Double column at the end."""

    new_column_name: str
    distance: Distance
    first_col: str
    second_col: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "distance", Distance(self.distance))

    def output_schema(self, schema: Schema) -> Schema:
        for name in (self.first_col, self.second_col):
            _need_ndarray(self, schema.metadata(name))
        return schema.with_columns((*schema.columns, DoubleMetaData(self.new_column_name)))

    def reads(self, schema: Schema) -> set[str]:
        return {self.first_col, self.second_col}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        first, offsets, _ = _values(frame, self.first_col)
        second, own, _ = _values(frame, self.second_col)
        _same_sizes(self.first_col, offsets, self.second_col, own)
        a, b = first.astype(np.float64), second.astype(np.float64)
        if self.distance is Distance.MANHATTAN:
            out = _row_sums(np.abs(a - b), offsets)
        elif self.distance is Distance.EUCLIDEAN:
            out = np.sqrt(_row_sums((a - b) ** 2, offsets))
        else:
            lengths = np.sqrt(_row_sums(a * a, offsets) * _row_sums(b * b, offsets))
            products = _row_sums(a * b, offsets)
            with np.errstate(all="ignore"):
                out = np.where(lengths == 0, 0.0, products / lengths)
        return frame.appended(output, out)


def _row_sums(values: Array, offsets: Array) -> Any:
    totals = np.concatenate([np.zeros(1), np.cumsum(values)])
    if not np.isfinite(totals[-1]):  # one NaN must not reach the rows after it
        return np.array([values[s:e].sum() for s, e in pairwise(offsets)])
    return totals[offsets[1:]] - totals[offsets[:-1]]
