"""Delimited lists of words as arrays of counts or of vocabulary indices."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from .._errors import InvalidValueError, SchemaError
from .._serde import java_type
from ..columns._arrow_arrays import arrow_array
from ..columns._frame import Array, Frame
from ..columns._ndarray_column import from_arrays
from ..process._action import AbstractTransform
from ..schema._metadata import NDArrayMetaData
from ..schema._schema import Schema
from ..text._java_regex import compile_java, java_split

__all__ = ["StringListToCountsNDArrayTransform", "StringListToIndicesNDArrayTransform"]

_PACKAGE = "org.datavec.api.transform.transform.string."


class AbstractWordListTransform(AbstractTransform):
    """Replaces a text column by an NDArray column.

    As in Deeplearning4j, the metadata's shape is [vocabulary size] while values have two dimensions.
    """

    column_name: str
    vocabulary: tuple[str, ...]
    delimiter: str
    binary: bool
    ignore_unknown: bool
    new_column_name: str | None

    def __post_init__(self) -> None:
        words: object = self.vocabulary
        if isinstance(words, str) or not self.vocabulary:
            raise SchemaError(f"{type(self).__name__}: vocabulary must be a list of words")
        object.__setattr__(self, "vocabulary", tuple(self.vocabulary))
        if self.new_column_name is None:
            object.__setattr__(self, "new_column_name", f"{self.column_name}[BOW]")
        compile_java(self.delimiter)

    @abstractmethod
    def vector(self, indices: list[int]) -> Array:
        """The array for the vocabulary positions of a list's words."""

    def output_schema(self, schema: Schema) -> Schema:
        name = self.new_column_name or ""
        return schema.replace(self.column_name, NDArrayMetaData(name, (len(self.vocabulary),)))

    def reads(self, schema: Schema) -> set[str]:
        return {self.column_name}

    def apply(self, frame: Frame, output: Schema) -> Frame:
        unique, codes = frame.texts(self.column_name)
        position = {w: i for i, w in enumerate(self.vocabulary)}
        arrays: list[Array | None] = []
        for i, text in enumerate(unique):
            words = java_split(text, self.delimiter) if text else []
            found = [position[w] for w in words if w in position]
            if len(found) < len(words) and not self.ignore_unknown:
                rows = np.flatnonzero(codes == i)
                if len(rows):
                    unknown = next(w for w in words if w not in position)
                    raise InvalidValueError(
                        self.column_name, "words of the vocabulary", unknown, rows.tolist()
                    )
            arrays.append(self.vector(found))
        column = from_arrays(arrays).take(arrow_array(codes))
        return frame.replaced(output, self.column_name, column)


@java_type(_PACKAGE + "StringListToCountsNDArrayTransform")
@dataclass(frozen=True)
class StringListToCountsNDArrayTransform(AbstractWordListTransform):
    """Bag of words: an array [1, vocabulary size] with the count of each word (binary: 0 or 1)."""

    column_name: str
    vocabulary: tuple[str, ...]
    delimiter: str
    binary: bool = False
    ignore_unknown: bool = False
    new_column_name: str | None = None

    def vector(self, indices: list[int]) -> Array:
        counts = np.bincount(indices, minlength=len(self.vocabulary)).astype(np.float32)
        return (np.minimum(counts, 1) if self.binary else counts)[None, :]


@java_type(_PACKAGE + "StringListToIndicesNDArrayTransform")
@dataclass(frozen=True)
class StringListToIndicesNDArrayTransform(AbstractWordListTransform):
    """The sorted vocabulary positions of the words, an array [1, words] (binary: without repeats)."""

    column_name: str
    vocabulary: tuple[str, ...]
    delimiter: str
    binary: bool = False
    ignore_unknown: bool = False
    new_column_name: str | None = None

    def vector(self, indices: list[int]) -> Array:
        chosen = sorted(set(indices)) if self.binary else sorted(indices)
        return np.array([chosen], np.float32)
