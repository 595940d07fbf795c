"""Conditions on the values of one column."""

from __future__ import annotations

import math
import operator
from abc import abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import SchemaError
from .._serde import java_type
from ..columns._arrow_arrays import numpy_array
from ..columns._convert import as_text
from ..columns._frame import Array, Frame
from ..schema._metadata import ColumnType
from ..schema._schema import Schema
from ..text._java_regex import compile_java
from ._action import need_type
from ._condition import (
    COMPARISONS,
    AbstractColumnCondition,
    ConditionOp,
    SequenceConditionMode,
    compared,
)
from ._record_program import RecordTrace, Slot, value_test
from ._record_values import Kind, Unusual

__all__ = [
    "BooleanColumnCondition",
    "CategoricalColumnCondition",
    "DoubleColumnCondition",
    "FloatColumnCondition",
    "InfiniteColumnCondition",
    "IntegerColumnCondition",
    "InvalidValueColumnCondition",
    "LongColumnCondition",
    "NaNColumnCondition",
    "NullWritableColumnCondition",
    "StringColumnCondition",
    "StringRegexColumnCondition",
    "TimeColumnCondition",
    "TrivialColumnCondition",
]

_DTYPE: dict[Kind, Any] = {
    Kind.INT: np.int32,
    Kind.LONG: np.int64,
    Kind.DOUBLE: np.float64,
    Kind.FLOAT: np.float32,
}
_COLUMN = "org.datavec.api.transform.condition.column."


def _mode() -> Any:
    return field(default=SequenceConditionMode.OR, metadata={"json": None}, repr=False)


def _check_op(condition: Any, *, text: bool) -> None:
    """Complete the fields of a value condition: op by name, `value` or `set`, not both."""
    name = type(condition).__name__
    op = ConditionOp(condition.op)
    object.__setattr__(condition, "op", op)
    object.__setattr__(condition, "mode", SequenceConditionMode(condition.mode))
    is_set = op in (ConditionOp.IN_SET, ConditionOp.NOT_IN_SET)
    if (
        is_set
        and condition.members is None
        and isinstance(condition.value, (list, tuple, set, frozenset))
    ):
        object.__setattr__(condition, "members", condition.value)
        object.__setattr__(condition, "value", None)
    if is_set:
        if condition.members is None or isinstance(condition.members, str):
            raise SchemaError(
                f"{name}: {op.value} needs a set of values, received {condition.members!r}"
            )
        object.__setattr__(condition, "members", tuple(condition.members))
        object.__setattr__(condition, "value", None)
    else:
        object.__setattr__(condition, "members", None)
        if condition.value is None:
            raise SchemaError(f"{name}: {op.value} needs a value")
    if not text:
        for value in condition.members if is_set else (condition.value,):
            try:
                float(value)
            except (TypeError, ValueError):
                raise SchemaError(f"{name}: expected numbers, received {value!r:.80}") from None
    if text and op not in (
        ConditionOp.EQUAL,
        ConditionOp.NOT_EQUAL,
        ConditionOp.IN_SET,
        ConditionOp.NOT_IN_SET,
    ):
        raise SchemaError(f"{name}: text cannot be compared by {op.value}; use Equal or InSet")


def _as_dtype(value: Any, dtype: Any) -> Any:
    """A constant in the type of a column; beyond the largest 32-bit float it is infinite."""
    with np.errstate(over="ignore"):
        return dtype(value)


def _in_set(values: Array, members: tuple[Any, ...]) -> Array:
    """Membership by Java's boxed equality: NaN is in a set holding NaN, -0.0 is not 0.0."""
    with np.errstate(over="ignore"):
        wanted = np.array(members, values.dtype)
    if values.dtype.kind != "f":
        return np.isin(values, wanted)
    bits = np.int32 if values.dtype == np.float32 else np.int64
    nan = np.array(np.nan, values.dtype)
    plain = np.where(np.isnan(values), nan, values)
    return np.isin(plain.view(bits), np.where(np.isnan(wanted), nan, wanted).view(bits))


def _member_test(members: tuple[Any, ...], dtype: Any) -> Callable[[Any], bool]:
    """`_in_set` of one number."""
    with np.errstate(over="ignore"):
        known = frozenset(np.array(members, dtype).tolist())
    if np.dtype(dtype).kind != "f":
        return known.__contains__

    def test(value: float) -> bool:
        if value != value or value == 0:
            raise Unusual
        return value in known

    return test


if TYPE_CHECKING:
    # A dataclass's own __init__ would say that options are what is kept of them.
    class _AbstractValueCondition(AbstractColumnCondition):
        def __init__(
            self,
            column_name: str,
            op: ConditionOp | str,
            value: Any = None,
            members: Collection[Any] | None = None,
            mode: SequenceConditionMode | str = "Or",
        ) -> None: ...

    def _value_condition(cls: type[Any]) -> type[Any]: ...

else:
    _AbstractValueCondition = AbstractColumnCondition
    _value_condition = dataclass(frozen=True)


class _AbstractNumberCondition(_AbstractValueCondition):
    kind: ClassVar[Kind]
    op: ConditionOp
    value: Any
    members: tuple[Any, ...] | None

    def __post_init__(self) -> None:
        _check_op(self, text=False)

    @abstractmethod
    def values(self, frame: Frame) -> Array:
        """The column's numbers."""

    def mask(self, frame: Frame) -> Array:
        values = self.values(frame)
        if self.members is not None:
            found = _in_set(values, self.members)
            return found if self.op is ConditionOp.IN_SET else ~found
        return compared(self.op, values, _as_dtype(self.value, values.dtype.type))

    def record_test(self, row: RecordTrace) -> Slot:
        value, dtype = row.read(self.column_name, self.kind), _DTYPE[self.kind]
        if self.members is not None:
            found = row.call(Kind.BOOLEAN, _member_test(self.members, dtype), value)
            return found if self.op is ConditionOp.IN_SET else negated(row, found)
        other = row.constant(self.kind, _as_dtype(self.value, dtype).item())
        return row.call(Kind.BOOLEAN, COMPARISONS[self.op], value, other)


@java_type(_COLUMN + "IntegerColumnCondition")
@_value_condition
class IntegerColumnCondition(_AbstractNumberCondition):
    """Compare a column, read as 32-bit integers.

    >>> IntegerColumnCondition("age", ">=", 18).op.value
    'GreaterOrEqual'
    """

    kind: ClassVar[Kind] = Kind.INT
    column_name: str
    op: ConditionOp
    value: int | None = None
    members: tuple[int, ...] | None = field(default=None, metadata={"json": "set"})
    mode: SequenceConditionMode = _mode()

    def values(self, frame: Frame) -> Array:
        return frame.ints(self.column_name)


@java_type(_COLUMN + "LongColumnCondition")
@_value_condition
class LongColumnCondition(_AbstractNumberCondition):
    """Compare a column, read as 64-bit integers."""

    kind: ClassVar[Kind] = Kind.LONG
    column_name: str
    op: ConditionOp
    value: int | None = None
    members: tuple[int, ...] | None = field(default=None, metadata={"json": "set"})
    mode: SequenceConditionMode = _mode()

    def values(self, frame: Frame) -> Array:
        return frame.longs(self.column_name)


@java_type(_COLUMN + "DoubleColumnCondition")
@_value_condition
class DoubleColumnCondition(_AbstractNumberCondition):
    """Compare a column, read as 64-bit floats; with NaN only NotEqual holds."""

    kind: ClassVar[Kind] = Kind.DOUBLE
    column_name: str
    op: ConditionOp
    value: float | None = None
    members: tuple[float, ...] | None = field(default=None, metadata={"json": "set"})
    mode: SequenceConditionMode = _mode()

    def values(self, frame: Frame) -> Array:
        return frame.doubles(self.column_name)


@java_type(_COLUMN + "FloatColumnCondition")
@_value_condition
class FloatColumnCondition(_AbstractNumberCondition):
    """Compare a column, read as 32-bit floats."""

    kind: ClassVar[Kind] = Kind.FLOAT
    column_name: str
    op: ConditionOp
    value: float | None = None
    members: tuple[float, ...] | None = field(default=None, metadata={"json": "set"})
    mode: SequenceConditionMode = _mode()

    def values(self, frame: Frame) -> Array:
        return frame.floats(self.column_name)


@java_type(_COLUMN + "TimeColumnCondition")
@_value_condition
class TimeColumnCondition(_AbstractNumberCondition):
    """Compare instants, given in ms since 1970."""

    kind: ClassVar[Kind] = Kind.LONG
    column_name: str
    op: ConditionOp
    value: int | None = None
    members: tuple[int, ...] | None = field(default=None, metadata={"json": "set"})
    mode: SequenceConditionMode = _mode()

    def values(self, frame: Frame) -> Array:
        return frame.longs(self.column_name)


def negated(row: RecordTrace, test: Slot) -> Slot:
    """The opposite of a test of one record."""
    return row.call(Kind.BOOLEAN, operator.not_, test)


class _AbstractTextCondition(_AbstractValueCondition):
    op: ConditionOp
    value: str | None
    members: tuple[str, ...] | None

    def __post_init__(self) -> None:
        _check_op(self, text=True)

    def mask(self, frame: Frame) -> Array:
        texts = as_text(frame.column(self.column_name), self.column_name)
        wanted = pa.array(self.members if self.members is not None else [self.value], pa.string())
        if pa.types.is_dictionary(texts.type):
            found = pc.is_in(texts.dictionary, wanted).take(texts.indices)
        elif len(wanted) == 1:
            found = pc.equal(texts, wanted[0])
        else:
            found = pc.is_in(texts, wanted)
        result = numpy_array(found)
        return np.asarray(result if self._wants_members else ~result)

    @property
    def _wants_members(self) -> bool:
        return self.op in (ConditionOp.EQUAL, ConditionOp.IN_SET)

    def record_test(self, row: RecordTrace) -> Slot:
        wanted = frozenset(self.members if self.members is not None else [self.value])
        found = row.call(Kind.BOOLEAN, wanted.__contains__, row.read(self.column_name, Kind.TEXT))
        return found if self._wants_members else negated(row, found)


@java_type(_COLUMN + "StringColumnCondition")
@_value_condition
class StringColumnCondition(_AbstractTextCondition):
    """Compare a column's texts (Equal, NotEqual, InSet, NotInSet)."""

    column_name: str
    op: ConditionOp
    value: str | None = None
    members: tuple[str, ...] | None = field(default=None, metadata={"json": "set"})
    mode: SequenceConditionMode = _mode()


@java_type(_COLUMN + "CategoricalColumnCondition")
@_value_condition
class CategoricalColumnCondition(_AbstractTextCondition):
    """Compare a column's categories (Equal, NotEqual, InSet, NotInSet)."""

    column_name: str
    op: ConditionOp
    value: str | None = None
    members: tuple[str, ...] | None = field(default=None, metadata={"json": "set"})
    mode: SequenceConditionMode = _mode()


@java_type("org.datavec.api.transform.condition.string.StringRegexColumnCondition")
@dataclass(frozen=True)
class StringRegexColumnCondition(AbstractColumnCondition):
    """True where the whole text matches a Java regular expression."""

    column_name: str
    regex: str
    mode: SequenceConditionMode = _mode()

    def check(self, schema: Schema) -> None:
        super().check(schema)
        compile_java(self.regex)

    def mask(self, frame: Frame) -> Array:
        unique, codes = frame.texts(self.column_name)
        match = compile_java(self.regex).fullmatch
        return np.array([match(t) is not None for t in unique], bool)[codes]

    def record_test(self, row: RecordTrace) -> Slot:
        match = compile_java(self.regex).fullmatch
        text = row.read(self.column_name, Kind.TEXT)
        return row.call(Kind.BOOLEAN, lambda t: match(t) is not None, text)


@java_type(_COLUMN + "BooleanColumnCondition")
@dataclass(frozen=True)
class BooleanColumnCondition(AbstractColumnCondition):
    """True where a Boolean column is true."""

    column_name: str
    mode: SequenceConditionMode = _mode()

    def check(self, schema: Schema) -> None:
        need_type(self, schema, self.column_name, ColumnType.BOOLEAN)

    def mask(self, frame: Frame) -> Array:
        return np.asarray(frame.ints(self.column_name) != 0)

    def record_test(self, row: RecordTrace) -> Slot:
        return row.call(Kind.BOOLEAN, bool, row.read(self.column_name, Kind.INT))


@java_type(_COLUMN + "NaNColumnCondition")
@dataclass(frozen=True)
class NaNColumnCondition(AbstractColumnCondition):
    """True where the number is NaN."""

    column_name: str
    mode: SequenceConditionMode = _mode()

    def mask(self, frame: Frame) -> Array:
        return np.isnan(frame.doubles(self.column_name))

    def record_test(self, row: RecordTrace) -> Slot:
        return row.call(Kind.BOOLEAN, math.isnan, row.read(self.column_name, Kind.DOUBLE))


@java_type(_COLUMN + "InfiniteColumnCondition")
@dataclass(frozen=True)
class InfiniteColumnCondition(AbstractColumnCondition):
    """True where the number is infinite."""

    column_name: str
    mode: SequenceConditionMode = _mode()

    def mask(self, frame: Frame) -> Array:
        return np.isinf(frame.doubles(self.column_name))

    def record_test(self, row: RecordTrace) -> Slot:
        return row.call(Kind.BOOLEAN, math.isinf, row.read(self.column_name, Kind.DOUBLE))


def _present(value: Any) -> bool:
    return False


@java_type(_COLUMN + "NullWritableColumnCondition")
@dataclass(frozen=True)
class NullWritableColumnCondition(AbstractColumnCondition):
    """True where the value is missing."""

    column_name: str
    mode: SequenceConditionMode = _mode()

    def mask(self, frame: Frame) -> Array:
        column = frame.column(self.column_name)
        return np.asarray(numpy_array(column.is_null()), bool)

    def record_test(self, row: RecordTrace) -> Slot:
        # Having been looked at, a missing value is left to the columns: here there is none.
        return row.call(Kind.BOOLEAN, _present, row.column(self.column_name))


@java_type(_COLUMN + "InvalidValueColumnCondition")
@dataclass(frozen=True)
class InvalidValueColumnCondition(AbstractColumnCondition):
    """True where the value does not satisfy the column's type and restrictions."""

    column_name: str
    mode: SequenceConditionMode = _mode()

    def wants_text(self) -> set[str]:
        return {self.column_name}

    def mask(self, frame: Frame) -> Array:
        meta = frame.schema.metadata(self.column_name)
        return ~meta.valid_mask(frame.column(self.column_name))

    def record_test(self, row: RecordTrace) -> Slot:
        slot = row.column(self.column_name)
        valid = value_test(row.schema.metadata(self.column_name), slot.kind)
        return negated(row, row.call(Kind.BOOLEAN, valid, slot))


@java_type(_COLUMN + "TrivialColumnCondition")
@dataclass(frozen=True)
class TrivialColumnCondition(AbstractColumnCondition):
    """True for every record."""

    column_name: str = field(metadata={"also": ("name",)})
    mode: SequenceConditionMode = _mode()

    def mask(self, frame: Frame) -> Array:
        return np.ones(frame.num_rows, bool)

    def record_test(self, row: RecordTrace) -> Slot:
        return row.constant(Kind.BOOLEAN, True)
