"""Normalizers of pixels, applied to each image while it is in the processor's cache.

Over a whole batch of images every step of a normalizer is a trip to memory and back. The results
are the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nd4py.normalizers import ImagePreProcessingScaler, VGG16ImagePreProcessor

from ._transform import Array

__all__ = ["pixel_scaling"]


def pixel_scaling(normalizer: Any, shape: tuple[int, ...]) -> Callable[[Array], None] | None:
    """What a normalizer does to one float32 image of a shape, in place; None if it is no such one."""
    if type(normalizer) is ImagePreProcessingScaler and not normalizer.fit_label:
        return _scaler(normalizer)
    if type(normalizer) is VGG16ImagePreProcessor and shape[0] == 3:
        means = np.array(VGG16ImagePreProcessor._MEANS, np.float32)[:, np.newaxis, np.newaxis]

        def subtract(image: Array) -> None:
            np.subtract(image, means, out=image)

        return subtract
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
