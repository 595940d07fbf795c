"""How one array is normalised from its statistics, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import dtypes
from .._core import NDArray
from ._columns import shifted_and_divided
from ._statistics import AbstractStats, AbstractStatsBuilder, DistributionBuilder, MinMaxBuilder

__all__ = ["AbstractStrategy", "MinMaxStrategy", "StandardizeStrategy", "floating"]


class AbstractStrategy(ABC):
    """Standardising or scaling: what to gather, and the arithmetic of one array.

    All arithmetic is in the type of the data, in the order of the original, so that float32 results
    agree with it to the last bit or two.
    """

    @abstractmethod
    def builder(self, what: str) -> AbstractStatsBuilder:
        """Gathers the statistics that this strategy needs."""

    @abstractmethod
    def apply(self, x: NDArray, mask: np.ndarray | None, stats: AbstractStats) -> NDArray:
        """The normalised array; masked steps of series become 0."""

    @abstractmethod
    def revert(self, x: NDArray, mask: np.ndarray | None, stats: AbstractStats) -> NDArray:
        """The array before ``apply``; masked steps of series become 0."""


@dataclass(frozen=True)
class StandardizeStrategy(AbstractStrategy):
    """``(x - mean) / std`` per column or channel."""

    def builder(self, what: str) -> DistributionBuilder:
        """Gathers mean and standard deviation."""
        return DistributionBuilder(what)

    def apply(self, x: NDArray, mask: np.ndarray | None, stats: AbstractStats) -> NDArray:
        """Standardise."""
        x = floating(x)
        return _masked(shifted_and_divided(x, *stats.rows(x)), mask)

    def revert(self, x: NDArray, mask: np.ndarray | None, stats: AbstractStats) -> NDArray:
        """``x * std + mean``."""
        x = floating(x)
        mean, std = stats.rows(x)
        made = x * std
        made += mean
        return _masked(made, mask)


@dataclass(frozen=True)
class MinMaxStrategy(AbstractStrategy):
    """``(x - lower) / (upper - lower) * (max_range - min_range) + min_range``."""

    min_range: float = 0.0
    max_range: float = 1.0

    def builder(self, what: str) -> MinMaxBuilder:
        """Gathers least and largest values."""
        return MinMaxBuilder(what)

    def apply(self, x: NDArray, mask: np.ndarray | None, stats: AbstractStats) -> NDArray:
        """Scale into the target range."""
        x = floating(x)
        made = shifted_and_divided(x, *stats.rows(x))
        # Most ranges are [0, 1]; large batches then need half as many passes over memory.
        if self.max_range - self.min_range != 1.0:
            made *= self.max_range - self.min_range
        if self.min_range != 0.0:
            made += self.min_range
        return _masked(made, mask)

    def revert(self, x: NDArray, mask: np.ndarray | None, stats: AbstractStats) -> NDArray:
        """Scale back from the target range."""
        x = floating(x)
        lower, width = stats.rows(x)
        made = x - self.min_range
        made /= self.max_range - self.min_range
        made *= width
        made += lower
        return _masked(made, mask)


def floating(x: NDArray) -> NDArray:
    """The array itself, or as float32 where NumPy has no such floating type."""
    kept: Any = x.dtype.is_floating and x.dtype.numpy is not None
    return x if kept else x.cast_to(dtypes.float32)


def _masked(x: NDArray, mask: np.ndarray | None) -> NDArray:
    if mask is not None and x.ndim == 3:
        values = x.numpy()  # the same memory
        values[np.broadcast_to((mask == 0)[:, None, :], values.shape)] = 0
    return x
