"""Parquet files, a row group (or a piece of a large one) at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa

from ..schema._metadata import ColumnType
from ._arrow_columns import need_column
from ._columnar import ROWS, AbstractColumnarReader, Chunk, Given, arrow_file, local_path

__all__ = ["ParquetRecordReader"]

_GROUP_BYTES = 64 << 20  # a row group larger than this, unpacked, is read in pieces


class ParquetRecordReader(AbstractColumnarReader):
    """Records of Parquet files.

    Only the wanted columns are read and unpacked, row groups in threads. Row groups of more than
    64 MiB are read in pieces, so memory stays bounded. Text of Categorical columns keeps its
    dictionary.

    Args:
        source: a path or URL, several of them, or an input split; the files must be able to seek.
        schema: of the records; columns are found by name. The default has all columns of the first
            file whose types fit.
        signed_integers: read unsigned 32- and 64-bit integers as signed ones of the same bits.
        memory_map: map plain local files into memory instead of reading them.

    Raises:
        RecordFormatError: a file that is no Parquet file, or is damaged.
        SchemaError: a column of the schema that a file does not have.

    >>> import io, pyarrow as pa, pyarrow.parquet
    >>> from datavec import InputStreamInputSplit, ParquetRecordReader
    >>> stream = io.BytesIO()
    >>> pa.parquet.write_table(pa.table({"a": [1.5, 2.0], "b": ["x", "y"]}), stream)
    >>> _ = stream.seek(0)
    >>> reader = ParquetRecordReader(InputStreamInputSplit(stream))
    >>> reader.schema.column_names, list(reader)
    (['a', 'b'], [[1.5, 'x'], [2.0, 'y']])
    """

    what = "a Parquet file"

    def __init__(
        self,
        source: Any,
        *,
        schema: Any = None,
        signed_integers: bool = False,
        memory_map: bool = True,
    ) -> None:
        super().__init__(
            source, schema=schema, signed_integers=signed_integers, memory_map=memory_map
        )

    def arrow_schema(self, f: IO[bytes]) -> pa.Schema:
        import pyarrow.parquet as pq

        return pq.ParquetFile(arrow_file(f, memory_map=self.memory_map)).schema_arrow

    def chunks(
        self, f: IO[bytes], names: list[str], wanted: frozenset[int] | None
    ) -> Iterator[Chunk]:
        opened = _ParquetFile(f, self.memory_map, self._dictionaries(names))
        file = opened.file()
        for name in names:
            need_column(file.schema_arrow, name)
        first = 0
        for group in range(file.num_row_groups):
            metadata = file.metadata.row_group(group)
            rows = metadata.num_rows
            here = wanted is None or any(first <= row < first + rows for row in wanted)
            if rows > 0 and here:
                size = _unpacked(metadata, names)
                if opened.path is not None and size <= _GROUP_BYTES:
                    yield Chunk(first, rows, _Group(opened, group, names))
                else:
                    yield from _pieces(file, group, names, first)
            first += rows

    def _dictionaries(self, names: list[str]) -> list[str]:
        if self._schema is None:
            return []
        return [
            m.name
            for m in self._schema
            if m.column_type is ColumnType.CATEGORICAL and m.name in names
        ]


def _unpacked(metadata: Any, names: list[str]) -> int:
    columns = (metadata.column(i) for i in range(metadata.num_columns))
    return sum(
        c.total_uncompressed_size for c in columns if c.path_in_schema.split(".")[0] in names
    )


def _pieces(file: Any, group: int, names: list[str], first: int) -> Iterator[Chunk]:
    batches = file.iter_batches(
        batch_size=ROWS, row_groups=[group], columns=names, use_threads=False
    )
    for batch in batches:
        yield Chunk(first, batch.num_rows, Given(batch))
        first += batch.num_rows


class _ParquetFile:
    """A file that every thread opens for itself, with the metadata read once."""

    def __init__(self, f: IO[bytes], memory_map: bool, dictionaries: list[str]) -> None:
        self.f, self.memory_map, self.dictionaries = f, memory_map, dictionaries
        self.path = local_path(f)
        self.metadata: Any = None

    def file(self) -> Any:
        import pyarrow.parquet as pq

        source = arrow_file(self.f, memory_map=self.memory_map)
        if self.metadata is not None:
            source = pa.memory_map(self.path) if self.memory_map else pa.OSFile(self.path)
        try:
            opened = pq.ParquetFile(
                source, metadata=self.metadata, read_dictionary=self.dictionaries, pre_buffer=False
            )
        except KeyError:  # a column that is not there; who needs it says so
            self.dictionaries = []
            return self.file()
        self.metadata = opened.metadata
        return opened


class _Group:
    """Reads a whole row group, in whatever thread it is called."""

    def __init__(self, file: _ParquetFile, group: int, names: list[str]) -> None:
        self.file, self.group, self.names = file, group, names

    def __call__(self) -> pa.RecordBatch:
        table = self.file.file().read_row_group(self.group, columns=self.names, use_threads=False)
        columns = [_joined(table.column(name)) for name in self.names]
        return pa.RecordBatch.from_arrays(columns, names=self.names)


def _joined(column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return column.combine_chunks()
