"""Preprocessors: how activations change rank between layers (packages ``nn.conf.preprocessor`` and
``preprocessors``).

Each is written with nd4py operations, so it runs on arrays and in graphs, and its backward pass is
their gradient. Rows of flattened time series are ordered time first: row ``t * minibatch +
example``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._inputs import (
    CNN2D_FORMATS,
    RNN_FORMATS,
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from dl4py.conf._json import BOOL, INT, Codec, Family, JavaObject, enum, ints, json_field, many
from dl4py.errors import ConfigurationError

FAMILY = Family("preprocessor")
_PACKAGE = "org.deeplearning4j.nn.conf.preprocessor."
_KERAS_PACKAGE = "org.deeplearning4j.preprocessors."
_RNN_FORMAT = enum(*RNN_FORMATS)


@dataclass(frozen=True, eq=False, repr=False)
class AbstractPreProcessor(JavaObject):
    """Base of the preprocessors."""

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """The next layer's input; ``minibatch`` is the number of examples in the network's input."""
        raise NotImplementedError

    def pre_process_mask(self, mask: Any, minibatch: int) -> Any:
        """The feature mask that goes with the result of `pre_process`."""
        return mask

    def output_type(self, input_type: InputType) -> InputType:
        """The type of the result for an input of this type."""
        raise NotImplementedError

    def _expect(self, x: Any, ranks: tuple[int, ...]) -> None:
        if len(x.shape) not in ranks:
            names = " or ".join(map(str, ranks))
            raise ValueError(
                f"{type(self).__name__}: expected an array of rank {names}; received shape {x.shape}"
            )

    def _refuse(self, input_type: InputType) -> ConfigurationError:
        return self.fail(f"cannot take an input of type {input_type!r}")


def _rows_to_series(x: Any, minibatch: int, data_format: str) -> Any:
    rows, size = x.shape
    series = nd.ops.reshape(x, shape=(rows // minibatch, minibatch, size))
    return nd.ops.permute(series, dims=(1, 2, 0) if data_format == "NCW" else (1, 0, 2))


def _series_to_rows(x: Any, data_format: str) -> Any:
    series = nd.ops.permute(x, dims=(2, 0, 1) if data_format == "NCW" else (1, 0, 2))
    length, minibatch, size = series.shape
    return nd.ops.reshape(series, shape=(length * minibatch, size))


def _mask_to_rows(mask: Any) -> Any:
    # [minibatch, T] becomes a column in the row order of the series
    if len(mask.shape) == 2 and mask.shape[1] != 1:
        return nd.ops.reshape(
            nd.ops.permute(mask, dims=(1, 0)), shape=(mask.shape[0] * mask.shape[1], 1)
        )
    return mask


def _mask_to_series(mask: Any, minibatch: int) -> Any:
    length = math.prod(mask.shape) // minibatch
    return nd.ops.permute(nd.ops.reshape(mask, shape=(length, minibatch)), dims=(1, 0))


@FAMILY.register(_PACKAGE + "CnnToFeedForwardPreProcessor")
@dataclass(frozen=True, eq=False, repr=False)
class CnnToFeedForwardPreProcessor(AbstractPreProcessor):
    """Flattens images to rows, in 'c' order of the array as stored (so NCHW and NHWC give other
    orders).
    """

    input_height: int = json_field("inputHeight", INT, 0)
    input_width: int = json_field("inputWidth", INT, 0)
    num_channels: int = json_field("numChannels", INT, 0)
    data_format: str = json_field("format", enum(*CNN2D_FORMATS), "NCHW")

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """``[n, c, h, w]`` to ``[n, c * h * w]``; rows pass through."""
        self._expect(x, (2, 4))
        if len(x.shape) == 2:
            return x
        sizes = (self.num_channels, self.input_height, self.input_width)
        expected = sizes if self.data_format == "NCHW" else (*sizes[1:], sizes[0])
        if all(sizes) and tuple(x.shape[1:]) != expected:
            raise ValueError(
                f"CnnToFeedForwardPreProcessor: expected activations [minibatch, {', '.join(map(str, expected))}] "
                f"({self.data_format}); received shape {tuple(x.shape)}"
            )
        return nd.ops.reshape(x, shape=(x.shape[0], math.prod(x.shape[1:])))

    def pre_process_mask(self, mask: Any, minibatch: int) -> Any:
        """``[n, 1, 1, 1]`` to ``[n, 1]``."""
        if len(mask.shape) == 4:
            if math.prod(mask.shape[1:]) != 1:
                raise ValueError(
                    "CnnToFeedForwardPreProcessor: expected a mask of shape [minibatch, 1, 1, 1]; "
                    f"received {mask.shape}"
                )
            return nd.ops.reshape(mask, shape=(mask.shape[0], 1))
        return mask

    def output_type(self, input_type: InputType) -> InputType:
        """Rows of c * h * w numbers."""
        if isinstance(input_type, InputTypeConvolutional):
            return InputTypeFeedForward(input_type.channels * input_type.height * input_type.width)
        if isinstance(input_type, InputTypeConvolutionalFlat):
            return InputTypeFeedForward(input_type.flattened_size)
        raise self._refuse(input_type)


@FAMILY.register(_PACKAGE + "FeedForwardToCnnPreProcessor")
@dataclass(frozen=True, eq=False, repr=False)
class FeedForwardToCnnPreProcessor(AbstractPreProcessor):
    """Rows to images ``[n, c, h, w]``."""

    input_height: int = json_field("inputHeight", INT, 0)
    input_width: int = json_field("inputWidth", INT, 0)
    num_channels: int = json_field("numChannels", INT, 1)

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """``[n, c * h * w]`` to ``[n, c, h, w]``; rank 4 passes through."""
        self._expect(x, (2, 4))
        if len(x.shape) == 4:
            return x
        sizes = (self.num_channels, self.input_height, self.input_width)
        if x.shape[1] != math.prod(sizes):
            raise ValueError(
                f"FeedForwardToCnnPreProcessor: expected rows of {math.prod(sizes)} numbers (channels {sizes[0]} x "
                f"height {sizes[1]} x width {sizes[2]}); received shape {tuple(x.shape)}"
            )
        return nd.ops.reshape(x, shape=(x.shape[0], *sizes))

    def output_type(self, input_type: InputType) -> InputType:
        """Images of the configured sizes."""
        if isinstance(input_type, InputTypeFeedForward):
            return InputTypeConvolutional(self.input_height, self.input_width, self.num_channels)
        if isinstance(input_type, InputTypeConvolutionalFlat):
            return InputTypeConvolutional(input_type.height, input_type.width, input_type.depth)
        if isinstance(input_type, InputTypeConvolutional):
            return input_type
        raise self._refuse(input_type)


@FAMILY.register(_PACKAGE + "Cnn3DToFeedForwardPreProcessor")
@dataclass(frozen=True, eq=False, repr=False)
class Cnn3DToFeedForwardPreProcessor(AbstractPreProcessor):
    """Flattens volumes to rows, in 'c' order of the array as stored."""

    input_depth: int = json_field("inputDepth", INT, 0)
    input_height: int = json_field("inputHeight", INT, 0)
    input_width: int = json_field("inputWidth", INT, 0)
    num_channels: int = json_field("numChannels", INT, 0)
    ncdhw: bool = json_field("ncdhw", BOOL, True)

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """Rank 5 to ``[n, c * d * h * w]``; rows pass through."""
        self._expect(x, (2, 5))
        return (
            x
            if len(x.shape) == 2
            else nd.ops.reshape(x, shape=(x.shape[0], math.prod(x.shape[1:])))
        )

    def output_type(self, input_type: InputType) -> InputType:
        """Rows of all numbers of an example."""
        if not isinstance(input_type, InputTypeConvolutional3D):
            raise self._refuse(input_type)
        return InputTypeFeedForward(input_type.element_count())


@FAMILY.register(_PACKAGE + "FeedForwardToCnn3DPreProcessor")
@dataclass(frozen=True, eq=False, repr=False)
class FeedForwardToCnn3DPreProcessor(AbstractPreProcessor):
    """Rows to volumes."""

    input_depth: int = json_field("inputDepth", INT, 0)
    input_height: int = json_field("inputHeight", INT, 0)
    input_width: int = json_field("inputWidth", INT, 0)
    num_channels: int = json_field("numChannels", INT, 1)
    ncdhw: bool = json_field("ncdhw", BOOL, True)

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """``[n, c * d * h * w]`` to rank 5; rank 5 passes through."""
        self._expect(x, (2, 5))
        if len(x.shape) == 5:
            return x
        sizes = (self.input_depth, self.input_height, self.input_width)
        shape = (self.num_channels, *sizes) if self.ncdhw else (*sizes, self.num_channels)
        if x.shape[1] != math.prod(shape):
            raise ValueError(
                f"FeedForwardToCnn3DPreProcessor: expected rows of {math.prod(shape)} numbers; "
                f"received shape {tuple(x.shape)}"
            )
        return nd.ops.reshape(x, shape=(x.shape[0], *shape))

    def output_type(self, input_type: InputType) -> InputType:
        """Volumes of the configured sizes."""
        if isinstance(input_type, InputTypeConvolutional3D):
            return input_type
        if not isinstance(input_type, InputTypeFeedForward):
            raise self._refuse(input_type)
        # Deeplearning4j says channels last here even where the array has channels first; layers
        # downstream depend on it.
        sizes = (self.input_depth, self.input_height, self.input_width)
        return InputTypeConvolutional3D(*sizes, self.num_channels, "NDHWC")


@FAMILY.register(_PACKAGE + "RnnToFeedForwardPreProcessor")
@dataclass(frozen=True, eq=False, repr=False)
class RnnToFeedForwardPreProcessor(AbstractPreProcessor):
    """Every time step becomes a row."""

    rnn_data_format: str = json_field("rnnDataFormat", _RNN_FORMAT, "NCW")

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """``[n, size, T]`` to ``[T * n, size]``; rows pass through."""
        self._expect(x, (2, 3))
        return x if len(x.shape) == 2 else _series_to_rows(x, self.rnn_data_format)

    def pre_process_mask(self, mask: Any, minibatch: int) -> Any:
        """``[n, T]`` to a column."""
        return _mask_to_rows(mask)

    def output_type(self, input_type: InputType) -> InputType:
        """Rows of the series' size."""
        if not isinstance(input_type, InputTypeRecurrent):
            raise self._refuse(input_type)
        return InputTypeFeedForward(input_type.size, input_type.data_format)


@FAMILY.register(_PACKAGE + "FeedForwardToRnnPreProcessor")
@dataclass(frozen=True, eq=False, repr=False)
class FeedForwardToRnnPreProcessor(AbstractPreProcessor):
    """Rows become the time steps of series."""

    rnn_data_format: str = json_field("rnnDataFormat", _RNN_FORMAT, "NCW")

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """``[T * n, size]`` to ``[n, size, T]``; series pass through."""
        self._expect(x, (2, 3))
        return x if len(x.shape) == 3 else _rows_to_series(x, minibatch, self.rnn_data_format)

    def pre_process_mask(self, mask: Any, minibatch: int) -> Any:
        """A column to ``[n, T]``."""
        return _mask_to_series(mask, minibatch)

    def output_type(self, input_type: InputType) -> InputType:
        """Series of the rows' size."""
        if isinstance(input_type, InputTypeConvolutionalFlat):
            return InputTypeRecurrent(input_type.flattened_size, -1, self.rnn_data_format)
        if not isinstance(input_type, InputTypeFeedForward):
            raise self._refuse(input_type)
        return InputTypeRecurrent(input_type.size, -1, self.rnn_data_format)


@FAMILY.register(_PACKAGE + "CnnToRnnPreProcessor")
@dataclass(frozen=True, eq=False, repr=False)
class CnnToRnnPreProcessor(AbstractPreProcessor):
    """Images, one per time step, become series."""

    input_height: int = json_field("inputHeight", INT, 0)
    input_width: int = json_field("inputWidth", INT, 0)
    num_channels: int = json_field("numChannels", INT, 0)
    rnn_data_format: str = json_field("rnnDataFormat", _RNN_FORMAT, "NCW")

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """``[T * n, c, h, w]`` to ``[n, c * h * w, T]``; series pass through."""
        self._expect(x, (3, 4))
        if len(x.shape) == 3:
            return x
        rows = nd.ops.reshape(x, shape=(x.shape[0], math.prod(x.shape[1:])))
        return _rows_to_series(rows, minibatch, self.rnn_data_format)

    def pre_process_mask(self, mask: Any, minibatch: int) -> Any:
        """A mask per image to ``[n, T]``."""
        return _mask_to_series(mask, minibatch)

    def output_type(self, input_type: InputType) -> InputType:
        """Series of all numbers of an image."""
        if not isinstance(input_type, InputTypeConvolutional):
            raise self._refuse(input_type)
        return InputTypeRecurrent(input_type.element_count(), -1, self.rnn_data_format)


@FAMILY.register(_PACKAGE + "RnnToCnnPreProcessor")
@dataclass(frozen=True, eq=False, repr=False)
class RnnToCnnPreProcessor(AbstractPreProcessor):
    """Every time step becomes an image."""

    input_height: int = json_field("inputHeight", INT, 0)
    input_width: int = json_field("inputWidth", INT, 0)
    num_channels: int = json_field("numChannels", INT, 0)
    rnn_data_format: str = json_field("rnnDataFormat", _RNN_FORMAT, "NCW")

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """``[n, c * h * w, T]`` to ``[T * n, c, h, w]``; images pass through."""
        self._expect(x, (3, 4))
        if len(x.shape) == 4:
            return x
        rows = _series_to_rows(x, self.rnn_data_format)
        return nd.ops.reshape(
            rows, shape=(rows.shape[0], self.num_channels, self.input_height, self.input_width)
        )

    def pre_process_mask(self, mask: Any, minibatch: int) -> Any:
        """``[n, T]`` to ``[T * n, 1, 1, 1]``."""
        column = _mask_to_rows(mask)
        return nd.ops.reshape(column, shape=(math.prod(column.shape), 1, 1, 1))

    def output_type(self, input_type: InputType) -> InputType:
        """Images of the configured sizes."""
        if not isinstance(input_type, InputTypeRecurrent):
            raise self._refuse(input_type)
        return InputTypeConvolutional(self.input_height, self.input_width, self.num_channels)


@FAMILY.register(_PACKAGE + "ComposableInputPreProcessor")
@dataclass(frozen=True, eq=False, repr=False)
class ComposableInputPreProcessor(AbstractPreProcessor):
    """Several preprocessors, one after the other."""

    input_pre_processors: tuple[AbstractPreProcessor, ...] = json_field(
        "inputPreProcessors", many(FAMILY.codec()), ()
    )

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """All of them in order."""
        for part in self.input_pre_processors:
            x = part.pre_process(x, minibatch)
        return x

    def pre_process_mask(self, mask: Any, minibatch: int) -> Any:
        """All of them in order."""
        for part in self.input_pre_processors:
            mask = part.pre_process_mask(mask, minibatch)
        return mask

    def output_type(self, input_type: InputType) -> InputType:
        """The type after the last."""
        for part in self.input_pre_processors:
            input_type = part.output_type(input_type)
        return input_type


@FAMILY.register(_KERAS_PACKAGE + "KerasFlattenRnnPreprocessor")
@dataclass(frozen=True, eq=False, repr=False)
class KerasFlattenRnnPreprocessor(AbstractPreProcessor):
    """Flattens series to rows, as Keras' Flatten."""

    depth: int = json_field("depth", INT, 0)
    ts_length: int = json_field("tsLength", INT, 0)

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """``[n, depth, T]`` to ``[n, depth * T]``."""
        return nd.ops.reshape(x, shape=(x.shape[0], self.depth * self.ts_length))

    def output_type(self, input_type: InputType) -> InputType:
        """Rows of depth * T numbers."""
        return InputTypeFeedForward(self.depth * self.ts_length)


@FAMILY.register(_KERAS_PACKAGE + "PermutePreprocessor")
@dataclass(frozen=True, eq=False, repr=False)
class PermutePreprocessor(AbstractPreProcessor):
    """Permutes dimensions; indices count from 1 unless they name the batch dimension 0."""

    permutation_indices: tuple[int, ...] = json_field("permutationIndices", ints(None), ())

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """The permuted array."""
        indices = self.permutation_indices
        return nd.ops.permute(x, dims=indices if 0 in indices else (0, *indices))

    def output_type(self, input_type: InputType) -> InputType:
        """The type with its sizes exchanged."""
        order = [i - 1 for i in self.permutation_indices if i]
        sizes = [input_type.shape()[i] for i in order]
        if isinstance(input_type, InputTypeRecurrent):
            return InputTypeRecurrent(sizes[0], sizes[1])
        return InputType.infer((1, *sizes))


@FAMILY.register(_KERAS_PACKAGE + "ReshapePreprocessor")
@dataclass(frozen=True, eq=False, repr=False)
class ReshapePreprocessor(AbstractPreProcessor):
    """Reshapes examples; the batch dimension is prepended unless the shapes hold it."""

    input_shape: tuple[int, ...] = json_field("inputShape", ints(None), ())
    target_shape: tuple[int, ...] = json_field("targetShape", ints(None), ())
    has_mini_batch_dimension: bool = json_field("hasMiniBatchDimension", BOOL, False)
    data_format: str | None = json_field(
        "format", enum(*CNN2D_FORMATS, *RNN_FORMATS, "NCDHW", "NDHWC"), None
    )

    def _sizes(self) -> tuple[int, ...]:
        return self.target_shape[1:] if self.has_mini_batch_dimension else self.target_shape

    def pre_process(self, x: Any, minibatch: int) -> Any:
        """``[n, *target_shape]``."""
        return nd.ops.reshape(x, shape=(x.shape[0], *self._sizes()))

    def output_type(self, input_type: InputType) -> InputType:
        """The type of the target shape."""
        sizes = self._sizes()
        # Without a format Deeplearning4j takes channels last.
        if len(sizes) == 3 and self.data_format != "NCHW":
            return InputTypeConvolutional(sizes[0], sizes[1], sizes[2], "NHWC")
        if len(sizes) == 2 and self.data_format != "NCW":
            return InputTypeRecurrent(sizes[1], sizes[0], "NWC")
        return InputType.infer((1, *sizes))


def _coerce(value: Any) -> AbstractPreProcessor:
    if not isinstance(value, AbstractPreProcessor):
        raise TypeError(f"expected a preprocessor object; received {value!r}")
    return value


PRE_PROCESSOR: Codec = FAMILY.codec(_coerce)
