"""Casts, and views: the same elements under other shapes, orders and bounds."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py.dtypes import DType

from ._declaration import GradientContext, Spec
from ._declare import Dl4j, Trait, composed, primitive
from ._gradients import is_differentiable, unbroadcast
from ._rules import Attrs, Specs, axes_of, axis_of, broadcast_shapes
from ._samples import real

Array = Any
Ints = tuple[int, ...]
Shape = tuple[int, ...]
_V = (Trait.VIEW,)


# ------------------------------------------------------------------------------------------------------------ casts


def _cast_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    if "utf8" in (specs[0].dtype.kind, attrs["dtype"].kind):
        raise TypeError(f"cannot cast {specs[0].dtype.name} to {attrs['dtype'].name}")
    return [Spec(attrs["dtype"], specs[0].shape)]


def _cast_gradient(c: GradientContext) -> list[Any]:
    if not (is_differentiable(c.inputs[0]) and c.attrs["dtype"].kind in ("float", "complex")):
        return [None]
    return [cast(c.grads[0], dtype=c.inputs[0].dtype)]


@primitive(
    "base",
    infer=_cast_rule,
    gradient=_cast_gradient,
    traits=(Trait.ELEMENTWISE,),
    native=True,
    direct=lambda x, *, dtype: x.cast_to(dtype),
    dl4j=Dl4j("cast", ints=("dtype",)),
    samples=lambda: [
        ((real(4, 5),), {"dtype": dtypes.float32}),
        ((real(4, 5),), {"dtype": dtypes.int32}),
    ],
)
def cast(x: Array, *, dtype: DType) -> Array:
    """x in another dtype; floating to integer truncates. Deeplearning4j: ``Cast``."""
    # The caller narrows to the declared dtype, bfloat16 from float32 included.
    target = np.dtype(np.float32) if dtype.numpy is None else dtype.numpy
    if x.dtype.kind == "c" and target.kind != "c":
        x = x.real
    return x.astype(target)


@primitive(
    "base",
    infer=lambda specs, attrs: [specs[0]],
    gradient=lambda c: [None],
    traits=_V,
    view=lambda spec, strides, offset, attrs: (strides, offset),
    direct=lambda x: x,
    samples=lambda: [((real(4, 5),), {})],
    dl4j=Dl4j("stop_gradient"),
)
def stop_gradient(x: Array) -> Array:
    """x, through which no gradient flows. Deeplearning4j: ``StopGradient``."""
    return x


# ------------------------------------------------------------------------------------------------------------ views


def _reshape_canonical(specs: Specs, attrs: dict[str, Any]) -> dict[str, Any]:
    shape, size = attrs["shape"], math.prod(specs[0].shape)
    if -1 in shape:
        known = math.prod(n for n in shape if n != -1)
        if shape.count(-1) > 1 or known == 0 or size % known:
            raise ValueError(f"cannot reshape {specs[0].shape} into {shape}")
        attrs["shape"] = tuple(size // known if n == -1 else n for n in shape)
    return attrs


def _reshape_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, shape = specs[0], attrs["shape"]
    if math.prod(x.shape) != math.prod(shape) or any(n < 0 for n in shape):
        raise ValueError(f"cannot reshape {x.shape} ({math.prod(x.shape)} elements) into {shape}")
    return [Spec(x.dtype, shape)]


def _contiguous(shape: Sequence[int]) -> Ints:
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def _reshape_view(spec: Spec, strides: Ints, offset: int, attrs: Attrs) -> tuple[Ints, int] | None:
    """Strides of the reshaped view; None where the elements do not lie so that strides can express it."""
    shape = attrs["shape"]
    if 0 in spec.shape:
        return _contiguous(shape), offset
    old = [(n, s) for n, s in zip(spec.shape, strides, strict=True) if n != 1]
    result: list[int] = []
    i = 0
    pending: list[tuple[int, int]] = []  # (size, stride) of runs still to split, innermost last
    for n in shape:
        if n == 1:
            result.append(0)
            continue
        while (
            not pending
            or math.prod(p[0] for p in pending) % n
            or math.prod(p[0] for p in pending) < n
        ):
            if i == len(old):
                return None
            if pending and pending[-1][1] != old[i][1] * old[i][0]:
                return None
            merged = old[i] if not pending else (pending[0][0] * old[i][0], old[i][1])
            pending = [merged]
            i += 1
        size, stride = pending[0]
        inner = size // n
        result.append(stride * inner)
        pending = [(inner, stride)] if inner > 1 else []
    return tuple(result), offset


def _reshape_gradient(c: GradientContext) -> list[Any]:
    return [reshape(c.grads[0], shape=tuple(c.inputs[0].shape))]


@primitive(
    "base",
    infer=_reshape_rule,
    canonical=_reshape_canonical,
    traits=_V,
    view=_reshape_view,
    direct=lambda x, *, shape: x.reshape(shape),
    gradient=_reshape_gradient,
    dl4j=Dl4j("reshape", ints=("shape",)),
    samples=lambda: [
        ((real(4, 6),), {"shape": (2, 3, 4)}),
        ((real(4, 6),), {"shape": (-1,)}),
        ((real(1),), {"shape": ()}),
    ],
)
def reshape(x: Array, *, shape: Shape) -> Array:
    """The same elements in c order under another shape; one size may be -1. Deeplearning4j: ``Reshape``."""
    return x.reshape(shape)


def _permute_canonical(specs: Specs, attrs: dict[str, Any]) -> dict[str, Any]:
    ndim = len(specs[0].shape)
    dims = axes_of(attrs["dims"], ndim)
    if len(dims) != ndim:
        raise ValueError(f"expected the order of all {ndim} dimensions, received {attrs['dims']}")
    attrs["dims"] = dims
    return attrs


def _permute_gradient(c: GradientContext) -> list[Any]:
    return [
        permute(
            c.grads[0], dims=tuple(c.attrs["dims"].index(i) for i in range(len(c.attrs["dims"])))
        )
    ]


@primitive(
    "base",
    infer=lambda specs, attrs: [
        Spec(specs[0].dtype, tuple(specs[0].shape[i] for i in attrs["dims"]))
    ],
    canonical=_permute_canonical,
    traits=_V,
    direct=lambda x, *, dims: x.transpose(dims),
    view=lambda spec, strides, offset, attrs: (tuple(strides[i] for i in attrs["dims"]), offset),
    gradient=_permute_gradient,
    dl4j=Dl4j("permute", ints=("dims",)),
    samples=lambda: [((real(2, 3, 4),), {"dims": (2, 0, 1)}), ((real(2, 3),), {"dims": (-1, 0)})],
)
def permute(x: Array, *, dims: Ints) -> Array:
    """Dimensions in the order ``dims``. Deeplearning4j: ``Permute``."""
    return x.transpose(dims)


@composed("base", samples=lambda: [((real(2, 3, 4),), {})], dl4j=Dl4j("transpose"))
def transpose(x: Array) -> Array:
    """All dimensions reversed. Deeplearning4j: ``Transpose``."""
    return permute(x, dims=tuple(reversed(range(len(x.shape)))))


@composed(
    "base",
    dl4j=Dl4j("expand_dims", ints=("axis",)),
    samples=lambda: [((real(2, 3),), {"axis": 1}), ((real(2, 3),), {"axis": -1})],
)
def expand_dims(x: Array, *, axis: int = 0) -> Array:
    """A new dimension of size 1 at ``axis``. Deeplearning4j: ``ExpandDims``."""
    shape = tuple(x.shape)
    at = axis_of(axis, len(shape) + 1)
    return reshape(x, shape=(*shape[:at], 1, *shape[at:]))


@composed(
    "base",
    dl4j=Dl4j("squeeze", ints=("dims",)),
    samples=lambda: [((real(2, 1, 3, 1),), {"dims": (1,)}), ((real(2, 1, 3, 1),), {})],
)
def squeeze(x: Array, *, dims: Ints | None = None) -> Array:
    """Without the given dimensions of size 1, or without all of them. Deeplearning4j: ``Squeeze``."""
    shape = tuple(x.shape)
    gone = (
        tuple(i for i, n in enumerate(shape) if n == 1)
        if dims is None
        else axes_of(dims, len(shape))
    )
    wrong = [i for i in gone if shape[i] != 1]
    if wrong:
        raise ValueError(f"squeeze: dimension {wrong[0]} of shape {shape} is not of size 1")
    return reshape(x, shape=tuple(n for i, n in enumerate(shape) if i not in gone))


def _broadcast_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, shape = specs[0], attrs["shape"]
    if broadcast_shapes([x.shape, shape]) != shape:
        raise ValueError(f"cannot broadcast {x.shape} to {shape}")
    return [Spec(x.dtype, shape)]


def _broadcast_view(spec: Spec, strides: Ints, offset: int, attrs: Attrs) -> tuple[Ints, int]:
    shape = attrs["shape"]
    extra = len(shape) - len(spec.shape)
    kept = tuple(
        0 if n == 1 and m != 1 else s
        for n, s, m in zip(spec.shape, strides, shape[extra:], strict=True)
    )
    return (0,) * extra + kept, offset


@primitive(
    "base",
    infer=_broadcast_rule,
    traits=_V,
    view=_broadcast_view,
    direct=lambda x, *, shape: x.broadcast_to(shape),
    array_api="broadcast_to",
    dl4j=Dl4j("broadcast_to", ints=("shape",)),
    gradient=lambda c: [unbroadcast(c.grads[0], c.inputs[0])],
    samples=lambda: [((real(3, 1),), {"shape": (2, 3, 4)}), ((real(),), {"shape": (3,)})],
)
def broadcast_to(x: Array, *, shape: Shape) -> Array:
    """x repeated along dimensions of size 1 and new leading ones. Deeplearning4j: ``BroadcastTo``."""
    return np.broadcast_to(x, shape)


# ----------------------------------------------------------------------------------------------------------- slices


def _slice_canonical(specs: Specs, attrs: dict[str, Any]) -> dict[str, Any]:
    shape = specs[0].shape
    begin, end, strides = (
        attrs["begin"],
        attrs["end"],
        attrs["strides"] or (1,) * len(attrs["begin"]),
    )
    if not len(begin) == len(end) == len(strides) or len(begin) > len(shape):
        raise ValueError(f"begin {begin}, end {end} and strides {strides} do not fit shape {shape}")
    if 0 in strides:
        raise ValueError(f"strides {strides} must not contain 0")
    found = [
        _slice_indices(b, e, s, n) for b, e, s, n in zip(begin, end, strides, shape, strict=False)
    ]
    found += [(0, n, 1) for n in shape[len(begin) :]]
    attrs["begin"], attrs["end"], attrs["strides"] = (tuple(f[i] for f in found) for i in range(3))
    return attrs


def _slice_indices(begin: int, end: int, step: int, n: int) -> tuple[int, int, int]:
    """Bounds within [0, n] as Python's slices clamp them; a descending slice that reaches 0 ends at -1 - n."""
    b, e, s = builtins.slice(begin, end, step).indices(n)
    return b, (-1 - n if e < 0 else e), s


def _slice_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    shape = tuple(
        len(range(b, -1 if e < 0 else e, s))
        for b, e, s in zip(attrs["begin"], attrs["end"], attrs["strides"], strict=True)
    )
    return [Spec(specs[0].dtype, shape)]


def _slices(attrs: Attrs) -> tuple[Any, ...]:
    return tuple(
        builtins.slice(b, None if e < 0 else e, s)
        for b, e, s in zip(attrs["begin"], attrs["end"], attrs["strides"], strict=True)
    )


def _slice_view(spec: Spec, strides: Ints, offset: int, attrs: Attrs) -> tuple[Ints, int]:
    empty = 0 in _slice_rule([spec], attrs)[0].shape
    moved = 0 if empty else sum(b * s for b, s in zip(attrs["begin"], strides, strict=True))
    return tuple(s * k for s, k in zip(strides, attrs["strides"], strict=True)), offset + moved


def _slice_gradient(c: GradientContext) -> list[Any]:
    return [slice_grad(c.grads[0], shape=tuple(c.inputs[0].shape), **c.attrs)]


@primitive(
    "base",
    infer=_slice_rule,
    canonical=_slice_canonical,
    traits=_V,
    view=_slice_view,
    direct=lambda x, **attrs: x[_slices(attrs)],
    gradient=_slice_gradient,
    dl4j=Dl4j("strided_slice", ints=("begin", "end", "strides")),
    samples=lambda: [
        ((real(5, 6),), {"begin": (1, 0), "end": (4, 6), "strides": (2, 3)}),
        ((real(5, 6),), {"begin": (-1,), "end": (-6,), "strides": (-1,)}),
        ((real(5, 6),), {"begin": (3,), "end": (3,)}),
    ],
)
def slice(x: Array, *, begin: Ints, end: Ints, strides: Ints | None = None) -> Array:
    """Elements from ``begin`` to ``end`` (excluded) in steps, per leading dimension, bounds as in Python's slices.

    Deeplearning4j: ``StridedSlice``.
    """
    return x[_slices({"begin": begin, "end": end, "strides": strides})]


@primitive(
    infer=lambda specs, attrs: [Spec(specs[0].dtype, attrs["shape"])],
    gradient=lambda c: [
        slice(c.grads[0], begin=c.attrs["begin"], end=c.attrs["end"], strides=c.attrs["strides"])
    ],
    samples=lambda: [
        ((real(2, 2),), {"shape": (5, 6), "begin": (1, 0), "end": (4, 6), "strides": (2, 3)})
    ],
)
def slice_grad(grad: Array, *, shape: Shape, begin: Ints, end: Ints, strides: Ints) -> Array:
    """Zeros of ``shape`` with ``grad`` in the place that `slice` read."""
    result = np.zeros(shape, grad.dtype)
    result[_slices({"begin": begin, "end": end, "strides": strides})] = grad
    return result
