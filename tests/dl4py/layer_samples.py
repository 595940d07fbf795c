"""One or more networks per layer class, for the tests that every layer must pass.

A sample is the layers before the output layer, the input type, and a loss that fits. A class
without a sample fails ``test_every_layer_class_has_a_sample``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dl4py import (
    ActivationLayer,
    BatchNormalization,
    Cnn3DLossLayer,
    CnnLossLayer,
    Convolution1DLayer,
    Convolution3D,
    ConvolutionLayer,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Deconvolution2D,
    DenseLayer,
    DepthwiseConvolution2D,
    DropoutLayer,
    ElementWiseMultiplicationLayer,
    EmbeddingLayer,
    EmbeddingSequenceLayer,
    FrozenLayer,
    FrozenLayerWithBackprop,
    GlobalPoolingLayer,
    InputType,
    LocalResponseNormalization,
    LossLayer,
    MaskLayer,
    OutputLayer,
    PReLULayer,
    RepeatVector,
    RnnLossLayer,
    RnnOutputLayer,
    SeparableConvolution2D,
    SpaceToBatchLayer,
    SpaceToDepthLayer,
    Subsampling1DLayer,
    Subsampling3DLayer,
    SubsamplingLayer,
    Upsampling1D,
    Upsampling2D,
    Upsampling3D,
    ZeroPadding1DLayer,
    ZeroPadding3DLayer,
    ZeroPaddingLayer,
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
    indices: int = 0  # the input holds whole numbers below this
    batch_factor: int = 1  # examples coming out for each one going in


VOLUME = InputType.convolutional_3d(2, 3, 4, 2)
VOLUME_LAST = InputType.convolutional_3d(2, 3, 4, 2, "NDHWC")
SERIES = InputType.recurrent(3, 4)
SAMPLES = [
    Sample("dense", [DenseLayer(n_out=4), MSE], FF),
    Sample("dense-layer-norm", [DenseLayer(n_out=4, has_layer_norm=True), MSE], FF),
    Sample("dense-no-bias", [DenseLayer(n_out=4, has_bias=False), MSE], FF),
    Sample("dense-flat", [DenseLayer(n_out=4), MSE], InputType.convolutional_flat(3, 2, 2)),
    Sample("output-softmax", [OutputLayer(n_out=3)], FF),
    Sample("output-xent", [OutputLayer(n_out=3, loss="xent", activation="sigmoid")], FF),
    Sample(
        "loss",
        [DenseLayer(n_out=3, activation="identity"), LossLayer(loss="mse", activation="tanh")],
        FF,
    ),
    Sample(
        "activation",
        [DenseLayer(n_out=4, activation="identity"), ActivationLayer(activation="swish"), MSE],
        FF,
    ),
    Sample("activation-images", [ActivationLayer(activation="softplus"), MSE], CNN),
    Sample("dropout", [DenseLayer(n_out=4), DropoutLayer(), MSE], FF),
    Sample(
        "convolution",
        [ConvolutionLayer(n_out=3, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0)), MSE],
        CNN,
    ),
    Sample(
        "convolution-same",
        [ConvolutionLayer(n_out=3, kernel_size=2, convolution_mode="Same"), MSE],
        CNN,
    ),
    Sample("convolution-last", [ConvolutionLayer(n_out=3, kernel_size=2, dilation=2), MSE], LAST),
    Sample(
        "convolution-stack",
        [ConvolutionLayer(n_out=3, kernel_size=2), ConvolutionLayer(n_out=2, kernel_size=3), MSE],
        CNN,
    ),
    Sample("pool-max", [SubsamplingLayer(kernel_size=2, stride=1), MSE], CNN, smooth=False),
    Sample(
        "pool-average", [SubsamplingLayer(pooling_type="AVG", kernel_size=3, padding=1), MSE], CNN
    ),
    Sample("pool-sum", [SubsamplingLayer(pooling_type="SUM", kernel_size=2), MSE], CNN),
    Sample(
        "pool-p-norm",
        [SubsamplingLayer(pooling_type="PNORM", pnorm=3, kernel_size=2), MSE],
        LAST,
        smooth=False,
    ),
    Sample("padding", [ZeroPaddingLayer(padding=(1, 0, 2, 1)), MSE], CNN),
    Sample("cropping", [Cropping2D(cropping=(1, 0, 2, 1)), MSE], LAST),
    Sample("upsampling", [Upsampling2D(size=(2, 3)), MSE], CNN),
    Sample(
        "space-to-depth", [SpaceToDepthLayer(block_size=2), MSE], InputType.convolutional(4, 6, 2)
    ),
    Sample(
        "space-to-batch",
        [SpaceToBatchLayer(blocks=(2, 3)), CnnLossLayer(loss="mse")],
        InputType.convolutional(4, 6, 2),
        batch_factor=6,
    ),
    Sample("batch-norm", [DenseLayer(n_out=4), BatchNormalization(), MSE], FF),
    Sample("batch-norm-images", [BatchNormalization(use_log_std=False), MSE], LAST),
    Sample("batch-norm-locked", [BatchNormalization(lock_gamma_beta=True, gamma=1.5), MSE], CNN),
    Sample(
        "batch-norm-series",
        [BatchNormalization(), RnnLossLayer(loss="mse", activation="identity")],
        SERIES,
    ),
    Sample(
        "response-norm",
        [LocalResponseNormalization(alpha=0.1), MSE],
        InputType.convolutional(2, 3, 7),
    ),
    Sample("global-max", [GlobalPoolingLayer(), MSE], CNN, smooth=False),
    Sample(
        "global-average",
        [GlobalPoolingLayer(pooling_type="AVG", collapse_dimensions=False), MSE],
        LAST,
    ),
    Sample(
        "global-p-norm", [GlobalPoolingLayer(pooling_type="PNORM", pnorm=3), MSE], CNN, smooth=False
    ),
    Sample(
        "embedding",
        [EmbeddingLayer(n_in=6, n_out=3, has_bias=True), MSE],
        InputType.feed_forward(1),
        indices=6,
    ),
    Sample(
        "embedding-series",
        [EmbeddingSequenceLayer(n_in=6, n_out=3, input_length=4), RnnOutputLayer(n_out=2)],
        InputType.feed_forward(4),
        indices=6,
    ),
    Sample("elementwise", [ElementWiseMultiplicationLayer(), MSE], FF),
    Sample("prelu", [PReLULayer(shared_axes=(2, 3)), MSE], CNN, smooth=False),
    Sample("repeat", [RepeatVector(n=3), RnnOutputLayer(n_out=2)], FF),
    Sample("rnn-output", [RnnOutputLayer(n_out=2)], SERIES),
    Sample("rnn-output-last", [RnnOutputLayer(n_out=2)], InputType.recurrent(3, 4, "NWC")),
    Sample("rnn-loss", [RnnLossLayer(activation="softmax")], SERIES),
    Sample(
        "cnn-loss",
        [ConvolutionLayer(n_out=2, kernel_size=2), CnnLossLayer(activation="softmax")],
        LAST,
    ),
    Sample(
        "cnn3d-loss",
        [ActivationLayer(activation="swish"), Cnn3DLossLayer(loss="mse")],
        InputType.convolutional_3d(2, 2, 3, 2),
    ),
    Sample(
        "deconvolution", [Deconvolution2D(n_out=3, kernel_size=3, stride=2, padding=1), MSE], CNN
    ),
    Sample(
        "deconvolution-same",
        [Deconvolution2D(n_out=2, kernel_size=3, stride=2, convolution_mode="Same"), MSE],
        LAST,
    ),
    Sample("depthwise", [DepthwiseConvolution2D(kernel_size=2, depth_multiplier=2), MSE], CNN),
    Sample(
        "separable", [SeparableConvolution2D(n_out=3, kernel_size=2, depth_multiplier=2), MSE], CNN
    ),
    Sample(
        "convolution-1d",
        [Convolution1DLayer(n_out=2, kernel_size=2, padding=1, stride=2), RnnOutputLayer(n_out=2)],
        SERIES,
    ),
    Sample(
        "convolution-1d-causal",
        [
            Convolution1DLayer(n_out=2, kernel_size=2, dilation=2, convolution_mode="Causal"),
            RnnOutputLayer(n_out=2),
        ],
        InputType.recurrent(3, 4, "NWC"),
    ),
    Sample(
        "pool-1d",
        [Subsampling1DLayer(kernel_size=2, pooling_type="AVG"), RnnOutputLayer(n_out=2)],
        SERIES,
    ),
    Sample(
        "pool-1d-same",
        [Subsampling1DLayer(kernel_size=3, convolution_mode="Same"), RnnOutputLayer(n_out=2)],
        SERIES,
        smooth=False,
    ),
    Sample("padding-1d", [ZeroPadding1DLayer(padding=(1, 2)), RnnOutputLayer(n_out=2)], SERIES),
    Sample("cropping-1d", [Cropping1D(cropping=1), RnnOutputLayer(n_out=2)], SERIES),
    Sample("upsampling-1d", [Upsampling1D(size=2), RnnOutputLayer(n_out=2)], SERIES),
    Sample("frozen", [FrozenLayer(layer=DenseLayer(n_out=4)), MSE], FF),
    Sample(
        "frozen-backprop",
        [DenseLayer(n_out=3), FrozenLayerWithBackprop(underlying=DenseLayer(n_out=4)), MSE],
        FF,
    ),
    Sample("mask", [MaskLayer(), RnnOutputLayer(n_out=2)], SERIES),
    Sample(
        "convolution-3d",
        [Convolution3D(n_out=2, kernel_size=2, stride=(1, 2, 1), padding=(1, 0, 0)), MSE],
        VOLUME,
    ),
    Sample(
        "convolution-3d-same",
        [
            Convolution3D(
                n_out=2, kernel_size=(2, 3, 2), convolution_mode="Same", data_format="NDHWC"
            ),
            MSE,
        ],
        VOLUME_LAST,
    ),
    Sample(
        "pool-3d-max",
        [Subsampling3DLayer(kernel_size=2, stride=1, convolution_mode="Truncate"), MSE],
        VOLUME,
        smooth=False,
    ),
    Sample("pool-3d-average", [Subsampling3DLayer(kernel_size=2, pooling_type="AVG"), MSE], VOLUME),
    Sample("upsampling-3d", [Upsampling3D(size=(1, 2, 1)), MSE], VOLUME),
    Sample("padding-3d", [ZeroPadding3DLayer(padding=(1, 0, 0, 1, 2, 0)), MSE], VOLUME),
    Sample("cropping-3d", [Cropping3D(cropping=(1, 0, 0, 1, 1, 0)), MSE], VOLUME),
]
