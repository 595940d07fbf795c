"""Values from spreadsheets and databases as values of records, and fitted to typed columns."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

from ..schema._metadata import AbstractColumnMetaData, ColumnType
from ..writables._writable import Writable

__all__ = ["fitted", "plain"]

_WHOLE = (ColumnType.INTEGER, ColumnType.LONG)
_TEXT = (ColumnType.STRING, ColumnType.CATEGORICAL)


def plain(value: Any) -> Any:
    """A driver's value as None, bool, int, float, text, bytes or datetime."""
    if value is None or isinstance(value, (str, bool, int, float, bytes, datetime.datetime)):
        return value
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return str(value)


def fitted(value: Any, meta: AbstractColumnMetaData) -> Any:
    """A plain value as the column's type wants it; fractions are never cut to whole numbers."""
    kind = meta.column_type
    if isinstance(value, datetime.datetime) and kind is not ColumnType.TIME:
        return value.isoformat()
    if kind in _WHOLE and isinstance(value, float):
        # Not cut: a fraction stays a text, and is refused as a whole number.
        return int(value) if value.is_integer() else str(value)
    if kind in _TEXT and isinstance(value, (int, float)):
        return Writable.of(value).text()
    return value
