"""Layers on volumes.

Convolution and pooling over three dimensions are composed of those over two: one pass per depth of
the kernel over all slices at once, summed (or the largest taken) over depth.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._inputs import CNN3D_FORMATS, InputType, InputTypeConvolutional3D
from dl4py.conf._json import BOOL, TEXT, enum, ints, json_field
from dl4py.conf.layers._base import (
    FAMILY,
    PACKAGE,
    AbstractFeedForwardLayer,
    AbstractLayer,
    AbstractNoParamLayer,
    LayerContext,
    Parameter,
    Value,
    activate,
)
from dl4py.conf.layers._convolution_sizes import (
    CONVOLUTION_MODES,
    CUDNN_ALGO_MODES,
    check_window,
    effective_kernel,
    output_sizes,
    same_padding,
)
from dl4py.conf.layers._resizing import sides
from dl4py.errors import ConfigurationError

Triple = tuple[int, int, int]
Pads = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def volume_type(layer: AbstractLayer, input_type: InputType) -> InputTypeConvolutional3D:
    """The input type, which must be one of volumes.

    Raises:
        ConfigurationError: it is another.
    """
    if not isinstance(input_type, InputTypeConvolutional3D):
        raise ConfigurationError(
            f"expected volumes as input; received {input_type!r}. Give the network "
            "input_type=InputType.convolutional_3d(depth, height, width, channels)"
        )
    return input_type


def _sized(
    input_type: InputTypeConvolutional3D,
    sizes: Any,
    channels: int | None = None,
    mode: str | None = "Truncate",
) -> InputTypeConvolutional3D:
    """Volumes of another size; outside Same mode Deeplearning4j says channels last, which files show."""
    depth, height, width = sizes
    if min(depth, height, width) <= 0:
        raise ConfigurationError(f"nothing is left of {input_type!r}")
    return dataclasses.replace(
        input_type,
        depth=depth,
        height=height,
        width=width,
        channels=channels or input_type.channels,
        data_format=input_type.data_format if mode == "Same" else "NDHWC",
    )


def _first(x: Value, data_format: str) -> Value:
    if len(x.shape) != 5:
        raise ValueError(
            f"expected an input of rank 5 ({data_format}); received shape {tuple(x.shape)}"
        )
    return x if data_format == "NCDHW" else nd.ops.permute(x, dims=(0, 4, 1, 2, 3))


def _back(x: Value, data_format: str) -> Value:
    return x if data_format == "NCDHW" else nd.ops.permute(x, dims=(0, 2, 3, 4, 1))


def _pads(layer: Any, sizes: Triple) -> Pads:
    """Padding before and after each dimension, after checking that the window fits."""
    output_sizes(layer, sizes)
    if layer.convolution_mode != "Same":
        first, second, third = ((p, p) for p in layer.padding)
    else:
        windows = zip(sizes, layer.kernel_size, layer.stride, layer.dilation, strict=True)
        first, second, third = (same_padding(*window) for window in windows)
    return first, second, third


def _depth_slice(x: Value, at: int, count: int, stride: int) -> Value:
    """Slices at, at + stride, ... of ``[n, c, d, h, w]``, ``count`` of them, as ``[n * count, c, h, w]``."""
    n, c, _, h, w = x.shape
    part = nd.ops.slice(
        x,
        begin=(0, 0, at, 0, 0),
        end=(n, c, at + (count - 1) * stride + 1, h, w),
        strides=(1, 1, stride, 1, 1),
    )
    return nd.ops.reshape(nd.ops.permute(part, dims=(0, 2, 1, 3, 4)), shape=(n * count, c, h, w))


def _stacked(x: Value, n: int) -> Value:
    """The inverse arrangement: ``[n * d, c, h, w]`` to ``[n, c, d, h, w]``."""
    rows, c, h, w = x.shape
    return nd.ops.permute(nd.ops.reshape(x, shape=(n, rows // n, c, h, w)), dims=(0, 2, 1, 3, 4))


def _flat(pads: Pads) -> tuple[int, int, int, int]:
    return (*pads[1], *pads[2])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractConvolution3D(AbstractFeedForwardLayer):
    """Base of layers with kernels that slide over volumes; sizes are depth, height, width."""

    kernel_size: Any = json_field("kernelSize", ints(3), (2, 2, 2))
    stride: Any = json_field("stride", ints(3), (1, 1, 1))
    padding: Any = json_field("padding", ints(3), (0, 0, 0))
    dilation: Any = json_field("dilation", ints(3), (1, 1, 1))
    convolution_mode: str | None = json_field("convolutionMode", enum(*CONVOLUTION_MODES))
    has_bias: bool = json_field("hasBias", BOOL, True)
    data_format: str = json_field("dataFormat", enum(*CNN3D_FORMATS), "NCDHW")
    cnn2d_data_format: str = json_field("cnn2dDataFormat", TEXT, "NCHW")
    cudnn_algo_mode: str | None = json_field("cudnnAlgoMode", enum(*CUDNN_ALGO_MODES))
    cudnn_fwd_algo: str | None = json_field("cudnnFwdAlgo", TEXT)
    cudnn_bwd_filter_algo: str | None = json_field("cudnnBwdFilterAlgo", TEXT)
    cudnn_bwd_data_algo: str | None = json_field("cudnnBwdDataAlgo", TEXT)
    cudnn_allow_fallback: bool = json_field("cudnnAllowFallback", BOOL, True)

    def check(self) -> None:
        """Kernel, stride and dilation are positive; padding is not negative."""
        check_window(self)

    def _unset(self, defaults: Any) -> dict[str, Any]:
        return {
            **super()._unset(defaults),
            "convolution_mode": self.convolution_mode or defaults.convolution_mode,
            "cudnn_algo_mode": self.cudnn_algo_mode or defaults.cudnn_algo_mode,
        }

    def with_input_type(self, input_type: InputType, override: bool) -> Any:
        """Takes the number of channels from the input."""
        volumes = volume_type(self, input_type)
        n_in = volumes.channels if self.n_in <= 0 or override else self.n_in
        return dataclasses.replace(self, n_in=n_in)

    def pre_processor_for(self, input_type: InputType) -> None:
        """None."""

    def _bias(self) -> tuple[Parameter, ...]:
        if not self.has_bias:
            return ()
        return (Parameter("b", (self.n_out,), kind="bias", initial=self.bias_init or 0.0),)

    def _fans(self) -> tuple[float, float]:
        kernel, stride = 1, 1
        for k, s in zip(self.kernel_size, self.stride, strict=True):
            kernel, stride = kernel * k, stride * s
        return self.n_in * kernel, self.n_out * kernel / stride

    def _finish(self, z: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        if "b" in params:
            z = z + nd.ops.reshape(params["b"], shape=(1, self.n_out, 1, 1, 1))
        return _back(activate(self.activation, z, context), self.data_format)


@FAMILY.register(PACKAGE + "Convolution3D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Convolution3D(AbstractConvolution3D):
    """Convolution of volumes: ``activation(conv3d(x, W) + b)``.

    Answers to ``org.deeplearning4j.nn.conf.layers.Convolution3D``.
    """

    runtime_name = "Convolution3DLayer"

    mode: str = json_field("mode", enum(*CONVOLUTION_MODES), "Same")  # of no effect there either

    def output_type(self, input_type: InputType) -> InputType:
        """Volumes with ``n_out`` channels."""
        volumes = volume_type(self, input_type)
        found = output_sizes(self, (volumes.depth, volumes.height, volumes.width))
        return _sized(volumes, found, self.n_out, self.convolution_mode)

    def parameters(self) -> tuple[Parameter, ...]:
        """``b`` [n_out] first, then ``W`` [n_out, n_in, depth, height, width]."""
        shape = (self.n_out, self.n_in, *self.kernel_size)
        fan_in, fan_out = self._fans()
        return (*self._bias(), Parameter("W", shape, "c", fan_in=fan_in, fan_out=fan_out))

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, d, h, w]`` to ``[n, n_out, d', h', w']``, or the same with channels last."""
        volumes = _first(x, self.data_format)
        if volumes.shape[1] != self.n_in:
            raise ValueError(f"expected {self.n_in} channels; received shape {tuple(x.shape)}")
        pads = _pads(self, tuple(volumes.shape[2:]))
        if any(pads[0]):
            volumes = nd.ops.pad(
                volumes, before=(0, 0, pads[0][0], 0, 0), after=(0, 0, pads[0][1], 0, 0)
            )
        n, _, depth, _, _ = volumes.shape
        stride, dilation = self.stride[0], self.dilation[0]
        count = (depth - effective_kernel(self.kernel_size[0], dilation)) // stride + 1
        z: Value = None
        for k in range(self.kernel_size[0]):
            kernel = nd.ops.slice(
                params["W"],
                begin=(0, 0, k, 0, 0),
                end=(self.n_out, self.n_in, k + 1, *self.kernel_size[1:]),
            )
            part = nd.ops.conv2d(
                _depth_slice(volumes, k * dilation, count, stride),
                nd.ops.squeeze(kernel, dims=(2,)),
                stride=self.stride[1:],
                padding=_flat(pads),
                dilation=self.dilation[1:],
            )
            z = part if z is None else z + part
        return self._finish(_stacked(z, n), params, context)


@FAMILY.register(PACKAGE + "Subsampling3DLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Subsampling3DLayer(AbstractNoParamLayer):
    """Pooling of volumes: the largest value or the mean of each window, without padded cells.

    Answers to ``org.deeplearning4j.nn.conf.layers.Subsampling3DLayer``.
    """

    pooling_type: str = json_field("poolingType", enum("MAX", "AVG"), "MAX")
    kernel_size: Any = json_field("kernelSize", ints(3), (1, 1, 1))
    stride: Any = json_field("stride", ints(3), (2, 2, 2))
    padding: Any = json_field("padding", ints(3), (0, 0, 0))
    dilation: Any = json_field("dilation", ints(3), (1, 1, 1))
    convolution_mode: str | None = json_field("convolutionMode", enum(*CONVOLUTION_MODES), "Same")
    data_format: str = json_field("dataFormat", enum(*CNN3D_FORMATS), "NCDHW")
    cudnn_allow_fallback: bool = json_field("cudnnAllowFallback", BOOL, True)

    def check(self) -> None:
        """Kernel, stride and dilation are positive; padding is not negative."""
        check_window(self)

    def output_type(self, input_type: InputType) -> InputType:
        """Smaller volumes with as many channels."""
        volumes = volume_type(self, input_type)
        found = output_sizes(self, (volumes.depth, volumes.height, volumes.width))
        return _sized(volumes, found, mode=self.convolution_mode)

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, d, h, w]`` to ``[n, c, d', h', w']``, or the same with channels last."""
        volumes = _first(x, self.data_format)
        pads = _pads(self, tuple(volumes.shape[2:]))
        if self.pooling_type == "MAX":
            return _back(self._each(volumes, pads, nd.ops.max_pool2d, {}), self.data_format)
        pool = {"include_pad": True}
        total = self._each(volumes, pads, nd.ops.avg_pool2d, pool)
        # The share of cells inside the volume, which is what the mean over all of them must be divided by.
        inside = self._each(
            nd.ops.stop_gradient(volumes) * 0.0 + 1.0, pads, nd.ops.avg_pool2d, pool
        )
        return _back(total / inside, self.data_format)

    def _each(self, volumes: Value, pads: Pads, pool: Any, attrs: dict[str, Any]) -> Value:
        """Pools height and width of every slice, then depth."""
        n, c, depth, _, _ = volumes.shape
        slices = pool(
            _depth_slice(volumes, 0, depth, 1),
            kernel=self.kernel_size[1:],
            stride=self.stride[1:],
            padding=_flat(pads),
            dilation=self.dilation[1:],
            **attrs,
        )
        _, _, h, w = slices.shape
        columns = nd.ops.reshape(_stacked(slices, n), shape=(n, c, depth, h * w))
        found = pool(
            columns,
            kernel=(self.kernel_size[0], 1),
            stride=(self.stride[0], 1),
            padding=(*pads[0], 0, 0),
            dilation=(self.dilation[0], 1),
            **attrs,
        )
        return nd.ops.reshape(found, shape=(n, c, found.shape[2], h, w))


@FAMILY.register(PACKAGE + "Upsampling3D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Upsampling3D(AbstractNoParamLayer):
    """Repeats slices, rows and columns of volumes.

    Answers to ``org.deeplearning4j.nn.conf.layers.Upsampling3D``.
    """

    size: Any = json_field("size", ints(3), (2, 2, 2))
    data_format: str = json_field("dataFormat", enum(*CNN3D_FORMATS), "NCDHW")

    def output_type(self, input_type: InputType) -> InputType:
        """Larger volumes."""
        v = volume_type(self, input_type)
        a, b, c = self.size
        return _sized(v, (v.depth * a, v.height * b, v.width * c))

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """Every cell repeated along the three dimensions."""
        volumes = _first(x, self.data_format)
        for axis, repeats in enumerate(self.size, 2):
            volumes = nd.ops.repeat(volumes, repeats=repeats, axis=axis)
        return _back(volumes, self.data_format)


@FAMILY.register(PACKAGE + "ZeroPadding3DLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ZeroPadding3DLayer(AbstractNoParamLayer):
    """Zeros around volumes ``[n, c, d, h, w]``: two numbers per dimension.

    Answers to ``org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer``.
    """

    padding: Any = json_field("padding", sides(6), (0,) * 6)

    def output_type(self, input_type: InputType) -> InputType:
        """Larger volumes."""
        v, p = volume_type(self, input_type), self.padding
        return _sized(v, (v.depth + p[0] + p[1], v.height + p[2] + p[3], v.width + p[4] + p[5]))

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """The volumes with zeros around."""
        p = self.padding
        volumes = _first(x, "NCDHW")
        return nd.ops.pad(volumes, before=(0, 0, p[0], p[2], p[4]), after=(0, 0, p[1], p[3], p[5]))


@FAMILY.register(PACKAGE + "convolutional.Cropping3D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Cropping3D(AbstractNoParamLayer):
    """Cuts the edges of volumes ``[n, c, d, h, w]`` off: two numbers per dimension.

    Answers to ``org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D``.
    """

    runtime_name = "Cropping3DLayer"

    cropping: Any = json_field("cropping", sides(6), (0,) * 6)

    def output_type(self, input_type: InputType) -> InputType:
        """Smaller volumes."""
        v, p = volume_type(self, input_type), self.cropping
        return _sized(v, (v.depth - p[0] - p[1], v.height - p[2] - p[3], v.width - p[4] - p[5]))

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """What is left."""
        p = self.cropping
        n, c, d, h, w = _first(x, "NCDHW").shape
        return nd.ops.slice(
            x, begin=(0, 0, p[0], p[2], p[4]), end=(n, c, d - p[1], h - p[3], w - p[5])
        )
