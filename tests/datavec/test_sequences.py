from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from datavec import (
    ConditionalReduction,
    DoubleColumnCondition,
    IntegerColumnCondition,
    IntWritableComparator,
    InvalidValueError,
    NumericalColumnComparator,
    Reducer,
    Schema,
    SchemaError,
    SequenceLengthCondition,
    SplitMaxLengthSequence,
    StringComparator,
    TextToTermIndexSequenceTransform,
    TimeWindowFunction,
    TransformProcess,
)


def steps() -> Schema:
    return (
        Schema.builder()
        .add_column_string("k")
        .add_column_integer("t")
        .add_column_double("x")
        .build()
    )


ROWS = [["a", 2, 20.0], ["b", 1, 5.0], ["a", 1, 10.0], ["a", 3, 40.0], ["b", 0, 1.0]]


def grouped():
    return TransformProcess.builder(steps()).convert_to_sequence(
        "k", comparator=NumericalColumnComparator("t")
    )


def test_to_sequences_and_back():
    sequences = grouped().build().execute_to_sequences(ROWS)
    assert sequences == [
        [["a", 1, 10.0], ["a", 2, 20.0], ["a", 3, 40.0]],
        [["b", 0, 1.0], ["b", 1, 5.0]],
    ]
    back = grouped().convert_from_sequence().build()
    assert back.execute_records(ROWS) == [step for s in sequences for step in s]
    by_text = TransformProcess.builder(steps()).convert_to_sequence(
        "k", comparator=StringComparator("t")
    )
    assert by_text.build().execute_to_sequences(ROWS) == sequences


def test_sequences_as_arrow_lists_over_several_batches():
    names = steps().column_names
    table = pa.table({n: pa.array([r[i] for r in ROWS]) for i, n in enumerate(names)})
    batches = [table.slice(0, 2).to_batches()[0], table.slice(2).to_batches()[0]]
    result = grouped().build().execute(batches).read_all()
    assert result["x"].to_pylist() == [[10.0, 20.0, 40.0], [1.0, 5.0]]
    again = TransformProcess(grouped().schema, ()).execute(result).read_all()
    assert again["x"].to_pylist() == result["x"].to_pylist()


def test_differences_offsets_and_windows_stay_inside_their_sequence():
    made = grouped().sequence_difference("x", "dx").build().execute_to_sequences(ROWS)
    assert [[s[2] for s in q] for q in made] == [[0, 10, 20], [0, 4]]
    made = grouped().offset_sequence("x", amount=1).build().execute_to_sequences(ROWS)
    assert made == [[["a", 2, 20.0, 10.0], ["a", 3, 40.0, 20.0]], [["b", 1, 5.0, 1.0]]]
    made = (
        grouped().offset_sequence("x", amount=-1, edge_value=0).build().execute_to_sequences(ROWS)
    )
    assert [[s[3] for s in q] for q in made] == [[20, 40, 0], [5, 0]]
    made = (
        grouped().sequence_moving_window_reduce("x", 2, "mean").build().execute_to_sequences(ROWS)
    )
    assert [[s[3] for s in q] for q in made] == [[10, 15, 30], [1, 3]]


def test_trim_pad_and_split():
    made = (
        grouped().trim_or_pad_sequence_to_length(3, ["", -1, 0]).build().execute_to_sequences(ROWS)
    )
    assert made[1] == [["b", 0, 1.0], ["b", 1, 5.0], ["", -1, 0.0]]
    made = grouped().trim_sequence(2, from_start=True).build().execute_to_sequences(ROWS)
    assert made == [[["a", 3, 40.0]], []]
    with pytest.raises(SchemaError, match="max_sequence_length must be positive"):
        SplitMaxLengthSequence(0)
    equal = grouped().split_sequence(SplitMaxLengthSequence(2, equal_splits=True)).build()
    assert [len(s) for s in equal.execute_to_sequences(ROWS)] == [2, 1, 2]


def test_conditions_on_sequences():
    longer = grouped().filter(SequenceLengthCondition("<", 3)).build()
    assert len(longer.execute_to_sequences(ROWS)) == 1
    any_step = grouped().filter(IntegerColumnCondition("t", "==", 0)).build()
    assert [s[0][0] for s in any_step.execute_to_sequences(ROWS)] == ["a"]
    records = TransformProcess.builder(steps()).filter(SequenceLengthCondition("<", 3)).build()
    with pytest.raises(ValueError, match="works on sequences"):
        records.execute_records(ROWS)


def test_steps_that_need_sequences_say_so():
    with pytest.raises(SchemaError, match="needs sequences"):
        TransformProcess.builder(steps()).sequence_difference("x")
    with pytest.raises(SchemaError, match="sequences already"):
        grouped().convert_to_sequence()
    with pytest.raises(SchemaError, match="use ReduceSequenceTransform"):
        grouped().reduce(Reducer("Sum"))


def test_reduce_by_keys():
    reducer = Reducer(
        "TakeFirst",
        key_columns=["k"],
        ops={"x": ["Sum", "Mean", "Stdev", "Count"]},
        conditional={
            "t": ConditionalReduction("t", ["late"], ["Max"], DoubleColumnCondition("x", ">", 10))
        },
    )
    process = TransformProcess.builder(steps()).reduce(reducer).build()
    assert process.final_schema.column_names == [
        "k",
        "late",
        "sum(x)",
        "mean(x)",
        "stdev(x)",
        "count(x)",
    ]
    got = process.execute_records(ROWS)
    assert got[0][:4] == ["a", 3, 70.0, 70 / 3]
    assert got[0][4] == pytest.approx(np.std([10, 20, 40], ddof=1))
    assert got[1][:3] == ["b", None, 6.0]
    again = TransformProcess.from_json(process.to_json())
    assert again == process
    names = steps().column_names
    table = pa.table({n: pa.array([r[i] for r in ROWS]) for i, n in enumerate(names)})
    streamed = process.execute(table.to_batches(max_chunksize=2)).read_all()
    assert [list(r.values()) for r in streamed.to_pylist()] == got


def test_reduce_errors_point_to_the_record():
    process = TransformProcess.builder(steps()).reduce(Reducer("Sum", key_columns=["k"])).build()
    rows = [["b", 1, "1"], ["a", 1, "1"], ["b", 1, "x"]]
    with pytest.raises(InvalidValueError, match='row 2, column "x"'):
        process.execute_records(rows)
    assert process.execute_records(rows, on_error="skip") == [["b", 1, 1.0], ["a", 1, 1.0]]
    process = TransformProcess.builder(steps()).reduce(Reducer("Sum")).build()
    with pytest.raises(ValueError, match="Sum is not possible on type String"):
        process.execute_records(ROWS)


def test_reduce_sequences_and_windows():
    process = grouped().reduce_sequence(Reducer("TakeLast", ops={"x": "Range"})).build()
    assert process.execute_records(ROWS) == [["a", 3, 30.0], ["b", 1, 4.0]]
    schema = Schema.builder().add_column_time("t").add_column_integer("i").build_sequence()
    window = TimeWindowFunction("t", 10, "seconds", add_window_start_time_column=True)
    process = (
        TransformProcess.builder(schema)
        .reduce_sequence_by_window(
            Reducer("Sum", ops={"t": "Count", "windowStartTime": "TakeFirst"}), window
        )
        .build()
    )
    got = process.execute_sequences([[[1000, 1], [9999, 2], [30_000, 3]], []])
    assert got == [[[2, 3, 0], [0, None, None], [0, None, None], [1, 3, 30_000]], []]


def test_rank():
    process = TransformProcess.builder(steps()).calculate_sorted_rank(
        "rank", "t", IntWritableComparator(), ascending=False
    )
    got = process.build().execute_records(ROWS)
    assert [r[1] for r in got] == [3, 2, 1, 1, 0]
    assert [r[3] for r in got] == list(range(5))
    assert [r[0] for r in got][2:4] == ["b", "a"]  # ties keep their order


def test_words_become_steps():
    schema = Schema.builder().add_column_integer("i").add_column_string("s").build_sequence()
    step = TextToTermIndexSequenceTransform(("s",), ("w",), {"a": 0, "b": 1}, " ")
    process = TransformProcess.builder(schema).transform(step).build()
    assert process.execute_sequences([[[1, "a b x"], [2, "x"]], [[3, "b"]]]) == [
        [[1, 0], [1, 1]],
        [[3, 1]],
    ]


def test_arrays():
    schema = Schema.builder().add_column_ndarray("a", [2]).add_column_ndarray("b", [2]).build()
    process = (
        TransformProcess.builder(schema)
        .ndarray_columns_math_op("sum", "Add", "a", "b")
        .ndarray_scalar_op("a", "Multiply", 2)
        .ndarray_distance("d", "EUCLIDEAN", "b", "sum")
        .build()
    )
    a, b, total, distance = process.execute_record([np.array([3.0, 4.0]), np.array([1.0, 1.0])])
    assert (a.tolist(), b.tolist(), total.tolist()) == ([6, 8], [1, 1], [4, 5])
    assert distance == pytest.approx(5.0)
    with pytest.raises(InvalidValueError, match='as large as in "a"'):
        process.execute_record([np.array([3.0, 4.0]), np.array([1.0])])
    far = [np.array([math.nan, 0.0]), np.array([1.0, 1.0])]
    rows = process.execute_records([far, [np.array([3.0, 4.0]), np.array([0.0, 0.0])]])
    assert math.isnan(rows[0][3])
    assert rows[1][3] == pytest.approx(5.0)
