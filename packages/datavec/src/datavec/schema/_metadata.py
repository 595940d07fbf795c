"""Column types and their restrictions (Deeplearning4j's ``ColumnMetaData`` classes)."""

from __future__ import annotations

import enum
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from .._errors import SchemaError
from .._serde import java_type
from ..columns._arrow_arrays import constant, numpy_array
from ..columns._convert import NULL_TEXT, hex_mask, is_text, parse_column, texts_of
from ..columns._ndarray_column import NDARRAY, is_ndarray
from ..text._java_regex import compile_java
from ..text._java_text import double_text, float_text, utf16_length
from ..text._zones import check_zone

__all__ = [
    "AbstractColumnMetaData",
    "BinaryMetaData",
    "BooleanMetaData",
    "CategoricalMetaData",
    "ColumnType",
    "DoubleMetaData",
    "FloatMetaData",
    "IntegerMetaData",
    "LongMetaData",
    "NDArrayMetaData",
    "StringMetaData",
    "TimeMetaData",
    "new_metadata",
]

Mask = np.ndarray[Any, np.dtype[np.bool_]]
_PACKAGE = "org.datavec.api.transform.metadata."


class ColumnType(enum.Enum):
    """The ten column types, by their Deeplearning4j names."""

    STRING = "String"
    INTEGER = "Integer"
    LONG = "Long"
    DOUBLE = "Double"
    FLOAT = "Float"
    CATEGORICAL = "Categorical"
    TIME = "Time"
    BYTES = "Bytes"
    BOOLEAN = "Boolean"
    NDARRAY = "NDArray"

    @property
    def is_numeric(self) -> bool:
        """Integer, Long, Double or Float."""
        return self in (
            ColumnType.INTEGER,
            ColumnType.LONG,
            ColumnType.DOUBLE,
            ColumnType.FLOAT,
        )


class AbstractColumnMetaData(ABC):
    """Name, type and restrictions of one column."""

    column_type: ClassVar[ColumnType]
    name: str

    @property
    @abstractmethod
    def arrow_type(self) -> pa.DataType:
        """Arrow type of the column's values in results."""

    @abstractmethod
    def valid_mask(self, column: pa.Array) -> Mask:
        """Which values satisfy type and restrictions; text is judged by its content."""

    def value_test(self) -> Callable[[Any], bool] | None:
        """As `valid_mask`, for one value of the column's own type; None where all are valid."""
        return None

    def renamed(self, name: str) -> AbstractColumnMetaData:
        """The same restrictions under another name."""
        return replace(self, name=name)  # type: ignore[type-var]

    def _describe(self) -> list[str]:
        return []

    def __str__(self) -> str:
        return f'{type(self).__name__}(name="{self.name}",{",".join(self._describe())})'


def _present(column: pa.Array) -> Mask:
    return np.asarray(numpy_array(column.is_valid()), bool)


def _bounded(values: np.ndarray[Any, Any], low: Any, high: Any) -> Mask:
    # Written as "not below, not above": NaN passes bounds, as in Deeplearning4j.
    ok = np.ones(len(values), bool)
    if low is not None:
        ok &= ~(values < low)
    if high is not None:
        ok &= ~(values > high)
    return ok


def _bounds_test(low: Any, high: Any) -> Callable[[Any], bool]:
    if low is None and high is None:
        return lambda value: True
    if high is None:
        return lambda value: not value < low
    if low is None:
        return lambda value: not value > high
    return lambda value: not (value < low or value > high)


def _integer_mask(column: pa.Array, arrow_type: pa.DataType, low: Any, high: Any) -> Mask:
    t = column.type
    ok = _present(column)
    if is_text(t):
        numbers, bad = parse_column(column, arrow_type)
        ok &= ~(bad | hex_mask(column))  # converted, but not valid, in Deeplearning4j too
    elif pa.types.is_timestamp(t):
        numbers = column.view(pa.int64())
    elif pa.types.is_integer(t):
        numbers = column
    else:
        return np.zeros(len(column), bool)
    values = numpy_array(numbers.fill_null(constant(0, numbers.type)))
    if arrow_type == pa.int32() and values.dtype == np.int64:
        ok &= (values >= -(1 << 31)) & (values < 1 << 31)
    return ok & _bounded(values, low, high)


@java_type(_PACKAGE + "IntegerMetaData", legacy="Integer")
@dataclass(frozen=True)
class IntegerMetaData(AbstractColumnMetaData):
    """32-bit integers, optionally within inclusive bounds."""

    column_type: ClassVar[ColumnType] = ColumnType.INTEGER
    name: str
    min_allowed_value: int | None = None
    max_allowed_value: int | None = None

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.int32()

    def valid_mask(self, column: pa.Array) -> Mask:
        return _integer_mask(column, pa.int32(), self.min_allowed_value, self.max_allowed_value)

    def value_test(self) -> Callable[[Any], bool] | None:
        return _bounds_test(self.min_allowed_value, self.max_allowed_value)

    def _describe(self) -> list[str]:
        return _bounds(self.min_allowed_value, self.max_allowed_value, str)


@java_type(_PACKAGE + "LongMetaData", legacy="Long")
@dataclass(frozen=True)
class LongMetaData(AbstractColumnMetaData):
    """64-bit integers, optionally within inclusive bounds."""

    column_type: ClassVar[ColumnType] = ColumnType.LONG
    name: str
    min_allowed_value: int | None = None
    max_allowed_value: int | None = None

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.int64()

    def valid_mask(self, column: pa.Array) -> Mask:
        return _integer_mask(column, pa.int64(), self.min_allowed_value, self.max_allowed_value)

    def value_test(self) -> Callable[[Any], bool] | None:
        return _bounds_test(self.min_allowed_value, self.max_allowed_value)

    def _describe(self) -> list[str]:
        return _bounds(self.min_allowed_value, self.max_allowed_value, str)


def _float_mask(column: pa.Array, meta: DoubleMetaData | FloatMetaData) -> Mask:
    t = column.type
    ok = _present(column)
    if is_text(t):
        numbers, bad = parse_column(column, meta.arrow_type)
        ok &= ~bad
    elif pa.types.is_integer(t) or pa.types.is_floating(t):
        numbers = column
    elif pa.types.is_boolean(t):
        numbers = column.cast(pa.int32())
    else:
        return np.zeros(len(column), bool)
    values = numpy_array(numbers.fill_null(constant(0, numbers.type)))
    if meta.column_type is ColumnType.FLOAT:
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
    within = _bounded(values, meta.min_allowed_value, meta.max_allowed_value)
    if meta.allow_nan:
        within |= np.isnan(values)
    if meta.allow_infinite:
        within |= np.isinf(values)
    return ok & within


def _float_test(meta: DoubleMetaData | FloatMetaData) -> Callable[[Any], bool]:
    single = meta.column_type is ColumnType.FLOAT
    with np.errstate(over="ignore"):
        low, high = (
            float(np.float32(bound)) if single and bound is not None else bound
            for bound in (meta.min_allowed_value, meta.max_allowed_value)
        )
    within = _bounds_test(low, high)
    if not meta.allow_infinite:
        return within  # NaN passes bounds in any case
    return lambda value: within(value) or value in (math.inf, -math.inf)


@java_type(_PACKAGE + "DoubleMetaData", legacy="Double")
@dataclass(frozen=True)
class DoubleMetaData(AbstractColumnMetaData):
    """64-bit floats, optionally within inclusive bounds.

    As in Deeplearning4j, NaN passes validation whatever `allow_nan` says, and infinities do when
    there are no bounds: comparisons decide.
    """

    column_type: ClassVar[ColumnType] = ColumnType.DOUBLE
    name: str
    min_allowed_value: float | None = None
    max_allowed_value: float | None = None
    allow_nan: bool = field(default=False, metadata={"json": "allowNaN"})
    allow_infinite: bool = False

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.float64()

    def valid_mask(self, column: pa.Array) -> Mask:
        return _float_mask(column, self)

    def value_test(self) -> Callable[[Any], bool] | None:
        return _float_test(self)

    def _describe(self) -> list[str]:
        return _bounds(self.min_allowed_value, self.max_allowed_value, double_text) + _flags(self)


@java_type(_PACKAGE + "FloatMetaData", legacy="Float")
@dataclass(frozen=True)
class FloatMetaData(AbstractColumnMetaData):
    """32-bit floats; restrictions as `DoubleMetaData`."""

    column_type: ClassVar[ColumnType] = ColumnType.FLOAT
    name: str
    min_allowed_value: float | None = None
    max_allowed_value: float | None = None
    allow_nan: bool = field(default=False, metadata={"json": "allowNaN"})
    allow_infinite: bool = False

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.float32()

    def valid_mask(self, column: pa.Array) -> Mask:
        return _float_mask(column, self)

    def value_test(self) -> Callable[[Any], bool] | None:
        return _float_test(self)

    def _describe(self) -> list[str]:
        return _bounds(self.min_allowed_value, self.max_allowed_value, float_text) + _flags(self)


@java_type(_PACKAGE + "StringMetaData", legacy="String")
@dataclass(frozen=True)
class StringMetaData(AbstractColumnMetaData):
    """Text, optionally of bounded length (UTF-16 units) and matching a Java regular expression."""

    column_type: ClassVar[ColumnType] = ColumnType.STRING
    name: str
    regex: str | None = None
    min_length: int | None = None
    max_length: int | None = None

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.string()

    def valid_mask(self, column: pa.Array) -> Mask:
        if self.regex is None and self.min_length is None and self.max_length is None:
            return np.ones(len(column), bool)
        unique, codes = texts_of(column, self.name)
        return np.array([self._valid(t) for t in unique], bool)[codes]

    def value_test(self) -> Callable[[Any], bool] | None:
        unrestricted = self.regex is None and self.min_length is None and self.max_length is None
        return None if unrestricted else self._valid

    def _valid(self, text: str) -> bool:
        length = utf16_length(text)
        if self.min_length is not None and length < self.min_length:
            return False
        if self.max_length is not None and length > self.max_length:
            return False
        return self.regex is None or compile_java(self.regex).fullmatch(text) is not None

    def _describe(self) -> list[str]:
        parts = []
        if self.min_length is not None:
            parts.append(f"minLengthAllowed={self.min_length}")
        if self.max_length is not None:
            parts.append(f"maxLengthAllowed={self.max_length}")
        if self.regex is not None:
            parts.append(f"regex={self.regex}")
        return parts


@java_type(_PACKAGE + "CategoricalMetaData", legacy="Categorical")
@dataclass(frozen=True)
class CategoricalMetaData(AbstractColumnMetaData):
    """Text that is one of the listed states."""

    column_type: ClassVar[ColumnType] = ColumnType.CATEGORICAL
    name: str
    state_names: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.state_names, str):
            raise SchemaError(
                f'column "{self.name}": state_names must be a list of strings, '
                f"received the single string {self.state_names!r}"
            )
        object.__setattr__(self, "state_names", tuple(self.state_names))

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.string()

    def valid_mask(self, column: pa.Array) -> Mask:
        unique, codes = texts_of(column, self.name)
        states = set(self.state_names)
        known = np.array([t in states and t != NULL_TEXT for t in unique], bool)
        return known[codes] & _present(column) if len(unique) else np.zeros(len(column), bool)

    def value_test(self) -> Callable[[Any], bool] | None:
        return (set(self.state_names) - {NULL_TEXT}).__contains__

    def _describe(self) -> list[str]:
        return ["stateNames=[" + ",".join(f'"{s}"' for s in self.state_names) + "]"]


@java_type(_PACKAGE + "TimeMetaData", legacy="Time")
@dataclass(frozen=True)
class TimeMetaData(AbstractColumnMetaData):
    """Instants in milliseconds since 1970, shown in a time zone, optionally within bounds."""

    column_type: ClassVar[ColumnType] = ColumnType.TIME
    name: str
    time_zone: str = field(default="UTC", metadata={"optional": True})
    min_valid_time: int | None = None
    max_valid_time: int | None = None

    def __post_init__(self) -> None:
        check_zone(self.time_zone)

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.timestamp("ms", self.time_zone)

    def valid_mask(self, column: pa.Array) -> Mask:
        return _integer_mask(column, pa.int64(), self.min_valid_time, self.max_valid_time)

    def value_test(self) -> Callable[[Any], bool] | None:
        return _bounds_test(self.min_valid_time, self.max_valid_time)

    def __str__(self) -> str:
        # Deeplearning4j writes no comma between zone and bounds.
        low = "" if self.min_valid_time is None else f"minValidTime={self.min_valid_time}"
        high = "" if self.max_valid_time is None else f"maxValidTime={self.max_valid_time}"
        bounds = ",".join(b for b in (low, high) if b)
        return f'TimeMetaData(name="{self.name}",timeZone={self.time_zone}{bounds})'


@java_type(_PACKAGE + "BooleanMetaData", legacy="Boloean")
@dataclass(frozen=True)
class BooleanMetaData(AbstractColumnMetaData):
    """True or false; every value counts as valid, as in Deeplearning4j."""

    column_type: ClassVar[ColumnType] = ColumnType.BOOLEAN
    name: str

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.bool_()

    def valid_mask(self, column: pa.Array) -> Mask:
        return np.ones(len(column), bool)


@java_type(_PACKAGE + "BinaryMetaData", legacy="Binary")
@dataclass(frozen=True)
class BinaryMetaData(AbstractColumnMetaData):
    """Bytes; every value counts as valid."""

    column_type: ClassVar[ColumnType] = ColumnType.BYTES
    name: str

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.binary()

    def valid_mask(self, column: pa.Array) -> Mask:
        return np.ones(len(column), bool)


@java_type(_PACKAGE + "NDArrayMetaData", legacy="NDArray")
@dataclass(frozen=True)
class NDArrayMetaData(AbstractColumnMetaData):
    """Arrays of one shape; −1 marks a dimension of any length."""

    column_type: ClassVar[ColumnType] = ColumnType.NDARRAY
    name: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))

    @property
    def arrow_type(self) -> pa.DataType:
        return NDARRAY

    def valid_mask(self, column: pa.Array) -> Mask:
        if not is_ndarray(column.type):
            return np.zeros(len(column), bool)
        shapes = column.field("shape").to_pylist()
        return np.array([s is not None and self._fits(s) for s in shapes], bool) & _present(column)

    def _fits(self, shape: list[int]) -> bool:
        return len(shape) == len(self.shape) and all(
            want in (-1, have) for want, have in zip(self.shape, shape, strict=True)
        )

    def __str__(self) -> str:
        shape = "[" + ", ".join(map(str, self.shape)) + "]"
        flag = "true" if -1 in self.shape else "false"
        return f"NDArrayMetaData(shape={shape}, allowVarLength={flag})"


def _bounds(low: Any, high: Any, write: Any) -> list[str]:
    parts = []
    if low is not None:
        parts.append(f"minAllowed={write(low)}")
    if high is not None:
        parts.append(f"maxAllowed={write(high)}")
    return parts


def _flags(meta: DoubleMetaData | FloatMetaData) -> list[str]:
    return [
        f"allowNaN={str(meta.allow_nan).lower()}",
        f"allowInfinite={str(meta.allow_infinite).lower()}",
    ]


_UNRESTRICTED: dict[ColumnType, Any] = {
    ColumnType.STRING: StringMetaData,
    ColumnType.INTEGER: IntegerMetaData,
    ColumnType.LONG: LongMetaData,
    ColumnType.DOUBLE: DoubleMetaData,
    ColumnType.FLOAT: FloatMetaData,
    ColumnType.TIME: TimeMetaData,
    # Deeplearning4j has no Boolean factory: such columns become categories "true" and "false".
    ColumnType.BOOLEAN: lambda name: CategoricalMetaData(name, ("true", "false")),
}


def new_metadata(column_type: ColumnType, name: str) -> AbstractColumnMetaData:
    """Unrestricted metadata of a type; raises SchemaError for Categorical, NDArray and Bytes."""
    make = _UNRESTRICTED.get(column_type)
    if make is None:
        raise SchemaError(
            f'column "{name}": a {column_type.value} column cannot be made without its '
            "states or shape"
        )
    result: AbstractColumnMetaData = make(name)
    return result
