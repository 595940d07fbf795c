"""Data set preprocessors: each replaces arrays of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .._arrays import from_numpy, values_of
from ._dataset import DataSet
from ._iterator import Preprocessor

__all__ = [
    "CombinedPreProcessor",
    "CropAndResizeDataSetPreProcessor",
    "ImageFlatteningDataSetPreProcessor",
    "LabelLastTimeStepPreProcessor",
    "PermuteDataSetPreProcessor",
    "RGBtoGrayscaleDataSetPreProcessor",
]


class CombinedPreProcessor:
    """Several preprocessors one after the other.

    Answers to ``CompositeDataSetPreProcessor`` and ``CombinedPreProcessor``.
    """

    def __init__(self, *parts: Preprocessor) -> None:
        self.parts = parts

    def preprocess(self, data: Any) -> None:
        """Apply each part in order."""
        for part in self.parts:
            part.preprocess(data)


@dataclass(frozen=True)
class PermuteDataSetPreProcessor:
    """Exchanges the axes of the features: between NCHW and NHWC, or by ``axes``.

    Answers to ``PermuteDataSetPreProcessor``.
    """

    axes: Literal["nchw_to_nhwc", "nhwc_to_nchw"] | Sequence[int]

    def preprocess(self, data: DataSet) -> None:
        """Replace the features."""
        named = {"nchw_to_nhwc": (0, 2, 3, 1), "nhwc_to_nchw": (0, 3, 1, 2)}
        order = named[self.axes] if isinstance(self.axes, str) else tuple(self.axes)
        values = _features(data, "PermuteDataSetPreProcessor", len(order))
        data.features = from_numpy(np.ascontiguousarray(values.transpose(order)))


@dataclass(frozen=True)
class ImageFlatteningDataSetPreProcessor:
    """Images ``[n, …]`` to rows ``[n, columns]`` (``ImageFlatteningDataSetPreProcessor``)."""

    def preprocess(self, data: DataSet) -> None:
        """Replace the features."""
        values = _features(data, "ImageFlatteningDataSetPreProcessor", None)
        data.features = from_numpy(values.reshape(values.shape[0], -1))


@dataclass(frozen=True)
class RGBtoGrayscaleDataSetPreProcessor:
    """Images ``[n, 3, h, w]`` in RGB order to ``[n, h, w]``: 0.3 R + 0.59 G + 0.11 B.

    Answers to ``RGBtoGrayscaleDataSetPreProcessor``.
    """

    def preprocess(self, data: DataSet) -> None:
        """Replace the features."""
        values = _features(data, "RGBtoGrayscaleDataSetPreProcessor", 4)
        if values.shape[1] != 3:
            raise ValueError(
                f"RGBtoGrayscaleDataSetPreProcessor: expected 3 channels, received {values.shape}"
            )
        weights = np.array([0.3, 0.59, 0.11], values.dtype)
        data.features = from_numpy(np.einsum("nchw,c->nhw", values, weights))


@dataclass(frozen=True)
class LabelLastTimeStepPreProcessor:
    """Labels ``[n, size, time]`` to ``[n, size]``: the last step that the labels mask keeps.

    The labels mask is dropped. Answers to ``LabelLastTimeStepPreProcessor``.
    """

    def preprocess(self, data: DataSet) -> None:
        """Replace the labels."""
        if data.labels is None or len(data.labels.shape) != 3:
            shape = None if data.labels is None else list(data.labels.shape)
            raise ValueError(
                f"LabelLastTimeStepPreProcessor: expected labels of rank 3, received {shape}"
            )
        labels = values_of(data.labels)
        last = np.full(labels.shape[0], labels.shape[2] - 1)
        if data.labels_mask is not None:
            kept = values_of(data.labels_mask) != 0
            last = kept.shape[1] - 1 - kept[:, ::-1].argmax(axis=1)
            if not kept.any(axis=1).all():
                row = int(np.flatnonzero(~kept.any(axis=1))[0])
                raise ValueError(
                    f"LabelLastTimeStepPreProcessor: all steps of example {row} are masked"
                )
        data.labels = from_numpy(labels[np.arange(labels.shape[0]), :, last])
        data.labels_mask = None


@dataclass(frozen=True)
class CropAndResizeDataSetPreProcessor:
    """Cuts a window out of NHWC images and resizes it.

    The window starts at ``crop_y``, ``crop_x`` and has the resized height and width; its box is
    given to the crop-and-resize operation in shares of the original size, as in the original.

    Answers to ``CropAndResizeDataSetPreProcessor``.
    """

    original_height: int
    original_width: int
    crop_y: int
    crop_x: int
    resized_height: int
    resized_width: int
    channels: int
    method: Literal["bilinear", "nearest"] = "bilinear"

    def preprocess(self, data: DataSet) -> None:
        """Replace the features ``[n, height, width, channels]``."""
        values = _features(data, "CropAndResizeDataSetPreProcessor", 4)
        expected = (self.original_height, self.original_width, self.channels)
        if values.shape[1:] != expected:
            raise ValueError(
                f"CropAndResizeDataSetPreProcessor: expected images {expected}, received {values.shape[1:]}"
            )
        rows = _grid(self.crop_y, self.resized_height, self.original_height)
        columns = _grid(self.crop_x, self.resized_width, self.original_width)
        data.features = from_numpy(_resize(values, rows, columns, self.method))


def _grid(start: int, count: int, size: int) -> np.ndarray:
    """Sampling positions of a window along one axis: both ends of the box fall on samples."""
    low, high = start / size * (size - 1), (start + count) / size * (size - 1)
    return np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2])


def _resize(x: np.ndarray, rows: np.ndarray, columns: np.ndarray, method: str) -> np.ndarray:
    """Values of images ``[n, h, w, c]`` at fractional positions; 0 outside."""
    height, width = x.shape[1:3]
    inside = ((rows <= height - 1)[:, None] & (columns <= width - 1))[None, :, :, None]
    rows, columns = np.minimum(rows, height - 1), np.minimum(columns, width - 1)
    if method == "nearest":
        picked = x[:, np.floor(rows + 0.5).astype(int)][:, :, np.floor(columns + 0.5).astype(int)]
        return np.asarray(picked * inside, dtype=x.dtype)
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down = (rows - top)[None, :, None, None]
    across = (columns - left)[None, None, :, None]
    upper = x[:, top][:, :, left] * (1 - across) + x[:, top][:, :, right] * across
    lower = x[:, bottom][:, :, left] * (1 - across) + x[:, bottom][:, :, right] * across
    return np.asarray((upper * (1 - down) + lower * down) * inside, dtype=x.dtype)


def _features(data: DataSet, name: str, rank: int | None) -> np.ndarray:
    shape = None if data.features is None else list(data.features.shape)
    if shape is None or (rank is not None and len(shape) != rank):
        raise ValueError(f"{name}: expected features of rank {rank}, received {shape}")
    return values_of(data.features)
