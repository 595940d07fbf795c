r"""Sets of characters in Java's regular expressions: ``[a-z&&[^aeiou]]``, ``\p{Lu}``, ``\h``.

Python's `re` knows neither nested classes nor intersections nor categories, so a set is worked out
here, as ranges of code points, and written as one plain class.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from itertools import pairwise

from .._errors import UnsupportedTransformError

__all__ = ["Ranges", "class_text", "parse_class", "parse_escape"]

Ranges = tuple[tuple[int, int], ...]
"""Sorted, inclusive ranges that neither meet nor overlap."""

_LAST = sys.maxunicode
_HEX = "0123456789abcdefABCDEF"


def union(*sets: Ranges) -> Ranges:
    """Code points that are in any of the sets."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(r for s in sets for r in s):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)


def complement(ranges: Ranges) -> Ranges:
    """Code points that are not in the set."""
    edges = [(-1, -1), *ranges, (_LAST + 1, _LAST + 1)]
    gaps = ((a[1] + 1, b[0] - 1) for a, b in pairwise(edges))
    return tuple((low, high) for low, high in gaps if low <= high)


def intersection(a: Ranges, b: Ranges) -> Ranges:
    """Code points that are in both sets."""
    return complement(union(complement(a), complement(b)))


def class_text(ranges: Ranges) -> str:
    """The set as a character class of Python's `re`.

    >>> class_text(((97, 99), (120, 120)))
    '[a-cx]'
    """
    if not ranges:
        return r"[^\x00-\U0010ffff]"
    if ranges == ((0, _LAST),):
        return r"[\x00-\U0010ffff]"
    body = "".join(
        _char(low) if low == high else f"{_char(low)}-{_char(high)}" for low, high in ranges
    )
    return f"[{body}]"


def _char(code: int) -> str:
    if chr(code).isascii() and chr(code).isalnum():
        return chr(code)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def _of(text: str) -> Ranges:
    """The set of the characters of a text; ``a-z`` means a range."""
    out, i = [], 0
    while i < len(text):
        if text[i + 1 : i + 2] == "-" and i + 2 < len(text):
            out.append((ord(text[i]), ord(text[i + 2])))
            i += 3
        else:
            out.append((ord(text[i]), ord(text[i])))
            i += 1
    return union(tuple(out))


_DIGITS, _WORD, _SPACE = _of("0-9"), _of("a-zA-Z0-9_"), _of(" \t\n\x0b\f\r")
_HORIZONTAL = _of(" \t\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000")
_VERTICAL = _of("\n-\r\x85\u2028\u2029")
_SETS = {"d": _DIGITS, "w": _WORD, "s": _SPACE, "h": _HORIZONTAL, "v": _VERTICAL}
_SETS |= {name.upper(): complement(ranges) for name, ranges in _SETS.items()}
_CHARACTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}

# POSIX classes of java.util.regex.Pattern, ASCII only as there.
_POSIX = {
    "Lower": _of("a-z"),
    "Upper": _of("A-Z"),
    "ASCII": _of("\x00-\x7f"),
    "Alpha": _of("a-zA-Z"),
    "Digit": _DIGITS,
    "Alnum": _of("a-zA-Z0-9"),
    "Punct": _of("!-/:-@[-`{-~"),
    "Graph": _of("!-~"),
    "Print": _of(" -~"),
    "Blank": _of(" \t"),
    "Cntrl": _of("\x00-\x1f\x7f"),
    "XDigit": _of("0-9a-fA-F"),
    "Space": _SPACE,
}


@cache
def _categories() -> dict[str, Ranges]:
    """Ranges of each two-letter category; made once, when a pattern first asks for one."""
    found: dict[str, list[tuple[int, int]]] = {}
    start, current = 0, unicodedata.category("\0")
    for code in range(1, _LAST + 2):
        category = unicodedata.category(chr(code)) if code <= _LAST else ""
        if category != current:
            found.setdefault(current, []).append((start, code - 1))
            start, current = code, category
    return {name: tuple(ranges) for name, ranges in found.items()}


def _property(name: str) -> Ranges | None:
    key, _, value = name.rpartition("=")
    if key in ("gc", "general_category"):
        name = value
    elif key:
        return None
    ranges = _POSIX.get(name)
    if ranges is not None:
        return ranges
    name = name.removeprefix("Is")
    if name in _POSIX:
        return _POSIX[name]
    # A letter means all categories that begin with it, LC those of letters with case.
    wanted = ("Lu", "Ll", "Lt") if name == "LC" else (name or "none",)
    found = [r for c, r in _categories().items() if c.startswith(wanted)]
    return union(*found) if found else None


def parse_escape(pattern: str, i: int) -> tuple[Ranges, int] | None:
    """The set that the escape at ``pattern[i]`` means, and where it ends.

    None where it is none, such as an anchor or a back reference.

    Raises:
        UnsupportedTransformError: a property that is not known.
    """
    c = pattern[i + 1 : i + 2]
    if c in _SETS:
        return _SETS[c], i + 2
    if c in _CHARACTERS:
        return _one(ord(_CHARACTERS[c])), i + 2
    if c in ("p", "P"):
        end = pattern.find("}", i) if pattern[i + 2 : i + 3] == "{" else i + 2
        name = pattern[i + 3 : end] if end > i + 2 else pattern[i + 2 : i + 3]
        ranges = _property(name) if end > 0 else None
        if ranges is None:
            raise UnsupportedTransformError(
                f"regular expression {pattern!r}: class \\{c}{{{name}}} is not supported"
            )
        return (ranges if c == "p" else complement(ranges)), end + 1
    if c == "c" and i + 2 < len(pattern):
        return _one(ord(pattern[i + 2]) ^ 64), i + 3
    if c == "0":
        end = i + 2
        while end < i + 5 and pattern[end : end + 1] in tuple("01234567"):
            end += 1
        end -= end == i + 5 and pattern[i + 2] > "3"
        return (_one(int(pattern[i + 2 : end], 8)), end) if end > i + 2 else None
    if c in ("x", "u"):
        return _hexadecimal(pattern, i)
    if c and not (c.isascii() and c.isalnum()):
        return _one(ord(c)), i + 2
    return None


def _one(code: int) -> Ranges:
    return ((code, code),)


def _hexadecimal(pattern: str, i: int) -> tuple[Ranges, int] | None:
    if pattern.startswith("x{", i + 1):
        end = pattern.find("}", i)
        digits = pattern[i + 3 : end]
        after = end + 1
    else:
        after = i + (4 if pattern[i + 1] == "x" else 6)
        digits = pattern[i + 2 : after]
        if len(digits) < after - i - 2:
            return None
    if not digits or len(digits) > 8 or any(d not in _HEX for d in digits):
        return None
    code = int(digits, 16)
    return (_one(code), after) if code <= _LAST else None


def parse_class(pattern: str, i: int) -> tuple[Ranges, int]:
    """The set of the class that opens at ``pattern[i]``, and where it ends.

    As in Java since version 9: ``^`` negates the whole class. To the right of ``&&`` stand either
    classes in brackets or everything up to the end.

    Raises:
        UnsupportedTransformError: a class that is not closed, or has an unknown escape.
    """
    negated = pattern.startswith("^", i + 1)
    ranges, end = _members(pattern, i + 1 + negated)
    return (complement(ranges) if negated else ranges), end + 1


def _members(pattern: str, i: int) -> tuple[Ranges, int]:
    """What stands between ``pattern[i]`` and the bracket that closes the class, and where that is."""
    start = i
    parts: list[Ranges] = []
    while i < len(pattern):
        if pattern[i] == "]" and parts:
            return union(*parts), i
        if pattern[i] == "[":
            inner, i = parse_class(pattern, i)
            parts.append(inner)
        elif pattern.startswith("&&", i):
            right: list[Ranges] = []
            i += 2
            while i < len(pattern) and pattern[i] not in "]&":
                inner, i = (parse_class if pattern[i] == "[" else _members)(pattern, i)
                right.append(inner)
            if not right:
                break
            both = union(*right)
            parts = [intersection(union(*parts), both) if parts else both]
        elif pattern.startswith("\\Q", i):
            end = pattern.find("\\E", i + 2)
            stop = len(pattern) if end < 0 else end
            parts += [_one(ord(c)) for c in pattern[i + 2 : stop]]
            i = stop + 2
        else:
            item, i = _item_or_range(pattern, i)
            parts.append(item)
    raise UnsupportedTransformError(
        f"regular expression {pattern!r}: the class {pattern[start : start + 40]!r} is not complete"
    )


def _item_or_range(pattern: str, i: int) -> tuple[Ranges, int]:
    start = i
    item, i = _item(pattern, i)
    if not pattern.startswith("-", i) or pattern[i + 1 : i + 2] in ("]", "[", ""):
        return item, i
    upper, i = _item(pattern, i + 1)
    if not (_is_one(item) and _is_one(upper) and item[0][0] <= upper[0][0]):
        raise UnsupportedTransformError(
            f"regular expression {pattern!r}: {pattern[start:i]!r} is no range of characters"
        )
    return ((item[0][0], upper[0][0]),), i


def _item(pattern: str, i: int) -> tuple[Ranges, int]:
    if pattern[i] != "\\":
        return _one(ord(pattern[i])), i + 1
    found = parse_escape(pattern, i)
    if found is None:
        raise UnsupportedTransformError(
            f"regular expression {pattern!r}: {pattern[i : i + 2]!r} cannot stand in a class"
        )
    return found


def _is_one(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]
