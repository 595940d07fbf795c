"""Input splits: order, random order, sampling, filters, labels in paths."""

from __future__ import annotations

import io
import pickle
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datavec import (
    AbstractPathLabelGenerator,
    BalancedPathFilter,
    CollectionInputSplit,
    CSVRecordReader,
    DataVecError,
    FileSplit,
    LineRecordReader,
    ListStringRecordReader,
    ListStringSplit,
    NumberedFileInputSplit,
    OutputStreamInputSplit,
    ParentPathLabelGenerator,
    PatternPathLabelGenerator,
    RandomPathFilter,
    RecordReaderDataSetIterator,
    TransformSplit,
)
from nd4py.data import JavaRandom


@pytest.fixture
def folder(tmp_path):
    for i in range(8):
        (tmp_path / f"{i}.csv").write_text(f"{i}\n")
    return tmp_path


def test_a_seed_gives_each_pass_its_own_order(folder):
    reader = LineRecordReader(FileSplit(folder, seed=5))
    passes = [[v for (v,) in reader] for _ in range(3)]
    assert len({tuple(p) for p in passes}) == 3
    assert all(sorted(p) == [str(i) for i in range(8)] for p in passes)
    again = LineRecordReader(FileSplit(folder, seed=5))
    assert [[v for (v,) in again] for _ in range(3)] == passes
    again.split.epoch = 1
    assert [v for (v,) in again] == passes[1]
    assert FileSplit(folder, seed=6).order(0) != FileSplit(folder, seed=5).order(0)


def test_looking_and_loading_begin_no_pass(folder):
    expected = [p.stem for p in FileSplit(folder, seed=5).order(1)]
    for reader in (
        LineRecordReader(FileSplit(folder, seed=5)),
        CSVRecordReader(FileSplit(folder, seed=5)),
    ):
        metadata = []
        while reader.has_next():
            metadata.append(reader.next_record()[1])
        assert len(reader.load_from_metadata(metadata)) == 8
        assert len(reader.split.locations()) == 8
        assert [v for (v,) in reader] == expected


def test_an_iterator_without_a_schema_begins_with_the_first_order(folder):
    expected = [float(p.stem) for p in FileSplit(folder, seed=5).order(0)]
    it = RecordReaderDataSetIterator(CSVRecordReader(FileSplit(folder, seed=5)), 8)
    assert next(it).features[:, 0].tolist() == expected


def test_files_that_appear_later_are_found(folder):
    split = FileSplit(folder, seed=1)
    assert len(split.next_pass()) == 8
    (folder / "8.csv").write_text("8\n")
    assert sorted(p.stem for p in split.next_pass()) == [str(i) for i in range(9)]


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=30),
    st.lists(st.floats(0.0, 100.0), max_size=4),
)
def test_samples_share_out_all_files(names, weights):
    split = CollectionInputSplit(names)
    if weights and weights[0] != 1.0 and sum(weights) == 0:
        with pytest.raises(DataVecError, match="weights must be positive"):
            split.sample(None, *weights)
        return
    parts = split.sample(None, *weights)
    assert len(parts) == max(1, len(weights)) or weights[0] == 1.0
    assert [p for part in parts for p in part.locations()] == split.locations()
    if len(weights) > 1 and weights[0] != 1.0:
        share = [w * len(names) / sum(weights) for w in weights]
        assert all(abs(len(p) - s) <= 1 for p, s in zip(parts, share, strict=True))


@pytest.mark.parametrize("weights", [(-1, 2), (0.0, 0.0), (float("nan"), 1.0), (float("inf"), 1)])
def test_weights_that_make_no_sense(weights):
    with pytest.raises(DataVecError, match="sample: weights must be positive numbers, received"):
        CollectionInputSplit(["a"]).sample(None, *weights)


def test_filters_go_on_with_their_generator():
    split = CollectionInputSplit([str(i) for i in range(20)])
    shared = RandomPathFilter(JavaRandom(3))
    first, second = (split.sample(shared)[0].locations() for _ in range(2))
    assert first != second
    assert split.sample(RandomPathFilter(3))[0].locations() == first
    assert len(split.sample(RandomPathFilter(3, max_paths=5))[0]) == 5
    assert not split.sample(RandomPathFilter(3, "csv"))[0].locations()


def test_balanced_filter_by_given_labels():
    split = CollectionInputSplit([f"/d/{label}/{i}" for label in "abc" for i in range(5)])
    made = BalancedPathFilter(
        7, label_generator=ParentPathLabelGenerator(), labels=["a", "c"], max_paths_per_label=3
    )
    kept = split.sample(made)[0].locations()
    assert Counter(p.parent.name for p in kept) == {"a": 3, "c": 3}
    assert {p.parent.name for p in kept[:2]} == {"a", "c"}
    with pytest.raises(DataVecError, match="BalancedPathFilter: max_labels must not be negative"):
        BalancedPathFilter(7, label_generator=ParentPathLabelGenerator(), max_labels=-1)


def test_labels_of_paths_and_urls(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    parent = ParentPathLabelGenerator()
    assert parent.label_for_path("s3://bucket/cats/1.png") == "cats"
    assert parent.label_for_path("https://host/cats/1.png?size=/2") == "cats"
    assert parent.label_for_path(Path("1.png")) == tmp_path.name
    assert PatternPathLabelGenerator("_").label_for_path("s3://b/cat_1.png") == "cat"
    with pytest.raises(DataVecError, match=r"'cat' split at '_' has 1 pieces, none at position 1"):
        PatternPathLabelGenerator("_", 1).label_for_path("/d/cat.png")
    with pytest.raises(DataVecError, match="pattern_position counts from 0"):
        PatternPathLabelGenerator("_", -1)
    with pytest.raises(DataVecError):
        PatternPathLabelGenerator("(")
    with pytest.raises(TypeError):
        AbstractPathLabelGenerator()


def test_transformed_splits_follow_their_source(folder):
    source = FileSplit(folder, seed=2)
    renamed = TransformSplit.of_search_replace(source, ".csv", ".txt")
    for epoch in range(2):
        assert [p.stem for p in renamed.next_pass()] == [p.stem for p in source.order(epoch)]
    assert renamed.locations()[0] == folder / "0.txt"
    own = TransformSplit(CollectionInputSplit(["s3://a/1.png"]), lambda p: f"{p}.json")
    assert own.locations() == ["s3://a/1.png.json"]
    assert pickle.loads(pickle.dumps(renamed)).locations() == renamed.locations()


@pytest.mark.parametrize("pattern", ["a.csv", "%d%d", "%s", "%", "%5d", "%%%d"])
def test_numbered_files_need_one_place(pattern):
    with pytest.raises(DataVecError, match='needs one "%d"'):
        NumberedFileInputSplit(pattern, 0, 1)


def test_numbered_files():
    with pytest.raises(
        DataVecError, match=r"last number \(1\) must not come before the first \(2\)"
    ):
        NumberedFileInputSplit("%d", 2, 1)
    assert NumberedFileInputSplit("s3://b/%02d", 9, 10).locations() == ["s3://b/09", "s3://b/10"]


def test_splits_of_no_files():
    assert list(ListStringRecordReader(ListStringSplit([("a", "b")]))) == [["a", "b"]]
    with pytest.raises(DataVecError, match="read them with ListStringRecordReader"):
        list(LineRecordReader(ListStringSplit([["a"]])))
    with pytest.raises(DataVecError, match="is for writers"):
        list(LineRecordReader(OutputStreamInputSplit(io.BytesIO())))
    with pytest.raises(TypeError, match="expected a path, paths or an input split, received int"):
        LineRecordReader(3)
