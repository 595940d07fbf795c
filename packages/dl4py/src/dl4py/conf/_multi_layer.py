"""The configuration of a network that is a list of layers, and how it is built, written and read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dl4py.conf._inputs import InputType, InputTypeFeedForward
from dl4py.conf._json import (
    BOOL,
    INT,
    TEXT,
    Codec,
    JavaObject,
    describe,
    enum,
    from_tree,
    json_field,
    many,
    to_tree,
)
from dl4py.conf._neural_net import (
    CACHE_MODES,
    DATA_TYPE,
    OPTIMIZATION_ALGORITHMS,
    WORKSPACE_MODES,
    NeuralNetConfiguration,
)
from dl4py.conf._preprocessors import PRE_PROCESSOR, AbstractPreProcessor
from dl4py.conf._step_functions import STEP_FUNCTION
from dl4py.conf._validation import check_output_layer
from dl4py.conf.layers import (
    AbstractFeedForwardLayer,
    AbstractLayer,
    AbstractOutputLayer,
    DenseLayer,
)
from dl4py.conf.layers._base import FAMILY
from dl4py.errors import ConfigurationError, UnsupportedLayerError

MAX_LAYERS = 100_000


@dataclass(frozen=True, eq=False, repr=False)
class LayerConfiguration(JavaObject):
    """One layer with the global settings the file repeats at each (an entry of ``confs``).

    Answers to ``org.deeplearning4j.nn.conf.NeuralNetConfiguration``.
    """

    layer: AbstractLayer = json_field("layer", FAMILY.codec())
    variables: tuple[str, ...] = json_field("variables", many(TEXT), ())
    seed: int = json_field("seed", INT, 0)
    mini_batch: bool = json_field("miniBatch", BOOL, True)
    minimize: bool = json_field("minimize", BOOL, True)
    optimization_algo: str = json_field(
        "optimizationAlgo", enum(*OPTIMIZATION_ALGORITHMS), "STOCHASTIC_GRADIENT_DESCENT"
    )
    max_num_line_search_iterations: int = json_field("maxNumLineSearchIterations", INT, 5)
    step_function: str | None = json_field("stepFunction", STEP_FUNCTION)
    data_type: str = json_field("dataType", DATA_TYPE, "FLOAT")
    cache_mode: str = json_field("cacheMode", enum(*CACHE_MODES), "NONE")
    iteration_count: int = json_field("iterationCount", INT, 0)
    epoch_count: int = json_field("epochCount", INT, 0)

    def check(self) -> None:
        """A layer is needed."""
        if self.layer is None:
            raise ConfigurationError("layer: expected a layer; received null")


def _decode_pre_processors(tree: object, path: str) -> Mapping[int, AbstractPreProcessor]:
    if not isinstance(tree, Mapping):
        raise ConfigurationError(
            f"{path}: expected an object keyed by layer index; received {describe(tree)}"
        )
    found = {}
    for key, value in tree.items():
        if not str(key).isdecimal() or len(str(key)) > 9:
            raise ConfigurationError(
                f"{path}: expected layer indices as keys; received {key!r:.40}"
            )
        found[int(key)] = PRE_PROCESSOR.decode(value, f"{path}.{key}")
    return MappingProxyType(found)


_PRE_PROCESSORS = Codec(
    lambda value: {str(k): to_tree(v) for k, v in sorted(value.items())},
    _decode_pre_processors,
    MappingProxyType,
)
_CONF = Codec(to_tree, lambda tree, path: from_tree(LayerConfiguration, tree, path))


@dataclass(frozen=True, eq=False, repr=False)
class MultiLayerConfiguration(JavaObject):
    """The complete configuration of a `MultiLayerNetwork`.

    Made by `NeuralNetConfiguration.list` or read from JSON. Answers to
    ``org.deeplearning4j.nn.conf.MultiLayerConfiguration``.

    Attributes:
        confs: one `LayerConfiguration` per layer.
        input_pre_processors: preprocessors by layer index.
        input_type: what the network receives; a file does not hold it, so it is None after reading
            unless it follows from the first layer.
    """

    confs: tuple[LayerConfiguration, ...] = json_field("confs", many(_CONF), ())
    input_pre_processors: Mapping[int, AbstractPreProcessor] = json_field(
        "inputPreProcessors", _PRE_PROCESSORS, factory=lambda: MappingProxyType({})
    )
    backprop_type: str = json_field("backpropType", enum("Standard", "TruncatedBPTT"), "Standard")
    tbptt_fwd_length: int = json_field("tbpttFwdLength", INT, 20)
    tbptt_back_length: int = json_field("tbpttBackLength", INT, 20)
    data_type: str = json_field("dataType", DATA_TYPE, "FLOAT")
    cache_mode: str = json_field("cacheMode", enum(*CACHE_MODES), "NONE")
    training_workspace_mode: str = json_field(
        "trainingWorkspaceMode", enum(*WORKSPACE_MODES), "ENABLED"
    )
    inference_workspace_mode: str = json_field(
        "inferenceWorkspaceMode", enum(*WORKSPACE_MODES), "ENABLED"
    )
    validate_output_layer_config: bool = json_field("validateOutputLayerConfig", BOOL, True)
    iteration_count: int = json_field("iterationCount", INT, 0)
    epoch_count: int = json_field("epochCount", INT, 0)
    input_type: InputType | None = None

    def check(self) -> None:
        """At least one layer; preprocessors only for layers that exist."""
        if not self.confs:
            raise ConfigurationError("confs: a network needs at least one layer")
        for index in self.input_pre_processors:
            if index >= len(self.confs):
                raise ConfigurationError(
                    f"inputPreProcessors: there is no layer {index}; the network has {len(self.confs)} layers"
                )

    @property
    def layers(self) -> tuple[AbstractLayer, ...]:
        """The layers, input first."""
        return tuple(c.layer for c in self.confs)

    @property
    def seed(self) -> int:
        """The seed of all random numbers."""
        return self.confs[0].seed

    def with_data_type(self, data_type: str) -> MultiLayerConfiguration:
        """The same network computing in another type."""
        confs = tuple(dataclasses.replace(c, data_type=data_type) for c in self.confs)
        return dataclasses.replace(self, confs=confs, data_type=data_type)

    def with_variables(self) -> MultiLayerConfiguration:
        """The same with the names of each layer's parameters filled in, as a saved network has
        them.
        """
        confs = tuple(dataclasses.replace(c, variables=c.layer.variables()) for c in self.confs)
        return dataclasses.replace(self, confs=confs)

    def known_input_type(self) -> InputType | None:
        """The input type, or what follows from the first layer's ``n_in``."""
        if self.input_type is not None:
            return self.input_type
        first = self.confs[0].layer
        plain = isinstance(first, DenseLayer) or type(first).__name__ in (
            "OutputLayer",
            "EmbeddingLayer",
        )
        if (
            0 in self.input_pre_processors
            or not plain
            or not isinstance(first, AbstractFeedForwardLayer)
        ):
            return None
        return InputTypeFeedForward(first.n_in) if first.n_in > 0 else None

    def input_types(
        self, input_type: InputType | None = None
    ) -> list[tuple[InputType, InputType, InputType]] | None:
        """Per layer: the type coming in, the same after the preprocessor, and the type going out.

        None where the network's input type is not known.
        """
        current = input_type or self.known_input_type()
        if current is None:
            return None
        found = []
        for index, conf in enumerate(self.confs):
            with _naming(conf.layer, index):
                pre = self.input_pre_processors.get(index)
                received = current if pre is None else pre.output_type(current)
                given = conf.layer.output_type(received)
            found.append((current, received, given))
            current = given
        return found

    def to_json(self) -> str:
        """Deeplearning4j's JSON text (``MultiLayerConfiguration.toJson``)."""
        import json

        return json.dumps(to_tree(self), indent=2, separators=(",", " : "), sort_keys=False)

    @staticmethod
    def from_json(text: str | bytes) -> MultiLayerConfiguration:
        """The configuration of a JSON text (``MultiLayerConfiguration.fromJson``).

        Raises:
            ConfigurationError: the text is no such configuration; the message names the place.
            UnsupportedLayerError: it holds a class that this version does not have.
        """
        return from_json_tree(parse_json(text))


def parse_json(text: str | bytes) -> Any:
    """The tree of a JSON text of bounded depth.

    Raises:
        ConfigurationError: it is not JSON, or nested beyond reason.
    """
    import json

    try:
        return json.loads(text)
    except RecursionError:
        raise ConfigurationError("configuration: the JSON is nested too deeply") from None
    except (ValueError, UnicodeDecodeError) as problem:
        raise ConfigurationError(f"configuration: not JSON: {problem}") from None


def from_json_tree(tree: object) -> MultiLayerConfiguration:
    """The configuration of a parsed JSON text."""
    if isinstance(tree, Mapping) and "vertices" in tree:
        raise UnsupportedLayerError(
            "org.deeplearning4j.nn.conf.ComputationGraphConfiguration", "configuration", "network"
        )
    if not isinstance(tree, Mapping) or not isinstance(tree.get("confs"), list):
        raise ConfigurationError(
            f'configuration: expected a JSON object with a list "confs", one entry per layer; received {describe(tree)}'
        )
    if len(tree["confs"]) > MAX_LAYERS:
        raise ConfigurationError(
            f"confs: at most {MAX_LAYERS} layers; received {len(tree['confs'])}"
        )
    for index, conf in enumerate(tree["confs"]):
        if not isinstance(conf, Mapping):
            raise ConfigurationError(
                f"confs[{index}]: expected a JSON object; received {describe(conf)}"
            )
    return from_tree(MultiLayerConfiguration, tree, "configuration")


class _naming:
    """Puts the layer's name before the message of an error inside the block."""

    def __init__(self, layer: AbstractLayer, index: int) -> None:
        self._layer = layer
        self._index = index

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: object
    ) -> None:
        if isinstance(problem, ConfigurationError):
            raise ConfigurationError(f"{self._layer.label(self._index)}: {problem}") from None


def build(
    settings: NeuralNetConfiguration,
    layers: Sequence[AbstractLayer],
    input_type: InputType | None,
    pre_processors: dict[int, AbstractPreProcessor],
    backprop_type: str,
    tbptt_fwd_length: int,
    tbptt_back_length: int,
    validate_output_layer: bool,
) -> MultiLayerConfiguration:
    """See `NeuralNetConfiguration.list`."""
    if len(layers) == 1 and isinstance(layers[0], (list, tuple)):
        layers = layers[0]
    if not layers:
        raise ConfigurationError("list: a network needs at least one layer")
    for index, layer in enumerate(layers):
        if not isinstance(layer, AbstractLayer):
            raise TypeError(f"list: layer {index} is no layer configuration; received {layer!r}")
    if input_type is not None and not isinstance(input_type, InputType):
        raise TypeError(
            f"list: input_type: expected an InputType such as InputType.feed_forward(4); received {input_type!r}"
        )
    complete: list[AbstractLayer] = []
    current = input_type
    for index, layer in enumerate(layers):
        layer = dataclasses.replace(layer, name=layer.name or f"layer{index}")
        with _naming(layer, index):
            layer = layer.with_defaults(settings)  # type: ignore[arg-type]
            if index == 0 and current is None and 0 not in pre_processors:
                current = _type_of_first(layer)
            if current is not None:
                pre = pre_processors.get(index) or layer.pre_processor_for(current)
                if pre is not None:
                    pre_processors[index] = pre
                    current = pre.output_type(current)
                layer = _sized(layer, current)
            layer.check_sizes()
            layer = layer.bind_constraints(settings)  # type: ignore[arg-type]
            if current is not None:
                current = layer.output_type(current)
            if validate_output_layer and isinstance(layer, AbstractOutputLayer):
                check_output_layer(layer, f"loss {type(layer.loss).__name__}")
        complete.append(layer)
    names = [layer.name for layer in complete]
    twice = sorted({n for n in names if n is not None and names.count(n) > 1})
    if twice:
        raise ConfigurationError(
            f"list: layer names must differ; {', '.join(twice)} is given more than once"
        )
    confs = tuple(_conf(settings, layer) for layer in complete)
    return MultiLayerConfiguration(
        confs,
        pre_processors,
        backprop_type,
        tbptt_fwd_length,
        tbptt_back_length,
        settings.data_type,
        settings.cache_mode,
        settings.training_workspace_mode,
        settings.inference_workspace_mode,
        input_type=input_type,
    )


def _type_of_first(layer: AbstractLayer) -> InputType | None:
    if isinstance(layer, DenseLayer) or type(layer).__name__ in ("OutputLayer", "EmbeddingLayer"):
        size = getattr(layer, "n_in", 0)
        return InputTypeFeedForward(size) if size > 0 else None
    return None


def _sized(layer: AbstractLayer, input_type: InputType) -> AbstractLayer:
    """The layer with the sizes that follow from its input; a contradiction is an error, not
    overridden.
    """
    given = getattr(layer, "n_in", 0)
    found = layer.with_input_type(input_type, override=True)
    follows = getattr(found, "n_in", 0)
    if given > 0 and follows != given:
        raise ConfigurationError(
            f"n_in={given} does not fit its input {input_type!r}, which has {follows}; leave n_in out"
        )
    return found


def _conf(settings: NeuralNetConfiguration, layer: AbstractLayer) -> LayerConfiguration:
    return LayerConfiguration(
        layer,
        (),
        settings.seed or 0,
        settings.mini_batch,
        settings.minimize,
        settings.optimization_algo,
        settings.max_num_line_search_iterations,
        settings.step_function,
        settings.data_type,
        settings.cache_mode,
    )
