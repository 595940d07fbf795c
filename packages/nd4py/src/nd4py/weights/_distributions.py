"""Distributions that weights are drawn from, by Philox: the same seed gives the same values everywhere."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from nd4py import dtypes
from nd4py._java_json import JavaObject, lookup
from nd4py.ops import _philox

Array = np.ndarray[Any, Any]
_DISTRIBUTIONS = "org.deeplearning4j.nn.conf.distribution."


@dataclass(frozen=True)
class Distribution(JavaObject, ABC):
    """A distribution of weights."""

    type_key: ClassVar[str] = "type"

    @abstractmethod
    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        """Float64 values, flat in the order in which they fill the array (a matrix for orthogonal ones)."""

    def sample(
        self,
        shape: Sequence[int],
        *,
        seed: int,
        dtype: object = dtypes.float32,
        order: Literal["c", "f"] = "c",
    ) -> Any:
        """An array of ``shape`` filled in ``order``; the same seed gives the same values."""
        values = self._draw(tuple(shape), seed)
        return filled(
            values if values.ndim > 1 else values.reshape(shape, order=_NUMPY_ORDER[order]),
            dtype,
            order,
        )


_NUMPY_ORDER: dict[str, Literal["C", "F"]] = {"c": "C", "f": "F"}


def filled(values: Array, dtype: object, order: str) -> Any:
    from nd4py._arrays import from_numpy

    return from_numpy(np.asarray(values, dtypes.dtype(dtype).numpy, order=_NUMPY_ORDER[order]))


def _count(shape: tuple[int, ...]) -> int:
    return math.prod(shape)


@dataclass(frozen=True)
class NormalDistribution(Distribution):
    """N(mean, std²)."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "NormalDistribution"
    mean: float = 0.0
    std: float = 1.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        return _philox.normal(seed, 0, _count(shape), True) * self.std + self.mean


class GaussianDistribution(NormalDistribution):
    """The older name of `NormalDistribution`."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "GaussianDistribution"


@dataclass(frozen=True)
class UniformDistribution(Distribution):
    """Uniform of [lower, upper)."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "UniformDistribution"
    lower: float = 0.0
    upper: float = 1.0

    def __post_init__(self) -> None:
        if not self.lower <= self.upper:
            raise ValueError(f"UniformDistribution: lower {self.lower} is above upper {self.upper}")

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        return (
            _philox.uniform(seed, 0, _count(shape), True) * (self.upper - self.lower) + self.lower
        )


@dataclass(frozen=True)
class TruncatedNormalDistribution(Distribution):
    """N(mean, std²) without what lies beyond two standard deviations, not rescaled (its standard deviation
    is 0.88·std).
    """

    java_class: ClassVar[str] = _DISTRIBUTIONS + "TruncatedNormalDistribution"
    mean: float = 0.0
    std: float = 1.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        wanted = _count(shape)
        kept: list[Array] = []
        counter = found = 0
        while found < wanted:  # 4.6 % are redrawn
            count = (wanted - found) + (wanted - found) // 16 + 16
            z = _philox.normal(seed, counter, count, True)
            counter += _philox.blocks_used(count, True)
            z = z[np.abs(z) <= 2]
            kept.append(z)
            found += z.size
        values = np.concatenate(kept)[:wanted] if kept else np.zeros(0)
        return values * self.std + self.mean


@dataclass(frozen=True)
class LogNormalDistribution(Distribution):
    """e^N(mean, std²): mean and std are those of the logarithm."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "LogNormalDistribution"
    mean: float = 0.0
    std: float = 1.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        return np.exp(_philox.normal(seed, 0, _count(shape), True) * self.std + self.mean)


@dataclass(frozen=True)
class BinomialDistribution(Distribution):
    """Successes among ``number_of_trials`` draws with ``probability_of_success`` each."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "BinomialDistribution"
    number_of_trials: int = 1
    probability_of_success: float = 0.5

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        count = _count(shape)
        total = np.zeros(count)
        for trial in range(self.number_of_trials):
            u = _philox.uniform(seed, trial * _philox.blocks_used(count, True), count, True)
            total += u < self.probability_of_success
        return total


@dataclass(frozen=True)
class ConstantDistribution(Distribution):
    """One value."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "ConstantDistribution"
    value: float = 0.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        return np.full(_count(shape), self.value)


@dataclass(frozen=True)
class OrthogonalDistribution(Distribution):
    """A random orthogonal matrix times ``gain``: WᵀW (tall) or W·Wᵀ (wide) is gain²·I.

    More than two dimensions are taken as [first, all others].
    """

    java_class: ClassVar[str] = _DISTRIBUTIONS + "OrthogonalDistribution"
    gain: float = 1.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        if len(shape) < 2:
            raise ValueError(
                f"OrthogonalDistribution: needs at least 2 dimensions, received shape {shape}"
            )
        rows, columns = shape[0], _count(shape[1:])
        tall, wide = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(_philox.normal(seed, 0, tall * wide, True).reshape(tall, wide))
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # else the result is not uniform over rotations
        return np.asarray((q if rows >= columns else q.T) * self.gain).reshape(shape)


def get_distribution(value: Any) -> Distribution:
    """A distribution from itself or Deeplearning4j's JSON."""
    return lookup(value, Distribution, {})  # type: ignore[type-abstract]
