"""Reading files, joining, looking at data and training from it, on Spark."""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from comparing import assert_equal, dataframe, schema_of

from datavec import (
    CollectionRecordReader,
    CsvError,
    CSVRecordReader,
    CSVSequenceRecordReader,
    InvalidValueError,
    Join,
    LineRecordReader,
    Schema,
    SchemaError,
    SequenceSchema,
    TransformProcess,
    analysis,
)
from datavec import spark as on_spark
from datavec.spark import execute, execute_join, export_datasets, read, to_datasets
from datavec.transforms import Reducer
from nd4py.data import ExistingDataSetIterator, FileDataSetIterator
from nd4py.normalizers import NormalizerMinMaxScaler

pytestmark = pytest.mark.spark

SCHEMA = schema_of("file:integer n:long")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "in"
    files.mkdir()
    for i in range(5):
        lines = "".join(f"{i},{j}\n" for j in range(3 * i))
        (files / f"{i}.csv").write_text(f"file,n\n{lines}")
    return files


# --- reading -------------------------------------------------------------------------------------


def test_files_are_read_in_order(spark: Any, folder: Path) -> None:
    result = read(spark, CSVRecordReader(folder, skip_lines=1), schema=SCHEMA, partitions=3)
    local = TransformProcess(SCHEMA, ()).execute(CSVRecordReader(folder, skip_lines=1)).read_all()
    assert_equal(result.read_all(), local, ordered=True)


def test_a_process_runs_where_files_are_read(spark: Any, folder: Path) -> None:
    process = TransformProcess.builder(SCHEMA).reduce(Reducer("Sum", ["file"])).build()
    result = read(spark, CSVRecordReader(folder, skip_lines=1), transform=process)
    local = process.execute(CSVRecordReader(folder, skip_lines=1)).read_all()
    assert_equal(result.read_all(), local, ordered=False)


def test_sequences_are_read(spark: Any, folder: Path) -> None:
    schema = SequenceSchema(SCHEMA.columns)
    found = read(spark, CSVSequenceRecordReader(folder, skip_lines=1), schema=schema).read_all()
    assert found.column("n").to_pylist() == [list(range(3 * i)) for i in range(5)]


def test_any_reader_of_files(spark: Any, folder: Path) -> None:
    lines = read(spark, LineRecordReader(folder), schema=schema_of("line:string")).read_all()
    assert lines.num_rows == 5 + 30


def test_errors_of_readers_name_file_and_line(spark: Any, folder: Path) -> None:
    process = TransformProcess.builder(SCHEMA).long_math_op("n", "Add", 1).build()
    for text, kind in (("file,n\n1,x\n", InvalidValueError), ("file,n\n1,2,3\n", CsvError)):
        (folder / "2.csv").write_text(text)
        with pytest.raises(kind) as local:
            process.execute(CSVRecordReader(folder, skip_lines=1)).read_all()
        with pytest.raises(kind) as there:
            read(spark, CSVRecordReader(folder, skip_lines=1), transform=process).read_all()
        assert str(there.value) == str(local.value)
        assert "2.csv, line 2" in str(there.value)


def test_what_readers_leave_out_is_counted(spark: Any, folder: Path) -> None:
    (folder / "2.csv").write_text("file,n\n1,x\n1,2\n1,2,3\n")
    result = read(spark, CSVRecordReader(folder, skip_lines=1, on_invalid="skip"), schema=SCHEMA)
    assert result.read_all().num_rows == 25
    assert result.skipped == 2
    assert {e.place.rsplit("/")[-1] for t in result.errors for e in t.examples} == {
        "2.csv, line 2",
        "2.csv, line 4",
    }


def test_what_cannot_be_read(spark: Any, folder: Path) -> None:
    with pytest.raises(SchemaError, match="the reader knows no schema"):
        read(spark, CSVRecordReader(folder))
    with pytest.raises(SchemaError, match="does not read the files of one input split"):
        read(spark, CollectionRecordReader([[1, 2]]), schema=SCHEMA)


# --- joins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["Inner", "LeftOuter", "RightOuter", "FullOuter"])
def test_keys_compare_as_they_do_here(spark: Any, how: str) -> None:
    left = schema_of("a.id:double t:time")
    right = schema_of("id:float X:string x:string")
    join = Join(how, left, right, ["a.id"], ["id"])
    times = pa.array([1, -2, 3, None, 5], pa.timestamp("ms", "UTC"))
    tables = (
        pa.table({"a.id": [0.0, -0.0, float("nan"), 1.5, None], "t": times}),
        pa.table(
            {
                "id": pa.array([0.0, float("nan"), 1.5, 1.5, 3.0, None], pa.float32()),
                "X": list("abcdef"),
                "x": [None, *"vwxyz"],
            }
        ),
    )
    result = execute_join(join, *(dataframe(spark, t) for t in tables))
    assert_equal(result.read_all(), join.execute(*tables), ordered=False)


def test_text_and_numbers_never_match(spark: Any) -> None:
    left, right = schema_of("id:string"), schema_of("id:integer n:long")
    join = Join("FullOuter", left, right, ["id"])
    tables = pa.table({"id": ["1"]}), pa.table({"id": pa.array([1], pa.int32()), "n": [2]})
    result = execute_join(join, *(dataframe(spark, t) for t in tables))
    assert_equal(result.read_all(), join.execute(*tables), ordered=False)


def test_errors_of_joins(spark: Any) -> None:
    left, right = schema_of("id:integer"), schema_of("id:integer n:long")
    join = Join("Inner", left, right, ["id"])
    sides = [
        dataframe(spark, pa.table({"id": ["1", "2"]})),
        dataframe(spark, pa.table({"id": ["1", "2"], "n": ["3", "bad"]})),
    ]
    with pytest.raises(InvalidValueError, match=r'Join, row 1, column "n": .*\'bad\''):
        execute_join(join, *sides).read_all()
    result = execute_join(join, *sides, on_error="skip")
    assert result.read_all().num_rows == 1
    assert result.skipped == 1
    with pytest.raises(SchemaError, match='no column "n"'):
        execute_join(join, sides[0], sides[0])


# --- looking at data -----------------------------------------------------------------------------


def values(rows: int = 500) -> tuple[Schema, pa.Table]:
    random = np.random.default_rng(1)
    table = pa.table(
        {
            "x": random.normal(size=rows),
            "n": random.integers(0, 9, rows),
            "s": random.choice(["a", "bb", "ccc"], rows),
            "at": pa.array(random.integers(0, 10**12, rows), pa.timestamp("ms", "UTC")),
        }
    )
    return schema_of("x:double n:long s:string at:time"), table


def test_analysis_of_large_data_looks_twice(spark: Any, monkeypatch: Any) -> None:
    from datavec.spark import _analyze

    monkeypatch.setattr(_analyze, "_KEEP", 0)
    schema, table = values()
    mine = on_spark.analyze(schema, dataframe(spark, table), 12)
    local = analysis.analyze(schema, table, 12)
    for a, b in zip(mine, local, strict=True):
        assert a.histogram == b.histogram
    assert mine["x"].mean == pytest.approx(local["x"].mean)
    assert mine["x"].sample_stdev == pytest.approx(local["x"].sample_stdev)
    assert mine["at"].max == local["at"].max
    assert mine["x"].quantile(0.5) == pytest.approx(local["x"].quantile(0.5), abs=0.1)


def test_samples(spark: Any) -> None:
    schema, table = values()
    frame = dataframe(spark, table)
    drawn = on_spark.sample(schema, frame, 40, seed=5)
    assert drawn == on_spark.sample(schema, frame, 40, seed=5)
    assert drawn != on_spark.sample(schema, frame, 40, seed=6)
    known = [list(r) for r in zip(*(c.to_pylist() for c in table.columns[:3]), strict=True)]
    at = [known.index(r[:3]) for r in drawn]
    assert at == sorted(at)
    assert len(set(at)) == 40
    assert min(at) < 250 < max(at)  # from both partitions
    assert len(on_spark.sample(schema, frame, 1000)) == 500
    assert set(on_spark.sample_from_column(schema, frame, "s", 60)) == {"a", "bb", "ccc"}


def test_values_of_columns(spark: Any) -> None:
    schema, table = values()
    frame = dataframe(spark, table)
    assert on_spark.get_unique(schema, frame, ["n", "s"]) == analysis.get_unique(
        schema, table, ["n", "s"]
    )
    for column in ("x", "at", "s"):
        assert on_spark.get_min(schema, frame, column) == analysis.get_min(schema, table, column)
        assert on_spark.get_max(schema, frame, column) == analysis.get_max(schema, table, column)
    counts = collections.Counter(table["n"].to_pylist())
    found = on_spark.sample_most_frequent_from_column(schema, frame, "n", 4)
    assert list(found.values()) == [n for _, n in counts.most_common(4)]
    assert on_spark.get_max(schema, dataframe(spark, table.slice(0, 0)), "x") is None


def test_invalid_values(spark: Any) -> None:
    schema = Schema.builder().add_column_integer("age", min_value=0).build()
    frame = dataframe(spark, pa.table({"age": ["1", "-1", "x", None, ""]}))
    assert sorted(
        on_spark.sample_invalid_from_column(schema, frame, "age", 9, ignore_missing=True)
    ) == ["-1", "x"]
    with pytest.raises(InvalidValueError, match='row 2, column "age"'):
        on_spark.analyze(schema, frame)


# --- training ------------------------------------------------------------------------------------


def examples(rows: int = 50) -> pa.Table:
    random = np.random.default_rng(2)
    return pa.table(
        {"x": random.normal(size=rows), "y": random.normal(size=rows), "label": np.arange(rows) % 3}
    )


def test_batches_on_the_driver(spark: Any) -> None:
    table = examples()
    iterator = to_datasets(dataframe(spark, table), 16, label_index="label", num_classes=3)
    for _ in range(2):
        batches = list(iterator)
        assert [b.num_examples for b in batches] == [16, 16, 16, 2]
        features = np.concatenate([np.asarray(b.features) for b in batches])
        expected = np.stack([table["x"].to_numpy(), table["y"].to_numpy()], axis=1)
        np.testing.assert_array_equal(features, expected.astype(np.float32))
    bad = dataframe(spark, table.set_column(0, "x", pa.array(["no number"] * 50)))
    with pytest.raises(SchemaError, match='"x" of type String cannot become a feature'):
        list(to_datasets(bad, 16, label_index="label", num_classes=3))


def test_exported_batches(spark: Any, tmp_path: Path) -> None:
    table = examples()
    plain = list(to_datasets(dataframe(spark, table), 50, label_index="label", num_classes=3))
    scaler = NormalizerMinMaxScaler().fit(ExistingDataSetIterator(plain))
    options: dict[str, Any] = {"label_index": "label", "num_classes": 3, "preprocessor": scaler}
    files = export_datasets(dataframe(spark, table), tmp_path / "out", 8, **options)
    assert [f.path.parent for f in files] == [tmp_path / "out"] * len(files)
    assert sum(f.examples for f in files) == 50
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [f.path.name for f in files]
    (whole,) = FileDataSetIterator(tmp_path / "out", 50)
    (expected,) = plain
    scaler.transform(expected)
    np.testing.assert_allclose(whole.features, expected.features, rtol=1e-6)
    np.testing.assert_array_equal(whole.labels, expected.labels)
    with pytest.raises(FileExistsError, match="holds files already"):
        export_datasets(dataframe(spark, table), tmp_path / "out", 8, **options)


def test_export_of_values_that_are_no_classes(spark: Any, tmp_path: Path) -> None:
    table = examples()
    with pytest.raises(
        InvalidValueError, match='column "label": expected a class index from 0 to 1'
    ):
        export_datasets(
            dataframe(spark, table), tmp_path / "out", 8, label_index="label", num_classes=2
        )
    process = TransformProcess(schema_of("x:double"), ())
    assert execute(dataframe(spark, table), process).count() == 50
