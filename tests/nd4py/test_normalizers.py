"""Normalizers: statistics, transforms and their inverses, files."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nd4py as nd
from nd4py import normalizers
from nd4py.data import (
    DataSet,
    ExistingDataSetIterator,
    ListDataSetIterator,
    MultiDataSet,
    ViewIterator,
)
from nd4py.formats import FormatError
from nd4py.normalizers import (
    ImageMultiPreProcessingScaler,
    ImagePreProcessingScaler,
    MinMaxStrategy,
    MultiNormalizerHybrid,
    MultiNormalizerMinMaxScaler,
    MultiNormalizerStandardize,
    NormalizerMinMaxScaler,
    NormalizerStandardize,
    StandardizeStrategy,
    VGG16ImagePreProcessor,
)


def data(shape=(50, 3), seed: int = 0) -> DataSet:
    random = np.random.default_rng(seed)
    x = (random.standard_normal(shape) * 5 + 3).astype(np.float32)
    return DataSet(x, (random.standard_normal((shape[0], 2)) * 2 - 1).astype(np.float32))


def multi(count: int = 8) -> MultiDataSet:
    parts = [data((count, 3), 1), data((count, 2), 2)]
    return MultiDataSet([p.features for p in parts], [p.labels for p in parts])


def again(normalizer):
    stream = io.BytesIO()
    normalizer.save(stream)
    return normalizers.load(stream.getvalue())


@pytest.mark.parametrize("shape", [(50, 3), (20, 3, 7), (6, 3, 4, 5)])
def test_standardised_columns_have_mean_0_and_deviation_1(shape) -> None:
    made = data(shape)
    NormalizerStandardize().fit(made).transform(made)
    x = np.moveaxis(np.asarray(made.features), 1, -1).reshape(-1, 3)
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(0), 1, atol=1e-5)
    assert made.features.dtype is nd.float32


@pytest.mark.parametrize("shape", [(50, 3), (20, 3, 7), (6, 3, 4, 5)])
def test_scaled_columns_fill_the_range(shape) -> None:
    made = data(shape)
    NormalizerMinMaxScaler(-2, 4).fit(made).transform(made)
    x = np.moveaxis(np.asarray(made.features), 1, -1).reshape(-1, 3)
    np.testing.assert_allclose(x.min(0), -2, atol=1e-5)
    np.testing.assert_allclose(x.max(0), 4, atol=1e-5)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_statistics_do_not_depend_on_the_batches(sizes: list[int]) -> None:
    whole = data((sum(sizes), 3))
    cuts = np.cumsum([0, *sizes])
    parts = [whole[a:b] for a, b in pairwise(cuts)]
    for make in (NormalizerStandardize, NormalizerMinMaxScaler):
        one = make(fit_label=True).fit(whole)
        many = make(fit_label=True).fit(ExistingDataSetIterator(parts))
        for part in ("features", "labels"):
            for a, b in zip(one._stats(part).pair(), many._stats(part).pair(), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_masked_steps_do_not_count_and_become_0() -> None:
    x = np.array([[[1.0, 3.0, 99.0]], [[5.0, np.nan, 99.0]]], np.float32)
    mask = np.array([[1, 1, 0], [1, 0, 0]], np.float32)
    made = DataSet(x, None, mask)
    normalizer = NormalizerStandardize().fit(made)
    assert np.asarray(normalizer.mean).tolist() == [[3.0]]
    normalizer.transform(made)
    assert (np.asarray(made.features)[mask[:, None, :] == 0] == 0).all()
    normalizer.revert(made)
    np.testing.assert_allclose(
        np.asarray(made.features), np.where(mask[:, None] == 1, x, 0), atol=1e-6
    )


@pytest.mark.parametrize(
    "normalizer",
    [
        NormalizerStandardize(fit_label=True),
        NormalizerMinMaxScaler(-1, 3, fit_label=True),
        ImagePreProcessingScaler(-1, 1),
    ],
)
def test_revert_undoes_transform(normalizer) -> None:
    source = data((9, 3, 2, 2))
    normalizer.fit(source)
    made = source.copy(deep=False)
    normalizer.transform(made)
    assert not np.allclose(np.asarray(made.features), np.asarray(source.features))
    normalizer.revert(made)
    for part in ("features", "labels"):
        np.testing.assert_allclose(
            np.asarray(getattr(made, part)), np.asarray(getattr(source, part)), atol=1e-4
        )


def test_given_arrays_stay_as_they_are() -> None:
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    made = DataSet(x)
    NormalizerStandardize().fit(made).preprocess(made)
    assert x.tolist() == [[0, 1], [2, 3], [4, 5]]
    iterator = ListDataSetIterator([DataSet(x)], 1)
    iterator.preprocessor = NormalizerMinMaxScaler().fit(x)
    assert [np.asarray(b.features).tolist() for _ in range(2) for b in iterator] == [
        [[0, 0], [0.5, 0.5], [1, 1]]
    ] * 2


def test_constant_column_is_divided_by_1_after_first_use() -> None:
    made = DataSet(np.array([[2.0, 1.0], [2.0, 3.0]], np.float32))
    normalizer = NormalizerStandardize().fit(made)
    assert np.asarray(normalizer.std)[0, 0] == np.float32(1e-5)
    assert (
        np.asarray(normalizer.transform_features(np.array([[5.0, 1.0]], np.float32)))[0, 0] == 3.0
    )
    assert np.asarray(normalizer.std)[0, 0] == 1.0


def test_integers_become_float32() -> None:
    normalizer = NormalizerMinMaxScaler().fit(np.array([[0], [10]], np.uint8))
    assert np.asarray(normalizer.transform(np.array([[5]], np.uint8))).tolist() == [[0.5]]


def test_float64_data_stay_float64() -> None:
    made = DataSet(np.random.default_rng(0).standard_normal((5, 2)))
    normalizer = NormalizerStandardize().fit(made)
    assert normalizer.mean.dtype is nd.float64
    assert normalizer.transform(made).features.dtype is nd.float64


def test_fitting_leaves_an_iterator_at_its_start() -> None:
    iterator = ViewIterator(data(), 7)
    NormalizerStandardize().fit(iterator)
    assert len(next(iterator)) == 7


FITTED = [
    NormalizerStandardize().fit(data()),
    NormalizerStandardize(fit_label=True).fit(data()),
    NormalizerMinMaxScaler(-1, 1, fit_label=True).fit(data()),
    ImagePreProcessingScaler(-1, 1, 16),
    MultiNormalizerStandardize().fit(multi()),
    MultiNormalizerStandardize(fit_label=True).fit(multi()),
    MultiNormalizerMinMaxScaler(0, 5, fit_label=True).fit(multi()),
    MultiNormalizerHybrid(
        StandardizeStrategy(),
        MinMaxStrategy(-1, 1),
        per_input={1: MinMaxStrategy()},
        per_output={0: StandardizeStrategy()},
    ).fit(multi()),
]


@pytest.mark.parametrize("normalizer", FITTED, ids=lambda n: type(n).__name__)
def test_file_keeps_what_a_normalizer_does(normalizer, tmp_path) -> None:
    back = again(normalizer)
    assert type(back) is type(normalizer)
    source = multi() if "Multi" in type(normalizer).__name__ else data()
    mine, theirs = source.copy(), source.copy()
    normalizer.transform(mine)
    back.transform(theirs)
    for part in ("features", "labels"):
        pairs = getattr(mine, part), getattr(theirs, part)
        for a, b in zip(*((p if isinstance(p, list) else [p]) for p in pairs), strict=True):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    normalizer.save(tmp_path / "n.bin")
    assert (tmp_path / "n.bin").read_bytes() == _bytes(again(normalizer))


def _bytes(normalizer) -> bytes:
    stream = io.BytesIO()
    normalizer.save(stream)
    return stream.getvalue()


def test_file_starts_as_specified() -> None:
    normalizer = NormalizerMinMaxScaler().fit(np.array([[0.0], [1.0]], np.float32))
    head = "000a4e4f524d414c495a45520000000100074d494e5f4d41580000000000000000003ff0000000000000"
    assert _bytes(normalizer).hex().startswith(head)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: NormalizerStandardize().transform(data()),
            ValueError,
            "no statistics of the features; call fit",
        ),
        (lambda: NormalizerStandardize().save(io.BytesIO()), ValueError, "call fit first"),
        (lambda: MultiNormalizerStandardize().transform(multi()), ValueError, "call fit first"),
        (lambda: MultiNormalizerHybrid().save(io.BytesIO()), ValueError, "call fit first"),
        (lambda: VGG16ImagePreProcessor().save(io.BytesIO()), TypeError, "has no file form"),
        (
            lambda: ImageMultiPreProcessingScaler(0).save(io.BytesIO()),
            TypeError,
            "has no file form",
        ),
        (lambda: FITTED[0].transform(data((4, 2))), ValueError, "expected 3 columns along axis 1"),
        (lambda: FITTED[0].revert_labels(np.ones((2, 2))), ValueError, "fit with fit_label=True"),
        (lambda: NormalizerStandardize().fit(np.ones(3)), ValueError, "rank 2 or more"),
        (
            lambda: NormalizerStandardize().fit(DataSet(None, np.ones((2, 2)))),
            ValueError,
            "has no features",
        ),
        (
            lambda: NormalizerStandardize(fit_label=True).fit(np.ones((2, 2))),
            ValueError,
            "has no labels",
        ),
        (
            lambda: NormalizerStandardize().fit(
                ExistingDataSetIterator([data((2, 2)), data((2, 3))])
            ),
            ValueError,
            "has 3 columns, the batches before have 2",
        ),
        (lambda: NormalizerStandardize().fit(ExistingDataSetIterator([])), ValueError, "no values"),
        (
            lambda: ImagePreProcessingScaler().transform_labels(np.ones((2, 2))),
            ValueError,
            "rank 4",
        ),
        (
            lambda: VGG16ImagePreProcessor().transform(np.ones((1, 1, 2, 2))),
            ValueError,
            r"\[n, 3, h, w\]",
        ),
        (lambda: ImageMultiPreProcessingScaler(2).transform(multi()), ValueError, "has 2"),
        (
            lambda: normalizers.load(b"\0\x0aNORMALIZER\0\0\0\2"),
            FormatError,
            "version 2, expected 1",
        ),
        (
            lambda: normalizers.load(b"\0\x0aNORMALIZER\0\0\0\1\0\6CUSTOM"),
            FormatError,
            "type 'CUSTOM', expected one of",
        ),
        (lambda: normalizers.load(b"zip?"), FormatError, "does not start with NORMALIZER"),
    ],
)
def test_error_says_what_is_wrong(call, error, text) -> None:
    with pytest.raises(error, match=text):
        call()


def test_unfitted_normalizer_does_not_replace_a_file(tmp_path) -> None:
    path = tmp_path / "n.bin"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="call fit"):
        NormalizerStandardize().save(path)
    assert path.read_bytes() == b"old"


def test_hybrid_leaves_arrays_without_a_strategy() -> None:
    source = multi()
    normalizer = MultiNormalizerHybrid(per_input={0: StandardizeStrategy()}).fit(source)
    made = source.copy(deep=False)
    normalizer.transform(made)
    assert made.features[1] is source.features[1]
    assert made.labels[0] is source.labels[0]
    assert abs(float(np.asarray(made.features[0]).mean())) < 1e-5
    assert isinstance(normalizer.statistics("features", 0), type(FITTED[0]._stats("features")))


def test_image_scalers_scale_and_subtract() -> None:
    x = np.array([0.0, 51.0, 255.0], np.float32).reshape(1, 3, 1, 1)
    assert np.asarray(
        ImagePreProcessingScaler(-1, 1).transform(x)
    ).ravel().tolist() == pytest.approx([-1, -0.6, 1])
    vgg = VGG16ImagePreProcessor()
    made = DataSet(x)
    vgg.transform(made)
    np.testing.assert_allclose(
        np.asarray(made.features).ravel(), x.ravel() - [103.939, 116.779, 123.68], rtol=1e-6
    )
    vgg.revert(made)
    np.testing.assert_allclose(np.asarray(made.features), x, atol=1e-4)


@pytest.mark.parametrize(
    "shape", [(511, 3), (512, 3), (5000, 1), (1300, 22), (700, 3000), (4096, 7)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tall_matrices_are_normalised_as_short_ones(shape, dtype):
    """Tall ones are worked on in pieces; each row must come out as if it were alone."""
    x = np.random.default_rng(1).normal(3, 10, shape).astype(dtype)
    x[shape[0] // 3, 0] = np.inf
    for normalizer in (
        NormalizerMinMaxScaler(-2, 3),
        NormalizerMinMaxScaler(),
        NormalizerStandardize(),
    ):
        fitted = normalizer.fit(x[np.isfinite(x).all(axis=1)])
        whole = np.asarray(fitted.transform(x))
        some = np.r_[0:3, shape[0] // 3, shape[0] - 2 : shape[0]]
        alone = np.concatenate([np.asarray(fitted.transform(x[i : i + 1])) for i in some])
        np.testing.assert_array_equal(whole[some], alone)
        assert whole.dtype == dtype
    finite = x[np.isfinite(x).all(axis=1)]
    scaler = NormalizerMinMaxScaler().fit(finite)
    np.testing.assert_array_equal(np.asarray(scaler.min)[0], finite.min(axis=0).astype(np.float64))
    np.testing.assert_array_equal(np.asarray(scaler.max)[0], finite.max(axis=0).astype(np.float64))
