"""Arrow, Feather and Parquet files."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import pyarrow as pa

from .._errors import SchemaError
from ..columns._arrow_io import usual_column
from ..columns._convert import plain_text
from ..schema._schema import Schema
from ._columnar import AbstractColumnarFileWriter
from ._output import Destination, OutputFile
from ._partition import AbstractPartitioner

__all__ = ["ArrowRecordWriter", "FeatherRecordWriter", "ParquetRecordWriter"]


class _AbstractArrowFileWriter(AbstractColumnarFileWriter):
    """Formats that pyarrow writes batch by batch."""

    can_append = False
    _writer: Any = None

    @abstractmethod
    def _open(self, file: OutputFile, schema: pa.Schema) -> Any:
        """A pyarrow writer with ``write_batch`` and ``close``."""

    def _put(self, file: OutputFile, chunk: pa.RecordBatch) -> None:
        if self._writer is None:
            self._writer = self._open(file, chunk.schema)
            self._arrow_schema = chunk.schema
        elif not chunk.schema.equals(self._arrow_schema):
            raise SchemaError(
                f"{type(self).__name__}: {file.name}: all batches of a file have one schema; "
                f"expected {self._arrow_schema.to_string()!r}, "
                f"received {chunk.schema.to_string()!r}"
            )
        self._writer.write_batch(chunk)

    def _end(self, file: OutputFile) -> None:
        if self._writer is None:
            if self._schema is None:
                raise SchemaError(
                    f"{type(self).__name__}: {file.name}: a file without records needs a schema"
                )
            self._writer = self._open(file, self._empty(self._schema).schema)
        self._writer.close()
        self._writer = None

    def _empty(self, schema: Schema) -> pa.RecordBatch:
        return self._packed([])

    def _drop(self, file: OutputFile) -> None:
        self._writer = None


class ArrowRecordWriter(_AbstractArrowFileWriter):
    """Writes Arrow IPC files; `ArrowRecordReader` and every Arrow library read them.

    Answers to Deeplearning4j's ``ArrowRecordWriter``.

    Args:
        destination, schema, partitioner, append: see `AbstractFileRecordWriter`; a finished file
            cannot be continued.
        compression: of the buffers inside the file: None, ``"lz4"`` or ``"zstd"``.
        deeplearning4j: write the layout that Deeplearning4j reads: times without a zone, integers
            marked as unsigned (it reads the bits as signed), no compression. Arrays and bytes
            are refused: it would read them as missing.

    >>> import tempfile, pyarrow as pa
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with ArrowRecordWriter(f"{folder}/x.arrow") as writer:
    ...         writer.write_batch(pa.table({"a": [1, 2]}))
    ...     pa.ipc.open_file(f"{folder}/x.arrow").read_all().to_pydict()
    2
    {'a': [1, 2]}
    """

    def __init__(
        self,
        destination: Destination | None = None,
        *,
        schema: Schema | None = None,
        compression: str | None = None,
        deeplearning4j: bool = False,
        partitioner: AbstractPartitioner | None = None,
        append: bool = False,
    ) -> None:
        if compression not in (None, "lz4", "zstd"):
            raise ValueError(f"compression must be None, 'lz4' or 'zstd', received {compression!r}")
        if deeplearning4j and compression is not None:
            raise ValueError("Deeplearning4j reads uncompressed Arrow files only")
        self._compression = compression
        self._deeplearning4j = deeplearning4j
        super().__init__(destination, schema=schema, partitioner=partitioner, append=append)

    def _open(self, file: OutputFile, schema: pa.Schema) -> Any:
        options = pa.ipc.IpcWriteOptions(compression=self._compression)
        return pa.ipc.new_file(file.stream, schema, options=options)

    def _put(self, file: OutputFile, chunk: pa.RecordBatch) -> None:
        super()._put(file, java_layout(chunk) if self._deeplearning4j else chunk)

    def _empty(self, schema: Schema) -> pa.RecordBatch:
        batch = super()._empty(schema)
        return java_layout(batch) if self._deeplearning4j else batch


class FeatherRecordWriter(ArrowRecordWriter):
    """Writes Feather files (version 2, which are Arrow files), compressed with LZ4.

    Args:
        destination, schema, partitioner, append: see `AbstractFileRecordWriter`.
        compression: ``"lz4"``, ``"zstd"`` or None.
    """

    def __init__(
        self,
        destination: Destination | None = None,
        *,
        schema: Schema | None = None,
        compression: str | None = "lz4",
        partitioner: AbstractPartitioner | None = None,
        append: bool = False,
    ) -> None:
        super().__init__(
            destination,
            schema=schema,
            compression=compression,
            partitioner=partitioner,
            append=append,
        )


class ParquetRecordWriter(_AbstractArrowFileWriter):
    """Writes Parquet files.

    Args:
        destination, schema, partitioner, append: see `AbstractFileRecordWriter`; a finished file
            cannot be continued.
        compression: ``"snappy"``, ``"zstd"``, ``"gzip"``, ``"lz4"``, ``"brotli"`` or ``"none"``.
        row_group_size: rows that are compressed, and can be read, together.

    >>> import tempfile, pyarrow.parquet as pq
    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_integer("n").build()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with ParquetRecordWriter(f"{folder}/x.parquet", schema=schema) as writer:
    ...         writer.write([7])
    ...     pq.read_table(f"{folder}/x.parquet").to_pydict()
    {'n': [7]}
    """

    def __init__(
        self,
        destination: Destination | None = None,
        *,
        schema: Schema | None = None,
        compression: str = "snappy",
        row_group_size: int = 1 << 17,
        partitioner: AbstractPartitioner | None = None,
        append: bool = False,
    ) -> None:
        known = ("snappy", "zstd", "gzip", "lz4", "brotli", "none")
        if compression not in known:
            raise ValueError(f"compression must be one of {known}, received {compression!r}")
        if row_group_size < 1:
            raise ValueError(f"row_group_size must be at least 1, received {row_group_size}")
        self._compression, self._row_group_size = compression, row_group_size
        super().__init__(destination, schema=schema, partitioner=partitioner, append=append)

    def _open(self, file: OutputFile, schema: pa.Schema) -> Any:
        import pyarrow.parquet as pq

        writer = pq.ParquetWriter(file.stream, schema, compression=self._compression)
        return _RowGroups(writer, self._row_group_size)


class _RowGroups:
    """Gathers batches until a row group is full."""

    def __init__(self, writer: Any, rows: int) -> None:
        self._writer, self._rows = writer, rows
        self._waiting: list[pa.RecordBatch] = []
        self._count = 0

    def write_batch(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._count += batch.num_rows
        if self._count >= self._rows:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting)
            self._writer.write_table(table, row_group_size=self._rows)
            self._waiting, self._count = [], 0

    def close(self) -> None:
        self._write()
        self._writer.close()


def java_layout(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch as Deeplearning4j's ArrowConverter reads it; raises SchemaError for other types."""
    columns = [_java_column(n, c) for n, c in zip(batch.schema.names, batch.columns, strict=True)]
    fields = [pa.field(n, c.type) for n, c in zip(batch.schema.names, columns, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _java_column(name: str, column: pa.Array) -> pa.Array:
    column = plain_text(usual_column(column))
    t = column.type
    if t == pa.int32():
        return column.view(pa.uint32())
    if t == pa.int64():
        return column.view(pa.uint64())
    if pa.types.is_timestamp(t):
        return column.view(pa.date64())
    if t in (pa.float32(), pa.float64(), pa.string(), pa.bool_()):
        return column
    raise SchemaError(
        f'ArrowRecordWriter: column "{name}": Deeplearning4j cannot read {t} values from Arrow files'
    )
