"""How records travel between two stages of a process: which columns, in which types.

A column may physically hold something else than its schema says, such as text that is not parsed
yet. Local execution carries that from step to step, and so do stages, so that both judge the same.
Columns travel under names of our own: users' names may hold dots or differ in case only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ..columns._convert import is_text, plain_text, to_type
from ..columns._frame import Frame
from ..schema._schema import Schema
from ._types import spark_type

if TYPE_CHECKING:
    from pyspark.sql.types import StructField

__all__ = ["Layout", "field", "from_wire", "to_wire"]


@dataclass(frozen=True)
class Layout:
    """Types of the columns of records between two stages.

    Args:
        schema: what the records are.
        types: what the columns hold.
    """

    schema: Schema
    types: tuple[pa.DataType, ...]

    @staticmethod
    def of(frame: Frame) -> Layout:
        """The layout for frames like this one (which may be empty)."""
        types = []
        for meta, column in zip(frame.schema, frame.columns, strict=True):
            t = column.type
            if is_text(t):
                types.append(pa.string())
            elif pa.types.is_null(t) or pa.types.is_unsigned_integer(t) or pa.types.is_float16(t):
                types.append(meta.arrow_type)  # Spark has no type for it
            else:
                types.append(t)
        return Layout(frame.schema, tuple(types))

    def empty(self) -> Frame:
        """A frame without records."""
        columns = tuple(pa.array([], t) for t in self.types)
        return Frame(self.schema, columns, 0)

    def conform(self, frame: Frame) -> Frame:
        """The frame with these types; raises InvalidValueError where a value has no such form."""
        columns = []
        for meta, column, target in zip(frame.schema, frame.columns, self.types, strict=True):
            if is_text(column.type) and target == pa.string():
                column = plain_text(column).cast(target)
            columns.append(to_type(column, target, meta.name))
        return Frame(frame.schema, tuple(columns), frame.num_rows, frame.offsets, frame.origin)

    def names(self) -> list[str]:
        """Names under which the columns travel."""
        return [f"c{i}" for i in range(len(self.types))]

    def fields(self) -> list[StructField]:
        """The columns as Spark's fields."""
        return [field(n, t) for n, t in zip(self.names(), self.types, strict=True)]

    def frame(self, columns: Sequence[pa.Array]) -> Frame:
        """A frame of columns as they arrive."""
        restored = tuple(from_wire(c, t) for c, t in zip(columns, self.types, strict=True))
        return Frame(self.schema, restored, len(columns[0]))


def field(name: str, arrow_type: pa.DataType) -> StructField:
    """A field for values of an Arrow type on their way."""
    from pyspark.sql.types import StructField

    return StructField(name, spark_type(_wire_type(arrow_type)))


def _wire_type(arrow_type: pa.DataType) -> pa.DataType:
    # Spark's timestamps are microseconds; numbers of milliseconds pass unchanged.
    if pa.types.is_timestamp(arrow_type):
        return pa.int64()
    if pa.types.is_list(arrow_type):
        return pa.list_(_wire_type(arrow_type.value_type))
    return arrow_type


def to_wire(column: pa.Array) -> pa.Array:
    """A column in the type it travels in."""
    if pa.types.is_timestamp(column.type):
        return column.view(pa.int64())
    if pa.types.is_list(column.type) and pa.types.is_timestamp(column.type.value_type):
        return pa.ListArray.from_arrays(column.offsets, column.values.view(pa.int64()))
    return column


def from_wire(column: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    """A column as it was before `to_wire`."""
    return column if column.type == arrow_type else column.cast(arrow_type)
