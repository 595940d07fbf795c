"""Arrow form of NDArray columns: one struct of flat values and shape per row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ._arrow_arrays import numpy_array

__all__ = [
    "NDARRAY",
    "flat_values",
    "from_arrays",
    "from_flat",
    "is_ndarray",
    "ndarray_scalar",
    "stacked",
    "to_arrays",
]

NDARRAY = pa.struct([("data", pa.list_(pa.float32())), ("shape", pa.list_(pa.int32()))])


def is_ndarray(arrow_type: pa.DataType) -> bool:
    """Whether a column of this type holds arrays."""
    return bool(arrow_type == NDARRAY)


def ndarray_scalar(value: np.ndarray[Any, Any]) -> pa.Scalar:
    """One array as a scalar of the column type."""
    return from_arrays([value])[0]


def from_arrays(values: Sequence[np.ndarray[Any, Any] | None]) -> pa.Array:
    """Pack arrays (None = missing) into a column."""
    rows = [
        None if v is None else {"data": np.ravel(v).astype(np.float32), "shape": list(np.shape(v))}
        for v in values
    ]
    return pa.array(rows, NDARRAY)


def from_flat(
    flat: np.ndarray[Any, Any], offsets: np.ndarray[Any, Any], shapes: pa.Array
) -> pa.Array:
    """Pack all values of a batch, split at `offsets`, with the given per-row shapes."""
    data = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(flat.astype(np.float32, copy=False))
    )
    return pa.StructArray.from_arrays([data, shapes], fields=list(NDARRAY))


def flat_values(
    column: pa.Array,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], pa.Array]:
    """The values of all rows one after another, the row offsets, and the shapes column."""
    data = column.field("data")
    start = data.offsets[0].as_py() if len(column) else 0
    offsets = numpy_array(data.offsets) - start if len(column) else np.zeros(1, np.int32)
    flat = numpy_array(data.flatten())
    return flat, offsets, column.field("shape")


def stacked(column: pa.Array, shape: tuple[int, ...]) -> np.ndarray[Any, Any] | None:
    """All rows as one float32 array [rows, *shape], without copying; None unless all rows fit."""
    size = int(np.prod(shape))
    flat, offsets, _ = flat_values(column)
    if column.null_count or (np.diff(offsets) != size).any():
        return None
    # Arrow hands out its memory read-only, also where it is nobody else's.
    values = flat.astype(np.float32, copy=False)
    return values.reshape(len(column), *shape)


def to_arrays(column: pa.Array) -> list[np.ndarray[Any, Any] | None]:
    """Unpack a column into one float32 array per row."""
    out: list[np.ndarray[Any, Any] | None] = []
    for row in column:
        if not row.is_valid:
            out.append(None)
            continue
        data = numpy_array(row["data"].values)
        out.append(np.array(data, np.float32).reshape(row["shape"].as_py()))
    return out
