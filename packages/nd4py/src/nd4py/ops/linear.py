"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import reduce, shaping
from ._declaration import GradientContext, Spec
from ._declare import Dl4j, composed, primitive
from ._gradients import unbroadcast
from ._rules import Attrs, Specs, broadcast_shapes
from ._samples import real
from ._types import result_type

Array = Any


def _transposed(x: Any) -> Any:
    ndim = len(x.shape)
    return shaping.permute(x, dims=(*range(ndim - 2), ndim - 1, ndim - 2))


def _matmul_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    a, b = specs
    if not a.shape or not b.shape:
        raise ValueError(
            f"expected arrays of at least one dimension, received shapes {a.shape} and {b.shape}"
        )
    dtype = result_type([a.dtype, b.dtype])
    if dtype.kind in ("bool", "utf8"):
        raise TypeError(f"expected numbers, received {dtype.name}; cast first")
    rows, inner = ((), a.shape[0]) if len(a.shape) == 1 else (a.shape[-2:-1], a.shape[-1])
    columns, inner_b = ((), b.shape[0]) if len(b.shape) == 1 else (b.shape[-1:], b.shape[-2])
    if inner != inner_b:
        raise ValueError(
            f"shapes {a.shape} and {b.shape}: {inner} columns of a meet {inner_b} rows of b"
        )
    return [Spec(dtype, broadcast_shapes([a.shape[:-2], b.shape[:-2]]) + rows + columns)]


def _matmul_gradient(c: GradientContext) -> list[Any]:
    a, b = c.inputs
    grad = c.grads[0]
    a2 = shaping.expand_dims(a, axis=0) if len(a.shape) == 1 else a
    b2 = shaping.expand_dims(b, axis=1) if len(b.shape) == 1 else b
    rows = (
        grad
        if len(a.shape) > 1
        else shaping.expand_dims(grad, axis=len(grad.shape) - (len(b.shape) > 1))
    )
    full = rows if len(b.shape) > 1 else shaping.expand_dims(rows, axis=len(rows.shape))
    da = unbroadcast(matmul(full, _transposed(b2)), a2)
    db = unbroadcast(matmul(_transposed(a2), full), b2)
    return [
        shaping.reshape(da, shape=tuple(a.shape)) if a2 is not a else da,
        shaping.reshape(db, shape=tuple(b.shape)) if b2 is not b else db,
    ]


@primitive(
    "base",
    "linalg",
    infer=_matmul_rule,
    gradient=_matmul_gradient,
    native=True,
    operator="__matmul__",
    dl4j=Dl4j("matmul"),
    array_api="matmul",
    samples=lambda: [
        ((real(4, 5), real(5, 3, seed=1)), {}),
        ((real(2, 4, 5), real(5, 3, seed=1)), {}),
        ((real(5), real(5, 3, seed=1)), {}),
        ((real(4, 5), real(5, seed=1)), {}),
        ((real(5), real(5, seed=1)), {}),
        ((real(2, 1, 3, 4), real(3, 4, 2, seed=1)), {}),
    ],
)
def matmul(a: Array, b: Array) -> Array:
    """Matrix product over the last two dimensions, leading ones broadcast; a vector is a row on the left, a column on
    the right. Deeplearning4j: ``Mmul``.
    """
    return np.matmul(a, b)


@composed(
    "base",
    "linalg",
    name="mmul",
    dl4j=Dl4j("mmul", ints=("transpose_x", "transpose_y", "transpose_z")),
    samples=lambda: [
        (
            (real(5, 4), real(3, 5, seed=1)),
            {"transpose_x": True, "transpose_y": True, "transpose_z": True},
        )
    ],
)
def mmul(
    x: Array,
    y: Array,
    *,
    transpose_x: bool = False,
    transpose_y: bool = False,
    transpose_z: bool = False,
) -> Array:
    """`matmul` with optional transposes of the inputs and the result. Deeplearning4j: ``Mmul``."""
    z = matmul(_transposed(x) if transpose_x else x, _transposed(y) if transpose_y else y)
    return _transposed(z) if transpose_z else z


def _linear_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, w, b = specs
    if len(x.shape) != 2 or len(w.shape) != 2:
        raise ValueError(
            f"expected x [n, in] and weights [in, out], received shapes {x.shape} and {w.shape}"
        )
    if x.shape[1] != w.shape[0]:
        raise ValueError(
            f"x has {x.shape[1]} columns, the weights have {w.shape[0]} rows ({x.shape} and {w.shape})"
        )
    if b is not None and b.shape != w.shape[1:]:
        raise ValueError(f"expected a bias of shape {w.shape[1:]}, received {b.shape}")
    return [Spec(result_type([s.dtype for s in specs if s is not None]), (x.shape[0], w.shape[1]))]


def _linear_gradient(c: GradientContext) -> list[Any]:
    x, w, b = c.inputs
    grad = c.grads[0]
    return [
        unbroadcast(matmul(grad, _transposed(w)), x),
        unbroadcast(matmul(_transposed(x), grad), w),
        None if b is None else unbroadcast(reduce.sum(grad, dims=(0,)), b),
    ]


@primitive(
    "nn",
    infer=_linear_rule,
    gradient=_linear_gradient,
    native=True,
    dl4j=Dl4j("xw_plus_b"),
    samples=lambda: [
        ((real(4, 5), real(5, 3, seed=1), real(3, seed=2)), {}),
        ((real(4, 5), real(5, 3, seed=1), None), {}),
    ],
)
def linear(x: Array, weights: Array, bias: Array = None) -> Array:
    """x · W + b for x [n, in], weights [in, out], bias [out] or None. Deeplearning4j: ``XwPlusB``."""
    y = np.matmul(x, weights)
    return y if bias is None else y + bias
