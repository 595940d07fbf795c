"""Layers on images without parameters that change the size: padding, cropping, upsampling, blocks
to channels or batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._inputs import CNN2D_FORMATS, InputType
from dl4py.conf._json import INT, Codec, enum, ints, json_field, many
from dl4py.conf._preprocessors import AbstractPreProcessor
from dl4py.conf.layers._base import FAMILY, PACKAGE, AbstractNoParamLayer, LayerContext, Value
from dl4py.conf.layers._images import (
    from_channels_first,
    image_pre_processor,
    image_type,
    resized,
    to_channels_first,
)
from dl4py.errors import ConfigurationError


def sides(count: int) -> Codec:
    """Sizes at both ends of some dimensions; one number stands for all, one per dimension for both
    its ends.
    """
    plain = ints(count)

    def coerce(value: Any) -> tuple[int, ...]:
        if isinstance(value, (list, tuple)) and len(value) * 2 == count:
            value = [v for v in value for _ in range(2)]
        found: tuple[int, ...] = ints(count).coerce(value)  # type: ignore[misc]
        if any(v < 0 for v in found):
            raise ValueError(f"expected {count} numbers >= 0; received {list(found)}")
        return found

    return Codec(plain.encode, plain.decode, coerce)


class AbstractImageResizing(AbstractNoParamLayer):
    """Base: takes the format from the input and works on channels-first views."""

    @property
    def _format(self) -> str:
        raise NotImplementedError

    def with_input_type(self, input_type: InputType, override: bool) -> AbstractImageResizing:
        """Takes the format from the input."""
        return dataclasses.replace(self, data_format=image_type(self, input_type).data_format)  # type: ignore[call-arg]

    def output_type(self, input_type: InputType) -> InputType:
        """Images of the new size."""
        images = image_type(self, input_type)
        height, width, channels = self._sizes(images.height, images.width, images.channels)
        if height <= 0 or width <= 0:
            raise ConfigurationError(
                f"nothing is left of images of {images.height} x {images.width}"
            )
        return resized(images, height, width, channels)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows that are flattened images become images."""
        return image_pre_processor(self, input_type)

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """Images of the new size."""
        return from_channels_first(self._resize(to_channels_first(x, self._format)), self._format)

    def _sizes(self, height: int, width: int, channels: int) -> tuple[int, int, int]:
        raise NotImplementedError

    def _resize(self, images: Value) -> Value:
        raise NotImplementedError


@FAMILY.register(PACKAGE + "ZeroPaddingLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ZeroPaddingLayer(AbstractImageResizing):
    """Zeros around images: ``padding`` is top, bottom, left, right (or one number, or a pair).

    Answers to ``org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer``.
    """

    padding: Any = json_field("padding", sides(4), (0, 0, 0, 0))
    data_format: str = json_field("dataFormat", enum(*CNN2D_FORMATS), "NCHW")

    @property
    def _format(self) -> str:
        return self.data_format

    def _sizes(self, height: int, width: int, channels: int) -> tuple[int, int, int]:
        top, bottom, left, right = self.padding
        return height + top + bottom, width + left + right, channels

    def _resize(self, images: Value) -> Value:
        top, bottom, left, right = self.padding
        return nd.ops.pad(images, before=(0, 0, top, left), after=(0, 0, bottom, right))


@FAMILY.register(PACKAGE + "convolutional.Cropping2D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Cropping2D(AbstractImageResizing):
    """Cuts the edges of images off: ``cropping`` is top, bottom, left, right (or one number, or a
    pair).

    Answers to ``org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D``.
    """

    runtime_name = "Cropping2DLayer"

    cropping: Any = json_field("cropping", sides(4), (0, 0, 0, 0))
    data_format: str = json_field("dataFormat", enum(*CNN2D_FORMATS), "NCHW")

    @property
    def _format(self) -> str:
        return self.data_format

    def _sizes(self, height: int, width: int, channels: int) -> tuple[int, int, int]:
        top, bottom, left, right = self.cropping
        return height - top - bottom, width - left - right, channels

    def _resize(self, images: Value) -> Value:
        top, bottom, left, right = self.cropping
        n, c, height, width = images.shape
        return nd.ops.slice(
            images, begin=(0, 0, top, left), end=(n, c, height - bottom, width - right)
        )


@FAMILY.register(PACKAGE + "Upsampling2D")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Upsampling2D(AbstractImageResizing):
    """Repeats rows and columns of images ``size`` times.

    Answers to ``org.deeplearning4j.nn.conf.layers.Upsampling2D``.
    """

    size: Any = json_field("size", ints(2), (2, 2))
    data_format: str = json_field("format", enum(*CNN2D_FORMATS), "NCHW")

    def check(self) -> None:
        """Sizes are positive."""
        if min(self.size) < 1:
            raise self.fail(f"size must be > 0 in every dimension; received {list(self.size)}")

    @property
    def _format(self) -> str:
        return self.data_format

    def _sizes(self, height: int, width: int, channels: int) -> tuple[int, int, int]:
        return height * self.size[0], width * self.size[1], channels

    def _resize(self, images: Value) -> Value:
        return nd.ops.repeat(
            nd.ops.repeat(images, repeats=self.size[0], axis=2), repeats=self.size[1], axis=3
        )


@FAMILY.register(PACKAGE + "SpaceToDepthLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SpaceToDepthLayer(AbstractImageResizing):
    """Moves blocks of pixels into channels; channel = (row in block · b + column in block) · C + c.

    Answers to ``org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer``.
    """

    runtime_name = "SpaceToDepth"

    block_size: int = json_field("blockSize", INT, 2)
    data_format: str = json_field("dataFormat", enum(*CNN2D_FORMATS), "NCHW")

    def check(self) -> None:
        """The block size is positive."""
        if self.block_size < 1:
            raise self.fail(f"block_size must be > 0; received {self.block_size}")

    @property
    def _format(self) -> str:
        return self.data_format

    def _sizes(self, height: int, width: int, channels: int) -> tuple[int, int, int]:
        b = self.block_size
        return height // b, width // b, channels * b * b

    def _resize(self, images: Value) -> Value:
        b = self.block_size
        n, c, height, width = images.shape
        if height % b or width % b:
            raise ValueError(
                f"expected images whose sizes are multiples of {b}; received shape {tuple(images.shape)}"
            )
        blocks = nd.ops.reshape(images, shape=(n, c, height // b, b, width // b, b))
        moved = nd.ops.permute(blocks, dims=(0, 3, 5, 1, 2, 4))
        return nd.ops.reshape(moved, shape=(n, b * b * c, height // b, width // b))


@FAMILY.register(PACKAGE + "SpaceToBatchLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SpaceToBatchLayer(AbstractImageResizing):
    """Moves blocks of pixels into the batch; example = (row in block · b1 + column in block) · n +
    example.

    Answers to ``org.deeplearning4j.nn.conf.layers.SpaceToBatchLayer``.
    """

    runtime_name = "SpaceToBatch"

    blocks: Any = json_field("blocks", ints(2), (2, 2))
    padding: Any = json_field("padding", many(ints(2)), ((0, 0), (0, 0)))
    data_format: str = json_field("format", enum(*CNN2D_FORMATS), "NCHW")

    @property
    def _format(self) -> str:
        return self.data_format

    def _sizes(self, height: int, width: int, channels: int) -> tuple[int, int, int]:
        (top, bottom), (left, right) = self.padding
        return (
            (height + top + bottom) // self.blocks[0],
            (width + left + right) // self.blocks[1],
            channels,
        )

    def _resize(self, images: Value) -> Value:
        (top, bottom), (left, right) = self.padding
        if top or bottom or left or right:
            images = nd.ops.pad(images, before=(0, 0, top, left), after=(0, 0, bottom, right))
        b0, b1 = self.blocks
        n, c, height, width = images.shape
        if height % b0 or width % b1:
            raise ValueError(
                f"expected images whose sizes are multiples of {b0} and {b1}; received {tuple(images.shape)}"
            )
        blocks = nd.ops.reshape(images, shape=(n, c, height // b0, b0, width // b1, b1))
        moved = nd.ops.permute(blocks, dims=(3, 5, 0, 1, 2, 4))
        return nd.ops.reshape(moved, shape=(b0 * b1 * n, c, height // b0, width // b1))
