"""What an analysis says about one column: a class per column type, with Deeplearning4j's fields."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .._errors import SerializationError
from .._serde import java_type
from ..schema._metadata import ColumnType
from ..text._java_text import double_text
from ._java_digest import DigestJson

__all__ = [
    "AbstractColumnAnalysis",
    "AbstractNumericalAnalysis",
    "BytesAnalysis",
    "CategoricalAnalysis",
    "DoubleAnalysis",
    "IntegerAnalysis",
    "LongAnalysis",
    "NDArrayAnalysis",
    "StringAnalysis",
    "TimeAnalysis",
]

_PACKAGE = "org.datavec.api.transform.analysis.columns."
_PRINTED_QUANTILES = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)

Floats = tuple[float, ...]
Counts = tuple[int, ...]


class AbstractColumnAnalysis(ABC):
    """Statistics of one column; missing values are left out of all but `count_missing`.

    Answers to Deeplearning4j's ``ColumnAnalysis``.
    """

    column_type: ClassVar[ColumnType]
    histogram_buckets: Floats | None = None
    histogram_bucket_counts: Counts | None = None
    count_missing: int | None = None
    """Missing values; None where a file of Deeplearning4j, which has no such count, was read."""
    count_unique: int | None = None
    """Number of different values, estimated beyond 2048; None where it is not known."""
    count_invalid: int | None = None
    """Values left out because they do not fit the column's type (with ``on_error="skip"``)."""

    @property
    def count(self) -> int:
        """Number of values in the statistics."""
        return int(getattr(self, "count_total", 0))

    @property
    def histogram(self) -> tuple[Floats, Counts] | None:
        """Bucket edges (one more than buckets) and counts; None where there are none."""
        if not self.histogram_buckets or not self.histogram_bucket_counts:
            return None
        return self.histogram_buckets, self.histogram_bucket_counts

    def _describe(self) -> str:
        return ""

    def __str__(self) -> str:
        return f"{type(self).__name__}({self._describe()})"


def _checked(analysis: Any) -> None:
    edges, counts = analysis.histogram_buckets, analysis.histogram_bucket_counts
    if (edges or counts) and len(edges or ()) != len(counts or ()) + 1:
        raise SerializationError(
            f"a histogram needs one edge more than counts, received {len(edges or ())} edges "
            f"and {len(counts or ())} counts"
        )


@dataclass(frozen=True, kw_only=True)
class AbstractNumericalAnalysis(AbstractColumnAnalysis):
    """Fields of all columns of numbers.

    Answers to Deeplearning4j's ``NumericalColumnAnalysis``.
    """

    mean: float = float("nan")
    sample_stdev: float = float("nan")
    """Standard deviation with divisor n − 1; NaN for one value."""
    sample_variance: float = float("nan")
    count_zero: int = 0
    count_negative: int = 0
    count_positive: int = 0
    """Values that are not negative, zeros included, as in Deeplearning4j."""
    count_min_value: int = 0
    count_max_value: int = 0
    count_total: int = 0
    histogram_buckets: Floats | None = None
    histogram_bucket_counts: Counts | None = None
    digest: DigestJson | None = None
    count_missing: int | None = None
    count_unique: int | None = None
    count_invalid: int | None = None

    def __post_init__(self) -> None:
        _checked(self)

    @property
    def minimum(self) -> float | None:
        """Smallest value; None without values."""
        return getattr(self, "min", None)

    @property
    def maximum(self) -> float | None:
        """Largest value; None without values."""
        return getattr(self, "max", None)

    def quantile(self, q: float) -> float:
        """The value below which a share `q` of the values lies; NaN where no digest was stored."""
        return float(self.quantiles([q])[0])

    def quantiles(self, qs: Iterable[float]) -> np.ndarray[Any, Any]:
        """`quantile` of several shares at once, as float64."""
        wanted = list(qs)
        if self.digest is None:
            return np.full(len(wanted), np.nan)
        return self.digest.tdigest.quantiles(wanted)

    def _number(self, value: Any) -> str:
        if value is None:
            return "null"
        return double_text(value) if isinstance(value, float) else str(value)

    def _describe(self) -> str:
        parts = [
            f"min={self._number(self.minimum)}",
            f"max={self._number(self.maximum)}",
            f"mean={double_text(self.mean)}",
            f"sampleStDev={double_text(self.sample_stdev)}",
            f"sampleVariance={double_text(self.sample_variance)}",
            f"countZero={self.count_zero}",
            f"countNegative={self.count_negative}",
            f"countPositive={self.count_positive}",
            f"countMinValue={self.count_min_value}",
            f"countMaxValue={self.count_max_value}",
            f"count={self.count_total}",
        ]
        if self.digest is not None:
            values = self.quantiles(_PRINTED_QUANTILES)
            pairs = zip(_PRINTED_QUANTILES, values, strict=True)
            shown = ",".join(f"{double_text(q)} -> {double_text(v)}" for q, v in pairs)
            parts.append(f" quantiles=[{shown}]")
        return ",".join(parts)


@java_type(_PACKAGE + "IntegerAnalysis")
@dataclass(frozen=True, kw_only=True)
class IntegerAnalysis(AbstractNumericalAnalysis):
    """Statistics of an Integer column."""

    column_type = ColumnType.INTEGER
    min: int | None = None
    max: int | None = None


@java_type(_PACKAGE + "LongAnalysis")
@dataclass(frozen=True, kw_only=True)
class LongAnalysis(AbstractNumericalAnalysis):
    """Statistics of a Long column."""

    column_type = ColumnType.LONG
    min: int | None = None
    max: int | None = None


@java_type(_PACKAGE + "DoubleAnalysis")
@dataclass(frozen=True, kw_only=True)
class DoubleAnalysis(AbstractNumericalAnalysis):
    """Statistics of a Double or Float column; NaN are counted and otherwise left out."""

    column_type = ColumnType.DOUBLE
    min: float | None = None
    max: float | None = None
    count_nan: int = field(default=0, metadata={"json": "countNaN"})


@java_type(_PACKAGE + "TimeAnalysis")
@dataclass(frozen=True, kw_only=True)
class TimeAnalysis(AbstractNumericalAnalysis):
    """Statistics of a Time column, in milliseconds since 1970."""

    column_type = ColumnType.TIME
    min: int | None = None
    max: int | None = None

    def _number(self, value: Any) -> str:
        return "null" if value is None else f"{value} ({utc_text(value)})"


@java_type(_PACKAGE + "StringAnalysis")
@dataclass(frozen=True, kw_only=True)
class StringAnalysis(AbstractColumnAnalysis):
    """Statistics of the lengths (UTF-16 units) of a String column."""

    column_type = ColumnType.STRING
    min_length: int = 0
    max_length: int = 0
    mean_length: float = float("nan")
    sample_stdev_length: float = float("nan")
    sample_variance_length: float = float("nan")
    count_total: int = 0
    histogram_buckets: Floats | None = None
    histogram_bucket_counts: Counts | None = None
    count_missing: int | None = None
    count_unique: int | None = None

    def __post_init__(self) -> None:
        _checked(self)

    def _describe(self) -> str:
        return (
            f"minLen={self.min_length},maxLen={self.max_length},"
            f"meanLen={double_text(self.mean_length)},"
            f"sampleStDevLen={double_text(self.sample_stdev_length)},"
            f"sampleVarianceLen={double_text(self.sample_variance_length)},"
            f"count={self.count_total}"
        )


@java_type(_PACKAGE + "CategoricalAnalysis")
@dataclass(frozen=True, kw_only=True)
class CategoricalAnalysis(AbstractColumnAnalysis):
    """How often each category occurs, undeclared ones under their own names.

    Boolean columns are analysed as categories ``true`` and ``false``.
    """

    column_type = ColumnType.CATEGORICAL
    map_of_counts: dict[str, int] = field(default_factory=dict)
    count_missing: int | None = None
    count_unique: int | None = None

    @property
    def count(self) -> int:
        return sum(self.map_of_counts.values())

    def most_frequent(self) -> list[tuple[str, int]]:
        """Categories and counts, the most frequent first."""
        return sorted(self.map_of_counts.items(), key=lambda item: -item[1])

    def _describe(self) -> str:
        names = _hash_map_order(list(self.map_of_counts))
        names.sort(key=lambda name: -self.map_of_counts[name])
        counts = ", ".join(f"{name}={self.map_of_counts[name]}" for name in names)
        return f"CategoryCounts={{{counts}}}"


@java_type(_PACKAGE + "BytesAnalysis")
@dataclass(frozen=True, kw_only=True)
class BytesAnalysis(AbstractColumnAnalysis):
    """Numbers and sizes of the values of a Bytes column."""

    column_type = ColumnType.BYTES
    count_total: int = 0
    count_null: int = 0
    count_zero_length: int = 0
    min_num_bytes: int = 0
    max_num_bytes: int = 0


@java_type(_PACKAGE + "NDArrayAnalysis")
@dataclass(frozen=True, kw_only=True)
class NDArrayAnalysis(AbstractColumnAnalysis):
    """Sizes, ranks and values of an NDArray column."""

    column_type = ColumnType.NDARRAY
    count_total: int = 0
    count_null: int = 0
    min_length: int = 0
    max_length: int = 0
    total_nd_array_values: int = field(default=0, metadata={"json": "totalNDArrayValues"})
    counts_by_rank: dict[int, int] = field(default_factory=dict)
    min_value: float = float("nan")
    max_value: float = float("nan")
    histogram_buckets: Floats | None = None
    histogram_bucket_counts: Counts | None = None

    def __post_init__(self) -> None:
        _checked(self)

    def _describe(self) -> str:
        ranks = ", ".join(f"{r}={n}" for r, n in sorted(self.counts_by_rank.items()))
        return (
            f"countTotal={self.count_total},countNull={self.count_null},"
            f"minLength={self.min_length},maxLength={self.max_length},"
            f"totalValuesAllNDArrays={self.total_nd_array_values},"
            f"minValue={double_text(self.min_value)},maxValue={double_text(self.max_value)},"
            f"countsByNDArrayRank={{{ranks}}}"
        )


def utc_text(milliseconds: int) -> str:
    """An instant as Deeplearning4j prints it: ``1970-01-01 00:00:32.409 +00:00``."""
    try:
        text = str(np.datetime64(int(milliseconds), "ms"))
    except OverflowError:
        return "out of range"
    return f"{text.replace('T', ' ')} +00:00"


def _hash_map_order(names: list[str]) -> list[str]:
    """The order in which a Java ``HashMap`` of these keys iterates; it decides among equal counts."""
    size = 16
    while len(names) > size * 0.75:
        size *= 2
    return sorted(names, key=lambda name: _java_hash(name) & (size - 1))


def _java_hash(text: str) -> int:
    h = 0
    units = text.encode("utf-16-le", "surrogatepass")
    for i in range(0, len(units), 2):
        h = (31 * h + units[i] + (units[i + 1] << 8)) & 0xFFFFFFFF
    return h ^ (h >> 16)
