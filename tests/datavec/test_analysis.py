"""Analyses of tables and sequences: values, merging, passes, files."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datavec import (
    BinaryMetaData,
    CollectionRecordReader,
    CollectionSequenceRecordReader,
    CSVRecordReader,
    DataVecError,
    InvalidValueError,
    Schema,
    SchemaError,
    StringSplit,
    TransformProcess,
)
from datavec.analysis import (
    AnalysisAccumulator,
    DataAnalysis,
    SequenceDataAnalysis,
    analyze,
    analyze_sequence,
    bucket_counts,
    bucket_edges,
    get_max,
    get_min,
    get_unique,
    sample,
    sample_from_column,
    sample_invalid_from_column,
    sample_most_frequent_from_column,
    sample_sequence,
)
from datavec.columns._arrow_io import frame_from_batch
from datavec.columns._ndarray_column import from_arrays

SCHEMA = (
    Schema.builder()
    .add_column_integer("i")
    .add_column_long("l")
    .add_column_double("d")
    .add_column_float("f")
    .add_column_string("s")
    .add_column_categorical("c", ["a", "b"])
    .add_column_time("t")
    .add_column_boolean("b")
    .build()
)


def table(rows: int, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    gaps = random.random(rows) < 0.1
    return pa.table(
        {
            "i": pa.array(random.integers(-50, 50, rows), pa.int32()),
            "l": random.integers(-(10**12), 10**12, rows),
            "d": pa.array(random.normal(size=rows), mask=gaps),
            "f": pa.array(random.gamma(2, size=rows), pa.float32()),
            "s": ["é𝄞x"[: i % 4] * (i % 5) for i in range(rows)],
            "c": random.choice(["a", "b", "z"], rows),
            "t": random.integers(0, 10**12, rows),
            "b": random.random(rows) < 0.5,
        }
    )


def same(a: DataAnalysis, b: DataAnalysis, rtol: float = 1e-12) -> None:
    """Equal up to rounding, sketches included where they are exact."""
    for x, y, name in zip(a, b, a.schema.column_names, strict=True):
        assert type(x) is type(y)
        assert x.histogram_bucket_counts == y.histogram_bucket_counts, name
        for field in ("mean", "sample_stdev", "mean_length", "min", "max", "count_total"):
            if hasattr(x, field):
                assert getattr(x, field) == pytest.approx(getattr(y, field), rel=rtol), name
        assert x.count_unique == y.count_unique, name
        assert x.count_missing == y.count_missing, name
        assert getattr(x, "map_of_counts", None) == getattr(y, "map_of_counts", None)


def test_statistics_equal_numpy():
    data = table(5000)
    found = analyze(SCHEMA, data)
    for name in ("i", "l", "d", "f", "t"):
        values = data[name].drop_null().to_numpy().astype(np.float64)
        a = found[name]
        assert a.mean == pytest.approx(values.mean())
        assert a.sample_stdev == pytest.approx(values.std(ddof=1))
        assert (a.min, a.max) == (values.min(), values.max())
        assert a.count_missing == data[name].null_count
        assert a.count_total == len(values)
        assert a.count_zero == np.count_nonzero(values == 0)
        assert a.count_negative == np.count_nonzero(values < 0)
        assert a.count_min_value == np.count_nonzero(values == values.min())
        edges = bucket_edges(values.min(), values.max(), 30)
        assert a.histogram[0] == tuple(edges)
        counts = np.histogram(values, edges)[0]
        assert a.histogram[1] == tuple(counts)
        for q in (0.01, 0.1, 0.5, 0.9, 0.99):
            rank = np.mean(values <= a.quantile(q))
            assert rank == pytest.approx(q, abs=0.003 + np.mean(values == a.quantile(q)))
        assert a.count_unique == pytest.approx(len(np.unique(values)), rel=0.03)
    lengths = [len(t.encode("utf-16-le")) // 2 for t in data["s"].to_pylist()]
    assert found["s"].mean_length == pytest.approx(np.mean(lengths))
    assert found["s"].max_length == max(lengths)
    assert found["s"].count_unique == len(set(data["s"].to_pylist()))
    counts = {k: data["c"].to_pylist().count(k) for k in "abz"}
    assert found["c"].map_of_counts == counts
    assert sum(found["b"].map_of_counts.values()) == 5000


def test_sources_batches_and_threads_agree():
    data = table(3000)
    whole = analyze(SCHEMA, data, threads=0)
    batches = data.to_batches(max_chunksize=171)
    same(analyze(SCHEMA, batches, threads=3), whole)
    stream = pa.RecordBatchReader.from_batches(data.schema, iter(batches))
    same(analyze(SCHEMA, stream), whole)
    same(analyze(SCHEMA, iter(batches)), whole)
    records = [list(r.values()) for r in data.to_pylist()]
    same(analyze(SCHEMA, CollectionRecordReader(records)), whole)


def test_frames_of_other_libraries():
    import polars as pl

    data = table(500)
    same(analyze(SCHEMA, pl.from_arrow(data)), analyze(SCHEMA, data))


def accumulated(parts: list[pa.Table], keep_bytes: int) -> AnalysisAccumulator:
    total = AnalysisAccumulator(SCHEMA, keep_bytes=keep_bytes)
    for part in parts:
        one = AnalysisAccumulator(SCHEMA, keep_bytes=keep_bytes)
        for batch in part.to_batches():
            one.add(frame_from_batch(SCHEMA, batch))
        total.merge(pickle.loads(pickle.dumps(one)))
    return total


def test_parts_merge_across_processes():
    parts = [table(700, 1), table(1, 2), table(1300, 3)]
    whole = analyze(SCHEMA, pa.concat_tables(parts))
    kept = accumulated(parts, 1 << 20)
    assert kept.exact
    same(kept.result(), whole)
    spread = accumulated(parts, 0)
    assert not spread.exact
    look = spread.second_look()
    assert look.columns == {"l", "d", "f", "t"}  # cells of "i" and the lengths hold one number each
    for part in parts:
        other = pickle.loads(pickle.dumps(spread.second_look()))
        for batch in part.to_batches():
            other.add(frame_from_batch(SCHEMA, batch))
        look.merge(other)
    same(spread.result(look), whole)


def test_histogram_without_second_look_is_close():
    parts = [table(5000, seed) for seed in range(4)]
    whole = analyze(SCHEMA, pa.concat_tables(parts))
    estimated = accumulated(parts, 0).result()
    for name in ("l", "d", "f", "t"):
        exact, near = (np.array(a[name].histogram[1]) for a in (whole, estimated))
        assert exact.sum() == near.sum()
        assert np.abs(exact - near).max() <= 10  # of 20,000


def test_values_beyond_the_budget_are_dropped():
    data = table(2000)
    accumulator = AnalysisAccumulator(SCHEMA, keep_bytes=10_000)
    for batch in data.to_batches(max_chunksize=100):
        accumulator.add(frame_from_batch(SCHEMA, batch))
    assert not accumulator.exact
    assert len(pickle.dumps(accumulator)) < 400_000


def test_merging_other_schemas_is_refused():
    other = Schema.builder().add_column_double("x").build()
    with pytest.raises(DataVecError, match="different schemas"):
        AnalysisAccumulator(SCHEMA).merge(AnalysisAccumulator(other))


def test_missing_and_nan_are_counted_and_left_out():
    schema = Schema.builder().add_column_double("d").add_column_integer("i").build()
    records = [[1.0, "5"], [math.nan, ""], [None, None], [3.0, "7"]]
    found = analyze(schema, CollectionRecordReader(records))
    d, i = found["d"], found["i"]
    assert (d.count_total, d.count_nan, d.count_missing, d.mean) == (2, 1, 1, 2.0)
    assert (i.count_total, i.count_missing, i.mean) == (2, 2, 6.0)


def test_text_that_is_no_number():
    schema = Schema.builder().add_column_integer("i").build()
    reader = CSVRecordReader(StringSplit("1\n2\nx\n4\n"))
    with pytest.raises(InvalidValueError, match=r'line 3, column "i": expected a 32-bit integer'):
        analyze(schema, reader)
    found = analyze(schema, reader, on_error="skip")["i"]
    assert (found.count_total, found.count_invalid, found.max) == (3, 1, 4)


def test_readers_that_skip_leave_nothing_out_here():
    schema = Schema.builder().add_column_integer("i").build()
    reader = CSVRecordReader(StringSplit("1\n\n3\nx\n"), on_invalid="skip")
    found = analyze(schema, reader, on_error="skip")["i"]
    assert (found.count_total, found.count_missing, found.count_invalid) == (2, 1, 1)
    with pytest.raises(InvalidValueError, match="received 'x'"):
        analyze(schema, reader)


def test_infinities_have_a_place_in_the_histogram():
    schema = Schema.builder().add_column_double("d").build()
    values = [-math.inf, -math.inf, 0.0, 1.0, 2.0, math.inf]
    for keep in (0, 1 << 20):
        accumulator = AnalysisAccumulator(schema, 2, keep_bytes=keep)
        for v in values:
            accumulator.add(frame_from_batch(schema, pa.record_batch({"d": [v]})))
        found = accumulator.result()["d"]
        edges, counts = found.histogram
        assert np.isfinite(edges).all()
        assert sum(counts) == 6
        assert counts[0] >= 2
        assert math.isnan(found.mean)


@pytest.mark.parametrize("kind", [pa.float64(), pa.string(), pa.null()])
def test_columns_without_values(kind):
    schema = Schema.builder().add_column_double("d").add_column_string("s").build()
    for rows in (0, 3):
        data = pa.table({"d": pa.nulls(rows, kind), "s": pa.nulls(rows, pa.string())})
        found = analyze(schema, data)
        assert found["d"].count_missing == found["s"].count_missing == rows
        assert found["d"].min is None
        assert found["d"].histogram is None
        assert DataAnalysis.from_json(found.to_json())["d"].min is None
        assert "min=null" in str(found)


def test_arrays_and_bytes():
    schema = Schema.builder().add_column_ndarray("n", [-1]).add_column(BinaryMetaData("y")).build()
    arrays = from_arrays([np.arange(3.0), None, np.ones((2, 2)), np.array([np.nan, 9.0])])
    data = pa.table({"n": arrays, "y": pa.array([b"", None, b"abc", b"x"])})
    n, y = analyze(schema, data, 4)
    assert (n.count_total, n.count_null, n.min_length, n.max_length) == (4, 1, 2, 4)
    assert (n.total_nd_array_values, n.counts_by_rank) == (9, {1: 2, 2: 1})
    assert (n.min_value, n.max_value, sum(n.histogram[1])) == (0.0, 9.0, 8)
    assert (y.count_total, y.count_null, y.count_zero_length) == (4, 1, 1)
    assert (y.min_num_bytes, y.max_num_bytes) == (0, 3)


def test_sequences():
    schema = Schema.builder().add_column_double("x").build_sequence()
    sequences = [[[1.0], [2.0], [3.0]], [], [[10.0]]]
    found = analyze_sequence(schema, CollectionSequenceRecordReader(sequences), 3)
    lengths = found.sequence_length_analysis
    assert (lengths.total_num_sequences, lengths.min_seq_length, lengths.max_seq_length) == (
        3,
        0,
        3,
    )
    assert (lengths.count_zero_length, lengths.count_one_length) == (1, 1)
    assert lengths.mean_length == pytest.approx(4 / 3)
    assert lengths.histogram == ((0.0, 1.0, 2.0, 3.0), (1, 1, 1))
    assert found["x"].mean == 4.0
    assert isinstance(DataAnalysis.from_json(found.to_json()), SequenceDataAnalysis)
    lists = pa.table({"x": pa.array([[1.0, 2.0, 3.0], [], [10.0]])})
    assert str(analyze_sequence(schema, lists, 3)) == str(found)


def test_wrong_arguments():
    plain = Schema.builder().add_column_double("x").build()
    data = pa.table({"x": [1.0]})
    with pytest.raises(SchemaError, match="must be a SequenceSchema"):
        analyze_sequence(plain, data)
    with pytest.raises(ValueError, match="max_histogram_buckets must be at least 1, received 0"):
        analyze(plain, data, 0)
    with pytest.raises(ValueError, match="on_error must be 'raise' or 'skip', received 'no'"):
        analyze(plain, data, on_error="no")
    with pytest.raises(SchemaError, match='no column "x"'):
        analyze(plain, pa.table({"y": [1.0]}))
    with pytest.raises(SchemaError, match="'y'"):
        analyze(plain, data)["y"]


@pytest.mark.parametrize("buckets", [1, 3, 30])
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
@settings(deadline=None)
def test_buckets_hold_every_value(buckets, values):
    ordered = np.sort(np.array(values))
    edges = bucket_edges(float(ordered[0]), float(ordered[-1]), buckets)
    counts = bucket_counts(ordered, edges)
    assert len(edges) == buckets + 1
    assert counts.sum() == len(values)
    # The rule itself, value by value: the last bucket takes what fits nowhere.
    expected = np.zeros(buckets, int)
    for v in ordered:
        fits = [i for i in range(buckets) if edges[i] <= v < edges[i + 1]]
        expected[fits[0] if fits else buckets - 1] += 1
    assert counts.tolist() == expected.tolist()


@given(
    parts=st.lists(
        st.lists(st.floats(allow_nan=False) | st.integers(-5, 5).map(float), max_size=20),
        max_size=4,
    )
)
@example(parts=[[0.0, 2.225073858507203e-309]])
@settings(deadline=None)
def test_any_doubles_can_be_analysed(parts):
    schema = Schema.builder().add_column_double("x").build()
    accumulator = AnalysisAccumulator(schema, 5)
    for part in parts:
        accumulator.add(
            frame_from_batch(schema, pa.record_batch({"x": pa.array(part, pa.float64())}))
        )
    found = accumulator.result()["x"]
    values = [v for part in parts for v in part]
    assert found.count_total == len(values)
    if values:
        assert (found.min, found.max) == (min(values), max(values))
        if found.histogram:
            assert sum(found.histogram[1]) == len(values)
    again = DataAnalysis.from_json(accumulator.result().to_json())
    assert str(again["x"]).split(", quantiles")[0] == str(found).split(", quantiles")[0]


@given(values=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30))
@settings(deadline=None)
def test_any_longs_can_be_analysed(values):
    schema = Schema.builder().add_column_long("x").build()
    data = pa.table({"x": pa.array(values, pa.int64())})
    found = analyze(schema, data, 5)["x"]
    assert (found.min, found.max, sum(found.histogram[1])) == (
        min(values),
        max(values),
        len(values),
    )


# --- samples and other looks at columns --------------------------------------------------------


def test_samples():
    data = table(1000)
    rows = sample(SCHEMA, data, 20, seed=3)
    assert len(rows) == 20
    assert rows == sample(SCHEMA, data, 20, seed=3)
    assert rows != sample(SCHEMA, data, 20, seed=4)
    everything = {str(r["i"]) + r["s"] for r in data.to_pylist()}
    assert {f"{r[0]}{r[4]}" for r in rows} <= everything
    assert len(sample(SCHEMA, data.slice(0, 7), 20)) == 7
    assert sample(SCHEMA, data.slice(0, 0), 20) == []
    assert len(sample_from_column(SCHEMA, data.to_batches(max_chunksize=30), "i", 50)) == 50


def test_samples_are_uniform():
    schema = Schema.builder().add_column_integer("i").build()
    batches = pa.table({"i": pa.array(range(100), pa.int32())}).to_batches(max_chunksize=7)
    hits = np.zeros(100)
    for seed in range(400):
        hits[sample_from_column(schema, batches, "i", 10, seed=seed)] += 1
    assert hits.sum() == 4000
    assert hits.min() > 15  # expected 40 each, standard deviation 6
    assert hits.max() < 70


def test_samples_of_sequences():
    schema = Schema.builder().add_column_double("x").build_sequence()
    sequences = [[[float(i)]] * i for i in range(10)]
    reader = CollectionSequenceRecordReader(sequences)
    found = sample_sequence(schema, reader, 4)
    assert len(found) == 4
    assert all(s in sequences for s in found)
    assert len(sample_from_column(schema, reader, "x", 5)) == 5
    with pytest.raises(SchemaError, match="use sample_sequence"):
        sample(schema, reader, 1)


def test_invalid_frequent_and_different_values():
    schema = Schema.builder().add_column_integer("i", min_value=0).add_column_string("s").build()
    reader = CSVRecordReader(StringSplit("1,a\n-1,a\nx,b\n,c\n1,a\n"))
    assert sorted(sample_invalid_from_column(schema, reader, "i", 9)) == ["", "-1", "x"]
    wrong = sample_invalid_from_column(schema, reader, "i", 9, ignore_missing=True)
    assert sorted(wrong) == ["-1", "x"]
    assert sample_most_frequent_from_column(schema, reader, "s", 2) == {"a": 3, "b": 1}
    assert get_unique(schema, reader, "s") == {"a", "b", "c"}
    assert get_unique(schema, pa.table({"i": [1, None], "s": ["", "é"]}), ["i", "s"]) == {
        "i": {1, None},
        "s": {"", "é"},
    }
    with pytest.raises(ValueError, match="count must be at least 1"):
        sample_most_frequent_from_column(schema, reader, "s", 0)


def test_extremes():
    data = table(300)
    for name in ("i", "l", "d", "t", "s"):
        values = data[name].drop_null().to_pylist()
        assert get_min(SCHEMA, data.to_batches(max_chunksize=50), name) == min(values)
        assert get_max(SCHEMA, data.to_batches(max_chunksize=50), name) == max(values)
    assert get_max(SCHEMA, data.slice(0, 0), "d") is None


# --- use ---------------------------------------------------------------------------------------


def test_normalising_by_an_analysis():
    schema = Schema.builder().add_column_double("x").add_column_string("s").build()
    data = pa.table({"x": [0.0, 5.0, 10.0], "s": ["a", "b", "c"]})
    analysis = analyze(schema, data)
    process = TransformProcess.builder(schema).normalize("x", "MinMax2", analysis).build()
    assert process.execute(data).read_all()["x"].to_pylist() == [-1.0, 0.0, 1.0]
    builder = TransformProcess.builder(schema)
    with pytest.raises(SchemaError, match="expected one of MinMax, MinMax2"):
        builder.normalize("x", "Max", analysis)
    with pytest.raises(SchemaError, match="only columns of numbers"):
        builder.normalize("s", "MinMax", analysis)
    nothing = analyze(schema, data.slice(0, 0))
    with pytest.raises(SchemaError, match="has no values"):
        builder.normalize("x", "MinMax", nothing)
