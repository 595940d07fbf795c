"""Statistics and quality of the columns of DataFrames."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .._errors import SchemaError
from ..analysis import (
    AnalysisAccumulator,
    DataAnalysis,
    DataQualityAnalysis,
    HistogramAccumulator,
    QualityAccumulator,
    SequenceDataAnalysis,
)
from ..schema._schema import Schema
from ._gathering import gather
from ._result import SparkBatches

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["analyze", "analyze_quality", "analyze_quality_sequence", "analyze_sequence"]

_KEEP = 256 << 20
_KEEP_IN_PARTITION = 4 << 20


def analyze(
    schema: Schema,
    data: DataFrame | SparkBatches,
    max_histogram_buckets: int = 30,
    *,
    on_error: str = "raise",
) -> DataAnalysis:
    """Statistics, histogram and quantiles of every column, as `datavec.analysis.analyze` has them.

    Partitions are analysed where they are; what is known of them is merged on the driver. Histograms
    of large data take a second pass over the data, so ``persist`` what is costly to compute.

    Answers to ``AnalyzeSpark.analyze``.

    Args:
        schema: names and types of the columns.
        data: a DataFrame with these columns.
        max_histogram_buckets: number of buckets.
        on_error: ``raise`` on a text that is no number in a column of numbers, or ``skip`` it and
            count it in ``count_invalid``.

    Raises:
        InvalidValueError: a value that does not fit its column, with its place.
        SchemaError: the DataFrame lacks a column.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> ages = spark.createDataFrame([(31,), (44,), (28,), (44,)], "age int")
    >>> schema = Schema.builder().add_column_integer("age").build()
    >>> analyze(schema, ages, max_histogram_buckets=2)["age"].histogram
    ((28.0, 36.0, 44.0), (2, 2))
    """

    def partition(_: int) -> AnalysisAccumulator:
        return AnalysisAccumulator(
            schema, max_histogram_buckets, on_error=on_error, keep_bytes=_KEEP_IN_PARTITION
        )

    total = AnalysisAccumulator(schema, max_histogram_buckets, on_error=on_error, keep_bytes=_KEEP)
    for part in gather(partition, data, schema):
        total.merge(part)
    if total.exact:
        return total.result()
    edges = total.second_look().edges
    looked_at = schema.with_columns([m for m in schema if m.name in edges])

    def look(_: int = 0) -> HistogramAccumulator:
        return HistogramAccumulator(looked_at, edges, on_error=on_error)

    histograms = look()
    for counted in gather(look, data, looked_at):
        histograms.merge(counted)
    return total.result(histograms)


def analyze_sequence(
    schema: Schema,
    data: DataFrame | SparkBatches,
    max_histogram_buckets: int = 30,
    *,
    on_error: str = "raise",
) -> SequenceDataAnalysis:
    """`analyze` over all steps of all sequences, with statistics of the sequences' lengths.

    Answers to ``AnalyzeSpark.analyzeSequence``.

    Args:
        schema: a SequenceSchema.
        data: a DataFrame with array columns.
        max_histogram_buckets: as in `analyze`, as is `on_error`.

    Raises:
        SchemaError: the schema is none of sequences.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> data = spark.createDataFrame([([1.0, 2.0],), ([6.0],)], "x array<double>")
    >>> schema = Schema.builder().add_column_double("x").build_sequence()
    >>> analyze_sequence(schema, data).sequence_length_analysis.mean_length
    1.5
    """
    if not schema.is_sequence:
        raise SchemaError("analyze_sequence: the schema must be a SequenceSchema")
    found = analyze(schema, data, max_histogram_buckets, on_error=on_error)
    return cast("SequenceDataAnalysis", found)


def analyze_quality(schema: Schema, data: DataFrame | SparkBatches) -> DataQualityAnalysis:
    """How many values of each column are valid, invalid and missing, in one pass.

    Give text columns, as Spark's readers make without a schema, to have texts judged as they are.

    Answers to ``AnalyzeSpark.analyzeQuality``.

    Args:
        schema: names, types and restrictions of the columns.
        data: a DataFrame with these columns.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> ages = spark.createDataFrame([("31",), ("-1",), (None,)], "age string")
    >>> schema = Schema.builder().add_column_integer("age", min_value=0).build()
    >>> quality = analyze_quality(schema, ages)["age"]
    >>> quality.count_valid, quality.count_invalid, quality.count_missing
    (1, 1, 1)
    """
    total = QualityAccumulator(schema)
    for part in gather(lambda _: QualityAccumulator(schema), data, schema):
        total.merge(part)
    return total.result()


def analyze_quality_sequence(schema: Schema, data: DataFrame | SparkBatches) -> DataQualityAnalysis:
    """`analyze_quality` over all steps of all sequences; raises SchemaError on other schemas.

    Answers to ``AnalyzeSpark.analyzeQualitySequence``.

    Args:
        schema: a SequenceSchema.
        data: a DataFrame with array columns.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> data = spark.createDataFrame([([1.0, None],), ([6.0],)], "x array<double>")
    >>> schema = Schema.builder().add_column_double("x").build_sequence()
    >>> analyze_quality_sequence(schema, data)["x"].count_missing
    1
    """
    if not schema.is_sequence:
        raise SchemaError("analyze_quality_sequence: the schema must be a SequenceSchema")
    return analyze_quality(schema, data)
