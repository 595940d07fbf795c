"""Transforms of text columns. The result is an unrestricted String column."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from .._choice import Choice
from .._errors import DataVecError
from .._serde import java_type
from ..columns._convert import as_text, plain_text
from ..columns._frame import Frame
from ..process._action import AbstractColumnTransform, AbstractTransform, need_columns
from ..process._record_program import RecordTrace
from ..process._record_values import Kind
from ..schema._metadata import AbstractColumnMetaData, StringMetaData
from ..schema._schema import Schema
from ..text._java_regex import compile_java, java_replacement

__all__ = [
    "AppendStringColumnTransform",
    "CaseType",
    "ChangeCaseStringTransform",
    "ConcatenateStringColumns",
    "MapAllStringsExceptListTransform",
    "RemoveWhiteSpaceTransform",
    "ReplaceEmptyStringTransform",
    "ReplaceStringTransform",
    "StringMapTransform",
]

_PACKAGE = "org.datavec.api.transform.transform.string."
_WHITESPACE = dict.fromkeys(map(ord, " \t\n\x0b\x0c\r"))


class AbstractTextTransform(AbstractColumnTransform):
    """Map a column's texts in place, each different text once."""

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return StringMetaData(meta.name)

    @abstractmethod
    def map(self, text: str) -> str:
        """The new text for a text."""

    def convert(self, frame: Frame, name: str) -> pa.Array:
        return frame.map_text(name, lambda unique: [self.map(t) for t in unique])

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        return row.mapped(output, self.column_name, Kind.TEXT, self.map)


@java_type(_PACKAGE + "AppendStringColumnTransform")
@dataclass(frozen=True)
class AppendStringColumnTransform(AbstractTextTransform):
    """Append a fixed text."""

    column_name: str
    to_append: str

    def map(self, text: str) -> str:
        return text + self.to_append


class CaseType(Choice):
    """Target of `ChangeCaseStringTransform`."""

    LOWER = "LOWER"
    UPPER = "UPPER"


@java_type(_PACKAGE + "ChangeCaseStringTransform")
@dataclass(frozen=True)
class ChangeCaseStringTransform(AbstractTextTransform):
    """Change all letters to lower or upper case."""

    column_name: str = field(metadata={"also": ("column",)})
    case_type: CaseType = field(default=CaseType.LOWER, metadata={"optional": True})

    def __post_init__(self) -> None:
        object.__setattr__(self, "case_type", CaseType(self.case_type))

    def map(self, text: str) -> str:
        return text.lower() if self.case_type is CaseType.LOWER else text.upper()


@java_type(_PACKAGE + "RemoveWhiteSpaceTransform")
@dataclass(frozen=True)
class RemoveWhiteSpaceTransform(AbstractTextTransform):
    """Remove all ASCII white space, also inside the text."""

    column_name: str

    def map(self, text: str) -> str:
        return text.translate(_WHITESPACE)


@java_type(_PACKAGE + "ReplaceEmptyStringTransform")
@dataclass(frozen=True)
class ReplaceEmptyStringTransform(AbstractTextTransform):
    """Put `value` where the text is empty."""

    column_name: str
    value: str

    def map(self, text: str) -> str:
        return text or self.value


@java_type(_PACKAGE + "StringMapTransform")
@dataclass(frozen=True)
class StringMapTransform(AbstractTextTransform):
    """Replace whole texts by a map; others stay."""

    column_name: str
    mapping: dict[str, str] = field(metadata={"json": "map"})

    def map(self, text: str) -> str:
        return self.mapping.get(text, text)


@java_type(_PACKAGE + "MapAllStringsExceptListTransform")
@dataclass(frozen=True)
class MapAllStringsExceptListTransform(AbstractTextTransform):
    """Put `new_value` for every text that is not in the list of exceptions."""

    column_name: str
    new_value: str
    exceptions: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "exceptions", tuple(self.exceptions))

    def map(self, text: str) -> str:
        return text if text in self.exceptions else self.new_value


@java_type(_PACKAGE + "ReplaceStringTransform")
@dataclass(frozen=True)
class ReplaceStringTransform(AbstractTextTransform):
    """Replace every match of Java regular expressions, in the order of the map (``$1`` groups)."""

    column_name: str
    mapping: dict[str, str] = field(metadata={"json": "map"})

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        for pattern in self.mapping:
            compile_java(pattern)
        return super().new_metadata(meta)

    def map(self, text: str) -> str:
        for pattern, replacement in self.mapping.items():
            compiled = compile_java(pattern)
            try:
                text = compiled.sub(java_replacement(replacement), text)
            except (re.error, IndexError):  # matters only where there is something to replace
                if compiled.search(text) is not None:
                    raise DataVecError(
                        f"{type(self).__name__}: the replacement {replacement!r} names a group that "
                        f"{pattern!r} does not have"
                    ) from None
        return text


@java_type(_PACKAGE + "ConcatenateStringColumns")
@dataclass(frozen=True)
class ConcatenateStringColumns(AbstractTransform):
    """Join the texts of several columns of any type into a new String column at the end."""

    new_column_name: str
    delimiter: str
    columns_to_concatenate: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns_to_concatenate", tuple(self.columns_to_concatenate))

    def output_schema(self, schema: Schema) -> Schema:
        need_columns(self, schema, self.columns_to_concatenate)
        return schema.with_columns((*schema.columns, StringMetaData(self.new_column_name)))

    def reads(self, schema: Schema) -> set[str]:
        return set(self.columns_to_concatenate)

    def apply(self, frame: Frame, output: Schema) -> Frame:
        parts = [plain_text(as_text(frame.column(n), n)) for n in self.columns_to_concatenate]
        joined = pc.binary_join_element_wise(*parts, self.delimiter)
        return frame.appended(output, joined)

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        parts = [row.read(n, Kind.TEXT) for n in self.columns_to_concatenate]
        return row.appended(output, row.call(Kind.TEXT, self._joined, *parts))

    def _joined(self, *texts: str) -> str:
        return self.delimiter.join(texts)
