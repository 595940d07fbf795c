"""Readers of untrusted input: whatever comes, the answer is a result or one of our errors, soon.

`DATAVEC_FUZZ_EXAMPLES` sets how many examples each test tries (default: a few, for CI).
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datavec import (
    CsvError,
    CsvLineParser,
    CSVRecordReader,
    DataVecError,
    DerivedColumn,
    DoubleColumnCondition,
    ErrorPolicy,
    ErrorReport,
    Schema,
    StringSplit,
    TransformProcess,
)
from datavec.columns._arrow_io import frame_to_records
from datavec.process._process import ReadPlan
from datavec.readers._csv_block import BlockParser
from datavec.readers._lines import Block
from datavec.text._java_regex import compile_java, java_split
from datavec.text._java_text import double_text, parse_double, parse_int, parse_texts
from datavec.text._joda import DateFormat

fuzz = settings(
    max_examples=int(os.environ.get("DATAVEC_FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

SCHEMA = (
    Schema.builder()
    .add_column_integer("i")
    .add_column_double("d")
    .add_column_string("s")
    .add_column_categorical("c", ["x", "y"])
    .add_column_time("t")
    .build()
)
TYPED = (
    Schema.builder()
    .add_column_integer("i")
    .add_column_long("l")
    .add_column_double("d")
    .add_column_float("f")
    .add_column_string("s")
    .build()
)
PROCESS = (
    TransformProcess.builder(SCHEMA)
    .filter(DoubleColumnCondition("d", ">", 5.0))
    .remove_whitespace("s")
    .string_to_time("s", "yyyy-MM-dd HH:mm", "Europe/Berlin")
    .derive_columns_from_time("t", DerivedColumn.string("w", "xxxx-'W'ww-e", "Asia/Tokyo"))
    .categorical_to_one_hot("c")
    .normalize_min_max("d", min=0, max=5)
    .build()
)
NUMBERS = [
    "1",
    "-1",
    " 5",
    "1e3",
    "NaN",
    "nan",
    "0x1F",
    "99999999999",
    "1.5",
    "+7",
    "",
    "x",
    "inf",
    "1d",
]

field = st.sampled_from([*NUMBERS, '"a,b"', '"a""b"', 'a"b', "\\", '"', " y", "é"]) | st.text(
    st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=6
)
line = st.lists(field, min_size=1, max_size=6).map(",".join)


@fuzz
@given(st.lists(line, max_size=8), st.integers(1, 40), st.booleans())
def test_csv_blocks_equal_line_by_line(lines, block_size, skip):
    """The native path and the line parser agree, wherever blocks end."""
    schema = Schema.builder().add_columns_string("a", "b", "c").build()
    text = "\n".join(lines)
    parser = CsvLineParser()
    expected: list[list[str]] | None = []
    for one in text.split("\n")[: None if text and not text.endswith("\n") else -1]:
        try:
            fields = parser.parse(one)
        except CsvError:
            fields = []
        if len(fields) == 3:
            expected.append(fields)
        elif not skip:
            expected = None
            break
    reader = CSVRecordReader(
        StringSplit(text),
        schema=schema,
        block_size=block_size,
        on_invalid="skip" if skip else "raise",
    )
    try:
        got = [list(r.values()) for r in reader.to_table().to_pylist()]
    except CsvError:
        got = None
    assert got == expected


def parsed(parser, data):
    try:
        result = parser.parse(Block(data, None, 0))
    except DataVecError as e:
        return str(e)
    frame = result.frame
    lines = None if result.lines is None else result.lines.tolist()
    rows = list(range(frame.num_rows))
    return frame_to_records(frame), rows if lines is None else lines, str(parser.report)


plain = st.sampled_from(
    [
        "-0",
        "+7",
        "007",
        "2147483647",
        "-2147483648",
        "1.5",
        "-.5",
        "5.",
        "123456.789",
        "12345678.9",
        "1234567890123456789",
        "0.1e-5",
        "1e400",
        "-1.7976931348623157e308",
        " 2.5 ",
        "NaN",
        "Infinity",
    ]
)
typed = st.tuples(
    *[plain | st.sampled_from(NUMBERS)] * 4, st.sampled_from(["a", '"b"', "é", "lo" * 9])
)


@fuzz
@given(
    st.lists(typed.map(",".join) | line, max_size=40),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.sampled_from(
        [ErrorPolicy("skip"), ErrorPolicy("raise"), ErrorPolicy("skip", {"i": -1, "d": 0.5})]
    ),
)
def test_native_parser_equals_the_rules(lines, end, last, policy):
    """Whatever the native parser takes, it reads as the code that it leaves the rest to."""
    data = (end.join(lines) + (end if last else "")).encode()
    plan = ReadPlan(frozenset(TYPED.column_names), frozenset())
    native, exact = (
        BlockParser(TYPED, plan, CsvLineParser(), policy, ErrorReport()) for _ in range(2)
    )
    exact._native = False
    got, expected = parsed(native, data), parsed(exact, data)
    if isinstance(expected, tuple) and isinstance(got, tuple):
        np.testing.assert_equal(got[:2], expected[:2])
    else:
        assert got == expected


@fuzz
@given(st.binary(max_size=300), st.integers(1, 64))
def test_csv_of_any_bytes(tmp_path_factory, data, block_size):
    path = tmp_path_factory.mktemp("fuzz") / "any.csv"
    path.write_bytes(data)
    for mode in ("raise", "skip"):
        reader = CSVRecordReader(path, schema=SCHEMA, block_size=block_size, on_invalid=mode)
        for read in (reader.to_table, lambda r=reader: list(r)):
            with suppress(DataVecError):
                read()


@fuzz
@given(st.lists(st.tuples(*[st.sampled_from(NUMBERS) | st.text(max_size=4)] * 5), max_size=5))
def test_process_of_any_texts(rows):
    records = [list(r) for r in rows]
    with suppress(DataVecError):
        PROCESS.execute_records(records)
    kept = PROCESS.execute_records(records, on_error="skip") if records else []
    assert len(kept) <= len(records)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@fuzz
@given(st.text(max_size=200))
def test_json_of_any_text(text):
    for read in (Schema.from_json, TransformProcess.from_json, Schema.from_yaml):
        with suppress(DataVecError):
            read(text)


@fuzz
@given(st.data())
def test_json_with_one_place_changed(data):
    """A real file in which any one value is replaced, dropped or doubled."""
    body = json.loads(PROCESS.to_json())
    node, path = body, []
    while isinstance(node, (dict, list)) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        path.append((node, key))
        if data.draw(st.booleans()):
            break
        node = node[key]
    parent, key = path[-1]
    if data.draw(st.booleans()) and isinstance(parent, dict):
        del parent[key]
    else:
        parent[key] = data.draw(values)
    with suppress(DataVecError):
        process = TransformProcess.from_json(json.dumps(body))
        process.execute_records([["1", "2", "2024-01-01 10:00", "x", "0"]])


@fuzz
@given(st.floats(allow_nan=True))
def test_double_text_reads_back(x):
    assert str(parse_double(double_text(x))) == str(x)


@fuzz
@given(st.lists(st.sampled_from(NUMBERS) | st.text(max_size=5), max_size=6))
def test_parsing_in_bulk_equals_parsing_one(texts):
    for arrow_type, one in ((pa.int32(), parse_int), (pa.float64(), parse_double)):
        numbers, bad = parse_texts(pa.array(texts, pa.string()), arrow_type)
        expected = [one(t) for t in texts]
        assert bad.tolist() == [v is None for v in expected]
        assert str(numbers.to_pylist()) == str(expected)


@fuzz
@given(st.text(alphabet="yYMdHhmsSaEZDxwe'-:/ T", max_size=10), st.text(max_size=12))
def test_date_patterns(pattern, text):
    with suppress(DataVecError):
        DateFormat(pattern).parse_all([text], "Europe/Berlin")


@pytest.mark.parametrize("sign", ["|", "~"])
def test_doubled_sign_in_a_character_class_is_that_sign(sign):
    assert compile_java(f"[a{sign}{sign}b]+").fullmatch(f"a{sign}b")
    with pytest.raises(DataVecError, match="no range of characters"):
        compile_java("[a--b]")


@fuzz
@given(st.text(alphabet="ab.*+?()[]{}\\|^$pQEdswz<>&-12 ", max_size=8), st.text(max_size=6))
def test_java_regex(pattern, text):
    with suppress(DataVecError):
        compile_java(pattern)
        java_split(text, pattern)
