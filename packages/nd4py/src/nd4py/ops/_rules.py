"""Shape and dtype rules shared by families: pure functions from input specs and attributes to output specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nd4py import dtypes
from nd4py.dtypes import DType

from ._declaration import Spec
from ._types import result_type

Specs = Sequence[Any]  # of Spec, or None for an absent optional input
Attrs = Mapping[str, Any]

_NUMERIC = ("int", "uint", "float", "complex")


def broadcast_shapes(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The common shape, aligned at the last dimension.

    Raises:
        ValueError: two sizes differ and neither is 1.
    """
    first = shapes[0]
    if all(s == first for s in shapes):
        return first
    ndim = max(map(len, shapes))
    result = [1] * ndim
    for shape in shapes:
        for i, size in enumerate(shape, ndim - len(shape)):
            if result[i] == 1:
                result[i] = size
            elif size not in (1, result[i]):
                raise ValueError(
                    "shapes " + " and ".join(map(str, shapes)) + " do not broadcast together"
                )
    return tuple(result)


def _broadcast(specs: Specs) -> tuple[int, ...]:
    return specs[0].shape if len(specs) == 1 else broadcast_shapes([s.shape for s in specs])


def arithmetic(specs: Specs, attrs: Attrs) -> list[Spec]:
    """Elementwise on numbers; keeps the promoted dtype."""
    dtype = result_type([s.dtype for s in specs])
    if dtype.kind not in _NUMERIC:
        raise TypeError(f"expected numbers, received {dtype.name}; cast first")
    return [Spec(dtype, _broadcast(specs))]


def floating(specs: Specs, attrs: Attrs) -> list[Spec]:
    """Elementwise on real or complex floating types only."""
    dtype = result_type([s.dtype for s in specs])
    if dtype.kind not in ("float", "complex"):
        raise TypeError(f"expected a floating dtype, received {dtype.name}; cast first")
    return [Spec(dtype, _broadcast(specs))]


def real_floating(specs: Specs, attrs: Attrs) -> list[Spec]:
    """Elementwise on real floating types only."""
    dtype = result_type([s.dtype for s in specs])
    if dtype.kind != "float":
        raise TypeError(f"expected a real floating dtype, received {dtype.name}; cast first")
    return [Spec(dtype, _broadcast(specs))]


def predicate(specs: Specs, attrs: Attrs) -> list[Spec]:
    """Elementwise on any type; bool comes out."""
    result_type([s.dtype for s in specs])
    return [Spec(dtypes.bool_, _broadcast(specs))]


def logical(specs: Specs, attrs: Attrs) -> list[Spec]:
    """Elementwise on bool."""
    for s in specs:
        if s.dtype is not dtypes.bool_:
            raise TypeError(f"expected bool, received {s.dtype.name}; compare with 0 first")
    return [Spec(dtypes.bool_, _broadcast(specs))]


def bitwise(specs: Specs, attrs: Attrs) -> list[Spec]:
    """Elementwise on bool and integers."""
    dtype = result_type([s.dtype for s in specs])
    if dtype.kind not in ("bool", "int", "uint"):
        raise TypeError(f"expected integers or bool, received {dtype.name}")
    return [Spec(dtype, _broadcast(specs))]


def axis_of(axis: int, ndim: int) -> int:
    """A non-negative axis.

    Raises:
        ValueError: there is no such axis.
    """
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of range for {ndim} dimensions")
    return axis + ndim if axis < 0 else axis


def axes_of(axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    """Distinct non-negative axes in the order given."""
    found = tuple(axis_of(a, ndim) for a in axes)
    if len(set(found)) != len(found):
        raise ValueError(f"axes {tuple(axes)} repeat one of {ndim} dimensions")
    return found


def canonical_axis(specs: Specs, attrs: dict[str, Any]) -> dict[str, Any]:
    """Makes ``axis`` non-negative."""
    if attrs["axis"] < 0 or attrs["axis"] >= len(specs[0].shape):
        attrs["axis"] = axis_of(attrs["axis"], len(specs[0].shape))
    return attrs


def canonical_dims(specs: Specs, attrs: dict[str, Any]) -> dict[str, Any]:
    """Makes ``dims`` non-negative and ascending; None and all dimensions become None.

    An empty tuple means all dimensions as well, as in ND4J.
    """
    dims = attrs["dims"]
    if dims is not None:
        ndim = len(specs[0].shape)
        found = tuple(sorted(axes_of(dims, ndim)))
        attrs["dims"] = None if len(found) in (0, ndim) else found
    return attrs


def reduced(
    shape: tuple[int, ...], dims: tuple[int, ...] | None, keep_dims: bool
) -> tuple[int, ...]:
    """The shape that a reduction leaves."""
    if dims is None:
        return (1,) * len(shape) if keep_dims else ()
    if keep_dims:
        return tuple(1 if i in dims else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in dims)


def mean_type(dtype: DType) -> DType:
    """The type of an average: floating types keep theirs, integers give the default floating type."""
    if dtype.kind in ("int", "uint"):
        return dtypes.float32
    if dtype.kind in ("bool", "utf8"):
        raise TypeError(f"expected numbers, received {dtype.name}; cast first")
    return dtype
