"""NumPy arrays as Arrow arrays, and back.

`pyarrow.array` and `Array.to_numpy` import pandas where it is installed, to ask whether it plays a
part: a quarter of a second, in every worker process. So numbers come and go this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["arrow_array", "constant", "numpy_array", "text_array"]


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
    bits = values.dtype == np.bool_
    data = np.packbits(values, bitorder="little") if bits else np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(data)])


def text_array(texts: Sequence[str | None]) -> pa.Array:
    """Python strings as an Arrow string array.

    >>> text_array(["a", None, "é"]).to_pylist()
    ['a', None, 'é']
    """
    encoded = [b"" if t is None else t.encode() for t in texts]
    offsets = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(b) for b in encoded], out=offsets[1:])
    valid = None
    if None in texts:
        present = np.array([t is not None for t in texts])
        valid = pa.py_buffer(np.packbits(present, bitorder="little"))
    data = pa.py_buffer(b"".join(encoded))
    return pa.Array.from_buffers(pa.string(), len(encoded), [valid, pa.py_buffer(offsets), data])


def constant(value: bool | int | float | str | None, kind: pa.DataType | None = None) -> pa.Scalar:
    """A value for a compute function, which would make a scalar of a plain one by ``pyarrow.scalar``.

    >>> import pyarrow.compute as pc
    >>> pc.fill_null(text_array(["a", None]), constant("?")).to_pylist()
    ['a', '?']
    """
    if value is None:
        return pa.nulls(1, kind)[0]
    made = text_array([value]) if isinstance(value, str) else arrow_array(np.array([value]))
    return (made if kind is None else made.cast(kind))[0]


def numpy_array(column: Any) -> np.ndarray[Any, Any]:
    """The values of an Arrow array of numbers, booleans or times (as int64), without copying.

    Where values are missing, or are of another type, this is ``to_numpy(zero_copy_only=False)``.

    >>> numpy_array(arrow_array(np.array([True, False, True])).slice(1)).tolist()
    [False, True]
    """
    kind = column.type
    if column.null_count or not isinstance(column, pa.Array):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if pa.types.is_boolean(kind):
        bits = np.frombuffer(column.buffers()[1] or b"", np.uint8)
        values = np.unpackbits(bits, count=column.offset + len(column), bitorder="little")
        return values[column.offset :].view(np.bool_)
    if pa.types.is_timestamp(kind):
        kind = pa.int64()
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    data = column.buffers()[1]
    if data is None:
        return np.zeros(0, kind.to_pandas_dtype())
    dtype = np.dtype(kind.to_pandas_dtype())
    return np.frombuffer(data, dtype, len(column), column.offset * dtype.itemsize)
