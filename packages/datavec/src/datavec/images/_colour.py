"""Transforms of pixel values."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from .._errors import UnsupportedTransformError
from .._serde import java_type
from ._cropping import side
from ._draws import AbstractDraws
from ._opencv import opencv
from ._transform import AbstractImageTransform, Array, whole

__all__ = ["ColorConversionTransform", "EqualizeHistTransform", "FilterImageTransform"]

_PACKAGE = "org.datavec.image.transform."
_BGR2GRAY = 6
_BGR2LUV = 50


@java_type(_PACKAGE + "ColorConversionTransform")
@dataclass
class ColorConversionTransform(AbstractImageTransform):
    """Another colour space, by OpenCV's ``cvtColor``.

    Answers to Deeplearning4j's ``ColorConversionTransform``.

    Args:
        conversion_code: OpenCV's number, for instance ``cv2.COLOR_BGR2GRAY`` (6); the default is
            ``COLOR_BGR2Luv`` (50).

    Raises:
        DataVecError: an image has other channels than the conversion takes.

    >>> import numpy as np
    >>> ColorConversionTransform(6).transform(np.full((2, 2, 3), 7, np.uint8)).tolist()
    [[[7], [7]], [[7], [7]]]
    """

    conversion_code: int = _BGR2LUV

    def check(self) -> None:
        whole(self, 0, conversion_code=self.conversion_code)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        return opencv().cvtColor(image, self.conversion_code), np.eye(3)


@java_type(_PACKAGE + "EqualizeHistTransform")
@dataclass
class EqualizeHistTransform(AbstractImageTransform):
    """Spread the values of the first channel evenly; other channels stay as they are.

    Answers to Deeplearning4j's ``EqualizeHistTransform``. To equalise brightness alone convert to a
    colour space whose first channel is that, and back.

    Args:
        conversion_code: kept for the JSON form; it has no effect, as in Deeplearning4j.

    Raises:
        DataVecError: pixels are not of 8 bits.

    >>> import numpy as np
    >>> EqualizeHistTransform().transform(np.array([[10, 20]], np.uint8)).ravel().tolist()
    [0, 255]
    """

    conversion_code: int = _BGR2GRAY

    def check(self) -> None:
        whole(self, 0, conversion_code=self.conversion_code)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        result = image.copy()
        result[:, :, 0] = opencv().equalizeHist(np.ascontiguousarray(image[:, :, 0]))
        return result, np.eye(3)


# Filters that work on the picture alone. FFmpeg has others that read or write files, fetch from the
# network or load plug-ins, and a filter text may come from somebody else's JSON.
_FILTERS = re.compile(
    "atadenoise|avgblur|bilateral|boxblur|chromahold|chromakey|chromanr|chromashift|"
    "colorbalance|colorchannelmixer|colorcontrast|colorcorrect|colorhold|colorize|colorkey|"
    "colorlevels|colortemperature|convolution|copy|crop|dblur|deband|deblock|dedot|deflate|"
    "dilation|drawbox|drawgrid|edgedetect|elbg|epx|eq|erosion|exposure|fftdnoiz|fillborders|"
    "format|gblur|gradfun|grayworld|hflip|histeq|hqdn3d|hqx|hsvhold|hsvkey|hue|"
    "huesaturation|inflate|kirsch|lagfun|lenscorrection|limiter|lumakey|lut|lutrgb|lutyuv|"
    "median|monochrome|negate|nlmeans|noise|normalize|null|owdenoise|pad|perspective|"
    "photosensitivity|pixelize|prewitt|pseudocolor|rgbashift|roberts|rotate|sab|scale|"
    "scharr|scroll|selectivecolor|setsar|shear|shuffleplanes|smartblur|sobel|super2xsai|"
    "swapuv|tonemap|transpose|unsharp|vaguedenoiser|vflip|vibrance|vignette|xbr|yaepblur"
)
_FORMATS = {1: "gray", 3: "bgr24", 4: "rgba"}


@java_type(_PACKAGE + "FilterImageTransform")
@dataclass
class FilterImageTransform(AbstractImageTransform):
    """A chain of FFmpeg's video filters, by PyAV (``pip install "datavec[ffmpeg]"``).

    Only filters that work on the picture alone are allowed, since a text from a file could name
    others that read files. Where points go is not known, so `query` is refused. Answers to
    Deeplearning4j's ``FilterImageTransform``.

    Args:
        filters: as on FFmpeg's command line, for instance ``"hflip,gblur=sigma=2"``.
        width: of the images that come in.
        height: of the images that come in.
        channels: of the images that come in: 1, 3 or 4.

    Raises:
        UnsupportedTransformError: a filter that is not allowed, or a graph with several branches.
        DataVecError: an image of another size, or a text that FFmpeg refuses.

    >>> import numpy as np
    >>> mirror = FilterImageTransform("hflip", width=2, height=1, channels=1)
    >>> mirror.transform(np.array([[1, 2]], np.uint8)).ravel().tolist()
    [2, 1]
    """

    filters: str
    width: int
    height: int
    channels: int = 3

    def check(self) -> None:
        if not isinstance(self.filters, str):
            raise TypeError(f"FilterImageTransform: filters must be text, got {self.filters!r}")
        side(self, width=self.width, height=self.height)
        if self.channels not in _FORMATS:
            raise ValueError(
                f"FilterImageTransform: channels must be 1, 3 or 4, received {self.channels}"
            )
        self._steps = _parse(self.filters)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        from ._ffmpeg import filtered

        expected = (self.height, self.width, self.channels)
        return filtered(image, self._steps, expected, _FORMATS[self.channels]), None


def _parse(text: str) -> list[tuple[str, str]]:
    """Filter names with their arguments; raises UnsupportedTransformError."""
    steps: list[tuple[str, str]] = []
    for part in _split(text):
        name, _, arguments = part.strip().partition("=")
        if not _FILTERS.fullmatch(name):
            raise UnsupportedTransformError(
                f"FilterImageTransform: the filter {name!r} is not allowed; a chain of those that "
                "work on the picture alone (hflip, gblur, eq, …) is"
            )
        steps.append((name, arguments))
    return steps


def _split(text: str) -> list[str]:
    """Cut at commas, except where FFmpeg's quotes or backslashes protect them."""
    parts, quoted, escaped = [""], False, False
    for c in text:
        if c == "," and not quoted and not escaped:
            parts.append("")
            continue
        if c == "'" and not escaped:
            quoted = not quoted
        escaped = c == "\\" and not escaped and not quoted
        parts[-1] += c
    return parts
