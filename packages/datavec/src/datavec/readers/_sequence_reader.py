"""What all readers of sequences share, and the one over data in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Self

from .._arrow_io import frame_from_sequences, frame_to_sequences
from .._errors import DataVecError
from .._process import TransformProcess
from ._listeners import AbstractListenedTo
from ._metadata import RecordMetaDataIndex

__all__ = [
    "AbstractSequenceRecordReader",
    "CollectionSequenceRecordReader",
    "InMemorySequenceRecordReader",
    "LocalTransformProcessSequenceRecordReader",
    "TransformProcessSequenceRecordReader",
]

Steps = list[list[Any]]


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


class CollectionSequenceRecordReader(AbstractSequenceRecordReader):
    """Sequences from a list.

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


class TransformProcessSequenceRecordReader(AbstractSequenceRecordReader):
    """Transformed sequences of another reader; filtered ones are left out."""

    def __init__(self, reader: AbstractSequenceRecordReader, transform: TransformProcess) -> None:
        super().__init__()
        self.reader = reader
        self.transform = transform

    def sequences(self) -> Iterator[tuple[Steps, Any]]:
        for i, (steps, _) in enumerate(self.reader.sequences()):
            frame = frame_from_sequences(self.transform.initial_schema, [steps])
            for result in frame_to_sequences(self.transform.run(frame)):
                yield result, RecordMetaDataIndex(i)


LocalTransformProcessSequenceRecordReader = TransformProcessSequenceRecordReader
