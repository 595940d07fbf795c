"""Readers of sparse text (SVMLight) and of text matrices (Matlab)."""

from __future__ import annotations

import numpy as np
import pytest

from datavec import (
    DataVecError,
    LibSvmRecordReader,
    MatlabRecordReader,
    RecordFormatError,
    RecordMetaDataLine,
    RecordReaderDataSetIterator,
    Schema,
    SchemaError,
    StringSplit,
    SVMLightRecordReader,
    TransformProcess,
)
from datavec.readers._lines import Block

KEY = "org.datavec.api.records.reader.impl.misc.SVMLightRecordReader."


def schema(features, *labels):
    builder = Schema.builder()
    for i in range(features):
        builder.add_column_double(f"f{i}")
    for name, kind in labels:
        getattr(builder, f"add_column_{kind}")(name)
    return builder.build()


def table(reader, columns):
    rows = TransformProcess(columns, ()).execute(reader).read_all().to_pylist()
    return [list(row.values()) for row in rows]


def sparse(text, **options):
    return SVMLightRecordReader(StringSplit(text), **{"num_features": 3, **options})


def both_ways(text, columns, **options):
    """Records line by line and as typed blocks, which must agree."""
    records = list(sparse(text, **options))
    reader = sparse(text, **options)
    assert table(reader, columns) == records
    plan = TransformProcess(columns, ()).read_plan()
    reader._labels_expected = len(columns) - reader.num_features
    assert reader.parse_block(Block(text.encode(), None, 0), columns, plan) is not None
    return records


# --- SVMLight ----------------------------------------------------------------------------------


def test_features_and_label():
    text = "# head\n1 0:1.5 2:-2 # tail\n-1 qid:7 1:0.25  2:1e3 \n0\n"
    assert both_ways(text, schema(3, ("y", "integer"))) == [
        [1.5, 0.0, -2.0, 1],
        [0.0, 0.25, 1000.0, -1],
        [0.0, 0.0, 0.0, 0],
    ]


def test_a_label_that_is_no_whole_number():
    assert list(sparse("2.5 0:1\n3 1:1")) == [[1.0, 0.0, 0.0, 2.5], [0.0, 1.0, 0.0, 3]]
    columns = schema(3, ("y", "double"))
    assert table(sparse("2.5 0:1\n3 1:1"), columns) == [[1, 0, 0, 2.5], [0, 1, 0, 3]]
    with pytest.raises(DataVecError, match=r'line 1, column "y": expected a 32-bit integer'):
        table(sparse("2.5 0:1"), schema(3, ("y", "integer")))


def test_several_labels():
    columns = schema(3, ("y", "integer"), ("z", "integer"))
    text = "1,2 0:1\r\n3,4 1:1\r\n"
    assert both_ways(text, columns) == [[1.0, 0.0, 0.0, 1, 2], [0.0, 1.0, 0.0, 3, 4]]
    for bad in ("1,2 0:1\n3 1:1", "1,2 0:1\n 1:1", "1,2 0:1\n3,4,5 1:1", "1,2 0:1\n3,"):
        with pytest.raises(RecordFormatError, match="line 2: expected 2 labels, received"):
            list(sparse(bad))
        with pytest.raises(RecordFormatError, match="line 2: expected 2 labels, received"):
            table(sparse(bad), columns)


def test_no_labels():
    columns = schema(3)
    assert both_ways("0:1 1:2\n".replace("0:1", " 0:1"), columns) == [[1.0, 2.0, 0.0]]
    assert both_ways("5 0:1\nno,ne 1:2\n", columns, append_label=False) == [
        [1.0, 0.0, 0.0],
        [0.0, 2.0, 0.0],
    ]


def test_multilabel():
    columns = schema(3, *[(f"y{i}", "integer") for i in range(4)])
    options = {"multilabel": True, "num_labels": 4}
    text = "1,3 0:1\n 1:2\n\n4 2:3\n"
    assert both_ways(text, columns, **options) == [
        [1.0, 0.0, 0.0, 1, 0, 1, 0],
        [0.0, 2.0, 0.0, 0, 0, 0, 0],
        [0.0, 0.0, 0.0, 0, 0, 0, 0],
        [0.0, 0.0, 3.0, 0, 0, 0, 1],
    ]
    zero = list(sparse("0,3 0:1", zero_based_label_indexing=True, **options))
    assert zero == [[1.0, 0.0, 0.0, 1, 0, 0, 1]]
    for bad in ("0 0:1", "5 0:1", "1.5 0:1", "a 0:1"):
        with pytest.raises(RecordFormatError, match="line 1: expected a class from 1 to 4"):
            table(sparse(bad, **options), columns)


def test_indices_from_one():
    reader = LibSvmRecordReader(StringSplit("1 1:1 3:2"), num_features=3, zero_based_indexing=False)
    assert list(reader) == [[1.0, 0.0, 2.0, 1]]
    assert table(reader, schema(3, ("y", "integer"))) == [[1.0, 0.0, 2.0, 1]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 3:1", "index from 0 to 2, received '3'; clear zero_based_indexing"),
        ("1 -1:1", "index from 0 to 2, received '-1'"),
        ("1 99999999999:1", "received '99999999999'"),
        ("1 a:1", "received 'a'"),
        ("1 1", "expected index:value, received '1'"),
        ("1 1:", "expected index:value"),
        ("1 1:x", "expected index:value, received '1:x'"),
        ("1 1:2:3", "expected index:value, received '1:2:3'"),
        ("1 1: 2", "expected index:value, received '1:'"),
        ("1 1:0x1F", "expected index:value"),
        ("1 :2", "received ''"),
        ("x 1:2", "expected a number as label, received 'x'"),
        ("1:2 0:1", "expected a number as label, received '1:2'"),
        ("", "expected 1 labels, received 0"),
    ],
)
def test_broken_lines_name_the_line(line, message):
    text = f"1 0:1\n{line}\n1 0:2\n"
    columns = schema(3, ("y", "integer"))
    with pytest.raises(RecordFormatError, match=f"line 2: .*{message}"):
        list(sparse(text))
    with pytest.raises(RecordFormatError, match=f"line 2: .*{message}"):
        table(sparse(text), columns)
    reader = sparse(text, on_invalid="skip")
    assert table(reader, columns) == [[1.0, 0.0, 0.0, 1], [2.0, 0.0, 0.0, 1]]
    assert reader.skipped == 1


def test_index_zero_hints_at_the_option():
    with pytest.raises(RecordFormatError, match="from 1 to 3, received '0'; set zero_based_index"):
        list(sparse("1 0:1", zero_based_indexing=False))


def test_options_from_a_configuration():
    reader = SVMLightRecordReader().initialize(
        StringSplit("1 1:1"), {KEY + "numfeatures": "2", KEY + "zeroBasedIndexing": "false"}
    )
    assert list(reader) == [[1.0, 0.0, 1]]
    with pytest.raises(ValueError, match="num_features must be given"):
        SVMLightRecordReader().initialize(StringSplit(""), {})
    with pytest.raises(ValueError, match="multilabel needs num_labels"):
        SVMLightRecordReader().initialize(
            StringSplit(""), {KEY + "numfeatures": "2", KEY + "multilabel": "true"}
        )
    with pytest.raises(ValueError, match="numfeatures: expected a number, received 'two'"):
        SVMLightRecordReader().initialize(StringSplit(""), {KEY + "numfeatures": "two"})
    with pytest.raises(ValueError, match="no files given"):
        list(SVMLightRecordReader(num_features=2))
    with pytest.raises(SchemaError, match="2 columns for 3 features"):
        table(sparse("1 0:1"), schema(2))


def test_metadata_and_loading(tmp_path):
    path = tmp_path / "t.svm"
    path.write_text("# head\n1 0:1\n2 1:1\n# more\n3 2:1\n")
    reader = SVMLightRecordReader(path, num_features=3)
    reader.reset()
    metadata = [reader.next_record()[1] for _ in range(3)]
    assert [m.line for m in metadata] == [1, 2, 4]
    assert reader.load_from_metadata(metadata[::-1]) == list(reader)[::-1]
    batches = RecordReaderDataSetIterator(
        reader, 8, label_index=3, num_classes=4, collect_metadata=True
    )
    (batch,) = list(batches)
    assert batch.metadata == metadata
    assert np.asarray(batch.labels).argmax(1).tolist() == [1, 2, 3]


def test_only_wanted_columns_and_bounded_blocks(monkeypatch):
    monkeypatch.setattr("datavec.readers._svmlight._MATRIX_BYTES", 100)
    text = "".join(f"{i} {i % 50}:{i}\n" for i in range(200))
    columns = schema(50, ("y", "integer"))
    process = (
        TransformProcess.builder(columns)
        .remove_columns(*[f"f{i}" for i in range(50) if i not in (3, 7)])
        .build()
    )
    reader = SVMLightRecordReader(StringSplit(text), num_features=50)
    tasks = list(reader.frame_tasks(columns, process.read_plan()))
    assert len(tasks) == 200 // 6 + 1
    assert tasks[0]().columns[0].type == "null"
    got = process.execute(reader, threads=2).read_all().to_pydict()
    assert got["f3"] == [float(i) if i % 50 == 3 else 0.0 for i in range(200)]
    assert got["y"] == list(range(200))
    assert tasks[7].metadata(tasks[7]())[0].line == 42


# --- Matlab ------------------------------------------------------------------------------------


def test_matrix_text():
    text = "% a matrix\n\n1 2.5  3\n\t-4,5;6e0 % row\r\nNaN Infinity 0\n"
    rows = list(MatlabRecordReader(StringSplit(text)))
    assert rows[:2] == [[1.0, 2.5, 3.0], [-4.0, 5.0, 6.0]]
    assert str(rows[2]) == "[nan, inf, 0.0]"
    columns = schema(3)
    reader = MatlabRecordReader(StringSplit(text), schema=columns)
    assert str(table(reader, columns)) == str(rows)
    plan = TransformProcess(columns, ()).read_plan()
    _, lines = reader.parse_block(Block(text.encode(), None, 0), columns, plan)
    assert lines.tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("line", "message"),
    [("1 2", "expected 3 numbers as in the first row, received 2"), ("1 x 2", "received 'x'")],
)
def test_broken_matrices(line, message):
    text, columns = f"1 2 3\n{line}\n4 5 6\n", schema(3)
    for read in (list, lambda r: table(r, columns)):
        with pytest.raises(RecordFormatError, match=f"line 2: .*{message}"):
            read(MatlabRecordReader(StringSplit(text)))
    reader = MatlabRecordReader(StringSplit(text), on_invalid="skip")
    assert table(reader, columns) == [[1, 2, 3], [4, 5, 6]]
    assert reader.skipped == 1


def test_binary_mat_files_are_named(tmp_path):
    path = tmp_path / "t.mat"
    path.write_bytes(b"MATLAB 5.0 MAT-file, Platform" + bytes(100))
    with pytest.raises(RecordFormatError, match=r"t\.mat: a binary MAT-file.*-ascii.*loadmat"):
        list(MatlabRecordReader(path))


def test_matrix_loading(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("1 2\n3 4\n")
    metadata = [RecordMetaDataLine(1, str(path))]
    assert MatlabRecordReader(path).load_from_metadata(metadata) == [[3.0, 4.0]]
