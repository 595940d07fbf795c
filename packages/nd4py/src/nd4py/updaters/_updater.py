"""What all updaters share: scheduled rates, state vectors, JSON, the eager step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from nd4py._java_json import JavaObject
from nd4py.schedules import Schedule
from nd4py.schedules import get as get_schedule

PACKAGE = "org.nd4j.linalg.learning.config."
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
        from nd4py._core import as_ndarray
        from nd4py.ops import as_value

        g = as_value(gradient)
        count = len(self.state_keys)
        vector = as_ndarray(np.zeros(0, np.float32) if state is None else state)
        if vector.size != self.state_size(g.size):
            raise ValueError(
                f"{type(self).__name__}: expected a state of {self.state_size(g.size)} elements "
                f"({count} arrays of {g.size}), received {vector.size}"
            )
        flat = vector.reshape(-1)
        states = [flat[i * g.size : (i + 1) * g.size] for i in range(count)]
        rate, momentum = self.learning_rate_at(iteration, epoch), self.momentum_at(iteration, epoch)
        rate = 1.0 if rate is None else rate
        update = self._kernel_step(g, states, rate, iteration, momentum)
        if update is None:
            values, new = self.step(
                g.numpy(),
                [s.numpy().reshape(g.shape) for s in states],
                rate,
                iteration,
                momentum or 0.0,
            )
            for array, value in zip(states, new, strict=True):
                array[...] = as_ndarray(np.ascontiguousarray(value).reshape(-1))
            update = as_ndarray(np.asarray(values))
        return update

    def _kernel_step(
        self,
        gradient: Any,
        states: Sequence[Any],
        rate: float,
        iteration: int,
        momentum: float | None,
    ) -> Any:
        """The native kernel on copies of the gradient, with parameters that do not count; None where there is none."""
        from nd4py._backend import Kernels, ensure_selected
        from nd4py._core import full, run_kernel, zeros
        from nd4py.dtypes import float64
        from nd4py.ops import Spec

        ensure_selected()
        if self.kernel not in Kernels.names:
            return None
        update = gradient.dup("c").reshape(-1)
        numbers = [rate, iteration, 1.0, 0.0, 0.0, 0.0, *([] if momentum is None else [momentum])]
        arrays = [
            zeros(update.shape, update.dtype),
            update,
            *states,
            *(full((), x, float64) for x in numbers),
        ]
        specs = [Spec(update.dtype, update.shape)] * (1 + len(states))
        # In place: states are advanced, and the step is left in the gradient's copy (store_update).
        done = run_kernel(self.kernel, arrays, specs, [0, 1], list(self.hyperparameters()))
        return None if done is None else update.reshape(gradient.shape)

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


def rounded(like: Array, value: float) -> Any:
    return like.dtype.type(value)


def decayed(average: Array, value: Array, rate: float) -> Array:
    """rate·average + (1 - rate)·value, the difference rounded in the dtype, as the original computes it."""
    kept = rounded(value, rate)
    return average * kept + value * (rounded(value, 1.0) - kept)
