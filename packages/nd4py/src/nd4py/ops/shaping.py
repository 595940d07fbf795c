"""Operations that move, repeat or relabel elements: views, joins, slices, casts."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py.dtypes import DType

from . import reduce
from ._declaration import GradientContext, Spec
from ._declare import NOT_DIFFERENTIABLE, Dl4j, Trait, composed, primitive
from ._gradients import is_differentiable, unbroadcast
from ._rules import Attrs, Specs, axes_of, axis_of, broadcast_shapes, canonical_axis
from ._samples import integers, real
from ._types import result_type

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
    "base", infer=_cast_rule, gradient=_cast_gradient, traits=(Trait.ELEMENTWISE,), native=True,
    dl4j=Dl4j("cast", ints=("dtype",)),
    samples=lambda: [((real(4, 5),), {"dtype": dtypes.float32}), ((real(4, 5),), {"dtype": dtypes.int32})],
)
def cast(x: Array, *, dtype: DType) -> Array:
    """x in another dtype; floating to integer truncates. Deeplearning4j: ``Cast``."""
    # The caller narrows to the declared dtype, bfloat16 from float32 included.
    target = np.dtype(np.float32) if dtype.numpy is None else dtype.numpy
    if x.dtype.kind == "c" and target.kind != "c":
        x = x.real
    return x.astype(target)


@primitive(
    "base", infer=lambda specs, attrs: [specs[0]], gradient=lambda c: [None], traits=_V, view=lambda spec, strides, offset, attrs: (strides, offset),
    samples=lambda: [((real(4, 5),), {})], dl4j=Dl4j("stop_gradient"),
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
        while not pending or math.prod(p[0] for p in pending) % n or math.prod(p[0] for p in pending) < n:
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


@primitive(
    "base", infer=_reshape_rule, canonical=_reshape_canonical, traits=_V, view=_reshape_view,
    gradient=lambda c: [reshape(c.grads[0], shape=tuple(c.inputs[0].shape))],
    dl4j=Dl4j("reshape", ints=("shape",)),
    samples=lambda: [((real(4, 6),), {"shape": (2, 3, 4)}), ((real(4, 6),), {"shape": (-1,)}), ((real(1),), {"shape": ()})],
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


@primitive(
    "base", infer=lambda specs, attrs: [Spec(specs[0].dtype, tuple(specs[0].shape[i] for i in attrs["dims"]))],
    canonical=_permute_canonical, traits=_V,
    view=lambda spec, strides, offset, attrs: (tuple(strides[i] for i in attrs["dims"]), offset),
    gradient=lambda c: [permute(c.grads[0], dims=tuple(c.attrs["dims"].index(i) for i in range(len(c.attrs["dims"]))))],
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
    "base", dl4j=Dl4j("expand_dims", ints=("axis",)),
    samples=lambda: [((real(2, 3),), {"axis": 1}), ((real(2, 3),), {"axis": -1})],
)
def expand_dims(x: Array, *, axis: int = 0) -> Array:
    """A new dimension of size 1 at ``axis``. Deeplearning4j: ``ExpandDims``."""
    shape = tuple(x.shape)
    at = axis_of(axis, len(shape) + 1)
    return reshape(x, shape=(*shape[:at], 1, *shape[at:]))


@composed(
    "base", dl4j=Dl4j("squeeze", ints=("dims",)),
    samples=lambda: [((real(2, 1, 3, 1),), {"dims": (1,)}), ((real(2, 1, 3, 1),), {})],
)
def squeeze(x: Array, *, dims: Ints | None = None) -> Array:
    """Without the given dimensions of size 1, or without all of them. Deeplearning4j: ``Squeeze``."""
    shape = tuple(x.shape)
    gone = tuple(i for i, n in enumerate(shape) if n == 1) if dims is None else axes_of(dims, len(shape))
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
    kept = tuple(0 if n == 1 and m != 1 else s for n, s, m in zip(spec.shape, strides, shape[extra:], strict=True))
    return (0,) * extra + kept, offset


@primitive(
    "base", infer=_broadcast_rule, traits=_V, view=_broadcast_view, dl4j=Dl4j("broadcast_to", ints=("shape",)),
    gradient=lambda c: [unbroadcast(c.grads[0], c.inputs[0])],
    samples=lambda: [((real(3, 1),), {"shape": (2, 3, 4)}), ((real(),), {"shape": (3,)})],
)
def broadcast_to(x: Array, *, shape: Shape) -> Array:
    """x repeated along dimensions of size 1 and new leading ones. Deeplearning4j: ``BroadcastTo``."""
    return np.broadcast_to(x, shape)


# ----------------------------------------------------------------------------------------------------------- slices


def _slice_canonical(specs: Specs, attrs: dict[str, Any]) -> dict[str, Any]:
    shape = specs[0].shape
    begin, end, strides = attrs["begin"], attrs["end"], attrs["strides"] or (1,) * len(attrs["begin"])
    if not len(begin) == len(end) == len(strides) or len(begin) > len(shape):
        raise ValueError(f"begin {begin}, end {end} and strides {strides} do not fit shape {shape}")
    if 0 in strides:
        raise ValueError(f"strides {strides} must not contain 0")
    found = [slice_indices(b, e, s, n) for b, e, s, n in zip(begin, end, strides, shape, strict=False)]
    found += [(0, n, 1) for n in shape[len(begin) :]]
    attrs["begin"], attrs["end"], attrs["strides"] = (tuple(f[i] for f in found) for i in range(3))
    return attrs


def slice_indices(begin: int, end: int, step: int, n: int) -> tuple[int, int, int]:
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
        builtins.slice(b, None if e < 0 else e, s) for b, e, s in zip(attrs["begin"], attrs["end"], attrs["strides"], strict=True)
    )


def _slice_view(spec: Spec, strides: Ints, offset: int, attrs: Attrs) -> tuple[Ints, int]:
    empty = 0 in _slice_rule([spec], attrs)[0].shape
    moved = 0 if empty else sum(b * s for b, s in zip(attrs["begin"], strides, strict=True))
    return tuple(s * k for s, k in zip(strides, attrs["strides"], strict=True)), offset + moved


@primitive(
    "base", infer=_slice_rule, canonical=_slice_canonical, traits=_V, view=_slice_view,
    gradient=lambda c: [slice_grad(c.grads[0], shape=tuple(c.inputs[0].shape), **c.attrs)],
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
    gradient=lambda c: [slice(c.grads[0], begin=c.attrs["begin"], end=c.attrs["end"], strides=c.attrs["strides"])],
    samples=lambda: [((real(2, 2),), {"shape": (5, 6), "begin": (1, 0), "end": (4, 6), "strides": (2, 3)})],
)
def slice_grad(grad: Array, *, shape: Shape, begin: Ints, end: Ints, strides: Ints) -> Array:
    """Zeros of ``shape`` with ``grad`` in the place that `slice` read."""
    result = np.zeros(shape, grad.dtype)
    result[_slices({"begin": begin, "end": end, "strides": strides})] = grad
    return result


# ------------------------------------------------------------------------------------------------------------ joins


def _concat_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    axis = attrs["axis"]
    first = specs[0].shape
    for s in specs[1:]:
        if len(s.shape) != len(first) or s.shape[:axis] + s.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ValueError(f"shapes {', '.join(str(s.shape) for s in specs)} differ outside axis {axis}")
    total = 0
    for s in specs:
        total += s.shape[axis]
    return [Spec(result_type([s.dtype for s in specs]), first[:axis] + (total,) + first[axis + 1 :])]


def _concat_gradient(c: GradientContext) -> list[Any]:
    axis, at, grads = c.attrs["axis"], 0, []
    for x in c.inputs:
        n = x.shape[axis]
        part = slice(c.grads[0], begin=(0,) * axis + (at,), end=tuple(x.shape[:axis]) + (at + n,))
        grads.append(unbroadcast(part, x) if is_differentiable(x) else None)
        at += n
    return grads


@primitive(
    "base", infer=_concat_rule, gradient=_concat_gradient, canonical=canonical_axis, native=True,
    dl4j=Dl4j("concat", ints=("axis",)),
    samples=lambda: [
        ((real(2, 3), real(2, 5, seed=1)), {"axis": 1}), ((real(2, 3), real(0, 3), real(1, 3, seed=1)), {"axis": -2}),
    ],
)
def concat(*arrays: Array, axis: int = 0) -> Array:
    """Arrays joined along an existing dimension. Deeplearning4j: ``Concat``."""
    return np.concatenate(arrays, axis)


@composed("base", dl4j=Dl4j("stack", ints=("axis",)), samples=lambda: [((real(2, 3), real(2, 3, seed=1)), {"axis": 1})])
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


@primitive(
    "base", infer=_gather_rule, canonical=canonical_axis, native=True, dl4j=Dl4j("gather", ints=("axis",)),
    gradient=lambda c: [
        gather_grad(c.grads[0], c.inputs[1], shape=tuple(c.inputs[0].shape), axis=c.attrs["axis"]), None,
    ],
    samples=lambda: [
        ((real(4, 3), np.asarray([2, 0, 2])), {"axis": 0}), ((real(4, 3), np.asarray([[1, 0], [2, 2]])), {"axis": -1}),
        ((real(4, 3), np.asarray(1)), {"axis": 1}),
    ],
)
def gather(x: Array, indices: Array, *, axis: int = 0) -> Array:
    """Slices of x along ``axis`` at integer positions; a negative position counts from the end.

    Deeplearning4j: ``Gather``.
    """
    n = x.shape[axis]
    if indices.size and (indices.min() < -n or indices.max() >= n):
        raise ValueError(f"gather: positions from {indices.min()} to {indices.max()} in a dimension of size {n}")
    return np.take(x, indices, axis)


@primitive(
    infer=lambda specs, attrs: [Spec(specs[0].dtype, attrs["shape"])],
    gradient=lambda c: [gather(c.grads[0], c.inputs[1], axis=c.attrs["axis"]), None],
    samples=lambda: [((real(3, 3), np.asarray([2, 0, 2])), {"shape": (4, 3), "axis": 0})],
)
def gather_grad(grad: Array, indices: Array, *, shape: Shape, axis: int) -> Array:
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
    "base", infer=_one_hot_rule, gradient=NOT_DIFFERENTIABLE,
    dl4j=Dl4j("onehot", ints=("axis", "depth", "dtype"), reals=("on", "off")),
    samples=lambda: [((integers(2, 3, high=4),), {"depth": 4}), ((np.asarray([0, 9, 2]),), {"depth": 3, "axis": 0, "on": 2.0})],
)
def one_hot(
    indices: Array, *, depth: int, axis: int = -1, on: float = 1.0, off: float = 0.0, dtype: DType = dtypes.float32
) -> Array:
    """``on`` at the position that each index names along a new dimension of size ``depth``, else ``off``.

    An index outside [0, depth) leaves its slice at ``off``. Deeplearning4j: ``OneHot``.
    """
    at = axis_of(axis, indices.ndim + 1)
    hit = np.expand_dims(indices, at) == np.arange(depth).reshape(-1, *(1,) * (indices.ndim - at))
    return np.where(hit, on, off)


def _pad_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, before, after = specs[0], attrs["before"], attrs["after"]
    if len(before) != len(x.shape) or len(after) != len(x.shape) or any(n < 0 for n in before + after):
        raise ValueError(f"before {before} and after {after} must hold one width of at least 0 per dimension of {x.shape}")
    return [Spec(x.dtype, tuple(b + n + a for b, n, a in zip(before, x.shape, after, strict=True)))]


@primitive(
    "nn", infer=_pad_rule, native=True,
    gradient=lambda c: [slice(
        c.grads[0], begin=c.attrs["before"],
        end=tuple(b + n for b, n in zip(c.attrs["before"], c.inputs[0].shape, strict=True)),
    )],
    samples=lambda: [((real(2, 3),), {"before": (1, 0), "after": (0, 2)})],
)
def pad(x: Array, *, before: Ints, after: Ints) -> Array:
    """Zeros around x: ``before`` and ``after`` hold one width per dimension. Deeplearning4j: ``Pad`` (CONSTANT, 0)."""
    return np.pad(x, tuple(zip(before, after, strict=True)))


def _tile_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, repeats = specs[0], attrs["repeats"]
    if len(repeats) != len(x.shape) or any(n < 0 for n in repeats):
        raise ValueError(f"repeats {repeats} must hold one count of at least 0 per dimension of {x.shape}")
    return [Spec(x.dtype, tuple(n * r for n, r in zip(x.shape, repeats, strict=True)))]


def _tile_gradient(c: GradientContext) -> list[Any]:
    shape, repeats = c.inputs[0].shape, c.attrs["repeats"]
    pairs = tuple(k for r, n in zip(repeats, shape, strict=True) for k in (r, n))
    return [reduce.sum(reshape(c.grads[0], shape=pairs), dims=tuple(range(0, len(pairs), 2)))]


@primitive(
    "base", infer=_tile_rule, gradient=_tile_gradient, dl4j=Dl4j("tile", ints=("repeats",)),
    samples=lambda: [((real(2, 3),), {"repeats": (2, 1)}), ((real(2, 3),), {"repeats": (1, 3)})],
)
def tile(x: Array, *, repeats: Ints) -> Array:
    """x repeated as a whole along each dimension. Deeplearning4j: ``Tile``."""
    return np.tile(x, repeats)


@composed(
    "base", canonical=canonical_axis, dl4j=Dl4j("repeat", ints=("repeats", "axis")),
    samples=lambda: [((real(2, 3),), {"repeats": 2, "axis": 1})],
)
def repeat(x: Array, *, repeats: int, axis: int) -> Array:
    """Each slice along ``axis`` repeated ``repeats`` times in place. Deeplearning4j: ``Repeat``."""
    shape = tuple(x.shape)
    wide = broadcast_to(expand_dims(x, axis=axis + 1), shape=(*shape[: axis + 1], repeats, *shape[axis + 1 :]))
    return reshape(wide, shape=(*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :]))


@composed(
    "base", samples=lambda: [((real(3, 4),), {"dims": (1,)})],
    gradient=lambda c: [reverse(c.grads[0], dims=c.attrs["dims"])], dl4j=Dl4j("reverse", ints=("dims",)),
)
def reverse(x: Array, *, dims: Ints) -> Array:
    """Element order flipped along dims. Deeplearning4j: ``Reverse``."""
    shape = tuple(x.shape)
    over = axes_of(dims, len(shape))
    return slice(
        x, begin=tuple(n - 1 if i in over else 0 for i, n in enumerate(shape)),
        end=tuple(-1 - n if i in over else n for i, n in enumerate(shape)),
        strides=tuple(-1 if i in over else 1 for i in range(len(shape))),
    )
