"""What steps make of texts that do not fit their column, of no values at all, and of 32-bit bounds."""

from __future__ import annotations

import json
import math

import pytest

import datavec as dv
from datavec import transforms as t


def run(schema: dv.Schema, *steps: t.AbstractTransform, rows: list[list[object]]) -> list[list]:
    builder = dv.TransformProcess.builder(schema)
    for step in steps:
        builder.transform(step)
    return builder.build().execute_records(rows)


@pytest.mark.parametrize(
    ("op", "expected"),
    [("Stdev", 0.0), ("Variance", 0.0), ("PopulationVariance", None), ("Mean", 0.0), ("Count", 0)],
)
def test_reductions_over_no_valid_value(op: str, expected: float | None) -> None:
    schema = dv.Schema.builder().add_column_string("k").add_column_integer("a").build()
    process = (
        dv.TransformProcess.builder(schema)
        .reduce(t.Reducer(op, key_columns=["k"], ignore_invalid_in=["a"]))
        .build()
    )
    ((_, found),) = process.execute_records([["x", "no number"]])
    assert math.isnan(found) if expected is None else found == expected


@pytest.mark.parametrize("op", ["Count", "TakeFirst", "TakeLast", "CountUnique", "Sum"])
def test_reductions_of_numbers_refuse_other_texts(op: str) -> None:
    schema = dv.Schema.builder().add_column_string("k").add_column_integer("a").build()
    process = dv.TransformProcess.builder(schema).reduce(t.Reducer(op, key_columns=["k"])).build()
    with pytest.raises(dv.InvalidValueError, match="received 'one'"):
        process.execute_records([["x", "1"], ["x", "one"], ["x", "3"]])


def test_replacing_empty_integers_leaves_other_texts() -> None:
    schema = dv.Schema.builder().add_column_integer("a").build()
    empty = t.ReplaceEmptyIntegerWithValueTransform("a", 7)
    invalid = t.ReplaceInvalidWithIntegerTransform("a", -1)
    rows: list[list[object]] = [["abc"], [""], ["5"]]
    assert run(schema, empty, invalid, rows=rows) == [[-1], [7], [5]]


def test_padding_a_column_with_texts_that_are_no_numbers() -> None:
    schema = dv.SequenceSchema((dv.IntegerMetaData("a"),))
    step = t.SequenceTrimToLengthTransform(2, t.TrimMode.TRIM_OR_PAD, [dv.Writable("Int", -1)])
    text = t.ConvertToString("a")
    process = dv.TransformProcess.builder(schema).transform(step).transform(text).build()
    found = process.execute_sequences([[["1e3x"], ["2"], ["3"]], [["4"]]])
    assert found == [[["1e3x"], ["2"]], [["4"], ["-1"]]]


def test_bounds_of_floats_keep_their_short_text() -> None:
    schema = dv.Schema.builder().add_column_float("f", min_value=-10.0, max_value=10.0).build()
    process = (
        dv.TransformProcess.builder(schema)
        .transform(t.FloatMathOpTransform("f", "Add", 0.1))
        .build()
    )
    column = json.loads(process.final_schema.to_json())["columns"][0]
    assert (column["minAllowedValue"], column["maxAllowedValue"]) == (-9.9, 10.1)
