"""Readers of Arrow, Feather and Parquet files."""

from __future__ import annotations

import datetime
import gzip
import io
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from datavec import (
    ArrowRecordReader,
    DataVecError,
    FeatherRecordReader,
    InputStreamInputSplit,
    IntegerMetaData,
    ParquetRecordReader,
    RecordFormatError,
    RecordMetaDataIndex,
    RecordReaderDataSetIterator,
    Schema,
    SchemaError,
    SequenceSchema,
    TransformProcess,
)
from datavec.readers._columnar import ROWS

SCHEMA = (
    Schema.builder()
    .add_column_integer("i")
    .add_column_double("d")
    .add_column_categorical("c", ["x", "y"])
    .build()
)
TABLE = pa.table(
    {
        "i": pa.array(range(10), pa.int32()),
        "unused": [f"text {i}" for i in range(10)],
        "d": [i / 2 for i in range(10)],
        "c": ["x", "y"] * 5,
    }
)


def write_arrow(path, table=TABLE, rows=4, **options):
    with pa.ipc.new_file(path, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as w:
        w.write_table(table, max_chunksize=rows)
    return path


def write_stream(path, table=TABLE, rows=4):
    with open(path, "wb") as f, pa.ipc.new_stream(f, table.schema) as w:
        w.write_table(table, max_chunksize=rows)
    return path


def write_parquet(path, table=TABLE, rows=4):
    pq.write_table(table, path, row_group_size=rows)
    return path


def write_feather(path, table=TABLE, rows=4):
    pa.feather.write_feather(table, path, chunksize=rows)
    return path


FORMATS = [
    pytest.param(ArrowRecordReader, write_arrow, id="arrow"),
    pytest.param(ArrowRecordReader, write_stream, id="stream"),
    pytest.param(FeatherRecordReader, write_feather, id="feather"),
    pytest.param(ParquetRecordReader, write_parquet, id="parquet"),
]


@pytest.mark.parametrize(("reader", "write"), FORMATS)
def test_records_batches_and_metadata(tmp_path, reader, write):
    made = reader(write(tmp_path / "t"), schema=SCHEMA)
    expected = [[i, i / 2, "xy"[i % 2]] for i in range(10)]
    assert list(made) == expected
    process = TransformProcess.builder(SCHEMA).categorical_to_integer("c").build()
    table = process.execute(made, threads=2).read_all()
    assert table.to_pydict() == {
        "i": list(range(10)),
        "d": [i / 2 for i in range(10)],
        "c": [i % 2 for i in range(10)],
    }
    made.reset()
    metadata = [made.next_record()[1] for _ in range(10)]
    assert metadata[7] == RecordMetaDataIndex(7, str(tmp_path / "t"))
    assert made.load_from_metadata([metadata[9], metadata[0], metadata[5]]) == [
        expected[9],
        expected[0],
        expected[5],
    ]
    with pytest.raises(DataVecError, match=r"no record at .* index=99"):
        made.load_from_metadata([RecordMetaDataIndex(99, str(tmp_path / "t"))])


@pytest.mark.parametrize(("reader", "write"), FORMATS)
def test_iterator_with_metadata(tmp_path, reader, write):
    made = reader([write(tmp_path / "a"), write(tmp_path / "b")], schema=SCHEMA)
    batches = list(RecordReaderDataSetIterator(made, 8, label_index="c", collect_metadata=True))
    assert [len(b.features) for b in batches] == [8, 8, 4]
    assert batches[2].metadata[-1] == RecordMetaDataIndex(9, str(tmp_path / "b"))
    np.testing.assert_array_equal(np.asarray(batches[0].features)[:, 0], np.arange(8))


def test_compressed_files_that_cannot_seek(tmp_path):
    data = write_arrow(tmp_path / "t.arrow").read_bytes()
    with pa.CompressedOutputStream(str(tmp_path / "t.arrow.zst"), "zstd") as f:
        f.write(data)
    made = ArrowRecordReader(tmp_path / "t.arrow.zst", schema=SCHEMA)
    assert list(made)[3] == [3, 1.5, "y"]


def test_stream_that_cannot_seek(tmp_path):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    for write in (write_arrow, write_stream):
        data = write(tmp_path / "t").read_bytes()
        made = ArrowRecordReader(InputStreamInputSplit(Pipe(data)), schema=SCHEMA)
        assert len(list(made.records())) == 10


@pytest.mark.parametrize(("reader", "write"), FORMATS)
def test_urls_and_compressed_copies(tmp_path, reader, write):
    import fsspec

    data = write(tmp_path / "t").read_bytes()
    with fsspec.open("memory://columnar/t", "wb") as f:
        f.write(data)
    (tmp_path / "t.gz").write_bytes(gzip.compress(data))
    for source in ("memory://columnar/t", tmp_path / "t.gz"):
        made = reader(source, schema=SCHEMA)
        assert [record[0] for record in made] == list(range(10))
        found = RecordMetaDataIndex(6, str(source))
        assert made.load_from_metadata([found]) == [[6, 3.0, "x"]]


def test_arrow_columns_are_used_where_they_lie(tmp_path):
    path = write_arrow(tmp_path / "t.arrow", pa.table({"d": np.arange(1000.0)}), rows=1000)
    schema = Schema.builder().add_column_double("d").build()
    before = pa.total_allocated_bytes()
    (task,) = ArrowRecordReader(path).frame_tasks(schema, TransformProcess(schema, ()).read_plan())
    frame = task()
    assert pa.total_allocated_bytes() - before < 4000
    assert frame.columns[0].to_numpy()[-1] == 999.0


def test_large_batches_are_divided(tmp_path):
    table = pa.table({"d": np.arange(float(2 * ROWS + 5))})
    schema = Schema.builder().add_column_double("d").build()
    plan = TransformProcess(schema, ()).read_plan()
    for reader, write in ((ArrowRecordReader, write_arrow), (ParquetRecordReader, write_parquet)):
        made = reader(write(tmp_path / "t", table, rows=len(table)), schema=schema)
        if reader is ArrowRecordReader:
            tasks = list(made.frame_tasks(schema, plan))
            assert [t.chunk.rows for t in tasks] == [ROWS, ROWS, 5]
        rows = [RecordMetaDataIndex(i, str(tmp_path / "t")) for i in (2 * ROWS + 4, 0, ROWS)]
        assert made.load_from_metadata(rows) == [[2.0 * ROWS + 4], [0.0], [float(ROWS)]]


def test_parquet_groups_too_large_come_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("datavec.readers._parquet._GROUP_BYTES", 100)
    monkeypatch.setattr("datavec.readers._parquet.ROWS", 3)
    made = ParquetRecordReader(write_parquet(tmp_path / "t", rows=8), schema=SCHEMA)
    plan = TransformProcess(SCHEMA, ()).read_plan()
    assert [t.chunk.rows for t in made.frame_tasks(SCHEMA, plan)] == [3, 3, 2, 2]
    assert [r[0] for r in made] == list(range(10))


def test_types_of_other_programs(tmp_path):
    day = datetime.date(2024, 1, 2)
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901)
    table = pa.table(
        {
            "i8": pa.array([1, None], pa.int8()),
            "u32": pa.array([4_000_000_000, 1], pa.uint32()),
            "half": pa.array([np.float16(0.5), None], pa.float16()),
            "decimal": pa.array([1, 2], pa.decimal128(5, 2)),
            "date": pa.array([day, None], pa.date32()),
            "us": pa.array([moment, None], pa.timestamp("us", "Europe/Berlin")),
            "large": pa.array(["a", None], pa.large_string()),
            "view": pa.array(["a", None], pa.string_view()),
            "code": pa.array(["a", "b"]).dictionary_encode(),
            "bytes": pa.array([b"ab", None], pa.large_binary()),
            "vector": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2)),
            "list": pa.array([[1], None], pa.list_(pa.int64())),
            "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int32())),
            "null": pa.nulls(2),
        }
    )
    made = ArrowRecordReader(write_arrow(tmp_path / "t", table))
    kinds = [m.column_type.value for m in made.schema]
    assert kinds == [
        *["Integer", "Long", "Float", "Double", "Time", "Time"],
        *["String", "String", "String", "Bytes", "NDArray", "NDArray"],
    ]
    first, second = list(made)
    assert first[:10] == [
        *[1, 4_000_000_000, 0.5, 1.0, 1704153600000, 1704164645678],
        *["a", "a", "a", b"ab"],
    ]
    assert first[10].tolist() == [1.0, 2.0]
    assert first[11].tolist() == [1.0]
    assert second[0] is None
    assert second[11] is None
    schema = Schema.builder().add_column_string("map").build()
    with pytest.raises(SchemaError, match=r"map.*which no column type fits"):
        list(ArrowRecordReader(tmp_path / "t", schema=schema))


def test_signed_integers_only_where_the_file_may_be_deeplearning4js(tmp_path):
    table = pa.table({"u": pa.array([2**32 - 1], pa.uint32())})
    path = write_arrow(tmp_path / "t", table)
    assert list(ArrowRecordReader(path)) == [[-1]]  # its own writer leaves no other mark
    assert list(ArrowRecordReader(path, signed_integers=False)) == [[2**32 - 1]]
    mixed = table.append_column("s", pa.array([1], pa.int64()))
    assert list(ArrowRecordReader(write_arrow(tmp_path / "m", mixed))) == [[2**32 - 1, 1]]


def test_unsigned_longs_that_do_not_fit_are_an_error(tmp_path):
    table = pa.table({"u": pa.array([2**64 - 1], pa.uint64())})
    made = ArrowRecordReader(write_arrow(tmp_path / "t", table), signed_integers=False)
    with pytest.raises(RecordFormatError, match=r"t: .*18446744073709551615"):
        list(made)


def test_missing_columns_and_other_formats(tmp_path):
    arrow, parquet = write_arrow(tmp_path / "t.arrow"), write_parquet(tmp_path / "t.parquet")
    schema = Schema.builder().add_column_double("zzz").build()
    for made in (
        ArrowRecordReader(arrow, schema=schema),
        ParquetRecordReader(parquet, schema=schema),
    ):
        with pytest.raises(SchemaError, match=r"\"zzz\" is not among.*'i' \(int32\)"):
            list(made)
    with pytest.raises(RecordFormatError, match="ParquetRecordReader"):
        list(ArrowRecordReader(parquet))
    with pytest.raises(RecordFormatError, match=r"t\.arrow: not a Parquet file"):
        list(ParquetRecordReader(arrow))
    old = tmp_path / "old.feather"
    old.write_bytes(b"FEA1" + bytes(40))
    with pytest.raises(RecordFormatError, match="version 1"):
        list(FeatherRecordReader(old))
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    for reader in (ArrowRecordReader, ParquetRecordReader):
        with pytest.raises(RecordFormatError, match="empty: not a"):
            list(reader(empty))


@pytest.mark.parametrize(("reader", "write"), FORMATS)
def test_a_file_that_is_cut_off(tmp_path, reader, write):
    data = write(tmp_path / "t").read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(RecordFormatError, match="cut: not a"):
        list(reader(tmp_path / "cut", schema=SCHEMA))


def test_sequences(tmp_path):
    table = pa.table({"a": [[1, 2], [3]]}, pa.schema([("a", pa.list_(pa.int32()))]))
    schema = SequenceSchema((IntegerMetaData("a"),))
    for reader, write in ((ArrowRecordReader, write_arrow), (ParquetRecordReader, write_parquet)):
        made = reader(write(tmp_path / "t", table), schema=schema)
        got = TransformProcess(schema, ()).execute(made).read_all()
        assert got.to_pydict() == {"a": [[1, 2], [3]]}
        with pytest.raises(DataVecError, match="TransformProcess"):
            list(made)


def test_a_value_that_does_not_fit_names_file_and_row(tmp_path):
    table = pa.table({"t": ["1", "2", "x"]})
    schema = Schema.builder().add_column_double("t").build()
    made = ArrowRecordReader([write_arrow(tmp_path / "t", table, rows=2)], schema=schema)
    with pytest.raises(
        DataVecError, match=r"t, row 2, column \"t\": expected a number, received 'x'"
    ):
        TransformProcess(schema, ()).execute(made).read_all()


def test_memory_stays_bounded(tmp_path):
    columns = {f"c{i}": np.random.default_rng(i).random(400_000) for i in range(8)}
    path = write_parquet(tmp_path / "t", pa.table(columns), rows=50_000)
    schema = Schema.builder().add_columns_double("c0", "c1").build()
    process = TransformProcess(schema, ())
    start, most = pa.total_allocated_bytes(), 0
    for batch in process.execute(ParquetRecordReader(path, schema=schema), threads=2):
        most = max(most, pa.total_allocated_bytes() - start)
        assert batch.num_columns == 2
    assert most < 10 << 20  # a few groups of two columns, of 25 MB in the file
    shutil.rmtree(tmp_path)
