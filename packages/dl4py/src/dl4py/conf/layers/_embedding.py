"""Lookup of vectors by index."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._functions import ACTIVATION
from dl4py.conf._inputs import (
    RNN_FORMATS,
    InputType,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from dl4py.conf._json import BOOL, INT, enum, json_field
from dl4py.conf._preprocessors import AbstractPreProcessor
from dl4py.conf.layers._base import (
    FAMILY,
    PACKAGE,
    AbstractFeedForwardLayer,
    LayerContext,
    Parameter,
    Value,
    activate,
)
from nd4py import dtypes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractEmbedding(AbstractFeedForwardLayer):
    """Base: ``n_in`` is the size of the vocabulary, not of the input."""

    activation: Any = json_field("activationFn", ACTIVATION, "identity")
    has_bias: bool = json_field("hasBias", BOOL, False, missing=True)

    def with_input_type(self, input_type: InputType, override: bool) -> AbstractEmbedding:
        """Takes the vocabulary's size from a row type only where it is not given."""
        if self.n_in <= 0 and isinstance(input_type, InputTypeFeedForward):
            return dataclasses.replace(self, n_in=input_type.size)
        return self

    def parameters(self) -> tuple[Parameter, ...]:
        """``W`` [n_in, n_out] with a fan-in of 1; ``b`` [n_out] with a bias."""
        weight = Parameter("W", (self.n_in, self.n_out), fan_in=1, fan_out=self.n_out)
        if not self.has_bias:
            return (weight,)
        return (weight, Parameter("b", (self.n_out,), kind="bias", initial=self.bias_init or 0.0))

    def _rows(self, indices: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        z = nd.ops.gather(params["W"], nd.ops.cast(indices, dtype=dtypes.int32), axis=0)
        if "b" in params:
            z = z + params["b"]
        return activate(self.activation, z, context)


@FAMILY.register(PACKAGE + "EmbeddingLayer")
class EmbeddingLayer(AbstractEmbedding):
    """The vector of each example's index: ``activation(W[i] + b)``.

    Answers to ``org.deeplearning4j.nn.conf.layers.EmbeddingLayer``.
    """

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, 1]`` of indices to ``[n, n_out]``."""
        if len(x.shape) != 2 or x.shape[1] != 1:
            raise ValueError(
                f"expected indices of shape [minibatch, 1], one of 0 to {self.n_in - 1} per example; "
                f"received shape {tuple(x.shape)}"
            )
        return self._rows(nd.ops.reshape(x, shape=(x.shape[0],)), params, context)


@FAMILY.register(PACKAGE + "EmbeddingSequenceLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EmbeddingSequenceLayer(AbstractEmbedding):
    """The vectors of series of indices.

    Answers to ``org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer``.
    """

    has_bias: bool = json_field("hasBias", BOOL, False)
    input_length: int = json_field("inputLength", INT, 1)
    infer_input_length: bool = json_field("inferInputLength", BOOL, True, missing=False)
    output_format: str = json_field("outputFormat", enum(*RNN_FORMATS), "NCW")

    def with_input_type(self, input_type: InputType, override: bool) -> EmbeddingSequenceLayer:
        """Rows of unknown length are series."""
        found = super().with_input_type(input_type, override)
        if isinstance(input_type, InputTypeFeedForward):
            found = dataclasses.replace(found, infer_input_length=True)  # type: ignore[call-arg]
        return found  # type: ignore[return-value]

    def output_type(self, input_type: InputType) -> InputType:
        """Series of vectors."""
        return InputTypeRecurrent(self.n_out, self.input_length, self.output_format)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """None: rows of indices are series."""
        return None

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, T]`` or ``[n, 1, T]`` of indices to ``[n, n_out, T]`` (or ``[n, T, n_out]``)."""
        shape = tuple(x.shape)
        if len(shape) == 3 and 1 in shape[1:]:
            x = nd.ops.reshape(x, shape=(shape[0], shape[1] * shape[2]))
        elif len(shape) != 2:
            raise ValueError(
                f"expected indices of shape [minibatch, T] or [minibatch, 1, T]; received shape {shape}"
            )
        found = self._rows(x, params, context)
        if context.mask is not None:
            found = found * nd.ops.expand_dims(context.mask, axis=2)
        return found if self.output_format == "NWC" else nd.ops.permute(found, dims=(0, 2, 1))
