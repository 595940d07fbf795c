"""Convolution over images."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._inputs import CNN2D_FORMATS, InputType
from dl4py.conf._json import BOOL, TEXT, enum, ints, json_field
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
from dl4py.conf.layers._convolution_sizes import (
    CONVOLUTION_MODES,
    CUDNN_ALGO_MODES,
    check_window,
    output_sizes,
    window_padding,
)
from dl4py.conf.layers._images import (
    from_channels_first,
    image_pre_processor,
    image_type,
    resized,
    to_channels_first,
)
from dl4py.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractConvolution2D(AbstractFeedForwardLayer):
    """Base of layers with kernels that slide over images.

    Attributes:
        kernel_size, stride, padding, dilation: a number, or a pair for height and width.
        convolution_mode: ``"Truncate"``, ``"Strict"`` (sizes must fit exactly) or ``"Same"``.
        has_bias: whether a bias is added.
        data_format: ``"NCHW"`` or ``"NHWC"``; follows from the input type where one is known.
    """

    kernel_size: Any = json_field("kernelSize", ints(2), (5, 5))
    stride: Any = json_field("stride", ints(2), (1, 1))
    padding: Any = json_field("padding", ints(2), (0, 0))
    dilation: Any = json_field("dilation", ints(2), (1, 1))
    convolution_mode: str | None = json_field("convolutionMode", enum(*CONVOLUTION_MODES))
    has_bias: bool = json_field("hasBias", BOOL, True)
    data_format: str = json_field("cnn2dDataFormat", enum(*CNN2D_FORMATS), "NCHW")
    cudnn_algo_mode: str | None = json_field("cudnnAlgoMode", enum(*CUDNN_ALGO_MODES))
    cudnn_fwd_algo: str | None = json_field("cudnnFwdAlgo", TEXT)
    cudnn_bwd_filter_algo: str | None = json_field("cudnnBwdFilterAlgo", TEXT)
    cudnn_bwd_data_algo: str | None = json_field("cudnnBwdDataAlgo", TEXT)
    cudnn_allow_fallback: bool = json_field("cudnnAllowFallback", BOOL, True)

    def check(self) -> None:
        """Kernel, stride and dilation are positive; padding is not negative; no causal windows over
        images.
        """
        check_window(self)
        if self.convolution_mode == "Causal":
            raise self.fail('convolution_mode "Causal" is for convolutions over time only')

    def _unset(self, defaults: Any) -> dict[str, Any]:
        return {
            **super()._unset(defaults),
            "convolution_mode": self.convolution_mode or defaults.convolution_mode,
            "cudnn_algo_mode": self.cudnn_algo_mode or defaults.cudnn_algo_mode,
        }

    def with_input_type(self, input_type: InputType, override: bool) -> AbstractConvolution2D:
        """Takes the number of channels and the format from the input."""
        images = image_type(self, input_type)
        n_in = images.channels if self.n_in <= 0 or override else self.n_in
        return dataclasses.replace(self, n_in=n_in, data_format=images.data_format)

    def output_type(self, input_type: InputType) -> InputType:
        """Images with ``n_out`` channels."""
        images = image_type(self, input_type)
        height, width = output_sizes(self, (images.height, images.width))
        return resized(images, height, width, self.n_out)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows that are flattened images become images."""
        return image_pre_processor(self, input_type)

    def _bias(self) -> tuple[Parameter, ...]:
        if not self.has_bias:
            return ()
        return (Parameter("b", (self.n_out,), kind="bias", initial=self.bias_init or 0.0),)

    def _fans(self) -> tuple[float, float]:
        window = self.kernel_size[0] * self.kernel_size[1]
        steps = self.stride[0] * self.stride[1]
        return self.n_in * window, self.n_out * window / steps

    def _padding_for(self, images: Value) -> tuple[int, int, int, int]:
        height, width = int(images.shape[2]), int(images.shape[3])
        mode = self.convolution_mode or "Truncate"
        try:
            output_sizes(self, (height, width))
        except ConfigurationError as problem:
            raise ValueError(str(problem)) from None
        return window_padding(
            (height, width), self.kernel_size, self.stride, self.padding, self.dilation, mode
        )


@FAMILY.register(PACKAGE + "ConvolutionLayer", PACKAGE + "Convolution2D")
class ConvolutionLayer(AbstractConvolution2D):
    """Convolution of images (cross-correlation, as everywhere in deep learning):
    ``activation(conv2d(x, W) + b)``.

    Answers to ``org.deeplearning4j.nn.conf.layers.ConvolutionLayer``.

    >>> layer = ConvolutionLayer(n_in=1, n_out=20, kernel_size=5, padding=(2, 2))
    >>> [(p.name, p.shape) for p in layer.parameters()]
    [('b', (20,)), ('W', (20, 1, 5, 5))]
    """

    def parameters(self) -> tuple[Parameter, ...]:
        """``b`` [n_out] first, then ``W`` [n_out, n_in, kernel height, kernel width] in 'c' order."""
        fan_in, fan_out = self._fans()
        shape = (self.n_out, self.n_in, *self.kernel_size)
        return (*self._bias(), Parameter("W", shape, "c", fan_in=fan_in, fan_out=fan_out))

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, h, w]`` to ``[n, n_out, h', w']``, or the same with channels last."""
        images = to_channels_first(x, self.data_format, self.n_in)
        z = nd.ops.conv2d(
            images,
            params["W"],
            params.get("b"),
            stride=self.stride,
            padding=self._padding_for(images),
            dilation=self.dilation,
        )
        return from_channels_first(activate(self.activation, z, context), self.data_format)


Convolution2D = ConvolutionLayer
