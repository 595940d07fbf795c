"""Data that are not as expected, as users meet them: errors say where, what and what to do; counts are exact."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from datavec import (
    CsvError,
    CSVRecordReader,
    InvalidValueError,
    RecordReaderDataSetIterator,
    Schema,
    SourceError,
    TransformProcess,
)

SCHEMA = (
    Schema.builder()
    .add_column_integer("id")
    .add_column_double("x")
    .add_column_categorical("kind", ["a", "b"])
    .add_column_string("note")
    .build()
)
PROCESS = (
    TransformProcess.builder(SCHEMA)
    .double_math_op("x", "Add", 1.0)
    .categorical_to_integer("kind")
    .build()
)
GOOD = b"1,2.5,a,hi\n2,3,b,ho\n"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(name: str, data: bytes) -> str:
    Path(name).write_bytes(data)
    return name


# --- text files -----------------------------------------------------------------------------------

# What the file holds; the error, which begins with the file's name; how many records remain and how
# many are counted as left out, with the reasons.
FILES: dict[str, tuple[bytes, type[Exception], str, int, dict[str, int]]] = {
    "too few and too many fields": (
        GOOD + b"3,4\n4,5,a,x,y\n5,6,b,z\n",
        CsvError,
        "line 3: expected 4 fields, received 2: '3,4'",
        *(3, {"expected a line of 4 fields": 2}),
    ),
    "a blank line": (
        b"1,2,a,x\n\n2,3,b,y\n",
        CsvError,
        "line 2: expected 4 fields, received 1: ''",
        *(2, {"expected a line of 4 fields": 1}),
    ),
    "another delimiter": (
        GOOD.replace(b",", b";"),
        CsvError,
        "line 1: expected 4 fields, received 1: '1;2.5;a;hi'",
        *(0, {"expected a line of 4 fields": 2}),
    ),
    "values of other types": (
        GOOD + b"3,much,a,x\nthree,1,b,y\n5,6,c,z\n",
        InvalidValueError,
        "line 3, column \"x\": expected a number, received 'much'",
        *(2, {"expected a number": 1, "expected a 32-bit integer": 1, "expected one of 'a', 'b'": 1}),
    ),
    "an unseen category": (
        GOOD + b"5,6,c,z\n",
        InvalidValueError,
        "line 3, column \"kind\": expected one of 'a', 'b', received 'c'",
        *(2, {"expected one of 'a', 'b'": 1}),
    ),
    "a header": (
        b"id,x,kind,note\n" + GOOD,
        InvalidValueError,
        ("line 1, column \"id\": expected a 32-bit integer, received 'id'; "
        "if the line holds the names of the columns, leave it out by skip_lines=1"),
        *(2, {"expected a 32-bit integer": 1}),
    ),
    "a byte order mark": (
        b"\xef\xbb\xbf" + GOOD,
        InvalidValueError,
        ("line 1, column \"id\": expected a 32-bit integer, received '\\ufeff1'; "
        'the file begins with a byte order mark: read it with encoding="utf-8-sig"'),
        *(1, {"expected a 32-bit integer": 1}),
    ),
    "Latin-1": (
        GOOD + b"3,4,\xe9a,x\n4,1,a,ok\n",
        CsvError,
        ("line 3: bytes that are not UTF-8 (invalid continuation byte); "
        "set encoding if the file has another one"),
        *(3, {"bytes that are not UTF-8": 1}),
    ),
    "UTF-16": (
        b"\xff\xfe" + GOOD.decode().encode("utf-16-le"),
        CsvError,
        ("line 1: bytes that are not UTF-8 (invalid start byte); "
        'the file begins like UTF-16: encoding="utf-16"'),
        *(0, {"bytes that are not UTF-8": 1, "expected a 32-bit integer": 1, "expected a line of 4 fields": 1}),
    ),
    "an archive": (
        gzip.compress(GOOD, mtime=0),
        CsvError,
        ("line 1: bytes that are not UTF-8 (invalid start byte); "
        "the file begins like gzip, which is unpacked where a name ends in .gz"),
        *(0, {"bytes that are not UTF-8": 1}),
    ),
    "NUL bytes": (
        GOOD + b"3,4,a,x\x00y\n\x00\x00\n",
        CsvError,
        "line 4: expected 4 fields, received 1: '\\x00\\x00'",
        *(3, {"expected a line of 4 fields": 1}),
    ),
    "an open quote": (
        GOOD + b'3,4,a,"never closed\n5,6,b,z\n',
        CsvError,
        "line 3: un-terminated quoted field at the end of the line",
        *(3, {"un-terminated quoted field at the end of the line": 1}),
    ),
}  # fmt: skip


@pytest.fixture(params=FILES, ids=lambda name: name.replace(" ", "-"))
def file(request) -> Any:
    data, *rest = FILES[request.param]
    return written("bad.csv", data), *rest


def test_bad_files_are_told_with_their_place(file):
    path, kind, message, *_ = file
    with pytest.raises(kind) as raised:
        PROCESS.execute(CSVRecordReader(path)).read_all()
    head, _, rest = str(raised.value).partition("bad.csv, ")
    assert rest == message
    assert head in ("", "step 1 CategoricalToIntegerTransform, ")
    batches = RecordReaderDataSetIterator(
        CSVRecordReader(path), 8, transform=PROCESS.builder(SCHEMA).remove_columns("note")
        .categorical_to_integer("kind").build(), label_index="x", regression=True
    )  # fmt: skip
    with pytest.raises(kind, match=r"bad\.csv, line \d"):
        list(batches)


def test_bad_lines_are_left_out_and_counted(file):
    path, _, _, kept, reasons = file
    stream = PROCESS.execute(CSVRecordReader(path), on_error="skip")
    assert stream.read_all().num_rows == kept
    assert {t.reason: t.count for t in stream.errors} == reasons
    assert stream.skipped == sum(reasons.values())
    assert all("bad.csv, line " in e.place for t in stream.errors for e in t.examples)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (GOOD.replace(b"\n", b"\r\n"), "utf-8"),
        (GOOD.replace(b"\n", b"\r"), "utf-8"),
        (GOOD.rstrip(), "utf-8"),
        (b"\xef\xbb\xbf" + GOOD, "utf-8-sig"),
        (GOOD.decode().encode("utf-16"), "utf-16"),
        (GOOD.decode().encode("utf-32-be"), "utf-32-be"),
        (GOOD, "latin-1"),
    ],
)
def test_other_line_ends_and_encodings(data, encoding):
    reader = CSVRecordReader(written("other.csv", data), encoding=encoding)
    assert PROCESS.execute(reader).read_all()["note"].to_pylist() == ["hi", "ho"]
    assert list(reader) == [["1", "2.5", "a", "hi"], ["2", "3", "b", "ho"]]


@pytest.mark.parametrize("data", [b"", b"id,x,kind,note\n", b"id,x,kind,note"])
def test_files_without_records_give_none(data):
    reader = CSVRecordReader(written("empty.csv", data), skip_lines=1)
    assert PROCESS.execute(reader).read_all().num_rows == 0
    assert list(reader) == []


# --- files that are not there, or cannot be read ----------------------------------------------------


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("nothing.csv", FileNotFoundError, "no file or folder nothing.csv .* check the path"),
        ("", ValueError, "expected.* received an empty text|received an empty text"),
        (5, TypeError, "expected a path, paths or an input split, received int"),
        (None, ValueError, "no files given"),
    ],
)
def test_sources_that_are_none(source, kind, message):
    with pytest.raises(kind, match=message):
        list(CSVRecordReader(source))


@pytest.mark.parametrize("data", [gzip.compress(bytes(range(256)) * 99)[:-9], GOOD])
def test_broken_archives_are_told(data):
    written("cut.csv.gz", data)
    with pytest.raises(SourceError, match=r"cut\.csv\.gz: the file is damaged, cut off"):
        PROCESS.execute(CSVRecordReader("cut.csv.gz"), on_error="skip").read_all()
