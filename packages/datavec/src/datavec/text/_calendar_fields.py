"""Calendar fields of many instants at once, by Joda-Time's names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np

from ._zones import fixed_offset, offset_at, offsets_at

__all__ = ["calendar_field", "calendar_field_of", "field_names"]

Array = np.ndarray[Any, Any]
_DAY = 86_400_000


def _days(local: Array) -> Array:
    return np.floor_divide(local, _DAY).astype("M8[D]")


def _year(local: Array) -> Array:
    return _days(local).astype("M8[Y]").astype(np.int64) + 1970


def _day_of_week(local: Any) -> Any:
    return (local // _DAY + 3) % 7 + 1


def _iso_thursday(local: Array) -> Array:
    """The Thursday of the week, which decides the week's year."""
    return np.asarray(local + (4 - _day_of_week(local)) * _DAY)


def _day_of_year(local: Array) -> Array:
    days = _days(local)
    return np.asarray((days - days.astype("M8[Y]")).astype(np.int64) + 1)


def _of_day(local: Any, unit: int) -> Any:
    return local % _DAY // unit


def _date(local: int) -> dt.date:
    return dt.date.fromordinal(719_163 + local // _DAY)


def _one_year(local: int) -> int:
    return _date(local).year


_HOUR, _MINUTE, _SECOND = 3_600_000, 60_000, 1000
# One function for arrays and for single instants, or a pair of them.
_FIELDS: dict[str, Any] = {
    "era": (lambda t: np.ones(len(t), np.int64), lambda t: 1),
    "yearOfEra": (_year, _one_year),
    "centuryOfEra": (lambda t: _year(t) // 100, lambda t: _one_year(t) // 100),
    "yearOfCentury": (lambda t: _year(t) % 100, lambda t: _one_year(t) % 100),
    "year": (_year, _one_year),
    "dayOfYear": (_day_of_year, lambda t: _date(t).timetuple().tm_yday),
    "monthOfYear": (
        lambda t: _days(t).astype("M8[M]").astype(np.int64) % 12 + 1,
        lambda t: _date(t).month,
    ),
    "dayOfMonth": (
        lambda t: (_days(t) - _days(t).astype("M8[M]")).astype(np.int64) + 1,
        lambda t: _date(t).day,
    ),
    # the calendar year, as in the original
    "weekyearOfCentury": (lambda t: _year(t) % 100, lambda t: _one_year(t) % 100),
    "weekyear": (lambda t: _year(_iso_thursday(t)), lambda t: _date(t).isocalendar()[0]),
    "weekOfWeekyear": (
        lambda t: (_day_of_year(_iso_thursday(t)) - 1) // 7 + 1,
        lambda t: _date(t).isocalendar()[1],
    ),
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
    rule = _FIELDS[name]
    return np.asarray((rule[0] if isinstance(rule, tuple) else rule)(local)).astype(np.int32)


def calendar_field_of(name: str, zone: str) -> Callable[[int], int]:
    """`calendar_field` for single instants."""
    rule = _FIELDS[name]
    of_local: Callable[[int], int] = rule[1] if isinstance(rule, tuple) else rule
    fixed = fixed_offset(zone)
    if fixed is not None:
        return lambda instant: of_local(instant + fixed)
    return lambda instant: of_local(instant + offset_at(instant, zone))
