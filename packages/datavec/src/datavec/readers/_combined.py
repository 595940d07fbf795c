"""Readers made of other readers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from .._arrow_io import frame_from_records, frame_to_records
from .._process import TransformProcess
from .._schema import Schema
from ._metadata import RecordMetaDataIndex
from ._reader import AbstractRecordReader

__all__ = ["ComposableRecordReader", "ConcatenatingRecordReader", "TransformProcessRecordReader"]

_CHUNK = 4096


class ComposableRecordReader(AbstractRecordReader):
    """The columns of several readers side by side; ends with the shortest reader."""

    def __init__(self, *readers: AbstractRecordReader) -> None:
        super().__init__()
        self.readers = readers

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for parts in zip(*(r.records() for r in self.readers), strict=False):
            yield [v for record, _ in parts for v in record], tuple(m for _, m in parts)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        columns = [
            reader.load_from_metadata([m[i] for m in wanted])
            for i, reader in enumerate(self.readers)
        ]
        return [[v for part in row for v in part] for row in zip(*columns, strict=True)]


class ConcatenatingRecordReader(AbstractRecordReader):
    """The records of one reader after those of another."""

    def __init__(self, *readers: AbstractRecordReader) -> None:
        super().__init__()
        self.readers = readers

    @property
    def schema(self) -> Schema | None:
        return self.readers[0].schema if self.readers else None

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for i, reader in enumerate(self.readers):
            for record, metadata in reader.records():
                yield record, (i, metadata)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        return [self.readers[i].load_from_metadata([m])[0] for i, m in metadata]


class TransformProcessRecordReader(AbstractRecordReader):
    """Transformed records of another reader; filtered ones are left out.

    Answers to Deeplearning4j's ``TransformProcessRecordReader`` and
    ``LocalTransformProcessRecordReader``.
    """

    def __init__(self, reader: AbstractRecordReader, transform: TransformProcess) -> None:
        super().__init__()
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
        wanted = [m.index for m in metadata]
        last = max(wanted, default=-1)
        found = {
            i: record
            for i, (record, _) in enumerate(islice(self.reader.records(), last + 1))
            if i in wanted
        }
        return self.transform.execute_records([found[i] for i in wanted])
