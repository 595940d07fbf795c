"""Quotes and escapes in the readers that make sequences of CSV lines, and how files end."""

from __future__ import annotations

import pytest

import datavec as dv

LINES = '1,"a,b"\n"x""y",\nz,\\"q\n'
FIELDS = [["1", "a,b"], ['x"y', ""], ["z", "q"]]


def test_fields_of_blocks_of_lines_are_quoted() -> None:
    source = dv.StringSplit(LINES.replace(',\\"q', ",q"))
    found = list(dv.CSVNLinesSequenceRecordReader(source, lines_per_sequence=2))
    assert found == [FIELDS[:2], FIELDS[2:]]


def test_fields_of_windows_are_quoted() -> None:
    source = dv.StringSplit('1,"a,b"\n2,\n')
    found = list(dv.CSVVariableSlidingWindowRecordReader(source, max_lines_per_sequence=2))
    assert found == [[["1", "a,b"]], [["2", ""], ["1", "a,b"]], [["2", ""]]]


@pytest.mark.parametrize(
    "reader", [dv.CSVNLinesSequenceRecordReader, dv.CSVLineSequenceRecordReader]
)
def test_an_open_quote_names_its_line(reader: type) -> None:
    with pytest.raises(dv.CsvError, match="line 2"):
        list(reader(dv.StringSplit('1,2\n"3,4\n')))


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('\\"a,b', ['"a', "b"]),
        ('a,\\"b,c"', ["a", '"b,c']),
        ('a,b\\"c', ["a", 'b"c']),
        ("a\\\\b,\\\\", ["a\\b", ""]),
        ('"a\\"b"', ['a"b']),
    ],
)
def test_escapes_protect_in_fields_but_not_at_the_start_of_later_ones(
    line: str, fields: list[str]
) -> None:
    assert dv.CsvLineParser().parse(line) == fields


def test_blank_lines_at_the_end_are_no_steps() -> None:
    source = dv.StringSplit("a 1\n\nb 2\n\n\n")
    reader = dv.RegexSequenceRecordReader(source, r"(\w) (\d)", error_handling="SkipInvalid")
    assert list(reader) == [[["a", "1"], ["b", "2"]]]
    assert reader.skipped == 1
