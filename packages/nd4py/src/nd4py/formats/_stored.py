"""What every form stores: values with an element type and an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .._arrays import element_of, from_numpy, order_of, to_numpy
from .._element_types import ElementType

__all__ = ["StoredArray", "swap_from", "swap_to"]


ByteOrder = Literal["<", ">"]


@dataclass(frozen=True)
class StoredArray:
    """An array between file and memory; ``values`` holds bfloat16 as uint16 bits and text as ``str`` objects."""

    element: ElementType
    values: np.ndarray
    order: str = "c"

    @classmethod
    def of(cls, array: Any, order: str | None = None) -> StoredArray:
        """The stored form of anything array-like, in ``order`` or in its own."""
        chosen = order_of(array) if order is None else order
        if chosen not in ("c", "f"):
            raise ValueError(f"order must be 'c' or 'f', received {order!r}")
        element = element_of(array)
        values = to_numpy(array)
        if element.name == "UTF8":
            values = np.asarray(values, dtype=object)
        return cls(element, values.astype(element.numpy, copy=False), chosen)

    def to_ndarray(self) -> Any:
        """The NDArray over these values."""
        return from_numpy(self.values, self.element.name)

    def flat(self) -> np.ndarray:
        """The elements in storage order."""
        return np.ravel(self.values, order="F" if self.order == "f" else "C")


def swap_from(data: bytes, element: ElementType, byte_order: ByteOrder) -> np.ndarray:
    """Elements of fixed width from their bytes (``byte_order`` ``'>'`` or ``'<'``), as native NumPy values."""
    if element.name == "BOOL":
        # Bytes other than 0 and 1 are no valid NumPy booleans.
        return np.asarray(np.frombuffer(data, np.uint8) != 0)
    return np.frombuffer(data, element.numpy.newbyteorder(byte_order)).astype(element.numpy)


def swap_to(flat: np.ndarray, byte_order: ByteOrder) -> bytes:
    """The bytes of elements of fixed width."""
    return flat.astype(flat.dtype.newbyteorder(byte_order), copy=False).tobytes()
