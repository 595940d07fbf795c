"""Our record readers over many files, each file read by a worker."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .._errors import InvalidValueError, SchemaError
from .._policy import ErrorPolicy, ErrorReport
from ..columns._arrow_io import frame_from_sequences
from ..columns._frame import Frame
from ..process._process import ReadPlan, TransformProcess
from ..readers import AbstractInputSplit
from ..schema._schema import Schema
from ._execute import Planner
from ._requirement import need_pyspark
from ._result import SparkBatches
from ._stage import AbstractSource, Task

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["read"]

_SEQUENCES = 256
"""Sequences that are worked on together."""


def read(
    spark: SparkSession,
    reader: Any,
    *,
    schema: Schema | None = None,
    transform: TransformProcess | None = None,
    on_error: str | ErrorPolicy = "raise",
    replacements: Mapping[str, Any] | None = None,
    partitions: int | None = None,
) -> SparkBatches:
    r"""Read the files of a record reader on Spark, each file by one worker, in Arrow batches.

    For plain CSV, JSON or Parquet files Spark has readers of its own: give what they read to
    `execute`. This is for all other formats, and for files that must be split and judged exactly as
    they are here. Workers open the files themselves, so all of them must see them under the same
    names (a shared folder, or URLs).

    Answers to ``SparkContext.binaryFiles`` with ``RecordReaderFunction`` and
    ``SequenceRecordReaderFunction``.

    Args:
        spark: the session.
        reader: a record or sequence reader whose files are those of one input split.
        schema: schema of the records, when neither `transform` nor the reader has it.
        transform: process to run on the records as they are read; columns that it does not need are
            not parsed.
        on_error: as in `execute`; what the reader itself does with bad records is its own option.
        replacements: as in `execute`.
        partitions: number of tasks; by default one for each file, at most 16 for each core.

    Raises:
        ImportError: PySpark is not installed.
        SchemaError: no schema is known, or the reader is one that is made of several others.

    >>> import tempfile, pathlib
    >>> from pyspark.sql import SparkSession
    >>> from datavec import CSVRecordReader, Schema
    >>> spark = SparkSession.builder.master("local[2]").getOrCreate()
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for i in range(3):
    ...     _ = (folder / f"{i}.csv").write_text(f"{i},a\n{i},b\n")
    >>> schema = Schema.builder().add_column_integer("file").add_column_string("name").build()
    >>> read(spark, CSVRecordReader(folder, schema=schema)).read_all().column("file").to_pylist()
    [0, 0, 1, 1, 2, 2]
    """
    need_pyspark()
    if transform is None:
        known = schema or getattr(reader, "schema", None)
        if not isinstance(known, Schema):
            raise SchemaError("read: pass schema=... or transform=...; the reader knows no schema")
        transform = TransformProcess(known, ())
    elif schema is not None and schema != transform.initial_schema:
        raise SchemaError("read: give schema or transform, not two different schemas")
    name, split = _split_of(reader)
    locations = tuple(split.locations())
    template = copy.copy(reader)
    template.reset()
    setattr(template, name, FileOf(split, ()))
    source = ReaderSource(
        template, name, locations, transform.initial_schema, transform.read_plan()
    )
    tasks = partitions or min(len(locations), 16 * spark.sparkContext.defaultParallelism)
    if tasks < 0:
        raise ValueError(f"read: partitions must be positive, received {partitions}")
    numbers = spark.range(0, len(locations), 1, max(1, tasks))
    policy = ErrorPolicy.of(on_error, replacements)
    return Planner(transform, policy, numbers, source, source.probe(), counts=True).result()


def _split_of(reader: Any) -> tuple[str, AbstractInputSplit]:
    """The attribute that holds a reader's input split."""
    found = [(k, v) for k, v in vars(reader).items() if isinstance(v, AbstractInputSplit)]
    if len(found) != 1 or not found[0][1].locations():
        raise SchemaError(
            f"read: {type(reader).__name__} does not read the files of one input split; "
            "read its parts one by one, or make a table of it and use createDataFrame"
        )
    return found[0]


class FileOf(AbstractInputSplit):
    """Some files of a split, opened as it opens them."""

    def __init__(self, whole: AbstractInputSplit, locations: tuple[Any, ...]) -> None:
        self.whole = whole
        self._locations = locations

    def locations(self) -> list[Any]:
        return list(self._locations)

    def open(self, location: Any) -> Any:
        return self.whole.open(location)


@dataclass(eq=False)
class ReaderSource(AbstractSource):
    """The records of files, of which Spark gives the numbers.

    Args:
        reader: a reader without files.
        split: name of its attribute for the files.
        locations: all files.
        schema: schema of the records.
        plan: what of it is needed.
    """

    reader: Any
    split: str
    locations: tuple[Any, ...]
    schema: Schema
    plan: ReadPlan
    _task: Any = field(default=None, init=False)

    def probe(self) -> Frame:
        """A frame without records, as the reader may give them."""
        columns = [
            pa.array([], pa.string() if m.name in self.plan.as_text else m.arrow_type)
            for m in self.schema
        ]
        offsets = np.zeros(1, np.int64) if self.schema.is_sequence else None
        return Frame(self.schema, tuple(columns), 0, offsets)

    def frames(self, batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[Frame]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                reader = self._reader(number)
                sequences = self.schema.is_sequence
                yield from self._sequences(reader) if sequences else self._records(reader, task)
                if isinstance(errors := getattr(reader, "errors", None), ErrorReport):
                    task.report.merge(errors)

    def _reader(self, number: int) -> Any:
        reader = copy.copy(self.reader)
        files = getattr(reader, self.split)
        setattr(reader, self.split, FileOf(files.whole, (self.locations[number],)))
        if isinstance(getattr(reader, "errors", None), ErrorReport):
            reader.errors = ErrorReport()
        return reader

    def _records(self, reader: Any, task: Task) -> Iterator[Frame]:
        for part in reader.frame_tasks(self.schema, self.plan):
            self._task = part
            tolerant = getattr(part, "frame", None)
            frame = part() if tolerant is None else tolerant(task.policy, task.report)
            if frame.num_rows:
                yield frame

    def _sequences(self, reader: Any) -> Iterator[Frame]:
        self._task = None
        passing = reader.sequences()
        while chunk := [steps for steps, _ in islice(passing, _SEQUENCES)]:
            yield frame_from_sequences(self.schema, chunk)

    def located(self, error: InvalidValueError) -> InvalidValueError:
        locate = getattr(self._task, "locate", None)
        return error if locate is None else locate(error)
