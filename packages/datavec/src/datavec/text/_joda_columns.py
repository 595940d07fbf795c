"""Whole columns of times by Joda patterns: what `DateFormat` does for one text, with vector operations.

Parsing cuts all texts into fields with one regular expression of Arrow (RE2) and computes with the
numbers; writing makes one column of texts per part of the pattern. What is rare (week years, eras,
zone names, two numbers without anything between them) is left to `DateFormat`, text by text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..columns._arrow_arrays import arrow_array, constant, numpy_array, text_array
from ._calendar_fields import calendar_field
from ._joda import LIMITS, NUMERIC, BadTime, DateFormat, Token, offset_of, offset_text, pivoted
from ._zones import local_to_utc, offsets_at

__all__ = ["parse_column", "unwritable", "write_column"]

Array = np.ndarray[Any, Any]
_DAY = 86_400_000
_YEAR_1, _YEAR_10000 = -62_135_596_800_000, 253_402_300_800_000
_PARSED = frozenset("yYMdHkKhmsSEaZ")
_WRITTEN = {
    "M": "monthOfYear",
    "d": "dayOfMonth",
    "D": "dayOfYear",
    "w": "weekOfWeekyear",
    "e": "dayOfWeek",
    "H": "hourOfDay",
    "k": "clockhourOfDay",
    "K": "hourOfHalfday",
    "h": "clockhourOfHalfday",
    "m": "minuteOfHour",
    "s": "secondOfMinute",
    "S": "millisOfSecond",
    "y": "year",
    "Y": "year",
    "x": "weekyear",
    "C": "centuryOfEra",
    "E": "dayOfWeek",
    "a": "halfdayOfDay",
}


# --- parsing -----------------------------------------------------------------------------------


def parse_column(layout: DateFormat, texts: pa.Array, zone: str) -> tuple[Array, Array]:
    """Instants (ms) of texts without missing values, and a mask that is true where one is no time.

    >>> from ._joda import date_format
    >>> instants, bad = parse_column(date_format("d MMM yyyy"), pa.array(["2 Jan 1970", "x"]), "UTC")
    >>> instants.tolist(), bad.tolist()
    ([86400000, 0], [False, True])
    """
    if not _is_common(layout):
        return layout.parse_all(texts.to_pylist(), zone)
    found = pc.extract_regex(texts, _re2(layout))
    bad = numpy_array(found.is_null())
    values: dict[str, Array] = {}
    offsets: Array | None = None
    for i, token in enumerate(layout.fields):
        part = pc.fill_null(found.field(i), constant(""))
        if token.letter == "Z":
            offsets, wrong = _offsets(part)
            bad |= wrong
        else:
            name, numbers = _numbers(layout, token, part)
            values[name] = numbers
    for name, (low, high) in LIMITS.items():
        if name in values:
            bad |= (values[name] < low) | (values[name] > high)
    days, wrong = _days(values, len(texts))
    bad |= wrong
    local = np.where(bad, 0, days * _DAY + _clock(values, len(texts)))
    if offsets is not None:
        return np.where(bad, 0, local - offsets), bad
    instants, gap = local_to_utc(local, zone)
    return np.where(bad, 0, instants), bad | gap


def _is_common(layout: DateFormat) -> bool:
    """Whether the fields are the usual ones, and nobody has to guess where a number ends."""
    names = [NUMERIC[t.letter][0] if t.is_number else t.letter for t in layout.fields]
    if len(set(names)) != len(names) or not all(t.letter in _PARSED for t in layout.fields):
        return False
    if "\\" in layout.pattern:
        return False
    if "E" in names and not ("day" in names and {"M", "month"} & {*names}):
        return False  # a weekday alone may lead into another year
    for token, following in zip(layout.tokens, layout.tokens[1:], strict=False):
        starts = following.is_number or (not following.letter and following.text[0].isdigit())
        if token.is_number and starts:
            return False
    return True


def _re2(layout: DateFormat) -> str:
    """The layout's expression for RE2: named groups, and nothing possessive."""
    source = layout.expression.replace("}+", "}").replace("\\Z", "\\z")
    number = iter(range(len(layout.fields)))
    # A group that captures is a bracket that is neither escaped nor followed by "?".
    named = re.sub(r"(?<!\\)\((?!\?)", lambda m: f"(?P<f{next(number)}>", source)
    return "^" + named


def _numbers(layout: DateFormat, token: Token, part: pa.Array) -> tuple[str, Array]:
    if token.letter == "a":
        return "half", numpy_array(pc.equal(pc.utf8_upper(part), constant("PM"))).astype(np.int64)
    if not token.is_number:
        which = 0 if token.letter == "M" else 2
        names = [n.lower() for n in layout.names[which] + layout.names[which + 1]]
        index = pc.index_in(pc.utf8_lower(pc.utf8_rtrim(part, ".")), text_array(names))
        size = len(layout.names[which])
        return ("month" if which == 0 else "weekday"), numpy_array(
            pc.fill_null(index, constant(0, index.type))
        ).astype(np.int64) % size + 1
    if token.letter == "S":
        part = pc.utf8_rpad(pc.utf8_slice_codeunits(part, 0, 3), 3, "0")
    numbers = numpy_array(pc.cast(_digits(part), pa.int64()))
    if token.letter in "yY" and token.count == 2:
        short = numpy_array(pc.equal(pc.binary_length(part), constant(2)))
        years = np.array([pivoted(n) for n in range(100)])
        numbers = np.where(short, years[numbers % 100], numbers)
    return NUMERIC[token.letter][0], numbers


def _digits(part: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(part, constant("")), constant("0"), pc.utf8_ltrim(part, "+"))


def _offsets(part: pa.Array) -> tuple[Array, Array]:
    encoded = part.dictionary_encode()
    values, wrong = [], []
    for text in encoded.dictionary.to_pylist():
        try:
            values.append(offset_of(text) if text else 0)
            wrong.append(False)
        except BadTime:
            values.append(0)
            wrong.append(True)
    codes = numpy_array(encoded.indices)
    return np.array(values, np.int64)[codes], np.array(wrong, bool)[codes]


def _days(values: dict[str, Array], count: int) -> tuple[Array, Array]:
    """Days since 1970, and where there is no such day."""
    dated = not values.keys().isdisjoint(("month", "day", "weekday"))
    year = values.get("year", np.full(count, 2000 if dated else 1970))
    bad = (year < 1) | (year > 9999)
    month = values.get("month", np.ones(count, np.int64))
    first = (np.where(bad, 1970, year) - 1970) * 12 + np.clip(month, 1, 12) - 1
    months = first.astype("datetime64[M]")
    start = months.astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[D]").astype(np.int64) - start
    day = values.get("day", np.ones(count, np.int64))
    bad |= (day < 1) | (day > length)
    days = start + day - 1
    if "weekday" in values:  # it wins, within the ISO week
        days += values["weekday"] - ((days + 3) % 7 + 1)
    return days, bad


def _clock(values: dict[str, Array], count: int) -> Array:
    """Milliseconds since midnight."""
    zero = np.zeros(count, np.int64)
    hour = values.get("hour", values.get("clock_hour", zero) % 24)
    half = values.get("half_hour")
    if "clock_half_hour" in values:
        half = values["clock_half_hour"] % 12 if half is None else half
    if half is not None or "half" in values:
        hour = (hour % 12 if half is None else half) + 12 * values.get("half", zero)
    seconds = hour * 3600 + values.get("minute", zero) * 60 + values.get("second", zero)
    return np.asarray(seconds * 1000 + values.get("fraction", zero))


# --- writing -----------------------------------------------------------------------------------


def unwritable(instants: Array, zone: str) -> Array:
    """Where an instant (ms) is outside of the years 1 to 9999, which is as far as the calendar goes."""
    near = (instants >= _YEAR_1 - _DAY) & (instants < _YEAR_10000 + _DAY)  # offsets are below a day
    bad = ~near
    local = instants[near] + offsets_at(instants[near], zone)
    bad[near] = (local < _YEAR_1) | (local >= _YEAR_10000)
    return np.asarray(bad)


def write_column(layout: DateFormat, instants: Array, zone: str) -> pa.Array:
    """The texts of instants (ms) in a zone.

    >>> from ._joda import date_format
    >>> write_column(date_format("d MMM yyyy"), np.array([86_400_000]), "UTC").to_pylist()
    ['2 Jan 1970']
    """
    letters = {t.letter for t in layout.tokens if t.letter}
    offsets = offsets_at(instants, zone)
    local = instants + offsets
    usual = letters <= {*_WRITTEN, "Z"} and ((local >= _YEAR_1) & (local < _YEAR_10000)).all()
    if not len(instants) or not usual or not letters:
        return text_array(layout.write_all(instants, zone))
    parts: list[Any] = []
    for token in layout.tokens:
        if not token.letter:
            parts.append(token.text)
            continue
        if token.letter == "Z":
            unique, codes = np.unique(offsets, return_inverse=True)
            named = text_array([offset_text(o, token.count, zone) for o in unique.tolist()])
            parts.append(named.take(arrow_array(codes)))
            continue
        numbers = calendar_field(_WRITTEN[token.letter], local, "UTC").astype(np.int64)
        if token.letter in "yYx" and token.count == 2:
            numbers = numbers % 100
        # Each different number is written once; there are at most some thousand.
        low = int(numbers.min())
        write = _writer(layout, token)
        table = text_array([write(n) for n in range(low, int(numbers.max()) + 1)])
        parts.append(table.take(arrow_array(numbers - low)))
    return pc.binary_join_element_wise(*parts, "")


def _writer(layout: DateFormat, token: Token) -> Callable[[int], str]:
    letter, n = token.letter, token.count
    if letter == "S":
        return lambda v: f"{v:03d}".ljust(n, "0")[:n]
    if letter == "a":
        return lambda v: "PM" if v else "AM"
    if not token.is_number:
        names = layout.names[(0 if letter == "M" else 2) + (n < 4)]
        return lambda v: names[v - 1]
    return lambda v: f"{v:0{n}d}"
