"""Where arrays of users become arrays of plans."""

from __future__ import annotations

from typing import Any

import numpy as np

from nd4py._arrays import from_numpy
from nd4py.dtypes import DType


def is_ndarray(value: Any) -> bool:
    """Whether plans take the value as it is: an NDArray, not a NumPy array, a sequence or a number."""
    return hasattr(value, "__array_interface__") and not isinstance(value, (np.ndarray, np.generic))


def as_array(value: Any) -> Any:
    """An NDArray as it is, one over the memory of a NumPy array, or a new one from numbers and sequences."""
    return value if is_ndarray(value) else from_numpy(np.asarray(value))


def initial_array(
    name: str, shape: tuple[int, ...], dtype: DType, initializer: Any, seed: int
) -> Any:
    """The first contents of a variable: zeros for None, what a function of shape and dtype gives, or a weight init.

    Raises:
        ValueError: the function gave another shape.
    """
    if initializer is None:
        return from_numpy(np.zeros(shape, dtype.numpy))
    if not callable(initializer):
        from nd4py import weights

        first, last = (shape[0], shape[-1]) if shape else (1, 1)
        return weights.get(initializer).initialize(
            shape, fan_in=first, fan_out=last, seed=seed, order="c", dtype=dtype
        )
    array = as_array(initializer(shape, dtype))
    if tuple(array.shape) != shape:
        raise ValueError(
            f"variable {name!r}: its initializer gave shape {tuple(array.shape)}, expected {shape}"
        )
    return array
