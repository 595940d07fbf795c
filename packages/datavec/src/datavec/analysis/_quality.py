"""How good the values of each column are: Deeplearning4j's quality classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from .._errors import SchemaError
from .._serde import camel
from .._showing import AbstractShown
from ..schema._schema import Schema
from ._data_analysis import table_text

__all__ = [
    "BooleanQuality",
    "BytesQuality",
    "CategoricalQuality",
    "ColumnQuality",
    "DataQualityAnalysis",
    "DoubleQuality",
    "IntegerQuality",
    "LongQuality",
    "NDArrayQuality",
    "StringQuality",
    "TimeQuality",
]


@dataclass(frozen=True, kw_only=True)
class ColumnQuality:
    """Counts of valid, invalid and missing values; every value is exactly one of these.

    Valid is judged first: a value that satisfies its column's type and restrictions is valid.
    Otherwise null and empty text are missing, the rest invalid; in a String column null is always
    missing, and empty text never.

    Answers to Deeplearning4j's ``ColumnQuality``.
    """

    count_valid: int = 0
    count_invalid: int = 0
    count_missing: int = 0
    count_total: int = 0

    @property
    def ok(self) -> bool:
        """Whether every value is valid."""
        return self.count_invalid == 0 and self.count_missing == 0

    def __str__(self) -> str:
        parts = []
        for f in fields(self):
            name = f.metadata.get("text", camel(f.name))
            parts.append(f"{name}={getattr(self, f.name)}")
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, kw_only=True)
class IntegerQuality(ColumnQuality):
    """Quality of an Integer column; `count_non_integer` counts all that is no 32-bit integer."""

    count_non_integer: int = 0


@dataclass(frozen=True, kw_only=True)
class LongQuality(ColumnQuality):
    """Quality of a Long column; `count_non_long` counts all that is no 64-bit integer."""

    count_non_long: int = 0


@dataclass(frozen=True, kw_only=True)
class DoubleQuality(ColumnQuality):
    """Quality of a Double or Float column; NaN and infinities are numbers and counted apart."""

    count_non_real: int = 0
    count_nan: int = field(default=0, metadata={"text": "countNaN"})
    count_infinite: int = 0


@dataclass(frozen=True, kw_only=True)
class StringQuality(ColumnQuality):
    """Quality of a String column.

    Attributes:
        count_empty_string: texts of length 0.
        count_alphabetic: single letters a to z, as the original's expression has it.
        count_numerical: texts of digits only.
        count_word_character: texts of letters, digits and ``_`` only.
        count_whitespace: texts of blanks only.
        count_approx_unique: different texts, estimated beyond 2048.
    """

    count_empty_string: int = 0
    count_alphabetic: int = 0
    count_numerical: int = 0
    count_word_character: int = 0
    count_whitespace: int = 0
    count_approx_unique: int = 0


@dataclass(frozen=True, kw_only=True)
class CategoricalQuality(ColumnQuality):
    """Quality of a Categorical column: valid are the declared states."""


@dataclass(frozen=True, kw_only=True)
class TimeQuality(ColumnQuality):
    """Quality of a Time column."""


@dataclass(frozen=True, kw_only=True)
class BytesQuality(ColumnQuality):
    """Quality of a Bytes column: all but null is valid."""


@dataclass(frozen=True, kw_only=True)
class BooleanQuality(ColumnQuality):
    """Quality of a Boolean column: valid are true and false."""


@dataclass(frozen=True, kw_only=True)
class NDArrayQuality(ColumnQuality):
    """Quality of an NDArray column: valid are arrays of the declared shape."""


@dataclass(frozen=True)
class DataQualityAnalysis(AbstractShown):
    """Quality of every column of a table; ``print`` shows it as a table.

    Answers to Deeplearning4j's ``DataQualityAnalysis``.

    Args:
        schema: of the data.
        column_quality: one per column, in the order of the schema.

    >>> from datavec import CollectionRecordReader, Schema
    >>> from datavec.analysis import analyze_quality
    >>> schema = Schema.builder().add_column_integer("age").build()
    >>> quality = analyze_quality(schema, CollectionRecordReader([["31"], [""], ["x"]]))
    >>> quality["age"].count_missing, quality["age"].count_invalid, quality.ok
    (1, 1, False)
    """

    schema: Schema
    column_quality: tuple[ColumnQuality, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "column_quality", tuple(self.column_quality))
        if len(self.column_quality) != len(self.schema):
            raise SchemaError(
                f"the quality of {len(self.schema)} columns needs as many entries, "
                f"received {len(self.column_quality)}"
            )

    def __getitem__(self, column: str) -> ColumnQuality:
        """The quality of a column; raises SchemaError naming the columns there are."""
        return self.column_quality[self.schema.index_of(column)]

    def __iter__(self) -> Iterator[ColumnQuality]:
        return iter(self.column_quality)

    @property
    def ok(self) -> bool:
        """Whether every value of every column is valid."""
        return all(q.ok for q in self.column_quality)

    def __str__(self) -> str:
        rows = [
            (meta.name, meta.column_type.value, "ok" if q.ok else "FAIL", str(q))
            for meta, q in zip(self.schema, self.column_quality, strict=True)
        ]
        return table_text(
            rows,
            f"{'type':<15}{'quality':<10}details",
            lambda r: f"{r[1]:<15}{r[2]:<10}{r[3]}",
        )
