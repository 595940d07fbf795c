"""Updaters without bias correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nd4py.schedules import Schedule

from ._updater import PACKAGE, Array, Updater, decayed, rounded


@dataclass(frozen=True)
class Sgd(Updater):
    """u = lr·g."""

    java_class: ClassVar[str] = PACKAGE + "Sgd"
    kernel: ClassVar[str] = "update_sgd"
    learning_rate: float | Schedule = 1e-3

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """lr·g."""
        return gradient * rounded(gradient, learning_rate), ()


@dataclass(frozen=True)
class Nesterovs(Updater):
    """v' = μ·v - lr·g; u = μ·v - (1 + μ)·v'."""

    java_class: ClassVar[str] = PACKAGE + "Nesterovs"
    kernel: ClassVar[str] = "update_nesterovs"
    state_keys: ClassVar[tuple[str, ...]] = ("V",)
    _scheduled: ClassVar[dict[str, str]] = {
        "learningRate": "learningRateSchedule",
        "momentum": "momentumISchedule",
    }
    learning_rate: float | Schedule = 0.1
    momentum: float | Schedule = 0.9

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """μ·v - (1 + μ)·v'."""
        before = states[0] * rounded(gradient, momentum)
        after = before - gradient * rounded(gradient, learning_rate)
        return before - after * rounded(gradient, 1.0 + momentum), (after,)


@dataclass(frozen=True)
class AdaGrad(Updater):
    """h += g²; u = lr·g / (√h + ε). The state starts at 1e-6 whatever ε is."""

    java_class: ClassVar[str] = PACKAGE + "AdaGrad"
    kernel: ClassVar[str] = "update_ada_grad"
    state_keys: ClassVar[tuple[str, ...]] = ("grad",)
    learning_rate: float | Schedule = 0.1
    epsilon: float = 1e-6

    def initial_state_values(self) -> tuple[float, ...]:
        """1e-6."""
        return (1e-6,)

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """lr·g / (√h + ε)."""
        h = states[0] + gradient * gradient
        return gradient * rounded(gradient, learning_rate) / (
            np.sqrt(h) + rounded(gradient, self.epsilon)
        ), (h,)


@dataclass(frozen=True)
class AdaDelta(Updater):
    """m = ρ·m + (1 - ρ)·g²; u = g·√(d + ε) / √(m + ε); d = ρ·d + (1 - ρ)·u². It has no learning rate."""

    java_class: ClassVar[str] = PACKAGE + "AdaDelta"
    kernel: ClassVar[str] = "update_ada_delta"
    state_keys: ClassVar[tuple[str, ...]] = ("msg", "msdx")
    rho: float = 0.95
    epsilon: float = 1e-6

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """g·√(d + ε) / √(m + ε)."""
        m = decayed(states[0], gradient * gradient, self.rho)
        eps = rounded(gradient, self.epsilon)
        update = gradient * (np.sqrt(states[1] + eps) / np.sqrt(m + eps))
        return update, (m, decayed(states[1], update * update, self.rho))


@dataclass(frozen=True)
class RmsProp(Updater):
    """G = d·G + (1 - d)·g²; u = lr·g / (√G + ε). The state starts at ε."""

    java_class: ClassVar[str] = PACKAGE + "RmsProp"
    kernel: ClassVar[str] = "update_rms_prop"
    state_keys: ClassVar[tuple[str, ...]] = ("G",)
    learning_rate: float | Schedule = 0.1
    rms_decay: float = 0.95
    epsilon: float = 1e-8

    def initial_state_values(self) -> tuple[float, ...]:
        """ε."""
        return (self.epsilon,)

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """lr·g / (√G + ε)."""
        g2 = decayed(states[0], gradient * gradient, self.rms_decay)
        return gradient * rounded(gradient, learning_rate) / (
            np.sqrt(g2) + rounded(gradient, self.epsilon)
        ), (g2,)


class NoOp(Updater):
    """u = g."""

    java_class: ClassVar[str] = PACKAGE + "NoOp"
    kernel: ClassVar[str] = "update_no_op"

    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """g."""
        return gradient, ()
