"""ExcelRecordReader over files made by xlsxwriter, and spreadsheets written by hand."""

from __future__ import annotations

import datetime
import io
import os
import struct
import subprocess
import zipfile
from contextlib import suppress

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datavec import (
    DataVecError,
    ExcelRecordReader,
    InputStreamInputSplit,
    RecordFormatError,
    RecordMetaDataSheetRow,
    Schema,
    TransformProcess,
)

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5)
SCHEMA = (
    Schema.builder()
    .add_column_string("name")
    .add_column_integer("age")
    .add_column_double("size")
    .add_column_time("seen", "UTC")
    .add_column_boolean("ok")
    .build()
)


def workbook(path, sheets):
    with xlsxwriter.Workbook(path) as book:
        date = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if isinstance(value, datetime.datetime):
                        sheet.write_datetime(i, j, value, date)
                    elif value is not None:
                        sheet.write(i, j, value)
    return path


SHEETS = {
    "one": [
        ["name", "age", "size", "seen", "ok"],
        ["Ada", 36, 1.5, MOMENT, True],
        [],
        [7, 41, 2, MOMENT, False],
    ],
    "two": [["h"], ["Alan", 5, None, MOMENT, True]],
    "empty": [],
}


def test_rows_of_all_sheets_and_some(tmp_path):
    path = workbook(tmp_path / "t.xlsx", SHEETS)
    made = ExcelRecordReader(path, skip_lines=1)
    ada = ["Ada", 36, 1.5, MOMENT, True]
    assert list(made) == [ada, [7, 41, 2, MOMENT, False], ["Alan", 5, None, MOMENT, True]]
    assert ExcelRecordReader(path, sheets=["two"]).next() == ["h", None, None, None, None]
    made.reset()
    metadata = [made.next_record()[1] for _ in range(3)]
    assert metadata[1] == RecordMetaDataSheetRow("one", 3, str(path))
    assert metadata[2].location == f"{path}, sheet 'two', row 2"
    assert made.load_from_metadata(metadata[::-2]) == [list(made)[2], ada]
    with pytest.raises(DataVecError, match="no sheet 'three'; the sheets are 'one', 'two'"):
        list(ExcelRecordReader(path, sheets=["three"]))
    with pytest.raises(DataVecError, match="no record at"):
        made.load_from_metadata([RecordMetaDataSheetRow("one", 2, str(path))])


def test_typed(tmp_path):
    made = ExcelRecordReader(workbook(tmp_path / "t.xlsx", SHEETS), skip_lines=1, schema=SCHEMA)
    table = TransformProcess(SCHEMA, ()).execute(made, threads=2).read_all()
    seen = MOMENT.replace(tzinfo=datetime.UTC)
    assert table.to_pylist() == [
        {"name": "Ada", "age": 36, "size": 1.5, "seen": seen, "ok": True},
        {"name": "7", "age": 41, "size": 2.0, "seen": seen, "ok": False},
        {"name": "Alan", "age": 5, "size": None, "seen": seen, "ok": True},
    ]


def test_a_fraction_is_no_integer(tmp_path):
    path = workbook(tmp_path / "t.xlsx", {"s": [[1], [2.5]]})
    schema = Schema.builder().add_column_integer("i").build()
    made = ExcelRecordReader(path, schema=schema)
    with pytest.raises(
        DataVecError, match=r'column "i": expected a 32-bit integer, received .2\.5'
    ):
        TransformProcess(schema, ()).execute(made).read_all()


def test_a_row_wider_than_the_schema(tmp_path):
    path = workbook(tmp_path / "t.xlsx", {"s": [["a"], ["b", "c"]]})
    schema = Schema.builder().add_column_string("i").build()
    made = ExcelRecordReader(path, schema=schema)
    with pytest.raises(DataVecError, match="sheet 's', row 2: expected 1 values, received 2"):
        TransformProcess(schema, ()).execute(made).read_all()


def test_first_blank_rows_and_columns_are_part_of_the_sheet(tmp_path):
    rows = [[], [None, None, "x"], [None, "y"]]
    path = workbook(tmp_path / "t.xlsx", {"s": rows})
    assert list(ExcelRecordReader(path)) == [[None, None, "x"], [None, "y", None]]
    assert list(ExcelRecordReader(path, skip_lines=2)) == [[None, "y", None]]


def test_stream_and_url(tmp_path):
    data = workbook(tmp_path / "t.xlsx", {"s": [[1, "a"]]}).read_bytes()
    assert list(ExcelRecordReader(InputStreamInputSplit(io.BytesIO(data)))) == [[1, "a"]]
    import fsspec

    with fsspec.open("memory://t.xlsx", "wb") as f:
        f.write(data)
    assert list(ExcelRecordReader("memory://t.xlsx")) == [[1, "a"]]


def ods(path, rows):
    """The smallest OpenDocument spreadsheet."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="float" office:value="{v}"/>'
            if isinstance(v, (int, float))
            else '<table:table-cell office:value-type="string">'
            f"<text:p>{v}</text:p></table:table-cell>"
            for v in row
        )
        + "</table:table-row>"
        for row in rows
    )
    namespaces = " ".join(
        f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"'
        for n in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {namespaces}><office:body>'
        f'<office:spreadsheet><table:table table:name="s">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        z.writestr("content.xml", content)
    return path


def xls(path, rows):
    """The smallest workbook of the old format: BIFF8 records in an OLE compound file."""

    def record(kind, body):
        return struct.pack("<HH", kind, len(body)) + body

    def begin(kind):
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0x0600))

    end = record(0x000A, b"")
    cells = b""
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            place = struct.pack("<HHH", i, j, 0)
            if isinstance(value, str):
                text = struct.pack("<HB", len(value), 0) + value.encode("latin-1")
                cells += record(0x0204, place + text)
            else:
                cells += record(0x0203, place + struct.pack("<d", value))
    sheet_at = len(begin(5)) + 4 + 9 + len(end)
    bound = record(0x0085, struct.pack("<IBBBB", sheet_at, 0, 0, 1, 0) + b"s")
    stream = (begin(5) + bound + end + begin(0x10) + cells + end).ljust(4096, b"\0")

    free, last, fat_sector = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, last, 0, last, 0, 0
    )
    header += struct.pack("<I", free) * 108
    table = [fat_sector, last, *range(3, 10), last]
    table += [free] * (128 - len(table))

    def entry(name, kind, child, start, size):
        text = name.encode("utf-16-le")
        return (
            text.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(text) + 2, kind, 1, free, free, child)
            + bytes(36)
            + struct.pack("<IQ", start, size)
        )

    folder = entry("Root Entry", 5, 1, last, 0) + entry("Workbook", 2, free, 2, 4096)
    path.write_bytes(header + struct.pack("<128I", *table) + folder.ljust(512, b"\0") + stream)
    return path


def test_the_old_binary_format(tmp_path):
    made = ExcelRecordReader(xls(tmp_path / "t.xls", [["a", 1], ["b", 2.5]]))
    assert list(made) == [["a", 1], ["b", 2.5]]


def test_open_document(tmp_path):
    made = ExcelRecordReader(ods(tmp_path / "t.ods", [["a", 1], ["b", 2.5]]))
    assert list(made) == [["a", 1], ["b", 2.5]]


def test_a_table_of_billions_of_cells(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "bomb.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, 1)
        sheet.write(1_048_575, 16_383, 1)
    with pytest.raises(RecordFormatError, match=r"bomb\.xlsx: .*needs more than \d+ bytes or"):
        list(ExcelRecordReader(tmp_path / "bomb.xlsx"))


def test_not_a_workbook(tmp_path):
    (tmp_path / "t.xlsx").write_text("name,age\n")
    with pytest.raises(RecordFormatError, match=r"t\.xlsx: .*file format"):
        list(ExcelRecordReader(tmp_path / "t.xlsx"))
    with pytest.raises(FileNotFoundError, match=r"no\.xlsx"):
        list(ExcelRecordReader([tmp_path / "no.xlsx"]))


def test_without_the_spreadsheet_package(tmp_path, monkeypatch):
    path = workbook(tmp_path / "t.xlsx", {"s": [[1]]})
    (tmp_path / "python_calamine.py").write_text("raise ImportError('not there')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ImportError, match=r"not there.*pip install \"datavec\[excel\]\""):
        list(ExcelRecordReader(path))


def test_stopping_early_ends_the_process(tmp_path, monkeypatch):
    started = []

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    path = workbook(tmp_path / "t.xlsx", {"s": [[i] for i in range(5000)]})
    rows = ExcelRecordReader(path).records()
    next(rows)
    rows.close()
    (process,) = started
    assert process.poll() is not None


@pytest.fixture(scope="module")
def good_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    return [
        workbook(folder / "g.xlsx", SHEETS).read_bytes(),
        ods(folder / "g.ods", [["a", 1], ["b", 2]]).read_bytes(),
        xls(folder / "g.xls", [["a", 1], ["b", 2]]).read_bytes(),
    ]


@settings(
    max_examples=int(os.environ.get("DATAVEC_FUZZ_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.data())
def test_damaged_workbooks(good_files, data):
    body = bytearray(data.draw(st.sampled_from(good_files)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    made = ExcelRecordReader(InputStreamInputSplit(io.BytesIO(bytes(body))), max_memory=1 << 30)
    with suppress(DataVecError):
        list(made.records())
