"""Output and loss layers over time series, images and volumes: the loss of every step, pixel or
voxel.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import nd4py as nd
from dl4py.conf._functions import ACTIVATION
from dl4py.conf._inputs import (
    CNN2D_FORMATS,
    CNN3D_FORMATS,
    RNN_FORMATS,
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from dl4py.conf._json import BOOL, enum, json_field
from dl4py.conf._preprocessors import (
    AbstractPreProcessor,
    CnnToRnnPreProcessor,
    FeedForwardToCnnPreProcessor,
    FeedForwardToRnnPreProcessor,
)
from dl4py.conf.layers._base import FAMILY, PACKAGE, AbstractLayer, LayerContext, Parameter, Value
from dl4py.conf.layers._dense import dense_parameters
from dl4py.conf.layers._output import AbstractOutputLayer
from dl4py.errors import ConfigurationError


def series_pre_processor(
    layer: AbstractLayer, input_type: InputType, data_format: str
) -> AbstractPreProcessor | None:
    """Rows and images become series."""
    if isinstance(input_type, (InputTypeFeedForward, InputTypeConvolutionalFlat)):
        wanted = getattr(input_type, "time_distributed_format", None)
        return FeedForwardToRnnPreProcessor(wanted if wanted in RNN_FORMATS else data_format)
    if isinstance(input_type, InputTypeConvolutional):
        return CnnToRnnPreProcessor(
            input_type.height, input_type.width, input_type.channels, data_format
        )
    if isinstance(input_type, InputTypeConvolutional3D):
        raise series_refused(input_type)
    return None


def series_type(input_type: InputType) -> InputTypeRecurrent:
    """The input type, which must be one of series."""
    if not isinstance(input_type, InputTypeRecurrent):
        raise series_refused(input_type)
    return input_type


def series_refused(input_type: InputType) -> ConfigurationError:
    """The error of an input that is not series."""
    return ConfigurationError(
        f"expected series as input; received {input_type!r}. Give the network "
        "input_type=InputType.recurrent(size, length)"
    )


class AbstractPositionsOutput(AbstractOutputLayer):
    """Base of output layers with a loss at every position."""

    @property
    def _channels_last(self) -> bool:
        raise NotImplementedError

    def _axes(self, rank: int) -> tuple[int, ...]:
        """The order of dimensions that puts channels last."""
        return tuple(range(rank)) if self._channels_last else (0, *range(2, rank), 1)

    def to_rows(self, value: Value) -> Value:
        """``[n, c, ...]`` (or channels last) to one row per example and position."""
        shape = tuple(value.shape)
        moved = nd.ops.permute(value, dims=self._axes(len(shape)))
        return nd.ops.reshape(moved, shape=(math.prod(moved.shape[:-1]), moved.shape[-1]))

    def from_rows(self, rows: Value, shape: tuple[int, ...]) -> Value:
        """The inverse of `to_rows`."""
        axes = self._axes(len(shape))
        moved = nd.ops.reshape(rows, shape=tuple(shape[a] for a in axes))
        return nd.ops.permute(moved, dims=tuple(axes.index(i) for i in range(len(shape))))

    def mask_like(self, mask: Value | None, shape: tuple[int, ...]) -> Value | None:
        """A mask per position, such as ``[n, T]``, as wide as one channel; a mask per output as it
        is.
        """
        if mask is None or tuple(mask.shape) == shape:
            return mask
        places = (shape[0], *(shape[1:-1] if self._channels_last else shape[2:]))
        found = tuple(mask.shape)
        if len(found) == len(shape):  # [n, 1, h, w] and broadcast forms of it
            one = [
                1 if self._channels_last and i == len(shape) - 1 else n for i, n in enumerate(shape)
            ]
            if not self._channels_last:
                one[1] = 1
            return nd.ops.broadcast_to(mask, shape=tuple(one))
        if math.prod(found) != math.prod(places):
            raise ValueError(
                f"a label mask of shape {found} does not fit an output of shape {shape}"
            )
        wide = (*places, 1) if self._channels_last else (places[0], 1, *places[1:])
        return nd.ops.reshape(mask, shape=wide)

    def sum_of_rows(self, rows: Value, shape: tuple[int, ...]) -> Value:
        """The sum over the positions of each example."""
        count = math.prod(shape) // (shape[0] * (shape[-1] if self._channels_last else shape[1]))
        return nd.ops.sum(nd.ops.reshape(rows, shape=(shape[0], count)), dims=(1,), keep_dims=True)

    def label_shape(self, output_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The output's shape."""
        return output_shape


@FAMILY.register(PACKAGE + "RnnOutputLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RnnOutputLayer(AbstractPositionsOutput):
    """A fully connected output layer at every time step.

    Answers to ``org.deeplearning4j.nn.conf.layers.RnnOutputLayer``.
    """

    activation: Any = json_field("activationFn", ACTIVATION, "softmax")
    has_bias: bool = json_field("hasBias", BOOL, True)
    rnn_data_format: str | None = json_field("rnnDataFormat", enum(*RNN_FORMATS))

    @property
    def _channels_last(self) -> bool:
        return self.rnn_data_format == "NWC"

    def with_input_type(self, input_type: InputType, override: bool) -> RnnOutputLayer:
        """Takes size and format from the input."""
        series = series_type(input_type)
        n_in = series.size if self.n_in <= 0 or override else self.n_in
        return dataclasses.replace(self, n_in=n_in, rnn_data_format=series.data_format)

    def output_type(self, input_type: InputType) -> InputType:
        """Series of ``n_out`` numbers per step."""
        series = series_type(input_type)
        return dataclasses.replace(series, size=self.n_out)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows and images become series."""
        return series_pre_processor(self, input_type, self.rnn_data_format or "NCW")

    def parameters(self) -> tuple[Parameter, ...]:
        """``W`` [n_in, n_out]; ``b`` [n_out] with a bias."""
        return dense_parameters(self, self.has_bias)

    def pre_output(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``x W + b`` at every step."""
        shape = tuple(x.shape)
        axis = 2 if self._channels_last else 1
        if len(shape) != 3 or shape[axis] != self.n_in:
            raise ValueError(
                f"expected series with {self.n_in} numbers in dimension {axis}; received shape {shape}"
            )
        z = nd.ops.linear(self.to_rows(x), params["W"], params.get("b"))
        return self.from_rows(z, tuple(self.n_out if i == axis else n for i, n in enumerate(shape)))


class AbstractPositionsLoss(AbstractPositionsOutput):
    """Base of loss layers without parameters."""

    always_averages: ClassVar[bool] = True
    owns_pre_output: ClassVar[bool] = False

    def with_input_type(self, input_type: InputType, override: bool) -> AbstractPositionsLoss:
        """Takes the format from the input, where it has one."""
        data_format = getattr(input_type, "data_format", None)
        name = self.format_field
        return dataclasses.replace(self, **{name: data_format}) if data_format else self

    format_field: ClassVar[str] = "data_format"

    def output_type(self, input_type: InputType) -> InputType:
        """The type going in."""
        return input_type

    def check_sizes(self) -> None:
        """It has none."""

    def pre_output(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """The input itself."""
        return x

    def activations(self, z: Value, mask: Value | None, context: LayerContext) -> Value:
        """The activations; masks do not touch them."""
        return super().activations(z, None, context)


@FAMILY.register(PACKAGE + "RnnLossLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RnnLossLayer(AbstractPositionsLoss):
    """A loss at every time step of the activations before.

    Answers to ``org.deeplearning4j.nn.conf.layers.RnnLossLayer``.
    """

    rnn_data_format: str = json_field("rnnDataFormat", enum(*RNN_FORMATS), "NCW")
    format_field: ClassVar[str] = "rnn_data_format"

    @property
    def _channels_last(self) -> bool:
        return self.rnn_data_format == "NWC"

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows and images become series."""
        return series_pre_processor(self, input_type, self.rnn_data_format)


@FAMILY.register(PACKAGE + "CnnLossLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CnnLossLayer(AbstractPositionsLoss):
    """A loss at every pixel of the activations before.

    Answers to ``org.deeplearning4j.nn.conf.layers.CnnLossLayer``.
    """

    activation: Any = json_field("activationFn", ACTIVATION, "identity")
    data_format: str = json_field("format", enum(*CNN2D_FORMATS), "NCHW")

    @property
    def _channels_last(self) -> bool:
        return self.data_format == "NHWC"

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows that are flattened images become images."""
        if isinstance(input_type, InputTypeConvolutionalFlat):
            return FeedForwardToCnnPreProcessor(
                input_type.height, input_type.width, input_type.depth
            )
        return None


@FAMILY.register(PACKAGE + "Cnn3DLossLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Cnn3DLossLayer(AbstractPositionsLoss):
    """A loss at every voxel of the activations before.

    Answers to ``org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer``.
    """

    activation: Any = json_field("activationFn", ACTIVATION, "identity")
    data_format: str = json_field("dataFormat", enum(*CNN3D_FORMATS), "NCDHW")

    def with_input_type(self, input_type: InputType, override: bool) -> Cnn3DLossLayer:
        """It keeps its own format."""
        return self

    @property
    def _channels_last(self) -> bool:
        return self.data_format == "NDHWC"

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """None."""
        return None
