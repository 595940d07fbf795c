"""Operations that copy elements elsewhere: joins, gathers, one-hot rows, padding, repetition."""

from __future__ import annotations

from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py.dtypes import DType

from . import reduce
from ._declaration import GradientContext, Spec
from ._declare import NOT_DIFFERENTIABLE, Dl4j, composed, primitive
from ._gradients import is_differentiable, unbroadcast
from ._rules import Attrs, Specs, axes_of, axis_of, canonical_axis
from ._samples import integers, real
from ._types import result_type
from .shaping import broadcast_to, expand_dims, reshape, slice

Array = Any
Integers = Any
Ints = tuple[int, ...]
Shape = tuple[int, ...]


# ------------------------------------------------------------------------------------------------------------ joins


def _concat_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    axis = attrs["axis"]
    first = specs[0].shape
    for s in specs[1:]:
        if (
            len(s.shape) != len(first)
            or s.shape[:axis] + s.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]
        ):
            raise ValueError(
                f"shapes {', '.join(str(s.shape) for s in specs)} differ outside axis {axis}"
            )
    total = 0
    for s in specs:
        total += s.shape[axis]
    return [Spec(result_type([s.dtype for s in specs]), (*first[:axis], total, *first[axis + 1 :]))]


def _concat_gradient(c: GradientContext) -> list[Any]:
    axis, at, grads = c.attrs["axis"], 0, []
    for x in c.inputs:
        n = x.shape[axis]
        part = slice(c.grads[0], begin=(0,) * axis + (at,), end=(*x.shape[:axis], at + n))
        grads.append(unbroadcast(part, x) if is_differentiable(x) else None)
        at += n
    return grads


@primitive(
    "base",
    infer=_concat_rule,
    gradient=_concat_gradient,
    canonical=canonical_axis,
    native=True,
    dl4j=Dl4j("concat", ints=("axis",)),
    samples=lambda: [
        ((real(2, 3), real(2, 5, seed=1)), {"axis": 1}),
        ((real(2, 3), real(0, 3), real(1, 3, seed=1)), {"axis": -2}),
    ],
)
def concat(*arrays: Array, axis: int = 0) -> Array:
    """Arrays joined along an existing dimension. Deeplearning4j: ``Concat``."""
    return np.concatenate(arrays, axis)


@composed(
    "base",
    dl4j=Dl4j("stack", ints=("axis",)),
    samples=lambda: [((real(2, 3), real(2, 3, seed=1)), {"axis": 1})],
)
def stack(*arrays: Array, axis: int = 0) -> Array:
    """Arrays of one shape joined along a new dimension. Deeplearning4j: ``Stack``."""
    at = axis_of(axis, len(arrays[0].shape) + 1)
    return concat(*(expand_dims(a, axis=at) for a in arrays), axis=at)


# ------------------------------------------------------------------------------------------------- gather and repeat


def _gather_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, indices = specs
    if indices.dtype.kind not in ("int", "uint"):
        raise TypeError(f"indices must be integers, received {indices.dtype.name}")
    axis = attrs["axis"]
    return [Spec(x.dtype, x.shape[:axis] + indices.shape + x.shape[axis + 1 :])]


def _gather_gradient(c: GradientContext) -> list[Any]:
    return [
        gather_grad(c.grads[0], c.inputs[1], shape=tuple(c.inputs[0].shape), axis=c.attrs["axis"]),
        None,
    ]


@primitive(
    "base",
    infer=_gather_rule,
    canonical=canonical_axis,
    native=True,
    dl4j=Dl4j("gather", ints=("axis",)),
    gradient=_gather_gradient,
    samples=lambda: [
        ((real(4, 3), np.asarray([2, 0, 2])), {"axis": 0}),
        ((real(4, 3), np.asarray([[1, 0], [2, 2]])), {"axis": -1}),
        ((real(4, 3), np.asarray(1)), {"axis": 1}),
    ],
)
def gather(x: Array, indices: Integers, *, axis: int = 0) -> Array:
    """Slices of x along ``axis`` at integer positions; a negative position counts from the end.

    Deeplearning4j: ``Gather``.
    """
    n = x.shape[axis]
    if indices.size and (indices.min() < -n or indices.max() >= n):
        raise ValueError(
            f"gather: positions from {indices.min()} to {indices.max()} in a dimension of size {n}"
        )
    return np.take(x, indices, axis)


@primitive(
    infer=lambda specs, attrs: [Spec(specs[0].dtype, attrs["shape"])],
    gradient=lambda c: [gather(c.grads[0], c.inputs[1], axis=c.attrs["axis"]), None],
    samples=lambda: [((real(3, 3), np.asarray([2, 0, 2])), {"shape": (4, 3), "axis": 0})],
)
def gather_grad(grad: Array, indices: Integers, *, shape: Shape, axis: int) -> Array:
    """Zeros of ``shape`` with ``grad`` added at the positions that `gather` read."""
    result = np.zeros(shape, grad.dtype)
    moved = np.moveaxis(grad, range(axis, axis + indices.ndim), range(indices.ndim))
    np.add.at(np.moveaxis(result, axis, 0), indices, moved)
    return result


def _one_hot_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x = specs[0]
    if x.dtype.kind not in ("int", "uint"):
        raise TypeError(f"indices must be integers, received {x.dtype.name}")
    axis = axis_of(attrs["axis"], len(x.shape) + 1)
    return [Spec(attrs["dtype"], (*x.shape[:axis], attrs["depth"], *x.shape[axis:]))]


@primitive(
    "base",
    infer=_one_hot_rule,
    gradient=NOT_DIFFERENTIABLE,
    dl4j=Dl4j("onehot", ints=("axis", "depth", "dtype"), reals=("on", "off")),
    samples=lambda: [
        ((integers(2, 3, high=4),), {"depth": 4}),
        ((np.asarray([0, 9, 2]),), {"depth": 3, "axis": 0, "on": 2.0}),
    ],
)
def one_hot(
    indices: Integers,
    *,
    depth: int,
    axis: int = -1,
    on: float = 1.0,
    off: float = 0.0,
    dtype: DType = dtypes.float32,
) -> Array:
    """``on`` at the position that each index names along a new dimension of size ``depth``, else ``off``.

    An index outside [0, depth) leaves its slice at ``off``. Deeplearning4j: ``OneHot``.
    """
    at = axis_of(axis, indices.ndim + 1)
    hit = np.expand_dims(indices, at) == np.arange(depth).reshape(-1, *(1,) * (indices.ndim - at))
    return np.where(hit, on, off)


def _pad_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, before, after = specs[0], attrs["before"], attrs["after"]
    if (
        len(before) != len(x.shape)
        or len(after) != len(x.shape)
        or any(n < 0 for n in before + after)
    ):
        raise ValueError(
            f"before {before} and after {after} must hold one width of at least 0 per dimension of {x.shape}"
        )
    return [Spec(x.dtype, tuple(b + n + a for b, n, a in zip(before, x.shape, after, strict=True)))]


@primitive(
    "nn",
    infer=_pad_rule,
    native=True,
    gradient=lambda c: [
        slice(
            c.grads[0],
            begin=c.attrs["before"],
            end=tuple(b + n for b, n in zip(c.attrs["before"], c.inputs[0].shape, strict=True)),
        )
    ],
    samples=lambda: [((real(2, 3),), {"before": (1, 0), "after": (0, 2)})],
)
def pad(x: Array, *, before: Ints, after: Ints) -> Array:
    """Zeros around x: ``before`` and ``after`` hold one width per dimension. Deeplearning4j: ``Pad`` (CONSTANT, 0)."""
    return np.pad(x, tuple(zip(before, after, strict=True)))


def _tile_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, repeats = specs[0], attrs["repeats"]
    if len(repeats) != len(x.shape) or any(n < 0 for n in repeats):
        raise ValueError(
            f"repeats {repeats} must hold one count of at least 0 per dimension of {x.shape}"
        )
    return [Spec(x.dtype, tuple(n * r for n, r in zip(x.shape, repeats, strict=True)))]


def _tile_gradient(c: GradientContext) -> list[Any]:
    shape, repeats = c.inputs[0].shape, c.attrs["repeats"]
    pairs = tuple(k for r, n in zip(repeats, shape, strict=True) for k in (r, n))
    return [reduce.sum(reshape(c.grads[0], shape=pairs), dims=tuple(range(0, len(pairs), 2)))]


@primitive(
    "base",
    infer=_tile_rule,
    gradient=_tile_gradient,
    dl4j=Dl4j("tile", ints=("repeats",)),
    samples=lambda: [((real(2, 3),), {"repeats": (2, 1)}), ((real(2, 3),), {"repeats": (1, 3)})],
)
def tile(x: Array, *, repeats: Ints) -> Array:
    """x repeated as a whole along each dimension. Deeplearning4j: ``Tile``."""
    return np.tile(x, repeats)


@composed(
    "base",
    canonical=canonical_axis,
    dl4j=Dl4j("repeat", ints=("repeats", "axis")),
    samples=lambda: [((real(2, 3),), {"repeats": 2, "axis": 1})],
)
def repeat(x: Array, *, repeats: int, axis: int) -> Array:
    """Each slice along ``axis`` repeated ``repeats`` times in place. Deeplearning4j: ``Repeat``."""
    shape = tuple(x.shape)
    wide = broadcast_to(
        expand_dims(x, axis=axis + 1), shape=(*shape[: axis + 1], repeats, *shape[axis + 1 :])
    )
    return reshape(wide, shape=(*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :]))


def _reverse_gradient(c: GradientContext) -> list[Any]:
    return [reverse(c.grads[0], dims=c.attrs["dims"])]


@composed(
    "base",
    samples=lambda: [((real(3, 4),), {"dims": (1,)})],
    gradient=_reverse_gradient,
    dl4j=Dl4j("reverse", ints=("dims",)),
)
def reverse(x: Array, *, dims: Ints) -> Array:
    """Element order flipped along dims. Deeplearning4j: ``Reverse``."""
    shape = tuple(x.shape)
    over = axes_of(dims, len(shape))
    return slice(
        x,
        begin=tuple(n - 1 if i in over else 0 for i, n in enumerate(shape)),
        end=tuple(-1 - n if i in over else n for i, n in enumerate(shape)),
        strides=tuple(-1 if i in over else 1 for i in range(len(shape))),
    )
