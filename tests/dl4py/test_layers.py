"""What every layer must do: types and shapes agree, gradients are right, files keep it, training
moves it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from layer_samples import SAMPLES

from dl4py import MultiLayerConfiguration, MultiLayerNetwork, NeuralNetConfiguration
from dl4py.conf.layers._base import FAMILY
from nd4py.data import DataSet
from nd4py.updaters import Sgd

MINIBATCH = 3


def network(sample, data_type="DOUBLE", **settings):
    given = {
        "seed": 11,
        "activation": "tanh",
        "updater": Sgd(0.01),
        "data_type": data_type,
        **settings,
    }
    conf = NeuralNetConfiguration(**given).list(*sample.layers, input_type=sample.input_type)
    net = MultiLayerNetwork(conf).init()
    rng = np.random.default_rng(3)
    net.set_params(
        np.asarray(net.params()) + 0.1 * rng.normal(size=net.num_params())
    )  # biases count too
    return net


def data_for(sample, net):
    rng = np.random.default_rng(5)
    shape = sample.input_type.array_shape(MINIBATCH)
    x = (
        rng.integers(0, sample.indices, shape).astype(float)
        if sample.indices
        else rng.normal(size=shape)
    )
    shape = np.asarray(net.output(x)).shape
    y = np.zeros(shape)
    axis = (
        1
        if len(shape) == 2
        or "NHWC NWC NDHWC".find(
            getattr(net.configuration.input_types()[-1][2], "data_format", "NCHW")
        )
        < 0
        else -1
    )
    np.moveaxis(y, axis, -1)[..., 0] = rng.integers(0, 2, np.moveaxis(y, axis, -1).shape[:-1])
    np.moveaxis(y, axis, -1)[..., 1] = 1 - np.moveaxis(y, axis, -1)[..., 0]
    return DataSet(x, y)


each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)


def test_every_layer_class_has_a_sample():
    covered = {type(layer) for sample in SAMPLES for layer in sample.layers}
    assert {c.__name__ for c in FAMILY} - {c.__name__ for c in covered} == set()


@each_sample
def test_activations_have_the_shape_of_the_output_type(sample):
    net = network(sample)
    x = data_for(sample, net).features
    found = net.feed_forward(x)[1:]
    types = net.configuration.input_types()
    for index, ((_, _, given), activation) in enumerate(zip(types, found, strict=True)):
        if given.shape() != (0,):  # a loss layer says nothing
            # Deeplearning4j calls some volumes channels last that are not
            assert sorted(activation.shape[1:]) == sorted(given.shape()), index
            assert activation.shape[0] in (MINIBATCH, MINIBATCH * sample.batch_factor), index


@each_sample
def test_gradient_equals_finite_differences(sample):
    net = network(sample, l1=0.0)
    data = data_for(sample, net)
    net.compute_gradient_and_score(data)
    gradient = np.array(net.gradients_view_array())
    params = np.array(net.params())
    eps = 1e-6
    trained = [
        s
        for s in net.layout.slots
        if s.parameter.kind != "statistic" and not net.layers[s.layer].frozen
    ]
    for i in (i for s in trained for i in range(s.start, s.stop)):
        scores = []
        for sign in (1, -1):
            moved = params.copy()
            moved[i] += sign * eps
            net.set_params(moved)
            scores.append(net.score(data, training=True))
        numeric = (scores[0] - scores[1]) / (2 * eps) * MINIBATCH * sample.batch_factor
        assert gradient[i] == pytest.approx(numeric, rel=2e-4, abs=2e-6), i


@each_sample
def test_input_gradient_equals_finite_differences(sample):
    if sample.indices or sample.name == "frozen":
        return  # whole numbers have no gradient, and a frozen layer lets none through
    net = network(sample)
    data = data_for(sample, net)
    found = np.asarray(net.calculate_gradients(data.features, data.labels)[1])
    x = np.array(data.features)
    assert found.shape == x.shape
    eps = 1e-6
    for place in list(np.ndindex(x.shape))[:: max(1, x.size // 25)]:
        scores = []
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * eps
            scores.append(net.score(DataSet(moved, data.labels), training=True))
        numeric = (scores[0] - scores[1]) / (2 * eps) * MINIBATCH * sample.batch_factor
        assert found[place] == pytest.approx(numeric, rel=2e-4, abs=2e-6), place


@each_sample
def test_json_keeps_the_layer(sample):
    conf = network(sample).configuration
    again = MultiLayerConfiguration.from_json(conf.to_json())
    assert again.layers == conf.layers
    assert again.to_json() == conf.to_json()


@each_sample
@pytest.mark.parametrize("data_type", ["FLOAT", "DOUBLE", "HALF"])
def test_training_lowers_the_score_and_a_file_keeps_the_result(sample, data_type):
    net = network(sample, data_type)
    data = data_for(sample, net)
    net.fit(data)
    before = net.score()
    for _ in range(25):
        net.fit(data)
    if net.num_params():
        assert net.score() < before
    file = io.BytesIO()
    net.save(file)
    again = MultiLayerNetwork.load(file.getvalue())
    assert np.array_equal(
        np.asarray(again.output(data.features)), np.asarray(net.output(data.features))
    )
    assert again.iteration_count == 26


@pytest.mark.parametrize("name", ["convolution", "convolution-same", "pool-max", "pool-average"])
def test_channels_last_gives_what_channels_first_gives(name):
    sample = next(s for s in SAMPLES if s.name == name)
    first = network(sample)
    from dl4py import InputType

    kind = sample.input_type
    conf = NeuralNetConfiguration(seed=11, activation="tanh", data_type="DOUBLE").list(
        sample.layers[0],
        input_type=InputType.convolutional(kind.height, kind.width, kind.channels, "NHWC"),
    )
    last = MultiLayerNetwork(conf).init()
    last.set_params(np.asarray(first.params())[: last.num_params()])
    x = np.random.default_rng(5).normal(size=kind.array_shape(MINIBATCH))
    expected = np.asarray(first.feed_forward(x)[1])
    found = np.asarray(last.output(np.ascontiguousarray(x.transpose(0, 2, 3, 1))))
    assert np.allclose(found.transpose(0, 3, 1, 2), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        (
            "dense",
            (2, 4, 3),
            r"layer 0 \(layer0, DenseLayer\): expected an input of rank 2; received shape \(2, 4, 3\)",
        ),
        ("dense", (2, 6), r"expected 5 columns in dimension 1; received shape \(2, 6\)"),
        (
            "convolution",
            (2, 60),
            r"ConvolutionLayer\): expected an input of rank 4 \[minibatch, channels, height, width\]",
        ),
        ("convolution", (2, 3, 6, 5), r"expected 2 channels in .* received shape \(2, 3, 6, 5\)"),
        (
            "convolution-last",
            (2, 2, 6, 5),
            r"expected 2 channels in \[minibatch, height, width, channels\] \(NHWC\)",
        ),
        ("convolution", (2, 2, 1, 1), "width: the kernel covers 2"),
        ("pool-max", (2, 9), "SubsamplingLayer.*rank 4"),
    ],
)
def test_wrong_inputs_name_the_layer(name, shape, message):
    sample = next(s for s in SAMPLES if s.name == name)
    net = network(sample, "FLOAT")
    with pytest.raises(ValueError, match=message):
        net.output(np.zeros(shape, np.float32))
