"""Layers around another layer, and the layer that applies the feature mask."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import nd4py as nd
from dl4py.conf._inputs import InputType
from dl4py.conf._json import Codec, json_field
from dl4py.conf._preprocessors import AbstractPreProcessor
from dl4py.conf.layers._base import (
    FAMILY,
    PACKAGE,
    AbstractLayer,
    AbstractNoParamLayer,
    LayerContext,
    Parameter,
    Value,
)


def _as_layer(value: Any) -> AbstractLayer:
    if not isinstance(value, AbstractLayer):
        raise TypeError(f"expected a layer configuration; received {value!r}")
    return value


LAYER: Codec = FAMILY.codec(_as_layer)


class AbstractWrapper(AbstractLayer):
    """Base: everything but the forward pass is the wrapped layer's."""

    derived_keys: ClassVar[tuple[str, ...]] = (
        "gradientNormalization",
        "gradientNormalizationThreshold",
    )

    @property
    def wrapped(self) -> AbstractLayer:
        """The layer inside."""
        raise NotImplementedError

    def _with(self, layer: AbstractLayer) -> Any:
        raise NotImplementedError

    def check(self) -> None:
        """A layer is needed."""
        if not isinstance(self.wrapped, AbstractLayer):
            raise self.fail("a layer to wrap is missing")

    @property
    def derived_gradientNormalization(self) -> str:
        return self.wrapped.normalization()[0]

    @property
    def derived_gradientNormalizationThreshold(self) -> float:
        return self.wrapped.normalization()[1]

    def with_defaults(self, defaults: Any) -> Any:
        """The wrapped layer takes the network's defaults too."""
        inner = dataclasses.replace(self.wrapped, name=self.wrapped.name or self.name)
        return super().with_defaults(defaults)._with(inner.with_defaults(defaults))

    def bind_constraints(self, defaults: Any) -> Any:
        """The wrapped layer's."""
        return self._with(self.wrapped.bind_constraints(defaults))

    def with_input_type(self, input_type: InputType, override: bool) -> Any:
        """The wrapped layer takes its sizes."""
        return self._with(self.wrapped.with_input_type(input_type, override))

    def output_type(self, input_type: InputType) -> InputType:
        """The wrapped layer's."""
        return self.wrapped.output_type(input_type)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """The wrapped layer's."""
        return self.wrapped.pre_processor_for(input_type)

    def check_sizes(self) -> None:
        """The wrapped layer's."""
        self.wrapped.check_sizes()

    def parameters(self) -> tuple[Parameter, ...]:
        """The wrapped layer's."""
        return self.wrapped.parameters()

    def table_order(self) -> tuple[str, ...]:
        """The wrapped layer's."""
        return self.wrapped.table_order()

    def variables(self) -> tuple[str, ...]:
        """The wrapped layer's."""
        return self.wrapped.variables()

    def updater_of(self, parameter: Parameter) -> Any:
        """The wrapped layer's."""
        return self.wrapped.updater_of(parameter)

    def regularization_of(self, parameter: Parameter) -> tuple[Any, ...]:
        """The wrapped layer's."""
        return self.wrapped.regularization_of(parameter)

    def normalization(self) -> tuple[str, float]:
        """The wrapped layer's."""
        return self.wrapped.normalization()

    def mask_after(self, mask: Value | None) -> Value | None:
        """The wrapped layer's."""
        return self.wrapped.mask_after(mask)


class _TestMode:
    """The context of a pass in which a frozen layer never trains."""

    training = False

    def __init__(self, context: LayerContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


class AbstractFrozen(AbstractWrapper):
    """Base: the wrapped layer runs in test mode and its parameters never change."""

    frozen: ClassVar[bool] = True
    passes_gradient: ClassVar[bool] = True

    def regularization_of(self, parameter: Parameter) -> tuple[Any, ...]:
        """None: the parameters do not change, so nothing pulls at them."""
        return ()

    def normalization(self) -> tuple[str, float]:
        """None."""
        return "None", 0.0

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """As the wrapped layer at inference."""
        held = {name: nd.ops.stop_gradient(value) for name, value in params.items()}
        found = self.wrapped.forward(x, held, _TestMode(context))
        return found if self.passes_gradient else nd.ops.stop_gradient(found)


@FAMILY.register(PACKAGE + "misc.FrozenLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FrozenLayer(AbstractFrozen):
    """A layer that does not learn, and that lets no gradient through to the layers below.

    Answers to ``org.deeplearning4j.nn.conf.layers.misc.FrozenLayer``.
    """

    layer: Any = json_field("layer", LAYER)
    passes_gradient: ClassVar[bool] = False

    @property
    def wrapped(self) -> AbstractLayer:
        """The layer inside."""
        found: AbstractLayer = self.layer
        return found

    def updater_of(self, parameter: Parameter) -> Any:
        """NoOp."""
        from nd4py.updaters import NoOp

        return NoOp()

    def _with(self, layer: AbstractLayer) -> FrozenLayer:
        return dataclasses.replace(self, layer=layer)


@FAMILY.register(PACKAGE + "misc.FrozenLayerWithBackprop")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FrozenLayerWithBackprop(AbstractFrozen):
    """A layer that does not learn, but lets the gradient through to the layers below.

    Answers to ``org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop``.
    """

    underlying: Any = json_field("underlying", LAYER)

    @property
    def wrapped(self) -> AbstractLayer:
        """The layer inside."""
        found: AbstractLayer = self.underlying
        return found

    def _with(self, layer: AbstractLayer) -> FrozenLayerWithBackprop:
        return dataclasses.replace(self, underlying=layer)


@FAMILY.register(PACKAGE + "util.MaskLayer")
class MaskLayer(AbstractNoParamLayer):
    """Sets masked activations to zero.

    Answers to ``org.deeplearning4j.nn.conf.layers.util.MaskLayer``.
    """

    def output_type(self, input_type: InputType) -> InputType:
        """The type going in."""
        return input_type

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``x`` times the mask."""
        mask = context.mask
        if mask is None:
            return x
        if len(mask.shape) == 2 and len(x.shape) == 3:
            mask = nd.ops.expand_dims(mask, axis=1)
        elif len(mask.shape) == 2 and len(x.shape) == 4:
            mask = nd.ops.reshape(mask, shape=(*mask.shape, 1, 1))
        return x * mask
