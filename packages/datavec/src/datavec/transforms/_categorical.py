"""Transforms between categories, integers and one-hot columns."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from .._choice import Choice
from .._errors import InvalidValueError, SchemaError
from .._serde import java_type
from ..columns._arrow_arrays import arrow_array, text_array
from ..columns._convert import plain_text
from ..columns._frame import Array, Frame
from ..process._action import AbstractColumnTransform, AbstractTransform, need_columns, need_type
from ..process._record_program import NoScalarForm, RecordTrace, Slot
from ..process._record_values import Kind, Unusual, arrow_kind
from ..schema._metadata import (
    AbstractColumnMetaData,
    CategoricalMetaData,
    ColumnType,
    IntegerMetaData,
)
from ..schema._schema import Schema
from ..text._java_regex import java_split
from ..writables._writable import Writable

__all__ = [
    "CategoricalToIntegerTransform",
    "CategoricalToOneHotTransform",
    "FirstDigitMode",
    "FirstDigitTransform",
    "IntegerToCategoricalTransform",
    "IntegerToOneHotTransform",
    "PivotTransform",
    "StringListToCategoricalSetTransform",
    "StringToCategoricalTransform",
]

_PACKAGE = "org.datavec.api.transform.transform.categorical."


def state_codes(frame: Frame, name: str, states: tuple[str, ...]) -> Array:
    """Each row's position in `states` (int32); raises InvalidValueError for other texts."""
    unique, codes = frame.texts(name)
    position = _positions(states)
    table = np.array([position.get(t, -1) for t in unique], np.int32)
    result = table[codes] if len(table) else np.zeros(0, np.int32)
    if len(result) and result.min() < 0:
        rows = np.flatnonzero(result < 0)
        expected = "one of " + ", ".join(map(repr, states[:20])) + ("…" if len(states) > 20 else "")
        raise InvalidValueError(name, expected, unique[codes[rows[0]]], rows.tolist())
    return result


def _positions(states: tuple[str, ...]) -> dict[str, int]:
    """The first position of each state."""
    return {s: i for i, s in reversed(list(enumerate(states)))}


def one_hot(codes: Array, count: int) -> list[pa.Array]:
    """One column of zeros and ones for each code below `count`; bytes until they leave a frame."""
    return [arrow_array((codes == i).view(np.int8)) for i in range(count)]


def _record_one_hot(
    row: RecordTrace, output: Schema, name: str, code: Slot, count: int
) -> RecordTrace:
    """`one_hot` of a single record, in the column's place."""

    def spread(i: int) -> list[int]:
        if not 0 <= i < count:
            raise Unusual
        values = [0] * count
        values[i] = 1
        return values

    return row.replaced(output, name, *row.calls([Kind.INT] * count, spread, code))


def _states(schema: Schema, name: str) -> tuple[str, ...]:
    meta = schema.metadata(name)
    return meta.state_names if isinstance(meta, CategoricalMetaData) else ()


@java_type(_PACKAGE + "CategoricalToIntegerTransform")
@dataclass(frozen=True)
class CategoricalToIntegerTransform(AbstractColumnTransform):
    """Replace categories by their position in the state list; an unknown one is an error."""

    column_name: str

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        if not isinstance(meta, CategoricalMetaData):
            raise SchemaError(
                f'CategoricalToIntegerTransform: column "{meta.name}" must be Categorical, '
                f"but is {meta.column_type.value}; use string_to_categorical first"
            )
        return IntegerMetaData(meta.name, 0, len(meta.state_names) - 1)

    def convert(self, frame: Frame, name: str) -> Array:
        return state_codes(frame, name, _states(frame.schema, name))

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        codes = _positions(_states(row.schema, self.column_name))
        return row.mapped(output, self.column_name, Kind.TEXT, codes.__getitem__, Kind.INT)


@java_type(_PACKAGE + "CategoricalToOneHotTransform")
@dataclass(frozen=True)
class CategoricalToOneHotTransform(AbstractTransform):
    """Replace a categorical column by one 0/1 column ``name[state]`` per state."""

    column_name: str

    def output_schema(self, schema: Schema) -> Schema:
        need_type(self, schema, self.column_name, ColumnType.CATEGORICAL)
        name = self.column_name
        new = [IntegerMetaData(f"{name}[{s}]", 0, 1) for s in _states(schema, name)]
        return schema.replace(name, *new)

    def reads(self, schema: Schema) -> set[str]:
        return {self.column_name}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        states = _states(frame.schema, self.column_name)
        codes = state_codes(frame, self.column_name, states)
        return frame.replaced(output, self.column_name, *one_hot(codes, len(states)))

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        name = self.column_name
        states = _states(row.schema, name)
        code = row.call(Kind.INT, _positions(states).__getitem__, row.read(name, Kind.TEXT))
        return _record_one_hot(row, output, name, code, len(states))


@java_type(_PACKAGE + "IntegerToCategoricalTransform")
@dataclass(frozen=True)
class IntegerToCategoricalTransform(AbstractColumnTransform):
    """Replace integers by state names; an integer outside the map is an error.

    Args:
        column_name: the column.
        map: integer → state name (or a list of names for 0, 1, …); the state list follows its order.
    """

    column_name: str
    map: dict[int, str]

    def __post_init__(self) -> None:
        if not isinstance(self.map, dict):
            object.__setattr__(self, "map", dict(enumerate(self.map)))

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return CategoricalMetaData(meta.name, tuple(self.map.values()))

    def convert(self, frame: Frame, name: str) -> pa.Array:
        values = frame.ints(name)
        unique, codes = np.unique(values, return_inverse=True)
        texts = [self.map.get(int(v)) for v in unique]
        if None in texts:
            bad = np.array([t is None for t in texts])[codes]
            rows = np.flatnonzero(bad)
            expected = f"one of the integers {', '.join(str(k) for k in list(self.map)[:20])}"
            raise InvalidValueError(name, expected, int(values[rows[0]]), rows.tolist())
        return pa.DictionaryArray.from_arrays(
            arrow_array(codes.astype(np.int32)), text_array(list(texts))
        )

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.mapped(output, self.column_name, Kind.INT, self.map.__getitem__, Kind.TEXT)


@java_type("org.datavec.api.transform.transform.integer.IntegerToOneHotTransform")
@dataclass(frozen=True)
class IntegerToOneHotTransform(AbstractTransform):
    """Replace an integer column by one 0/1 column ``name[i]`` for each value from min to max."""

    column_name: str
    min_value: int
    max_value: int

    def output_schema(self, schema: Schema) -> Schema:
        name = self.column_name
        need_type(self, schema, name, ColumnType.INTEGER, ColumnType.LONG)
        count = self.max_value - self.min_value + 1
        if not 1 <= count <= 1_000_000:
            raise SchemaError(
                f'IntegerToOneHotTransform on "{name}": max_value ({self.max_value}) must not be '
                f"smaller than min_value ({self.min_value}), nor a million above it"
            )
        values = range(self.min_value, self.max_value + 1)
        return schema.replace(name, *(IntegerMetaData(f"{name}[{i}]", 0, 1) for i in values))

    def reads(self, schema: Schema) -> set[str]:
        return {self.column_name}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        values = frame.ints(self.column_name)
        bad = (values < self.min_value) | (values > self.max_value)
        if bad.any():
            rows = np.flatnonzero(bad)
            raise InvalidValueError(
                self.column_name,
                f"an integer from {self.min_value} to {self.max_value}",
                int(values[rows[0]]),
                rows.tolist(),
            )
        columns = one_hot(values - self.min_value, self.max_value - self.min_value + 1)
        return frame.replaced(output, self.column_name, *columns)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        value = row.read(self.column_name, Kind.INT)
        code = row.call(Kind.INT, operator.sub, value, row.constant(Kind.INT, self.min_value))
        count = self.max_value - self.min_value + 1
        return _record_one_hot(row, output, self.column_name, code, count)


@java_type(_PACKAGE + "StringToCategoricalTransform")
@dataclass(frozen=True)
class StringToCategoricalTransform(AbstractColumnTransform):
    """Declare a text column categorical with the given states; values stay as they are."""

    column_name: str
    state_names: tuple[str, ...]

    def __post_init__(self) -> None:
        states: object = self.state_names
        if isinstance(states, str) or not self.state_names:
            raise SchemaError(
                f"StringToCategoricalTransform: state_names must be a non-empty list, "
                f"received {self.state_names!r}"
            )
        object.__setattr__(self, "state_names", tuple(self.state_names))

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return CategoricalMetaData(meta.name, self.state_names)

    def convert(self, frame: Frame, name: str) -> pa.Array:
        return frame.column(name)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.replaced(output, self.column_name, row.column(self.column_name))


@java_type("org.datavec.api.transform.transform.string.StringListToCategoricalSetTransform")
@dataclass(frozen=True)
class StringListToCategoricalSetTransform(AbstractTransform):
    """Replace a delimited list by one true/false category per token; others are an error."""

    column_name: str
    new_column_names: tuple[str, ...]
    category_tokens: tuple[str, ...]
    delimiter: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "new_column_names", tuple(self.new_column_names))
        object.__setattr__(self, "category_tokens", tuple(self.category_tokens))
        if len(self.new_column_names) != len(self.category_tokens):
            raise SchemaError(
                f"StringListToCategoricalSetTransform: {len(self.category_tokens)} tokens but "
                f"{len(self.new_column_names)} new names were given"
            )

    def output_schema(self, schema: Schema) -> Schema:
        need_type(self, schema, self.column_name, ColumnType.STRING)
        new = [CategoricalMetaData(n, ("true", "false")) for n in self.new_column_names]
        return schema.replace(self.column_name, *new)

    def reads(self, schema: Schema) -> set[str]:
        return {self.column_name}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        unique, codes = frame.texts(self.column_name)
        known = set(self.category_tokens)
        sets = []
        for i, text in enumerate(unique):
            tokens = set(java_split(text, self.delimiter)) if text else set()
            if not tokens <= known:
                rows = np.flatnonzero(codes == i)
                if len(rows):
                    raise InvalidValueError(
                        self.column_name,
                        f"tokens from {', '.join(map(repr, self.category_tokens))}",
                        text,
                        rows.tolist(),
                    )
            sets.append(tokens)
        states = pa.array(["true", "false"])
        columns = []
        for token in self.category_tokens:
            absent = np.array([token not in s for s in sets], np.int32)
            index = absent[codes] if len(sets) else np.zeros(0, np.int32)
            columns.append(pa.DictionaryArray.from_arrays(arrow_array(index), states))
        return frame.replaced(output, self.column_name, *columns)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        tokens = self.category_tokens

        def flags(text: str) -> list[str]:
            found = set(java_split(text, self.delimiter)) if text else set()
            if not found.issubset(tokens):
                raise Unusual
            return ["true" if token in found else "false" for token in tokens]

        text = row.read(self.column_name, Kind.TEXT)
        made = row.calls([Kind.TEXT] * len(tokens), flags, text)
        return row.replaced(output, self.column_name, *made)


_DEFAULTS = {
    ColumnType.STRING: Writable("Text", ""),
    ColumnType.INTEGER: Writable("Int", 0),
    ColumnType.LONG: Writable("Long", 0),
    ColumnType.DOUBLE: Writable("Double", 0.0),
    ColumnType.FLOAT: Writable("Float", 0.0),
    ColumnType.TIME: Writable("Long", 0),
    ColumnType.BOOLEAN: Writable("Text", "false"),
    ColumnType.CATEGORICAL: Writable("Null"),
}


@java_type(_PACKAGE + "PivotTransform")
@dataclass(frozen=True)
class PivotTransform(AbstractTransform):
    """Spread a value column over one column ``key[state]`` per state of a categorical column.

    The new columns stand in the key column's place and have the value column's restrictions; rows
    of another state hold the default value (of the value column's type when none is given).
    """

    key_column: str
    value_column: str
    default_value: Writable | None = None

    def output_schema(self, schema: Schema) -> Schema:
        need_type(self, schema, self.key_column, ColumnType.CATEGORICAL)
        value = schema.metadata(self.value_column)
        if self.default_value is None and value.column_type not in _DEFAULTS:
            raise SchemaError(
                f'PivotTransform: column "{value.name}" of type {value.column_type.value} needs a '
                "default_value"
            )
        key = self.key_column
        new = [value.renamed(f"{key}[{s}]") for s in _states(schema, key)]
        columns: list[AbstractColumnMetaData] = []
        for meta in schema:
            if meta.name == key:
                columns += new
            elif meta.name != self.value_column:
                columns.append(meta)
        return schema.with_columns(columns)

    def reads(self, schema: Schema) -> set[str]:
        return {self.key_column, self.value_column}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        import pyarrow.compute as pc

        states = _states(frame.schema, self.key_column)
        codes = state_codes(frame, self.key_column, states)
        values = plain_text(frame.column(self.value_column))
        default = self._default(frame.schema)
        if default.kind == "Null":
            other = pa.scalar(None, values.type)
        elif pa.types.is_string(values.type):
            other = pa.scalar(default.text())
        else:
            other = default.scalar().cast(values.type)
        new = [pc.if_else(pa.array(codes == i), values, other) for i in range(len(states))]
        return frame.with_columns(output, self._spread(frame, new))

    def _default(self, schema: Schema) -> Writable:
        if self.default_value is not None:
            return Writable.of(self.default_value)
        return _DEFAULTS[schema.metadata(self.value_column).column_type]

    def _spread(self, data: Frame | RecordTrace, new: list[Any]) -> list[Any]:
        columns: list[Any] = []
        for m, column in zip(data.schema, data.columns, strict=True):
            if m.name == self.key_column:
                columns += new
            elif m.name != self.value_column:
                columns.append(column)
        return columns

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        states = _states(row.schema, self.key_column)
        meta, value = row.schema.metadata(self.value_column), row.column(self.value_column)
        default = self._default(row.schema)
        if default.kind == "Null" or arrow_kind(meta.arrow_type) is not value.kind:
            raise NoScalarForm
        typed = default.scalar().cast(pa.int64() if value.kind is Kind.TIME else meta.arrow_type)
        other, text = typed.as_py(), default.text()

        def spread(code: int, value: Any) -> list[Any]:
            values = [text if value.__class__ is str else other] * len(states)
            values[code] = value
            return values

        code = row.call(
            Kind.INT, _positions(states).__getitem__, row.read(self.key_column, Kind.TEXT)
        )
        new = row.calls([value.kind] * len(states), spread, code, value, raw=value.raw)
        return row.with_columns(output, self._spread(row, new))


class FirstDigitMode(Choice):
    """What `FirstDigitTransform` does with a value that does not begin with a digit."""

    EXCEPTION_ON_INVALID = "EXCEPTION_ON_INVALID"
    INCLUDE_OTHER_CATEGORY = "INCLUDE_OTHER_CATEGORY"


@java_type(_PACKAGE + "FirstDigitTransform")
@dataclass(frozen=True)
class FirstDigitTransform(AbstractTransform):
    """The first digit of a value, after a minus sign if there is one, as category "0" … "9".

    The result stands directly after the input column, or replaces it when the names are equal.
    """

    input_column: str
    output_column: str
    mode: FirstDigitMode = field(default=FirstDigitMode.INCLUDE_OTHER_CATEGORY)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", FirstDigitMode(self.mode))

    def output_schema(self, schema: Schema) -> Schema:
        states = tuple("0123456789")
        if self.mode is FirstDigitMode.INCLUDE_OTHER_CATEGORY:
            states += ("Other",)
        new = CategoricalMetaData(self.output_column, states)
        if self.input_column == self.output_column:
            return schema.replace(self.input_column, new)
        need_columns(self, schema, (self.input_column,))
        return schema.replace(self.input_column, schema.metadata(self.input_column), new)

    def reads(self, schema: Schema) -> set[str]:
        return {self.input_column}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        unique, codes = frame.texts(self.input_column)
        digits = []
        for i, text in enumerate(unique):
            digit = _first_digit(text)
            if digit is None and self.mode is FirstDigitMode.EXCEPTION_ON_INVALID:
                rows = np.flatnonzero(codes == i)
                if len(rows):
                    raise InvalidValueError(
                        self.input_column, "a value that begins with a digit", text, rows.tolist()
                    )
            digits.append(digit or "Other")
        column = pa.array(digits, pa.string()).take(arrow_array(codes))
        if self.input_column == self.output_column:
            return frame.replaced(output, self.input_column, column)
        return frame.replaced(output, self.input_column, frame.column(self.input_column), column)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        def digit(text: str) -> str:
            found = _first_digit(text)
            if found is None and self.mode is FirstDigitMode.EXCEPTION_ON_INVALID:
                raise Unusual
            return found or "Other"

        made = row.call(Kind.TEXT, digit, row.read(self.input_column, Kind.TEXT))
        if self.input_column == self.output_column:
            return row.replaced(output, self.input_column, made)
        return row.replaced(output, self.input_column, row.column(self.input_column), made)


def _first_digit(text: str) -> str | None:
    first = text[1:2] if text.startswith("-") else text[:1]
    return first if first != "" and first in "0123456789" else None
