"""ND4J's own binary form (``Nd4j.write``, ``saveBinary``, ``toByteArray``): two buffers, big-endian.

The first buffer is the shape-info vector, the second the elements in storage order.  Read are also the headers before
1.0.0-beta4 and compressed second buffers; written is always the newest form, dense.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np

from .._element_types import BY_NAME, BY_ORDINAL, ElementType
from ._compressed import gunzip
from ._shape_info import MAX_RANK, ShapeInfo
from ._stored import StoredArray, swap_from, swap_to
from ._streams import BoundedReader, write_utf

__all__ = ["MODES", "read_nd4j", "write_nd4j"]

_NEWEST = "MIXED_DATA_TYPES"
MODES = ("DIRECT", "HEAP", "JAVACPP", "LONG_SHAPE", _NEWEST)
"""Allocation modes that start a buffer; the first three have 32-bit lengths."""

_HEADER_ROOM = 256  # bytes of a buffer header inside a GZIP payload, generously


def write_nd4j(stream: BinaryIO, array: StoredArray) -> None:
    """Append one array; raises TypeError for text, which this form cannot hold."""
    if array.element.name == "UTF8":
        raise TypeError(
            "the nd4j form cannot hold text arrays; use form='flatbuffers', 'serde', 'json' or 'txt'"
        )
    longs = ShapeInfo.of(array.values.shape, array.element, array.order).to_longs()
    _write_header(stream, len(longs), "LONG")
    stream.write(struct.pack(f">{len(longs)}q", *longs))
    _write_header(stream, array.values.size, array.element.name)
    stream.write(swap_to(array.flat(), ">"))


def _write_header(stream: BinaryIO, length: int, element: str) -> None:
    write_utf(stream, _NEWEST)
    stream.write(struct.pack(">q", length))
    write_utf(stream, element)


def read_nd4j(reader: BoundedReader) -> StoredArray:
    """Read one array and stop just after it."""
    shape = _read_shape(reader)
    element = shape.element
    if shape.is_empty and not shape.shape and element is not None:
        # `Nd4j.empty` has no second buffer, and nothing is written for it.
        return StoredArray(element, shape.view(np.empty(0, element.numpy)), shape.order)
    length, stored = _read_header(reader, "data header")
    if stored == "COMPRESSED":
        flat, compressed = _read_compressed(reader)
        element = element or compressed
    else:
        element = element or _element(reader, stored)
        flat = _read_elements(reader, _payload_type(reader, stored, element), length)
    if flat.dtype != element.numpy:
        raise reader.error(f"shape info says {element.name}, the data buffer holds {flat.dtype}")
    return StoredArray(element, shape.view(flat), shape.order)


def _read_header(reader: BoundedReader, what: str) -> tuple[int, str]:
    mode = reader.utf(f"{what} (allocation mode)")
    if mode not in MODES:
        raise reader.error(
            f"{what} has allocation mode {mode[:40]!r}, expected one of {', '.join(MODES)}"
        )
    length = reader.i64(what) if mode in ("LONG_SHAPE", _NEWEST) else reader.i32(what)
    if length < 0:
        raise reader.error(f"{what} has the negative length {length}")
    return length, reader.utf(f"{what} (element type)")


def _read_shape(reader: BoundedReader) -> ShapeInfo:
    length, stored = _read_header(reader, "shape header")
    if stored not in ("LONG", "INT"):
        raise reader.error(f"shape info is of type {stored[:40]!r}, expected LONG or INT")
    if not 4 <= length <= 2 * MAX_RANK + 4:
        raise reader.error(f"shape info has {length} entries, expected 4 to {2 * MAX_RANK + 4}")
    longs = _read_elements(reader, BY_NAME[stored], length)
    try:
        return ShapeInfo.from_longs(longs.tolist())
    except ValueError as error:
        raise reader.error(str(error)) from None


def _element(reader: BoundedReader, name: str) -> ElementType:
    if name not in BY_NAME:
        raise reader.error(
            f"data buffer has element type {name[:40]!r}, expected one of {', '.join(BY_NAME)}"
        )
    return BY_NAME[name]


def _payload_type(reader: BoundedReader, stored: str, element: ElementType) -> ElementType:
    payload = _element(reader, stored)
    if payload.name == "UTF8":
        raise reader.error(
            "a text array in the nd4j form has no values: Deeplearning4j does not write them"
        )
    if payload.width != element.width:
        raise reader.error(f"shape info says {element.name}, the data header {payload.name}")
    return element


def _read_elements(reader: BoundedReader, element: ElementType, length: int) -> np.ndarray:
    return swap_from(
        reader.exact(length * element.width, f"{length} elements of {element.name}"), element, ">"
    )


def _read_compressed(reader: BoundedReader) -> tuple[np.ndarray, ElementType]:
    algorithm = reader.utf("compression algorithm").upper()
    packed = reader.i64("compressed length")
    size = reader.i64("original length")
    count = reader.i64("number of elements")
    ordinal = reader.i32("original element type")
    element = BY_ORDINAL.get(ordinal)
    if element is None or element.width == 0:
        raise reader.error(
            f"compressed buffer has original element type {ordinal}, which is none of fixed width"
        )
    if count < 0 or size != count * element.width:
        raise reader.error(
            f"compressed buffer declares {count} elements of {element.name} in {size} bytes"
        )
    return unpack(reader, algorithm, packed, size, element), element


def unpack(
    reader: BoundedReader, algorithm: str, packed: int, size: int, element: ElementType
) -> np.ndarray:
    """Elements of a compressed payload: NOOP keeps host-order bytes, GZIP a whole buffer with its header."""
    if algorithm == "NOOP":
        # The original writes 0 as the compressed length of NOOP data.
        return swap_from(reader.exact(size, "NOOP data"), element, "<")
    if algorithm != "GZIP":
        raise reader.error(f"compression {algorithm[:40]!r} is not known, expected GZIP or NOOP")
    if size > reader.max_bytes:
        raise reader.error(
            f"GZIP data unpacks to {size} bytes, more than the limit of {reader.max_bytes} (max_bytes)"
        )
    try:
        content = gunzip(reader.exact(packed, "GZIP data"), size + _HEADER_ROOM)
    except ValueError as error:
        raise reader.error(str(error)) from None
    inner = BoundedReader(io.BytesIO(content), f"{reader.where} (GZIP data)", reader.max_bytes)
    length, stored = _read_header(inner, "data header")
    return _read_elements(inner, _payload_type(inner, stored, element), length)
