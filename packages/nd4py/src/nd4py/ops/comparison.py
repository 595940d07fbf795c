"""Comparisons, logic on bool arrays, bit operations on integers, and choice by condition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nd4py import dtypes

from ._declaration import GradientContext, InferRule, Spec
from ._declare import NOT_DIFFERENTIABLE, Dl4j, Trait, primitive
from ._gradients import elementwise as gradient
from ._rules import Attrs, Specs, bitwise, broadcast_shapes, logical, predicate
from ._samples import Sample, binary, bools, integers, real
from ._types import result_type

Array = Any
_E = (Trait.ELEMENTWISE,)
_EC = (Trait.ELEMENTWISE, Trait.COMMUTATIVE)


def _pair(
    rule: InferRule,
    dl4j: Dl4j,
    *namespaces: str,
    traits: tuple[Trait, ...] = _E,
    operator: str | None = None,
    samples: Callable[[], Sequence[Sample]] | None = None,
    array_api: str = "",
) -> Callable[[Callable[[Array, Array], Array]], Callable[[Array, Array], Array]]:
    return primitive(
        *namespaces,
        infer=rule,
        gradient=NOT_DIFFERENTIABLE,
        samples=samples or binary(),
        traits=traits,
        dl4j=dl4j,
        operator=operator,
        native=True,
        array_api=array_api,
    )


def _bool_pair() -> Sequence[Sample]:
    return [((bools(4, 5), bools(4, 5, seed=1)), {}), ((bools(4, 5), bools(5, seed=1)), {})]


def _int_pair() -> Sequence[Sample]:
    return [
        ((integers(4, 5), integers(4, 5, high=4, seed=1)), {}),
        ((integers(4, 5), integers(5, high=4, seed=1)), {}),
    ]


@_pair(predicate, Dl4j("equals"), "base", traits=_EC, operator="__eq__", array_api="equal")
def eq(x: Array, y: Array) -> Array:
    """x == y, elementwise. Deeplearning4j: ``EqualTo``."""
    return np.equal(x, y)


@_pair(predicate, Dl4j("not_equals"), "base", traits=_EC, operator="__ne__", array_api="not_equal")
def neq(x: Array, y: Array) -> Array:
    """x != y, elementwise. Deeplearning4j: ``NotEqualTo``."""
    return np.not_equal(x, y)


@_pair(predicate, Dl4j("less"), "base", operator="__lt__", array_api="less")
def lt(x: Array, y: Array) -> Array:
    """x < y. Deeplearning4j: ``LessThan``."""
    return np.less(x, y)


@_pair(predicate, Dl4j("less_equal"), "base", operator="__le__", array_api="less_equal")
def lte(x: Array, y: Array) -> Array:
    """x <= y. Deeplearning4j: ``LessThanOrEqual``."""
    return np.less_equal(x, y)


@_pair(predicate, Dl4j("greater"), "base", operator="__gt__", array_api="greater")
def gt(x: Array, y: Array) -> Array:
    """x > y. Deeplearning4j: ``GreaterThan``."""
    return np.greater(x, y)


@_pair(predicate, Dl4j("greater_equal"), "base", operator="__ge__", array_api="greater_equal")
def gte(x: Array, y: Array) -> Array:
    """x >= y. Deeplearning4j: ``GreaterThanOrEqual``."""
    return np.greater_equal(x, y)


@_pair(
    logical, Dl4j("boolean_and"), "math", traits=_EC, samples=_bool_pair, array_api="logical_and"
)
def logical_and(x: Array, y: Array) -> Array:
    """x and y, for bool arrays. Deeplearning4j: ``And``."""
    return np.logical_and(x, y)


@_pair(logical, Dl4j("boolean_or"), "math", traits=_EC, samples=_bool_pair, array_api="logical_or")
def logical_or(x: Array, y: Array) -> Array:
    """x or y, for bool arrays. Deeplearning4j: ``Or``."""
    return np.logical_or(x, y)


@_pair(
    logical, Dl4j("boolean_xor"), "math", traits=_EC, samples=_bool_pair, array_api="logical_xor"
)
def logical_xor(x: Array, y: Array) -> Array:
    """Either x or y, for bool arrays. Deeplearning4j: ``Xor``."""
    return np.logical_xor(x, y)


@primitive(
    "bitwise",
    infer=bitwise,
    gradient=NOT_DIFFERENTIABLE,
    traits=_E,
    dl4j=Dl4j("toggle_bits"),
    operator="__invert__",
    array_api="bitwise_invert",
    native=True,
    samples=lambda: [((integers(4, 5),), {}), ((bools(4),), {})],
)
def bitwise_not(x: Array) -> Array:
    """All bits of x flipped; not x for bool. Deeplearning4j: ``ToggleBits``."""
    return np.invert(x)


@_pair(
    bitwise,
    Dl4j("bitwise_and"),
    "bitwise",
    traits=_EC,
    operator="__and__",
    samples=_int_pair,
    array_api="bitwise_and",
)
def bitwise_and(x: Array, y: Array) -> Array:
    """Bits set in x and y. Deeplearning4j: ``BitwiseAnd``."""
    return np.bitwise_and(x, y)


@_pair(
    bitwise,
    Dl4j("bitwise_or"),
    "bitwise",
    traits=_EC,
    operator="__or__",
    samples=_int_pair,
    array_api="bitwise_or",
)
def bitwise_or(x: Array, y: Array) -> Array:
    """Bits set in x or y. Deeplearning4j: ``BitwiseOr``."""
    return np.bitwise_or(x, y)


@_pair(
    bitwise,
    Dl4j("bitwise_xor"),
    "bitwise",
    traits=_EC,
    operator="__xor__",
    samples=_int_pair,
    array_api="bitwise_xor",
)
def bitwise_xor(x: Array, y: Array) -> Array:
    """Bits set in exactly one of x and y. Deeplearning4j: ``BitwiseXor``."""
    return np.bitwise_xor(x, y)


@_pair(
    bitwise,
    Dl4j("shift_bits"),
    "bitwise",
    operator="__lshift__",
    samples=_int_pair,
    array_api="bitwise_left_shift",
)
def left_shift(x: Array, y: Array) -> Array:
    """x shifted left by y bits. Deeplearning4j: ``ShiftBits``."""
    return np.left_shift(x, y)


@_pair(
    bitwise,
    Dl4j("rshift_bits"),
    "bitwise",
    operator="__rshift__",
    samples=_int_pair,
    array_api="bitwise_right_shift",
)
def right_shift(x: Array, y: Array) -> Array:
    """x shifted right by y bits, keeping the sign. Deeplearning4j: ``RShiftBits``."""
    return np.right_shift(x, y)


def _where_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    condition, x, y = specs
    if condition.dtype is not dtypes.bool_:
        raise TypeError(
            f"condition must be bool, received {condition.dtype.name}; compare with 0 first"
        )
    return [Spec(result_type([x.dtype, y.dtype]), broadcast_shapes([s.shape for s in specs]))]


# One select instruction (kind 2) of registers 0, 1 and 2 into register 3: see kernel_abi.h.
_SELECT = [1, 2, 0, 3, 0, 1, 2, 3]


def _where_gradient(c: GradientContext) -> Sequence[Any]:
    return gradient(
        None,
        lambda c: where(c.inputs[0], c.grads[0], 0.0),
        lambda c: where(c.inputs[0], 0.0, c.grads[0]),
    )(c)


@primitive(
    "base",
    infer=_where_rule,
    gradient=_where_gradient,
    traits=_E,
    dl4j=Dl4j("Where"),
    native=True,
    array_api="where",
    lowering=lambda attrs: ("fused_elementwise", _SELECT, []),
    samples=lambda: [
        ((bools(4, 5), real(4, 5), real(4, 5, seed=1)), {}),
        ((bools(4, 1), real(5), real(4, 5, seed=1)), {}),
    ],
)
def where(condition: Array, x: Array, y: Array) -> Array:
    """x where the condition holds, else y, with broadcasting. The condition is bool. Deeplearning4j: ``Where``.

    >>> import nd4py as nd
    >>> x = nd.array([-1.0, 2.0])
    >>> nd.where(x > 0, x, 0.0).tolist()
    [0.0, 2.0]
    """
    return np.where(condition, x, y)
