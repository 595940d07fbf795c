"""From DataFrames to training: batches on the driver, or files of batches written by the workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .._errors import DataVecError
from ..batches._iterator import RecordReaderDataSetIterator
from ..columns._frame import Frame
from ..process._process import ReadPlan, TransformProcess
from ..schema._schema import Schema
from ._execute import execute
from ._failures import translated
from ._gathering import sent
from ._result import SparkBatches
from ._stage import AbstractSink, Task
from ._types import schema_from_struct_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["ExportedFile", "export_datasets", "to_datasets"]


def to_datasets(
    data: DataFrame | SparkBatches,
    batch_size: int,
    *,
    schema: Schema | None = None,
    transform: TransformProcess | None = None,
    **options: Any,
) -> RecordReaderDataSetIterator:
    """Training batches on the driver, streamed from Spark one partition after another.

    Each pass computes the data anew: ``persist`` what is costly, or use `export_datasets`.

    Args:
        data: a DataFrame, or the result of `execute`, `execute_join` or `read`.
        batch_size: examples per batch.
        schema: schema of the columns to use; by default what `schema_from_struct_type` says.
        transform: process to run on them, on Spark.
        options: label columns and others, as `RecordReaderDataSetIterator` takes them.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> frame = spark.createDataFrame([(0.5, 1.5, 1), (2.0, 3.0, 0)], "a double, b double, y int")
    >>> for batch in to_datasets(frame, 2, label_index="y", num_classes=2):
    ...     print(batch.features.shape, batch.labels.shape)
    (2, 2) (2, 2)
    """
    result = _result(data, schema, transform)
    return RecordReaderDataSetIterator(result, batch_size, **options)


def _result(
    data: DataFrame | SparkBatches, schema: Schema | None, transform: TransformProcess | None
) -> SparkBatches:
    if transform is not None:
        return execute(data, transform)
    if isinstance(data, SparkBatches) and schema is None:
        return data
    frame = data.dataframe if isinstance(data, SparkBatches) else data
    known = schema_from_struct_type(frame.schema) if schema is None else schema
    return execute(frame, TransformProcess(known, ()))


@dataclass(frozen=True)
class ExportedFile:
    """A file of one batch.

    Attributes:
        path: where it is.
        examples: number of examples in it.
    """

    path: Path
    examples: int


def export_datasets(
    data: DataFrame | SparkBatches,
    folder: str | os.PathLike[str],
    batch_size: int,
    *,
    schema: Schema | None = None,
    transform: TransformProcess | None = None,
    **options: Any,
) -> list[ExportedFile]:
    """Write training batches to files, each partition by its worker.

    The files are Deeplearning4j's DataSet files: `nd4py.data.FileDataSetIterator` trains from the
    folder, and so does the JVM. All workers must see the folder. The last batch of each partition may
    have fewer examples; ``FileDataSetIterator(folder, batch_size)`` makes them equal.

    Answers to ``BatchAndExportDataSetsFunction`` with ``DataVecDataSetFunction``.

    Args:
        data: a DataFrame, or the result of `execute`, `execute_join` or `read`.
        folder: where to; it must not hold files.
        batch_size: examples per file.
        schema: as in `to_datasets`, as is `transform`.
        options: label columns, a normalizer as ``preprocessor``, and others, as
            `RecordReaderDataSetIterator` takes them.

    Returns:
        The files, in the order of the DataFrame.

    Raises:
        FileExistsError: the folder holds files.
        InvalidValueError: a value that is no number.

    >>> import tempfile
    >>> from pyspark.sql import SparkSession
    >>> from nd4py.data import FileDataSetIterator
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> frame = spark.range(10).selectExpr("cast(id as double) as x", "cast(id % 2 as int) as y")
    >>> folder = tempfile.mkdtemp()
    >>> files = export_datasets(frame, folder, 4, label_index="y", num_classes=2)
    >>> sum(f.examples for f in files), sum(len(b.features) for b in FileDataSetIterator(folder))
    (10, 10)
    """
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"export_datasets: {target} holds files already; give a new folder")
    target.mkdir(parents=True, exist_ok=True)
    result = _result(data, schema, transform)
    # What is wrong with the choice of labels is said before anything runs.
    _iterator(_Frames(iter(()), result.schema), batch_size, options).feature_names  # noqa: B018
    sink = ExportSink(str(target.resolve()), batch_size, options, result.schema)
    written, rows_before = sent(result, result.schema, sink, "path string, examples long")
    with result.raising(), translated(rows_before):
        rows = written.collect()
    return [ExportedFile(Path(path), examples) for path, examples in sorted(map(tuple, rows))]


def _iterator(source: Any, batch_size: int, options: dict[str, Any]) -> RecordReaderDataSetIterator:
    return RecordReaderDataSetIterator(source, batch_size, **{"prefetch": 0, **options})


def _unchanged(frame: Frame) -> Frame:
    return frame


@dataclass(frozen=True, eq=False)
class _Frames:
    """The frames of a partition as a source of an iterator."""

    frames: Iterator[Frame]
    schema: Schema

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        for frame in self.frames:
            yield partial(_unchanged, frame)


@dataclass(frozen=True, eq=False)
class ExportSink(AbstractSink):
    """Writes the batches of a partition; gives name and number of examples of each file."""

    folder: str
    batch_size: int
    options: dict[str, Any]
    schema: Schema

    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        iterator = _iterator(_Frames(frames, self.schema), self.batch_size, self.options)
        paths, counts = [], []
        for number, batch in enumerate(iterator):
            path = os.path.join(self.folder, f"dataset-{task.partition:06d}-{number:06d}.bin")
            # A task that runs twice, on two machines, writes the same; the last one stays.
            aside = f"{path}.{os.getpid()}.part"
            try:
                batch.save(aside)
                os.replace(aside, path)
            except OSError as e:
                raise DataVecError(f"export_datasets: cannot write {path}: {e}") from None
            paths.append(path)
            counts.append(batch.num_examples)
        if paths:
            yield pa.RecordBatch.from_arrays(
                [pa.array(paths), pa.array(counts, pa.int64())], ["path", "examples"]
            )
