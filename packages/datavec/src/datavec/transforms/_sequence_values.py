"""Transforms that look at other steps of the same sequence."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from .._choice import Choice
from .._errors import InvalidValueError, SchemaError
from .._serde import java_type
from ..columns._arrow_arrays import arrow_array
from ..columns._frame import Array, Frame, rows_of
from ..process._action import AbstractTransform, need_columns, need_type
from ..schema._metadata import (
    AbstractColumnMetaData,
    ColumnType,
    DoubleMetaData,
    IntegerMetaData,
    new_metadata,
)
from ..schema._schema import Schema
from ..writables._writable import Writable
from ._reductions import ReduceOp, reduce_segments
from ._sequence import need_sequence, with_value

__all__ = [
    "EdgeCaseHandling",
    "EdgeHandling",
    "FirstStepMode",
    "OperationType",
    "SequenceDifferenceTransform",
    "SequenceMovingWindowReduceTransform",
    "SequenceOffsetTransform",
]

_PACKAGE = "org.datavec.api.transform.transform.sequence."


class FirstStepMode(Choice):
    """What the first steps of `SequenceDifferenceTransform` become."""

    DEFAULT = "Default"
    SPECIFIED_VALUE = "SpecifiedValue"


class EdgeCaseHandling(Choice):
    """What the first steps of `SequenceMovingWindowReduceTransform` become."""

    DEFAULT = "Default"
    SPECIFIED_VALUE = "SpecifiedValue"


class OperationType(Choice):
    """Where `SequenceOffsetTransform` puts its result."""

    IN_PLACE = "InPlace"
    NEW_COLUMN = "NewColumn"


class EdgeHandling(Choice):
    """What `SequenceOffsetTransform` does with steps that get no value."""

    TRIM_SEQUENCE = "TrimSequence"
    SPECIFIED_VALUE = "SpecifiedValue"


def _step_numbers(offsets: Array) -> Array:
    """Each row's step in its sequence, from 0."""
    return np.asarray(np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets)))


def _overwritten(
    column: pa.Array, where: Array, value: Writable, meta: AbstractColumnMetaData
) -> pa.Array:
    """A column with one value put where the mask is true."""
    extended = with_value(column, value, meta.arrow_type, meta.name)
    rows = np.where(where, len(column), np.arange(len(column)))
    return extended.take(arrow_array(rows))


@java_type(_PACKAGE + "SequenceDifferenceTransform")
@dataclass(frozen=True)
class SequenceDifferenceTransform(AbstractTransform):
    """Replace x[t] by x[t] − x[max(0, t − lookback)], under a new name if one is given.

    With SpecifiedValue the first `lookback` steps get a fixed value. (Deeplearning4j compares the
    column's position instead of the step with `lookback` there.)
    """

    column_name: str
    new_column_name: str | None = None
    lookback: int = 1
    first_step_mode: FirstStepMode = field(
        default=FirstStepMode.DEFAULT, metadata={"optional": True}
    )
    specified_value_writable: Writable | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "first_step_mode", FirstStepMode(self.first_step_mode))
        if self.new_column_name is None:
            object.__setattr__(self, "new_column_name", self.column_name)
        if self.lookback < 1:
            raise SchemaError("SequenceDifferenceTransform: lookback must be positive")
        if self.specified_value_writable is not None:
            value = Writable.of(self.specified_value_writable)
            object.__setattr__(self, "specified_value_writable", value)
        elif self.first_step_mode is FirstStepMode.SPECIFIED_VALUE:
            raise SchemaError("SequenceDifferenceTransform: SpecifiedValue needs a value")

    def output_schema(self, schema: Schema) -> Schema:
        need_sequence(self, schema)
        kinds = (
            ColumnType.INTEGER,
            ColumnType.LONG,
            ColumnType.DOUBLE,
            ColumnType.FLOAT,
            ColumnType.TIME,
        )
        kind = need_type(self, schema, self.column_name, *kinds).column_type
        kind = ColumnType.LONG if kind is ColumnType.TIME else kind
        return schema.replace(self.column_name, new_metadata(kind, self.new_column_name or ""))

    def reads(self, schema: Schema) -> set[str]:
        return {self.column_name}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        offsets = frame.need_offsets(type(self).__name__)
        name = self.column_name
        meta = output.metadata(self.new_column_name or "")
        read = {
            ColumnType.INTEGER: frame.ints,
            ColumnType.LONG: frame.longs,
            ColumnType.DOUBLE: frame.doubles,
            ColumnType.FLOAT: frame.floats,
        }[meta.column_type]
        values = read(name)
        steps = _step_numbers(offsets)
        back = np.arange(len(values)) - np.minimum(steps, self.lookback)
        with np.errstate(all="ignore"):
            result = pa.array(values - values[back])
        if self.first_step_mode is FirstStepMode.SPECIFIED_VALUE:
            value = self.specified_value_writable or Writable("Null")
            result = _overwritten(result, steps < self.lookback, value, meta)
        return frame.replaced(output, name, result)


@java_type(_PACKAGE + "SequenceOffsetTransform")
@dataclass(frozen=True)
class SequenceOffsetTransform(AbstractTransform):
    """Shift columns along the sequence: the value at step s is the input at s − offset_amount.

    A new column stands directly after its source as ``sequenceOffset(n,col)``; in place, the column
    gets that name. (Deeplearning4j's schema then lacks the column.)
    """

    columns_to_offset: tuple[str, ...]
    offset_amount: int
    operation_type: OperationType = OperationType.NEW_COLUMN
    edge_handling: EdgeHandling = EdgeHandling.TRIM_SEQUENCE
    edge_case_value: Writable | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns_to_offset", tuple(self.columns_to_offset))
        object.__setattr__(self, "operation_type", OperationType(self.operation_type))
        object.__setattr__(self, "edge_handling", EdgeHandling(self.edge_handling))
        if self.edge_case_value is not None:
            object.__setattr__(self, "edge_case_value", Writable.of(self.edge_case_value))
        elif self.edge_handling is EdgeHandling.SPECIFIED_VALUE:
            raise SchemaError("SequenceOffsetTransform: SpecifiedValue needs an edge_case_value")

    def output_schema(self, schema: Schema) -> Schema:
        need_sequence(self, schema)
        need_columns(self, schema, self.columns_to_offset)
        columns: list[AbstractColumnMetaData] = []
        for meta in schema:
            shifted = meta.name in self.columns_to_offset
            if not shifted or self.operation_type is OperationType.NEW_COLUMN:
                columns.append(meta)
            if shifted:
                columns.append(meta.renamed(f"sequenceOffset({self.offset_amount},{meta.name})"))
        return schema.with_columns(columns)

    def reads(self, schema: Schema) -> set[str]:
        return set(self.columns_to_offset)

    def apply(self, frame: Frame, output: Schema) -> Frame:
        offsets = frame.need_offsets(type(self).__name__)
        source = np.arange(frame.num_rows) - self.offset_amount
        steps = _step_numbers(offsets) - self.offset_amount
        outside = (steps < 0) | (steps >= np.repeat(np.diff(offsets), np.diff(offsets)))
        index = pa.array(np.where(outside, 0, source), mask=outside)
        columns: list[pa.Array] = []
        for meta, column in zip(frame.schema, frame.columns, strict=True):
            if meta.name not in self.columns_to_offset:
                columns.append(column)
                continue
            shifted = column.take(index)
            if self.edge_handling is EdgeHandling.SPECIFIED_VALUE:
                value = self.edge_case_value or Writable("Null")
                shifted = _overwritten(shifted, outside, value, meta)
            new = [shifted]
            if self.operation_type is OperationType.NEW_COLUMN:
                new = [column, shifted]
            columns += new
        result = frame.with_columns(output, columns)
        if self.edge_handling is EdgeHandling.SPECIFIED_VALUE:
            return result
        starts, stops = offsets[:-1], offsets[1:]
        if self.offset_amount > 0:
            starts = np.minimum(starts + self.offset_amount, stops)
        else:
            stops = np.maximum(stops + self.offset_amount, starts)
        return result.take_rows(*rows_of(starts, stops))


_SAME = (ReduceOp.MIN, ReduceOp.MAX, ReduceOp.RANGE, ReduceOp.TAKE_FIRST, ReduceOp.TAKE_LAST)
_DOUBLE = (ReduceOp.PROD, ReduceOp.SUM, ReduceOp.MEAN, ReduceOp.STDEV)
_INTEGER = (ReduceOp.COUNT, ReduceOp.COUNT_UNIQUE)


@java_type(_PACKAGE + "SequenceMovingWindowReduceTransform")
@dataclass(frozen=True)
class SequenceMovingWindowReduceTransform(AbstractTransform):
    """Reduce the last `lookback` steps, fewer at the start, into a new column at the end.

    With SpecifiedValue the first ``lookback − 1`` steps get a fixed value instead.
    """

    column_name: str
    lookback: int
    op: ReduceOp
    new_column_name: str | None = None
    edge_case_handling: EdgeCaseHandling = field(
        default=EdgeCaseHandling.DEFAULT, metadata={"optional": True}
    )
    edge_case_value: Writable | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "op", ReduceOp(self.op))
        object.__setattr__(self, "edge_case_handling", EdgeCaseHandling(self.edge_case_handling))
        if self.new_column_name is None:
            name = f"{self.op.value.lower()}({self.lookback},{self.column_name})"
            object.__setattr__(self, "new_column_name", name)
        if self.lookback < 1:
            raise SchemaError("SequenceMovingWindowReduceTransform: lookback must be positive")
        if self.op not in (*_SAME, *_DOUBLE, *_INTEGER):
            raise SchemaError(
                f"SequenceMovingWindowReduceTransform: {self.op.value} is not offered"
            )
        if self.edge_case_value is not None:
            object.__setattr__(self, "edge_case_value", Writable.of(self.edge_case_value))
        elif self.edge_case_handling is EdgeCaseHandling.SPECIFIED_VALUE:
            raise SchemaError("SequenceMovingWindowReduceTransform: SpecifiedValue needs a value")

    def output_schema(self, schema: Schema) -> Schema:
        need_sequence(self, schema)
        meta = schema.metadata(self.column_name)
        name = self.new_column_name or ""
        new: AbstractColumnMetaData
        if self.op in _SAME:
            new = meta.renamed(name)
        else:
            new = IntegerMetaData(name) if self.op in _INTEGER else DoubleMetaData(name)
        return schema.with_columns((*schema.columns, new))

    def reads(self, schema: Schema) -> set[str]:
        return {self.column_name}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        offsets = frame.need_offsets(type(self).__name__)
        steps = _step_numbers(offsets)
        ends = np.arange(frame.num_rows) + 1
        rows, windows = rows_of(ends - np.minimum(steps + 1, self.lookback), ends)
        meta = frame.schema.metadata(self.column_name)
        try:
            expanded = frame.column(self.column_name).take(arrow_array(rows))
            result = reduce_segments(self.op, expanded, meta, windows)
        except InvalidValueError as e:  # rows were counted in the windows
            bad = np.unique(rows[np.asarray(e.rows, int)]).tolist()
            raise InvalidValueError(e.column, e.expected, e.value, bad) from None
        if self.edge_case_handling is EdgeCaseHandling.SPECIFIED_VALUE:
            value = self.edge_case_value or Writable("Null")
            new = output.metadata(self.new_column_name or "")
            result = _overwritten(result, steps < self.lookback - 1, value, new)
        return frame.appended(output, result)
