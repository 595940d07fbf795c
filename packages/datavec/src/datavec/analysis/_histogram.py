"""Histograms: the buckets of Deeplearning4j, and a fine one that grows with the data.

Buckets need the range of the data before the first value is counted. `FineHistogram` needs it not:
its cells are 2**k wide and are joined in pairs as the range grows. Where every cell holds a single
number (integers of a modest range) its buckets are exact; otherwise a second look at the data is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FineHistogram", "bucket_counts", "bucket_edges"]

Array = np.ndarray[Any, Any]

_CELLS = 4096
_FLOOR = -1022  # exponents below would make cells of width zero


def bucket_edges(low: float, high: float, buckets: int) -> Array:
    """``buckets + 1`` equally spaced edges; float64.

    Computed as Deeplearning4j does (``low + i·step``, the last one exactly `high`), since counts
    depend on the last bit.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        step = (high - low) / buckets
        if not np.isfinite(step):  # the range exceeds what a double holds
            step = high / buckets - low / buckets
        edges = low + np.arange(buckets + 1) * step
    edges[-1] = high
    return edges


def bucket_counts(values: Array, edges: Array) -> Array:
    """Counts (int64) per bucket ``edges[i] <= v < edges[i+1]``, of ascending values.

    The last bucket is closed and takes what fits nowhere, so constant data are all in it; −∞ goes
    to the first.
    """
    below = np.searchsorted(values, edges[1:-1], side="left")
    if edges[0] == edges[-1]:
        below = np.zeros(len(edges) - 2, np.int64)
    return np.diff(np.concatenate([[0], below, [len(values)]])).astype(np.int64)


class FineHistogram:
    """Counts in up to 4096 cells of width ``2**exponent``; mergeable, never needs the range first."""

    __slots__ = ("counts", "exponent", "first", "whole")

    def __init__(self) -> None:
        self.exponent = 0
        self.first = 0
        """Number of the first cell: cell c covers ``[c·2**exponent, (c+1)·2**exponent)``."""
        self.counts: Array = np.zeros(0, np.int64)
        self.whole = True
        """Whether all values were integers."""

    def add_sorted(self, values: Array) -> FineHistogram:
        """Add finite values in ascending order."""
        if not len(values):
            return self
        part = FineHistogram()
        part.whole = values.dtype.kind in "iu"
        low, high = float(values[0]), float(values[-1])
        # Cells narrower than the last bits of the values would number more than 2**50.
        span = max(high / 2 - low / 2, abs(low) * 2.0**-40, abs(high) * 2.0**-40)
        if span > 0:
            part.exponent = max(int(np.frexp(span)[1]) - 10, 0 if part.whole else _FLOOR)
        elif not part.whole:
            part.exponent = _FLOOR
        if part.whole:
            if int(values[-1]) - int(values[0]) < _CELLS:
                part.exponent = 0
            part.first, last = (int(values[i]) >> part.exponent for i in (0, -1))
            starts = np.arange(part.first + 1, last + 1, dtype=np.int64) << part.exponent
        else:
            part.first, last = (int(np.floor(np.ldexp(v, -part.exponent))) for v in (low, high))
            cells = np.arange(part.first + 1, last + 1, dtype=np.float64)
            starts = np.ldexp(cells, part.exponent)
        cuts = np.searchsorted(values, starts, side="left")
        part.counts = np.diff(np.concatenate([[0], cuts, [len(values)]])).astype(np.int64)
        return self.merge(part)

    def merge(self, other: FineHistogram) -> FineHistogram:
        """Add the counts of another one; returns self."""
        if not len(other.counts):
            return self
        if not len(self.counts):
            self.exponent, self.first = other.exponent, other.first
            self.counts, self.whole = other.counts.copy(), other.whole
            return self
        self.whole &= other.whole
        exponent = max(self.exponent, other.exponent)
        while True:
            (first, mine), (theirs, counts) = self._at(exponent), other._at(exponent)
            start, stop = min(first, theirs), max(first + len(mine), theirs + len(counts))
            if stop - start <= _CELLS:
                break
            exponent += 1
        joined = np.zeros(stop - start, np.int64)
        joined[first - start : first - start + len(mine)] += mine
        joined[theirs - start : theirs - start + len(counts)] += counts
        self.exponent, self.first, self.counts = exponent, start, joined
        return self

    def _at(self, exponent: int) -> tuple[int, Array]:
        """First cell and counts with wider cells."""
        shift = min(exponent - self.exponent, 62)
        if shift == 0:
            return self.first, self.counts
        cells = np.arange(self.first, self.first + len(self.counts)) >> shift
        starts = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1))
        return int(cells[0]), np.add.reduceat(self.counts, starts)

    @property
    def exact(self) -> bool:
        """Whether buckets made from the cells are exact: every cell holds one integer."""
        return self.whole and self.exponent == 0

    def buckets(self, edges: Array) -> Array:
        """Counts per bucket of `edges`; a cell across an edge is divided in proportion."""
        if not len(self.counts):
            return np.zeros(len(edges) - 1, np.int64)
        places = self.first + np.arange(len(self.counts) + 1)
        sums = np.concatenate([[0], np.cumsum(self.counts)])
        if edges[0] == edges[-1]:
            below = np.zeros(len(edges) - 2, np.int64)
        elif self.exact:
            below = sums[np.searchsorted(places[:-1], edges[1:-1], side="left")]
        else:
            # In units of a cell: the slopes between subnormal ends would be infinite.
            scaled = np.ldexp(np.asarray(edges, np.float64), -self.exponent)
            ends = np.clip(places.astype(np.float64), scaled[0], scaled[-1])
            below = np.round(np.interp(scaled[1:-1], ends, sums))
        return np.diff(np.concatenate([[0], below, [sums[-1]]])).astype(np.int64)
