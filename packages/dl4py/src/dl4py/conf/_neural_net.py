"""Global settings and the defaults of a network's layers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from dl4py.conf._dropout import DROPOUT, NO_DROPOUT
from dl4py.conf._functions import ACTIVATION, REGULARIZATION, UPDATER, WEIGHT_INIT
from dl4py.conf._json import FLOAT, INT, Codec, enum, many
from dl4py.conf._step_functions import STEP_FUNCTION
from dl4py.conf._weight_noise import WEIGHT_NOISE
from dl4py.conf.layers._base import GRADIENT_NORMALIZATIONS, AbstractLayer, regularizations
from dl4py.conf.layers._convolution_sizes import CONVOLUTION_MODES, CUDNN_ALGO_MODES
from nd4py import dtypes

if TYPE_CHECKING:
    from dl4py.conf._inputs import InputType
    from dl4py.conf._multi_layer import MultiLayerConfiguration
    from dl4py.conf._preprocessors import AbstractPreProcessor

OPTIMIZATION_ALGORITHMS = (
    "STOCHASTIC_GRADIENT_DESCENT",
    "LINE_GRADIENT_DESCENT",
    "CONJUGATE_GRADIENT",
    "LBFGS",
)
WORKSPACE_MODES = ("ENABLED", "NONE", "SINGLE", "SEPARATE")
CACHE_MODES = ("NONE", "HOST", "DEVICE")
DATA_TYPES = ("FLOAT", "DOUBLE", "HALF")


def data_type_name(value: object) -> str:
    """``FLOAT``, ``DOUBLE`` or ``HALF`` from any name of the type.

    Raises:
        ValueError: it is another type.
    """
    found = dtypes.dtype(value).dl4j_name
    if found not in DATA_TYPES:
        raise ValueError(f"data_type: expected one of {', '.join(DATA_TYPES)}; received {value!r}")
    return found


DATA_TYPE = Codec(str, enum(*DATA_TYPES).decode, data_type_name)

_COERCED: dict[str, Codec] = {
    "seed": INT,
    **dict.fromkeys(
        (
            "bias_init",
            "gain_init",
            "l1",
            "l2",
            "weight_decay",
            "l1_bias",
            "l2_bias",
            "weight_decay_bias",
            "gradient_normalization_threshold",
        ),
        FLOAT,
    ),
    "max_num_line_search_iterations": INT,
    "activation": ACTIVATION,
    "weight_init": WEIGHT_INIT,
    "updater": UPDATER,
    "bias_updater": UPDATER,
    "weight_noise": WEIGHT_NOISE,
    "dropout": DROPOUT,
    "regularization": many(REGULARIZATION),
    "regularization_bias": many(REGULARIZATION),
    "gradient_normalization": enum(*GRADIENT_NORMALIZATIONS),
    "convolution_mode": enum(*CONVOLUTION_MODES),
    "cudnn_algo_mode": enum(*CUDNN_ALGO_MODES),
    "optimization_algo": enum(*OPTIMIZATION_ALGORITHMS),
    "step_function": STEP_FUNCTION,
    "cache_mode": enum(*CACHE_MODES),
    "training_workspace_mode": enum(*WORKSPACE_MODES),
    "inference_workspace_mode": enum(*WORKSPACE_MODES),
    "data_type": DATA_TYPE,
}


@dataclass(frozen=True, kw_only=True, repr=False)
class NeuralNetConfiguration:
    """Settings of a network and defaults of its layers; `list` puts layers to it.

    Answers to ``org.deeplearning4j.nn.conf.NeuralNetConfiguration.Builder``. Names, objects and
    numbers are accepted where a layer accepts them.

    Attributes:
        seed: of all random numbers; None for one from the clock.
        l1, l2, weight_decay, l1_bias, l2_bias, weight_decay_bias: regularisation of every layer
            without its own.
        dropout: probability to keep a value of a layer's input in training, or a dropout object; 0
            for none.
        mini_batch: divide score and gradients by the number of examples.
        optimization_algo: one of ``OPTIMIZATION_ALGORITHMS``.
        data_type: ``"FLOAT"``, ``"DOUBLE"`` or ``"HALF"``.

    >>> from dl4py import DenseLayer, InputType, OutputLayer
    >>> conf = NeuralNetConfiguration(seed=42, activation="relu", l2=1e-4).list(
    ...     DenseLayer(n_out=16), OutputLayer(n_out=3), input_type=InputType.feed_forward(4))
    >>> [layer.n_in for layer in conf.layers]
    [4, 16]
    """

    seed: int | None = None
    activation: Any = "sigmoid"
    weight_init: Any = "xavier"
    bias_init: float = 0.0
    gain_init: float = 1.0
    updater: Any = "sgd"
    bias_updater: Any = None
    l1: float | None = None
    l2: float | None = None
    weight_decay: float | None = None
    l1_bias: float | None = None
    l2_bias: float | None = None
    weight_decay_bias: float | None = None
    regularization: Any = ()
    regularization_bias: Any = ()
    dropout: Any = None
    weight_noise: Any = None
    constrain_weights: Any = None
    constrain_bias: Any = None
    constrain_all_parameters: Any = None
    gradient_normalization: str = "None"
    gradient_normalization_threshold: float = 1.0
    optimization_algo: str = "STOCHASTIC_GRADIENT_DESCENT"
    max_num_line_search_iterations: int = 5
    mini_batch: bool = True
    minimize: bool = True
    step_function: str | None = None
    data_type: str = "FLOAT"
    convolution_mode: str = "Truncate"
    cudnn_algo_mode: str = "PREFER_FASTEST"
    training_workspace_mode: str = "ENABLED"
    inference_workspace_mode: str = "ENABLED"
    cache_mode: str = "NONE"

    def __post_init__(self) -> None:
        put = object.__setattr__
        for f in fields(self):
            codec = _COERCED.get(f.name)
            value = getattr(self, f.name)
            if codec is not None and codec.coerce is not None and value is not None:
                try:
                    put(self, f.name, codec.coerce(value))
                except (TypeError, ValueError) as problem:
                    raise type(problem)(
                        f"NeuralNetConfiguration({f.name}=...): {problem}"
                    ) from None
        if self.dropout is NO_DROPOUT:
            put(self, "dropout", None)
        put(
            self,
            "regularization",
            regularizations(self.regularization, self.l1, self.l2, self.weight_decay),
        )
        put(
            self,
            "regularization_bias",
            regularizations(
                self.regularization_bias, self.l1_bias, self.l2_bias, self.weight_decay_bias
            ),
        )
        if self.seed is None:
            put(self, "seed", time.time_ns() // 1_000_000)

    def __repr__(self) -> str:
        default = type(self)(seed=0)
        shown = (
            f"{f.name}={value!r}"
            for f in fields(self)
            if (value := getattr(self, f.name)) != getattr(default, f.name)
        )
        return f"NeuralNetConfiguration({', '.join(shown)})"

    def list(
        self,
        *layers: AbstractLayer,
        input_type: InputType | None = None,
        input_pre_processors: Mapping[int, AbstractPreProcessor] | None = None,
        backprop_type: str = "Standard",
        tbptt_fwd_length: int = 20,
        tbptt_back_length: int = 20,
        validate_output_layer: bool = True,
    ) -> MultiLayerConfiguration:
        """The configuration of a network of these layers, complete and checked.

        Args:
            layers: the layers, input first.
            input_type: what the network receives; sizes and preprocessors follow from it. Without
                it the first layer must give ``n_in``.
            input_pre_processors: preprocessors by layer index, instead of the automatic ones.
            backprop_type: ``"Standard"`` or ``"TruncatedBPTT"``.
            tbptt_fwd_length: time steps per truncated segment.
            tbptt_back_length: kept for the file.
            validate_output_layer: refuse combinations of activation and loss that cannot be meant.

        Raises:
            ConfigurationError: naming the layer, what was expected and what was given.
        """
        from dl4py.conf._multi_layer import build

        return build(
            self,
            layers,
            input_type,
            dict(input_pre_processors or {}),
            backprop_type,
            tbptt_fwd_length,
            tbptt_back_length,
            validate_output_layer,
        )
