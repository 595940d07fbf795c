"""Reducing in parts gives what reducing at once gives."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import IntegerColumnCondition, InvalidValueError, Schema
from datavec.columns._arrow_io import frame_from_records, frame_to_records
from datavec.transforms import ConditionalReduction, Reducer
from datavec.transforms._partial_reduction import PartialReduction
from datavec.transforms._reducer import GeographicMidpointReduction

SCHEMA = (
    Schema.builder()
    .add_column_string("k")
    .add_column_integer("n")
    .add_column_double("x")
    .add_column_string("s")
    .add_column_time("t", "UTC")
    .add_column_string("place")
    .build()
)
REDUCER = Reducer(
    "TakeFirst",
    ["k"],
    {
        "x": ["Sum", "Mean", "Stdev", "Variance", "PopulationVariance", "UncorrectedStdDev", "Min"],
        "s": ["Append", "Prepend", "CountUnique", "TakeFirst", "TakeLast", "Count"],
        "t": ["Min", "Max", "Range", "CountUnique"],
    },
    conditional={
        "n": ConditionalReduction(
            "n",
            ["sum", "max", "last"],
            ["Sum", "Max", "TakeLast"],
            IntegerColumnCondition("n", ">", 0),
        )
    },
    custom={"place": GeographicMidpointReduction(":")},
)

records = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(-(2**31), 2**31 - 1),
        st.floats(-1e6, 1e6, width=32) | st.just(math.nan),
        st.text("xyz", max_size=2) | st.none(),
        st.integers(-(10**12), 10**12),
        st.sampled_from(["10:20", "-3.5:0.25"]),
    ).map(list),
    max_size=30,
)


def in_parts(reducer: Reducer, rows: list[list[Any]], cuts: list[int]) -> list[list[Any]]:
    reduction = PartialReduction(reducer, SCHEMA)
    borders = [0, *sorted(min(c, len(rows)) for c in cuts), len(rows)]
    parts = [
        reduction.start(frame_from_records(SCHEMA, rows[a:b]), np.arange(a, b))
        for a, b in pairwise(borders)
    ]
    # Merged in two steps, as on the two sides of a shuffle.
    first = [reduction.merge(reduction.joined(parts[i : i + 2])) for i in range(0, len(parts), 2)]
    return frame_to_records(reduction.finish(reduction.merge(reduction.joined(first))))


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (a != a and b != b) or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-4)
    return bool(a == b)


@settings(max_examples=60, deadline=None)
@given(records, st.lists(st.integers(0, 30), max_size=4), st.booleans())
def test_parts_give_the_whole(rows: list[list[Any]], cuts: list[int], keyed: bool) -> None:
    reducer = REDUCER if keyed else Reducer("TakeLast", None, {**REDUCER.ops, "k": ("Append",)})
    at_once = frame_to_records(
        reducer.apply(frame_from_records(SCHEMA, rows), reducer.output_schema(SCHEMA))
    )
    found = in_parts(reducer, rows, cuts)
    assert len(found) == len(at_once)
    for mine, whole in zip(found, at_once, strict=True):
        assert all(map(same, mine, whole)), (mine, whole)


def test_errors_name_rows_of_the_frame() -> None:
    reducer = Reducer("TakeFirst", ["k"], {"n": ["Sum"]}, ignore_invalid_in=("x",))
    rows = [["b", "1", 0.0, "", 0, ""], ["a", "2", 0.0, "", 0, ""], ["b", "bad", 0.0, "", 0, ""]]
    frame = frame_from_records(SCHEMA, rows)
    with pytest.raises(InvalidValueError) as raised:
        PartialReduction(reducer, SCHEMA).start(frame, np.arange(3))
    assert list(raised.value.rows) == [2]


def test_errors_under_a_condition_name_rows_of_the_frame() -> None:
    condition = IntegerColumnCondition("n", ">", 0)
    reducer = Reducer(
        "TakeFirst", ["k"], conditional={"x": ConditionalReduction("x", ["x"], ["Sum"], condition)}
    )
    rows = [["a", 0, "1", "", 0, ""], ["a", 1, "2", "", 0, ""], ["a", 1, "bad", "", 0, ""]]
    frame = frame_from_records(SCHEMA, rows)
    for reduce in (
        lambda: reducer.apply(frame, reducer.output_schema(SCHEMA)),
        lambda: PartialReduction(reducer, SCHEMA).start(frame, np.arange(3)),
    ):
        with pytest.raises(InvalidValueError) as raised:
            reduce()
        assert list(raised.value.rows) == [2]
