"""Readers of untrusted files: whatever comes, the answer is records or one of our errors, soon.

`DATAVEC_FUZZ_EXAMPLES` sets how many examples each test tries (default: a few, for CI).
"""

from __future__ import annotations

import io
import os
import zipfile
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datavec import (
    ArrowRecordReader,
    CollectionRecordReader,
    CSVRecordReader,
    DataVecError,
    FileBatch,
    FileBatchRecordReader,
    InputStreamInputSplit,
    JacksonLineRecordReader,
    JacksonLineSequenceRecordReader,
    JacksonRecordReader,
    MatlabRecordReader,
    ParquetRecordReader,
    Schema,
    StringSplit,
    SVMLightRecordReader,
    TransformProcess,
    WavFileRecordReader,
    WavFileSequenceRecordReader,
)

fuzz = settings(
    max_examples=int(os.environ.get("DATAVEC_FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

COLUMNS = (
    Schema.builder().add_column_double("x").add_column_string("s").add_column_integer("i").build()
)


def stream(data):
    return InputStreamInputSplit(io.BytesIO(data), "fuzz.bin")


def outcome(read):
    """The result, or None where one of our errors came."""
    with suppress(DataVecError):
        return read()
    return None


def table(reader, schema):
    rows = TransformProcess(schema, ()).execute(reader).read_all().to_pylist()
    return [list(row.values()) for row in rows]


@st.composite
def damaged(draw, good):
    """A good file with a few places changed, cut out or filled in."""
    data = bytearray(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        width = draw(st.sampled_from([0, 1, 1, 4, 8, 64]))
        data[at : at + width] = draw(
            st.binary(max_size=8) | st.just(b"\xff" * 4) | st.just(b"\xff\xff\xff\x7f")
        )
    return bytes(data)


# --- documents ---------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        *['{"x"', ": ", "1", '"s"', ", ", "}", "{", "null", "true", "1e999", '"\\ud800"', "[", "]"],
        *["- ", "&a ", "*a", "? ", "x: ", "!!int ", "<<: ", "%YAML 9.9\n", "---\n", "|\n", "#"],
        *["<x>", "</x>", "<!DOCTYPE", "<![CDATA[", "&lt;", "é", "\x00", "\ufeff", "'", '"', "\\"],
        "\n",
    ]
)
text = st.lists(pieces | st.text(max_size=5), max_size=15).map("".join)
FORMATS = ("json", "yaml", "xml")


@fuzz
@given(text | st.text(max_size=80), st.sampled_from(FORMATS))
def test_documents_of_any_text(body, format):
    data = body.encode("utf-8", "surrogatepass")
    fields = ["x", ("s", "x"), "i"]
    for made in (
        JacksonRecordReader(stream(data), fields, format=format),
        JacksonLineRecordReader(stream(data), fields, format=format),
        JacksonLineSequenceRecordReader(stream(data), fields, format=format),
    ):
        outcome(lambda made=made: list(made))


@fuzz
@given(st.binary(max_size=200), st.sampled_from(FORMATS))
def test_documents_of_any_bytes(data, format):
    outcome(lambda: list(JacksonRecordReader(stream(data), ["x"], format=format)))
    skipping = JacksonLineRecordReader(stream(data), ["x"], format=format, on_invalid="skip")
    with suppress(DataVecError):  # bytes that are no UTF-8
        assert len(list(skipping)) + skipping.skipped <= data.count(b"\n") + data.count(b"\r") + 1


values = st.sampled_from(
    ["1", "-2.50", "1e3", '"a"', '"1"', "null", "true", "[1]", '{"y": 2}', '"é\\n"', "1E400", "-0"]
)
objects = st.lists(st.tuples(st.sampled_from(["x", "s", "i", "n"]), values), max_size=5).map(
    lambda pairs: "{" + ", ".join(f'"{k}": {v}' for k, v in pairs) + "}"
)
json_lines = st.lists(objects | st.sampled_from(["", "{}", "x", ' {"x": 1}', '{"x": 1} {"x": 2}']))


@fuzz
@given(json_lines, st.integers(1, 60), st.sampled_from(["\n", "\r\n"]))
def test_native_json_equals_line_by_line(lines, block_size, line_break):
    fields = ["x", "s", "i"]
    body = line_break.join(lines)
    records = outcome(lambda: list(JacksonLineRecordReader(StringSplit(body), fields)))
    expected = None
    if records is not None:
        expected = outcome(lambda: table(CollectionRecordReader(records), COLUMNS))
    made = JacksonLineRecordReader(StringSplit(body), fields, schema=COLUMNS, block_size=block_size)
    assert str(outcome(lambda: table(made, COLUMNS))) == str(expected)


# --- numbers -----------------------------------------------------------------------------------

words = st.sampled_from(
    [
        *["1", "0:1", "1:2.5", "2:-1e3", "3:1", "qid:1", "1:", ":", "a:1", "1:x", "#", "1,2", ","],
        *["1:NaN", "+1:+2", "1:2:3", "", "-1", "0x1:1", "1:0x1", "é", "1:1d", "q:1", "NaN"],
        "99999999999:1",
    ]
)
sparse_lines = st.lists(
    st.lists(words, max_size=5).map(" ".join) | st.lists(words, max_size=5).map("\t".join),
    max_size=6,
)


@fuzz
@given(sparse_lines, st.booleans(), st.booleans(), st.integers(1, 30))
def test_sparse_blocks_equal_line_by_line(lines, zero_based, multilabel, block_size):
    body = "\n".join(lines)
    options = {"num_features": 3, "zero_based_indexing": zero_based, "num_labels": 1}
    if multilabel:
        options |= {"multilabel": True, "num_labels": 2}
    builder = Schema.builder().add_columns_double("a", "b", "c")
    for i in range(options["num_labels"]):
        builder.add_column_double(f"y{i}")
    schema = builder.build()
    for policy in ("raise", "skip"):
        one = SVMLightRecordReader(StringSplit(body), on_invalid=policy, **options)
        many = SVMLightRecordReader(
            StringSplit(body), on_invalid=policy, block_size=block_size, **options
        )
        expected = outcome(lambda one=one: list(one))
        got = outcome(lambda many=many: table(many, schema))
        numbers = None if expected is None else [[float(v) for v in r] for r in expected]
        assert str(got) == str(numbers)
        assert one.skipped == many.skipped or policy == "raise"


cells = st.sampled_from(["1", "-2.5", "1e3", "NaN", "x", "%", " ", "\t", ",", ";", "é", "0x1F"])
matrix_lines = st.lists(st.lists(cells, max_size=8).map(" ".join), max_size=6)


@fuzz
@given(matrix_lines, st.integers(1, 30))
def test_matrix_blocks_equal_line_by_line(lines, block_size):
    body = "\n".join(lines)
    schema = Schema.builder().add_columns_double("a", "b").build()
    expected = outcome(lambda: list(MatlabRecordReader(StringSplit(body))))
    got = outcome(
        lambda: table(MatlabRecordReader(StringSplit(body), block_size=block_size), schema)
    )
    if expected is not None and all(len(r) == 2 for r in expected):
        assert str(got) == str(expected)
    else:
        assert got is None


@fuzz
@given(st.binary(max_size=200))
def test_numbers_of_any_bytes(data):
    schema = Schema.builder().add_columns_double("a", "b").build()
    for made in (
        MatlabRecordReader(stream(data), on_invalid="skip"),
        SVMLightRecordReader(stream(data), num_features=1, num_labels=1, on_invalid="skip"),
    ):
        outcome(lambda made=made: list(made))
        outcome(lambda made=made: table(made, schema))


# --- binary files ------------------------------------------------------------------------------


def arrow_bytes(table, compression=None, as_stream=False):
    out = io.BytesIO()
    new = pa.ipc.new_stream if as_stream else pa.ipc.new_file
    with new(out, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as w:
        w.write_table(table, max_chunksize=3)
    return out.getvalue()


def parquet_bytes(table):
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=3)
    return out.getvalue()


NESTED = pa.table(
    {
        "x": [1.0, None, 2.0, 3.0],
        "s": ["a", "", None, "long text"],
        "i": pa.array([1, 2, 3, 4], pa.int32()),
        "c": pa.array(["u", "v", "u", "v"]).dictionary_encode(),
        "v": pa.array([[1.0], [], None, [2.0, 3.0]], pa.list_(pa.float32())),
        "n": pa.array(
            [{"data": [1.0, 2.0], "shape": [2]}] * 4,
            pa.struct([("data", pa.list_(pa.float32())), ("shape", pa.list_(pa.int32()))]),
        ),
        "t": pa.array([1, 2, 3, 4], pa.timestamp("us")),
    }
)
ARROW = [
    arrow_bytes(NESTED),
    arrow_bytes(NESTED, "lz4"),
    arrow_bytes(NESTED, "zstd", as_stream=True),
    arrow_bytes(NESTED, as_stream=True),
]


@fuzz
@given(
    damaged(ARROW) | st.binary(max_size=100) | st.binary(max_size=100).map(b"ARROW1\0\0".__add__)
)
def test_damaged_arrow_files(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "t.arrow"
    path.write_bytes(data)
    for source in (path, stream(data)):
        outcome(lambda source=source: list(ArrowRecordReader(source)))
        outcome(lambda source=source: table(ArrowRecordReader(source), COLUMNS))


@fuzz
@given(damaged([parquet_bytes(NESTED)]) | st.binary(max_size=100))
def test_damaged_parquet_files(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "t.parquet"
    path.write_bytes(data)
    for source in (path, stream(data)):
        outcome(lambda source=source: list(ParquetRecordReader(source)))
        outcome(lambda source=source: table(ParquetRecordReader(source), COLUMNS))


def batch_bytes():
    out = io.BytesIO()
    FileBatch((b"1,2\n" * 50, b"3,4"), ("file:/a.csv", "file:/b.csv")).write_zip(out)
    return out.getvalue()


@fuzz
@given(damaged([batch_bytes()]) | st.binary(max_size=100))
def test_damaged_file_batches(data):
    def read():
        batch = FileBatch.read_zip(io.BytesIO(data), max_bytes=1 << 20)
        return list(FileBatchRecordReader(CSVRecordReader, batch))

    outcome(read)


names = st.sampled_from(["originalUris.txt", "file_0.csv", "file_1.x", "../x", "a/b_2.", "_3."])


@fuzz
@given(st.lists(st.tuples(names, st.binary(max_size=20)), max_size=5, unique_by=lambda t: t[0]))
def test_zip_files_of_any_members(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    out.seek(0)
    outcome(lambda: FileBatch.read_zip(out))


def sound_bytes(format, subtype=None):
    out = io.BytesIO()
    samples = np.sin(np.arange(400) / 5)[:, None] * [0.5, 0.25]
    soundfile.write(out, samples, 8000, format=format, subtype=subtype)
    return out.getvalue()


SOUNDS = [sound_bytes("WAV"), sound_bytes("WAV", "FLOAT"), sound_bytes("FLAC"), sound_bytes("AIFF")]


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.filterwarnings("ignore:overflow encountered")
@fuzz
@given(damaged(SOUNDS) | st.binary(max_size=100))
def test_damaged_sounds(data):
    outcome(lambda: list(WavFileRecordReader(stream(data), max_samples=10_000)))
    sequences = WavFileSequenceRecordReader(
        stream(data), frame_length=64, features="spectrogram", max_samples=10_000
    )
    outcome(lambda: list(sequences))
