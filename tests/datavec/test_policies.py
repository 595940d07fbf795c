"""Error policies: raise, skip, replace; every record is delivered, filtered, counted or an error."""

from __future__ import annotations

import datetime
import logging
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import (
    CollectionRecordReader,
    CollectionSequenceRecordReader,
    CSVRecordReader,
    DataVecError,
    DoubleColumnCondition,
    ErrorExample,
    ErrorPolicy,
    ErrorReport,
    InvalidValueError,
    RecordReaderDataSetIterator,
    RecordReaderMultiDataSetIterator,
    Reducer,
    Schema,
    SchemaError,
    SequenceRecordReaderDataSetIterator,
    StringSplit,
    TransformProcess,
)


def schema() -> Schema:
    return (
        Schema.builder()
        .add_column_integer("id")
        .add_column_double("age")
        .add_column_categorical("kind", ["cash", "card"])
        .add_column_string("when")
        .build()
    )


def process() -> TransformProcess:
    return (
        TransformProcess.builder(schema())
        .double_math_op("age", "Multiply", 2.0)
        .categorical_to_integer("kind")
        .string_to_time("when", "yyyy-MM-dd")
        .build()
    )


DAY = "1970-01-02"
ROWS: list[list[Any]] = [
    [1, 10.0, "cash", DAY],
    [2, "x", "card", DAY],
    [3, None, "card", DAY],
    [4, "40", "gold", DAY],
    [5, 50.0, "cash", "soon"],
    [6, "?", "gold", DAY],
]
MS = 86_400_000


# --- the policy object --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ignore",), "on_error: an error policy is one of 'raise', 'skip', 'replace', received"),
        ((None,), "on_error: an error policy is one of"),
        (("replace",), "needs replacements"),
        (("raise", {"a": 1}), "only used by the error policies 'replace' and 'skip'"),
        (("replace", {"a": None}), 'column "a": None is no replacement'),
        ((ErrorPolicy("skip"), {"a": 1}), "holds the replacements already"),
    ],
)
def test_policies_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        ErrorPolicy.of(*arguments)


def test_policy_objects_pass_through():
    policy = ErrorPolicy("skip", {"a": 1})
    assert ErrorPolicy.of(policy) is policy
    assert ErrorPolicy.of("skip", {"a": 1}) == policy
    assert (policy.raises, policy.skips, policy.replacement("a"), policy.replacement(None)) == (
        *(False, True, 1),
        None,
    )


# --- processes ----------------------------------------------------------------------------------


def test_raise_names_step_row_column_and_value():
    with pytest.raises(
        InvalidValueError,
        match=r"step 0 DoubleMathOpTransform, row 1, column \"age\": expected a number, received 'x'",
    ):
        process().execute_records(ROWS[:2])


def test_the_first_bad_record_is_the_one_that_is_named():
    # The missing value of row 2 is noticed before the text of row 1.
    stream = process().execute(table(ROWS))
    assert next(stream)["id"].to_pylist() == [1]
    with pytest.raises(InvalidValueError, match=r"row 1,.*received 'x'"):
        next(stream)


def test_skip_counts_by_step_column_and_reason():
    errors = ErrorReport()
    assert process().execute_records(ROWS, on_error="skip", errors=errors) == [[1, 20.0, 0, MS]]
    assert (errors.skipped, errors.replaced) == (5, 0)
    found = {(t.where, t.column, t.reason): t for t in errors}
    numbers = found["step 0 DoubleMathOpTransform", "age", "expected a number"]
    assert numbers.count == 2
    assert list(map(str, numbers.examples)) == ["'x' (row 1)", "'?' (row 5)"]
    assert found["step 0 DoubleMathOpTransform", "age", "missing value"].count == 1
    category = found[
        "step 1 CategoricalToIntegerTransform", "kind", "expected one of 'cash', 'card'"
    ]
    assert (category.count, str(category.examples[0])) == (1, "'gold' (row 3)")
    assert sum(t.count for t in errors) == 5


def test_replace_stands_in_for_missing_invalid_and_unseen_values():
    errors = ErrorReport()
    replacements = {"age": 1.5, "kind": "card", "when": "1970-01-03"}
    got = process().execute_records(
        ROWS, on_error="replace", replacements=replacements, errors=errors
    )
    assert got == [
        [1, 20.0, 0, MS],
        [2, 3.0, 1, MS],
        [3, 3.0, 1, MS],
        [4, 80.0, 1, MS],
        [5, 100.0, 0, 2 * MS],
        [6, 3.0, 1, MS],
    ]
    assert (errors.skipped, errors.replaced) == (0, 6)
    assert {(t.column, t.count) for t in errors} == {
        ("age", 1),
        ("age", 2),
        ("kind", 2),
        ("when", 1),
    }


def test_columns_without_a_replacement_still_raise_or_skip():
    with pytest.raises(InvalidValueError, match=r'step 1 .*row 3, column "kind".*gold'):
        process().execute_records(ROWS, on_error="replace", replacements={"age": 0.0})
    errors = ErrorReport()
    policy = ErrorPolicy("skip", {"age": 0.0})
    got = process().execute_records(ROWS, on_error=policy, errors=errors)
    assert [r[:2] for r in got] == [[1, 20.0], [2, 0.0], [3, 0.0]]
    # The last record is counted under both: a value was replaced before the record was left out.
    assert (errors.skipped, errors.replaced) == (3, 3)


def test_values_that_no_step_touches_are_replaced_too():
    plain = TransformProcess(schema(), ())
    rows = [[1, None, "gold", None], ["x", "y", None, "t"]]
    replacements = {"id": 0, "age": -1.0, "kind": "cash", "when": "never"}
    assert plain.execute_records(rows, on_error="replace", replacements=replacements) == [
        [1, -1.0, "cash", "never"],
        [0, -1.0, "cash", "t"],
    ]
    with pytest.raises(InvalidValueError, match='column "id": expected a 32-bit integer'):
        plain.execute_records(rows, on_error="replace", replacements={"age": 0.0})


def test_values_of_every_type_can_be_replaced():
    odd = (
        Schema.builder()
        .add_column_ndarray("n", [2])
        .add_column_time("t")
        .add_column_boolean("b")
        .add_column_float("f")
        .build()
    )
    day = datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC)
    values = {"n": np.zeros(2), "t": day, "b": False, "f": 1}
    ((array, *rest),) = TransformProcess(odd, ()).execute_records(
        [[None] * 4], on_error="replace", replacements=values
    )
    assert (array.tolist(), rest) == ([0.0, 0.0], [MS, False, 1.0])
    for name, bad in {"n": 3, "t": "x", "b": "maybe"}.items():
        with pytest.raises(SchemaError, match=f'is no value for column "{name}"'):
            TransformProcess(odd, ()).execute_records(
                [[None] * 4], on_error="replace", replacements={name: bad}
            )


@pytest.mark.parametrize(
    ("replacements", "error", "message"),
    [
        ({"nope": 1}, SchemaError, "no column 'nope' at any step; the columns at first are 'id'"),
        ({"age": "old"}, SchemaError, "'old' is no value for column \"age\" of type Double"),
        ({"id": 1.5}, SchemaError, 'no value for column "id" of type Integer'),
        (
            {"kind": "gold"},
            DataVecError,
            "the replacement 'gold' for column \"kind\" cannot be used",
        ),
        (
            {"when": "x"},
            DataVecError,
            "the replacement 'x' for column \"when\" cannot be used either",
        ),
    ],
)
def test_replacements_that_cannot_be_used(replacements, error, message):
    rows = [[1, 1.0, "gold", DAY]] if "kind" in replacements else [[1, 1.0, "cash", "soon"]]
    with pytest.raises(error, match=message):
        process().execute_records(rows, on_error="replace", replacements=replacements)


def test_records_that_no_column_can_hold_obey_the_policy():
    rows = [ROWS[0], [1 << 70, 1.0, "cash", DAY], [2, 3.0], [3, 1.0, b"x", DAY]]
    errors = ErrorReport()
    got = process().execute_records(rows, on_error="skip", errors=errors)
    assert [r[0] for r in got] == [1]
    assert errors.skipped == 3
    with pytest.raises(SchemaError, match="record 2: expected 4 values"):
        process().execute_records(rows, on_error="replace", replacements={"id": 0})
    (got,) = process().execute_records(rows[1:2], on_error="replace", replacements={"id": 7})
    assert got[0] == 7


def test_division_by_zero_takes_the_divisors_replacement():
    made = Schema.builder().add_columns_integer("a", "b").build()
    tp = TransformProcess.builder(made).integer_columns_math_op("q", "Divide", "a", "b").build()
    rows = [[6, 2], [6, 0]]
    assert tp.execute_records(rows, on_error="replace", replacements={"b": 1}) == [
        [6, 2, 3],
        [6, 1, 6],
    ]
    with pytest.raises(DataVecError, match="the replacement 0"):
        tp.execute_records(rows, on_error="replace", replacements={"b": 0})


def table(rows: list[list[Any]]) -> pa.Table:
    names = schema().column_names
    columns = [[None if v is None else str(v) for v in c] for c in zip(*rows, strict=True)]
    return pa.table(dict(zip(names, columns, strict=True)))


@pytest.mark.parametrize("threads", [0, 3])
def test_streams_count_in_step_with_what_they_deliver(threads):
    batches = table(ROWS * 4).to_batches(max_chunksize=len(ROWS))
    stream = process().execute(batches, on_error="skip", threads=threads)
    next(stream)
    assert stream.skipped == 5
    assert stream.read_all().num_rows == 3
    assert stream.skipped == stream.errors.skipped == 20
    examples = next(t for t in stream.errors if t.reason == "expected a number").examples
    assert [e.place for e in examples] == ["row 1", "row 5", "row 7"]


def test_grouping_counts_too():
    tp = TransformProcess.builder(schema()).reduce(Reducer("Sum", key_columns=["id"], ops={
        "kind": "Count", "when": "Count"})).build()  # fmt: skip
    rows = [[1, "1", "cash", DAY], [1, "x", "cash", DAY], [2, None, "cash", DAY]]
    stream = tp.execute(table(rows), on_error="replace", replacements={"age": 100.0})
    assert stream.read_all().column("sum(age)").to_pylist() == [101.0, 100.0]
    assert stream.errors.replaced == 2


def test_sequences_are_dropped_whole_and_values_replaced_one_by_one():
    made = Schema.builder().add_column_string("k").add_column_double("v").build()
    tp = (
        TransformProcess.builder(made).convert_to_sequence().double_math_op("v", "Add", 1.0).build()
    )
    rows = [["a", 1.0], ["b", "x"], ["c", "3"]]
    assert tp.execute_to_sequences(rows, on_error="skip") == [[["a", 2.0]], [["c", 4.0]]]
    got = tp.execute_to_sequences(rows, on_error="replace", replacements={"v": 0.0})
    assert got == [[["a", 2.0]], [["b", 1.0]], [["c", 4.0]]]


# --- readers and iterators ------------------------------------------------------------------------


def test_records_of_the_wrong_width_obey_the_policy():
    reader = CollectionRecordReader([ROWS[0], [1, 2], ROWS[1], []])
    with pytest.raises(DataVecError, match="expected 4 values, received 2"):
        process().execute(reader).read_all()
    stream = process().execute(reader, on_error="skip")
    assert stream.read_all()["id"].to_pylist() == [1]
    assert stream.skipped == 3
    reasons = {t.reason: [e.place for e in t.examples] for t in stream.errors}
    assert len(reasons["expected 4 values"]) == 2
    assert "2" in reasons["expected a number"][0]


def test_lines_are_named():
    text = "1,x,cash,1970-01-02\n2,2,gold,1970-01-02\n3,3,cash,1970-01-02\n"
    # A reader without a policy of its own follows the process.
    reader = CSVRecordReader(StringSplit(text + "4,4\n"))
    stream = process().execute(reader, on_error="skip")
    assert stream.read_all().num_rows == 1
    places = sorted(e.place for t in stream.errors for e in t.examples)
    assert [p.split(", ")[1] for p in places if "line" in p] == ["line 1", "line 2", "line 4"]
    assert stream.skipped == 3
    options: dict[str, Any] = {"on_error": "replace", "replacements": {"age": 8.0, "kind": "card"}}
    stream = process().execute(CSVRecordReader(StringSplit(text)), **options)
    assert stream.read_all().to_pydict()["age"] == [16.0, 4.0, 6.0]
    assert stream.errors.replaced == 2
    with pytest.raises(DataVecError, match="line 4"):
        process().execute(reader, **options).read_all()
    # One that has its own keeps it.
    reader = CSVRecordReader(StringSplit(text), on_invalid="skip")
    assert process().execute(reader, **options).read_all()["id"].to_pylist() == [2, 3]


def iterator(**options: Any) -> RecordReaderDataSetIterator:
    numbers = Schema.builder().add_columns_double("a", "b").add_column_integer("c").build()
    tp = TransformProcess(numbers, ())
    rows = [[1.0, 2.0, 0], ["x", 2.0, 1], [1.0, None, 1], [1.0, 2.0, 7]]
    reader = CollectionRecordReader(rows)
    return RecordReaderDataSetIterator(
        reader, 8, label_index="c", num_classes=2, transform=tp, **options
    )


def test_iterators_skip_and_replace():
    made = iterator(on_error="skip")
    for _ in range(2):  # a new pass counts anew
        (data,) = list(made)
        assert data.features.tolist() == [[1.0, 2.0]]
        assert made.skipped == made.errors.skipped == 3
    made = iterator(on_error="replace", replacements={"a": 5.0, "b": 6.0, "c": 0})
    (data,) = list(made)
    assert data.features.tolist() == [[1.0, 2.0], [5.0, 2.0], [1.0, 6.0], [1.0, 2.0]]
    assert data.labels.tolist() == [[1, 0], [0, 1], [0, 1], [1, 0]]
    assert (made.errors.skipped, made.errors.replaced) == (0, 3)
    with pytest.raises(ValueError, match="on_error"):
        iterator(on_error="drop")


def sequences(*lists: list[list[Any]]) -> CollectionSequenceRecordReader:
    return CollectionSequenceRecordReader(list(lists))


def test_sequences_of_two_readers_stay_in_step():
    features = sequences([[1.0], [2.0]], [["x"]], [[3.0]], [[4.0]], [])
    labels = sequences([[0], [1]], [[0]], [[7]], [[1]], [[0]])
    options: dict[str, Any] = {
        "labels_reader": labels,
        "num_classes": 2,
        "alignment": "ALIGN_START",
    }
    made = SequenceRecordReaderDataSetIterator(features, 2, on_error="skip", **options)
    for _ in range(2):
        (data,) = list(made)
        assert data.features.tolist() == [[[1.0, 2.0]], [[4.0, 0.0]]]
        assert data.labels.tolist() == [[[1, 0], [0, 1]], [[0, 0], [1, 0]]]
        assert made.skipped == 3
    reasons = {(t.column, t.reason) for t in made.errors}
    assert ("features[0]", "expected a number") in reasons
    assert ("labels[0]", "expected a class index from 0 to 1") in reasons
    assert any("sequence without steps" in reason for _, reason in reasons)
    with pytest.raises(InvalidValueError, match=r'column "features\[0\]": expected a number'):
        list(SequenceRecordReaderDataSetIterator(features, 2, **options))


def test_values_of_sequences_are_replaced():
    reader = sequences([["x", 0], [2.0, 9]], [[None, 1]])
    made = SequenceRecordReaderDataSetIterator(
        *(reader, 2),
        label_index=1,
        num_classes=2,
        on_error="replace",
        replacements={"features[0]": 5.0, "features[1]": 1},
        cache="memory",
    )
    for _ in range(2):  # the second pass comes from memory; what was counted stays
        (data,) = list(made)
        assert data.features.tolist() == [[[5.0, 2.0]], [[5.0, 0.0]]]
        assert data.labels.tolist() == [[[1, 0], [0, 1]], [[0, 0], [1, 0]]]
        assert made.errors.replaced == 3
    bad = SequenceRecordReaderDataSetIterator(
        *(reader, 2),
        label_index=1,
        num_classes=2,
        on_error="replace",
        replacements={"features[0]": 5.0, "features[1]": 4},
    )
    with pytest.raises(
        DataVecError, match=r'replacement 4 for column "features\[1\]" cannot be used'
    ):
        list(bad)


def test_several_readers_leave_out_the_same_examples():
    rows = CollectionRecordReader([[1.0, 0], ["x", 1], [3.0, 1], [4.0, 5], [5.0]])
    steps = sequences([[1.0]], [[2.0]], [[3.0], ["y"]], [[4.0]], [[5.0]])
    made = RecordReaderMultiDataSetIterator(2, on_error="skip")
    made.add_reader("rows", rows).add_reader("steps", steps)
    made.add_input("rows", 0, 0).add_input("steps").add_output_one_hot("rows", 1, 2)
    (data,) = list(made)
    assert data.features[0].tolist() == [[1.0]]
    assert data.features[1].tolist() == [[[1.0]]]
    assert made.skipped == 4
    assert sum(t.count for t in made.errors) == 4


# --- the report -----------------------------------------------------------------------------------


def test_the_report_is_a_table():
    report = ErrorReport()
    assert str(report) == "0 records skipped, 0 values replaced"
    assert not report
    report.add("skipped", None, "expected 3 values", where="CSVRecordReader", count=2)
    report.add("replaced", "age", "missing value", examples=[ErrorExample(None, "f.csv, line 9")])
    report.add("replaced", "age", "missing value", count=9)
    assert str(report) == (
        "2 records skipped, 10 values replaced\n"
        "count  action    where            column  reason             examples\n"
        "   10  replaced                   age     missing value      a missing value (null) (f.csv, line 9)\n"
        "    2  skipped   CSVRecordReader          expected 3 values"
    )
    assert pickle.loads(pickle.dumps(report)).replaced == 10


def test_reports_add_up_from_many_threads():
    report = ErrorReport()

    def work() -> None:
        for _ in range(500):
            own = ErrorReport()
            own.add("skipped", "a", "r", examples=[ErrorExample(1)])
            report.merge(own)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: work(), range(8)))
    (total,) = report
    assert (report.skipped, len(total.examples)) == (4000, 3)


def test_the_end_of_a_pass_is_logged_once(caplog):
    with caplog.at_level(logging.WARNING, "datavec"):
        process().execute(table(ROWS[:1]), on_error="skip").read_all()
        process().execute_records(ROWS[:1], on_error="skip")
        assert not caplog.records
        stream = process().execute(table(ROWS).to_batches(max_chunksize=2), on_error="skip")
        stream.read_all()
        (record,) = caplog.records
    assert record.getMessage().startswith("execute: 5 records skipped, 0 values replaced\ncount")


# --- nothing is lost ------------------------------------------------------------------------------

fields = st.sampled_from(["1", "-2.5", "x", "", "NaN", "cash", "card", "gold", DAY, "0x1F", None])


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(fields, fields, fields, fields), min_size=1, max_size=90),
    st.dictionaries(st.sampled_from(["id", "age", "kind"]), st.just(0)),
    st.booleans(),
)
def test_every_record_is_delivered_filtered_or_counted(rows, chosen, in_batches):
    values = {"id": 7, "age": 2.0, "kind": "card"}
    replacements = {name: values[name] for name in chosen}
    tp = (
        TransformProcess.builder(schema())
        .integer_math_op("id", "Add", 0)
        .double_math_op("age", "Multiply", 2.0)
        .categorical_to_integer("kind")
        .string_to_time("when", "yyyy-MM-dd")
        .build()
    )
    filtering = TransformProcess(
        schema(), (*tp.actions, *TransformProcess.builder(tp.final_schema).filter(
            DoubleColumnCondition("age", "<", 0.0)).build().actions)
    )  # fmt: skip
    policy = ErrorPolicy.of("skip", replacements)
    errors = ErrorReport()
    kept = tp.execute_records(rows, on_error=policy, errors=errors)
    assert len(kept) + errors.skipped == len(rows)
    left = filtering.execute_records(rows, on_error=policy)
    assert repr(left) == repr([r for r in kept if not r[1] < 0])
    if in_batches:
        data = table([list(r) for r in rows])
        stream = tp.execute(data.to_batches(max_chunksize=7), on_error=policy)
        assert stream.read_all().num_rows == len(kept)
        assert (stream.errors.skipped, stream.errors.replaced) == (errors.skipped, errors.replaced)
    if not replacements and not kept:
        with pytest.raises(InvalidValueError):
            tp.execute_records(rows)
