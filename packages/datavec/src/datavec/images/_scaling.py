"""Normalizers of pixels, applied to each image while it is in the processor's cache.

Over a whole batch of images every step of a normalizer is a trip to memory and back. The results
are the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nd4py import _core
from nd4py.normalizers import ImagePreProcessingScaler, VGG16ImagePreProcessor

from ._loader import write_channels_first
from ._transform import Array

__all__ = ["PixelScaling", "pixel_scaling"]


class PixelScaling:
    """A function of single pixels, one per channel.

    Args:
        scale: changes a float32 image [channels, height, width] in place.
        channels: of the images.
    """

    def __init__(self, scale: Callable[[Array], None], channels: int) -> None:
        self.scale = scale
        values = np.arange(256, dtype=np.float32)
        tables = np.tile(values, (channels, 1))[:, np.newaxis]
        scale(tables)
        self._tables = np.ascontiguousarray(tables[:, 0])

    def write(self, pixels: Array, out: Array) -> None:
        """Put an image [height, width, channels] as it shall be into [channels, height, width]."""
        if pixels.dtype != np.uint8 or pixels.strides[2] != 1 or not out.flags.c_contiguous:
            write_channels_first(pixels, out)
            self.scale(out)
            return
        _core.look_up_planes(pixels, self._tables, out)


def pixel_scaling(normalizer: Any, channels: int) -> PixelScaling | None:
    """What a normalizer does to images with channels first; None if it is no function of pixels."""
    if type(normalizer) is ImagePreProcessingScaler and not normalizer.fit_label:
        return PixelScaling(_scaler(normalizer), channels)
    if type(normalizer) is VGG16ImagePreProcessor and channels == 3:
        means = np.array(VGG16ImagePreProcessor._MEANS, np.float32)[:, np.newaxis, np.newaxis]

        def subtract(image: Array) -> None:
            np.subtract(image, means, out=image)

        return PixelScaling(subtract, channels)
    return None


def _scaler(normalizer: ImagePreProcessingScaler) -> Callable[[Array], None]:
    top = np.float32(normalizer.max_pixel_value)
    width = np.float32(normalizer.max_range - normalizer.min_range)
    low = np.float32(normalizer.min_range)

    def scale(image: Array) -> None:
        np.divide(image, top, out=image)
        if width != 1:
            np.multiply(image, width, out=image)
        if low != 0:
            np.add(image, low, out=image)

    return scale
