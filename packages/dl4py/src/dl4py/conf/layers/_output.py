"""Layers that end a network: they hold the loss function (``OutputLayer``, ``LossLayer``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from dl4py.conf._functions import LOSS
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


@dataclass(frozen=True, kw_only=True)
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
        z = self.pre_output(x, params, context)
        return apply_mask(activate(self.activation, z, context), context.mask)

    def loss_sum(self, labels: Value, z: Value, mask: Value | None) -> Value:
        """The loss summed over examples and outputs, a scalar."""
        return self.loss.score(labels, z, self.activation, mask, False)

    def loss_rows(self, labels: Value, z: Value, mask: Value | None) -> Value:
        """The loss of each example, ``[n, 1]``."""
        return self.loss.score_array(labels, z, self.activation, mask)

    def label_shape(self, output_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the labels for an output of this shape."""
        if type(self.loss).__name__ == "LossSparseMCXENT":
            return (*output_shape[:-1], 1)
        return output_shape


@FAMILY.register(PACKAGE + "OutputLayer")
@dataclass(frozen=True, kw_only=True)
class OutputLayer(AbstractOutputLayer):
    """Fully connected layer with a loss function; softmax and multi-class cross entropy unless said otherwise.

    Answers to ``org.deeplearning4j.nn.conf.layers.OutputLayer``.

    >>> OutputLayer(n_in=64, n_out=1, loss="xent", activation="sigmoid").loss.name
    'XENT'
    """

    activation: Any = json_field(
        "activationFn",
        AbstractFeedForwardLayer.__dataclass_fields__["activation"].metadata["codec"],
        "softmax",
    )
    has_bias: bool = json_field("hasBias", BOOL, True)

    def parameters(self) -> tuple[Parameter, ...]:
        """``W`` [n_in, n_out]; ``b`` [n_out] with a bias."""
        return dense_parameters(self, self.has_bias)

    def pre_output(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``x W + b``."""
        require_rank(x, 2, self.n_in)
        return pre_output(x, params)


@FAMILY.register(PACKAGE + "LossLayer")
@dataclass(frozen=True, kw_only=True)
class LossLayer(AbstractOutputLayer):
    """A loss function on the activations of the layer before; no parameters.

    Answers to ``org.deeplearning4j.nn.conf.layers.LossLayer``.
    """

    activation: Any = json_field(
        "activationFn",
        AbstractFeedForwardLayer.__dataclass_fields__["activation"].metadata["codec"],
        "identity",
    )

    always_averages: ClassVar[bool] = True
    owns_pre_output: ClassVar[bool] = False

    def check_sizes(self) -> None:
        """It has no parameters, so no sizes to check."""

    def pre_output(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """The input itself."""
        return x
