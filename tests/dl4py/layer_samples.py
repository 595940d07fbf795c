"""One or more networks per layer class, for the tests that every layer must pass.

A sample is the layers before the output layer, the input type, and a loss that fits. A class without a sample fails
``test_every_layer_class_has_a_sample``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dl4py import (
    ActivationLayer,
    ConvolutionLayer,
    DenseLayer,
    DropoutLayer,
    InputType,
    LossLayer,
    OutputLayer,
    SubsamplingLayer,
)

FF = InputType.feed_forward(5)
CNN = InputType.convolutional(6, 5, 2)
LAST = InputType.convolutional(6, 5, 2, "NHWC")
MSE = OutputLayer(n_out=2, loss="mse", activation="identity")


@dataclass(frozen=True)
class Sample:
    """A small network; ``smooth`` is False where finite differences meet kinks."""

    name: str
    layers: Sequence[Any]
    input_type: Any
    smooth: bool = True


SAMPLES = [
    Sample("dense", [DenseLayer(n_out=4), MSE], FF),
    Sample("dense-layer-norm", [DenseLayer(n_out=4, has_layer_norm=True), MSE], FF),
    Sample("dense-no-bias", [DenseLayer(n_out=4, has_bias=False), MSE], FF),
    Sample("dense-flat", [DenseLayer(n_out=4), MSE], InputType.convolutional_flat(3, 2, 2)),
    Sample("output-softmax", [OutputLayer(n_out=3)], FF),
    Sample("output-xent", [OutputLayer(n_out=3, loss="xent", activation="sigmoid")], FF),
    Sample("loss", [DenseLayer(n_out=3, activation="identity"), LossLayer(loss="mse", activation="tanh")], FF),
    Sample("activation", [DenseLayer(n_out=4, activation="identity"), ActivationLayer(activation="swish"), MSE], FF),
    Sample("activation-images", [ActivationLayer(activation="softplus"), MSE], CNN),
    Sample("dropout", [DenseLayer(n_out=4), DropoutLayer(), MSE], FF),
    Sample("convolution", [ConvolutionLayer(n_out=3, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0)), MSE], CNN),
    Sample("convolution-same", [ConvolutionLayer(n_out=3, kernel_size=2, convolution_mode="Same"), MSE], CNN),
    Sample("convolution-last", [ConvolutionLayer(n_out=3, kernel_size=2, dilation=2), MSE], LAST),
    Sample("convolution-stack", [ConvolutionLayer(n_out=3, kernel_size=2), ConvolutionLayer(n_out=2, kernel_size=3), MSE], CNN),
    Sample("pool-max", [SubsamplingLayer(kernel_size=2, stride=1), MSE], CNN, smooth=False),
    Sample("pool-average", [SubsamplingLayer(pooling_type="AVG", kernel_size=3, padding=1), MSE], CNN),
    Sample("pool-sum", [SubsamplingLayer(pooling_type="SUM", kernel_size=2), MSE], CNN),
    Sample("pool-p-norm", [SubsamplingLayer(pooling_type="PNORM", pnorm=3, kernel_size=2), MSE], LAST, smooth=False),
]  # fmt: skip
