"""Arrow IPC files and streams, and Feather files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa

from .._errors import RecordFormatError
from ._arrow_columns import need_column
from ._columnar import ROWS, AbstractColumnarReader, Chunk, Given, arrow_file

__all__ = ["ArrowRecordReader", "FeatherRecordReader"]


class ArrowRecordReader(AbstractColumnarReader):
    """Records of Arrow IPC files, and of Arrow streams.

    Plain local files are mapped into memory, and batches are used where they lie, without a copy.
    Only the columns that are wanted are looked at. Every column that is used is checked first, so a
    damaged file gives an error.

    Under a `SequenceSchema` the columns hold lists, one per sequence.

    Answers to Deeplearning4j's ``ArrowRecordReader``.

    Args:
        source: a path or URL, several of them, or an input split.
        schema: of the records; columns are found by name. The default has all columns of the first
            file whose types fit.
        signed_integers: read unsigned 32- and 64-bit integers as signed ones of the same bits, which
            is what Deeplearning4j's own files mean by them. None decides by the looks of the file.
        memory_map: map plain local files into memory instead of reading them.

    Raises:
        RecordFormatError: a file that is no Arrow file, or is damaged.
        SchemaError: a column of the schema that a file does not have.

    >>> import io, pyarrow as pa
    >>> from datavec import ArrowRecordReader, InputStreamInputSplit
    >>> table = pa.table({"a": [1, 2], "b": ["x", "y"]})
    >>> stream = io.BytesIO()
    >>> with pa.ipc.new_stream(stream, table.schema) as writer:
    ...     writer.write_table(table)
    >>> _ = stream.seek(0)
    >>> list(ArrowRecordReader(InputStreamInputSplit(stream)))
    [[1, 'x'], [2, 'y']]
    """

    what = "an Arrow file or stream"

    def arrow_schema(self, f: IO[bytes]) -> pa.Schema:
        return self._opener(f)(None).schema

    def chunks(
        self, f: IO[bytes], names: list[str], wanted: frozenset[int] | None
    ) -> Iterator[Chunk]:
        opened = self._opener(f)
        reader = opened(None)
        fields = sorted(need_column(reader.schema, name) for name in names)
        if len(fields) < len(reader.schema) and opened.again:
            reader = opened(fields)
        first = 0
        for batch in _batches(reader):
            # Slices, so that a file of one huge batch keeps several threads busy.
            for start in range(0, batch.num_rows, ROWS):
                part = batch.slice(start, ROWS)
                yield Chunk(first + start, part.num_rows, Given(part))
            first += batch.num_rows

    def _opener(self, f: IO[bytes]) -> _Opener:
        source = f if f.seekable() or hasattr(f, "peek") else io.BufferedReader(f)  # type: ignore[type-var]
        start = source.tell() if source.seekable() else None
        if start is None:
            head = source.peek(8)[:8]  # type: ignore[attr-defined]
        else:
            head = source.read(8)
            source.seek(start)
        if head[:4] == b"PAR1":
            raise RecordFormatError("a Parquet file; read it with ParquetRecordReader")
        if head[:4] == b"FEA1":
            raise RecordFormatError(
                "a Feather file of version 1, which Arrow has given up; write it anew with "
                "pyarrow.feather.write_feather"
            )
        is_file = head[:6] == b"ARROW1"
        if start == 0:
            return _Opener(arrow_file(source, memory_map=self.memory_map), is_file, again=True)
        # Behind its first 8 bytes a file is a stream, so it can be read without seeking.
        if is_file:
            source.read(8)
        return _Opener(pa.PythonFile(source, mode="r"), is_file=False, again=False)


class _Opener:
    """Opens a file or stream, as often as wanted where `again` says so."""

    def __init__(self, source: pa.NativeFile, is_file: bool, *, again: bool) -> None:
        self.source, self.is_file, self.again = source, is_file, again

    def __call__(self, fields: list[int] | None) -> Any:
        if self.again:
            self.source.seek(0)
        options = pa.ipc.IpcReadOptions(included_fields=fields or [])
        opened = pa.ipc.open_file if self.is_file else pa.ipc.open_stream
        return opened(self.source, options=options)


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.ipc.RecordBatchFileReader):
        for i in range(reader.num_record_batches):
            yield reader.get_batch(i)
    else:
        yield from reader


class FeatherRecordReader(ArrowRecordReader):
    """Records of Feather files (version 2, which are Arrow IPC files).

    Args:
        source, schema, signed_integers, memory_map: as in `ArrowRecordReader`.

    >>> import io, pyarrow as pa, pyarrow.feather
    >>> from datavec import FeatherRecordReader, InputStreamInputSplit
    >>> stream = io.BytesIO()
    >>> pa.feather.write_feather(pa.table({"a": [1.5]}), stream)
    >>> _ = stream.seek(0)
    >>> FeatherRecordReader(InputStreamInputSplit(stream)).next()
    [1.5]
    """

    what = "a Feather file"
