"""Model zips, both directions: outputs, parameters, updater state, and training that goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dl4py import (
    ConvolutionLayer,
    DenseLayer,
    DropoutLayer,
    InputType,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    OutputLayer,
    SubsamplingLayer,
    restore_normalizer,
)
from nd4py.data import DataSet
from nd4py.evaluation import Evaluation
from nd4py.normalizers import NormalizerStandardize
from nd4py.updaters import (
    AdaDelta,
    AdaGrad,
    Adam,
    AdaMax,
    AMSGrad,
    Nadam,
    Nesterovs,
    RmsProp,
    Sgd,
)

pytestmark = pytest.mark.jvm

FURTHER_STEPS = 5
UPDATERS = [
    AdaDelta(),
    AdaGrad(0.05),
    Adam(0.01),
    AdaMax(0.01),
    AMSGrad(0.01),
    Nadam(0.01),
    Nesterovs(0.05),
    RmsProp(0.01),
    Sgd(0.1),
]


def dense(updater: Any = None, **defaults: Any) -> MultiLayerNetwork:
    """Two hidden layers over six columns."""
    configuration = NeuralNetConfiguration(
        seed=5, activation="tanh", updater=updater or Adam(0.01), **defaults
    ).list(
        DenseLayer(n_out=12),
        DenseLayer(n_out=8, activation="relu"),
        OutputLayer(n_out=3, loss="mcxent", activation="softmax"),
        input_type=InputType.feed_forward(6),
    )
    return MultiLayerNetwork(configuration).init()


def lenet() -> MultiLayerNetwork:
    """Two convolutions with pooling, small."""
    configuration = NeuralNetConfiguration(seed=9, activation="relu", updater=Adam(0.005)).list(
        ConvolutionLayer(n_out=4, kernel_size=(3, 3)),
        SubsamplingLayer(kernel_size=(2, 2), stride=(2, 2)),
        ConvolutionLayer(n_out=6, kernel_size=(3, 3), activation="tanh"),
        SubsamplingLayer(kernel_size=(2, 2), stride=(2, 2), pooling_type="avg"),
        DenseLayer(n_out=10),
        OutputLayer(n_out=3, loss="mcxent", activation="softmax"),
        input_type=InputType.convolutional(14, 14, 2),
    )
    return MultiLayerNetwork(configuration).init()


def regression() -> MultiLayerNetwork:
    """Mean squared error, weight decay and clipped gradients."""
    configuration = NeuralNetConfiguration(
        seed=3,
        activation="sigmoid",
        updater=Nesterovs(0.05),
        weight_decay=1e-3,
        gradient_normalization="ClipL2PerLayer",
        gradient_normalization_threshold=0.5,
    ).list(
        DenseLayer(n_out=9),
        OutputLayer(n_out=3, loss="mse", activation="identity"),
        input_type=InputType.feed_forward(6),
    )
    return MultiLayerNetwork(configuration).init()


NETWORKS: dict[str, Callable[[], MultiLayerNetwork]] = {
    type(updater).__name__: lambda updater=updater: dense(updater) for updater in UPDATERS
} | {
    "l1-l2": lambda: dense(l1=1e-3, l2=1e-2),
    "lenet": lenet,
    "regression": regression,
}


def data(network: MultiLayerNetwork) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(21)
    images = isinstance(network.get_layer(0), ConvolutionLayer)
    shape = (16, 2, 14, 14) if images else (16, 6)
    features = rng.normal(size=shape).astype(np.float32)
    return features, np.eye(3, dtype=np.float32)[rng.integers(0, 3, size=16)]


def train(network: MultiLayerNetwork, batch: DataSet, steps: int) -> list[float]:
    scores = []
    for _ in range(steps):
        network.fit(batch)
        scores.append(network.score())
    return scores


def flat(array: Any) -> np.ndarray:
    return np.asarray(array).ravel()


def assert_same_network(network: MultiLayerNetwork, jvm: Any, name: str, length: int) -> None:
    np.testing.assert_allclose(flat(network.params()), flat(jvm.get(f"{name}-params")), atol=2e-6)
    state = flat(network.updater_state())
    assert state.size == length
    if length:
        np.testing.assert_allclose(state, flat(jvm.get(f"{name}-updater")), rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_zip_written_here_predicts_and_trains_on_there(jvm, name: str) -> None:
    network = NETWORKS[name]()
    features, labels = data(network)
    batch = DataSet(features, labels)
    train(network, batch, 3)
    network.save(jvm.path("ours.zip"))
    given = {"model": jvm.path("ours.zip"), "features": jvm.put("x", features)}
    loaded, trained = jvm.run(
        given
        | {"job": "model-output", "output": jvm.wanted("output")}
        | {"params": jvm.wanted("loaded-params"), "updater": jvm.wanted("loaded-updater")},
        given
        | {"job": "model-fit", "labels": jvm.put("y", labels), "steps": FURTHER_STEPS}
        | {"params": jvm.wanted("trained-params"), "updater": jvm.wanted("trained-updater")}
        | {"save": jvm.path("theirs.zip")},
    )
    assert loaded["num_params"] == network.num_params()
    assert loaded["iteration"] == 3
    assert_same_network(network, jvm, "loaded", loaded["updater_length"])
    np.testing.assert_array_equal(flat(network.params()), flat(jvm.get("loaded-params")))
    np.testing.assert_allclose(np.asarray(network.output(features)), jvm.get("output"), atol=1e-6)

    scores = train(network, batch, FURTHER_STEPS)
    np.testing.assert_allclose(scores, trained["scores"], rtol=1e-5)
    assert trained["iteration"] == network.iteration_count == 3 + FURTHER_STEPS
    assert_same_network(network, jvm, "trained", trained["updater_length"])

    back = MultiLayerNetwork.load(jvm.path("theirs.zip"))
    assert back.iteration_count == 3 + FURTHER_STEPS
    np.testing.assert_array_equal(flat(back.params()), flat(jvm.get("trained-params")))
    np.testing.assert_allclose(
        train(back, batch, 2), train(network, batch, 2), rtol=1e-5, err_msg="after coming back"
    )


@pytest.mark.parametrize("name", ["Adam", "lenet", "regression"])
def test_network_made_there_from_our_configuration(jvm, name: str) -> None:
    ours = NETWORKS[name]()
    features, labels = data(ours)
    jvm.path("configuration.json").write_text(ours.configuration.to_json(), "utf-8")
    NormalizerStandardize().fit(DataSet(features, labels)).save(jvm.path("normalizer.bin"))
    given = {"features": jvm.put("x", features), "labels": jvm.put("y", labels)}
    jvm.run(
        given
        | {"job": "model-create", "configuration": jvm.path("configuration.json"), "steps": 2}
        | {"save": jvm.path("theirs.zip"), "normalizer": jvm.path("normalizer.bin")},
        given
        | {"job": "model-output", "model": jvm.path("theirs.zip"), "output": jvm.wanted("output")},
    )
    theirs = MultiLayerNetwork.load(jvm.path("theirs.zip"))
    assert theirs.iteration_count == 2
    np.testing.assert_allclose(np.asarray(theirs.output(features)), jvm.get("output"), atol=1e-6)
    assert isinstance(restore_normalizer(jvm.path("theirs.zip")), NormalizerStandardize)


def test_normalizer_in_a_zip_written_here_is_found_there(jvm) -> None:
    network = dense()
    features, labels = data(network)
    normalizer = NormalizerStandardize().fit(DataSet(features, labels))
    network.save(jvm.path("ours.zip"), normalizer=normalizer)
    (applied,) = jvm.run(
        {
            "job": "normalizer-apply",
            "model": jvm.path("ours.zip"),
            "features": jvm.put("x", features),
        }
        | {"transformed": jvm.wanted("transformed")}
    )
    assert applied["class"] == "NormalizerStandardize"
    ours = np.asarray(normalizer.transform_features(features))
    np.testing.assert_allclose(jvm.get("transformed"), ours, rtol=1e-5, atol=1e-6)


def test_dropout_does_nothing_in_inference_there(jvm) -> None:
    configuration = NeuralNetConfiguration(seed=1, updater=Sgd(0.1)).list(
        DenseLayer(n_out=8, activation="relu", dropout=0.5),
        DropoutLayer(dropout=0.7),
        OutputLayer(n_out=3, loss="mcxent", activation="softmax"),
        input_type=InputType.feed_forward(6),
    )
    network = MultiLayerNetwork(configuration).init()
    features, _ = data(network)
    network.save(jvm.path("ours.zip"))
    jvm.run(
        {"job": "model-output", "model": jvm.path("ours.zip"), "features": jvm.put("x", features)}
        | {"output": jvm.wanted("output")}
    )
    np.testing.assert_allclose(np.asarray(network.output(features)), jvm.get("output"), atol=1e-6)


def test_evaluation_prints_the_same_text(jvm) -> None:
    network = dense()
    features, labels = data(network)
    train(network, DataSet(features, labels), 5)
    network.save(jvm.path("ours.zip"))
    (theirs,) = jvm.run(
        {"job": "model-evaluate", "model": jvm.path("ours.zip")}
        | {"features": jvm.put("x", features), "labels": jvm.put("y", labels)}
    )
    ours = Evaluation()
    ours.eval(labels, np.asarray(network.output(features)))
    assert ours.stats() == theirs["stats"]
    assert ours.accuracy() == pytest.approx(theirs["accuracy"], abs=1e-12)
    assert ours.f1() == pytest.approx(theirs["f1"], abs=1e-12)
