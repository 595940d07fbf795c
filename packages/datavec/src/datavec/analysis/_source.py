"""Frames of whatever a TransformProcess takes, gathered in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, Self, TypeVar

import pyarrow as pa

from .._errors import InvalidValueError, SchemaError
from .._parallel import available_cpus, ordered_map
from ..columns._arrow_io import frame_from_sequences
from ..columns._frame import Frame
from ..process._process import ReadPlan, TransformProcess
from ..process._stream import input_frames, located
from ..schema._schema import Schema

__all__ = ["can_read_again", "gather", "gather_frames"]

_SEQUENCES = 256
_ROWS = 1 << 16  # so that what is made of a column stays in the cache


class Accumulator(Protocol):
    """What `gather` fills: one per frame, merged in order."""

    def add(self, frame: Frame) -> Self: ...
    def merge(self, other: Any) -> Self: ...


G = TypeVar("G", bound=Accumulator)
T = TypeVar("T")


class _SequenceTask:
    """Some sequences of a reader that knows no frames."""

    def __init__(self, schema: Schema, sequences: Sequence[Any]) -> None:
        self.schema, self.sequences = schema, sequences

    def __call__(self) -> Frame:
        return frame_from_sequences(self.schema, self.sequences)


def _tasks(
    schema: Schema, source: Any, needed: Iterable[str], as_text: Iterable[str]
) -> Iterator[Callable[[], Frame]]:
    if hasattr(source, "frame_tasks"):
        yield from source.frame_tasks(schema, ReadPlan(frozenset(needed), frozenset(as_text)))
    elif hasattr(source, "sequences"):
        if not schema.is_sequence:
            raise SchemaError("a sequence reader needs a SequenceSchema")
        running = source.sequences()
        while chunk := [steps for steps, _ in islice(running, _SEQUENCES)]:
            yield _SequenceTask(schema, chunk)
    else:
        if isinstance(source, pa.Table):
            source = source.to_batches(max_chunksize=_ROWS)
        yield from input_frames(TransformProcess(schema, ()), source)


def gather_frames(
    work: Callable[[Frame], T],
    schema: Schema,
    source: Any,
    *,
    needed: Iterable[str] | None = None,
    as_text: Iterable[str] = (),
    threads: int | None = None,
) -> Iterator[T]:
    """``work(frame)`` of every frame of a source, computed in threads, in the source's order.

    Args:
        needed: columns that `work` looks at; None for all.
        as_text: columns that a reader must leave unparsed.
        threads: 0 works in the caller's thread; None takes the CPUs there are.
    """
    names = schema.column_names if needed is None else list(needed)
    for name in names:
        schema.index_of(name)
    workers = available_cpus() if threads is None else threads

    def run(task: Callable[[], Frame]) -> T:
        try:
            return work(task())
        except InvalidValueError as e:
            raise located(task, e) from None

    tasks = _tasks(schema, source, names, as_text)
    yield from ordered_map(run, tasks, threads=workers, ahead=workers + 2)


def gather(
    make: Callable[[], G],
    schema: Schema,
    source: Any,
    *,
    needed: Iterable[str] | None = None,
    as_text: Iterable[str] = (),
    threads: int | None = None,
) -> G:
    """Fill an accumulator with the frames of a source; `make` makes an empty one."""
    total = make()
    parts = gather_frames(
        lambda frame: make().add(frame),
        schema,
        source,
        needed=needed,
        as_text=as_text,
        threads=threads,
    )
    for part in parts:
        total.merge(part)
    return total


def can_read_again(source: Any) -> bool:
    """Whether a second pass over the source gives the same data."""
    if hasattr(source, "frame_tasks") or hasattr(source, "sequences"):
        return True
    return isinstance(source, (pa.Table, pa.RecordBatch, list, tuple))
