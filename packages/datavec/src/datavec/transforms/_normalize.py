"""Normalisation of one numeric column by given statistics; the result column is Double."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._action import AbstractColumnTransform
from .._errors import SchemaError
from .._frame import Array, Frame
from .._metadata import AbstractColumnMetaData, DoubleMetaData
from .._serde import java_type

__all__ = ["Log2Normalizer", "MinMaxNormalizer", "StandardizeNormalizer", "SubtractMeanNormalizer"]

_PACKAGE = "org.datavec.api.transform.transform.doubletransform."


def _need_numeric(step: object, meta: AbstractColumnMetaData) -> None:
    if not meta.column_type.is_numeric:
        raise SchemaError(
            f'{type(step).__name__}: column "{meta.name}" must be numeric, '
            f"but is {meta.column_type.value}"
        )


def _as_double(meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
    return meta if isinstance(meta, DoubleMetaData) else DoubleMetaData(meta.name)


@java_type(_PACKAGE + "MinMaxNormalizer")
@dataclass(frozen=True)
class MinMaxNormalizer(AbstractColumnTransform):
    """(x − min)·(new_max − new_min)/(max − min) + new_min, without clipping; a NaN becomes 0."""

    column_name: str
    min: float
    max: float
    new_min: float = 0.0
    new_max: float = 1.0

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        _need_numeric(self, meta)
        return DoubleMetaData(meta.name, float(self.new_min), float(self.new_max))

    def convert(self, frame: Frame, name: str) -> Array:
        with np.errstate(all="ignore"):
            ratio = np.float64(self.new_max - self.new_min) / np.float64(self.max - self.min)
            values = frame.doubles(name)
            out = (values - self.min) * ratio + self.new_min
        return np.where(np.isnan(values), 0.0, out)


@java_type(_PACKAGE + "StandardizeNormalizer")
@dataclass(frozen=True)
class StandardizeNormalizer(AbstractColumnTransform):
    """(x − mean)/stdev."""

    column_name: str
    mean: float
    stdev: float

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        _need_numeric(self, meta)
        return _as_double(meta)

    def convert(self, frame: Frame, name: str) -> Array:
        with np.errstate(all="ignore"):
            return (frame.doubles(name) - self.mean) / np.float64(self.stdev)


@java_type(_PACKAGE + "SubtractMeanNormalizer")
@dataclass(frozen=True)
class SubtractMeanNormalizer(AbstractColumnTransform):
    """x − mean."""

    column_name: str
    mean: float

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        _need_numeric(self, meta)
        return _as_double(meta)

    def convert(self, frame: Frame, name: str) -> Array:
        return frame.doubles(name) - self.mean


@java_type(_PACKAGE + "Log2Normalizer")
@dataclass(frozen=True)
class Log2Normalizer(AbstractColumnTransform):
    """scaling_factor·log2((x − min)/(mean − min) + 1); a NaN becomes 0."""

    column_name: str
    column_mean: float
    column_min: float
    scaling_factor: float = field(default=0.5)

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        _need_numeric(self, meta)
        return DoubleMetaData(meta.name, 0.0)

    def convert(self, frame: Frame, name: str) -> Array:
        with np.errstate(all="ignore"):
            span = np.float64(self.column_mean - self.column_min)
            values = frame.doubles(name)
            out = self.scaling_factor * np.log2((values - self.column_min) / span + 1)
        return np.where(np.isnan(values), 0.0, out)
