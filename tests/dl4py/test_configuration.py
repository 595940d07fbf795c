"""Configurations: defaults, what follows from the input type, JSON, and errors that name the layer."""

from __future__ import annotations

import json

import pytest
from small_networks import mlp_configuration

from dl4py import (
    ActivationLayer,
    ConfigurationError,
    ConvolutionLayer,
    DenseLayer,
    Dropout,
    DropoutLayer,
    InputType,
    LossLayer,
    MaxNormConstraint,
    MultiLayerConfiguration,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    NonNegativeConstraint,
    OutputLayer,
    SubsamplingLayer,
    UnsupportedLayerError,
)
from nd4py.regularization import L1, L2, WeightDecay
from nd4py.updaters import Adam, Nesterovs, Sgd


def build(*layers, input_type=None, **settings):
    return NeuralNetConfiguration(**settings).list(*layers, input_type=input_type)


FF = InputType.feed_forward(3)
CNN = InputType.convolutional


# ----------------------------------------------------------------------------------------- defaults


def test_layers_take_unset_fields_from_the_network():
    conf = build(
        DenseLayer(n_out=4, activation="relu"),
        OutputLayer(n_out=2),
        input_type=FF,
        activation="tanh",
        updater=Adam(0.1),
        bias_init=0.5,
        weight_init="relu",
    )
    first, second = conf.layers
    assert type(first.activation).__name__ == "ReLU"
    assert type(second.activation).__name__ == "Softmax"
    assert first.updater == second.updater == Adam(0.1)
    assert first.bias_init == 0.5
    assert first.gradient_normalization == "None"


def test_regularization_of_a_layer_replaces_that_of_the_network_by_class():
    conf = build(
        DenseLayer(n_out=4, l2=0.5),
        DenseLayer(n_out=4, l2=0),
        OutputLayer(n_out=2),
        input_type=FF,
        l1=0.1,
        l2=0.2,
    )
    assert conf.layers[0].regularization == (L2(0.5), L1(0.1))
    assert conf.layers[1].regularization == (L1(0.1),)
    assert conf.layers[2].regularization == (L1(0.1), L2(0.2))


def test_global_weight_decay_is_given_to_each_layer_once():
    conf = build(DenseLayer(n_out=4), OutputLayer(n_out=2), input_type=FF, weight_decay=0.1)
    assert conf.layers[0].regularization == (WeightDecay(0.1),)


def test_dropout_zero_switches_the_network_default_off():
    conf = build(
        DenseLayer(n_out=4),
        DenseLayer(n_out=4, dropout=0),
        OutputLayer(n_out=2),
        input_type=FF,
        dropout=0.5,
    )
    assert conf.layers[0].dropout == Dropout(0.5)
    assert conf.layers[1].dropout is None


def test_constraints_are_bound_to_parameter_names():
    conf = build(
        DenseLayer(n_out=4, constrain_weights=MaxNormConstraint(max_norm=1.0, dimensions=1)),
        DropoutLayer(dropout=0.5),
        OutputLayer(n_out=2),
        input_type=FF,
        constrain_bias=NonNegativeConstraint(),
    )
    assert [c.params for c in conf.layers[0].constraints] == [("W",)]
    assert conf.layers[1].constraints is None
    assert [c.params for c in conf.layers[2].constraints] == [("b",)]


def test_names_are_given_and_must_differ():
    conf = build(DenseLayer(n_out=4), OutputLayer(n_out=2, name="out"), input_type=FF)
    assert [layer.name for layer in conf.layers] == ["layer0", "out"]
    with pytest.raises(ConfigurationError, match="names must differ; a is given more than once"):
        build(DenseLayer(n_out=4, name="a"), OutputLayer(n_out=2, name="a"), input_type=FF)


# -------------------------------------------------------------------------- sizes and preprocessors


def test_sizes_follow_from_the_input_type():
    conf = build(
        ConvolutionLayer(n_out=20, kernel_size=5),
        SubsamplingLayer(kernel_size=2),
        DenseLayer(n_out=50),
        OutputLayer(n_out=10),
        input_type=InputType.convolutional_flat(28, 28, 1),
    )
    assert [getattr(layer, "n_in", None) for layer in conf.layers] == [1, None, 12 * 12 * 20, 50]
    assert {i: type(p).__name__ for i, p in conf.input_pre_processors.items()} == {
        0: "FeedForwardToCnnPreProcessor",
        2: "CnnToFeedForwardPreProcessor",
    }


def test_sizes_follow_from_the_first_layer_without_an_input_type():
    conf = build(DenseLayer(n_in=5, n_out=4), OutputLayer(n_out=2))
    assert conf.layers[1].n_in == 4
    assert conf.known_input_type() == InputType.feed_forward(5)


def test_channels_last_reaches_every_layer():
    conf = build(
        ConvolutionLayer(n_out=2, kernel_size=2),
        SubsamplingLayer(kernel_size=2),
        OutputLayer(n_out=2),
        input_type=CNN(6, 6, 3, "NHWC"),
    )
    assert conf.layers[0].data_format == conf.layers[1].data_format == "NHWC"
    assert conf.layers[0].n_in == 3
    assert conf.input_pre_processors[2].data_format == "NHWC"


@pytest.mark.parametrize(
    ("mode", "expected"), [("Truncate", (2, 3)), ("Same", (3, 4))], ids=["truncate", "same"]
)
def test_output_size_of_convolution_modes(mode, expected):
    layer = ConvolutionLayer(n_in=1, n_out=1, kernel_size=3, stride=2, convolution_mode=mode)
    found = layer.output_type(CNN(6, 8, 1))
    assert (found.height, found.width) == expected


# ----------------------------------------------------------------------------------------------------------------
# JSON


def test_json_round_trip_gives_an_equal_configuration():
    conf = mlp_configuration(l2=0.1, dropout=0.5, bias_updater=Nesterovs(0.1, 0.5))
    again = MultiLayerConfiguration.from_json(conf.to_json())
    assert again.to_json() == conf.to_json()
    assert again.layers == conf.layers


def test_json_writes_what_is_not_a_number_as_text():
    tree = json.loads(
        mlp_configuration(
            dropout=Dropout(
                p_schedule={"@class": "org.nd4j.linalg.schedule.FixedSchedule", "value": 0.5}
            )
        ).to_json()
    )
    assert tree["confs"][0]["layer"]["idropout"]["p"] == "NaN"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.update(confs=3), 'expected a JSON object with a list "confs"'),
        (lambda t: t.update(confs=[]), "at least one layer"),
        (
            lambda t: t["confs"][0].update(layer=None),
            r"confs\[0\]: layer: expected a layer; received null",
        ),
        (
            lambda t: t["confs"][1]["layer"].update(nin="four"),
            r"confs\[1\]\.layer\.nin: expected a 64-bit integer; received 'four'",
        ),
        (lambda t: t["confs"][1]["layer"].update(nin=1e300), "expected a 64-bit integer"),
        (
            lambda t: t["confs"][0]["layer"].update(hasBias=1),
            r"layer\.hasBias: expected true or false",
        ),
        (
            lambda t: t["confs"][0]["layer"].pop("@class"),
            'expected a JSON object with a text "@class" that names a layer',
        ),
        (
            lambda t: t["confs"][0]["layer"].update(activationFn={"@class": "Nope"}),
            "activationFn: .*unknown class 'Nope'",
        ),
        (
            lambda t: t.update(
                inputPreProcessors={
                    "9": {
                        "@class": "org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor"
                    }
                }
            ),
            "there is no layer 9",
        ),
        (lambda t: t.update(inputPreProcessors={"-1": {}}), "expected layer indices as keys"),
        (lambda t: t.update(dataType="INT"), "dataType: expected one of FLOAT, DOUBLE, HALF"),
    ],
    ids=[
        "no list",
        "no layers",
        "no layer",
        "text",
        "huge",
        "number for bool",
        "no class",
        "activation",
        "preprocessor",
        "index",
        "type",
    ],
)
def test_json_errors_say_where(change, message):
    tree = json.loads(mlp_configuration().to_json())
    change(tree)
    with pytest.raises(ConfigurationError, match=message):
        MultiLayerConfiguration.from_json(json.dumps(tree))


def test_unknown_layer_class_is_named_with_its_place():
    tree = json.loads(mlp_configuration().to_json())
    tree["confs"][1]["layer"]["@class"] = "org.deeplearning4j.nn.conf.layers.Strange"
    with pytest.raises(UnsupportedLayerError) as raised:
        MultiLayerConfiguration.from_json(json.dumps(tree))
    assert raised.value.java_class.endswith("Strange")
    assert raised.value.path == "configuration.confs[1].layer"


@pytest.mark.parametrize("text", ["", "{", "[1,", "nul", "[" * 100_000, "\xff\xfe"], ids=str)
def test_text_that_is_no_json_is_refused(text):
    with pytest.raises(ConfigurationError):
        MultiLayerConfiguration.from_json(text)


# ------------------------------------------------------------------------------------------- errors

# What Deeplearning4j refuses when a configuration is built, initialised or used; ours is refused at
# that stage or before.
REFUSED = {
    "no layers": (lambda: build(), "at least one layer"),
    "n_in missing": (
        lambda: build(DenseLayer(n_out=3), OutputLayer(n_out=2)),
        r"layer 0 \(layer0, DenseLayer\): n_in=0, n_out=3: both must be positive",
    ),
    "n_in negative": (
        lambda: build(DenseLayer(n_in=-1, n_out=3), OutputLayer(n_out=2)),
        "n_in=-1, n_out=3",
    ),
    "n_out missing": (
        lambda: build(DenseLayer(), OutputLayer(n_out=2), input_type=FF),
        "n_in=3, n_out=0",
    ),
    "n_out of convolution": (
        lambda: build(
            ConvolutionLayer(kernel_size=2), OutputLayer(n_out=2), input_type=CNN(5, 5, 1)
        ),
        r"layer 0 .*ConvolutionLayer\): n_in=1, n_out=0",
    ),
    "n_in contradicts": (
        lambda: build(DenseLayer(n_in=3, n_out=4), OutputLayer(n_in=5, n_out=2)),
        r"layer 1 .* n_in=5 does not fit its input InputTypeFeedForward\(4\), which has 4",
    ),
    "kernel zero": (
        lambda: ConvolutionLayer(kernel_size=(0, 2)),
        r"kernel_size must be > 0 .* received \[0, 2\]",
    ),
    "kernel negative": (lambda: ConvolutionLayer(kernel_size=(-1, 2)), r"received \[-1, 2\]"),
    "kernel of three": (lambda: ConvolutionLayer(kernel_size=(2, 2, 2)), "expected 2 integers"),
    "stride zero": (
        lambda: ConvolutionLayer(stride=(0, 1)),
        r"stride must be > 0 .* received \[0, 1\]",
    ),
    "dilation zero": (lambda: ConvolutionLayer(dilation=(0, 1)), "dilation must be > 0"),
    "padding negative": (lambda: ConvolutionLayer(padding=-1), "padding must be >= 0"),
    "padding in same mode": (
        lambda: ConvolutionLayer(padding=1, convolution_mode="same"),
        "cannot be used with",
    ),
    "causal": (lambda: ConvolutionLayer(convolution_mode="Causal"), "over time only"),
    "rows into convolution": (
        lambda: build(
            ConvolutionLayer(n_out=2), OutputLayer(n_out=2), input_type=InputType.feed_forward(12)
        ),
        r"expected images as input; received InputTypeFeedForward\(12\)",
    ),
    "series into convolution": (
        lambda: build(
            ConvolutionLayer(n_out=2), OutputLayer(n_out=2), input_type=InputType.recurrent(3, 5)
        ),
        "expected images as input",
    ),
    "volumes into convolution": (
        lambda: build(
            ConvolutionLayer(n_out=2),
            OutputLayer(n_out=2),
            input_type=InputType.convolutional_3d(2, 2, 2, 1),
        ),
        "expected images",
    ),
    "kernel too large": (
        lambda: build(
            ConvolutionLayer(n_out=2, kernel_size=(5, 3)),
            OutputLayer(n_out=2),
            input_type=CNN(4, 4, 1),
        ),
        r"height: the kernel covers 5 .* input has only 4",
    ),
    "kernel too wide": (
        lambda: build(
            ConvolutionLayer(n_out=2, kernel_size=(3, 6)),
            OutputLayer(n_out=2),
            input_type=CNN(4, 4, 1),
        ),
        "width: the kernel covers 6",
    ),
    "strict height": (
        lambda: build(
            ConvolutionLayer(n_out=2, kernel_size=3, stride=2, convolution_mode="Strict"),
            OutputLayer(n_out=2),
            input_type=CNN(6, 5, 1),
        ),
        "height: in Strict mode .* is 2.50",
    ),
    "strict width": (
        lambda: build(
            ConvolutionLayer(n_out=2, kernel_size=3, stride=2, convolution_mode="Strict"),
            OutputLayer(n_out=2),
            input_type=CNN(5, 6, 1),
        ),
        "width: in Strict mode",
    ),
    "strict pooling": (
        lambda: build(
            SubsamplingLayer(kernel_size=2),
            OutputLayer(n_out=2),
            input_type=CNN(5, 5, 1),
            convolution_mode="Strict",
        ),
        "layer 0 .*SubsamplingLayer.*height: in Strict mode",
    ),
    "p-norm missing": (
        lambda: SubsamplingLayer(pooling_type="PNORM", kernel_size=2),
        "needs pnorm > 0; received pnorm=0",
    ),
    "p-norm negative": (
        lambda: SubsamplingLayer(pooling_type="PNORM", pnorm=-1),
        "received pnorm=-1",
    ),
    "data type int": (
        lambda: NeuralNetConfiguration(data_type="INT"),
        "expected one of FLOAT, DOUBLE, HALF; received 'INT'",
    ),
    "data type bfloat16": (
        lambda: NeuralNetConfiguration(data_type="BFLOAT16"),
        "received 'BFLOAT16'",
    ),
    "dropout negative": (
        lambda: DenseLayer(n_out=3, dropout=-0.5),
        "expected 0 < p <= 1, or 0 for no dropout; received -0.5",
    ),
    "dropout above one": (lambda: Dropout(1.5), "expected 0 < p <= 1; received 1.5"),
    "activation unknown": (
        lambda: DenseLayer(n_out=3, activation="rellu"),
        r"DenseLayer\(activation=\.\.\.\): .*unknown name 'rellu'",
    ),
    "activation number": (
        lambda: DenseLayer(n_out=3, activation=3),
        "expected a name, a JSON object or an instance",
    ),
    "loss unknown": (lambda: OutputLayer(n_out=3, loss="nope"), "unknown name 'nope'"),
    "updater unknown": (
        lambda: NeuralNetConfiguration(updater="adamm"),
        r"NeuralNetConfiguration\(updater=\.\.\.\)",
    ),
    "mcxent relu": (
        lambda: build(DenseLayer(n_out=3), OutputLayer(n_out=3, activation="relu"), input_type=FF),
        r"layer 1 .*ReLU with loss LossMCXENT: the loss needs probabilities",
    ),
    "mcxent sigmoid": (
        lambda: build(OutputLayer(n_out=3, activation="sigmoid"), input_type=FF),
        "sigmoid gives independent ones",
    ),
    "nll identity": (
        lambda: build(
            OutputLayer(n_out=3, loss="negativeloglikelihood", activation="identity"), input_type=FF
        ),
        "needs probabilities",
    ),
    "softmax one output": (
        lambda: build(OutputLayer(n_out=1), input_type=FF),
        "softmax over n_out=1 always gives 1.0",
    ),
    "xent softmax": (
        lambda: build(OutputLayer(n_out=3, loss="xent"), input_type=FF),
        "binary cross entropy treats outputs",
    ),
    "xent tanh": (
        lambda: build(OutputLayer(n_out=3, loss="xent", activation="tanh"), input_type=FF),
        "needs probabilities",
    ),
    "constraint type": (
        lambda: DenseLayer(n_out=3, constraints=[1]),
        "expected a constraint such as",
    ),
    "weights without distribution": (
        lambda: DenseLayer(n_out=3, weight_init="distribution"),
        "weight_init",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_senseless_configurations_are_refused_before_arrays_exist(case):
    make, message = REFUSED[case]
    with pytest.raises((ConfigurationError, ValueError, TypeError), match=message):
        make()


def test_output_check_can_be_turned_off():
    layers = (OutputLayer(n_out=3, activation="sigmoid"),)
    conf = NeuralNetConfiguration().list(*layers, input_type=FF, validate_output_layer=False)
    assert len(conf.layers) == 1


def test_identity_is_allowed_on_a_loss_layer():
    conf = build(DenseLayer(n_out=3), LossLayer(activation="identity"), input_type=FF)
    assert MultiLayerNetwork(conf).num_params() == 12


def test_identity_weights_need_a_square_matrix():
    conf = build(DenseLayer(n_out=4, weight_init="identity"), OutputLayer(n_out=2), input_type=FF)
    with pytest.raises(ValueError, match=r"identity|square"):
        MultiLayerNetwork(conf).init()


@pytest.mark.parametrize("shape", [(3,), (1, 2, 3, 4, 5, 6)])
def test_input_type_of_other_ranks_is_refused(shape):
    with pytest.raises(ValueError, match="rank 2 to 5"):
        InputType.infer(shape)


def test_list_takes_layers_and_input_types_only():
    with pytest.raises(TypeError, match="layer 1 is no layer configuration"):
        NeuralNetConfiguration().list(DenseLayer(n_in=3, n_out=2), "softmax")
    with pytest.raises(TypeError, match="input_type: expected an InputType"):
        NeuralNetConfiguration().list(DenseLayer(n_out=2), input_type=4)


def test_seed_comes_from_the_clock_unless_given():
    assert NeuralNetConfiguration(seed=3).seed == 3
    assert NeuralNetConfiguration().seed > 1_600_000_000_000


def test_activation_layer_takes_the_network_default():
    conf = build(
        ActivationLayer(), OutputLayer(n_out=2), input_type=FF, activation="relu", updater=Sgd(0.1)
    )
    assert type(conf.layers[0].activation).__name__ == "ReLU"
