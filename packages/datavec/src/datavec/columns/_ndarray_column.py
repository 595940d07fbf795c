"""Arrow form of NDArray columns: one struct of flat values and shape per row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ._arrow_arrays import arrow_array, numpy_array
from ._tensors import flat_tensor

__all__ = [
    "NDARRAY",
    "flat_values",
    "from_arrays",
    "from_flat",
    "from_tensors",
    "is_ndarray",
    "ndarray_scalar",
    "stacked",
    "to_arrays",
]

NDARRAY = pa.struct([("data", pa.list_(pa.float32())), ("shape", pa.list_(pa.int32()))])


def is_ndarray(arrow_type: pa.DataType) -> bool:
    """Whether a column of this type holds arrays."""
    return bool(arrow_type == NDARRAY)


def from_tensors(column: pa.Array, shape: tuple[int, ...]) -> pa.Array:
    """A column of fixed-size lists or tensors as arrays, without copying numbers that are float32.

    `shape` is that of the schema; where it does not fit, arrays keep the shape they come with.
    """
    flat, own = flat_tensor(column)
    size = int(np.prod(own))
    if -1 not in shape and int(np.prod(shape)) == size:
        own = shape
    rows = len(column)
    count = np.arange(rows + 1, dtype=np.int32)
    offsets, starts = arrow_array(count * size), arrow_array(count * len(own))
    shapes = pa.ListArray.from_arrays(
        starts, arrow_array(np.tile(np.array(own, np.int32), rows)), type=NDARRAY["shape"].type
    )
    data = pa.ListArray.from_arrays(offsets, flat.cast(pa.float32()), type=NDARRAY["data"].type)
    missing = column.is_null() if column.null_count else None
    return pa.StructArray.from_arrays([data, shapes], fields=list(NDARRAY), mask=missing)


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
        arrow_array(offsets.astype(np.int32, copy=False)),
        arrow_array(flat.astype(np.float32, copy=False)),
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
