"""Methods of NDArray that need nothing of the core: ND4J's vocabulary for rows, columns, slices and tests.

`attach` puts them on the type; `_core.pyi` declares them for type checkers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from . import _core, _ndarray_protocols, _ndarray_reductions
from ._core import NDArray
from ._dims import Dims, dims_tuple
from ._ndarray_protocols import shown
from .dtypes import DType

__all__ = ["attach"]


# ---------------------------------------------------------------------------------------------------- shape questions


def rank(self: NDArray) -> int:
    """Number of dimensions."""
    return self.ndim


def length(self: NDArray) -> int:
    """Number of elements."""
    return self.size


def size_at(self: NDArray, dimension: int) -> int:
    """Extent of one axis (`INDArray.size(int)`)."""
    return self.shape[_axis("size_at", dimension, self.ndim)]


def stride(self: NDArray, dimension: int) -> int:
    """Step between neighbours along one axis, in elements."""
    return self.strides[_axis("stride", dimension, self.ndim)]


def rows(self: NDArray) -> int:
    """Number of rows of a matrix; 1 for a vector.

    Raises:
        ValueError: more than two dimensions.
    """
    return _matrix_shape("rows", self)[0]


def columns(self: NDArray) -> int:
    """Number of columns of a matrix; the length of a vector.

    Raises:
        ValueError: more than two dimensions.
    """
    return _matrix_shape("columns", self)[1]


def is_scalar(self: NDArray) -> bool:
    """Whether there is exactly one element."""
    return self.size == 1


def is_vector(self: NDArray) -> bool:
    """Whether it is one-dimensional, or a matrix of one row or one column."""
    return self.ndim == 1 or (self.ndim == 2 and 1 in self.shape)


def is_row_vector(self: NDArray) -> bool:
    """Whether it is one-dimensional, or a matrix of one row."""
    return self.ndim == 1 or (self.ndim == 2 and self.shape[0] == 1)


def is_column_vector(self: NDArray) -> bool:
    """Whether it is a matrix of one column."""
    return self.ndim == 2 and self.shape[1] == 1


def is_matrix(self: NDArray) -> bool:
    """Whether it has two dimensions and is no vector."""
    return self.ndim == 2 and 1 not in self.shape


def is_square(self: NDArray) -> bool:
    """Whether it is a matrix with as many rows as columns."""
    return self.ndim == 2 and self.shape[0] == self.shape[1]


def is_empty(self: NDArray) -> bool:
    """Whether it has no elements."""
    return self.size == 0


def is_attached(self: NDArray) -> bool:
    """Whether the memory belongs to a workspace."""
    return False


def detach(self: NDArray) -> NDArray:
    """The array outside of any workspace: itself when it is attached to none."""
    return self


def ordering(self: NDArray) -> str:
    """``'c'`` or ``'f'``."""
    return self.order


def data_type(self: NDArray) -> DType:
    """The element type."""
    return self.dtype


# --------------------------------------------------------------------------------------------- rows, columns, slices


def slice_at(self: NDArray, index: int, dimension: int = 0) -> NDArray:
    """The view at one position of an axis, without that axis (`INDArray.slice`)."""
    axis = _axis("slice", dimension, self.ndim)
    return self[(slice(None),) * axis + (operator.index(index),)]


def slices(self: NDArray) -> int:
    """Number of slices along the first axis."""
    return len(self)


def put_slice(self: NDArray, index: int, value: Any) -> NDArray:
    """Overwrites one slice along the first axis; returns ``self``."""
    self[operator.index(index)] = value
    return self


def get_row(self: NDArray, row: int, keep_dim: bool = False) -> NDArray:
    """A view of one row of a matrix: a vector, or with ``keep_dim`` a matrix of one row.

    Raises:
        ValueError: not a matrix. IndexError: no such row.
    """
    _require_matrix("get_row", self)
    view = self[operator.index(row)]
    return view.expand_dims(0) if keep_dim else view


def get_column(self: NDArray, column: int, keep_dim: bool = False) -> NDArray:
    """A view of one column of a matrix: a vector, or with ``keep_dim`` a matrix of one column.

    Raises:
        ValueError: not a matrix. IndexError: no such column.
    """
    _require_matrix("get_column", self)
    view = self[:, operator.index(column)]
    return view.expand_dims(1) if keep_dim else view


def get_rows(self: NDArray, *rows: Dims) -> NDArray:
    """A copy of the rows listed, in that order."""
    _require_matrix("get_rows", self)
    return self[list(dims_tuple(rows))]


def get_columns(self: NDArray, *columns: Dims) -> NDArray:
    """A copy of the columns listed, in that order."""
    _require_matrix("get_columns", self)
    return self[:, list(dims_tuple(columns))]


def put_row(self: NDArray, row: int, value: Any) -> NDArray:
    """Overwrites one row of a matrix; returns ``self``."""
    _store_line("put_row", get_row(self, row), value)
    return self


def put_column(self: NDArray, column: int, value: Any) -> NDArray:
    """Overwrites one column of a matrix; returns ``self``."""
    _store_line("put_column", get_column(self, column), value)
    return self


def get(self: NDArray, *indexes: Any) -> NDArray:
    """``self[indexes]``, with `NDArrayIndex` objects, integers or slices."""
    return self[indexes]


def put(self: NDArray, indexes: Any, value: Any) -> NDArray:
    """``self[indexes] = value``; returns ``self``."""
    self[tuple(indexes) if isinstance(indexes, list) else indexes] = value
    return self


def tensors_along_dimension(self: NDArray, *dimensions: Dims) -> int:
    """How many sub-arrays over ``dimensions`` there are."""
    chosen = _axes("tensors_along_dimension", dims_tuple(dimensions), self.ndim)
    count = 1
    for axis, extent in enumerate(self.shape):
        count *= 1 if axis in chosen else extent
    return count


def tensor_along_dimension(self: NDArray, index: int, *dimensions: Dims) -> NDArray:
    """The view over ``dimensions`` at position ``index`` of the others, counted in row-major order.

    Raises:
        IndexError: there is no such dimension or position.

    >>> import nd4py as nd
    >>> nd.arange(6).reshape(2, 3).tensor_along_dimension(1, 0).tolist()
    [1, 4]
    """
    chosen = _axes("tensor_along_dimension", dims_tuple(dimensions), self.ndim)
    others = [axis for axis in range(self.ndim) if axis not in chosen]
    view = self.permute(*others, *sorted(chosen))
    count = tensors_along_dimension(self, *chosen)
    position = operator.index(index)
    if not 0 <= position < count:
        raise IndexError(
            f"tensor_along_dimension: expected an index below {count}, received {index}"
        )
    at = np.unravel_index(position, view.shape[: len(others)]) if others else ()
    return view[tuple(int(i) for i in at)]


def vector_along_dimension(self: NDArray, index: int, dimension: int) -> NDArray:
    """The vector along one axis at position ``index`` of the others."""
    return tensor_along_dimension(self, index, dimension)


def repeat(self: NDArray, dimension: int, *repeats: int) -> NDArray:
    """A copy with every element along an axis repeated: so many times each, or by one count per position."""
    axis = _axis("repeat", dimension, self.ndim)
    counts = repeats[0] if len(repeats) == 1 else list(repeats)
    positions = np.repeat(np.arange(self.shape[axis]), counts)
    return self[(slice(None),) * axis + (positions,)]


def flatten(self: NDArray, order: Literal["c", "f", "k"] = "c") -> NDArray:
    """A copy of all elements in one dimension."""
    view = self.ravel(order)
    return view.dup() if view.is_view or view is self else view


# -------------------------------------------------------------------------------------------- vectors across a matrix


def _across(name: str, operation: str, column: bool) -> Callable[[NDArray, NDArray], NDArray]:
    def method(self: NDArray, vector: NDArray) -> NDArray:
        wanted = self.shape[0] if column else self.shape[-1]
        if self.ndim != 2 or vector.size != wanted:
            raise ValueError(
                f"{name}: expected a matrix and a vector of its {'rows' if column else 'columns'}, "
                f"received shapes {self.shape} and {vector.shape}"
            )
        result: NDArray = getattr(self, operation)(vector.reshape((-1, 1) if column else (1, -1)))
        return result

    in_place = " in place; returns ``self``" if operation.endswith("i") else ""
    method.__name__ = method.__qualname__ = name
    method.__doc__ = (
        f"``{operation}`` with a vector for every {'column' if column else 'row'}{in_place}."
    )
    return method


_ACROSS = {
    f"{operation}_{kind}_vector": _across(f"{operation}_{kind}_vector", operation, kind == "column")
    for operation in (
        "add",
        "sub",
        "mul",
        "div",
        "rsub",
        "rdiv",
        "addi",
        "subi",
        "muli",
        "divi",
        "rsubi",
        "rdivi",
    )
    for kind in ("row", "column")
}


# -------------------------------------------------------------------------------------------------------- comparisons


def equals(self: NDArray, other: object) -> bool:
    """Whether ``other`` is an array of the same element type and shape with elements within 1e-5."""
    return equals_with_eps(self, other, 1e-5)


def equals_with_eps(self: NDArray, other: object, eps: float) -> bool:
    """Whether ``other`` is an array of the same element type and shape with elements within ``eps``.

    Infinities equal themselves; NaN equals nothing.
    """
    if not isinstance(other, NDArray) or other.shape != self.shape or other.dtype is not self.dtype:
        return False
    a, b = shown(self), shown(other)
    if self.dtype.kind in ("float", "complex"):
        with np.errstate(invalid="ignore"):
            return bool(np.all((a == b) | (np.abs(a - b) < eps)))
    return bool(np.array_equal(a, b))


def contains(self: NDArray, value: object) -> bool:
    """Whether any element equals ``value``."""
    found: object = self == value
    return bool(found.numpy().any()) if isinstance(found, NDArray) else bool(found)


# ----------------------------------------------------------------------------------------------------------- arguments


def _axis(name: str, dimension: int, ndim: int) -> int:
    axis = operator.index(dimension)
    if not -ndim <= axis < ndim:
        raise IndexError(f"{name}: axis {axis} is out of bounds for an array of {ndim} dimensions")
    return axis % ndim


def _axes(name: str, dims: Sequence[int], ndim: int) -> set[int]:
    axes = {_axis(name, d, ndim) for d in dims}
    if len(axes) != len(dims):
        raise ValueError(f"{name}: an axis is given twice in {tuple(dims)}")
    return axes


def _require_matrix(name: str, array: NDArray) -> None:
    if array.ndim != 2:
        raise ValueError(f"{name}: expected a matrix, received shape {array.shape}")


def _matrix_shape(name: str, array: NDArray) -> tuple[int, int]:
    if array.ndim > 2:
        raise ValueError(f"{name}: expected at most 2 dimensions, received shape {array.shape}")
    shape = (1,) * (2 - array.ndim) + array.shape
    return shape[0], shape[1]


def _store_line(name: str, line: NDArray, value: Any) -> None:
    given = _core.as_ndarray(value)
    if given.size not in (1, line.size):
        raise ValueError(f"{name}: expected {line.size} values, received shape {given.shape}")
    line.assign(given.reshape(-1))


_METHODS: dict[str, Any] = {
    f.__name__: f
    for f in (
        rank, length, size_at, stride, rows, columns, is_scalar, is_vector, is_row_vector, is_column_vector, is_matrix,
        is_square, is_empty, is_attached, detach, ordering, data_type, slices, put_slice, get_row, get_column, get_rows,
        get_columns, put_row, put_column, get, put, tensors_along_dimension, tensor_along_dimension,
        vector_along_dimension, repeat, flatten, equals, equals_with_eps,
    )
} | {"slice": slice_at, "broadcast": NDArray.broadcast_to, "__contains__": contains}  # fmt: skip


def attach() -> None:
    """Puts the methods of this module and its neighbours on NDArray."""
    for name, method in (
        _METHODS | _ACROSS | _ndarray_reductions.METHODS | _ndarray_protocols.METHODS
    ).items():
        setattr(NDArray, name, method)
