"""Typed constants (Deeplearning4j's Writables), as they appear in transforms and records."""

from __future__ import annotations

import base64
import binascii
import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ._errors import SerializationError, UnsupportedTransformError, shown
from ._java_text import double_text, float_text
from ._serde import java_type

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


@dataclass(frozen=True)
class Writable:
    """A constant with its Deeplearning4j type, for instance ``Writable("Int", 3)``.

    Args:
        kind: ``Int Long Double Float Boolean Byte Text Null NDArray Bytes``.
        value: the Python value; None for ``Null``.
    """

    kind: str
    value: Any = None

    def __post_init__(self) -> None:
        if self.kind not in _JAVA:
            raise ValueError(f"Writable: kind must be one of {', '.join(_JAVA)}; got {self.kind!r}")

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
        if isinstance(value, (float, np.floating)):
            return cls("Double", float(value))
        if isinstance(value, str):
            return cls("Text", value)
        if isinstance(value, (bytes, bytearray)):
            return cls("Bytes", bytes(value))
        if isinstance(value, np.ndarray):
            return cls("NDArray", value)
        raise TypeError(f"cannot use {shown(value)} ({type(value).__name__}) as a column value")

    @property
    def arrow_type(self) -> pa.DataType:
        """Arrow type of a column that holds this constant."""
        if self.kind == "NDArray":
            from ._ndarray_column import NDARRAY

            return NDARRAY
        return _ARROW[self.kind]

    def scalar(self) -> pa.Scalar:
        """The constant as an Arrow scalar."""
        if self.kind == "Byte":
            return pa.scalar(int(self.value).to_bytes(1, "big", signed=True), pa.binary())
        if self.kind == "NDArray":
            from ._ndarray_column import ndarray_scalar

            return ndarray_scalar(np.asarray(self.value))
        return pa.scalar(self.value, self.arrow_type)

    def text(self) -> str:
        """The constant as Java's ``toString`` writes it."""
        if self.kind == "Double":
            return double_text(self.value)
        if self.kind == "Float":
            return float_text(self.value)
        if self.kind == "Boolean":
            return "true" if self.value else "false"
        return "NullWritable" if self.kind == "Null" else str(self.value)

    def to_json_object(self) -> dict[str, Any]:
        """The JSON form of the Java class."""
        out: dict[str, Any] = {"@class": _PACKAGE + _JAVA[self.kind]}
        if self.kind == "Text":
            data = self.value.encode()
            out |= {"bytes": base64.b64encode(data).decode(), "length": len(data)}
        elif self.kind == "Bytes":
            out["content"] = base64.b64encode(self.value).decode()
        elif self.kind == "NDArray":
            out |= {"array": np.asarray(self.value).tolist(), "hash": None}
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


def _value(kind: str, body: dict[str, Any]) -> Any:
    if kind == "Null":
        return None
    if kind == "Text":
        data = base64.b64decode(body.get("bytes") or "", validate=True)
        return data[: int(body.get("length", 0))].decode()
    if kind == "Bytes":
        return base64.b64decode(body.get("content") or "", validate=True)
    if kind == "NDArray":
        return np.array(body["array"], np.float64)
    value = body["value"]
    if kind == "Boolean":
        if not isinstance(value, bool):
            raise TypeError
        return value
    if kind in ("Double", "Float"):
        return float(value)
    number = int(value)
    bits = {"Int": 32, "Long": 64, "Byte": 8}[kind]
    if not -(1 << (bits - 1)) <= number < (1 << (bits - 1)):
        raise OverflowError
    return number


for _name in _JAVA.values():
    java_type(_PACKAGE + _name)(Writable)  # all writables decode through this one class
