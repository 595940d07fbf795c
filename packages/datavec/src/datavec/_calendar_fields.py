"""Calendar fields of many instants at once, by Joda-Time's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._zones import offsets_at

__all__ = ["calendar_field", "field_names"]

Array = np.ndarray[Any, Any]
_DAY = 86_400_000


def _days(local: Array) -> Array:
    return np.floor_divide(local, _DAY).astype("M8[D]")


def _year(local: Array) -> Array:
    return _days(local).astype("M8[Y]").astype(np.int64) + 1970


def _day_of_week(local: Array) -> Array:
    return np.asarray((np.floor_divide(local, _DAY) + 3) % 7 + 1)


def _iso_thursday(local: Array) -> Array:
    """The Thursday of the week, which decides the week's year."""
    return np.asarray(local + (4 - _day_of_week(local)) * _DAY)


def _day_of_year(local: Array) -> Array:
    days = _days(local)
    return np.asarray((days - days.astype("M8[Y]")).astype(np.int64) + 1)


def _of_day(local: Array, unit: int) -> Array:
    return np.asarray(local % _DAY // unit)


_HOUR, _MINUTE, _SECOND = 3_600_000, 60_000, 1000
_FIELDS: dict[str, Any] = {
    "era": lambda t: np.ones(len(t), np.int64),
    "yearOfEra": _year,
    "centuryOfEra": lambda t: _year(t) // 100,
    "yearOfCentury": lambda t: _year(t) % 100,
    "year": _year,
    "dayOfYear": _day_of_year,
    "monthOfYear": lambda t: _days(t).astype("M8[M]").astype(np.int64) % 12 + 1,
    "dayOfMonth": lambda t: (_days(t) - _days(t).astype("M8[M]")).astype(np.int64) + 1,
    "weekyearOfCentury": lambda t: _year(t) % 100,  # the calendar year, as in the original
    "weekyear": lambda t: _year(_iso_thursday(t)),
    "weekOfWeekyear": lambda t: (_day_of_year(_iso_thursday(t)) - 1) // 7 + 1,
    "dayOfWeek": _day_of_week,
    "halfdayOfDay": lambda t: _of_day(t, 12 * _HOUR),
    "hourOfHalfday": lambda t: _of_day(t, _HOUR) % 12,
    "clockhourOfHalfday": lambda t: (_of_day(t, _HOUR) + 11) % 12 + 1,
    "clockhourOfDay": lambda t: (_of_day(t, _HOUR) + 23) % 24 + 1,
    "hourOfDay": lambda t: _of_day(t, _HOUR),
    "minuteOfDay": lambda t: _of_day(t, _MINUTE),
    "minuteOfHour": lambda t: _of_day(t, _MINUTE) % 60,
    "secondOfDay": lambda t: _of_day(t, _SECOND),
    "secondOfMinute": lambda t: _of_day(t, _SECOND) % 60,
    "millisOfDay": lambda t: t % _DAY,
    "millisOfSecond": lambda t: t % 1000,
}


def field_names() -> tuple[str, ...]:
    """The names of Joda's date-time fields."""
    return tuple(_FIELDS)


def calendar_field(name: str, instants: Array, zone: str) -> Array:
    """A calendar field (int32) of instants in ms, in a zone; `name` as Joda's ``hourOfDay``."""
    local = instants + offsets_at(instants, zone)
    return np.asarray(_FIELDS[name](local)).astype(np.int32)
