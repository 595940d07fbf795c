"""Steps between records and sequences, and steps that cut sequences."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from .._choice import Choice
from .._errors import DataVecError, SchemaError
from .._serde import java_type
from ..columns._convert import is_text, plain_text, to_type
from ..columns._frame import Array, Frame, rows_of
from ..columns._groups import group_rows
from ..process._action import AbstractAction, AbstractTransform, need_type
from ..process._comparators import (
    AbstractSequenceComparator,
    AbstractWritableComparator,
    descending,
)
from ..schema._metadata import ColumnType, LongMetaData
from ..schema._schema import Schema, SequenceSchema
from ..writables._writable import Writable
from ._time import TimeUnit

__all__ = [
    "AbstractSequenceSplit",
    "CalculateSortedRank",
    "ConvertFromSequence",
    "ConvertToSequence",
    "SequenceSplitTimeSeparation",
    "SequenceTrimToLengthTransform",
    "SequenceTrimTransform",
    "SplitMaxLengthSequence",
    "TrimMode",
]


def need_sequence(step: object, schema: Schema) -> None:
    """Raise SchemaError unless the schema is one of sequences."""
    if not schema.is_sequence:
        raise SchemaError(
            f"{type(step).__name__}: needs sequences; use convert_to_sequence before it"
        )


@dataclass(frozen=True)
class ConvertToSequence(AbstractAction):
    """Group records by key columns and sort each group into a sequence.

    Args:
        key_columns: the columns whose values make a group.
        comparator: order of the steps; ties keep their order.
        single_step_sequences_mode: make a sequence of one step of every record instead.
    """

    action_key = "convertToSequence"
    whole_data = True
    key_columns: tuple[str, ...] | None = field(
        default=None, metadata={"also": ("keyColumn",), "null": True}
    )
    comparator: AbstractSequenceComparator | None = field(default=None, metadata={"null": True})
    single_step_sequences_mode: bool = False

    def __post_init__(self) -> None:
        if self.key_columns is not None:
            names: object = self.key_columns
            one = (names,) if isinstance(names, str) else tuple(self.key_columns)
            object.__setattr__(self, "key_columns", one)

    def output_schema(self, schema: Schema) -> Schema:
        if schema.is_sequence:
            raise SchemaError("ConvertToSequence: the data are sequences already")
        if not self.single_step_sequences_mode:
            if not self.key_columns or self.comparator is None:
                raise SchemaError("ConvertToSequence: needs key columns and a comparator")
            for name in self.key_columns:
                schema.index_of(name)
            self.comparator.check(schema)
        return SequenceSchema(schema.columns)

    def apply(self, frame: Frame, output: Schema) -> Frame:
        if self.single_step_sequences_mode or self.comparator is None:
            offsets = np.arange(frame.num_rows + 1, dtype=np.int64)
            return Frame(output, frame.columns, frame.num_rows, offsets, frame.origin)
        groups, count = group_rows(frame, self.key_columns or ())
        order = np.lexsort((self.comparator.keys(frame), groups))
        lengths = np.bincount(groups, minlength=count).astype(np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        columns = frame.take_rows(order).columns
        steps = frame.origins[order]
        return Frame(output, columns, frame.num_rows, offsets, step_origin=steps)


@dataclass(frozen=True)
class ConvertFromSequence(AbstractAction):
    """Make a record of every step."""

    action_key = "convertFromSequence"

    def output_schema(self, schema: Schema) -> Schema:
        if not schema.is_sequence:
            raise SchemaError("ConvertFromSequence: the data are no sequences")
        return Schema(schema.columns)

    def reads(self, schema: Schema) -> set[str]:
        return set()

    def apply(self, frame: Frame, output: Schema) -> Frame:
        origin = frame.step_origin
        if origin is None:
            origin = np.repeat(frame.origins, frame.lengths)
        return Frame(output, frame.columns, frame.num_rows, origin=origin)


class AbstractSequenceSplit(AbstractAction):
    """Cuts sequences into several."""

    action_key = "sequenceSplit"

    def output_schema(self, schema: Schema) -> Schema:
        need_sequence(self, schema)
        return schema

    @abstractmethod
    def cuts(self, frame: Frame, offsets: Array) -> Array:
        """The rows at which a new sequence begins, beside the present beginnings."""

    def apply(self, frame: Frame, output: Schema) -> Frame:
        offsets = frame.need_offsets(type(self).__name__)
        # An empty sequence keeps its place: equal offsets stay twice.
        merged = np.sort(
            np.concatenate([offsets, np.setdiff1d(self.cuts(frame, offsets), offsets)])
        )
        source = np.searchsorted(offsets, merged[:-1], side="right") - 1
        origin = frame.origins[np.minimum(source, frame.num_records - 1)]
        return Frame(output, frame.columns, frame.num_rows, merged, origin, frame.step_origin)


@java_type("org.datavec.api.transform.sequence.split.SequenceSplitTimeSeparation")
@dataclass(frozen=True)
class SequenceSplitTimeSeparation(AbstractSequenceSplit):
    """Begin a new sequence where the time from one step to the next exceeds a duration."""

    time_column: str
    time_quantity: int
    time_unit: TimeUnit

    def __post_init__(self) -> None:
        object.__setattr__(self, "time_unit", TimeUnit(self.time_unit))

    def output_schema(self, schema: Schema) -> Schema:
        need_type(self, schema, self.time_column, ColumnType.TIME)
        return super().output_schema(schema)

    def cuts(self, frame: Frame, offsets: Array) -> Array:
        gaps = np.diff(frame.longs(self.time_column))
        limit = self.time_unit.to_millis(self.time_quantity)
        return np.flatnonzero(gaps > limit) + 1


@java_type("org.datavec.api.transform.sequence.split.SplitMaxLengthSequence")
@dataclass(frozen=True)
class SplitMaxLengthSequence(AbstractSequenceSplit):
    """Cut sequences into pieces of at most `max_sequence_length` steps.

    With `equal_splits` the pieces of a sequence are as few as possible and nearly equally long.
    (Deeplearning4j takes the number of pieces for their length there.)
    """

    max_sequence_length: int
    equal_splits: bool = False

    def __post_init__(self) -> None:
        if self.max_sequence_length < 1:
            raise SchemaError("SplitMaxLengthSequence: max_sequence_length must be positive")

    def cuts(self, frame: Frame, offsets: Array) -> Array:
        pieces: list[Array] = [np.zeros(0, np.int64)]
        for start, stop in pairwise(offsets):
            steps = stop - start
            if self.equal_splits and steps:
                count = -(-steps // self.max_sequence_length)
                pieces.append(start + -(-np.arange(1, count) * steps // count))
            else:
                pieces.append(np.arange(start, stop, self.max_sequence_length))
        return np.concatenate(pieces)


@java_type("org.datavec.api.transform.sequence.trim.SequenceTrimTransform")
@dataclass(frozen=True)
class SequenceTrimTransform(AbstractTransform):
    """Remove steps from the start or the end; a short sequence becomes empty and stays."""

    num_steps_to_trim: int
    trim_from_start: bool

    def output_schema(self, schema: Schema) -> Schema:
        need_sequence(self, schema)
        return schema

    def reads(self, schema: Schema) -> set[str]:
        return set()

    def apply(self, frame: Frame, output: Schema) -> Frame:
        offsets = frame.need_offsets(type(self).__name__)
        starts, stops = offsets[:-1], offsets[1:]
        if self.trim_from_start:
            starts = np.minimum(starts + self.num_steps_to_trim, stops)
        else:
            stops = np.maximum(stops - self.num_steps_to_trim, starts)
        return frame.take_rows(*rows_of(starts, stops))


class TrimMode(Choice):
    """Whether `SequenceTrimToLengthTransform` also pads short sequences."""

    TRIM = "TRIM"
    TRIM_OR_PAD = "TRIM_OR_PAD"


@java_type("org.datavec.api.transform.sequence.trim.SequenceTrimToLengthTransform")
@dataclass(frozen=True)
class SequenceTrimToLengthTransform(AbstractTransform):
    """Cut sequences at `max_length` steps, or also pad shorter ones at the end.

    Args:
        max_length: number of steps.
        mode: TRIM or TRIM_OR_PAD.
        pad: one value per column, for TRIM_OR_PAD.
    """

    max_length: int
    mode: TrimMode
    pad: tuple[Writable, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", TrimMode(self.mode))
        if self.max_length < 1:
            raise SchemaError("SequenceTrimToLengthTransform: max_length must be positive")
        if self.pad is not None:
            object.__setattr__(self, "pad", tuple(Writable.of(v) for v in self.pad))
        elif self.mode is TrimMode.TRIM_OR_PAD:
            raise SchemaError("SequenceTrimToLengthTransform: TRIM_OR_PAD needs pad values")

    def output_schema(self, schema: Schema) -> Schema:
        need_sequence(self, schema)
        return schema

    def apply(self, frame: Frame, output: Schema) -> Frame:
        offsets = frame.need_offsets(type(self).__name__)
        starts, stops = offsets[:-1], np.minimum(offsets[1:], offsets[:-1] + self.max_length)
        if self.mode is TrimMode.TRIM:
            return frame.take_rows(*rows_of(starts, stops))
        pad = self.pad or ()
        if len(pad) != len(frame.columns):
            raise DataVecError(
                f"{len(pad)} pad values were given, but steps have {len(frame.columns)} columns"
            )
        # Row num_rows stands for the padding, put behind every column.
        count = len(starts)
        rows = np.full((count, self.max_length), frame.num_rows, np.int64)
        position = np.arange(self.max_length)
        inside = position < (stops - starts)[:, None]
        rows[inside] = (starts[:, None] + position)[inside]
        index = pa.array(rows.ravel())
        columns = [
            with_value(column, value, meta.arrow_type, meta.name).take(index)
            for column, value, meta in zip(frame.columns, pad, frame.schema, strict=True)
        ]
        new_offsets = np.arange(count + 1, dtype=np.int64) * self.max_length
        return Frame(output, tuple(columns), count * self.max_length, new_offsets)


def with_value(column: pa.Array, value: Writable, target: pa.DataType, name: str) -> pa.Array:
    """A column with one more value at the end, of the column's type where that is possible.

    A column of texts that are not all of that type stays one of texts.
    """
    one = to_type(pa.repeat(value.scalar(), 1), target, name, "keep")
    if column.type != one.type:
        column = to_type(column, target, name, "keep")
    if column.type != one.type and is_text(column.type):
        column, one = plain_text(column), pa.array([value.text()], pa.string())
    if column.type != one.type:
        raise DataVecError(f'column "{name}": the value {value.text()!r} does not fit its type')
    return pa.concat_arrays([column, one])


@java_type("org.datavec.api.transform.rank.CalculateSortedRank")
@dataclass(frozen=True)
class CalculateSortedRank(AbstractAction):
    """Sort the records by a column and append each one's rank (Long, from 0)."""

    action_key = "calculateSortedRank"
    whole_data = True
    new_column_name: str
    sort_on_column: str
    comparator: AbstractWritableComparator
    ascending: bool = True

    def output_schema(self, schema: Schema) -> Schema:
        if schema.is_sequence:
            raise SchemaError("CalculateSortedRank: works on records, not on sequences")
        schema.index_of(self.sort_on_column)
        return schema.with_columns((*schema.columns, LongMetaData(self.new_column_name, 0)))

    def apply(self, frame: Frame, output: Schema) -> Frame:
        keys = self.comparator.keys(frame.column(self.sort_on_column), self.sort_on_column)
        if not self.ascending:
            keys = descending(keys)
        order: Any = np.argsort(keys, kind="stable")
        rank = pa.array(np.arange(frame.num_rows, dtype=np.int64))
        ranked = frame.take_rows(order)
        origin = frame.origins[order]
        return Frame(output, (*ranked.columns, rank), frame.num_rows, origin=origin)
