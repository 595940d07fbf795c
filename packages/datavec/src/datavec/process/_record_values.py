"""Single values of records: their kinds, and conversions that equal those of whole columns.

Each conversion here is either exactly what `_convert` does to a column of one row, or raises: then
the columns decide, with their exact result or their exact error.
"""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from ..columns._convert import byte_text
from ..schema._metadata import ColumnType
from ..text._java_text import double_text, float_text
from ..writables._writable import Writable

__all__ = ["CONVERT", "ENTER", "PARSE", "Kind", "Unusual", "arrow_kind", "kind_of", "round32"]


class Unusual(Exception):
    """A value that only the path over columns treats correctly; never seen by users."""


class Kind(enum.Enum):
    """How a value is held; the Python type of each, and the Arrow type that it stands for."""

    TEXT = "str, string"
    INT = "int, int32"
    LONG = "int, int64"
    DOUBLE = "float, float64"
    FLOAT = "float, float32"
    BOOLEAN = "bool, bool"
    TIME = "int, timestamp in ms"
    BYTES = "bytes, binary"
    ARRAY = "numpy.ndarray, struct"


_KINDS = {
    ColumnType.STRING: Kind.TEXT,
    ColumnType.CATEGORICAL: Kind.TEXT,
    ColumnType.INTEGER: Kind.INT,
    ColumnType.LONG: Kind.LONG,
    ColumnType.DOUBLE: Kind.DOUBLE,
    ColumnType.FLOAT: Kind.FLOAT,
    ColumnType.TIME: Kind.TIME,
    ColumnType.BOOLEAN: Kind.BOOLEAN,
    ColumnType.BYTES: Kind.BYTES,
    ColumnType.NDARRAY: Kind.ARRAY,
}


def kind_of(column_type: ColumnType) -> Kind:
    """The kind of a column's values in results."""
    return _KINDS[column_type]


def arrow_kind(t: pa.DataType) -> Kind | None:
    """The kind of the values of an Arrow column."""
    if pa.types.is_timestamp(t):
        return Kind.TIME
    return {
        pa.string(): Kind.TEXT,
        pa.int32(): Kind.INT,
        pa.int64(): Kind.LONG,
        pa.float64(): Kind.DOUBLE,
        pa.float32(): Kind.FLOAT,
        pa.bool_(): Kind.BOOLEAN,
        pa.binary(): Kind.BYTES,
    }.get(t)


# --- numbers ------------------------------------------------------------------------------------

_SINGLE = struct.Struct("<f")
_BITS = struct.Struct("<d"), struct.Struct("<Q")
_SMALLEST_NORMAL = 2.0**-126


def round32(value: float) -> float:
    """The nearest 32-bit float; raises OverflowError beyond the largest."""
    nearest: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return nearest


def wrap32(value: int) -> int:
    """The low 32 bits, signed."""
    return ((value + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


def wrap64(value: int) -> int:
    """The low 64 bits, signed."""
    return ((value + (1 << 63)) & ((1 << 64) - 1)) - (1 << 63)


def cut32(value: float) -> int:
    """Cut the fraction, saturate; raises ValueError for NaN."""
    if -2147483648.0 < value < 2147483647.0:
        return int(value)
    if value != value:
        raise Unusual
    return 0x7FFF_FFFF if value > 0 else -0x8000_0000


def cut64(value: float) -> int:
    """As `cut32`, to 64 bits."""
    if -(2.0**63) < value < 2.0**63:
        return int(value)
    if value != value:
        raise Unusual
    return (1 << 63) - 1 if value > 0 else -(1 << 63)


def _long_to_single(value: int) -> float:
    if not -(1 << 53) <= value <= 1 << 53:
        raise Unusual  # through a double it would be rounded twice
    return round32(value)


# --- text ---------------------------------------------------------------------------------------


def _integer(text: str) -> int:
    # Signs other than minus, blanks and hexadecimal digits are left to the columns' parser.
    digits = text[1:] if text[:1] == "-" else text
    if not (digits.isdigit() and digits.isascii()):
        raise Unusual
    return int(text)


def parse_int32(text: str) -> int:
    """Parse plain decimal digits."""
    value = _integer(text)
    if not -0x8000_0000 <= value <= 0x7FFF_FFFF:
        raise Unusual
    return value


def parse_int64(text: str) -> int:
    """Parse plain decimal digits."""
    value = _integer(text)
    if not -(1 << 63) <= value < 1 << 63:
        raise Unusual
    return value


def parse_float64(text: str) -> float:
    """Parse a finite decimal number."""
    value = float(text)
    # Python also reads 1_000, nan, inf and digits of other scripts; Java does not.
    if not math.isfinite(value) or "_" in text or not text.isascii():
        raise Unusual
    return value


def parse_float32(text: str) -> float:
    """Parse a finite decimal number, correctly rounded."""
    value = parse_float64(text)
    (bits,) = _BITS[1].unpack(_BITS[0].pack(value))
    if bits & 0x1FFF_FFFF == 0x1000_0000 or (abs(value) < _SMALLEST_NORMAL and value):
        raise Unusual  # half way between two 32-bit floats: the text itself must decide
    return round32(value)


def parse_boolean(text: str) -> bool:
    """Parse true or false in any case."""
    lower = text.lower()
    if lower not in ("true", "false"):
        raise Unusual
    return lower == "true"


Function = Callable[[Any], Any]

PARSE: dict[Kind, Function] = {
    Kind.INT: parse_int32,
    Kind.LONG: parse_int64,
    Kind.DOUBLE: parse_float64,
    Kind.FLOAT: parse_float32,
    Kind.TIME: parse_int64,
    Kind.BOOLEAN: parse_boolean,
}
"""From text to a kind."""


def _same(value: Any) -> Any:
    return value


def _truth(value: Any) -> bool:
    return bool(value != 0)


def _boolean_text(value: bool) -> str:
    return "true" if value else "false"


CONVERT: dict[tuple[Kind, Kind], Function] = {
    (Kind.LONG, Kind.INT): wrap32,
    (Kind.TIME, Kind.INT): wrap32,
    (Kind.DOUBLE, Kind.INT): cut32,
    (Kind.FLOAT, Kind.INT): cut32,
    (Kind.BOOLEAN, Kind.INT): int,
    (Kind.INT, Kind.LONG): _same,
    (Kind.TIME, Kind.LONG): _same,
    (Kind.DOUBLE, Kind.LONG): cut64,
    (Kind.FLOAT, Kind.LONG): cut64,
    (Kind.BOOLEAN, Kind.LONG): int,
    (Kind.INT, Kind.DOUBLE): float,
    (Kind.LONG, Kind.DOUBLE): float,
    (Kind.TIME, Kind.DOUBLE): float,
    (Kind.FLOAT, Kind.DOUBLE): _same,
    (Kind.BOOLEAN, Kind.DOUBLE): float,
    (Kind.INT, Kind.FLOAT): round32,
    (Kind.LONG, Kind.FLOAT): _long_to_single,
    (Kind.TIME, Kind.FLOAT): _long_to_single,
    (Kind.DOUBLE, Kind.FLOAT): round32,
    (Kind.BOOLEAN, Kind.FLOAT): float,
    (Kind.INT, Kind.TIME): _same,
    (Kind.LONG, Kind.TIME): _same,
    (Kind.DOUBLE, Kind.TIME): cut64,
    (Kind.FLOAT, Kind.TIME): cut64,
    (Kind.INT, Kind.BOOLEAN): _truth,
    (Kind.LONG, Kind.BOOLEAN): _truth,
    (Kind.DOUBLE, Kind.BOOLEAN): _truth,
    (Kind.FLOAT, Kind.BOOLEAN): _truth,
    (Kind.INT, Kind.TEXT): str,
    (Kind.LONG, Kind.TEXT): str,
    (Kind.TIME, Kind.TEXT): str,
    (Kind.DOUBLE, Kind.TEXT): double_text,
    (Kind.FLOAT, Kind.TEXT): float_text,
    (Kind.BOOLEAN, Kind.TEXT): _boolean_text,
    (Kind.BYTES, Kind.TEXT): byte_text,
}
"""Between kinds other than text; what is missing has no conversion."""


# --- values of users ----------------------------------------------------------------------------


def _plain(value: Any, *kinds: str) -> Any:
    """A Writable of these kinds or a NumPy number as a Python value."""
    if isinstance(value, Writable):
        if value.kind not in kinds:
            raise Unusual
        return value.value
    return value.item() if isinstance(value, np.generic) else value


def _enter_text(value: Any) -> str:
    found = _plain(value, "Text")
    if found.__class__ is not str:
        raise Unusual
    found.encode()  # a lone surrogate cannot stand in a column
    text: str = found
    return text


def _enter_integer(value: Any, kind: str, bits: int) -> Any:
    found = _plain(value, kind, "Text")
    if found.__class__ is str:
        return _enter_text(found)
    if found.__class__ is not int or not -(1 << bits - 1) <= found < 1 << bits - 1:
        raise Unusual
    return found


def _enter_int(value: Any) -> Any:
    return _enter_integer(value, "Int", 32)


def _enter_long(value: Any) -> Any:
    return _enter_integer(value, "Long", 64)


def _enter_double(value: Any) -> Any:
    found = _plain(value, "Double", "Text")
    if found.__class__ is str:
        return _enter_text(found)
    if found.__class__ is int and -(1 << 53) <= found <= 1 << 53:
        return float(found)
    if found.__class__ is not float:
        raise Unusual
    return found


def _enter_float(value: Any) -> Any:
    found = _plain(value, "Float", "Text")
    if found.__class__ is str:
        return _enter_text(found)
    if found.__class__ is int and -(1 << 24) <= found <= 1 << 24:
        return float(found)
    if found.__class__ is not float:
        raise Unusual
    return round32(found)


def _enter_boolean(value: Any) -> Any:
    found = _plain(value, "Boolean", "Text")
    if found.__class__ is str:
        return _enter_text(found)
    if found.__class__ is not bool:
        raise Unusual
    return found


def _enter_bytes(value: Any) -> bytes:
    if value.__class__ is not bytes:
        raise Unusual
    found: bytes = value
    return found


def _enter_array(value: Any) -> Any:
    if value.__class__ is not np.ndarray or value.dtype.kind not in "biuf":
        raise Unusual
    return value


_ASCII = "{v}.__class__ is str and {v}.isascii()"

ENTER: dict[Kind, tuple[str, Function]] = {
    Kind.TEXT: (_ASCII, _enter_text),
    Kind.INT: (
        "{v}.__class__ is int and -2147483648 <= {v} <= 2147483647 or " + _ASCII,
        _enter_int,
    ),
    Kind.LONG: (
        "{v}.__class__ is int and -9223372036854775808 <= {v} <= 9223372036854775807 or " + _ASCII,
        _enter_long,
    ),
    Kind.TIME: (
        "{v}.__class__ is int and -9223372036854775808 <= {v} <= 9223372036854775807 or " + _ASCII,
        _enter_long,
    ),
    Kind.DOUBLE: ("{v}.__class__ is float or " + _ASCII, _enter_double),
    Kind.FLOAT: (_ASCII, _enter_float),
    Kind.BOOLEAN: ("{v}.__class__ is bool or " + _ASCII, _enter_boolean),
    Kind.BYTES: ("{v}.__class__ is bytes", _enter_bytes),
    Kind.ARRAY: ("False", _enter_array),
}
"""How values get in: a Python expression that is true for those that are right as they are, and a
function that brings the others into form or raises."""
