"""The base of all iterators over batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Generic, Protocol, Self, TypeVar

from ._dataset import DataSet
from ._multi_dataset import MultiDataSet

__all__ = ["AbstractBatchIterator", "DataSetIterator", "MultiDataSetIterator", "Preprocessor"]

Batch = TypeVar("Batch", DataSet, MultiDataSet)


class Preprocessor(Protocol):
    """What ``iterator.preprocessor`` needs: normalizers and data set preprocessors have it."""

    def preprocess(self, data: Any) -> None:
        """Replace arrays of the batch."""


class AbstractBatchIterator(ABC, Generic[Batch]):
    """Batches one after the other, from the start again after ``reset``.

    ``for batch in iterator`` starts from the beginning each time. ``next``, ``has_next`` and
    ``reset`` serve code that steps by itself. ``preprocessor`` is applied to a shallow copy of each
    batch, so the source keeps its arrays.

    A subclass implements ``_batches``, a generator over one pass, and calls ``super().__init__()``.
    """

    def __init__(self) -> None:
        self.preprocessor: Preprocessor | None = None
        self._running: Iterator[Batch] | None = None
        self._ahead: Batch | None = None

    @abstractmethod
    def _batches(self) -> Iterator[Batch]:
        """One pass over the batches, without the preprocessor."""

    @property
    def batch_size(self) -> int | None:
        """Examples per batch (the last may have fewer), or None when that is not known."""
        return None

    @property
    def reset_supported(self) -> bool:
        """Whether a second pass is possible."""
        return True

    @property
    def async_supported(self) -> bool:
        """Whether fetching ahead in a thread is safe and worth while."""
        return True

    def reset(self) -> None:
        """Start again; raises ValueError when the source can be read only once."""
        if not self.reset_supported:
            raise ValueError(
                f"{type(self).__name__}: the source can be read only once; give a list or another "
                "iterable that starts anew"
            )
        self.close()

    def close(self) -> None:
        """End the current pass and let go of what it holds (threads, files)."""
        running, self._running, self._ahead = self._running, None, None
        if running is not None:
            close = getattr(running, "close", None)
            if close is not None:
                close()

    def has_next(self) -> bool:
        """Whether the current pass has another batch."""
        if self._ahead is None:
            self._ahead = self._fetch()
        return self._ahead is not None

    def next(self, count: int | None = None) -> Batch:
        """The next batch, or the next ``count`` examples where the source can cut them.

        Raises StopIteration at the end, ValueError when ``count`` is not supported.
        """
        if count is not None:
            raise ValueError(
                f"{type(self).__name__}: batches have a fixed size, next(count) is not offered"
            )
        return self.__next__()

    def _fetch(self) -> Batch | None:
        if self._running is None:
            self._running = self._batches()
        return next(self._running, None)

    def __iter__(self) -> Self:
        if self._running is not None:
            self.reset()
        return self

    def __next__(self) -> Batch:
        batch, self._ahead = self._ahead, None
        if batch is None:
            batch = self._fetch()
            if batch is None:
                raise StopIteration
        if self.preprocessor is not None:
            batch = batch.copy(deep=False)
            self.preprocessor.preprocess(batch)
        return batch


class DataSetIterator(AbstractBatchIterator[DataSet]):
    """Iterator over DataSets (``org.nd4j.linalg.dataset.api.iterator.DataSetIterator``)."""

    @property
    def input_columns(self) -> int | None:
        """Columns of the features, or None when they are not known before the first batch."""
        return None

    @property
    def total_outcomes(self) -> int | None:
        """Columns of the labels, or None when they are not known before the first batch."""
        return None

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, where known."""
        return None


class MultiDataSetIterator(AbstractBatchIterator[MultiDataSet]):
    """Iterator over MultiDataSets (``org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator``)."""
