"""Arrow batches to frames and back; Python records to frames and back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import DataVecError, InvalidValueError, SchemaError
from ..schema._metadata import AbstractColumnMetaData, NDArrayMetaData
from ..schema._schema import Schema
from ..writables._writable import Writable
from ._convert import is_text, to_type
from ._frame import Array, Frame
from ._ndarray_column import from_arrays, from_tensors, is_ndarray, to_arrays
from ._tensors import is_tensor

__all__ = [
    "frame_from_batch",
    "frame_from_records",
    "frame_from_sequences",
    "frame_to_batch",
    "frame_to_records",
    "frame_to_sequences",
    "usual_column",
]

_ENCODED_TEXT = pa.dictionary(pa.int32(), pa.string())


def frame_from_batch(schema: Schema, batch: pa.RecordBatch) -> Frame:
    """Columns of a batch by name; lists become sequences under a sequence schema.

    Raises:
        SchemaError: a column is missing.
    """
    columns: list[pa.Array] = []
    offsets: Array | None = None
    for meta in schema:
        index = batch.schema.get_field_index(meta.name)
        if index < 0:
            found = "two columns" if meta.name in batch.schema.names else "no column"
            raise SchemaError(
                f'the data have {found} "{meta.name}"; their columns are '
                f"{', '.join(map(repr, batch.schema.names))}"
            )
        column = batch.column(index)
        if schema.is_sequence:
            if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
                raise SchemaError(
                    f'column "{meta.name}": a sequence schema needs list columns, '
                    f"received {column.type}"
                )
            own = column.offsets.to_numpy().astype(np.int64)
            values = column.values.slice(int(own[0]), int(own[-1] - own[0]))
            own = own - own[0]
            if offsets is not None and not np.array_equal(own, offsets):
                raise SchemaError(f'column "{meta.name}": sequence lengths differ between columns')
            column, offsets = values, own
        if isinstance(meta, NDArrayMetaData) and is_tensor(column.type):
            columns.append(from_tensors(column, meta.shape))
        else:
            columns.append(usual_column(column))
    rows = batch.num_rows if offsets is None else int(offsets[-1])
    return Frame(schema, tuple(columns), rows, offsets)


def usual_column(column: pa.Array) -> pa.Array:
    """A column in a type that steps know; tables made elsewhere come with others."""
    t = column.type
    if pa.types.is_dictionary(t):
        usual = t if is_text(t) or not is_text(_usual_type(t.value_type)) else _ENCODED_TEXT
    else:
        usual = _usual_type(t)
    return column if usual == t else column.cast(usual, safe=False)  # microseconds are cut


def _usual_type(t: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(t):
        return pa.timestamp("ms", t.tz)
    if pa.types.is_date(t):
        return pa.timestamp("ms")
    if pa.types.is_string_view(t):
        return pa.string()
    if pa.types.is_binary_view(t) or pa.types.is_large_binary(t):
        return pa.binary()
    if pa.types.is_decimal(t):
        return pa.float64()
    return pa.float32() if pa.types.is_float16(t) else t


def frame_to_batch(frame: Frame, on_invalid: str = "raise") -> pa.RecordBatch:
    """A batch with the schema's Arrow types; text that is still unparsed is parsed here."""
    columns = [
        to_type(c, m.arrow_type, m.name, on_invalid)
        for m, c in zip(frame.schema, frame.columns, strict=True)
    ]
    if frame.offsets is None:
        return pa.RecordBatch.from_arrays(columns, schema=frame.schema.to_arrow())
    starts = pa.array(frame.offsets, pa.int32())
    lists = [pa.ListArray.from_arrays(starts, c) for c in columns]
    return pa.RecordBatch.from_arrays(lists, schema=frame.schema.to_arrow())


# --- Python values -----------------------------------------------------------------------------


def column_from_values(values: Sequence[Any], meta: AbstractColumnMetaData) -> pa.Array:
    """Build a column from Python values or Writables; text stays text, to be parsed when used.

    Raises:
        InvalidValueError: values that no column can hold, such as integers of more than 64 bits.
    """
    try:
        return _column(values, meta)
    except DataVecError:
        raise
    except _NO_VALUE:
        rows = [i for i, v in enumerate(values) if not _holdable(v, meta)]
        expected = f"a value for a column of type {meta.column_type.value}"
        value = values[rows[0]] if rows else None
        raise InvalidValueError(meta.name, expected, value, rows) from None


# Arrow's errors of the first kind are ValueErrors, too; so is a text that is no Unicode.
_NO_VALUE = (ValueError, OverflowError, pa.ArrowTypeError, pa.ArrowNotImplementedError)


def _holdable(value: Any, meta: AbstractColumnMetaData) -> bool:
    try:
        _column([value], meta)
    except _NO_VALUE:
        return False
    return True


def _column(values: Sequence[Any], meta: AbstractColumnMetaData) -> pa.Array:
    try:
        # The common case: all of one plain type that fits the column.
        if not any(isinstance(v, (str, Writable, np.ndarray, list)) for v in values):
            return pa.array(values, meta.arrow_type)
        if all(isinstance(v, str) for v in values):
            return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        pass
    writables = [Writable.of(v, meta.column_type.value) for v in values]
    kinds = {w.kind for w in writables} - {"Null"}
    if not kinds:
        return pa.nulls(len(values))
    if kinds == {"NDArray"}:
        return from_arrays([None if w.kind == "Null" else np.asarray(w.value) for w in writables])
    if len(kinds) == 1 or kinds <= {"Byte", "Bytes"}:
        arrow_type = writables[[w.kind for w in writables].index(next(iter(kinds)))].arrow_type
        return pa.array([w.scalar().as_py() for w in writables], arrow_type)
    if kinds <= {"Int", "Long"}:
        return pa.array([w.value for w in writables], pa.int64())
    if kinds <= {"Int", "Float", "Double", "Long"} and not is_text(meta.arrow_type):
        return pa.array([None if w.value is None else float(w.value) for w in writables])
    if "NDArray" in kinds:
        raise DataVecError(
            f'column "{meta.name}": arrays and other values cannot stand in one column'
        )
    return pa.array([None if w.kind == "Null" else w.text() for w in writables], pa.string())


def frame_from_records(schema: Schema, records: Sequence[Sequence[Any]]) -> Frame:
    """A frame from rows of Python values (numbers, text, None, arrays) or Writables.

    Raises:
        SchemaError: a record of the wrong width, naming its position.
    """
    width = len(schema)
    for i, record in enumerate(records):
        if len(record) != width:
            raise SchemaError(
                f"record {i}: expected {width} values ({', '.join(schema.column_names)}), "
                f"received {len(record)}"
            )
    columns = tuple(
        column_from_values([r[i] for r in records], meta) for i, meta in enumerate(schema)
    )
    return Frame(schema, columns, len(records))


def frame_from_sequences(schema: Schema, sequences: Sequence[Sequence[Sequence[Any]]]) -> Frame:
    """A frame from sequences (lists of steps, each a list of values)."""
    flat = frame_from_records(schema, [step for s in sequences for step in s])
    lengths = np.array([len(s) for s in sequences], np.int64)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Frame(schema, flat.columns, flat.num_rows, offsets)


def _values(column: pa.Array) -> list[Any]:
    if is_ndarray(column.type):
        return to_arrays(column)
    if pa.types.is_timestamp(column.type):
        return list(column.view(pa.int64()).to_pylist())
    return list(column.to_pylist())


def frame_to_records(frame: Frame, on_invalid: str = "raise") -> list[list[Any]]:
    """Rows of Python values with the schema's types; a Time value is its epoch milliseconds."""
    columns = []
    for m, c in zip(frame.schema, frame.columns, strict=True):
        typed = to_type(c, m.arrow_type, m.name, on_invalid)
        columns.append(_values(typed) if not is_text(typed.type) else typed.to_pylist())
    return [list(row) for row in zip(*columns, strict=True)]


def frame_to_sequences(frame: Frame, on_invalid: str = "raise") -> list[list[list[Any]]]:
    """Sequences of rows, as `frame_to_records`."""
    rows = frame_to_records(frame, on_invalid)
    offsets = frame.need_offsets("frame_to_sequences").tolist()
    return [rows[a:b] for a, b in pairwise(offsets)]
