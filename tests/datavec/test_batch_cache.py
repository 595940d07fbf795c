"""Caches of decoded examples: when they are used, made anew, and what they keep."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numbered_rows import ROWS, SCHEMA, ids, iterate, written

from datavec import (
    CollectionRecordReader,
    ConcatenatingRecordReader,
    CSVRecordReader,
    CSVRegexRecordReader,
    DataVecError,
    InvalidValueError,
    LineRecordReader,
    ParentPathLabelGenerator,
    PatternPathLabelGenerator,
    StringSplit,
    TransformProcess,
    WavFileRecordReader,
)
from datavec.batches._identity import identity_of
from nd4py.normalizers import NormalizerStandardize


@pytest.fixture
def table(tmp_path):
    return written(tmp_path)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_cache_gives_what_the_source_gave(table, tmp_path, kind, monkeypatch):
    cache = "memory" if kind == "memory" else tmp_path / "kept" / "cache.arrow"
    it, plain = (iterate(table, shuffle=300, seed=2, **c) for c in ({"cache": cache}, {}))
    assert (ids(it) == ids(plain)).all()
    monkeypatch.setattr(CSVRecordReader, "frame_tasks", lambda *a: pytest.fail("reads again"))
    second = list(it)
    monkeypatch.undo()
    for got, expected in zip(second, plain, strict=True):
        assert np.array_equal(got.features, expected.features)
        assert np.array_equal(got.labels, expected.labels)
    it.preprocessor = NormalizerStandardize().fit(it)
    features = np.concatenate([np.asarray(b.features) for b in it])
    assert np.allclose(features.mean(0), 0, atol=1e-4)
    assert np.allclose(features.std(0), 1, atol=1e-3)
    it.preprocessor = None
    assert sorted(ids(it)) == list(range(ROWS))


def test_a_cache_file_serves_other_processes(table, tmp_path):
    cache = tmp_path / "cache.arrow"
    ids(iterate(table, cache=cache))
    assert [p.name for p in tmp_path.iterdir() if "cache" in p.name] == ["cache.arrow"]
    before = cache.stat().st_mtime_ns
    code = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from datavec import *\n"
        "CSVRecordReader.frame_tasks = None\n"
        "s = Schema.builder().add_columns_double('i', 'x').add_column_integer('y').build()\n"
        "r = CSVRecordReader(sys.argv[1], schema=s, block_size=8_000)\n"
        "it = RecordReaderDataSetIterator("
        "r, 64, label_index='y', num_classes=3, cache=sys.argv[2])\n"
        "print(sum(b.num_examples for b in it))\n"
    )
    command = [sys.executable, "-c", code, str(table), str(cache), *sys.path]
    assert int(subprocess.run(command, check=True, capture_output=True).stdout) == ROWS
    assert cache.stat().st_mtime_ns == before


def test_a_cache_is_made_anew_when_something_changes(table, tmp_path):
    cache = tmp_path / "cache.arrow"

    def written(**options):
        source = options.pop("source", table)
        before = cache.stat().st_ino if cache.exists() else None
        for _ in iterate(source, cache=cache, **options):
            pass
        return cache.stat().st_ino != before

    assert written()
    assert not written()
    assert not written(shuffle=10, prefetch=0)
    assert written(source=CSVRecordReader(table, schema=SCHEMA, skip_lines=1))
    process = TransformProcess.builder(SCHEMA).double_math_op("x", "Add", 1.0).build()
    assert written(transform=process)
    assert not written(transform=process)
    assert written(on_error="skip")
    table.write_text(table.read_text() + "1,2,0\n")
    assert written(on_error="skip")
    os.utime(table, ns=(1, 1))
    assert written(on_error="skip")
    for damage in (b"", b"no arrow file", b"ARROW1" * 100):
        cache.write_bytes(damage)
        list(iterate(table, cache=cache, on_error="skip"))
        assert cache.stat().st_size > 10_000
        assert not written(on_error="skip")


def test_a_cache_needs_to_know_the_data(tmp_path):
    rows = CollectionRecordReader([[1.0, 2.0, 0]] * 10, schema=SCHEMA)
    for source in (rows, ConcatenatingRecordReader(rows), pa.table({"i": [1.0]})):
        it = iterate(source, schema=SCHEMA, cache=tmp_path / "c.arrow")
        with pytest.raises(DataVecError, match="no file; give cache_key"):
            next(it)
    it = iterate(rows, schema=SCHEMA, cache=tmp_path / "c.arrow", cache_key="version 1")
    assert len(ids(it)) == len(ids(it)) == 10
    assert len(ids(iterate(rows, schema=SCHEMA, cache="memory"))) == 10
    text = CSVRecordReader(StringSplit("1,2,0\n"), schema=SCHEMA)
    assert len(ids(iterate(text, cache=tmp_path / "d.arrow"))) == 1


def test_only_complete_passes_are_kept(table, tmp_path):
    cache = tmp_path / "cache.arrow"
    it = iterate(table, cache=cache)
    next(it)
    it.close()
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]
    limited = iterate(table, cache="memory", max_num_batches=2)
    assert len(ids(limited)) == len(ids(limited)) == 128
    with table.open("a") as f:
        f.write("1,bad,0\n")
    with pytest.raises(InvalidValueError):
        ids(iterate(table, cache=cache))
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_cache_remembers_what_was_left_out(table, tmp_path, kind):
    with table.open("a") as f:
        f.write("1,bad,0\n1,2,7\n")
    cache = "memory" if kind == "memory" else tmp_path / "cache.arrow"
    it = iterate(
        CSVRecordReader(table, schema=SCHEMA, on_invalid="skip"), cache=cache, on_error="skip"
    )
    for _ in range(2):
        assert len(ids(it)) == ROWS
        assert it.skipped == 2
        assert {t.column for t in it.errors} == {"x", "y"}


def test_parts_keep_their_own_examples(table, monkeypatch):
    whole = iterate(table, cache="memory")
    ids(whole)
    parts = [whole.sharded(i, 2) for i in range(2)]
    first = [ids(p).tolist() for p in parts]
    monkeypatch.setattr(CSVRecordReader, "frame_tasks", lambda *a: pytest.fail("reads again"))
    assert [ids(p).tolist() for p in parts] == first
    assert sorted(ids(whole)) == sorted(first[0] + first[1]) == list(range(ROWS))
    assert len(pickle.dumps(whole)) < 20_000  # another process reads by itself


def test_nobody_writes_into_a_cache(table, tmp_path):
    for cache in ("memory", tmp_path / "cache.arrow"):
        it = iterate(table, cache=cache)
        ids(it)
        assert not np.asarray(next(iter(it)).features).flags.writeable


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6), st.integers(0, 400)
)
def test_a_damaged_cache_gives_its_numbers_or_is_made_anew(tmp_path_factory, changes, cut):
    folder = tmp_path_factory.mktemp("cache")
    (folder / "t.csv").write_text("".join(f"{i},{i},{i % 3}\n" for i in range(50)))
    cache = folder / "cache.arrow"
    assert len(ids(iterate(folder / "t.csv", cache=cache))) == 50
    data = bytearray(cache.read_bytes())
    for position, value in changes:
        data[position % len(data)] = value
    cache.write_bytes(data[: len(data) - cut])
    assert len(ids(iterate(folder / "t.csv", cache=cache))) == 50


def test_equal_readers_have_the_same_identity(tmp_path):
    path = tmp_path / "a_b.txt"
    path.write_text("1,2\n")

    def differing(make, *variants):
        texts = [identity_of(make(**options)) for options in ({}, *variants)]
        assert len(set(texts)) == len(texts)
        assert [identity_of(make(**options)) for options in ({}, *variants)] == texts

    differing(partial(LineRecordReader, path), {"skip_lines": 1}, {"encoding": "latin-1"})
    differing(partial(CSVRecordReader, path), {"on_invalid": "skip"}, {"quote": "'"})
    differing(
        partial(CSVRegexRecordReader, path, regexes=[None, "(.)"]),
        {"regexes": [None, "(..)"]},
        {"skip_lines": 1},
    )
    differing(
        partial(WavFileRecordReader, path, label_generator=PatternPathLabelGenerator("_", 0)),
        {"label_generator": PatternPathLabelGenerator("_", 1)},
        {"label_generator": ParentPathLabelGenerator()},
    )
    first, second = LineRecordReader(path), LineRecordReader(path, skip_lines=1)
    assert identity_of(ConcatenatingRecordReader(first, second)) != identity_of(
        ConcatenatingRecordReader(second, first)
    )
