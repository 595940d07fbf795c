"""Bars of the report's histograms, made from the buckets of an analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ._columns import DoubleAnalysis, NDArrayAnalysis
from ._histogram import bucket_counts
from ._report_text import count_text, number_text, share_text

__all__ = ["Bars", "bars_of", "drawable"]

_WIDEST = 8  # up to so many whole numbers per bucket, bars are made to compare


@dataclass(frozen=True)
class Bars:
    """Edges (one more than bars), heights, a text for each bar, and whether heights are averages."""

    edges: Sequence[float]
    heights: Sequence[float]
    texts: Sequence[str]
    per_number: bool = False


def drawable(analysis: Any) -> tuple[Sequence[float], Sequence[int]] | None:
    """The histogram of an analysis, if it can be drawn: files may hold anything."""
    found = analysis.histogram
    if found is None:
        return None
    edges, counts = found
    ascending = all(a <= b for a, b in pairwise(edges))
    finite = bool(np.isfinite(np.asarray(edges, float)).all())
    return found if finite and ascending and min(counts) >= 0 else None


def bars_of(analysis: Any, write: Callable[[Any], str] = number_text) -> Bars | None:
    """Bars of an analysis; None where there is nothing to draw.

    Buckets of whole numbers are drawn so that they compare: buckets narrower than 1 hold one whole
    number or none, buckets a few wide hold now more, now fewer of them, which would draw combs
    that are not in the data.
    """
    found = drawable(analysis)
    if found is None:
        return None
    edges, counts = found
    total = sum(counts)
    low, high = edges[0], edges[-1]
    if low == high:  # one value: a bar of its own
        room = max(abs(low) * 0.05, 0.5)
        places = np.nan_to_num([low - room, low - room / 2, low + room / 2, low + room]).tolist()
        text = f"{write(low)}: {count_text(total)} ({share_text(total, total)})"
        return Bars(places, [0, total, 0], ["", text, ""])
    step = high / len(counts) - low / len(counts)
    fractions = isinstance(analysis, (DoubleAnalysis, NDArrayAnalysis))
    if fractions or not 0 < step < _WIDEST or max(abs(low), abs(high)) > 2**52:
        return Bars(edges, counts, _texts(edges, counts, total, write))
    numbers = np.arange(int(low), int(high) + 1)
    inner = np.asarray(edges)
    if step <= 1:
        places = np.searchsorted(inner[1:-1], numbers, side="right")
        heights = [counts[i] for i in places]
        texts = [
            f"{write(int(v))}: {count_text(c)} ({share_text(c, total)})"
            for v, c in zip(numbers, heights, strict=True)
        ]
        return Bars([low - 0.5, *(numbers + 0.5).tolist()], heights, texts)
    held = bucket_counts(numbers, inner)
    per = [c / max(int(n), 1) for c, n in zip(counts, held, strict=True)]
    return Bars(edges, per, _texts(edges, counts, total, write), per_number=True)


def _texts(
    edges: Sequence[float], counts: Sequence[int], total: int, write: Callable[[Any], str]
) -> list[str]:
    """What each bar says on hover: its range, count and share."""
    last = len(counts) - 1
    return [
        f"{write(edges[i])} to {'' if i == last else 'below '}{write(edges[i + 1])}: "
        f"{count_text(c)} ({share_text(c, total)})"
        for i, c in enumerate(counts)
    ]
