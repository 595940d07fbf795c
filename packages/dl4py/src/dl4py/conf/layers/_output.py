"""Layers that end a network: they hold the loss function (``OutputLayer``, ``LossLayer``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import nd4py as nd
from dl4py.conf._functions import ACTIVATION, LOSS
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
from dl4py.conf.layers._dense import apply_mask, dense_parameters, pre_output


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractOutputLayer(AbstractFeedForwardLayer):
    """Base of layers with a loss function.

    Attributes:
        loss: name, such as ``"mcxent"`` or ``"mse"``, or loss object.
    """

    loss: Any = json_field("lossFn", LOSS, "mcxent")

    always_averages: ClassVar[bool] = (
        False  # divide the score by the minibatch size even with mini_batch=False
    )
    owns_pre_output: ClassVar[bool] = True  # softmax over one column of its own is then senseless

    def pre_output(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """What the activation function is applied to."""
        raise NotImplementedError

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """Activations; the label mask (or a feature mask that got here) sets masked ones to zero."""
        return self.activations(self.pre_output(x, params, context), context.mask, context)

    def activations(self, z: Value, mask: Value | None, context: LayerContext) -> Value:
        """The activations of pre-outputs, masked ones set to zero."""
        a = activate(self.activation, self.to_rows(z), context)
        return apply_mask(self.from_rows(a, tuple(z.shape)), self.mask_like(mask, tuple(z.shape)))

    def loss_sum(self, labels: Value, z: Value, mask: Value | None) -> Value:
        """The loss summed over everything, a scalar."""
        return self.loss.score(
            self.to_rows(labels), self.to_rows(z), self.activation, self._mask_rows(mask, z), False
        )

    def loss_rows(self, labels: Value, z: Value, mask: Value | None) -> Value:
        """The loss of each example, ``[n, 1]``."""
        rows = self.loss.score_array(
            self.to_rows(labels), self.to_rows(z), self.activation, self._mask_rows(mask, z)
        )
        return self.sum_of_rows(rows, tuple(z.shape))

    def label_shape(self, output_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the labels for an output of this shape."""
        if self.loss is None:
            raise ValueError("no loss function: the configuration has null for it")
        if isinstance(self.loss, nd.losses.LossSparseMCXENT):
            return (*output_shape[:-1], 1)
        return output_shape

    # What follows is for layers whose output is not rows: series, images, volumes. The loss always
    # sees rows.

    def to_rows(self, value: Value) -> Value:
        """One row per position, channels as columns."""
        return value

    def from_rows(self, rows: Value, shape: tuple[int, ...]) -> Value:
        """The inverse of `to_rows` for an array of this shape."""
        return rows

    def mask_like(self, mask: Value | None, shape: tuple[int, ...]) -> Value | None:
        """A label mask with the rank of the output."""
        return mask

    def sum_of_rows(self, rows: Value, shape: tuple[int, ...]) -> Value:
        """The sum over the positions of each example, ``[n, 1]``, of a column with one entry per
        row.
        """
        return rows

    def _mask_rows(self, mask: Value | None, z: Value) -> Value | None:
        full = self.mask_like(mask, tuple(z.shape))
        return None if full is None else self.to_rows(full)


@FAMILY.register(PACKAGE + "OutputLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OutputLayer(AbstractOutputLayer):
    """Fully connected layer with a loss function; softmax and multi-class cross entropy unless said
    otherwise.

    Answers to ``org.deeplearning4j.nn.conf.layers.OutputLayer``.

    >>> type(OutputLayer(n_in=64, n_out=1, loss="xent", activation="sigmoid").loss).__name__
    'LossBinaryXENT'
    """

    activation: Any = json_field("activationFn", ACTIVATION, "softmax")
    has_bias: bool = json_field("hasBias", BOOL, True)

    def parameters(self) -> tuple[Parameter, ...]:
        """``W`` [n_in, n_out]; ``b`` [n_out] with a bias."""
        return dense_parameters(self, self.has_bias)

    def pre_output(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``x W + b``."""
        require_rank(x, 2, self.n_in)
        return pre_output(x, params)


@FAMILY.register(PACKAGE + "LossLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LossLayer(AbstractOutputLayer):
    """A loss function on the activations of the layer before; no parameters.

    Answers to ``org.deeplearning4j.nn.conf.layers.LossLayer``.
    """

    activation: Any = json_field("activationFn", ACTIVATION, "identity")

    always_averages: ClassVar[bool] = True
    owns_pre_output: ClassVar[bool] = False

    def check_sizes(self) -> None:
        """It has no parameters, so no sizes to check."""

    def pre_output(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """The input itself."""
        return x
