"""Filters: steps that remove records, or whole sequences, for which a test is true."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field

import numpy as np

from .._serde import java_type
from ..columns._frame import Array, Frame
from ..schema._schema import Schema
from ._action import AbstractAction, need_columns
from ._condition import AbstractCondition
from ._record_program import RecordTrace, value_test
from ._record_values import Kind

__all__ = ["AbstractFilter", "ConditionFilter", "FilterInvalidValues", "InvalidNumColumns"]


class AbstractFilter(AbstractAction):
    """A step that removes records."""

    action_key = "filter"

    def output_schema(self, schema: Schema) -> Schema:
        return schema


@java_type("org.datavec.api.transform.filter.ConditionFilter")
@dataclass(frozen=True)
class ConditionFilter(AbstractFilter):
    """Remove the records (or sequences) that satisfy a condition."""

    condition: AbstractCondition

    def output_schema(self, schema: Schema) -> Schema:
        self.condition.check(schema)
        return schema

    def reads(self, schema: Schema) -> set[str]:
        return set(self.condition.reads())

    def wants_text(self, schema: Schema) -> set[str]:
        return self.condition.wants_text()

    def apply(self, frame: Frame, output: Schema) -> Frame:
        return frame.filtered(~self.condition.record_mask(frame))

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.dropped_where(self.condition.record_test(row))


@java_type("org.datavec.api.transform.filter.FilterInvalidValues")
@dataclass(frozen=True)
class FilterInvalidValues(AbstractFilter):
    """Remove records with a value that does not satisfy its column's type and restrictions.

    A sequence is removed when any of its steps is invalid.

    Args:
        columns_to_filter_if_invalid: the columns to look at.
        filter_any_invalid: look at all columns; the default when no columns are given.
    """

    columns_to_filter_if_invalid: tuple[str, ...] | None = None
    filter_any_invalid: bool = field(default=False)

    def __post_init__(self) -> None:
        if self.columns_to_filter_if_invalid:
            object.__setattr__(
                self, "columns_to_filter_if_invalid", tuple(self.columns_to_filter_if_invalid)
            )
        else:
            object.__setattr__(self, "columns_to_filter_if_invalid", None)
            object.__setattr__(self, "filter_any_invalid", True)

    def _columns(self, schema: Schema) -> list[str]:
        if self.filter_any_invalid or not self.columns_to_filter_if_invalid:
            return schema.column_names
        return list(self.columns_to_filter_if_invalid)

    def output_schema(self, schema: Schema) -> Schema:
        need_columns(self, schema, tuple(self._columns(schema)))
        return schema

    def reads(self, schema: Schema) -> set[str]:
        return set(self._columns(schema))

    def wants_text(self, schema: Schema) -> set[str]:
        return self.reads(schema)

    def apply(self, frame: Frame, output: Schema) -> Frame:
        valid = np.ones(frame.num_rows, bool)
        for name in self._columns(frame.schema):
            valid &= frame.schema.metadata(name).valid_mask(frame.column(name))
        return frame.filtered(valid if frame.offsets is None else _all_steps(valid, frame.offsets))

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        for name in self._columns(row.schema):
            slot = row.column(name)
            valid = value_test(row.schema.metadata(name), slot.kind)
            test = row.call(Kind.BOOLEAN, valid, slot)
            row = row.dropped_where(row.call(Kind.BOOLEAN, operator.not_, test))
        return row


@java_type("org.datavec.api.transform.filter.InvalidNumColumns", legacy="InvalidNumCols")
@dataclass(frozen=True)
class InvalidNumColumns(AbstractFilter):
    """Remove records with the wrong number of values.

    Readers check the width before a table exists, so in a frame there is nothing left to remove.
    """

    input_schema: Schema | None = None

    def reads(self, schema: Schema) -> set[str]:
        return set()

    def apply(self, frame: Frame, output: Schema) -> Frame:
        return frame

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row


def _all_steps(valid: Array, offsets: Array) -> Array:
    counts = np.concatenate([np.zeros(1, np.int64), np.cumsum(~valid)])
    return np.asarray(counts[offsets[1:]] == counts[offsets[:-1]])
