"""Datavec schemas as Spark's struct types and back, and columns as they cross that border."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .._errors import InvalidValueError, SchemaError, SerializationError
from .._serde import decode, encode
from ..columns._ndarray_column import NDARRAY
from ..schema._metadata import (
    AbstractColumnMetaData,
    BinaryMetaData,
    BooleanMetaData,
    ColumnType,
    DoubleMetaData,
    FloatMetaData,
    IntegerMetaData,
    LongMetaData,
    NDArrayMetaData,
    StringMetaData,
    TimeMetaData,
)
from ..schema._schema import Schema, SequenceSchema
from ..text._zones import local_to_utc
from ._requirement import need_pyspark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructType

__all__ = ["schema_from_struct_type", "struct_type"]

_METADATA_KEY = "datavec"
_MS_PER_DAY = 86_400_000
_TIME_RANGE = "a time between the years -290308 and 294247, which is what Spark can hold"


# --- schemas -----------------------------------------------------------------------------------


def struct_type(schema: Schema) -> StructType:
    """The Spark type of data with a schema: one field per column, arrays of values for sequences.

    Integer, Long, Double, Float, String, Boolean and Bytes columns get Spark's types of those
    names; Categorical is a string, Time a timestamp, and an NDArray a struct of its flat float32
    ``data`` and its ``shape``. States, bounds, formats and time zones are kept in the fields'
    metadata, where `schema_from_struct_type` finds them again, also after writing and reading
    Parquet files.

    Answers to ``DataFrames.fromSchema`` and ``fromSchemaSequence``.

    Raises:
        ImportError: PySpark is not installed.

    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_double("x").add_column_time("at", "UTC").build()
    >>> struct_type(schema).simpleString()
    'struct<x:double,at:timestamp>'
    """
    need_pyspark()
    from pyspark.sql.types import ArrayType, StructField, StructType

    fields = []
    for meta in schema:
        kind = spark_type(meta.arrow_type)
        if schema.is_sequence:
            kind = ArrayType(kind)
        described = {_METADATA_KEY: json.dumps(encode(meta))}
        fields.append(StructField(meta.name, kind, True, described))
    return StructType(fields)


def schema_from_struct_type(struct: StructType, *, sequence: bool | None = None) -> Schema:
    """The schema of a DataFrame: ``schema_from_struct_type(frame.schema)``.

    What `struct_type` wrote into a field's metadata is used where it still fits the field's type;
    other fields become unrestricted columns (dates and timestamps Time in UTC, decimals Double,
    8- and 16-bit integers Integer).

    Args:
        struct: the Spark type.
        sequence: whether records are sequences, one array of values per column. None: they are
            when every field is an array.

    Answers to ``DataFrames.fromStructType``.

    Raises:
        SchemaError: a field of a type that no column has, naming it.
    """
    need_pyspark()
    from pyspark.sql.types import ArrayType

    if sequence is None:
        sequence = bool(struct.fields) and all(isinstance(f.dataType, ArrayType) for f in struct)
    columns = []
    for field in struct:
        kind = field.dataType
        if sequence:
            if not isinstance(kind, ArrayType):
                raise SchemaError(
                    f'column "{field.name}": sequences need array columns, '
                    f"received {kind.simpleString()}"
                )
            kind = kind.elementType
        columns.append(_kept_metadata(field.metadata, kind, field.name) or _new(kind, field.name))
    return SequenceSchema(tuple(columns)) if sequence else Schema(tuple(columns))


def _kept_metadata(metadata: Any, kind: DataType, name: str) -> AbstractColumnMetaData | None:
    text = (metadata or {}).get(_METADATA_KEY)
    if not isinstance(text, str):
        return None
    try:
        meta: AbstractColumnMetaData = decode(AbstractColumnMetaData, json.loads(text))
    except (SerializationError, SchemaError, ValueError):
        return None  # written by somebody else under our name
    return meta.renamed(name) if spark_type(meta.arrow_type) == kind else None


def _new(kind: DataType, name: str) -> AbstractColumnMetaData:
    if kind.simpleString() == spark_type(NDARRAY).simpleString():
        return NDArrayMetaData(name, (-1,))
    make = _METADATA.get(kind.typeName().partition("(")[0])
    if make is None:
        raise SchemaError(
            f'column "{name}": a column of Spark\'s type {kind.simpleString()} has no counterpart; '
            "cast it, or drop it before"
        )
    made: AbstractColumnMetaData = make(name)
    return made


_METADATA: dict[str, Any] = {
    "string": StringMetaData,
    "char": StringMetaData,
    "varchar": StringMetaData,
    "byte": IntegerMetaData,
    "short": IntegerMetaData,
    "integer": IntegerMetaData,
    "long": LongMetaData,
    "double": DoubleMetaData,
    "decimal": DoubleMetaData,
    "float": FloatMetaData,
    "boolean": BooleanMetaData,
    "binary": BinaryMetaData,
    "timestamp": TimeMetaData,
    "timestamp_ntz": TimeMetaData,
    "date": TimeMetaData,
}


def spark_type(arrow_type: pa.DataType) -> DataType:
    """The Spark type that holds values of an Arrow type; raises SchemaError."""
    from pyspark.sql import types as t

    simple = {
        pa.string(): t.StringType,
        pa.bool_(): t.BooleanType,
        pa.int8(): t.ByteType,
        pa.int16(): t.ShortType,
        pa.int32(): t.IntegerType,
        pa.int64(): t.LongType,
        pa.float32(): t.FloatType,
        pa.float64(): t.DoubleType,
        pa.binary(): t.BinaryType,
    }
    if arrow_type in simple:
        made: DataType = simple[arrow_type]()
        return made
    if pa.types.is_timestamp(arrow_type):
        return t.TimestampType()
    if pa.types.is_list(arrow_type):
        return t.ArrayType(spark_type(arrow_type.value_type))
    if pa.types.is_struct(arrow_type):
        return t.StructType([t.StructField(f.name, spark_type(f.type)) for f in arrow_type])
    raise SchemaError(f"Spark has no type for Arrow's {arrow_type}")


def arrow_type_of(kind: DataType) -> pa.DataType:
    """The Arrow type in which Spark hands over values of a type, as `received` leaves it."""
    from pyspark.sql.types import ArrayType, StructType

    if isinstance(kind, ArrayType):
        return pa.list_(arrow_type_of(kind.elementType))
    if isinstance(kind, StructType):
        return pa.struct([(f.name, arrow_type_of(f.dataType)) for f in kind])
    if kind.typeName() == "void":
        return pa.null()
    return _new(kind, "").arrow_type


def positional(data: DataFrame) -> DataFrame:
    """The columns under names that Spark can resolve: dots and case make others ambiguous."""
    return data.toDF(*(f"c{i}" for i in range(len(data.columns))))


# --- columns -----------------------------------------------------------------------------------


def received(column: pa.Array, meta: AbstractColumnMetaData) -> pa.Array:
    """A column from Spark in a type that the steps work on; lists are converted inside.

    Timestamps become milliseconds, rounded down. Dates and timestamps without time zone are taken
    as local times of the column's zone (UTC, when it is no Time column).
    """
    t = column.type
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        inner = received(column.values, meta)
        return column if inner is column.values else type(column).from_arrays(column.offsets, inner)
    if pa.types.is_timestamp(t):
        return _milliseconds(column, t, meta)
    if pa.types.is_date32(t):
        return _local(column.cast(pa.int32()).cast(pa.int64()), _MS_PER_DAY, meta)
    if pa.types.is_decimal(t):
        return column.cast(pa.float64())
    if pa.types.is_integer(t) and t.bit_width < 32:
        return column.cast(pa.int32())
    if pa.types.is_large_string(t):
        return column.cast(pa.string())
    if pa.types.is_large_binary(t):
        return column.cast(pa.binary())
    if pa.types.is_struct(t) and meta.column_type is ColumnType.NDARRAY and t != NDARRAY:
        return column.cast(NDARRAY)
    return column


_UNITS = {"s": 1, "ms": 1, "us": 1000, "ns": 1_000_000}


def _milliseconds(column: pa.Array, t: pa.DataType, meta: AbstractColumnMetaData) -> pa.Array:
    numbers = column.view(pa.int64())
    if t.tz is None:
        if t.unit != "us":
            numbers = column.cast(pa.timestamp("us")).view(pa.int64())
        return _local(_floored(numbers, 1000), 1, meta)
    if t.unit == "s":
        return column.cast(_time_type(meta))
    return _floored(numbers, _UNITS[t.unit]).cast(_time_type(meta))


def _floored(numbers: pa.Array, divisor: int) -> pa.Array:
    """Whole quotients, rounded down also before 1970."""
    if divisor == 1:
        return numbers
    values = numbers.fill_null(0).to_numpy() // divisor
    return pa.array(values, mask=_missing(numbers))


def _local(numbers: pa.Array, unit_ms: int, meta: AbstractColumnMetaData) -> pa.Array:
    local = numbers.fill_null(0).to_numpy() * unit_ms
    instants, _ = local_to_utc(local, meta.time_zone if isinstance(meta, TimeMetaData) else "UTC")
    return pa.array(instants, mask=_missing(numbers)).cast(_time_type(meta))


def _missing(column: pa.Array) -> np.ndarray[Any, Any] | None:
    if not column.null_count:
        return None
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False))


def _time_type(meta: AbstractColumnMetaData) -> pa.DataType:
    return meta.arrow_type if isinstance(meta, TimeMetaData) else pa.timestamp("ms", "UTC")


def handed_over(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch of results with the types that Spark takes: its timestamps are microseconds.

    Raises:
        InvalidValueError: a time beyond what 64-bit microseconds hold.
    """
    columns = [
        _microseconds(c, name) for name, c in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


_LIMIT = (1 << 63) // 1000 - 1


def _microseconds(column: pa.Array, name: str) -> pa.Array:
    t = column.type
    if pa.types.is_list(t):
        inner = _microseconds(column.values, name)
        return column if inner is column.values else pa.ListArray.from_arrays(column.offsets, inner)
    if not pa.types.is_timestamp(t):
        return column
    values = column.view(pa.int64()).fill_null(0).to_numpy()
    beyond = np.flatnonzero(np.abs(values) > _LIMIT)
    if len(beyond):
        raise InvalidValueError(name, _TIME_RANGE, int(values[beyond[0]]), beyond.tolist())
    return pa.array(values * 1000, mask=_missing(column)).cast(pa.timestamp("us", "UTC"))


def collected(batch: pa.RecordBatch, schema: Schema) -> pa.RecordBatch:
    """A batch that came from Spark to the driver, with the Arrow types of local execution."""
    target = schema.to_arrow()
    columns = [
        received(c, meta).cast(f.type)
        for c, meta, f in zip(batch.columns, schema, target, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=target)
