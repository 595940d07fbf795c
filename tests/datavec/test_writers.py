"""Record writers: the same text by record and by column, read back by the readers."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pandas
import polars
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import (
    CSVRecordReader,
    CSVRecordWriter,
    InvalidValueError,
    LibSvmRecordWriter,
    LineRecordReader,
    LineRecordWriter,
    MatlabRecordReader,
    MatlabRecordWriter,
    RecordReaderConverter,
    Schema,
    SchemaError,
    SVMLightRecordReader,
    SVMLightRecordWriter,
    TransformProcess,
    Writable,
)
from datavec.text._java_text import double_text, float_text
from datavec.text._number_texts import java_float_texts

ONE_LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))
AWKWARD = st.text(st.sampled_from('a,;"\\ \t')) | ONE_LINE


def written(writer_class, data, **options) -> str:
    out = io.BytesIO()
    with writer_class(out, **options) as writer:
        writer.write_batch(data)
    return out.getvalue().decode()


# --- numbers as texts --------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.floats(width=64)))
def test_columns_of_doubles_have_the_texts_of_single_doubles(values):
    assert java_float_texts(pa.array(values, pa.float64())).to_pylist() == [
        double_text(v) for v in values
    ]


@settings(deadline=None)
@given(st.lists(st.floats(width=32)))
def test_columns_of_floats_have_the_texts_of_single_floats(values):
    assert java_float_texts(pa.array(values, pa.float32())).to_pylist() == [
        float_text(v) for v in values
    ]


def test_texts_of_powers_of_ten_and_their_neighbours():
    powers = 10.0 ** np.arange(-320, 309)
    values = np.concatenate([powers, np.nextafter(powers, 0), np.nextafter(powers, np.inf)])
    values = np.concatenate([values, -values])
    texts = java_float_texts(pa.array(values)).to_pylist()
    assert texts == [double_text(v) for v in values.tolist()]
    assert [float(t) for t in texts if "Inf" not in t] == [v for v in values if np.isfinite(v)]


# --- CSV ---------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.lists(st.lists(AWKWARD, min_size=1, max_size=4), min_size=1, max_size=5),
    st.sampled_from(["minimal", "all"]),
    st.sampled_from(",;\t|"),
)
def test_csv_records_are_read_back(tmp_path_factory, records, quoting, delimiter):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    with CSVRecordWriter(path, quoting=quoting, delimiter=delimiter) as writer:
        writer.write_batch(records)
    assert list(CSVRecordReader(path, delimiter=delimiter)) == records


@settings(deadline=None)
@given(st.lists(st.tuples(AWKWARD, AWKWARD), min_size=1, max_size=5), st.data())
def test_csv_columns_have_the_text_of_records(rows, data):
    quoting = data.draw(st.sampled_from(["minimal", "all", "rfc4180", "none"]))
    n = len(rows)
    columns = {
        "a": pa.array([r[0] for r in rows]),
        "b": pa.array([r[1] for r in rows]).dictionary_encode(),
        "f": pa.array(data.draw(st.lists(st.none() | st.floats(), min_size=n, max_size=n))),
        "i": pa.array([data.draw(st.none() | st.integers(-(2**63), 2**63 - 1)) for _ in rows]),
        "t": pa.array([data.draw(st.none() | st.booleans()) for _ in rows]),
    }
    names = data.draw(st.permutations(list(columns)))[: data.draw(st.integers(1, 5))]
    table = pa.table({name: columns[name] for name in names})
    records = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    by_column = written(CSVRecordWriter, table, quoting=quoting)
    assert by_column == written(CSVRecordWriter, records, quoting=quoting)


@settings(deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            min_size=2,
            max_size=3,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_rfc4180_is_read_by_python(records):
    text = written(CSVRecordWriter, records, quoting="rfc4180")
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == records


def test_csv_writes_what_the_schema_says():
    schema = (
        Schema.builder()
        .add_column_float("f")
        .add_column_double("d")
        .add_column_time("t", "UTC")
        .add_column_integer("i")
        .build()
    )
    when = pa.array([0, 86_400_000], pa.int64()).cast(pa.timestamp("ms", "UTC"))
    table = pa.table(
        {"i": ["007", None], "t": when, "d": [1, 2], "f": pa.array([0.1, 1e10], pa.float64())}
    )
    expected = "f,d,t,i\n0.1,1.0,0,007\n1.0E10,2.0,86400000,"
    assert written(CSVRecordWriter, table, schema=schema, header=True) == expected
    records = [[0.1, 1, 0, "007"], [1e10, 2, 86_400_000, None]]
    assert written(CSVRecordWriter, records, schema=schema, header=True) == expected


@pytest.mark.parametrize("quoting", ["minimal", "all"])
@pytest.mark.parametrize("text", ["a\nb", "a\rb", "\n"])
def test_csv_refuses_what_its_reader_cannot_read(quoting, text):
    for data in ([["x", text]], pa.table({"0": ["x"], "1": [text]})):
        with pytest.raises(InvalidValueError, match='column "1": expected a text without line br'):
            written(CSVRecordWriter, data, quoting=quoting)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quoting": "some"}, "quoting must be one of minimal, all, rfc4180, none"),
        ({"delimiter": ",,"}, "single character"),
        ({"delimiter": '"'}, "must differ"),
        ({"header": True}, "header=True needs a schema"),
    ],
)
def test_csv_refuses_options(options, message):
    with pytest.raises(ValueError, match=message):
        CSVRecordWriter(io.BytesIO(), **options)


def test_half_a_character_is_no_text():
    with pytest.raises(InvalidValueError, match="text that UTF-8 can hold"):
        written(CSVRecordWriter, [["\ud83d"]])


def test_long_records_do_not_pile_up(monkeypatch):
    monkeypatch.setattr("datavec.writers._writer._BYTES", 100)
    out = io.BytesIO()
    with CSVRecordWriter(out) as writer:
        writer.write(["x" * 60])
        assert out.tell() == 0
        writer.write(["y" * 60])
        assert out.tell() == 121


def test_an_array_is_no_csv_field():
    with pytest.raises(InvalidValueError, match="a value with a text form"):
        written(CSVRecordWriter, [[np.ones(3)]])


# --- sources -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        [[1, "x"], [2, "y"]],
        iter([[1, "x"], [2, "y"]]),
        [[Writable("Int", 1), Writable("Text", "x")], [Writable("Long", 2), "y"]],
        pa.table({"n": [1, 2], "s": ["x", "y"]}),
        pa.record_batch({"n": [1, 2], "s": ["x", "y"]}),
        pa.table({"n": [1, 2], "s": ["x", "y"]}).to_batches(max_chunksize=1),
        pandas.DataFrame({"n": [1, 2], "s": ["x", "y"]}),
        polars.DataFrame({"n": [1, 2], "s": ["x", "y"]}),
    ],
    ids=lambda d: type(d).__name__,
)
def test_all_sources_give_the_same_text(data):
    assert written(CSVRecordWriter, data) == "1,x\n2,y"


def test_transformed_data_are_written_as_they_come(tmp_path):
    schema = Schema.builder().add_column_integer("a").add_column_double("b").build()
    process = TransformProcess.builder(schema).double_math_op("b", "Add", 1.0).build()
    with CSVRecordWriter(tmp_path / "x.csv") as writer:
        assert writer.write_batch(process.execute(pa.table({"a": [1, 2], "b": [0.5, 1e7]}))) == 2
    assert (tmp_path / "x.csv").read_text() == "1,1.5\n2,1.0000001E7"


@pytest.mark.parametrize("data", [5, "text", {"a": 1}, [pa.table({"a": [1]}), 5]])
def test_other_data_are_refused(data):
    with pytest.raises((TypeError, ValueError)):
        written(CSVRecordWriter, data)


def test_missing_columns_are_named():
    schema = Schema.builder().add_column_integer("a").build()
    with pytest.raises(SchemaError, match="no column \"a\"; their columns are 'b'"):
        written(CSVRecordWriter, pa.table({"b": [1]}), schema=schema)


@pytest.mark.parametrize("with_schema", [False, True])
def test_converter_keeps_the_fields_of_csv(tmp_path, with_schema):
    (tmp_path / "in.csv").write_text('007,"a,b"\n+1,\n')
    schema = Schema.builder().add_column_integer("n").add_column_string("s").build()
    reader = CSVRecordReader(tmp_path / "in.csv", schema=schema if with_schema else None)
    writer = CSVRecordWriter(tmp_path / "out.csv")
    assert RecordReaderConverter.convert(reader, writer) == 2
    assert (tmp_path / "out.csv").read_text() == '007,"a,b"\n+1,'


def test_converter_names_the_line_and_leaves_nothing(tmp_path):
    (tmp_path / "in.csv").write_text("1,2\n3,x\n")
    schema = Schema.builder().add_columns_double("a", "b").build()
    reader = CSVRecordReader(tmp_path / "in.csv", schema=schema)
    writer = SVMLightRecordWriter(
        tmp_path / "out", label_start_column=0, label_end_column=0, feature_start_column=1
    )
    with pytest.raises(InvalidValueError, match=r"in.csv, line 2, column \"b\": expected a number"):
        RecordReaderConverter.convert(reader, writer)
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]


# --- lines, matrices, SVMLight -----------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(ONE_LINE, max_size=5))
def test_lines_are_read_back(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("lines") / "x"
    with LineRecordWriter(path) as writer:
        writer.write_batch([[line] for line in lines])
    assert list(LineRecordReader(path)) == [[line] for line in lines]
    if lines:
        assert written(LineRecordWriter, pa.table({"a": lines})) == path.read_bytes().decode()


def test_lines_and_matrices_refuse_what_cannot_be_read_back():
    for data in ([["a\nb"]], pa.table({"0": ["a\nb"]})):
        with pytest.raises(InvalidValueError, match="a text without line breaks"):
            written(LineRecordWriter, data)
        with pytest.raises(InvalidValueError, match="a value without blanks"):
            written(MatlabRecordWriter, data)
    assert written(MatlabRecordWriter, pa.table({"0": [1.5], "1": [2]})) == "1.5 2\n"


FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBER = st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf]) | st.floats(width=32)


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBER, NUMBER, st.integers(-5, 5), st.booleans()), min_size=1))
def test_svmlight_columns_have_the_text_of_records(rows):
    table = pa.table(
        {
            "a": pa.array([r[0] for r in rows], pa.float64()),
            "b": pa.array([r[1] for r in rows], pa.float32()),
            "c": pa.array([r[2] for r in rows], pa.int32()),
            "d": pa.array([r[3] for r in rows]),
        }
    )
    for options in (
        {"feature_end_column": 1, "zero_based_indexing": True},
        {"label_start_column": 2, "label_end_column": 3},
        {"has_label": False},
        {
            "label_start_column": 3,
            "label_end_column": 3,
            "multilabel": True,
            "zero_based_label_indexing": True,
        },
    ):
        by_record = written(SVMLightRecordWriter, [list(r) for r in rows], **options)
        assert written(LibSvmRecordWriter, table, **options) == by_record
        assert by_record.count("\n") == len(rows)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["+8", "2.50", "1e3"], "8 2.5 1000.0"),
        ([True, False], "1 0"),
        ([2**40, -1], "1.099511627776E12 -1"),
        ([2.5, 3.0], "2.5 3.0"),
    ],
)
def test_svmlight_labels_are_numbers(labels, text):
    expected = "".join(f"{label}\n" for label in text.split())
    records = [[0, label] for label in labels]
    assert written(SVMLightRecordWriter, records) == expected
    table = pa.table({"x": [0] * len(labels), "label": labels})
    assert written(SVMLightRecordWriter, table) == expected


@settings(deadline=None)
@given(st.lists(st.tuples(FINITE, FINITE, st.integers(-5, 5)), min_size=1), st.booleans())
def test_svmlight_is_read_back(tmp_path_factory, rows, zero_based):
    path = tmp_path_factory.mktemp("svm") / "x"
    with SVMLightRecordWriter(path, zero_based_indexing=zero_based) as writer:
        writer.write_batch(rows)
    reader = SVMLightRecordReader(path, num_features=2, zero_based_indexing=zero_based)
    assert [tuple(record) for record in reader] == rows


@settings(deadline=None)
@given(st.lists(st.tuples(FINITE, FINITE), min_size=1))
def test_matrices_are_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("matrix") / "x"
    with MatlabRecordWriter(path) as writer:
        writer.write_batch(rows)
    assert [tuple(record) for record in MatlabRecordReader(path)] == rows


def test_svmlight_takes_arrays():
    record = [np.array([0.0, 2.0]), 3.0, np.array([0, 1])]
    text = written(SVMLightRecordWriter, [record], multilabel=True)
    assert text == "2 2:2.0 3:3.0\n"


@pytest.mark.parametrize(
    ("record", "options", "message"),
    [
        (["x", 1], {}, 'column "0": expected a number'),
        ([None, 1], {}, 'column "0": expected a number, received a missing value'),
        ([1, "a b"], {}, "expected a number as label, received 'a b'"),
        ([1, None], {}, "expected a number as label"),
        ([1, 2], {"multilabel": True}, "0, 1 or -1"),
        ([1], {"label_start_column": 1, "label_end_column": 1}, "do not fit a record of 1 values"),
        ([1, 2], {"feature_end_column": 7}, "do not fit a record of 2 values"),
    ],
)
def test_svmlight_refuses(record, options, message):
    table = pa.table({str(i): [v] for i, v in enumerate(record)})
    for data in ([record], table):
        with pytest.raises(ValueError, match=message):
            written(SVMLightRecordWriter, data, **options)
