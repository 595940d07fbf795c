"""Building schemas column by column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._errors import SchemaError
from ._metadata import (
    AbstractColumnMetaData,
    BinaryMetaData,
    BooleanMetaData,
    CategoricalMetaData,
    DoubleMetaData,
    FloatMetaData,
    IntegerMetaData,
    LongMetaData,
    NDArrayMetaData,
    StringMetaData,
    TimeMetaData,
)
from ._schema import Schema, SequenceSchema

__all__ = ["SchemaBuilder"]


class SchemaBuilder:
    """Collects columns; every method returns the builder.

    The plural methods take several names, or one pattern such as ``"f%d"`` with `first` and
    `last` (inclusive), as Deeplearning4j's ``Schema.Builder`` does.

    >>> b = SchemaBuilder().add_columns_double("f%d", first=0, last=2)
    >>> b.add_column_categorical("label", ["no", "yes"]).build().column_names
    ['f0', 'f1', 'f2', 'label']
    """

    def __init__(self) -> None:
        self._columns: list[AbstractColumnMetaData] = []

    def add_column(self, metadata: AbstractColumnMetaData) -> SchemaBuilder:
        """Add a column by its metadata."""
        self._columns.append(metadata)
        return self

    def _add(
        self, make: Any, names: Sequence[str], first: int | None, last: int | None, **options: Any
    ) -> SchemaBuilder:
        if not names:
            raise SchemaError("no column names given")
        if (first is None) != (last is None):
            raise SchemaError("a name pattern needs both first and last")
        if first is not None and last is not None:
            if len(names) != 1 or "%d" not in names[0]:
                raise SchemaError(
                    f'first and last need one name pattern with "%d", received {list(names)}'
                )
            if last < first:
                raise SchemaError(f"last ({last}) must not be smaller than first ({first})")
            names = [names[0].replace("%d", str(i)) for i in range(first, last + 1)]
        for name in names:
            self._columns.append(make(name, **options))
        return self

    def add_column_string(
        self,
        name: str,
        *,
        regex: str | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
    ) -> SchemaBuilder:
        """Add a String column."""
        return self.add_column(StringMetaData(name, regex, min_length, max_length))

    def add_columns_string(
        self,
        *names: str,
        first: int | None = None,
        last: int | None = None,
        regex: str | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
    ) -> SchemaBuilder:
        """Add String columns."""
        return self._add(
            StringMetaData,
            names,
            first,
            last,
            regex=regex,
            min_length=min_length,
            max_length=max_length,
        )

    def add_column_integer(
        self, name: str, *, min_value: int | None = None, max_value: int | None = None
    ) -> SchemaBuilder:
        """Add an Integer column, optionally with inclusive bounds."""
        return self.add_column(IntegerMetaData(name, min_value, max_value))

    def add_columns_integer(
        self,
        *names: str,
        first: int | None = None,
        last: int | None = None,
        min_value: int | None = None,
        max_value: int | None = None,
    ) -> SchemaBuilder:
        """Add Integer columns."""
        return self._add(
            IntegerMetaData,
            names,
            first,
            last,
            min_allowed_value=min_value,
            max_allowed_value=max_value,
        )

    def add_column_long(
        self, name: str, *, min_value: int | None = None, max_value: int | None = None
    ) -> SchemaBuilder:
        """Add a Long column, optionally with inclusive bounds."""
        return self.add_column(LongMetaData(name, min_value, max_value))

    def add_columns_long(
        self,
        *names: str,
        first: int | None = None,
        last: int | None = None,
        min_value: int | None = None,
        max_value: int | None = None,
    ) -> SchemaBuilder:
        """Add Long columns."""
        return self._add(
            LongMetaData,
            names,
            first,
            last,
            min_allowed_value=min_value,
            max_allowed_value=max_value,
        )

    def add_column_double(
        self,
        name: str,
        *,
        min_value: float | None = None,
        max_value: float | None = None,
        allow_nan: bool = False,
        allow_infinite: bool = False,
    ) -> SchemaBuilder:
        """Add a Double column."""
        return self.add_column(
            DoubleMetaData(name, min_value, max_value, allow_nan, allow_infinite)
        )

    def add_columns_double(
        self,
        *names: str,
        first: int | None = None,
        last: int | None = None,
        min_value: float | None = None,
        max_value: float | None = None,
        allow_nan: bool = False,
        allow_infinite: bool = False,
    ) -> SchemaBuilder:
        """Add Double columns."""
        return self._add(
            DoubleMetaData,
            names,
            first,
            last,
            min_allowed_value=min_value,
            max_allowed_value=max_value,
            allow_nan=allow_nan,
            allow_infinite=allow_infinite,
        )

    def add_column_float(
        self,
        name: str,
        *,
        min_value: float | None = None,
        max_value: float | None = None,
        allow_nan: bool = False,
        allow_infinite: bool = False,
    ) -> SchemaBuilder:
        """Add a Float column."""
        return self.add_column(FloatMetaData(name, min_value, max_value, allow_nan, allow_infinite))

    def add_columns_float(
        self,
        *names: str,
        first: int | None = None,
        last: int | None = None,
        min_value: float | None = None,
        max_value: float | None = None,
        allow_nan: bool = False,
        allow_infinite: bool = False,
    ) -> SchemaBuilder:
        """Add Float columns."""
        return self._add(
            FloatMetaData,
            names,
            first,
            last,
            min_allowed_value=min_value,
            max_allowed_value=max_value,
            allow_nan=allow_nan,
            allow_infinite=allow_infinite,
        )

    def add_column_categorical(self, name: str, states: Iterable[str]) -> SchemaBuilder:
        """Add a Categorical column with its states in order."""
        if isinstance(states, str):
            raise SchemaError(
                f'column "{name}": states must be a list of strings, received {states!r}'
            )
        return self.add_column(CategoricalMetaData(name, tuple(states)))

    def add_column_time(
        self,
        name: str,
        time_zone: str = "UTC",
        *,
        min_time: int | None = None,
        max_time: int | None = None,
    ) -> SchemaBuilder:
        """Add a Time column (ms since 1970) shown in a zone."""
        return self.add_column(TimeMetaData(name, time_zone, min_time, max_time))

    def add_column_boolean(self, name: str) -> SchemaBuilder:
        """Add a Boolean column."""
        return self.add_column(BooleanMetaData(name))

    def add_column_bytes(self, name: str) -> SchemaBuilder:
        """Add a Bytes column."""
        return self.add_column(BinaryMetaData(name))

    def add_column_ndarray(self, name: str, shape: Iterable[int]) -> SchemaBuilder:
        """Add an NDArray column; −1 in the shape is a dimension of any length."""
        return self.add_column(NDArrayMetaData(name, tuple(shape)))

    def build(self) -> Schema:
        """Finish as a plain schema."""
        return Schema(tuple(self._columns))

    def build_sequence(
        self, *, min_length: int | None = None, max_length: int | None = None
    ) -> SequenceSchema:
        """Finish as a schema of sequences."""
        return SequenceSchema(tuple(self._columns), min_length, max_length)
