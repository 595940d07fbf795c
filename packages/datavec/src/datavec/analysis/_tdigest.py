"""Quantiles of a stream in bounded memory: a merging t-digest over NumPy arrays.

Ted Dunning and Otmar Ertl, "Computing Extremely Accurate Quantiles Using t-Digests" (2019). Values
are kept as centroids (a mean and a weight); the scale function k(q) = c·(asin(2q − 1) + π/2)/π
bounds how much weight a centroid may hold, so that the tails stay fine. Quantiles are read off as
the Java library of Deeplearning4j does: linearly between the middles of neighbouring centroids.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["TDigest"]

Array = np.ndarray[Any, Any]


class TDigest:
    """A mergeable summary from which any quantile can be estimated.

    Up to about half as many values as `compression` are kept exactly; beyond that the error of the
    rank is of the order of ``sqrt(q·(1 − q))/compression``. Two digests of parts of the data merge
    into the digest of the whole.

    Answers to ``com.tdunning.math.stats.MergingDigest``, which Deeplearning4j's analyses hold.

    Args:
        compression: number of centroids kept at most; at least 10.

    Raises:
        ValueError: a compression below 10, NaN among the values, or a quantile outside 0 to 1.

    >>> digest = TDigest().add([1, 2, 2, 7])
    >>> digest.quantile(0.5), digest.quantile(0.75)
    (2.0, 4.5)
    """

    __slots__ = ("compression", "max", "means", "min", "weights")

    def __init__(self, compression: float = 100.0) -> None:
        if not compression >= 10:
            raise ValueError(f"compression must be at least 10, received {compression}")
        self.compression = float(compression)
        self.means: Array = np.zeros(0)
        self.weights: Array = np.zeros(0)
        self.min = np.inf
        self.max = -np.inf

    @property
    def count(self) -> float:
        """Total weight: the number of values added."""
        return float(self.weights.sum())

    def add(self, values: Any) -> TDigest:
        """Add values (any number, in any order); returns the digest itself."""
        array = np.sort(np.asarray(values, np.float64).ravel())
        if len(array) and np.isnan(array[-1]):  # NaN sorts to the end
            raise ValueError("cannot add NaN to a t-digest")
        return self.add_sorted(array)

    def add_sorted(self, values: Array) -> TDigest:
        """Add values that are in ascending order and hold no NaN."""
        if not len(values):
            return self
        self.min = min(self.min, float(values[0]))
        self.max = max(self.max, float(values[-1]))
        means, weights = _centroids_of_sorted(values, self.compression)
        self._absorb(means, weights)
        return self

    def merge(self, other: TDigest) -> TDigest:
        """Add what another digest holds; returns the digest itself."""
        if len(other.means):
            self.min, self.max = min(self.min, other.min), max(self.max, other.max)
            self._absorb(other.means, other.weights)
        return self

    def _absorb(self, means: Array, weights: Array) -> None:
        if len(self.means):
            means = np.concatenate([self.means, means])
            weights = np.concatenate([self.weights, weights])
            order = np.argsort(means, kind="stable")
            means, weights = means[order], weights[order]
        self.means, self.weights = _compressed(means, weights, self.compression)

    def compressed(self, compression: float) -> TDigest:
        """A copy with another compression."""
        out = TDigest(compression)
        out.min, out.max = self.min, self.max
        out.means, out.weights = _compressed(self.means, self.weights, out.compression)
        return out

    def quantile(self, q: float) -> float:
        """The value below which a share `q` (0 to 1) of the values lies; NaN without values."""
        if not 0 <= q <= 1:
            raise ValueError(f"a quantile must lie between 0 and 1, received {q}")
        return float(self.quantiles([q])[0])

    def quantiles(self, qs: Iterable[float]) -> Array:
        """`quantile` of several shares at once, as float64."""
        wanted = np.asarray(list(qs), np.float64)
        if not len(self.means):
            return np.full(len(wanted), np.nan)
        total = self.weights.sum()
        middles = np.cumsum(self.weights) - self.weights / 2
        index = wanted * total
        # Weighted means of the neighbours, in the order of operations of the original.
        right = np.clip(np.searchsorted(middles, index, side="right"), 1, len(middles) - 1)
        left = np.maximum(right - 1, 0)
        above = index - middles[left]
        below = middles[left] + (self.weights[left] + self.weights[right]) / 2 - index
        with np.errstate(over="ignore", invalid="ignore"):
            sums = self.means[left] * below + self.means[right] * above
            out = np.fmax(self.means[left], np.fmin(sums / (below + above), self.means[right]))
        # Towards an infinity there is nothing between: the nearer of the two.
        endless = np.isinf(self.means[left]) | np.isinf(self.means[right])
        nearer = np.where(above <= below, left, right)
        out = np.where(endless, self.means[nearer], out)
        # Between the extreme centroids' middles and the ends lie the extreme values themselves.
        low, high = index < middles[0], index > middles[-1]
        with np.errstate(invalid="ignore"):
            if self.weights[0] > 1:
                share = index[low] / middles[0]
                out[low] = self.min + share * (self.means[0] - self.min)
            if self.weights[-1] > 1:
                share = (total - index[high]) / (self.weights[-1] / 2)
                out[high] = self.max - share * (self.max - self.means[-1])
        return np.asarray(np.clip(out, self.min, self.max) + 0.0)  # no -0.0

    def cdf(self, values: Any) -> Array:
        """Share of the data at or below each of `values` (estimated, except at the ends)."""
        x = np.asarray(values, np.float64)
        if not len(self.means):
            return np.full(x.shape, np.nan)
        total = self.weights.sum()
        middles = np.cumsum(self.weights) - self.weights / 2
        xs = np.concatenate([[self.min], self.means, [self.max]])
        ys = np.concatenate([[0.0], middles / total, [1.0]])
        out = np.interp(x, xs, ys)
        return np.asarray(np.where(x < self.min, 0.0, np.where(x >= self.max, 1.0, out)))

    def __repr__(self) -> str:
        return f"<TDigest: {self.count:g} values in {len(self.means)} centroids>"


def _scale(q: Array, compression: float) -> Array:
    return np.asarray(compression * (np.arcsin(np.clip(2 * q - 1, -1, 1)) + np.pi / 2) / np.pi)


def _centroids_of_sorted(values: Array, compression: float) -> tuple[Array, Array]:
    """Centroids of ascending values of weight one: cut where the scale function says."""
    n = len(values)
    if n <= compression / 2:
        return values.astype(np.float64), np.ones(n)
    steps = np.arange(1, int(np.ceil(compression)))
    ends = n * (1 - np.cos(np.pi * steps / compression)) / 2
    starts = np.concatenate([[0], np.clip(np.round(ends), 0, n - 1).astype(np.int64)])
    starts = starts[np.diff(starts, prepend=-1) > 0]
    weights = np.diff(np.append(starts, n)).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.add.reduceat(values, starts, dtype=np.float64) / weights
    return _within(means, values[starts], values[np.append(starts[1:], n) - 1]), weights


def _compressed(means: Array, weights: Array, compression: float) -> tuple[Array, Array]:
    """Join neighbouring centroids that the scale function puts into one cell."""
    if len(means) <= compression / 2:
        return means, weights
    total = weights.sum()
    middles = (np.cumsum(weights) - weights / 2) / total
    cells = np.floor(_scale(middles, compression)).astype(np.int64)
    starts = np.flatnonzero(np.diff(cells, prepend=-1))
    joined = np.add.reduceat(weights, starts)
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.add.reduceat(
            means * (weights / np.repeat(joined, _lengths(starts, len(means)))), starts
        )
    ends = np.append(starts[1:], len(means)) - 1
    return _within(sums, means[starts], means[ends]), joined


def _lengths(starts: Array, n: int) -> Array:
    return np.diff(np.append(starts, n))


def _within(means: Array, low: Array, high: Array) -> Array:
    """Keep means between the ends of their cells: rounding, overflow and infinities may not."""
    means = np.where(np.isnan(means), low, means)
    return np.minimum(np.maximum(means, low), high)
