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
        return _FetchedAhead(self._source, self._queue_size)

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
        return _FetchedAhead(self._source, self._queue_size)

    @property
    def async_supported(self) -> bool:
        """False: it is one already."""
        return False


def _checked(queue_size: int) -> int:
    if queue_size < 1:
        raise ValueError(f"queue_size must be positive, received {queue_size}")
    return queue_size


class _FetchedAhead(Iterator[Any]):
    """One pass over a source in a thread; closing it waits for the thread.

    Dropping it does not: the garbage collector may run in the middle of anything, such as a thread
    that is just ending and holds the lock that waiting for another one would need.
    """

    def __init__(self, source: AbstractBatchIterator[Any], queue_size: int) -> None:
        self._ready: queue.Queue[Any] = queue.Queue(queue_size)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=_fill, args=(source, self._ready, self._stop), name="batch prefetch", daemon=True
        )
        self._thread.start()

    def __next__(self) -> Any:
        if self._stop.is_set():
            raise StopIteration
        item = self._ready.get()
        if isinstance(item, _Failure):
            self.close()
            raise item.error
        if item is _END:
            self.close()
            raise StopIteration
        return item

    def close(self) -> None:
        self._stop.set()
        with suppress(queue.Empty):  # wakes a thread that waits for room
            while True:
                self._ready.get_nowait()
        self._thread.join()

    def __del__(self) -> None:
        self._stop.set()


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
