"""Requests for values from inside a compiled training step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray as NumpyArray

ProbeKind = Literal["value", "parameter", "gradient", "update"]
PROBE_KINDS: tuple[ProbeKind, ...] = ("value", "parameter", "gradient", "update")


@dataclass(frozen=True)
class Probe:
    """One extra output of one training step, computed inside the same native call.

    Args:
        kind: ``value`` a variable of the graph (an activation), ``parameter`` a parameter before its update,
            ``gradient`` the gradient of the loss as declared (not divided by the minibatch size, not normalised),
            ``update`` what is subtracted from the parameter, regularisation included.
        name: the variable's name.
        statistics: give `Statistics` instead of the array.
        bins: number of histogram bins of the statistics; 0 for none.

    A training plan compiles one variant per distinct tuple of probes; a step without probes pays nothing.
    """

    kind: ProbeKind
    name: str
    statistics: bool = False
    bins: int = 0

    def __post_init__(self) -> None:
        if self.kind not in PROBE_KINDS:
            kinds = ", ".join(PROBE_KINDS)
            raise ValueError(
                f"probe of {self.name!r}: kind is one of {kinds}; received {self.kind!r}"
            )
        if self.bins < 0:
            raise ValueError(
                f"probe of {self.name!r}: bins must not be negative, received {self.bins}"
            )


class Statistics(NamedTuple):
    """Statistics of one array (the numbers of Deeplearning4j's ``SummaryStatistics`` and ``Histogram``)."""

    mean: float
    standard_deviation: float  # of the sample (n - 1)
    mean_magnitude: float
    size: int
    minimum: float
    maximum: float
    histogram: tuple[int, ...]  # counts of equal bins between minimum and maximum

    @classmethod
    def of_vector(cls, vector: NumpyArray[np.float64]) -> Statistics:
        """From the float64 vector that the ``statistics`` kernel writes."""
        mean, std, magnitude, count, low, high = vector[:6].tolist()
        return cls(
            mean, std, magnitude, int(count), low, high, tuple(vector[6:].astype(int).tolist())
        )


def statistics_vector(values: NumpyArray[np.generic], bins: int) -> NumpyArray[np.float64]:
    """The reference of the ``statistics`` kernel: mean, std, mean magnitude, n, min, max, then the counts."""
    x = np.asarray(values, dtype=np.float64).ravel()
    out = np.zeros(6 + bins)
    if x.size == 0:
        return out
    out[:6] = (
        x.mean(),
        x.std(ddof=1) if x.size > 1 else 0.0,
        np.abs(x).mean(),
        x.size,
        x.min(),
        x.max(),
    )
    if bins and np.isfinite(out[4:6]).all():
        low, high = out[4], out[5]
        width = (high - low) / bins
        place = np.zeros(x.size, np.int64) if width == 0 else ((x - low) / width).astype(np.int64)
        out[6:] = np.bincount(np.clip(place, 0, bins - 1), minlength=bins)
    return out
