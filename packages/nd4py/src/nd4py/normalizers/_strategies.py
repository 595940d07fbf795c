"""How one array is normalised from its statistics, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._statistics import DistributionStats, MinMaxStats, StatsBuilder

__all__ = ["AbstractStrategy", "MinMaxStrategy", "StandardizeStrategy", "Stats"]

Stats = DistributionStats | MinMaxStats


class AbstractStrategy(ABC):
    """Standardising or scaling: what to gather, and the arithmetic of one array.

    All arithmetic is in the type of the data, in the order of the original, so that float32 results
    agree with it to the last bit or two.
    """

    @abstractmethod
    def build(self, builder: StatsBuilder, what: str) -> Stats:
        """The statistics that this strategy needs."""

    @abstractmethod
    def apply(self, x: np.ndarray, mask: np.ndarray | None, stats: Any) -> np.ndarray:
        """The normalised array; masked steps of series become 0."""

    @abstractmethod
    def revert(self, x: np.ndarray, mask: np.ndarray | None, stats: Any) -> np.ndarray:
        """The array before ``apply``; masked steps of series become 0."""


@dataclass(frozen=True)
class StandardizeStrategy(AbstractStrategy):
    """``(x - mean) / std`` per column or channel."""

    def build(self, builder: StatsBuilder, what: str) -> DistributionStats:
        """Mean and standard deviation."""
        return builder.distribution(what)

    def apply(self, x: np.ndarray, mask: np.ndarray | None, stats: DistributionStats) -> np.ndarray:
        """Standardise."""
        made = floating(x)
        made = made - _spread(stats.mean, made)
        made /= _spread(stats.usable_std(), made)
        return _masked(made, mask)

    def revert(
        self, x: np.ndarray, mask: np.ndarray | None, stats: DistributionStats
    ) -> np.ndarray:
        """``x * std + mean``."""
        made = floating(x)
        made = made * _spread(stats.usable_std(), made)
        made += _spread(stats.mean, made)
        return _masked(made, mask)


@dataclass(frozen=True)
class MinMaxStrategy(AbstractStrategy):
    """``(x - lower) / (upper - lower) * (max_range - min_range) + min_range``."""

    min_range: float = 0.0
    max_range: float = 1.0

    def build(self, builder: StatsBuilder, what: str) -> MinMaxStats:
        """Least and largest values."""
        return builder.min_max(what)

    def apply(self, x: np.ndarray, mask: np.ndarray | None, stats: MinMaxStats) -> np.ndarray:
        """Scale into the target range."""
        made = floating(x)
        made = made - _spread(stats.lower, made)
        made /= _spread(stats.upper - stats.lower, made)
        made *= made.dtype.type(self.max_range - self.min_range)
        made += made.dtype.type(self.min_range)
        return _masked(made, mask)

    def revert(self, x: np.ndarray, mask: np.ndarray | None, stats: MinMaxStats) -> np.ndarray:
        """Scale back from the target range."""
        made = floating(x)
        made = made - made.dtype.type(self.min_range)
        made /= made.dtype.type(self.max_range - self.min_range)
        made *= _spread(stats.upper - stats.lower, made)
        made += _spread(stats.lower, made)
        return _masked(made, mask)


def floating(x: np.ndarray) -> np.ndarray:
    """The array itself, or as float32 where it is not floating."""
    return x if x.dtype.kind == "f" else x.astype(np.float32)


def _spread(row: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A ``[1, n]`` row in the type of ``x``, shaped to go along axis 1."""
    if x.ndim < 2 or x.shape[1] != row.size:
        raise ValueError(
            f"normalizer: expected {row.size} columns along axis 1 as in the fitted data, received "
            f"shape {list(x.shape)}"
        )
    return row.astype(x.dtype, copy=False).reshape(1, -1, *(1,) * (x.ndim - 2))


def _masked(x: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    if mask is not None and x.ndim == 3:
        x[np.broadcast_to((mask == 0)[:, None, :], x.shape)] = 0
    return x
