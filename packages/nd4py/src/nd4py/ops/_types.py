"""Element types of results: promotion, and the type that a Python number takes beside arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py.dtypes import DType

# The default floating type, as in ND4J.
DEFAULT_FLOAT = dtypes.float32

Scalar = (bool, int, float, complex)


@cache
def promote(a: DType, b: DType) -> DType:
    """The type that holds both: NumPy's table, extended by bfloat16.

    Raises:
        TypeError: one of them is utf8 and the other is not.
    """
    if a is b:
        return a
    if a.kind == "utf8" or b.kind == "utf8":
        raise TypeError(f"cannot combine {a.name} with {b.name}; cast one of them first")
    if a is dtypes.bfloat16 or b is dtypes.bfloat16:
        other = b if a is dtypes.bfloat16 else a
        if other.kind in ("bool", "int", "uint"):
            return dtypes.bfloat16 if other.itemsize == 1 else dtypes.float32 if other.itemsize == 2 else dtypes.float64
        return dtypes.float32 if other is dtypes.float16 else other
    assert a.numpy is not None and b.numpy is not None
    return dtypes.dtype(np.promote_types(a.numpy, b.numpy))


def result_type(types: Sequence[DType]) -> DType:
    """The promoted type of one or more types."""
    result = types[0]
    for other in types[1:]:
        if other is not result:
            result = promote(result, other)
    return result


def scalar_type(value: object, beside: Sequence[DType]) -> DType:
    """The type of a Python number among arrays of the types ``beside``: theirs, unless the number is of a higher kind."""
    if not beside:
        if isinstance(value, bool):
            return dtypes.bool_
        if isinstance(value, int):
            return dtypes.int64
        return dtypes.complex64 if isinstance(value, complex) else DEFAULT_FLOAT
    base = result_type(beside)
    if isinstance(value, bool) or base.kind == "complex":
        return base
    if isinstance(value, int):
        return dtypes.int64 if base.kind == "bool" else base
    if isinstance(value, complex):
        return dtypes.complex128 if base in (dtypes.float64, dtypes.int64, dtypes.int32) else dtypes.complex64
    if base.kind == "bool":
        return DEFAULT_FLOAT
    return base if base.kind == "float" else dtypes.float64


def is_scalar(value: Any) -> bool:
    """True for a Python number. NumPy's numbers have a dtype of their own: they count as arrays."""
    return isinstance(value, Scalar) and not isinstance(value, np.generic)
