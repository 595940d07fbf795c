"""Weight initialisation and the random streams below it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nd4py as nd
from nd4py import weights
from nd4py.ops import _philox
from nd4py.weights import (
    BinomialDistribution,
    NormalDistribution,
    OrthogonalDistribution,
    TruncatedNormalDistribution,
    UniformDistribution,
    WeightInitDistribution,
    WeightInitEmbedding,
    WeightInitIdentity,
    get,
)

INITS = [
    c
    for c in vars(weights).values()
    if getattr(c, "java_class", "").startswith("org.deeplearning4j.nn.weights.WeightInit")
]


@pytest.mark.parametrize("cls", INITS, ids=lambda c: c.__name__)
def test_json_goes_both_ways(cls: Any) -> None:
    init = cls(NormalDistribution(0.5, 2.0)) if cls is WeightInitDistribution else cls()
    assert get(init.to_json()) == init


def test_distributions_have_their_own_type_key() -> None:
    tree = get(UniformDistribution(-1.0, 2.0)).to_json()
    assert tree["distribution"] == {
        "type": "org.deeplearning4j.nn.conf.distribution.UniformDistribution",
        "lower": -1.0,
        "upper": 2.0,
    }


@pytest.mark.parametrize("name", ["xavier", "relu", "lecun_uniform", "var_scaling_normal_fan_avg"])
def test_the_seed_decides_the_values_and_the_order_their_place(name: str) -> None:
    def draw(seed: int, order: Any) -> np.ndarray:
        return np.asarray(
            get(name).initialize((30, 20), fan_in=30, fan_out=20, seed=seed, order=order)
        )

    f, c = draw(3, "f"), draw(3, "c")
    np.testing.assert_array_equal(f.reshape(-1, order="F"), c.reshape(-1))
    assert f.flags.f_contiguous
    assert not np.array_equal(f, draw(4, "f"))


def test_orthogonal_for_every_shape() -> None:
    for shape in ((5, 3), (3, 5), (4, 4), (6, 2, 3)):
        w = np.asarray(OrthogonalDistribution(2.0).sample(shape, seed=1, dtype="float64")).reshape(
            shape[0], -1
        )
        square = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
        np.testing.assert_allclose(square, 4 * np.eye(len(square)), atol=1e-12)
    with pytest.raises(
        ValueError,
        match=r"OrthogonalDistribution: needs at least 2 dimensions, received shape \(3,\)",
    ):
        OrthogonalDistribution().sample((3,), seed=1)


def test_truncated_normal_stays_within_two_deviations() -> None:
    values = np.asarray(
        TruncatedNormalDistribution(1.0, 0.5).sample((20000,), seed=2, dtype="float64")
    )
    assert np.abs(values - 1.0).max() <= 1.0
    assert values.std() == pytest.approx(0.8796 * 0.5, rel=0.02)


def test_binomial_counts() -> None:
    values = np.asarray(BinomialDistribution(4, 0.25).sample((20000,), seed=2))
    assert set(np.unique(values)) <= {0, 1, 2, 3, 4}
    assert values.mean() == pytest.approx(1.0, abs=0.03)


def test_identity_and_embedding() -> None:
    kernel = np.asarray(WeightInitIdentity().initialize((2, 2, 3, 3)))
    assert kernel.sum() == 2
    assert kernel[0, 0, 1, 1] == kernel[1, 1, 1, 1] == 1
    with pytest.raises(ValueError, match="WeightInitIdentity: needs a square matrix"):
        WeightInitIdentity().initialize((2, 3))
    table = nd.array([[1.0, 2.0], [3.0, 4.0]])
    assert WeightInitEmbedding(table).initialize((2, 2)).tolist() == table.tolist()
    with pytest.raises(
        ValueError, match=r"the table has shape \(2, 2\), the weights have \(3, 2\)"
    ):
        WeightInitEmbedding(table).initialize((3, 2))
    with pytest.raises(TypeError, match="the table is not part of a configuration"):
        WeightInitEmbedding(table).to_json()


# ------------------------------------------------------------------------------------------------------------ streams


def test_philox_known_answers() -> None:
    """The vectors of the paper's reference implementation (Random123)."""
    assert [hex(w) for w in _philox.words(0, 0, 1)[0]] == [
        "0x6627e8d5",
        "0xe169c58d",
        "0xbc57ac4c",
        "0x9b00dbd8",
    ]
    assert not np.array_equal(_philox.words(1, 0, 1), _philox.words(0, 1, 1))
    np.testing.assert_array_equal(_philox.words(5, 7, 3)[1:], _philox.words(5, 8, 2))


@pytest.mark.parametrize("dtype", [nd.float32, nd.float64])
def test_uniform_numbers_are_the_same_bits_everywhere(dtype: Any) -> None:
    def draw() -> np.ndarray:
        return np.asarray(nd.random.Random(-7).uniform((1001,), dtype=dtype))

    with nd.use_backend("numpy"):
        expected = draw()
    np.testing.assert_array_equal(draw(), expected)
    before = nd.get_num_threads()
    try:
        nd.set_num_threads(1)
        np.testing.assert_array_equal(draw(), expected)
    finally:
        nd.set_num_threads(before)
    assert 0 <= expected.min() < 0.01
    assert 0.99 < expected.max() < 1


def test_draws_do_not_overlap_and_the_state_continues_them() -> None:
    stream = nd.random.Random(3)
    first = np.asarray(stream.uniform((10,)))
    state = stream.state
    second = np.asarray(stream.uniform((10,)))
    assert not np.intersect1d(first, second).size
    stream.state = state
    np.testing.assert_array_equal(np.asarray(stream.uniform((10,))), second)


def test_the_default_stream_is_seeded() -> None:
    before = nd.random.get_state()
    try:
        nd.random.set_seed(9)
        a = np.asarray(nd.random.normal((4,), mean=2.0, std=0.0))
        b = np.asarray(nd.random.bernoulli((1000,), p=0.25))
        nd.random.set_seed(9)
        np.testing.assert_array_equal(np.asarray(nd.random.normal((4,), mean=2.0, std=0.0)), a)
        np.testing.assert_array_equal(a, 2.0)
        assert 0.2 < b.mean() < 0.3
    finally:
        nd.random.set_state(before)


def test_normal_numbers_are_normal() -> None:
    z = np.asarray(nd.random.Random(1).normal((100000,), dtype=nd.float64))
    assert z.mean() == pytest.approx(0, abs=0.02)
    assert z.std() == pytest.approx(1, abs=0.01)
    assert np.mean(np.abs(z) < 1) == pytest.approx(0.6827, abs=0.01)


def test_dropout_keeps_its_share_and_its_mean() -> None:
    x = nd.ones((200, 500))
    y = np.asarray(nd.nn.dropout(x, 5, 0, 0.8))
    assert set(np.unique(y)) == {0.0, np.float32(1.25)}
    assert y.mean() == pytest.approx(1.0, abs=0.01)
    spatial = np.asarray(nd.nn.spatial_dropout(nd.ones((8, 16, 3, 3)), 5, 0, 0.5))
    assert all(len(np.unique(channel)) == 1 for channel in spatial.reshape(-1, 9))


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = nd.random.Random(4).normal((400, 500), dtype=nd.float64)
    y = np.asarray(nd.nn.alpha_dropout(x, 5, 0, 0.9))
    assert y.mean() == pytest.approx(0, abs=0.02)
    assert y.std() == pytest.approx(1, abs=0.02)
