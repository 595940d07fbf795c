"""TransformProcess JSON written here runs in the JVM, on the same CSV, with the same rows."""

from __future__ import annotations

import json
import math

import pytest

from datavec import (
    CategoricalColumnCondition,
    ConditionOp,
    CSVRecordReader,
    DoubleColumnCondition,
    Schema,
    TransformProcess,
)

pytestmark = pytest.mark.jvm

CSV = """id,city,grade,height,weight,count,note
1,Oslo,low,1.5,60.25,3,"a, quoted"
2,Rome,high,1.75,70.5,-2,plain
3,Oslo,mid,2.0,81.125,0,  spaced
4,Lima,low,1.625,55.0,12,
5,Rome,high,1.8125,90.75,7,x y z
"""


def schema() -> Schema:
    return (
        Schema.builder()
        .add_column_integer("id")
        .add_column_string("city")
        .add_column_categorical("grade", ["low", "mid", "high"])
        .add_columns_double("height", "weight")
        .add_column_integer("count")
        .add_column_string("note")
        .build()
    )


def columns() -> TransformProcess:
    return (
        TransformProcess.builder(schema())
        .remove_columns("id", "note")
        .rename_column("city", "town")
        .duplicate_column("height", "height again")
        .reorder_columns("weight", "town")
        .add_constant_integer_column("bias", 1)
        .build()
    )


def categories() -> TransformProcess:
    return (
        TransformProcess.builder(schema())
        .remove_all_columns_except_for("city", "grade", "count")
        .string_to_categorical("city", ["Oslo", "Rome", "Lima"])
        .categorical_to_one_hot("city")
        .categorical_to_integer("grade")
        .build()
    )


def strings() -> TransformProcess:
    return (
        TransformProcess.builder(schema())
        .string_map("city", {"Oslo": "Bergen"})
        .remove_whitespace("note")
        .replace_empty_string("note", "none")
        .replace_string("note", {"x": "u"})
        .append_string("city", "!")
        .change_case("city", "UPPER")
        .build()
    )


def numbers() -> TransformProcess:
    return (
        TransformProcess.builder(schema())
        .remove_columns("city", "grade", "note")
        .double_math_op("height", "Multiply", 100.0)
        .integer_math_op("count", "Add", 2)
        .double_columns_math_op("sum", "Add", "height", "weight")
        .double_math_function("sum", "SQRT")
        .normalize_min_max("height", min=150.0, max=200.0)
        .normalize_standardize("weight", mean=70.0, stdev=12.5)
        .build()
    )


def filters() -> TransformProcess:
    return (
        TransformProcess.builder(schema())
        .filter(DoubleColumnCondition("height", ConditionOp.GREATER_THAN, 1.9))
        .filter(CategoricalColumnCondition("grade", ConditionOp.EQUAL, "mid"))
        .conditional_replace_value(
            "weight", 0.5, DoubleColumnCondition("weight", ConditionOp.LESS_THAN, 60.0)
        )
        .build()
    )


PROCESSES = {p.__name__: p for p in (columns, categories, strings, numbers, filters)}


def same(ours: object, theirs: str) -> bool:
    try:
        return math.isclose(float(str(ours)), float(theirs), rel_tol=1e-12, abs_tol=1e-12)
    except ValueError:
        return str(ours) == theirs


def assert_contains(theirs: object, ours: object, where: str = "") -> None:
    """The JVM also writes what a step found out at run time; all that we write must be there."""
    if isinstance(ours, dict):
        assert isinstance(theirs, dict), where
        assert ours.keys() <= theirs.keys(), where
        for key, value in ours.items():
            assert_contains(theirs[key], value, f"{where}/{key}")
    elif isinstance(ours, list):
        assert isinstance(theirs, list), where
        for number, pair in enumerate(zip(theirs, ours, strict=True)):
            assert_contains(*pair, f"{where}[{number}]")
    else:
        assert theirs == ours, where


@pytest.mark.parametrize("name", PROCESSES)
def test_process_gives_the_same_rows_there(jvm, name: str) -> None:
    process = PROCESSES[name]()
    jvm.path("table.csv").write_text(CSV, "utf-8")
    jvm.path("ours.json").write_text(process.to_json(), "utf-8")
    ran, _ = jvm.run(
        {
            "job": "transform-run",
            "transform": jvm.path("ours.json"),
            "csv": jvm.path("table.csv"),
            "skip": 1,
        },
        {
            "job": "transform-json",
            "transform": jvm.path("ours.json"),
            "save": jvm.path("theirs.json"),
        },
    )
    reader = CSVRecordReader(jvm.path("table.csv"), skip_lines=1)
    ours = process.execute_records([record for record, _ in reader.records()])
    assert ran["columns"] == list(process.final_schema.column_names)
    assert len(ran["rows"]) == len(ours) > 0
    for row, (mine, theirs) in enumerate(zip(ours, ran["rows"], strict=True)):
        assert all(map(same, mine, theirs)), (row, mine, theirs)
    text = jvm.path("theirs.json").read_text("utf-8")
    assert_contains(json.loads(text), json.loads(process.to_json()))
    assert TransformProcess.from_json(text) == process
