"""Writables as Deeplearning4j's bytes, and their Java hash codes."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from .._errors import SerializationError, shown
from ._writable import Writable

__all__ = ["from_bytes", "hash_code", "to_bytes"]

# The position is the type's number in files.
_ORDER = ("Boolean", "Byte", "Double", "Float", "Int", "Long", "Null", "Text", "NDArray")
_INDEX = {kind: i for i, kind in enumerate(_ORDER)} | {"Bytes": 11}
_KINDS = {i: kind for kind, i in _INDEX.items()}
_FORMATS = {"Boolean": ">?", "Byte": ">b", "Double": ">d", "Float": ">f", "Int": ">i", "Long": ">q"}


def to_bytes(writable: Writable, with_type: bool) -> bytes:
    """See `Writable.to_bytes`. Bytes have no length in front, so nothing can follow them."""
    head = struct.pack(">h", _INDEX[writable.kind]) if with_type else b""
    return head + _payload(writable)


def _payload(writable: Writable) -> bytes:
    kind, value = writable.kind, writable.value
    if kind in _FORMATS:
        return struct.pack(_FORMATS[kind], value)
    if kind == "Text":
        data: bytes = value.encode()
        return _vint(len(data)) + data
    if kind == "NDArray":
        from nd4py.formats import array_to_bytes

        return b"\0" if value is None else b"".join((b"\1", array_to_bytes(value)))
    return bytes(value or b"")


def from_bytes(data: bytes) -> Writable:
    """See `Writable.from_bytes`."""
    if len(data) < 2:
        raise SerializationError(f"a writable begins with 2 bytes of type, received {shown(data)}")
    (index,) = struct.unpack_from(">h", data)
    kind = _KINDS.get(index)
    if kind is None:
        raise SerializationError(f"type {index} is no writable; known are 0 to 8 and 11")
    body = bytes(data[2:])
    try:
        return Writable(kind, _value(kind, body))
    except (ValueError, struct.error) as e:
        raise SerializationError(
            f"expected the bytes of a {kind} writable, received {shown(body)} ({e})"
        ) from None


def _value(kind: str, body: bytes) -> Any:
    if kind in _FORMATS:
        (value,) = struct.unpack(_FORMATS[kind], body)
        return value
    if kind == "Text":
        length, start = _read_vint(body)
        if length != len(body) - start:
            raise ValueError(f"{length} bytes of text announced, {len(body) - start} given")
        return body[start:].decode()
    if kind == "Bytes":
        return body
    if kind == "Null":
        if body:
            raise ValueError("Null has no bytes")
        return None
    return _array(body)


def _array(body: bytes) -> Any:
    if body == b"\0":
        return None
    if body[:1] != b"\1":
        raise ValueError("an array begins with byte 1")
    from nd4py.formats import read_array

    # An array takes no more memory than its bytes in the file.
    return np.asarray(read_array(body[1:], "nd4j", max_bytes=len(body)))


def _vint(value: int) -> bytes:
    """Hadoop's integers of variable length."""
    if -112 <= value <= 127:
        return struct.pack(">b", value)
    magnitude = value if value >= 0 else ~value
    size = (magnitude.bit_length() + 7) // 8
    head = (-112 if value >= 0 else -120) - size
    return struct.pack(">b", head) + magnitude.to_bytes(size, "big")


def _read_vint(data: bytes) -> tuple[int, int]:
    """The number at the start, and how many bytes it takes."""
    (head,) = struct.unpack_from(">b", data)
    if head >= -112:
        return head, 1
    negative = head < -120
    size = -120 - head if negative else -112 - head
    if len(data) < 1 + size:
        raise ValueError("the length is cut off")
    magnitude = int.from_bytes(data[1 : 1 + size], "big")
    return (~magnitude if negative else magnitude), 1 + size


# --- hash codes --------------------------------------------------------------------------------


def hash_code(writable: Writable) -> int:
    """See `Writable.hash_code`."""
    kind, value = writable.kind, writable.value
    if kind == "Boolean":
        return 0 if value else 1
    if kind in ("Byte", "Int"):
        return int(value)
    if kind == "Long":
        return _folded(value)
    if kind == "Double":
        return _double_hash(value)
    if kind == "Float":
        (bits,) = struct.unpack(">i", struct.pack(">f", np.nan if value != value else value))
        return int(bits)
    if kind == "Text":
        return _bytes_hash(value.encode())
    if kind == "Bytes":
        return _bytes_hash(value)
    if kind == "Null":
        return _NULL
    return 0 if value is None else _array_hash(np.asarray(value))


_NULL = 1315081042


def _signed(value: int) -> int:
    return (value + (1 << 31) & 0xFFFFFFFF) - (1 << 31)


def _folded(value: int) -> int:
    bits = value & 0xFFFFFFFFFFFFFFFF
    return _signed(bits ^ bits >> 32)


def _double_hash(value: float) -> int:
    (bits,) = struct.unpack(">q", struct.pack(">d", np.nan if value != value else value))
    return _folded(bits)


def _bytes_hash(data: bytes) -> int:
    result = 1
    for byte in data:
        result = 31 * result + (byte - 256 if byte > 127 else byte) & 0xFFFFFFFF
    return _signed(result)


def _array_hash(array: np.ndarray[Any, Any]) -> int:
    result = 1
    for size in array.shape:
        result = 31 * result + _folded(size) & 0xFFFFFFFF
    for value in array.ravel().tolist():
        result ^= _double_hash(float(value)) & 0xFFFFFFFF
    return _signed(result)
