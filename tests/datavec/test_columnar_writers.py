"""Writers of typed columns: Arrow, Feather, Parquet, Excel, SQL."""

from __future__ import annotations

import datetime
import io
import sqlite3
import tempfile

import adbc_driver_sqlite.dbapi
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import (
    ArrowRecordReader,
    ArrowRecordWriter,
    CollectionRecordReader,
    CSVRecordReader,
    ExcelRecordReader,
    ExcelRecordWriter,
    FeatherRecordReader,
    FeatherRecordWriter,
    InvalidValueError,
    NumberOfRecordsPartitioner,
    ParquetRecordReader,
    ParquetRecordWriter,
    RecordReaderConverter,
    Schema,
    SchemaError,
    SequenceSchema,
    SQLRecordReader,
    SQLRecordWriter,
    TransformProcess,
)

SCHEMA = (
    Schema.builder()
    .add_column_integer("i")
    .add_column_long("l")
    .add_column_float("f")
    .add_column_double("d")
    .add_column_string("s")
    .add_column_categorical("c", ["x", "y"])
    .add_column_time("t", "UTC")
    .add_column_boolean("b")
    .build()
)
ROW = st.tuples(
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32, allow_nan=False),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from("xy"),
    st.integers(0, 4 * 10**12),
    st.booleans(),
)


def plain(table: pa.Table) -> list[tuple]:
    times = table.schema.get_field_index("t")
    if times >= 0:
        table = table.set_column(times, "t", table["t"].cast(pa.int64()))
    return list(zip(*(c.to_pylist() for c in table.columns), strict=True))


FILES = {
    "arrow": (ArrowRecordWriter, {}, lambda b: pa.ipc.open_file(b).read_all()),
    "zstd": (
        ArrowRecordWriter,
        {"compression": "zstd"},
        lambda b: pa.ipc.open_file(b).read_all(),
    ),
    "feather": (FeatherRecordWriter, {}, pyarrow.feather.read_table),
    "parquet": (ParquetRecordWriter, {"row_group_size": 2}, pyarrow.parquet.read_table),
}


@pytest.mark.parametrize("form", FILES)
@settings(max_examples=20, deadline=None)
@given(rows=st.lists(ROW, max_size=5))
def test_records_are_read_back(form, rows):
    make, options, read = FILES[form]
    out = io.BytesIO()
    with make(out, schema=SCHEMA, **options) as writer:
        for row in rows:
            writer.write(row)
    table = read(pa.BufferReader(out.getvalue()))
    assert plain(table) == rows
    assert table.schema.equals(SCHEMA.to_arrow(), check_metadata=False)


@pytest.mark.parametrize("form", FILES)
def test_tables_are_read_back_in_parts(tmp_path, form):
    make, options, read = FILES[form]
    table = pa.table({"a": range(100_000), "s": pa.array(["x", "y"] * 50_000)})
    partitioner = NumberOfRecordsPartitioner(70_000)
    with make(tmp_path / "x.bin", partitioner=partitioner, **options) as writer:
        assert writer.write_batch(table) == 100_000
    parts = [read(p.location) for p in writer.partitions]
    assert [p.records for p in writer.partitions] == [70_000, 30_000]
    assert pa.concat_tables(parts).equals(table)


RECORDS = [
    [1, -2, 0.5, 2.5, "abc", "x", 86_400_000, True],
    [3, 4, 2.0, -1.0, "d", "y", -1000, False],
]


@pytest.mark.parametrize(
    ("writer_class", "reader_class"),
    [
        (ArrowRecordWriter, ArrowRecordReader),
        (FeatherRecordWriter, FeatherRecordReader),
        (ParquetRecordWriter, ParquetRecordReader),
    ],
)
def test_readers_of_this_package_read_the_files(tmp_path, writer_class, reader_class):
    records = [*RECORDS, [None] * len(SCHEMA)]
    with writer_class(tmp_path / "x", schema=SCHEMA) as writer:
        writer.write_batch(records)
    assert list(reader_class(tmp_path / "x", schema=SCHEMA)) == records


def test_readers_of_workbooks_and_tables_read_them(tmp_path):
    database = sqlite3.connect(":memory:")
    with SQLRecordWriter(database, "t", schema=SCHEMA, create=True) as writer:
        writer.write_batch(RECORDS)
    assert list(SQLRecordReader("select * from t", database)) == RECORDS
    with ExcelRecordWriter(tmp_path / "x.xlsx", schema=SCHEMA) as writer:
        writer.write_batch(RECORDS)
    reader = ExcelRecordReader(tmp_path / "x.xlsx", schema=SCHEMA)
    table = TransformProcess.builder(SCHEMA).build().execute(reader).read_all()
    assert [list(row) for row in plain(table)] == RECORDS


def test_sequences_become_lists(tmp_path):
    schema = SequenceSchema(Schema.builder().add_columns_integer("a", "b").build().columns)
    with ParquetRecordWriter(tmp_path / "x", schema=schema) as writer:
        writer.write([[1, 2], [3, 4]])
        writer.write([])
    assert pyarrow.parquet.read_table(tmp_path / "x").to_pylist() == [
        {"a": [1, 3], "b": [2, 4]},
        {"a": [], "b": []},
    ]


def test_csv_to_parquet_is_typed(tmp_path):
    (tmp_path / "x.csv").write_text("1,a\n2,b\n")
    schema = Schema.builder().add_column_integer("n").add_column_string("s").build()
    reader = CSVRecordReader(tmp_path / "x.csv")
    RecordReaderConverter.convert(reader, ParquetRecordWriter(tmp_path / "x", schema=schema))
    table = pyarrow.parquet.read_table(tmp_path / "x")
    assert table.to_pylist() == [{"n": 1, "s": "a"}, {"n": 2, "s": "b"}]
    assert table.schema.field("n").type == pa.int32()


def test_deeplearning4j_layout():
    out = io.BytesIO()
    with ArrowRecordWriter(out, schema=SCHEMA, deeplearning4j=True) as writer:
        writer.write([1, -2, 0.5, 2.5, "a", "x", 86_400_000, True])
        writer.write([None] * 8)
    table = pa.ipc.open_file(pa.BufferReader(out.getvalue())).read_all()
    assert [str(t) for t in table.schema.types] == (
        ["uint32", "uint64", "float", "double", "string", "string", "date64[ms]", "bool"]
    )
    assert table["l"].to_pylist() == [2**64 - 2, None]
    arrays = Schema.builder().add_column_ndarray("n", [2]).build()
    writer = ArrowRecordWriter(io.BytesIO(), schema=arrays, deeplearning4j=True)
    with pytest.raises(SchemaError, match='column "n": Deeplearning4j cannot read'):
        RecordReaderConverter.convert(CollectionRecordReader([[np.ones(2)]]), writer)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ArrowRecordWriter(io.BytesIO()).write([1]), "need types; pass schema"),
        (lambda: ArrowRecordWriter(io.BytesIO()).close(), "a file without records needs a schema"),
        (lambda: ArrowRecordWriter(io.BytesIO(), compression="gzip"), "'lz4' or 'zstd'"),
        (
            lambda: ArrowRecordWriter(io.BytesIO(), compression="lz4", deeplearning4j=True),
            "uncompressed",
        ),
        (lambda: ParquetRecordWriter(io.BytesIO(), compression="zip"), "compression must be"),
        (lambda: ParquetRecordWriter(io.BytesIO(), row_group_size=0), "row_group_size"),
        (lambda: ParquetRecordWriter("x", append=True), "cannot be continued"),
        (lambda: ArrowRecordWriter(io.BytesIO(), schema=SCHEMA).write([1]), "record 0: expected 8"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_batches_of_one_file_have_one_schema():
    writer = ArrowRecordWriter(io.BytesIO())
    writer.write_batch(pa.table({"a": [1]}))
    with pytest.raises(SchemaError, match="all batches of a file have one schema"):
        writer.write_batch(pa.table({"b": [1]}))


def test_a_failed_file_is_removed(tmp_path):
    reader = CollectionRecordReader([["no number", 1, 1.0, 1.0, "", "x", 0, True]])
    with pytest.raises(InvalidValueError, match='column "i": expected a 32-bit integer'):
        RecordReaderConverter.convert(reader, ParquetRecordWriter(tmp_path / "x", schema=SCHEMA))
    assert list(tmp_path.iterdir()) == []


# --- Excel -------------------------------------------------------------------------------------


def sheets(path) -> dict[str, list[list]]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    return {n: book.get_sheet_by_name(n).to_python() for n in book.sheet_names}


def test_excel_is_read_back(tmp_path):
    path = tmp_path / "x.xlsx"
    with ExcelRecordWriter(path, schema=SCHEMA, header=True) as writer:
        writer.write([1, 2, 0.5, 2.5, "=1+1", "x", 86_400_000, True])
        writer.write([None, -3, 1.0, float("nan"), "http://a", "y", 0, False])
    assert sheets(path) == {
        "datavec-worksheet": [
            SCHEMA.column_names,
            [1, 2, 0.5, 2.5, "=1+1", "x", datetime.date(1970, 1, 2), True],
            ["", -3, 1.0, "NaN", "http://a", "y", datetime.date(1970, 1, 1), False],
        ]
    }


def test_excel_begins_another_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr("datavec.writers._excel._MAX_ROWS", 2)
    with ExcelRecordWriter(tmp_path / "x.xlsx") as writer:
        writer.write_batch(pa.table({"a": [1, 2, 3]}))
    assert sheets(tmp_path / "x.xlsx") == {
        "datavec-worksheet": [[1], [2]],
        "datavec-worksheet 2": [[3]],
    }


def test_excel_takes_the_configuration(tmp_path):
    writer = ExcelRecordWriter().initialize(
        tmp_path / "x.xlsx", {"org.datavec.poi.excel.worksheet.name": "mine"}
    )
    with writer:
        writer.write_batch(pa.table({"a": [1]}))
    assert list(sheets(tmp_path / "x.xlsx")) == ["mine"]
    with pytest.raises(ValueError, match="writes xlsx files, received type 'xls'"):
        writer.initialize(tmp_path / "x", {"org.datavec.poi.excel.type": "xls"})


@pytest.mark.parametrize("value", ["x" * 32768, 2**53 + 1])
def test_excel_refuses_what_a_cell_cannot_hold(tmp_path, monkeypatch, value):
    rows_go_to = tmp_path / "rows"
    rows_go_to.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(rows_go_to))
    writer = ExcelRecordWriter(tmp_path / "x.xlsx")
    writer.write_batch(pa.table({"a": [1]}))
    assert list(rows_go_to.iterdir()) != []
    with pytest.raises(InvalidValueError, match='column "a"'):
        RecordReaderConverter.convert(pa.table({"a": [value]}), writer)
    assert list(tmp_path.rglob("*")) == [rows_go_to]


# --- SQL ---------------------------------------------------------------------------------------


def test_sql_through_db_api():
    database = sqlite3.connect(":memory:")
    rows = [
        (1, 2**40, 0.5, 2.5, "a'b", "x", 7, 1),
        (-1, 0, 1.0, 1e300, "", "y", 0, 0),
    ]
    with SQLRecordWriter(database, 'a "table"', schema=SCHEMA, create=True) as writer:
        writer.write_batch([[*r[:-1], bool(r[-1])] for r in rows])
    assert database.execute('select * from "a ""table"""').fetchall() == rows


def test_sql_through_adbc():
    with adbc_driver_sqlite.dbapi.connect() as database:
        with SQLRecordWriter(database, "t", schema=SCHEMA, create=True) as writer:
            writer.write([1, 2, 0.5, 2.5, "a", "x", 7, True])
        with database.cursor() as cursor:
            cursor.execute("select i, s, d from t")
            assert cursor.fetchall() == [(1, "a", 2.5)]


def test_sql_in_duckdb():
    database = duckdb.connect()
    database.begin()
    with SQLRecordWriter(database, "t", create=True) as writer:
        writer.write_batch(pa.table({"a": [1, 2], "s": ["x", None]}))
    assert database.execute("select * from t order by a").fetchall() == [(1, "x"), (2, None)]


def test_sql_rolls_back():
    database = sqlite3.connect(":memory:")
    database.execute("create table t (a integer primary key)")
    writer = SQLRecordWriter(database, "t")
    writer.write_batch(pa.table({"a": [1, 2]}))
    with pytest.raises(sqlite3.IntegrityError):
        RecordReaderConverter.convert(pa.table({"a": [1]}), writer)
    assert database.execute("select count(*) from t").fetchone() == (0,)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (pa.table({"a": [[1]]}), {"create": True}, "no SQL type for list"),
        (pa.table({"a": [1]}), {"paramstyle": "named"}, "paramstyle must be one of"),
        (pa.table({"a\0": [1]}), {}, "cannot be a name"),
    ],
)
def test_sql_refuses(table, options, message):
    with pytest.raises(SchemaError, match=message):
        SQLRecordWriter(sqlite3.connect(":memory:"), "t", **options).write_batch(table)
