"""Transforms that parse, shift and take apart times."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._choice import Choice
from .._errors import InvalidValueError, SchemaError, SerializationError
from .._serde import java_type
from ..columns._arrow_arrays import arrow_array, numpy_array
from ..columns._convert import as_text
from ..columns._frame import Array, Frame
from ..process._action import AbstractColumnTransform, AbstractTransform, need_columns, need_type
from ..process._record_program import RecordTrace
from ..process._record_values import Kind, Unusual
from ..schema._metadata import (
    AbstractColumnMetaData,
    ColumnType,
    IntegerMetaData,
    StringMetaData,
    TimeMetaData,
)
from ..schema._schema import Schema
from ..text._calendar_fields import calendar_field, calendar_field_of, field_names
from ..text._joda import BadTime, date_format
from ..text._joda_columns import parse_column, unwritable, write_column
from ..text._zones import check_zone
from ._arithmetic import MathOp, math_op, record_math_op

__all__ = [
    "DeriveColumnsFromTimeTransform",
    "DerivedColumn",
    "StringToTimeTransform",
    "TimeMathOpTransform",
    "TimeUnit",
]

_PACKAGE = "org.datavec.api.transform.transform.time."
_BUILT_IN = (
    "YYYY-MM-dd'T'HH:mm:ss",
    "YYYY-MM-dd",
    "YYYY-MM-dd'T'HH:mm:ss'Z'",
    "YYYY-MM-dd'T'HH:mm:ssZ",
    "YYYY-MM-dd'T'HH:mm:ss.SSS'Z'",
    "YYYY-MM-dd'T'HH:mm:ss.SSSZ",
    "YYYY-MM-dd HH:mm:ss",
    "MM/dd/YYYY HH:mm:ss",
    "MM/dd/YYYY'T'HH:mm:ss.SSS'Z'",
    "MM/dd/YYYY'T'HH:mm:ss.SSSZ",
    "MM/dd/YYYY'T'HH:mm:ss.SSS",
    "MM/dd/YYYY'T'HH:mm:ssZ",
    "MM/dd/YYYY'T'HH:mm:ss",
    "YYYY:MM:dd HH:mm:ss",
    "YYYYMMdd",
    "MM/dd/YYYY HH:mm",
)
_FRACTION = re.compile(r"\.[0-9]+")


def _plain(text: str) -> str:
    """A text for the built-in patterns: without fractions of seconds and quotes around T."""
    return _FRACTION.sub("", text).replace("'T'", "T")


class TimeUnit(Choice):
    """Units of durations, by their Java names."""

    NANOSECONDS = "NANOSECONDS"
    MICROSECONDS = "MICROSECONDS"
    MILLISECONDS = "MILLISECONDS"
    SECONDS = "SECONDS"
    MINUTES = "MINUTES"
    HOURS = "HOURS"
    DAYS = "DAYS"

    def to_millis(self, quantity: int) -> int:
        """A duration in whole milliseconds; smaller units are cut toward zero."""
        if self in (TimeUnit.NANOSECONDS, TimeUnit.MICROSECONDS):
            divisor = 1_000_000 if self is TimeUnit.NANOSECONDS else 1000
            whole = abs(quantity) // divisor
            return -whole if quantity < 0 else whole
        factors = {"MILLISECONDS": 1, "SECONDS": 1000, "MINUTES": 60_000, "HOURS": 3_600_000}
        return quantity * factors.get(self.value, 86_400_000)


@java_type(_PACKAGE + "StringToTimeTransform")
@dataclass(frozen=True)
class StringToTimeTransform(AbstractColumnTransform):
    """Parse text to times.

    Args:
        column_name: a text column.
        time_format: Joda pattern such as ``yyyy-MM-dd HH:mm:ss``; None tries 16 common ones.
        time_zone: zone of the texts that name none, and of the column.
        locale: language of month and day names, ``en`` (default) or ``de``.
        min_valid_time: bound in the column's metadata, ms since 1970.
        max_valid_time: likewise.
    """

    column_name: str
    time_format: str | None = None
    time_zone: str = "UTC"
    locale: str | None = None
    min_valid_time: int | None = None
    max_valid_time: int | None = None

    def __post_init__(self) -> None:
        check_zone(self.time_zone)
        if self.time_format is not None:
            date_format(self.time_format, self.locale)

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return TimeMetaData(meta.name, self.time_zone, self.min_valid_time, self.max_valid_time)

    def convert(self, frame: Frame, name: str) -> pa.Array:
        texts = as_text(frame.column(name), name)
        instants, left = self._fixed(texts)
        if len(left):
            rest = texts.take(arrow_array(left))
            if not pa.types.is_dictionary(rest.type):
                rest = rest.dictionary_encode()
            parsed, failed = self._parse(pc.utf8_trim_whitespace(rest.dictionary))
            codes = numpy_array(rest.indices)
            instants[left] = parsed[codes]
            bad = left[failed[codes]]
            if len(bad):
                expected = f"a time of the form {self.time_format or 'of a common pattern'}"
                expected += f" in {self.time_zone}"
                raise InvalidValueError(name, expected, texts[int(bad[0])].as_py(), bad.tolist())
        return arrow_array(instants).cast(pa.timestamp("ms", self.time_zone))

    def _fixed(self, texts: pa.Array) -> tuple[Array, Array]:
        """Parse the texts of the pattern's usual length all at once.

        Returns:
            The instants, and the rows that are left to be parsed one by one.
        """
        instants = np.zeros(len(texts), np.int64)
        everything = np.arange(len(texts))
        if self.time_format is None or not pa.types.is_string(texts.type) or not len(texts):
            return instants, everything
        layout = date_format(self.time_format, self.locale)
        width = layout.width
        if width is None:
            return instants, everything
        _, offsets, data = texts.buffers()
        starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
        usual = np.diff(starts) == width
        if not usual.any():
            return instants, everything
        characters = np.frombuffer(data, np.uint8)
        if usual.all():
            characters = characters[starts[0] : starts[-1]].reshape(-1, width)
        else:
            characters = characters[starts[:-1][usual][:, None] + np.arange(width)]
        parsed, bad = layout.parse_fixed(characters, self.time_zone)
        instants[usual] = parsed
        usual[usual] = ~bad
        return instants, everything[~usual]

    def _parse(self, texts: pa.Array) -> tuple[Array, Array]:
        if self.time_format is not None:
            layout = date_format(self.time_format, self.locale)
            return parse_column(layout, texts, self.time_zone)
        instants = np.zeros(len(texts), np.int64)
        left = np.arange(len(texts))
        plain = pc.replace_substring_regex(texts, _FRACTION.pattern, "")
        plain = pc.replace_substring(plain, "'T'", "T")
        for pattern in _BUILT_IN:
            if not len(left):
                break
            layout = date_format(pattern, self.locale)
            found, bad = parse_column(layout, plain.take(arrow_array(left)), self.time_zone)
            instants[left[~bad]] = found[~bad]
            left = left[bad]
        failed = np.zeros(len(texts), bool)
        failed[left] = True
        return instants, failed

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.mapped(output, self.column_name, Kind.TEXT, self._parser(), Kind.TIME)

    def _parser(self) -> Callable[[str], int]:
        zone = self.time_zone
        if self.time_format is not None:
            parse = date_format(self.time_format, self.locale).parser(zone)
            return lambda text: parse(text.strip())
        parsers = [date_format(pattern, self.locale).parser(zone) for pattern in _BUILT_IN]

        def first_that_fits(text: str) -> int:
            plain = _plain(text.strip())
            for parse in parsers:
                with suppress(BadTime):
                    return parse(plain)
            raise Unusual

        return first_that_fits


@java_type(_PACKAGE + "TimeMathOpTransform")
@dataclass(frozen=True)
class TimeMathOpTransform(AbstractColumnTransform):
    """Add or subtract a duration, or bound times by an instant (ScalarMin, ScalarMax)."""

    column_name: str
    math_op: MathOp
    time_quantity: int
    time_unit: TimeUnit

    def __post_init__(self) -> None:
        object.__setattr__(self, "math_op", MathOp(self.math_op))
        object.__setattr__(self, "time_unit", TimeUnit(self.time_unit))
        scalar = self.math_op in (MathOp.SCALAR_MIN, MathOp.SCALAR_MAX)
        if not scalar and self.math_op not in (MathOp.ADD, MathOp.SUBTRACT):
            raise SchemaError(
                "TimeMathOpTransform: only Add, Subtract, ScalarMin and ScalarMax are possible, "
                f"received {self.math_op.value}"
            )
        if scalar and self.time_unit is not TimeUnit.MILLISECONDS:
            raise SchemaError(
                f"TimeMathOpTransform: {self.math_op.value} takes an instant in MILLISECONDS, "
                f"received {self.time_unit.value}"
            )

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        if not isinstance(meta, TimeMetaData):
            raise SchemaError(
                f'TimeMathOpTransform: column "{meta.name}" must be of type Time, '
                f"but is {meta.column_type.value}"
            )
        return TimeMetaData(meta.name, meta.time_zone)

    def convert(self, frame: Frame, name: str) -> pa.Array:
        amount = np.int64(self.time_unit.to_millis(self.time_quantity))
        result = math_op(self.math_op, frame.longs(name), amount)
        return arrow_array(result).cast(frame.schema.metadata(name).arrow_type)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        value = row.read(self.column_name, Kind.LONG)
        amount = row.constant(Kind.LONG, int(self.time_unit.to_millis(self.time_quantity)))
        result = record_math_op(row, self.math_op, value, amount)
        return row.replaced(output, self.column_name, row.converted(result, Kind.TIME))


@dataclass(frozen=True)
class DerivedColumn:
    """One result of `DeriveColumnsFromTimeTransform`; make it by `integer` or `string`."""

    java_name = ""
    column_name: str
    column_type: ColumnType
    format: str | None = None
    date_time_zone: str | None = None
    field_type: str | None = None

    def __post_init__(self) -> None:
        if self.column_type is ColumnType.INTEGER:
            if self.field_type not in field_names():
                raise SchemaError(
                    f'derived column "{self.column_name}": unknown field {self.field_type!r}; '
                    f"the fields are {', '.join(field_names())}"
                )
        elif self.column_type is ColumnType.STRING:
            if self.format is None:
                raise SchemaError(f'derived column "{self.column_name}" needs a format')
            date_format(self.format)
            check_zone(self.date_time_zone or "UTC")
        else:
            raise SchemaError(
                f'derived column "{self.column_name}" must be Integer or String, '
                f"not {self.column_type.value}"
            )

    @classmethod
    def integer(cls, column_name: str, field: str) -> DerivedColumn:
        """An Integer column of a calendar field such as ``hourOfDay``, in the column's zone."""
        return cls(column_name, ColumnType.INTEGER, field_type=field)

    @classmethod
    def string(cls, column_name: str, format: str, time_zone: str = "UTC") -> DerivedColumn:
        """A String column written by a Joda pattern in a zone."""
        return cls(column_name, ColumnType.STRING, format, time_zone)

    def to_json_object(self) -> dict[str, Any]:
        """The JSON form: the field type is an object of its own there."""
        out: dict[str, Any] = {"columnName": self.column_name, "columnType": self.column_type.value}
        if self.column_type is ColumnType.STRING:
            out |= {"dateTimeZone": self.date_time_zone, "format": self.format}
        else:
            out["fieldType"] = {"fieldType": self.field_type}
        return out

    @classmethod
    def from_json_object(cls, body: dict[str, Any], path: str) -> DerivedColumn:
        """Read the JSON form; raises SerializationError."""
        field = body.get("fieldType")
        if isinstance(field, dict):
            field = field.get("fieldType")
        try:
            kind = ColumnType(body.get("columnType"))
            texts = [body.get("columnName"), body.get("format"), body.get("dateTimeZone"), field]
            if not isinstance(texts[0], str) or any(
                t is not None and not isinstance(t, str) for t in texts
            ):
                raise ValueError(f"expected strings, received {texts}")
            return cls(texts[0], kind, texts[1], texts[2], field)
        except ValueError as e:
            raise SerializationError(f"{path}: {e}") from None

    @property
    def metadata(self) -> AbstractColumnMetaData:
        """Metadata of the column."""
        if self.column_type is ColumnType.INTEGER:
            return IntegerMetaData(self.column_name)
        return StringMetaData(self.column_name)


@java_type(_PACKAGE + "DeriveColumnsFromTimeTransform")
@dataclass(frozen=True)
class DeriveColumnsFromTimeTransform(AbstractTransform):
    """Add columns with calendar fields or formatted texts of a Time column.

    >>> DeriveColumnsFromTimeTransform("t", (DerivedColumn.integer("hour", "hourOfDay"),)).insert_after
    't'
    """

    column_name: str
    derived_columns: tuple[DerivedColumn, ...]
    insert_after: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "derived_columns", tuple(self.derived_columns))
        if self.insert_after is None:
            object.__setattr__(self, "insert_after", self.column_name)

    @property
    def _place(self) -> str:
        return self.insert_after or self.column_name

    def output_schema(self, schema: Schema) -> Schema:
        need_type(self, schema, self.column_name, ColumnType.TIME)
        need_columns(self, schema, (self._place,))
        new = [d.metadata for d in self.derived_columns]
        return schema.replace(self._place, schema.metadata(self._place), *new)

    def reads(self, schema: Schema) -> set[str]:
        return {self.column_name}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        meta = frame.schema.metadata(self.column_name)
        zone = meta.time_zone if isinstance(meta, TimeMetaData) else "UTC"
        instants = frame.longs(self.column_name)
        new: list[pa.Array | Array] = []
        for d in self.derived_columns:
            if d.field_type is not None:
                new.append(calendar_field(d.field_type, instants, zone))
            else:
                layout, written_in = date_format(d.format or ""), d.date_time_zone or "UTC"
                rows = np.flatnonzero(unwritable(instants, written_in)).tolist()
                if rows:
                    expected, value = "a time of the years 1 to 9999", int(instants[rows[0]])
                    raise InvalidValueError(self.column_name, expected, value, rows)
                new.append(write_column(layout, instants, written_in))
        return frame.replaced(output, self._place, frame.column(self._place), *new)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        meta = row.schema.metadata(self.column_name)
        zone = meta.time_zone if isinstance(meta, TimeMetaData) else "UTC"
        instant = row.read(self.column_name, Kind.LONG)
        new = [
            row.call(Kind.INT, calendar_field_of(d.field_type, zone), instant)
            if d.field_type is not None
            else row.call(Kind.TEXT, _writer(d), instant)
            for d in self.derived_columns
        ]
        return row.replaced(output, self._place, row.column(self._place), *new)


def _writer(derived: DerivedColumn) -> Callable[[int], str]:
    write_one, zone = date_format(derived.format or "").write_one, derived.date_time_zone or "UTC"

    def written(instant: int) -> str:
        try:
            return write_one(instant, zone)
        except OverflowError:  # a year that the calendar does not have
            raise Unusual from None

    return written
