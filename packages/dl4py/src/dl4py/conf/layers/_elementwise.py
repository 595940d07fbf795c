"""Layers with parameters that act on each feature by itself, and the repetition of rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._functions import WEIGHT_INIT
from dl4py.conf._inputs import RNN_FORMATS, InputType, InputTypeRecurrent
from dl4py.conf._json import INT, enum, ints, json_field
from dl4py.conf.layers._base import (
    FAMILY,
    PACKAGE,
    AbstractBaseLayer,
    AbstractFeedForwardLayer,
    LayerContext,
    Parameter,
    Value,
    activate,
    require_rank,
)
from dl4py.errors import ConfigurationError


@FAMILY.register(PACKAGE + "misc.ElementWiseMultiplicationLayer")
class ElementWiseMultiplicationLayer(AbstractFeedForwardLayer):
    """A weight and a bias for each feature: ``activation(x * w + b)``.

    Answers to ``org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer``.
    """

    def with_input_type(
        self, input_type: InputType, override: bool
    ) -> ElementWiseMultiplicationLayer:
        """As many outputs as inputs, where not given."""
        found = super().with_input_type(input_type, override)
        return dataclasses.replace(found, n_out=found.n_out or found.n_in)

    def check_sizes(self) -> None:
        """Both sizes are equal."""
        super().check_sizes()
        if self.n_in != self.n_out:
            raise ConfigurationError(
                f"input and output size must be equal; received n_in={self.n_in}, n_out={self.n_out}"
            )

    def parameters(self) -> tuple[Parameter, ...]:
        """``W`` [1, n_in]; ``b`` [n_in]."""
        return (
            Parameter("W", (1, self.n_in), fan_in=self.n_in, fan_out=self.n_out),
            Parameter("b", (self.n_in,), kind="bias", initial=self.bias_init or 0.0),
        )

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, n_in]`` to the same shape."""
        require_rank(x, 2, self.n_in)
        return activate(self.activation, x * params["W"] + params["b"], context)


@FAMILY.register(PACKAGE + "PReLULayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PReLULayer(AbstractBaseLayer):
    """ReLU with a trained slope for negative values (He et al., 2015): ``max(0, x) + α min(0, x)``.

    Answers to ``org.deeplearning4j.nn.conf.layers.PReLULayer``.

    Attributes:
        input_shape: sizes of an example; follows from the input type.
        shared_axes: axes, counted from 1, along which the slope is the same.
    """

    runtime_name = "PReLU"

    weight_init: Any = json_field("weightInitFn", WEIGHT_INIT, "zero")
    input_shape: tuple[int, ...] | None = json_field("inputShape", ints(None))
    shared_axes: tuple[int, ...] | None = json_field("sharedAxes", ints(None))
    n_in: int = json_field("nin", INT, 0)
    n_out: int = json_field("nout", INT, 0)

    def with_input_type(self, input_type: InputType, override: bool) -> PReLULayer:
        """Takes the shape of the input."""
        return dataclasses.replace(self, input_shape=input_type.shape())

    def output_type(self, input_type: InputType) -> InputType:
        """The type going in."""
        return input_type

    def check_sizes(self) -> None:
        """A shape is needed."""
        if not self.input_shape or min(self.input_shape) <= 0:
            raise ConfigurationError(
                f"input_shape={self.input_shape}: the sizes of an example are needed; give "
                "input_shape= or the network's "
                "input_type="
            )

    def parameters(self) -> tuple[Parameter, ...]:
        """``W`` of the input's shape, with 1 for shared axes."""
        shared = set(self.shared_axes or ())
        shape = tuple(
            1 if axis in shared else n for axis, n in enumerate(self.input_shape or (), 1)
        )
        return (Parameter("W", shape, fan_in=shape[0], fan_out=shape[-1]),)

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """An array of the same shape."""
        return nd.ops.prelu(x, nd.ops.expand_dims(params["W"], axis=0))


@FAMILY.register(PACKAGE + "misc.RepeatVector")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RepeatVector(AbstractFeedForwardLayer):
    """Rows become series of ``n`` equal steps.

    Answers to ``org.deeplearning4j.nn.conf.layers.misc.RepeatVector``.
    """

    n: int = json_field("n", INT, 1)
    data_format: str = json_field("dataFormat", enum(*RNN_FORMATS), "NCW")

    def with_input_type(self, input_type: InputType, override: bool) -> RepeatVector:
        """As many outputs as inputs."""
        found = super().with_input_type(input_type, override)
        return dataclasses.replace(found, n_out=found.n_in)

    def check_sizes(self) -> None:
        """The number of steps is positive."""
        if self.n < 1:
            raise ConfigurationError(f"n={self.n}: expected a positive number of steps")

    def output_type(self, input_type: InputType) -> InputType:
        """Series of ``n`` steps."""
        return InputTypeRecurrent(self.n_out, self.n, self.data_format)

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, size]`` to ``[n, size, steps]`` (or ``[n, steps, size]``)."""
        require_rank(x, 2, self.n_in)
        axis = 2 if self.data_format == "NCW" else 1
        return nd.ops.repeat(nd.ops.expand_dims(x, axis=axis), repeats=self.n, axis=axis)
