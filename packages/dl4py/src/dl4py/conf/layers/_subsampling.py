"""Pooling over images."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._inputs import CNN2D_FORMATS, InputType
from dl4py.conf._json import BOOL, FLOAT, INT, enum, ints, json_field
from dl4py.conf._preprocessors import AbstractPreProcessor
from dl4py.conf.layers._base import FAMILY, PACKAGE, AbstractNoParamLayer, LayerContext, Value
from dl4py.conf.layers._convolution_sizes import (
    CONVOLUTION_MODES,
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

POOLING_TYPES = ("MAX", "AVG", "SUM", "PNORM")


@FAMILY.register(PACKAGE + "SubsamplingLayer", PACKAGE + "Pooling2D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SubsamplingLayer(AbstractNoParamLayer):
    """Pooling of images: the largest value, the mean, the sum or the p-norm of each window.

    Padded cells never win a maximum, and do not count in a mean unless
    ``avg_pool_include_pad_in_divisor``. Answers to
    ``org.deeplearning4j.nn.conf.layers.SubsamplingLayer``.

    >>> SubsamplingLayer(kernel_size=2).output_type(InputType.convolutional(24, 24, 20))
    InputTypeConvolutional(h=12,w=12,c=20,NCHW)
    """

    pooling_type: str = json_field("poolingType", enum(*POOLING_TYPES), "MAX")
    kernel_size: Any = json_field("kernelSize", ints(2), (1, 1))
    stride: Any = json_field("stride", ints(2), (2, 2))
    padding: Any = json_field("padding", ints(2), (0, 0))
    dilation: Any = json_field("dilation", ints(2), (1, 1))
    convolution_mode: str | None = json_field("convolutionMode", enum(*CONVOLUTION_MODES))
    pnorm: int = json_field("pnorm", INT, 0)
    eps: float = json_field("eps", FLOAT, 1e-8)
    avg_pool_include_pad_in_divisor: bool = json_field(
        "avgPoolIncludePadInDivisor", BOOL, False, missing=True
    )
    data_format: str = json_field("cnn2dDataFormat", enum(*CNN2D_FORMATS), "NCHW")
    cudnn_allow_fallback: bool = json_field("cudnnAllowFallback", BOOL, True)

    def check(self) -> None:
        """Kernel, stride and dilation are positive; a p-norm has its p."""
        check_window(self)
        if self.pnorm < 0 or (self.pooling_type == "PNORM" and self.pnorm == 0):
            raise self.fail(f'pooling_type "PNORM" needs pnorm > 0; received pnorm={self.pnorm}')
        if self.convolution_mode == "Causal":
            raise self.fail('convolution_mode "Causal" is for layers over time only')

    def _unset(self, defaults: Any) -> dict[str, Any]:
        mode = self.convolution_mode or defaults.convolution_mode
        return {**super()._unset(defaults), "convolution_mode": mode}

    def with_input_type(self, input_type: InputType, override: bool) -> SubsamplingLayer:
        """Takes the format from the input."""
        return dataclasses.replace(self, data_format=image_type(self, input_type).data_format)

    def output_type(self, input_type: InputType) -> InputType:
        """Smaller images with as many channels."""
        images = image_type(self, input_type)
        height, width = output_sizes(self, (images.height, images.width))
        return resized(images, height, width)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows that are flattened images become images."""
        return image_pre_processor(self, input_type)

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, h, w]`` to ``[n, c, h', w']``, or the same with channels last."""
        images = to_channels_first(x, self.data_format)
        sizes = (int(images.shape[2]), int(images.shape[3]))
        mode = self.convolution_mode or "Truncate"
        padding = window_padding(
            sizes, self.kernel_size, self.stride, self.padding, self.dilation, mode
        )
        return from_channels_first(self.pool(images, padding), self.data_format)

    def pool(self, images: Value, padding: tuple[int, int, int, int]) -> Value:
        """Pools ``[n, c, h, w]`` with padding top, bottom, left, right."""
        window = {
            "kernel": self.kernel_size,
            "stride": self.stride,
            "padding": padding,
            "dilation": self.dilation,
        }
        if self.pooling_type == "MAX":
            return nd.ops.max_pool2d(images, **window)
        if self.pooling_type == "AVG":
            return nd.ops.avg_pool2d(
                images, **window, include_pad=self.avg_pool_include_pad_in_divisor
            )
        cells = float(self.kernel_size[0] * self.kernel_size[1])
        if self.pooling_type == "SUM":
            return nd.ops.avg_pool2d(images, **window, include_pad=True) * cells
        return nd.ops.pnorm_pool2d(images, **window, p=float(self.pnorm))


Pooling2D = SubsamplingLayer
