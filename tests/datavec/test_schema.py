from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from datavec import (
    CategoricalMetaData,
    DoubleMetaData,
    IntegerMetaData,
    Schema,
    SchemaError,
    SequenceSchema,
    SerializationError,
    StringMetaData,
    TimeMetaData,
    UnsupportedTransformError,
)


def every_type() -> Schema:
    return (
        Schema.builder()
        .add_column_integer("i", min_value=0, max_value=10)
        .add_column_long("l", min_value=-5)
        .add_column_double("d", max_value=1.5, allow_nan=True)
        .add_column_float("f")
        .add_column_string("s", regex=r"\d+", min_length=1, max_length=3)
        .add_column_categorical("c", ["x", "y"])
        .add_column_time("t", "Europe/Berlin", min_time=0)
        .add_column_boolean("b")
        .add_column_bytes("y")
        .add_column_ndarray("n", [1, -1])
        .build()
    )


def test_json_round_trip_of_every_type():
    schema = every_type()
    assert Schema.from_json(schema.to_json()) == schema
    sequence = SequenceSchema(schema.columns, 1, None)
    assert Schema.from_json(sequence.to_json()) == sequence


def test_yaml_round_trip_of_every_type():
    schema = every_type()
    assert Schema.from_yaml(schema.to_yaml()) == schema


def test_json_of_old_files_with_wrapper_objects():
    text = '{"Schema": {"columns": [{"Integer": {"name": "age"}}, {"Boloean": {"name": "b"}}]}}'
    assert [c.column_type.value for c in Schema.from_json(text)] == ["Integer", "Boolean"]


def test_arrow_schema():
    assert every_type().to_arrow().field("t").type == pa.timestamp("ms", "Europe/Berlin")
    sequence = SequenceSchema((IntegerMetaData("i"),))
    assert sequence.to_arrow().field("i").type == pa.list_(pa.int32())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "expected an object"),
        ('{"@class": "org.Evil", "columns": []}', "class 'org.Evil' is not supported"),
        ('{"@class": "org.datavec.api.transform.schema.Schema"}', "columns: missing key"),
        (
            '{"@class": "org.datavec.api.transform.schema.Schema", "columns": []}',
            "at least one column",
        ),
        (
            '{"Schema": {"columns": [{"Integer": {"name": 3}}]}}',
            r"columns\[0\].name: expected a string",
        ),
        (
            '{"Schema": {"columns": [{"Time": {"name": "t", "timeZone": "Mars/X"}}]}}',
            "time zone 'Mars/X'",
        ),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_json_is_named(text, message):
    with pytest.raises((SerializationError, UnsupportedTransformError), match=message):
        Schema.from_json(text)


def test_duplicate_and_unknown_names():
    with pytest.raises(SchemaError, match="more than once: 'a'"):
        Schema.builder().add_columns_double("a", "a").build()
    with pytest.raises(SchemaError, match="no column 'z'; the columns are 'a'"):
        Schema.builder().add_column_double("a").build().type_of("z")


def test_builder_pattern():
    schema = Schema.builder().add_columns_long("p%d", first=9, last=11, min_value=0).build()
    assert schema.column_names == ["p9", "p10", "p11"]
    assert schema.metadata("p10").min_allowed_value == 0
    with pytest.raises(SchemaError, match="%d"):
        Schema.builder().add_columns_long("p", first=0, last=1)
    with pytest.raises(SchemaError, match="must not be smaller"):
        Schema.builder().add_columns_long("p%d", first=1, last=0)


def test_states_must_be_a_list():
    with pytest.raises(SchemaError, match="list of strings"):
        Schema.builder().add_column_categorical("c", "xy")


def test_infer():
    schema = Schema.infer([1, 1 << 40, 2.5, "x"])
    assert [t.value for t in schema.column_types] == ["Integer", "Long", "Double", "String"]
    with pytest.raises(SchemaError, match="column 0: cannot infer"):
        Schema.infer([True])


def test_infer_csv(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("n,s\n1,x\n")
    schema = Schema.infer_csv(path)
    assert [t.value for t in schema.column_types] == ["Double", "String"]
    path.write_text("n,s\n1\n")
    with pytest.raises(SchemaError, match="header has 2 fields, the first row 1"):
        Schema.infer_csv(path)


def test_valid_values_by_text_and_by_number():
    texts = pa.array(["5", "-1", "11", "x", "", " 5", "0x5", None])
    assert IntegerMetaData("i", 0, 10).valid_mask(texts).tolist() == [
        True, False, False, False, False, False, False, False,
    ]  # fmt: skip
    assert DoubleMetaData("d", 0, 10).valid_mask(pa.array(["NaN", "nan", " 5 ", "1e1", "11"])).tolist() == [
        True, False, True, True, False,
    ]  # fmt: skip
    assert CategoricalMetaData("c", ("a",)).valid_mask(pa.array(["a", "b", None])).tolist() == [
        True,
        False,
        False,
    ]
    assert StringMetaData("s", max_length=1).valid_mask(pa.array(["a", "😀"])).tolist() == [
        True,
        False,
    ]
    assert IntegerMetaData("i").valid_mask(pa.array([7.0])).tolist() == [False]
    assert TimeMetaData("t", min_valid_time=5).valid_mask(pa.array([4, 5])).tolist() == [
        False,
        True,
    ]
    assert np.array_equal(IntegerMetaData("i").valid_mask(pa.array([1 << 40])), [False])


def test_printed_table():
    lines = str(every_type()).splitlines()
    assert lines[0] == "Schema():"
    assert (
        lines[2]
        == '0     "i"      Integer        IntegerMetaData(name="i",minAllowed=0,maxAllowed=10)'
    )


def test_json_is_what_deeplearning4j_writes():
    body = json.loads(Schema.builder().add_column_double("x").build().to_json())
    assert body == {
        "@class": "org.datavec.api.transform.schema.Schema",
        "columns": [
            {
                "@class": "org.datavec.api.transform.metadata.DoubleMetaData",
                "name": "x",
                "allowNaN": False,
                "allowInfinite": False,
            }
        ],
    }
