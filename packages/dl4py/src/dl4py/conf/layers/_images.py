"""What the layers on images share: channels first or last, preprocessor rule, input checks."""

from __future__ import annotations

import dataclasses

import nd4py as nd
from dl4py.conf._inputs import (
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeConvolutionalFlat,
)
from dl4py.conf._preprocessors import AbstractPreProcessor, FeedForwardToCnnPreProcessor
from dl4py.conf.layers._base import AbstractLayer, Value
from dl4py.errors import ConfigurationError


def image_pre_processor(layer: AbstractLayer, input_type: InputType) -> AbstractPreProcessor | None:
    """Rows that are flattened images become images; volumes are refused."""
    if isinstance(input_type, InputTypeConvolutionalFlat):
        return FeedForwardToCnnPreProcessor(input_type.height, input_type.width, input_type.depth)
    if isinstance(input_type, InputTypeConvolutional3D):
        raise refused(layer, input_type)
    return None


def image_type(layer: AbstractLayer, input_type: InputType) -> InputTypeConvolutional:
    """The input type, which must be one of images.

    Raises:
        ConfigurationError: it is another.
    """
    if not isinstance(input_type, InputTypeConvolutional):
        raise refused(layer, input_type)
    return input_type


def refused(layer: AbstractLayer, input_type: InputType) -> ConfigurationError:
    """The error of an input that is not images."""
    return ConfigurationError(
        f"{type(layer).__name__} ({layer.name}): expected images as input; received {input_type!r}. Give the network "
        "input_type=InputType.convolutional(height, width, channels), or convolutional_flat for flattened rows"
    )


def resized(
    input_type: InputTypeConvolutional, height: int, width: int, channels: int | None = None
) -> InputTypeConvolutional:
    """Images of another size in the same format."""
    return dataclasses.replace(
        input_type, height=height, width=width, channels=channels or input_type.channels
    )


def to_channels_first(x: Value, data_format: str, channels: int = 0) -> Value:
    """A view of the images as ``[n, c, h, w]``, after checking rank and number of channels."""
    shape = tuple(x.shape)
    sizes = "channels, height, width" if data_format == "NCHW" else "height, width, channels"
    expected = f"[minibatch, {sizes}] ({data_format})"
    if len(shape) != 4:
        raise ValueError(f"expected an input of rank 4 {expected}; received shape {shape}")
    axis = 1 if data_format == "NCHW" else 3
    if channels and shape[axis] != channels:
        raise ValueError(f"expected {channels} channels in {expected}; received shape {shape}")
    return x if data_format == "NCHW" else nd.ops.permute(x, dims=(0, 3, 1, 2))


def from_channels_first(x: Value, data_format: str) -> Value:
    """The images ``[n, c, h, w]`` in the layer's format."""
    return x if data_format == "NCHW" else nd.ops.permute(x, dims=(0, 2, 3, 1))
