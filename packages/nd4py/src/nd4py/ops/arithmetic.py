"""Elementwise arithmetic of two arrays, with broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import comparison, elementwise, shaping
from ._declaration import GradientContext, InferRule
from ._declare import NOT_DIFFERENTIABLE, Dl4j, Trait, composed, primitive
from ._gradients import elementwise as gradient
from ._rules import arithmetic, real_floating
from ._samples import Sample, binary, real

Array = Any
_E = (Trait.ELEMENTWISE,)
_EC = (Trait.ELEMENTWISE, Trait.COMMUTATIVE)

Partial = Callable[[GradientContext], Any] | None


def _binary(
    dl4j: Dl4j,
    partials: tuple[Partial, Partial] | None,
    *namespaces: str,
    rule: InferRule = arithmetic,
    traits: tuple[Trait, ...] = _E,
    operator: str | None = None,
    samples: Callable[[], Sequence[Sample]] | None = None,
    array_api: str = "",
) -> Callable[[Callable[[Array, Array], Array]], Callable[[Array, Array], Array]]:
    """A primitive with two inputs and a native loop; ``partials`` give the gradient times each derivative."""
    return primitive(
        *(namespaces or ("math",)),
        infer=rule,
        gradient=NOT_DIFFERENTIABLE if partials is None else gradient(*partials),
        samples=samples or binary(),
        traits=traits,
        dl4j=dl4j,
        operator=operator,
        native=True,
        array_api=array_api,
    )


@_binary(
    Dl4j("add"),
    (lambda c: c.grads[0], lambda c: c.grads[0]),
    traits=_EC,
    operator="__add__",
    array_api="add",
)
def add(x: Array, y: Array) -> Array:
    """x + y. Deeplearning4j: ``AddOp``."""
    return np.add(x, y)


@_binary(
    Dl4j("subtract"),
    (lambda c: c.grads[0], lambda c: -c.grads[0]),
    operator="__sub__",
    array_api="subtract",
)
def sub(x: Array, y: Array) -> Array:
    """x - y. Deeplearning4j: ``SubOp``."""
    return np.subtract(x, y)


@_binary(
    Dl4j("multiply"),
    (lambda c: c.grads[0] * c.inputs[1], lambda c: c.grads[0] * c.inputs[0]),
    traits=_EC,
    operator="__mul__",
    array_api="multiply",
)
def mul(x: Array, y: Array) -> Array:
    """x · y. Deeplearning4j: ``MulOp``."""
    return np.multiply(x, y)


@_binary(
    Dl4j("divide"),
    (lambda c: c.grads[0] / c.inputs[1], lambda c: -(c.grads[0] * c.outputs[0] / c.inputs[1])),
    operator="__truediv__",
    samples=binary(low_b=0.4, high_b=3),
)
def div(x: Array, y: Array) -> Array:
    """x / y; integers truncate toward zero, and give 0 where y is 0. Deeplearning4j: ``DivOp``."""
    if x.dtype.kind in "ui" and y.dtype.kind in "ui":
        x, y = np.broadcast_arrays(x, y)
        whole = np.floor_divide(x, y)
        return whole + ((whole < 0) & (whole * y != x) & (y != 0))
    return np.true_divide(x, y)


@_binary(
    Dl4j("floordiv"),
    None,
    operator="__floordiv__",
    samples=binary(low_b=0.4, high_b=3),
    array_api="floor_divide",
)
def floor_div(x: Array, y: Array) -> Array:
    """⌊x / y⌋; derivative 0. Deeplearning4j: ``FloorDivOp``."""
    return np.floor_divide(x, y)


@_binary(
    Dl4j("floormod"),
    (lambda c: c.grads[0], lambda c: -(c.grads[0] * floor_div(c.inputs[0], c.inputs[1]))),
    operator="__mod__",
    samples=binary(low_b=0.7, high_b=3),
    array_api="remainder",
)
def mod(x: Array, y: Array) -> Array:
    """x - y·⌊x / y⌋: the sign is that of y, as Python's ``%``. Deeplearning4j: ``FloorModOp``."""
    return np.mod(x, y)


@_binary(
    Dl4j("fmod", ("TRANSFORM_SAME", 15)),
    (lambda c: c.grads[0], lambda c: -(c.grads[0] * elementwise.trunc(c.inputs[0] / c.inputs[1]))),
    samples=binary(low_b=0.7, high_b=3),
)
def fmod(x: Array, y: Array) -> Array:
    """The remainder of truncated division: the sign is that of x. Deeplearning4j: ``FModOp``."""
    return np.fmod(x, y)


def _pow_exponent(c: GradientContext) -> Any:
    x = c.inputs[0]
    safe = comparison.where(x > 0, x, 1.0)  # ln is not wanted where the base is 0 or negative
    return c.grads[0] * c.outputs[0] * elementwise.log(safe)


@_binary(
    Dl4j("Pow"),
    (lambda c: c.grads[0] * c.inputs[1] * pow(c.inputs[0], c.inputs[1] - 1.0), _pow_exponent),
    operator="__pow__",
    samples=binary(0.3, 2.5, -2, 2),
    array_api="pow",
)
def pow(x: Array, y: Array) -> Array:
    """x to the power y. Deeplearning4j: ``Pow``."""
    if y.dtype.kind == "i" and x.dtype.kind in "ui":
        # Negative powers of integers truncate to 0, except of 1 and -1.
        positive = np.power(x, np.maximum(y, 0))
        return np.where(
            y >= 0, positive, np.where(x == 1, 1, np.where(x == -1, 1 - 2 * (y & 1), 0))
        )
    return np.power(x, y)


@_binary(
    Dl4j("maximum"),
    (
        lambda c: comparison.where(c.inputs[0] >= c.inputs[1], c.grads[0], 0.0),
        lambda c: comparison.where(c.inputs[1] >= c.inputs[0], c.grads[0], 0.0),
    ),
    traits=_EC,
    array_api="maximum",
)
def maximum(x: Array, y: Array) -> Array:
    """The larger of x and y; NaN wins. At a tie both inputs receive the gradient, as in Deeplearning4j's ``Max``."""
    return np.maximum(x, y)


@_binary(
    Dl4j("minimum"),
    (
        lambda c: comparison.where(c.inputs[0] <= c.inputs[1], c.grads[0], 0.0),
        lambda c: comparison.where(c.inputs[1] <= c.inputs[0], c.grads[0], 0.0),
    ),
    traits=_EC,
    array_api="minimum",
)
def minimum(x: Array, y: Array) -> Array:
    """The smaller of x and y; NaN wins. At a tie both inputs receive the gradient, as in Deeplearning4j's ``Min``."""
    return np.minimum(x, y)


@_binary(
    Dl4j("squaredsubtract"),
    (
        lambda c: c.grads[0] * ((c.inputs[0] - c.inputs[1]) * 2.0),
        lambda c: c.grads[0] * ((c.inputs[1] - c.inputs[0]) * 2.0),
    ),
    traits=_EC,
)
def squared_difference(x: Array, y: Array) -> Array:
    """(x - y)². Deeplearning4j: ``SquaredDifferenceOp``."""
    return np.square(np.subtract(x, y))


@_binary(
    Dl4j("tf_atan2"),
    (
        lambda c: (
            c.grads[0]
            * c.inputs[1]
            / (elementwise.square(c.inputs[0]) + elementwise.square(c.inputs[1]))
        ),
        lambda c: (
            -(
                c.grads[0]
                * c.inputs[0]
                / (elementwise.square(c.inputs[0]) + elementwise.square(c.inputs[1]))
            )
        ),
    ),
    rule=real_floating,
    samples=binary(low=0.2, high=2, low_b=-2, high_b=2),
    array_api="atan2",
)
def atan2(y: Array, x: Array) -> Array:
    """The angle of the point (x, y), quadrant aware. Deeplearning4j: ``ATan2``."""
    return np.arctan2(y, x)


def _clip_gradient(c: GradientContext) -> list[Any]:
    x, low, high = c.inputs[0], c.attrs["low"], c.attrs["high"]
    inside = comparison.logical_and(x > low, x < high)
    return [comparison.where(inside, c.grads[0], 0.0)]


@composed(
    "math",
    "base",
    traits=_E,
    gradient=_clip_gradient,
    dl4j=Dl4j("clipbyvalue", reals=("low", "high")),
    samples=lambda: [((real(5, 7),), {"low": -0.51, "high": 1.1})],
)
def clip_by_value(x: Array, *, low: float, high: float) -> Array:
    """min(max(x, low), high); no gradient at or beyond a bound. Deeplearning4j: ``ClipByValue``."""
    return minimum(maximum(x, low), high)


@composed("math", traits=_E, dl4j=Dl4j("reversesubtract"), samples=binary())
def rsub(x: Array, y: Array) -> Array:
    """y - x. Deeplearning4j: ``RSubOp``."""
    return sub(y, x)


@composed("math", traits=_E, dl4j=Dl4j("reversedivide"), samples=binary(low=0.4, high=3))
def rdiv(x: Array, y: Array) -> Array:
    """y / x. Deeplearning4j: ``RDivOp``."""
    return div(y, x)


@composed(
    "math",
    traits=_E,
    dl4j=Dl4j("step", ("SCALAR", 41)),
    gradient=NOT_DIFFERENTIABLE,
    samples=lambda: [((real(3, 4),), {})],
)
def step(x: Array, *, cutoff: float = 0.0) -> Array:
    """1 where x > cutoff, else 0, in the dtype of x. Deeplearning4j: ``Step``."""
    return shaping.cast(x > cutoff, dtype=x.dtype)
