"""Fully connected layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import nd4py as nd
from dl4py.conf._json import BOOL, json_field
from dl4py.conf.layers._base import (
    FAMILY,
    PACKAGE,
    AbstractFeedForwardLayer,
    LayerContext,
    Parameter,
    Value,
    activate,
    require_rank,
)


@FAMILY.register(PACKAGE + "DenseLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DenseLayer(AbstractFeedForwardLayer):
    """Fully connected layer: ``activation(x W + b)``, or ``activation(norm(x W) * g + b)`` with
    layer normalisation.

    Answers to ``org.deeplearning4j.nn.conf.layers.DenseLayer``.

    >>> DenseLayer(n_in=4, n_out=3, activation="relu").parameters()[0].shape
    (4, 3)
    """

    has_bias: bool = json_field("hasBias", BOOL, True)
    has_layer_norm: bool = json_field("hasLayerNorm", BOOL, False)

    def parameters(self) -> tuple[Parameter, ...]:
        """``W`` [n_in, n_out]; ``b`` [n_out] with a bias; ``g`` [n_out] with layer normalisation."""
        found = dense_parameters(self, self.has_bias)
        if self.has_layer_norm:
            gain = 1.0 if self.gain_init is None else self.gain_init
            found = (*found, Parameter("g", (self.n_out,), kind="gain", initial=gain))
        return found

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, n_in]`` to ``[n, n_out]``; a mask multiplies the result."""
        require_rank(x, 2, self.n_in)
        z = pre_output(x, params)
        a = activate(self.activation, apply_mask(z, context.mask), context)
        return apply_mask(a, context.mask)


def dense_parameters(layer: AbstractFeedForwardLayer, has_bias: bool) -> tuple[Parameter, ...]:
    """``W`` and perhaps ``b`` of a layer that multiplies rows by a matrix."""
    weight = Parameter("W", (layer.n_in, layer.n_out), fan_in=layer.n_in, fan_out=layer.n_out)
    if not has_bias:
        return (weight,)
    return (weight, Parameter("b", (layer.n_out,), kind="bias", initial=layer.bias_init or 0.0))


def pre_output(x: Value, params: Mapping[str, Value]) -> Value:
    """``x W``, normalised where there is a gain, plus the bias where there is one."""
    gain, bias = params.get("g"), params.get("b")
    if gain is None:
        return nd.ops.linear(x, params["W"], bias)
    z = nd.ops.matmul(x, params["W"])
    centred = z - nd.ops.mean(z, 1, keep_dims=True)
    deviation = nd.ops.sqrt(nd.ops.mean(centred * centred, 1, keep_dims=True))
    z = centred / deviation * gain
    return z if bias is None else z + bias


def apply_mask(value: Value, mask: Value | None) -> Value:
    """The value with masked rows or elements set to zero."""
    return value if mask is None else value * mask
