"""Finding the values that columns take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ._errors import SchemaError
from .writables._writable import Writable

__all__ = ["infer_categories", "unique_values"]


def unique_values(records: Iterable[Sequence[Any]], *columns: int) -> list[set[Any]]:
    """The different values of columns, by position, over all records of a reader or list.

    Raises:
        SchemaError: a record without such a column.
    """
    found: list[set[Any]] = [set() for _ in columns]
    for i, record in enumerate(records):
        for values, column in zip(found, columns, strict=True):
            if not 0 <= column < len(record):
                raise SchemaError(f"record {i} has {len(record)} values, so no column {column}")
            values.add(record[column])
    return found


def infer_categories(records: Iterable[Sequence[Any]], *columns: int) -> list[list[str]]:
    """The different texts of columns, sorted: state lists for categorical columns.

    Answers to ``TransformProcess.inferCategories``.

    >>> infer_categories([["b", 1], ["a", 2], ["b", 3]], 0)
    [['a', 'b']]
    """
    return [
        sorted({v if isinstance(v, str) else Writable.of(v).text() for v in values})
        for values in unique_values(records, *columns)
    ]
