from __future__ import annotations

import json

import pyarrow as pa
import pytest

from datavec import (
    BooleanCondition,
    CSVRecordReader,
    DerivedColumn,
    DoubleColumnCondition,
    FilterInvalidValues,
    IntegerColumnCondition,
    InvalidValueError,
    RemoveColumnsTransform,
    RenameColumnsTransform,
    Schema,
    SchemaError,
    SerializationError,
    StringColumnCondition,
    StringSplit,
    TransformProcess,
    UnsupportedTransformError,
    transforms,
)
from datavec._serde import registered_classes
from datavec.process._action import AbstractAction


def table_schema() -> Schema:
    return (
        Schema.builder()
        .add_column_integer("id")
        .add_column_double("amount")
        .add_column_categorical("kind", ["cash", "card"])
        .add_column_string("when")
        .add_column_string("note")
        .build()
    )


def table_process() -> TransformProcess:
    return (
        TransformProcess.builder(table_schema())
        .remove_columns("note")
        .filter(DoubleColumnCondition("amount", "<", 0.0))
        .conditional_replace_value("amount", 100, DoubleColumnCondition("amount", ">", 100))
        .double_math_op("amount", "multiply", 2)
        .string_to_time("when", "yyyy-MM-dd HH:mm")
        .derive_columns_from_time("when", DerivedColumn.integer("hour", "hourOfDay"))
        .remove_columns("when")
        .categorical_to_one_hot("kind")
        .rename_column("id", "key")
        .build()
    )


ROWS = [
    [1, 5.0, "cash", "2024-01-01 13:45", "a"],
    [2, -5.0, "cash", "2024-01-01 14:45", "b"],
    [3, 500.0, "card", "2024-01-01 15:45", "c"],
]
RESULT = [[1, 10.0, 1, 0, 13], [3, 200.0, 0, 1, 15]]


def test_record_by_record_equals_all_together_equals_batches():
    process = table_process()
    assert process.execute_records(ROWS) == RESULT
    assert [r for r in map(process.execute_record, ROWS) if r is not None] == RESULT
    assert process.execute_record(ROWS[1]) is None
    table = pa.table(
        {name: pa.array([r[i] for r in ROWS]) for i, name in enumerate(table_schema().column_names)}
    )
    stream = process.execute(table)
    assert [list(r.values()) for r in stream.read_all().to_pylist()] == RESULT
    assert pa.table(process.execute(table)).num_rows == 2  # through the Arrow capsule


def test_text_records_give_typed_results():
    text = [[str(v) for v in row] for row in ROWS]
    assert table_process().execute_records(text) == RESULT


def test_csv_source_reads_only_what_is_needed():
    process = table_process()
    plan = process.read_plan()
    assert plan.needed == {"id", "amount", "kind", "when"}
    assert plan.as_text == set()
    lines = "\n".join(",".join(map(str, r)) for r in ROWS)
    stream = process.execute(CSVRecordReader(StringSplit(lines)))
    assert [list(r.values()) for r in stream.read_all().to_pylist()] == RESULT


def test_read_plan_follows_names_through_renames():
    process = TransformProcess(
        table_schema(),
        (
            RenameColumnsTransform(("id",), ("key",)),
            FilterInvalidValues(("key",)),
            RemoveColumnsTransform(("note", "when", "kind", "amount")),
        ),
    )
    assert process.read_plan().needed == {"id"}
    assert process.read_plan().as_text == {"id"}


def test_invalid_rows_are_filtered_before_they_are_parsed():
    schema = Schema.builder().add_column_integer("i", min_value=0).add_column_string("s").build()
    process = TransformProcess.builder(schema).filter_invalid_values().build()
    reader = CSVRecordReader(StringSplit("1,a\nx,b\n-1,c\n4,d"))
    assert process.execute(reader).read_all().to_pylist() == [
        {"i": 1, "s": "a"},
        {"i": 4, "s": "d"},
    ]


def test_schema_at_every_step():
    process = table_process()
    assert "note" not in process.schema_after(0)
    assert process.schema_after(4).type_of("when").value == "Time"
    assert process.final_schema.column_names == [
        "key",
        "amount",
        "kind[cash]",
        "kind[card]",
        "hour",
    ]
    with pytest.raises(IndexError, match="steps 0 to 8"):
        process.schema_after(9)


def test_print_shows_steps_and_changes():
    text = str(table_process())
    assert "input: 5 columns" in text
    assert "RemoveColumnsTransform" in text
    assert "condition=amount < 0.0" in text
    assert "~ when: String → Time" in text
    assert "+ kind[cash]: Integer, kind[card]: Integer" in text


def test_print_stays_readable_whatever_the_process():
    made = Schema.builder().add_columns_double(*(f"x{i}" for i in range(300)))
    made.add_column_categorical("k", [f"state{i}" for i in range(60)])
    made.add_column_string("a long name\nwith a line break, " * 9)
    steps = TransformProcess.builder(made.build()).categorical_to_one_hot("k")
    steps.remove_columns(*(f"x{i}" for i in range(100, 300)))
    conditions = [DoubleColumnCondition(f"x{i}", "in", [float("nan")] * 90) for i in range(30)]
    steps.filter(BooleanCondition.or_(*conditions))
    for i in range(30):
        steps.double_math_op(f"x{i}", "Add", float("-inf"))
    lines = str(steps.convert_to_sequence().build()).splitlines()
    assert len(lines) < 100
    assert max(map(len, lines)) <= 110
    text = "\n".join(lines)
    assert "TransformProcess: 34 steps" in text
    assert "… 279 more: 279 Double" in text
    assert "+ k[state0]: Integer" in text
    assert "x0 in [nan, nan, nan, nan, nan, nan, … 84 more]" in text
    assert "scalar=-inf" in text
    assert "output: sequences of 161 columns" in text


def test_json_round_trip_and_form():
    process = table_process()
    again = TransformProcess.from_json(process.to_json())
    assert again == process
    assert again.execute_records(ROWS) == RESULT
    first = json.loads(process.to_json())["actionList"][0]
    assert first == {
        "transform": {
            "@class": "org.datavec.api.transform.transform.column.RemoveColumnsTransform",
            "columnsToRemove": ["note"],
        }
    }


def test_json_of_old_files_with_wrapper_objects():
    text = """{"actionList": [{"filter": {"ConditionFilter": {"condition":
      {"IntegerColumnCondition": {"columnName": "i", "op": "Equal", "value": 2}}}}}],
      "initialSchema": {"Schema": {"columns": [{"Integer": {"name": "i"}}]}}}"""
    assert TransformProcess.from_json(text).execute_records([[1], [2]]) == [[1]]


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (
            '{"transform": {"@class": "com.acme.T"}}',
            UnsupportedTransformError,
            r"actionList\[0\].*com.acme.T",
        ),
        ('{"magic": {}}', UnsupportedTransformError, "steps of kind 'magic'"),
        ('{"transform": {}}', SerializationError, 'missing "@class"'),
        (
            '{"transform": {"NoSuchTransform": {}}}',
            UnsupportedTransformError,
            "class 'NoSuchTransform'",
        ),
        ("{}", SerializationError, "exactly one of"),
        ("3", SerializationError, "expected an object"),
        (
            '{"filter": {"RenameColumnsTransform": {"oldNames": ["i"], "newNames": ["j"]}}}',
            UnsupportedTransformError,
            "class 'RenameColumnsTransform'",
        ),
    ],
)
def test_bad_actions_are_named(action, error, message):
    schema = '{"Schema": {"columns": [{"Integer": {"name": "i"}}]}}'
    with pytest.raises(error, match=message):
        TransformProcess.from_json(f'{{"initialSchema": {schema}, "actionList": [{action}]}}')


def test_a_step_that_does_not_fit_is_named_at_build():
    builder = TransformProcess.builder(table_schema()).remove_columns("id")
    with pytest.raises(
        SchemaError, match=r"step 1 CategoricalToIntegerTransform: .*must be Categorical"
    ):
        builder.categorical_to_integer("note")
    with pytest.raises(SchemaError, match="step 1 RemoveColumnsTransform: no column 'id'"):
        builder.remove_columns("id")


def test_bad_value_names_step_row_column_value():
    process = TransformProcess.builder(table_schema()).categorical_to_integer("kind").build()
    rows = [*ROWS, [4, 1.0, "gold", "", ""]]
    with pytest.raises(InvalidValueError) as caught:
        process.execute_records(rows)
    error = caught.value
    assert (error.column, error.value, error.row) == ("kind", "gold", 3)
    assert "step 0 CategoricalToIntegerTransform" in str(error)
    assert "'cash', 'card'" in str(error)


def test_bad_value_row_is_counted_before_filters():
    process = (
        TransformProcess.builder(table_schema())
        .filter(IntegerColumnCondition("id", "<", 3))
        .categorical_to_integer("kind")
        .build()
    )
    rows = [*ROWS, [4, 1.0, "gold", "", ""]]
    with pytest.raises(InvalidValueError, match="row 3"):
        process.execute_records(rows)


def test_skip_drops_and_counts():
    process = TransformProcess.builder(table_schema()).categorical_to_integer("kind").build()
    names = table_schema().column_names
    rows = [*ROWS, [4, 1.0, "gold", "", ""], [5, 1.0, "card", "", ""]]
    table = pa.table({n: pa.array([r[i] for r in rows]) for i, n in enumerate(names)})
    stream = process.execute(table, on_error="skip")
    assert stream.read_all()["id"].to_pylist() == [1, 2, 3, 5]
    assert stream.skipped == 1
    with pytest.raises(ValueError, match="on_error"):
        process.execute(table, on_error="ignore").read_all()


def test_rows_before_a_bad_one_are_delivered():
    schema = Schema.builder().add_column_categorical("c", ["a"]).build()
    process = TransformProcess.builder(schema).categorical_to_integer("c").build()
    stream = process.execute(pa.table({"c": ["a", "a", "b", "a"]}))
    assert next(stream).num_rows == 2
    with pytest.raises(InvalidValueError, match="row 2"):
        next(stream)


def test_missing_columns_and_wrong_width():
    process = table_process()
    with pytest.raises(SchemaError, match='no column "id"'):
        process.execute(pa.table({"x": [1]})).read_all()
    with pytest.raises(SchemaError, match="record 0: expected 5 values"):
        process.execute_record([1])
    with pytest.raises(TypeError, match="expected a table"):
        process.execute(3).read_all()


def test_conditions_by_operator_and_combination():
    schema = Schema.builder().add_column_integer("i").add_column_string("s").build()
    rows = [[i, s] for i in range(3) for s in "ab"]
    both = BooleanCondition.and_(
        IntegerColumnCondition("i", ">=", 1), StringColumnCondition("s", "==", "a")
    )
    process = TransformProcess.builder(schema).filter(BooleanCondition.not_(both)).build()
    assert process.execute_records(rows) == [[1, "a"], [2, "a"]]
    one = BooleanCondition.xor(
        IntegerColumnCondition("i", "in", [0, 1]), StringColumnCondition("s", "!=", "b")
    )
    process = TransformProcess.builder(schema).filter(one).build()
    assert process.execute_records(rows) == [[0, "a"], [1, "a"], [2, "b"]]
    with pytest.raises(SchemaError, match="LessThan"):
        StringColumnCondition("s", "<", "b")
    with pytest.raises(SchemaError, match="needs a value"):
        IntegerColumnCondition("i", "==")
    with pytest.raises(SchemaError, match="XOR takes 2"):
        BooleanCondition("XOR", (both,))


def test_every_transform_is_registered_documented_and_exported():
    steps = [c for c in registered_classes().values() if issubclass(c, AbstractAction)]
    assert len(steps) > 40
    for cls in steps:
        assert cls.__doc__, cls
        assert cls.__name__ in dir(transforms) or cls.__module__ == "datavec.process._filter", cls
