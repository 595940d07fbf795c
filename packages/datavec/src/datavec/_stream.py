"""The result of `TransformProcess.execute`: transformed batches, made as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from ._arrow_io import frame_from_batch, frame_to_batch
from ._errors import InvalidValueError, shown
from ._frame import Frame
from ._parallel import ordered_map
from ._process import TransformProcess, drop_records, original_row
from ._schema import Schema

__all__ = ["BatchStream", "SkipCount", "transformed_frames"]


class SkipCount:
    """Counts records left out, per reason."""

    def __init__(self) -> None:
        self.records = 0


def _sources(source: Any) -> Iterator[pa.RecordBatch]:
    if isinstance(source, pa.RecordBatch):
        return iter([source])
    if isinstance(source, pa.Table):
        return iter(source.combine_chunks().to_batches(max_chunksize=1 << 17))
    if hasattr(source, "__arrow_c_stream__"):
        return iter(pa.RecordBatchReader.from_stream(source))
    if isinstance(source, Iterable) and not isinstance(source, (str, bytes, dict)):
        return iter(source)
    raise TypeError(
        "execute: expected a table, record batches or a record reader, "
        f"received {shown(source)} ({type(source).__name__})"
    )


def input_frames(process: TransformProcess, source: Any) -> Iterator[Callable[[], Frame]]:
    """One callable per batch of the source; calling it (in any thread) gives the frame."""
    if hasattr(source, "frame_tasks"):
        yield from source.frame_tasks(process.initial_schema, process.read_plan())
        return
    schema = process.initial_schema
    base = 0
    for batch in _sources(source):
        if not isinstance(batch, pa.RecordBatch):
            raise TypeError(f"execute: expected RecordBatches, received {type(batch).__name__}")
        yield _BatchTask(schema, batch, base)
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
    on_error: str,
    threads: int,
    finish: Callable[[Frame, Any], Any],
    skipped: SkipCount,
) -> Iterator[Any]:
    """Run a process over a source.

    `finish` turns each result frame into what is wanted; it also gets the task that read the
    frame (None when several were joined).

    `finish` may raise InvalidValueError for rows it cannot use; they obey `on_error` too.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', received {on_error!r}")
    whole = next((i for i, a in enumerate(process.actions) if a.whole_data), None)

    def finished(frame: Frame, task: Any) -> tuple[Any, int]:
        dropped = 0
        while True:
            try:
                return finish(frame, task), dropped
            except InvalidValueError as e:
                if on_error == "raise":
                    raise e.located(row=original_row(frame, e)) from None
                frame, n = drop_records(frame, e)
                dropped += n

    def work(task: Callable[[], Frame]) -> tuple[Any, int, InvalidValueError | None]:
        try:
            frame = task()
        except InvalidValueError as e:
            raise located(task, e) from None
        try:
            return (*run(task, frame), None)
        except InvalidValueError as e:
            error, row = located(task, e), e.row
            if row is None or not 0 < row < frame.num_records:
                raise error from None
        # What comes before the bad record is still delivered; then the error is raised.
        return (*run(task, frame.sliced(0, row)), error)

    def run(task: Any, frame: Frame) -> tuple[Any, int]:
        dropped = 0
        if on_error == "skip":
            frame, dropped = process.run_skipping(frame, last=whole)
        else:
            frame = process.run(frame, last=whole)
        if whole is not None:
            return frame, dropped
        result, more = finished(frame, task)
        return result, dropped + more

    tasks = input_frames(process, source)
    results = ordered_map(work, tasks, threads=threads, ahead=threads + 2)
    if whole is None:
        for result, dropped, error in results:
            skipped.records += dropped
            yield result
            if error is not None:
                raise error
        return
    frames = []
    for frame, dropped, error in results:
        if error is not None:
            raise error
        skipped.records += dropped
        frames.append(frame)
    if not frames:
        return
    joined = Frame.concat(frames)
    if on_error == "skip":
        joined, dropped = process.run_skipping(joined, first=whole)
        skipped.records += dropped
    else:
        joined = process.run(joined, first=whole)
    result, dropped = finished(joined, None)
    skipped.records += dropped
    yield result


def located(task: Any, error: InvalidValueError) -> InvalidValueError:
    """An error with what the reader knows about its place."""
    locate = getattr(task, "locate", None)
    return error if locate is None else locate(error)


class BatchStream(Iterator[pa.RecordBatch]):
    """Transformed record batches; iterate once, or `read_all`.

    Attributes:
        schema: Arrow schema of the batches.
        skipped: records left out so far because a step could not work with them.
    """

    def __init__(
        self, process: TransformProcess, source: Any, *, on_error: str, threads: int
    ) -> None:
        self.schema: pa.Schema = process.final_schema.to_arrow()
        self._skipped = SkipCount()
        self._batches = transformed_frames(
            process,
            source,
            on_error=on_error,
            threads=threads,
            finish=lambda frame, task: frame_to_batch(frame),
            skipped=self._skipped,
        )

    @property
    def skipped(self) -> int:
        return self._skipped.records

    def __next__(self) -> pa.RecordBatch:
        return next(self._batches)

    def read_all(self) -> pa.Table:
        """The remaining batches as one table."""
        return pa.Table.from_batches(list(self), schema=self.schema)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        reader = pa.RecordBatchReader.from_batches(self.schema, self)
        return reader.__arrow_c_stream__(requested_schema)
