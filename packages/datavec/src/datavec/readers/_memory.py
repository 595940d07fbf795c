"""Readers over data that are in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .._schema import Schema
from ._metadata import RecordMetaDataIndex
from ._reader import AbstractRecordReader

__all__ = ["CollectionRecordReader"]


class CollectionRecordReader(AbstractRecordReader):
    """Records from a list.

    Answers to Deeplearning4j's ``CollectionRecordReader``, ``InMemoryRecordReader`` and
    ``ListStringRecordReader``.

    >>> CollectionRecordReader([[1, "a"], [2, "b"]]).next()
    [1, 'a']
    """

    def __init__(self, records: Sequence[Sequence[Any]], *, schema: Schema | None = None) -> None:
        super().__init__()
        self._records = records
        self._schema = schema

    @property
    def schema(self) -> Schema | None:
        return self._schema

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for i, record in enumerate(self._records):
            yield list(record), RecordMetaDataIndex(i)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        return [list(self._records[m.index]) for m in metadata]
