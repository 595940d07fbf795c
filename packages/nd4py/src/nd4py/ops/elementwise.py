"""Elementwise operations of one array: arithmetic, rounding, exponentials, trigonometry, predicates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._declaration import GradientContext, InferRule
from ._declare import NOT_DIFFERENTIABLE, Dl4j, Trait, primitive
from ._gradients import elementwise as gradient
from ._rules import arithmetic, floating, logical, predicate, real_floating
from ._samples import bools, unary

Array = Any
_E = (Trait.ELEMENTWISE,)
_2_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)


def _unary(
    rule: InferRule,
    partial: Callable[[GradientContext], Any] | None,
    dl4j: Dl4j | None,
    *namespaces: str,
    low: float = -2.0,
    high: float = 2.0,
    operator: str | None = None,
    samples: Any = None,
    array_api: str = "",
) -> Callable[[Callable[[Array], Array]], Callable[[Array], Array]]:
    """A primitive with one input and a native loop; ``partial`` gives the gradient times the derivative."""
    return primitive(
        *(namespaces or ("math",)),
        infer=rule,
        gradient=NOT_DIFFERENTIABLE if partial is None else gradient(partial),
        samples=samples or unary(low, high),
        traits=_E,
        dl4j=dl4j,
        operator=operator,
        native=True,
        array_api=array_api,
    )


@_unary(arithmetic, lambda c: c.grads[0], Dl4j("identity"), "base")
def identity(x: Array) -> Array:
    """A copy of x. Deeplearning4j: ``org.nd4j.linalg.api.ops.impl.transforms.same.Identity``."""
    return x.copy()


@_unary(
    arithmetic,
    lambda c: -c.grads[0],
    Dl4j("neg", ("TRANSFORM_SAME", 3)),
    operator="__neg__",
    array_api="negative",
)
def neg(x: Array) -> Array:
    """-x. Deeplearning4j: ``Negative``."""
    return np.negative(x)


@_unary(
    arithmetic,
    lambda c: c.grads[0] * sign(c.inputs[0]),
    Dl4j("abs", ("TRANSFORM_SAME", 0)),
    operator="__abs__",
    array_api="abs",
)
def abs(x: Array) -> Array:
    """|x|; derivative 0 at 0. Deeplearning4j: ``Abs``."""
    return np.abs(x)


@_unary(arithmetic, None, Dl4j("sign", ("TRANSFORM_SAME", 1)), array_api="sign")
def sign(x: Array) -> Array:
    """-1, 0 or 1 by the sign of x; 0 for NaN. Deeplearning4j: ``Sign``."""
    if x.dtype.kind in "ui":
        return np.sign(x)
    return np.where(np.isnan(x), 0, np.sign(x))


@_unary(
    arithmetic,
    lambda c: c.grads[0] * (c.inputs[0] * 2.0),
    Dl4j("square", ("TRANSFORM_SAME", 12)),
    array_api="square",
)
def square(x: Array) -> Array:
    """x². Deeplearning4j: ``Square``."""
    return x * x


@_unary(
    arithmetic,
    lambda c: c.grads[0] * (square(c.inputs[0]) * 3.0),
    Dl4j("cube", ("TRANSFORM_SAME", 6)),
)
def cube(x: Array) -> Array:
    """x³. Deeplearning4j: ``Cube``."""
    return x * x * x


@_unary(
    arithmetic,
    lambda c: -(c.grads[0] * square(c.outputs[0])),
    Dl4j("Reciprocal", ("TRANSFORM_SAME", 11)),
    low=0.3,
    high=3,
    array_api="reciprocal",
)
def reciprocal(x: Array) -> Array:
    """1 / x; integers truncate. Deeplearning4j: ``Reciprocal``."""
    if x.dtype.kind in "ui":
        return (
            np.where(x == 1, 1, np.where(x == -1, -1, 0)) if x.dtype.kind == "i" else (x == 1) * 1
        )
    return x.dtype.type(1) / x


@_unary(arithmetic, None, Dl4j("ceil", ("TRANSFORM_SAME", 17)), array_api="ceil")
def ceil(x: Array) -> Array:
    """The least integer value not below x; derivative 0. Deeplearning4j: ``Ceil``."""
    return np.ceil(x)


@_unary(arithmetic, None, Dl4j("floor", ("TRANSFORM_SAME", 18)), array_api="floor")
def floor(x: Array) -> Array:
    """The greatest integer value not above x; derivative 0. Deeplearning4j: ``Floor``."""
    return np.floor(x)


@_unary(arithmetic, None, Dl4j("round", ("TRANSFORM_SAME", 4)))
def round(x: Array) -> Array:
    """The nearest integer value, halves away from zero; derivative 0. Deeplearning4j: ``Round``.

    The array API's ``round`` sends halves to even: that is ``rint``.
    """
    whole = np.trunc(x)
    # Not floor(|x| + 0.5): the addition rounds 0.49999997 up to 1.
    return (
        whole
        if x.dtype.kind in "ui"
        else np.where(np.abs(x - whole) >= 0.5, whole + np.sign(x), whole)
    )


@_unary(arithmetic, None, Dl4j("rint", ("TRANSFORM_STRICT", 48)), array_api="round")
def rint(x: Array) -> Array:
    """The nearest integer value, halves to even; derivative 0. Deeplearning4j: ``RInt``."""
    return np.rint(x)


@_unary(arithmetic, None, None, array_api="trunc")
def trunc(x: Array) -> Array:
    """x without its fraction; derivative 0."""
    return np.trunc(x)


def _where_positive(c: GradientContext) -> Any:
    return comparison.where(c.outputs[0] > 0, c.grads[0], 0.0)


@_unary(
    # By the output, not the input: the input's memory is then free for the output.
    arithmetic,
    _where_positive,
    Dl4j("relu", ("SCALAR", 39)),
    "nn",
)
def relu(x: Array) -> Array:
    """max(0, x); derivative 0 at 0. Deeplearning4j: ``RectifiedLinear``."""
    return np.maximum(x, 0)


@_unary(
    floating,
    lambda c: c.grads[0] / (c.outputs[0] * 2.0),
    Dl4j("sqrt", ("TRANSFORM_FLOAT", 1)),
    low=0.1,
    high=4,
    array_api="sqrt",
)
def sqrt(x: Array) -> Array:
    """√x. Deeplearning4j: ``Sqrt``."""
    return np.sqrt(x)


@_unary(
    floating,
    lambda c: c.grads[0] * (cube(c.outputs[0]) * -0.5),
    Dl4j("rsqrt", ("TRANSFORM_FLOAT", 3)),
    low=0.2,
    high=4,
)
def rsqrt(x: Array) -> Array:
    """1 / √x. Deeplearning4j: ``RSqrt``."""
    return x.dtype.type(1) / np.sqrt(x)


@_unary(
    floating,
    lambda c: c.grads[0] * c.outputs[0],
    Dl4j("exp", ("TRANSFORM_STRICT", 23)),
    array_api="exp",
)
def exp(x: Array) -> Array:
    """eˣ. Deeplearning4j: ``Exp``."""
    return np.exp(x)


@_unary(
    floating,
    lambda c: c.grads[0] * (c.outputs[0] + 1.0),
    Dl4j("expm1", ("TRANSFORM_STRICT", 51)),
    array_api="expm1",
)
def expm1(x: Array) -> Array:
    """eˣ - 1, accurate near 0. Deeplearning4j: ``Expm1``."""
    return np.expm1(x)


@_unary(
    floating,
    lambda c: c.grads[0] / c.inputs[0],
    Dl4j("log", ("TRANSFORM_STRICT", 24)),
    low=0.1,
    high=4,
    array_api="log",
)
def log(x: Array) -> Array:
    """Natural logarithm. Deeplearning4j: ``Log``."""
    return np.log(x)


@_unary(
    floating,
    lambda c: c.grads[0] / (c.inputs[0] + 1.0),
    Dl4j("log1p", ("TRANSFORM_STRICT", 44)),
    low=-0.8,
    array_api="log1p",
)
def log1p(x: Array) -> Array:
    """ln(1 + x), accurate near 0. Deeplearning4j: ``Log1p``."""
    return np.log1p(x)


@_unary(
    floating,
    lambda c: c.grads[0] / (c.inputs[0] * math.log(2)),
    None,
    low=0.1,
    high=4,
    array_api="log2",
)
def log2(x: Array) -> Array:
    """Logarithm to base 2."""
    return np.log2(x)


@_unary(
    floating,
    lambda c: c.grads[0] / (c.inputs[0] * math.log(10)),
    None,
    low=0.1,
    high=4,
    array_api="log10",
)
def log10(x: Array) -> Array:
    """Logarithm to base 10."""
    return np.log10(x)


@_unary(
    floating,
    lambda c: c.grads[0] * cos(c.inputs[0]),
    Dl4j("sin", ("TRANSFORM_STRICT", 27)),
    array_api="sin",
)
def sin(x: Array) -> Array:
    """Sine. Deeplearning4j: ``Sin``."""
    return np.sin(x)


@_unary(
    floating,
    lambda c: -(c.grads[0] * sin(c.inputs[0])),
    Dl4j("cos", ("TRANSFORM_STRICT", 22)),
    array_api="cos",
)
def cos(x: Array) -> Array:
    """Cosine. Deeplearning4j: ``Cos``."""
    return np.cos(x)


@_unary(
    floating,
    lambda c: c.grads[0] * (square(c.outputs[0]) + 1.0),
    Dl4j("tan", ("TRANSFORM_STRICT", 41)),
    low=-1,
    high=1,
    array_api="tan",
)
def tan(x: Array) -> Array:
    """Tangent. Deeplearning4j: ``Tan``."""
    return np.tan(x)


@_unary(
    floating,
    lambda c: c.grads[0] * rsqrt(1.0 - square(c.inputs[0])),
    Dl4j("asin", ("TRANSFORM_STRICT", 31)),
    low=-0.8,
    high=0.8,
    array_api="asin",
)
def asin(x: Array) -> Array:
    """Inverse sine. Deeplearning4j: ``ASin``."""
    return np.arcsin(x)


@_unary(
    floating,
    lambda c: -(c.grads[0] * rsqrt(1.0 - square(c.inputs[0]))),
    Dl4j("acos", ("TRANSFORM_STRICT", 30)),
    low=-0.8,
    high=0.8,
    array_api="acos",
)
def acos(x: Array) -> Array:
    """Inverse cosine. Deeplearning4j: ``ACos``."""
    return np.arccos(x)


@_unary(
    floating,
    lambda c: c.grads[0] / (square(c.inputs[0]) + 1.0),
    Dl4j("atan", ("TRANSFORM_STRICT", 32)),
    array_api="atan",
)
def atan(x: Array) -> Array:
    """Inverse tangent. Deeplearning4j: ``ATan``."""
    return np.arctan(x)


@_unary(
    floating,
    lambda c: c.grads[0] * cosh(c.inputs[0]),
    Dl4j("sinh", ("TRANSFORM_STRICT", 39)),
    array_api="sinh",
)
def sinh(x: Array) -> Array:
    """Hyperbolic sine. Deeplearning4j: ``Sinh``."""
    return np.sinh(x)


@_unary(
    floating,
    lambda c: c.grads[0] * sinh(c.inputs[0]),
    Dl4j("cosh", ("TRANSFORM_STRICT", 40)),
    array_api="cosh",
)
def cosh(x: Array) -> Array:
    """Hyperbolic cosine. Deeplearning4j: ``Cosh``."""
    return np.cosh(x)


@_unary(
    floating,
    lambda c: c.grads[0] * (1.0 - square(c.outputs[0])),
    Dl4j("tanh", ("TRANSFORM_STRICT", 29)),
    "math",
    "nn",
    array_api="tanh",
)
def tanh(x: Array) -> Array:
    """Hyperbolic tangent. Deeplearning4j: ``Tanh``."""
    return np.tanh(x)


@_unary(
    floating,
    lambda c: c.grads[0] * rsqrt(square(c.inputs[0]) + 1.0),
    Dl4j("asinh", ("TRANSFORM_STRICT", 47)),
    array_api="asinh",
)
def asinh(x: Array) -> Array:
    """Inverse hyperbolic sine. Deeplearning4j: ``ASinh``."""
    return np.arcsinh(x)


@_unary(
    floating,
    lambda c: c.grads[0] * rsqrt(square(c.inputs[0]) - 1.0),
    Dl4j("acosh", ("TRANSFORM_STRICT", 46)),
    low=1.3,
    high=4,
    array_api="acosh",
)
def acosh(x: Array) -> Array:
    """Inverse hyperbolic cosine. Deeplearning4j: ``ACosh``."""
    return np.arccosh(x)


@_unary(
    floating,
    lambda c: c.grads[0] / (1.0 - square(c.inputs[0])),
    Dl4j("atanh", ("TRANSFORM_STRICT", 52)),
    low=-0.8,
    high=0.8,
    array_api="atanh",
)
def atanh(x: Array) -> Array:
    """Inverse hyperbolic tangent. Deeplearning4j: ``ATanh``."""
    return np.arctanh(x)


_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


@_unary(
    real_floating,
    lambda c: c.grads[0] * (exp(-square(c.inputs[0])) * _2_OVER_SQRT_PI),
    Dl4j("erf", ("TRANSFORM_STRICT", 45)),
)
def erf(x: Array) -> Array:
    """Gauss error function. Deeplearning4j: ``Erf``."""
    return _erf(x) if x.size else x


@_unary(
    real_floating,
    lambda c: c.grads[0] * (exp(-square(c.inputs[0])) * -_2_OVER_SQRT_PI),
    Dl4j("erfc", ("TRANSFORM_STRICT", 50)),
)
def erfc(x: Array) -> Array:
    """1 - erf(x), accurate for large x. Deeplearning4j: ``Erfc``."""
    return _erfc(x) if x.size else x


@_unary(
    real_floating,
    lambda c: c.grads[0] * (c.outputs[0] * (1.0 - c.outputs[0])),
    Dl4j("sigmoid", ("TRANSFORM_STRICT", 26)),
    "nn",
)
def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ), without overflow. Deeplearning4j: ``Sigmoid``."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


@_unary(
    real_floating,
    lambda c: c.grads[0] * sigmoid(c.inputs[0]),
    Dl4j("softplus", ("TRANSFORM_STRICT", 28)),
    "nn",
)
def softplus(x: Array) -> Array:
    """ln(1 + eˣ) as max(x, 0) + ln(1 + e^-|x|), without overflow. Deeplearning4j: ``SoftPlus``."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@_unary(predicate, None, Dl4j("isnan", ("TRANSFORM_BOOL", 2)), array_api="isnan")
def is_nan(x: Array) -> Array:
    """True where x is not a number. Deeplearning4j: ``IsNaN``."""
    return np.isnan(x)


@_unary(predicate, None, Dl4j("isinf", ("TRANSFORM_BOOL", 1)), array_api="isinf")
def is_infinite(x: Array) -> Array:
    """True where x is infinite. Deeplearning4j: ``IsInf``."""
    return np.isinf(x)


@_unary(predicate, None, Dl4j("isfinite", ("TRANSFORM_BOOL", 3)), array_api="isfinite")
def is_finite(x: Array) -> Array:
    """True where x is neither infinite nor NaN. Deeplearning4j: ``IsFinite``."""
    return np.isfinite(x)


@_unary(
    logical,
    None,
    Dl4j("boolean_not"),
    "math",
    samples=lambda: [((bools(3, 5),), {})],
    array_api="logical_not",
)
def logical_not(x: Array) -> Array:
    """Not x, for bool arrays. Deeplearning4j: ``BooleanNot``."""
    return np.logical_not(x)


# Last, because comparison imports the gradient helpers that import this module's neighbours.
from . import comparison  # noqa: E402
