"""What every layer configuration has, and what the network asks of it.

A layer is one frozen dataclass: fields with their JSON keys, parameter blocks, the type it gives
for an input type, and its forward pass written with nd4py operations. Fields left at None take the
network's defaults when the network configuration is built; a layer read from a file is complete
already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar

import nd4py as nd
from dl4py.conf._constraints import CONSTRAINT, AbstractConstraint
from dl4py.conf._dropout import DROPOUT, NO_DROPOUT, AbstractDropout, RandomContext
from dl4py.conf._functions import ACTIVATION, REGULARIZATION, UPDATER, WEIGHT_INIT
from dl4py.conf._inputs import (
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from dl4py.conf._json import FLOAT, INT, TEXT, Family, JavaObject, enum, json_field, many
from dl4py.conf._preprocessors import (
    AbstractPreProcessor,
    Cnn3DToFeedForwardPreProcessor,
    CnnToFeedForwardPreProcessor,
    RnnToFeedForwardPreProcessor,
)
from dl4py.conf._weight_noise import WEIGHT_NOISE, AbstractWeightNoise
from dl4py.errors import ConfigurationError

if TYPE_CHECKING:
    from dl4py.conf._defaults import Defaults

FAMILY = Family("layer")
PACKAGE = "org.deeplearning4j.nn.conf.layers."

GRADIENT_NORMALIZATIONS = (
    "None",
    "RenormalizeL2PerLayer",
    "RenormalizeL2PerParamType",
    "ClipElementWiseAbsoluteValue",
    "ClipL2PerLayer",
    "ClipL2PerParamType",
)

Value: TypeAlias = Any
"""An array or a graph variable: the forward pass of a layer runs on both."""

Layer = TypeVar("Layer", bound="AbstractLayer")


class LayerContext(RandomContext, Protocol):
    """What a forward pass knows beside input and parameters."""

    training: bool
    minibatch: int
    mask: Value | None

    def update(self, parameter: str, pseudo_gradient: Value) -> None:
        """In training, what the NoOp updater shall subtract from a statistic of this layer."""


@dataclass(frozen=True)
class Parameter:
    """One parameter array of a layer, a view of the network's flat vector.

    Attributes:
        name: its key, such as ``W``.
        shape: its shape.
        order: how the slice of the flat vector is laid out: 'f' column-major, 'c' row-major.
        kind: ``weight`` and ``bias`` choose the updater and the regularisation; a ``gain`` is
            regularised as a weight; a ``scale`` is trained but never regularised; a ``statistic``
            is not trained (NoOp updater, not divided by the minibatch size).
        fan_in, fan_out: for the weight initialisation.
        initial: the value it starts with; None for the layer's weight initialisation.
    """

    name: str
    shape: tuple[int, ...]
    order: Literal["c", "f"] = "f"
    kind: Literal["weight", "bias", "gain", "scale", "statistic"] = "weight"
    fan_in: float = 0.0
    fan_out: float = 0.0
    initial: float | None = None

    @property
    def length(self) -> int:
        """Number of elements."""
        length = 1
        for n in self.shape:
            length *= n
        return length


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractLayer(JavaObject):
    """Base of all layers.

    Attributes:
        name: the layer's name; None for ``layer<index>``.
        dropout: applied to the layer's *input* in training: the probability to keep a value, or a
            dropout object; 0 for none whatever the network's default is.
        constraints: applied to parameters after each update; usually given by one of the next
            three.
        constrain_weights, constrain_bias, constrain_all_parameters: constraints for the parameters
            of that kind.
    """

    name: str | None = json_field("layerName", TEXT)
    dropout: AbstractDropout | float | None = json_field("idropout", DROPOUT)
    constraints: tuple[AbstractConstraint, ...] | None = json_field("constraints", many(CONSTRAINT))
    constrain_weights: Any = None
    constrain_bias: Any = None
    constrain_all_parameters: Any = None

    runtime_name: ClassVar[str | None] = None  # in summaries, where it is not the class name
    frozen: ClassVar[bool] = False  # parameters that training never changes

    # --------------------------------------------------------------------------- building a network

    def with_defaults(self: Layer, defaults: Defaults) -> Layer:
        """This layer with every unset field taken from the network's defaults."""
        return dataclasses.replace(self, **self._unset(defaults))

    def _unset(self, defaults: Defaults) -> dict[str, Any]:
        """The fields to replace; subclasses extend it."""
        dropout = defaults.dropout if self.dropout is None else self.dropout
        return {"dropout": None if dropout is NO_DROPOUT else dropout}

    def bind_constraints(self: Layer, defaults: Defaults) -> Layer:
        """This layer with its constraints bound to names of parameters, whose sizes are known by
        now.
        """
        if self.constraints is not None:
            return self
        own = (self.constrain_all_parameters, self.constrain_weights, self.constrain_bias)
        wanted = (
            own
            if any(c is not None for c in own)
            else (
                defaults.constrain_all_parameters,
                defaults.constrain_weights,
                defaults.constrain_bias,
            )
        )
        kinds = (None, "weight", "bias")
        bound: list[AbstractConstraint] = []
        for constraints, kind in zip(wanted, kinds, strict=True):
            if constraints is None:
                continue
            names = tuple(p.name for p in self.parameters() if kind is None or p.kind == kind)
            for constraint in (
                constraints if isinstance(constraints, (list, tuple)) else (constraints,)
            ):
                if names:
                    bound.append(constraint.for_params(names))
        return dataclasses.replace(
            self,
            constraints=tuple(bound) or None,
            constrain_all_parameters=None,
            constrain_weights=None,
            constrain_bias=None,
        )

    def with_input_type(self: Layer, input_type: InputType, override: bool) -> Layer:
        """This layer with the sizes that follow from its input."""
        return self

    def output_type(self, input_type: InputType) -> InputType:
        """The type of its activations."""
        raise NotImplementedError

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """The preprocessor it needs for this input, if any."""
        return None

    def check_sizes(self) -> None:
        """Refuses a layer whose parameters cannot be made: called when the network is built."""

    def parameters(self) -> tuple[Parameter, ...]:
        """Its parameter blocks, in memory order."""
        return ()

    def table_order(self) -> tuple[str, ...]:
        """Names of its parameters in the order of the parameter table, which groups updater blocks."""
        return tuple(p.name for p in self.parameters())

    def variables(self) -> tuple[str, ...]:
        """Names of its parameters as the file's ``variables`` lists them: weights before biases."""
        found = self.parameters()
        first = [p.name for p in found if p.kind == "weight"]
        return (*first, *(p.name for p in found if p.kind != "weight"))

    def updater_of(self, parameter: Parameter) -> Any:
        """The updater of one of its parameters."""
        raise NotImplementedError

    def regularization_of(self, parameter: Parameter) -> tuple[Any, ...]:
        """The regularisations of one of its parameters."""
        return ()

    def normalization(self) -> tuple[str, float]:
        """Gradient normalisation and its threshold."""
        return "None", 0.0

    # --------------------------------------------------------------------------------- forward pass

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """Its activations for the (preprocessed, dropped out) input ``x``."""
        raise NotImplementedError

    def noisy(self, params: Mapping[str, Value], context: LayerContext) -> Mapping[str, Value]:
        """The parameters as this pass sees them: with weight noise in training."""
        return params

    def mask_after(self, mask: Value | None) -> Value | None:
        """The feature mask that the next layer gets."""
        return mask

    def label(self, index: int) -> str:
        """How messages name this layer."""
        return f"layer {index} ({self.name or f'layer{index}'}, {type(self).__name__})"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractNoParamLayer(AbstractLayer):
    """Base of layers without parameters."""

    gradient_normalization: str = json_field(
        "gradientNormalization", enum(*GRADIENT_NORMALIZATIONS), "None"
    )
    gradient_normalization_threshold: float = json_field(
        "gradientNormalizationThreshold", FLOAT, 0.0
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractBaseLayer(AbstractLayer):
    """Base of layers with an activation, and of all with trained parameters.

    Attributes:
        activation: name, such as ``"relu"``, or activation object.
        weight_init: name, such as ``"xavier"``, weight-init object or distribution.
        bias_init: value biases start with.
        gain_init: value gains start with.
        l1, l2, weight_decay: regularisation of the weights; 0 for none whatever the network's
            default is.
        l1_bias, l2_bias, weight_decay_bias: regularisation of the biases.
        regularization, regularization_bias: the same as objects, for schedules and other options.
        updater, bias_updater: updater objects; biases take ``bias_updater`` where it is given.
        weight_noise: noise on the weights in training.
        gradient_normalization, gradient_normalization_threshold: see ``GRADIENT_NORMALIZATIONS``.
    """

    activation: Any = json_field("activationFn", ACTIVATION)
    weight_init: Any = json_field("weightInitFn", WEIGHT_INIT)
    bias_init: float | None = json_field("biasInit", FLOAT)
    gain_init: float | None = json_field("gainInit", FLOAT)
    regularization: tuple[Any, ...] | None = json_field("regularization", many(REGULARIZATION))
    regularization_bias: tuple[Any, ...] | None = json_field(
        "regularizationBias", many(REGULARIZATION)
    )
    updater: Any = json_field("iupdater", UPDATER)
    bias_updater: Any = json_field("biasUpdater", UPDATER)
    weight_noise: AbstractWeightNoise | None = json_field("weightNoise", WEIGHT_NOISE)
    gradient_normalization: str | None = json_field(
        "gradientNormalization", enum(*GRADIENT_NORMALIZATIONS)
    )
    gradient_normalization_threshold: float | None = json_field(
        "gradientNormalizationThreshold", FLOAT
    )

    l1: float | None = None
    l2: float | None = None
    weight_decay: float | None = None
    l1_bias: float | None = None
    l2_bias: float | None = None
    weight_decay_bias: float | None = None

    def _unset(self, defaults: Defaults) -> dict[str, Any]:
        found = super()._unset(defaults)
        for name in (
            "activation",
            "weight_init",
            "bias_init",
            "gain_init",
            "updater",
            "bias_updater",
            "weight_noise",
            "gradient_normalization",
            "gradient_normalization_threshold",
        ):
            if getattr(self, name) is None:
                found[name] = getattr(defaults, name)
        reg = nd.regularization
        found["regularization"] = merge_regularization(
            regularizations(self.regularization, self.l1, self.l2, self.weight_decay),
            defaults.regularization,
            {reg.L1: self.l1, reg.L2: self.l2, reg.WeightDecay: self.weight_decay},
        )
        found["regularization_bias"] = merge_regularization(
            regularizations(
                self.regularization_bias, self.l1_bias, self.l2_bias, self.weight_decay_bias
            ),
            defaults.regularization_bias,
            {reg.L1: self.l1_bias, reg.L2: self.l2_bias, reg.WeightDecay: self.weight_decay_bias},
        )
        found.update(
            dict.fromkeys(("l1", "l2", "weight_decay", "l1_bias", "l2_bias", "weight_decay_bias"))
        )
        return found

    def updater_of(self, parameter: Parameter) -> Any:
        """The bias updater for biases where set, NoOp for statistics, the updater otherwise."""
        if parameter.kind == "statistic":
            from nd4py.updaters import NoOp

            return NoOp()
        if parameter.kind == "bias" and self.bias_updater is not None:
            return self.bias_updater
        return self.updater

    def regularization_of(self, parameter: Parameter) -> tuple[Any, ...]:
        """The lists of weights and gains, and of biases."""
        if parameter.kind in ("weight", "gain"):
            return self.regularization or ()
        return (self.regularization_bias or ()) if parameter.kind == "bias" else ()

    def normalization(self) -> tuple[str, float]:
        """Gradient normalisation and its threshold."""
        return self.gradient_normalization or "None", self.gradient_normalization_threshold or 0.0

    def noisy(self, params: Mapping[str, Value], context: LayerContext) -> Mapping[str, Value]:
        """Parameters with the weight noise of this pass."""
        noise = self.weight_noise
        if noise is None:
            return params
        biases = {p.name for p in self.parameters() if p.kind == "bias"}
        return {
            name: noise.apply(value, context)
            if noise.applies_to(name in biases, context.training)
            else value
            for name, value in params.items()
        }

    def _initial_bias(self) -> float:
        return self.bias_init or 0.0


def regularizations(
    given: tuple[Any, ...] | None, l1: float | None, l2: float | None, weight_decay: float | None
) -> tuple[Any, ...]:
    """The regularisation objects of a list and of plain coefficients (of which 0 or less means
    none).
    """
    reg = nd.regularization
    found = list(given or ())
    for cls, coefficient in ((reg.L1, l1), (reg.L2, l2), (reg.WeightDecay, weight_decay)):
        if coefficient is not None:
            found = [r for r in found if type(r) is not cls]
            if coefficient > 0:
                found.append(cls(coefficient))
    return tuple(found)


def merge_regularization(
    own: tuple[Any, ...], default: tuple[Any, ...], given: Mapping[type, float | None]
) -> tuple[Any, ...]:
    """A layer's list with those of the network's default whose class the layer says nothing about."""
    mine = {type(r) for r in own} | {cls for cls, value in given.items() if value is not None}
    return (*own, *(r for r in default if type(r) not in mine))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractFeedForwardLayer(AbstractBaseLayer):
    """Base of layers with input and output sizes.

    Attributes:
        n_in: numbers (or channels) per example going in; follows from the input type where one is
            known.
        n_out: numbers (or channels) per example coming out.
    """

    n_in: int = json_field("nin", INT, 0)
    n_out: int = json_field("nout", INT, 0)
    time_distributed_format: str | None = json_field(
        "timeDistributedFormat", enum("NCHW", "NHWC", "NCW", "NWC", "NCDHW", "NDHWC")
    )

    def with_input_type(self: Layer, input_type: InputType, override: bool) -> Layer:
        """Takes ``n_in`` (and the format of time-distributed rows) from the input."""
        found: dict[str, Any] = {}
        if getattr(self, "n_in", 0) <= 0 or override:
            size = feature_size(input_type)
            if size is None:
                raise ConfigurationError(
                    f"{type(self).__name__} ({self.name}): expected rows of numbers as input; received {input_type!r}"
                )
            found["n_in"] = size
        if isinstance(input_type, InputTypeFeedForward) and input_type.time_distributed_format:
            found["time_distributed_format"] = input_type.time_distributed_format
        return dataclasses.replace(self, **found) if found else self

    def output_type(self, input_type: InputType) -> InputType:
        """Rows of ``n_out`` numbers."""
        return InputTypeFeedForward(self.n_out, self.time_distributed_format)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Flattens images, volumes and series."""
        if isinstance(input_type, InputTypeConvolutional):
            return CnnToFeedForwardPreProcessor(
                input_type.height, input_type.width, input_type.channels, input_type.data_format
            )
        if isinstance(input_type, InputTypeConvolutional3D):
            return Cnn3DToFeedForwardPreProcessor(
                input_type.depth,
                input_type.height,
                input_type.width,
                input_type.channels,
                input_type.data_format == "NCDHW",
            )
        if isinstance(input_type, InputTypeRecurrent):
            return RnnToFeedForwardPreProcessor(input_type.data_format)
        return None

    def check_sizes(self) -> None:
        """Both sizes must be positive."""
        if self.n_in <= 0 or self.n_out <= 0:
            raise ConfigurationError(
                f"n_in={self.n_in}, n_out={self.n_out}: both must be positive; give n_out=, and n_in= or the "
                "network's input_type="
            )


def feature_size(input_type: InputType) -> int | None:
    """Numbers per row of an input that a dense layer can take, None for another kind."""
    if isinstance(input_type, (InputTypeFeedForward, InputTypeRecurrent)):
        return input_type.size
    if isinstance(input_type, InputTypeConvolutionalFlat):
        return input_type.flattened_size
    return None


def require_rank(x: Value, rank: int, n_in: int, axis: int = 1) -> None:
    """Refuses an input of another rank or size than the layer was configured for."""
    shape = tuple(x.shape)
    if len(shape) != rank:
        raise ValueError(
            f"expected an input of rank {rank}; received shape {shape}. A preprocessor may be missing, or the "
            "network's input_type be another"
        )
    if n_in > 0 and shape[axis] != n_in:
        what = "columns" if rank == 2 else "channels"
        raise ValueError(f"expected {n_in} {what} in dimension {axis}; received shape {shape}")


def activate(activation: Any, x: Value, context: LayerContext) -> Value:
    """The activation function applied as this pass needs it; one that draws random numbers in
    training gets a key.
    """
    if activation is None:
        raise ValueError("no activation function: the configuration has null for it")
    random = (
        context.key() if context.training and isinstance(activation, nd.activations.RReLU) else None
    )
    return activation.activation(x, context.training, random)
