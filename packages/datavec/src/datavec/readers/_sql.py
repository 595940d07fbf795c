"""SQLRecordReader: the rows of a database query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import DataVecError, InvalidValueError, SchemaError, SourceError
from ..columns._frame import Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ._arrow_columns import columns_frame
from ._cells import fitted, plain
from ._metadata import RecordMetaDataJdbc
from ._reader import AbstractRecordReader, RecordTask

__all__ = ["SQLRecordReader"]

_BLANKS = "".join(map(chr, range(0x21)))  # what Java's String.trim removes


class SQLRecordReader(AbstractRecordReader):
    """Rows of a query, from any DB-API 2.0 connection.

    Rows are fetched some thousand at a time. Where the cursor hands out Arrow batches (ADBC, DuckDB)
    those are used as they are. Values are None, bool, int, float, text, bytes or ``datetime``;
    columns go to those of a schema by their position.

    Answers to Deeplearning4j's ``JDBCRecordReader``; its data source is the connection here.

    Args:
        query: text of the query, in the connection's dialect.
        connection: an open connection, which stays open; or a function that opens one for each
            pass, which is closed after it.
        parameters: of the query, in the connection's style.
        metadata_query: query that gives one row again, for instance
            ``"select * from items where id = ?"``.
        metadata_indices: positions of the columns whose values are that query's parameters.
        trim_strings: remove blanks around texts.
        schema: of the records, for a TransformProcess or an iterator.
        batch_size: rows fetched at a time.

    Raises:
        SourceError: the database refuses; the message has its reason.
        ValueError: metadata options that do not belong together.

    >>> import sqlite3
    >>> from datavec import SQLRecordReader
    >>> connection = sqlite3.connect(":memory:")
    >>> _ = connection.execute("create table t (id integer, name text)")
    >>> _ = connection.execute("insert into t values (1, 'Ada'), (2, 'Alan')")
    >>> reader = SQLRecordReader(
    ...     "select * from t where id > ?", connection, parameters=[0],
    ...     metadata_query="select * from t where id = ?", metadata_indices=[0])
    >>> reader.next(), reader.next_record()[1].parameters
    ([1, 'Ada'], (2,))
    >>> connection.close()
    """

    def __init__(
        self,
        query: str,
        connection: Any,
        *,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        metadata_query: str | None = None,
        metadata_indices: Sequence[int] = (),
        trim_strings: bool = False,
        schema: Schema | None = None,
        batch_size: int = 8192,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be positive, received {batch_size}")
        if (metadata_query is None) != (not metadata_indices):
            raise ValueError(
                "metadata_query and metadata_indices belong together: the columns at these "
                "positions are the parameters of that query"
            )
        if not callable(connection) and not hasattr(connection, "cursor"):
            raise TypeError(
                "connection must be a DB-API connection, or a function that opens one, "
                f"received {type(connection).__name__}"
            )
        self.query = query
        self.connection = connection
        self.parameters = parameters
        self.metadata_query = metadata_query
        self.metadata_indices = tuple(metadata_indices)
        self.trim_strings = trim_strings
        self.batch_size = batch_size
        self._schema = schema

    def __repr__(self) -> str:
        return f"<SQLRecordReader: {self.query:.80}>"

    @property
    def schema(self) -> Schema | None:
        return self._schema

    # --- the database ----------------------------------------------------------------------------

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        opened = not hasattr(self.connection, "cursor")
        with _refusals(self.query):
            connection = self.connection() if opened else self.connection
        try:
            with _refusals(self.query):
                cursor = connection.cursor()
            try:
                yield cursor
            finally:
                # The connection may be closed by now, where a pass was left before its end.
                with suppress(Exception):
                    cursor.close()
        finally:
            if opened:
                connection.close()

    def _execute(self, cursor: Any, query: str, parameters: Any) -> None:
        with _refusals(query):
            if parameters:
                cursor.execute(query, parameters)
            else:
                cursor.execute(query)
            if cursor.description is None:
                raise _no_rows(query)

    def _pass_over(self) -> Iterator[list[list[Any]] | pa.RecordBatch]:
        """Blocks of rows, or Arrow batches."""
        with self._cursor() as cursor:
            if hasattr(cursor, "sql"):  # DuckDB, whose DB-API copies rows once more
                with _refusals(self.query):
                    found = cursor.sql(self.query, params=self.parameters or None)
                    if found is None:
                        raise _no_rows(self.query)
                    self._check(len(found.columns))
                yield from self._batches(found)
                return
            self._execute(cursor, self.query, self.parameters)
            self._check(len(cursor.description))
            if hasattr(cursor, "fetch_record_batch"):  # ADBC
                yield from self._batches(cursor)
                return
            while True:
                with _refusals(self.query):
                    rows = cursor.fetchmany(self.batch_size)
                if not rows:
                    return
                yield [self._row(row) for row in rows]

    def _check(self, width: int) -> None:
        bad = [i for i in self.metadata_indices if not 0 <= i < width]
        if bad:
            raise DataVecError(
                f"SQLRecordReader: metadata_indices: no column {bad[0]}; the query gives {width}"
            )

    def _batches(self, result: Any) -> Iterator[pa.RecordBatch]:
        fetch = getattr(result, "to_arrow_reader", None) or result.fetch_record_batch
        with _refusals(self.query):
            batches = iter(fetch())
        while True:
            with _refusals(self.query):
                batch = next(batches, None)
            if batch is None:
                return
            for start in range(0, batch.num_rows, self.batch_size):
                yield self._trimmed(batch.slice(start, self.batch_size))

    def _row(self, row: Sequence[Any]) -> list[Any]:
        values = [plain(value) for value in row]
        if self.trim_strings:
            return [v.strip(_BLANKS) if isinstance(v, str) else v for v in values]
        return values

    def _trimmed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if not self.trim_strings:
            return batch
        columns = [
            pc.utf8_trim(c, characters=_BLANKS)
            if pa.types.is_string(c.type) or pa.types.is_large_string(c.type)
            else c
            for c in batch.columns
        ]
        return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)

    # --- records ---------------------------------------------------------------------------------

    def metadata_of(self, record: Sequence[Any]) -> RecordMetaDataJdbc:
        """What gives a record again."""
        values = tuple(record[i] for i in self.metadata_indices)
        return RecordMetaDataJdbc(self.metadata_query, values)

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for block in self._pass_over():
            rows = block if isinstance(block, list) else _rows(block)
            for row in rows:
                yield row, self.metadata_of(row)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        found = []
        with self._cursor() as cursor:
            for m in metadata:
                if m.query is None:
                    raise DataVecError(
                        "SQLRecordReader: rows can be loaded again only with a metadata_query; "
                        "pass metadata_query and metadata_indices"
                    )
                self._execute(cursor, m.query, list(m.parameters))
                with _refusals(m.query):
                    row = cursor.fetchone()
                if row is None:
                    raise DataVecError(f"SQLRecordReader: no row any more for {m.location}")
                found.append(self._row(row))
        return found

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        for block in self._pass_over():
            if isinstance(block, list):
                yield _RowTask(schema, [(row, self.metadata_of(row)) for row in block])
            else:
                yield _BatchTask(self, schema, plan, block)


class _RowTask(RecordTask):
    """Fits rows to the columns of a schema."""

    def load(self) -> None:
        metas = tuple(self.schema)
        self.chunk = [
            ([fitted(v, m) for v, m in zip(row, metas, strict=True)], metadata)
            if len(row) == len(metas)
            else (row, metadata)
            for row, metadata in self.chunk
        ]


class _BatchTask:
    """Uses an Arrow batch as it is, under the schema's names."""

    def __init__(
        self, reader: SQLRecordReader, schema: Schema, plan: ReadPlan, batch: pa.RecordBatch
    ) -> None:
        self.reader, self.schema, self.plan, self.batch = reader, schema, plan, batch

    def __call__(self) -> Frame:
        width = self.batch.num_columns
        if width != len(self.schema):
            raise SchemaError(
                f"SQLRecordReader: the schema has {len(self.schema)} columns, the query gives "
                f"{width} ({', '.join(self.batch.schema.names)})"
            )
        named = self.batch.rename_columns(self.schema.column_names)
        return columns_frame(self.schema, named, self.plan.needed, signed=False, checked=True)

    def metadata(self, frame: Frame) -> list[Any]:
        """Metadata of the records of a frame that came from this batch."""
        rows = np.arange(frame.num_records) if frame.origin is None else frame.origin
        wanted = pa.RecordBatch.from_arrays(
            [self.batch.column(i) for i in self.reader.metadata_indices],
            names=[str(i) for i in self.reader.metadata_indices],
        )
        query = self.reader.metadata_query
        if not self.reader.metadata_indices:
            return [RecordMetaDataJdbc(query, ()) for _ in rows]
        return [RecordMetaDataJdbc(query, tuple(row)) for row in _rows(wanted.take(pa.array(rows)))]

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Say in which query, and which row by its metadata."""
        where = ", ".join(p for p in (error.where, repr(self.reader)) if p)
        return error.located(where=where)


def _rows(batch: pa.RecordBatch) -> list[list[Any]]:
    columns = [[plain(value) for value in column.to_pylist()] for column in batch.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _no_rows(query: str) -> DataVecError:
    return DataVecError(f"SQLRecordReader: the statement gives no rows: {query:.200}")


@contextmanager
def _refusals(query: str) -> Iterator[None]:
    """Every driver has errors of its own."""
    try:
        yield
    except (DataVecError, Warning):
        raise
    except Exception as e:
        raise SourceError(
            f"SQLRecordReader: the database refused ({type(e).__name__}: {e}); query: {query:.200}"
        ) from e
