"""Joining two tables on equal keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .._choice import Choice
from .._errors import SchemaError
from ..columns._arrow_arrays import numpy_array
from ..columns._arrow_io import (
    frame_from_batch,
    frame_from_records,
    frame_to_batch,
    frame_to_records,
)
from ..columns._convert import is_text, plain_text, to_type
from ..columns._frame import Array, Frame
from ..schema._metadata import AbstractColumnMetaData
from ..schema._schema import Schema

__all__ = ["Join", "JoinType"]


class JoinType(Choice):
    """Which rows without a partner are kept."""

    INNER = "Inner"
    LEFT_OUTER = "LeftOuter"
    RIGHT_OUTER = "RightOuter"
    FULL_OUTER = "FullOuter"


@dataclass(frozen=True)
class Join:
    """A join of two tables: left columns, then the right ones without their keys.

    Keys are compared by value, column by column; NaN and missing keys have no partner. Repeated keys
    give all combinations. Rows without a left partner take the key values of the right row.

    Answers to Deeplearning4j's ``org.datavec.api.transform.join.Join``.

    Args:
        join_type: Inner, LeftOuter, RightOuter or FullOuter.
        left_schema: schema of the left table.
        right_schema: schema of the right table.
        left_keys: key columns of the left table.
        right_keys: key columns of the right table, in the same order; the left names by default.

    >>> left = Schema.builder().add_column_integer("id").add_column_string("name").build()
    >>> right = Schema.builder().add_column_integer("id").add_column_double("x").build()
    >>> join = Join("Inner", left, right, ["id"])
    >>> join.execute_records([[1, "ann"], [2, "bob"]], [[2, 0.5], [2, 1.5]])
    [[2, 'bob', 0.5], [2, 'bob', 1.5]]
    """

    join_type: JoinType
    left_schema: Schema
    right_schema: Schema
    left_keys: tuple[str, ...]
    right_keys: tuple[str, ...] | None = None

    if TYPE_CHECKING:  # what is given; the fields above are what is kept of it

        def __init__(
            self,
            join_type: JoinType | str,
            left_schema: Schema,
            right_schema: Schema,
            left_keys: Sequence[str],
            right_keys: Sequence[str] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "join_type", JoinType(self.join_type))
        object.__setattr__(self, "left_keys", tuple(self.left_keys))
        right = self.left_keys if self.right_keys is None else tuple(self.right_keys)
        object.__setattr__(self, "right_keys", right)
        if not self.left_keys or len(self.left_keys) != len(right):
            raise SchemaError(
                f"Join: needs the same number of keys on both sides, received "
                f"{list(self.left_keys)} and {list(right)}"
            )
        for schema, keys in ((self.left_schema, self.left_keys), (self.right_schema, right)):
            for key in keys:
                schema.index_of(key)
        _ = self.output_schema

    @property
    def _right_keys(self) -> tuple[str, ...]:
        return self.right_keys or self.left_keys

    @property
    def output_schema(self) -> Schema:
        """Schema of the result."""
        return Schema((*self.left_schema.columns, *self._right_rest))

    @property
    def _right_rest(self) -> list[AbstractColumnMetaData]:
        return [m for m in self.right_schema if m.name not in self._right_keys]

    def execute_records(
        self, left: Sequence[Sequence[Any]], right: Sequence[Sequence[Any]]
    ) -> list[list[Any]]:
        """Join records of Python values."""
        joined = self.run(
            frame_from_records(self.left_schema, left),
            frame_from_records(self.right_schema, right),
        )
        return frame_to_records(joined)

    def execute(self, left: pa.Table, right: pa.Table) -> pa.Table:
        """Join Arrow tables."""
        sides = []
        for schema, table in ((self.left_schema, left), (self.right_schema, right)):
            frames = [frame_from_batch(schema, b) for b in table.combine_chunks().to_batches()]
            sides.append(Frame.concat(frames) if frames else frame_from_records(schema, []))
        return pa.Table.from_batches([frame_to_batch(self.run(*sides))])

    def run(self, left: Frame, right: Frame) -> Frame:
        """Join two frames."""
        left_codes, right_codes = self._codes(left, right)
        order = np.argsort(right_codes, kind="stable")
        ordered = right_codes[order]
        first = np.searchsorted(ordered, left_codes, side="left")
        count = np.searchsorted(ordered, left_codes, side="right") - first
        count[left_codes < 0] = 0
        left_rows = np.repeat(np.arange(left.num_rows), count)
        inside = np.arange(len(left_rows)) - np.repeat(np.cumsum(count) - count, count)
        right_rows = order[np.repeat(first, count) + inside]
        if self.join_type in (JoinType.LEFT_OUTER, JoinType.FULL_OUTER):
            alone = np.flatnonzero(count == 0)
            left_rows = np.concatenate([left_rows, alone])
            right_rows = np.concatenate([right_rows, np.full(len(alone), -1)])
        if self.join_type in (JoinType.RIGHT_OUTER, JoinType.FULL_OUTER):
            met = np.zeros(right.num_rows, bool)
            met[right_rows[right_rows >= 0]] = True
            alone = np.flatnonzero(~met)
            left_rows = np.concatenate([left_rows, np.full(len(alone), -1)])
            right_rows = np.concatenate([right_rows, alone])
        columns = []
        partner = dict(zip(self.left_keys, self._right_keys, strict=True))
        for meta in self.left_schema:
            column = _taken(left.column(meta.name), left_rows)
            if meta.name in partner and (left_rows < 0).any():
                key = _taken(right.column(partner[meta.name]), right_rows)
                column = _filled(column, key, left_rows >= 0, meta)
            columns.append(column)
        columns += [_taken(right.column(m.name), right_rows) for m in self._right_rest]
        return Frame(self.output_schema, tuple(columns), len(left_rows))

    def _codes(self, left: Frame, right: Frame) -> tuple[Array, Array]:
        """A number per row that is equal for equal keys; negative without a partner."""
        total = left.num_rows + right.num_rows
        codes, lost = np.zeros(total, np.int64), np.zeros(total, bool)
        for left_key, right_key in zip(self.left_keys, self._right_keys, strict=True):
            a, b = comparable(left.column(left_key)), comparable(right.column(right_key))
            if a.type != b.type:
                lost[:] = True
                continue
            both = pa.concat_arrays([a, b])
            encoded = both.dictionary_encode(null_encoding="encode")
            own = numpy_array(encoded.indices).astype(np.int64)
            lost |= numpy_array(both.is_null(nan_is_null=True))
            _, codes = np.unique(codes * (len(encoded.dictionary) + 1) + own, return_inverse=True)
        codes = np.where(lost, -1 - np.arange(total), codes)
        return codes[: left.num_rows], codes[left.num_rows :]


def comparable(column: pa.Array) -> pa.Array:
    """Integers compare with integers and floats with floats of any width, text with text."""
    if is_text(column.type):
        return plain_text(column)
    if pa.types.is_timestamp(column.type):
        return column.view(pa.int64())
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64())
    return column.cast(pa.float64()) if pa.types.is_floating(column.type) else column


def _taken(column: pa.Array, rows: Array) -> pa.Array:
    """Rows by position; −1 is missing."""
    return column.take(pa.array(np.maximum(rows, 0), mask=rows < 0))


def _filled(column: pa.Array, key: pa.Array, has_left: Array, meta: AbstractColumnMetaData) -> Any:
    import pyarrow.compute as pc

    if column.type != key.type:
        column = to_type(column, meta.arrow_type, meta.name)
        key = to_type(key, meta.arrow_type, meta.name)
    return pc.if_else(pa.array(has_left), plain_text(column), plain_text(key))
