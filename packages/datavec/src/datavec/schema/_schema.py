"""Schemas: the ordered, typed columns of a table or of sequences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .._errors import SchemaError, shown
from .._serde import decode, dump_json, java_type, load_json
from .._showing import AbstractShown
from ._metadata import (
    AbstractColumnMetaData,
    ColumnType,
    DoubleMetaData,
    FloatMetaData,
    IntegerMetaData,
    LongMetaData,
    StringMetaData,
)

if TYPE_CHECKING:
    from ._schema_builder import SchemaBuilder

__all__ = ["Schema", "SequenceSchema"]


@java_type("org.datavec.api.transform.schema.Schema")
@dataclass(frozen=True)
class Schema(AbstractShown):
    """The columns of a table, in order, each with its type and restrictions.

    Answers to Deeplearning4j's ``org.datavec.api.transform.schema.Schema``.

    Args:
        columns: metadata of each column; names must differ.

    Raises:
        SchemaError: no columns, or a name that occurs twice.

    >>> schema = Schema.builder().add_columns_double("width", "height").build()
    >>> schema.column_names
    ['width', 'height']
    """

    columns: tuple[AbstractColumnMetaData, ...]
    _index: Mapping[str, int] = field(
        init=False, repr=False, compare=False, metadata={"json": None}
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        if not self.columns:
            raise SchemaError("a schema needs at least one column")
        for c in self.columns:
            if not isinstance(c.name, str):
                raise TypeError(f"a column's name is a text, received {c.name!r:.80}")
        index = {c.name: i for i, c in enumerate(self.columns)}
        if len(index) != len(self.columns):
            names = [c.name for c in self.columns]
            twice = sorted({n for n in names if names.count(n) > 1})
            raise SchemaError(f"column names occur more than once: {', '.join(map(repr, twice))}")
        object.__setattr__(self, "_index", index)

    @staticmethod
    def builder() -> SchemaBuilder:
        """Start a schema: ``Schema.builder().add_column_double("x").build()``."""
        from ._schema_builder import SchemaBuilder

        return SchemaBuilder()

    # --- access ---------------------------------------------------------------------------------

    @property
    def is_sequence(self) -> bool:
        """Whether records are sequences of steps."""
        return False

    @property
    def num_columns(self) -> int:
        """Number of columns."""
        return len(self.columns)

    @property
    def column_names(self) -> list[str]:
        """Names in order."""
        return [c.name for c in self.columns]

    @property
    def column_types(self) -> list[ColumnType]:
        """Types in order."""
        return [c.column_type for c in self.columns]

    def __len__(self) -> int:
        return len(self.columns)

    def __iter__(self) -> Iterator[AbstractColumnMetaData]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def has_column(self, name: str) -> bool:
        """Whether a column of that name exists."""
        return name in self._index

    def index_of(self, name: str) -> int:
        """Position of a column; raises SchemaError naming the columns there are."""
        try:
            return self._index[name]
        except (KeyError, TypeError):
            raise SchemaError(
                f"no column {name!r}; the columns are {', '.join(map(repr, self.column_names))}"
            ) from None

    def metadata(self, column: str | int) -> AbstractColumnMetaData:
        """Metadata of a column, by name or position."""
        if isinstance(column, str):
            return self.columns[self.index_of(column)]
        return self.columns[column]

    def type_of(self, column: str | int) -> ColumnType:
        """Type of a column, by name or position."""
        return self.metadata(column).column_type

    def same_types(self, other: Schema) -> bool:
        """Whether both have the same column types in the same order."""
        return self.column_types == other.column_types

    def with_columns(self, columns: Iterable[AbstractColumnMetaData]) -> Schema:
        """A schema of the same kind (plain or sequence) with other columns."""
        return Schema(tuple(columns))

    def replace(self, name: str, *new: AbstractColumnMetaData) -> Schema:
        """A schema where one column gives way to the `new` ones at its place."""
        i = self.index_of(name)
        return self.with_columns(self.columns[:i] + new + self.columns[i + 1 :])

    def to_arrow(self) -> pa.Schema:
        """The Arrow schema of results with these columns (flat columns; see SequenceSchema)."""
        return pa.schema([pa.field(c.name, c.arrow_type) for c in self.columns])

    # --- files ----------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Deeplearning4j's JSON text."""
        return dump_json(self)

    @staticmethod
    def from_json(text: str) -> Schema:
        """Read Deeplearning4j's JSON; raises SerializationError."""
        result: Schema = decode(Schema, load_json(text))
        return result

    def to_yaml(self) -> str:
        """Deeplearning4j's YAML text, types as tags."""
        from ._schema_yaml import write_yaml

        return write_yaml(self)

    @staticmethod
    def from_yaml(text: str) -> Schema:
        """Read the YAML that `to_yaml` or Deeplearning4j writes; raises SerializationError."""
        from ._schema_yaml import read_yaml

        return read_yaml(text)

    # --- guesses --------------------------------------------------------------------------------

    @staticmethod
    def infer(record: Sequence[Any]) -> Schema:
        """Schema named "0", "1", … for the Python or Writable values of one record.

        Raises:
            SchemaError: a value that is no integer, float or text.
        """
        from ..writables._writable import Writable

        makers = {
            "Int": IntegerMetaData,
            "Long": LongMetaData,
            "Double": DoubleMetaData,
            "Float": FloatMetaData,
            "Text": StringMetaData,
        }
        columns = []
        for i, value in enumerate(record):
            make = None if isinstance(value, (list, tuple)) else makers.get(Writable.of(value).kind)
            if make is None:
                raise SchemaError(
                    f"column {i}: cannot infer a type from {shown(value)}; "
                    "only integers, floats and text can be inferred"
                )
            columns.append(make(str(i)))
        return Schema(tuple(columns))

    @staticmethod
    def infer_csv(path: str | Path, *, delimiter: str = ",", quote: str = '"') -> Schema:
        """Guess a schema from the header and the first data row of a CSV file.

        Every number becomes a Double, everything else a String, as Deeplearning4j's
        ``InferredSchema`` does. Raises SchemaError when header and row differ in width.
        """
        from ..readers._csv_parser import CsvLineParser
        from ..text._java_text import parse_double

        parser = CsvLineParser(delimiter, quote)
        with open(path, encoding="utf-8") as f:
            rows = [parser.parse(f.readline(1 << 20).rstrip("\r\n")) for _ in range(2)]
        if len(rows[0]) != len(rows[1]):
            raise SchemaError(
                f"{path}: the header has {len(rows[0])} fields, the first row {len(rows[1])}"
            )
        pairs = zip(rows[0], rows[1], strict=True)
        return Schema(
            tuple(
                StringMetaData(n)
                if parse_double(v) is None or v.startswith("0x")
                else DoubleMetaData(n)
                for n, v in pairs
            )
        )

    # --- text -----------------------------------------------------------------------------------

    def _head(self) -> str:
        return "Schema():"

    def __str__(self) -> str:
        width = max(len(c.name) for c in self.columns) + 8
        lines = [self._head(), f"{'idx':<6}{'name':<{width}}{'type':<15}meta data"]
        for i, c in enumerate(self.columns):
            name = f'"{c.name}"'
            lines.append(f"{i:<6}{name:<{width}}{c.column_type.value:<15}{c}")
        return "\n".join(lines) + "\n"


@java_type("org.datavec.api.transform.schema.SequenceSchema")
@dataclass(frozen=True)
class SequenceSchema(Schema):
    """The columns of sequences: every record is a list of steps with these columns.

    Args:
        columns: as in `Schema`.
        min_sequence_length: shortest valid sequence, None for no bound.
        max_sequence_length: longest valid sequence, None for no bound.
    """

    min_sequence_length: int | None = field(default=None, metadata={"null": True})
    max_sequence_length: int | None = field(default=None, metadata={"null": True})

    @property
    def is_sequence(self) -> bool:
        return True

    def with_columns(self, columns: Iterable[AbstractColumnMetaData]) -> Schema:
        return SequenceSchema(tuple(columns), self.min_sequence_length, self.max_sequence_length)

    def to_arrow(self) -> pa.Schema:
        """Arrow schema: one list per sequence in each column."""
        return pa.schema([pa.field(c.name, pa.list_(c.arrow_type)) for c in self.columns])

    def _head(self) -> str:
        parts = []
        if self.min_sequence_length is not None:
            parts.append(f"minSequenceLength={self.min_sequence_length}")
        if self.max_sequence_length is not None:
            parts.append(f"maxSequenceLength={self.max_sequence_length}")
        return f"SequenceSchema({','.join(parts)})"
