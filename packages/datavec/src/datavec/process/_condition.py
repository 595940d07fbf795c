"""Conditions on records: true or false for every row, or for every whole sequence."""

from __future__ import annotations

import functools
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .._choice import Choice
from .._errors import DataVecError, SchemaError
from .._serde import java_type
from ..columns._frame import Array, Frame
from ..schema._schema import Schema
from ._record_program import NoScalarForm, RecordTrace, Slot
from ._record_values import Kind

__all__ = [
    "AbstractColumnCondition",
    "AbstractCondition",
    "BooleanCondition",
    "ConditionOp",
    "SequenceConditionMode",
    "SequenceLengthCondition",
]

_COLUMN = "org.datavec.api.transform.condition.column."


class ConditionOp(Choice):
    """How a value is compared."""

    LESS_THAN = "LessThan"
    LESS_OR_EQUAL = "LessOrEqual"
    GREATER_THAN = "GreaterThan"
    GREATER_OR_EQUAL = "GreaterOrEqual"
    EQUAL = "Equal"
    NOT_EQUAL = "NotEqual"
    IN_SET = "InSet"
    NOT_IN_SET = "NotInSet"

    @classmethod
    def _missing_(cls, value: object) -> ConditionOp:
        return _BY_SYMBOL.get(str(value)) or super()._missing_(value)


SYMBOLS = {
    ConditionOp.LESS_THAN: "<",
    ConditionOp.LESS_OR_EQUAL: "<=",
    ConditionOp.GREATER_THAN: ">",
    ConditionOp.GREATER_OR_EQUAL: ">=",
    ConditionOp.EQUAL: "==",
    ConditionOp.NOT_EQUAL: "!=",
    ConditionOp.IN_SET: "in",
    ConditionOp.NOT_IN_SET: "not in",
}
_BY_SYMBOL = {symbol: op for op, symbol in SYMBOLS.items()}


class SequenceConditionMode(Choice):
    """When a condition holds for a sequence; not stored in JSON, as in Deeplearning4j."""

    AND = "And"
    OR = "Or"
    NO_SEQUENCE_MODE = "NoSequenceMode"


class AbstractCondition(ABC):
    """A test of records."""

    java_name: ClassVar[str] = ""
    user_definable: ClassVar[bool] = True

    @abstractmethod
    def check(self, schema: Schema) -> None:
        """Raise SchemaError when the condition does not fit the schema."""

    @abstractmethod
    def mask(self, frame: Frame) -> Array:
        """True where a row (of sequences: a step) satisfies the condition."""

    @abstractmethod
    def sequence_mask(self, frame: Frame) -> Array:
        """True where a whole sequence satisfies the condition."""

    def record_test(self, row: RecordTrace) -> Slot:
        """The test of a single record; see `AbstractAction.record_step`."""
        raise NoScalarForm

    @abstractmethod
    def reads(self) -> set[str]:
        """Columns the condition looks at."""

    def wants_text(self) -> set[str]:
        """Columns whose text the condition judges."""
        return set()

    def record_mask(self, frame: Frame) -> Array:
        """True where a record, or a sequence of a sequence frame, satisfies the condition."""
        return self.mask(frame) if frame.offsets is None else self.sequence_mask(frame)


class AbstractColumnCondition(AbstractCondition):
    """A test of one column's values."""

    column_name: str
    mode: SequenceConditionMode

    def check(self, schema: Schema) -> None:
        schema.index_of(self.column_name)

    def reads(self) -> set[str]:
        return {self.column_name}

    def sequence_mask(self, frame: Frame) -> Array:
        offsets = frame.need_offsets(type(self).__name__)
        if self.mode is SequenceConditionMode.NO_SEQUENCE_MODE:
            raise DataVecError(
                f'{type(self).__name__} on column "{self.column_name}": its mode is '
                "NoSequenceMode, so it cannot judge sequences; use And or Or"
            )
        counts = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.mask(frame))])
        true_steps = counts[offsets[1:]] - counts[offsets[:-1]]
        if self.mode is SequenceConditionMode.AND:
            return np.asarray(true_steps == np.diff(offsets))
        return np.asarray(true_steps > 0)


COMPARISONS: dict[ConditionOp, Callable[[Any, Any], Any]] = {
    ConditionOp.LESS_THAN: operator.lt,
    ConditionOp.LESS_OR_EQUAL: operator.le,
    ConditionOp.GREATER_THAN: operator.gt,
    ConditionOp.GREATER_OR_EQUAL: operator.ge,
    ConditionOp.EQUAL: operator.eq,
    ConditionOp.NOT_EQUAL: operator.ne,
}
"""The ordering operators, for arrays and for single values."""


def compared(op: ConditionOp, values: Array, value: Any) -> Array:
    """``values op value`` for the six ordering operators."""
    return np.asarray(COMPARISONS[op](values, value))


@java_type("org.datavec.api.transform.condition.sequence.SequenceLengthCondition")
@dataclass(frozen=True)
class SequenceLengthCondition(AbstractCondition):
    """Compare the number of steps of a sequence; plain records cannot be judged."""

    op: ConditionOp
    length: int | None = None
    members: tuple[int, ...] | None = field(default=None, metadata={"json": "set"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "op", ConditionOp(self.op))
        if self.members is not None:
            object.__setattr__(self, "members", tuple(self.members))
        if self.op in (ConditionOp.IN_SET, ConditionOp.NOT_IN_SET):
            if self.members is None:
                raise SchemaError(f"SequenceLengthCondition: {self.op.value} needs a set")
        elif self.length is None:
            raise SchemaError(f"SequenceLengthCondition: {self.op.value} needs a length")

    def check(self, schema: Schema) -> None:
        return None

    def reads(self) -> set[str]:
        return set()

    def mask(self, frame: Frame) -> Array:
        per_sequence = self.sequence_mask(frame)
        return np.repeat(per_sequence, frame.lengths)

    def sequence_mask(self, frame: Frame) -> Array:
        frame.need_offsets("SequenceLengthCondition")
        lengths = frame.lengths
        if self.op in (ConditionOp.IN_SET, ConditionOp.NOT_IN_SET):
            found = np.isin(lengths, np.array(self.members, np.int64))
            return found if self.op is ConditionOp.IN_SET else ~found
        return compared(self.op, lengths, self.length)


@java_type("org.datavec.api.transform.condition.BooleanCondition")
@dataclass(frozen=True)
class BooleanCondition(AbstractCondition):
    """Combine conditions by AND, OR, NOT (one condition) or XOR (two).

    >>> from datavec import IntegerColumnCondition
    >>> old = IntegerColumnCondition("age", ">", 60)
    >>> BooleanCondition.not_(old).type
    'NOT'
    """

    type: str
    conditions: tuple[AbstractCondition, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", tuple(self.conditions))
        wanted = {"AND": None, "OR": None, "NOT": 1, "XOR": 2}
        if self.type not in wanted:
            raise SchemaError(
                f"BooleanCondition: type must be AND, OR, NOT or XOR; got {self.type!r}"
            )
        n = wanted[self.type]
        if (n is not None and len(self.conditions) != n) or not self.conditions:
            raise SchemaError(
                f"BooleanCondition: {self.type} takes {n or 'at least one'} condition(s), "
                f"received {len(self.conditions)}"
            )

    @classmethod
    def and_(cls, *conditions: AbstractCondition) -> BooleanCondition:
        """True where all are."""
        return cls("AND", conditions)

    @classmethod
    def or_(cls, *conditions: AbstractCondition) -> BooleanCondition:
        """True where any is."""
        return cls("OR", conditions)

    @classmethod
    def not_(cls, condition: AbstractCondition) -> BooleanCondition:
        """True where it is not."""
        return cls("NOT", (condition,))

    @classmethod
    def xor(cls, first: AbstractCondition, second: AbstractCondition) -> BooleanCondition:
        """True where exactly one is."""
        return cls("XOR", (first, second))

    def check(self, schema: Schema) -> None:
        for c in self.conditions:
            c.check(schema)

    def reads(self) -> set[str]:
        return set().union(*(c.reads() for c in self.conditions))

    def wants_text(self) -> set[str]:
        return set().union(*(c.wants_text() for c in self.conditions))

    def _combine(self, masks: list[Array]) -> Array:
        if self.type == "NOT":
            return ~masks[0]
        if self.type == "XOR":
            return masks[0] ^ masks[1]
        combine = np.logical_and if self.type == "AND" else np.logical_or
        return np.asarray(combine.reduce(masks))

    def mask(self, frame: Frame) -> Array:
        return self._combine([c.mask(frame) for c in self.conditions])

    def record_test(self, row: RecordTrace) -> Slot:
        tests = [c.record_test(row) for c in self.conditions]
        if self.type == "NOT":
            return row.call(Kind.BOOLEAN, operator.not_, *tests)
        combine = {"AND": operator.and_, "OR": operator.or_, "XOR": operator.xor}[self.type]
        return functools.reduce(lambda a, b: row.call(Kind.BOOLEAN, combine, a, b), tests)

    def sequence_mask(self, frame: Frame) -> Array:
        return self._combine([c.sequence_mask(frame) for c in self.conditions])
