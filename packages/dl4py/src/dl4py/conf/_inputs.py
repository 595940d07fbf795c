"""What a layer receives and gives: kind, sizes and data format, without the batch dimension (class
``InputType``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dl4py.conf._json import INT, TEXT, Family, JavaObject, enum, json_field, to_tree

FAMILY = Family("input type")
_PACKAGE = "org.deeplearning4j.nn.conf.inputs.InputType$"

CNN2D_FORMATS = ("NCHW", "NHWC")
RNN_FORMATS = ("NCW", "NWC")
CNN3D_FORMATS = ("NCDHW", "NDHWC")


@dataclass(frozen=True, eq=False, repr=False)
class InputType(JavaObject):
    """Kind and sizes of one activation array.

    Answers to ``org.deeplearning4j.nn.conf.inputs.InputType``; made by its factory functions.

    >>> InputType.convolutional(28, 28, 1)
    InputTypeConvolutional(h=28,w=28,c=1,NCHW)
    >>> InputType.convolutional(28, 28, 1).array_shape(32)
    (32, 1, 28, 28)
    """

    derived_keys: ClassVar[tuple[str, ...]] = ("shape",)

    def shape(self) -> tuple[int, ...]:
        """Sizes without the batch dimension, in array order; -1 where unknown."""
        raise NotImplementedError

    @property
    def derived_shape(self) -> list[int]:
        return list(self.shape())

    def array_shape(self, minibatch: int) -> tuple[int, ...]:
        """The shape of an array of this type holding ``minibatch`` examples."""
        return (minibatch, *self.shape())

    def element_count(self) -> int:
        """Numbers per example."""
        count = 1
        for size in self.shape():
            count *= abs(size)
        return count

    # ------------------------------------------------------------------------------------ factories

    @staticmethod
    def feed_forward(size: int, time_distributed_format: str | None = None) -> InputTypeFeedForward:
        """Rows of ``size`` numbers: arrays ``[minibatch, size]``."""
        return InputTypeFeedForward(size, time_distributed_format)

    @staticmethod
    def recurrent(
        size: int, time_series_length: int = -1, data_format: str = "NCW"
    ) -> InputTypeRecurrent:
        """Time series: ``[minibatch, size, T]`` (NCW) or ``[minibatch, T, size]`` (NWC)."""
        return InputTypeRecurrent(size, time_series_length, data_format)

    @staticmethod
    def convolutional(
        height: int, width: int, channels: int, data_format: str = "NCHW"
    ) -> InputTypeConvolutional:
        """Images: ``[minibatch, channels, height, width]`` (NCHW) or channels last (NHWC)."""
        return InputTypeConvolutional(height, width, channels, data_format)

    @staticmethod
    def convolutional_flat(height: int, width: int, depth: int) -> InputTypeConvolutionalFlat:
        """Images as rows: ``[minibatch, depth * height * width]``."""
        return InputTypeConvolutionalFlat(height, width, depth)

    @staticmethod
    def convolutional_3d(
        depth: int, height: int, width: int, channels: int, data_format: str = "NCDHW"
    ) -> InputTypeConvolutional3D:
        """Volumes: ``[minibatch, channels, depth, height, width]`` (NCDHW) or channels last."""
        return InputTypeConvolutional3D(depth, height, width, channels, data_format)

    @staticmethod
    def infer(shape: Sequence[int]) -> InputType:
        """The type of an array of this shape, batch dimension first, channels second.

        Raises:
            ValueError: the rank is not 2, 3, 4 or 5.
        """
        match tuple(int(n) for n in shape):
            case (_, size):
                return InputTypeFeedForward(size)
            case (_, size, length):
                return InputTypeRecurrent(size, length)
            case (_, c, h, w):
                return InputTypeConvolutional(h, w, c)
            case (_, c, d, h, w):
                return InputTypeConvolutional3D(d, h, w, c)
        raise ValueError(
            f"InputType.infer: expected an array of rank 2 to 5; received shape {tuple(shape)}"
        )

    def to_json(self) -> dict[str, Any]:
        """Deeplearning4j's JSON form as plain Python values."""
        return to_tree(self)


@FAMILY.register(_PACKAGE + "InputTypeFeedForward")
@dataclass(frozen=True, repr=False, eq=False)
class InputTypeFeedForward(InputType):
    """Rows of numbers."""

    size: int = json_field("size", INT, 0)
    time_distributed_format: str | None = json_field(
        "timeDistributedFormat", TEXT, None, omit_none=True
    )

    def shape(self) -> tuple[int, ...]:
        """``(size,)``."""
        return (self.size,)

    def __repr__(self) -> str:
        suffix = f",{self.time_distributed_format}" if self.time_distributed_format else ""
        return f"InputTypeFeedForward({self.size}{suffix})"


@FAMILY.register(_PACKAGE + "InputTypeRecurrent")
@dataclass(frozen=True, repr=False, eq=False)
class InputTypeRecurrent(InputType):
    """Time series."""

    size: int = json_field("size", INT, 0)
    time_series_length: int = json_field("timeSeriesLength", INT, -1)
    data_format: str = json_field("format", enum(*RNN_FORMATS), "NCW")

    def shape(self) -> tuple[int, ...]:
        """Size and length in the order of the format."""
        pair = (self.size, self.time_series_length)
        return pair if self.data_format == "NCW" else pair[::-1]

    def __repr__(self) -> str:
        length = (
            f",timeSeriesLength={self.time_series_length}" if self.time_series_length > 0 else ""
        )
        return f"InputTypeRecurrent({self.size}{length},format={self.data_format})"


@FAMILY.register(_PACKAGE + "InputTypeConvolutional")
@dataclass(frozen=True, repr=False, eq=False)
class InputTypeConvolutional(InputType):
    """Images with channels."""

    height: int = json_field("height", INT, 0)
    width: int = json_field("width", INT, 0)
    channels: int = json_field("channels", INT, 0)
    data_format: str = json_field("format", enum(*CNN2D_FORMATS), "NCHW")

    derived_keys: ClassVar[tuple[str, ...]] = ("shape", "depth")

    @property
    def derived_depth(self) -> int:
        return self.channels

    def shape(self) -> tuple[int, ...]:
        """Channels, height and width in the order of the format."""
        if self.data_format == "NCHW":
            return (self.channels, self.height, self.width)
        return (self.height, self.width, self.channels)

    def __repr__(self) -> str:
        return (
            f"InputTypeConvolutional(h={self.height},w={self.width},c={self.channels},"
            f"{self.data_format})"
        )


@FAMILY.register(_PACKAGE + "InputTypeConvolutionalFlat")
@dataclass(frozen=True, repr=False, eq=False)
class InputTypeConvolutionalFlat(InputType):
    """Images flattened to rows."""

    height: int = json_field("height", INT, 0)
    width: int = json_field("width", INT, 0)
    depth: int = json_field("depth", INT, 0)

    derived_keys: ClassVar[tuple[str, ...]] = ("shape", "flattenedSize", "unflattenedType")

    @property
    def flattened_size(self) -> int:
        """Numbers per example."""
        return self.height * self.width * self.depth

    @property
    def derived_shape(self) -> list[int]:
        return [self.depth, self.height, self.width]

    @property
    def derived_flattenedSize(self) -> int:
        return self.flattened_size

    @property
    def derived_unflattenedType(self) -> dict[str, Any]:
        return to_tree(InputTypeConvolutional(self.height, self.width, self.depth))

    def shape(self) -> tuple[int, ...]:
        """``(flattened_size,)``: what the array has."""
        return (self.flattened_size,)

    def __repr__(self) -> str:
        return f"InputTypeConvolutionalFlat(h={self.height},w={self.width},d={self.depth})"


@FAMILY.register(_PACKAGE + "InputTypeConvolutional3D")
@dataclass(frozen=True, repr=False, eq=False)
class InputTypeConvolutional3D(InputType):
    """Volumes with channels."""

    depth: int = json_field("depth", INT, 0)
    height: int = json_field("height", INT, 0)
    width: int = json_field("width", INT, 0)
    channels: int = json_field("channels", INT, 0)
    data_format: str = json_field("dataFormat", enum(*CNN3D_FORMATS), "NCDHW")

    def shape(self) -> tuple[int, ...]:
        """Channels and the three sizes in the order of the format."""
        sizes = (self.depth, self.height, self.width)
        return (self.channels, *sizes) if self.data_format == "NCDHW" else (*sizes, self.channels)

    def __repr__(self) -> str:
        return (
            f"InputTypeConvolutional3D(format={self.data_format},d={self.depth},h={self.height},"
            f"w={self.width},c={self.channels})"
        )


def from_json(tree: object, path: str = "inputType") -> InputType:
    """The input type of a JSON object."""
    found = FAMILY.decode(tree, path)
    return found  # type: ignore[no-any-return]
