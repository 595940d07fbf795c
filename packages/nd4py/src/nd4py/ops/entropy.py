"""Elementwise and per-row terms of loss functions whose gradient is not the plain chain rule."""

from __future__ import annotations

from typing import Any

from . import arithmetic, comparison, elementwise, reduce, shaping
from ._declaration import GradientContext
from ._declare import Trait, composed
from ._samples import real

Array = Any
_E = (Trait.ELEMENTWISE,)

where = comparison.where


def _probability_samples() -> Any:
    return [((real(4, 5, low=0.1, high=0.9), real(4, 5, low=0.12, high=0.88, seed=1)), {})]


def _clipped(p: Any, eps: float) -> Any:
    return arithmetic.minimum(arithmetic.maximum(p, eps), 1.0 - eps) if eps > 0 else p


@composed(
    gradient=lambda c: [where(c.inputs[1] != 0.0, c.grads[0], 0.0), None],
    samples=lambda: [((real(4, 5), real(4, 5, seed=1)), {})],
)
def gate_gradient(x: Array, mask: Array) -> Array:
    """x; where the mask is 0, no gradient flows back through it."""
    return shaping.stop_gradient(x)


def _binary_gradient(c: GradientContext) -> list[Any]:
    labels, p = c.inputs
    seen = _clipped(p, c.attrs["clip_eps"])
    return [
        c.grads[0] * (elementwise.log(1.0 - seen) - elementwise.log(seen)),
        c.grads[0] * ((seen - labels) / (seen * (1.0 - seen))),
    ]


@composed(traits=_E, gradient=_binary_gradient, samples=_probability_samples)
def binary_cross_entropy(labels: Array, probabilities: Array, *, clip_eps: float = 0.0) -> Array:
    """-(y·ln p + (1 - y)·ln(1 - p)) with p clipped to [ε, 1 - ε].

    The gradient is (p - y)/(p·(1 - p)) of the clipped p and passes the clipping, so that a saturated output
    still learns.
    Deeplearning4j: ``LossBinaryXENT``.
    """
    p = _clipped(probabilities, clip_eps)
    return -(labels * elementwise.log(p) + (1.0 - labels) * elementwise.log(1.0 - p))


def _likelihood_gradient(c: GradientContext) -> list[Any]:
    labels, p = c.inputs
    return [
        -(c.grads[0] * elementwise.log(p)),
        where(labels != 0.0, -(c.grads[0] * labels / p), 0.0),
    ]


@composed(traits=_E, gradient=_likelihood_gradient, samples=_probability_samples)
def negative_log_likelihood(labels: Array, probabilities: Array) -> Array:
    """-y·ln p, and 0 with gradient 0 where y is 0, whatever p. Deeplearning4j: ``LossMCXENT`` without softmax."""
    return where(labels != 0.0, -(labels * elementwise.log(probabilities)), 0.0)


_LEAST = 1e-5  # Deeplearning4j's EPS_THRESHOLD
_TINY = 1e-30


def _divergence_gradient(c: GradientContext) -> list[Any]:
    labels, p = c.inputs
    seen = arithmetic.maximum(
        p, _TINY
    )  # an output that underflowed gets a large finite pull, not NaN
    y = _bounded(labels)
    return [
        c.grads[0] * (elementwise.log(y / _bounded(p)) + 1.0),
        -(c.grads[0] * labels / seen),
    ]


def _bounded(x: Any) -> Any:
    return arithmetic.minimum(arithmetic.maximum(x, _LEAST), 1.0)


@composed(traits=_E, gradient=_divergence_gradient, samples=_probability_samples)
def kl_divergence(labels: Array, probabilities: Array) -> Array:
    """y·ln(y/p) with y and p clipped to [1e-5, 1]; the gradient -y/p sees neither clipped. Deeplearning4j:
    ``LossKLD``.
    """
    y = _bounded(labels)
    return y * elementwise.log(y / _bounded(probabilities))


def _norms(labels: Any, x: Any) -> tuple[Any, Any]:
    return tuple(
        arithmetic.maximum(reduce.norm2(v, dims=(1,), keep_dims=True), _LEAST) for v in (labels, x)
    )


def _cosine_gradient(c: GradientContext) -> list[Any]:
    labels, x = c.inputs
    y_norm, x_norm = _norms(labels, x)
    squared = arithmetic.maximum(
        elementwise.square(reduce.norm2(x, dims=(1,), keep_dims=True)), _LEAST
    )
    dot = reduce.sum(labels * x, dims=(1,), keep_dims=True)
    own = elementwise.square(reduce.norm2(x, dims=(1,), keep_dims=True))
    to_x = -((labels * own - x * dot) / (y_norm * x_norm * squared))
    y_squared = elementwise.square(y_norm)
    to_labels = -((x * y_squared - labels * dot) / (y_norm * x_norm * y_squared))
    grad = shaping.reshape(c.grads[0], shape=(x.shape[0], 1))
    return [grad * to_labels, grad * to_x]


@composed(
    gradient=_cosine_gradient,
    samples=lambda: [((real(4, 5), real(4, 5, seed=1)), {})],
)
def cosine_proximity(labels: Array, x: Array) -> Array:
    """Per row -(y·x)/(‖y‖·‖x‖), norms not below 1e-5. Deeplearning4j: ``LossCosineProximity``."""
    y_norm, x_norm = _norms(labels, x)
    return -reduce.sum(labels * x / (y_norm * x_norm), dims=(1,))
