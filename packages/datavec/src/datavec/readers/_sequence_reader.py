"""What all readers of sequences share, and the one over data in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Self

import numpy as np

from .._errors import DataVecError, InvalidValueError, SchemaError
from .._policy import ErrorExample, ErrorPolicy, ErrorReport
from ..columns._arrow_io import frame_from_sequences
from ..columns._frame import Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ._listeners import AbstractListenedTo
from ._metadata import RecordMetaDataIndex

__all__ = [
    "AbstractSequenceRecordReader",
    "CollectionSequenceRecordReader",
    "InMemorySequenceRecordReader",
]

Steps = list[list[Any]]

_STEPS = 4096


def sequences_at(wanted: list[Any], sequences: Iterator[tuple[Steps, Any]]) -> list[Steps]:
    """The sequences with these metadata, in the order asked for; raises where one is missing."""
    keys = set(wanted)
    found = {m: steps for steps, m in sequences if m in keys}
    missing = [m for m in wanted if m not in found]
    if missing:
        raise DataVecError(f"no sequence at {missing[0].location}")
    return [found[m] for m in wanted]


class AbstractSequenceRecordReader(AbstractListenedTo, ABC):
    """Sequences one after another; each is a list of steps, a step a list of values.

    Answers to Deeplearning4j's ``SequenceRecordReader``.
    """

    def __init__(self) -> None:
        self._running: Iterator[tuple[Steps, Any]] | None = None
        self._ahead: list[tuple[Steps, Any]] = []

    @abstractmethod
    def sequences(self) -> Iterator[tuple[Steps, Any]]:
        """One pass over the sequences, each with its metadata."""

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[Steps]:
        """Read single sequences again, in the order asked for."""
        return sequences_at(list(metadata), self.sequences())

    def reset(self) -> None:
        """Start again at the first sequence."""
        self._running, self._ahead = None, []

    def has_next(self) -> bool:
        """Whether there is another sequence."""
        if not self._ahead:
            if self._running is None:
                self._running = self.sequences()
            self._ahead = list(islice(self._running, 1))
        return bool(self._ahead)

    def next(self) -> Steps:
        """The next sequence; raises StopIteration at the end."""
        return self.next_sequence()[0]

    def next_sequence(self) -> tuple[Steps, Any]:
        """The next sequence and its metadata; raises StopIteration at the end."""
        if not self.has_next():
            raise StopIteration("no more sequences; call reset() to start again")
        found = self._ahead.pop()
        if self.listeners:
            self.announce(found[0])
        return found

    def __iter__(self) -> Self:
        self.reset()
        return self

    def __next__(self) -> Steps:
        return self.next()

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        """Callables that give the sequences as frames of `schema`, some thousand steps at a time.

        Raises:
            SchemaError: `schema` is one of plain records.
        """
        if not schema.is_sequence:
            raise SchemaError(
                f"{type(self).__name__}: gives sequences, so it needs a SequenceSchema, "
                "received a Schema of records"
            )
        chunk: list[tuple[Steps, Any]] = []
        steps = 0
        for found in self.sequences():
            chunk.append(found)
            steps += len(found[0])
            if steps >= _STEPS or len(chunk) >= _STEPS:
                yield SequenceTask(schema, chunk)
                chunk, steps = [], 0
        if chunk:
            yield SequenceTask(schema, chunk)


class SequenceTask:
    """Turns some sequences into a frame; knows where each of them came from."""

    def __init__(self, schema: Schema, chunk: Sequence[tuple[Steps, Any]]) -> None:
        self.schema, self.chunk = schema, chunk

    def __call__(self) -> Frame:
        return self.frame(ErrorPolicy(), ErrorReport())

    def frame(self, policy: ErrorPolicy, report: ErrorReport) -> Frame:
        """The frame; sequences with a step of the wrong width are an error, or left out.

        Raises:
            DataVecError: naming the sequence.
        """
        width = len(self.schema)
        good = []
        for i, (steps, metadata) in enumerate(self.chunk):
            bad = next((step for step in steps if len(step) != width), None)
            if bad is None:
                good.append(i)
                continue
            expected = f"expected {width} values a step"
            if not policy.skips:
                raise DataVecError(f"{metadata.location}: {expected}, received {len(bad)}")
            example = ErrorExample(bad, metadata.location)
            report.add("skipped", None, expected, examples=[example])
        made = frame_from_sequences(self.schema, [self.chunk[i][0] for i in good])
        if len(good) == len(self.chunk):
            return made
        return replace(made, origin=np.array(good, np.int64))

    def metadata(self, frame: Frame) -> list[Any]:
        """Metadata of the sequences of a frame that came from this task."""
        rows = range(frame.num_records) if frame.origin is None else frame.origin.tolist()
        return [self.chunk[i][1] for i in rows]

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Say in which file, or which sequence."""
        if error.row is None:
            return error
        place = self.chunk[error.row][1].location
        return error.located(where=", ".join(p for p in (error.where, place) if p))


class CollectionSequenceRecordReader(AbstractSequenceRecordReader):
    """Sequences from a list.

    Answers to Deeplearning4j's ``CollectionSequenceRecordReader`` and
    ``InMemorySequenceRecordReader``.

    >>> CollectionSequenceRecordReader([[[1], [2]]]).next()
    [[1], [2]]
    """

    def __init__(self, data: Sequence[Sequence[Sequence[Any]]]) -> None:
        super().__init__()
        self._data = data

    def sequences(self) -> Iterator[tuple[Steps, Any]]:
        for i, sequence in enumerate(self._data):
            yield [list(step) for step in sequence], RecordMetaDataIndex(i)


InMemorySequenceRecordReader = CollectionSequenceRecordReader
