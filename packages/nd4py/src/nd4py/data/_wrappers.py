"""Iterators around other iterators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ._dataset import DataSet
from ._in_memory import AbstractExamples
from ._iterator import AbstractBatchIterator, Batch, DataSetIterator, MultiDataSetIterator
from ._multi_dataset import MultiDataSet

__all__ = [
    "AsyncShieldDataSetIterator",
    "BenchmarkDataSetIterator",
    "DataSetIteratorSplitter",
    "EarlyTerminationDataSetIterator",
    "EarlyTerminationMultiDataSetIterator",
    "JointMultiDataSetIterator",
    "KFoldIterator",
    "MultiDataSetIteratorAdapter",
    "MultiDataSetWrapperIterator",
    "MultipleEpochsIterator",
    "ReconstructionDataSetIterator",
]


class AbstractWrapper(AbstractBatchIterator[Batch]):
    """Batch size and abilities of another iterator."""

    def __init__(self, source: AbstractBatchIterator[Any]) -> None:
        super().__init__()
        self._source = source

    @property
    def batch_size(self) -> int | None:
        """As of the source."""
        return self._source.batch_size

    @property
    def reset_supported(self) -> bool:
        """As of the source."""
        return self._source.reset_supported

    @property
    def async_supported(self) -> bool:
        """As of the source."""
        return self._source.async_supported


class AbstractDataSetWrapper(AbstractWrapper[DataSet], DataSetIterator):
    """Sizes and names of another iterator."""

    _source: DataSetIterator

    def __init__(self, source: DataSetIterator) -> None:
        super().__init__(source)

    @property
    def input_columns(self) -> int | None:
        """As of the source."""
        return self._source.input_columns

    @property
    def total_outcomes(self) -> int | None:
        """As of the source."""
        return self._source.total_outcomes

    @property
    def labels(self) -> list[str] | None:
        """As of the source."""
        return self._source.labels


class MultipleEpochsIterator(AbstractDataSetWrapper):
    """Several passes over another iterator as one (``MultipleEpochsIterator``)."""

    def __init__(self, epochs: int, source: DataSetIterator) -> None:
        super().__init__(source)
        self._epochs = epochs

    def _batches(self) -> Iterator[DataSet]:
        for _ in range(self._epochs):
            yield from self._source


class EarlyTerminationDataSetIterator(AbstractDataSetWrapper):
    """At most ``batches`` batches of another iterator (``EarlyTerminationDataSetIterator``)."""

    def __init__(self, source: DataSetIterator, batches: int) -> None:
        super().__init__(source)
        if batches < 1:
            raise ValueError(f"EarlyTermination: expected at least 1 batch, received {batches}")
        self._count = batches

    def _batches(self) -> Iterator[DataSet]:
        yield from _first(self._source, self._count)


class EarlyTerminationMultiDataSetIterator(AbstractWrapper[MultiDataSet], MultiDataSetIterator):
    """At most ``batches`` batches of another iterator (``EarlyTerminationMultiDataSetIterator``)."""

    def __init__(self, source: MultiDataSetIterator, batches: int) -> None:
        super().__init__(source)
        if batches < 1:
            raise ValueError(f"EarlyTermination: expected at least 1 batch, received {batches}")
        self._count = batches

    def _batches(self) -> Iterator[MultiDataSet]:
        yield from _first(self._source, self._count)


class ReconstructionDataSetIterator(AbstractDataSetWrapper):
    """The features are also the labels, for auto-encoders (``ReconstructionDataSetIterator``)."""

    def _batches(self) -> Iterator[DataSet]:
        for batch in self._source:
            made = batch.copy(deep=False)
            made.labels, made.labels_mask = made.features, made.features_mask
            yield made


class BenchmarkDataSetIterator(DataSetIterator):
    """The same DataSet ``iterations`` times (``BenchmarkDataSetIterator``)."""

    def __init__(self, data: DataSet, iterations: int) -> None:
        super().__init__()
        self._data = data
        self._iterations = iterations

    def _batches(self) -> Iterator[DataSet]:
        for _ in range(self._iterations):
            yield self._data


class DataSetIteratorSplitter:
    """Divides the batches of one iterator into consecutive parts, such as training and test.

    One ``ratio`` of ``total_batches`` gives two parts: ``int(total_batches * ratio)`` batches and the rest. Several
    ratios, or whole numbers of batches in ``splits``, give as many parts. All parts read the source from its start,
    so it must give its batches in the same order in each pass.

    Answers to ``org.deeplearning4j.datasets.iterator.DataSetIteratorSplitter``.

    >>> from nd4py.data import DataSet, ViewIterator
    >>> source = ViewIterator(DataSet([[1.0], [2.0], [3.0], [4.0]]), 1)
    >>> split = DataSetIteratorSplitter(source, 4, 0.75)
    >>> len(list(split.train)), len(list(split.test))
    (3, 1)
    """

    def __init__(
        self,
        source: DataSetIterator,
        total_batches: int | None = None,
        ratio: float | Sequence[float] | None = None,
        *,
        splits: Sequence[int] | None = None,
    ) -> None:
        if not source.reset_supported:
            raise ValueError("DataSetIteratorSplitter: the source can be read only once")
        cuts = [0, *np.cumsum(_batches_of_parts(total_batches, ratio, splits)).tolist()]
        self.parts: list[DataSetIterator] = [_Part(source, a, b) for a, b in pairwise(cuts)]

    @property
    def train(self) -> DataSetIterator:
        """The first part."""
        return self.parts[0]

    @property
    def test(self) -> DataSetIterator:
        """The second part."""
        return self.parts[1]


def _batches_of_parts(
    total: int | None, ratio: float | Sequence[float] | None, splits: Sequence[int] | None
) -> list[int]:
    """Batches of each part; raises ValueError when the arguments do not say it."""
    if splits is not None:
        if len(splits) < 2 or min(splits) < 1:
            raise ValueError(
                f"DataSetIteratorSplitter: splits must be two or more positive numbers, received {splits}"
            )
        return list(splits)
    if total is None or ratio is None:
        raise ValueError("DataSetIteratorSplitter: give total_batches and ratio, or splits")
    ratios = [ratio] if isinstance(ratio, (int, float)) else list(ratio)
    if not all(0 < r < 1 for r in ratios) or sum(ratios) > 1 + 1e-9:
        raise ValueError(f"DataSetIteratorSplitter: ratio must be within (0, 1), received {ratio}")
    counts = [int(total * r) for r in ratios]
    return [*counts, total - counts[0]] if len(ratios) == 1 else counts


class _Part(AbstractDataSetWrapper):
    """Batches ``start`` … ``stop - 1`` of another iterator."""

    def __init__(self, source: DataSetIterator, start: int, stop: int) -> None:
        super().__init__(source)
        self._start = start
        self._stop = stop

    def _batches(self) -> Iterator[DataSet]:
        for index, batch in enumerate(_first(self._source, self._stop)):
            if index >= self._start:
                yield batch


class KFoldIterator(AbstractExamples):
    """The training part of each of ``k`` folds; ``test_fold`` is the rest of the current one.

    The folds are consecutive rows, the first ones larger by one where the rows do not divide. With
    ``seed`` the rows are shuffled before each pass but the first.

    Answers to ``org.nd4j.linalg.dataset.api.iterator.KFoldIterator``.

    >>> folds = KFoldIterator(2, DataSet([[1.0], [2.0], [3.0]]))
    >>> [(len(train), len(folds.test_fold)) for train in folds]
    [(1, 2), (2, 1)]
    """

    def __init__(self, k: int, data: DataSet, *, seed: int | None = None) -> None:
        super().__init__(data)
        if not 2 <= k <= data.num_examples:
            raise ValueError(
                f"KFoldIterator: k must be 2 to {data.num_examples} (examples), received {k}"
            )
        self._k = k
        self._random = None if seed is None else np.random.default_rng(seed)
        self._passes = 0
        self._test: DataSet | None = None

    def _batches(self) -> Iterator[DataSet]:
        count = self._data.num_examples
        rows = np.arange(count)
        if self._passes and self._random is not None:
            rows = self._random.permutation(count)
        self._passes += 1
        for fold in np.array_split(rows, self._k):
            self._test = self._data[fold]
            yield self._data[np.setdiff1d(rows, fold, assume_unique=True)]

    @property
    def test_fold(self) -> DataSet:
        """The examples that the current fold leaves out; raises ValueError before the first fold."""
        if self._test is None:
            raise ValueError("KFoldIterator: there is no test fold before the first call of next")
        return self._test

    @property
    def batch_size(self) -> int:
        """Examples of the largest test fold."""
        return -(-self._data.num_examples // self._k)

    @property
    def async_supported(self) -> bool:
        """False: ``test_fold`` belongs to the batch given last."""
        return False

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, where known."""
        return self._data.label_names


class MultiDataSetIteratorAdapter(AbstractWrapper[MultiDataSet], MultiDataSetIterator):
    """DataSets as MultiDataSets (``MultiDataSetIteratorAdapter``)."""

    def __init__(self, source: DataSetIterator) -> None:
        super().__init__(source)

    def _batches(self) -> Iterator[MultiDataSet]:
        for batch in self._source:
            yield batch.to_multi_data_set()


class MultiDataSetWrapperIterator(AbstractWrapper[DataSet], DataSetIterator):
    """MultiDataSets with one feature and one label array as DataSets (``MultiDataSetWrapperIterator``)."""

    def __init__(self, source: MultiDataSetIterator) -> None:
        super().__init__(source)

    def _batches(self) -> Iterator[DataSet]:
        for batch in self._source:
            if batch.num_feature_arrays > 1 or batch.num_labels_arrays > 1:
                raise ValueError(
                    f"MultiDataSetWrapperIterator: a batch has {batch.num_feature_arrays} feature and "
                    f"{batch.num_labels_arrays} label arrays, expected one of each"
                )
            parts = (batch.features, batch.labels, batch.features_mask, batch.labels_mask)
            yield DataSet(*(None if arrays is None else arrays[0] for arrays in parts))


class AsyncShieldDataSetIterator(AbstractDataSetWrapper):
    """Keeps training from fetching another iterator ahead in a thread (``AsyncShieldDataSetIterator``)."""

    def _batches(self) -> Iterator[DataSet]:
        yield from self._source

    @property
    def async_supported(self) -> bool:
        """False."""
        return False


class JointMultiDataSetIterator(MultiDataSetIterator):
    """Batches of several iterators side by side, until the shortest ends.

    ``outcome`` is the iterator whose labels are kept; None keeps all. Answers to
    ``org.deeplearning4j.datasets.iterator.JointMultiDataSetIterator``.
    """

    def __init__(self, *sources: DataSetIterator, outcome: int | None = None) -> None:
        super().__init__()
        if not sources:
            raise ValueError("JointMultiDataSetIterator: expected at least one iterator")
        self._sources = sources
        self._outcome = outcome

    def _batches(self) -> Iterator[MultiDataSet]:
        for batches in zip(*self._sources, strict=False):
            kept = batches if self._outcome is None else (batches[self._outcome],)
            yield MultiDataSet(
                _present([b.features for b in batches]),
                _present([b.labels for b in kept]),
                _masks([b.features_mask for b in batches]),
                _masks([b.labels_mask for b in kept]),
            )

    @property
    def reset_supported(self) -> bool:
        """Whether all sources can be read again."""
        return all(s.reset_supported for s in self._sources)


def _first(source: AbstractBatchIterator[Any], count: int) -> Iterator[Any]:
    """The first ``count`` batches, without asking the source for one more."""
    if count < 1:
        return
    for index, batch in enumerate(source, 1):
        yield batch
        if index == count:
            return


def _present(arrays: list[Any]) -> list[Any] | None:
    kept = [a for a in arrays if a is not None]
    return kept or None


def _masks(masks: list[Any]) -> list[Any] | None:
    return masks if any(m is not None for m in masks) else None
