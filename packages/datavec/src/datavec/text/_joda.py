"""Date patterns of Joda-Time: parsing texts to instants, writing instants."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from nd4py import _core

from .._errors import DataVecError, UnsupportedTransformError
from ._parsed_date import day_of_fields
from ._zones import local_to_utc, offset_at, offsets_at, utc_of_local

__all__ = ["DateFormat", "date_format"]

Array = np.ndarray[Any, Any]
_DAY = 86_400_000

_NAMES = {
    "en": (
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "Mon Tue Wed Thu Fri Sat Sun",
    ),
    "de": (
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "Mo Di Mi Do Fr Sa So",
    ),
}
# letter → (name of the field, most digits a text may have)
NUMERIC = {
    "y": ("year", 9),
    "Y": ("year", 9),
    "x": ("weekyear", 9),
    "C": ("century", 9),
    "M": ("month", 2),
    "d": ("day", 2),
    "D": ("day_of_year", 3),
    "w": ("week", 2),
    "e": ("weekday", 1),
    "H": ("hour", 2),
    "k": ("clock_hour", 2),
    "K": ("half_hour", 2),
    "h": ("clock_half_hour", 2),
    "m": ("minute", 2),
    "s": ("second", 2),
    "S": ("fraction", 9),
}
LIMITS = {
    "hour": (0, 23),
    "clock_hour": (1, 24),
    "half_hour": (0, 11),
    "clock_half_hour": (1, 12),
    "minute": (0, 59),
    "second": (0, 59),
    "month": (1, 12),
    "weekday": (1, 7),
}


# field → milliseconds of one, and its greatest value
_CLOCK = {"hour": (3_600_000, 23), "minute": (60_000, 59), "second": (1000, 59)}


class BadTime(ValueError):
    """A text that is no time of the pattern."""


@dataclass(frozen=True)
class Token:
    """One part of a pattern."""

    letter: str  # "" for literal text
    text: str  # the literal, or the repeated letter

    @property
    def count(self) -> int:
        return len(self.text)

    @property
    def is_number(self) -> bool:
        return self.letter in NUMERIC and not (self.letter == "M" and self.count >= 3)


_QUOTED = re.compile("'((?:[^']|'')*)'")


def _tokens(pattern: str) -> list[Token]:
    out: list[Token] = []
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if c.isascii() and c.isalpha():
            j = i
            while j < len(pattern) and pattern[j] == c:
                j += 1
            out.append(Token(c, pattern[i:j]))
            i = j
        elif c == "'":
            if pattern[i + 1 : i + 2] == "'":
                out.append(Token("", "'"))
                i += 2
                continue
            m = _QUOTED.match(pattern, i)
            if m is None:
                raise DataVecError(f"date pattern {pattern!r}: a quote is not closed")
            out.append(Token("", m[1].replace("''", "'")))
            i = m.end()
        else:
            out.append(Token("", c))
            i += 1
    return out


class DateFormat:
    """One pattern in one locale.

    >>> fmt = DateFormat("yyyy-MM-dd HH:mm")
    >>> fmt.parse_all(["1970-01-02 00:00"], "UTC")[0].tolist()
    [86400000]
    """

    def __init__(self, pattern: str, locale: str | None = None) -> None:
        language = (locale or "en").replace("-", "_").split("_")[0].lower() or "en"
        if language not in _NAMES:
            raise UnsupportedTransformError(
                f"date pattern {pattern!r}: locale {locale!r} is not supported; "
                f"supported are {', '.join(sorted(_NAMES))}"
            )
        if not pattern:
            raise DataVecError("date pattern: it is empty; leave it out to try the common patterns")
        self.pattern = pattern
        self.names = tuple(names.split() for names in _NAMES[language])
        self.tokens = _tokens(pattern)
        for token in self.tokens:
            if token.letter and token.letter not in NUMERIC and token.letter not in "EaZzG":
                raise DataVecError(
                    f"date pattern {pattern!r}: unknown letter {token.letter!r}; "
                    "quote literal text with '...'"
                )
        self.expression, self.fields = self._compile()
        self._regex = re.compile(self.expression, re.ASCII)
        self._fixed = self._fixed_layout()

    # --- parsing --------------------------------------------------------------------------------

    def _compile(self) -> tuple[str, list[Token]]:
        parts, fields = [], []
        for i, token in enumerate(self.tokens):
            following = self.tokens[i + 1] if i + 1 < len(self.tokens) else None
            if not token.letter:
                text = re.escape(token.text)  # of a literal the case does not matter
                parts.append(f"(?i:{text})" if any(c.isalpha() for c in text) else text)
                continue
            fields.append(token)
            if token.is_number:
                most = NUMERIC[token.letter][1]
                sign = "[+-]?" if token.letter in "yYx" else ""
                if token.letter == "S":
                    most = token.count
                elif token.letter in "yYxC" and following is not None and following.is_number:
                    most, sign = token.count, ""
                parts.append(f"({sign}[0-9]{{1,{most}}}+)")
            elif token.letter == "M":
                parts.append(self._any_of(self.names[0] + self.names[1]))
            elif token.letter == "E":
                parts.append(self._any_of(self.names[2] + self.names[3]))
            elif token.letter == "a":
                parts.append("(AM|PM|am|pm)")
            elif token.letter == "Z":
                parts.append(
                    r"([+-][0-9]{2}(?::?[0-9]{2})?(?::?[0-9]{2})?|Z|[A-Z][A-Za-z_]+(?:/\w+)*)"
                )
            elif token.letter == "G":
                parts.append("(AD|BC|ad|bc)")
            else:
                parts.append(r"([A-Z]+)")
        return "".join(parts) + r"\Z", fields

    @staticmethod
    def _any_of(names: list[str]) -> str:
        longest_first = sorted(set(names), key=len, reverse=True)
        return "((?i:" + "|".join(re.escape(n) for n in longest_first) + r")\.?)"

    def parse_all(self, texts: list[str], zone: str) -> tuple[Array, Array]:
        """Instants in ms, and a mask that is true where a text is no time of the pattern."""
        local = np.zeros(len(texts), np.int64)
        fixed = np.zeros(len(texts), bool)  # the text itself names an offset
        bad = np.zeros(len(texts), bool)
        for i, text in enumerate(texts):
            try:
                local[i], offset = self._parse(text)
            except BadTime:
                bad[i] = True
                continue
            if offset is not None:
                fixed[i] = True
                local[i] -= offset
        instants, gap = local_to_utc(local, zone)
        return np.where(fixed, local, instants), bad | (gap & ~fixed)

    def parser(self, zone: str) -> Callable[[str], int]:
        """A function from one text to its instant, which raises BadTime."""

        def any_layout(text: str) -> int:
            local, offset = self._parse(text)
            instant = utc_of_local(local, zone) if offset is None else local - offset
            if instant is None:
                raise BadTime
            return instant

        at = {name: i for i, (name, _, _) in enumerate(self._fixed or ())}
        if not {"year", "month", "day"} <= at.keys():
            return any_layout
        match = re.compile(
            "".join(f"([0-9]{{{t.count}}})" if t.letter else re.escape(t.text) for t in self.tokens)
            + r"\Z"
        ).match
        year, month, day = at["year"], at["month"], at["day"]
        clock = [(at[n], *_CLOCK[n]) for n in _CLOCK if n in at]
        if "fraction" in at:
            clock.append((at["fraction"], 10 ** (3 - (self._fixed or ())[at["fraction"]][2]), 999))

        def fixed_layout(text: str) -> int:
            m = match(text)
            if m is None:
                return any_layout(text)
            found = m.groups()
            date = dt.date(int(found[year]), int(found[month]), int(found[day]))
            local = (date.toordinal() - 719_163) * _DAY
            for i, factor, most in clock:
                number = int(found[i])
                if number > most:
                    raise BadTime
                local += number * factor
            instant = utc_of_local(local, zone)
            if instant is None:
                raise BadTime
            return instant

        return fixed_layout

    def _parse(self, text: str) -> tuple[int, int | None]:
        m = self._regex.match(text)
        if m is None:
            raise BadTime
        values: dict[str, int] = {}
        offset: int | None = None
        for token, found in zip(self.fields, m.groups(), strict=True):
            if token.is_number:
                name = NUMERIC[token.letter][0]
                number = int(found)
                if token.letter in "yYx" and token.count == 2 and len(found) == 2:
                    number = pivoted(number)
                elif token.letter == "S":
                    number = int(found[:3].ljust(3, "0"))
                elif token.letter == "e" and number == 0:
                    raise BadTime
                values[name] = number
            elif token.letter == "M":
                values["month"] = self._number_of(found, 0) + 1
            elif token.letter == "E":
                values["weekday"] = self._number_of(found, 2) + 1
            elif token.letter == "a":
                values["half"] = int(found.upper() == "PM")
            elif token.letter == "Z":
                offset = offset_of(found)
            elif token.letter == "G" and found.upper() == "BC":
                raise UnsupportedTransformError(
                    "date pattern: years before Christ are not supported"
                )
            elif token.letter == "z":
                if found not in ("UTC", "GMT"):
                    raise UnsupportedTransformError(
                        f"date pattern: zone name {found!r} cannot be parsed; use offsets (Z)"
                    )
                offset = 0
        for name, (low, high) in LIMITS.items():
            if name in values and not low <= values[name] <= high:
                raise BadTime
        try:
            return day_of_fields(values) * _DAY + _time(values), offset
        except (ValueError, OverflowError):
            raise BadTime from None

    def _number_of(self, name: str, which: int) -> int:
        wanted = name.rstrip(".").lower()
        for names in self.names[which : which + 2]:
            for i, n in enumerate(names):
                if n.lower() == wanted:
                    return i
        raise BadTime

    # --- texts of one fixed layout, many at once --------------------------------------------------

    def _fixed_layout(self) -> list[tuple[str, int, int]] | None:
        """Field, start and length, for numeric patterns whose texts all have the same length."""
        layout, at = [], 0
        for token in self.tokens:
            if not token.letter:
                if not token.text.isascii():
                    return None
            elif (
                token.is_number
                and token.letter in "yYMdHmsS"
                and token.count
                in ((4,) if token.letter in "yY" else (1, 2, 3) if token.letter == "S" else (2,))
            ):
                layout.append((NUMERIC[token.letter][0], at, token.count))
            else:
                return None
            at += token.count
        names = [name for name, _, _ in layout]
        return layout if "year" in names and len(set(names)) == len(names) else None

    @property
    def width(self) -> int | None:
        """Length of every text, for patterns that `parse_fixed` can read."""
        return None if self._fixed is None else sum(t.count for t in self.tokens)

    def parse_fixed(self, characters: Array, zone: str) -> tuple[Array, Array]:
        """As `parse_all`, for texts of `width` ASCII characters as a uint8 matrix [n, width]."""
        pattern = "".join("0" * t.count if t.letter else t.text for t in self.tokens)
        millis, bad = _core.parse_times(
            np.ascontiguousarray(characters), pattern, self._fixed or []
        )
        instants, gap = local_to_utc(millis, zone)
        return instants, bad.astype(bool) | gap

    # --- writing --------------------------------------------------------------------------------

    def write_all(self, instants: Array, zone: str) -> list[str]:
        """The texts of instants (ms) in a zone."""
        offsets = offsets_at(instants, zone)
        return [
            self._write(local, offset, zone)
            for local, offset in zip((instants + offsets).tolist(), offsets.tolist(), strict=True)
        ]

    def write_one(self, instant: int, zone: str) -> str:
        """The text of one instant (ms) in a zone."""
        offset = offset_at(instant, zone)
        return self._write(instant + offset, offset, zone)

    def _write(self, local: int, offset: int, zone: str) -> str:
        days, ms = divmod(local, _DAY)
        date = dt.date(1970, 1, 1) + dt.timedelta(days)
        hour = ms // 3_600_000
        out = []
        for token in self.tokens:
            letter, n = token.letter, token.count
            if not letter:
                out.append(token.text)
            elif letter == "S":
                out.append(f"{ms % 1000:03d}".ljust(n, "0")[:n])
            elif letter in "yYx":
                year = date.isocalendar()[0] if letter == "x" else date.year
                out.append(f"{year % 100:02d}" if n == 2 else f"{year:0{n}d}")
            elif token.is_number:
                out.append(f"{_part(letter, date, hour, ms):0{n}d}")
            elif letter == "M":
                out.append(self.names[0 if n >= 4 else 1][date.month - 1])
            elif letter == "E":
                out.append(self.names[2 if n >= 4 else 3][date.weekday()])
            elif letter == "a":
                out.append("PM" if hour >= 12 else "AM")
            elif letter == "G":
                out.append("AD")
            elif letter == "Z":
                out.append(offset_text(offset, n, zone))
            else:  # Java's names of zones are not those that Joda-Time looks for, so it writes this
                out.append(offset_text(offset, 2, zone))
        return "".join(out)


def _part(letter: str, date: dt.date, hour: int, ms: int) -> int:
    if letter == "M":
        return date.month
    if letter == "d":
        return date.day
    if letter == "D":
        return date.timetuple().tm_yday
    if letter == "w":
        return date.isocalendar()[1]
    if letter == "e":
        return date.isoweekday()
    if letter == "C":
        return date.year // 100
    if letter == "H":
        return hour
    if letter == "k":
        return hour or 24
    if letter == "K":
        return hour % 12
    if letter == "h":
        return hour % 12 or 12
    return ms // 60_000 % 60 if letter == "m" else ms // 1000 % 60


def pivoted(two_digits: int) -> int:
    """Years of two digits lie from 80 years ago to 19 years ahead."""
    start = dt.date.today().year - 80
    return start + (two_digits - start) % 100


def offset_of(text: str) -> int:
    if text == "Z" or text in ("UTC", "GMT"):
        return 0
    digits = re.sub("[^0-9]", "", text)
    if not digits:
        raise UnsupportedTransformError(f"time {text!r}: zone ids in texts are not supported")
    hours, minutes = int(digits[:2]), int(digits[2:4] or 0)
    if hours > 23 or minutes > 59:
        raise BadTime
    total = hours * 3_600_000 + minutes * 60_000 + int(digits[4:6] or 0) * 1000
    return -total if text[0] == "-" else total


def offset_text(offset: int, count: int, zone: str) -> str:
    if count >= 3:
        return zone
    sign = "-" if offset < 0 else "+"
    minutes = abs(offset) // 60_000
    colon = ":" if count == 2 else ""
    return f"{sign}{minutes // 60:02d}{colon}{minutes % 60:02d}"


def _time(v: dict[str, int]) -> int:
    hour = v.get("hour", v["clock_hour"] % 24 if "clock_hour" in v else 0)
    half = v.get("half_hour", v["clock_half_hour"] % 12 if "clock_half_hour" in v else None)
    if half is not None or "half" in v:
        hour = (hour % 12 if half is None else half) + 12 * v.get("half", 0)
    return (
        hour * 3_600_000
        + v.get("minute", 0) * 60_000
        + v.get("second", 0) * 1000
        + v.get("fraction", 0)
    )


@lru_cache(maxsize=128)
def date_format(pattern: str, locale: str | None = None) -> DateFormat:
    """A shared DateFormat."""
    return DateFormat(pattern, locale)
