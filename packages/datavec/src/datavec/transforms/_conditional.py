"""Transforms that replace a value where a condition holds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._serde import java_type
from ..columns._arrow_arrays import arrow_array
from ..columns._convert import as_text, is_text, plain_text, to_type
from ..columns._frame import Array, Frame
from ..columns._ndarray_column import is_ndarray
from ..process._action import AbstractTransform
from ..process._condition import AbstractCondition
from ..process._record_program import NoScalarForm, RecordTrace, Slot
from ..process._record_values import Kind, arrow_kind
from ..schema._schema import Schema
from ..writables._writable import Writable

__all__ = [
    "ConditionalCopyValueTransform",
    "ConditionalReplaceValueTransform",
    "ConditionalReplaceValueTransformWithDefault",
]

_PACKAGE = "org.datavec.api.transform.transform.condition."


class AbstractConditionalTransform(AbstractTransform):
    """Replaces values of `column_to_replace`; metadata stay as they are."""

    column_to_replace: str
    condition: AbstractCondition

    def output_schema(self, schema: Schema) -> Schema:
        schema.index_of(self.column_to_replace)
        self.condition.check(schema)
        return schema

    def reads(self, schema: Schema) -> set[str]:
        return {self.column_to_replace} | self.condition.reads()

    def wants_text(self, schema: Schema) -> set[str]:
        return self.condition.wants_text()


def constant(value: Writable, frame: Frame, name: str) -> pa.Array:
    """A column that holds a constant everywhere, of the schema's type when the value fits it."""
    made = pa.repeat(value.scalar(), frame.num_rows)
    return to_type(made, frame.schema.metadata(name).arrow_type, name, "keep")


def _record_constant(value: Writable, row: RecordTrace, name: str) -> Slot:
    """`constant` of a single record."""
    made = constant(value, Frame(row.schema, (), 1), name)
    kind = arrow_kind(made.type)
    if kind is None or made.null_count:
        raise NoScalarForm
    held = made.view(pa.int64()) if kind is Kind.TIME else made
    return row.constant(kind, held[0].as_py())


def choose(where: Array, yes: pa.Array, no: pa.Array, frame: Frame, name: str) -> pa.Array:
    """Take `yes` where the mask is true, else `no`; both are columns of values for `name`."""
    if not where.any():
        return no
    if where.all():
        return yes
    if yes.type != no.type:
        target = frame.schema.metadata(name).arrow_type
        # Values that are overwritten need not fit the type: "NA" → 0 is what users do here.
        no = to_type(_blanked(no, where), target, name, "keep")
        yes = to_type(yes, target, name, "keep")
    if yes.type != no.type:
        yes, no = plain_text(as_text(yes, name)), plain_text(as_text(no, name))
    mask = arrow_array(where)
    if pa.types.is_dictionary(no.type):
        yes, no = plain_text(yes), plain_text(no)
    if is_ndarray(no.type):
        index = np.where(where, np.arange(len(no)) + len(no), np.arange(len(no)))
        return pa.concat_arrays([no, yes]).take(arrow_array(index))
    return pc.if_else(mask, yes, no)


def _blanked(column: pa.Array, where: Array) -> pa.Array:
    return (
        pc.if_else(arrow_array(where), None, plain_text(column)) if is_text(column.type) else column
    )


@java_type(_PACKAGE + "ConditionalReplaceValueTransform")
@dataclass(frozen=True)
class ConditionalReplaceValueTransform(AbstractConditionalTransform):
    """Put `new_value` where the condition holds (on sequences: step by step)."""

    column_to_replace: str
    new_value: Writable
    condition: AbstractCondition

    def __post_init__(self) -> None:
        object.__setattr__(self, "new_value", Writable.of(self.new_value))

    def apply(self, frame: Frame, output: Schema) -> Frame:
        name = self.column_to_replace
        where = self.condition.mask(frame)
        if not where.any():
            return frame.with_columns(output, frame.columns)
        new = constant(self.new_value, frame, name)
        return frame.replaced(output, name, choose(where, new, frame.column(name), frame, name))

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        name = self.column_to_replace
        new = _record_constant(self.new_value, row, name)
        made = row.choose(self.condition.record_test(row), new, row.column(name))
        return row.replaced(output, name, made)


@java_type(_PACKAGE + "ConditionalReplaceValueTransformWithDefault")
@dataclass(frozen=True)
class ConditionalReplaceValueTransformWithDefault(AbstractConditionalTransform):
    """Put `yes_val` where the condition holds and `no_val` elsewhere."""

    column_to_replace: str
    yes_val: Writable
    no_val: Writable
    condition: AbstractCondition = field(metadata={"also": ("condiiton",)})

    def __post_init__(self) -> None:
        object.__setattr__(self, "yes_val", Writable.of(self.yes_val))
        object.__setattr__(self, "no_val", Writable.of(self.no_val))

    def apply(self, frame: Frame, output: Schema) -> Frame:
        name = self.column_to_replace
        where = self.condition.mask(frame)
        yes, no = constant(self.yes_val, frame, name), constant(self.no_val, frame, name)
        return frame.replaced(output, name, choose(where, yes, no, frame, name))

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        name = self.column_to_replace
        yes = _record_constant(self.yes_val, row, name)
        no = _record_constant(self.no_val, row, name)
        return row.replaced(output, name, row.choose(self.condition.record_test(row), yes, no))


@java_type(_PACKAGE + "ConditionalCopyValueTransform")
@dataclass(frozen=True)
class ConditionalCopyValueTransform(AbstractConditionalTransform):
    """Copy the value of another column where the condition holds."""

    column_to_replace: str
    source_column: str
    condition: AbstractCondition

    def output_schema(self, schema: Schema) -> Schema:
        schema.index_of(self.source_column)
        return super().output_schema(schema)

    def reads(self, schema: Schema) -> set[str]:
        return super().reads(schema) | {self.source_column}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        name = self.column_to_replace
        where = self.condition.mask(frame)
        source = frame.column(self.source_column)
        return frame.replaced(output, name, choose(where, source, frame.column(name), frame, name))

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        name = self.column_to_replace
        test = self.condition.record_test(row)
        made = row.choose(test, row.column(self.source_column), row.column(name))
        return row.replaced(output, name, made)
