"""Rules of single transforms that users meet first; the recorded cases cover the rest."""

from __future__ import annotations

from typing import Any

import pytest

from datavec import (
    IntegerColumnCondition,
    InvalidValueError,
    NullWritableColumnCondition,
    Schema,
    SchemaError,
    TransformProcess,
    UnsupportedTransformError,
)


def builder(**columns: str) -> Any:
    made = Schema.builder()
    for name, kind in columns.items():
        getattr(made, f"add_column_{kind}")(name)
    return TransformProcess.builder(made.build())


def run(process: Any, *records: list[Any]) -> list[list[Any]]:
    return process.build().execute_records(records)


def test_integer_arithmetic_wraps_and_divides_toward_zero():
    assert run(builder(i="integer").integer_math_op("i", "Add", 1), [2**31 - 1]) == [[-(2**31)]]
    assert run(builder(i="integer").integer_math_op("i", "Divide", 2), [-7], [7]) == [[-3], [3]]
    assert run(builder(i="integer").integer_math_op("i", "Modulus", 3), [-7]) == [[-1]]
    assert run(builder(i="integer").integer_math_op("i", "ReverseSubtract", 3), [1]) == [[2]]
    with pytest.raises(InvalidValueError, match="divisor other than zero"):
        run(builder(i="integer").integer_math_op("i", "Divide", 0), [1])
    with pytest.raises(SchemaError, match="scalar 5000000000 is no Integer"):
        builder(i="integer").integer_math_op("i", "Add", 5_000_000_000)
    with pytest.raises(SchemaError, match="must be of type Integer, but is Double"):
        builder(d="double").integer_math_op("d", "Add", 1)


def test_bounds_follow_arithmetic():
    schema = Schema.builder().add_column_double("d", min_value=1, max_value=2).build()
    made = TransformProcess.builder(schema).double_math_op("d", "Multiply", -1).build()
    meta = made.final_schema.metadata("d")
    assert (meta.min_allowed_value, meta.max_allowed_value) == (-2, -1)


def test_columns_combine_into_a_new_one():
    steps = builder(a="long", b="long").long_columns_math_op("s", "Subtract", "a", "b")
    assert run(steps, [5, 7]) == [[5, 7, -2]]
    with pytest.raises(SchemaError, match="exactly two"):
        builder(a="long").long_columns_math_op("s", "Subtract", "a")
    with pytest.raises(SchemaError, match="ScalarMin cannot combine"):
        builder(a="long", b="long").long_columns_math_op("s", "ScalarMin", "a", "b")


def test_one_hot_and_back():
    steps = (
        builder(i="integer").integer_to_categorical("i", ["lo", "hi"]).categorical_to_one_hot("i")
    )
    assert run(steps, [1], [0]) == [[0, 1], [1, 0]]
    with pytest.raises(InvalidValueError, match="an integer from 0 to 1, received 2"):
        run(builder(i="integer").integer_to_one_hot("i", 0, 1), [2])
    with pytest.raises(InvalidValueError, match="integers 0, 1"):
        run(builder(i="integer").integer_to_categorical("i", ["lo", "hi"]), [2])


def test_text_steps():
    assert run(builder(s="string").remove_whitespace("s"), [" a\tb "]) == [["ab"]]
    assert run(builder(s="string").replace_string("s", {r"(\d)": "<$1>"}), ["a1"]) == [["a<1>"]]
    assert run(builder(s="string").string_map("s", {"a": "b"}), ["a"], ["ab"]) == [["b"], ["ab"]]
    assert run(builder(s="string").change_case("s", "upper"), ["aß"]) == [["ASS"]]
    assert run(builder(s="string").append_string("s", "!"), [""]) == [["!"]]
    assert run(builder(s="string").map_all_strings_except("s", "other", ["a"]), ["a"], ["b"]) == [
        ["a"],
        ["other"],
    ]
    joined = builder(a="string", d="double").concatenate_strings("j", "-", "a", "d")
    assert run(joined, ["x", 1e10]) == [["x", 1e10, "x-1.0E10"]]
    with pytest.raises(UnsupportedTransformError, match="cannot be used"):
        builder(s="string").replace_string("s", {"(": ""})


def test_replacing_what_does_not_fit():
    assert run(builder(i="integer").replace_empty_integer("i", 7), [""], ["3"]) == [[7], [3]]
    assert run(builder(i="integer").replace_invalid_integer("i", 7), ["x"], ["3"]) == [[7], [3]]
    steps = builder(i="integer").conditional_replace_value("i", 0, NullWritableColumnCondition("i"))
    assert run(steps, [None], [5]) == [[0], [5]]


def test_conditional_copy_and_default():
    steps = builder(a="integer", b="integer")
    copied = steps.conditional_copy_value("a", "b", IntegerColumnCondition("a", ">", 1))
    assert run(copied, [1, 9], [2, 9]) == [[1, 9], [9, 9]]
    steps = builder(a="integer")
    split = steps.conditional_replace_value_with_default(
        "a", 1, 0, IntegerColumnCondition("a", ">", 1)
    )
    assert run(split, [1], [5]) == [[0], [1]]


def test_constants_must_be_possible():
    steps = builder(a="integer").add_constant_double_column("x", 2)
    assert run(steps, [1]) == [[1, 2.0]]
    with pytest.raises(SchemaError, match="without its states"):
        builder(a="integer").add_constant_column("c", "Categorical", "x")


def test_times_in_zones():
    steps = builder(s="string").string_to_time("s", "dd/MM/yyyy HH:mm", "Europe/Berlin")
    assert run(steps, ["01/07/2012 14:00"], [" 1/7/2012 14:00"]) == [[1341144000000]] * 2
    with pytest.raises(
        InvalidValueError, match="time of the form dd/MM/yyyy HH:mm in Europe/Berlin"
    ):
        run(steps, ["25/03/2012 02:30"])  # does not exist: clocks go forward
    with pytest.raises(SchemaError, match="unknown"):
        builder(s="string").string_to_time("s", "yyyy", "Mars/Base")
    with pytest.raises(ValueError, match="unknown letter 'q'"):
        builder(s="string").string_to_time("s", "qq")


def test_fixed_layout_and_general_parser_agree():
    texts = [
        "2012-02-29 23:59:58",
        "1900-01-01 00:00:00",
        "2012-2-9 3:04:05",
        "9999-12-31 23:59:59",
    ]
    steps = builder(s="string").string_to_time("s", "yyyy-MM-dd HH:mm:ss", "America/New_York")
    together = run(steps, *[[t] for t in texts])
    assert together == [run(steps, [t])[0] for t in texts]
    for bad in (
        "2011-02-29 00:00:00",
        "2012-13-01 00:00:00",
        "2012-01-01 24:00:00",
        "2012-01-01_00:00:00",
    ):
        with pytest.raises(InvalidValueError, match=bad):
            run(steps, [bad])


def test_convert_to_float_works_on_doubles():
    assert run(builder(d="double").convert_to_float("d"), [1.5]) == [[1.5]]


def test_missing_number_is_an_error_naming_the_column():
    with pytest.raises(
        InvalidValueError, match='column "d": expected a number, received a missing'
    ):
        run(builder(d="double").double_math_op("d", "Add", 1.0), [None])
