"""BinarySerde: rank, element type, shape info and raw elements, little-endian."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np

from .._element_types import BY_ORDINAL, ElementType
from ._nd4j import unpack
from ._shape_info import MAX_RANK, ShapeInfo
from ._stored import StoredArray, swap_from, swap_to
from ._streams import BoundedReader
from ._text_buffer import pack_text, unpack_text

__all__ = ["read_serde", "write_serde"]

_COMPRESSED = 10
_ALGORITHMS = {2: "GZIP", 5: "NOOP"}


def write_serde(stream: BinaryIO, array: StoredArray) -> None:
    """Append one array; raises ValueError for empty arrays, which this form cannot hold."""
    if array.values.size == 0:
        raise ValueError("BinarySerde cannot hold empty arrays; use form='nd4j'")
    longs = ShapeInfo.of(array.values.shape, array.element, array.order).to_longs()
    stream.write(struct.pack(f"<ii{len(longs)}q", array.values.ndim, array.element.ordinal, *longs))
    stream.write(
        pack_text(array.flat()) if array.element.name == "UTF8" else swap_to(array.flat(), "<")
    )


def read_serde(reader: BoundedReader) -> StoredArray:
    """Read one array; text must be the last thing in its file."""
    rank, ordinal = struct.unpack("<ii", reader.exact(8, "rank and element type"))
    if not 0 <= rank <= MAX_RANK:
        raise reader.error(f"BinarySerde file has rank {rank}, expected 0 to {MAX_RANK}")
    count = 2 * rank + 4
    try:
        shape = ShapeInfo.from_longs(
            struct.unpack(f"<{count}q", reader.exact(8 * count, "shape info"))
        )
    except ValueError as error:
        raise reader.error(str(error)) from None
    element = shape.element if ordinal == _COMPRESSED else BY_ORDINAL.get(ordinal)
    if element is None:
        raise reader.error(f"BinarySerde file has element type {ordinal}, which is not known")
    if ordinal == _COMPRESSED:
        flat = _read_compressed(reader, element)
    elif element.name == "UTF8":
        flat = unpack_text(reader.rest("text"), shape.size)
    else:
        flat = swap_from(
            reader.exact(shape.size * element.width, f"{shape.size} elements"), element, "<"
        )
    return StoredArray(element, shape.view(flat), shape.order)


def _read_compressed(reader: BoundedReader, element: ElementType) -> np.ndarray:
    _, algorithm, size, packed, count, _, ordinal = struct.unpack(
        "<iiqqqqi", reader.exact(44, "compression")
    )
    original = BY_ORDINAL.get(ordinal)
    if original is not element or element.width == 0:
        raise reader.error(
            f"compressed buffer has element type {ordinal}, the shape info says {element.name}"
        )
    if count < 0 or size != count * element.width:
        raise reader.error(
            f"compressed buffer declares {count} elements of {element.name} in {size} bytes"
        )
    return unpack(reader, _ALGORITHMS.get(algorithm, str(algorithm)), packed, size, element)
