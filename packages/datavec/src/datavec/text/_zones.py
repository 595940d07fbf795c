"""Time zones: offsets of many instants at once, from the zone's table of transitions."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from bisect import bisect_right
from functools import lru_cache
from typing import Any

import numpy as np

from .._errors import SchemaError

__all__ = ["check_zone", "fixed_offset", "local_to_utc", "offset_at", "offsets_at", "utc_of_local"]

Array = np.ndarray[Any, Any]
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})(?::?(\d{2}))?\Z")
_DAY = 86_400_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_UTC_NAMES = {"UTC", "GMT", "Z", "Etc/UTC", "UCT", "Zulu"}


@lru_cache(maxsize=256)
def fixed_offset(zone: str) -> int | None:
    """Offset from UTC in ms of a zone that always has the same; None for others."""
    if zone in _UTC_NAMES:
        return 0
    if m := _OFFSET.match(zone):
        seconds = int(m[2]) * 3600 + int(m[3]) * 60 + int(m[4] or 0)
        return (-seconds if m[1] == "-" else seconds) * 1000
    return None


@lru_cache(maxsize=256)
def _zone(zone: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise SchemaError(
            f"time zone {zone!r} is unknown; use a name such as 'UTC' or 'America/New_York', "
            "or an offset such as '-04:00'"
        ) from None


def check_zone(zone: str) -> None:
    """Raise SchemaError when a zone id is unknown."""
    if not isinstance(zone, str):
        raise SchemaError(f"time zone must be a string, received {zone!r}")
    if fixed_offset(zone) is None:
        _zone(zone)


def offsets_at(instants: Array, zone: str) -> Array:
    """Offset from UTC in ms (int64) that holds in `zone` at each instant (ms since 1970)."""
    fixed = fixed_offset(zone)
    if fixed is not None:
        return np.full(len(instants), fixed, np.int64)
    if len(instants) == 0:
        return np.zeros(0, np.int64)
    starts, offsets = _table(zone, int(instants.min()) // _YEARS, int(instants.max()) // _YEARS)
    return offsets[np.searchsorted(starts, instants, side="right") - 1]


_YEARS = 3652 * _DAY  # tables are built for spans of ten years


@lru_cache(maxsize=256)
def _table(zone: str, first: int, last: int) -> tuple[Array, Array]:
    """Starts of all offset periods between two spans, and their offsets."""
    z = _zone(zone)
    low = max(first * _YEARS - _DAY, -62_135_596_800_000 + 2 * _DAY)
    high = min((last + 1) * _YEARS + _DAY, 253_402_214_400_000)
    starts, offsets = [np.iinfo(np.int64).min], [_offset(z, low)]
    # Walk in steps shorter than any known daylight-saving period, then close in by halving.
    step = 6 * _DAY
    for at in range(low, high, step):
        left, right = at, min(at + step, high)
        if _offset(z, right) == offsets[-1]:
            continue
        before = offsets[-1]
        while right - left > 1000:
            middle = (left + right) // 2 // 1000 * 1000
            if middle <= left:
                break
            if _offset(z, middle) == before:
                left = middle
            else:
                right = middle
        starts.append(right)
        offsets.append(_offset(z, right))
    return np.array(starts, np.int64), np.array(offsets, np.int64)


def _offset(zone: zoneinfo.ZoneInfo, instant: int) -> int:
    at = (_EPOCH + dt.timedelta(milliseconds=instant)).astimezone(zone).utcoffset()
    return 0 if at is None else at // dt.timedelta(milliseconds=1)


def local_to_utc(local: Array, zone: str) -> tuple[Array, Array]:
    """Turn local times (ms, as if UTC) into instants.

    Returns:
        The instants, the earlier one where the hour exists twice, and a mask that is true where
        the local time does not exist (the gap when daylight saving begins).
    """
    fixed = fixed_offset(zone)
    if fixed is not None:
        return local - fixed, np.zeros(len(local), bool)
    before = offsets_at(local - _DAY, zone)
    after = offsets_at(local + _DAY, zone)
    first, second = local - before, local - after
    first_ok = offsets_at(first, zone) == before
    second_ok = offsets_at(second, zone) == after
    return np.where(first_ok, first, second), ~(first_ok | second_ok)


# --- one instant --------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _span(zone: str, span: int) -> tuple[list[int], list[int]]:
    starts, offsets = _table(zone, span, span)
    return starts.tolist(), offsets.tolist()


def offset_at(instant: int, zone: str) -> int:
    """`offsets_at` of one instant."""
    fixed = fixed_offset(zone)
    if fixed is not None:
        return fixed
    starts, offsets = _span(zone, instant // _YEARS)
    return offsets[bisect_right(starts, instant) - 1]


def utc_of_local(local: int, zone: str) -> int | None:
    """`local_to_utc` of one local time; None where it does not exist."""
    fixed = fixed_offset(zone)
    if fixed is not None:
        return local - fixed
    for day in (-_DAY, _DAY):
        offset = offset_at(local + day, zone)
        if offset_at(local - offset, zone) == offset:
            return local - offset
    return None
