from __future__ import annotations

import gzip

import pyarrow as pa
import pytest

from datavec import (
    CollectionInputSplit,
    CsvError,
    CSVRecordReader,
    CSVRegexRecordReader,
    FileSplit,
    InvalidValueError,
    LineRecordReader,
    NumberedFileInputSplit,
    RecordReaderDataSetIterator,
    RegexLineRecordReader,
    Schema,
    SchemaError,
    StringSplit,
    TransformProcess,
)


def schema() -> Schema:
    return (
        Schema.builder()
        .add_column_integer("i")
        .add_column_double("d")
        .add_column_string("s")
        .add_column_categorical("c", ["x", "y"])
        .build()
    )


def reader(text: str, **options) -> CSVRecordReader:
    return CSVRecordReader(StringSplit(text), schema=schema(), **options)


GOOD = "1,1.5,abc,x\n2,NaN,,y\n-3,1e3,é,x\n"


def test_typed_table():
    table = reader(GOOD).to_table()
    assert table.schema == schema().to_arrow()
    assert table["i"].to_pylist() == [1, 2, -3]
    assert table["s"].to_pylist() == ["abc", "", "é"]
    assert reader(GOOD).to_table(["s", "i"]).column_names == ["s", "i"]


@pytest.mark.parametrize("size", [1, 7, 20, 1 << 20])
def test_block_size_does_not_matter(size):
    quoted = GOOD + '4,"5","a,""b""",y\r\n5,6,"",x\n\\6,7,s,x'
    whole = reader(quoted).to_table()
    assert whole["s"].to_pylist() == ["abc", "", "é", 'a,"b"', "", "s"]
    assert whole["i"].to_pylist()[-1] == 6
    # as text, because NaN does not equal itself
    assert str(reader(quoted, block_size=size).to_table().to_pylist()) == str(whole.to_pylist())


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("rest", ["", "3,oops,s,x\n"])
def test_number_is_what_java_takes_for_one_whatever_else_is_in_the_file(value, rest):
    with pytest.raises(InvalidValueError, match=f"line 4.*expected a number, received '{value}'"):
        reader(f"{GOOD}4,{value},s,x\n{rest}").to_table()
    assert reader(GOOD + "4,-Infinity,s,x\n").to_table()["d"].to_pylist()[-1] == float("-inf")


def test_bad_value_names_file_line_column_and_value(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("h\n" + GOOD + "4,oops,s,x\n")
    with pytest.raises(InvalidValueError) as caught:
        CSVRecordReader(path, schema=schema(), skip_lines=1).to_table()
    error = caught.value
    assert (error.file, error.line, error.column, error.value) == (str(path), 5, "d", "oops")
    assert "expected a number, received 'oops'" in str(error)


def test_transform_error_names_the_line():
    process = TransformProcess.builder(schema()).categorical_to_integer("c").build()
    for size in (5, 1 << 20):
        with pytest.raises(InvalidValueError, match='line 3, column "c"'):
            process.execute(reader("1,1,a,x\n2,2,b,y\n3,3,c,z\n", block_size=size)).read_all()


def test_ragged_lines_raise_or_are_counted():
    text = GOOD + "5,6\n\n7,8,s,y,9\n8,9,s,y\n"
    with pytest.raises(CsvError, match="line 4: expected 4 fields, received 2"):
        reader(text).to_table()
    skipping = reader(text, on_invalid="skip")
    assert skipping.to_table()["i"].to_pylist() == [1, 2, -3, 8]
    assert skipping.skipped == 3


def test_lines_are_right_after_ragged_ones():
    text = "1,1,a,x\n2,2\n3,3,c,z\n"
    process = TransformProcess.builder(schema()).categorical_to_integer("c").build()
    with pytest.raises(InvalidValueError, match="line 3"):
        process.execute(reader(text, on_invalid="skip")).read_all()


def test_invalid_values_are_skipped_and_counted():
    skipping = reader(GOOD + "x,1,s,x\n5,y,s,x\n6,7,s,y\n", on_invalid="skip")
    assert skipping.to_table()["i"].to_pylist() == [1, 2, -3, 6]
    assert skipping.skipped == 2


def test_records_are_text_and_repeat():
    made = reader('1,"a ""b""",é')
    assert list(made) == [["1", 'a "b"', "é"]]
    assert list(made) == [["1", 'a "b"', "é"]]
    assert made.has_next() is False
    with pytest.raises(StopIteration):
        made.next()


def test_unterminated_quote_is_an_error_with_its_line():
    with pytest.raises(CsvError, match="line 2: un-terminated quoted field"):
        list(reader('1,2\n"a\nb",3\n'))
    with pytest.raises(CsvError, match="line 1: un-terminated"):
        reader('1,2,"a\nb",x\n').to_table()


def test_several_files_skip_lines_in_each(tmp_path):
    for i, text in enumerate(["h\n1\n", "h\n", "h\n2\n3"]):
        (tmp_path / f"p_{i}.csv").write_text(text)
    split = NumberedFileInputSplit(str(tmp_path / "p_%d.csv"), 0, 2)
    made = CSVRecordReader(split, skip_lines=1)
    assert list(made) == [["1"], ["2"], ["3"]]
    assert [p.name for p in FileSplit(tmp_path).locations()] == ["p_0.csv", "p_1.csv", "p_2.csv"]
    made.reset()
    metadata = [made.next_record()[1] for _ in range(3)]
    assert made.load_from_metadata([metadata[2], metadata[0]]) == [["3"], ["1"]]


def test_gzip(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode()))
    assert CSVRecordReader(path, schema=schema()).to_table().num_rows == 3


def test_encodings():
    latin = GOOD.encode("latin-1")
    with pytest.raises(CsvError, match="not UTF-8"):
        _of_bytes(latin).to_table()
    assert _of_bytes(latin, encoding="latin-1").to_table()["s"].to_pylist()[2] == "é"


def _of_bytes(data: bytes, **options) -> CSVRecordReader:
    import tempfile
    from pathlib import Path

    path = Path(tempfile.mkdtemp(), "a.csv")
    path.write_bytes(data)
    return CSVRecordReader(path, schema=schema(), **options)


def test_bad_options():
    with pytest.raises(SchemaError, match="single character"):
        CSVRecordReader(StringSplit(""), delimiter="||")
    with pytest.raises(ValueError, match="on_invalid"):
        CSVRecordReader(StringSplit(""), on_invalid="ignore")
    with pytest.raises(ValueError, match="no files given"):
        list(CSVRecordReader())
    with pytest.raises(SchemaError, match="need a schema"):
        CSVRecordReader(StringSplit("1")).to_table()
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        list(CSVRecordReader("missing.csv"))


def test_a_line_without_end_is_bounded(tmp_path, monkeypatch):
    from datavec.readers import _lines

    monkeypatch.setattr(_lines, "MAX_LINE_BYTES", 1000)
    path = tmp_path / "long.csv"
    path.write_bytes(b"1,2\n" + b"x" * 5000)
    with pytest.raises(CsvError, match="line 2: a line of more than 1000 bytes"):
        list(CSVRecordReader(path, block_size=100).frame_tasks(schema(), _plan()))


def _plan():
    return TransformProcess(schema(), ()).read_plan()


def test_other_line_readers():
    assert list(LineRecordReader(StringSplit("a\r\nb"))) == [["a"], ["b"]]
    with pytest.raises(CsvError, match="line 2: the line does not match"):
        list(RegexLineRecordReader(StringSplit("1\nx"), r"(\d)"))
    assert list(CSVRegexRecordReader(StringSplit("a,1-2"), regexes=[None, r"(\d)-(\d)"])) == [
        ["a", "1", "2"]
    ]


def test_regex_columns_feed_a_transform():
    made = CSVRegexRecordReader(StringSplit("a,1-2\nb,3-4"), regexes=[None, r"(\d)-(\d)"])
    three = Schema.builder().add_column_string("s").add_columns_integer("x", "y").build()
    process = TransformProcess.builder(three).integer_columns_math_op("z", "Add", "x", "y").build()
    assert process.execute(made).read_all()["z"].to_pylist() == [3, 7]


def test_paths_in_a_list(tmp_path):
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    assert list(CSVRecordReader([tmp_path / "b", tmp_path / "a"])) == [["2"], ["1"]]
    assert list(CSVRecordReader(CollectionInputSplit([tmp_path / "a"]))) == [["1"]]


def test_batches_are_arrow():
    batch = next(reader(GOOD).batches())
    assert isinstance(batch, pa.RecordBatch)


@pytest.mark.parametrize("text", ["", "h", "h\n"])
def test_files_without_records(text, tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text(text)
    for size in (1, 2, 100):
        made = CSVRecordReader(path, schema=schema(), skip_lines=1, block_size=size)
        assert list(made) == []
        assert made.to_table().num_rows == 0


@pytest.mark.parametrize("bad", ["x,1", "1", '"1,1'])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_records_before_a_bad_line_are_delivered(bad, end):
    schema = Schema.builder().add_columns_double("a", "b").build()
    text = end.join(["1,2", "3,4", '"5",6', bad, "7,8"])
    process = TransformProcess.builder(schema).double_math_op("a", "Add", 1.0).build()
    stream = process.execute(CSVRecordReader(StringSplit(text), schema=schema))
    assert next(stream).to_pydict() == {"a": [2.0, 4.0, 6.0], "b": [2.0, 4.0, 6.0]}
    with pytest.raises((CsvError, InvalidValueError), match="line 4"):
        next(stream)
    batches = RecordReaderDataSetIterator(CSVRecordReader(StringSplit(text), schema=schema), 2)
    assert next(batches).features.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises((CsvError, InvalidValueError), match="line 4"):
        list(batches)
