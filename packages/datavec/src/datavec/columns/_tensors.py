"""Arrow columns of numbers and of arrays as NDArrays, and batches as Arrow columns; without copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

import nd4py

from .._errors import DataVecError, shown
from ._arrow_arrays import arrow_array, numpy_array

__all__ = ["arrow_to_ndarray"]

Array = np.ndarray[Any, Any]


def arrow_to_ndarray(data: Any) -> nd4py.NDArray:
    """A column of numbers as an NDArray that shares its memory.

    Numbers give [rows]; fixed-size lists (also nested) and tensors give [rows, …]. The memory is the
    column's, read-only where that is. Data in several chunks, and booleans, are copied.

    Args:
        data: a pyarrow array, or anything with ``__arrow_c_array__`` or ``__arrow_c_stream__`` that
            is one column, such as a polars Series.

    Raises:
        DataVecError: missing values, or a column of something else.
        TypeError: no Arrow data.

    >>> import pyarrow as pa
    >>> arrow_to_ndarray(pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2))).shape
    (2, 2)
    """
    column = _one_column(data)
    flat, shape = flat_tensor(column)
    if column.null_count or flat.null_count:
        raise DataVecError(
            f"arrow_to_ndarray: {column.null_count or flat.null_count} values are missing; fill or "
            "drop them first"
        )
    return nd4py.asarray(numpy_array(flat).reshape(len(column), *shape))


def _one_column(data: Any) -> Any:
    if isinstance(data, pa.Array):
        return data
    if not isinstance(data, pa.ChunkedArray):
        if hasattr(data, "__arrow_c_stream__"):
            data = pa.chunked_array(data)
        elif hasattr(data, "__arrow_c_array__"):
            data = pa.array(data)
        else:
            raise TypeError(
                f"arrow_to_ndarray: expected an Arrow array, received {shown(data)} "
                f"({type(data).__name__})"
            )
    if isinstance(data, pa.Array):
        return data
    return data.chunk(0) if data.num_chunks == 1 else data.combine_chunks()


def is_tensor(arrow_type: pa.DataType) -> bool:
    """Whether a column of this type holds arrays of one shape."""
    tensor = isinstance(arrow_type, pa.FixedShapeTensorType)
    return tensor or bool(pa.types.is_fixed_size_list(arrow_type))


def flat_tensor(column: Any) -> tuple[Any, tuple[int, ...]]:
    """The numbers of all rows one after another, those of missing rows included, and a row's shape.

    Raises:
        DataVecError: neither numbers nor arrays of numbers.
    """
    shape: tuple[int, ...] = ()
    if isinstance(column.type, pa.FixedShapeTensorType):
        given = column.type
        if given.permutation is not None and given.permutation != sorted(given.permutation):
            raise DataVecError(f"a tensor column must have its values in order, received {given}")
        flat, rest = flat_tensor(column.storage)
        return flat, (*given.shape, *rest[1:])
    while pa.types.is_fixed_size_list(column.type):
        size = column.type.list_size
        # flatten() would leave out missing rows.
        column = column.values.slice(column.offset * size, len(column) * size)
        shape += (size,)
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise DataVecError(f"expected numbers or arrays of numbers, received {kind}")
    return column, shape


def tensor_array(values: Array) -> Any:
    """An array [rows, …] as a column of fixed-size lists, or of tensors where rows have more axes."""
    shape = values.shape[1:]
    flat = arrow_array(np.ascontiguousarray(values).reshape(-1))
    kind = pa.list_(flat.type, int(np.prod(shape)))
    lists = pa.FixedSizeListArray.from_arrays(flat, type=kind)
    if len(shape) < 2:
        return lists
    return pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(flat.type, shape), lists)


def batch_stream(batches: Iterator[Any], widths: tuple[int, int]) -> pa.RecordBatchReader:
    """DataSets as record batches with the columns ``features`` and, where there are any, ``labels``.

    `widths` of both are used when there is no batch to tell.
    """
    first = next(batches, None)
    if first is None:
        names = ("features", "labels")[: 2 if widths[1] else 1]
        fields = [
            pa.field(n, pa.list_(pa.float32(), w)) for n, w in zip(names, widths, strict=False)
        ]
        return pa.RecordBatchReader.from_batches(pa.schema(fields), [])
    head = _record_batch(first)

    def rest() -> Iterator[pa.RecordBatch]:
        yield head
        yield from map(_record_batch, batches)

    return pa.RecordBatchReader.from_batches(head.schema, rest())


def _record_batch(data: Any) -> pa.RecordBatch:
    given = {"features": data.features, "labels": data.labels}
    arrays = {n: tensor_array(np.asarray(a)) for n, a in given.items() if a is not None}
    return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))


def rows_at_once(schema: pa.Schema) -> int:
    """Rows of a batch that make a good piece of work: a block of some MB, not more."""
    largest = 1
    for kind in schema.types:
        size = 1
        kind = getattr(kind, "storage_type", kind)
        while pa.types.is_fixed_size_list(kind):
            size, kind = size * kind.list_size, kind.value_type
        largest = max(largest, size)
    return max(1, min(1 << 17, (1 << 23) // largest))
