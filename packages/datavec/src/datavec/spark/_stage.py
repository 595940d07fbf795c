"""What runs in Spark's workers: one stage, which is a source of frames, some steps and a sink."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import DataVecError, InvalidValueError
from .._policy import ErrorPolicy, ErrorReport
from .._version import __version__
from ..columns._frame import Array, Frame
from ..process._mending import Mender, original_row
from ..process._process import TransformProcess
from ._accounts import Accounts
from ._failures import noted

__all__ = ["AbstractSink", "AbstractSource", "Stage", "Task"]

_ROWS_BITS = 33
"""Bits of an order number that count the rows of a partition, as Spark's own row numbers have it."""


class Task:
    """What a running stage knows of itself.

    Args:
        policy: what to do with bad values.
        partition: number of the partition.
        source: knows the place of records.
    """

    def __init__(self, policy: ErrorPolicy, partition: int, source: AbstractSource) -> None:
        self.policy = policy
        self.partition = partition
        self.report = ErrorReport()
        self.mender = Mender(policy, self.report, source.located)
        self._rows = 0

    def orders(self, count: int) -> Array:
        """Numbers for the next rows that grow through the partition, and from one to the next."""
        start = (self.partition << _ROWS_BITS) + self._rows
        self._rows += count
        return np.arange(start, start + count, dtype=np.int64)

    def applied(
        self, frame: Frame, function: Callable[[Frame], Any], *, where: str = ""
    ) -> tuple[Any, Frame]:
        """``function(frame)`` under the policy for errors, and the frame that was left for it.

        Raises:
            InvalidValueError: where the policy is to raise; it names the record.
        """

        def run(frame: Frame) -> Any:
            try:
                return function(frame)
            except InvalidValueError as e:
                raise e.located(where=e.where or where, row=original_row(frame, e)) from None
            except DataVecError as e:
                raise type(e)(f"{where}: {e}" if where else str(e)) from None

        return self.mender.through(run, frame)


class AbstractSource(ABC):
    """Makes frames of the batches that Spark gives to a task."""

    @abstractmethod
    def frames(self, batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[Frame]:
        """The frames of a task."""

    def located(self, error: InvalidValueError) -> InvalidValueError:
        """An error about the last frame, with what is known about its place."""
        return InvalidValueError(
            error.column, error.expected, error.value, where=error.where
        )  # rows of regrouped data say nothing


class AbstractSink(ABC):
    """Makes batches for Spark of the frames after the steps."""

    @abstractmethod
    def batches(self, frames: Iterator[Frame], task: Task) -> Iterator[pa.RecordBatch]:
        """The batches of a task."""


@dataclass(frozen=True, eq=False)
class Stage:
    """The function given to ``mapInArrow``: steps `first` up to `last` of a process.

    The process travels as the object it is, since its JSON does not hold everything (modes of
    conditions on sequences, functions of the user).
    """

    number: int
    process: TransformProcess
    first: int
    last: int
    source: AbstractSource
    sink: AbstractSink
    policy: ErrorPolicy
    accounts: Accounts | None
    version: str = __version__

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Run the stage on the batches of one partition."""
        from pyspark import TaskContext

        if self.version != __version__:
            raise RuntimeError(
                f"the driver runs datavec {self.version}, this worker has {__version__}; "
                "install the same version on all machines"
            )
        context = TaskContext.get()
        partition = 0 if context is None else context.partitionId()
        task = Task(self.policy, partition, self.source)
        try:
            yield from self.sink.batches(self._frames(batches, task), task)
        except InvalidValueError as e:
            raise noted(self.source.located(e), self.number, partition) from None
        except DataVecError as e:
            raise noted(e, self.number, partition) from None
        if self.accounts is not None:
            self.accounts.add(self.number, task.report)

    def _frames(self, batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[Frame]:
        for frame in self.source.frames(batches, task):
            yield self.process.run_mending(frame, task.mender, first=self.first, last=self.last)
