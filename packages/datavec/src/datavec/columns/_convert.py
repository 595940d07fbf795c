"""Conversions of Arrow columns between the value types, by DataVec's rules.

A column may hold text where its schema says number (fields of a CSV file are parsed when a step
needs them), or another number type. Every step therefore asks for the type it computes in.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import InvalidValueError
from ..text._java_text import parse_texts
from ..text._number_texts import java_float_texts
from ._arrow_arrays import arrow_array, constant, numpy_array, text_array

__all__ = [
    "NULL_TEXT",
    "as_double",
    "as_float",
    "as_int",
    "as_long",
    "as_text",
    "is_text",
    "map_text",
    "plain_text",
    "texts_of",
    "to_type",
]

Array: TypeAlias = np.ndarray[Any, Any]
NULL_TEXT = "NullWritable"
_EXPECTED = {
    pa.int32(): "a 32-bit integer",
    pa.int64(): "a 64-bit integer",
    pa.float64(): "a number",
    pa.float32(): "a number",
}


def is_text(t: pa.DataType) -> bool:
    """Whether a column of this type holds text, dictionary-encoded or not."""
    if pa.types.is_dictionary(t):
        t = t.value_type
    return bool(pa.types.is_string(t) or pa.types.is_large_string(t))


def as_int(column: pa.Array, name: str) -> Array:
    """Values as int32: text is parsed, fractions are cut, longs wrap. Raises InvalidValueError."""
    return _integers(column, name, pa.int32())


def as_long(column: pa.Array, name: str) -> Array:
    """Values as int64; a Time column gives epoch milliseconds. Raises InvalidValueError."""
    return _integers(column, name, pa.int64())


def as_double(column: pa.Array, name: str) -> Array:
    """Values as float64; text is parsed by Java's rules. Raises InvalidValueError."""
    return _floats(column, name, pa.float64())


def as_float(column: pa.Array, name: str) -> Array:
    """Values as float32. Raises InvalidValueError."""
    return _floats(column, name, pa.float32())


def _integers(column: pa.Array, name: str, target: pa.DataType) -> Array:
    t = column.type
    if is_text(t):
        return np.asarray(numpy_array(_parsed(column, name, target)))
    dtype = np.int32 if target == pa.int32() else np.int64
    if not len(column):
        return np.zeros(0, dtype)  # of any type, also of none
    refuse_nulls(column, name, _EXPECTED[target])
    if pa.types.is_timestamp(t):
        return np.asarray(numpy_array(column.view(pa.int64())), dtype)
    if pa.types.is_floating(t):
        return saturated(numpy_array(column), dtype)
    if pa.types.is_integer(t) or pa.types.is_boolean(t):
        return np.asarray(numpy_array(column), dtype)
    raise not_numeric(column, name, _EXPECTED[target])


def _floats(column: pa.Array, name: str, target: pa.DataType) -> Array:
    t = column.type
    if is_text(t):
        return np.asarray(numpy_array(_parsed(column, name, target)))
    dtype = np.float64 if target == pa.float64() else np.float32
    if not len(column):
        return np.zeros(0, dtype)
    refuse_nulls(column, name, "a number")
    if pa.types.is_timestamp(t):
        return np.asarray(numpy_array(column.view(pa.int64())), dtype)
    if pa.types.is_floating(t) or pa.types.is_integer(t) or pa.types.is_boolean(t):
        with np.errstate(over="ignore"):
            return np.asarray(numpy_array(column), dtype)
    raise not_numeric(column, name, "a number")


def saturated(values: Array, dtype: Any) -> Array:
    """Cut fractions as Java's casts do: NaN gives 0, too large values the type's bound."""
    info = np.iinfo(dtype)
    with np.errstate(invalid="ignore"):
        wide = values.astype(np.float64, copy=False)
        out = np.where(np.isnan(wide), 0.0, np.trunc(wide))
        high, low = out >= float(info.max), out <= float(info.min)
        result = np.where(high | low, 0.0, out).astype(dtype)
    result[high] = info.max
    result[low] = info.min
    return result


def refuse_nulls(column: pa.Array, name: str, expected: str) -> None:
    """Raise InvalidValueError where a column has missing values."""
    if column.null_count:
        rows = np.flatnonzero(numpy_array(column.is_null()))
        raise InvalidValueError(name, expected, None, rows.tolist())


def not_numeric(column: pa.Array, name: str, expected: str) -> InvalidValueError:
    """The error for a column whose values have no numeric form at all."""
    value = column[0].as_py() if len(column) else None
    return InvalidValueError(name, expected, value, list(range(len(column))))


def _parsed(column: pa.Array, name: str, target: pa.DataType) -> pa.Array:
    refuse_nulls(column, name, _EXPECTED[target])
    numbers, bad = parse_column(column, target)
    if bad.any():
        rows = np.flatnonzero(bad)
        raise InvalidValueError(
            name, _EXPECTED[target], column[int(rows[0])].as_py(), rows.tolist()
        )
    return numbers


def parse_column(column: pa.Array, target: pa.DataType) -> tuple[pa.Array, Array]:
    """Parse text, plain or dictionary-encoded; see `parse_texts` for the result."""
    if not pa.types.is_dictionary(column.type):
        return parse_texts(column, target)
    numbers, bad = parse_texts(column.dictionary, target)
    codes = column.indices
    spread = arrow_array(bad).take(codes).fill_null(constant(False))
    return numbers.take(codes), numpy_array(spread)


def hex_mask(column: pa.Array) -> Array:
    """Which texts begin as hexadecimal numbers do: ``0x``."""
    found = pc.starts_with(plain_text(column), pattern="0x", ignore_case=True)
    return numpy_array(pc.fill_null(found, constant(False)))


# --- text --------------------------------------------------------------------------------------


def as_text(column: pa.Array, name: str) -> pa.Array:
    """Values as text (Java's ``toString``), plain or dictionary-encoded, never null."""
    t = column.type
    if is_text(t):
        if not column.null_count:
            return column
        return pc.fill_null(plain_text(column), constant(NULL_TEXT))
    if pa.types.is_null(t):
        return pa.array([NULL_TEXT] * len(column), pa.string())
    if pa.types.is_timestamp(t):
        out = column.view(pa.int64()).cast(pa.string())
    elif pa.types.is_integer(t) or pa.types.is_boolean(t):
        out = column.cast(pa.string())
    elif pa.types.is_floating(t):
        out = java_float_texts(column)
    elif pa.types.is_binary(t):
        out = pa.array([None if v is None else byte_text(v) for v in column.to_pylist()])
    else:
        raise not_numeric(column, name, "a value with a text form")
    return pc.fill_null(out, constant(NULL_TEXT)) if out.null_count else out


def byte_text(value: bytes) -> str:
    return str(int.from_bytes(value, "big", signed=True)) if len(value) == 1 else value.hex()


def plain_text(column: pa.Array) -> pa.Array:
    """Undo dictionary encoding."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def map_text(column: pa.Array, name: str, function: Any) -> pa.Array:
    """Apply `function` (list of different texts → list of texts) to a column's values.

    Works on the dictionary, so the cost goes with the number of different texts.
    """
    texts = as_text(column, name)
    if not pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_encode()
    mapped = text_array(function(texts.dictionary.to_pylist()))
    if mapped.null_count:
        return mapped.take(texts.indices)
    return pa.DictionaryArray.from_arrays(texts.indices, mapped)


def texts_of(column: pa.Array, name: str) -> tuple[list[str], Array]:
    """The different texts of a column (some may be unused) and each row's position in them."""
    texts = as_text(column, name)
    if not pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_encode()
    return texts.dictionary.to_pylist(), numpy_array(texts.indices)


# --- to a schema's type ------------------------------------------------------------------------


def to_type(
    column: pa.Array, target: pa.DataType, name: str, on_invalid: str = "raise"
) -> pa.Array:
    """Convert a column to the Arrow type of its schema; missing values stay missing.

    Args:
        on_invalid: ``raise`` an InvalidValueError, make the value ``null``, or ``keep`` a text
            column as text when it holds a value that does not fit.
    """
    t = column.type
    if t == target:
        return column
    if pa.types.is_null(t):
        return pa.nulls(len(column), target)
    if is_text(target):
        if is_text(t):
            return plain_text(column).cast(target)
        texts = as_text(column, name)
        return (
            pc.if_else(column.is_valid(), texts, constant(None, texts.type))
            if column.null_count
            else texts
        )
    if is_text(t):
        numbers, bad = _text_to(column, target)
        if bad.any() and on_invalid != "null":
            if on_invalid == "keep":
                return plain_text(column)
            rows = np.flatnonzero(bad)
            raise InvalidValueError(
                name, _expected(target), column[int(rows[0])].as_py(), rows.tolist()
            )
        return numbers
    if on_invalid == "raise" and target == pa.int32():
        _check_range(column, name)
    return _number_to(column, target, name)


def _check_range(column: pa.Array, name: str) -> None:
    """Integers of data made elsewhere may be wider than their column; steps let them wrap as Java does."""
    if not pa.types.is_integer(column.type) or column.type.bit_width < 32:
        return
    ends = pc.min_max(column)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    if low is None or (low >= -(1 << 31) and high < 1 << 31):
        return
    fits = np.array([v is None or -(1 << 31) <= v < 1 << 31 for v in column.to_pylist()])
    rows = np.flatnonzero(~fits)
    raise InvalidValueError(
        name, _expected(pa.int32()), column[int(rows[0])].as_py(), rows.tolist()
    )


def _expected(target: pa.DataType) -> str:
    if pa.types.is_timestamp(target):
        return "a time in milliseconds"
    return _EXPECTED.get(target, "true or false" if pa.types.is_boolean(target) else f"{target}")


def _text_to(column: pa.Array, target: pa.DataType) -> tuple[pa.Array, Array]:
    if pa.types.is_timestamp(target):
        numbers, bad = parse_column(column, pa.int64())
        return numbers.cast(target), bad
    if pa.types.is_integer(target) or pa.types.is_floating(target):
        return parse_column(column, target)
    if pa.types.is_boolean(target):
        lower = pc.utf8_lower(plain_text(column))
        yes, no = pc.equal(lower, constant("true")), pc.equal(lower, constant("false"))
        bad = pc.invert(pc.or_(yes, no)).fill_null(constant(False))
        return (
            pc.if_else(bad, constant(None, pa.bool_()), yes),
            numpy_array(bad),
        )
    present = numpy_array(column.is_valid())
    return pa.nulls(len(column), target), present


def _number_to(column: pa.Array, target: pa.DataType, name: str) -> pa.Array:
    valid = column.is_valid() if column.null_count else None
    filled = column if valid is None else column.drop_null()
    if pa.types.is_timestamp(target):
        out = arrow_array(as_long(filled, name)).cast(target)
    elif target == pa.int32():
        out = arrow_array(as_int(filled, name))
    elif target == pa.int64():
        out = arrow_array(as_long(filled, name))
    elif target == pa.float64():
        out = arrow_array(as_double(filled, name))
    elif target == pa.float32():
        out = arrow_array(as_float(filled, name))
    elif pa.types.is_boolean(target):
        out = arrow_array(as_double(filled, name) != 0)
    else:
        raise not_numeric(column, name, f"{target}")
    if valid is None:
        return out
    # Put the missing rows back: row i of `column` is the (number of valid rows before i)-th value.
    mask = numpy_array(valid)
    position = np.cumsum(mask) - 1
    return out.take(pa.array(position, mask=~mask))
