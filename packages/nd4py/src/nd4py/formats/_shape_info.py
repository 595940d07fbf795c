"""The shape-info vector: rank, shape, strides (in elements), extras, element-wise stride, order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._element_types import EMPTY, ElementType, element_of_extras
from ._errors import FormatError

__all__ = ["MAX_RANK", "ShapeInfo", "dense_strides", "is_sound_shape"]

MAX_RANK = 32
"""Largest rank that the native library knows."""

_MAX_ELEMENTS = 1 << 59


@dataclass(frozen=True)
class ShapeInfo:
    """Shape, strides in elements, extras word and order of a stored array."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    extras: int
    order: str

    @property
    def is_empty(self) -> bool:
        return bool(self.extras & EMPTY) or 0 in self.shape

    @property
    def size(self) -> int:
        """Number of elements of the array."""
        return 0 if self.is_empty else math.prod(self.shape)

    @property
    def element(self) -> ElementType | None:
        return element_of_extras(self.extras)

    @classmethod
    def of(cls, shape: Sequence[int], element: ElementType, order: str) -> ShapeInfo:
        """That of a dense array as the original writes it."""
        shape = tuple(shape)
        if 0 in shape:
            return cls(shape, (0,) * len(shape), element.extras | EMPTY, order)
        return cls(shape, dense_strides(shape, order), element.extras, order)

    def to_longs(self) -> list[int]:
        """The int64 vector of ``2 * rank + 4`` entries; the array must be dense."""
        step = 0 if self.is_empty and self.shape else 1
        return [len(self.shape), *self.shape, *self.strides, self.extras, step, ord(self.order)]

    @classmethod
    def from_longs(cls, longs: Sequence[int]) -> ShapeInfo:
        """Read and check a vector; raises FormatError when its entries contradict each other."""
        rank = int(longs[0]) if len(longs) else -1
        if not 0 <= rank <= MAX_RANK:
            raise FormatError(f"shape info has rank {rank}, expected 0 to {MAX_RANK}")
        if len(longs) != 2 * rank + 4:
            raise FormatError(
                f"shape info of rank {rank} has {len(longs)} entries, expected {2 * rank + 4}"
            )
        shape = tuple(int(v) for v in longs[1 : 1 + rank])
        strides = tuple(int(v) for v in longs[1 + rank : 1 + 2 * rank])
        if not is_sound_shape(shape):
            raise FormatError(f"shape info has the impossible shape {list(shape)}")
        order = {99: "c", 102: "f"}.get(int(longs[-1]))
        if order is None:
            raise FormatError(
                f"shape info has order {int(longs[-1])}, expected 99 ('c') or 102 ('f')"
            )
        return cls(shape, strides, int(longs[-3]), order)

    def view(self, flat: np.ndarray) -> np.ndarray:
        """The array whose elements lie in ``flat`` at these strides; raises FormatError when they leave it."""
        if self.is_empty:
            # NumPy has no empty array of rank 0: it becomes one of shape (0,).
            return np.empty(self.shape if 0 in self.shape else (0,), flat.dtype)
        if self.size > flat.size:
            raise FormatError(
                f"shape {list(self.shape)} has {self.size} elements, the file stores {flat.size}"
            )
        if any(s < 0 for s in self.strides):
            raise FormatError(f"shape info has the negative strides {list(self.strides)}")
        if self.strides == dense_strides(self.shape, self.order) and self.size == flat.size:
            return flat.reshape(self.shape, order="F" if self.order == "f" else "C")
        last = sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if last >= flat.size:
            raise FormatError(
                f"strides {list(self.strides)} of shape {list(self.shape)} reach element {last}, "
                f"the file stores {flat.size}"
            )
        # The stride of a side of 1 is never taken and may be anything.
        steps = [
            s * flat.itemsize if n > 1 else flat.itemsize
            for n, s in zip(self.shape, self.strides, strict=True)
        ]
        return np.lib.stride_tricks.as_strided(flat, self.shape, steps)


def is_sound_shape(shape: Sequence[object]) -> bool:
    """Whether an array could have this shape: whole lengths, not too many, none absurd beside a 0."""
    lengths = [n for n in shape if type(n) is int and n >= 0]
    return (
        len(lengths) == len(shape) <= MAX_RANK
        and math.prod(max(n, 1) for n in lengths) < _MAX_ELEMENTS
    )


def dense_strides(shape: Sequence[int], order: str) -> tuple[int, ...]:
    """Strides in elements of a fresh array; a matrix with a side of 1 has strides (1, 1)."""
    if len(shape) == 2 and 1 in shape:
        return (1, 1)
    strides = [1] * len(shape)
    if order == "c":
        for axis in range(len(shape) - 2, -1, -1):
            strides[axis] = strides[axis + 1] * shape[axis + 1]
    else:
        for axis in range(1, len(shape)):
            strides[axis] = strides[axis - 1] * shape[axis - 1]
    return tuple(strides)
