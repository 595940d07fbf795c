"""Random arrays: one stream of numbers per process, fixed by a seed. Answers to
``org.nd4j.linalg.factory.Nd4j.getRandom``.

Numbers come from Philox as functions of a seed and a counter, so that a stream gives the same numbers on
every backend and
with every number of threads. Drawing moves the counter on; (seed, counter) is the whole state.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Sequence
from typing import Any

from . import dtypes, ops
from ._core import NDArray, full
from .dtypes import DType
from .ops._philox import blocks_used

__all__ = [
    "Random",
    "bernoulli",
    "default_random",
    "get_state",
    "log_normal",
    "normal",
    "set_seed",
    "set_state",
    "uniform",
]

Shape = int | Sequence[int]


class Random:
    """A stream of random numbers.

    Args:
        seed: any integer; None takes one from the operating system.

    >>> Random(7).uniform((2,)).tolist() == Random(7).uniform((2,)).tolist()
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        self._lock = threading.Lock()
        self._seed = _signed(int.from_bytes(os.urandom(8), "little") if seed is None else seed)
        self._counter = 0

    @property
    def state(self) -> tuple[int, int]:
        """Seed and counter: everything that the next draw depends on."""
        return self._seed, self._counter

    @state.setter
    def state(self, state: tuple[int, int]) -> None:
        with self._lock:
            self._seed, self._counter = _signed(state[0]), state[1]

    def reserve(self, count: int, dtype: DType = dtypes.float32) -> tuple[NDArray, NDArray]:
        """Seed and counter, as scalar arrays, for an operation that draws ``count`` numbers; the stream
        moves past them.
        """
        with self._lock:
            counter = self._counter
            self._counter += blocks_used(count, dtype is dtypes.float64)
        return full((), self._seed, dtypes.int64), full((), counter, dtypes.int64)

    def uniform(
        self, shape: Shape, *, low: float = 0.0, high: float = 1.0, dtype: object = dtypes.float32
    ) -> Any:
        """Uniform numbers of [low, high)."""
        found, kind = _shape(shape), dtypes.dtype(dtype)
        return ops.random_uniform(
            *self.reserve(math.prod(found), kind), shape=found, low=low, high=high, dtype=kind
        )

    def normal(
        self, shape: Shape, *, mean: float = 0.0, std: float = 1.0, dtype: object = dtypes.float32
    ) -> Any:
        """Normal numbers."""
        found, kind = _shape(shape), dtypes.dtype(dtype)
        return ops.random_normal(
            *self.reserve(math.prod(found), kind), shape=found, mean=mean, std=std, dtype=kind
        )

    def log_normal(
        self, shape: Shape, *, mean: float = 0.0, std: float = 1.0, dtype: object = dtypes.float32
    ) -> Any:
        """Numbers whose logarithm is normal with the given mean and standard deviation."""
        return ops.exp(self.normal(shape, mean=mean, std=std, dtype=dtype))

    def bernoulli(self, shape: Shape, *, p: float = 0.5, dtype: object = dtypes.float32) -> Any:
        """1 with probability p, else 0."""
        found, kind = _shape(shape), dtypes.dtype(dtype)
        return ops.random_bernoulli(
            *self.reserve(math.prod(found), kind), shape=found, p=p, dtype=kind
        )


def _shape(shape: Shape) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def _signed(seed: int) -> int:
    """The 64 bits of a seed as int64, which operations take."""
    bits = seed & 0xFFFFFFFFFFFFFFFF
    return bits - (1 << 64) if bits >> 63 else bits


_default = Random()


def default_random() -> Random:
    """The stream that the functions of this module draw from."""
    return _default


def set_seed(seed: int) -> None:
    """Starts the default stream anew.

    >>> import nd4py as nd
    >>> nd.random.set_seed(12)
    >>> nd.random.uniform((3,)).shape
    (3,)
    """
    _default.state = (seed, 0)


def get_state() -> tuple[int, int]:
    """Seed and counter of the default stream."""
    return _default.state


def set_state(state: tuple[int, int]) -> None:
    """Continues the default stream from a state of `get_state`."""
    _default.state = state


def uniform(
    shape: Shape, *, low: float = 0.0, high: float = 1.0, dtype: object = dtypes.float32
) -> Any:
    """Uniform numbers of [low, high) from the default stream. Deeplearning4j: ``NDRandom.uniform``."""
    return _default.uniform(shape, low=low, high=high, dtype=dtype)


def normal(
    shape: Shape, *, mean: float = 0.0, std: float = 1.0, dtype: object = dtypes.float32
) -> Any:
    """Normal numbers from the default stream. Deeplearning4j: ``NDRandom.normal``."""
    return _default.normal(shape, mean=mean, std=std, dtype=dtype)


def log_normal(
    shape: Shape, *, mean: float = 0.0, std: float = 1.0, dtype: object = dtypes.float32
) -> Any:
    """Numbers whose logarithm is normal, from the default stream. Deeplearning4j: ``NDRandom.logNormal``."""
    return _default.log_normal(shape, mean=mean, std=std, dtype=dtype)


def bernoulli(shape: Shape, *, p: float = 0.5, dtype: object = dtypes.float32) -> Any:
    """1 with probability p, else 0, from the default stream. Deeplearning4j: ``NDRandom.bernoulli``."""
    return _default.bernoulli(shape, p=p, dtype=dtype)
