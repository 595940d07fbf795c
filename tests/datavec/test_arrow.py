"""Arrow streams in and out: other libraries read ours and are read; memory is shared."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from datavec import (
    CollectionRecordReader,
    CSVRecordReader,
    DataVecError,
    RecordReaderDataSetIterator,
    Schema,
    SchemaError,
    StringSplit,
    TransformProcess,
    arrow_to_ndarray,
)

SCHEMA = (
    Schema.builder()
    .add_column_integer("i")
    .add_column_double("x")
    .add_column_categorical("c", ["a", "b"])
    .build()
)
PROCESS = TransformProcess.builder(SCHEMA).double_math_op("x", "Multiply", 2.0).build()
ROWS = [[i, i / 2, "ab"[i % 2]] for i in range(1000)]
RECORDS = [{"i": i, "x": float(i), "c": c} for i, _, c in ROWS]
TEXT = "".join(f"{i},{x},{c}\n" for i, x, c in ROWS)


def reader():
    return CSVRecordReader(StringSplit(TEXT), schema=SCHEMA)


# --- out ----------------------------------------------------------------------------------------


def by_pandas(stream):
    return pd.DataFrame.from_arrow(stream).to_dict("records")


def by_polars(stream):
    return pl.DataFrame(stream).to_dicts()


def by_duckdb(stream):
    found = duckdb.sql("select * from stream")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def by_pyarrow(stream):
    return pa.table(stream).to_pylist()


CONSUMERS = [by_pandas, by_polars, by_duckdb, by_pyarrow]


@pytest.mark.parametrize("consume", CONSUMERS)
def test_others_read_transformed_records_directly(consume):
    assert consume(PROCESS.execute(reader())) == RECORDS


@pytest.mark.parametrize("consume", CONSUMERS)
def test_others_read_readers_directly(consume):
    plain = [{"i": i, "x": x, "c": c} for i, x, c in ROWS]
    assert consume(reader()) == plain
    assert consume(CollectionRecordReader(ROWS, schema=SCHEMA)) == plain
    with pytest.raises(SchemaError, match="CSVRecordReader: an Arrow stream needs a schema"):
        consume_stream(CSVRecordReader(StringSplit(TEXT)))


def consume_stream(source):
    return pa.RecordBatchReader.from_stream(source).read_all()


@pytest.mark.parametrize("consume", CONSUMERS)
def test_errors_pass_through_others(consume):
    broken = CSVRecordReader(StringSplit("1,2,a\nx,2,a\n"), schema=SCHEMA)
    with pytest.raises(Exception, match=r'line 2, column "i": expected a 32-bit integer, received'):
        consume(broken)


def test_duckdb_queries_a_stream():
    stream = PROCESS.execute(reader())  # noqa: F841 - DuckDB finds it by its name
    found = duckdb.sql("select c, count(*), sum(x) from stream where i < 100 group by c order by c")
    assert found.fetchall() == [("a", 50, 2450.0), ("b", 50, 2500.0)]


def test_batches_are_a_stream(monkeypatch):
    it = RecordReaderDataSetIterator(reader(), 300, label_index="c")
    for _ in range(2):
        frame = pl.DataFrame(it)
        assert frame.schema == {
            "features": pl.Array(pl.Float32, 2),
            "labels": pl.Array(pl.Float32, 2),
        }
        assert frame["features"].to_numpy().tolist() == [[i, x] for i, x, _ in ROWS]
        assert frame["labels"].to_numpy().argmax(1).tolist() == [i % 2 for i in range(1000)]
    assert it.epoch == 2
    next(iter(it))
    assert len(pa.table(it)) == 1000  # a stream begins a pass
    assert [len(b) for b in pa.table(it).to_batches()] == [300, 300, 300, 100]
    empty = RecordReaderDataSetIterator(
        pa.table({"x": pa.array([], pa.float64())}), 2, schema=only("x")
    )
    assert pl.DataFrame(empty).shape == (0, 2)


def only(*names):
    return Schema.builder().add_columns_double(*names).build()


def test_what_goes_out_comes_in_again():
    it = RecordReaderDataSetIterator(reader(), 128, label_index="c")
    schema = (
        Schema.builder()
        .add_column_ndarray("features", [2])
        .add_column_ndarray("labels", [2])
        .build()
    )
    again = RecordReaderDataSetIterator(
        it, 50, label_index="labels", regression=True, schema=schema
    )
    for _ in range(2):
        features, labels = (
            np.concatenate([np.asarray(getattr(b, part)) for b in again])
            for part in ("features", "labels")
        )
        assert features.tolist() == [[i, x] for i, x, _ in ROWS]
        assert labels.argmax(1).tolist() == [i % 2 for i in range(1000)]


# --- in -----------------------------------------------------------------------------------------

FRAME = pl.DataFrame({"i": [1, 2], "x": [0.5, 1.5], "c": ["a", "b"]})
EXPECTED = [{"i": 1, "x": 1.0, "c": "a"}, {"i": 2, "x": 3.0, "c": "b"}]


class OneBatch:
    """Only ``__arrow_c_array__``."""

    def __init__(self, batch):
        self.batch = batch

    def __arrow_c_array__(self, requested_schema=None):
        return self.batch.__arrow_c_array__(requested_schema)


SOURCES = {
    "polars": FRAME,
    "polars-enum": FRAME.with_columns(pl.col("c").cast(pl.Enum(["a", "b"]))),
    "polars-categorical": FRAME.with_columns(pl.col("c").cast(pl.Categorical)),
    "polars-struct": FRAME.to_struct("s"),
    "pandas": pd.DataFrame(FRAME.to_dict(as_series=False)),
    "pandas-categorical": pd.DataFrame(FRAME.to_dict(as_series=False)).astype({"c": "category"}),
    "pyarrow": FRAME.to_arrow(),
    "batches": FRAME.to_arrow().to_batches(),
    "batch": FRAME.to_arrow().to_batches()[0],
    "array": OneBatch(FRAME.to_arrow().to_batches()[0]),
    "more-columns": FRAME.with_columns(z=pl.lit(None)).select("z", "c", "x", "i"),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_others_are_sources(source):
    assert PROCESS.execute(source).read_all().to_pylist() == EXPECTED
    it = RecordReaderDataSetIterator(source, 2, label_index="c", transform=PROCESS)
    for _ in range(2):
        (batch,) = it
        assert np.asarray(batch.features).tolist() == [[1, 1], [2, 3]]
        assert np.asarray(batch.labels).tolist() == [[1, 0], [0, 1]]


def test_duckdb_is_a_source():
    found = duckdb.sql(
        "select range::int as i, range / 2 as x, if(range % 2 = 0, 'a', 'b') as c from range(1000)"
    )
    assert PROCESS.execute(found).read_all().to_pylist() == RECORDS


def test_a_lazy_frame_is_asked_for_its_data():
    with pytest.raises(TypeError, match=r"received <LazyFrame.*collect\(\) it first"):
        PROCESS.execute(FRAME.lazy()).read_all()


def test_a_stream_gives_one_pass_only():
    def stream():
        return pa.table({"x": [1.0, 2.0]}).to_reader()

    it = RecordReaderDataSetIterator(stream(), 2, schema=only("x"))
    assert not it.reset_supported
    assert len(list(it)) == 1
    with pytest.raises(ValueError, match="the source can be read only once"):
        list(it)
    kept = RecordReaderDataSetIterator(stream(), 2, schema=only("x"), cache="memory")
    assert kept.reset_supported
    assert [len(list(kept)) for _ in range(3)] == [1, 1, 1]


# --- shared memory ------------------------------------------------------------------------------


def lists(values):
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])


def tensors(values):
    kind = pa.fixed_shape_tensor(pa.from_numpy_dtype(values.dtype), values.shape[1:])
    return pa.ExtensionArray.from_storage(kind, lists(values.reshape(len(values), -1)))


def test_columns_become_arrays_without_copies():
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    cases = [
        (pa.array(x[:, 0].copy()), x[:, 0]),
        (pa.array(np.arange(4, dtype=np.int64)), np.arange(4)),
        (lists(x), x),
        (pa.FixedSizeListArray.from_arrays(lists(x.reshape(8, 3)), 2), x.reshape(4, 2, 3)),
        (tensors(x.reshape(4, 3, 2)), x.reshape(4, 3, 2)),
        (pl.Series(x[:, 0].copy()), x[:, 0]),
        (pl.Series(x), x),
        (pa.chunked_array([lists(x)]), x),
    ]
    for column, expected in cases:
        got = np.asarray(arrow_to_ndarray(column))
        assert got.dtype == expected.dtype
        assert np.array_equal(got, expected)
    shared = np.asarray(arrow_to_ndarray(lists(x)))
    assert np.shares_memory(shared, x)
    assert np.shares_memory(np.asarray(arrow_to_ndarray(tensors(x).slice(1, 2))), x[1:3])
    two = np.asarray(arrow_to_ndarray(pa.chunked_array([lists(x), lists(x)])))
    assert np.array_equal(two, np.concatenate([x, x]))
    assert np.asarray(arrow_to_ndarray(pa.array([True, False]))).tolist() == [True, False]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([1.0, None]), "1 values are missing; fill or drop them first"),
        (pa.array([[1.0], None], pa.list_(pa.float32(), 1)), "1 values are missing"),
        (pa.array([[1.0, None]], pa.list_(pa.float32(), 2)), "1 values are missing"),
        (pa.array(["a"]), "expected numbers or arrays of numbers, received string"),
        (pa.array([[1], [1, 2]]), "expected numbers or arrays of numbers, received list"),
    ],
)
def test_columns_that_are_no_arrays(column, message):
    with pytest.raises(DataVecError, match=message):
        arrow_to_ndarray(column)
    with pytest.raises(TypeError, match="expected an Arrow array, received"):
        arrow_to_ndarray([1.0])


def test_batches_share_memory_with_the_table():
    x = np.arange(60, dtype=np.float32).reshape(10, 6)
    y = np.arange(10, dtype=np.float32)
    table = pa.table({"x": lists(x), "y": pa.array(y)})
    schema = Schema.builder().add_column_ndarray("x", [6]).add_column_float("y").build()
    it = RecordReaderDataSetIterator(table, 4, label_index="y", regression=True, schema=schema)
    for at, batch in zip((0, 4, 8), it, strict=True):
        features, labels = np.asarray(batch.features), np.asarray(batch.labels)
        assert np.array_equal(features, x[at : at + 4])
        assert np.array_equal(labels, y[at : at + 4, None])
        assert np.shares_memory(features, x)
        assert np.shares_memory(labels, y)
    images = RecordReaderDataSetIterator(
        pa.table({"im": tensors(x.reshape(10, 1, 2, 3))}),
        4,
        schema=Schema.builder().add_column_ndarray("im", [1, 1, 2, 3]).build(),
    )
    assert [np.asarray(b.features).shape for b in images] == [(4, 1, 2, 3)] * 2 + [(2, 1, 2, 3)]
    assert all(np.shares_memory(np.asarray(b.features), x) for b in images)
    sent = pa.table(images).column("features").chunk(0)
    assert np.shares_memory(np.asarray(arrow_to_ndarray(sent)), x)


def test_columns_of_arrays_in_a_process():
    x = np.arange(12, dtype=np.int16).reshape(4, 3)
    schema = Schema.builder().add_column_ndarray("x", [1, 3]).build()
    process = TransformProcess.builder(schema).ndarray_scalar_op("x", "Add", 1.0).build()
    got = process.execute(pa.table({"x": lists(x)})).read_all()["x"].to_pylist()
    assert [dict(v) for v in got] == [
        {"data": (row + 1).tolist(), "shape": [1, 3]} for row in x.astype(np.float32)
    ]
    missing = pa.concat_arrays([lists(x), pa.nulls(1, lists(x).type)])
    it = RecordReaderDataSetIterator(pa.table({"x": missing}), 4, schema=schema)
    with pytest.raises(DataVecError, match="an array of 3 values, received a missing value"):
        list(it)


def test_large_rows_come_in_small_blocks():
    wide = np.zeros((40, 1 << 20), np.float32)
    schema = Schema.builder().add_column_ndarray("x", [1 << 20]).build()
    it = RecordReaderDataSetIterator(pa.table({"x": lists(wide)}), 8, schema=schema)
    assert [b.num_examples for b in it] == [8] * 5
