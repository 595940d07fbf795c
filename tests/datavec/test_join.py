from __future__ import annotations

import math

import pyarrow as pa
import pytest

from datavec import Join, Schema, SchemaError, infer_categories, unique_values

LEFT = (
    Schema.builder().add_column_integer("id").add_column_string("k").add_column_double("x").build()
)
RIGHT = Schema.builder().add_column_string("k").add_column_long("id").add_column_string("y").build()
L = [[1, "a", 1.0], [1, "b", 2.0], [2, "a", 3.0], [None, "a", 4.0]]
R = [["a", 1, "p"], ["a", 1, "q"], ["c", 1, "r"], ["a", None, "s"]]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("inner", [[1, "a", 1.0, "p"], [1, "a", 1.0, "q"]]),
        (
            "left_outer",
            [
                [1, "a", 1.0, "p"],
                [1, "a", 1.0, "q"],
                [1, "b", 2.0, None],
                [2, "a", 3.0, None],
                [None, "a", 4.0, None],
            ],
        ),
        (
            "RightOuter",
            [
                [1, "a", 1.0, "p"],
                [1, "a", 1.0, "q"],
                [1, "c", None, "r"],
                [None, "a", None, "s"],
            ],
        ),
    ],
)
def test_joins_on_two_keys(kind, expected):
    join = Join(kind, LEFT, RIGHT, ["id", "k"])
    assert join.output_schema.column_names == ["id", "k", "x", "y"]
    assert join.execute_records(L, R) == expected


def test_full_outer_keeps_everything_and_nan_meets_nothing():
    schema = Schema.builder().add_column_double("d").add_column_string("s").build()
    other = Schema.builder().add_column_double("e").add_column_string("t").build()
    join = Join("FullOuter", schema, other, ["d"], ["e"])
    rows = join.execute_records([[math.nan, "l"], [1.0, "m"]], [[math.nan, "r"], [1.0, "n"]])
    assert [r[1:] for r in rows] == [["m", "n"], ["l", None], [None, "r"]]


def test_join_of_tables_and_of_empty_ones():
    join = Join("LeftOuter", LEFT, RIGHT, ["id", "k"])
    left = pa.table({n: [r[i] for r in L] for i, n in enumerate(LEFT.column_names)})
    right = pa.table({n: [r[i] for r in R] for i, n in enumerate(RIGHT.column_names)})
    assert join.execute(left, right).num_rows == 5
    assert join.execute(left, right.slice(0, 0))["y"].null_count == 4
    assert join.execute_records([], R) == []


def test_text_and_numbers_never_meet():
    text = Schema.builder().add_column_string("id").add_column_string("z").build()
    assert Join("Inner", LEFT, text, ["id"]).execute_records(L, [["1", "z"]]) == []


def test_keys_must_exist_and_pair():
    with pytest.raises(SchemaError, match="same number of keys"):
        Join("Inner", LEFT, RIGHT, ["id"], ["id", "k"])
    with pytest.raises(SchemaError, match="no column 'zz'"):
        Join("Inner", LEFT, RIGHT, ["zz"])
    with pytest.raises(SchemaError, match="more than once: 'k'"):
        Join("Inner", LEFT, RIGHT, ["id"])


def test_values_of_columns():
    assert infer_categories([["b", 1], ["a", 2.0]], 0, 1) == [["a", "b"], ["1", "2.0"]]
    with pytest.raises(SchemaError, match="record 1 has 1 values"):
        unique_values([[1, 2], [1]], 1)
