"""Values of a column as the counters take them: numbers without gaps, lengths, texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import InvalidValueError
from ..columns._arrow_arrays import constant, numpy_array
from ..columns._convert import as_double, as_int, as_long, is_text, parse_column, plain_text
from ..schema._metadata import AbstractColumnMetaData, ColumnType

__all__ = ["Numbers", "numbers_of", "present_texts", "text_bytes", "text_lengths"]

Array = np.ndarray[Any, Any]

_ARROW = {
    ColumnType.INTEGER: (pa.int32(), "a 32-bit integer", as_int),
    ColumnType.LONG: (pa.int64(), "a 64-bit integer", as_long),
    ColumnType.TIME: (pa.int64(), "a time in milliseconds", as_long),
    ColumnType.DOUBLE: (pa.float64(), "a number", as_double),
    ColumnType.FLOAT: (pa.float64(), "a number", as_double),
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a column and how many values are none."""

    values: Array
    missing: int
    invalid: int
    nan: int


def numbers_of(column: pa.Array, meta: AbstractColumnMetaData, on_error: str) -> Numbers:
    """Numbers of a numeric or Time column; missing values, empty texts and NaN only counted.

    Raises:
        InvalidValueError: a text that is no number of the column's type, unless `on_error` is
            ``skip``.
    """
    arrow_type, expected, convert = _ARROW[meta.column_type]
    total = len(column)
    invalid = 0
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    elif pa.types.is_timestamp(column.type) and column.type.unit != "ms":
        column = column.cast(pa.timestamp("ms", column.type.tz), safe=False)
    if pa.types.is_null(column.type):
        return Numbers(np.zeros(0), total, 0, 0)
    if is_text(column.type):
        parsed, bad = parse_column(column, arrow_type)
        if bad.any():
            empty = pc.fill_null(pc.equal(plain_text(column), constant("")), constant(False))
            wrong = bad & ~numpy_array(empty)
            invalid = int(np.count_nonzero(wrong))
            if invalid and on_error == "raise":
                rows = np.flatnonzero(wrong)
                value = column[int(rows[0])].as_py()
                raise InvalidValueError(meta.name, expected, value, rows.tolist())
        column = parsed
    if column.null_count:
        column = column.drop_null()
    missing = total - len(column) - invalid
    values = convert(column, meta.name)
    nan = 0
    if values.dtype.kind == "f":
        gaps = np.isnan(values)
        nan = int(np.count_nonzero(gaps))
        if nan:
            values = values[~gaps]
    return Numbers(values, missing, invalid, nan)


def present_texts(column: pa.Array) -> pa.Array:
    """The texts that are not missing."""
    return column.drop_null() if column.null_count else column


def text_lengths(texts: pa.Array) -> Array:
    """Lengths in UTF-16 units (int32) of texts without nulls, as Java counts them."""
    if pa.types.is_dictionary(texts.type):
        lengths = text_lengths(texts.dictionary)
        return np.asarray(lengths[numpy_array(texts.indices)])
    characters = pc.utf8_length(texts)
    if pc.sum(characters).as_py() != pc.sum(pc.binary_length(texts)).as_py():
        # Beyond the first plane a character takes two units.
        pairs = pc.count_substring_regex(texts, "[\U00010000-\U0010ffff]")
        characters = pc.add(characters, pairs.cast(characters.type))
    return numpy_array(characters)


def text_bytes(texts: pa.Array) -> tuple[Array, Array, Array]:
    """UTF-8 bytes of texts (no nulls, no dictionary), where each text starts, and its length."""
    array = texts.cast(pa.large_string())
    if not len(array):
        return np.zeros(0, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, offsets_buffer, data_buffer = array.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[array.offset :][: len(array) + 1]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer else np.zeros(0, np.uint8)
    return data[offsets[0] : offsets[-1]], offsets[:-1] - offsets[0], np.diff(offsets)
