"""What a training plan does with gradients: normalisation, then updater blocks on slices of flat vectors.

Everything here names arrays by reference: a compiled plan reads and writes the very memory it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ._arrays import as_array

if TYPE_CHECKING:
    from nd4py import NDArray

Scalar: TypeAlias = float | str
"""A number fixed when the plan is compiled, or the name of a per-call scalar (float64)."""

NormalizationMode = Literal["renormalize_l2", "clip_elementwise_absolute", "clip_l2"]
NORMALIZATION_MODES: tuple[NormalizationMode, ...] = (
    "renormalize_l2",
    "clip_elementwise_absolute",
    "clip_l2",
)


@dataclass(frozen=True)
class Segment:
    """Elements ``[start, stop)`` of an updater block that share regularisation coefficients.

    Args:
        start: first element, counted within the block.
        stop: one past the last element.
        l1: added to the gradient as ``l1 * sign(w)`` and to the score as ``l1 * |w|₁``.
        l2: added to the gradient as ``l2 * w`` and to the score as ``½ l2 |w|₂²``.
        weight_decay: added to the update as ``weight_decay * (lr if apply_lr) * w`` and to the score as ``½ c |w|₂²``.
        weight_decay_apply_lr: whether the learning rate multiplies the decay.
        in_score: whether these terms count in the score.
        averaged: whether the gradient is divided by the minibatch size.

    Answers to ``org.nd4j.linalg.learning.regularization.{L1Regularization,L2Regularization,WeightDecay}``.
    """

    start: int
    stop: int
    l1: Scalar = 0.0
    l2: Scalar = 0.0
    weight_decay: Scalar = 0.0
    weight_decay_apply_lr: bool = True
    in_score: bool = True
    averaged: bool = True

    @property
    def regularised(self) -> bool:
        """Whether any coefficient can be other than zero."""
        return not (self.l1 == 0 and self.l2 == 0 and self.weight_decay == 0)


@dataclass(frozen=True, eq=False)
class UpdateBlock:
    """Consecutive parameters that share one updater: one pass of one kernel per segment.

    Args:
        updater: an ``nd4py.updaters`` object: its ``kernel`` and ``hyperparameters()`` choose the arithmetic.
        params: the parameters, a flat slice ``[n]``; updated in place.
        gradient: their gradient, a flat slice ``[n]``, as filled through ``compile_training(gradients=...)``.
        states: the updater's state arrays, one flat slice ``[n]`` each, in the updater's order; updated in place.
        learning_rate: the learning rate, or the name of the per-call scalar that carries it.
        iteration: name of the per-call scalar with the 0-based iteration number.
        momentum: for updaters with a momentum (Nesterovs).
        segments: regularisation by segment, in order and covering ``[0, n)``; None for none at all.

    Answers to ``org.deeplearning4j.nn.updater.UpdaterBlock``.
    """

    updater: Any
    params: NDArray
    gradient: NDArray
    states: Sequence[NDArray] = ()
    learning_rate: Scalar = "learning_rate"
    iteration: Scalar = "iteration"
    momentum: Scalar = 0.0
    segments: Sequence[Segment] | None = None
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        for name in ("params", "gradient"):
            object.__setattr__(self, name, as_array(getattr(self, name)))
        object.__setattr__(self, "states", tuple(as_array(s) for s in self.states))

    @property
    def has_momentum(self) -> bool:
        """Whether the updater takes a momentum scalar."""
        return hasattr(self.updater, "momentum")

    def scalar_names(self) -> list[str]:
        """The per-call scalars that the block names, in a fixed order."""
        numbers = [self.learning_rate, self.iteration]
        if self.has_momentum:
            numbers.append(self.momentum)
        for segment in self.segments or ():
            numbers += (segment.l1, segment.l2, segment.weight_decay)
        return [n for n in numbers if isinstance(n, str)]

    def check(self) -> None:
        """Raises ValueError where the slices do not fit each other."""
        size = self.params.shape
        where = f"updater block {self.name!r}"
        if len(size) != 1:
            raise ValueError(f"{where}: params must be a flat slice, received shape {list(size)}")
        arrays = [
            ("gradient", self.gradient),
            *((f"state {i}", s) for i, s in enumerate(self.states)),
        ]
        for what, array in arrays:
            if tuple(array.shape) != tuple(size) or array.dtype != self.params.dtype:
                raise ValueError(
                    f"{where}: {what} must be {self.params.dtype}{list(size)} as params, "
                    f"received {array.dtype}{list(array.shape)}"
                )
        at = 0
        for segment in self.segments or (Segment(0, size[0]),):
            if segment.start != at or segment.stop <= at:
                raise ValueError(
                    f"{where}: segments must be in order and without gaps; [{segment.start}, {segment.stop}) "
                    f"follows {at}"
                )
            at = segment.stop
        if at != size[0]:
            raise ValueError(f"{where}: segments end at {at}, params have {size[0]} elements")


@dataclass(frozen=True, eq=False)
class GradientNormalization:
    """One gradient (of a layer or of one parameter) that is normalised as a whole, before any updater.

    Args:
        gradient: a flat slice of the gradient vector, normalised in place after the division by the minibatch size.
        mode: ``renormalize_l2`` divides by the L2 norm, ``clip_elementwise_absolute`` limits each element to
            ±threshold, ``clip_l2`` scales down to the threshold where the norm exceeds it.
        threshold: for the two clipping modes.

    Answers to ``org.deeplearning4j.nn.conf.GradientNormalization``.
    """

    gradient: NDArray
    mode: NormalizationMode
    threshold: float = 1.0
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gradient", as_array(self.gradient))
        if self.mode not in NORMALIZATION_MODES:
            modes = ", ".join(NORMALIZATION_MODES)
            raise ValueError(
                f"gradient normalization: expected one of {modes}; received {self.mode!r}"
            )
