"""Normalizers of images, without fitting."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._arrays import asarray, from_numpy
from .._core import NDArray
from ..data import DataSet, MultiDataSet
from ._single import AbstractNormalizer
from ._strategies import floating

__all__ = ["ImageMultiPreProcessingScaler", "ImagePreProcessingScaler", "VGG16ImagePreProcessor"]


class ImagePreProcessingScaler(AbstractNormalizer):
    """``x / (2**max_bits - 1)``, then into ``[min_range, max_range]``; nothing is fitted.

    With ``fit_label`` labels of rank 4 (segmentation) are scaled alike; files do not keep that.

    Answers to ``org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler``.

    >>> import numpy as np
    >>> np.asarray(ImagePreProcessingScaler().transform(np.full((1, 1, 1, 1), 51.0))).item()
    0.2
    """

    type = "IMAGE_MIN_MAX"

    def __init__(
        self,
        min_range: float = 0.0,
        max_range: float = 1.0,
        max_bits: int = 8,
        *,
        fit_label: bool = False,
    ) -> None:
        self.min_range = float(min_range)
        self.max_range = float(max_range)
        self.max_pixel_value = float(2**max_bits - 1)
        self.fit_label = fit_label

    def fit(self, data: Any) -> Self:
        """Nothing to gather."""
        return self

    def transform(self, data: Any) -> Any:
        """Scale the features of a DataSet in place; an array gives a new array."""
        if not isinstance(data, DataSet):
            return self.transform_features(data)
        data.features = self.transform_features(data.features)
        if self.fit_label and data.labels is not None:
            data.labels = self.transform_labels(data.labels)
        return data

    def revert(self, data: DataSet) -> DataSet:
        """Undo ``transform`` on a DataSet in place."""
        data.features = self.revert_features(data.features)
        if self.fit_label and data.labels is not None:
            data.labels = self.revert_labels(data.labels)
        return data

    def transform_features(self, features: Any, mask: Any = None) -> Any:
        """Scaled features as a new array."""
        return self._scale(asarray(features))

    def revert_features(self, features: Any, mask: Any = None) -> Any:
        """Features before ``transform`` as a new array."""
        return self._unscale(asarray(features))

    def transform_labels(self, labels: Any, mask: Any = None) -> Any:
        """Scaled labels as a new array; raises ValueError unless they have rank 4."""
        return self._scale(_images(labels))

    def revert_labels(self, labels: Any, mask: Any = None) -> Any:
        """Labels before ``transform`` as a new array; raises ValueError unless they have rank 4."""
        return self._unscale(_images(labels))

    def _scale(self, x: NDArray) -> NDArray:
        made: NDArray = floating(x) / self.max_pixel_value
        if self.max_range - self.min_range != 1:
            made *= self.max_range - self.min_range
        if self.min_range != 0:
            made += self.min_range
        return made

    def _unscale(self, x: NDArray) -> NDArray:
        made: NDArray = floating(x) - self.min_range
        if self.max_range - self.min_range != 1:
            made /= self.max_range - self.min_range
        made *= self.max_pixel_value
        return made


def _images(labels: Any) -> NDArray:
    values = asarray(labels)
    if values.ndim != 4:
        raise ValueError(
            "ImagePreProcessingScaler: fit_label scales labels of rank 4 (segmentation), received "
            f"shape {list(values.shape)}"
        )
    return values


class ImageMultiPreProcessingScaler(AbstractNormalizer):
    """ImagePreProcessingScaler for some feature arrays of a MultiDataSet; it has no file form.

    Answers to ``org.nd4j.linalg.dataset.api.preprocessor.ImageMultiPreProcessingScaler``.
    """

    type = "IMAGE_MIN_MAX"

    def __init__(
        self,
        *feature_indices: int,
        min_range: float = 0.0,
        max_range: float = 1.0,
        max_bits: int = 8,
    ) -> None:
        if not feature_indices:
            raise ValueError(
                "ImageMultiPreProcessingScaler: name the feature arrays that hold images"
            )
        self.feature_indices = feature_indices
        self._scaler = ImagePreProcessingScaler(min_range, max_range, max_bits)

    def fit(self, data: Any) -> Self:
        """Nothing to gather."""
        return self

    def transform(self, data: MultiDataSet) -> MultiDataSet:
        """Scale the chosen feature arrays in place."""
        return self._each(data, self._scaler.transform_features)

    def revert(self, data: MultiDataSet) -> MultiDataSet:
        """Undo ``transform`` in place."""
        return self._each(data, self._scaler.revert_features)

    def _each(self, data: MultiDataSet, change: Any) -> MultiDataSet:
        if data.features is None or max(self.feature_indices) >= len(data.features):
            raise ValueError(
                f"ImageMultiPreProcessingScaler: feature array {max(self.feature_indices)} asked for, "
                f"the MultiDataSet has {data.num_feature_arrays}"
            )
        data.features = [
            change(x) if i in self.feature_indices else x for i, x in enumerate(data.features)
        ]
        return data


class VGG16ImagePreProcessor(AbstractNormalizer):
    """Subtracts the means 103.939, 116.779, 123.68 from channels 0, 1, 2; it has no file form.

    Answers to ``org.nd4j.linalg.dataset.api.preprocessor.VGG16ImagePreProcessor``.
    """

    type = "IMAGE_VGG16"

    _MEANS = np.array([103.939, 116.779, 123.68])

    def fit(self, data: Any) -> Self:
        """Nothing to gather."""
        return self

    def transform(self, data: Any) -> Any:
        """Subtract the means from the features of a DataSet in place; an array gives a new array."""
        if not isinstance(data, DataSet):
            return self.transform_features(data)
        data.features = self.transform_features(data.features)
        return data

    def revert(self, data: DataSet) -> DataSet:
        """Add the means in place."""
        data.features = self.revert_features(data.features)
        return data

    def transform_features(self, features: Any, mask: Any = None) -> Any:
        """Features without the means as a new array; raises ValueError unless ``[n, 3, h, w]``."""
        x = self._checked(features)
        return x - self._means(x)

    def revert_features(self, features: Any, mask: Any = None) -> Any:
        """Features with the means as a new array."""
        x = self._checked(features)
        return x + self._means(x)

    def _means(self, like: NDArray) -> NDArray:
        return from_numpy(self._MEANS.astype(like.dtype.numpy)[:, None, None])

    def _checked(self, features: Any) -> NDArray:
        x = floating(asarray(features))
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(
                f"VGG16ImagePreProcessor: expected features [n, 3, h, w], received {list(x.shape)}"
            )
        return x
