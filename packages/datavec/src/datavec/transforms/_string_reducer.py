"""StringReducer: the texts of several columns made into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .._choice import Choice
from .._errors import SchemaError, UnsupportedTransformError
from .._serde import decode, dump_json, java_type, load_json
from ..columns._arrow_io import frame_from_records
from ..columns._convert import as_text, plain_text
from ..columns._frame import Frame
from ..schema._metadata import StringMetaData
from ..schema._schema import Schema

__all__ = ["StringReduceOp", "StringReducer"]


class StringReduceOp(Choice):
    """How texts become one.

    ``PREPEND`` puts them together in reverse order, ``APPEND`` and ``MERGE`` in order, and
    ``REPLACE`` takes the second of two.
    """

    PREPEND = "PREPEND"
    APPEND = "APPEND"
    MERGE = "MERGE"
    REPLACE = "REPLACE"


@java_type("org.datavec.api.transform.stringreduce.StringReducer")
@dataclass(frozen=True)
class StringReducer:
    """Adds a String column made of the texts of others, without separator.

    Answers to Deeplearning4j's ``StringReducer``, which takes all columns, whatever
    `input_columns` says.

    Args:
        input_columns: the columns, in order; with ``REPLACE`` one or two.
        output_column_name: name of the new column.
        op: what to do with the texts.

    Raises:
        SchemaError: no columns, or more than two to ``REPLACE``.

    >>> reducer = StringReducer(["a", "b"], "ab", "PREPEND")
    >>> reducer.reduce([["x", "y"], ["1", "2"]])
    ['yx', '21']
    """

    input_columns: tuple[str, ...]
    output_column_name: str
    op: StringReduceOp = field(
        default=StringReduceOp.APPEND, metadata={"json": "stringReduceOp", "also": ("op",)}
    )
    custom_reductions: dict[str, Any] = field(
        default_factory=dict, metadata={"optional": True}, repr=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_columns", tuple(self.input_columns))
        object.__setattr__(self, "op", StringReduceOp(self.op))
        if not self.input_columns:
            raise SchemaError("StringReducer: needs input columns")
        if self.op is StringReduceOp.REPLACE and len(self.input_columns) > 2:
            raise SchemaError(
                f"StringReducer: REPLACE takes the second of two columns, "
                f"received {len(self.input_columns)}"
            )
        if self.custom_reductions:
            raise UnsupportedTransformError(
                "StringReducer: custom reductions of Java code cannot be run here"
            )

    def output_schema(self, schema: Schema) -> Schema:
        """The schema with the new column; raises SchemaError where a column is missing."""
        for name in self.input_columns:
            schema.index_of(name)
        return schema.with_columns((*schema, StringMetaData(self.output_column_name)))

    def apply(self, frame: Frame) -> Frame:
        """The frame with the new column."""
        output = self.output_schema(frame.schema)
        parts = [plain_text(as_text(frame.column(n), n)) for n in self.input_columns]
        return frame.appended(output, self._reduced(parts))

    def _reduced(self, parts: list[pa.Array]) -> pa.Array:
        if self.op is StringReduceOp.REPLACE:
            return parts[-1]
        if self.op is StringReduceOp.PREPEND:
            parts = parts[::-1]
        return pc.binary_join_element_wise(*parts, "")

    def reduce(self, records: Sequence[Sequence[Any]]) -> list[str]:
        """The texts of records that hold the input columns, in their order."""
        schema = Schema(tuple(StringMetaData(name) for name in self.input_columns))
        frame = self.apply(frame_from_records(schema, records))
        return list(frame.columns[-1].to_pylist())

    def to_json(self) -> str:
        """Deeplearning4j's JSON."""
        return dump_json(self)

    @staticmethod
    def from_json(text: str) -> StringReducer:
        """Read Deeplearning4j's JSON; raises SerializationError."""
        reducer = decode(StringReducer, load_json(text))
        if not isinstance(reducer, StringReducer):  # decode has checked it
            raise TypeError
        return reducer
