"""Arrow columns from anywhere as columns of this package, and schemas made of their types."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import RecordFormatError, SchemaError
from ..columns._frame import Frame
from ..columns._ndarray_column import from_arrays, from_flat, is_ndarray
from ..schema._metadata import (
    AbstractColumnMetaData,
    BinaryMetaData,
    BooleanMetaData,
    ColumnType,
    NDArrayMetaData,
    new_metadata,
)
from ..schema._schema import Schema

__all__ = ["columns_frame", "looks_like_datavec", "schema_from_arrow"]

# What Deeplearning4j's ArrowConverter writes. Its integers are marked as unsigned.
_JAVA_TYPES = (
    pa.uint32(),
    pa.uint64(),
    pa.float32(),
    pa.float64(),
    pa.bool_(),
    pa.string(),
    pa.date64(),
    pa.binary(),
)


def looks_like_datavec(schema: pa.Schema) -> bool:
    """Whether a file may be Deeplearning4j's: then its unsigned integers are signed ones."""
    return (
        not schema.metadata
        and all(t in _JAVA_TYPES for t in schema.types)
        and any(t in _JAVA_TYPES[:2] for t in schema.types)
    )


# --- schemas -----------------------------------------------------------------------------------


def schema_from_arrow(schema: pa.Schema, *, signed: bool) -> Schema:
    """The columns of an Arrow schema; those of types that no column type fits are left out.

    Args:
        signed: the file is Deeplearning4j's, its unsigned integers are signed.

    Raises:
        SchemaError: no column is left, or a name occurs twice.
    """
    metas = [_metadata(f.name, f.type, signed) for f in schema]
    known = [m for m in metas if m is not None]
    if not known:
        raise SchemaError(
            f"no column of a type that can be read; the columns are {_listed(schema)}"
        )
    return Schema(tuple(known))


def _listed(schema: pa.Schema) -> str:
    return ", ".join(f"{f.name!r} ({f.type})" for f in schema) or "none"


def _metadata(name: str, t: pa.DataType, signed: bool) -> AbstractColumnMetaData | None:
    if isinstance(t, pa.BaseExtensionType):
        t = t.storage_type
    if pa.types.is_dictionary(t):
        t = t.value_type
    if _element(t) is not None or is_ndarray(t):
        shape = (t.list_size,) if pa.types.is_fixed_size_list(t) else (-1,)
        return NDArrayMetaData(name, shape)
    kind = _column_type(t, signed)
    if kind is ColumnType.BOOLEAN:  # "new" Boolean columns are Categorical ones, as in the original
        return BooleanMetaData(name)
    if kind is ColumnType.BYTES:
        return BinaryMetaData(name)
    return None if kind is None else new_metadata(kind, name)


def _column_type(t: pa.DataType, signed: bool) -> ColumnType | None:
    types = pa.types
    if types.is_uint32(t):
        return ColumnType.INTEGER if signed else ColumnType.LONG
    if types.is_int64(t) or types.is_uint64(t):
        return ColumnType.LONG
    if types.is_integer(t):
        return ColumnType.INTEGER
    if types.is_float64(t) or types.is_decimal(t):
        return ColumnType.DOUBLE
    if types.is_floating(t):
        return ColumnType.FLOAT
    if types.is_boolean(t):
        return ColumnType.BOOLEAN
    if types.is_timestamp(t) or types.is_date(t):
        return ColumnType.TIME
    if types.is_string(t) or types.is_large_string(t) or types.is_string_view(t):
        return ColumnType.STRING
    if _is_bytes(t):
        return ColumnType.BYTES
    return None


def _is_bytes(t: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_binary(t)
        or types.is_large_binary(t)
        or types.is_fixed_size_binary(t)
        or types.is_binary_view(t)
    )


def _element(t: pa.DataType) -> pa.DataType | None:
    """Element type of a list of numbers."""
    types = pa.types
    if not (types.is_list(t) or types.is_large_list(t) or types.is_fixed_size_list(t)):
        return None
    number = types.is_floating(t.value_type) or types.is_integer(t.value_type)
    return t.value_type if number else None


# --- columns -----------------------------------------------------------------------------------


def columns_frame(
    schema: Schema, batch: pa.RecordBatch, needed: frozenset[str], *, signed: bool, checked: bool
) -> Frame:
    """The needed columns of a batch by name; the others become placeholders without memory.

    Args:
        checked: the data come from a file and were not checked yet, not even that offsets and
            UTF-8 are sound.

    Raises:
        SchemaError: a column that is missing, or of a type that no column type fits.
        pa.ArrowInvalid: damaged data.
    """
    columns = []
    for meta in schema:
        if meta.name not in needed:
            columns.append(pa.nulls(batch.num_rows))
            continue
        column = batch.column(need_column(batch.schema, meta.name))
        if not checked:
            # A date64 of Deeplearning4j is no whole day, which a full check would refuse.
            column.validate(full=not pa.types.is_date64(column.type))
        columns.append(_column(column, meta, signed))
    return Frame(schema, tuple(columns), batch.num_rows)


def need_column(schema: pa.Schema, name: str) -> int:
    """Position of a column; raises SchemaError where there is none, or more than one."""
    index = schema.get_field_index(name)
    if index < 0:
        found = "twice" if name in schema.names else "not"
        raise SchemaError(
            f'the column "{name}" is {found} among those of the file: {_listed(schema)}'
        )
    return int(index)


def _column(column: pa.Array, meta: AbstractColumnMetaData, signed: bool) -> pa.Array:
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    types, t = pa.types, column.type
    if types.is_dictionary(t):
        if types.is_string(t.value_type):
            return column
        column = column.dictionary_decode()
        t = column.type
    if types.is_uint32(t):
        return column.view(pa.int32()) if signed else column.cast(pa.int64())
    if types.is_uint64(t):
        return column.view(pa.int64()) if signed else column.cast(pa.int64())
    if types.is_integer(t):
        return column if t.bit_width >= 32 else column.cast(pa.int32())
    if types.is_decimal(t):
        return column.cast(pa.float64())
    if types.is_float16(t):
        return column.cast(pa.float32())
    if types.is_timestamp(t) or types.is_date(t):
        return _times(column, meta)
    if types.is_string_view(t):
        return column.cast(pa.string())
    if meta.column_type is ColumnType.NDARRAY:
        return _arrays(column, meta)
    if _is_bytes(t) and not types.is_binary(t):
        return column.cast(pa.binary())
    if _column_type(t, signed) is None and not types.is_null(t):
        raise SchemaError(f'column "{meta.name}" has the type {t}, which no column type fits')
    return column


def _times(column: pa.Array, meta: AbstractColumnMetaData) -> pa.Array:
    target = meta.arrow_type if meta.column_type is ColumnType.TIME else pa.timestamp("ms", "UTC")
    t = column.type
    if pa.types.is_date64(t):
        # Deeplearning4j's "dates" are milliseconds, not whole days.
        return column.view(pa.int64()).cast(target)
    if pa.types.is_date32(t):
        days = column.view(pa.int32()).cast(pa.int64())
        return pc.multiply_checked(days, 86_400_000).cast(target)
    # Finer times are cut to milliseconds; without a zone they are UTC.
    in_ms = column.cast(pa.timestamp("ms", t.tz), safe=False)
    return in_ms.view(pa.int64()).cast(target)


def _arrays(column: pa.Array, meta: AbstractColumnMetaData) -> pa.Array:
    t = column.type
    if is_ndarray(t):
        return _sound_arrays(column, meta)
    if pa.types.is_binary(t) or pa.types.is_large_binary(t):
        from nd4py.formats import read_array

        try:
            return from_arrays(
                [
                    None if v is None else np.asarray(read_array(v, "nd4j"))
                    for v in column.to_pylist()
                ]
            )
        except ValueError as e:
            raise RecordFormatError(
                f'column "{meta.name}": no array of Deeplearning4j: {e}'
            ) from None
    if _element(t) is None:
        raise SchemaError(f'column "{meta.name}" has the type {t}, expected arrays or number lists')
    if column.null_count or pc.list_flatten(column).null_count:
        rows = [None if v is None else np.array(v, np.float32) for v in column.to_pylist()]
        return from_arrays(rows)
    lengths = pc.list_value_length(column).to_numpy().astype(np.int64)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    shapes = pa.ListArray.from_arrays(
        pa.array(np.arange(len(column) + 1), pa.int32()), pa.array(lengths, pa.int32())
    )
    return from_flat(pc.list_flatten(column).to_numpy(zero_copy_only=False), offsets, shapes)


def _sound_arrays(column: pa.Array, meta: AbstractColumnMetaData) -> pa.Array:
    """Refuse arrays whose shape does not fit the number of their values."""
    for i, row in enumerate(
        zip(column.field("shape").to_pylist(), column.field("data"), strict=True)
    ):
        shape, data = row
        if shape is None or not data.is_valid:
            continue
        sound = all(n is not None and n >= 0 for n in shape)
        if not sound or int(np.prod(shape, dtype=object)) != len(data):
            raise RecordFormatError(
                f'column "{meta.name}", row {i}: an array of shape {shape} cannot have {len(data)} '
                "values"
            )
    return column
