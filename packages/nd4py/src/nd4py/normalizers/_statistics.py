"""Statistics per column or channel, gathered batch by batch, exact whatever the batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["EPS", "DistributionStats", "MinMaxStats", "StatsBuilder", "columns_of"]

EPS = 1e-5
"""ND4J's ``EPS_THRESHOLD``: smaller spreads count as none."""


def columns_of(x: np.ndarray, mask: np.ndarray | None, what: str) -> np.ndarray:
    """Values by column: ``[rows, columns]`` from rank 2, or everything along axis 1 for higher ranks.

    For series ``[n, size, time]`` a mask ``[n, time]`` picks the steps. Raises ValueError below rank 2.
    """
    if x.ndim < 2:
        raise ValueError(f"fit: {what} must have rank 2 or more, received shape {list(x.shape)}")
    if x.ndim == 2:
        return x
    moved = np.moveaxis(x, 1, -1)
    if x.ndim == 3 and mask is not None:
        if mask.shape != moved.shape[:2]:
            raise ValueError(
                f"fit: mask of shape {list(mask.shape)} does not fit {what} {list(x.shape)}"
            )
        return np.asarray(moved[mask != 0])
    return moved.reshape(-1, x.shape[1])


@dataclass
class DistributionStats:
    """Mean and population standard deviation, ``[1, columns]``; a deviation is at least ``EPS``."""

    mean: np.ndarray
    std: np.ndarray

    def __post_init__(self) -> None:
        self.std = np.maximum(self.std, np.asarray(EPS, self.std.dtype))

    def usable_std(self) -> np.ndarray:
        """The deviations to divide by: what is at most ``EPS`` becomes 1, also in ``std`` itself.

        A normalizer of the original changes in the same way when it is first used, and is saved so.
        """
        tiny = np.abs(self.std) <= EPS
        if tiny.any():
            self.std = np.where(tiny, np.asarray(1, self.std.dtype), self.std)
        return self.std


@dataclass
class MinMaxStats:
    """Least and largest value, ``[1, columns]``; ``upper`` exceeds ``lower`` by at least ``EPS``."""

    lower: np.ndarray
    upper: np.ndarray

    def __post_init__(self) -> None:
        with np.errstate(invalid="ignore", over="ignore"):  # statistics of NaN or infinite data
            width = self.upper - self.lower
            padding = np.maximum(width, np.asarray(EPS, width.dtype)) - width
            self.upper = self.upper + padding


class StatsBuilder:
    """Gathers both kinds of statistics over batches."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = np.zeros(0)
        self._squares = np.zeros(0)
        self._lower = np.zeros(0)
        self._upper = np.zeros(0)
        self._dtype = np.dtype(np.float32)

    def add(self, x: np.ndarray, mask: np.ndarray | None, what: str) -> None:
        """Add one batch; raises ValueError when its columns differ from the batches before."""
        columns = columns_of(x, mask, what)
        if self._count and columns.shape[1] != self._mean.size:
            raise ValueError(
                f"fit: {what} has {columns.shape[1]} columns, the batches before have {self._mean.size}"
            )
        count = columns.shape[0]
        if count == 0:
            return
        mean = columns.mean(axis=0, dtype=np.float64)
        squares = columns.var(axis=0, dtype=np.float64) * count
        lower, upper = columns.min(axis=0), columns.max(axis=0)
        if self._count == 0:
            self._mean, self._squares, self._lower, self._upper = mean, squares, lower, upper
            self._dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
        else:
            # Chan's formula joins means and sums of squares of two parts exactly.
            total = self._count + count
            shift = mean - self._mean
            self._squares = self._squares + squares + shift**2 * (self._count * count / total)
            self._mean = self._mean + shift * (count / total)
            self._lower = np.minimum(self._lower, lower)
            self._upper = np.maximum(self._upper, upper)
        self._count += count

    def _row(self, values: np.ndarray) -> np.ndarray:
        return values.astype(self._dtype).reshape(1, -1)

    def _require_rows(self, what: str) -> None:
        if self._count == 0:
            raise ValueError(f"fit: there are no values of the {what} to fit to")

    def distribution(self, what: str) -> DistributionStats:
        """Mean and standard deviation; raises ValueError when nothing was added."""
        self._require_rows(what)
        return DistributionStats(
            self._row(self._mean), self._row(np.sqrt(self._squares / self._count))
        )

    def min_max(self, what: str) -> MinMaxStats:
        """Least and largest values; raises ValueError when nothing was added."""
        self._require_rows(what)
        return MinMaxStats(self._row(self._lower), self._row(self._upper))
