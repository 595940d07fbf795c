"""Strides in elements, as the kernel ABI counts them."""

from __future__ import annotations

from typing import Any


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of a dense row-major array.

    >>> contiguous_strides((2, 3, 4))
    (12, 4, 1)
    """
    strides = [1] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        strides[i] = strides[i + 1] * shape[i + 1]
    return tuple(strides)


def broadcast_strides(
    shape: tuple[int, ...], strides: tuple[int, ...], to: tuple[int, ...]
) -> tuple[int, ...]:
    """Strides that show an array as the shape ``to``: zero along the dimensions it is repeated over.

    >>> broadcast_strides((3, 1), (1, 1), (2, 3, 5))
    (0, 1, 0)
    """
    extra = len(to) - len(shape)
    seen = (
        0 if n == 1 and wanted != 1 else s
        for n, s, wanted in zip(shape, strides, to[extra:], strict=True)
    )
    return (0,) * extra + tuple(seen)


def element_strides(array: Any) -> tuple[int, ...]:
    """Strides in elements of a NumPy array."""
    size = array.itemsize
    return tuple(s // size for s in array.strides)
