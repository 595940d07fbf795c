"""What a user may give a network by mistake: the message says where, what was expected and what came."""

from __future__ import annotations

import numpy as np
import pytest

import dl4py
from nd4py.data import DataSet
from nd4py.updaters import Adam

X = np.ones((6, 4), np.float32)
Y = np.eye(3, dtype=np.float32)[np.arange(6) % 3]
IMAGES = np.ones((2, 1, 8, 8), np.float32)


def configuration() -> dl4py.MultiLayerConfiguration:
    return dl4py.NeuralNetConfiguration(seed=1, updater=Adam(0.01)).list(
        dl4py.DenseLayer(n_out=8, name="hidden"),
        dl4py.OutputLayer(n_out=3, name="out"),
        input_type=dl4py.InputType.feed_forward(4),
    )


@pytest.fixture(params=["fresh", "used"])
def net(request) -> dl4py.MultiLayerNetwork:
    """A network, before and after it has compiled plans for good input."""
    made = dl4py.MultiLayerNetwork(configuration()).init()
    if request.param == "used":
        made.fit(X, Y)
        made.output(X)
    return made


@pytest.fixture
def images() -> dl4py.MultiLayerNetwork:
    conf = dl4py.NeuralNetConfiguration(seed=1).list(
        dl4py.ConvolutionLayer(n_out=4, kernel_size=3, name="edges"),
        dl4py.SubsamplingLayer(),
        dl4py.OutputLayer(n_out=3, name="out"),
        input_type=dl4py.InputType.convolutional(8, 8, 1),
    )
    return dl4py.MultiLayerNetwork(conf).init()


HIDDEN = r"layer 0 \(hidden, DenseLayer\): "
OUT = r"layer 1 \(out, OutputLayer\): "

CALLS = {
    "columns": (lambda n: n.output(X[:, :3]), ValueError, HIDDEN + r"expected 4 columns.*\(6, 3\)"),
    "rank": (lambda n: n.output(X[0]), ValueError, HIDDEN + r"expected an input of rank 2.*\(4,\)"),
    "text": (lambda n: n.output(X.astype(str)), TypeError, "features: expected numbers"),
    "nothing": (lambda n: n.output(None), TypeError, "features: expected numbers"),
    "complex": (lambda n: n.output(X + 1j), TypeError, "features: expected numbers.*complex"),
    "ragged": (lambda n: n.output([[1, 2, 3, 4], [1]]), ValueError, "features: expected an array"),
    "label columns": (
        lambda n: n.fit(X, Y[:, :2]),
        ValueError,
        OUT + r"expected labels of shape \(6, 3\); received \(6, 2\)",
    ),
    "label rows": (
        lambda n: n.fit(X, Y[:5]),
        ValueError,
        OUT + r"expected labels of shape \(6, 3\); received \(5, 3\)",
    ),
    "class numbers as labels": (
        lambda n: n.fit(X, np.arange(6) % 3),
        ValueError,
        OUT + r"expected labels of shape \(6, 3\); received \(6,\)",
    ),
    "class names as labels": (
        lambda n: n.fit(X, np.array(list("abcabc"))),
        TypeError,
        "labels: expected numbers",
    ),
    "mask": (
        lambda n: n.fit(X, Y, labels_mask=np.ones((5, 1), np.float32)),
        ValueError,
        OUT + r".*mask.*\(6, 1\).*received \(5, 1\)",
    ),
    "no labels": (lambda n: n.fit(X), TypeError, "features and labels"),
    "no labels in the DataSet": (
        lambda n: n.fit(DataSet(X)),
        ValueError,
        r"training needs features and labels; received DataSet\(features=\[6, 4\]\)",
    ),
    "a tuple": (lambda n: n.fit((X, Y)), TypeError, "expected a DataSet.*received ndarray"),
    "a file name": (lambda n: n.fit("iris.csv"), TypeError, "expected a DataSet.*received str"),
    "no rows": (
        lambda n: n.fit(X[:0], Y[:0]),
        ValueError,
        r"needs examples; received features of shape \(0, 4\)",
    ),
    "no epochs": (lambda n: n.fit(X, Y, epochs=0), ValueError, "epochs: expected at least 1.*0"),
    "half an epoch": (lambda n: n.fit(X, Y, epochs=0.5), TypeError, "epochs: expected an integer"),
    "no batch": (lambda n: n.fit(X, Y, batch_size=0), ValueError, "batch_size: .*received 0"),
    "score without labels": (
        lambda n: n.score(DataSet(X)),
        ValueError,
        "needs features and labels",
    ),
    "evaluation without labels": (
        lambda n: n.evaluate(DataSet(X)),
        ValueError,
        "evaluation needs features and labels",
    ),
    "evaluation of an array": (lambda n: n.evaluate(X), TypeError, "expected a DataSet"),
    "evaluation of arrays": (
        lambda n: n.evaluate([X]),
        TypeError,
        "evaluation: expected a DataSet",
    ),
    "evaluation of other labels": (
        lambda n: n.evaluate(DataSet(X, Y[:, :2])),
        ValueError,
        r"labels have shape \[6, 2\], predictions \[6, 3\]",
    ),
    "parameters": (
        lambda n: n.set_params(np.zeros(3)),
        ValueError,
        "the network has 67 parameters; received 3",
    ),
    "parameter's name": (
        lambda n: n.set_param("9_W", np.zeros(3)),
        KeyError,
        "no parameter '9_W'; the network has 0_W, 0_b, 1_W, 1_b",
    ),
    "parameter's shape": (
        lambda n: n.set_param("0_W", np.zeros((2, 2))),
        ValueError,
        r"0_W has shape \(4, 8\); received \(2, 2\)",
    ),
    "layer's name": (lambda n: n.get_layer("in"), KeyError, "no layer 'in'.*hidden, out"),
    "layer's index": (lambda n: n.get_layer(2), IndexError, "no layer 2.*0 to 1"),
    "listener": (lambda n: n.set_listeners(print), TypeError, "expected TrainingListeners"),
    "normalizer": (
        lambda n: n.save("never.zip", normalizer="standardize"),
        TypeError,
        "normalizer: expected one of nd4py.normalizers; received str",
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_mistake_is_explained_and_harmless(case, net) -> None:
    call, error, message = CALLS[case]
    before = np.array(net.params())
    count = net.iteration_count
    with pytest.raises(error, match=message):
        call(net)
    assert net.iteration_count == count
    assert np.array_equal(np.asarray(net.params()), before)
    net.fit(X, Y)
    assert net.output(X).shape == (6, 3)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 3, 8, 8), r"layer 0 \(edges, ConvolutionLayer\): expected 1 channels.*\(2, 3, 8, 8\)"),
        ((2, 8, 8, 1), r"layer 0 \(edges, ConvolutionLayer\): expected 1 channels.*\(2, 8, 8, 1\)"),
        ((2, 64), r"layer 0 \(edges, ConvolutionLayer\): expected an input of rank 4.*\(2, 64\)"),
        ((2, 1, 9, 9), r"layer 2 \(out, OutputLayer\): .*expected activations.*\(2, 4, 4, 4\)"),
    ],
)
def test_images_of_another_shape_name_the_layer(shape, message, images) -> None:
    with pytest.raises(ValueError, match=message):
        images.output(np.zeros(shape, np.float32))


@pytest.mark.parametrize("call", ["output", "fit", "score", "save", "clone", "params"])
def test_network_without_parameters_says_so(call, tmp_path) -> None:
    net = dl4py.MultiLayerNetwork(configuration())
    calls = {
        "output": lambda: net.output(X),
        "fit": lambda: net.fit(X, Y),
        "score": lambda: net.score(DataSet(X, Y)),
        "save": lambda: net.save(tmp_path / "model.zip"),
        "clone": net.clone,
        "params": net.params,
    }
    with pytest.raises(RuntimeError, match=r"call init\(\) first"):
        calls[call]()
    assert not list(tmp_path.iterdir())


CONFIGURATIONS = {
    "activation": (lambda c: c(activation="relux"), ValueError, r"activation=.*'relux'; known are"),
    "updater": (lambda c: c(updater="adamm"), ValueError, "updater=.*'adamm'; known are"),
    "updater a number": (lambda c: c(updater=0.1), TypeError, r"updater=.*received 0\.1"),
    "seed": (lambda c: c(seed="x"), TypeError, "seed=.*expected an integer; received 'x'"),
    "l2": (lambda c: c(l2="much"), TypeError, "l2=.*expected a number; received 'much'"),
    "dropout": (lambda c: c(dropout=1.5), ValueError, r"dropout=.*0 < p <= 1.*received 1\.5"),
    "type": (lambda c: c(data_type="float33"), TypeError, "data_type=.*float33"),
    "no layers": (lambda c: c().list(), ValueError, "at least one layer"),
    "class for a layer": (
        lambda c: c().list(dl4py.DenseLayer),
        TypeError,
        "layer 0 is no layer configuration",
    ),
    "no sizes": (
        lambda c: c().list(dl4py.DenseLayer(n_out=3), dl4py.OutputLayer(n_out=2)),
        ValueError,
        r"layer 0 \(layer0, DenseLayer\): n_in=0, n_out=3",
    ),
    "sizes that do not meet": (
        lambda c: c().list(
            dl4py.DenseLayer(n_in=4, n_out=3), dl4py.OutputLayer(n_in=5, n_out=3, name="out")
        ),
        ValueError,
        r"layer 1 \(out, OutputLayer\): n_in=5 does not fit",
    ),
    "kernel beyond the image": (
        lambda c: c().list(
            dl4py.ConvolutionLayer(n_out=4, kernel_size=9),
            dl4py.OutputLayer(n_out=3),
            input_type=dl4py.InputType.convolutional(8, 8, 1),
        ),
        ValueError,
        r"layer 0 \(layer0, ConvolutionLayer\): height: the kernel covers 9.* only 8",
    ),
    "network of settings": (
        lambda c: dl4py.MultiLayerNetwork(c()),
        TypeError,
        "expected a MultiLayerConfiguration.*received NeuralNetConfiguration",
    ),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_configuration_that_cannot_work_is_refused_when_made(case) -> None:
    call, error, message = CONFIGURATIONS[case]
    with pytest.raises(error, match=message):
        call(dl4py.NeuralNetConfiguration)
