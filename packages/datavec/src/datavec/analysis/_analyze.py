"""`analyze` and `analyze_quality`: the statistics and the quality of every column."""

from __future__ import annotations

from typing import Any, cast

import pyarrow as pa

from .._errors import InvalidValueError, SchemaError
from ..schema._metadata import ColumnType
from ..schema._schema import Schema
from ._accumulator import AnalysisAccumulator
from ._data_analysis import DataAnalysis, SequenceDataAnalysis
from ._quality import DataQualityAnalysis
from ._quality_accumulator import QualityAccumulator
from ._source import can_read_again, gather

__all__ = ["analyze", "analyze_quality", "analyze_quality_sequence", "analyze_sequence"]

_KEEP = 256 << 20


def analyze(
    schema: Schema,
    source: Any,
    max_histogram_buckets: int = 30,
    *,
    on_error: str = "raise",
    threads: int | None = None,
) -> DataAnalysis:
    """Statistics, histogram and quantiles of every column, in bounded memory.

    Histograms need the smallest and the largest value first. Tables and lists of batches are
    therefore gone through twice; files and streams are read once while their values fit in 256 MB,
    which are kept meanwhile, and larger files twice. Only a one-shot stream of larger data gets
    histograms that are estimated, from cells a hundred times finer than the buckets.

    Missing values (null, empty text in a number's place) and NaN are counted and left out.

    Answers to Deeplearning4j's ``AnalyzeLocal.analyze``.

    Args:
        schema: names and types of the columns.
        source: a table, record batches, anything with ``__arrow_c_stream__`` (pandas, polars,
            DuckDB), or a record reader.
        max_histogram_buckets: number of buckets.
        on_error: ``raise`` on a text that is no number in a column of numbers, or ``skip`` it and
            count it in ``count_invalid``.
        threads: worker threads; 0 works in the caller's thread, None takes the CPUs there are.

    Raises:
        InvalidValueError: a value that does not fit its column, with its place.
        SchemaError: the data lack a column.

    >>> import pyarrow as pa
    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_integer("age").build()
    >>> found = analyze(schema, pa.table({"age": [31, 44, 28, 44]}), max_histogram_buckets=2)
    >>> found["age"].histogram
    ((28.0, 36.0, 44.0), (2, 2))
    """
    _need_schema("analyze", schema)
    numbers = [
        m.name
        for m in schema
        if m.column_type.is_numeric or m.column_type in (ColumnType.TIME, ColumnType.BOOLEAN)
    ]

    # A second pass over memory costs less than copies of it.
    # Where one is possible, less is kept for the sake of saving it.
    keep = _KEEP // 2 if can_read_again(source) else _KEEP
    if isinstance(source, (pa.Table, pa.RecordBatch, list, tuple)):
        keep = 0

    def make() -> AnalysisAccumulator:
        return AnalysisAccumulator(
            schema, max_histogram_buckets, on_error=on_error, keep_bytes=keep
        )

    as_text: list[str] = [] if _parses_strictly(source) else numbers
    try:
        found = gather(make, schema, source, as_text=as_text, threads=threads)
    except InvalidValueError:
        if as_text or not hasattr(source, "frame_tasks"):
            raise
        # A reader that parses numbers by itself takes missing ones for mistakes; here they count.
        as_text = numbers
        found = gather(make, schema, source, as_text=as_text, threads=threads)
    if found.exact or not can_read_again(source):
        return found.result()
    look = found.second_look()
    histograms = gather(
        found.second_look,
        schema,
        source,
        needed=look.columns,
        as_text=look.columns & set(as_text),
        threads=threads,
    )
    return found.result(histograms)


def _need_schema(what: str, schema: Any) -> None:
    if not isinstance(schema, Schema):
        raise TypeError(
            f"{what}: expected a Schema first and then the data, received {schema!r:.80}"
        )


def _parses_strictly(source: Any) -> bool:
    """Whether a reader would say so if it met a value that does not fit, instead of leaving it out."""
    policy = getattr(source, "policy", None)
    return policy is None or bool(policy.action == "raise")


def analyze_sequence(
    schema: Schema,
    source: Any,
    max_histogram_buckets: int = 30,
    *,
    on_error: str = "raise",
    threads: int | None = None,
) -> SequenceDataAnalysis:
    """`analyze` over all steps of all sequences, with statistics of the sequences' lengths.

    Answers to Deeplearning4j's ``AnalyzeSpark.analyzeSequence``.

    Args:
        schema: a SequenceSchema.
        source: a sequence reader, or tables and batches with list columns.
        max_histogram_buckets: as in `analyze`, as are the others.

    Raises:
        SchemaError: the schema is none of sequences.

    >>> from datavec import CollectionSequenceRecordReader, Schema
    >>> schema = Schema.builder().add_column_double("x").build_sequence()
    >>> reader = CollectionSequenceRecordReader([[[1.0], [2.0]], [[6.0]]])
    >>> analyze_sequence(schema, reader).sequence_length_analysis.mean_length
    1.5
    """
    if not schema.is_sequence:
        raise SchemaError("analyze_sequence: the schema must be a SequenceSchema")
    return cast(
        "SequenceDataAnalysis",
        analyze(schema, source, max_histogram_buckets, on_error=on_error, threads=threads),
    )


def analyze_quality(
    schema: Schema, source: Any, *, threads: int | None = None
) -> DataQualityAnalysis:
    """How many values of each column are valid, invalid and missing, in one pass.

    Answers to Deeplearning4j's ``AnalyzeLocal.analyzeQuality``.

    Args:
        schema: names, types and restrictions of the columns.
        source: as in `analyze`, as is `threads`. Readers give text, which is judged as it is.

    >>> import pyarrow as pa
    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_integer("age", min_value=0).build()
    >>> quality = analyze_quality(schema, pa.table({"age": [31, -1, None]}))["age"]
    >>> quality.count_valid, quality.count_invalid, quality.count_missing
    (1, 1, 1)
    """
    _need_schema("analyze_quality", schema)
    return gather(
        lambda: QualityAccumulator(schema),
        schema,
        source,
        as_text=schema.column_names,
        threads=threads,
    ).result()


def analyze_quality_sequence(
    schema: Schema, source: Any, *, threads: int | None = None
) -> DataQualityAnalysis:
    """`analyze_quality` over all steps of all sequences.

    Answers to Deeplearning4j's ``AnalyzeLocal.analyzeQualitySequence``.

    Args:
        schema: a SequenceSchema.
        source: as in `analyze_sequence`, as is `threads`.

    Raises:
        SchemaError: the schema is none of sequences.

    >>> from datavec import CollectionSequenceRecordReader, Schema
    >>> schema = Schema.builder().add_column_double("x").build_sequence()
    >>> reader = CollectionSequenceRecordReader([[[1.0], [None]], [[6.0]]])
    >>> analyze_quality_sequence(schema, reader)["x"].count_missing
    1
    """
    if not schema.is_sequence:
        raise SchemaError("analyze_quality_sequence: the schema must be a SequenceSchema")
    return analyze_quality(schema, source, threads=threads)
