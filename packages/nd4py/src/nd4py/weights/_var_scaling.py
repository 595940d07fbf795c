"""Weight initialisations whose variance is a scale over the number of inputs, outputs or their mean."""

from __future__ import annotations

import math
from abc import ABC
from dataclasses import dataclass
from typing import ClassVar

from ._distributions import Distribution, TruncatedNormalDistribution
from ._inits import _WEIGHTS, WeightInit, uniform_within


@dataclass(frozen=True)
class _VarScalingNormal(WeightInit, ABC):
    scale: float | None = None

    def _spread(self, fan: float) -> Distribution:
        return TruncatedNormalDistribution(
            0.0, math.sqrt((1.0 if self.scale is None else self.scale) / fan)
        )


class WeightInitVarScalingNormalFanIn(_VarScalingNormal):
    """A truncated normal distribution of variance scale/in (before truncation)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingNormalFanIn"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """Variance scale/in."""
        return self._spread(fan_in)


class WeightInitVarScalingNormalFanOut(_VarScalingNormal):
    """A truncated normal distribution of variance scale/out (before truncation)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingNormalFanOut"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """Variance scale/out."""
        return self._spread(fan_out)


class WeightInitVarScalingNormalFanAvg(_VarScalingNormal):
    """A truncated normal distribution of variance 2·scale/(in + out) (before truncation)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingNormalFanAvg"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """Variance 2·scale/(in + out)."""
        return self._spread((fan_in + fan_out) / 2)


@dataclass(frozen=True)
class _VarScalingUniform(WeightInit, ABC):
    scale: float | None = None

    def _spread(self, fan: float) -> Distribution:
        return uniform_within((1.0 if self.scale is None else self.scale) * 3.0 / math.sqrt(fan))


class WeightInitVarScalingUniformFanIn(_VarScalingUniform):
    """U(±3·scale/√in)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingUniformFanIn"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """U(±3·scale/√in)."""
        return self._spread(fan_in)


class WeightInitVarScalingUniformFanOut(_VarScalingUniform):
    """U(±3·scale/√out)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingUniformFanOut"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """U(±3·scale/√out)."""
        return self._spread(fan_out)


class WeightInitVarScalingUniformFanAvg(_VarScalingUniform):
    """U(±3·scale/√((in + out)/2))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingUniformFanAvg"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """U(±3·scale/√((in + out)/2))."""
        return self._spread((fan_in + fan_out) / 2)
