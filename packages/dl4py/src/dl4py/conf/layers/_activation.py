"""Layers that only apply an activation or a dropout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dl4py.conf._functions import ACTIVATION
from dl4py.conf._inputs import InputType
from dl4py.conf._json import json_field
from dl4py.conf._preprocessors import AbstractPreProcessor
from dl4py.conf.layers._base import (
    FAMILY,
    PACKAGE,
    AbstractFeedForwardLayer,
    AbstractNoParamLayer,
    LayerContext,
    Value,
    activate,
)


@FAMILY.register(PACKAGE + "ActivationLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ActivationLayer(AbstractNoParamLayer):
    """Applies an activation function to arrays of any rank.

    Answers to ``org.deeplearning4j.nn.conf.layers.ActivationLayer``.
    """

    activation: Any = json_field("activationFn", ACTIVATION)

    def _unset(self, defaults: Any) -> dict[str, Any]:
        return {**super()._unset(defaults), "activation": self.activation or defaults.activation}

    def output_type(self, input_type: InputType) -> InputType:
        """The type going in."""
        return input_type

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``activation(x)``."""
        return activate(self.activation, x, context)


@FAMILY.register(PACKAGE + "DropoutLayer")
class DropoutLayer(AbstractFeedForwardLayer):
    """Dropout in training (see ``dropout=``), the identity otherwise; arrays of any rank.

    Answers to ``org.deeplearning4j.nn.conf.layers.DropoutLayer``.
    """

    def with_input_type(self, input_type: InputType, override: bool) -> DropoutLayer:
        """It needs no sizes."""
        return self

    def output_type(self, input_type: InputType) -> InputType:
        """The type going in."""
        return input_type

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """None: it takes anything."""
        return None

    def check_sizes(self) -> None:
        """It has none."""

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """The input, which the network has dropped out already."""
        return x
