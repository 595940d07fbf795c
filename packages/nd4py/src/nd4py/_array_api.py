"""Functions of the Python array API standard whose parameters or results differ from those of ND4J's operations.

All other functions of the standard at top level are operations themselves: see ``array_api`` in their declarations.
"""

from __future__ import annotations

import math
from typing import Any

from . import dtypes, ops

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "astype",
    "clip",
    "concat",
    "divide",
    "expand_dims",
    "flip",
    "matrix_transpose",
    "max",
    "mean",
    "min",
    "permute_dims",
    "positive",
    "prod",
    "repeat",
    "reshape",
    "squeeze",
    "stack",
    "std",
    "sum",
    "take",
    "tile",
    "var",
]

Array = Any
Axis = int | tuple[int, ...] | None


def _dims(axis: Axis) -> tuple[int, ...] | None:
    return (axis,) if isinstance(axis, int) else axis


def _accumulated(x: Array, dtype: object | None) -> Array:
    """x in the type in which the standard sums: 64 bits for integers and bool."""
    if dtype is not None:
        return ops.cast(x, dtype=dtypes.dtype(dtype))
    kind = ops.spec_of(x).dtype.kind
    if kind in ("bool", "int"):
        return ops.cast(x, dtype=dtypes.int64)
    return ops.cast(x, dtype=dtypes.uint64) if kind == "uint" else x


def _of_no_elements(x: Array, axis: Axis) -> bool:
    return axis == () and len(ops.spec_of(x).shape) > 0


def sum(
    x: Array, /, *, axis: Axis = None, dtype: object | None = None, keepdims: bool = False
) -> Array:
    """Σ x along axis; integers are summed in 64 bits.

    >>> import nd4py as nd
    >>> nd.sum(nd.array([[1, 2], [3, 4]]), axis=0).tolist()
    [4, 6]
    """
    x = _accumulated(x, dtype)
    return (
        ops.identity(x)
        if _of_no_elements(x, axis)
        else ops.sum(x, dims=_dims(axis), keep_dims=keepdims)
    )


def prod(
    x: Array, /, *, axis: Axis = None, dtype: object | None = None, keepdims: bool = False
) -> Array:
    """Π x along axis; integers are multiplied in 64 bits."""
    x = _accumulated(x, dtype)
    return (
        ops.identity(x)
        if _of_no_elements(x, axis)
        else ops.prod(x, dims=_dims(axis), keep_dims=keepdims)
    )


def mean(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Mean along axis."""
    return ops.mean(x, dims=_dims(axis), keep_dims=keepdims)


def var(
    x: Array, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Array:
    """Σ (x - mean)² / (n - correction) along axis."""
    dims = _dims(axis)
    shape = ops.spec_of(x).shape
    n = math.prod(shape if dims is None else (shape[i] for i in dims))
    variance = ops.variance(x, dims=dims, keep_dims=keepdims, bias_corrected=False)
    return (
        variance * (n / (n - correction) if n != correction else math.inf)
        if correction
        else variance
    )


def std(
    x: Array, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Array:
    """√var along axis."""
    return ops.sqrt(var(x, axis=axis, correction=correction, keepdims=keepdims))


def max(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element along axis; NaN where one is NaN (`nd.base.max` ignores NaN)."""
    return _extreme(ops.max, x, axis, keepdims)


def min(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element along axis; NaN where one is NaN (`nd.base.min` ignores NaN)."""
    return _extreme(ops.min, x, axis, keepdims)


def _extreme(reduce: Any, x: Array, axis: Axis, keepdims: bool) -> Array:
    found = reduce(x, dims=_dims(axis), keep_dims=keepdims)
    if not ops.spec_of(x).dtype.is_floating:
        return found
    return ops.where(ops.any(ops.is_nan(x), dims=_dims(axis), keep_dims=keepdims), math.nan, found)


def any(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """True where at least one element along axis is not 0."""
    return ops.any(x, dims=_dims(axis), keep_dims=keepdims)


def all(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """True where every element along axis is not 0."""
    return ops.all(x, dims=_dims(axis), keep_dims=keepdims)


def argmax(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Position of the first largest element along axis."""
    return ops.argmax(x, dims=_dims(axis), keep_dims=keepdims)


def argmin(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Position of the first smallest element along axis."""
    return ops.argmin(x, dims=_dims(axis), keep_dims=keepdims)


def divide(x1: Array, x2: Array, /) -> Array:
    """x1 / x2; integers are divided in floating point."""
    kinds = {ops.spec_of(x).dtype.kind for x in (x1, x2) if hasattr(x, "dtype")}
    if kinds <= {"int", "uint", "bool"}:
        x1 = ops.cast(x1, dtype=dtypes.float64) if hasattr(x1, "dtype") else float(x1)
    return ops.div(x1, x2)


def positive(x: Array, /) -> Array:
    """A copy of x."""
    return ops.identity(x)


def clip(x: Array, /, min: Array | None = None, max: Array | None = None) -> Array:
    """x not below ``min`` and not above ``max``; either may be None."""
    if min is not None:
        x = ops.maximum(x, min)
    return x if max is None else ops.minimum(x, max)


def astype(x: Array, dtype: object, /, *, copy: bool = True) -> Array:
    """x in another dtype."""
    if ops.spec_of(x).dtype is dtypes.dtype(dtype):
        return ops.identity(x) if copy else x
    return ops.cast(x, dtype=dtypes.dtype(dtype))


def reshape(x: Array, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Array:
    """The same elements in c order under another shape; one size may be -1."""
    return ops.reshape(ops.identity(x) if copy else x, shape=shape)


def permute_dims(x: Array, /, axes: tuple[int, ...]) -> Array:
    """Dimensions in the order ``axes``."""
    return ops.permute(x, dims=axes)


def matrix_transpose(x: Array, /) -> Array:
    """The last two dimensions exchanged."""
    ndim = len(ops.spec_of(x).shape)
    if ndim < 2:
        raise ValueError(f"matrix_transpose: expected at least 2 dimensions, received {ndim}")
    return ops.permute(x, dims=(*range(ndim - 2), ndim - 1, ndim - 2))


def expand_dims(x: Array, /, *, axis: int = 0) -> Array:
    """A new dimension of size 1 at axis."""
    return ops.expand_dims(x, axis=axis)


def squeeze(x: Array, /, axis: int | tuple[int, ...]) -> Array:
    """Without the given dimensions of size 1."""
    return ops.squeeze(x, dims=_dims(axis))


def concat(arrays: Any, /, *, axis: int | None = 0) -> Array:
    """Arrays joined along an existing dimension; axis None flattens them first."""
    if axis is None:
        return ops.concat(*(ops.reshape(a, shape=(-1,)) for a in arrays), axis=0)
    return ops.concat(*arrays, axis=axis)


def stack(arrays: Any, /, *, axis: int = 0) -> Array:
    """Arrays of one shape joined along a new dimension."""
    return ops.stack(*arrays, axis=axis)


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Array:
    """Slices of x along axis at the given positions."""
    if axis is None and len(ops.spec_of(x).shape) != 1:
        raise ValueError("take: axis is required for arrays of more than one dimension")
    return ops.gather(x, indices, axis=axis or 0)


def flip(x: Array, /, *, axis: Axis = None) -> Array:
    """Element order reversed along axis, or along all dimensions."""
    ndim = len(ops.spec_of(x).shape)
    return ops.reverse(x, dims=_dims(axis) or tuple(range(ndim)))


def repeat(x: Array, repeats: int, /, *, axis: int | None = None) -> Array:
    """Each slice along axis repeated in place; axis None flattens first."""
    if axis is None:
        x, axis = ops.reshape(x, shape=(-1,)), 0
    return ops.repeat(x, repeats=repeats, axis=axis)


def tile(x: Array, repetitions: tuple[int, ...], /) -> Array:
    """x repeated as a whole along each dimension."""
    ndim = len(ops.spec_of(x).shape)
    counts = (1,) * (ndim - len(repetitions)) + tuple(repetitions)
    if len(counts) > ndim:
        x = ops.reshape(x, shape=(1,) * (len(counts) - ndim) + ops.spec_of(x).shape)
    return ops.tile(x, repeats=counts)
