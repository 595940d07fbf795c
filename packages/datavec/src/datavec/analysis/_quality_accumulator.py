"""Quality gathered from batches, in one pass; parts merge, also across processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import DataVecError
from ..columns._arrow_arrays import constant, numpy_array
from ..columns._convert import as_text, hex_mask, is_text, parse_column, plain_text, to_type
from ..columns._frame import Frame
from ..schema._metadata import (
    AbstractColumnMetaData,
    ColumnType,
    DoubleMetaData,
    IntegerMetaData,
    LongMetaData,
)
from ..schema._schema import Schema
from ._hyperloglog import HyperLogLog
from ._quality import (
    BooleanQuality,
    BytesQuality,
    CategoricalQuality,
    ColumnQuality,
    DataQualityAnalysis,
    DoubleQuality,
    IntegerQuality,
    LongQuality,
    NDArrayQuality,
    StringQuality,
    TimeQuality,
)
from ._values import text_bytes

__all__ = ["QualityAccumulator", "missing_mask", "valid_mask"]

Array = np.ndarray[Any, Any]
Counts = dict[str, int]


class QualityAccumulator:
    """Counts of valid, invalid and missing values of frames; give each worker its own and merge.

    Args:
        schema: of the frames; of sequences all steps are counted.

    >>> from datavec import Schema
    >>> from datavec.columns._arrow_io import frame_from_records
    >>> schema = Schema.builder().add_column_integer("age").build()
    >>> counts = QualityAccumulator(schema).add(frame_from_records(schema, [["31"], ["x"]]))
    >>> counts.result()["age"].count_non_integer
    1
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._counts: list[Counter[str]] = [Counter() for _ in schema]
        self._unique = {m.name: HyperLogLog() for m in schema if m.column_type is ColumnType.STRING}

    def add(self, frame: Frame) -> Self:
        """Add a frame; columns that are still text are judged as text."""
        for meta, counts, column in zip(self.schema, self._counts, frame.columns, strict=True):
            valid = valid_mask(meta, column)
            missing = missing_mask(meta, column) & ~valid
            good, gone = int(np.count_nonzero(valid)), int(np.count_nonzero(missing))
            total = len(column)
            counts.update(
                count_valid=good,
                count_missing=gone,
                count_invalid=total - good - gone,
                count_total=total,
            )
            if meta.column_type is ColumnType.STRING:
                texts = plain_text(as_text(column, meta.name))
                self._unique[meta.name].add(texts)
                counts.update(_text_classes(texts))
            elif meta.column_type in _DETAILS:
                counts.update(_DETAILS[meta.column_type](column))
        return self

    def merge(self, other: QualityAccumulator) -> Self:
        """Add what the accumulator of another part of the data has seen."""
        if other.schema != self.schema:
            raise DataVecError("cannot merge qualities of different schemas")
        for mine, theirs in zip(self._counts, other._counts, strict=True):
            mine.update(theirs)
        for name, unique in other._unique.items():
            self._unique[name].merge(unique)
        return self

    def result(self) -> DataQualityAnalysis:
        """The quality so far."""
        columns = []
        for meta, counts in zip(self.schema, self._counts, strict=True):
            extra = {}
            if meta.name in self._unique:
                found = self._unique[meta.name].count()
                extra["count_approx_unique"] = min(found, counts["count_total"])
            columns.append(_QUALITIES[meta.column_type](**counts, **extra))
        return DataQualityAnalysis(self.schema, tuple(columns))


_QUALITIES: dict[ColumnType, type[ColumnQuality]] = {
    ColumnType.INTEGER: IntegerQuality,
    ColumnType.LONG: LongQuality,
    ColumnType.DOUBLE: DoubleQuality,
    ColumnType.FLOAT: DoubleQuality,
    ColumnType.STRING: StringQuality,
    ColumnType.CATEGORICAL: CategoricalQuality,
    ColumnType.TIME: TimeQuality,
    ColumnType.BYTES: BytesQuality,
    ColumnType.BOOLEAN: BooleanQuality,
    ColumnType.NDARRAY: NDArrayQuality,
}


def valid_mask(meta: AbstractColumnMetaData, column: pa.Array) -> Array:
    """Which values satisfy type and restrictions of their column."""
    present: Any
    if meta.column_type is ColumnType.BYTES:
        present = column.is_valid()
    elif meta.column_type is ColumnType.STRING:
        # Its metadata takes null for a text; quality does not.
        return np.asarray(meta.valid_mask(column) & numpy_array(column.is_valid()))
    elif meta.column_type is ColumnType.BOOLEAN:
        present = to_type(column, pa.bool_(), meta.name, "null").is_valid()
    else:
        return meta.valid_mask(column)
    return numpy_array(present)


def missing_mask(meta: AbstractColumnMetaData, column: pa.Array) -> Array:
    """Which values are null, or empty text where the column is no String column."""
    missing = column.is_null()
    if is_text(column.type) and meta.column_type is not ColumnType.STRING:
        empty = pc.equal(plain_text(column), constant(""))
        missing = pc.or_(missing, pc.fill_null(empty, constant(True)))
    return numpy_array(missing)


def _not(mask: Array) -> int:
    return int(len(mask) - np.count_nonzero(mask))


def _integer(column: pa.Array) -> Counts:
    return {"count_non_integer": _not(IntegerMetaData("").valid_mask(column))}


def _long(column: pa.Array) -> Counts:
    return {"count_non_long": _not(LongMetaData("").valid_mask(column))}


def _double(column: pa.Array) -> Counts:
    numbers = parse_column(column, pa.float64())[0] if is_text(column.type) else column
    real = DoubleMetaData("").valid_mask(column)
    if is_text(column.type):
        real = real & ~hex_mask(column)  # such numbers are valid, but not real in the original
    counts = {"count_non_real": _not(real)}
    if pa.types.is_floating(numbers.type):
        values = numpy_array(numbers.drop_null())
        counts["count_nan"] = int(np.count_nonzero(np.isnan(values)))
        counts["count_infinite"] = int(np.count_nonzero(np.isinf(values)))
    return counts


_DETAILS: dict[ColumnType, Callable[[pa.Array], Counts]] = {
    ColumnType.INTEGER: _integer,
    ColumnType.LONG: _long,
    ColumnType.DOUBLE: _double,
    ColumnType.FLOAT: _double,
}

_LETTER, _DIGIT, _WORD, _BLANK = 1, 2, 4, 8


def _classes() -> Array:
    """Classes of each byte; those of characters beyond ASCII are in none."""
    table = np.zeros(256, np.uint8)
    for byte in range(128):
        c = chr(byte)
        if c.isalpha():
            table[byte] |= _LETTER | _WORD
        if c.isdigit():
            table[byte] |= _DIGIT | _WORD
        if c in " \t\n\x0b\f\r":
            table[byte] |= _BLANK
    table[ord("_")] |= _WORD
    return table


_CLASSES = _classes()


def _text_classes(texts: pa.Array) -> Counts:
    """How many texts consist of one class of characters only."""
    data, starts, lengths = text_bytes(texts)
    filled = np.flatnonzero(lengths)
    both = np.zeros(0, np.uint8)
    if len(filled):
        both = np.bitwise_and.reduceat(_CLASSES[data], starts[filled])

    def count(flag: int) -> int:
        return int(np.count_nonzero(both & flag))

    return {
        "count_empty_string": len(lengths) - len(filled),
        "count_alphabetic": int(np.count_nonzero((both & _LETTER) & (lengths[filled] == 1))),
        "count_numerical": count(_DIGIT),
        "count_word_character": count(_WORD),
        "count_whitespace": count(_BLANK),
    }
