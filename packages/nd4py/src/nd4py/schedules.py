"""Values that change over training, for learning rates, momenta, dropout and regularisation.

Each answers to the class of the same name in ``org.nd4j.linalg.schedule``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ._java_json import JavaObject, field, lookup, number

__all__ = [
    "CycleSchedule",
    "ExponentialSchedule",
    "FixedSchedule",
    "InverseSchedule",
    "MapSchedule",
    "PolySchedule",
    "RampSchedule",
    "Schedule",
    "ScheduleType",
    "SigmoidSchedule",
    "StepSchedule",
    "get",
]

ScheduleType = Literal["ITERATION", "EPOCH"]
_PACKAGE = "org.nd4j.linalg.schedule."


@dataclass(frozen=True)
class Schedule(JavaObject, ABC):
    """A value as a function of the iteration and epoch numbers, both counted from 0."""

    @abstractmethod
    def value_at(self, iteration: int, epoch: int) -> float:
        """The value in this iteration of this epoch."""


def get(value: Any) -> Schedule:
    """A schedule from itself, a number (`FixedSchedule`) or Deeplearning4j's JSON.

    >>> get(0.1).value_at(5, 0)
    0.1
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return FixedSchedule(float(value))
    return lookup(value, Schedule, {})  # type: ignore[type-abstract]


def _check_type(name: str, schedule_type: str) -> None:
    if schedule_type not in ("ITERATION", "EPOCH"):
        raise ValueError(
            f"{name}: schedule_type must be 'ITERATION' or 'EPOCH', received {schedule_type!r}"
        )


@dataclass(frozen=True)
class FixedSchedule(Schedule):
    """The same value always."""

    java_class: ClassVar[str] = _PACKAGE + "FixedSchedule"
    value: float

    def value_at(self, iteration: int, epoch: int) -> float:
        """The value."""
        return self.value


@dataclass(frozen=True)
class _Counted(Schedule, ABC):
    schedule_type: ScheduleType

    def __post_init__(self) -> None:
        _check_type(type(self).__name__, self.schedule_type)

    def _count(self, iteration: int, epoch: int) -> int:
        return iteration if self.schedule_type == "ITERATION" else epoch


@dataclass(frozen=True)
class ExponentialSchedule(_Counted):
    """v₀·γⁱ.

    >>> ExponentialSchedule("ITERATION", 1.0, 0.5).value_at(3, 0)
    0.125
    """

    java_class: ClassVar[str] = _PACKAGE + "ExponentialSchedule"
    initial_value: float
    gamma: float

    def value_at(self, iteration: int, epoch: int) -> float:
        """v₀·γⁱ."""
        return self.initial_value * self.gamma ** self._count(iteration, epoch)


@dataclass(frozen=True)
class InverseSchedule(_Counted):
    """v₀ / (1 + γ·i)^power."""

    java_class: ClassVar[str] = _PACKAGE + "InverseSchedule"
    initial_value: float
    gamma: float
    power: float

    def value_at(self, iteration: int, epoch: int) -> float:
        """v₀ / (1 + γ·i)^power."""
        return self.initial_value / float(
            (1 + self.gamma * self._count(iteration, epoch)) ** self.power
        )


@dataclass(frozen=True)
class PolySchedule(_Counted):
    """v₀·(1 - i/n)^power, and 0 from i = n on.

    Deeplearning4j 1.0.0-M2.1 computes (1 + i/n)^power, which grows until it drops to 0; training is right here.
    """

    java_class: ClassVar[str] = _PACKAGE + "PolySchedule"
    initial_value: float
    power: float
    max_iter: int

    def value_at(self, iteration: int, epoch: int) -> float:
        """v₀·(1 - i/n)^power, or 0."""
        i = self._count(iteration, epoch)
        return (
            0.0
            if i >= self.max_iter
            else self.initial_value * (1 - i / self.max_iter) ** self.power
        )


@dataclass(frozen=True)
class SigmoidSchedule(_Counted):
    """v₀ / (1 + e^(-γ·(i - step_size)))."""

    java_class: ClassVar[str] = _PACKAGE + "SigmoidSchedule"
    initial_value: float
    gamma: float
    step_size: int

    def value_at(self, iteration: int, epoch: int) -> float:
        """v₀ / (1 + e^(-γ·(i - step_size)))."""
        z = -self.gamma * (self._count(iteration, epoch) - self.step_size)
        return self.initial_value / (1 + math.exp(z)) if z < 700 else 0.0


@dataclass(frozen=True)
class StepSchedule(_Counted):
    """v₀·decay_rate^⌊i / step⌋."""

    java_class: ClassVar[str] = _PACKAGE + "StepSchedule"
    initial_value: float
    decay_rate: float
    step: float

    def value_at(self, iteration: int, epoch: int) -> float:
        """v₀·decay_rate^⌊i / step⌋."""
        return self.initial_value * self.decay_rate ** math.floor(
            self._count(iteration, epoch) / self.step
        )


def _decode_values(tree: Any) -> tuple[tuple[int, float], ...]:
    if not isinstance(tree, Mapping):
        raise ValueError(
            f"MapSchedule: expected an object of values by position, received {tree!r:.80}"
        )
    return tuple(sorted((int(k), float(number(v))) for k, v in tree.items()))


@dataclass(frozen=True)
class MapSchedule(_Counted):
    """The value given for the largest position not above i. ``values`` must contain position 0.

    >>> MapSchedule("EPOCH", {0: 0.1, 10: 0.01}).value_at(0, 12)
    0.01
    """

    java_class: ClassVar[str] = _PACKAGE + "MapSchedule"
    values: Any = field(decode=_decode_values, encode=lambda pairs: {str(k): v for k, v in pairs})

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.values, Mapping):  # kept as pairs, which compare and hash
            object.__setattr__(self, "values", _decode_values(self.values))
        if not self.values or self.values[0][0] != 0:
            raise ValueError(
                f"MapSchedule: values must begin at position 0, received {self.values}"
            )

    def value_at(self, iteration: int, epoch: int) -> float:
        """The value at the largest position not above i."""
        i = self._count(iteration, epoch)
        return float(next(v for k, v in reversed(self.values) if k <= i))


@dataclass(frozen=True)
class RampSchedule(Schedule):
    """The value of ``base_schedule`` times min(1, (iteration + 1) / num_iter): a linear warm-up.

    Deeplearning4j writes it into network configurations without its fields; such a file cannot be read back.
    """

    java_class: ClassVar[str] = _PACKAGE + "RampSchedule"
    base_schedule: Schedule
    num_iter: int

    def value_at(self, iteration: int, epoch: int) -> float:
        """The base value, ramped up."""
        value = self.base_schedule.value_at(iteration, epoch)
        return value if iteration >= self.num_iter - 1 else value * (iteration + 1) / self.num_iter


@dataclass(frozen=True)
class CycleSchedule(_Counted):
    """The 1cycle policy: linearly up, linearly down, then annealed by powers of ``annealing_decay``.

    Without an ``initial_learning_rate`` it is a tenth of the maximum, without an ``annealing_length`` a
    tenth of the cycle.
    """

    java_class: ClassVar[str] = _PACKAGE + "CycleSchedule"
    initial_learning_rate: float | None = None
    max_learning_rate: float = 0.1
    cycle_length: int = 100
    annealing_length: int | None = None
    annealing_decay: float = 0.1
    step_size: int | None = None
    increment: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        initial = self.initial_learning_rate
        initial = self.max_learning_rate * 0.1 if initial is None else initial
        annealing = self.annealing_length
        annealing = math.floor(self.cycle_length * 0.1 + 0.5) if annealing is None else annealing
        step = (self.cycle_length - annealing) // 2
        if step < 1:
            raise ValueError(
                f"CycleSchedule: a cycle of {self.cycle_length} with {annealing} steps of annealing "
                f"leaves none to rise and fall"
            )
        values = (
            ("initial_learning_rate", initial),
            ("annealing_length", annealing),
            ("step_size", step if self.step_size is None else self.step_size),
            (
                "increment",
                (self.max_learning_rate - initial) / step
                if self.increment is None
                else self.increment,
            ),
        )
        for name, value in values:
            object.__setattr__(self, name, value)

    def value_at(self, iteration: int, epoch: int) -> float:
        """The value at this position of the cycle."""
        initial, step = self.initial_learning_rate, self.step_size
        annealing, increment = self.annealing_length, self.increment
        if initial is None or step is None or annealing is None or increment is None:
            raise AttributeError("CycleSchedule was built without __init__")
        position = self._count(iteration, epoch) % self.cycle_length
        if position < step:
            return initial + increment * position
        if position < 2 * step:
            return self.max_learning_rate - increment * (position - step)
        return initial * self.annealing_decay ** (annealing - (self.cycle_length - position))
