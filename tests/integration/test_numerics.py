"""NaN and infinity in training: named by step and layer when asked for, free of cost when not."""

from __future__ import annotations

import numpy as np
import pytest

import dl4py
from nd4py.data import DataSet
from nd4py.updaters import Sgd

ROWS = 6


def data(columns: int = 4) -> DataSet:
    rng = np.random.default_rng(3)
    labels = np.eye(3, dtype=np.float32)[np.arange(ROWS) % 3]
    return DataSet(rng.normal(size=(ROWS, columns)).astype(np.float32), labels)


def dense(**fields) -> dl4py.MultiLayerNetwork:
    conf = dl4py.NeuralNetConfiguration(seed=1, activation="tanh", updater=Sgd(0.1), **fields).list(
        dl4py.DenseLayer(n_out=8, name="hidden"),
        dl4py.OutputLayer(n_out=3, name="out"),
        input_type=dl4py.InputType.feed_forward(4),
    )
    return dl4py.MultiLayerNetwork(conf).init()


def convolutional() -> dl4py.MultiLayerNetwork:
    conf = dl4py.NeuralNetConfiguration(seed=1, updater=Sgd(0.1)).list(
        dl4py.ConvolutionLayer(n_out=2, kernel_size=3, name="edges"),
        dl4py.SubsamplingLayer(name="pool"),
        dl4py.DenseLayer(n_out=5, name="hidden"),
        dl4py.OutputLayer(n_out=3, name="out"),
        input_type=dl4py.InputType.convolutional(6, 6, 1),
    )
    return dl4py.MultiLayerNetwork(conf).init()


def broken(net: dl4py.MultiLayerNetwork, key: str, value: float) -> dl4py.MultiLayerNetwork:
    """The network with one parameter changed, and the check on."""
    array = np.array(net.get_param(key))
    array.flat[0] = value
    net.set_param(key, array)
    net.check_numerics = True
    return net


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("0_W", np.nan, r"layer 0 \(hidden, DenseLayer\).* NaN"),
        ("1_W", np.inf, r"layer 1 \(out, OutputLayer\).* infinite"),
        ("1_b", np.nan, r"layer 1 \(out, OutputLayer\).* NaN"),
    ],
)
@pytest.mark.parametrize("data_type", ["FLOAT", "DOUBLE", "HALF"])
def test_iteration_and_layer_are_named(key, value, words, data_type) -> None:
    net = broken(dense(data_type=data_type), key, value)
    net.iteration_count, net.epoch_count = 7, 2
    with pytest.raises(dl4py.NotANumberError, match=f"iteration 7, epoch 2: {words}"):
        net.fit(data())


@pytest.mark.parametrize(
    ("key", "layer"),
    [("0_W", r"layer 0 \(edges, ConvolutionLayer\)"), ("2_b", r"layer 2 \(hidden, DenseLayer\)")],
)
def test_layer_of_a_convolutional_network_is_named(key, layer) -> None:
    images = DataSet(data(36).features.reshape(ROWS, 1, 6, 6), data().labels)
    with pytest.raises(dl4py.NotANumberError, match=layer):
        broken(convolutional(), key, np.nan).fit(images)


def test_step_that_fails_changes_nothing() -> None:
    net = dense()
    net.check_numerics = True
    net.fit(data())
    before = np.array(net.params())
    bad = data()
    values = np.array(bad.features)
    values[2, 1] = np.nan
    found = r"layer 0 .*; the features hold nan at \(2, 1\) already"
    with pytest.raises(dl4py.NotANumberError, match=found):
        net.fit(DataSet(values, bad.labels))
    assert net.iteration_count == 1
    assert np.array_equal(np.asarray(net.params()), before)
    net.fit(data())
    assert net.iteration_count == 2


def test_check_leaves_nothing_behind_when_off() -> None:
    def plan(net: dl4py.MultiLayerNetwork) -> str:
        net.fit(data())
        (step,) = net._steps.values()
        assert net._step is step  # the short way into the native call is open
        return str(step.plan.plan_for((ROWS, 4), (ROWS, 3)).explain())

    never, switched = dense(), dense()
    switched.check_numerics = True
    switched.fit(data())
    switched.check_numerics = False
    assert plan(switched) == plan(never)
