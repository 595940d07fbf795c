"""What a step over all data gathers of the batches before it can begin."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._errors import DataVecError, InvalidValueError
from ..columns._frame import Frame
from ._mending import Mender, original_row

if TYPE_CHECKING:
    from ..transforms._partial_reduction import PartialReduction, ReducedPart
    from ._process import TransformProcess

__all__ = ["AbstractGathering", "gathering_for"]

_FEW_GROUPS = 1 << 16


class AbstractGathering(ABC):
    """Batches on their way into a step over all data; `step` is its number."""

    step: int

    @abstractmethod
    def start(self, frame: Frame, mender: Mender) -> Any:
        """What is kept of a batch; called in the thread that made it."""

    @abstractmethod
    def add(self, part: Any, base: int) -> None:
        """Take what `start` gave, in the order of the data; `base` records came before it."""

    @abstractmethod
    def finish(self, mender: Mender) -> Frame | None:
        """The result of the step and of those behind it; None when there were no batches."""


class GatheredRecords(AbstractGathering):
    """Keeps all records: for sorting, and for sequences."""

    def __init__(self, process: TransformProcess, step: int) -> None:
        self.process, self.step = process, step
        self._frames: list[Frame] = []

    def start(self, frame: Frame, mender: Mender) -> Frame:
        return frame

    def add(self, part: Frame, base: int) -> None:
        # Rows are counted from the start of the data.
        self._frames.append(replace(part, origin=part.origins + base))

    def finish(self, mender: Mender) -> Frame | None:
        if not self._frames:
            return None
        return self.process.run_mending(Frame.concat(self._frames), mender, first=self.step)


class GatheredGroups(AbstractGathering):
    """Keeps the state of each group of a Reducer, so that memory goes with the groups."""

    def __init__(self, process: TransformProcess, step: int, reduction: PartialReduction) -> None:
        self.process, self.step, self.reduction = process, step, reduction
        self._parts: list[ReducedPart] = []
        self._waiting = 0
        self._merged = 0
        self._empty: Frame | None = None

    def start(self, frame: Frame, mender: Mender) -> ReducedPart | Frame:
        if not frame.num_records:
            return frame
        part, _ = mender.through(self._started, frame)
        return part  # type: ignore[no-any-return]

    def _started(self, frame: Frame) -> ReducedPart | Frame:
        if not frame.num_records:  # none is left
            return frame
        with _named(self.step):
            try:
                return self.reduction.start(frame, frame.origins.astype(np.int64))
            except InvalidValueError as e:
                where = f"step {self.step} Reducer"
                raise e.located(where=where, row=original_row(frame, e)) from None

    def add(self, part: ReducedPart | Frame, base: int) -> None:
        if isinstance(part, Frame):
            self._empty = part
            return
        self._parts.append(replace(part, order=part.order + base))
        self._waiting += part.num_groups
        if self._waiting > self._merged + _FEW_GROUPS:
            self._merge()

    def _merge(self) -> None:
        merged = self.reduction.merge(self.reduction.joined(self._parts))
        self._parts, self._merged, self._waiting = [merged], merged.num_groups, 0

    def finish(self, mender: Mender) -> Frame | None:
        if not self._parts:
            if self._empty is None:
                return None
            return self.process.run_mending(self._empty, mender, first=self.step)
        self._merge()
        frame = replace(self.reduction.finish(self._parts[0]), origin=self._parts[0].order)
        return self.process.run_mending(frame, mender, first=self.step + 1)


@contextmanager
def _named(step: int) -> Iterator[None]:
    """Say in errors which step they are of, as for steps that run at once."""
    try:
        yield
    except InvalidValueError:
        raise
    except DataVecError as e:
        raise type(e)(f"step {step} Reducer: {e}") from None


def gathering_for(process: TransformProcess) -> AbstractGathering | None:
    """How to gather for the first step of a process that needs all data; None without one."""
    step = next((i for i, a in enumerate(process.actions) if a.whole_data), None)
    if step is None:
        return None
    from ..transforms._partial_reduction import PartialReduction
    from ..transforms._reducer import Reducer

    action, schema = process.actions[step], process.schemas[step]
    if type(action) is Reducer and not schema.is_sequence:
        with _named(step):
            return GatheredGroups(process, step, PartialReduction(action, schema))
    return GatheredRecords(process, step)
