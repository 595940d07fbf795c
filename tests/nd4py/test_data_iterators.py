"""Iterators over batches."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nd4py import data as nd
from nd4py.data import DataSet


def rows(count: int) -> DataSet:
    x = np.arange(count, dtype=np.float32)[:, None]
    return DataSet(x, x * 2)


def numbers(batches) -> list[list[int]]:
    return [np.asarray(b.features)[:, 0].astype(int).tolist() for b in batches]


ITERATORS = {
    "view": lambda d: nd.ViewIterator(d, 3),
    "array": lambda d: nd.ArrayDataSetIterator(d.features, d.labels, 3),
    "list": lambda d: nd.ListDataSetIterator(d.as_list(), 3),
    "existing": lambda d: nd.ExistingDataSetIterator(d.batch_by(3)),
    "regroup": lambda d: nd.IteratorDataSetIterator(d.batch_by(2), 3),
    "async": lambda d: nd.AsyncDataSetIterator(nd.ViewIterator(d, 3), 2),
    "early": lambda d: nd.EarlyTerminationDataSetIterator(nd.ViewIterator(d, 3), 100),
    "epochs": lambda d: nd.MultipleEpochsIterator(1, nd.ViewIterator(d, 3)),
}


@pytest.mark.parametrize("name", ITERATORS)
def test_each_pass_starts_anew(name: str) -> None:
    iterator = ITERATORS[name](rows(7))
    want = [[0, 1, 2], [3, 4, 5], [6]]
    assert numbers(iterator) == want
    assert numbers(iterator) == want
    next(iter(iterator))
    assert iterator.has_next()
    assert numbers(iterator) == want  # also after a broken off pass
    iterator.reset()
    assert iterator.has_next()
    assert numbers([iterator.next()]) == [[0, 1, 2]]
    assert iterator.batch_size in (3, None)


@pytest.mark.parametrize("name", ITERATORS)
def test_end_is_stop_iteration(name: str) -> None:
    iterator = ITERATORS[name](rows(3))
    list(iterator)
    assert not iterator.has_next()
    with pytest.raises(StopIteration):
        iterator.next()


def test_preprocessor_does_not_touch_the_source() -> None:
    class Double:
        def preprocess(self, data: DataSet) -> None:
            data.features = np.asarray(data.features) * 2

    source = rows(4)
    iterator = nd.ExistingDataSetIterator([source])
    iterator.preprocessor = nd.CombinedPreProcessor(Double(), Double())
    for _ in range(2):
        assert numbers(iterator) == [[0, 4, 8, 12]]
    assert numbers([source]) == [[0, 1, 2, 3]]


def test_generator_is_read_once() -> None:
    iterator = nd.ExistingDataSetIterator(d for d in rows(4).batch_by(2))
    assert numbers(iterator) == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="can be read only once"):
        list(iterator)
    assert not iterator.reset_supported


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_regrouping_keeps_rows_in_order(parts: list[int], size: int) -> None:
    total = sum(parts)
    cuts = np.cumsum([0, *parts])
    source = [rows(total)[a:b] for a, b in pairwise(cuts)]
    got = numbers(nd.IteratorDataSetIterator(source, size))
    assert [r for batch in got for r in batch] == list(range(total))
    assert all(len(batch) == size for batch in got[:-1])


def test_shuffled_passes_differ_and_keep_rows() -> None:
    data = rows(20)
    iterator = nd.ArrayDataSetIterator(
        data.features, data.labels, 6, shuffle=True, seed=1, drop_last=True
    )
    first, second = numbers(iterator), numbers(iterator)
    assert first != second
    assert [len(b) for b in first] == [6, 6, 6]
    batch = next(iter(iterator))
    np.testing.assert_array_equal(np.asarray(batch.labels), 2 * np.asarray(batch.features))


def test_async_overlaps_with_the_consumer() -> None:
    class Slow(nd.DataSetIterator):
        def _batches(self):
            for batch in rows(4).batch_by(1):
                time.sleep(0.05)
                yield batch

    start = time.perf_counter()
    for _ in nd.AsyncDataSetIterator(Slow()):
        time.sleep(0.05)
    assert time.perf_counter() - start < 0.38  # 0.4 s one after the other


def test_async_passes_errors_on_in_their_place() -> None:
    class Failing(nd.DataSetIterator):
        def _batches(self):
            yield rows(1)
            raise RuntimeError("row 2 is bad")

    iterator = nd.AsyncDataSetIterator(Failing())
    assert numbers([next(iterator)]) == [[0]]
    with pytest.raises(RuntimeError, match="row 2 is bad"):
        next(iterator)


def test_async_thread_ends_with_the_pass() -> None:
    before = threading.active_count()
    iterator = nd.AsyncDataSetIterator(nd.ViewIterator(rows(100), 1), 2)
    for _ in range(5):
        next(iterator)
        iterator.reset()
    next(iterator)
    iterator.close()
    del iterator
    assert threading.active_count() == before


def test_async_multi_gives_the_same_batches() -> None:
    source = nd.MultiDataSetIteratorAdapter(nd.ViewIterator(rows(5), 2))
    got = [np.asarray(b.features[0])[:, 0].tolist() for b in nd.AsyncMultiDataSetIterator(source)]
    assert got == [[0, 1], [2, 3], [4]]


def test_k_folds_cover_every_row_once() -> None:
    iterator = nd.KFoldIterator(3, rows(8), seed=4)
    with pytest.raises(ValueError, match="no test fold before"):
        _ = iterator.test_fold
    for _ in range(3):
        seen = []
        for train in iterator:
            test = numbers([iterator.test_fold])[0]
            assert sorted(test + numbers([train])[0]) == list(range(8))
            seen += test
        assert sorted(seen) == list(range(8))
    with pytest.raises(ValueError, match="k must be 2 to 8"):
        nd.KFoldIterator(9, rows(8))


def test_splitter_divides_the_batches() -> None:
    split = nd.DataSetIteratorSplitter(nd.ViewIterator(rows(10), 2), 5, 0.6)
    for _ in range(2):
        assert numbers(split.train) == [[0, 1], [2, 3], [4, 5]]
        assert numbers(split.test) == [[6, 7], [8, 9]]
    with pytest.raises(ValueError, match="ratio must be within"):
        nd.DataSetIteratorSplitter(nd.ViewIterator(rows(10), 2), 5, 1.0)


def test_splitter_takes_several_parts() -> None:
    source = nd.ViewIterator(rows(10), 1)
    by_ratio = nd.DataSetIteratorSplitter(source, 10, [0.5, 0.2, 0.3])
    by_count = nd.DataSetIteratorSplitter(source, splits=[5, 2, 3])
    for split in (by_ratio, by_count):
        assert [len(list(part)) for part in split.parts] == [5, 2, 3]
        assert numbers(split.parts[1]) == [[5], [6]]
    with pytest.raises(ValueError, match="give total_batches and ratio, or splits"):
        nd.DataSetIteratorSplitter(source)
    with pytest.raises(ValueError, match="two or more positive numbers"):
        nd.DataSetIteratorSplitter(source, splits=[3])


def test_shield_and_wrapper_pass_batches_on() -> None:
    shielded = nd.AsyncShieldDataSetIterator(nd.ArrayDataSetIterator(np.ones((3, 1)), None, 2))
    assert not shielded.async_supported
    assert [len(b) for b in shielded] == [2, 1]
    back = nd.MultiDataSetWrapperIterator(
        nd.MultiDataSetIteratorAdapter(nd.ViewIterator(rows(3), 2))
    )
    assert numbers(back) == [[0, 1], [2]]
    two = nd.JointMultiDataSetIterator(nd.ViewIterator(rows(3), 2), nd.ViewIterator(rows(3), 2))
    with pytest.raises(ValueError, match="a batch has 2 feature and 2 label arrays"):
        next(nd.MultiDataSetWrapperIterator(two))


def test_sampling_draws_whole_batches() -> None:
    batches = numbers(nd.SamplingDataSetIterator(rows(10), 4, 10, seed=2))
    assert [len(set(b)) for b in batches] == [4, 4, 4]


def test_joint_iterator_stands_batches_side_by_side() -> None:
    joint = nd.JointMultiDataSetIterator(
        nd.ViewIterator(rows(4), 2), nd.ViewIterator(rows(6), 3), outcome=1
    )
    first = next(joint)
    assert [a.shape for a in first.features] == [(2, 1), (3, 1)]
    assert [a.shape for a in first.labels] == [(3, 1)]


def test_reconstruction_makes_features_the_labels() -> None:
    source = rows(2)
    batch = next(nd.ReconstructionDataSetIterator(nd.ExistingDataSetIterator([source])))
    assert batch.labels is batch.features
    assert source.labels is not source.features


def test_file_iterators_read_what_was_saved(tmp_path) -> None:
    for i, batch in enumerate(rows(5).batch_by(2)):
        batch.save(tmp_path / f"dataset-{i}.bin")
    want = [[0, 1], [2, 3], [4]]
    assert numbers(nd.FileDataSetIterator(tmp_path)) == want
    assert numbers(nd.FileDataSetIterator(tmp_path, 3)) == [[0, 1, 2], [3, 4]]
    assert numbers(nd.ExistingMiniBatchDataSetIterator(tmp_path)) == want
    assert sorted(numbers(nd.FileDataSetIterator(tmp_path, seed=1))) == want
    with pytest.raises(ValueError, match="no data set files"):
        nd.FileDataSetIterator(tmp_path, extensions=["zip"])
    with pytest.raises(FileNotFoundError):
        nd.FileDataSetIterator(tmp_path / "none")
    with pytest.raises(ValueError, match=r"no file dataset-0\.bin"):
        nd.ExistingMiniBatchDataSetIterator(tmp_path / "none")


def test_mini_batch_files_leave_out_an_incomplete_batch(tmp_path) -> None:
    iterator = nd.MiniBatchFileDataSetIterator(rows(5), 2, tmp_path)
    assert numbers(iterator) == [[0, 1], [2, 3]]
    assert all(path.is_file() for path in iterator.files)


def test_list_iterator_cuts_any_count() -> None:
    iterator = nd.ListDataSetIterator(rows(7).as_list(), 3)
    assert numbers([iterator.next(2), iterator.next(), iterator.next(5)]) == [
        [0, 1],
        [2, 3, 4],
        [5, 6],
    ]
    with pytest.raises(StopIteration):
        iterator.next(1)
    with pytest.raises(ValueError, match=r"next\(count\) is not offered"):
        nd.ViewIterator(rows(7), 3).next(2)


@pytest.mark.parametrize("size", [0, -1])
def test_batch_size_must_be_positive(size: int) -> None:
    with pytest.raises(ValueError, match="batch size must be positive"):
        nd.ViewIterator(rows(2), size)


@pytest.mark.parametrize(
    ("preprocessor", "data", "text"),
    [
        (
            nd.PermuteDataSetPreProcessor("nchw_to_nhwc"),
            DataSet(np.ones((2, 3))),
            "rank 4, received",
        ),
        (
            nd.RGBtoGrayscaleDataSetPreProcessor(),
            DataSet(np.ones((2, 4, 2, 2))),
            "expected 3 channels",
        ),
        (
            nd.LabelLastTimeStepPreProcessor(),
            DataSet(np.ones((2, 3)), np.ones((2, 3))),
            "labels of rank 3",
        ),
        (
            nd.LabelLastTimeStepPreProcessor(),
            DataSet(None, np.ones((1, 1, 2)), None, np.zeros((1, 2))),
            "all steps of example 0 are masked",
        ),
        (nd.ImageFlatteningDataSetPreProcessor(), DataSet(None, np.ones((1, 1))), "received None"),
        (
            nd.CropAndResizeDataSetPreProcessor(4, 4, 0, 0, 2, 2, 1),
            DataSet(np.ones((1, 4, 4, 3))),
            "expected images",
        ),
    ],
)
def test_preprocessor_names_what_it_expects(preprocessor, data, text) -> None:
    with pytest.raises(ValueError, match=text):
        preprocessor.preprocess(data)
