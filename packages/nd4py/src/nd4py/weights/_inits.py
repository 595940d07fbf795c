"""Weight initialisations that draw from one distribution, chosen by the numbers of inputs and outputs."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from nd4py import dtypes
from nd4py._java_json import JavaObject, field

from ._distributions import (
    ConstantDistribution,
    Distribution,
    NormalDistribution,
    UniformDistribution,
    get_distribution,
)

_WEIGHTS = "org.deeplearning4j.nn.weights."


@dataclass(frozen=True)
class WeightInit(JavaObject, ABC):
    """How one parameter array is filled."""

    @abstractmethod
    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """What the values are drawn from, for an array of this shape and these numbers of inputs and outputs."""

    def initialize(
        self,
        shape: Sequence[int],
        *,
        fan_in: float,
        fan_out: float,
        seed: int,
        order: Literal["c", "f"] = "f",
        dtype: object = dtypes.float32,
    ) -> Any:
        """An array of ``shape`` whose values are drawn one after another in ``order``.

        Args:
            shape: the shape of the parameter.
            fan_in: inputs of each unit.
            fan_out: outputs of each unit.
            seed: 64-bit seed; the same gives the same values.
            order: 'f' for dense weights, 'c' for convolution kernels, as in Deeplearning4j.
            dtype: element type.

        >>> WeightInitConstant(0.5).initialize((2, 2), fan_in=2, fan_out=2, seed=1).tolist()
        [[0.5, 0.5], [0.5, 0.5]]
        """
        found = tuple(shape)
        return self.distribution_for(found, fan_in, fan_out).sample(
            found, seed=seed, dtype=dtype, order=order
        )


def uniform_within(bound: float) -> Distribution:
    return UniformDistribution(-bound, bound)


@dataclass(frozen=True)
class WeightInitConstant(WeightInit):
    """One value."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitConstant"
    value: float = 0.0

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """The constant."""
        return ConstantDistribution(self.value)


@dataclass(frozen=True)
class WeightInitDistribution(WeightInit):
    """The given distribution, whatever the shape."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitDistribution"
    distribution: Distribution = field(decode=get_distribution)

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """The given one."""
        return self.distribution


class WeightInitXavier(WeightInit):
    """N(0, 2/(in + out))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitXavier"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """N(0, 2/(in + out))."""
        return NormalDistribution(0.0, math.sqrt(2.0 / (fan_in + fan_out)))


class WeightInitXavierUniform(WeightInit):
    """U(±√(6/(in + out)))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitXavierUniform"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """U(±√(6/(in + out)))."""
        return uniform_within(math.sqrt(6.0 / (fan_in + fan_out)))


class WeightInitXavierLegacy(WeightInit):
    """N(0, 1/(shape[0] + shape[1]))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitXavierLegacy"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """N(0, 1/(shape[0] + shape[1]))."""
        return NormalDistribution(0.0, 1.0 / math.sqrt(shape[0] + shape[1]))


class WeightInitRelu(WeightInit):
    """N(0, 2/in)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitRelu"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """N(0, 2/in)."""
        return NormalDistribution(0.0, math.sqrt(2.0 / fan_in))


class WeightInitReluUniform(WeightInit):
    """U(±√(6/in))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitReluUniform"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """U(±√(6/in))."""
        return uniform_within(math.sqrt(6.0 / fan_in))


class WeightInitSigmoidUniform(WeightInit):
    """U(±4·√(6/(in + out)))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitSigmoidUniform"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """U(±4·√(6/(in + out)))."""
        return uniform_within(4.0 * math.sqrt(6.0 / (fan_in + fan_out)))


class WeightInitNormal(WeightInit):
    """N(0, 1/in): NORMAL, LECUN_NORMAL and XAVIER_FAN_IN."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitNormal"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """N(0, 1/in)."""
        return NormalDistribution(0.0, 1.0 / math.sqrt(fan_in))


class WeightInitUniform(WeightInit):
    """U(±1/√in)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitUniform"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """U(±1/√in)."""
        return uniform_within(1.0 / math.sqrt(fan_in))


class WeightInitLecunUniform(WeightInit):
    """U(±3/√in)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitLecunUniform"

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """U(±3/√in)."""
        return uniform_within(3.0 / math.sqrt(fan_in))
