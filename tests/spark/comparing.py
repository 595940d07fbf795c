"""Data as DataFrames, and results of Spark beside those of local execution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from datavec import Schema, TransformProcess
from datavec.columns._convert import plain_text
from datavec.columns._frame import Frame
from datavec.spark import SparkBatches
from datavec.spark._result import _serialized
from datavec.spark._types import collected, positional


def table_of(frame: Frame) -> pa.Table:
    """The columns of a frame as they are, text unparsed; a column of gaps gets its schema's type."""
    columns = []
    for meta, column in zip(frame.schema, frame.columns, strict=True):
        plain = plain_text(column)
        columns.append(plain.cast(meta.arrow_type) if pa.types.is_null(plain.type) else plain)
    if frame.offsets is not None:
        starts = pa.array(frame.offsets, pa.int32())
        columns = [pa.ListArray.from_arrays(starts, c) for c in columns]
    return pa.table(columns, names=frame.schema.column_names)


def dataframe(spark: Any, table: pa.Table) -> Any:
    """A DataFrame in the order of the table."""
    return spark.createDataFrame(table)


def collect_many(results: list[SparkBatches]) -> list[pa.Table]:
    """All of several results by one job."""
    from pyspark.sql import functions as f

    parts = [
        positional(r.dataframe)
        .mapInArrow(_serialized, "batch binary")
        .withColumn("number", f.lit(i))
        for i, r in enumerate(results)
    ]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.union(part)
    batches: list[list[pa.RecordBatch]] = [[] for _ in results]
    for data, number in whole.collect():
        schema = results[number].schema
        with pa.ipc.open_stream(bytes(data)) as reader:
            batches[number] += [collected(b, schema) for b in reader]
    return [
        pa.Table.from_batches(b, schema=r.schema.to_arrow())
        for b, r in zip(batches, results, strict=True)
    ]


def regroups(process: TransformProcess) -> bool:
    """Whether the order of the results is not defined."""
    return any(a.whole_data for a in process.actions)


def assert_equal(ours: pa.Table, local: pa.Table, *, ordered: bool) -> None:
    """Types and values are the same, sums of floats up to the order of adding."""
    assert ours.schema.equals(local.schema), f"{ours.schema}\nlocal\n{local.schema}"
    assert ours.num_rows == local.num_rows
    mine, theirs = _rows(ours), _rows(local)
    if not ordered:
        mine, theirs = sorted(mine, key=_sortable), sorted(theirs, key=_sortable)
    for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        assert _same(a, b), f"row {i}: {a}\nlocal {b}"


def _rows(table: pa.Table) -> list[list[Any]]:
    columns = [_plain(c.combine_chunks()).to_pylist() for c in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _plain(column: Any) -> pa.Array:
    """Times as numbers: Python has no time with milliseconds that is exact and sorts."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64())
    if pa.types.is_list(column.type) and pa.types.is_timestamp(column.type.value_type):
        return column.cast(pa.list_(pa.int64()))
    return column


def _sortable(value: Any) -> Any:
    if isinstance(value, dict):
        return _sortable(list(value.values()))
    if isinstance(value, list):
        return tuple(map(_sortable, value))
    if isinstance(value, float):
        value = float(np.format_float_scientific(value, 8)) if math.isfinite(value) else value
    return (value is None, str(type(value)), repr(value))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    return type(a) is type(b) and a == b


def schema_of(text: str) -> Schema:
    """A schema from ``"name:type …"``, types as the builder's methods name them."""
    builder = Schema.builder()
    for part in text.split():
        name, kind = part.split(":")
        getattr(builder, f"add_column_{kind}")(name)
    return builder.build()
