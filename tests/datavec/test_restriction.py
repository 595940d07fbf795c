"""What of a process runs when raw records have no label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import (
    CategoricalColumnCondition,
    DerivedColumn,
    DoubleColumnCondition,
    NumericalColumnComparator,
    ParseDoubleTransform,
    Reducer,
    Schema,
    SchemaError,
    SequenceSchema,
    TransformProcess,
)
from datavec.process._restriction import restrict

STATES = ["USA", "CAN", "FRA"]


def payments() -> Schema:
    return (
        Schema.builder()
        .add_columns_string("time", "customer")
        .add_column_categorical("country", STATES)
        .add_column_double("amount")
        .add_column_categorical("label", ["legit", "fraud"])
        .build()
    )


def others(process: TransformProcess, *labels: str) -> list[str]:
    return [n for n in process.final_schema.column_names if n not in labels]


def test_what_only_the_label_needs_does_not_run():
    process = (
        TransformProcess.builder(payments())
        .remove_columns("customer")
        .categorical_to_integer("label")
        .string_to_time("time", "yyyy-MM-dd HH:mm:ss")
        .derive_columns_from_time("time", DerivedColumn.integer("hour", "hourOfDay"))
        .remove_columns("time")
        .categorical_to_one_hot("country")
        .integer_math_op("label", "Multiply", 2)
        .rename_column("label", "y")
        .build()
    )
    found = restrict(process, others(process, "y"))
    assert found.required == {"time", "country", "amount"}
    assert found.absent == {"label"}
    assert found.left_out == (1, 6, 7)
    record = ["2024-02-01 09:00:00", None, "CAN", 12.5, None]
    assert found.process.execute_record(record) == [9, 0, 1, 0, 12.5]


def test_steps_keep_their_numbers():
    process = (
        TransformProcess.builder(payments())
        .categorical_to_integer("label")
        .categorical_to_integer("country")
        .remove_columns("time", "customer")
        .build()
    )
    found = restrict(process, others(process, "label"))
    with pytest.raises(ValueError, match=r'step 1 CategoricalToIntegerTransform.*"country"'):
        found.process.execute_record([None, None, "DEU", 1.0, None])


def test_filters_that_need_the_label_are_left_out_and_others_filter():
    process = (
        TransformProcess.builder(payments())
        .filter(CategoricalColumnCondition("label", "==", "fraud"))
        .filter(DoubleColumnCondition("amount", "<", 0.0))
        .filter_invalid_values()
        .remove_columns("time", "customer")
        .categorical_to_integer("country")
        .build()
    )
    found = restrict(process, others(process, "label"))
    assert found.left_out == (0,)
    assert found.required == {"time", "customer", "country", "amount"}  # all can be invalid
    run = found.process.execute_records
    assert run([["", "C", "CAN", 2.0, None]]) == [[1, 2.0]]
    assert run([["", "C", "CAN", -2.0, None]]) == []
    assert run([["", "C", "DEU", 2.0, None]]) == []


def test_a_filter_of_named_columns_keeps_those_that_are_there():
    process = TransformProcess.builder(payments()).filter_invalid_values("label", "amount").build()
    found = restrict(process, ["amount"])
    assert found.required == {"amount"}
    assert found.process.execute_records([[None, None, None, "x", None]]) == []
    only_label = TransformProcess.builder(payments()).filter_invalid_values("label").build()
    assert restrict(only_label, ["amount"]).left_out == (0,)


def test_a_feature_made_of_the_label_needs_it():
    process = (
        TransformProcess.builder(payments())
        .conditional_replace_value(
            "amount", 0.0, CategoricalColumnCondition("label", "==", "fraud")
        )
        .build()
    )
    assert restrict(process, ["amount"]).required == {"amount", "label"}


def test_columns_may_change_names_and_places():
    schema = Schema.builder().add_columns_double("a", "b", "c").build()
    process = (
        TransformProcess.builder(schema)
        .rename_columns({"a": "b", "b": "a"})
        .duplicate_columns(["a", "c"], ["a2", "c2"])
        .reorder_columns("c2", "a2")
        .double_math_op("c2", "Multiply", 2.0)
        .build()
    )
    full = process.execute_record([1.0, 2.0, 3.0])
    for name, value in zip(process.final_schema.column_names, full, strict=True):
        found = restrict(process, [name])
        assert len(found.required) == 1
        (needed,) = found.required
        record = [float(i + 1) if n == needed else None for i, n in enumerate("abc")]
        assert found.process.execute_record(record) == [value]


def test_every_text_column_parsed_but_the_label():
    schema = Schema.builder().add_columns_string("a", "b", "y").build()
    process = TransformProcess.builder(schema).transform(ParseDoubleTransform()).build()
    found = restrict(process, ["a", "b"])
    assert found.required == {"a", "b"}
    assert found.process.execute_record(["1.5", "2", None]) == [1.5, 2.0]


def test_grouping_needs_its_keys_and_not_the_label():
    schema = (
        Schema.builder()
        .add_column_string("sensor")
        .add_column_integer("second")
        .add_column_double("value")
        .add_column_integer("state")
        .build()
    )
    process = (
        TransformProcess.builder(schema)
        .convert_to_sequence("sensor", comparator=NumericalColumnComparator("second"))
        .remove_columns("sensor", "second")
        .trim_sequence(1, from_start=True)
        .build()
    )
    found = restrict(process, ["value"])
    assert found.required == {"sensor", "second", "value"}
    rows = [["a", 2, 2.0, None], ["a", 1, 1.0, None], ["a", 3, 3.0, None]]
    assert found.process.execute_to_sequences(rows) == [[[2.0], [3.0]]]


def test_a_label_that_looks_ahead_costs_no_step():
    schema = SequenceSchema(Schema.builder().add_column_double("value").build().columns)
    process = TransformProcess.builder(schema).offset_sequence("value", amount=-1).build()
    series = [[1.0], [2.0], [3.0]]
    assert process.execute_sequences([series]) == [[[1.0, 2.0], [2.0, 3.0]]]
    found = restrict(process, ["value"])
    assert found.left_out == (0,)
    assert found.process.execute_sequences([series]) == [series]


def test_reducing_needs_what_it_looks_at():
    process = (
        TransformProcess.builder(payments())
        .remove_columns("time", "customer", "label")
        .reduce(Reducer("Mean", key_columns=["country"]))
        .build()
    )
    found = restrict(process, ["mean(amount)"])
    assert found.required == {"country", "amount"}


def test_unknown_outputs_are_named():
    process = TransformProcess.builder(payments()).build()
    with pytest.raises(SchemaError, match="no column 'nothing'"):
        restrict(process, ["nothing"])


# --- any process ---------------------------------------------------------------------------------

NAMES = ["a", "b", "c", "label"]
STEPS = st.lists(
    st.tuples(st.sampled_from(["op", "add", "copy", "rename", "reorder", "replace", "filter", "one"]),
              st.integers(0, 30), st.integers(0, 30)),
    max_size=7,
)  # fmt: skip


def process_of(steps) -> TransformProcess:
    builder = TransformProcess.builder(Schema.builder().add_columns_double(*NAMES).build())
    for number, (kind, i, j) in enumerate(steps):
        names = builder.build().final_schema.column_names
        x, y = names[i % len(names)], names[j % len(names)]
        match kind:
            case "op":
                builder.double_math_op(x, "Multiply", 2.0)
            case "add":
                builder.double_columns_math_op(f"s{number}", "Add", x, y)
            case "copy":
                builder.duplicate_column(x, f"d{number}")
            case "rename":
                builder.rename_column(x, f"r{number}")
            case "reorder":
                builder.reorder_columns(x)
            case "replace":
                builder.conditional_replace_value(x, 0.5, DoubleColumnCondition(y, ">", 1.0))
            case "filter":
                builder.filter(DoubleColumnCondition(x, ">", 8.0))
            case "one":
                builder.add_constant_column(f"k{number}", "Double", 1.0)
    return builder.build()


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(0, 30), st.lists(st.floats(-4, 4), min_size=4, max_size=4))
def test_results_equal_those_of_the_whole_process(steps, which, values):
    process = process_of(steps)
    names = process.final_schema.column_names
    wanted = sorted({names[which % len(names)], names[(which * 7 + 1) % len(names)]})
    found = restrict(process, wanted)
    record = [v if n in found.required else None for n, v in zip(NAMES, values, strict=True)]
    full = process.execute_records([values])
    part = found.process.execute_records([record])
    if full:  # no filter took it, so none of the filters that still run may
        expected = [full[0][names.index(n)] for n in wanted]
        assert np.array_equal(part[0], expected)
