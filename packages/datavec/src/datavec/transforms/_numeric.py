"""Arithmetic transforms of numeric columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .._errors import InvalidValueError, SchemaError
from .._serde import java_type
from ..columns._convert import as_double, as_float, as_int, as_long
from ..columns._frame import Array, Frame
from ..process._action import AbstractColumnTransform, AbstractTransform, need_columns, need_type
from ..process._record_program import RecordTrace
from ..process._record_values import Kind
from ..schema._metadata import (
    AbstractColumnMetaData,
    ColumnType,
    DoubleMetaData,
    FloatMetaData,
    IntegerMetaData,
    LongMetaData,
    new_metadata,
)
from ..schema._schema import Schema
from ._arithmetic import (
    MathFunction,
    MathOp,
    ZeroDivision,
    check_column_op,
    math_function,
    math_op,
    record_math_function,
    record_math_op,
)

__all__ = [
    "DoubleColumnsMathOpTransform",
    "DoubleMathFunctionTransform",
    "DoubleMathOpTransform",
    "FloatColumnsMathOpTransform",
    "FloatMathFunctionTransform",
    "FloatMathOpTransform",
    "IntegerColumnsMathOpTransform",
    "IntegerMathOpTransform",
    "LongColumnsMathOpTransform",
    "LongMathOpTransform",
]

_PACKAGE = "org.datavec.api.transform.transform."
_READ = {
    ColumnType.INTEGER: as_int,
    ColumnType.LONG: as_long,
    ColumnType.DOUBLE: as_double,
    ColumnType.FLOAT: as_float,
}
_DTYPE = {
    ColumnType.INTEGER: np.int32,
    ColumnType.LONG: np.int64,
    ColumnType.DOUBLE: np.float64,
    ColumnType.FLOAT: np.float32,
}
_KIND = {
    ColumnType.INTEGER: Kind.INT,
    ColumnType.LONG: Kind.LONG,
    ColumnType.DOUBLE: Kind.DOUBLE,
    ColumnType.FLOAT: Kind.FLOAT,
}
_BOUNDED = (IntegerMetaData, LongMetaData, DoubleMetaData, FloatMetaData)


def _by_zero(name: str, error: ZeroDivision) -> InvalidValueError:
    return InvalidValueError(name, "a divisor other than zero", 0, error.rows)


class AbstractMathOpTransform(AbstractColumnTransform):
    """``column op scalar`` in place; bounds in the metadata are mapped the same way."""

    kind: ClassVar[ColumnType]
    math_op: MathOp
    scalar: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "math_op", MathOp(self.math_op))
        dtype = _DTYPE[self.kind]
        try:
            np.array([self.scalar], dtype)
        except (OverflowError, ValueError, TypeError):
            raise SchemaError(
                f"{type(self).__name__}: scalar {self.scalar!r} is no {self.kind.value} value"
            ) from None

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        if meta.column_type is not self.kind or not isinstance(meta, _BOUNDED):
            raise SchemaError(
                f'{type(self).__name__}: column "{meta.name}" must be of type {self.kind.value}, '
                f"but is {meta.column_type.value}"
            )
        low, high = self._bound(meta.min_allowed_value), self._bound(meta.max_allowed_value)
        if low is not None and high is not None and low > high:
            low, high = high, low
        return type(meta)(meta.name, low, high)

    def _bound(self, bound: Any) -> Any:
        if bound is None:
            return None
        try:
            made = self._compute(np.array([bound], _DTYPE[self.kind]))[0]
            # A 32-bit bound is kept as its shortest text, as Deeplearning4j writes it.
            return float(str(made)) if self.kind is ColumnType.FLOAT else made.item()
        except ZeroDivision:
            raise SchemaError(
                f'{type(self).__name__} on "{self.column_name}": the bound {bound} of the column '
                "cannot be divided by zero"
            ) from None

    def _scalar(self) -> Any:
        return np.array(self.scalar).astype(_DTYPE[self.kind])

    def _compute(self, values: Array) -> Array:
        return np.asarray(math_op(self.math_op, values, self._scalar()))

    def convert(self, frame: Frame, name: str) -> Array:
        values = _READ[self.kind](frame.column(name), name)
        try:
            return self._compute(values)
        except ZeroDivision as e:
            raise _by_zero(name, e) from None

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        value = row.read(self.column_name, _KIND[self.kind])
        scalar = row.constant(value.kind, self._scalar().item())
        result = record_math_op(row, self.math_op, value, scalar)
        return row.replaced(output, self.column_name, result)


@java_type(_PACKAGE + "integer.IntegerMathOpTransform")
@dataclass(frozen=True)
class IntegerMathOpTransform(AbstractMathOpTransform):
    """Integer column ``op`` scalar in 32-bit arithmetic that wraps around."""

    kind: ClassVar[ColumnType] = ColumnType.INTEGER
    column_name: str
    math_op: MathOp
    scalar: int


@java_type(_PACKAGE + "longtransform.LongMathOpTransform")
@dataclass(frozen=True)
class LongMathOpTransform(AbstractMathOpTransform):
    """Long column ``op`` scalar in 64-bit arithmetic that wraps around."""

    kind: ClassVar[ColumnType] = ColumnType.LONG
    column_name: str
    math_op: MathOp
    scalar: int


@java_type(_PACKAGE + "doubletransform.DoubleMathOpTransform")
@dataclass(frozen=True)
class DoubleMathOpTransform(AbstractMathOpTransform):
    """Double column ``op`` scalar."""

    kind: ClassVar[ColumnType] = ColumnType.DOUBLE
    column_name: str
    math_op: MathOp
    scalar: float


@java_type(_PACKAGE + "floattransform.FloatMathOpTransform")
@dataclass(frozen=True)
class FloatMathOpTransform(AbstractMathOpTransform):
    """Float column ``op`` scalar in 32-bit arithmetic."""

    kind: ClassVar[ColumnType] = ColumnType.FLOAT
    column_name: str
    math_op: MathOp
    scalar: float


class AbstractColumnsMathOpTransform(AbstractTransform):
    """Combine columns into a new one at the end."""

    kind: ClassVar[ColumnType]
    new_column_name: str
    math_op: MathOp
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "math_op", MathOp(self.math_op))
        object.__setattr__(self, "columns", tuple(self.columns))
        check_column_op(self, self.math_op, self.columns)

    def output_schema(self, schema: Schema) -> Schema:
        need_columns(self, schema, self.columns)
        for name in self.columns:
            need_type(self, schema, name, self.kind)
        return schema.with_columns((*schema.columns, new_metadata(self.kind, self.new_column_name)))

    def reads(self, schema: Schema) -> set[str]:
        return set(self.columns)

    def apply(self, frame: Frame, output: Schema) -> Frame:
        read = _READ[self.kind]
        result, *others = (read(frame.column(n), n) for n in self.columns)
        try:
            for other in others:
                result = math_op(self.math_op, result, other)
        except ZeroDivision as e:
            raise _by_zero(self.columns[1], e) from None
        return frame.appended(output, result)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        result, *others = (row.read(n, _KIND[self.kind]) for n in self.columns)
        for other in others:
            result = record_math_op(row, self.math_op, result, other)
        return row.appended(output, result)


@java_type(_PACKAGE + "integer.IntegerColumnsMathOpTransform")
@dataclass(frozen=True)
class IntegerColumnsMathOpTransform(AbstractColumnsMathOpTransform):
    """New Integer column from Integer columns."""

    kind: ClassVar[ColumnType] = ColumnType.INTEGER
    new_column_name: str
    math_op: MathOp
    columns: tuple[str, ...]


@java_type(_PACKAGE + "longtransform.LongColumnsMathOpTransform")
@dataclass(frozen=True)
class LongColumnsMathOpTransform(AbstractColumnsMathOpTransform):
    """New Long column from Long columns."""

    kind: ClassVar[ColumnType] = ColumnType.LONG
    new_column_name: str
    math_op: MathOp
    columns: tuple[str, ...]


@java_type(_PACKAGE + "doubletransform.DoubleColumnsMathOpTransform")
@dataclass(frozen=True)
class DoubleColumnsMathOpTransform(AbstractColumnsMathOpTransform):
    """New Double column from Double columns."""

    kind: ClassVar[ColumnType] = ColumnType.DOUBLE
    new_column_name: str
    math_op: MathOp
    columns: tuple[str, ...]


@java_type(_PACKAGE + "floattransform.FloatColumnsMathOpTransform")
@dataclass(frozen=True)
class FloatColumnsMathOpTransform(AbstractColumnsMathOpTransform):
    """New Float column from Float columns."""

    kind: ClassVar[ColumnType] = ColumnType.FLOAT
    new_column_name: str
    math_op: MathOp
    columns: tuple[str, ...]


class AbstractMathFunctionTransform(AbstractColumnTransform):
    """Apply a function to a column in place."""

    kind: ClassVar[ColumnType]
    math_function: MathFunction

    def __post_init__(self) -> None:
        object.__setattr__(self, "math_function", MathFunction(self.math_function))

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return meta if meta.column_type is self.kind else new_metadata(self.kind, meta.name)

    def convert(self, frame: Frame, name: str) -> Array:
        result = math_function(self.math_function, frame.doubles(name))
        with np.errstate(over="ignore"):
            return result.astype(_DTYPE[self.kind], copy=False)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        kind = _KIND[self.kind]
        value = row.converted(row.read(self.column_name, kind), Kind.DOUBLE)
        result = row.call(Kind.DOUBLE, record_math_function(self.math_function), value)
        return row.replaced(output, self.column_name, row.converted(result, kind))


@java_type(_PACKAGE + "doubletransform.DoubleMathFunctionTransform")
@dataclass(frozen=True)
class DoubleMathFunctionTransform(AbstractMathFunctionTransform):
    """Apply a function; the result column is Double (a Double column keeps its metadata)."""

    kind: ClassVar[ColumnType] = ColumnType.DOUBLE
    column_name: str
    math_function: MathFunction


@java_type(_PACKAGE + "floattransform.FloatMathFunctionTransform")
@dataclass(frozen=True)
class FloatMathFunctionTransform(AbstractMathFunctionTransform):
    """Apply a function, computed in double; the result column is Float."""

    kind: ClassVar[ColumnType] = ColumnType.FLOAT
    column_name: str
    math_function: MathFunction

    def convert(self, frame: Frame, name: str) -> Array:
        # Values become 32-bit before the function, the result is rounded again.
        result = math_function(self.math_function, frame.floats(name).astype(np.float64))
        with np.errstate(over="ignore"):
            return result.astype(np.float32)
