"""Python's own protocols on NDArray: text, copies, pickle, and the array-API entry points."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from . import _core, dtypes
from ._core import NDArray

__all__ = ["METHODS", "shown"]


def shown(self: NDArray) -> np.ndarray[Any, Any]:
    return self.cast_to(dtypes.float32).numpy() if self.dtype is dtypes.bfloat16 else self.numpy()


def _repr(self: NDArray) -> str:
    text = np.array2string(shown(self), separator=", ", prefix="NDArray(")
    notes = []
    if self.size == 0 and self.shape != (0,):
        notes.append(f"shape={self.shape}")
    if self.size == 0 or self.dtype not in (
        dtypes.float32,
        dtypes.int64,
        dtypes.bool_,
        dtypes.utf8,
    ):
        notes.append(f"dtype={self.dtype.name}")
    return f"NDArray({', '.join([text, *notes])})"


def _str(self: NDArray) -> str:
    return str(shown(self))


def _format(self: NDArray, spec: str) -> str:
    if not spec:
        return str(self)
    if self.ndim == 0:
        return format(self.item(), spec)
    raise TypeError(
        f"format: an array of shape {self.shape} takes no format specification; use a 0-d array or item()"
    )


def _copy(self: NDArray) -> NDArray:
    return self.dup()


def _deepcopy(self: NDArray, memo: dict[int, Any]) -> NDArray:
    return self.dup()


def _rebuild(values: Any, dtype_name: str, order: Literal["c", "f"]) -> NDArray:
    """Unpickles: bits, numbers or text back to an array."""
    dtype = dtypes.dtype(dtype_name)
    array = _core.from_numpy(np.asarray(values), True)
    if dtype is dtypes.bfloat16:
        array = array.view_as(dtype)
    return array.dup(order)


def _reduce(self: NDArray) -> tuple[Any, ...]:
    values = self.view_bits().numpy() if self.dtype is dtypes.bfloat16 else self.numpy()
    return _rebuild, (values, self.dtype.name, self.order)


def _namespace(self: NDArray, api_version: str | None = None) -> Any:
    """The array-API namespace of the array: the ``nd4py`` module."""
    import nd4py

    return nd4py


def to_device(self: NDArray, device: str, /, *, stream: None = None) -> NDArray:
    """The array on a device; there is only the CPU so far.

    Raises:
        ValueError: another device.
    """
    if device != "cpu":
        raise ValueError(f"to_device: expected 'cpu', received {device!r}")
    return self


METHODS: dict[str, Any] = {
    "__repr__": _repr,
    "__str__": _str,
    "__format__": _format,
    "__copy__": _copy,
    "__deepcopy__": _deepcopy,
    "__reduce__": _reduce,
    "__array_namespace__": _namespace,
    "__array_priority__": 1000.0,  # NumPy arrays leave mixed arithmetic to NDArray
    "to_device": to_device,
}
