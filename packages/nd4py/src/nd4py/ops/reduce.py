"""Reductions along dimensions: sums, extremes, norms, truth, positions.

``dims`` None or empty means all dimensions. Maxima and minima ignore NaN, everything else carries it, as in ND4J.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py.dtypes import DType

from . import comparison, elementwise, shaping
from ._declaration import GradientContext, GradientRule, InferRule, Spec, _NotDifferentiable
from ._declare import NOT_DIFFERENTIABLE, Dl4j, Trait, composed, primitive
from ._gradients import expand
from ._rules import Attrs, Specs, canonical_dims, mean_type, reduced
from ._samples import Sample, bools, integers, real

Array = Any
Ints = tuple[int, ...]


def _samples(low: float = -2.0, high: float = 2.0) -> Callable[[], Sequence[Sample]]:
    return lambda: [
        ((real(3, 5, 4, low=low, high=high),), {}),
        ((real(3, 5, 4, low=low, high=high),), {"dims": (1,), "keep_dims": True}),
        ((real(3, 5, 4, low=low, high=high),), {"dims": (0, -1)}),
        ((real(33, low=low, high=high),), {"dims": (0,)}),
    ]


def _rule(dtype_rule: Callable[[DType], DType]) -> InferRule:
    def rule(specs: Specs, attrs: Attrs) -> list[Spec]:
        x = specs[0]
        return [Spec(dtype_rule(x.dtype), reduced(x.shape, attrs["dims"], attrs["keep_dims"]))]

    return rule


def _keeps(dtype: DType) -> DType:
    if dtype.kind in ("bool", "utf8"):
        raise TypeError(f"expected numbers, received {dtype.name}; cast first")
    return dtype


def _real(dtype: DType) -> DType:
    if dtype.kind == "complex":
        raise TypeError(f"complex numbers have no order, received {dtype.name}")
    return _keeps(dtype)


def _position(dtype: DType) -> DType:
    _real(dtype)
    return dtypes.int64


def _reduction(
    dtype_rule: Callable[[DType], DType],
    gradient: GradientRule | _NotDifferentiable,
    dl4j: Dl4j,
    *namespaces: str,
    native: bool = True,
    samples: Callable[[], Sequence[Sample]] | None = None,
) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    return primitive(
        *(namespaces or ("base", "math")),
        infer=_rule(dtype_rule),
        gradient=gradient,
        samples=samples or _samples(),
        traits=(Trait.REDUCTION,),
        dl4j=dl4j,
        canonical=canonical_dims,
        native=native,
    )


def _legacy(name: str, kind: str, number: int) -> Dl4j:
    return Dl4j(name, (kind, number), ints=("dims",), bools=("keep_dims",))


def _back(c: GradientContext, value: Any) -> Any:
    """A value of the output's shape, such as the gradient, shaped to broadcast against the input."""
    return expand(value, c.inputs[0], c.attrs["dims"], c.attrs["keep_dims"])


def _fill(c: GradientContext, value: Any) -> Any:
    return shaping.broadcast_to(_back(c, value), shape=tuple(c.inputs[0].shape))


def _count(c: GradientContext) -> int:
    dims = c.attrs["dims"]
    shape = c.inputs[0].shape
    return math.prod(shape if dims is None else (shape[i] for i in dims))


# ------------------------------------------------------------------------------------------------------------- sums


@_reduction(_keeps, lambda c: [_fill(c, c.grads[0])], _legacy("reduce_sum", "REDUCE_SAME", 0))
def sum(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """Σ x along dims; the dtype is kept. Deeplearning4j: ``Sum``.

    >>> import nd4py as nd
    >>> nd.base.sum(nd.array([[1.0, 2.0], [3.0, 4.0]]), dims=0).tolist()
    [4.0, 6.0]
    """
    return np.sum(x, dims, x.dtype, keepdims=keep_dims)


@_reduction(
    mean_type,
    lambda c: [_fill(c, c.grads[0] * (1.0 / builtins.max(1, _count(c))))],
    _legacy("reduce_mean", "REDUCE_FLOAT", 0),
)
def mean(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """Σ x / n along dims; integers give float32. Deeplearning4j: ``Mean``."""
    dtype = np.float32 if x.dtype.kind in "ui" else x.dtype
    return np.sum(x, dims, dtype, keepdims=keep_dims) / np.asarray(_size(x, dims), dtype)


def _size(x: Array, dims: Ints | None) -> int:
    return math.prod(x.shape if dims is None else [x.shape[i] for i in dims])


def _prod_gradient(c: GradientContext) -> list[Any]:
    # The product of the others, found without dividing, so that it is right where elements are 0.
    x, dims = c.inputs[0], c.attrs["dims"]
    ndim = len(x.shape)
    dims = tuple(range(ndim)) if dims is None else dims
    rest = tuple(i for i in range(ndim) if i not in dims)
    order = rest + dims
    moved = shaping.permute(x, dims=order)
    kept = tuple(x.shape[i] for i in rest)
    n = math.prod(x.shape[i] for i in dims)
    others = product_of_others(shaping.reshape(moved, shape=(*kept, n)))
    full = shaping.reshape(others, shape=tuple(moved.shape))
    inverse = tuple(order.index(i) for i in range(ndim))
    return [_back(c, c.grads[0]) * shaping.permute(full, dims=inverse)]


@_reduction(
    _keeps, _prod_gradient, _legacy("reduce_prod", "REDUCE_SAME", 3), samples=_samples(0.4, 1.6)
)
def prod(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """Π x along dims. Deeplearning4j: ``Prod``, whose gradient is NaN where an element is 0; here it is the
    right one.
    """
    return np.prod(x, dims, x.dtype, keepdims=keep_dims)


@primitive(
    infer=lambda specs, attrs: [specs[0]],
    gradient=NOT_DIFFERENTIABLE,
    samples=lambda: [((real(3, 5),), {}), ((integers(2, 4, high=3).astype(float),), {})],
)
def product_of_others(x: Array) -> Array:
    """For each element the product of the other elements of its row; part of the gradient of `prod`."""
    ahead = np.ones_like(x)
    behind = np.ones_like(x)
    np.cumprod(x[..., :-1], -1, out=ahead[..., 1:])
    behind[..., :-1] = np.cumprod(x[..., :0:-1], -1)[..., ::-1]
    return ahead * behind


@_reduction(
    mean_type,
    lambda c: [_back(c, c.grads[0]) * elementwise.sign(c.inputs[0])],
    _legacy("reduce_norm1", "REDUCE_FLOAT", 2),
)
def norm1(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """Σ |x| along dims; integers give float32. Deeplearning4j: ``Norm1``."""
    return np.sum(np.abs(_as_float(x)), dims, keepdims=keep_dims)


def _norm2_gradient(c: GradientContext) -> list[Any]:
    norm = _back(c, c.outputs[0])
    scale = comparison.where(
        norm > 0.0, _back(c, c.grads[0]) / norm, 0.0
    )  # a zero slice: 0, the symmetric choice
    return [c.inputs[0] * scale]


@_reduction(mean_type, _norm2_gradient, _legacy("reduce_norm2", "REDUCE_FLOAT", 3))
def norm2(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """√Σ x² along dims; integers give float32; gradient 0 at a zero slice. Deeplearning4j: ``Norm2``."""
    x = _as_float(x)
    return np.sqrt(np.sum(np.abs(x) ** 2, dims, keepdims=keep_dims))


@_reduction(
    mean_type,
    lambda c: [_back(c, c.grads[0]) * (c.inputs[0] * 2.0)],
    _legacy("reduce_sqnorm", "REDUCE_FLOAT", 7),
)
def squared_norm(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """Σ x² along dims; integers give float32. Deeplearning4j: ``SquaredNorm``."""
    return np.sum(np.abs(_as_float(x)) ** 2, dims, keepdims=keep_dims)


def _as_float(x: Array) -> Array:
    return x.astype(np.float32) if x.dtype.kind in "ui" else x


@_reduction(
    _keeps,
    lambda c: [_back(c, c.grads[0]) * elementwise.sign(c.inputs[0])],
    _legacy("asum", "REDUCE_SAME", 4),
)
def asum(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """Σ |x| along dims; the dtype is kept. Deeplearning4j: ``ASum``."""
    return np.sum(np.abs(x), dims, x.dtype, keepdims=keep_dims)


@_reduction(
    mean_type,
    lambda c: [
        _back(c, c.grads[0]) * elementwise.sign(c.inputs[0]) * (1.0 / builtins.max(1, _count(c)))
    ],
    _legacy("amean", "REDUCE_FLOAT", 1),
)
def amean(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """Mean of |x| along dims. Deeplearning4j: ``AMean``."""
    x = np.abs(_as_float(x))
    return np.sum(x, dims, keepdims=keep_dims) / np.asarray(_size(x, dims), x.dtype)


# --------------------------------------------------------------------------------------------------------- extremes


# NumPy's stubs have no `initial` together with a variable `keepdims`.
_fmax: Any = np.fmax.reduce
_fmin: Any = np.fmin.reduce


def _least(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _greatest(dtype: np.dtype[Any]) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


def _extreme_gradient(largest: bool, absolute: bool) -> GradientRule:
    def rule(c: GradientContext) -> list[Any]:
        x = c.inputs[0]
        mask = first_extreme(
            elementwise.abs(x) if absolute else x, dims=c.attrs["dims"], largest=largest
        )
        grad = comparison.where(mask, _back(c, c.grads[0]), 0.0)
        return [grad * elementwise.sign(x) if absolute else grad]

    return rule


@_reduction(_real, _extreme_gradient(True, False), _legacy("reduce_max", "REDUCE_SAME", 1))
def max(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """The largest element along dims, ignoring NaN; the first of ties receives the gradient. Deeplearning4j:
    ``Max``.
    """
    return _fmax(x, dims, keepdims=keep_dims, initial=_least(x.dtype))


@_reduction(_real, _extreme_gradient(False, False), _legacy("reduce_min", "REDUCE_SAME", 2))
def min(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """The smallest element along dims, ignoring NaN; the first of ties receives the gradient.
    Deeplearning4j: ``Min``.
    """
    return _fmin(x, dims, keepdims=keep_dims, initial=_greatest(x.dtype))


@_reduction(_real, _extreme_gradient(True, True), _legacy("amax", "REDUCE_SAME", 5))
def amax(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """The largest |x| along dims, ignoring NaN. Deeplearning4j: ``AMax``."""
    return _fmax(np.abs(x), dims, keepdims=keep_dims, initial=0)


@_reduction(_real, _extreme_gradient(False, True), _legacy("amin", "REDUCE_SAME", 6))
def amin(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """The smallest |x| along dims, ignoring NaN. Deeplearning4j: ``AMin``."""
    return _fmin(np.abs(x), dims, keepdims=keep_dims, initial=_greatest(x.dtype))


@_reduction(mean_type, _extreme_gradient(True, True), _legacy("reduce_normmax", "REDUCE_FLOAT", 4))
def norm_max(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """The largest |x| along dims, ignoring NaN; integers give float32. Deeplearning4j: ``NormMax``."""
    return _fmax(np.abs(_as_float(x)), dims, keepdims=keep_dims, initial=0)


def _mask_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    return [Spec(dtypes.bool_, specs[0].shape)]


@primitive(
    infer=_mask_rule,
    gradient=NOT_DIFFERENTIABLE,
    canonical=canonical_dims,
    samples=lambda: [
        ((integers(4, 5, high=3).astype(float),), {"dims": (1,), "largest": True}),
        ((integers(4, 5, high=3).astype(float),), {"dims": None, "largest": False}),
    ],
)
def first_extreme(x: Array, *, dims: Ints | None, largest: bool) -> Array:
    """True at the first largest (smallest) element along dims: where the gradient of an extreme goes."""
    rows, back = _rows(x, dims)
    mask = np.zeros(rows.shape, bool)
    if rows.shape[-1]:
        np.put_along_axis(mask, _first_position(rows, largest)[..., None], True, -1)
    return back(mask)


def _rows(x: Array, dims: Ints | None) -> tuple[Array, Callable[[Array], Array]]:
    """x with dims flattened to the last axis, and the way back."""
    ndim = x.ndim
    over = tuple(range(ndim)) if dims is None else dims
    order = tuple(i for i in range(ndim) if i not in over) + over
    moved = x.transpose(order)
    rows = moved.reshape(
        *moved.shape[: ndim - len(over)], math.prod(moved.shape[ndim - len(over) :])
    )
    return rows, lambda r: r.reshape(moved.shape).transpose(np.argsort(order))


def _first_position(rows: Array, largest: bool) -> Array:
    """Position of the first extreme of each row. NaN neither replaces nor is replaced, so a leading NaN stays."""
    if rows.dtype.kind == "f":
        rows = np.where(np.isnan(rows), -np.inf if largest else np.inf, rows)
        found = np.argmax(rows, -1) if largest else np.argmin(rows, -1)
        return found
    return np.argmax(rows, -1) if largest else np.argmin(rows, -1)


def _arg(x: Array, dims: Ints | None, keep_dims: bool, largest: bool) -> Array:
    rows, _ = _rows(x, dims)
    if rows.shape[-1] == 0:
        raise ValueError(
            f"the reduced dimensions of shape {x.shape} are empty: there is no position to return"
        )
    found = _first_position(rows, largest)
    if x.dtype.kind == "f":
        found = np.where(np.isnan(rows[..., 0]), 0, found)
    return found.reshape(reduced(x.shape, dims, keep_dims))


@_reduction(
    _position,
    NOT_DIFFERENTIABLE,
    Dl4j("argmax", ints=("dims",), bools=("keep_dims",)),
    "base",
    samples=_samples(),
)
def argmax(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """Position, in c order within dims, of the first largest element; int64. Deeplearning4j: ``ArgMax``."""
    return _arg(x, dims, keep_dims, True)


@_reduction(
    _position,
    NOT_DIFFERENTIABLE,
    Dl4j("argmin", ints=("dims",), bools=("keep_dims",)),
    "base",
    samples=_samples(),
)
def argmin(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """Position, in c order within dims, of the first smallest element; int64. Deeplearning4j: ``ArgMin``."""
    return _arg(x, dims, keep_dims, False)


def _bool_samples() -> Sequence[Sample]:
    return [
        ((bools(3, 4),), {}),
        ((bools(3, 4),), {"dims": (1,)}),
        ((integers(3, 4, high=2),), {"dims": (0,)}),
    ]


@_reduction(
    lambda d: dtypes.bool_,
    NOT_DIFFERENTIABLE,
    _legacy("any", "REDUCE_BOOL", 0),
    "base",
    samples=_bool_samples,
)
def any(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """True where at least one element along dims is not 0. Deeplearning4j: ``Any``."""
    return np.any(x, dims, keepdims=keep_dims)


@_reduction(
    lambda d: dtypes.bool_,
    NOT_DIFFERENTIABLE,
    _legacy("all", "REDUCE_BOOL", 1),
    "base",
    samples=_bool_samples,
)
def all(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """True where every element along dims is not 0. Deeplearning4j: ``All``."""
    return np.all(x, dims, keepdims=keep_dims)


# -------------------------------------------------------------------------------------------------------- composed


@composed(
    "math",
    traits=(Trait.REDUCTION,),
    canonical=canonical_dims,
    samples=_samples(),
    dl4j=Dl4j("reduce_logsumexp"),
)
def log_sum_exp(x: Array, *, dims: Ints | None = None, keep_dims: bool = False) -> Array:
    """ln Σ eˣ along dims, shifted by the maximum of each slice. Deeplearning4j: ``LogSumExp``."""
    top = shaping.stop_gradient(max(x, dims=dims, keep_dims=True))
    top = comparison.where(elementwise.is_finite(top), top, 0.0)
    total = elementwise.log(sum(elementwise.exp(x - top), dims=dims, keep_dims=True)) + top
    return (
        total if keep_dims else shaping.reshape(total, shape=reduced(tuple(x.shape), dims, False))
    )


def _variance(x: Array, dims: Ints | None, keep_dims: bool, bias_corrected: bool) -> Array:
    count = math.prod(x.shape if dims is None else [x.shape[i] for i in dims])
    centred = x - mean(x, dims=dims, keep_dims=True)
    divisor = builtins.max(count - 1, 0) if bias_corrected else count
    return sum(elementwise.square(centred), dims=dims, keep_dims=keep_dims) / float(
        divisor or math.nan
    )


def _variance_samples() -> Sequence[Sample]:
    return [(x[0], {**x[1], "bias_corrected": i % 2 == 0}) for i, x in enumerate(_samples()())]


@composed(
    "base",
    traits=(Trait.REDUCTION,),
    canonical=canonical_dims,
    samples=_variance_samples,
    dl4j=Dl4j("var", ("VARIANCE", 0), ints=("dims",), bools=("bias_corrected", "keep_dims")),
)
def variance(
    x: Array, *, dims: Ints | None = None, keep_dims: bool = False, bias_corrected: bool = True
) -> Array:
    """Mean squared deviation along dims; ``bias_corrected`` divides by n - 1. Deeplearning4j: ``Variance``."""
    return _variance(x, dims, keep_dims, bias_corrected)


@composed(
    "base",
    traits=(Trait.REDUCTION,),
    canonical=canonical_dims,
    samples=_variance_samples,
    dl4j=Dl4j("std", ("SUMMARYSTATS", 1), ints=("dims",), bools=("bias_corrected", "keep_dims")),
)
def standard_deviation(
    x: Array, *, dims: Ints | None = None, keep_dims: bool = False, bias_corrected: bool = True
) -> Array:
    """√variance along dims. Deeplearning4j: ``StandardDeviation``."""
    return elementwise.sqrt(_variance(x, dims, keep_dims, bias_corrected))
