"""Readers over other readers: one after another, or transformed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from .._errors import DataVecError, InvalidValueError, SchemaError
from .._policy import ErrorPolicy, ErrorReport
from ..columns._arrow_io import (
    frame_from_records,
    frame_from_sequences,
    frame_to_records,
    frame_to_sequences,
)
from ..columns._frame import Frame
from ..process._mending import Mender
from ..process._process import ReadPlan, TransformProcess
from ..schema._schema import Schema
from ._metadata import RecordMetaDataIndex
from ._reader import AbstractRecordReader
from ._sequence_reader import AbstractSequenceRecordReader, Steps, sequences_at

__all__ = [
    "ConcatenatingRecordReader",
    "LocalTransformProcessRecordReader",
    "LocalTransformProcessSequenceRecordReader",
    "TransformProcessRecordReader",
    "TransformProcessSequenceRecordReader",
]

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class _OfSource:
    """Metadata of a reader inside another one."""

    metadata: Any

    @property
    def uri(self) -> str | None:
        return getattr(self.metadata, "uri", None)

    @property
    def line(self) -> int | None:
        return getattr(self.metadata, "line", None)

    @property
    def location(self) -> str:
        return str(self.metadata.location)


class _SourceTask:
    """A task of a reader inside another one."""

    def __init__(self, task: Any) -> None:
        self.task = task

    def __call__(self) -> Frame:
        return self.frame(ErrorPolicy(), ErrorReport())

    def frame(self, policy: ErrorPolicy, report: ErrorReport) -> Frame:
        read = getattr(self.task, "frame", None)
        frame: Frame = self.task() if read is None else read(policy, report)
        return frame

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        located: InvalidValueError = self.task.locate(error)
        return located


@dataclass(frozen=True, slots=True)
class _OfReader(_OfSource):
    """Metadata of one of several readers."""

    reader: int


class ConcatenatingRecordReader(AbstractRecordReader):
    """The records of one reader after those of another.

    Answers to Deeplearning4j's ``ConcatenatingRecordReader``.

    Args:
        readers: of records of the same columns.

    >>> from datavec import CollectionRecordReader, ConcatenatingRecordReader
    >>> first, second = CollectionRecordReader([[1]]), CollectionRecordReader([[2], [3]])
    >>> list(ConcatenatingRecordReader(first, second))
    [[1], [2], [3]]
    """

    def __init__(self, *readers: AbstractRecordReader) -> None:
        super().__init__()
        self.readers = readers

    @property
    def schema(self) -> Schema | None:
        return self.readers[0].schema if self.readers else None

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for i, reader in enumerate(self.readers):
            for record, metadata in reader.records():
                yield record, _OfReader(metadata, i)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        found: list[list[Any]] = [[] for _ in wanted]
        for i, reader in enumerate(self.readers):  # each reads its files once
            rows = [row for row, m in enumerate(wanted) if m.reader == i]
            records = reader.load_from_metadata([wanted[row].metadata for row in rows])
            for row, record in zip(rows, records, strict=True):
                found[row] = record
        return found

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        for i, reader in enumerate(self.readers):
            for task in reader.frame_tasks(schema, plan):
                yield _TaskOfReader(i, task)


class _TaskOfReader(_SourceTask):
    def __init__(self, reader: int, task: Any) -> None:
        super().__init__(task)
        self.reader = reader

    def metadata(self, frame: Frame) -> list[Any]:
        return [_OfReader(m, self.reader) for m in self.task.metadata(frame)]


class TransformProcessRecordReader(AbstractRecordReader):
    """Transformed records of another reader; filtered ones are left out.

    Loading from metadata gives the transformed record (the original's gives the record before).

    Answers to Deeplearning4j's ``TransformProcessRecordReader`` and
    ``LocalTransformProcessRecordReader``.

    Args:
        reader: gives the records.
        transform: a process from records to records.

    Raises:
        SchemaError: a process that needs all records at once, or reads or makes sequences.

    >>> from datavec import CollectionRecordReader, Schema, TransformProcess
    >>> from datavec import TransformProcessRecordReader
    >>> schema = Schema.builder().add_column_string("s").add_column_integer("i").build()
    >>> process = TransformProcess.builder(schema).remove_columns("s").build()
    >>> list(TransformProcessRecordReader(CollectionRecordReader([["a", 1], ["b", 2]]), process))
    [[1], [2]]
    """

    def __init__(self, reader: AbstractRecordReader, transform: TransformProcess) -> None:
        super().__init__()
        whole = [type(a).__name__ for a in transform.actions if a.whole_data]
        if whole or transform.initial_schema.is_sequence or transform.final_schema.is_sequence:
            reason = f"{whole[0]} needs all records at once" if whole else "it works on sequences"
            raise SchemaError(
                f"TransformProcessRecordReader: the process cannot run on one record after another, "
                f"{reason}; use TransformProcess.execute"
            )
        self.reader = reader
        self.transform = transform

    @property
    def schema(self) -> Schema | None:
        return self.transform.final_schema

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        source = self.reader.records()
        at = 0
        while chunk := list(islice(source, _CHUNK)):
            frame = frame_from_records(self.transform.initial_schema, [r for r, _ in chunk])
            result = self.transform.run(frame)
            rows = range(len(chunk)) if result.origin is None else result.origin.tolist()
            for row, record in zip(rows, frame_to_records(result), strict=True):
                yield record, RecordMetaDataIndex(at + row)
            at += len(chunk)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        positions = {m.index for m in wanted if isinstance(m, RecordMetaDataIndex)}
        last = max(positions, default=-1)
        found = {
            i: record
            for i, (record, _) in enumerate(islice(self.reader.records(), last + 1))
            if i in positions
        }
        through = [m for m in wanted if isinstance(m, _Through)]
        loaded = dict(
            zip(through, self.reader.load_from_metadata(m.metadata for m in through), strict=True)
        )
        missing = [m for m in wanted if m not in loaded and getattr(m, "index", None) not in found]
        if missing:
            raise DataVecError(f"TransformProcessRecordReader: no record at {missing[0].location}")
        return self.transform.execute_records(
            [loaded[m] if m in loaded else found[m.index] for m in wanted]
        )

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        tasks = self.reader.frame_tasks(
            self.transform.initial_schema, self.transform.read_plan(plan.policy)
        )
        for task in tasks:
            yield _TransformTask(self.transform, schema, task)


LocalTransformProcessRecordReader = TransformProcessRecordReader


@dataclass(frozen=True, slots=True)
class _Through(_OfSource):
    """Metadata of the record that a transformed one was made from."""


class _TransformTask(_SourceTask):
    """Reads and transforms where it is called, in a thread."""

    def __init__(self, transform: TransformProcess, schema: Schema, task: Any) -> None:
        super().__init__(task)
        self.transform, self.schema = transform, schema

    def frame(self, policy: ErrorPolicy, report: ErrorReport) -> Frame:
        mender = Mender(policy, report, self.locate)
        result = self.transform.run_mending(super().frame(policy, report), mender)
        return replace(result, schema=self.schema)

    def metadata(self, frame: Frame) -> list[Any]:
        return [_Through(m) for m in self.task.metadata(frame)]


class TransformProcessSequenceRecordReader(AbstractSequenceRecordReader):
    """Transformed sequences of another reader; filtered ones are left out.

    Answers to Deeplearning4j's ``TransformProcessSequenceRecordReader`` and
    ``LocalTransformProcessSequenceRecordReader``, of which the latter fails on ordinary data.

    Args:
        reader: gives the sequences.
        transform: a process from sequences to sequences.

    Raises:
        SchemaError: a process that needs all sequences at once, or reads or makes records.

    >>> from datavec import CollectionSequenceRecordReader, Schema, SequenceSchema
    >>> from datavec import TransformProcess, TransformProcessSequenceRecordReader
    >>> columns = Schema.builder().add_column_string("s").add_column_integer("i").build().columns
    >>> process = TransformProcess.builder(SequenceSchema(columns)).remove_columns("s").build()
    >>> source = CollectionSequenceRecordReader([[["a", 1], ["b", 2]]])
    >>> list(TransformProcessSequenceRecordReader(source, process))
    [[[1], [2]]]
    """

    def __init__(self, reader: AbstractSequenceRecordReader, transform: TransformProcess) -> None:
        super().__init__()
        whole = [type(a).__name__ for a in transform.actions if a.whole_data]
        sequences = transform.initial_schema.is_sequence and transform.final_schema.is_sequence
        if whole or not sequences:
            reason = f"{whole[0]} needs all data at once" if whole else "it works on records"
            raise SchemaError(
                "TransformProcessSequenceRecordReader: the process cannot run on one sequence after "
                f"another, {reason}; use TransformProcess.execute"
            )
        self.reader = reader
        self.transform = transform

    def sequences(self) -> Iterator[tuple[Steps, Any]]:
        for i, (steps, _) in enumerate(self.reader.sequences()):
            yield from ((result, RecordMetaDataIndex(i)) for result in self._transformed([steps]))

    def _transformed(self, sequences: list[Steps]) -> list[Steps]:
        frame = frame_from_sequences(self.transform.initial_schema, sequences)
        return frame_to_sequences(self.transform.run(frame))

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[Steps]:
        wanted = list(metadata)
        through = [m for m in wanted if isinstance(m, _Through)]
        loaded = self.reader.load_from_metadata(m.metadata for m in through)
        found = {m: self._transformed([s])[0] for m, s in zip(through, loaded, strict=True)}
        others = [m for m in wanted if m not in found]
        found |= zip(others, sequences_at(others, self.sequences()) if others else (), strict=True)
        return [found[m] for m in wanted]

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        tasks = self.reader.frame_tasks(
            self.transform.initial_schema, self.transform.read_plan(plan.policy)
        )
        for task in tasks:
            yield _TransformTask(self.transform, schema, task)


LocalTransformProcessSequenceRecordReader = TransformProcessSequenceRecordReader
