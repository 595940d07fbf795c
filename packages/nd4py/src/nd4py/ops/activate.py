"""Activation functions, as compositions with gradient rules of their own.

A rule is given where the derivative at a kink is a convention of Deeplearning4j, or where the formula below neither
overflows nor cancels. Far from 0 every function has its limit (x, 0 or 1), never NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import arithmetic, comparison, elementwise
from ._declaration import GradientContext
from ._declare import Dl4j, Trait, composed
from ._gradients import unbroadcast
from ._samples import real, unary

Array = Any
_E = (Trait.ELEMENTWISE,)

where = comparison.where
sigmoid = elementwise.sigmoid
exp = elementwise.exp

SELU_ALPHA = 1.6732632423543772
SELU_LAMBDA = 1.0507009873554805
# A float32 constant in Deeplearning4j, also for float64 arrays.
HARD_SIGMOID_SLOPE = float(np.float32(0.2))
_SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)


def _activation(
    slope: Callable[[GradientContext], Any],
    dl4j: Dl4j | None,
    samples: Any = None,
    tolerances: dict[str, float] | None = None,
) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    """A composed elementwise function; ``slope`` gives the gradient times the derivative."""
    return composed(
        "nn",
        traits=_E,
        gradient=lambda c: [slope(c)],
        dl4j=dl4j,
        samples=samples or unary(-3.0, 3.0),
        tolerances=tolerances,
    )


def _with(**attrs: Any) -> Callable[[], Any]:
    return lambda: [((real(5, 7, low=-3, high=3),), attrs)]


def _above(x: Any, bound: float, grad: Any) -> Any:
    return where(x > bound, grad, 0.0)


@_activation(
    lambda c: where(c.inputs[0] >= 0.0, c.grads[0], c.grads[0] * (c.outputs[0] + c.attrs["alpha"])),
    Dl4j("elu", reals=("alpha",)),
    _with(alpha=0.5),
)
def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """x where x ≥ 0, else α·(eˣ - 1); derivative 1 at 0. Deeplearning4j: ``ActivationELU``."""
    return where(x >= 0.0, x, elementwise.expm1(arithmetic.minimum(x, 0.0)) * alpha)


@_activation(
    lambda c: where(
        c.inputs[0] > 0.0,
        c.grads[0] * SELU_LAMBDA,
        c.grads[0] * (c.outputs[0] + SELU_LAMBDA * SELU_ALPHA),
    ),
    Dl4j("selu", ("TRANSFORM_STRICT", 42)),
)
def selu(x: Array) -> Array:
    """λ·x where x > 0, else λ·α·(eˣ - 1), with the self-normalising constants; derivative λ·α at 0.

    Deeplearning4j: ``ActivationSELU``.
    """
    return where(
        x > 0.0,
        x * SELU_LAMBDA,
        elementwise.expm1(arithmetic.minimum(x, 0.0)) * (SELU_LAMBDA * SELU_ALPHA),
    )


def _hard_sigmoid_slope(c: GradientContext) -> Any:
    x = c.inputs[0]
    return where(comparison.logical_and(x >= -2.5, x <= 2.5), c.grads[0] * HARD_SIGMOID_SLOPE, 0.0)


@_activation(_hard_sigmoid_slope, Dl4j("hard_sigmoid", ("TRANSFORM_STRICT", 36)))
def hard_sigmoid(x: Array) -> Array:
    """min(1, max(0, 0.2·x + 0.5)); derivative 0.2 at ±2.5. Deeplearning4j: ``ActivationHardSigmoid``."""
    return arithmetic.minimum(arithmetic.maximum(x * HARD_SIGMOID_SLOPE + 0.5, 0.0), 1.0)


def _hard_tanh_slope(c: GradientContext) -> Any:
    x = c.inputs[0]
    return where(comparison.logical_and(x >= -1.0, x <= 1.0), c.grads[0], 0.0)


@_activation(_hard_tanh_slope, Dl4j("hardtanh", ("TRANSFORM_STRICT", 33)))
def hard_tanh(x: Array) -> Array:
    """min(1, max(-1, x)); derivative 1 at ±1. Deeplearning4j: ``ActivationHardTanH``."""
    return arithmetic.minimum(arithmetic.maximum(x, -1.0), 1.0)


@_activation(
    lambda c: where(c.inputs[0] >= 0.0, c.grads[0], c.grads[0] * c.attrs["alpha"]),
    Dl4j("leakyrelu", ("SCALAR", 35), reals=("alpha",)),
    _with(alpha=0.2),
)
def leaky_relu(x: Array, *, alpha: float = 0.01) -> Array:
    """x where x ≥ 0, else α·x; derivative 1 at 0. Deeplearning4j: ``ActivationLReLU``."""
    return where(x >= 0.0, x, x * alpha)


def _bounded_relu_slope(c: GradientContext) -> Any:
    x, a = c.inputs[0], c.attrs
    threshold, slope, cap = a["threshold"], a["negative_slope"], a["max"]
    if threshold == 0.0 and slope == 0.0:
        grad = _above(x, 0.0, c.grads[0])
    else:
        grad = where(x >= threshold, c.grads[0], c.grads[0] * slope)
    return grad if cap is None else where(x < cap, grad, 0.0)


@_activation(
    _bounded_relu_slope,
    None,
    lambda: [
        ((real(5, 7, low=-3, high=3),), {"max": 2.0, "threshold": 0.51, "negative_slope": 0.1}),
        ((real(5, 7, low=-3, high=3),), {"threshold": 0.51}),
        ((real(5, 7, low=-3, high=3),), {"max": 2.0}),
        ((real(5, 7, low=-3, high=3),), {"negative_slope": 0.1}),
    ],
)
def bounded_relu(
    x: Array, *, max: float | None = None, threshold: float = 0.0, negative_slope: float = 0.0
) -> Array:
    """x where x ≥ threshold, else slope·(x - threshold), cut at ``max``.

    Derivative at the kinks: 1 at the threshold (0 for the plain ReLU at 0), 0 at ``max``. Deeplearning4j:
    ``ActivationReLU`` with its parameters.
    """
    if threshold == 0.0 and negative_slope == 0.0:
        y = elementwise.relu(x)
    else:
        y = where(x >= threshold, x, (x - threshold) * negative_slope)
    return y if max is None else arithmetic.minimum(y, max)


def _relu6_slope(c: GradientContext) -> Any:
    x = c.inputs[0]
    return where(comparison.logical_and(x > c.attrs["cutoff"], x < 6.0), c.grads[0], 0.0)


@_activation(
    _relu6_slope, Dl4j("relu6", ("SCALAR", 40)), lambda: [((real(5, 7, low=-3, high=8),), {})]
)
def relu6(x: Array, *, cutoff: float = 0.0) -> Array:
    """min(max(x, cutoff), 6); derivative 0 at both bounds. Deeplearning4j: ``ActivationReLU6``."""
    return arithmetic.minimum(arithmetic.maximum(x, cutoff), 6.0)


@_activation(
    lambda c: _above(c.inputs[0], c.attrs["theta"], c.grads[0]),
    Dl4j("thresholdedrelu", reals=("theta",)),
    _with(theta=0.31),
)
def thresholded_relu(x: Array, *, theta: float = 1.0) -> Array:
    """x where x > θ, else 0; derivative 0 at θ. Deeplearning4j: ``ActivationThresholdedReLU``."""
    return where(x > theta, x, 0.0)


def _rational_tanh_slope(c: GradientContext) -> Any:
    # f(y) = sgn(y)·(1 - 1/d), d = 1 + |y| + y² + c·y⁴, so f' = d'/d² with d' = 1 + 2|y| + 4c·|y|³.
    # Above 1e4, f' underflows float32 anyway; the bound keeps y⁴ finite.
    a = arithmetic.minimum(elementwise.abs(c.inputs[0]) * (2.0 / 3.0), 1e4)
    d = _rational_denominator(a)
    derivative = (a * a * a * (4 * 1.41645) + a * 2.0 + 1.0) / elementwise.square(d)
    return c.grads[0] * (derivative * (1.7159 * 2.0 / 3.0))


def _rational_denominator(a: Any) -> Any:
    square = a * a
    return square * square * 1.41645 + square + a + 1.0


@_activation(_rational_tanh_slope, Dl4j("rational_tanh", ("TRANSFORM_STRICT", 37)))
def rational_tanh(x: Array) -> Array:
    """1.7159·f(2x/3), f(y) = sgn(y)·(1 - 1/(1 + |y| + y² + 1.41645·y⁴)). Deeplearning4j: ``ActivationRationalTanh``."""
    d = _rational_denominator(elementwise.abs(x) * (2.0 / 3.0))
    return elementwise.sign(x) * (1.0 - 1.0 / d) * 1.7159


@_activation(
    lambda c: _above(c.inputs[0], 0.0, c.grads[0] * (1.0 - elementwise.square(c.outputs[0]))),
    Dl4j("rectified_tanh", ("TRANSFORM_STRICT", 38)),
)
def rectified_tanh(x: Array) -> Array:
    """max(0, tanh x); derivative 0 at 0. Deeplearning4j: ``ActivationRectifiedTanh``."""
    return elementwise.relu(elementwise.tanh(x))


@_activation(
    lambda c: c.grads[0] / elementwise.square(elementwise.abs(c.inputs[0]) + 1.0),
    Dl4j("softsign", ("TRANSFORM_STRICT", 34)),
)
def softsign(x: Array) -> Array:
    """x / (1 + |x|). Deeplearning4j: ``ActivationSoftSign``."""
    return x / (elementwise.abs(x) + 1.0)


def _gated_slope(x: Any, grad: Any, scale: float) -> Any:
    # (x·σ(kx))' = σ(kx)·(1 + kx·σ(-kx)); the usual y + σ·(1 - y) cancels for large x.
    z = x * scale if scale != 1.0 else x
    return grad * (sigmoid(z) * (z * sigmoid(-z) + 1.0))


@_activation(
    lambda c: _gated_slope(c.inputs[0], c.grads[0], 1.0), Dl4j("swish", ("TRANSFORM_STRICT", 43))
)
def swish(x: Array) -> Array:
    """x·σ(x). Deeplearning4j: ``ActivationSwish``."""
    return x * sigmoid(x)


@_activation(
    lambda c: _gated_slope(c.inputs[0], c.grads[0], 1.702), Dl4j("gelu", ("TRANSFORM_STRICT", 53))
)
def gelu(x: Array) -> Array:
    """x·σ(1.702·x). Deeplearning4j: ``ActivationGELU``."""
    return x * sigmoid(x * 1.702)


def _precise_gelu_slope(c: GradientContext) -> Any:
    x, k = c.inputs[0], _gelu_cubic(c.attrs["scaled_cube"])
    square = elementwise.square(x)
    t = elementwise.tanh((square * k + 1.0) * x * _SQRT_2_OVER_PI)
    bend = 1.0 - elementwise.square(t)
    # Where tanh has saturated the bend is 0, but x·u' may have overflowed: bound x before multiplying.
    near = arithmetic.minimum(elementwise.abs(x), 1e4)
    inner = (
        (elementwise.square(near) * (3.0 * k) + 1.0) * near * elementwise.sign(x) * _SQRT_2_OVER_PI
    )
    return c.grads[0] * ((t + 1.0 + inner * bend) * 0.5)


def _gelu_cubic(scaled_cube: bool) -> float:
    return 0.044715**3 if scaled_cube else 0.044715


@_activation(
    _precise_gelu_slope,
    Dl4j("precise_gelu", ("TRANSFORM_STRICT", 55)),
    lambda: [
        ((real(5, 7, low=-3, high=3),), {}),
        ((real(5, 7, low=-3, high=3),), {"scaled_cube": True}),
    ],
)
def precise_gelu(x: Array, *, scaled_cube: bool = False) -> Array:
    """x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))). Deeplearning4j: ``ActivationGELU`` with ``precise``.

    ``scaled_cube`` cubes the coefficient too, (0.044715·x)³: what Deeplearning4j computes, and models
    trained there expect.
    """
    k = _gelu_cubic(scaled_cube)
    return (
        x * 0.5 * (elementwise.tanh((elementwise.square(x) * k + 1.0) * x * _SQRT_2_OVER_PI) + 1.0)
    )


def _mish_slope(c: GradientContext) -> Any:
    x = c.inputs[0]
    t = elementwise.tanh(elementwise.softplus(x))
    return c.grads[0] * (t + x * sigmoid(x) * (1.0 - elementwise.square(t)))


@_activation(_mish_slope, Dl4j("mish", ("TRANSFORM_STRICT", 57)))
def mish(x: Array) -> Array:
    """x·tanh(ln(1 + eˣ)). Deeplearning4j: ``ActivationMish``."""
    return x * elementwise.tanh(elementwise.softplus(x))


@_activation(
    lambda c: c.grads[0] * sigmoid(-c.inputs[0]), Dl4j("logsigmoid", ("TRANSFORM_STRICT", 49))
)
def log_sigmoid(x: Array) -> Array:
    """ln σ(x), without overflow. Deeplearning4j: ``LogSigmoid``."""
    return -elementwise.softplus(-x)


def _prelu_gradient(c: GradientContext) -> list[Any]:
    x, alpha = c.inputs
    positive, grad = x >= 0.0, c.grads[0]
    return [where(positive, grad, grad * alpha), unbroadcast(where(positive, 0.0, grad * x), alpha)]


@composed(
    "nn",
    traits=_E,
    gradient=_prelu_gradient,
    dl4j=Dl4j("prelu"),
    samples=lambda: [
        ((real(4, 5, low=-3, high=3), real(5, low=0, high=1, seed=1)), {}),
        ((real(2, 3, 4, 4, low=-3, high=3), real(3, 1, 1, low=0, high=1, seed=1)), {}),
    ],
)
def prelu(x: Array, alpha: Array) -> Array:
    """x where x ≥ 0, else α·x with a learned α that broadcasts over the examples; derivative 1 at 0.

    Deeplearning4j: ``ActivationPReLU``.
    """
    return where(x >= 0.0, x, x * alpha)
