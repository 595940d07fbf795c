"""SequenceMerge: the steps of several sequences in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..columns._arrow_io import frame_from_sequences, frame_to_sequences
from ..columns._frame import Frame
from ..process._comparators import AbstractSequenceComparator
from ..schema._schema import Schema, SequenceSchema

__all__ = ["SequenceMerge"]


@dataclass(frozen=True)
class SequenceMerge:
    """Puts all steps of several sequences into one, sorted; equal steps keep their order.

    Answers to Deeplearning4j's ``SequenceMerge``.

    Args:
        schema: of the steps.
        comparator: order of the steps.

    Raises:
        SchemaError: the comparator does not fit the schema.

    >>> from datavec import NumericalColumnComparator, Schema
    >>> schema = Schema.builder().add_column_integer("t").add_column_string("s").build()
    >>> merge = SequenceMerge(schema, NumericalColumnComparator("t"))
    >>> merge.merge_sequences([[[1, "a"], [5, "b"]], [[3, "c"]]])
    [[1, 'a'], [3, 'c'], [5, 'b']]
    """

    schema: Schema
    comparator: AbstractSequenceComparator

    def __post_init__(self) -> None:
        if not self.schema.is_sequence:
            object.__setattr__(self, "schema", SequenceSchema(self.schema.columns))
        self.comparator.check(self.schema)

    def merge_sequences(self, sequences: Sequence[Sequence[Sequence[Any]]]) -> list[list[Any]]:
        """One sequence of Python values from several."""
        return frame_to_sequences(self.apply(frame_from_sequences(self.schema, sequences)))[0]

    def apply(self, frame: Frame) -> Frame:
        """All sequences of a frame as one."""
        frame.need_offsets(type(self).__name__)
        order = np.argsort(self.comparator.keys(frame), kind="stable")
        return frame.take_rows(order, np.array([0, frame.num_rows], np.int64))
