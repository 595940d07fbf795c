"""The one place where NumPy arrays become NDArrays and back, for code that computes in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._element_types import BY_NAME, BY_NUMPY, ElementType

__all__ = ["asarray", "element_of", "from_numpy", "order_of", "to_numpy"]


def to_numpy(x: Any) -> np.ndarray:
    """A NumPy array with the values of ``x``, without a copy where the memory allows; bfloat16 as uint16 bits."""
    return np.asarray(x)


def from_numpy(values: np.ndarray, dtype: str | None = None) -> Any:
    """An NDArray over the memory of ``values``; ``dtype="BFLOAT16"`` says that uint16 values are bfloat16 bits."""
    return values


def element_of(x: Any) -> ElementType:
    """The element type of an array in Deeplearning4j's terms.

    Raises TypeError for element types that no Deeplearning4j file can hold (complex numbers, dates, objects).
    """
    name = getattr(getattr(x, "dtype", None), "dl4j_name", None)
    if name is not None:
        return BY_NAME[name]
    dtype = np.asarray(x).dtype
    if dtype.kind in "UT" or (
        dtype.kind == "O" and all(isinstance(v, str) for v in np.asarray(x).flat)
    ):
        return BY_NAME["UTF8"]
    found = BY_NUMPY.get(dtype.newbyteorder("="))
    if found is None:
        raise TypeError(
            f"no Deeplearning4j array type for dtype {dtype}; cast to one of {sorted(BY_NAME)}"
        )
    return found


def order_of(x: Any) -> str:
    """``'c'`` or ``'f'``: the stated order of an NDArray, or how a NumPy array lies in memory (``'c'`` when both)."""
    order = getattr(x, "order", None)
    if isinstance(order, str):
        return order
    values = np.asarray(x)
    return "f" if values.flags.f_contiguous and not values.flags.c_contiguous else "c"


def asarray(x: Any) -> Any:
    """An NDArray with the values of anything array-like; floats in plain lists become float32."""
    values = np.asarray(x)
    plain = isinstance(x, (list, tuple, float)) and values.dtype == np.float64
    return from_numpy(values.astype(np.float32) if plain else values)
