"""Which module of ``dl4py.conf.layers`` has which layers; read without importing any of them."""

from __future__ import annotations

LAYER_MODULES: dict[str, tuple[str, ...]] = {
    "_activation": ("ActivationLayer", "DropoutLayer"),
    "_convolution": ("Convolution2D", "ConvolutionLayer"),
    "_dense": ("DenseLayer",),
    "_elementwise": ("ElementWiseMultiplicationLayer", "PReLULayer", "RepeatVector"),
    "_embedding": ("EmbeddingLayer", "EmbeddingSequenceLayer"),
    "_global_pooling": ("GlobalPoolingLayer",),
    "_normalization": ("BatchNormalization", "LocalResponseNormalization"),
    "_other_convolutions": ("Deconvolution2D", "DepthwiseConvolution2D", "SeparableConvolution2D"),
    "_output": ("LossLayer", "OutputLayer"),
    "_resizing": (
        "Cropping2D", "SpaceToBatchLayer", "SpaceToDepthLayer", "Upsampling2D", "ZeroPaddingLayer",
    ),
    "_series_output": ("Cnn3DLossLayer", "CnnLossLayer", "RnnLossLayer", "RnnOutputLayer"),
    "_subsampling": ("Pooling2D", "SubsamplingLayer"),
    "_time": (
        "Convolution1D", "Convolution1DLayer", "Cropping1D", "Pooling1D", "Subsampling1DLayer",
        "Upsampling1D", "ZeroPadding1DLayer",
    ),
    "_volumes": (
        "Convolution3D", "Cropping3D", "Subsampling3DLayer", "Upsampling3D", "ZeroPadding3DLayer",
    ),
    "_wrappers": ("FrozenLayer", "FrozenLayerWithBackprop", "MaskLayer"),
}  # fmt: skip
