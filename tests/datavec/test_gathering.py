"""Reducing batch by batch: as in one piece, whatever the batches are."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import (
    DataVecError,
    DoubleColumnCondition,
    InvalidValueError,
    ReduceOp,
    Reducer,
    Schema,
    StringColumnCondition,
    TransformProcess,
)
from datavec.process._whole_data import GatheredGroups, gathering_for

SCHEMA = (
    Schema.builder()
    .add_column_string("k")
    .add_columns_double("x", "y")
    .add_column_long("n")
    .build()
)
OPS = [op for op in ReduceOp if op not in (ReduceOp.APPEND, ReduceOp.PREPEND)]


def table(rows):
    columns = list(zip(*rows, strict=True)) or [[], [], [], []]
    types = [pa.string(), pa.float64(), pa.float64(), pa.int64()]
    return pa.table(
        [pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=SCHEMA.column_names
    )


def reducing(*key: str) -> TransformProcess:
    reducer = Reducer(
        "TakeFirst", key_columns=key or None, ops={"x": OPS, "y": ["Mean", "Stdev"], "n": ["Sum"]}
    )
    return (
        TransformProcess.builder(SCHEMA)
        .filter(DoubleColumnCondition("y", ">", 90.0))
        .reduce(reducer)
        .build()
    )


row = st.tuples(
    st.sampled_from("abcde"), st.floats(-50, 50), st.floats(-100, 100), st.integers(-9, 9)
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(row, max_size=60), st.integers(1, 20), st.sampled_from([(), ("k",)]), st.integers(0, 2)
)
def test_batches_give_what_one_table_gives(rows, size, key, threads):
    process = reducing(*key)
    assert isinstance(gathering_for(process), GatheredGroups)
    data = table(rows)
    whole = process.execute_records([list(r) for r in rows])
    stream = process.execute(iter(data.to_batches(max_chunksize=size)), threads=threads)
    got = [list(r.values()) for r in stream.read_all().to_pylist()]
    assert len(got) == len(whole)
    for a, b in zip(got, whole, strict=True):
        for left, right in zip(a, b, strict=True):
            if isinstance(right, float):
                assert (
                    left == right
                    or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
                    or (math.isnan(left) and math.isnan(right))
                )
            else:
                assert left == right


def test_bad_values_are_named_and_counted_as_ever():
    schema = Schema.builder().add_column_string("k").add_column_string("x").build()
    process = (
        TransformProcess.builder(schema)
        .convert_to_double("x")
        .reduce(Reducer("Sum", key_columns=["k"]))
        .build()
    )
    data = pa.table({"k": ["a", "b", "a", "b"], "x": ["1", "2", "none", "4"]})
    batches = data.to_batches(max_chunksize=1)
    with pytest.raises(InvalidValueError, match='row 2, column "x"'):
        process.execute(iter(batches)).read_all()
    stream = process.execute(iter(batches), on_error="skip")
    assert stream.read_all().to_pylist() == [{"k": "a", "sum(x)": 1.0}, {"k": "b", "sum(x)": 6.0}]
    assert stream.errors.skipped == 1


def test_steps_behind_name_the_first_record_of_a_group():
    schema = Schema.builder().add_columns_string("k", "t").build()
    process = (
        TransformProcess.builder(schema)
        .reduce(Reducer("TakeFirst", key_columns=["k"]))
        .string_to_time("takefirst(t)", "yyyy-MM-dd")
        .build()
    )
    data = pa.table({"k": list("aabc"), "t": ["2024-01-01", "no", "2024-01-02", "never"]})
    with pytest.raises(InvalidValueError, match=r"row 3.*never"):
        process.execute(iter(data.to_batches(max_chunksize=1))).read_all()


def test_parts_are_merged_as_they_come():
    """Parts are merged as they come: 200 000 records of 5000 groups, more than wait at a time."""
    process = TransformProcess(SCHEMA, (Reducer("Sum", key_columns=["k"]),))
    gathering = gathering_for(process)
    assert isinstance(gathering, GatheredGroups)
    many = [str(i) for i in range(5000)]
    numbers = np.ones(5000)
    batch = pa.record_batch(
        {"k": pa.array(many), "x": numbers, "y": numbers, "n": numbers.astype(np.int64)}
    )
    result = process.execute(batch for _ in range(40)).read_all()
    assert result.num_rows == 5000
    assert result["sum(n)"].to_pylist() == [40] * 5000


def test_nothing_left_and_nothing_there():
    process = TransformProcess.builder(SCHEMA).filter(
        StringColumnCondition("k", "!=", "")
    ).reduce(Reducer("Sum", key_columns=["k"])).build()  # fmt: skip
    some = table([("a", 1.0, 1.0, 1)])
    for batches in (some.to_batches(), [], table([]).to_batches()):
        assert process.execute(iter(batches)).read_all().num_rows == 0


def test_a_reduction_that_cannot_be_names_its_step():
    schema = Schema.builder().add_columns_string("k", "t").build()
    process = TransformProcess(schema, (Reducer("Sum", key_columns=["k"]),))
    rows = [["a", "x"]]
    with pytest.raises(DataVecError) as at_once:
        process.execute_records(rows)
    with pytest.raises(DataVecError) as batch_by_batch:
        process.execute(pa.table({"k": ["a"], "t": ["x"]})).read_all()
    assert str(batch_by_batch.value) == str(at_once.value)
    assert str(at_once.value).startswith('step 0 Reducer: column "t"')
