"""Java regular expressions, replacement texts and `String.split` on top of Python's `re`."""

from __future__ import annotations

import re
from functools import lru_cache

from .._errors import UnsupportedTransformError
from ._java_characters import class_text, parse_class, parse_escape

__all__ = ["compile_java", "java_replacement", "java_split"]

# What "." leaves out, unless the pattern says otherwise by a flag.
_NO_LINE_END = r"[^\n\r\x85\u2028\u2029]"
_LINE_BREAK = r"(?:\r\n|[\n-\r\x85\u2028\u2029])"
_ANY_CHARACTER_FLAG = re.compile(r"\(\?[a-zA-Z]*[sd]")


@lru_cache(maxsize=512)
def compile_java(pattern: str) -> re.Pattern[str]:
    r"""Compile a Java pattern.

    Raises:
        UnsupportedTransformError: for syntax that Python's `re` has no equivalent of.

    >>> compile_java(r"\p{Alpha}+\d").fullmatch("ab1") is not None
    True
    >>> compile_java("[a-z&&[^aeiou]]+").fullmatch("xyz") is not None
    True
    """
    try:
        return re.compile(_translated(pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError) as e:
        raise UnsupportedTransformError(
            f"regular expression {pattern!r} cannot be used: {e}"
        ) from None


def _translated(pattern: str) -> str:
    out: list[str] = []
    dot = "." if _ANY_CHARACTER_FLAG.search(pattern) else _NO_LINE_END
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if c == "\\" and i + 1 < len(pattern):
            text, i = _escape(pattern, i)
            out.append(text)
        elif c == "[":
            ranges, i = parse_class(pattern, i)
            out.append(class_text(ranges))
        elif pattern.startswith("(?<", i) and pattern[i + 3 : i + 4] not in ("=", "!"):
            out.append("(?P<")
            i += 3
        else:
            out.append(dot if c == "." else c)
            i += 1
    return "".join(out)


def _escape(pattern: str, i: int) -> tuple[str, int]:
    c = pattern[i + 1]
    if c == "Q":
        end = pattern.find("\\E", i + 2)
        stop = len(pattern) if end < 0 else end
        return re.escape(pattern[i + 2 : stop]), (stop if end < 0 else end + 2)
    if c == "k":
        end = pattern.find(">", i)
        return f"(?P={pattern[i + 3 : end]})", end + 1
    fixed = {"z": r"\Z", "Z": r"(?=\n?\Z)", "R": _LINE_BREAK}.get(c)
    if fixed is not None:
        return fixed, i + 2
    if c in "dDwWsS":  # Python's own, which are quickest; ASCII only, as in Java
        return pattern[i : i + 2], i + 2
    found = parse_escape(pattern, i)
    if found is None:
        return pattern[i : i + 2], i + 2
    return class_text(found[0]), found[1]


@lru_cache(maxsize=512)
def java_replacement(text: str) -> str:
    r"""Translate a replacement of ``String.replaceAll`` (``$1``, ``\$``) to one of `re.sub`.

    >>> java_replacement(r"<$1> costs \$5")
    '<\\g<1>> costs $5'
    """
    out: list[str] = []
    i = 0
    while i < len(text):
        c = text[i]
        if c == "\\" and i + 1 < len(text):
            out.append("\\\\" if text[i + 1] == "\\" else text[i + 1])
            i += 2
        elif c == "$" and text[i + 1 : i + 2] == "{":
            end = text.find("}", i)
            if end < 0:
                raise UnsupportedTransformError(f"replacement {text!r}: missing '}}'")
            out.append(f"\\g<{text[i + 2 : end]}>")
            i = end + 1
        elif c == "$" and text[i + 1 : i + 2].isdigit():
            out.append(f"\\g<{text[i + 1]}>")
            i += 2
        else:
            out.append("\\\\" if c == "\\" else c)
            i += 1
    return "".join(out)


def java_split(text: str, delimiter: str) -> list[str]:
    """Split as ``String.split`` does: a regular expression, trailing empty pieces dropped.

    >>> java_split("a,,b,,", ",")
    ['a', '', 'b']
    """
    pieces: list[str] = []
    last = 0
    for m in compile_java(delimiter).finditer(text):
        if m.end() == 0:
            continue  # no leading empty piece for a match of width zero at the start
        pieces.append(text[last : m.start()])
        last = m.end()
    if last == 0 and not pieces:
        return [text]
    pieces.append(text[last:])
    while pieces and not pieces[-1]:
        pieces.pop()
    return pieces
