"""DataSet and MultiDataSet."""

from __future__ import annotations

import io
import timeit

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nd4py as nd
from nd4py.data import DataSet, JavaRandom, MultiDataSet
from nd4py.data._shuffling import shuffle_order


def rows(count: int, **options) -> DataSet:
    x = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    y = np.eye(3, dtype=np.float32)[np.arange(count) % 3]
    return DataSet(x, y, **options)


def numbers(data: DataSet) -> list[int]:
    return [int(v) // 2 for v in np.asarray(data.features)[:, 0]]


def test_arrays_are_shared_not_copied() -> None:
    x = np.ones((3, 2), np.float32)
    data = DataSet(x)
    x[0, 0] = 5
    assert isinstance(data.features, nd.NDArray)
    assert data[0:1].features.numpy()[0, 0] == 5


def test_plain_floats_become_float32() -> None:
    assert DataSet([[1.0, 2.0]]).features.dtype is nd.float32
    assert DataSet(np.ones((1, 2))).features.dtype is nd.float64


def test_labels_that_are_the_features_stay_so() -> None:
    x = np.ones((3, 2), np.float32)
    data = DataSet(x, x)
    assert data.labels is data.features
    for made in (data[1:], data.copy(), DataSet.load(_bytes(data))):
        assert made.labels is made.features
    assert _bytes(data)[0] == 5


def _bytes(data) -> bytes:
    stream = io.BytesIO()
    data.save(stream)
    return stream.getvalue()


def test_reading_the_parts_of_a_batch_is_cheap() -> None:
    data = rows(4)
    runs = timeit.repeat(
        lambda: (data.features, data.labels, data.features_mask, data.labels_mask),
        number=1000,
        repeat=20,
    )
    assert min(runs) / 1000 < 2e-6  # some 50 ns; a property or conversion on the way would show


def test_selection_by_number_slice_list_and_mask() -> None:
    data = rows(6, metadata=list("abcdef"))
    assert numbers(data[2]) == [2]
    assert data[2].features.shape == (1, 2)
    assert numbers(data[-1]) == [5]
    assert numbers(data[1:4]) == [1, 2, 3]
    picked = data[[4, 0]]
    assert (numbers(picked), picked.metadata) == ([4, 0], ["e", "a"])
    assert data[np.arange(6) > 3].metadata == ["e", "f"]
    assert numbers(data[[]]) == []
    with pytest.raises(IndexError, match="example 6 of 6"):
        data[6]


def test_bfloat16_stays_bfloat16() -> None:
    data = DataSet(nd.asarray(np.ones((4, 2), np.float32)).cast_to(nd.bfloat16))
    for made in (
        data[1:3],
        data.copy(),
        DataSet.merge([DataSet(data.features, data.features)] * 2),
    ):
        assert made.features.dtype is nd.bfloat16


def test_split_needs_examples_on_both_sides() -> None:
    data = rows(4)
    train, test = data.split_test_and_train(0.75)
    assert (len(train), len(test)) == (3, 1)
    for holdout in (0, 4, 0.1, 1.0):
        with pytest.raises(ValueError, match="of 4 examples to train with"):
            data.split_test_and_train(holdout)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 11])
def test_shuffle_keeps_every_row(count: int) -> None:
    for seed in range(5):
        assert sorted(shuffle_order(count, seed).tolist()) == list(range(count))
    data = rows(count, metadata=range(count))
    data.shuffle()
    assert sorted(numbers(data)) == list(range(count))
    assert data.metadata == numbers(data)


def test_arithmetic_leaves_given_arrays_alone() -> None:
    x = np.array([[1.0, 4.0], [3.0, 4.0]], np.float32)
    data = DataSet(x)
    data.normalize()
    assert x.tolist() == [[1.0, 4.0], [3.0, 4.0]]
    assert np.asarray(data.features).tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    data.scale_min_and_max(0, 2)
    assert np.asarray(data.features).tolist() == [[0.0, 0.0], [2.0, 0.0]]
    data.multiply_by(1.25)
    data.round_to_the_nearest(10)
    assert np.asarray(data.features).tolist() == [[0.0, 0.0], [30.0, 0.0]]
    assert data.features.dtype is nd.float32


def test_rows_are_replaced_and_features_reshaped() -> None:
    data = rows(3)
    data.add_row(rows(5)[4], 0)
    assert numbers(data) == [4, 1, 2]
    assert np.asarray(data.labels)[0].tolist() == [0, 1, 0]
    data.reshape(3, 2, 1)
    assert data.features.shape == (3, 2, 1)


def test_merge_pads_unequal_series_and_masks_them() -> None:
    parts = [
        DataSet(np.ones((1, 2, n), np.float32), np.ones((1, 1, n), np.float32)) for n in (2, 4)
    ]
    merged = DataSet.merge(parts)
    assert merged.features.shape == (2, 2, 4)
    assert np.asarray(merged.features_mask).tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert np.asarray(merged.features)[0, 0].tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], "no data set with arrays"),
        (
            [DataSet(np.ones((1, 2)), np.ones((1, 1))), DataSet(np.ones((1, 3)), np.ones((1, 1)))],
            "does not fit",
        ),
        (
            [DataSet(np.ones((1, 2)), np.ones((1, 1))), DataSet(np.ones((1, 2)))],
            "data set 1 has no labels",
        ),
        (
            [
                DataSet(np.ones((1, 2)), np.ones((1, 1))),
                DataSet(np.ones((1, 2, 2)), np.ones((1, 1))),
            ],
            "has shape",
        ),
    ],
)
def test_merge_refuses_what_does_not_fit(parts, text) -> None:
    with pytest.raises(ValueError, match=text):
        DataSet.merge(parts)


def test_validate_names_the_part() -> None:
    with pytest.raises(ValueError, match="labels has shape"):
        DataSet(np.ones((3, 2)), np.ones((2, 1))).validate()


def test_label_queries() -> None:
    data = rows(5, label_names=["a", "b", "c"])
    assert data.label_counts() == {0: 2, 1: 2, 2: 1}
    assert data.outcome() == 0
    assert data.label_name(2) == "c"
    assert numbers(data.filter_by([2, 0])) == [0, 2, 3]
    data.filter_and_strip([2, 0])
    assert np.asarray(data.labels).tolist() == [[0, 1], [1, 0], [0, 1]]
    with pytest.raises(ValueError, match="no label names"):
        rows(1).label_name(0)
    with pytest.raises(ValueError, match="expected labels"):
        DataSet(np.ones((1, 2))).outcome()


def test_file_keeps_names_and_masks(tmp_path) -> None:
    data = DataSet(
        np.ones((2, 3, 4), np.float32),
        np.ones((2, 1, 4)),
        np.ones((2, 4), np.float32),
        label_names=["x", "ünï", "x", "a\0b", "\U0001f600"],
    )
    data.save(tmp_path / "data.bin")
    back = DataSet.load(tmp_path / "data.bin")
    assert back.label_names == data.label_names
    assert back.labels.dtype is nd.float64
    assert back.features_mask.shape == (2, 4)
    assert back.labels_mask is None


def test_empty_data_set_is_one_zero_byte() -> None:
    assert _bytes(DataSet()) == b"\0"
    assert DataSet.load(b"\0").is_empty


def test_multi_data_set_file_keeps_absent_masks() -> None:
    data = MultiDataSet(
        [np.ones((2, 3)), np.ones((2, 1, 4))], np.ones((2, 1)), [None, np.ones((2, 4))]
    )
    back = MultiDataSet.load(_bytes(data))
    assert back.features_mask[0] is None
    assert back.features_mask[1].shape == (2, 4)
    assert back.labels_mask is None
    assert (back.num_feature_arrays, back.num_labels_arrays, len(back)) == (2, 1, 2)
    with pytest.raises(ValueError, match="features holds None"):
        MultiDataSet([None]).save(io.BytesIO())


def test_multi_data_set_operations() -> None:
    data = MultiDataSet([np.arange(5)[:, None]], [np.arange(5)[:, None]], metadata=range(5))
    assert [len(b) for b in data.batch_by(2)] == [2, 2, 1]
    assert len(data.as_list()) == 5
    copy = data.copy()
    copy.shuffle(3)
    assert (
        np.asarray(copy.features[0])[:, 0].tolist() == shuffle_order(5, 3).tolist() == copy.metadata
    )
    merged = MultiDataSet.merge(data.batch_by(2))
    assert np.asarray(merged.features[0])[:, 0].tolist() == list(range(5))
    with pytest.raises(ValueError, match="features arrays"):
        MultiDataSet.merge([data, MultiDataSet([np.ones((1, 1))] * 2, [np.ones((1, 1))])])


# Values of a JVM's java.util.Random.
def test_java_random_gives_the_numbers_of_the_jvm() -> None:
    assert JavaRandom(42).next_int() == -1170105035
    assert JavaRandom(42).next_long() == -5025562857975149833
    assert JavaRandom(0).next_gaussian() == pytest.approx(0.8025330637390305, abs=1e-15)
    assert JavaRandom(42).next_double() == 0.7275636800328681
    assert JavaRandom(42).next_boolean() is True


@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 2**31 - 1))
@settings(max_examples=100, deadline=None)
def test_java_random_stays_in_range(seed: int, bound: int) -> None:
    random = JavaRandom(seed)
    assert 0 <= random.next_int(bound) < bound
    assert 0 <= random.next_float() < 1
    items = list(range(10))
    random.shuffle(items)
    assert sorted(items) == list(range(10))


def test_java_random_refuses_an_empty_range() -> None:
    with pytest.raises(ValueError, match="bound must be positive"):
        JavaRandom(1).next_int(0)
