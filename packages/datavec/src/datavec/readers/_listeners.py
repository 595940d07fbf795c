"""Listeners that hear of each record a reader hands out."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any

__all__ = ["AbstractRecordListener", "LogRecordListener"]


class AbstractListenedTo:
    """A reader that listeners can hear."""

    listeners: tuple[AbstractRecordListener, ...] = ()

    def __repr__(self) -> str:
        source = getattr(self, "split", None)
        return f"<{type(self).__name__}{'' if source is None else f': {source!r:.80}'}>"

    def set_listeners(self, *listeners: AbstractRecordListener) -> None:
        """Tell these of every record handed out from now on; none to stop."""
        for listener in listeners:
            if not isinstance(listener, AbstractRecordListener):
                raise TypeError(
                    f"set_listeners: expected AbstractRecordListener objects, "
                    f"received {type(listener).__name__}"
                )
        self.listeners = listeners

    def announce(self, record: Any) -> None:
        """Tell the listeners of a record."""
        for listener in self.listeners:
            listener.record_read(self, record)


class AbstractRecordListener(ABC):
    """Is told of every record that leaves a reader one by one (`next`, `next_record`, iteration).

    Readers give whole blocks to a TransformProcess or an iterator; those are not announced record
    by record, so a listener costs nothing there.

    Answers to Deeplearning4j's ``RecordListener``.

    >>> from datavec import CollectionRecordReader
    >>> class Count(AbstractRecordListener):
    ...     records = 0
    ...     def record_read(self, reader, record):
    ...         self.records += 1
    >>> reader = CollectionRecordReader([[1], [2]])
    >>> reader.set_listeners(counter := Count())
    >>> list(reader), counter.records
    ([[1], [2]], 2)
    """

    @abstractmethod
    def record_read(self, reader: Any, record: Any) -> None:
        """Called with the reader and the record (a list of values; of a sequence, its steps)."""


class LogRecordListener(AbstractRecordListener):
    """Writes each record to the log ``datavec.readers``.

    Args:
        level: of the log entries, for instance ``logging.DEBUG``.

    >>> from datavec import CollectionRecordReader
    >>> reader = CollectionRecordReader([[1]])
    >>> reader.set_listeners(LogRecordListener())
    >>> reader.next()
    [1]
    """

    def __init__(self, level: int = logging.INFO) -> None:
        self.level = level
        self._log = logging.getLogger("datavec.readers")

    def record_read(self, reader: Any, record: Any) -> None:
        self._log.log(self.level, "%s: %s", type(reader).__name__, record)
