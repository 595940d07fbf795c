"""Transposed, depthwise and separable convolution over images.

The last two are composed of plain convolutions whose kernels are zero between channels that do not
meet: right, not fast.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

import nd4py as nd
from dl4py.conf._inputs import InputType
from dl4py.conf._json import INT, json_field
from dl4py.conf.layers._base import FAMILY, PACKAGE, LayerContext, Parameter, Value, activate
from dl4py.conf.layers._convolution import AbstractConvolution2D
from dl4py.conf.layers._convolution_sizes import effective_kernel, same_padding
from dl4py.conf.layers._images import from_channels_first, image_type, resized, to_channels_first
from dl4py.errors import ConfigurationError
from nd4py._arrays import from_numpy


@FAMILY.register(PACKAGE + "Deconvolution2D")
class Deconvolution2D(AbstractConvolution2D):
    """Transposed convolution: the gradient of a convolution by its input, used forwards.

    Answers to ``org.deeplearning4j.nn.conf.layers.Deconvolution2D``.
    """

    runtime_name = "Deconvolution2DLayer"

    def _size(self, size: int, i: int) -> int:
        stride = int(self.stride[i])
        if self.convolution_mode == "Same":
            return stride * size
        covered = effective_kernel(int(self.kernel_size[i]), int(self.dilation[i]))
        return stride * (size - 1) + covered - 2 * int(self.padding[i])

    def output_type(self, input_type: InputType) -> InputType:
        """Larger images with ``n_out`` channels."""
        images = image_type(self, input_type)
        return resized(
            images, self._size(images.height, 0), self._size(images.width, 1), self.n_out
        )

    def parameters(self) -> tuple[Parameter, ...]:
        """``b`` [n_out] first, then ``W`` [n_in, n_out, kernel height, kernel width]."""
        fan_in, fan_out = self._fans()
        shape = (self.n_in, self.n_out, *self.kernel_size)
        return (*self._bias(), Parameter("W", shape, "c", fan_in=fan_in, fan_out=fan_out))

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, h, w]`` to ``[n, n_out, h', w']``, or the same with channels last."""
        images = to_channels_first(x, self.data_format, self.n_in)
        size = (self._size(images.shape[2], 0), self._size(images.shape[3], 1))
        if self.convolution_mode == "Same":
            padding = (
                *same_padding(size[0], self.kernel_size[0], self.stride[0], self.dilation[0]),
                *same_padding(size[1], self.kernel_size[1], self.stride[1], self.dilation[1]),
            )
        else:
            padding = (self.padding[0], self.padding[0], self.padding[1], self.padding[1])
        z = nd.ops.conv2d_input_grad(
            params["W"],
            images,
            stride=self.stride,
            padding=padding,
            dilation=self.dilation,
            size=size,
        )
        if "b" in params:
            z = z + nd.ops.reshape(params["b"], shape=(1, self.n_out, 1, 1))
        return from_channels_first(activate(self.activation, z, context), self.data_format)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractDepthwise(AbstractConvolution2D):
    """Base of convolutions that treat each channel by itself first.

    Attributes:
        depth_multiplier: kernels per input channel.
    """

    depth_multiplier: int = json_field("depthMultiplier", INT, 1)

    def check_sizes(self) -> None:
        """The multiplier is positive."""
        if self.depth_multiplier < 1:
            raise ConfigurationError(
                f"depth_multiplier must be > 0; received {self.depth_multiplier}"
            )
        super().check_sizes()

    def _depthwise(self, images: Value, kernels: Value, bias: Value | None) -> Value:
        """Kernels ``[n_in, multiplier, kh, kw]`` on their channels; output channel = channel ·
        multiplier + m.
        """
        count = self.n_in * self.depth_multiplier
        meets = np.repeat(np.eye(self.n_in), self.depth_multiplier, axis=0).reshape(
            count, self.n_in, 1, 1
        )
        apart = nd.ops.reshape(kernels, shape=(count, 1, *self.kernel_size))
        full = apart * nd.ops.cast(from_numpy(meets), dtype=images.dtype)
        return nd.ops.conv2d(
            images,
            full,
            bias,
            stride=self.stride,
            padding=self._padding_for(images),
            dilation=self.dilation,
        )


@FAMILY.register(PACKAGE + "DepthwiseConvolution2D")
class DepthwiseConvolution2D(AbstractDepthwise):
    """Convolution of each channel with kernels of its own; ``n_out`` is n_in · depth_multiplier.

    Answers to ``org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D``.
    """

    runtime_name = "DepthwiseConvolution2DLayer"

    def with_input_type(self, input_type: InputType, override: bool) -> DepthwiseConvolution2D:
        """As many outputs as kernels."""
        found = super().with_input_type(input_type, override)
        return dataclasses.replace(found, n_out=found.n_in * self.depth_multiplier)  # type: ignore[return-value]

    def parameters(self) -> tuple[Parameter, ...]:
        """``b`` [n_out] first, then ``W`` [kernel height, kernel width, n_in, depth_multiplier]."""
        fan_in = self.n_in * self.kernel_size[0] * self.kernel_size[1]
        window = self.kernel_size[0] * self.kernel_size[1] / (self.stride[0] * self.stride[1])
        shape = (*self.kernel_size, self.n_in, self.depth_multiplier)
        return (
            *self._bias(),
            Parameter("W", shape, "c", fan_in=fan_in, fan_out=self.depth_multiplier * window),
        )

    def table_order(self) -> tuple[str, ...]:
        """``W`` before ``b``, unlike memory."""
        return ("W", "b") if self.has_bias else ("W",)

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, h, w]`` to ``[n, n_out, h', w']``, or the same with channels last."""
        images = to_channels_first(x, self.data_format, self.n_in)
        z = self._depthwise(images, nd.ops.permute(params["W"], dims=(2, 3, 0, 1)), params.get("b"))
        return from_channels_first(activate(self.activation, z, context), self.data_format)


@FAMILY.register(PACKAGE + "SeparableConvolution2D")
class SeparableConvolution2D(AbstractDepthwise):
    """Convolution of each channel with kernels of its own, then a 1x1 convolution that mixes them.

    Answers to ``org.deeplearning4j.nn.conf.layers.SeparableConvolution2D``.
    """

    runtime_name = "SeparableConvolution2DLayer"

    def parameters(self) -> tuple[Parameter, ...]:
        """``b`` [n_out]; ``W`` [depth_multiplier, n_in, kh, kw]; ``pW`` [n_out, n_in ·
        depth_multiplier, 1, 1].
        """
        fan_in, fan_out = self._fans()
        middle = self.n_in * self.depth_multiplier
        depth = Parameter(
            "W",
            (self.depth_multiplier, self.n_in, *self.kernel_size),
            "c",
            fan_in=fan_in,
            fan_out=fan_out,
        )
        point = Parameter("pW", (self.n_out, middle, 1, 1), "c", fan_in=middle, fan_out=middle)
        return (*self._bias(), depth, point)

    def table_order(self) -> tuple[str, ...]:
        """``W`` and ``pW`` before ``b``, unlike memory."""
        return ("W", "pW", "b") if self.has_bias else ("W", "pW")

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, h, w]`` to ``[n, n_out, h', w']``, or the same with channels last."""
        images = to_channels_first(x, self.data_format, self.n_in)
        middle = self._depthwise(images, nd.ops.permute(params["W"], dims=(1, 0, 2, 3)), None)
        z = nd.ops.conv2d(
            middle,
            params["pW"],
            params.get("b"),
            stride=(1, 1),
            padding=(0, 0, 0, 0),
            dilation=(1, 1),
        )
        return from_channels_first(activate(self.activation, z, context), self.data_format)
