"""Reducing whole sequences, or windows of them, to single steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pyarrow as pa

from .._errors import SchemaError
from .._serde import java_type
from ..columns._frame import Array, Frame
from ..process._action import AbstractTransform, need_type
from ..schema._metadata import AbstractColumnMetaData, ColumnType, TimeMetaData
from ..schema._schema import Schema
from ..text._zones import offsets_at
from ._reducer import Reducer
from ._sequence import need_sequence
from ._time import TimeUnit

__all__ = [
    "AbstractWindowFunction",
    "OverlappingTimeWindowFunction",
    "ReduceSequenceByWindowTransform",
    "ReduceSequenceTransform",
    "TimeWindowFunction",
]

_PACKAGE = "org.datavec.api.transform.sequence."


@dataclass(frozen=True)
class Windows:
    """Windows of all sequences of a frame, one after another."""

    rows: Array
    """The rows of every window; a row may be in several."""
    offsets: Array
    """``rows[offsets[i]:offsets[i+1]]`` belong to window i."""
    starts: Array
    """The time at which each window starts."""
    sequences: Array
    """Windows ``sequences[k]:sequences[k+1]`` belong to sequence k."""


class AbstractWindowFunction(ABC):
    """Cuts sequences into windows of time."""

    java_name: ClassVar[str] = ""
    user_definable: ClassVar[bool] = True
    time_column: str
    window_size: int
    window_size_unit: TimeUnit
    offset_amount: int
    offset_unit: TimeUnit | None
    add_window_start_time_column: bool
    add_window_end_time_column: bool
    exclude_empty_windows: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "window_size_unit", TimeUnit(self.window_size_unit))
        if self.offset_unit is not None:
            object.__setattr__(self, "offset_unit", TimeUnit(self.offset_unit))
        elif self.offset_amount:
            raise SchemaError(f"{type(self).__name__}: an offset needs a unit")
        if self.size < 1:
            raise SchemaError(f"{type(self).__name__}: windows must last at least a millisecond")

    @property
    def size(self) -> int:
        """Length of a window in ms."""
        return self.window_size_unit.to_millis(self.window_size)

    @property
    def offset(self) -> int:
        """Shift of the windows in ms."""
        return 0 if self.offset_unit is None else self.offset_unit.to_millis(self.offset_amount)

    def window_schema(self, schema: Schema) -> Schema:
        """The schema of the steps inside windows."""
        need_sequence(self, schema)
        meta = need_type(self, schema, self.time_column, ColumnType.TIME)
        zone = meta.time_zone if isinstance(meta, TimeMetaData) else "UTC"
        columns: list[AbstractColumnMetaData] = list(schema.columns)
        if self.add_window_start_time_column:
            columns.append(TimeMetaData("windowStartTime", zone))
        if self.add_window_end_time_column:
            columns.append(TimeMetaData("windowEndTime", zone))
        return schema.with_columns(columns)

    @abstractmethod
    def sequence_windows(self, times: Array, zone: str) -> list[tuple[int, Array]]:
        """Start and rows of each window of one sequence."""

    def windows(self, frame: Frame, schema: Schema) -> tuple[Frame, Windows]:
        """The steps inside windows as rows of a frame of `schema`, and where windows begin."""
        offsets = frame.need_offsets(type(self).__name__)
        meta = frame.schema.metadata(self.time_column)
        zone = meta.time_zone if isinstance(meta, TimeMetaData) else "UTC"
        times = frame.longs(self.time_column)
        rows: list[Array] = [np.zeros(0, np.int64)]
        starts: list[int] = []
        sequences = [0]
        for first, last in pairwise(offsets):
            if last > first:
                for start, inside in self.sequence_windows(times[first:last], zone):
                    if len(inside) or not self.exclude_empty_windows:
                        rows.append(inside + first)
                        starts.append(start)
            sequences.append(len(starts))
        all_rows = np.concatenate(rows)
        bounds = np.cumsum([len(r) for r in rows], dtype=np.int64)
        made = Windows(all_rows, bounds, np.array(starts, np.int64), np.array(sequences, np.int64))
        columns = list(frame.take_rows(all_rows).columns)
        of_row = np.repeat(made.starts, np.diff(made.offsets))
        if self.add_window_start_time_column:
            columns.append(pa.array(of_row).cast(pa.timestamp("ms", zone)))
        if self.add_window_end_time_column:
            columns.append(pa.array(of_row + self.size).cast(pa.timestamp("ms", zone)))
        return Frame(schema, tuple(columns), len(all_rows)), made


@java_type(_PACKAGE + "window.TimeWindowFunction")
@dataclass(frozen=True)
class TimeWindowFunction(AbstractWindowFunction):
    """Windows of one length, side by side, aligned to the column's zone plus an offset."""

    time_column: str
    window_size: int
    window_size_unit: TimeUnit
    offset_amount: int = field(default=0, metadata={"optional": True})
    offset_unit: TimeUnit | None = None
    add_window_start_time_column: bool = False
    add_window_end_time_column: bool = False
    exclude_empty_windows: bool = False

    def sequence_windows(self, times: Array, zone: str) -> list[tuple[int, Array]]:
        # Remainders have the dividend's sign, as in Java: windows before 1970 align the other way.
        shifted = times + np.fmod(offsets_at(times, zone) + self.offset, self.size)
        start_of = shifted - np.fmod(shifted, self.size)
        out: list[tuple[int, Array]] = []
        for start in np.unique(start_of).tolist():
            while out and not self.exclude_empty_windows and start - out[-1][0] > self.size:
                out.append((out[-1][0] + self.size, np.zeros(0, np.int64)))
            out.append((start, np.flatnonzero(start_of == start)))
        return out


@java_type(_PACKAGE + "window.OverlappingTimeWindowFunction")
@dataclass(frozen=True)
class OverlappingTimeWindowFunction(AbstractWindowFunction):
    """Windows of one length that begin at regular distances; a step may be in several."""

    time_column: str
    window_size: int
    window_size_unit: TimeUnit
    window_separation: int
    window_separation_unit: TimeUnit
    offset_amount: int = field(default=0, metadata={"optional": True, "also": ("offset",)})
    offset_unit: TimeUnit | None = None
    add_window_start_time_column: bool = False
    add_window_end_time_column: bool = False
    exclude_empty_windows: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "window_separation_unit", TimeUnit(self.window_separation_unit))
        if self.separation < 1:
            raise SchemaError("OverlappingTimeWindowFunction: separation must be positive")

    @property
    def separation(self) -> int:
        """Distance of window starts in ms."""
        return self.window_separation_unit.to_millis(self.window_separation)

    def _border(self, time: int) -> int:
        return time - int(np.fmod(time, self.separation))

    def sequence_windows(self, times: Array, zone: str) -> list[tuple[int, Array]]:
        first, last = int(times[0]) + self.offset, int(times[-1]) + self.offset
        start = self._border(first) + self.separation - self.size
        out = []
        while start <= self._border(last):
            inside = (times >= start) & (times < start + self.size)
            out.append((start, np.flatnonzero(inside)))
            start += self.separation
        return out


@java_type(_PACKAGE + "ReduceSequenceTransform")
@dataclass(frozen=True)
class ReduceSequenceTransform(AbstractTransform):
    """Reduce every sequence to a sequence of one step."""

    reducer: Reducer

    def output_schema(self, schema: Schema) -> Schema:
        need_sequence(self, schema)
        return self.reducer.reduced_schema(schema)

    def apply(self, frame: Frame, output: Schema) -> Frame:
        offsets = frame.need_offsets(type(self).__name__)
        columns = self.reducer.reduce(frame, offsets)
        count = len(offsets) - 1
        return Frame(output, tuple(columns), count, np.arange(count + 1, dtype=np.int64))


@java_type(_PACKAGE + "window.ReduceSequenceByWindowTransform")
@dataclass(frozen=True)
class ReduceSequenceByWindowTransform(AbstractTransform):
    """Reduce every window of a sequence to one step."""

    reducer: Reducer
    window_function: AbstractWindowFunction

    def output_schema(self, schema: Schema) -> Schema:
        return self.reducer.reduced_schema(self.window_function.window_schema(schema))

    def apply(self, frame: Frame, output: Schema) -> Frame:
        schema = self.window_function.window_schema(frame.schema)
        inside, windows = self.window_function.windows(frame, schema)
        columns = self.reducer.reduce(inside, windows.offsets)
        return Frame(output, tuple(columns), len(windows.starts), windows.sequences)
