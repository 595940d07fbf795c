"""Statistics per column or channel, gathered batch by batch, exact whatever the batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .._arrays import from_numpy
from .._core import NDArray
from ..dtypes import DType
from ._columns import extremes

__all__ = [
    "EPS",
    "AbstractStats",
    "AbstractStatsBuilder",
    "DistributionBuilder",
    "DistributionStats",
    "MinMaxBuilder",
    "MinMaxStats",
]

EPS = 1e-5
"""ND4J's ``EPS_THRESHOLD``: smaller spreads count as none."""

_BLOCK = 1 << 14  # rows whose squares are held in float64 at a time


@dataclass(eq=False)
class AbstractStats(ABC):
    """Two rows ``[1, columns]``, and the same in other types and ranks as they are needed."""

    _broadcast: dict[tuple[DType, int], tuple[NDArray, NDArray]] = field(
        default_factory=dict, init=False, repr=False
    )

    @abstractmethod
    def pair(self) -> tuple[np.ndarray, np.ndarray]:
        """The two rows, as files hold them."""

    @abstractmethod
    def operands(self) -> tuple[np.ndarray, np.ndarray]:
        """What is subtracted, and what it is divided by."""

    def rows(self, like: NDArray) -> tuple[NDArray, NDArray]:
        """``operands`` in the type of ``like``, shaped to go along its axis 1.

        Raises ValueError when ``like`` does not have as many columns.
        """
        found = self._broadcast.get((like.dtype, like.ndim))
        if found is None:
            shape = (1, -1, *(1,) * (like.ndim - 2))
            offset, width = (row.astype(like.dtype.numpy).reshape(shape) for row in self.operands())
            found = from_numpy(offset), from_numpy(width)
            self._broadcast[like.dtype, like.ndim] = found
        if like.ndim < 2 or like.shape[1] != found[0].shape[1]:
            raise ValueError(
                f"normalizer: expected {found[0].size} columns along axis 1 as in the fitted data, received shape "
                f"{list(like.shape)}"
            )
        return found


@dataclass(eq=False)
class DistributionStats(AbstractStats):
    """Mean and population standard deviation; a deviation is at least ``EPS``."""

    names: ClassVar[tuple[str, str]] = ("mean", "std")
    mean: np.ndarray
    std: np.ndarray

    def __post_init__(self) -> None:
        self.std = np.maximum(self.std, np.asarray(EPS, self.std.dtype))

    def pair(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation."""
        return self.mean, self.std

    def operands(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean, and deviations of which those of at most ``EPS`` become 1, also in ``std`` itself.

        A normalizer of the original changes in the same way when it is first used, and is saved so.
        """
        tiny = np.abs(self.std) <= EPS
        if tiny.any():
            self.std = np.where(tiny, np.asarray(1, self.std.dtype), self.std)
        return self.mean, self.std


@dataclass(eq=False)
class MinMaxStats(AbstractStats):
    """Least and largest value; ``upper`` exceeds ``lower`` by at least ``EPS``."""

    names: ClassVar[tuple[str, str]] = ("min", "max")
    lower: np.ndarray
    upper: np.ndarray

    def __post_init__(self) -> None:
        with np.errstate(invalid="ignore", over="ignore"):  # statistics of NaN or infinite data
            width = self.upper - self.lower
            padding = np.maximum(width, np.asarray(EPS, width.dtype)) - width
            self.upper = self.upper + padding

    def pair(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest values."""
        return self.lower, self.upper

    def operands(self) -> tuple[np.ndarray, np.ndarray]:
        """Least values and widths."""
        return self.lower, self.upper - self.lower


def _columns_of(x: np.ndarray, mask: np.ndarray | None, what: str) -> np.ndarray:
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


class AbstractStatsBuilder(ABC):
    """Gathers statistics of one array over batches; ``what`` names it in errors."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._count = 0
        self._columns = 0
        self._dtype = np.dtype(np.float32)

    def add(self, x: np.ndarray, mask: np.ndarray | None) -> None:
        """Add one batch; raises ValueError when its columns differ from the batches before."""
        rows = _columns_of(x, mask, self.what)
        if rows.shape[0] == 0:
            return
        if self._count == 0:
            self._columns = rows.shape[1]
            self._dtype = x.dtype if x.dtype.kind == "f" else self._dtype
        if rows.shape[1] != self._columns:
            raise ValueError(
                f"fit: {self.what} has {rows.shape[1]} columns, the batches before have {self._columns}"
            )
        self._gather(rows)
        self._count += rows.shape[0]

    @abstractmethod
    def _gather(self, rows: np.ndarray) -> None:
        """Take rows into the statistics; ``_count`` still is the number of those before."""

    @abstractmethod
    def build(self) -> AbstractStats:
        """The statistics; raises ValueError when nothing was added."""

    def _row(self, values: np.ndarray) -> np.ndarray:
        if self._count == 0:
            raise ValueError(f"fit: there are no values of the {self.what} to fit to")
        return values.astype(self._dtype).reshape(1, -1)


class DistributionBuilder(AbstractStatsBuilder):
    """Mean and standard deviation, in float64."""

    _mean = np.zeros(0)
    _squares = np.zeros(0)

    def _gather(self, rows: np.ndarray) -> None:
        before = self._count
        for block in _blocks(rows):
            values = block.astype(np.float64)
            mean = values.mean(axis=0)
            values -= mean
            squares = np.einsum("ij,ij->j", values, values)
            if before == 0:
                self._mean, self._squares = mean, squares
            else:
                # Chan's formula joins means and sums of squares of two parts exactly.
                total = before + len(block)
                shift = mean - self._mean
                self._squares = self._squares + squares + shift**2 * (before * len(block) / total)
                self._mean = self._mean + shift * (len(block) / total)
            before += len(block)

    def build(self) -> DistributionStats:
        """The statistics; raises ValueError when nothing was added."""
        return DistributionStats(
            self._row(self._mean), self._row(np.sqrt(self._squares / max(self._count, 1)))
        )


class MinMaxBuilder(AbstractStatsBuilder):
    """Least and largest values."""

    _lower = np.zeros(0)
    _upper = np.zeros(0)

    def _gather(self, rows: np.ndarray) -> None:
        lower, upper = extremes(rows)
        self._lower = np.minimum(self._lower, lower) if self._count else lower
        self._upper = np.maximum(self._upper, upper) if self._count else upper

    def build(self) -> MinMaxStats:
        """The statistics; raises ValueError when nothing was added."""
        return MinMaxStats(self._row(self._lower), self._row(self._upper))


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]
