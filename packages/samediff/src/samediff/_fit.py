"""`SameDiff.fit`: variables, gradients and updater state laid out for one training plan."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from nd4py._arrays import from_numpy, to_numpy
from nd4py.ops._declare import FUNCTIONS

from ._history import History
from ._plans import bind_inputs
from ._training_config import TrainingConfig
from ._updates import Segment, UpdateBlock
from ._variable import SDVariable

if TYPE_CHECKING:
    from ._samediff import SameDiff
    from ._training import TrainingPlan


class FitSession:
    """The training plan of a graph and its state; lives until the graph, its losses or its configuration change.

    Attributes:
        states: updater state by variable name and state key.
    """

    def __init__(self, sd: SameDiff, config: TrainingConfig):
        self.config = config
        self._sd = sd
        self._losses = sd.loss_variables()
        self._variables = [v for v in sd.trainable_variables() if v.dtype.is_floating]
        if not self._variables:
            raise ValueError("fit: the graph has no trainable floating variables")
        self.states: dict[str, dict[str, Any]] = {}
        self._gradients: dict[str, Any] = {}
        self._plan = self._compile()
        self._placeholders = [sd.get_variable(n) for n in self._plan.inputs]
        mapped = config.placeholders()
        missing = [n for n in self._plan.inputs if n not in mapped]
        if missing:
            raise ValueError(
                f"fit: the loss needs placeholder {missing[0]!r}, which no mapping names"
            )
        self._order = [mapped.index(n) for n in self._plan.inputs]

    def matches(self, sd: SameDiff, config: TrainingConfig) -> bool:
        """Whether the plan still computes what the graph says now."""
        current = [v for v in sd.trainable_variables() if v.dtype.is_floating]
        return (
            config is self.config
            and _identical(self._losses, sd.loss_variables())
            and _identical(self._variables, current)
        )

    def _compile(self) -> TrainingPlan:
        blocks = [self._block(v) for v in self._variables]
        loss = FUNCTIONS["sum"](self._losses[0])
        for other in self._losses[1:]:
            loss = loss + FUNCTIONS["sum"](other)
        if not self.config.minimize:
            loss = -loss
        return self._sd.compile_training(loss, gradients=self._gradients, updates=blocks)

    def _block(self, variable: SDVariable) -> UpdateBlock:
        updater: Any = self.config.updater
        params = _flat(variable)
        size = params.shape[0]
        gradient = np.zeros(size, params.dtype)
        self._gradients[variable.name] = from_numpy(
            _shaped_like(to_numpy(variable.array), gradient)
        )
        states = self.states[variable.name] = {
            key: from_numpy(np.full(size, value, params.dtype))
            for key, value in zip(updater.state_keys, updater.initial_state_values(), strict=True)
        }
        segments = None
        if self.config.regularization:
            names = ("l1", "l2", "weight_decay")
            present = dict(zip(names, self.config.coefficients(0, 0), strict=True))
            segments = [
                Segment(
                    0,
                    size,
                    l1="l1" if present["l1"] or self._scheduled() else 0.0,
                    l2="l2" if present["l2"] or self._scheduled() else 0.0,
                    weight_decay="weight_decay"
                    if present["weight_decay"] or self._scheduled()
                    else 0.0,
                    weight_decay_apply_lr=self.config.weight_decay_apply_lr,
                )
            ]
        return UpdateBlock(
            updater,
            from_numpy(params),
            from_numpy(gradient),
            list(states.values()),
            momentum="momentum" if hasattr(updater, "momentum") else 0.0,
            segments=segments,
            name=variable.name,
        )

    def _scheduled(self) -> bool:
        return not all(r.is_constant for r in self.config.regularization)

    def _scalars(self, iteration: int, epoch: int) -> tuple[float, ...]:
        updater: Any = self.config.updater
        rate = updater.learning_rate_at(iteration, epoch)
        l1, l2, decay = self.config.coefficients(iteration, epoch)
        values = {
            "learning_rate": 1.0 if rate is None else rate,
            "iteration": float(iteration),
            "momentum": updater.momentum_at(iteration, epoch) or 0.0,
            "l1": l1,
            "l2": l2,
            "weight_decay": decay,
        }
        try:
            return tuple(values[name] for name in self._plan.scalars)
        except KeyError as missing:
            raise ValueError(
                f"fit: the graph's scalar input {missing} has no value in training"
            ) from None

    def epoch(self, batches: Iterable[Any], history: History) -> None:
        """One pass over the batches."""
        sd, started = self._sd, time.perf_counter()
        for batch in batches:
            arrays = self.config.arrays(batch)
            inputs = bind_inputs(self._placeholders, [arrays[i] for i in self._order])
            score = self._plan.run(inputs, self._scalars(sd.iteration_count, sd.epoch_count))[0]
            history.loss_curve.iterations.append(score if self.config.minimize else -score)
            sd.iteration_count += 1
        history.loss_curve.epoch_ends.append(len(history.loss_curve.iterations))
        history.seconds.append(time.perf_counter() - started)
        sd.epoch_count += 1


def batches_of(data: Any, epochs: int) -> Iterable[Any]:
    """What one epoch iterates over: an iterator of batches, or a single batch.

    Raises:
        ValueError: several epochs over something that can be iterated only once.
    """
    if hasattr(data, "features") or (isinstance(data, tuple) and len(data) == 2):
        return [data]
    if epochs > 1 and iter(data) is data and not hasattr(data, "reset"):
        raise ValueError(
            "fit: a generator can be read only once; give a list or a DataSetIterator for several epochs"
        )
    return data  # type: ignore[no-any-return]


def _flat(variable: SDVariable) -> Any:
    """The variable's memory as a flat NumPy array; memory with gaps is replaced by a dense copy."""
    array = to_numpy(variable.array)
    if array.flags.c_contiguous:
        return array.reshape(-1)
    if array.flags.f_contiguous:
        return array.T.reshape(-1)
    dense = np.ascontiguousarray(array)
    variable.array = from_numpy(dense)
    return dense.reshape(-1)


def _shaped_like(array: Any, flat: Any) -> Any:
    if array.flags.c_contiguous:
        return flat.reshape(array.shape)
    return flat.reshape(array.shape[::-1]).T


def _identical(a: list[SDVariable], b: list[SDVariable]) -> bool:
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
