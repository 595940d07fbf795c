"""Data that are not as expected, as users meet them: errors say where, what and what to do; counts are exact."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datavec import (
    ArrowRecordReader,
    CsvError,
    CSVRecordReader,
    CSVRecordWriter,
    DoubleColumnCondition,
    ExcelRecordReader,
    FileBatchRecordReader,
    FileSplit,
    ImageError,
    ImageRecordReader,
    InvalidValueError,
    JacksonRecordReader,
    MatlabRecordReader,
    ParquetRecordReader,
    RecordReaderDataSetIterator,
    Schema,
    SchemaError,
    SourceError,
    SVMLightRecordReader,
    TransformProcess,
    WavFileRecordReader,
)
from datavec.__main__ import main
from datavec.analysis import analyze, analyze_quality

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


READERS: dict[str, tuple[Any, str]] = {
    "Parquet": (ParquetRecordReader, "not a Parquet file that can be read: "),
    "Arrow": (ArrowRecordReader, "not an Arrow file or stream that can be read: "),
    "Excel": (ExcelRecordReader, "not a workbook that can be read: "),
    "sound": (WavFileRecordReader, "not a sound file that can be read: [^<]*$"),
    "image": (ImageRecordReader, "cannot be read as an image: "),
    "JSON": (lambda path: JacksonRecordReader(path, ["a"]), "not (JSON|utf-8)"),
    "FileBatch": (lambda path: FileBatchRecordReader(CSVRecordReader, path), "not a zip file"),
    "SVMLight": (lambda path: SVMLightRecordReader(path, num_features=2), "line 1: "),
    "Matlab": (MatlabRecordReader, "line 1: "),
}
BROKEN = [b"", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"RIFF\xff", b"\xff\x00" * 300]
EMPTY_TABLES = {"SVMLight", "Matlab"}  # of text: no lines, no records


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("data", BROKEN, ids=["empty", "PNG", "RIFF", "noise"])
def test_files_that_are_not_what_they_should_be(name, data):
    reader, message = READERS[name]
    path = written("broken.bin", data)
    if not data and name in EMPTY_TABLES:
        assert list(reader(path)) == []
        return
    with pytest.raises(ValueError, match=message) as raised:
        list(reader(path))
    assert str(raised.value).startswith("broken.bin")


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
def test_archives_without_a_byte_are_cut_off(suffix):
    with pytest.raises(SourceError, match=rf"cut\.csv\.{suffix}: the file is damaged, cut off"):
        list(CSVRecordReader(written(f"cut.csv.{suffix}", b"")))


def test_files_that_may_not_be_opened_are_named(monkeypatch):
    def refuse(path: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    written("secret.bin", GOOD)
    with monkeypatch.context() as patch:  # whoever runs this may open everything
        patch.setattr("builtins.open", refuse)
        with pytest.raises(SourceError, match=r"^secret\.bin: cannot be opened: Permission denied"):
            list(CSVRecordReader("secret.bin"))
        with pytest.raises(ImageError, match=r"^secret\.bin: cannot be opened: Permission denied"):
            list(ImageRecordReader("secret.bin"))
        with pytest.raises(PermissionError, match=r"may not be written: .out\.csv"):
            CSVRecordWriter("out.csv").write_batch(TABLE)


def test_files_among_images_that_are_none():
    Path("photos").mkdir()
    cv2.imwrite("photos/a.png", np.zeros((4, 4, 3), np.uint8))
    written("photos/Thumbs.db", b"thumbs")
    with pytest.raises(ImageError, match=r"Thumbs\.db: .*FileSplit\(folder, extensions="):
        list(ImageRecordReader("photos", 4, 4, 3))
    assert len(list(ImageRecordReader(FileSplit("photos", extensions=["png"]), 4, 4, 3))) == 1
    careful = ImageRecordReader("photos", 4, 4, 3, on_invalid="skip")
    assert len(list(careful)) == careful.errors.skipped == 1


# --- tables whose columns are not those of the schema -------------------------------------------------

TABLE = pa.table({"id": [1], "x": [1.5], "kind": ["b"], "note": ["n"]})
RESULT = {"id": [1], "x": [2.5], "kind": [1], "note": ["n"]}


@pytest.mark.parametrize(
    "data",
    [
        TABLE.select(["note", "kind", "x", "id"]),
        TABLE.append_column("more", pa.array([9])),
        TABLE.set_column(0, "id", pa.array(["1"])),
        TABLE.set_column(1, "x", pa.array([1.5], pa.float32())),
        TABLE.set_column(2, "kind", pa.array(["b"]).dictionary_encode()),
    ],
    ids=["other order", "more columns", "numbers as text", "narrower numbers", "dictionary"],
)
def test_drift_that_does_no_harm(data):
    assert PROCESS.execute(data).read_all().to_pydict() == RESULT


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (TABLE.drop(["x"]), SchemaError, "no column \"x\"; their columns are 'id', 'kind', 'note'"),
        (TABLE.rename_columns(["id", "X", "kind", "note"]), SchemaError, "no column \"x\".* 'X'"),
        (TABLE.append_column("x", TABLE["x"]), SchemaError, 'two columns "x"'),
        (
            TABLE.set_column(1, "x", pa.array(["much"])),
            InvalidValueError,
            "row 0, column \"x\": expected a number, received 'much'",
        ),
        (
            TABLE.set_column(0, "id", pa.array([1 << 40])),
            InvalidValueError,
            'row 0, column "id": expected a 32-bit integer, received 1099511627776',
        ),
        ("data.csv", TypeError, "a file is read by a reader, for example CSVRecordReader"),
        ([[1, 1.5, "b", "n"]], TypeError, "execute_records takes lists of values"),
        (None, TypeError, "expected a table, record batches or a record reader"),
    ],
)
def test_drift_and_mistakes_are_told(data, kind, message):
    with pytest.raises(kind, match=message):
        PROCESS.execute(data).read_all()


def test_wide_integers_obey_the_policy():
    data = pa.table({"id": [1 << 40, 2], "x": [1.5, 1.5], "kind": ["b", "b"], "note": ["n", "n"]})
    stream = PROCESS.execute(data, on_error="skip")
    assert stream.read_all()["id"].to_pylist() == [2]
    assert stream.skipped == 1
    stream = PROCESS.execute(data, on_error="replace", replacements={"id": 7})
    assert stream.read_all()["id"].to_pylist() == [7, 2]
    assert stream.errors.replaced == 1


def test_columns_missing_in_a_file_are_named():
    pq.write_table(TABLE.drop(["kind"]), "table.parquet")
    reader = ParquetRecordReader("table.parquet", schema=SCHEMA)
    with pytest.raises(SchemaError, match='column "kind" is not among those of the file'):
        list(reader)
    Path("folder").mkdir()
    with pytest.raises(SourceError, match=r"no files in FileSplit\('folder'\)"):
        list(ParquetRecordReader("folder"))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: analyze(TABLE, SCHEMA), TypeError, "analyze: expected a Schema first"),
        (lambda: analyze_quality(TABLE, SCHEMA), TypeError, "analyze_quality: expected a Schema"),
        (lambda: TransformProcess.builder(TABLE), TypeError, "expected a Schema, received"),
        (lambda: TransformProcess.from_json(5), TypeError, "expected JSON text, received int"),
        (lambda: Schema.builder().add_column_double(5).build(), TypeError, "name is a text"),
        (
            lambda: DoubleColumnCondition("x", "<>", 1.0),
            SchemaError,
            "ConditionOp: expected one of 'LessThan', .*, received '<>'",
        ),
        (
            lambda: DoubleColumnCondition("x", "<", "abc"),
            SchemaError,
            "DoubleColumnCondition: expected numbers, received 'abc'",
        ),
        (lambda: PROCESS.execute_records(5), TypeError, "expected records, received 5"),
        (lambda: PROCESS.execute_records("1,2"), TypeError, "expected records, received '1,2'"),
        (lambda: ImageRecordReader("photos", 8.5, 8), TypeError, "height must be an integer"),
        (
            lambda: TransformProcess.builder(SCHEMA).double_math_op("x", "Plus", 1.0),
            SchemaError,
            "MathOp: expected one of 'Add', 'Subtract', .*, received 'Plus'",
        ),
        (
            lambda: list(RecordReaderDataSetIterator("data.csv", 8)),
            TypeError,
            "expected a record reader, received 'data.csv'; a file is read by one",
        ),
    ],
)  # fmt: skip
def test_arguments_in_the_wrong_place(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


# --- nothing to train on ------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"no,table\n" * 3, b"1,-2.5,a,hi\n" * 3])
def test_a_pass_without_examples_is_told(data, caplog):
    process = (
        TransformProcess.builder(SCHEMA)
        .remove_columns("note")
        .filter(DoubleColumnCondition("x", "<", 0.0))
        .build()
    )
    reader = CSVRecordReader(written("none.csv", data))
    batches = RecordReaderDataSetIterator(
        reader, 8, transform=process, label_index="kind", on_error="skip"
    )
    with caplog.at_level(logging.WARNING, "datavec"):
        assert list(batches) == []
    assert "RecordReaderDataSetIterator: a pass gave no examples" in caplog.text
    assert batches.skipped == data.count(b"no,table")
    caplog.clear()
    written("none.csv", GOOD)
    assert len(list(batches)) == 1
    assert not caplog.text


def test_a_label_that_is_left_out_is_told(caplog):
    process = TransformProcess.builder(SCHEMA).remove_columns("kind", "note").build()
    reader = CSVRecordReader(written("good.csv", GOOD))
    with caplog.at_level(logging.WARNING, "datavec"):
        (batch,) = list(RecordReaderDataSetIterator(reader, 8, transform=process, label_index="id"))
    assert batch.labels is None
    (record,) = caplog.records
    assert record.getMessage() == (
        'label column "id" is left out, and labels are None: it is of type Integer, so say '
        "num_classes=... for classes, or regression=True for values"
    )


# --- the command line -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.csv"], "missing.csv: no such file"),
        (["."], ".: is a folder"),
        (["empty.csv"], "empty.csv: cannot guess a schema: Empty CSV file"),
        (["ragged.csv"], "ragged.csv: cannot guess a schema: CSV parse error: Row #3: Expected 2"),
        (["utf16.csv"], "utf16.csv: cannot guess a schema: the file begins like UTF-16"),
        (["latin1.csv"], "latin1.csv, line 2: bytes that are not UTF-8"),
        (["good.csv", "--html", "none/report.html"], "there is no folder none; create it first"),
        (["good.csv", "--json", "none/analysis.json"], "there is no folder none; create it first"),
        (["good.csv", "--schema", "none.json"], "none.json: no such file"),
        (["good.csv", "--schema", "good.csv"], "good.csv: YAML line 1: cannot read 'id,x'"),
        (["good.csv", "--delimiter", "||"], "--delimiter: expected one character, received '||'"),
        (["good.csv", "--buckets", "0"], "max_histogram_buckets must be at least 1"),
    ],
)
def test_the_command_says_in_a_line_what_is_wrong(arguments, message, capsys):
    written("good.csv", b"id,x\n1,2\n")
    written("empty.csv", b"")
    written("ragged.csv", b"id,x\n1,2\n3,4,5\n")
    written("utf16.csv", "id,x\n1,2\n".encode("utf-16"))
    written("latin1.csv", b"id,x\n1,\xe9\n")
    assert main(["analyze", *arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("datavec: ")
    assert message in said
    assert said.count("\n") == 1
    assert not [name for name in Path().iterdir() if name.name.startswith(".")]
