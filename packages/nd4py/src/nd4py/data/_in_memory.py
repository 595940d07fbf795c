"""Iterators over data in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ._dataset import DataSet
from ._iterator import AbstractBatchIterator, DataSetIterator, MultiDataSetIterator
from ._multi_dataset import MultiDataSet

__all__ = [
    "ArrayDataSetIterator",
    "ExistingDataSetIterator",
    "ExistingMultiDataSetIterator",
    "IteratorDataSetIterator",
    "IteratorMultiDataSetIterator",
    "ListDataSetIterator",
    "SamplingDataSetIterator",
    "SingletonDataSetIterator",
    "ViewIterator",
]


class AbstractExamples(DataSetIterator):
    """Batches of the examples of one DataSet."""

    def __init__(self, data: DataSet) -> None:
        super().__init__()
        self._data = data

    @property
    def input_columns(self) -> int:
        """Columns of the features."""
        return self._data.num_inputs

    @property
    def total_outcomes(self) -> int:
        """Columns of the labels."""
        return self._data.num_outcomes


class ViewIterator(AbstractExamples):
    """Consecutive slices of one DataSet, without copying.

    Answers to ``org.nd4j.linalg.dataset.ViewIterator``.

    >>> [len(batch) for batch in ViewIterator(DataSet([[1.0], [2.0], [3.0]]), 2)]
    [2, 1]
    """

    def __init__(self, data: DataSet, batch_size: int) -> None:
        super().__init__(data)
        self._size = _positive(batch_size)

    def _batches(self) -> Iterator[DataSet]:
        for start in range(0, self._data.num_examples, self._size):
            yield self._data[start : start + self._size]

    @property
    def batch_size(self) -> int:
        """Examples per batch."""
        return self._size

    @property
    def async_supported(self) -> bool:
        """False: the data is in memory."""
        return False

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, where known."""
        return self._data.label_names


class ArrayDataSetIterator(AbstractExamples):
    """Batches cut from arrays.

    ``features`` and ``labels`` count the examples along axis 0. ``drop_last`` leaves out an
    incomplete last batch, ``shuffle`` draws a new order in each pass (from ``seed`` where given).

    Answers to ``INDArrayDataSetIterator``, ``FloatsDataSetIterator`` and ``DoublesDataSetIterator``
    (which always leave out an incomplete batch).

    >>> x, y = np.zeros((5, 2), np.float32), np.zeros((5, 3), np.float32)
    >>> [len(batch) for batch in ArrayDataSetIterator(x, y, 2)]
    [2, 2, 1]
    """

    def __init__(
        self,
        features: Any,
        labels: Any = None,
        batch_size: int = 32,
        *,
        features_mask: Any = None,
        labels_mask: Any = None,
        drop_last: bool = False,
        shuffle: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__(DataSet(features, labels, features_mask, labels_mask))
        self._data.validate()
        self._size = _positive(batch_size)
        self._drop_last = drop_last
        self._random = np.random.default_rng(seed) if shuffle else None

    def _batches(self) -> Iterator[DataSet]:
        count = self._data.num_examples
        order = None if self._random is None else self._random.permutation(count)
        stop = count - count % self._size if self._drop_last else count
        for start in range(0, stop, self._size):
            rows = slice(start, start + self._size)
            yield self._data[rows if order is None else order[rows]]

    @property
    def batch_size(self) -> int:
        """Examples per batch."""
        return self._size

    @property
    def input_columns(self) -> int:
        """Columns of the features."""
        return self._data.num_inputs

    @property
    def total_outcomes(self) -> int:
        """Columns of the labels."""
        return self._data.num_outcomes


class ListDataSetIterator(DataSetIterator):
    """Joins ``batch_size`` data sets of a list into each batch.

    With one example per data set (``DataSet.as_list``) that is a batch of ``batch_size`` examples.
    Answers to ``org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator``.
    """

    def __init__(self, data: Iterable[DataSet], batch_size: int = 5) -> None:
        super().__init__()
        self._list = list(data)
        self._size = _positive(batch_size)
        self._position = 0
        self._last = 0

    def _batches(self) -> Iterator[DataSet]:
        self._position = 0
        while self._position < len(self._list):
            yield self._cut(self._size)

    def _cut(self, count: int) -> DataSet:
        parts = self._list[self._position : self._position + count]
        self._last = len(parts)
        self._position += self._last
        return parts[0] if len(parts) == 1 else DataSet.merge(parts)

    def next(self, count: int | None = None) -> DataSet:
        """The next batch, joined from ``count`` data sets of the list where given."""
        if count is None:
            return self.__next__()
        if not self.has_next():
            raise StopIteration
        self._position -= self._last  # has_next has cut one batch ahead
        self._ahead = self._cut(_positive(count))
        return self.__next__()

    @property
    def batch_size(self) -> int:
        """Data sets of the list per batch."""
        return self._size

    @property
    def async_supported(self) -> bool:
        """False: the data is in memory."""
        return False

    @property
    def input_columns(self) -> int | None:
        """Columns of the features."""
        return self._list[0].num_inputs if self._list else None

    @property
    def total_outcomes(self) -> int | None:
        """Columns of the labels."""
        return self._list[0].num_outcomes if self._list else None

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, where known."""
        return self._list[0].label_names if self._list else None


class ExistingDataSetIterator(DataSetIterator):
    """Any iterable of DataSets, batches as they are.

    An iterator or generator can be passed over once, a list or another iterable again and again.
    Answers to ``org.deeplearning4j.datasets.iterator.ExistingDataSetIterator``.
    """

    def __init__(self, source: Iterable[DataSet], *, labels: Sequence[str] | None = None) -> None:
        super().__init__()
        self._source = source
        self._labels = None if labels is None else list(labels)

    def _batches(self) -> Iterator[DataSet]:
        yield from self._source

    @property
    def reset_supported(self) -> bool:
        """Whether the source is more than an iterator."""
        return _starts_anew(self._source)

    @property
    def async_supported(self) -> bool:
        """False, as in the original: nothing is known of the source."""
        return False

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, where given."""
        return self._labels


class ExistingMultiDataSetIterator(MultiDataSetIterator):
    """Any iterable of MultiDataSets; see ExistingDataSetIterator."""

    def __init__(self, source: Iterable[MultiDataSet]) -> None:
        super().__init__()
        self._source = source

    def _batches(self) -> Iterator[MultiDataSet]:
        yield from self._source

    @property
    def reset_supported(self) -> bool:
        """Whether the source is more than an iterator."""
        return _starts_anew(self._source)

    @property
    def async_supported(self) -> bool:
        """False, as in the original: nothing is known of the source."""
        return False


class SingletonDataSetIterator(ExistingDataSetIterator):
    """One DataSet as the only batch (``SingletonDataSetIterator``)."""

    def __init__(self, data: DataSet) -> None:
        super().__init__([data], labels=data.label_names)


class IteratorDataSetIterator(DataSetIterator):
    """Regroups the examples of any iterable of DataSets into batches of ``batch_size``.

    Answers to ``org.deeplearning4j.datasets.iterator.IteratorDataSetIterator``.
    """

    def __init__(self, source: Iterable[DataSet], batch_size: int) -> None:
        super().__init__()
        self._source = source
        self._size = _positive(batch_size)
        self._seen: DataSet | None = None

    def _batches(self) -> Iterator[DataSet]:
        for batch in _regroup(self._source, self._size, DataSet.merge):
            self._seen = batch
            yield batch

    @property
    def batch_size(self) -> int:
        """Examples per batch."""
        return self._size

    @property
    def reset_supported(self) -> bool:
        """Whether the source is more than an iterator."""
        return _starts_anew(self._source)

    @property
    def input_columns(self) -> int | None:
        """Columns of the features, known after a look at the first batch."""
        seen = self._look()
        return None if seen is None else seen.num_inputs

    @property
    def total_outcomes(self) -> int | None:
        """Columns of the labels, known after a look at the first batch."""
        seen = self._look()
        return None if seen is None else seen.num_outcomes

    def _look(self) -> DataSet | None:
        if self._seen is None:
            self.has_next()
        return self._seen


class IteratorMultiDataSetIterator(MultiDataSetIterator):
    """Regroups the examples of any iterable of MultiDataSets into batches of ``batch_size``."""

    def __init__(self, source: Iterable[MultiDataSet], batch_size: int) -> None:
        super().__init__()
        self._source = source
        self._size = _positive(batch_size)

    def _batches(self) -> Iterator[MultiDataSet]:
        yield from _regroup(self._source, self._size, MultiDataSet.merge)

    @property
    def batch_size(self) -> int:
        """Examples per batch."""
        return self._size

    @property
    def reset_supported(self) -> bool:
        """Whether the source is more than an iterator."""
        return _starts_anew(self._source)

    @property
    def async_supported(self) -> bool:
        """False, as in the original."""
        return False


class SamplingDataSetIterator(AbstractExamples):
    """Random samples of ``batch_size`` examples until ``total`` have been given.

    Every batch is whole, so the last may exceed ``total``. Answers to
    ``org.nd4j.linalg.dataset.api.iterator.SamplingDataSetIterator``.
    """

    def __init__(
        self,
        data: DataSet,
        batch_size: int,
        total: int,
        *,
        with_replacement: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__(data)
        self._size = _positive(batch_size)
        self._total = total
        self._replace = with_replacement
        self._random = np.random.default_rng(seed)

    def _batches(self) -> Iterator[DataSet]:
        for _ in range(0, self._total, self._size):
            drawn = self._random.choice(self._data.num_examples, self._size, replace=self._replace)
            yield self._data[drawn]

    @property
    def batch_size(self) -> int:
        """Examples per batch."""
        return self._size

    @property
    def input_columns(self) -> int:
        """Columns of the features."""
        return self._data.num_inputs

    @property
    def total_outcomes(self) -> int:
        """Columns of the labels."""
        return self._data.num_outcomes


def _starts_anew(source: Iterable[Any]) -> bool:
    """Whether a second pass over the source is possible: ours start again, other iterators are used up."""
    return not isinstance(source, Iterator) or isinstance(source, AbstractBatchIterator)


def _positive(size: int) -> int:
    if size < 1:
        raise ValueError(f"batch size must be positive, received {size}")
    return int(size)


def _regroup(source: Iterable[Any], size: int, merge: Any) -> Iterator[Any]:
    """Batches of ``size`` examples from parts of any size."""
    waiting: list[Any] = []
    count = 0
    for part in source:
        start = 0
        while count + part.num_examples - start >= size:
            stop = start + size - count
            waiting.append(part[start:stop])
            yield waiting[0] if len(waiting) == 1 else merge(waiting)
            waiting, count, start = [], 0, stop
        if start < part.num_examples:
            waiting.append(part[start:])
            count += part.num_examples - start
    if waiting:
        yield waiting[0] if len(waiting) == 1 else merge(waiting)
