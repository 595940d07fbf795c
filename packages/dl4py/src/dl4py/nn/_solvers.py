"""Optimisation with a line search: gradient descent, conjugate gradients (Polak-Ribière) and
L-BFGS.

The gradient of these methods is what the update pipeline makes of it (normalisation,
regularisation, updater), as in Deeplearning4j. The line search backtracks with quadratic and cubic
interpolation (Dennis & Schnabel, 1983, A6.3.1).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray as NumpyArray

from dl4py.conf._step_functions import ascends
from dl4py.nn._graph import Shapes
from dl4py.nn._training import TrainingStep

if TYPE_CHECKING:
    from dl4py.nn._multi_layer_network import MultiLayerNetwork

Vector = NumpyArray[Any]
_MEMORY = 4  # pairs that L-BFGS remembers
_SUFFICIENT = 1e-4


@dataclass
class Direction:
    """The search direction of a network, kept from iteration to iteration."""

    algorithm: str
    vector: Vector | None = None
    pairs: deque[tuple[Vector, Vector, float]] = field(
        default_factory=lambda: deque(maxlen=_MEMORY)
    )

    def at(self, gradient: Vector) -> Vector:
        """The direction to search along, downhill when subtracted."""
        if self.vector is None or self.algorithm == "LINE_GRADIENT_DESCENT":
            self.vector = gradient.copy()
        return self.vector

    def advance(self, old_params: Vector, params: Vector, old: Vector, new: Vector) -> None:
        """Takes note of a finished iteration; ``old`` and ``new`` are the gradients before and
        after it.
        """
        if self.algorithm == "CONJUGATE_GRADIENT":
            norm = float(old @ old)
            blend = max(0.0, float(new @ (new - old)) / norm) if norm > 0 else 0.0
            previous = old if self.vector is None else self.vector
            self.vector = new + blend * previous
        elif self.algorithm == "LBFGS":
            step, change = params - old_params, new - old
            product = float(step @ change)
            if product > 1e-12 * float(change @ change):  # otherwise the curvature is of no use
                self.pairs.appendleft((step, change, 1.0 / product))
            self.vector = self._two_loops(new)

    def _two_loops(self, gradient: Vector) -> Vector:
        d = gradient.copy()
        if not self.pairs:
            return d
        alphas = []
        for step, change, rho in self.pairs:
            alpha = rho * float(step @ d)
            d -= alpha * change
            alphas.append(alpha)
        step, change, rho = self.pairs[0]
        d *= 1.0 / (rho * float(change @ change))
        for (step, change, rho), alpha in zip(reversed(self.pairs), reversed(alphas), strict=True):
            d += step * (alpha - rho * float(change @ d))
        return d


def line_search_iteration(
    network: MultiLayerNetwork, step: TrainingStep, inputs: tuple[Any, ...], shapes: Shapes
) -> None:
    """One iteration of the configured algorithm; the score afterwards is that of the new
    parameters.
    """
    conf = network.configuration.confs[0]
    direction = network.search_direction(conf.optimization_algo)
    old_params = network.flat_params.copy()
    score, gradient = _through_the_pipeline(network, step, inputs)
    d = direction.at(gradient)
    search = _LineSearch(
        network, inputs, shapes, old_params, d, conf.step_function or "negativeDefault"
    )
    search.run(score, gradient, conf.max_num_line_search_iterations)
    score, after = _through_the_pipeline(network, step, inputs)
    direction.advance(old_params, network.flat_params.copy(), gradient, after)
    network._score = score


def _through_the_pipeline(
    network: MultiLayerNetwork, step: TrainingStep, inputs: tuple[Any, ...]
) -> tuple[float, Vector]:
    """Score and update at the current parameters, which stay as they are; the updater's state moves
    on.
    """
    from dl4py.nn._fitting import run_step

    before = network.flat_params.copy()
    score = run_step(network, step, inputs)
    update = before - network.flat_params
    network.flat_params[:] = before
    return float(score.item() if hasattr(score, "item") else score), update


class _LineSearch:
    def __init__(
        self,
        network: MultiLayerNetwork,
        inputs: tuple[Any, ...],
        shapes: Shapes,
        params: Vector,
        direction: Vector,
        step_function: str,
    ) -> None:
        self._network = network
        self._inputs = inputs
        self._shapes = shapes
        self._params = params
        self._direction = direction
        self._sign = 1.0 if ascends(step_function) else -1.0
        self._scaled = step_function in ("default", "negativeDefault")

    def run(self, score: float, gradient: Vector, limit: int) -> float:
        """Puts the parameters at the accepted step; returns its length, 0 where none was found."""
        base = self._value(score)
        slope = -float(self._direction @ gradient)
        smallest = 1e-7 / max(float(np.abs(gradient).max(initial=0.0)), 1e-300)
        step, last, last_value = 1.0, 0.0, base
        best, best_value = 0.0, base
        for trial in range(limit):
            self._go(step)
            if step < smallest or not np.isfinite(self._network.flat_params).all():
                return self._restore()
            value = self._evaluate()
            if math.isfinite(value) and value < best_value:
                best, best_value = step, value
            if value <= base + _SUFFICIENT * step * slope:
                return step
            shorter = _interpolate(trial == 0, step, value, last, last_value, base, slope)
            last, last_value = step, value
            step = max(shorter, 0.1 * step)
        if best == 0.0:
            return self._restore()
        self._go(best)
        return best

    def _value(self, score: float) -> float:
        return -score if self._sign > 0 else score

    def _evaluate(self) -> float:
        from dl4py.nn._fitting import score_of

        return self._value(score_of(self._network, self._inputs, self._shapes))

    def _go(self, step: float) -> None:
        length = step if self._scaled else 1.0
        self._network.flat_params[:] = self._params + self._sign * length * self._direction

    def _restore(self) -> float:
        self._network.flat_params[:] = self._params
        return 0.0


def _interpolate(
    first: bool,
    step: float,
    value: float,
    last: float,
    last_value: float,
    base: float,
    slope: float,
) -> float:
    """The minimum of a parabola, or of the cubic through the last two trials, at most half the
    step.
    """
    if not math.isfinite(value):
        return 0.2 * step
    if first:
        return (
            min(-slope / (2.0 * (value - base - slope)), 0.5 * step)
            if value - base != slope
            else 0.5 * step
        )
    right = value - base - step * slope
    left = last_value - base - last * slope
    a = (right / step**2 - left / last**2) / (step - last)
    b = (-last * right / step**2 + step * left / last**2) / (step - last)
    if a == 0.0:
        found = -slope / (2.0 * b)
    else:
        discriminant = b * b - 3.0 * a * slope
        if discriminant < 0.0:
            found = 0.5 * step
        elif b <= 0.0:
            found = (-b + math.sqrt(discriminant)) / (3.0 * a)
        else:
            found = -slope / (b + math.sqrt(discriminant))
    return min(found, 0.5 * step)
