"""Joins by Spark's own join, on keys that compare as local execution compares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .._errors import SchemaError
from .._policy import ErrorPolicy
from ..columns._arrow_io import frame_to_batch
from ..columns._convert import to_type
from ..columns._frame import Frame
from ..process._join import Join, JoinType, comparable
from ..process._mending import Mender
from ..process._process import TransformProcess
from ..schema._metadata import AbstractColumnMetaData, ColumnType
from ._accounts import Accounts
from ._execute import input_of
from ._requirement import need_pyspark
from ._result import SparkBatches, partition_counter
from ._stage import AbstractSink, Stage, Task
from ._types import handed_over, spark_type, struct_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructField

    from ..schema._schema import Schema

__all__ = ["execute_join"]

_HOW = {
    JoinType.INNER: "inner",
    JoinType.LEFT_OUTER: "left",
    JoinType.RIGHT_OUTER: "right",
    JoinType.FULL_OUTER: "full",
}


def execute_join(
    join: Join,
    left: DataFrame | SparkBatches,
    right: DataFrame | SparkBatches,
    *,
    on_error: str | ErrorPolicy = "raise",
    replacements: Mapping[str, Any] | None = None,
) -> SparkBatches:
    """Join two DataFrames as `Join.execute` joins tables.

    Spark chooses how (by sorting or by sending a small side everywhere); results come in no
    particular order.

    Answers to ``SparkTransformExecutor.executeJoin``.

    Args:
        join: what to join on, and which records without a partner are kept.
        left: a DataFrame with the columns of the left schema.
        right: a DataFrame with the columns of the right schema.
        on_error: ``raise``; ``skip`` records with values that do not fit their column's type; or
            ``replace`` these. Everything is counted in the result's ``errors``.
        replacements: value to use per column name, instead of bad ones.

    Raises:
        ImportError: PySpark is not installed.
        SchemaError: a DataFrame lacks a column.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Join, Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> people = spark.createDataFrame([(1, "ann"), (2, "bob")], "id int, name string")
    >>> scores = spark.createDataFrame([(2, 0.5)], "id int, x double")
    >>> join = Join(
    ...     "LeftOuter",
    ...     Schema.builder().add_column_integer("id").add_column_string("name").build(),
    ...     Schema.builder().add_column_integer("id").add_column_double("x").build(),
    ...     ["id"],
    ... )
    >>> sorted(execute_join(join, people, scores).read_all().to_pylist(), key=lambda r: r["id"])
    [{'id': 1, 'name': 'ann', 'x': None}, {'id': 2, 'name': 'bob', 'x': 0.5}]
    """
    need_pyspark()
    return _Joiner(join, ErrorPolicy.of(on_error, replacements)).result(_plain(left), _plain(right))


def _plain(data: DataFrame | SparkBatches) -> DataFrame:
    return data.dataframe if isinstance(data, SparkBatches) else data


@dataclass(frozen=True)
class _Joiner:
    join: Join
    policy: ErrorPolicy

    def result(self, left: DataFrame, right: DataFrame) -> SparkBatches:
        from pyspark.sql import functions as f

        join = self.join
        right_keys = join.right_keys or join.left_keys
        if join.left_schema.is_sequence or join.right_schema.is_sequence:
            raise SchemaError("execute_join: joins records, not sequences")
        Mender.check(self.policy, (join.left_schema, join.right_schema))
        accounts = None if self.policy.raises else Accounts(left.sparkSession)
        left_sink, right_sink = self._sinks()
        sides = [
            self._sent(0, left, join.left_schema, left_sink, accounts),
            self._sent(1, right, join.right_schema, right_sink, accounts),
        ]
        condition = f.lit(True)
        for i in range(len(join.left_keys)):
            condition = condition & (f.col(f"lk{i}") == f.col(f"rk{i}"))
        joined = sides[0].join(sides[1], condition, _HOW[join.join_type])
        columns = []
        for i, meta in enumerate(join.left_schema):
            column = f.col(f"lc{i}")
            if meta.name in join.left_keys and right_sink.fill:
                # A row of the right side alone gives its key.
                filled = f.col(f"rf{join.left_keys.index(meta.name)}")
                column = f.when(f.col("lp").isNotNull(), column).otherwise(filled)
            columns.append(column)
        for i, meta in enumerate(join.right_schema):
            if meta.name not in right_keys:
                columns.append(f.col(f"rc{i}"))
        fields = struct_type(join.output_schema).fields
        named = [
            column.alias(field.name, metadata=field.metadata)
            for column, field in zip(columns, fields, strict=True)
        ]
        counter = partition_counter(left, right)
        return SparkBatches(joined.select(*named), join.output_schema, accounts, counter)

    def _sinks(self) -> tuple[JoinSink, JoinSink]:
        """What each side sends; keys of different kinds never match, so they are sent missing."""
        join = self.join
        left = [join.left_schema.metadata(k) for k in join.left_keys]
        right = [join.right_schema.metadata(k) for k in join.right_keys or join.left_keys]
        kinds = []
        for a, b in zip(left, right, strict=True):
            for meta in (a, b):
                if meta.column_type is ColumnType.NDARRAY:
                    raise SchemaError(f'Join: column "{meta.name}" holds arrays, which are no keys')
            one, other = (comparable(pa.array([], m.arrow_type)).type for m in (a, b))
            kinds.append(one if one == other else None)
        outer = join.join_type in (JoinType.RIGHT_OUTER, JoinType.FULL_OUTER)
        fill = tuple(left) if outer else ()
        names = tuple(m.name for m in left), tuple(m.name for m in right)
        return (
            JoinSink("l", join.left_schema, names[0], tuple(kinds), ()),
            JoinSink("r", join.right_schema, names[1], tuple(kinds), fill),
        )

    def _sent(
        self, number: int, data: DataFrame, schema: Schema, sink: JoinSink, accounts: Any
    ) -> DataFrame:
        from pyspark.sql.types import StructType

        source, _, used = input_of(schema, data)
        process = TransformProcess(schema, ())
        stage = Stage(number, process, 0, 0, source, sink, self.policy, accounts)
        return used.mapInArrow(stage, StructType(sink.fields()))


@dataclass(frozen=True)
class JoinSink(AbstractSink):
    """The records of one side, typed, with their keys in a form that Spark compares as we do.

    Args:
        side: first letter of the columns' names.
        schema: of the side.
        keys: names of the key columns.
        kinds: Arrow types in which keys are compared; None for a key that never matches.
        fill: the other side's key columns that take the values of these keys; none if none do.
    """

    side: str
    schema: Schema
    keys: tuple[str, ...]
    kinds: tuple[pa.DataType | None, ...]
    fill: tuple[AbstractColumnMetaData, ...]

    def fields(self) -> list[StructField]:
        from pyspark.sql.types import BooleanType, StructField

        side = self.side
        fields = [
            StructField(f"{side}c{i}", spark_type(m.arrow_type)) for i, m in enumerate(self.schema)
        ]
        fields += [
            StructField(f"{side}k{i}", spark_type(_sent_type(kind)))
            for i, kind in enumerate(self.kinds)
        ]
        fields += [
            StructField(f"{side}f{i}", spark_type(m.arrow_type)) for i, m in enumerate(self.fill)
        ]
        return [*fields, StructField(f"{side}p", BooleanType())]

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        for frame in frames:
            batch, _ = task.applied(frame, self._batch, where="Join")
            if batch.num_rows:
                yield batch

    def _batch(self, frame: Frame) -> pa.RecordBatch:
        typed = frame_to_batch(frame)
        key_columns = [typed.column(self.schema.index_of(k)) for k in self.keys]
        filled = [
            to_type(c, m.arrow_type, name)
            for c, m, name in zip(key_columns, self.fill, self.keys, strict=False)
        ]
        keys = [_sent_key(c, kind) for c, kind in zip(key_columns, self.kinds, strict=True)]
        present = pa.array(np.ones(typed.num_rows, bool))
        names = [f"{self.side}c{i}" for i in range(len(self.schema))]
        names += [f"{self.side}k{i}" for i in range(len(keys))]
        names += [f"{self.side}f{i}" for i in range(len(filled))] + [f"{self.side}p"]
        columns = [*typed.columns, *keys, *filled, present]
        return handed_over(pa.RecordBatch.from_arrays(columns, names))


def _sent_type(kind: pa.DataType | None) -> pa.DataType:
    return pa.int64() if kind is None or pa.types.is_floating(kind) else kind


def _sent_key(column: pa.Array, kind: pa.DataType | None) -> pa.Array:
    """Keys as Spark is to compare them: floats by their bits, and NaN as no key at all."""
    if kind is None:
        return pa.nulls(len(column), pa.int64())
    keys = comparable(column)
    if not pa.types.is_floating(kind):
        return keys
    lost = keys.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    return pa.array(keys.fill_null(0.0).to_numpy().view(np.int64), mask=lost)
