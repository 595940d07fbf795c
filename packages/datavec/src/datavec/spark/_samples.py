"""Samples, frequent values, different values and extremes of the columns of DataFrames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa

from .._errors import SchemaError
from ..analysis._sampling import Reservoir, invalid_in, only_column
from ..columns._arrow_io import frame_to_records, frame_to_sequences
from ..columns._convert import plain_text, to_type
from ..columns._frame import Frame
from ..schema._metadata import ColumnType
from ..schema._schema import Schema
from ._failures import translated
from ._gathering import gather, sent
from ._layout import field, to_wire
from ._result import SparkBatches
from ._stage import AbstractSink, Task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = [
    "get_max",
    "get_min",
    "get_unique",
    "sample",
    "sample_from_column",
    "sample_invalid_from_column",
    "sample_most_frequent_from_column",
    "sample_sequence",
]


# --- samples -----------------------------------------------------------------------------------


@dataclass(eq=False)
class ChosenReservoir:
    """A sample of what `choose` leaves of frames."""

    reservoir: Reservoir
    choose: Callable[[Frame], Frame]

    def add(self, frame: Frame) -> None:
        self.reservoir.offer(self.choose(frame))

    def __getstate__(self) -> dict[str, Any]:
        return {"reservoir": self.reservoir}  # which is all that the driver merges


def _sampled(
    data: DataFrame | SparkBatches,
    schema: Schema,
    count: int,
    seed: int,
    choose: Callable[[Frame], Frame],
) -> Frame | None:
    total = Reservoir(count, seed)
    # Every partition draws numbers of its own.
    parts = gather(lambda p: ChosenReservoir(Reservoir(count, (seed, p)), choose), data, schema)
    for part in parts:
        total.merge(part.reservoir)
    return total.frame


def _unchanged(frame: Frame) -> Frame:
    return frame


def sample(
    schema: Schema, data: DataFrame | SparkBatches, count: int, *, seed: int = 0
) -> list[list[Any]]:
    """`count` records chosen at random (all where there are fewer), in the DataFrame's order.

    Answers to ``AnalyzeSpark.sample``.

    Args:
        schema: names and types of the columns.
        data: a DataFrame with these columns.
        count: how many.
        seed: the same seed and the same partitions give the same sample.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> schema = Schema.builder().add_column_long("id").build()
    >>> len(sample(schema, spark.range(100), 3))
    3
    """
    if schema.is_sequence:
        raise SchemaError("sample: the schema is one of sequences; use sample_sequence")
    frame = _sampled(data, schema, count, seed, _unchanged)
    return [] if frame is None else frame_to_records(frame, "keep")


def sample_sequence(
    schema: Schema, data: DataFrame | SparkBatches, count: int, *, seed: int = 0
) -> list[list[list[Any]]]:
    """`count` whole sequences chosen at random; arguments as `sample`.

    Answers to ``AnalyzeSpark.sampleSequence``.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> data = spark.createDataFrame([([1.0, 2.0],)], "x array<double>")
    >>> sample_sequence(Schema.builder().add_column_double("x").build_sequence(), data, 1)
    [[[1.0], [2.0]]]
    """
    if not schema.is_sequence:
        raise SchemaError("sample_sequence: the schema must be a SequenceSchema")
    frame = _sampled(data, schema, count, seed, _unchanged)
    return [] if frame is None else frame_to_sequences(frame, "keep")


def sample_from_column(
    schema: Schema, data: DataFrame | SparkBatches, column: str, count: int, *, seed: int = 0
) -> list[Any]:
    """`count` values of a column chosen at random; of sequences, from all steps.

    Answers to ``AnalyzeSpark.sampleFromColumn`` and ``sampleFromColumnSequence``. Arguments as
    `sample`.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> schema = Schema.builder().add_column_long("id").build()
    >>> len(sample_from_column(schema, spark.range(100), "id", 5))
    5
    """
    one = _one_column(schema, column)
    frame = _sampled(data, one, count, seed, lambda f: only_column(f, column))
    return [] if frame is None else [row[0] for row in frame_to_records(frame, "keep")]


def sample_invalid_from_column(
    schema: Schema,
    data: DataFrame | SparkBatches,
    column: str,
    count: int,
    *,
    ignore_missing: bool = False,
    seed: int = 0,
) -> list[Any]:
    """`count` values chosen at random among those that their column does not allow.

    Answers to ``AnalyzeSpark.sampleInvalidFromColumn`` and ``sampleInvalidFromColumnSequence``.
    Other arguments as `sample`.

    Args:
        ignore_missing: leave out null and empty text (in a String column null only).

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> ages = spark.createDataFrame([("31",), ("-1",), ("",), ("x",)], "age string")
    >>> schema = Schema.builder().add_column_integer("age", min_value=0).build()
    >>> sample_invalid_from_column(schema, ages, "age", 5, ignore_missing=True)
    ['-1', 'x']
    """
    one = _one_column(schema, column)

    def choose(frame: Frame) -> Frame:
        return only_column(frame, column, invalid_in(frame, column, ignore_missing))

    frame = _sampled(data, one, count, seed, choose)
    return [] if frame is None else plain_text(frame.columns[0]).to_pylist()


def _one_column(schema: Schema, name: str) -> Schema:
    return schema.with_columns([schema.metadata(name)])


# --- all values of a column, by Spark's own shuffles ---------------------------------------------


@dataclass(frozen=True, eq=False)
class ValueSink(AbstractSink):
    """The values of one column, typed; times in milliseconds; of sequences, of all steps."""

    name: str

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        for frame in frames:
            values, _ = task.applied(frame, self._typed)
            yield pa.RecordBatch.from_arrays([to_wire(values)], ["v"])

    def _typed(self, frame: Frame) -> pa.Array:
        return to_type(
            plain_text(frame.column(self.name)),
            frame.schema.metadata(self.name).arrow_type,
            self.name,
        )


def _values(
    schema: Schema, data: DataFrame | SparkBatches, column: str
) -> tuple[DataFrame, Callable[[int, int], int | None]]:
    from pyspark.sql.types import StructType

    meta = schema.metadata(column)
    if meta.column_type is ColumnType.NDARRAY:
        raise SchemaError(f'column "{column}": NDArrays cannot be compared')
    struct = StructType([field("v", meta.arrow_type)])
    return sent(data, _one_column(schema, column), ValueSink(column), struct)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, bytearray) else value


@overload
def get_unique(  # type: ignore[overload-overlap]  # a str is an Iterable[str] as well
    schema: Schema, data: DataFrame | SparkBatches, columns: str
) -> set[Any]: ...


@overload
def get_unique(
    schema: Schema, data: DataFrame | SparkBatches, columns: Iterable[str]
) -> dict[str, set[Any]]: ...


def get_unique(
    schema: Schema, data: DataFrame | SparkBatches, columns: str | Iterable[str]
) -> set[Any] | dict[str, set[Any]]:
    """The different values of one column, or of several by name; None stands for missing.

    Answers to ``AnalyzeSpark.getUnique`` and ``getUniqueSequence``.

    Args:
        schema: names and types of the columns.
        data: a DataFrame with these columns.
        columns: a name, or names.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> cities = spark.createDataFrame([("Bonn",), ("Rome",), ("Bonn",)], "city string")
    >>> sorted(get_unique(Schema.builder().add_column_string("city").build(), cities, "city"))
    ['Bonn', 'Rome']
    """
    found: dict[str, set[Any]] = {}
    for name in [columns] if isinstance(columns, str) else columns:
        values, rows_before = _values(schema, data, name)
        with translated(rows_before):
            found[name] = {_plain(row[0]) for row in values.distinct().collect()}
    return found[columns] if isinstance(columns, str) else found


def sample_most_frequent_from_column(
    schema: Schema, data: DataFrame | SparkBatches, column: str, count: int
) -> dict[Any, int]:
    """The `count` most frequent values of a column with their numbers, the most frequent first.

    Answers to ``AnalyzeSpark.sampleMostFrequentFromColumn``.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> cities = spark.createDataFrame([("Bonn",), ("Rome",), ("Bonn",)], "city string")
    >>> schema = Schema.builder().add_column_string("city").build()
    >>> sample_most_frequent_from_column(schema, cities, "city", 1)
    {'Bonn': 2}
    """
    from pyspark.sql import functions as f

    if count < 1:
        raise ValueError(f"count must be at least 1, received {count}")
    values, rows_before = _values(schema, data, column)
    counted = values.groupBy("v").agg(f.count(f.lit(1)).alias("n"))
    with translated(rows_before):
        best = counted.orderBy(f.col("n").desc(), f.col("v")).limit(count).collect()
    return {_plain(value): int(n) for value, n in best}


def get_min(schema: Schema, data: DataFrame | SparkBatches, column: str) -> Any:
    """The smallest value of a column, missing ones and NaN left out; None without values.

    Answers to ``AnalyzeSpark.min``; a Time value is in epoch milliseconds.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> get_min(Schema.builder().add_column_long("id").build(), spark.range(5, 9), "id")
    5
    """
    return _extreme("min", schema, data, column)


def get_max(schema: Schema, data: DataFrame | SparkBatches, column: str) -> Any:
    """The largest value of a column, as `get_min`; answers to ``AnalyzeSpark.max``.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> get_max(Schema.builder().add_column_long("id").build(), spark.range(5, 9), "id")
    8
    """
    return _extreme("max", schema, data, column)


def _extreme(which: str, schema: Schema, data: DataFrame | SparkBatches, column: str) -> Any:
    from pyspark.sql import functions as f

    values, rows_before = _values(schema, data, column)
    if schema.type_of(column) in (ColumnType.DOUBLE, ColumnType.FLOAT):
        values = values.where(~f.isnan("v"))
    with translated(rows_before):
        ((found,),) = values.agg(getattr(f, which)("v")).collect()
    return _plain(found)
