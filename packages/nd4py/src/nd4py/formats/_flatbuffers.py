"""Array tables inside FlatBuffers (``FlatArray``): read from any buffer, written as a buffer of their own.

Table slots: 0 shape info ([long]), 1 elements ([byte]), 2 element type (byte), 3 byte order (byte; 0 LE, 1 BE).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np

from .._element_types import BY_CODE
from ._errors import FormatError
from ._shape_info import MAX_RANK, ShapeInfo
from ._stored import StoredArray, swap_from, swap_to
from ._streams import BoundedReader
from ._text_buffer import pack_text, unpack_text

__all__ = ["decode_flat_array", "encode_flat_array", "read_flatbuffers", "write_flatbuffers"]


def read_flatbuffers(reader: BoundedReader) -> StoredArray:
    """Read a file whose root table is a FlatArray."""
    data = reader.rest("FlatBuffers file")
    try:
        return decode_flat_array(data, _u32(data, 0))
    except FormatError as error:
        raise reader.error(str(error)) from None


def write_flatbuffers(stream: BinaryIO, array: StoredArray) -> None:
    """Write a file whose root table is a FlatArray."""
    stream.write(encode_flat_array(array))


def decode_flat_array(data: bytes, table: int) -> StoredArray:
    """The array of the FlatArray table at byte ``table`` of ``data``."""
    slots = _slots(data, table)
    start, count = _vector(data, slots.get(0), 8, "shape")
    if not 4 <= count <= 2 * MAX_RANK + 4:
        raise FormatError(
            f"FlatArray has a shape vector of {count} entries, expected 4 to {2 * MAX_RANK + 4}"
        )
    shape = ShapeInfo.from_longs(struct.unpack_from(f"<{count}q", data, start))
    code = _i8(data, slots.get(2))
    element = BY_CODE.get(code)
    if element is None:
        raise FormatError(f"FlatArray has element type {code}, which is not known")
    start, count = _vector(data, slots.get(1), 1, "buffer")
    payload = data[start : start + count]
    if element.name == "UTF8":
        # With another count the bytes are not offsets at all; text has no byte order of its own.
        flat = unpack_text(payload, shape.size) if shape.size else np.empty(0, object)
    else:
        whole = count // element.width * element.width
        flat = swap_from(payload[:whole], element, ">" if _i8(data, slots.get(3)) == 1 else "<")
    return StoredArray(element, shape.view(flat), shape.order)


def encode_flat_array(array: StoredArray) -> bytes:
    """A buffer whose root is this array, elements big-endian as the original writes them."""
    longs = ShapeInfo.of(array.values.shape, array.element, array.order).to_longs()
    if array.values.size == 0:
        payload = None
    elif array.element.name == "UTF8":
        payload = pack_text(array.flat())
    else:
        payload = swap_to(array.flat(), ">")
    # Layout: root offset (0), padding, vtable of 4 slots (8..20), padding, table (24..40), shape, buffer.
    vtable = struct.pack("<6H", 12, 16, 4, 8 if payload is not None else 0, 12, 13)
    shape_at = 40  # its length word; the longs then start at 44 + 4 = 48, a multiple of 8
    shape = struct.pack(f"<4xI{len(longs)}q", len(longs), *longs)
    buffer_at = shape_at + len(shape)
    table_at = 24
    table = struct.pack(
        "<iIIbb2x",
        table_at - 8,
        shape_at + 4 - (table_at + 4),
        buffer_at - (table_at + 8) if payload is not None else 0,
        array.element.code,
        1,
    )
    head = struct.pack("<I4x", table_at) + vtable + bytes(4) + table
    body = head + shape
    return body if payload is None else body + struct.pack("<I", len(payload)) + payload


def _slots(data: bytes, table: int) -> dict[int, int]:
    """Positions of the fields of a table, by slot; raises FormatError when they leave the buffer."""
    vtable = table - _i32(data, table)
    size = _u16(data, vtable)
    entries = max(0, (size - 4) // 2)
    offsets = (_u16(data, vtable + 4 + 2 * i) for i in range(min(entries, 4)))
    return {i: table + offset for i, offset in enumerate(offsets) if offset}


def _vector(data: bytes, field: int | None, width: int, what: str) -> tuple[int, int]:
    if field is None:
        return 0, 0
    at = field + _u32(data, field)
    count = _u32(data, at)
    if count * width > len(data) - at - 4:
        raise FormatError(f"FlatArray {what} declares {count} entries, more than the file holds")
    return at + 4, count


def _unpack(form: str, data: bytes, at: int) -> int:
    if at < 0 or at + struct.calcsize(form) > len(data):
        raise FormatError(f"FlatBuffers offset {at} is outside the {len(data)} bytes of the file")
    return int(struct.unpack_from(form, data, at)[0])


def _u16(data: bytes, at: int) -> int:
    return _unpack("<H", data, at)


def _i32(data: bytes, at: int) -> int:
    return _unpack("<i", data, at)


def _u32(data: bytes, at: int) -> int:
    return _unpack("<I", data, at)


def _i8(data: bytes, at: int | None) -> int:
    return 0 if at is None else _unpack("<b", data, at)
