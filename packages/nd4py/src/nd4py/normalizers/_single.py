"""Normalizers of DataSets with fitted statistics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, Self, TypeVar

import numpy as np

from .._arrays import asarray, from_numpy, values_of
from ..data import DataSet
from ..data._iterator import AbstractBatchIterator
from ..formats._streams import Target
from ._statistics import EPS, DistributionStats, MinMaxStats
from ._strategies import AbstractStrategy, MinMaxStrategy, StandardizeStrategy

__all__ = ["AbstractNormalizer", "NormalizerMinMaxScaler", "NormalizerStandardize"]

S = TypeVar("S", DistributionStats, MinMaxStats)


class AbstractNormalizer(ABC):
    """What all normalizers do: bring data into a form that trains well, and back.

    ``transform``, ``preprocess`` and ``revert`` replace arrays of the batch they are given; the
    arrays themselves stay as they were. So a normalizer can be the ``preprocessor`` of an iterator.

    Answers to ``org.nd4j.linalg.dataset.api.preprocessor.DataNormalization``.
    """

    type: str
    """Name of the kind in files, such as ``"STANDARDIZE"``."""

    @abstractmethod
    def fit(self, data: Any) -> Self:
        """Gather the statistics of a batch or of all batches of an iterator."""

    @abstractmethod
    def transform(self, data: Any) -> Any:
        """Normalise a batch in place."""

    @abstractmethod
    def revert(self, data: Any) -> Any:
        """Undo ``transform`` on a batch in place."""

    def preprocess(self, data: Any) -> None:
        """Same as ``transform``: makes a normalizer the preprocessor of an iterator."""
        self.transform(data)

    def save(self, target: Target) -> None:
        """Write Deeplearning4j's file form to a path (atomically) or a binary stream.

        Raises ValueError before ``fit``, TypeError for normalizers that have no file form.
        """
        from ._files import save_normalizer

        save_normalizer(target, self)


def batches_of(data: Any, single: type) -> Iterable[Any]:
    """One batch as a list, or the iterator itself."""
    return [data] if isinstance(data, single) else data


def finish(data: Any) -> None:
    """Leave an iterator at its start, as the original does after fitting."""
    if isinstance(data, AbstractBatchIterator) and data.reset_supported:
        data.reset()


def numpy_mask(mask: Any) -> np.ndarray | None:
    """A mask as NumPy array."""
    return None if mask is None else values_of(asarray(mask))


class AbstractFittedNormalizer(AbstractNormalizer, Generic[S]):
    """A normalizer with statistics of the features and, with ``fit_label``, of the labels."""

    def __init__(self, *, fit_label: bool = False) -> None:
        self.fit_label = fit_label
        self._features: S | None = None
        self._labels: S | None = None

    @property
    @abstractmethod
    def strategy(self) -> AbstractStrategy:
        """The arithmetic of one array."""

    @property
    def is_fitted(self) -> bool:
        """Whether statistics are present."""
        return self._features is not None

    def __repr__(self) -> str:
        parts = [] if self._features is not None else ["not fitted"]
        for label, stats in (("", self._features), ("label_", self._labels)):
            if stats is not None:
                shown = (
                    np.array2string(
                        v.ravel(), precision=6, separator=", ", threshold=8, max_line_width=1000
                    )
                    for v in stats.pair()
                )
                parts += [f"{label}{n}={v}" for n, v in zip(stats.names, shown, strict=True)]
        return f"{type(self).__name__}({', '.join(parts)})"

    def fit(self, data: Any) -> Self:
        """Gather the statistics of a DataSet, of an array of features, or of an iterator.

        Over an iterator the batches are joined exactly: the result does not depend on their sizes.
        Raises ValueError for ranks below 2, changing columns, or missing features or labels.
        """
        features, labels = self.strategy.builder("features"), self.strategy.builder("labels")
        if not isinstance(data, (DataSet, AbstractBatchIterator)) and hasattr(data, "shape"):
            data = DataSet(data)
        for batch in batches_of(data, DataSet):
            if batch.features is None:
                raise ValueError("fit: a DataSet has no features")
            features.add(values_of(batch.features), numpy_mask(batch.features_mask))
            if self.fit_label:
                if batch.labels is None:
                    raise ValueError("fit: fit_label is set, but a DataSet has no labels")
                labels.add(values_of(batch.labels), numpy_mask(batch.labels_mask))
        self._features = features.build()  # type: ignore[assignment]
        self._labels = labels.build() if self.fit_label else None  # type: ignore[assignment]
        finish(data)
        return self

    def _stats(self, part: str) -> S:
        stats = self._features if part == "features" else self._labels
        if stats is None:
            needed = "fit" if part == "features" else "fit with fit_label=True"
            raise ValueError(
                f"{type(self).__name__}: no statistics of the {part}; call {needed} first"
            )
        return stats

    def transform(self, data: Any) -> Any:
        """Normalise the features (and labels, with ``fit_label``) of a DataSet in place.

        An array of features gives a new array instead. Raises ValueError before ``fit``, and when
        the columns are not those of the fitted data.
        """
        if not isinstance(data, DataSet):
            return self.transform_features(data)
        data.features = self.transform_features(data.features, data.features_mask)
        if self.fit_label and data.labels is not None:
            data.labels = self.transform_labels(data.labels, data.labels_mask)
        return data

    def revert(self, data: DataSet) -> DataSet:
        """Undo ``transform`` on a DataSet in place."""
        data.features = self.revert_features(data.features, data.features_mask)
        if self.fit_label and data.labels is not None:
            data.labels = self.revert_labels(data.labels, data.labels_mask)
        return data

    def transform_features(self, features: Any, mask: Any = None) -> Any:
        """Normalised features as a new array."""
        stats = self._stats("features")
        return self.strategy.apply(asarray(features), numpy_mask(mask), stats)

    def transform_labels(self, labels: Any, mask: Any = None) -> Any:
        """Normalised labels as a new array."""
        stats = self._stats("labels")
        return self.strategy.apply(asarray(labels), numpy_mask(mask), stats)

    def revert_features(self, features: Any, mask: Any = None) -> Any:
        """Features before ``transform`` as a new array."""
        stats = self._stats("features")
        return self.strategy.revert(asarray(features), numpy_mask(mask), stats)

    def revert_labels(self, labels: Any, mask: Any = None) -> Any:
        """Labels before ``transform`` as a new array, for instance predictions of a network."""
        stats = self._stats("labels")
        return self.strategy.revert(asarray(labels), numpy_mask(mask), stats)


class NormalizerStandardize(AbstractFittedNormalizer[DistributionStats]):
    """``(x - mean) / std`` per column, per size of a series, or per channel of images.

    ``std`` is the population standard deviation; a constant column is divided by 1. Masked steps do
    not count and come out as 0.

    Answers to ``org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize``.

    >>> import numpy as np
    >>> normalizer = NormalizerStandardize().fit(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> np.asarray(normalizer.transform(np.array([[1.0, 5.0], [3.0, 6.0]]))).tolist()
    [[-1.0, 0.0], [1.0, 1.0]]
    """

    type = "STANDARDIZE"

    @property
    def strategy(self) -> StandardizeStrategy:
        """The arithmetic of one array."""
        return StandardizeStrategy()

    @property
    def mean(self) -> Any:
        """Mean of the features, ``[1, columns]``."""
        return from_numpy(self._stats("features").mean)

    @property
    def std(self) -> Any:
        """Standard deviation of the features, ``[1, columns]``."""
        return from_numpy(self._stats("features").std)

    @property
    def label_mean(self) -> Any:
        """Mean of the labels, ``[1, columns]``."""
        return from_numpy(self._stats("labels").mean)

    @property
    def label_std(self) -> Any:
        """Standard deviation of the labels, ``[1, columns]``."""
        return from_numpy(self._stats("labels").std)


class NormalizerMinMaxScaler(AbstractFittedNormalizer[MinMaxStats]):
    """Brings each column, size of a series or channel into ``[min_range, max_range]``.

    Answers to ``org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler``.

    >>> import numpy as np
    >>> normalizer = NormalizerMinMaxScaler(-1.0, 1.0).fit(np.array([[0.0], [4.0]]))
    >>> np.asarray(normalizer.transform(np.array([[1.0], [4.0]]))).tolist()
    [[-0.5], [1.0]]
    """

    type = "MIN_MAX"

    def __init__(self, min_range: float = 0.0, max_range: float = 1.0, *, fit_label: bool = False):
        super().__init__(fit_label=fit_label)
        self.target_min = float(min_range)
        self.target_max = max(float(max_range), self.target_min + EPS)

    @property
    def strategy(self) -> MinMaxStrategy:
        """The arithmetic of one array."""
        return MinMaxStrategy(self.target_min, self.target_max)

    @property
    def min(self) -> Any:
        """Least features, ``[1, columns]``."""
        return from_numpy(self._stats("features").lower)

    @property
    def max(self) -> Any:
        """Largest features, ``[1, columns]``."""
        return from_numpy(self._stats("features").upper)

    @property
    def label_min(self) -> Any:
        """Least labels, ``[1, columns]``."""
        return from_numpy(self._stats("labels").lower)

    @property
    def label_max(self) -> Any:
        """Largest labels, ``[1, columns]``."""
        return from_numpy(self._stats("labels").upper)
