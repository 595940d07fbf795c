"""What an execution on Spark gives: a DataFrame, and the ways from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .._policy import ErrorReport
from ..columns._arrow_io import frame_from_batch
from ..columns._frame import Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ._accounts import Accounts
from ._failures import translated
from ._types import collected, positional

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["SparkBatches"]


class SparkBatches:
    """Transformed data on Spark; local execution gives a `BatchStream` in its place.

    Iterating gives Arrow batches on the driver, one partition after another, each time anew, so a
    `RecordReaderDataSetIterator` takes this as its source. What Spark does with the data (joins,
    writing files and tables) starts from `dataframe`.

    Attributes:
        dataframe: the result as a lazy Spark DataFrame.
        schema: schema of the records.
    """

    def __init__(
        self,
        dataframe: DataFrame,
        schema: Schema,
        accounts: Accounts | None = None,
        rows_before: Callable[[int, int], int | None] | None = None,
    ) -> None:
        self.dataframe = dataframe
        self.schema = schema
        self._accounts = accounts
        self._rows_before = rows_before

    def __repr__(self) -> str:
        return f"<SparkBatches: {self.dataframe}>"

    @property
    def errors(self) -> ErrorReport:
        """What was left out or replaced so far, by step, column and reason.

        Of several actions on the data the one counts that met most.
        """
        return ErrorReport() if self._accounts is None else self._accounts.report()

    @property
    def skipped(self) -> int:
        """Records left out so far because a step could not work with them."""
        return self.errors.skipped

    def raising(self) -> AbstractContextManager[None]:
        """Within the block, errors of steps come as local execution raises them.

        The methods of this class do that by themselves; use it around actions on `dataframe`,
        whose exceptions are Spark's: ``with result.raising(): result.dataframe.show()``.
        """
        return translated(self._rows_before)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        sent = positional(self.dataframe).mapInArrow(_serialized, "batch binary")
        with self.raising():
            for row in sent.toLocalIterator(prefetchPartitions=True):
                with pa.ipc.open_stream(bytes(row[0])) as reader:
                    for batch in reader:
                        yield collected(batch, self.schema)

    def read_all(self) -> pa.Table:
        """Everything as one table on the driver, with the Arrow types of local execution.

        Raises:
            InvalidValueError: as local execution raises it.
        """
        with self.raising():
            table = self.dataframe.toArrow()
        batches = [collected(b, self.schema) for b in table.to_batches()]
        return pa.Table.from_batches(batches, schema=self.schema.to_arrow())

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        """Callables that give the batches as frames: what iterators ask their source for."""
        for batch in self:
            yield partial(frame_from_batch, schema, batch)

    def count(self) -> int:
        """Number of records."""
        with self.raising():
            return int(self.dataframe.count())

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        reader = pa.RecordBatchReader.from_batches(self.schema.to_arrow(), self)
        return reader.__arrow_c_stream__(requested_schema)


def _serialized(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """In a worker: each batch as one row, so that Spark streams them to the driver as they are."""
    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        yield pa.RecordBatch.from_arrays(
            [pa.array([sink.getvalue().to_pybytes()], pa.binary())], ["batch"]
        )


def _counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    from pyspark import TaskContext

    context = TaskContext.get()
    rows = sum(b.num_rows for b in batches)
    part = 0 if context is None else context.partitionId()
    yield pa.RecordBatch.from_arrays(
        [pa.array([part], pa.int64()), pa.array([rows], pa.int64())], ["partition", "rows"]
    )


def partition_counter(*inputs: DataFrame) -> Callable[[int, int], int | None]:
    """Number of records before a partition of the input of a stage: the first inputs' stages.

    It runs a job when it is called, which only errors do.
    """

    def rows_before(stage: int, partition: int) -> int | None:
        if stage >= len(inputs):
            return None
        if partition == 0:
            return 0
        try:
            counting = positional(inputs[stage]).mapInArrow(_counted, "partition long, rows long")
            counted = counting.collect()
        except Exception:  # the first error is the one to report
            return None
        return sum(int(rows) for number, rows in counted if number < partition)

    return rows_before
