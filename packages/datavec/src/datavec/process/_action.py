"""What a step of a TransformProcess is.

A step is one registered dataclass that says everything about itself: its options (the fields, from
which the JSON form follows), `output_schema` (checks and schema rule, run when the process is built)
and `apply` (the vectorised body over Arrow columns).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import pyarrow as pa

from .._errors import DataVecError, SchemaError, shown
from ..columns._frame import Array, Frame
from ..schema._metadata import AbstractColumnMetaData, ColumnType
from ..schema._schema import Schema
from ._record_program import NoScalarForm, RecordTrace

__all__ = ["AbstractAction", "AbstractColumnTransform", "AbstractTransform"]


class AbstractAction(ABC):
    """One step of a TransformProcess."""

    java_name: ClassVar[str] = ""
    user_definable: ClassVar[bool] = True
    action_key: ClassVar[str]
    """Key of the step in Deeplearning4j's JSON, for instance ``transform``."""
    whole_data: ClassVar[bool] = False
    """Whether the step must see all data at once (grouping, sorting)."""

    @abstractmethod
    def output_schema(self, schema: Schema) -> Schema:
        """The schema after the step; raises SchemaError when the step does not fit `schema`."""

    @abstractmethod
    def apply(self, frame: Frame, output: Schema) -> Frame:
        """Run the step; `output` is ``output_schema(frame.schema)``, computed once."""

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        """Say what the step does to the values of a single record, for `execute_record`.

        Optional: a process with a step that does not say so runs single records as frames of one
        row. What is said must equal `apply` wherever it does not raise; raising any exception
        leaves the record to `apply`.

        Raises:
            NoScalarForm: the step, or one of its options, works on whole columns only.
        """
        raise NoScalarForm

    def reads(self, schema: Schema) -> set[str]:
        """Input columns whose values the step looks at."""
        return set(schema.column_names)

    def wants_text(self, schema: Schema) -> set[str]:
        """Input columns that a CSV reader must leave unparsed, because the step judges the text."""
        return set()

    def needed(self, schema: Schema, wanted: set[str]) -> set[str]:
        """Input columns needed to produce the `wanted` output columns."""
        return (wanted & set(schema.column_names)) | self.reads(schema)


class AbstractTransform(AbstractAction):
    """A step that changes columns and keeps the records."""

    action_key = "transform"


class AbstractColumnTransform(AbstractTransform):
    """A transform of one column in place: a new metadata and a new array."""

    column_name: str

    @abstractmethod
    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        """Metadata of the result; raises SchemaError for an unsuitable column."""

    @abstractmethod
    def convert(self, frame: Frame, name: str) -> pa.Array | Array:
        """The new values of the column."""

    def output_schema(self, schema: Schema) -> Schema:
        return schema.replace(
            self.column_name, self.new_metadata(schema.metadata(self.column_name))
        )

    def apply(self, frame: Frame, output: Schema) -> Frame:
        return frame.replaced(output, self.column_name, self.convert(frame, self.column_name))

    def reads(self, schema: Schema) -> set[str]:
        return {self.column_name}


def need_type(
    step: object, schema: Schema, name: str, *types: ColumnType
) -> AbstractColumnMetaData:
    """Metadata of a column that must have one of `types`; raises SchemaError."""
    meta = schema.metadata(name)
    if meta.column_type not in types:
        expected = " or ".join(t.value for t in types)
        raise SchemaError(
            f'{type(step).__name__}: column "{name}" must be of type {expected}, '
            f"but is {meta.column_type.value}"
        )
    return meta


def need_columns(step: object, schema: Schema, names: tuple[str, ...]) -> None:
    """Raise SchemaError unless `names` is a non-empty list of columns of the schema."""
    if isinstance(names, str):
        raise SchemaError(f"{type(step).__name__}: expected a list of names, received {names!r}")
    if not names:
        raise SchemaError(f"{type(step).__name__}: no column names given")
    for name in names:
        if name not in schema:
            schema.index_of(name)


def check_result(result: object, output: Schema) -> None:
    """Raise DataVecError unless a user's step returned a frame of the schema that it announced."""
    if not isinstance(result, Frame):
        raise DataVecError(f"apply must return a Frame, but returned {shown(result)}")
    names = [m.name for m in output]
    if result.schema.column_names != names or len(result.columns) != len(names):
        raise DataVecError(
            f"apply returned {len(result.columns)} columns under the names "
            f"{', '.join(map(repr, result.schema.column_names))}; its output_schema has "
            f"{', '.join(map(repr, names))}"
        )
    for name, column in zip(names, result.columns, strict=True):
        if len(column) != result.num_rows:
            raise DataVecError(
                f'column "{name}" of the result has {len(column)} values for {result.num_rows} rows'
            )
