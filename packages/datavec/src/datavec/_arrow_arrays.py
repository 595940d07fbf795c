"""NumPy arrays as Arrow arrays.

`pyarrow.array` first asks whether its argument is of pandas, and imports pandas for that where it
is installed: a quarter of a second, in every worker process. So arrays of numbers come this way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["arrow_array"]


def arrow_array(values: np.ndarray[Any, Any], missing: np.ndarray[Any, Any] | None = None) -> Any:
    """A one-dimensional array of numbers or booleans, sharing its memory where it is contiguous.

    Args:
        values: integers, floats or booleans.
        missing: true where the result has no value.

    >>> arrow_array(np.array([1, 2, 3]), np.array([False, True, False])).to_pylist()
    [1, None, 3]
    """
    if values.ndim != 1 or values.dtype.kind not in "biuf" or not values.dtype.isnative:
        return pa.array(values, mask=missing)
    valid = None
    if missing is not None and missing.any():
        valid = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    if values.dtype == np.bool_:
        data = np.packbits(values, bitorder="little")
    else:
        data = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(data)])
