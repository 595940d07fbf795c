"""Normalisation of one numeric column by given statistics; the result column is Double."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .._choice import Choice
from .._errors import SchemaError
from .._serde import java_type
from ..columns._frame import Array, Frame
from ..process._action import AbstractColumnTransform
from ..process._record_program import RecordTrace
from ..process._record_values import Kind, Unusual
from ..schema._metadata import AbstractColumnMetaData, DoubleMetaData
from ..schema._schema import Schema

if TYPE_CHECKING:
    from ..analysis import DataAnalysis

__all__ = [
    "Log2Normalizer",
    "MinMaxNormalizer",
    "Normalize",
    "StandardizeNormalizer",
    "SubtractMeanNormalizer",
    "normalizer_from",
]

_PACKAGE = "org.datavec.api.transform.transform.doubletransform."


def _need_numeric(step: object, meta: AbstractColumnMetaData) -> None:
    if not meta.column_type.is_numeric:
        raise SchemaError(
            f'{type(step).__name__}: column "{meta.name}" must be numeric, '
            f"but is {meta.column_type.value}"
        )


Formula = Callable[[Any], Any]


class AbstractColumnNormalizer(AbstractColumnTransform):
    """A formula of one number."""

    column_name: str
    nan_is_zero: ClassVar[bool] = False

    @abstractmethod
    def formula(self) -> Formula:
        """The function, for arrays of float64 and for single floats alike."""

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        _need_numeric(self, meta)
        return meta if isinstance(meta, DoubleMetaData) else DoubleMetaData(meta.name)

    def convert(self, frame: Frame, name: str) -> Array:
        values = frame.doubles(name)
        with np.errstate(all="ignore"):
            out = self.formula()(values)
        return np.where(np.isnan(values), 0.0, out) if self.nan_is_zero else np.asarray(out)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        formula = self.formula()
        if self.nan_is_zero:
            return row.mapped(
                output, self.column_name, Kind.DOUBLE, lambda x: formula(x) if x == x else 0.0
            )
        return row.mapped(output, self.column_name, Kind.DOUBLE, formula)


@java_type(_PACKAGE + "MinMaxNormalizer")
@dataclass(frozen=True)
class MinMaxNormalizer(AbstractColumnNormalizer):
    """(x − min)·(new_max − new_min)/(max − min) + new_min, without clipping; a NaN becomes 0."""

    nan_is_zero: ClassVar[bool] = True
    column_name: str
    min: float
    max: float
    new_min: float = 0.0
    new_max: float = 1.0

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        _need_numeric(self, meta)
        return DoubleMetaData(meta.name, float(self.new_min), float(self.new_max))

    def formula(self) -> Formula:
        with np.errstate(all="ignore"):
            ratio = float(np.float64(self.new_max - self.new_min) / np.float64(self.max - self.min))
        low, new_low = float(self.min), float(self.new_min)
        return lambda x: (x - low) * ratio + new_low


@java_type(_PACKAGE + "StandardizeNormalizer")
@dataclass(frozen=True)
class StandardizeNormalizer(AbstractColumnNormalizer):
    """(x − mean)/stdev."""

    column_name: str
    mean: float
    stdev: float

    def formula(self) -> Formula:
        mean, stdev = float(self.mean), float(self.stdev)
        return lambda x: (x - mean) / stdev


@java_type(_PACKAGE + "SubtractMeanNormalizer")
@dataclass(frozen=True)
class SubtractMeanNormalizer(AbstractColumnNormalizer):
    """x − mean."""

    column_name: str
    mean: float

    def formula(self) -> Formula:
        mean = float(self.mean)
        return lambda x: x - mean


@java_type(_PACKAGE + "Log2Normalizer")
@dataclass(frozen=True)
class Log2Normalizer(AbstractColumnNormalizer):
    """scaling_factor·log2((x − min)/(mean − min) + 1); a NaN becomes 0."""

    nan_is_zero: ClassVar[bool] = True
    column_name: str
    column_mean: float
    column_min: float
    scaling_factor: float = field(default=0.5)

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        _need_numeric(self, meta)
        return DoubleMetaData(meta.name, 0.0)

    def formula(self) -> Formula:
        low, scale = float(self.column_min), float(self.scaling_factor)
        span = float(self.column_mean - self.column_min)
        return lambda x: scale * _log2((x - low) / span + 1)


def _log2(x: Any) -> Any:
    if isinstance(x, float):
        if not 0 < x < math.inf:
            raise Unusual  # NumPy would warn of a single number
        return float(np.log2(x))
    return np.log2(x)


class Normalize(Choice):
    """How `TransformProcessBuilder.normalize` uses the statistics of a column.

    Answers to Deeplearning4j's enum of the same name.
    """

    MIN_MAX = "MinMax"
    """To the range 0 to 1."""
    MIN_MAX_2 = "MinMax2"
    """To the range −1 to 1."""
    LOG_2_MEAN = "Log2Mean"
    """0.5·log2((x − min)/(mean − min) + 1)."""
    LOG_2_MEAN_EXCLUDING_MIN = "Log2MeanExcludingMin"
    """The same with the mean of those values that are not the minimum."""
    STANDARDIZE = "Standardize"
    """Minus the mean, by the standard deviation."""
    SUBTRACT_MEAN = "SubtractMean"
    """Minus the mean."""


def normalizer_from(
    column: str, kind: Normalize | str, analysis: DataAnalysis
) -> AbstractColumnTransform:
    """The step that normalises a column by its statistics.

    Raises:
        SchemaError: an unknown kind, or a column that is no column of numbers or has no values.
    """
    from ..analysis import AbstractNumericalAnalysis

    try:
        kind = Normalize(kind)
    except ValueError:
        known = ", ".join(k.value for k in Normalize)
        raise SchemaError(f"normalize: expected one of {known}; received {kind!r}") from None
    found = analysis[column]
    if not isinstance(found, AbstractNumericalAnalysis):
        raise SchemaError(
            f'normalize: column "{column}" has a {type(found).__name__}; '
            "only columns of numbers can be normalised"
        )
    low, high, mean = found.minimum, found.maximum, found.mean
    if low is None or high is None or not found.count:
        raise SchemaError(f'normalize: the analysis of column "{column}" has no values')
    if kind is Normalize.MIN_MAX:
        return MinMaxNormalizer(column, float(low), float(high))
    if kind is Normalize.MIN_MAX_2:
        return MinMaxNormalizer(column, float(low), float(high), -1.0, 1.0)
    if kind is Normalize.STANDARDIZE:
        return StandardizeNormalizer(column, mean, found.sample_stdev)
    if kind is Normalize.SUBTRACT_MEAN:
        return SubtractMeanNormalizer(column, mean)
    if kind is Normalize.LOG_2_MEAN_EXCLUDING_MIN:
        others = found.count_total - found.count_min_value
        if not others:
            raise SchemaError(f'normalize: all values of column "{column}" are the minimum')
        mean = (mean * found.count_total - low * found.count_min_value) / others
    return Log2Normalizer(column, mean, float(low))
