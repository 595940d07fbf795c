"""The result of `TransformProcess.execute`: transformed batches, made as they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from .._errors import CsvError, InvalidValueError, shown
from .._parallel import ordered_map
from .._policy import ErrorPolicy, ErrorReport
from ..columns._arrow_io import frame_from_batch, frame_to_batch
from ..columns._frame import Frame
from ..columns._tensors import rows_at_once
from ..schema._schema import Schema
from ._mending import Mender, original_row
from ._process import TransformProcess
from ._whole_data import gathering_for

__all__ = ["BatchStream", "transformed_frames", "with_reader"]


def _sources(source: Any) -> Iterator[pa.RecordBatch]:
    if isinstance(source, pa.RecordBatch):
        return iter([source])
    if isinstance(source, pa.Table):
        # Many small chunks are joined, which copies; a few large ones are taken as they are.
        small = source.num_rows < 4096 * max((c.num_chunks for c in source.columns), default=0)
        return iter((source.combine_chunks() if small else source).to_batches())
    if hasattr(source, "__arrow_c_stream__"):
        return iter(pa.RecordBatchReader.from_stream(source))
    if hasattr(source, "__arrow_c_array__"):
        return iter([pa.record_batch(source)])
    if isinstance(source, Iterable) and not isinstance(source, (str, bytes, dict)):
        return iter(source)
    hint = "; collect() it first" if hasattr(source, "collect") else ""
    if isinstance(source, (str, os.PathLike)):
        hint = "; a file is read by a reader, for example CSVRecordReader(path, skip_lines=1)"
    raise TypeError(
        "execute: expected a table, record batches or a record reader, "
        f"received {shown(source)} ({type(source).__name__}){hint}"
    )


def input_frames(
    process: TransformProcess, source: Any, policy: ErrorPolicy | None = None
) -> Iterator[Callable[[], Frame]]:
    """One callable per batch of the source; calling it (in any thread) gives the frame."""
    if hasattr(source, "frame_tasks"):
        yield from source.frame_tasks(process.initial_schema, process.read_plan(policy))
        return
    schema = process.initial_schema
    base = 0
    for batch in _sources(source):
        if not isinstance(batch, pa.RecordBatch):
            hint = "; execute_records takes lists of values" if isinstance(batch, list) else ""
            raise TypeError(
                f"execute: expected RecordBatches, received {type(batch).__name__}{hint}"
            )
        step = rows_at_once(batch.schema)
        for start in range(0, batch.num_rows, step):
            yield _BatchTask(schema, batch.slice(start, step), base + start)
        base += batch.num_rows


class _BatchTask:
    def __init__(self, schema: Schema, batch: pa.RecordBatch, base: int) -> None:
        self.schema, self.batch, self.base = schema, batch, base

    def __call__(self) -> Frame:
        return frame_from_batch(self.schema, self.batch)

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Count rows from the start of the data, not of the batch."""
        row = None if error.row is None else error.row + self.base
        return error.located(row=row)


def transformed_frames(
    process: TransformProcess,
    source: Any,
    *,
    on_error: str | ErrorPolicy,
    threads: int,
    finish: Callable[[Frame, Any], Any],
    errors: ErrorReport,
    what: str = "execute",
) -> Iterator[Any]:
    """Run a process over a source.

    `finish` turns each result frame into what is wanted; it also gets the task that read the
    frame (None when several were joined). It may raise InvalidValueError for rows it cannot use;
    they obey `on_error` too.

    `errors` counts what was left out or replaced in the batches delivered so far. At the end of the
    pass the totals, with those of the reader, are logged under the name `what`.
    """
    policy = ErrorPolicy.of(on_error)
    Mender.check(policy, process.schemas)
    gathering = gathering_for(process)
    whole = None if gathering is None else gathering.step

    def finished(frame: Frame, task: Any, mender: Mender) -> Any:
        frame = mender.filled(frame, "result")
        try:
            return mender.through(lambda f: finish(f, task), frame)[0]
        except InvalidValueError as e:
            raise e.located(row=original_row(frame, e)) from None

    def run(task: Any, frame: Frame, report: ErrorReport) -> Any:
        mender = Mender(policy, report, lambda e: located(task, e))
        frame = process.run_mending(frame, mender, last=whole)
        return (
            finished(frame, task, mender) if gathering is None else gathering.start(frame, mender)
        )

    def work(task: Any) -> tuple[Any, int, ErrorReport, CsvError | InvalidValueError | None]:
        # Counted per batch and added up when it is delivered, so that totals are in step with it.
        report = ErrorReport()
        error: CsvError | InvalidValueError | None = None
        try:
            read = getattr(task, "frame", None)
            frame = task() if read is None else read(policy, report)
        except (CsvError, InvalidValueError) as e:
            error = located(task, e) if isinstance(e, InvalidValueError) else e
            before = getattr(task, "before", None)
            start = None if before is None else before(error)
            if start is None or not start.num_records:
                raise error from None
            frame = start
        read_records = frame.num_records
        while True:
            try:
                return run(task, frame, report), read_records, report, error
            except InvalidValueError as e:
                error, row = located(task, e), e.row
            # What comes before the bad record is still delivered; then the error is raised. It may
            # itself hold a bad value, which was noticed later.
            if row is None or not 0 < row < frame.num_records:
                raise error
            frame, report = frame.sliced(0, row), ErrorReport()

    tasks = input_frames(process, source, policy)
    results = ordered_map(work, tasks, threads=threads, ahead=threads + 2)
    base = 0
    for result, read_records, report, error in results:
        errors.merge(report)
        if gathering is None:
            yield result
        else:
            gathering.add(result, base)
            base += read_records
        if error is not None:
            raise error
    if gathering is not None:
        report = ErrorReport()
        mender = Mender(policy, report)
        frame = gathering.finish(mender)
        result = None if frame is None else finished(frame, None, mender)
        errors.merge(report)
        if result is not None:
            yield result
    with_reader(errors, source).log(what)


def with_reader(errors: ErrorReport, source: Any) -> ErrorReport:
    """The counts of a pass together with those of the reader that it read from."""
    own = getattr(source, "errors", None)
    if not isinstance(own, ErrorReport):
        return errors
    total = ErrorReport()
    total.merge(own)
    total.merge(errors)
    return total


def located(task: Any, error: InvalidValueError) -> InvalidValueError:
    """An error with what the reader knows about its place."""
    locate = getattr(task, "locate", None)
    return error if locate is None else locate(error)


class BatchStream(Iterator[pa.RecordBatch]):
    """Transformed record batches; iterate once, or `read_all`.

    Attributes:
        schema: Arrow schema of the batches.
    """

    def __init__(
        self,
        process: TransformProcess,
        source: Any,
        *,
        on_error: ErrorPolicy,
        threads: int,
    ) -> None:
        Mender.check(on_error, process.schemas)
        self.schema: pa.Schema = process.final_schema.to_arrow()
        self._errors = ErrorReport()
        self._source = source
        self._batches = transformed_frames(
            process,
            source,
            on_error=on_error,
            threads=threads,
            finish=lambda frame, task: frame_to_batch(frame),
            errors=self._errors,
        )

    def __repr__(self) -> str:
        names = ", ".join(self.schema.names)
        return f"<BatchStream of {names:.60}; iterate, or read_all() for a table>"

    @property
    def errors(self) -> ErrorReport:
        """What was left out or replaced so far, by the steps and by the reader."""
        return with_reader(self._errors, self._source)

    @property
    def skipped(self) -> int:
        """Records left out so far; `errors` says why."""
        return self.errors.skipped

    def __next__(self) -> pa.RecordBatch:
        return next(self._batches)

    def read_all(self) -> pa.Table:
        """The remaining batches as one table."""
        return pa.Table.from_batches(list(self), schema=self.schema)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        reader = pa.RecordBatchReader.from_batches(self.schema, self)
        return reader.__arrow_c_stream__(requested_schema)
