"""SQLRecordWriter: rows of a database table, through DB-API or ADBC."""

from __future__ import annotations

import sys
from typing import Any, Self

import pyarrow as pa

from .._errors import SchemaError
from ..columns._convert import is_text
from ..schema._schema import Schema
from ._columnar import AbstractColumnarRecordWriter

__all__ = ["SQLRecordWriter"]

_STYLES = {"qmark": "?", "format": "%s", "pyformat": "%s", "numeric": ":{}"}


class SQLRecordWriter(AbstractColumnarRecordWriter):
    """Inserts records into a table of a database, in one transaction.

    An ADBC connection takes whole Arrow batches; others get ``executemany``. `close` commits,
    `discard` rolls back; the connection stays open.

    Args:
        connection: of DB-API 2.0 (``sqlite3``, psycopg, …) or ADBC.
        table: its name, as it is called in the database.
        schema: names and types of the columns; without one, those of the Arrow data.
        create: make the table first, with the standard's type names.
        paramstyle: how the driver marks parameters (``qmark``, ``format``, ``numeric``); None
            asks the driver's module.

    Raises:
        SchemaError: a column that has no SQL type, or an unknown `paramstyle`.

    >>> import sqlite3
    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_integer("n").add_column_string("s").build()
    >>> database = sqlite3.connect(":memory:")
    >>> with SQLRecordWriter(database, "things", schema=schema, create=True) as writer:
    ...     writer.write([1, "one"])
    >>> database.execute("select * from things").fetchall()
    [(1, 'one')]
    """

    def __init__(
        self,
        connection: Any,
        table: str,
        *,
        schema: Schema | None = None,
        create: bool = False,
        paramstyle: str | None = None,
    ) -> None:
        super().__init__(schema)
        self._connection, self._table, self._create = connection, table, create
        self._paramstyle = paramstyle
        self.initialize()

    def __repr__(self) -> str:
        return f"<SQLRecordWriter to {self._table:.80}>"

    def initialize(self) -> Self:
        """Start again, after `close` or `discard`."""
        if self._is_open:
            raise ValueError(f"{self!r}: is open; close it first")
        self._cursor = self._connection.cursor()
        self._ingests = hasattr(self._cursor, "adbc_ingest")
        self._statement = ""
        self._start()
        return self

    def _put_chunk(self, chunk: pa.RecordBatch) -> None:
        if not self._statement:
            self._statement = self._begin(chunk.schema)
        if self._ingests:
            self._cursor.adbc_ingest(self._table, chunk, mode="append")
            return
        columns = [_values(c) for c in chunk.columns]
        self._cursor.executemany(self._statement, list(zip(*columns, strict=True)))

    def _begin(self, schema: pa.Schema) -> str:
        columns = ", ".join(map(_quoted, schema.names))
        if self._create:
            typed = ", ".join(f"{_quoted(f.name)} {_sql_type(f)}" for f in schema)
            self._cursor.execute(f"create table {_quoted(self._table)} ({typed})")
        style = self._paramstyle or _paramstyle_of(self._connection)
        if style not in _STYLES:
            raise SchemaError(
                f"SQLRecordWriter: paramstyle must be one of {', '.join(_STYLES)}, "
                f"received {style!r}"
            )
        marks = ", ".join(_STYLES[style].format(i) for i in range(1, len(schema.names) + 1))
        return f"insert into {_quoted(self._table)} ({columns}) values ({marks})"

    def _commit(self) -> None:
        if not self._statement and self._schema is not None:
            self._begin(self._schema.to_arrow())
        self._cursor.close()
        self._connection.commit()

    def _revert(self) -> None:
        self._cursor.close()
        self._connection.rollback()


def _quoted(name: str) -> str:
    if "\0" in name:
        raise SchemaError(f"SQLRecordWriter: {name!r} cannot be a name in SQL")
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _paramstyle_of(connection: Any) -> str:
    """The ``paramstyle`` of the module that a connection's class comes from."""
    name = type(connection).__module__
    while name:
        style = getattr(sys.modules.get(name), "paramstyle", None)
        if style is not None:
            return str(style)
        name = name.rpartition(".")[0]
    return "qmark"


def _sql_type(field: pa.Field) -> str:
    t = field.type
    if is_text(t):
        return "varchar"
    if pa.types.is_boolean(t):
        return "boolean"
    if pa.types.is_integer(t):
        return "bigint" if t.bit_width > 32 else "integer"
    if pa.types.is_floating(t):
        return "double precision" if t.bit_width > 32 else "real"
    if pa.types.is_timestamp(t):
        return "bigint"
    if pa.types.is_binary(t):
        return "blob"
    raise SchemaError(f'SQLRecordWriter: column "{field.name}": no SQL type for {t}')


def _values(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.view(pa.int64())  # epoch milliseconds, as everywhere in DataVec
    return list(column.to_pylist())
