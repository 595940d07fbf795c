"""Fetching batches ahead in a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ._dataset import DataSet
from ._iterator import AbstractBatchIterator, MultiDataSetIterator
from ._multi_dataset import MultiDataSet
from ._wrappers import AbstractDataSetWrapper, AbstractWrapper

__all__ = ["AsyncDataSetIterator", "AsyncMultiDataSetIterator"]

_END = object()
_PATIENCE = 0.1  # seconds between two looks at the stop flag while the queue is full


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class AsyncDataSetIterator(AbstractDataSetWrapper):
    """Keeps up to ``queue_size`` batches of another iterator ready, fetched in a thread.

    An error of the source is raised by the ``next`` that would have given its batch. The thread
    ends with the pass, on ``reset`` and on ``close``. The source must not be used meanwhile.

    Answers to ``org.deeplearning4j.datasets.iterator.AsyncDataSetIterator``.
    """

    def __init__(self, source: Any, queue_size: int = 8) -> None:
        super().__init__(source)
        self._queue_size = _checked(queue_size)

    def _batches(self) -> Iterator[DataSet]:
        return _fetch_ahead(self._source, self._queue_size)

    @property
    def async_supported(self) -> bool:
        """False: it is one already."""
        return False


class AsyncMultiDataSetIterator(AbstractWrapper[MultiDataSet], MultiDataSetIterator):
    """As AsyncDataSetIterator, for MultiDataSets (``AsyncMultiDataSetIterator``)."""

    def __init__(self, source: MultiDataSetIterator, queue_size: int = 8) -> None:
        super().__init__(source)
        self._queue_size = _checked(queue_size)

    def _batches(self) -> Iterator[MultiDataSet]:
        return _fetch_ahead(self._source, self._queue_size)

    @property
    def async_supported(self) -> bool:
        """False: it is one already."""
        return False


def _checked(queue_size: int) -> int:
    if queue_size < 1:
        raise ValueError(f"queue_size must be positive, received {queue_size}")
    return queue_size


def _fetch_ahead(source: AbstractBatchIterator[Any], queue_size: int) -> Iterator[Any]:
    ready: queue.Queue[Any] = queue.Queue(queue_size)
    stop = threading.Event()
    thread = threading.Thread(
        target=_fill, args=(source, ready, stop), name="batch prefetch", daemon=True
    )
    thread.start()
    try:
        while (item := ready.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item
    finally:
        stop.set()
        with suppress(queue.Empty):  # wakes a thread that waits for room
            while True:
                ready.get_nowait()
        thread.join()


def _fill(
    source: AbstractBatchIterator[Any], ready: queue.Queue[Any], stop: threading.Event
) -> None:
    try:
        for batch in source:
            if not _put(batch, ready, stop):
                source.close()
                return
        _put(_END, ready, stop)
    except BaseException as error:
        _put(_Failure(error), ready, stop)


def _put(item: Any, ready: queue.Queue[Any], stop: threading.Event) -> bool:
    """Hand over one item; False when nobody waits for it any more."""
    while not stop.is_set():
        try:
            ready.put(item, timeout=_PATIENCE)
            return True
        except queue.Full:
            continue
    return False
