"""The one place where NumPy arrays become NDArrays and back, for code that computes in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core, dtypes
from ._core import NDArray
from ._creation import asarray
from ._element_types import BY_NAME, BY_NUMPY, ElementType

__all__ = ["asarray", "element_of", "from_numpy", "order_of", "rewrap", "to_numpy", "values_of"]


def to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """A NumPy array over the memory of ``x``; bfloat16 as its uint16 bits, text as objects."""
    if isinstance(x, NDArray):
        bits = x.view_bits() if x.dtype is dtypes.bfloat16 else x
        made: np.ndarray[Any, Any] = bits.numpy()
        return made
    return np.asarray(x)


def from_numpy(values: np.ndarray[Any, Any], dtype: str | None = None) -> NDArray:
    """An NDArray over the memory of ``values``.

    ``dtype="BFLOAT16"`` says that uint16 values are the bits of bfloat16.
    """
    array = _core.from_numpy(np.asarray(values))
    return array.view_as(dtypes.bfloat16) if dtype == "BFLOAT16" else array


def values_of(x: Any) -> np.ndarray[Any, Any]:
    """The values of ``x`` to compute with: bfloat16 as float32, otherwise as ``to_numpy``."""
    if isinstance(x, NDArray) and x.dtype is dtypes.bfloat16:
        return to_numpy(x.cast_to(dtypes.float32))
    return to_numpy(x)


def rewrap(values: np.ndarray[Any, Any], like: Any) -> NDArray:
    """An NDArray over elements taken from ``to_numpy(like)``, of the element type of ``like``."""
    bits = isinstance(like, NDArray) and like.dtype is dtypes.bfloat16
    return from_numpy(values, "BFLOAT16" if bits else None)


def element_of(x: Any) -> ElementType:
    """The element type of an array in Deeplearning4j's terms.

    Raises TypeError for element types that no Deeplearning4j file holds (complex, dates, objects).
    """
    if isinstance(x, NDArray):
        if x.dtype.dl4j_name is None:
            raise TypeError(f"Deeplearning4j has no arrays of {x.dtype.name}; cast to a real type")
        return BY_NAME[x.dtype.dl4j_name]
    values = np.asarray(x)
    dtype = values.dtype
    if dtype.kind in "UT" or (dtype.kind == "O" and all(isinstance(v, str) for v in values.flat)):
        return BY_NAME["UTF8"]
    found = BY_NUMPY.get(dtype.newbyteorder("="))
    if found is None:
        raise TypeError(f"Deeplearning4j has no arrays of dtype {dtype}; cast to a real type")
    return found


def order_of(x: Any) -> str:
    """``'c'`` or ``'f'``: how an array lies in memory, ``'c'`` where it is both or neither."""
    if isinstance(x, NDArray):
        return str(x.order)
    flags = np.asarray(x).flags
    return "f" if flags.f_contiguous and not flags.c_contiguous else "c"
