"""Conversions of a column to another type, and replacing values that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import SchemaError
from .._serde import java_type
from ..columns._arrow_arrays import arrow_array, numpy_array
from ..columns._convert import as_double, as_text, is_text, plain_text, to_type
from ..columns._frame import Array, Frame
from ..process._action import AbstractColumnTransform, AbstractTransform
from ..process._record_program import NoScalarForm, RecordTrace, value_test
from ..process._record_values import Kind
from ..schema._metadata import (
    AbstractColumnMetaData,
    ColumnType,
    DoubleMetaData,
    FloatMetaData,
    IntegerMetaData,
    StringMetaData,
)
from ..schema._schema import Schema

__all__ = [
    "ConvertToDouble",
    "ConvertToFloat",
    "ConvertToInteger",
    "ConvertToString",
    "ParseDoubleTransform",
    "ReplaceEmptyIntegerWithValueTransform",
    "ReplaceInvalidWithIntegerTransform",
]

_PACKAGE = "org.datavec.api.transform.transform."


@java_type(_PACKAGE + "doubletransform.ConvertToDouble")
@dataclass(frozen=True)
class ConvertToDouble(AbstractColumnTransform):
    """Convert any column with numeric values to an unrestricted Double column."""

    column_name: str

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return DoubleMetaData(meta.name)

    def convert(self, frame: Frame, name: str) -> Array:
        return frame.doubles(name)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.replaced(output, self.column_name, row.read(self.column_name, Kind.DOUBLE))


@java_type(_PACKAGE + "floattransform.ConvertToFloat")
@dataclass(frozen=True)
class ConvertToFloat(AbstractColumnTransform):
    """Convert any column with numeric values to an unrestricted Float column.

    Deeplearning4j fails on Double columns here; this works.
    """

    column_name: str

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return FloatMetaData(meta.name)

    def convert(self, frame: Frame, name: str) -> Array:
        return frame.floats(name)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.replaced(output, self.column_name, row.read(self.column_name, Kind.FLOAT))


@java_type(_PACKAGE + "integer.ConvertToInteger")
@dataclass(frozen=True)
class ConvertToInteger(AbstractColumnTransform):
    """Convert to an unrestricted Integer column; fractions are cut, text must be an integer."""

    column_name: str

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return IntegerMetaData(meta.name)

    def convert(self, frame: Frame, name: str) -> Array:
        return frame.ints(name)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.replaced(output, self.column_name, row.read(self.column_name, Kind.INT))


@java_type(_PACKAGE + "string.ConvertToString", legacy="ConvertToStringTransform")
@dataclass(frozen=True)
class ConvertToString(AbstractColumnTransform):
    """Convert to an unrestricted String column, numbers as Java writes them (``1.0E10``)."""

    column_name: str

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return StringMetaData(meta.name)

    def convert(self, frame: Frame, name: str) -> pa.Array:
        return as_text(frame.column(name), name)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.replaced(output, self.column_name, row.read(self.column_name, Kind.TEXT))


@java_type(_PACKAGE + "parse.ParseDoubleTransform")
@dataclass(frozen=True)
class ParseDoubleTransform(AbstractTransform):
    """Turn every String column into a Double column; missing values stay missing."""

    def _columns(self, schema: Schema) -> list[str]:
        return [m.name for m in schema if m.column_type is ColumnType.STRING]

    def output_schema(self, schema: Schema) -> Schema:
        for name in self._columns(schema):
            schema = schema.replace(name, DoubleMetaData(name))
        return schema

    def reads(self, schema: Schema) -> set[str]:
        return set(self._columns(schema))

    def apply(self, frame: Frame, output: Schema) -> Frame:
        parse = set(self._columns(frame.schema))
        columns = [
            _parsed(frame, m.name) if m.name in parse else c
            for m, c in zip(frame.schema, frame.columns, strict=True)
        ]
        return frame.with_columns(output, columns)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        parse = set(self._columns(row.schema))
        columns = [
            row.converted(slot, Kind.DOUBLE) if m.name in parse else slot
            for m, slot in zip(row.schema, row.columns, strict=True)
        ]
        return row.with_columns(output, columns)


def _parsed(frame: Frame, name: str) -> pa.Array:
    column = frame.column(name)
    if not column.null_count:
        return pa.array(frame.doubles(name))
    if pa.types.is_null(column.type):
        return column.cast(pa.float64())
    # `as_text` gives a name to what is missing.
    filled = pc.if_else(column.is_valid(), plain_text(as_text(column, name)), "0")
    return pa.array(as_double(filled, name), mask=numpy_array(column.is_null()))


class AbstractIntegerReplacement(AbstractColumnTransform):
    """Put a number where a value does not qualify."""

    value: int

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        if meta.column_type is not ColumnType.INTEGER:
            raise SchemaError(
                f'{type(self).__name__}: column "{meta.name}" must be of type Integer, '
                f"but is {meta.column_type.value}"
            )
        return meta

    def wants_text(self, schema: Schema) -> set[str]:
        return {self.column_name}

    def _replaced(self, column: pa.Array, name: str, where: Array) -> pa.Array:
        # Only what remains is parsed; what is replaced need not be a number.
        kept = pc.if_else(arrow_array(where), None, plain_text(column))
        parsed = to_type(kept, pa.int32(), name, "keep")
        if is_text(parsed.type):  # left for steps that can work with it
            return pc.if_else(arrow_array(where), str(self.value), kept)
        return pc.if_else(arrow_array(where), pa.scalar(self.value, pa.int32()), parsed)

    def _chosen(self, row: RecordTrace, output: Schema, test: Callable[[Any], bool]) -> RecordTrace:
        slot = row.column(self.column_name)
        if not -(1 << 31) <= self.value < 1 << 31:
            raise NoScalarForm
        value = row.constant(Kind.INT, self.value)
        made = row.choose(row.call(Kind.BOOLEAN, test, slot), value, slot)
        return row.replaced(output, self.column_name, made)


@java_type(_PACKAGE + "integer.ReplaceEmptyIntegerWithValueTransform")
@dataclass(frozen=True)
class ReplaceEmptyIntegerWithValueTransform(AbstractIntegerReplacement):
    """Put `value` where an Integer column holds an empty text."""

    column_name: str
    value: int

    def convert(self, frame: Frame, name: str) -> pa.Array:
        column = frame.column(name)
        unique, codes = frame.texts(name)
        empty = np.array([t == "" for t in unique], bool)[codes]
        return self._replaced(column, name, empty) if empty.any() else column

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return self._chosen(row, output, lambda v: v == "")


@java_type(_PACKAGE + "integer.ReplaceInvalidWithIntegerTransform")
@dataclass(frozen=True)
class ReplaceInvalidWithIntegerTransform(AbstractIntegerReplacement):
    """Put `value` where an Integer column holds something its metadata does not allow."""

    column_name: str
    value: int

    def convert(self, frame: Frame, name: str) -> pa.Array:
        column = frame.column(name)
        invalid = ~frame.schema.metadata(name).valid_mask(column)
        return self._replaced(column, name, invalid) if invalid.any() else column

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        valid = value_test(row.schema.metadata(self.column_name), row.column(self.column_name).kind)
        return self._chosen(row, output, lambda v: not valid(v))
