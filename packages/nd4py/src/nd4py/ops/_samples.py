"""Sample inputs for the contract suite: small float64 or integer arrays, always the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Sample = tuple[tuple[Any, ...], Mapping[str, Any]]


def real(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> np.ndarray[Any, Any]:
    """Distinct, unordered reals of the open interval, none closer to 0 or to another than a finite difference."""
    n = int(np.prod(shape))
    grid = low + (high - low) * (np.arange(n) + 0.37 + 0.19 * seed) / max(n, 1)
    return np.random.default_rng(seed).permutation(grid).reshape(shape)


def integers(*shape: int, low: int = 0, high: int = 8, seed: int = 0) -> np.ndarray[Any, Any]:
    """Integers of [low, high)."""
    return np.random.default_rng(seed).integers(low, high, shape)


def bools(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Both truth values."""
    return np.random.default_rng(seed).integers(0, 2, shape).astype(bool)


def unary(low: float = -2.0, high: float = 2.0) -> Callable[[], Sequence[Sample]]:
    """One matrix, long enough for a vector loop with a tail, and one scalar array."""
    return lambda: [((real(5, 7, low=low, high=high),), {}), ((real(low=low, high=high),), {})]


def binary(
    low: float = -2.0, high: float = 2.0, low_b: float | None = None, high_b: float | None = None
) -> Callable[[], Sequence[Sample]]:
    """Equal shapes, a row against a matrix, and both sides broadcast."""
    lb, hb = low if low_b is None else low_b, high if high_b is None else high_b

    def make() -> Sequence[Sample]:
        return [
            ((real(4, 5, low=low, high=high), real(4, 5, low=lb, high=hb, seed=1)), {}),
            ((real(4, 5, low=low, high=high), real(5, low=lb, high=hb, seed=1)), {}),
            ((real(4, 1, low=low, high=high), real(1, 3, low=lb, high=hb, seed=1)), {}),
        ]

    return make
