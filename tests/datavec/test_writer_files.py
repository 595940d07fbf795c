"""Files of writers: all or nothing, compressed, continued, divided."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import (
    CSVRecordReader,
    CSVRecordWriter,
    FileSizePartitioner,
    LineRecordReader,
    LineRecordWriter,
    NumberedFileInputSplit,
    NumberOfRecordsPartitioner,
    Schema,
)


def write_and_fail(writer, data) -> None:
    with writer:
        writer.write_batch(data)
        raise ZeroDivisionError


def temporary(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if p.name.endswith(".part")]


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_compression_and_appending(tmp_path, suffix):
    path = tmp_path / f"x.csv{suffix}"
    for record in ([1, "a"], [2, "b"], [3, "c"]):
        with CSVRecordWriter(path, append=True) as writer:
            writer.write(record)
    assert list(CSVRecordReader(path)) == [["1", "a"], ["2", "b"], ["3", "c"]]
    for text in ("one", "two"):
        with LineRecordWriter(tmp_path / f"lines{suffix}", append=True) as writer:
            writer.write([text])
    assert list(LineRecordReader(tmp_path / f"lines{suffix}")) == [["one"], ["two"]]
    assert temporary(tmp_path) == []


def test_the_same_records_give_the_same_compressed_bytes(tmp_path):
    for name in ("a.gz", "b.gz"):
        with CSVRecordWriter(tmp_path / name) as writer:
            writer.write([1])
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"1"


def test_a_header_is_written_once(tmp_path):
    schema = Schema.builder().add_column_integer("n").build()
    for value in (1, 2):
        with CSVRecordWriter(tmp_path / "x", schema=schema, header=True, append=True) as writer:
            writer.write([value])
    assert (tmp_path / "x").read_text() == "n\n1\n2"


def test_an_exception_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("old")
    writer = CSVRecordWriter(path)
    writer.write_batch([[i] for i in range(10_000)])
    assert temporary(tmp_path) != []
    with pytest.raises(ZeroDivisionError):
        write_and_fail(writer, pa.table({"a": [1]}))
    assert path.read_text() == "old"
    assert temporary(tmp_path) == []


def test_a_forgotten_writer_leaves_nothing(tmp_path):
    writer = CSVRecordWriter(tmp_path / "x.csv")
    writer.write_batch(pa.table({"a": [1]}))
    del writer
    assert list(tmp_path.iterdir()) == []


def test_no_records_make_an_empty_file(tmp_path):
    with CSVRecordWriter(tmp_path / "x.csv"):
        pass
    assert (tmp_path / "x.csv").read_bytes() == b""


def test_the_permissions_of_a_replaced_file_stay(tmp_path):
    path = tmp_path / "x"
    path.write_text("")
    path.chmod(0o640)
    with LineRecordWriter(path) as writer:
        writer.write(["a"])
    assert path.stat().st_mode & 0o777 == 0o640


def test_places_that_cannot_be_written(tmp_path):
    writer = CSVRecordWriter(tmp_path / "no" / "x.csv")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        writer.write_batch(pa.table({"a": [1]}))
    with pytest.raises(IsADirectoryError, match="give the name of a file"):
        CSVRecordWriter(tmp_path).write_batch(pa.table({"a": [1]}))
    with pytest.raises(ValueError, match="received a stream"):
        CSVRecordWriter(io.BytesIO(), append=True).close()
    with pytest.raises(TypeError, match="expected a path, a URL or a binary stream"):
        CSVRecordWriter(5)
    with pytest.raises(ValueError, match="not open"):
        CSVRecordWriter().write([1])
    closed = CSVRecordWriter(io.BytesIO())
    closed.close()
    with pytest.raises(ValueError, match="not open"):
        closed.write([1])


def test_urls_are_written_whole():
    memory = fsspec.filesystem("memory")
    with CSVRecordWriter("memory://datavec/x.csv.gz") as writer:
        writer.write([1, 2])
        assert not memory.exists("/datavec/x.csv.gz")
    assert list(CSVRecordReader("memory://datavec/x.csv.gz")) == [["1", "2"]]
    with pytest.raises(ZeroDivisionError):
        write_and_fail(CSVRecordWriter("memory://datavec/y.csv"), pa.table({"a": [1]}))
    assert not memory.exists("/datavec/y.csv")


# --- partitions --------------------------------------------------------------------------------


@pytest.mark.parametrize("as_table", [False, True])
def test_a_number_of_records_per_file(tmp_path, as_table):
    data = pa.table({"a": range(10)}) if as_table else [[i] for i in range(10)]
    partitioner = NumberOfRecordsPartitioner(4)
    with CSVRecordWriter(tmp_path / "x-%02d.csv", partitioner=partitioner) as writer:
        writer.write_batch(data)
    assert [(Path(p.location).name, p.records, p.size) for p in writer.partitions] == [
        ("x-00.csv", 4, 8),
        ("x-01.csv", 4, 8),
        ("x-02.csv", 2, 4),
    ]
    split = NumberedFileInputSplit(str(tmp_path / "x-%02d.csv"), 0, 2)
    assert list(CSVRecordReader(split)) == [[str(i)] for i in range(10)]


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30), st.integers(1, 60))
def test_a_size_per_file(tmp_path_factory, values, limit):
    folder = tmp_path_factory.mktemp("size")
    with LineRecordWriter(folder / "x.txt", partitioner=FileSizePartitioner(limit)) as writer:
        writer.write_batch(pa.table({"a": values}))
    texts = [Path(p.location).read_text() for p in writer.partitions]
    assert "".join(texts) == "".join(f"{v}\n" for v in values)
    for text, part, following in zip(texts, writer.partitions, [*texts[1:], None], strict=True):
        assert part.size == len(text)
        assert part.records == text.count("\n")
        assert len(text) <= limit or part.records == 1
        if following is not None:  # the next record had no room
            assert len(text) + following.index("\n") + 1 > limit


def test_old_partitions_are_not_mixed_in(tmp_path):
    options = {"partitioner": NumberOfRecordsPartitioner(1)}
    with CSVRecordWriter(tmp_path / "x.csv", **options) as writer:
        writer.write_batch([[1], [2]])
    with pytest.raises(FileExistsError, match=r"x-00000.csv already \(2 files"):
        CSVRecordWriter(tmp_path / "x.csv", **options).write_batch(pa.table({"a": [1]}))
    with CSVRecordWriter(tmp_path / "x.csv", append=True, **options) as writer:
        writer.write([3])
    assert [p.name for p in sorted(tmp_path.iterdir())] == [f"x-0000{i}.csv" for i in range(3)]


def test_partitions_appear_together_or_not_at_all(tmp_path):
    partitioner = NumberOfRecordsPartitioner(1)
    writer = LineRecordWriter(tmp_path / "x", partitioner=partitioner)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(writer, pa.table({"a": ["1", "2"]}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NumberOfRecordsPartitioner(0), "at least 1, or -1 for all"),
        (lambda: FileSizePartitioner(0), "at least 1"),
        (
            lambda: CSVRecordWriter(io.BytesIO(), partitioner=FileSizePartitioner(1)),
            "several files need a name",
        ),
    ],
)
def test_partitioners_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()
