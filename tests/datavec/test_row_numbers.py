"""Errors name the record of the input, also behind steps that filter, group and sort."""

from __future__ import annotations

import pyarrow as pa
import pytest

from datavec import (
    CategoricalToIntegerTransform,
    ConditionOp,
    ConvertFromSequence,
    IntegerColumnCondition,
    IntWritableComparator,
    InvalidValueError,
    NumericalColumnComparator,
    Reducer,
    Schema,
    SplitMaxLengthSequence,
    TransformProcess,
)

SCHEMA = (
    Schema.builder()
    .add_column_string("k")
    .add_column_integer("t")
    .add_column_categorical("c", ["x", "y"])
    .build()
)
# The bad value, "z", stands in record 7; by key and time its step comes first.
ROWS = [
    ["a", 9, "x"],
    ["b", 8, "y"],
    ["a", 7, "x"],
    ["b", 6, "x"],
    ["a", 5, "y"],
    ["b", 4, "x"],
    ["a", 3, "y"],
    ["a", 2, "z"],
    ["b", 1, "x"],
]
BAD = CategoricalToIntegerTransform("c")
BY_TIME = NumericalColumnComparator("t")
FILTER = IntegerColumnCondition("t", ConditionOp.GREATER_THAN, 8)


def builder(*, filtered: bool):
    made = TransformProcess.builder(SCHEMA)
    return made.filter(FILTER) if filtered else made


def processes(filtered: bool) -> dict[str, TransformProcess]:
    def start():
        return builder(filtered=filtered)

    return {
        "grouped": start().convert_to_sequence("k", comparator=BY_TIME).transform(BAD).build(),
        "single steps": start().convert_to_sequence().transform(BAD).build(),
        "split": start()
        .convert_to_sequence("k", comparator=BY_TIME)
        .split_sequence(SplitMaxLengthSequence(2))
        .transform(BAD)
        .build(),
        "trimmed": start()
        .convert_to_sequence("k", comparator=BY_TIME)
        .trim_sequence_to_length(3)
        .transform(BAD)
        .build(),
        "and back": start()
        .convert_to_sequence("k", comparator=BY_TIME)
        .add(ConvertFromSequence())
        .transform(BAD)
        .build(),
        "ranked": start()
        .calculate_sorted_rank("rank", "t", IntWritableComparator())
        .transform(BAD)
        .build(),
        "reduced": start()
        .reduce(Reducer("TakeFirst", key_columns=["t"]))
        .rename_column("takefirst(c)", "c")
        .transform(BAD)
        .build(),
    }


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("name", processes(False))
def test_the_record_is_named(name, filtered):
    process = processes(filtered)[name]
    columns = dict(zip(SCHEMA.column_names, map(list, zip(*ROWS, strict=True)), strict=True))
    table = pa.table(columns)
    sources = [table, table.to_batches(max_chunksize=2)]
    for source in sources:
        with pytest.raises(InvalidValueError) as caught:
            process.execute(source).read_all()
        assert caught.value.row == 7, caught.value
        assert caught.value.value == "z"


def test_skipping_counts_the_record():
    process = processes(True)["and back"]
    columns = dict(zip(SCHEMA.column_names, map(list, zip(*ROWS, strict=True)), strict=True))
    stream = process.execute(pa.table(columns), on_error="skip")
    assert stream.read_all().num_rows == 7
    assert stream.skipped == 1
