"""Typed values (Deeplearning4j's Writables), as they appear in transforms and records."""

from __future__ import annotations

import base64
import binascii
import datetime
from dataclasses import dataclass
from functools import total_ordering
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from .._errors import DataVecError, SerializationError, UnsupportedTransformError, shown
from .._serde import java_type
from ..columns._arrow_arrays import constant
from ..text._java_text import double_text, float_text, parse_double, parse_int

__all__ = ["Writable"]

_ARROW = {
    "Int": pa.int32(),
    "Long": pa.int64(),
    "Double": pa.float64(),
    "Float": pa.float32(),
    "Boolean": pa.bool_(),
    "Text": pa.string(),
    "Byte": pa.binary(),
    "Bytes": pa.binary(),
    "Null": pa.null(),
}
_JAVA = {
    "Int": "IntWritable",
    "Long": "LongWritable",
    "Double": "DoubleWritable",
    "Float": "FloatWritable",
    "Boolean": "BooleanWritable",
    "Byte": "ByteWritable",
    "Null": "NullWritable",
    "Text": "Text",
    "Bytes": "BytesWritable",
    "NDArray": "NDArrayWritable",
}
_KINDS = {v: k for k, v in _JAVA.items()}
_PACKAGE = "org.datavec.api.writable."
_BITS = {"Byte": 8, "Int": 32, "Long": 64}
_FLOATS = ("Double", "Float")
# Values of the same group are compared with each other.
_GROUPS = dict.fromkeys(_BITS, "integer") | dict.fromkeys(_FLOATS, "floating")


@total_ordering
@dataclass(frozen=True, eq=False)
class Writable:
    """A value with its Deeplearning4j type, for instance ``Writable("Int", 3)``.

    Values are equal, as keys of groups and joins are, when Byte, Int and Long hold the same
    number, Double and Float exactly the same number (NaN equals nothing), and otherwise when type
    and value are the same: ``Writable("Text", "1") != Writable("Int", 1)``.

    Answers to Deeplearning4j's ``Writable`` and its classes.

    Args:
        kind: ``Int Long Double Float Boolean Byte Text Null NDArray Bytes``.
        value: the Python value; None for ``Null``, and for an ``NDArray`` without an array.

    Raises:
        ValueError: an unknown kind, or a number out of its range.
        TypeError: a value that is not of this kind.

    >>> Writable("Double", 2.7).to_int(), Writable("Text", "0x1F").to_long()
    (2, 31)
    >>> Writable("Int", 1) == Writable("Long", 1), Writable("Double", 1e7).text()
    (True, '1.0E7')
    """

    has_several_names: ClassVar[bool] = True  # in JSON: those of all writables of Deeplearning4j
    kind: str
    value: Any = None

    def __post_init__(self) -> None:
        if self.kind not in _JAVA:
            raise ValueError(f"Writable: kind must be one of {', '.join(_JAVA)}; got {self.kind!r}")
        object.__setattr__(self, "value", _checked(self.kind, self.value))

    @classmethod
    def of(cls, value: Any, column_type: str | None = None) -> Writable:
        """Make a constant from a Python value; `column_type` decides between the number types."""
        if isinstance(value, Writable):
            return value
        if value is None:
            return cls("Null")
        by_column = {
            "Integer": ("Int", int),
            "Long": ("Long", int),
            "Double": ("Double", float),
            "Float": ("Float", float),
        }
        if column_type in by_column and isinstance(value, (int, float)):
            kind, convert = by_column[column_type]
            return cls(kind, convert(value))
        if column_type == "Time" and isinstance(value, datetime.datetime):
            if value.tzinfo is None:
                value = value.replace(tzinfo=datetime.UTC)
            return cls("Long", round(value.timestamp() * 1000))
        if isinstance(value, (bool, np.bool_)):
            return cls("Boolean", bool(value))
        if isinstance(value, (int, np.integer)):
            small = -(1 << 31) <= value < (1 << 31) and column_type != "Time"
            return cls("Int" if small else "Long", int(value))
        if isinstance(value, np.float32):
            return cls("Float", float(value))
        if isinstance(value, (float, np.floating)):
            return cls("Double", float(value))
        if isinstance(value, str):
            return cls("Text", value)
        if isinstance(value, (bytes, bytearray)):
            return cls("Bytes", bytes(value))
        if isinstance(value, np.ndarray):
            return cls("NDArray", value)
        raise TypeError(f"cannot use {shown(value)} ({type(value).__name__}) as a column value")

    # --- as other types -------------------------------------------------------------------------

    @property
    def arrow_type(self) -> pa.DataType:
        """Arrow type of a column that holds this constant."""
        if self.kind == "NDArray":
            from ..columns._ndarray_column import NDARRAY

            return NDARRAY
        return _ARROW[self.kind]

    def scalar(self) -> pa.Scalar:
        """The constant as an Arrow scalar."""
        if self.kind == "Byte":
            return pa.scalar(int(self.value).to_bytes(1, "big", signed=True), pa.binary())
        if self.kind == "NDArray" and self.value is not None:
            from ..columns._ndarray_column import ndarray_scalar

            return ndarray_scalar(np.asarray(self.value))
        if isinstance(self.value, (bool, int, float, str)) or self.value is None:
            return constant(self.value, self.arrow_type)
        return pa.scalar(self.value, self.arrow_type)

    def text(self) -> str:
        """The constant as Java's ``toString`` writes it; bytes as hexadecimal digits."""
        if self.kind == "Double":
            return double_text(self.value)
        if self.kind == "Float":
            return float_text(self.value)
        if self.kind == "Boolean":
            return "true" if self.value else "false"
        if self.kind == "Bytes":
            return str(self.value.hex())
        return "NullWritable" if self.kind == "Null" else str(self.value)

    def to_int(self) -> int:
        """As a 32-bit integer: fractions are cut, too large floats give the bound, longs wrap.

        Raises:
            DataVecError: the value has no such form.
        """
        return self._to_integer(32)

    def to_long(self) -> int:
        """As a 64-bit integer, by the rules of `to_int`."""
        return self._to_integer(64)

    def to_double(self) -> float:
        """As a 64-bit float.

        Raises:
            DataVecError: the value has no such form.
        """
        number: float | None = None
        if self.kind == "Text":
            number = parse_double(self.value)
        elif self.kind in _GROUPS or self.kind == "Boolean":
            number = float(self.value)
        if number is None:
            raise self._not("a number")
        return number

    def to_float(self) -> float:
        """As a 32-bit float (in a Python float), by the rules of `to_double`."""
        with np.errstate(over="ignore"):
            if self.kind == "Long":
                return float(np.int64(self.value).astype(np.float32))
            if self.kind == "Text" and self.value.startswith("0x"):
                return float(np.float32(self.to_int()))
            return float(np.float32(self.to_double()))

    def _to_integer(self, bits: int) -> int:
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        if self.kind in _FLOATS:
            if self.value != self.value:
                return 0
            return high if self.value >= high else low if self.value <= low else int(self.value)
        if self.kind in _BITS or self.kind == "Boolean":
            return (int(self.value) - low & (1 << bits) - 1) + low
        number = parse_int(self.value, bits) if self.kind == "Text" else None
        if number is None:
            raise self._not(f"a {bits}-bit integer")
        return number

    def _not(self, wanted: str) -> DataVecError:
        return DataVecError(f"expected {wanted}, received {self.kind} {shown(self.value)}")

    # --- equality and order ---------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Writable):
            return NotImplemented
        if _GROUPS.get(self.kind, self.kind) != _GROUPS.get(other.kind, other.kind):
            return False
        if self.kind == "NDArray" and self.value is not None and other.value is not None:
            same = self.value.dtype == other.value.dtype
            return same and np.array_equal(self.value, other.value)
        return bool(self.value == other.value)

    def __hash__(self) -> int:
        group, value = _GROUPS.get(self.kind, self.kind), self.value
        if self.kind == "NDArray" and value is not None:
            value = (value.shape, (value + 0).tobytes())  # -0.0 equals 0.0
        return hash((group, value))

    def hash_code(self) -> int:
        """The ``hashCode`` of the Java class; unlike `hash`, it may differ for equal numbers."""
        from ._writable_binary import hash_code

        return hash_code(self)

    def fuzzy_equals(self, other: Writable, tolerance: float) -> bool:
        """Whether two numbers of any types differ by no more than `tolerance`; NaN equals NaN.

        Raises:
            DataVecError: this value is no number.
        """
        if self.kind not in _GROUPS:
            raise self._not("a number to compare with a tolerance")
        if other.kind not in _GROUPS:
            return False
        a, b = self.to_double(), other.to_double()
        return abs(a - b) <= tolerance or a == b or (a != a and b != b)

    def compare(self, other: Writable) -> int:
        """-1, 0 or 1 for smaller, equal, greater; NaN is greatest, texts go by UTF-8 bytes.

        Raises:
            TypeError: values of kinds that have no common order.
        """
        kind = _GROUPS.get(self.kind, self.kind)
        if kind != _GROUPS.get(other.kind, other.kind) or kind == "NDArray":
            raise TypeError(f"cannot order {self.kind} and {other.kind} values")
        a, b = _order_key(self), _order_key(other)
        return bool(a > b) - bool(a < b)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Writable):
            return NotImplemented
        return self.compare(other) < 0

    # --- stored forms ---------------------------------------------------------------------------

    def to_bytes(self, *, with_type: bool = True) -> bytes:
        """Deeplearning4j's binary form, big-endian, by default with the type in front.

        >>> Writable("Int", -7).to_bytes().hex(" ")
        '00 04 ff ff ff f9'
        """
        from ._writable_binary import to_bytes

        return to_bytes(self, with_type)

    @classmethod
    def from_bytes(cls, data: bytes) -> Writable:
        """Read the binary form with its type.

        Raises:
            SerializationError: bytes that are too few, too many, or no such value.
        """
        from ._writable_binary import from_bytes

        return from_bytes(data)

    def to_json_object(self) -> dict[str, Any]:
        """The JSON form of the Java class."""
        out: dict[str, Any] = {"@class": _PACKAGE + _JAVA[self.kind]}
        if self.kind == "Text":
            data = self.value.encode()
            out |= {"bytes": base64.b64encode(data).decode(), "length": len(data)}
        elif self.kind == "Bytes":
            out["content"] = base64.b64encode(self.value).decode()
        elif self.kind == "NDArray":
            out |= {"array": None if self.value is None else self.value.tolist(), "hash": None}
        elif self.kind == "Float":
            shortest = float_text(self.value).replace("Infinity", "inf")
            out["value"] = float(shortest)
        elif self.kind != "Null":
            out["value"] = self.value
        return out

    @classmethod
    def from_json_object(cls, body: dict[str, Any], path: str) -> Writable:
        """Read the JSON form; raises `SerializationError`."""
        name = body.get("@class")
        if name is None and len(body) == 1:  # the wrapper form of files up to 1.0.0-alpha
            (name, body), *_ = body.items()
        kind = _KINDS.get(str(name).removeprefix(_PACKAGE))
        if kind is None or not isinstance(body, dict):
            raise UnsupportedTransformError(f"{path}: writable {shown(name)} is not supported")
        try:
            return cls(kind, _value(kind, body))
        except (ValueError, TypeError, KeyError, OverflowError, binascii.Error):
            raise SerializationError(
                f"{path}: expected a {kind} constant, received {shown(body)}"
            ) from None


def _checked(kind: str, value: Any) -> Any:
    """The value in the Python type of its kind; raises TypeError or ValueError."""
    if kind in _BITS:
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            half = 1 << (_BITS[kind] - 1)
            if -half <= value < half:
                return int(value)
            raise ValueError(f"Writable: {kind} has {_BITS[kind]} bits, received {value}")
    elif kind in _FLOATS:
        if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
            with np.errstate(over="ignore"):
                return float(np.float32(value)) if kind == "Float" else float(value)
    elif kind == "Boolean":
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
    elif kind == "Text":
        if isinstance(value, str):
            return value
    elif kind == "Bytes":
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
    elif value is None:
        return None
    elif kind == "NDArray":
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return array
    raise TypeError(f"Writable: {shown(value)} ({type(value).__name__}) is no value of {kind}")


def _order_key(writable: Writable) -> Any:
    value = writable.value
    if writable.kind == "Text":
        return value.encode()
    if writable.kind in _FLOATS:
        return (1, 0.0) if value != value else (0, value)
    return 0 if value is None else value


def _value(kind: str, body: dict[str, Any]) -> Any:
    if kind == "Null":
        return None
    if kind == "Text":
        data = base64.b64decode(body.get("bytes") or "", validate=True)
        return data[: int(body.get("length", 0))].decode()
    if kind == "Bytes":
        return base64.b64decode(body.get("content") or "", validate=True)
    if kind == "NDArray":
        return None if body["array"] is None else np.array(body["array"], np.float64)
    value = body["value"]
    if kind == "Boolean":
        if not isinstance(value, bool):
            raise TypeError
        return value
    return float(value) if kind in _FLOATS else int(value)


for _name in _JAVA.values():
    java_type(_PACKAGE + _name)(Writable)  # all writables decode through this one class
