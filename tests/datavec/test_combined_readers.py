"""Readers made of other readers, readers over memory, and listeners."""

from __future__ import annotations

import logging

import pytest

from datavec import (
    CollectionRecordReader,
    CollectionSequenceRecordReader,
    ComposableRecordReader,
    ConcatenatingRecordReader,
    CSVRecordReader,
    DataVecError,
    DoubleColumnCondition,
    InMemoryRecordReader,
    InMemorySequenceRecordReader,
    InvalidValueError,
    LocalTransformProcessRecordReader,
    LogRecordListener,
    RecordMetaDataComposable,
    RecordMetaDataComposableMap,
    RecordMetaDataImageURI,
    RecordMetaDataIndex,
    RecordMetaDataLine,
    RecordReaderDataSetIterator,
    Reducer,
    Schema,
    SchemaError,
    SequenceSchema,
    StringSplit,
    TransformProcess,
    TransformProcessRecordReader,
    TransformProcessSequenceRecordReader,
)

SCHEMA = Schema.builder().add_column_double("x").add_column_double("y").build()
PROCESS = (
    TransformProcess.builder(SCHEMA)
    .filter(DoubleColumnCondition("x", ">", 2.0))
    .double_math_op("y", "Multiply", 10.0)
    .build()
)


def csv(text, **options):
    return CSVRecordReader(StringSplit(text), schema=SCHEMA, **options)


# --- side by side ------------------------------------------------------------------------------


def test_composed_records_know_their_parts():
    reader = ComposableRecordReader(
        CollectionRecordReader([[1], [2], [3]]), CSVRecordReader(StringSplit("a\nb"))
    )
    assert list(reader) == [[1, "a"], [2, "b"]]
    reader.reset()
    metadata = [reader.next_record()[1] for _ in range(2)]
    assert metadata[1] == RecordMetaDataComposable((RecordMetaDataIndex(1), RecordMetaDataLine(1)))
    assert metadata[1].location == "index=1, line 1"
    assert reader.load_from_metadata(metadata[::-1]) == [[2, "b"], [1, "a"]]
    assert reader.schema is None
    with pytest.raises(ValueError, match="at least one reader"):
        ComposableRecordReader()


def test_composed_schema_and_batches():
    left = Schema.builder().add_column_double("a").build()
    right = Schema.builder().add_column_integer("label").build()
    reader = ComposableRecordReader(
        CollectionRecordReader([[0.5], [1.5]], schema=left),
        CollectionRecordReader([[0], [1]], schema=right),
    )
    assert reader.schema.column_names == ["a", "label"]
    (batch,) = list(RecordReaderDataSetIterator(reader, 4, label_index="label", num_classes=2))
    assert batch.labels.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_composed_batches_of_readers_with_other_blocks():
    left, right = (Schema.builder().add_column_double(n).build() for n in ("a", "b"))
    text = "".join(f"{i}\n" for i in range(50))
    reader = ComposableRecordReader(
        CSVRecordReader(StringSplit(text), schema=left, block_size=16),
        CSVRecordReader(StringSplit(text), schema=right, block_size=23),
        CollectionRecordReader([[i] for i in range(47)], schema=schema_of("c")),
    )
    process = (
        TransformProcess.builder(reader.schema)
        .filter(DoubleColumnCondition("a", "<", 40.0))
        .build()
    )
    batches = RecordReaderDataSetIterator(reader, 99, transform=process, collect_metadata=True)
    (batch,) = list(batches)
    assert batch.features.tolist() == [[i, i, i] for i in range(40, 47)]
    assert [m.parts[1].line for m in batch.metadata] == list(range(40, 47))
    assert reader.load_from_metadata(batch.metadata[:1]) == [["40", "40", 40]]


def test_composed_errors_name_the_line_of_their_reader():
    reader = ComposableRecordReader(
        CollectionRecordReader([[1.0]] * 3, schema=schema_of("a")),
        CSVRecordReader(StringSplit("1\n2\nx\n"), schema=schema_of("b")),
    )
    to_int = TransformProcess.builder(reader.schema).double_math_op("b", "Add", 1.0).build()
    with pytest.raises(InvalidValueError, match='line 3, column "b"'):
        to_int.execute(reader).read_all()


def schema_of(name):
    return Schema.builder().add_column_double(name).build()


def test_metadata_of_several_named_readers():
    parts = {"in": RecordMetaDataLine(2, "a.csv"), "out": RecordMetaDataIndex(0)}
    metadata = RecordMetaDataComposableMap(parts)
    assert metadata.uri == "a.csv"
    assert metadata.location == "in: a.csv line 2, out: index=0"
    assert RecordMetaDataImageURI("a.png", 3, 4, 5).location == "a.png"


# --- one after another -------------------------------------------------------------------------


def test_concatenated_records_and_metadata():
    reader = ConcatenatingRecordReader(csv("1,2\n3,4"), csv("5,6"))
    assert list(reader) == [["1", "2"], ["3", "4"], ["5", "6"]]
    reader.reset()
    metadata = [reader.next_record()[1] for _ in range(3)]
    assert [m.location for m in metadata] == ["line 0", "line 1", "line 0"]
    assert reader.load_from_metadata([metadata[2], metadata[1]]) == [["5", "6"], ["3", "4"]]


def test_concatenated_batches_are_typed_by_each_reader():
    reader = ConcatenatingRecordReader(
        csv("1,2\n3,4\n"), CollectionRecordReader([[5, "6"], [7, "x"]])
    )
    stream = TransformProcess(SCHEMA, ()).execute(reader)
    assert next(stream).to_pydict() == {"x": [1.0, 3.0], "y": [2.0, 4.0]}
    with pytest.raises(InvalidValueError, match='column "y": expected a number'):
        list(stream)
    skipping = TransformProcess(SCHEMA, ()).execute(reader, on_error="skip")
    assert skipping.read_all().num_rows == 3


def test_concatenated_metadata_of_batches():
    reader = ConcatenatingRecordReader(csv("1,2"), csv("5,6\n7,8"))
    batches = RecordReaderDataSetIterator(
        reader, 3, label_index=1, regression=True, collect_metadata=True
    )
    (batch,) = list(batches)
    assert reader.load_from_metadata(batch.metadata[1:]) == [["5", "6"], ["7", "8"]]


# --- transformed -------------------------------------------------------------------------------


def test_transformed_records():
    reader = TransformProcessRecordReader(csv("1,2\n3,4\n2,8"), PROCESS)
    assert list(reader) == [[1.0, 20.0], [2.0, 80.0]]
    reader.reset()
    metadata = [reader.next_record()[1] for _ in range(2)]
    assert metadata == [RecordMetaDataIndex(0), RecordMetaDataIndex(2)]
    assert reader.load_from_metadata(metadata[::-1]) == [[2.0, 80.0], [1.0, 20.0]]
    with pytest.raises(DataVecError, match="no record at index=9"):
        reader.load_from_metadata([RecordMetaDataIndex(9)])
    assert LocalTransformProcessRecordReader is TransformProcessRecordReader


def test_transformed_batches_run_in_the_readers_tasks():
    reader = TransformProcessRecordReader(csv("1,2\n3,4\n2,8"), PROCESS)
    batches = RecordReaderDataSetIterator(
        reader, 4, label_index="y", regression=True, collect_metadata=True
    )
    (batch,) = list(batches)
    assert batch.features.tolist() == [[1.0], [2.0]]
    assert [m.line for m in batch.metadata] == [0, 2]
    assert reader.load_from_metadata(batch.metadata[1:]) == [[2.0, 80.0]]
    twice = TransformProcessRecordReader(reader, PROCESS)
    assert [r[1] for r in twice] == [200.0, 800.0]
    (again,) = list(RecordReaderDataSetIterator(twice, 4, collect_metadata=True))
    assert twice.load_from_metadata(again.metadata) == [[1.0, 200.0], [2.0, 800.0]]


def test_transformed_errors_name_step_and_line():
    texts = Schema.builder().add_column_string("x").add_column_string("y").build()
    source = CSVRecordReader(StringSplit("1,2\n2,x\n"), schema=texts)
    to_double = TransformProcess.builder(texts).convert_to_double("y").build()
    reader = TransformProcessRecordReader(source, to_double)
    process = TransformProcess(reader.schema, ())
    with pytest.raises(InvalidValueError, match=r'step 0 \w+, input, line 2, column "y"'):
        process.execute(reader).read_all()
    stream = process.execute(reader, on_error="skip")
    assert stream.read_all().num_rows == 1
    assert stream.skipped == 1


def test_processes_that_need_everything_are_refused():
    whole = TransformProcess.builder(SCHEMA).reduce(Reducer("Sum", key_columns=["x"])).build()
    with pytest.raises(SchemaError, match="needs all records at once"):
        TransformProcessRecordReader(csv(""), whole)
    to_sequence = TransformProcess.builder(SCHEMA).convert_to_sequence().build()
    with pytest.raises(SchemaError, match="TransformProcessRecordReader"):
        TransformProcessRecordReader(csv(""), to_sequence)


# --- in memory, listeners ----------------------------------------------------------------------


def test_names_of_the_original():
    assert InMemoryRecordReader is CollectionRecordReader
    assert InMemorySequenceRecordReader is CollectionSequenceRecordReader
    sequences = CollectionSequenceRecordReader([[[1, 2], [3, 4]]])
    schema = SequenceSchema(SCHEMA.columns)
    process = TransformProcess.builder(schema).double_math_op("y", "Multiply", 10.0).build()
    reader = TransformProcessSequenceRecordReader(sequences, process)
    assert list(reader) == [[[1.0, 20.0], [3.0, 40.0]]]


def test_sequences_through_processes_and_metadata():
    schema = SequenceSchema(SCHEMA.columns)
    process = TransformProcess.builder(schema).double_math_op("y", "Multiply", 10.0).build()
    data = [[[i, j] for j in range(i)] for i in range(1, 6)]
    source = CollectionSequenceRecordReader(data)
    expected = [[[float(a), b * 10.0] for a, b in steps] for steps in data]
    table = process.execute(source, threads=2).read_all()
    assert table["y"].to_pylist() == [[b for _, b in steps] for steps in expected]
    reader = TransformProcessSequenceRecordReader(source, process)
    assert list(reader) == expected
    same = TransformProcess(process.final_schema, ())
    assert same.execute(reader).read_all().equals(table)
    (task,) = reader.frame_tasks(process.final_schema, same.read_plan())
    found = task.metadata(task())
    reader.reset()
    indexed = [reader.next_sequence()[1] for _ in range(5)]
    both = [found[3], indexed[1], found[0]]
    assert reader.load_from_metadata(both) == [expected[3], expected[1], expected[0]]


def test_sequences_that_do_not_fit():
    schema = SequenceSchema(SCHEMA.columns)
    source = CollectionSequenceRecordReader([[[1, 2]], [[1, 2], [3]], [[4, "x"]]])
    with pytest.raises(DataVecError, match="index=1: expected 2 values a step, received 1"):
        TransformProcess(schema, ()).execute(source).read_all()
    stream = TransformProcess(schema, ()).execute(source, on_error="skip")
    assert stream.read_all().num_rows == 1
    assert stream.skipped == 2
    with pytest.raises(InvalidValueError, match=r'index=0, .*column "y": expected a number'):
        TransformProcess(schema, ()).execute(
            CollectionSequenceRecordReader([[[4, "x"]]])
        ).read_all()
    with pytest.raises(SchemaError, match="needs a SequenceSchema"):
        TransformProcess(SCHEMA, ()).execute(source).read_all()
    with pytest.raises(SchemaError, match="it works on records"):
        TransformProcessSequenceRecordReader(source, PROCESS)


def test_listeners(caplog):
    reader = CollectionRecordReader([[1], [2]])
    reader.set_listeners(LogRecordListener())
    with caplog.at_level(logging.INFO, logger="datavec.readers"):
        list(reader)
    assert [r.getMessage() for r in caplog.records] == [
        "CollectionRecordReader: [1]",
        "CollectionRecordReader: [2]",
    ]
    reader.set_listeners()
    caplog.clear()
    list(reader)
    assert not caplog.records
    with pytest.raises(TypeError, match="expected AbstractRecordListener objects, received str"):
        reader.set_listeners("log")
    sequences = CollectionSequenceRecordReader([[[1]]])
    sequences.set_listeners(LogRecordListener(logging.WARNING))
    sequences.next()
    assert caplog.records[-1].getMessage() == "CollectionSequenceRecordReader: [[1]]"
