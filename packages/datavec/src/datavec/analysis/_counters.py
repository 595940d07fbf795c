"""Statistics of one column, gathered batch by batch; counters of parts merge into one of the whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import DataVecError, SchemaError
from ..columns._arrow_arrays import constant, numpy_array
from ..columns._convert import as_text, is_text, plain_text
from ..columns._ndarray_column import flat_values, is_ndarray
from ..schema._metadata import AbstractColumnMetaData, ColumnType
from ._columns import (
    AbstractColumnAnalysis,
    BytesAnalysis,
    CategoricalAnalysis,
    DoubleAnalysis,
    IntegerAnalysis,
    LongAnalysis,
    NDArrayAnalysis,
    StringAnalysis,
    TimeAnalysis,
)
from ._histogram import FineHistogram, bucket_counts, bucket_edges
from ._hyperloglog import HyperLogLog
from ._java_digest import DigestJson
from ._tdigest import TDigest
from ._values import numbers_of, present_texts, text_lengths

__all__ = ["AbstractCounter", "NumberSummary", "counter_for"]

Array = np.ndarray[Any, Any]

_COMPRESSION = 500.0  # finer than the original's 100: a few kilobytes per column
_MAX_CATEGORIES = 1 << 20


class NumberSummary:
    """Moments, extremes, quantiles and buckets of numbers.

    Args:
        digest: whether to keep a t-digest for quantiles.
        unique: whether to count different values.
    """

    __slots__ = (
        "count", "digest", "fine", "finite", "kept", "m2", "max", "mean", "min",
        "n_max", "n_min", "negative", "unique", "zero",
    )  # fmt: skip

    def __init__(self, *, digest: bool = True, unique: bool = True) -> None:
        self.count = self.n_min = self.n_max = self.zero = self.negative = 0
        self.min: Any = None
        self.max: Any = None
        self.mean = 0.0
        self.m2 = 0.0
        """Sum of squared deviations from the mean."""
        self.digest = TDigest(_COMPRESSION) if digest else None
        self.unique = HyperLogLog() if unique else None
        self.fine = FineHistogram()
        self.finite = (np.inf, -np.inf)
        """Smallest and largest finite value."""
        self.kept: list[Array] | None = []
        """Ascending values of each batch; None once some of them were not kept."""

    def add(self, values: Array, *, keep: bool = False) -> None:
        """Add numbers without NaN. With `keep` a sorted copy stays, for exact buckets."""
        if len(values):
            part = NumberSummary(digest=False, unique=False)
            self._summarise(part, values)
            if not keep:
                part.kept = None
            self._merge(part)

    def _summarise(self, part: NumberSummary, values: Array) -> None:
        ordered = np.sort(values)  # from here on most answers are binary searches
        part.kept = [ordered]
        n = part.count = len(ordered)
        part.min, part.max = ordered[0].item(), ordered[-1].item()
        part.n_min = int(np.searchsorted(ordered, ordered[0], side="right"))
        part.n_max = n - int(np.searchsorted(ordered, ordered[-1], side="left"))
        part.negative = int(np.searchsorted(ordered, 0, side="left"))
        part.zero = int(np.searchsorted(ordered, 0, side="right")) - part.negative
        with np.errstate(over="ignore", invalid="ignore"):
            part.mean = float(values.mean(dtype=np.float64))
            deviations = values - part.mean
            part.m2 = float(np.square(deviations, out=deviations).sum())
        finite = ordered
        if ordered.dtype.kind == "f":  # infinities have no place among cells
            first = int(np.searchsorted(ordered, -np.inf, side="right"))
            finite = ordered[first : int(np.searchsorted(ordered, np.inf, side="left"))]
        if len(finite):
            part.finite = (float(finite[0]), float(finite[-1]))
            part.fine.add_sorted(finite)
        if self.digest is not None:
            self.digest.add_sorted(ordered)
        if self.unique is not None:
            self.unique.add(ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])])

    def merge(self, other: NumberSummary) -> None:
        """Add what another summary of the same kind holds."""
        if self.digest is not None and other.digest is not None:
            self.digest.merge(other.digest)
        if self.unique is not None and other.unique is not None:
            self.unique.merge(other.unique)
        self._merge(other)

    def _merge(self, other: NumberSummary) -> None:
        if other.count == 0:
            return
        keeps = self.kept is not None and other.kept is not None
        self.kept = [*self.kept, *other.kept] if keeps else None  # type: ignore[misc]
        self.fine.merge(other.fine)
        low, high = self.finite
        self.finite = (min(low, other.finite[0]), max(high, other.finite[1]))
        if self.count == 0:
            self.min, self.max, self.n_min, self.n_max = (
                other.min, other.max, other.n_min, other.n_max,
            )  # fmt: skip
        else:
            if other.min <= self.min:
                self.n_min = other.n_min + (self.n_min if other.min == self.min else 0)
                self.min = other.min
            if other.max >= self.max:
                self.n_max = other.n_max + (self.n_max if other.max == self.max else 0)
                self.max = other.max
        self.zero += other.zero
        self.negative += other.negative
        total = self.count + other.count
        with np.errstate(over="ignore", invalid="ignore"):
            delta = np.float64(other.mean) - self.mean
            self.m2 = float(self.m2 + other.m2 + delta * delta * (self.count / total * other.count))
            self.mean = float(self.mean + delta * (other.count / total))
        self.count = total

    @property
    def variance(self) -> float:
        """With divisor n − 1; NaN for fewer than two values."""
        return self.m2 / (self.count - 1) if self.count > 1 else float("nan")

    def edges(self, buckets: int) -> Array | None:
        """Edges over the range of the finite values; None without any."""
        low, high = self.finite
        return bucket_edges(low, high, buckets) if low <= high else None

    def buckets(self, edges: Array) -> Array:
        """Counts per bucket: exact while all values are kept or cells hold single integers."""
        if self.kept is not None:
            return sum((bucket_counts(v, edges) for v in self.kept), np.zeros(len(edges) - 1, int))
        counts = self.fine.buckets(edges)
        counts[0] += self.n_min if self.min == -np.inf else 0
        counts[-1] += self.n_max if self.max == np.inf else 0
        return counts

    @property
    def exact(self) -> bool:
        """Whether `buckets` are exact."""
        return self.kept is not None or self.fine.exact


class AbstractCounter(ABC):
    """What is known so far about one column."""

    def __init__(self, meta: AbstractColumnMetaData) -> None:
        self.meta = meta
        self.missing = 0

    @abstractmethod
    def add(self, column: pa.Array, *, on_error: str, keep: bool) -> None:
        """Add the values of a batch."""

    def merge(self, other: Self) -> None:
        """Add what the counter of another part of the data has seen."""
        self.missing += other.missing
        self._merge(other)

    @abstractmethod
    def _merge(self, other: Self) -> None: ...

    @property
    def summary(self) -> NumberSummary | None:
        """The numbers that a histogram is made of, if there is one."""
        return None

    def numbers(self, column: pa.Array, on_error: str) -> Array:
        """The numbers of a batch that a histogram is made of."""
        raise NotImplementedError

    @abstractmethod
    def result(self, edges: Array | None, counts: Array | None) -> AbstractColumnAnalysis:
        """The analysis, with a histogram where there is one."""


def _histogram(edges: Array | None, counts: Array | None) -> dict[str, Any]:
    if edges is None or counts is None:
        return {}
    return {
        "histogram_buckets": tuple(edges.tolist()),
        "histogram_bucket_counts": tuple(counts.tolist()),
    }


_NUMERICAL: dict[ColumnType, Any] = {
    ColumnType.INTEGER: IntegerAnalysis,
    ColumnType.LONG: LongAnalysis,
    ColumnType.TIME: TimeAnalysis,
    ColumnType.DOUBLE: DoubleAnalysis,
    ColumnType.FLOAT: DoubleAnalysis,
}


class NumberCounter(AbstractCounter):
    """Integer, Long, Double, Float and Time columns."""

    def __init__(self, meta: AbstractColumnMetaData) -> None:
        super().__init__(meta)
        self._summary = NumberSummary()
        self.invalid = 0
        self.nan = 0

    @property
    def summary(self) -> NumberSummary:
        return self._summary

    def numbers(self, column: pa.Array, on_error: str) -> Array:
        return numbers_of(column, self.meta, on_error).values

    def add(self, column: pa.Array, *, on_error: str, keep: bool) -> None:
        found = numbers_of(column, self.meta, on_error)
        self.missing += found.missing
        self.invalid += found.invalid
        self.nan += found.nan
        self._summary.add(found.values, keep=keep)

    def _merge(self, other: Self) -> None:
        self.invalid += other.invalid
        self.nan += other.nan
        self._summary.merge(other._summary)

    def result(self, edges: Array | None, counts: Array | None) -> AbstractColumnAnalysis:
        s = self._summary
        make = _NUMERICAL[self.meta.column_type]
        extra: dict[str, Any] = _histogram(edges, counts)
        if make is DoubleAnalysis:
            extra["count_nan"] = self.nan
        if s.digest is not None and s.count:
            extra["digest"] = DigestJson(s.digest)
        result: AbstractColumnAnalysis = make(
            min=s.min,
            max=s.max,
            mean=s.mean if s.count else float("nan"),
            sample_stdev=float(np.sqrt(s.variance)),
            sample_variance=s.variance,
            count_zero=s.zero,
            count_negative=s.negative,
            count_positive=s.count - s.negative,
            count_min_value=s.n_min,
            count_max_value=s.n_max,
            count_total=s.count,
            count_missing=self.missing,
            count_invalid=self.invalid,
            count_unique=min(s.unique.count(), s.count) if s.unique is not None else None,
            **extra,
        )
        return result


class TextCounter(AbstractCounter):
    """String columns: the lengths."""

    def __init__(self, meta: AbstractColumnMetaData) -> None:
        super().__init__(meta)
        self._summary = NumberSummary(digest=False, unique=False)
        self.unique = HyperLogLog()

    @property
    def summary(self) -> NumberSummary:
        return self._summary

    def _texts(self, column: pa.Array) -> pa.Array:
        if pa.types.is_null(column.type):
            return pa.array([], pa.string())
        return as_text(present_texts(column), self.meta.name)

    def numbers(self, column: pa.Array, on_error: str) -> Array:
        return text_lengths(self._texts(column))

    def add(self, column: pa.Array, *, on_error: str, keep: bool) -> None:
        texts = self._texts(column)
        self.missing += len(column) - len(texts)
        self._summary.add(text_lengths(texts), keep=keep)
        self.unique.add(texts.unique() if pa.types.is_dictionary(texts.type) else texts)

    def _merge(self, other: Self) -> None:
        self._summary.merge(other._summary)
        self.unique.merge(other.unique)

    def result(self, edges: Array | None, counts: Array | None) -> AbstractColumnAnalysis:
        s = self._summary
        return StringAnalysis(
            min_length=s.min or 0,
            max_length=s.max or 0,
            mean_length=s.mean if s.count else float("nan"),
            sample_stdev_length=float(np.sqrt(s.variance)),
            sample_variance_length=s.variance,
            count_total=s.count,
            count_missing=self.missing,
            count_unique=min(self.unique.count(), s.count),
            **_histogram(edges, counts),
        )


class CategoryCounter(AbstractCounter):
    """Categorical and Boolean columns."""

    def __init__(self, meta: AbstractColumnMetaData) -> None:
        super().__init__(meta)
        self.counts: dict[str, int] = {}

    def add(self, column: pa.Array, *, on_error: str, keep: bool) -> None:
        present = present_texts(column)
        if self.meta.column_type is ColumnType.BOOLEAN and is_text(present.type):
            present = present.filter(pc.not_equal(plain_text(present), constant("")))
        self.missing += len(column) - len(present)
        if not len(present):
            return
        for pair in pc.value_counts(as_text(present, self.meta.name)).to_pylist():
            self._count(pair["values"], pair["counts"])

    def _count(self, name: str, count: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + count
        if len(self.counts) > _MAX_CATEGORIES:
            raise DataVecError(
                f'column "{self.meta.name}": more than {_MAX_CATEGORIES} different categories; '
                "declare it as a String column"
            )

    def _merge(self, other: Self) -> None:
        for name, count in other.counts.items():
            self._count(name, count)

    def result(self, edges: Array | None, counts: Array | None) -> AbstractColumnAnalysis:
        return CategoricalAnalysis(
            map_of_counts=dict(self.counts),
            count_missing=self.missing,
            count_unique=len(self.counts),
        )


class BytesCounter(AbstractCounter):
    """Bytes columns: numbers and sizes."""

    def __init__(self, meta: AbstractColumnMetaData) -> None:
        super().__init__(meta)
        self._sizes = NumberSummary(digest=False, unique=False)

    def add(self, column: pa.Array, *, on_error: str, keep: bool) -> None:
        present = present_texts(column)
        self.missing += len(column) - len(present)
        if pa.types.is_null(present.type):
            return
        if pa.types.is_integer(present.type):  # single bytes as numbers
            self._sizes.add(np.ones(len(present), np.int64))
        else:
            self._sizes.add(numpy_array(pc.binary_length(present)))

    def _merge(self, other: Self) -> None:
        self._sizes.merge(other._sizes)

    def result(self, edges: Array | None, counts: Array | None) -> AbstractColumnAnalysis:
        s = self._sizes
        return BytesAnalysis(
            count_total=s.count + self.missing,
            count_null=self.missing,
            count_zero_length=s.zero,
            min_num_bytes=s.min or 0,
            max_num_bytes=s.max or 0,
        )


class ArrayCounter(AbstractCounter):
    """NDArray columns: sizes, ranks and the values themselves."""

    def __init__(self, meta: AbstractColumnMetaData) -> None:
        super().__init__(meta)
        self._sizes = NumberSummary(digest=False, unique=False)
        self._values = NumberSummary(digest=False, unique=False)
        self.total = 0
        self.ranks: dict[int, int] = {}

    @property
    def summary(self) -> NumberSummary:
        return self._values

    def _need_arrays(self, column: pa.Array) -> None:
        if not is_ndarray(column.type) and not pa.types.is_null(column.type):
            raise SchemaError(
                f'column "{self.meta.name}": expected NDArrays, received {column.type}'
            )

    def numbers(self, column: pa.Array, on_error: str) -> Array:
        self._need_arrays(column)
        if pa.types.is_null(column.type):
            return np.zeros(0)
        flat = flat_values(column.drop_null())[0].astype(np.float64)
        return np.asarray(flat[~np.isnan(flat)])

    def add(self, column: pa.Array, *, on_error: str, keep: bool) -> None:
        self._values.add(self.numbers(column, on_error), keep=keep)
        present = column.drop_null()
        self.missing += len(column) - len(present)
        if not len(present):
            return
        _, offsets, shapes = flat_values(present)
        sizes = np.diff(offsets)
        self._sizes.add(sizes)
        self.total += int(sizes.sum())
        ranks = np.bincount(numpy_array(pc.list_value_length(shapes)))
        self._count({int(r): int(ranks[r]) for r in np.flatnonzero(ranks)})

    def _count(self, ranks: dict[int, int]) -> None:
        for rank, count in ranks.items():
            self.ranks[rank] = self.ranks.get(rank, 0) + count

    def _merge(self, other: Self) -> None:
        self._sizes.merge(other._sizes)
        self._values.merge(other._values)
        self.total += other.total
        self._count(other.ranks)

    def result(self, edges: Array | None, counts: Array | None) -> AbstractColumnAnalysis:
        s, v = self._sizes, self._values
        return NDArrayAnalysis(
            count_total=s.count + self.missing,
            count_null=self.missing,
            min_length=s.min or 0,
            max_length=s.max or 0,
            total_nd_array_values=self.total,
            counts_by_rank=dict(sorted(self.ranks.items())),
            min_value=v.min if v.count else float("nan"),
            max_value=v.max if v.count else float("nan"),
            **_histogram(edges, counts),
        )


_COUNTERS: dict[ColumnType, type[AbstractCounter]] = {
    ColumnType.STRING: TextCounter,
    ColumnType.CATEGORICAL: CategoryCounter,
    ColumnType.BOOLEAN: CategoryCounter,
    ColumnType.BYTES: BytesCounter,
    ColumnType.NDARRAY: ArrayCounter,
}


def counter_for(meta: AbstractColumnMetaData) -> AbstractCounter:
    """A counter that fits a column's type."""
    return _COUNTERS.get(meta.column_type, NumberCounter)(meta)
