"""The part of a process that some of its result columns depend on.

At serving time raw records have no label, so what only the label needs must not run. Which steps
those are follows from the process: walked backwards it says which columns the wanted results are
made of, walked forwards which columns can only be had with the label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..columns._frame import Frame
from ..schema._metadata import AbstractColumnMetaData
from ..schema._schema import Schema
from ..serving._raw_records import filled
from ._action import AbstractAction, AbstractColumnTransform
from ._comparators import AbstractSequenceComparator
from ._filter import AbstractFilter, FilterInvalidValues
from ._process import TransformProcess
from ._record_program import NoScalarForm, RecordTrace
from ._record_values import Kind, kind_of

if TYPE_CHECKING:
    from ..transforms._conditional import AbstractConditionalTransform

__all__ = ["Restriction", "restrict"]


@dataclass(frozen=True)
class Restriction:
    """What `restrict` finds.

    Attributes:
        process: the process with the same input schema, giving the wanted columns alone. Steps keep
            their numbers; columns that are not `required` may be missing values throughout.
        required: columns of the input that must have values.
        absent: columns of the input that are ingredients of the other results alone.
        left_out: numbers of the steps that do not run.
    """

    process: TransformProcess
    required: frozenset[str]
    absent: frozenset[str]
    left_out: tuple[int, ...]


def restrict(process: TransformProcess, outputs: Sequence[str]) -> Restriction:
    """Leave out of a process what its result columns `outputs` do not need.

    A filter goes on filtering as long as it can be decided from columns that are there at serving
    time: those that are not solely ingredients of the other results.

    Args:
        process: any process.
        outputs: names of columns of its final schema.

    Raises:
        SchemaError: no such column.

    >>> from datavec import Schema, TransformProcess
    >>> schema = Schema.builder().add_column_double("x").add_column_categorical(
    ...     "label", ["no", "yes"]).build()
    >>> found = restrict(TransformProcess.builder(schema).categorical_to_integer("label").build(), ["x"])
    >>> sorted(found.required), found.left_out
    (['x'], (0,))
    >>> found.process.execute_record([1.5, None])
    [1.5]
    """
    final = process.final_schema
    for name in outputs:
        final.index_of(name)
    from ..transforms import ParseDoubleTransform

    steps = _Steps(process)
    others = set(final.column_names) - set(outputs)
    absent = steps.ingredients(others)[0] - steps.ingredients(set(outputs))[0]
    absences = steps.spread(absent)
    actions = [
        _decidable(a, schema, absences_before)
        for a, schema, absences_before in zip(
            process.actions, steps.schemas, absences, strict=False
        )
    ]
    wanted = steps.ingredients(set(outputs), filters=actions)
    result: list[AbstractAction] = []
    left_out: list[int] = []
    for i, action in enumerate(actions):
        before, after = steps.schemas[i], steps.schemas[i + 1]
        if action is None or not steps.runs(i, wanted[i + 1]):
            result.append(LeftOut(after))
            left_out.append(i)
        elif isinstance(action, ParseDoubleTransform) and action.reads(before) & absences[i]:
            result.append(OnPart(action, frozenset(absences[i])))
        else:
            result.append(action)
    if list(outputs) != final.column_names:
        result.append(LeftOut(final.with_columns(final.metadata(n) for n in outputs)))
    return Restriction(
        TransformProcess(process.initial_schema, tuple(result)),
        frozenset(wanted[0]),
        frozenset(absent - wanted[0]),
        tuple(left_out),
    )


class _Steps:
    """Which columns each step makes, and from which."""

    def __init__(self, process: TransformProcess) -> None:
        self.actions = process.actions
        self.schemas = process.schemas
        self._written = [self._writes(i) for i in range(len(process.actions))]

    def _writes(self, i: int) -> set[str]:
        """Output columns that step `i` makes or changes; all others pass through."""
        action, before, after = self.actions[i], self.schemas[i], self.schemas[i + 1]
        if isinstance(action, AbstractFilter):
            return set()
        if isinstance(action, AbstractColumnTransform):
            return {action.column_name}
        if isinstance(action, _conditional()):
            return {action.column_to_replace}
        if isinstance(action, _only_new()):
            named = getattr(action, "new_column_name", None)  # perhaps the name of its source
            return {
                m.name
                for m in after
                if m.name == named or m.name not in before or before.metadata(m.name) != m
            }
        return set(after.column_names)  # nothing is known about it, or it moves rows

    def sources(self, i: int, name: str) -> set[str]:
        """Input columns that output column `name` of step `i` is made of."""
        from .. import transforms as t

        action, before = self.actions[i], self.schemas[i]
        if isinstance(action, t.RenameColumnsTransform):
            return {dict(zip(action.new_names, action.old_names, strict=True)).get(name, name)}
        if name not in self._written[i]:
            return {name}
        if isinstance(action, t.DuplicateColumnsTransform):
            originals = [n for n in before.column_names if n in action.columns_to_duplicate]
            return {originals[action.new_column_names.index(name)]}
        if isinstance(action, t.ParseDoubleTransform):
            return {name}
        looks_at = _moves_rows_by(action)
        own = {name} & set(before.column_names)
        return own | (action.reads(before) if looks_at is None else looks_at)

    def runs(self, i: int, wanted: set[str]) -> bool:
        """Whether step `i` has a part in the `wanted` columns after it, or only moves columns."""
        written = self._written[i]
        return not written or bool(written & wanted)

    def ingredients(
        self, outputs: set[str], filters: Sequence[AbstractAction | None] = ()
    ) -> list[set[str]]:
        """The columns that `outputs` are made of, before each step and at the end.

        Args:
            outputs: columns of the final schema.
            filters: the steps as they will run; what their filters look at is an ingredient, too.
        """
        wanted = [set(outputs)]
        for i in reversed(range(len(self.actions))):
            found: set[str] = set().union(*(self.sources(i, name) for name in wanted[-1]))
            if filters and isinstance(action := filters[i], AbstractFilter):
                found |= action.reads(self.schemas[i])
            wanted.append(found)
        return wanted[::-1]

    def spread(self, absent: set[str]) -> list[set[str]]:
        """The columns that cannot be had without the input columns `absent`, before each step."""
        spread = [set(absent)]
        for i, schema in enumerate(self.schemas[1:]):
            before = spread[-1]
            spread.append({n for n in schema.column_names if self.sources(i, n) & before})
        return spread


def _conditional() -> type[AbstractConditionalTransform]:
    from ..transforms._conditional import AbstractConditionalTransform

    return AbstractConditionalTransform


def _only_new() -> tuple[type, ...]:
    """Steps that change nothing but the columns which their schema shows to be new or different.

    A class that is missing here is taken to change everything, which costs precision alone.
    """
    from .. import transforms as t
    from ..transforms._numeric import AbstractColumnsMathOpTransform
    from ..transforms._word_lists import AbstractWordListTransform

    return (
        AbstractColumnsMathOpTransform,
        AbstractWordListTransform,
        t.AddConstantColumnTransform,
        t.CategoricalToOneHotTransform,
        t.ConcatenateStringColumns,
        t.ConvertFromSequence,
        t.DeriveColumnsFromTimeTransform,
        t.DuplicateColumnsTransform,
        t.FirstDigitTransform,
        t.IntegerToOneHotTransform,
        t.NDArrayColumnsMathOpTransform,
        t.NDArrayDistanceTransform,
        t.ParseDoubleTransform,
        t.PivotTransform,
        t.RemoveAllColumnsExceptForTransform,
        t.RemoveColumnsTransform,
        t.RenameColumnsTransform,
        t.ReorderColumnsTransform,
        t.SequenceDifferenceTransform,
        t.SequenceMovingWindowReduceTransform,
        t.SequenceOffsetTransform,
        t.StringListToCategoricalSetTransform,
    )


def _moves_rows_by(action: AbstractAction) -> set[str] | None:
    """What a step that only groups, sorts or cuts records looks at; None for other steps."""
    from .. import transforms as t

    if isinstance(action, t.ConvertToSequence):
        if action.single_step_sequences_mode or action.comparator is None:
            return set()
        return {*(action.key_columns or ()), *_column_of(action.comparator)}
    if isinstance(action, t.SequenceSplitTimeSeparation):
        return {action.time_column}
    plain = (t.SplitMaxLengthSequence, t.SequenceTrimTransform, t.SequenceTrimToLengthTransform)
    return set() if isinstance(action, plain) else None


def _column_of(comparator: AbstractSequenceComparator) -> set[str]:
    name = getattr(comparator, "column_name", None)
    return set() if name is None else {name}


def _decidable(action: AbstractAction, schema: Schema, absent: set[str]) -> AbstractAction | None:
    """A filter as it can run without some columns, None when it cannot; other steps as they are."""
    if not isinstance(action, AbstractFilter) or not action.reads(schema) & absent:
        return action
    if not isinstance(action, FilterInvalidValues):
        return None
    rest = tuple(n for n in schema.column_names if n in action.reads(schema) - absent)
    return FilterInvalidValues(rest) if rest else None


@dataclass(frozen=True)
class LeftOut(AbstractAction):
    """Stands where a step was whose results nobody needs: columns it would make are empty."""

    schema: Schema = field(repr=False)
    action_key = "leftOut"

    def output_schema(self, schema: Schema) -> Schema:
        return self.schema

    def reads(self, schema: Schema) -> set[str]:
        return set()

    def apply(self, frame: Frame, output: Schema) -> Frame:
        return filled(frame, output)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        have = row.schema
        columns = [
            row.column(m.name) if m.name in have else row.constant(_kind(m), None) for m in output
        ]
        return row.with_columns(output, columns)


@dataclass(frozen=True)
class OnPart(AbstractAction):
    """A step that treats each column by itself, run without those that are empty."""

    action: AbstractAction
    absent: frozenset[str]
    action_key = "onPart"

    def output_schema(self, schema: Schema) -> Schema:
        return self.action.output_schema(schema)

    def reads(self, schema: Schema) -> set[str]:
        return self.action.reads(schema) - self.absent

    def wants_text(self, schema: Schema) -> set[str]:
        return self.action.wants_text(schema) - self.absent

    def apply(self, frame: Frame, output: Schema) -> Frame:
        schema = frame.schema.with_columns(m for m in frame.schema if m.name not in self.absent)
        part = self.action.apply(filled(frame, schema), self.action.output_schema(schema))
        return filled(part, output)


def _kind(meta: AbstractColumnMetaData) -> Kind:
    kind = kind_of(meta.column_type)
    if kind is None:
        raise NoScalarForm
    return kind
