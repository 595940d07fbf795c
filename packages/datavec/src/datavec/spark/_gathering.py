"""Accumulators filled by Spark's workers, one for each partition, and merged on the driver."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from .._errors import InvalidValueError
from .._policy import ErrorPolicy
from ..columns._frame import Frame
from ..process._mending import original_row
from ..process._process import TransformProcess
from ..schema._schema import Schema
from ._execute import input_of
from ._failures import translated
from ._requirement import need_pyspark
from ._result import SparkBatches, partition_counter
from ._stage import AbstractSink, Stage, Task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["gather", "sent"]

G = TypeVar("G")


def sent(
    data: DataFrame | SparkBatches, schema: Schema, sink: AbstractSink, struct: Any
) -> tuple[DataFrame, Callable[[int, int], int | None]]:
    """What a sink makes of a DataFrame's columns, and what names the records of its errors."""
    need_pyspark()
    frame = data.dataframe if isinstance(data, SparkBatches) else data
    source, _, used = input_of(schema, frame)
    process = TransformProcess(schema, ())
    stage = Stage(0, process, 0, 0, source, sink, ErrorPolicy(), None)
    return used.mapInArrow(stage, struct), partition_counter(frame)


def gather(make: Callable[[int], G], data: DataFrame | SparkBatches, schema: Schema) -> list[G]:
    """One accumulator for each partition that has records, in the partitions' order.

    Args:
        make: gives an empty accumulator, with a method ``add(frame)``, for a partition's number.
        data: the DataFrame.
        schema: the columns of it that are looked at.
    """
    filled, rows_before = sent(data, schema, AccumulatorSink(make), "partition long, state binary")
    with translated(rows_before):
        rows = sorted(filled.collect())
    # Bytes of our own workers, which Spark itself would send as pickles too.
    return [pickle.loads(bytes(state)) for _, state in rows]


@dataclass(frozen=True, eq=False)
class AccumulatorSink(AbstractSink):
    """One row for each partition: its number and its accumulator."""

    make: Callable[[int], Any]

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        total: Any = None
        for frame in frames:
            if total is None:
                total = self.make(task.partition)
            try:
                total.add(frame)
            except InvalidValueError as e:
                raise e.located(row=original_row(frame, e)) from None
        if total is not None:
            columns = [pa.array([task.partition]), pa.array([pickle.dumps(total)], pa.binary())]
            yield pa.RecordBatch.from_arrays(columns, ["partition", "state"])
