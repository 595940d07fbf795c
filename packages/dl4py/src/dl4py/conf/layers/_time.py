"""Convolution, pooling and resizing over time: series seen as images one pixel wide."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._inputs import RNN_FORMATS, InputType
from dl4py.conf._json import enum, ints, json_field
from dl4py.conf._preprocessors import AbstractPreProcessor
from dl4py.conf.layers._base import (
    FAMILY,
    PACKAGE,
    AbstractNoParamLayer,
    LayerContext,
    Parameter,
    Value,
    activate,
)
from dl4py.conf.layers._convolution import AbstractConvolution2D
from dl4py.conf.layers._convolution_sizes import effective_kernel, output_size, same_padding
from dl4py.conf.layers._resizing import sides
from dl4py.conf.layers._series_output import series_pre_processor, series_type
from dl4py.conf.layers._subsampling import SubsamplingLayer
from dl4py.errors import ConfigurationError


def time_padding(
    length: int, kernel: int, stride: int, padding: int, dilation: int, mode: str
) -> tuple[int, int]:
    """Padding before and after along time."""
    if mode == "Same":
        return same_padding(length, kernel, stride, dilation)
    if mode == "Causal":
        return effective_kernel(kernel, dilation) - 1, 0
    return padding, padding


def _new_length(layer: Any, length: int) -> int:
    if length < 0:
        return -1
    mode = layer.convolution_mode or "Truncate"
    mode = "Truncate" if mode == "Strict" else mode
    return output_size(
        length,
        layer.kernel_size[0],
        layer.stride[0],
        layer.padding[0],
        layer.dilation[0],
        mode,
        "time",
    )


def _windows(layer: Any, length: int) -> dict[str, Any]:
    """The attributes of an operation on ``[n, c, T, 1]``."""
    first = (layer.kernel_size[0], layer.stride[0], layer.padding[0], layer.dilation[0])
    before, after = time_padding(length, *first, layer.convolution_mode or "Truncate")
    return {"stride": (first[1], 1), "padding": (before, after, 0, 0), "dilation": (first[3], 1)}


def _mask_of_windows(layer: Any, mask: Value | None) -> Value | None:
    """The mask of the new time steps: a step counts where one of those it covers does."""
    if mask is None or (layer.convolution_mode in ("Same", "Causal") and layer.stride[0] == 1):
        return mask
    image = nd.ops.reshape(mask, shape=(mask.shape[0], 1, mask.shape[1], 1))
    pooled = nd.ops.max_pool2d(
        image, kernel=(layer.kernel_size[0], 1), **_windows(layer, mask.shape[1])
    )
    return nd.ops.reshape(pooled, shape=(pooled.shape[0], pooled.shape[2]))


def _check_series(x: Value, n_in: int, data_format: str) -> None:
    axis = 1 if data_format == "NCW" else 2
    shape = tuple(x.shape)
    if len(shape) != 3 or (n_in and shape[axis] != n_in):
        raise ValueError(
            f"expected series with {n_in or 'some'} numbers in dimension {axis}; received shape {shape}"
        )


def _to_images(x: Value, data_format: str) -> Value:
    return nd.ops.expand_dims(
        x if data_format == "NCW" else nd.ops.permute(x, dims=(0, 2, 1)), axis=3
    )


def _to_series(images: Value, data_format: str) -> Value:
    series = nd.ops.squeeze(images, dims=(3,))
    return series if data_format == "NCW" else nd.ops.permute(series, dims=(0, 2, 1))


@FAMILY.register(PACKAGE + "Convolution1DLayer", PACKAGE + "Convolution1D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Convolution1DLayer(AbstractConvolution2D):
    """Convolution over time; mode ``"Causal"`` sees no later steps.

    Answers to ``org.deeplearning4j.nn.conf.layers.Convolution1DLayer``. Sizes are stored twice, the
    first one counts.
    """

    rnn_data_format: str = json_field("rnnDataFormat", enum(*RNN_FORMATS), "NCW")

    def check(self) -> None:
        """As for images, but causal windows are allowed."""
        if self.convolution_mode != "Causal":
            super().check()

    def with_input_type(self, input_type: InputType, override: bool) -> Convolution1DLayer:
        """Takes size and format from the input."""
        series = series_type(input_type)
        n_in = series.size if self.n_in <= 0 or override else self.n_in
        return dataclasses.replace(self, n_in=n_in, rnn_data_format=series.data_format)

    def output_type(self, input_type: InputType) -> InputType:
        """Series of ``n_out`` numbers per step."""
        series = series_type(input_type)
        length = _new_length(self, series.time_series_length)
        return dataclasses.replace(
            series, size=self.n_out, time_series_length=length, data_format=self.rnn_data_format
        )

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows and images become series."""
        return series_pre_processor(self, input_type, self.rnn_data_format)

    def parameters(self) -> tuple[Parameter, ...]:
        """``b`` [n_out] first, then ``W`` [n_out, n_in, kernel, 1], whose memory is used as
        [kernel, n_in, n_out].
        """
        kernel = self.kernel_size[0]
        fans = {"fan_in": self.n_in * kernel, "fan_out": self.n_out * kernel / self.stride[0]}
        return (*self._bias(), Parameter("W", (self.n_out, self.n_in, kernel, 1), "c", **fans))

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, n_in, T]`` to ``[n, n_out, T']``, or the same with channels last."""
        _check_series(x, self.n_in, self.rnn_data_format)
        images = _to_images(x, self.rnn_data_format)
        kernel = self.kernel_size[0]
        # Deeplearning4j reinterprets the memory instead of transposing it, so its files need the
        # same.
        w = nd.ops.reshape(params["W"], shape=(kernel, self.n_in, self.n_out))
        w = nd.ops.expand_dims(nd.ops.permute(w, dims=(2, 1, 0)), axis=3)
        z = nd.ops.conv2d(images, w, params.get("b"), **_windows(self, images.shape[2]))
        return activate(self.activation, _to_series(z, self.rnn_data_format), context)

    def mask_after(self, mask: Value | None) -> Value | None:
        """Unchanged where every step stays, else that of the windows."""
        return _mask_of_windows(self, mask)


Convolution1D = Convolution1DLayer


@FAMILY.register(PACKAGE + "Subsampling1DLayer", PACKAGE + "Pooling1D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Subsampling1DLayer(SubsamplingLayer):
    """Pooling over time.

    Answers to ``org.deeplearning4j.nn.conf.layers.Subsampling1DLayer``. Sizes are stored twice, the
    first one counts.
    """

    kernel_size: Any = json_field("kernelSize", ints(2), (2, 1))
    stride: Any = json_field("stride", ints(2), (1, 1))

    def check(self) -> None:
        """As for images, but causal windows are allowed."""
        if self.convolution_mode != "Causal":
            super().check()

    def with_input_type(self, input_type: InputType, override: bool) -> Subsampling1DLayer:
        """It needs no sizes."""
        series_type(input_type)
        return self

    def output_type(self, input_type: InputType) -> InputType:
        """Shorter series."""
        series = series_type(input_type)
        return dataclasses.replace(
            series, time_series_length=_new_length(self, series.time_series_length)
        )

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows and images become series."""
        return series_pre_processor(self, input_type, "NCW")

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, T]`` to ``[n, c, T']``."""
        _check_series(x, 0, "NCW")
        images = _to_images(x, "NCW")
        flat = dataclasses.replace(
            self,
            kernel_size=(self.kernel_size[0], 1),
            stride=(self.stride[0], 1),
            padding=(self.padding[0], 0),
            dilation=(self.dilation[0], 1),
        )
        return _to_series(flat.pool(images, _windows(self, images.shape[2])["padding"]), "NCW")

    def mask_after(self, mask: Value | None) -> Value | None:
        """Unchanged where every step stays, else that of the windows."""
        return _mask_of_windows(self, mask)


Pooling1D = Subsampling1DLayer


class AbstractTimeResizing(AbstractNoParamLayer):
    """Base of layers that change the length of series ``[n, c, T]``."""

    def _length(self, length: int) -> int:
        raise NotImplementedError

    def output_type(self, input_type: InputType) -> InputType:
        """Series of another length."""
        series = series_type(input_type)
        length = series.time_series_length
        new = self._length(length) if length > 0 else length
        if length > 0 and new <= 0:
            raise ConfigurationError(f"nothing is left of series of {length} steps")
        return dataclasses.replace(series, time_series_length=new)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows and images become series."""
        return series_pre_processor(self, input_type, "NCW")


@FAMILY.register(PACKAGE + "ZeroPadding1DLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ZeroPadding1DLayer(AbstractTimeResizing):
    """Zeros before and after series.

    Answers to ``org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer``.
    """

    padding: Any = json_field("padding", sides(2), (0, 0))

    def _length(self, length: int) -> int:
        return length + int(sum(self.padding))

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, T]`` to ``[n, c, T + before + after]``."""
        _check_series(x, 0, "NCW")
        return nd.ops.pad(x, before=(0, 0, self.padding[0]), after=(0, 0, self.padding[1]))


@FAMILY.register(PACKAGE + "convolutional.Cropping1D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Cropping1D(AbstractTimeResizing):
    """Cuts steps off at both ends of series.

    Answers to ``org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D``.
    """

    runtime_name = "Cropping1DLayer"

    cropping: Any = json_field("cropping", sides(2), (0, 0))

    def _length(self, length: int) -> int:
        return length - int(sum(self.cropping))

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, T]`` to ``[n, c, T - before - after]``."""
        _check_series(x, 0, "NCW")
        n, c, length = x.shape
        return nd.ops.slice(
            x, begin=(0, 0, self.cropping[0]), end=(n, c, length - self.cropping[1])
        )


@FAMILY.register(PACKAGE + "Upsampling1D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Upsampling1D(AbstractTimeResizing):
    """Repeats every step; ``size`` is stored twice, the first one counts.

    Answers to ``org.deeplearning4j.nn.conf.layers.Upsampling1D``.
    """

    size: Any = json_field("size", ints(2), (2, 2))

    def _length(self, length: int) -> int:
        return length * int(self.size[0])

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, T]`` to ``[n, c, T * size]``."""
        _check_series(x, 0, "NCW")
        return nd.ops.repeat(x, repeats=self.size[0], axis=2)
