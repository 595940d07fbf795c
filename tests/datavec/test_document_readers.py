"""Jackson readers: JSON, YAML and XML documents."""

from __future__ import annotations

import json
import sys

import pytest

from datavec import (
    CollectionInputSplit,
    DataVecError,
    FieldSelection,
    FileSplit,
    InvalidValueError,
    JacksonLineRecordReader,
    JacksonLineSequenceRecordReader,
    JacksonRecordReader,
    ParentPathLabelGenerator,
    RecordFormatError,
    RecordMetaDataLine,
    RecordMetaDataURI,
    RecordReaderDataSetIterator,
    Schema,
    StringSplit,
    TransformProcess,
)
from datavec.readers._json_block import parse_json_block

FIELDS = FieldSelection.builder().add_field("a").add_field("b", "c", missing="M").build()
SCHEMA = Schema.builder().add_column_double("x").add_column_string("s").build()


def one(text, format="json", fields=FIELDS, **options):
    return JacksonRecordReader(StringSplit(text), fields, format=format, **options).next()


def files(folder, texts):
    paths = []
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


# --- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ('{"a": "é", "b": {"c": 1e10}}', ["é", "1.0E10"]),
        ('{"a": -2.50, "b": {}}', ["-2.5", "M"]),
        ('{"a": 100000000000000000000000, "b": 3}', ["100000000000000000000000", "M"]),
        ('\ufeff{"a": -0, "b": {"c": ""}}', ["0", ""]),
        ('{"a": 1, "a": 2}', ["2", "M"]),
    ],
)
def test_json(text, record):
    assert one(text) == record


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("a: yes\nb: {c: 1_000}", ["yes", "1000"]),
        ('a: "12"\nb:\n  c: -1.50', ["12", "-1.5"]),
        ("a: 2024-01-02\nb: {c: 1e3}", ["2024-01-02", "1000.0"]),
        ("a: .inf\nb: {c: -.inf}", ["Infinity", "-Infinity"]),
        ("a: &v {c: deep}\nb: *v", None),
        ("x: &v {c: deep}\na: 1\nb: *v", ["1", "deep"]),
        ("a: 010\nb: {c: 0x1F}", ["010", "0x1F"]),
        ("a: |\n  two\n  lines\n", ["two\nlines\n", "M"]),
    ],
)
def test_yaml(text, record):
    if record is None:
        with pytest.raises(InvalidValueError, match='column "a": expected text or a number'):
            one(text, "yaml")
        return
    assert one(text, "yaml") == record


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("<r><a>x &amp; y</a><b><c> 1 </c></b></r>", ["x & y", " 1 "]),
        ('<r a="1"><b c="2"/></r>', ["1", "2"]),
        ('<n:r xmlns:n="u"><n:a><![CDATA[<]]></n:a></n:r>', ["<", "M"]),
        ("<r><a/></r>", ["", "M"]),
    ],
)
def test_xml(text, record):
    assert one(text, "xml") == record


@pytest.mark.parametrize("value", ["true", "null", "[1]", '{"x": 1}'])
def test_only_text_and_numbers(value):
    with pytest.raises(InvalidValueError, match='column "a": expected text or a number, received'):
        one(f'{{"a": {value}}}')


@pytest.mark.parametrize(
    ("text", "format", "message"),
    [
        ("[1]", "json", "expected a JSON object with named fields, received a list"),
        ("{'a': 1}", "json", "not JSON: Expecting property name.* column 2"),
        ('{"a": 1} x', "json", "not JSON: Extra data"),
        ('{"a": NaN}', "json", "NaN is not JSON"),
        ('{"a": "\\ud800"}', "json", "half of a UTF-16 pair"),
        ("[" * 100_000, "json", "nested too deeply"),
        ("a: [", "yaml", "line 2: not YAML"),
        ("a: *b", "yaml", r"alias \*b stands for nothing"),
        ("a: 1\n---\na: 2", "yaml", "one YAML document per file"),
        ("? [x]\n: 1", "yaml", "cannot be the name of a field"),
        ("a: " + "[" * 300, "yaml", "nested more than 200 levels"),
        ("!!python/object/apply:os.system [x]", "yaml", "received a list"),
        ("<a>", "xml", "line 1: not XML: no element found"),
        ("<!DOCTYPE a><a/>", "xml", "DOCTYPE"),
        ("<a>" * 300, "xml", "nested more than 200 levels"),
        ("<a/>", "xml", None),
    ],
)
def test_broken_documents(text, format, message):
    if message is None:
        assert one(text, format) == ["", "M"]
        return
    with pytest.raises(DataVecError, match=message):
        one(text, format)


def test_bombs_stay_small():
    aliases = "\n".join(
        f"x{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 60)
    )
    assert one(f"a0: &a0 {{k: v}}\n{aliases}\na: 1\n", "yaml") == ["1", "M"]
    entities = '<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>'
    with pytest.raises(RecordFormatError, match="entities can grow without bound"):
        one(entities, "xml")


# --- files -------------------------------------------------------------------------------------


def test_files_labels_and_metadata(tmp_path):
    paths = files(tmp_path, {"pos/0.json": '{"a":"p"}', "neg/1.json": '{"a":"n"}'})
    reader = JacksonRecordReader(
        paths, ["a"], label_generator=ParentPathLabelGenerator(), label_position=0
    )
    assert list(reader) == [["pos", "p"], ["neg", "n"]]
    metadata = [RecordMetaDataURI(str(p)) for p in paths[::-1]]
    assert reader.load_from_metadata(metadata) == [["neg", "n"], ["pos", "p"]]
    with pytest.raises(DataVecError, match="is not among the files read"):
        reader.load_from_metadata([RecordMetaDataURI("other.json")])
    assert len(list(JacksonRecordReader(FileSplit(tmp_path), ["a"]))) == 2


def test_shuffles_each_pass_anew(tmp_path):
    paths = files(tmp_path, {f"{i}.json": f'{{"a":"{i}"}}' for i in range(5)})
    reader = JacksonRecordReader(CollectionInputSplit(paths), ["a"], shuffle=True, seed=123)
    assert [r[0] for r in reader] == ["1", "3", "4", "0", "2"]
    assert [r[0] for r in reader] == ["3", "0", "2", "4", "1"]


def test_typed_files_in_threads(tmp_path):
    paths = files(tmp_path, {f"{i}.json": f'{{"x": {i}, "s": "t{i}"}}' for i in range(30)})
    reader = JacksonRecordReader(paths, ["x", "s"], schema=SCHEMA)
    table = TransformProcess(SCHEMA, ()).execute(reader, threads=2).read_all()
    assert table.to_pydict() == {
        "x": [float(i) for i in range(30)],
        "s": [f"t{i}" for i in range(30)],
    }


def test_bad_files_name_themselves_or_are_skipped(tmp_path):
    texts = {"0.json": '{"a": 1}', "1.json": "{", "2.json": '{"a": null}'}
    paths = files(tmp_path, texts)
    with pytest.raises(RecordFormatError, match=r"1\.json: not JSON"):
        list(JacksonRecordReader(paths, ["a"]))
    with pytest.raises(InvalidValueError, match=r'2\.json, column "a"'):
        list(JacksonRecordReader(paths[2:], ["a"]))
    reader = JacksonRecordReader(paths, ["a"], on_invalid="skip")
    assert list(reader) == [["1"]]
    assert reader.skipped == 2
    assert "1.json" in str(reader.errors)
    reader = JacksonRecordReader(paths[2:], ["a"], on_invalid="replace", replacements={"a": "0"})
    assert list(reader) == [["0"]]
    assert reader.errors.replaced == 1


# --- lines -------------------------------------------------------------------------------------


def test_lines_metadata_and_loading(tmp_path):
    (path,) = files(tmp_path, {"t.jsonl": '{"a":1}\n{"a":2}\n{"a":3}\n'})
    reader = JacksonLineRecordReader(path, ["a"])
    assert list(reader) == [["1"], ["2"], ["3"]]
    wanted = [RecordMetaDataLine(2, str(path)), RecordMetaDataLine(0, str(path))]
    assert reader.load_from_metadata(wanted) == [["3"], ["1"]]
    with pytest.raises(DataVecError, match=r"no record at .* line 7"):
        reader.load_from_metadata([RecordMetaDataLine(7, str(path))])


@pytest.mark.parametrize("format", ["yaml", "xml"])
def test_lines_of_other_formats(format):
    text = {"yaml": "{a: 1}\n{a: 2}", "xml": "<r><a>1</a></r>\n<r><a>2</a></r>"}[format]
    assert list(JacksonLineRecordReader(StringSplit(text), ["a"], format=format)) == [["1"], ["2"]]


def typed(text, fields=("x", "s"), **options):
    reader = JacksonLineRecordReader(StringSplit(text), fields, schema=SCHEMA, **options)
    stream = TransformProcess(SCHEMA, ()).execute(reader)
    return [list(row.values()) for row in stream.read_all().to_pylist()], reader


GOOD = '{"x": 1.5, "s": "a", "other": [1, {}]}'


@pytest.mark.parametrize(
    ("line", "record"),
    [
        ('{"x": 2, "s": "b"}', [2.0, "b"]),
        ('{"s": "é", "x": 1e3}', [1000.0, "é"]),
        ('{"x": "7", "s": 8}', [7.0, "8"]),
        ('{"x": 3, "s": "null"}', [3.0, "null"]),
        ('  {"x": 3, "s": "b"}', [3.0, "b"]),
        ('{"x": 3}', [3.0, ""]),
        ('{"x": 1, "x": 2, "s": ""}', [2.0, ""]),
    ],
)
def test_blocks_equal_lines(line, record):
    rows, _ = typed(f"{GOOD}\n{line}\n")
    assert rows == [[1.5, "a"], record]


def test_plain_blocks_are_parsed_natively():
    plan = TransformProcess(SCHEMA, ()).read_plan()
    fields = FieldSelection.of(["x", "s"])
    frame = parse_json_block(f"{GOOD}\r\n{GOOD}".encode(), fields, SCHEMA, plan)
    assert frame is not None
    assert frame.columns[0].to_pylist() == [1.5, 1.5]
    for odd in ('{"x": null, "s": ""}', '{"x": 1}{"x": 2}', '{"x":\n1}', "", '{"x": 1} x'):
        assert parse_json_block(f"{GOOD}\n{odd}\n".encode(), fields, SCHEMA, plan) is None


def test_bad_lines_in_blocks():
    text = f'{GOOD}\n{{"x": true, "s": ""}}\nnothing\n{GOOD}\n'
    with pytest.raises(InvalidValueError, match=r'input, line 2, column "x".* received True'):
        typed(text)
    with pytest.raises(InvalidValueError, match=r'input, line 2, column "x".*received .abc'):
        typed(f'{GOOD}\n{{"x": "abc", "s": ""}}\n')
    rows, reader = typed(text, on_invalid="skip")
    assert rows == [[1.5, "a"]] * 2
    assert reader.skipped == 2


def test_iterator_finds_lines_again():
    text = "\n".join(json.dumps({"x": i, "n": {"y": i % 2}}) for i in range(5))
    schema = Schema.builder().add_column_double("x").add_column_integer("y").build()
    reader = JacksonLineRecordReader(StringSplit(text), ["x", ("n", "y")], schema=schema)
    batches = RecordReaderDataSetIterator(
        reader, 5, label_index="y", num_classes=2, collect_metadata=True
    )
    (batch,) = list(batches)
    assert [m.line for m in batch.metadata] == list(range(5))
    assert reader.load_from_metadata(batch.metadata[3:4]) == [["3", "1"]]


def test_line_sequences(tmp_path):
    paths = files(tmp_path, {"0.json": '{"a":1}\nx\n{"a":2}', "1.json": ""})
    reader = JacksonLineSequenceRecordReader(paths, ["a"], on_invalid="skip")
    assert list(reader) == [[["1"], ["2"]], []]
    assert reader.skipped == 1
    assert reader.load_from_metadata([RecordMetaDataURI(str(paths[0]))]) == [[["1"], ["2"]]]
    with pytest.raises(RecordFormatError, match=r"0\.json, line 2: not JSON"):
        list(JacksonLineSequenceRecordReader(paths, ["a"]))


# --- options -----------------------------------------------------------------------------------


def test_options_that_make_no_sense():
    with pytest.raises(ValueError, match="format must be one of json, yaml, xml, received 'toml'"):
        JacksonRecordReader(StringSplit(""), ["a"], format="toml")
    with pytest.raises(ValueError, match="at least one field"):
        JacksonRecordReader(StringSplit(""), [])
    with pytest.raises(ValueError, match="no empty path"):
        FieldSelection.builder().add_field().build()
    with pytest.raises(TypeError, match="received the text 'a'"):
        FieldSelection.of("a")
    with pytest.raises(ValueError, match="1 paths, but 0 values"):
        FieldSelection((("a",),), ())


def test_without_the_yaml_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ImportError, match=r"pip install \"datavec\[yaml\]\""):
        one("a: 1", "yaml")
