"""Java's regular expressions: classes in classes, categories, line ends."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import UnsupportedTransformError
from datavec.text._java_characters import class_text, complement, intersection, union
from datavec.text._java_regex import compile_java


def matches(pattern: str, text: str) -> bool:
    return compile_java(pattern).fullmatch(text) is not None


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("[a-z&&[^aeiou]]", "bz", "aeA"),
        ("[a-d[m-p]]", "adm", "ez"),
        ("[^a-d[m-p]]", "ez", "adm"),
        ("[a-z&&b-y&&[^c]]", "bdy", "acz"),
        ("[\\w&&[^\\d_]]", "aZ", "1_"),
        ("[\\p{Alpha}&&\\P{Upper}]", "az", "AZ1"),
        ("[\\Qa]-\\E]", "a]-", "bQ"),
        ("[]a]", "]a", "b"),
        ("[a-]", "a-", "b"),
        ("\\p{Lu}", "AÉ", "aé1"),
        ("\\p{IsL}", "Aé日", "1 "),
        ("\\PL", "1 ", "Aé"),
        ("[\\h]", " \t\u00a0", "\n"),
        ("\\v", "\n\u2028\x85", " "),
        (".", "a \x0b", "\n\r\x85\u2028"),
        ("(?s).", "a\n\r\u2028", ""),
        ("\\x{1F600}", "😀", "a"),
        ("[^\\x00-\\x7f]", "é日", "a~"),
    ],
)
def test_single_characters(pattern, yes, no):
    assert all(matches(pattern, c) for c in yes)
    assert not any(matches(pattern, c) for c in no)


@pytest.mark.parametrize(
    "pattern", ["[a", "[]", "[a&&]", "[z-a]", "[\\d-z]", "[\\b]", "\\p{Nonsense}", "[" * 5000]
)
def test_what_cannot_be_used_is_said(pattern):
    with pytest.raises(UnsupportedTransformError, match="regular expression"):
        compile_java(pattern)


RANGES = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 40)).map(lambda p: (p[0], p[0] + p[1]))
).map(lambda ranges: union(tuple(ranges)))


@settings(deadline=None)
@given(RANGES, RANGES)
def test_sets_of_characters_are_sets(a, b):
    def members(ranges):
        return {c for low, high in ranges for c in range(low, min(high, 400) + 1)}

    everything = set(range(401))
    assert members(union(a, b)) == members(a) | members(b)
    assert members(intersection(a, b)) == members(a) & members(b)
    assert members(complement(a)) == everything - members(a)
    found = {c for c in everything if re.fullmatch(class_text(a), chr(c))}
    assert found == members(a)


@settings(deadline=None)
@given(st.characters())
def test_categories_are_those_of_unicode(character):
    category = unicodedata.category(character)
    assert matches(f"\\p{{{category}}}", character)
    assert matches(f"[\\p{{{category[0]}}}]", character)
    assert not matches(f"\\P{{{category}}}", character)
