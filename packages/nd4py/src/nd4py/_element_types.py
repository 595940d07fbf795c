"""Element types as Deeplearning4j's files name and number them: one table for all forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["BY_CODE", "BY_NAME", "BY_NUMPY", "BY_ORDINAL", "ElementType", "element_of_extras"]

UNSIGNED = 8388608
EMPTY = 8


@dataclass(frozen=True)
class ElementType:
    """One element type: its Java name, its three numbers, and the NumPy type that carries it.

    ``ordinal`` is that of the Java enum (BinarySerde, compressed buffers), ``code`` that of the native library
    (FlatBuffers), ``extras`` the bits in a shape-info vector.  bfloat16 is carried as uint16 bits, text as objects.
    """

    name: str
    ordinal: int
    code: int
    extras: int
    numpy: np.dtype
    width: int


def _element(
    name: str, ordinal: int, code: int, extras: int, numpy: type, width: int
) -> ElementType:
    return ElementType(name, ordinal, code, extras, np.dtype(numpy), width)


_TABLE = (
    _element("DOUBLE", 0, 6, 16384, np.float64, 8),
    _element("FLOAT", 1, 5, 8192, np.float32, 4),
    _element("HALF", 2, 3, 4096, np.float16, 2),
    _element("LONG", 3, 10, 262144, np.int64, 8),
    _element("INT", 4, 9, 131072, np.int32, 4),
    _element("SHORT", 5, 8, 65536, np.int16, 2),
    _element("UBYTE", 6, 11, 32768 | UNSIGNED, np.uint8, 1),
    _element("BYTE", 7, 7, 32768, np.int8, 1),
    _element("BOOL", 8, 1, 524288, np.bool_, 1),
    _element("UTF8", 9, 50, 1048576, np.object_, 0),
    _element("BFLOAT16", 11, 17, 2048, np.uint16, 2),
    _element("UINT16", 12, 12, 65536 | UNSIGNED, np.uint16, 2),
    _element("UINT32", 13, 13, 131072 | UNSIGNED, np.uint32, 4),
    _element("UINT64", 14, 14, 262144 | UNSIGNED, np.uint64, 8),
)

BY_NAME = {e.name: e for e in _TABLE}
BY_ORDINAL = {e.ordinal: e for e in _TABLE}
BY_CODE = {e.code: e for e in _TABLE} | {2: BY_NAME["FLOAT"], 4: BY_NAME["HALF"]}
BY_NUMPY = {e.numpy: e for e in _TABLE if e.name not in ("BFLOAT16", "UTF8")}

# The order in which the original looks for a type bit, should a word carry more than one.
_PRECEDENCE = tuple(
    (BY_NAME[signed], BY_NAME[unsigned])
    for signed, unsigned in (
        ("HALF", "HALF"), ("BFLOAT16", "BFLOAT16"), ("FLOAT", "FLOAT"), ("DOUBLE", "DOUBLE"), ("INT", "UINT32"),
        ("LONG", "UINT64"), ("BOOL", "BOOL"), ("BYTE", "UBYTE"), ("SHORT", "UINT16"), ("UTF8", "UTF8"),
    )
)  # fmt: skip


def element_of_extras(extras: int) -> ElementType | None:
    """The element type that the extras word of a shape-info vector names, or None when it names none."""
    for signed, unsigned in _PRECEDENCE:
        if extras & signed.extras:
            return unsigned if extras & UNSIGNED else signed
    return None
