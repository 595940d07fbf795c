"""Java regular expressions, replacement texts and `String.split` on top of Python's `re`."""

from __future__ import annotations

import re
from functools import lru_cache

from ._errors import UnsupportedTransformError

__all__ = ["compile_java", "java_replacement", "java_split"]

# POSIX classes of java.util.regex.Pattern, ASCII only as there.
_CLASSES = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0b\f\r",
}


@lru_cache(maxsize=512)
def compile_java(pattern: str) -> re.Pattern[str]:
    r"""Compile a Java pattern.

    Raises:
        UnsupportedTransformError: for syntax that Python's `re` has no equivalent of.

    >>> compile_java(r"\p{Alpha}+\d").fullmatch("ab1") is not None
    True
    """
    out: list[str] = []
    i, in_class = 0, False
    while i < len(pattern):
        c = pattern[i]
        if c == "\\" and i + 1 < len(pattern):
            text, i = _escape(pattern, i, in_class)
            out.append(text)
            continue
        if in_class:
            if pattern.startswith(("&&", "--"), i) or c == "[":
                raise UnsupportedTransformError(
                    f"regular expression {pattern!r}: nested or intersected character classes "
                    "are not supported; write the class out"
                )
            if c == "]":
                in_class = False
            elif c in "|~" and pattern[i - 1] == c:
                out.append("\\")  # Python keeps the doubled sign for set operations to come
        elif c == "[":
            in_class = True
            out.append(c)
            i += 1
            if i < len(pattern) and pattern[i] == "^":
                out.append("^")
                i += 1
            continue
        elif pattern.startswith("(?<", i) and pattern[i + 3 : i + 4] not in ("=", "!"):
            out.append("(?P<")
            i += 3
            continue
        out.append(c)
        i += 1
    try:
        return re.compile("".join(out), re.ASCII)
    except (re.error, OverflowError, RecursionError) as e:
        raise UnsupportedTransformError(
            f"regular expression {pattern!r} cannot be used: {e}"
        ) from None


def _escape(pattern: str, i: int, in_class: bool) -> tuple[str, int]:
    c = pattern[i + 1]
    if c == "Q":
        end = pattern.find("\\E", i + 2)
        stop = len(pattern) if end < 0 else end
        return re.escape(pattern[i + 2 : stop]), (stop if end < 0 else end + 2)
    if c in "pP":
        end = pattern.find("}", i) if pattern[i + 2 : i + 3] == "{" else -1
        name = pattern[i + 3 : end] if end > 0 else ""
        chars = _CLASSES.get(name) or _CLASSES.get(name.removeprefix("Is"))
        if chars is None or (in_class and c == "P"):
            raise UnsupportedTransformError(
                f"regular expression {pattern!r}: class \\{c}{{{name}}} is not supported"
            )
        if in_class:
            return chars, end + 1
        return f"[{'^' if c == 'P' else ''}{chars}]", end + 1
    if c == "z":
        return r"\Z", i + 2
    if c == "Z":
        return r"(?=\n?\Z)", i + 2
    if c == "h":
        return (r" \t\xa0" if in_class else r"[ \t\xa0]"), i + 2
    if c == "e":
        return r"\x1b", i + 2
    if c == "k":
        return "(?P=" + pattern[i + 3 : pattern.find(">", i)] + ")", pattern.find(">", i) + 1
    return pattern[i : i + 2], i + 2


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
