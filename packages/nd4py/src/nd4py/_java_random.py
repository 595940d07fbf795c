"""``java.util.Random``: the same seed gives the same numbers as on the JVM."""

from __future__ import annotations

import math
import time
from collections.abc import MutableSequence
from typing import Any

import numpy as np

__all__ = ["JavaRandom"]

_MULTIPLIER = 0x5DEECE66D
_MASK = (1 << 48) - 1


class JavaRandom:
    """The 48-bit linear congruential generator of ``java.util.Random``.

    Data sets that Deeplearning4j shuffles or splits with a seed come out in the same order here.  It is not meant for
    large amounts of numbers; those come from ``nd4py``'s own generator.

    >>> JavaRandom(42).next_int(100), JavaRandom(42).next_long()
    (30, -5025562857975149833)
    """

    def __init__(self, seed: int | None = None) -> None:
        self.set_seed(time.time_ns() if seed is None else seed)

    def set_seed(self, seed: int) -> None:
        """Start again from a seed."""
        self._state = (seed ^ _MULTIPLIER) & _MASK
        self._gaussian: float | None = None

    def _bits(self, count: int) -> int:
        self._state = (self._state * _MULTIPLIER + 0xB) & _MASK
        return self._state >> (48 - count)

    def next_int(self, bound: int | None = None) -> int:
        """A 32-bit integer, or one of 0 … ``bound`` - 1; raises ValueError unless ``bound`` is positive."""
        if bound is None:
            return _signed(self._bits(32), 32)
        if bound <= 0:
            raise ValueError(f"bound must be positive, received {bound}")
        if bound & (bound - 1) == 0:
            return (bound * self._bits(31)) >> 31
        while True:
            bits = self._bits(31)
            value = bits % bound
            if (
                bits - value + (bound - 1) < 1 << 31
            ):  # the last, incomplete run of values is thrown away
                return value

    def next_long(self) -> int:
        """A 64-bit integer (only 2**48 of them occur)."""
        high = _signed(self._bits(32), 32)
        return _signed(((high << 32) + _signed(self._bits(32), 32)) & ((1 << 64) - 1), 64)

    def next_boolean(self) -> bool:
        """True or False."""
        return self._bits(1) == 1

    def next_float(self) -> float:
        """A float32 value in [0, 1)."""
        return self._bits(24) / (1 << 24)

    def next_double(self) -> float:
        """A float64 value in [0, 1)."""
        return ((self._bits(26) << 27) + self._bits(27)) / (1 << 53)

    def next_gaussian(self) -> float:
        """A standard normal value (polar method; values come in pairs)."""
        if self._gaussian is not None:
            value, self._gaussian = self._gaussian, None
            return value
        while True:
            x = 2 * self.next_double() - 1
            y = 2 * self.next_double() - 1
            square = x * x + y * y
            if 0 < square < 1:
                scale = math.sqrt(-2 * math.log(square) / square)
                self._gaussian = y * scale
                return x * scale

    def shuffle(self, items: MutableSequence[Any] | np.ndarray) -> None:
        """Shuffle in place as ``java.util.Collections.shuffle``."""
        for size in range(len(items), 1, -1):
            other = self.next_int(size)
            items[size - 1], items[other] = items[other], items[size - 1]


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
