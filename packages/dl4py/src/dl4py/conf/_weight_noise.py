"""Noise on the weights of a layer in training (package ``nn.conf.weightnoise``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._dropout import RandomContext
from dl4py.conf._functions import DISTRIBUTION, SCHEDULE
from dl4py.conf._json import BOOL, FLOAT, Codec, Family, JavaObject, json_field

FAMILY = Family("weight noise")
_PACKAGE = "org.deeplearning4j.nn.conf.weightnoise."


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractWeightNoise(JavaObject):
    """Base of the weight noises.

    Attributes:
        noise_biases_in_inference: whether biases that get noise get it at inference too, as in
            Deeplearning4j; files that do not say mean yes.
    """

    noise_biases_in_inference: bool = json_field("noiseBiasesInInference", BOOL, False, quirk=True)

    def applies_to(self, is_bias: bool, training: bool) -> bool:
        """Whether a bias, or else a weight, gets the noise in this pass."""
        return (
            (self._on_biases() and (training or self.noise_biases_in_inference))
            if is_bias
            else training
        )

    def _on_biases(self) -> bool:
        raise NotImplementedError

    def apply(self, value: Any, context: RandomContext) -> Any:
        """The parameter as the training pass sees it."""
        raise NotImplementedError


@FAMILY.register(_PACKAGE + "DropConnect")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DropConnect(AbstractWeightNoise):
    """Each weight is kept with a probability, otherwise 0; kept ones are not rescaled."""

    weight_retain_prob: float = json_field("weightRetainProb", FLOAT, math.nan)
    weight_retain_prob_schedule: Any = json_field("weightRetainProbSchedule", SCHEDULE)
    apply_to_biases: bool = json_field("applyToBiases", BOOL, False)

    def _on_biases(self) -> bool:
        return self.apply_to_biases

    def apply(self, value: Any, context: RandomContext) -> Any:
        """``w * mask``."""
        p = context.at(self.weight_retain_prob, self.weight_retain_prob_schedule)
        drawn = nd.ops.random_uniform(*context.key(), shape=tuple(value.shape), dtype=value.dtype)
        return nd.ops.where(drawn < p, value, 0.0)


@FAMILY.register(_PACKAGE + "WeightNoise")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WeightNoise(AbstractWeightNoise):
    """Adds, or multiplies by, numbers of a distribution."""

    distribution: Any = json_field("distribution", DISTRIBUTION)
    apply_to_bias: bool = json_field("applyToBias", BOOL, False)
    additive: bool = json_field("additive", BOOL, True)

    def check(self) -> None:
        """A distribution is needed."""
        drawn = tuple(getattr(nd.weights, name) for name in _DRAWN)
        if type(self.distribution) not in drawn:
            names = ", ".join(_DRAWN)
            raise self.fail(
                f"expected one of {names} as distribution; received {self.distribution!r}"
            )

    def _on_biases(self) -> bool:
        return self.apply_to_bias

    def apply(self, value: Any, context: RandomContext) -> Any:
        """``w + noise`` or ``w * noise``."""
        noise = _drawn(self.distribution, tuple(value.shape), value.dtype, context)
        return value + noise if self.additive else value * noise


def _drawn(distribution: Any, shape: tuple[int, ...], dtype: Any, context: RandomContext) -> Any:
    """Numbers of a distribution, drawn inside the graph: anew in every pass."""
    d = distribution
    if isinstance(d, nd.weights.ConstantDistribution):
        return d.value
    if isinstance(d, nd.weights.UniformDistribution):
        return nd.ops.random_uniform(
            *context.key(), shape=shape, dtype=dtype, low=d.lower, high=d.upper
        )
    drawn = nd.ops.random_normal(*context.key(), shape=shape, dtype=dtype, mean=d.mean, std=d.std)
    return nd.ops.exp(drawn) if isinstance(d, nd.weights.LogNormalDistribution) else drawn


_DRAWN = (
    "NormalDistribution",
    "GaussianDistribution",
    "UniformDistribution",
    "LogNormalDistribution",
    "ConstantDistribution",
)


def _coerce(value: Any) -> AbstractWeightNoise:
    if not isinstance(value, AbstractWeightNoise):
        raise TypeError(f"expected DropConnect(...) or WeightNoise(...); received {value!r}")
    return value


WEIGHT_NOISE: Codec = FAMILY.codec(_coerce)
