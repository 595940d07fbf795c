"""Transforms that turn every step into several, one per character or word of a text."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from .._errors import InvalidValueError, SchemaError
from .._serde import java_type
from ..columns._frame import Frame, rows_of
from ..process._action import AbstractTransform, need_type
from ..schema._metadata import ColumnType, IntegerMetaData
from ..schema._schema import Schema
from ..text._java_regex import compile_java, java_split

__all__ = ["TextToCharacterIndexTransform", "TextToTermIndexSequenceTransform"]

_PACKAGE = "org.datavec.api.transform.transform.nlp."


class AbstractExpansionTransform(AbstractTransform):
    """Replaces a text column by an index column; the other columns are repeated.

    A step without any known part vanishes. Works on sequences only: on records the process can be
    built, but running it is an error, as in Deeplearning4j.
    """

    required_columns: tuple[str, ...]
    expanded_column_names: tuple[str, ...]
    exception_on_unknown: bool

    def __post_init__(self) -> None:
        for what in ("required_columns", "expanded_column_names"):
            names = getattr(self, what)
            names = (names,) if isinstance(names, str) else tuple(names)
            if len(names) != 1:
                raise SchemaError(f"{type(self).__name__}: {what} must hold one name")
            object.__setattr__(self, what, names)

    @property
    @abstractmethod
    def index(self) -> dict[str, int]:
        """The number of each known part."""

    @abstractmethod
    def parts(self, text: str) -> list[str]:
        """Cut a text."""

    def output_schema(self, schema: Schema) -> Schema:
        need_type(self, schema, self.required_columns[0], ColumnType.STRING)
        new = IntegerMetaData(self.expanded_column_names[0], 0, len(self.index) - 1)
        return schema.replace(self.required_columns[0], new)

    def reads(self, schema: Schema) -> set[str]:
        return {self.required_columns[0]}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        offsets = frame.need_offsets(type(self).__name__)
        name = self.required_columns[0]
        unique, codes = frame.texts(name)
        found = []
        for i, text in enumerate(unique):
            parts = self.parts(text)
            known = [self.index[p] for p in parts if p in self.index]
            if self.exception_on_unknown and len(known) < len(parts):
                rows = np.flatnonzero(codes == i)
                if len(rows):
                    unknown = next(p for p in parts if p not in self.index)
                    raise InvalidValueError(name, "known parts only", unknown, rows.tolist())
            found.append(known)
        flat = np.array([v for known in found for v in known], np.int32)
        ends = np.cumsum([len(known) for known in found], dtype=np.int64)
        starts = ends - np.array([len(known) for known in found], np.int64)
        values, new_offsets = rows_of(starts[codes], ends[codes])
        repeated = frame.take_rows(np.repeat(np.arange(frame.num_rows), np.diff(new_offsets)))
        repeated = Frame(frame.schema, repeated.columns, len(values), new_offsets[offsets])
        return repeated.replaced(output, name, pa.array(flat[values]))


@java_type(_PACKAGE + "TextToCharacterIndexTransform")
@dataclass(frozen=True)
class TextToCharacterIndexTransform(AbstractExpansionTransform):
    """One step per character (UTF-16 unit), as its number in a map."""

    required_columns: tuple[str, ...]
    expanded_column_names: tuple[str, ...]
    character_index_map: dict[str, int]
    exception_on_unknown: bool = False

    @property
    def index(self) -> dict[str, int]:
        return self.character_index_map

    def parts(self, text: str) -> list[str]:
        return list(text)


@java_type(_PACKAGE + "TextToTermIndexSequenceTransform")
@dataclass(frozen=True)
class TextToTermIndexSequenceTransform(AbstractExpansionTransform):
    """One step per word, as its number in a map (or position in a list of words)."""

    required_columns: tuple[str, ...]
    expanded_column_names: tuple[str, ...]
    word_index_map: dict[str, int]
    delimiter: str = " "
    exception_on_unknown: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        compile_java(self.delimiter)
        if not isinstance(self.word_index_map, dict):
            words = {w: i for i, w in enumerate(self.word_index_map)}
            object.__setattr__(self, "word_index_map", words)

    @property
    def index(self) -> dict[str, int]:
        return self.word_index_map

    def parts(self, text: str) -> list[str]:
        return java_split(text, self.delimiter)
