"""SQLRecordReader over DB-API (sqlite3), ADBC and DuckDB connections."""

from __future__ import annotations

import datetime
import decimal
import sqlite3

import adbc_driver_sqlite.dbapi
import duckdb
import pytest

from datavec import (
    DataVecError,
    RecordMetaDataJdbc,
    RecordReaderDataSetIterator,
    Schema,
    SchemaError,
    SourceError,
    SQLRecordReader,
    TransformProcess,
)

TABLE = "create table items (id integer, name varchar, price double precision)"
ROWS = "insert into items values (1, ' a ', 0.5), (2, 'b', 2), (3, NULL, 4.25)"
SCHEMA = (
    Schema.builder()
    .add_column_integer("key")
    .add_column_string("label")
    .add_column_double("cost")
    .build()
)


@pytest.fixture(params=["sqlite3", "adbc", "duckdb"])
def connection(request):
    opened = {
        "sqlite3": lambda: sqlite3.connect(":memory:"),
        "adbc": adbc_driver_sqlite.dbapi.connect,
        "duckdb": lambda: duckdb.connect(":memory:"),
    }[request.param]()
    cursor = opened.cursor()
    cursor.execute(TABLE)
    cursor.execute(ROWS)
    cursor.close()
    yield opened
    opened.close()


def reader(connection, **options):
    options = {
        "metadata_query": "select * from items where id = ?",
        "metadata_indices": [0],
        **options,
    }
    return SQLRecordReader("select * from items order by id", connection, **options)


def test_records_and_metadata(connection):
    made = reader(connection)
    expected = [[1, " a ", 0.5], [2, "b", 2.0], [3, None, 4.25]]
    assert list(made) == expected
    made.reset()
    metadata = [made.next_record()[1] for _ in range(3)]
    assert metadata[1] == RecordMetaDataJdbc("select * from items where id = ?", (2,))
    assert made.load_from_metadata(metadata[::-1]) == expected[::-1]
    with pytest.raises(DataVecError, match=r"no row any more for .* with parameters \[9\]"):
        made.load_from_metadata([RecordMetaDataJdbc("select * from items where id = ?", (9,))])


def test_parameters_trimming_and_small_batches(connection):
    made = SQLRecordReader(
        "select name from items where id <> ? order by id",
        connection,
        parameters=[2],
        trim_strings=True,
        batch_size=1,
    )
    assert list(made) == [["a"], [None]]
    assert list(made) == [["a"], [None]]


def test_typed_with_metadata(connection):
    made = reader(connection, schema=SCHEMA, trim_strings=True)
    process = TransformProcess.builder(SCHEMA).remove_columns("label").build()
    assert process.execute(made).read_all().to_pydict() == {
        "key": [1, 2, 3],
        "cost": [0.5, 2.0, 4.25],
    }
    batches = list(
        RecordReaderDataSetIterator(
            made, 2, label_index="cost", regression=True, transform=process, collect_metadata=True
        )
    )
    assert [m.parameters for b in batches for m in b.metadata] == [(1,), (2,), (3,)]


def test_a_schema_of_another_width(connection):
    schema = Schema.builder().add_column_integer("id").build()
    with pytest.raises((SchemaError, DataVecError), match=r"1 (columns|values)|expected 1"):
        TransformProcess(schema, ()).execute(reader(connection, schema=schema)).read_all()


def test_what_the_database_refuses(connection):
    with pytest.raises(
        SourceError, match=r"the database refused (.|\n)*query: select nonsense from"
    ):
        list(SQLRecordReader("select nonsense from nowhere", connection))
    with pytest.raises(DataVecError, match="metadata_indices: no column 7; the query gives 3"):
        list(reader(connection, metadata_indices=[7]))


def test_a_function_opens_a_connection_for_each_pass(tmp_path):
    opened = []

    def connect():
        opened.append(sqlite3.connect(tmp_path / "t.db"))
        return opened[-1]

    first = connect()
    first.execute(TABLE)
    first.execute(ROWS)
    first.commit()
    first.close()
    made = reader(connect)
    assert len(list(made)) == len(list(made)) == 3
    assert len(opened) == 3
    with pytest.raises(sqlite3.ProgrammingError):
        opened[-1].execute("select 1")


def test_values_of_other_types():
    class Cursor:
        description = (("a",), ("b",), ("c",), ("d",))

        def execute(self, query):
            day = datetime.date(2024, 1, 2)
            self.rows = [(decimal.Decimal("1.5"), day, bytearray(b"x"), datetime.time(1, 2))]

        def fetchmany(self, count):
            rows, self.rows = self.rows, []
            return rows

        def close(self):
            pass

    class Connection:
        cursor = Cursor

    made = SQLRecordReader("?", Connection())
    moment = datetime.datetime(2024, 1, 2)
    assert list(made) == [[1.5, moment, b"x", "01:02:00"]]


def test_options_that_do_not_belong_together():
    connection = sqlite3.connect(":memory:")
    with pytest.raises(ValueError, match="belong together"):
        SQLRecordReader("select 1", connection, metadata_query="select 1")
    with pytest.raises(ValueError, match="batch_size must be positive, received 0"):
        SQLRecordReader("select 1", connection, batch_size=0)
    with pytest.raises(TypeError, match="DB-API connection"):
        SQLRecordReader("select 1", "jdbc:sqlite:x")
    with pytest.raises(DataVecError, match="gives no rows"):
        list(SQLRecordReader("create table t (x int)", connection))
    with pytest.raises(DataVecError, match="only with a metadata_query"):
        SQLRecordReader("select 1", connection).load_from_metadata([RecordMetaDataJdbc(None, ())])
    connection.close()
