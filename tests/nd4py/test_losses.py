"""Loss functions: score, score per example, gradient, masks, weights, JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nd4py as nd
from nd4py import losses
from nd4py.activations import get as activation
from nd4py.losses import (
    LossFMeasure,
    LossMCXENT,
    LossMixtureDensity,
    LossMSE,
    LossMultiLabel,
    LossSparseMCXENT,
    get,
)

PACKAGE = "org.nd4j.linalg.lossfunctions.impl."
RNG = np.random.default_rng(3)
Z = RNG.normal(size=(5, 4))
ONE_HOT = np.eye(4)[[0, 3, 1, 1, 2]]
COLUMN = np.asarray([[1.0], [0.0], [1.0], [0.5], [1.0]])
PER_OUTPUT = RNG.integers(0, 2, (5, 4)).astype(float)

# loss, activation, labels: every loss with an activation whose range it is defined on.
PAIRS = {
    "mse-tanh": ("mse", "tanh", RNG.normal(size=(5, 4))),
    "l1-identity": ("l1", "identity", RNG.normal(size=(5, 4))),
    "l2-softmax": ("l2", "softmax", ONE_HOT),
    "mae-sigmoid": (losses.LossMAE(), "sigmoid", ONE_HOT),
    "mape-identity": (losses.LossMAPE(), "identity", RNG.uniform(0.5, 2, (5, 4))),
    "msle-softplus": (losses.LossMSLE(), "softplus", RNG.uniform(0.5, 2, (5, 4))),
    "xent-sigmoid": ("xent", "sigmoid", ONE_HOT),
    "mcxent-softmax": ("mcxent", "softmax", ONE_HOT),
    "mcxent-soft-labels": ("mcxent", "softmax", RNG.dirichlet(np.ones(4), 5)),
    "mcxent-sigmoid": ("mcxent", "sigmoid", ONE_HOT),
    "sparse-softmax": ("sparse_mcxent", "softmax", np.asarray([[0.0], [3], [1], [1], [2]])),
    "poisson-softplus": ("poisson", "softplus", RNG.integers(0, 4, (5, 4)).astype(float)),
    "hinge-tanh": ("hinge", "tanh", 2 * ONE_HOT - 1),
    "squared-hinge-tanh": ("squared_hinge", "tanh", 2 * ONE_HOT - 1),
    "cosine-identity": ("cosine_proximity", "identity", RNG.normal(size=(5, 4))),
    "wasserstein-identity": ("wasserstein", "identity", 2 * ONE_HOT - 1),
    "kld-softmax": ("kl_divergence", "softmax", RNG.dirichlet(np.ones(4), 5)),
    "multilabel-sigmoid": (
        LossMultiLabel(),
        "sigmoid",
        np.asarray([[1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 1, 0]] * 2)[:5] * 1.0,
    ),
    "mixture": (LossMixtureDensity(mixtures=1, label_width=2), "identity", RNG.normal(size=(5, 2))),
}


def score(loss: Any, labels: Any, z: Any, function: Any, mask: Any = None) -> float:
    return float(
        loss.score(
            nd.array(labels), nd.array(z), function, None if mask is None else nd.array(mask), False
        )
    )


def difference(
    loss: Any, labels: Any, z: np.ndarray, function: Any, mask: Any = None
) -> np.ndarray:
    result = np.zeros_like(z)
    for index in np.ndindex(z.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = z.copy()
            moved[index] += step
            ends.append(score(loss, labels, moved, function, mask))
        result[index] = (ends[0] - ends[1]) / 2e-6
    return result


@pytest.mark.parametrize("mask", [None, COLUMN], ids=["plain", "column"])
@pytest.mark.parametrize("pair", PAIRS)
def test_gradient_is_that_of_the_score(pair: str, mask: Any) -> None:
    name, function, labels = PAIRS[pair]
    loss, function = get(name), activation(function)
    gradient = loss.gradient(
        nd.array(labels), nd.array(Z), function, None if mask is None else nd.array(mask)
    )
    if pair == "kld-softmax":
        labels = labels.clip(1e-4)  # both clippings inactive
        labels /= labels.sum(1, keepdims=True)
        gradient = loss.gradient(
            nd.array(labels), nd.array(Z), function, None if mask is None else nd.array(mask)
        )
    np.testing.assert_allclose(
        np.asarray(gradient), difference(loss, labels, Z, function, mask), rtol=2e-5, atol=1e-7
    )


@pytest.mark.parametrize(
    "pair",
    [p for p in PAIRS if p.split("-")[0] in ("mse", "l1", "mae", "mape", "xent", "hinge", "msle")],
)
def test_a_mask_per_output_leaves_elements_out(pair: str) -> None:
    name, function, labels = PAIRS[pair]
    loss, function = get(name), activation(function)
    gradient = np.asarray(
        loss.gradient(nd.array(labels), nd.array(Z), function, nd.array(PER_OUTPUT))
    )
    np.testing.assert_allclose(
        gradient, difference(loss, labels, Z, function, PER_OUTPUT), rtol=2e-5, atol=1e-7
    )
    assert not gradient[PER_OUTPUT == 0].any()


@pytest.mark.parametrize("pair", PAIRS)
def test_score_is_the_sum_of_the_examples(pair: str) -> None:
    name, function, labels = PAIRS[pair]
    loss, function = get(name), activation(function)
    rows = np.asarray(loss.score_array(nd.array(labels), nd.array(Z), function))
    assert rows.shape == (5, 1)
    assert score(loss, labels, Z, function) == pytest.approx(rows.sum(), rel=1e-12)
    averaged, gradient = loss.score_and_gradient(nd.array(labels), nd.array(Z), function)
    assert float(averaged) == pytest.approx(rows.sum() / 5, rel=1e-12)
    np.testing.assert_array_equal(
        np.asarray(gradient), np.asarray(loss.gradient(nd.array(labels), nd.array(Z), function))
    )


def test_weights_multiply_columns() -> None:
    weights = (0.5, 2.0, 1.0, 3.0)
    loss = LossMCXENT(weights)
    weighted = score(loss, ONE_HOT, Z, activation("softmax"))
    assert weighted == pytest.approx(
        score(LossMCXENT(), ONE_HOT * weights, Z, activation("softmax")), rel=1e-12
    )
    with pytest.raises(ValueError, match="LossMCXENT: 4 weights for 3 output columns"):
        score(loss, np.eye(3), np.zeros((3, 3)), activation("softmax"))


def test_softmax_gradient_is_the_difference_of_probabilities_even_where_they_vanish() -> None:
    z = np.asarray([[200.0, 0.0, -200.0]])
    gradient = LossMCXENT().gradient(
        nd.array([[0.0, 0.0, 1.0]]), nd.array(z), activation("softmax")
    )
    np.testing.assert_allclose(np.asarray(gradient), [[1.0, 0.0, -1.0]], atol=1e-12)


def test_saturated_sigmoid_still_learns() -> None:
    gradient = get("xent").gradient(nd.array([[0.0]]), nd.array([[14.0]]), activation("sigmoid"))
    assert float(gradient) > 0.05


def test_class_numbers_equal_one_hot_rows() -> None:
    numbers = nd.array(np.asarray([[0.0], [3], [1], [1], [2]]))
    sparse = LossSparseMCXENT().gradient(numbers, nd.array(Z), activation("softmax"))
    dense = LossMCXENT().gradient(nd.array(ONE_HOT), nd.array(Z), activation("softmax"))
    np.testing.assert_array_equal(np.asarray(sparse), np.asarray(dense))


def test_f_measure_counts_softly() -> None:
    labels, z = np.asarray([[1.0], [0.0], [1.0]]), np.asarray([[2.0], [-1.0], [0.5]])
    loss, sigmoid = LossFMeasure(beta=2.0), activation("sigmoid")
    p = 1 / (1 + np.exp(-z))
    hits, missed, wrong = (labels * p).sum(), (labels * (1 - p)).sum(), ((1 - labels) * p).sum()
    assert score(loss, labels, z, sigmoid) == pytest.approx(
        1 - 5 * hits / (5 * hits + 4 * missed + wrong)
    )
    gradient = np.asarray(loss.gradient(nd.array(labels), nd.array(z), sigmoid))
    np.testing.assert_allclose(gradient, difference(loss, labels, z, sigmoid), rtol=1e-6)
    with pytest.raises(TypeError, match="LossFMeasure: there is no score per example"):
        loss.score_array(nd.array(labels), nd.array(z), sigmoid)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: score(LossMSE(), np.zeros((3, 2)), np.zeros((3, 3)), activation("tanh")),
            r"LossMSE: labels have shape \(3, 2\), the output has \(3, 3\)",
        ),
        (
            lambda: score(
                LossMSE(), np.zeros((3, 2)), np.zeros((3, 2)), activation("tanh"), np.zeros((2, 1))
            ),
            r"LossMSE: a mask is a column \(3, 1\) or has the shape of the labels \(3, 2\), received \(2, 1\)",
        ),
        (
            lambda: LossMCXENT().gradient(ONE_HOT, Z, activation("softmax"), PER_OUTPUT),
            r"LossMCXENT: with softmax a mask must be a column \[n, 1\], received \(5, 4\)",
        ),
        (
            lambda: score(get("cosine_proximity"), Z, Z, activation("tanh"), PER_OUTPUT),
            r"LossCosineProximity: a mask must be a column, received \(5, 4\)",
        ),
        (
            lambda: score(LossSparseMCXENT(), ONE_HOT, Z, activation("softmax")),
            r"LossSparseMCXENT: expected class numbers of shape \(5, 1\), received \(5, 4\)",
        ),
        (
            lambda: score(LossMixtureDensity(2, 2), Z, Z, activation("identity")),
            r"LossMixtureDensity: 2 mixtures of 2 labels need an output \[n, 8\]",
        ),
        (
            lambda: score(LossFMeasure(), Z, Z, activation("sigmoid")),
            "LossFMeasure: expected 1 or 2 output columns",
        ),
        (lambda: get("rmse"), "Loss: unknown name 'rmse'"),
        (
            lambda: get({"@class": PACKAGE + "LossL2", "weights": {"data": ["x"]}}),
            "loss weights: expected an array of numbers",
        ),
    ],
)
def test_errors_say_what_was_wrong(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize(
    "cls", [c for c in vars(losses).values() if getattr(c, "java_class", "")], ids=repr
)
def test_json_goes_both_ways(cls: Any) -> None:
    loss = cls()
    assert loss.to_json()["@class"] == PACKAGE + cls.__name__
    assert get(loss.to_json()) == loss
    if hasattr(loss, "weights"):
        assert "weights" not in loss.to_json()
        weighted = replace(loss, weights=(0.5, 0.1))
        assert weighted.to_json()["weights"] == {
            "dataType": "DOUBLE",
            "shape": [1, 2],
            "data": [0.5, 0.1],
        }
        assert get(weighted.to_json()) == weighted
        assert replace(loss, weights=(0.5, 2)).to_json()["weights"]["dataType"] == "FLOAT"


def test_names_are_those_of_the_enum() -> None:
    enum = (
        "MSE L1 XENT MCXENT SPARSE_MCXENT SQUARED_LOSS RECONSTRUCTION_CROSSENTROPY NEGATIVELOGLIKELIHOOD "
        "COSINE_PROXIMITY HINGE SQUARED_HINGE KL_DIVERGENCE MEAN_ABSOLUTE_ERROR L2 MEAN_ABSOLUTE_PERCENTAGE_ERROR "
        "MEAN_SQUARED_LOGARITHMIC_ERROR POISSON WASSERSTEIN"
    )
    for name in enum.split():
        assert get(name) == get(name.lower())
