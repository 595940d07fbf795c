"""A TransformProcess as a chain of Spark stages."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .._errors import DataVecError, SchemaError
from .._policy import ErrorPolicy
from ..columns._frame import Frame
from ..process._mending import Mender
from ..process._process import TransformProcess
from ..transforms import CalculateSortedRank, ConvertToSequence, Reducer
from ..transforms._partial_reduction import PartialReduction
from ._accounts import Accounts
from ._failures import translated
from ._layout import Layout
from ._ranks import KEY, RANGE, CountSink, Ranges, RangeSink, RankSource, SampleSink, SortKey
from ._records import FinalSink, InputSource
from ._regrouped import (
    HASH,
    ORDER,
    GroupSource,
    MergeSource,
    OrderedSink,
    PartialSink,
    PartLayout,
)
from ._requirement import need_pyspark
from ._result import SparkBatches, partition_counter
from ._stage import AbstractSink, AbstractSource, Stage
from ._types import arrow_type_of, positional, received, struct_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType

    from ..schema._metadata import AbstractColumnMetaData
    from ..schema._schema import Schema

__all__ = ["execute"]


def execute(
    frame: DataFrame | SparkBatches,
    process: TransformProcess,
    *,
    on_error: str | ErrorPolicy = "raise",
    replacements: Mapping[str, Any] | None = None,
) -> SparkBatches:
    """Transform a DataFrame by the process that also transforms tables here.

    Steps that work on records one by one run together in Spark's Python workers, on Arrow batches.
    A `Reducer` reduces what each task has before the shuffle, ConvertToSequence shuffles by key, and
    `CalculateSortedRank` by ranges of its sort key. Nothing runs until results are asked for, except
    two small jobs for each rank step, as Spark itself does for ``orderBy``.

    Where a step depends on the order of records (TakeFirst, Append, ties of a sort), that is the
    order of the DataFrame, as long as no step before has regrouped them. Records that regrouping
    makes come in no particular order; records with a rank come sorted.

    Answers to ``SparkTransformExecutor.execute``, ``executeToSequence``,
    ``executeSequenceToSeparate`` and ``executeSequenceToSequence``.

    Args:
        frame: a DataFrame with the columns of the initial schema, by name; for sequences each is
            an array, one value per step. Text in a column of numbers is parsed, as everywhere.
        process: the steps.
        on_error: ``raise``; ``skip`` records that a step cannot work with; or ``replace`` their
            values. Everything is counted in the result's ``errors``.
        replacements: value to use per column name, instead of bad ones.

    Returns:
        The result: a DataFrame, lazily, and the ways from there.

    Raises:
        ImportError: PySpark is not installed.
        SchemaError: the DataFrame lacks a column, or has one of an unsuitable type.

    >>> from pyspark.sql import SparkSession
    >>> from datavec import Schema, TransformProcess
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> frame = spark.createDataFrame([(1.0, "no"), (4.0, "yes")], "x double, label string")
    >>> schema = Schema.builder().add_column_double("x").add_column_categorical(
    ...     "label", ["no", "yes"]).build()
    >>> tp = TransformProcess.builder(schema).double_math_function("x", "SQRT").categorical_to_integer(
    ...     "label").build()
    >>> execute(frame, tp).read_all().to_pydict()
    {'x': [1.0, 2.0], 'label': [0, 1]}
    """
    need_pyspark()
    data = frame.dataframe if isinstance(frame, SparkBatches) else frame
    policy = ErrorPolicy.of(on_error, replacements)
    needed = process.read_plan().needed | policy.replacements.keys()
    source, probe, used = input_of(process.initial_schema, data, needed)
    return Planner(process, policy, used, source, probe, partition_counter(data)).result()


def input_of(
    schema: Schema, data: DataFrame, needed: Container[str] | None = None
) -> tuple[InputSource, Frame, DataFrame]:
    """The columns of a schema in a DataFrame.

    Args:
        schema: what the records are.
        data: the DataFrame.
        needed: columns whose values are used; None for all. The others are not sent to workers.

    Returns:
        Where frames come from, a frame of such columns without records, and the columns to send.

    Raises:
        SchemaError: a column is missing, or not of a type for this.
    """
    columns, sent = [], []
    for meta in schema:
        found = [i for i, name in enumerate(data.columns) if name == meta.name]
        if len(found) != 1:
            raise SchemaError(
                f"the DataFrame has {len(found) or 'no'} column{'s' if found else ''} "
                f'"{meta.name}"; its columns are {", ".join(map(repr, data.columns))}'
            )
        kind = _arrow_type(data.schema.fields[found[0]].dataType, schema, meta)
        used = needed is None or meta.name in needed
        columns.append(received(pa.array([], kind if used else pa.null()), meta))
        if used:
            sent.append((meta, found[0]))
    if not sent:  # something must tell the number of records
        sent.append((schema.columns[0], data.columns.index(schema.columns[0].name)))
    offsets = np.zeros(1, np.int64) if schema.is_sequence else None
    probe = Frame(schema, tuple(columns), 0, offsets)
    source = InputSource(schema, schema.with_columns([m for m, _ in sent]))
    return source, probe, positional(data).select(*(f"c{i}" for _, i in sent))


def _arrow_type(kind: DataType, schema: Schema, meta: AbstractColumnMetaData) -> pa.DataType:
    from pyspark.sql.types import ArrayType

    if schema.is_sequence:
        if not isinstance(kind, ArrayType):
            raise SchemaError(
                f'column "{meta.name}": a sequence schema needs array columns, '
                f"received {kind.simpleString()}"
            )
        kind = kind.elementType
    try:
        return arrow_type_of(kind)
    except SchemaError as e:
        raise SchemaError(f'column "{meta.name}": {e}') from None


@dataclass
class Planner:
    """Builds the stages of one execution, one shuffle after another."""

    process: TransformProcess
    policy: ErrorPolicy
    data: DataFrame
    source: AbstractSource
    probe: Frame
    """A frame without records, with the types that frames have where planning has come to."""
    rows_before: Any = None
    counts: bool = False
    """Whether there may be something to count even if the policy is to raise."""
    first: int = 0
    number: int = 0
    accounts: Accounts | None = field(init=False)

    def __post_init__(self) -> None:
        Mender.check(self.policy, self.process.schemas)
        spark = self.data.sparkSession
        self.accounts = None if self.policy.raises and not self.counts else Accounts(spark)

    def result(self) -> SparkBatches:
        """Plan everything."""
        actions = self.process.actions
        for i, action in enumerate(actions):
            if not action.whole_data or (
                isinstance(action, ConvertToSequence) and action.comparator is None
            ):
                continue
            self.probe = self.process.run(self.probe, first=self.first, last=i)
            if isinstance(action, Reducer):
                self._reduce(i, action)
            elif isinstance(action, CalculateSortedRank):
                self._rank(i, action)
            elif isinstance(action, ConvertToSequence):
                self._group(i, action.key_columns or ())
            else:
                self._group(i, ())  # a step of which nothing is known sees all data at once
        final = self._map(FinalSink(), struct_type(self.process.final_schema), len(actions))
        return SparkBatches(final, self.process.final_schema, self.accounts, self.rows_before)

    def _map(self, sink: AbstractSink, struct: Any, last: int) -> DataFrame:
        stage = Stage(
            self.number,
            self.process,
            self.first,
            last,
            self.source,
            sink,
            self.policy,
            self.accounts,
        )
        return self.data.mapInArrow(stage, struct)

    def _next(self, data: DataFrame, source: AbstractSource, first: int, step: int) -> None:
        """Go on behind a shuffle for `step`; the source has done the steps before `first`."""
        self.data, self.source, self.first = data, source, first
        self.number += 1
        if first > step:
            self.probe = self.process.run(self.probe, first=step, last=first)

    def _where(self, i: int) -> str:
        return f"step {i} {type(self.process.actions[i]).__name__}"

    # --- shuffles -------------------------------------------------------------------------------

    def _group(self, i: int, keys: tuple[str, ...]) -> None:
        from pyspark.sql.types import StructType

        layout = Layout.of(self.probe)
        sink = OrderedSink(layout)
        sent = self._map(sink, StructType(sink.fields()), i)
        names = [layout.names()[layout.schema.index_of(k)] for k in keys]
        self.probe = layout.empty()
        self._next(_together(sent, names), GroupSource(layout), i, i)

    def _reduce(self, i: int, reducer: Reducer) -> None:
        from pyspark.sql.types import StructType

        layout = Layout.of(self.probe)
        self.probe = layout.empty()
        try:
            reduction = PartialReduction(reducer, layout.schema)
            parts = PartLayout.of(reduction.start(self.probe, np.zeros(0, np.int64)))
        except DataVecError as e:
            raise type(e)(f"{self._where(i)}: {e}") from None
        sink = PartialSink(reduction, layout, parts, self._where(i))
        sent = self._map(sink, StructType(sink.parts.fields()), i)
        names = parts.names()[: len(parts.keys)]
        self._next(_together(sent, names), MergeSource(reduction, parts), i + 1, i)

    def _rank(self, i: int, step: CalculateSortedRank) -> None:
        from pyspark.sql.types import StructType

        layout = Layout.of(self.probe)
        self.probe = layout.empty()
        key, where = SortKey.for_records(step, self.probe), self._where(i)
        sample = SampleSink(key, layout, where)
        drawn = self._collect(sample, StructType(sample.fields()), i)
        count = int(self.data.sparkSession.conf.get("spark.sql.shuffle.partitions") or 1)
        # More ranges than partitions: Spark then has a choice where to cut.
        ranges = Ranges.of_rows(key, drawn, 4 * count)
        counting = CountSink(key, layout, where, ranges)
        totals = np.zeros(len(ranges) + 1, np.int64)
        for number, records in self._collect(counting, StructType(counting.fields()), i):
            totals[number + 1] += records
        sink = RangeSink(key, layout, where, ranges)
        sent = self._map(sink, StructType(sink.fields()), i)
        dealt = sent.repartitionByRange(RANGE).sortWithinPartitions(RANGE, KEY, ORDER)
        output = self.process.schema_after(i)
        self._next(dealt, RankSource(layout, output, np.cumsum(totals)), i + 1, i)

    def _collect(self, sink: AbstractSink, struct: Any, last: int) -> list[tuple[Any, ...]]:
        with translated(self.rows_before):
            return [tuple(row) for row in self._map(sink, struct, last).collect()]


def _together(data: DataFrame, keys: list[str]) -> DataFrame:
    """Rows of equal keys in one partition, side by side, in their old order."""
    from pyspark.sql import functions as f

    if not keys:
        return data.repartition(1).sortWithinPartitions(ORDER)
    hashed = data.withColumn(HASH, f.xxhash64(*keys))
    return hashed.repartition(HASH).sortWithinPartitions(HASH, ORDER)
