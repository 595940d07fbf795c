"""Transforms of the set of columns: add, duplicate, remove, rename, reorder."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from .._errors import SchemaError
from .._serde import java_type
from ..columns._frame import Frame
from ..process._action import AbstractTransform, need_columns
from ..process._record_program import NoScalarForm, RecordTrace
from ..process._record_values import arrow_kind
from ..schema._metadata import ColumnType, new_metadata
from ..schema._schema import Schema
from ..writables._writable import Writable

__all__ = [
    "AddConstantColumnTransform",
    "DuplicateColumnsTransform",
    "RemoveAllColumnsExceptForTransform",
    "RemoveColumnsTransform",
    "RenameColumnsTransform",
    "ReorderColumnsTransform",
]

_PACKAGE = "org.datavec.api.transform.transform.column."


@java_type(_PACKAGE + "AddConstantColumnTransform")
@dataclass(frozen=True)
class AddConstantColumnTransform(AbstractTransform):
    """Add a column with the same value in every row, at the end."""

    new_column_name: str
    new_column_type: ColumnType
    fixed_value: Writable

    def __post_init__(self) -> None:
        object.__setattr__(self, "new_column_type", ColumnType(self.new_column_type))
        value = Writable.of(self.fixed_value, self.new_column_type.value)
        object.__setattr__(self, "fixed_value", value)

    def output_schema(self, schema: Schema) -> Schema:
        meta = new_metadata(self.new_column_type, self.new_column_name)
        return schema.with_columns((*schema.columns, meta))

    def reads(self, schema: Schema) -> set[str]:
        return set()

    def apply(self, frame: Frame, output: Schema) -> Frame:
        return frame.appended(output, pa.repeat(self.fixed_value.scalar(), frame.num_rows))

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        scalar = self.fixed_value.scalar()
        kind = arrow_kind(scalar.type)
        if kind is None:
            raise NoScalarForm
        return row.appended(output, row.constant(kind, scalar.as_py()))


class AbstractColumnArrangement(AbstractTransform):
    """A step that only chooses, repeats or orders columns, of a frame or of a single record."""

    @abstractmethod
    def arranged(self, data: Frame | RecordTrace, output: Schema) -> list[Any]:
        """The columns of the result."""

    def reads(self, schema: Schema) -> set[str]:
        return set()

    def apply(self, frame: Frame, output: Schema) -> Frame:
        return frame.with_columns(output, self.arranged(frame, output))

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.with_columns(output, self.arranged(row, output))


class AbstractColumnChoice(AbstractColumnArrangement):
    """A step whose result has some of the columns, by name."""

    def arranged(self, data: Frame | RecordTrace, output: Schema) -> list[Any]:
        return [data.column(m.name) for m in output]


@java_type(_PACKAGE + "DuplicateColumnsTransform")
@dataclass(frozen=True)
class DuplicateColumnsTransform(AbstractColumnArrangement):
    """Copy columns; each copy stands directly after its source.

    As in Deeplearning4j, the new names are given out in the order of the columns in the schema.
    """

    columns_to_duplicate: tuple[str, ...]
    new_column_names: tuple[str, ...]

    def __post_init__(self) -> None:
        _same_length(self, self.columns_to_duplicate, self.new_column_names)
        object.__setattr__(self, "columns_to_duplicate", tuple(self.columns_to_duplicate))
        object.__setattr__(self, "new_column_names", tuple(self.new_column_names))

    def output_schema(self, schema: Schema) -> Schema:
        need_columns(self, schema, self.columns_to_duplicate)
        columns = []
        names = iter(self.new_column_names)
        for meta in schema:
            columns.append(meta)
            if meta.name in self.columns_to_duplicate:
                columns.append(meta.renamed(next(names)))
        return schema.with_columns(columns)

    def reads(self, schema: Schema) -> set[str]:
        return set(self.columns_to_duplicate)

    def arranged(self, data: Frame | RecordTrace, output: Schema) -> list[Any]:
        columns: list[Any] = []
        for meta, column in zip(data.schema, data.columns, strict=True):
            columns += [column] * (2 if meta.name in self.columns_to_duplicate else 1)
        return columns


@java_type(_PACKAGE + "RemoveColumnsTransform")
@dataclass(frozen=True)
class RemoveColumnsTransform(AbstractColumnChoice):
    """Remove columns."""

    columns_to_remove: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns_to_remove", _names(self, self.columns_to_remove))

    def output_schema(self, schema: Schema) -> Schema:
        need_columns(self, schema, self.columns_to_remove)
        kept = [m for m in schema if m.name not in self.columns_to_remove]
        if not kept:
            raise SchemaError("RemoveColumnsTransform: no column would remain")
        return schema.with_columns(kept)


@java_type(_PACKAGE + "RemoveAllColumnsExceptForTransform")
@dataclass(frozen=True)
class RemoveAllColumnsExceptForTransform(AbstractColumnChoice):
    """Keep only the named columns, in the order they have."""

    columns_to_keep: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns_to_keep", _names(self, self.columns_to_keep))

    def output_schema(self, schema: Schema) -> Schema:
        need_columns(self, schema, self.columns_to_keep)
        return schema.with_columns(m for m in schema if m.name in self.columns_to_keep)


@java_type(_PACKAGE + "RenameColumnsTransform")
@dataclass(frozen=True)
class RenameColumnsTransform(AbstractColumnArrangement):
    """Give columns new names; values and restrictions stay."""

    old_names: tuple[str, ...]
    new_names: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "old_names", _names(self, self.old_names))
        object.__setattr__(self, "new_names", _names(self, self.new_names))
        _same_length(self, self.old_names, self.new_names)

    def _mapping(self) -> dict[str, str]:
        return dict(zip(self.old_names, self.new_names, strict=True))

    def output_schema(self, schema: Schema) -> Schema:
        need_columns(self, schema, self.old_names)
        mapping = self._mapping()
        return schema.with_columns(m.renamed(mapping.get(m.name, m.name)) for m in schema)

    def needed(self, schema: Schema, wanted: set[str]) -> set[str]:
        mapping = self._mapping()
        return {n for n in schema.column_names if mapping.get(n, n) in wanted}

    def arranged(self, data: Frame | RecordTrace, output: Schema) -> list[Any]:
        return list(data.columns)


@java_type(_PACKAGE + "ReorderColumnsTransform")
@dataclass(frozen=True)
class ReorderColumnsTransform(AbstractColumnChoice):
    """Put the named columns first, in that order; the others follow as they stand."""

    new_order: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "new_order", _names(self, self.new_order))

    def output_schema(self, schema: Schema) -> Schema:
        need_columns(self, schema, self.new_order)
        first = [schema.metadata(n) for n in self.new_order]
        return schema.with_columns(first + [m for m in schema if m.name not in self.new_order])


def _names(step: object, names: tuple[str, ...] | str) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _same_length(step: object, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    if len(old) != len(new):
        raise SchemaError(
            f"{type(step).__name__}: {len(old)} columns but {len(new)} new names were given"
        )
