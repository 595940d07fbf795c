"""Penalties on parameters. Coefficients may follow a schedule.

L1 and L2 act on the gradient before the updater, weight decay on the update after it.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

from ._java_json import JavaObject, field, lookup
from .schedules import FixedSchedule, Schedule
from .schedules import get as get_schedule

__all__ = ["L1", "L2", "Regularization", "WeightDecay", "get"]

_PACKAGE = "org.nd4j.linalg.learning.regularization."


@dataclass(frozen=True)
class Regularization(JavaObject, ABC):
    """A penalty with one coefficient, given as a number or a schedule."""

    coefficient: Schedule | float

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficient", get_schedule(self.coefficient))

    @property
    def is_constant(self) -> bool:
        """Whether the coefficient never changes."""
        return isinstance(self.coefficient, FixedSchedule)

    def coefficient_at(self, iteration: int, epoch: int) -> float:
        """The coefficient in this iteration of this epoch."""
        return get_schedule(self.coefficient).value_at(iteration, epoch)


def get(value: Any) -> Regularization:
    """A regularisation from itself or Deeplearning4j's JSON."""
    return lookup(value, Regularization, {})


@dataclass(frozen=True)
class L1(Regularization):
    """Adds l1·sign(w) to the gradient and l1·Σ|w| to the score. Deeplearning4j: ``L1Regularization``."""

    java_class: ClassVar[str] = _PACKAGE + "L1Regularization"
    coefficient: Schedule | float = field(key="l1", decode=get_schedule)


@dataclass(frozen=True)
class L2(Regularization):
    """Adds l2·w to the gradient and ½·l2·Σw² to the score. Deeplearning4j: ``L2Regularization``."""

    java_class: ClassVar[str] = _PACKAGE + "L2Regularization"
    coefficient: Schedule | float = field(key="l2", decode=get_schedule)


@dataclass(frozen=True)
class WeightDecay(Regularization):
    """Adds coeff·w, times the learning rate if ``apply_lr``, to the update and ½·coeff·Σw² to the score.

    Deeplearning4j: ``WeightDecay``.
    """

    java_class: ClassVar[str] = _PACKAGE + "WeightDecay"
    coefficient: Schedule | float = field(key="coeff", decode=get_schedule)
    apply_lr: bool = field(True, key="applyLR")
