"""Readers over data that are in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..schema._schema import Schema
from ._metadata import RecordMetaDataIndex
from ._reader import AbstractRecordReader
from ._splits import ListStringSplit

__all__ = ["CollectionRecordReader", "InMemoryRecordReader", "ListStringRecordReader"]


class CollectionRecordReader(AbstractRecordReader):
    """Records from a list.

    Answers to Deeplearning4j's ``CollectionRecordReader`` and ``InMemoryRecordReader``.

    >>> CollectionRecordReader([[1, "a"], [2, "b"]]).next()
    [1, 'a']
    """

    def __init__(self, records: Sequence[Sequence[Any]], *, schema: Schema | None = None) -> None:
        super().__init__()
        self._records = records
        self._schema = schema

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._records)} records>"

    @property
    def schema(self) -> Schema | None:
        return self._schema

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for i, record in enumerate(self._records):
            yield list(record), RecordMetaDataIndex(i)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        return [list(self._records[m.index]) for m in metadata]


InMemoryRecordReader = CollectionRecordReader


class ListStringRecordReader(CollectionRecordReader):
    """Records of texts that are split already.

    Answers to Deeplearning4j's ``ListStringRecordReader``.

    >>> ListStringRecordReader(ListStringSplit([["1", "a"]])).next()
    ['1', 'a']
    """

    def __init__(
        self, source: ListStringSplit | Sequence[Sequence[str]], *, schema: Schema | None = None
    ) -> None:
        data = source.data if isinstance(source, ListStringSplit) else source
        super().__init__(data, schema=schema)
