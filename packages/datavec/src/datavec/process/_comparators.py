"""Orders of rows: comparators of sequence steps and of values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from .._errors import SchemaError
from .._serde import java_type
from ..columns._arrow_arrays import numpy_array
from ..columns._convert import as_double, as_float, as_int, as_long, as_text, plain_text
from ..columns._frame import Array, Frame
from ..schema._metadata import ColumnType
from ..schema._schema import Schema
from ._action import need_type

__all__ = [
    "AbstractSequenceComparator",
    "AbstractWritableComparator",
    "DoubleWritableComparator",
    "FloatWritableComparator",
    "IntWritableComparator",
    "LongWritableComparator",
    "NumericalColumnComparator",
    "ReverseComparator",
    "StringComparator",
    "TextWritableComparator",
    "comparator_for",
]

_SEQUENCE = "org.datavec.api.transform.sequence.comparator."
_WRITABLE = "org.datavec.api.writable.comparator."


def text_order(column: pa.Array, name: str) -> Array:
    """A number for each text so that numbers sort as the texts' UTF-8 bytes do."""
    texts = plain_text(as_text(column, name)).cast(pa.binary()).dictionary_encode()
    unique = texts.dictionary.to_pylist()
    rank = np.empty(len(unique), np.int64)
    rank[sorted(range(len(unique)), key=lambda i: unique[i])] = np.arange(len(unique))
    return rank[numpy_array(texts.indices)] if len(unique) else rank


def descending(keys: Array) -> Array:
    """Keys in the opposite order, so that a stable sort keeps ties in input order."""
    return ~(float_order(keys) if keys.dtype.kind == "f" else keys)


def float_order(values: Array) -> Array:
    """Integers that sort as ``Double.compare`` does: -0.0 before 0.0, NaN behind everything.

    >>> np.argsort(float_order(np.array([np.nan, 0.0, -0.0, -1.0]))).tolist()
    [3, 2, 1, 0]
    """
    doubles = np.where(np.isnan(values), np.nan, values).astype(np.float64)
    bits = doubles.view(np.int64)
    return np.asarray(bits ^ ((bits >> 63) & np.iinfo(np.int64).max))


class AbstractSequenceComparator(ABC):
    """Orders the steps of sequences."""

    java_name: ClassVar[str] = ""
    user_definable: ClassVar[bool] = True

    @abstractmethod
    def check(self, schema: Schema) -> None:
        """Raise SchemaError when the comparator does not fit the schema."""

    @abstractmethod
    def keys(self, frame: Frame) -> Array:
        """A number per row; rows are sorted by it, ascending and stable."""


@java_type(_SEQUENCE + "NumericalColumnComparator")
@dataclass(frozen=True)
class NumericalColumnComparator(AbstractSequenceComparator):
    """Order by an Integer, Long, Double or Time column."""

    column_name: str
    ascending: bool = True

    def check(self, schema: Schema) -> None:
        need_type(
            self,
            schema,
            self.column_name,
            ColumnType.INTEGER,
            ColumnType.LONG,
            ColumnType.DOUBLE,
            ColumnType.TIME,
        )

    def keys(self, frame: Frame) -> Array:
        is_double = frame.schema.type_of(self.column_name) is ColumnType.DOUBLE
        name = self.column_name
        keys = float_order(frame.doubles(name)) if is_double else frame.longs(name)
        return keys if self.ascending else descending(keys)


@java_type(_SEQUENCE + "StringComparator")
@dataclass(frozen=True)
class StringComparator(AbstractSequenceComparator):
    """Order by the texts of a column."""

    column_name: str

    def check(self, schema: Schema) -> None:
        schema.index_of(self.column_name)

    def keys(self, frame: Frame) -> Array:
        return text_order(frame.column(self.column_name), self.column_name)


class AbstractWritableComparator(ABC):
    """Orders single values."""

    java_name: ClassVar[str] = ""
    user_definable: ClassVar[bool] = True

    @abstractmethod
    def keys(self, column: pa.Array, name: str) -> Array:
        """A number per value that sorts as the values do."""


@java_type(_WRITABLE + "IntWritableComparator")
@dataclass(frozen=True)
class IntWritableComparator(AbstractWritableComparator):
    """By 32-bit integers."""

    def keys(self, column: pa.Array, name: str) -> Array:
        return as_int(column, name)


@java_type(_WRITABLE + "LongWritableComparator")
@dataclass(frozen=True)
class LongWritableComparator(AbstractWritableComparator):
    """By 64-bit integers."""

    def keys(self, column: pa.Array, name: str) -> Array:
        return as_long(column, name)


@java_type(_WRITABLE + "DoubleWritableComparator")
@dataclass(frozen=True)
class DoubleWritableComparator(AbstractWritableComparator):
    """By 64-bit floats."""

    def keys(self, column: pa.Array, name: str) -> Array:
        return float_order(as_double(column, name))


@java_type(_WRITABLE + "FloatWritableComparator")
@dataclass(frozen=True)
class FloatWritableComparator(AbstractWritableComparator):
    """By 32-bit floats."""

    def keys(self, column: pa.Array, name: str) -> Array:
        return float_order(as_float(column, name))


@java_type(_WRITABLE + "TextWritableComparator")
@dataclass(frozen=True)
class TextWritableComparator(AbstractWritableComparator):
    """By the UTF-8 bytes of texts."""

    def keys(self, column: pa.Array, name: str) -> Array:
        return text_order(column, name)


@dataclass(frozen=True)
class ReverseComparator(AbstractWritableComparator):
    """The opposite order; equal values keep theirs.

    Answers to Deeplearning4j's ``ReverseComparator``.
    """

    comparator: AbstractWritableComparator

    def keys(self, column: pa.Array, name: str) -> Array:
        return descending(self.comparator.keys(column, name))


def comparator_for(column_type: ColumnType, ascending: bool = True) -> AbstractWritableComparator:
    """The order of a column type's values.

    Answers to Deeplearning4j's ``Comparators``.

    Raises:
        SchemaError: the type has no order.

    >>> comparator_for(ColumnType.DOUBLE, ascending=False)
    ReverseComparator(comparator=DoubleWritableComparator())
    """
    found = _BY_TYPE.get(ColumnType(column_type))
    if found is None:
        raise SchemaError(f"values of {ColumnType(column_type).value} columns have no order")
    return found() if ascending else ReverseComparator(found())


_BY_TYPE: dict[ColumnType, type[AbstractWritableComparator]] = {
    ColumnType.INTEGER: IntWritableComparator,
    ColumnType.LONG: LongWritableComparator,
    ColumnType.TIME: LongWritableComparator,
    ColumnType.DOUBLE: DoubleWritableComparator,
    ColumnType.FLOAT: FloatWritableComparator,
    ColumnType.STRING: TextWritableComparator,
    ColumnType.CATEGORICAL: TextWritableComparator,
}
