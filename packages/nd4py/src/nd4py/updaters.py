"""Rules that turn a gradient into the step that is subtracted from parameters.

Each answers to the class of the same name in ``org.nd4j.linalg.learning.config``. `Updater.step` is the
definition, in the
dtype of the gradient; the native kernel ``update_<name>`` computes the same.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from ._java_json import JavaObject, lookup
from .schedules import Schedule
from .schedules import get as get_schedule

__all__ = [
    "AMSGrad",
    "AdaBelief",
    "AdaDelta",
    "AdaGrad",
    "AdaMax",
    "Adam",
    "Nadam",
    "Nesterovs",
    "NoOp",
    "RmsProp",
    "Sgd",
    "Updater",
    "get",
]

_PACKAGE = "org.nd4j.linalg.learning.config."
Array = Any


@dataclass(frozen=True)
class Updater(JavaObject, ABC):
    """One rule with its hyper-parameters. Equal updaters share one block of state.

    Attributes:
        kernel: the native kernel with the same arithmetic.
        state_keys: Deeplearning4j's names of the state arrays, in the order in which they lie in the state vector.
    """

    kernel: ClassVar[str]
    state_keys: ClassVar[tuple[str, ...]] = ()
    _scheduled: ClassVar[dict[str, str]] = {"learningRate": "learningRateSchedule"}

    def __post_init__(self) -> None:
        for name in self._scheduled_fields():
            value = getattr(self, name)
            if isinstance(value, (int, float)):
                object.__setattr__(self, name, float(value))
            else:
                object.__setattr__(self, name, get_schedule(value))

    @abstractmethod
    def step(
        self,
        gradient: Array,
        states: Sequence[Array],
        learning_rate: float,
        iteration: int,
        momentum: float = 0.0,
    ) -> tuple[Array, tuple[Array, ...]]:
        """The step to subtract, and the new states, from NumPy arrays of one floating dtype; iteration
        counts from 0.
        """

    def hyperparameters(self) -> tuple[float, ...]:
        """The numbers that the kernel takes: all but learning rate and momentum, in the order of the fields."""
        names = (f.name for f in fields(self))
        return tuple(
            float(getattr(self, n)) for n in names if n not in ("learning_rate", "momentum")
        )

    def initial_state_values(self) -> tuple[float, ...]:
        """What each state array is filled with at the start."""
        return (0.0,) * len(self.state_keys)

    def state_size(self, parameters: int) -> int:
        """Length of the state vector for so many parameters."""
        return parameters * len(self.state_keys)

    @property
    def learning_rate_schedule(self) -> Schedule | None:
        """The schedule of the learning rate, or None where it is fixed."""
        rate = getattr(self, "learning_rate", None)
        return rate if isinstance(rate, Schedule) else None

    def learning_rate_at(self, iteration: int, epoch: int) -> float | None:
        """The learning rate in this iteration of this epoch; None for updaters without one."""
        return _at(getattr(self, "learning_rate", None), iteration, epoch)

    @property
    def momentum_schedule(self) -> Schedule | None:
        """The schedule of the momentum, or None where it is fixed."""
        momentum = getattr(self, "momentum", None)
        return momentum if isinstance(momentum, Schedule) else None

    def momentum_at(self, iteration: int, epoch: int) -> float | None:
        """The momentum in this iteration of this epoch; None for updaters without one."""
        return _at(getattr(self, "momentum", None), iteration, epoch)

    def apply(self, gradient: Array, state: Array, iteration: int, epoch: int) -> Array:
        """The step to subtract, for one gradient of any shape; ``state`` is changed in place.

        Args:
            gradient: an array of a floating dtype.
            state: the flat state vector: each state array in turn, as many elements each as the gradient;
            None where the
                updater has no state.
            iteration: iteration number from 0.
            epoch: epoch number from 0.

        Raises:
            ValueError: the state vector has another length than `state_size` says.
        """
        from ._arrays import from_numpy, to_numpy

        g = to_numpy(gradient)
        count = len(self.state_keys)
        vector = np.zeros(0, g.dtype) if state is None else to_numpy(state)
        if vector.size != self.state_size(g.size):
            raise ValueError(
                f"{type(self).__name__}: expected a state of {self.state_size(g.size)} elements "
                f"({count} arrays of {g.size}), "
                f"received {vector.size}"
            )
        views = [
            vector.reshape(-1)[i * g.size : (i + 1) * g.size].reshape(g.shape) for i in range(count)
        ]
        rate, momentum = self.learning_rate_at(iteration, epoch), self.momentum_at(iteration, epoch)
        update, states = self.step(
            g, views, 1.0 if rate is None else rate, iteration, momentum or 0.0
        )
        for view, new in zip(views, states, strict=True):
            view[...] = new
        return from_numpy(np.asarray(update, g.dtype))

    def to_json(self) -> dict[str, Any]:
        """The updater as Deeplearning4j's JSON: a scheduled rate is ``"NaN"`` beside its schedule."""
        tree = super().to_json()
        for key, schedule_key in self._scheduled.items():
            if isinstance(tree.get(key), dict):
                tree[schedule_key] = tree[key]
                tree[key] = "NaN"
        return tree

    @classmethod
    def _from_tree(cls, tree: Any) -> Self:
        merged = dict(tree)
        for key, schedule_key in cls._scheduled.items():
            schedule = merged.pop(schedule_key, None)
            if schedule is not None:
                merged[key] = schedule
        return super()._from_tree(merged)

    @classmethod
    def _scheduled_fields(cls) -> tuple[str, ...]:
        return tuple(n for n in ("learning_rate", "momentum") if n in cls.__dataclass_fields__)


def _at(value: Any, iteration: int, epoch: int) -> float | None:
    return value.value_at(iteration, epoch) if isinstance(value, Schedule) else value


def get(value: Any) -> Updater:
    """An updater from itself, a name (``"adam"``) or Deeplearning4j's JSON.

    >>> get("sgd")
    Sgd(learning_rate=0.001)
    """
    return lookup(value, Updater, _NAMES)  # type: ignore[type-abstract]


@dataclass(frozen=True)
class Sgd(Updater):
    """u = lr·g."""

    java_class: ClassVar[str] = _PACKAGE + "Sgd"
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
        return gradient * _as(gradient, learning_rate), ()


@dataclass(frozen=True)
class Nesterovs(Updater):
    """v' = μ·v - lr·g; u = μ·v - (1 + μ)·v'."""

    java_class: ClassVar[str] = _PACKAGE + "Nesterovs"
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
        before = states[0] * _as(gradient, momentum)
        after = before - gradient * _as(gradient, learning_rate)
        return before - after * _as(gradient, 1.0 + momentum), (after,)


@dataclass(frozen=True)
class AdaGrad(Updater):
    """h += g²; u = lr·g / (√h + ε). The state starts at 1e-6 whatever ε is."""

    java_class: ClassVar[str] = _PACKAGE + "AdaGrad"
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
        return gradient * _as(gradient, learning_rate) / (
            np.sqrt(h) + _as(gradient, self.epsilon)
        ), (h,)


@dataclass(frozen=True)
class AdaDelta(Updater):
    """m = ρ·m + (1 - ρ)·g²; u = g·√(d + ε) / √(m + ε); d = ρ·d + (1 - ρ)·u². It has no learning rate."""

    java_class: ClassVar[str] = _PACKAGE + "AdaDelta"
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
        m = _decay(states[0], gradient * gradient, self.rho)
        eps = _as(gradient, self.epsilon)
        update = gradient * (np.sqrt(states[1] + eps) / np.sqrt(m + eps))
        return update, (m, _decay(states[1], update * update, self.rho))


@dataclass(frozen=True)
class RmsProp(Updater):
    """G = d·G + (1 - d)·g²; u = lr·g / (√G + ε). The state starts at ε."""

    java_class: ClassVar[str] = _PACKAGE + "RmsProp"
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
        g2 = _decay(states[0], gradient * gradient, self.rms_decay)
        return gradient * _as(gradient, learning_rate) / (
            np.sqrt(g2) + _as(gradient, self.epsilon)
        ), (g2,)


@dataclass(frozen=True)
class _Moments(Updater, ABC):
    """Updaters with an average of gradients and one of their squares."""

    state_keys: ClassVar[tuple[str, ...]] = ("M", "V")
    learning_rate: float | Schedule = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def _step_size(self, learning_rate: float, iteration: int) -> float:
        """lr·√(1 - β₂ᵗ⁺¹) / (1 - β₁ᵗ⁺¹).

        Where that is 0 Deeplearning4j takes ε instead, so that its parameters move at learning rate 0; ours stay.
        """
        bias = 1.0 - self.beta1 ** (iteration + 1)
        size = (
            learning_rate * math.sqrt(1.0 - self.beta2 ** (iteration + 1)) / bias
            if bias
            else math.nan
        )
        return size if math.isfinite(size) else self.epsilon


@dataclass(frozen=True)
class Adam(_Moments):
    """m = β₁·m + (1 - β₁)·g; v = β₂·v + (1 - β₂)·g²; u = lr·√(1 - β₂ᵗ⁺¹)/(1 - β₁ᵗ⁺¹) · m / (√v + ε).

    ε stands outside the bias correction.

    >>> Adam(learning_rate=0.01).to_json()["learningRate"]
    0.01
    """

    java_class: ClassVar[str] = _PACKAGE + "Adam"
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
        m = _decay(states[0], gradient, self.beta1)
        v = _decay(states[1], gradient * gradient, self.beta2)
        size = _as(gradient, self._step_size(learning_rate, iteration))
        return m * size / (np.sqrt(v) + _as(gradient, self.epsilon)), (m, v)


@dataclass(frozen=True)
class AdaMax(_Moments):
    """m as Adam; w = max(β₂·w, abs(g)) + 1e-32; u = lr/(1 - β₁ᵗ⁺¹) · m / w."""

    java_class: ClassVar[str] = _PACKAGE + "AdaMax"
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
        m = _decay(states[0], gradient, self.beta1)
        w = np.maximum(states[1] * _as(gradient, self.beta2), np.abs(gradient)) + _as(
            gradient, 1e-32
        )
        bias = 1.0 - self.beta1 ** (iteration + 1)
        size = learning_rate / bias if bias else self.epsilon
        return m * _as(gradient, size) / w, (m, w)


@dataclass(frozen=True)
class AMSGrad(_Moments):
    """As Adam, divided by the largest v so far: v̂ = max(v̂, v)."""

    java_class: ClassVar[str] = _PACKAGE + "AMSGrad"
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
        m = _decay(states[0], gradient, self.beta1)
        v = _decay(states[1], gradient * gradient, self.beta2)
        top = np.maximum(states[2], v)
        size = _as(gradient, self._step_size(learning_rate, iteration))
        return m * size / (np.sqrt(top) + _as(gradient, self.epsilon)), (m, v, top)


@dataclass(frozen=True)
class Nadam(_Moments):
    """m, v as Adam; u = lr·(β₁·m + (1 - β₁)·g)/(1 - β₁ᵗ⁺¹) / (√v + ε)."""

    java_class: ClassVar[str] = _PACKAGE + "Nadam"
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
        m = _decay(states[0], gradient, self.beta1)
        v = _decay(states[1], gradient * gradient, self.beta2)
        bias = _as(gradient, 1.0 - self.beta1 ** (iteration + 1))
        mean = _decay(m, gradient, self.beta1) / bias
        return mean * _as(gradient, learning_rate) / (np.sqrt(v) + _as(gradient, self.epsilon)), (
            m,
            v,
        )


@dataclass(frozen=True)
class AdaBelief(_Moments):
    """m as Adam; s = β₂·s + (1 - β₂)·(g - m)² + ε; u = a·m / (√s + ε) with Adam's a.

    In Deeplearning4j 1.0.0-M2.1 no network can train with it: setting up its state throws.
    """

    java_class: ClassVar[str] = _PACKAGE + "AdaBelief"
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
        m = _decay(states[0], gradient, self.beta1)
        eps = _as(gradient, self.epsilon)
        s = _decay(states[1], np.square(gradient - m), self.beta2) + eps
        return m * _as(gradient, self._step_size(learning_rate, iteration)) / (np.sqrt(s) + eps), (
            m,
            s,
        )


@dataclass(frozen=True)
class NoOp(Updater):
    """u = g."""

    java_class: ClassVar[str] = _PACKAGE + "NoOp"
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


def _as(like: Array, value: float) -> Any:
    return like.dtype.type(value)


def _decay(average: Array, value: Array, rate: float) -> Array:
    """rate·average + (1 - rate)·value."""
    return average * _as(value, rate) + value * _as(value, 1.0 - rate)


_NAMES = {
    "sgd": Sgd,
    "nesterovs": Nesterovs,
    "adagrad": AdaGrad,
    "adadelta": AdaDelta,
    "rmsprop": RmsProp,
    "adam": Adam,
    "adamax": AdaMax,
    "amsgrad": AMSGrad,
    "nadam": Nadam,
    "adabelief": AdaBelief,
    "noop": NoOp,
    "none": NoOp,
}
