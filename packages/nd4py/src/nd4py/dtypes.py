"""Element types of arrays.

A dtype is one `DType` object, compared by identity. The compiled core knows each by its `code`, which is the number in
the kernel ABI; Deeplearning4j's name (`DataType` enum) and NumPy's dtype hang on the same object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal["bool", "int", "uint", "float", "complex", "utf8"]


@dataclass(frozen=True, eq=False)
class DType:
    """One element type.

    Attributes:
        name: the array-API name, such as ``"float32"``.
        code: its number in the kernel ABI (``nd_dtype``).
        itemsize: bytes per element.
        kind: the family it promotes within.
        dl4j_name: the constant of ``org.nd4j.linalg.api.buffer.DataType``; None where Deeplearning4j has none.
        numpy: NumPy's dtype; None for ``bfloat16`` and ``utf8``, which NumPy does not have.
    """

    name: str
    code: int
    itemsize: int
    kind: Kind
    dl4j_name: str | None
    numpy: np.dtype[Any] | None

    def __repr__(self) -> str:
        return f"nd4py.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return dtype, (self.name,)

    @property
    def is_floating(self) -> bool:
        """True for bfloat16, float16, float32 and float64."""
        return self.kind == "float"


bool_ = DType("bool", 0, 1, "bool", "BOOL", np.dtype(np.bool_))
int8 = DType("int8", 1, 1, "int", "BYTE", np.dtype(np.int8))
int16 = DType("int16", 2, 2, "int", "SHORT", np.dtype(np.int16))
int32 = DType("int32", 3, 4, "int", "INT", np.dtype(np.int32))
int64 = DType("int64", 4, 8, "int", "LONG", np.dtype(np.int64))
uint8 = DType("uint8", 5, 1, "uint", "UBYTE", np.dtype(np.uint8))
uint16 = DType("uint16", 6, 2, "uint", "UINT16", np.dtype(np.uint16))
uint32 = DType("uint32", 7, 4, "uint", "UINT32", np.dtype(np.uint32))
uint64 = DType("uint64", 8, 8, "uint", "UINT64", np.dtype(np.uint64))
bfloat16 = DType("bfloat16", 9, 2, "float", "BFLOAT16", None)
float16 = DType("float16", 10, 2, "float", "HALF", np.dtype(np.float16))
float32 = DType("float32", 11, 4, "float", "FLOAT", np.dtype(np.float32))
float64 = DType("float64", 12, 8, "float", "DOUBLE", np.dtype(np.float64))
complex64 = DType("complex64", 13, 8, "complex", None, np.dtype(np.complex64))
complex128 = DType("complex128", 14, 16, "complex", None, np.dtype(np.complex128))
utf8 = DType("utf8", 15, 16, "utf8", "UTF8", None)

ALL: tuple[DType, ...] = (
    bool_,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    bfloat16,
    float16,
    float32,
    float64,
    complex64,
    complex128,
    utf8,
)

_BY_NAME: dict[str, DType] = {d.name: d for d in ALL}
_BY_DL4J_NAME: dict[str, DType] = {d.dl4j_name: d for d in ALL if d.dl4j_name is not None}
_BY_NUMPY: dict[Any, DType] = {d.numpy: d for d in ALL if d.numpy is not None}


def dtype(value: object) -> DType:
    """The `DType` of a `DType`, a name (``"float32"`` or Deeplearning4j's ``"FLOAT"``), or what NumPy accepts.

    Raises:
        TypeError: nd4py has no such element type.

    >>> dtype("FLOAT") is dtype("float32") is dtype(np.float32)
    True
    """
    if isinstance(value, DType):
        return value
    if isinstance(value, str):
        found = _BY_NAME.get(value) or _BY_DL4J_NAME.get(value)
        if found is not None:
            return found
    try:
        return _BY_NUMPY[np.dtype(value)]  # type: ignore[call-overload]
    except (TypeError, KeyError):
        names = ", ".join(_BY_NAME)
        raise TypeError(f"dtype: expected one of {names}; received {value!r}") from None
