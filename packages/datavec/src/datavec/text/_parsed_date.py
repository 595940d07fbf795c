"""The day that the fields of a parsed date mean, by the rules of Joda-Time."""

from __future__ import annotations

import calendar
import datetime as dt

__all__ = ["day_of_fields"]

_EPOCH = dt.date(1970, 1, 1)
_OF_A_YEAR = ("month", "week", "day", "day_of_year", "weekday")
_INTERACTING = frozenset({"weekyear", "week", "day_of_year", "weekday"})


def day_of_fields(values: dict[str, int]) -> int:
    """Days since 1970 of ``year century month day day_of_year weekyear week weekday``, where given.

    Without a year it is 2000, without any field of a date 1970-01-01. Fields are set from the
    longest to the shortest, each keeping what it can of the others, and then all once more: a
    weekday may have moved the day into another year.

    Raises:
        ValueError: a field has no such value, for instance the 30th of February.
        OverflowError: the year is out of reach.

    >>> day_of_fields({"year": 1970, "month": 2}), day_of_fields({"weekday": 3})  # 2000-12-27
    (31, 11318)
    """
    year = values.get("year", values["century"] * 100 if "century" in values else None)
    if year is None and "weekyear" not in values and any(k in values for k in _OF_A_YEAR):
        year = 2000
    if values.keys().isdisjoint(_INTERACTING):
        day = dt.date(1970 if year is None else year, values.get("month", 1), values.get("day", 1))
    else:
        given = {k: v for k, v in values.items() if k not in ("year", "century")}
        day = _EPOCH
        for first in (True, False):
            day = _set_all(day, year, given, floor=first)
    return (day - _EPOCH).days


def _set_all(day: dt.date, year: int | None, given: dict[str, int], floor: bool) -> dt.date:
    """Set each field; `floor` also goes back to the start of each, otherwise only of the last."""
    if year is not None:
        day = dt.date(year, day.month, min(day.day, _month_length(year, day.month)))
        day = day.replace(month=1, day=1) if floor else day
    if "weekyear" in given:
        to, (_, week, weekday) = given["weekyear"], day.isocalendar()
        day = dt.date.fromisocalendar(to, min(week, _weeks(to)), weekday)
        if floor or given.keys() == {"weekyear"}:
            day = dt.date.fromisocalendar(to, 1, 1)
    if "month" in given:
        month = given["month"]
        day = dt.date(day.year, month, min(day.day, _month_length(day.year, month)))
        day = day.replace(day=1) if floor else day
    if "week" in given:
        in_year, _, weekday = day.isocalendar()
        last = given.keys().isdisjoint(("day", "day_of_year", "weekday"))
        day = dt.date.fromisocalendar(in_year, given["week"], 1 if floor or last else weekday)
    if "day_of_year" in given:
        if not 1 <= given["day_of_year"] <= 365 + calendar.isleap(day.year):
            raise ValueError(f"day {given['day_of_year']} of the year {day.year}")
        day = dt.date(day.year, 1, 1) + dt.timedelta(given["day_of_year"] - 1)
    if "day" in given:
        day = day.replace(day=given["day"])
    if "weekday" in given:
        day += dt.timedelta(given["weekday"] - day.isoweekday())
    return day


def _month_length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _weeks(weekyear: int) -> int:
    return dt.date(weekyear, 12, 28).isocalendar()[1]
