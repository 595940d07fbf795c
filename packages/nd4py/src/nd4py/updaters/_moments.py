"""Adam and its relatives: updaters with averages of the gradient and of its square."""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nd4py.schedules import Schedule

from ._updater import PACKAGE, Array, Updater, decayed, rounded


@dataclass(frozen=True)
class _Moments(Updater, ABC):
    """Updaters with an average of gradients and one of their squares."""

    state_keys: ClassVar[tuple[str, ...]] = ("M", "V")
    learning_rate: float | Schedule = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def _step_size(self, like: Array, learning_rate: float, iteration: int) -> Any:
        """lr·√(1 - β₂ᵗ⁺¹) / (1 - β₁ᵗ⁺¹).

        Where that is 0 Deeplearning4j takes ε instead, so that its parameters move at learning rate 0; ours stay.
        """
        root = np.sqrt(rounded(like, _bias(like, self.beta2, iteration)))
        return self._usable(
            like, float(rounded(like, learning_rate) * root), _bias(like, self.beta1, iteration)
        )

    def _usable(self, like: Array, numerator: float, bias: float) -> Any:
        length = rounded(like, numerator / bias) if bias else rounded(like, math.nan)
        return length if np.isfinite(length) else rounded(like, self.epsilon)


def _bias(like: Array, beta: float, iteration: int) -> float:
    """1 - βᵗ⁺¹, with the power rounded to the dtype, as the original computes it."""
    return 1.0 - float(rounded(like, beta) ** rounded(like, iteration + 1))


class Adam(_Moments):
    """m = β₁·m + (1 - β₁)·g; v = β₂·v + (1 - β₂)·g²; u = lr·√(1 - β₂ᵗ⁺¹)/(1 - β₁ᵗ⁺¹) · m / (√v + ε).

    ε stands outside the bias correction.

    >>> Adam(learning_rate=0.01).to_json()["learningRate"]
    0.01
    """

    java_class: ClassVar[str] = PACKAGE + "Adam"
    kernel: ClassVar[str] = "update_adam"

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """a·m / (√v + ε)."""
        m = decayed(states[0], gradient, self.beta1)
        v = decayed(states[1], gradient * gradient, self.beta2)
        size = self._step_size(gradient, learning_rate, iteration)
        return m * size / (np.sqrt(v) + rounded(gradient, self.epsilon)), (m, v)


class AdaMax(_Moments):
    """m as Adam; w = max(β₂·w, abs(g)) + 1e-32; u = lr/(1 - β₁ᵗ⁺¹) · m / w."""

    java_class: ClassVar[str] = PACKAGE + "AdaMax"
    kernel: ClassVar[str] = "update_ada_max"

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """a·m / w."""
        m = decayed(states[0], gradient, self.beta1)
        w = np.maximum(states[1] * rounded(gradient, self.beta2), np.abs(gradient)) + rounded(
            gradient, 1e-32
        )
        rate = float(rounded(gradient, learning_rate))
        return m * self._usable(gradient, rate, _bias(gradient, self.beta1, iteration)) / w, (m, w)


class AMSGrad(_Moments):
    """As Adam, divided by the largest v so far: v̂ = max(v̂, v)."""

    java_class: ClassVar[str] = PACKAGE + "AMSGrad"
    kernel: ClassVar[str] = "update_ams_grad"
    state_keys: ClassVar[tuple[str, ...]] = ("M", "V", "V_HAT")

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """a·m / (√v̂ + ε)."""
        m = decayed(states[0], gradient, self.beta1)
        v = decayed(states[1], gradient * gradient, self.beta2)
        top = np.maximum(states[2], v)
        size = self._step_size(gradient, learning_rate, iteration)
        return m * size / (np.sqrt(top) + rounded(gradient, self.epsilon)), (m, v, top)


class Nadam(_Moments):
    """m, v as Adam; u = lr·(β₁·m + (1 - β₁)·g)/(1 - β₁ᵗ⁺¹) / (√v + ε)."""

    java_class: ClassVar[str] = PACKAGE + "Nadam"
    kernel: ClassVar[str] = "update_nadam"

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """lr·(β₁·m + (1 - β₁)·g)/(1 - β₁ᵗ⁺¹) / (√v + ε)."""
        m = decayed(states[0], gradient, self.beta1)
        v = decayed(states[1], gradient * gradient, self.beta2)
        bias = rounded(gradient, _bias(gradient, self.beta1, iteration))
        mean = decayed(m, gradient, self.beta1) / bias
        return mean * rounded(gradient, learning_rate) / (
            np.sqrt(v) + rounded(gradient, self.epsilon)
        ), (
            m,
            v,
        )


@dataclass(frozen=True)
class AdaBelief(_Moments):
    """m as Adam; s = β₂·s + (1 - β₂)·(g - m)² + ε; u = a·m / (√s + ε) with Adam's a.

    In Deeplearning4j 1.0.0-M2.1 no network can train with it: setting up its state throws.
    """

    java_class: ClassVar[str] = PACKAGE + "AdaBelief"
    kernel: ClassVar[str] = "update_ada_belief"
    state_keys: ClassVar[tuple[str, ...]] = ("M", "S")
    epsilon: float = 1e-14

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """a·m / (√s + ε)."""
        m = decayed(states[0], gradient, self.beta1)
        eps = rounded(gradient, self.epsilon)
        s = decayed(states[1], np.square(gradient - m), self.beta2) + eps
        return m * self._step_size(gradient, learning_rate, iteration) / (np.sqrt(s) + eps), (
            m,
            s,
        )
