"""Functions that make arrays. The default floating type is float32, as in ND4J; NumPy arrays keep theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, SupportsIndex

import numpy as np

from . import _core, dtypes
from ._core import NDArray
from .dtypes import DType

__all__ = [
    "arange", "array", "asarray", "empty", "empty_like", "eye", "from_dlpack", "from_numpy", "full", "full_like",
    "linspace", "meshgrid", "ones", "ones_like", "scalar", "zeros", "zeros_like",
]  # fmt: skip

Shape = SupportsIndex | Sequence[SupportsIndex]
Order = Literal["c", "f"]
DTypeLike = DType | str | type | np.dtype[Any]

_DEFAULT_FLOAT = dtypes.float32


def _is_plain(value: object) -> bool:
    """Whether Python numbers decide the element type: no part has a dtype of its own."""
    while isinstance(value, (list, tuple)):
        if not value:
            return True
        value = value[0]
    return isinstance(value, (bool, int, float, complex, str)) and not isinstance(value, np.generic)


def _from_plain(value: Any, dtype: DType | None) -> NDArray:
    if dtype is not None and dtype.numpy is not None:
        return _core.from_numpy(np.asarray(value, dtype.numpy))
    made = np.asarray(value)
    kind = made.dtype.kind
    if kind == "f":
        return _core.from_numpy(made).cast_to(_DEFAULT_FLOAT if dtype is None else dtype)
    if kind == "c":
        return _core.from_numpy(made).cast_to(dtypes.complex64 if dtype is None else dtype)
    if kind in "UO":
        # As objects: NumPy's fixed-width text drops trailing zero characters and turns numbers into text.
        made = np.asarray(value, object)
        found = {type(item).__name__ for item in made.flat}
        if found - {"str"}:
            raise TypeError(
                f"array: expected numbers of one kind or text, received {', '.join(sorted(found))}"
            )
    result = _core.from_numpy(made)
    return result if dtype is None else result.cast_to(dtype)


def asarray(
    value: Any,
    /,
    *,
    dtype: DTypeLike | None = None,
    order: Order | None = None,
    copy: bool | None = None,
) -> NDArray:
    """An array with the elements of ``value``, sharing its memory where that is possible.

    Args:
        value: an NDArray, a NumPy array or scalar, anything with the buffer, array-interface or DLPack protocol, a
            Python number or str, or nested sequences of these.
        dtype: element type; by default that of ``value``. Python floats give float32.
        order: memory order to convert to, if the elements lie otherwise.
        copy: True copies always, False never (an error where it would be needed), None where needed.

    Raises:
        TypeError: no element type fits. ValueError: ``copy=False`` and a copy is needed, or the sequences are ragged.

    >>> asarray([[1, 2], [3, 4]])
    NDArray([[1, 2],
             [3, 4]])
    """
    if type(value) is np.ndarray and dtype is None and order is None and copy is None:
        return _core.from_numpy(value)
    wanted = None if dtype is None else dtypes.dtype(dtype)
    shared = isinstance(value, NDArray)
    result: NDArray
    if shared:
        result = value
    elif _is_plain(value):
        result = _from_plain(value, wanted)
    elif isinstance(value, (np.ndarray, np.generic)) or not hasattr(value, "__dlpack__"):
        result = _core.as_ndarray(value)
        shared = (
            not isinstance(value, (list, tuple, np.generic)) and result.dtype is not dtypes.utf8
        )
    else:
        result = _core.from_dlpack(value)
        shared = True
    made = result if wanted is None else result.cast_to(wanted)
    if order is not None and not (made.is_c_contiguous if order == "c" else made.is_f_contiguous):
        made = made.dup(order)
    if copy and shared and made is result:
        return made.dup()
    if copy is False and not (shared and made is result):
        raise ValueError("asarray: a copy is needed, which copy=False forbids")
    return made


def array(
    value: Any, /, dtype: DTypeLike | None = None, *, order: Order | None = None, copy: bool = True
) -> NDArray:
    """A new array with the elements of ``value`` (`Nd4j.create`); see `asarray`, which shares memory.

    >>> array([1.5, 2.5]).dtype
    nd4py.float32
    """
    return asarray(value, dtype=dtype, order=order, copy=True if copy else None)


def scalar(value: Any, /, dtype: DTypeLike | None = None) -> NDArray:
    """An array without dimensions (`Nd4j.scalar`).

    Raises:
        ValueError: ``value`` has dimensions.
    """
    result = array(value, dtype)
    if result.ndim:
        raise ValueError(f"scalar: expected a single value, received shape {result.shape}")
    return result


def from_numpy(value: np.ndarray[Any, Any], /, *, copy: bool = False) -> NDArray:
    """An array over the memory of a NumPy array, which stays alive.

    Text, memory of the other byte order and unaligned memory are copied.

    Raises:
        TypeError: not a NumPy array, or an element type that nd4py lacks.
    """
    return _core.from_numpy(value, copy)


def from_dlpack(value: Any, /, *, device: str | None = None, copy: bool | None = None) -> NDArray:
    """An array over the memory of another library's, by DLPack.

    Raises:
        BufferError: the memory is not on the CPU or its element type does not exist here.
        ValueError: ``device`` is not ``"cpu"``.
    """
    if device not in (None, "cpu"):
        raise ValueError(f"from_dlpack: expected device 'cpu', received {device!r}")
    return _core.from_dlpack(value, copy)


def empty(shape: Shape, dtype: DTypeLike | None = None, order: Order = "c") -> NDArray:
    """An array whose elements have no particular value (`Nd4j.createUninitialized`)."""
    return _core.empty(shape, _DEFAULT_FLOAT if dtype is None else dtype, order)


def zeros(shape: Shape, dtype: DTypeLike | None = None, order: Order = "c") -> NDArray:
    """An array of zeros (`Nd4j.zeros`); of empty strings for utf8.

    >>> zeros((2, 2), "int32").tolist()
    [[0, 0], [0, 0]]
    """
    return _core.zeros(shape, _DEFAULT_FLOAT if dtype is None else dtype, order)


def ones(shape: Shape, dtype: DTypeLike | None = None, order: Order = "c") -> NDArray:
    """An array of ones (`Nd4j.ones`)."""
    return _core.full(shape, 1, _DEFAULT_FLOAT if dtype is None else dtype, order)


def full(
    shape: Shape, fill_value: Any, dtype: DTypeLike | None = None, order: Order = "c"
) -> NDArray:
    """An array of one value (`Nd4j.valueArrayOf`); a Python number decides the element type as in `asarray`."""
    if dtype is None:
        dtype = asarray(fill_value).dtype
    return _core.full(shape, fill_value, dtype, order)


def empty_like(value: NDArray, /, *, dtype: DTypeLike | None = None) -> NDArray:
    """An uninitialised array of the same shape, order and (by default) element type (`INDArray.ulike`)."""
    return _core.empty(value.shape, value.dtype if dtype is None else dtype, value.order)


def zeros_like(value: NDArray, /, *, dtype: DTypeLike | None = None) -> NDArray:
    """An array of zeros of the same shape, order and (by default) element type (`INDArray.like`)."""
    return _core.zeros(value.shape, value.dtype if dtype is None else dtype, value.order)


def ones_like(value: NDArray, /, *, dtype: DTypeLike | None = None) -> NDArray:
    """An array of ones of the same shape, order and (by default) element type (`Nd4j.onesLike`)."""
    return _core.full(value.shape, 1, value.dtype if dtype is None else dtype, value.order)


def full_like(value: NDArray, fill_value: Any, /, *, dtype: DTypeLike | None = None) -> NDArray:
    """An array of one value with the shape, order and (by default) element type of another."""
    return _core.full(value.shape, fill_value, value.dtype if dtype is None else dtype, value.order)


def _made_by_numpy(values: np.ndarray[Any, Any], dtype: DTypeLike | None) -> NDArray:
    result = _core.from_numpy(values)
    if dtype is not None:
        return result.cast_to(dtype)
    return result.cast_to(_DEFAULT_FLOAT) if result.dtype is dtypes.float64 else result


def arange(
    start: float, stop: float | None = None, step: float = 1, dtype: DTypeLike | None = None
) -> NDArray:
    """Evenly spaced values from ``start`` (0 if only one bound is given) up to, without, ``stop`` (`Nd4j.arange`).

    Integers give int64, floats float32.

    >>> arange(2, 8, 3).tolist()
    [2, 5]
    """
    values = np.arange(0, start, step) if stop is None else np.arange(start, stop, step)
    return _made_by_numpy(values, dtype)


def linspace(
    start: float, stop: float, num: int, dtype: DTypeLike | None = None, *, endpoint: bool = True
) -> NDArray:
    """``num`` evenly spaced values from ``start`` to ``stop``, which is the last one if ``endpoint`` (`Nd4j.linspace`).

    >>> linspace(0, 1, 5).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    return _made_by_numpy(np.linspace(start, stop, num, endpoint=endpoint), dtype)


def eye(
    rows: int, columns: int | None = None, /, *, k: int = 0, dtype: DTypeLike | None = None
) -> NDArray:
    """A matrix with ones on diagonal ``k`` and zeros elsewhere (`Nd4j.eye`)."""
    return _made_by_numpy(np.eye(rows, columns, k), dtype)


def meshgrid(*arrays: Any, indexing: Literal["xy", "ij"] = "xy") -> list[NDArray]:
    """Coordinate matrices of coordinate vectors (`Nd4j.meshgrid`)."""
    grids = np.meshgrid(*(asarray(a).numpy() for a in arrays), indexing=indexing)
    return [_core.from_numpy(np.ascontiguousarray(grid)) for grid in grids]
