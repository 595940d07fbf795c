"""What steps make of texts that do not fit their column, of no values at all, and of 32-bit bounds."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pytest

import datavec as dv
from datavec import transforms as t
from datavec.columns._arrow_io import frame_from_records, frame_to_batch
from datavec.text._java_text import double_text, float_text
from datavec.text._number_texts import java_float_texts


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0x1F", [31, 31, 31.0, 31.0]),
        ("0X1F", [None, None, None, None]),
        ("0x80000000", [None, 1 << 31, None, 2.0**31]),
        ("0xFFFFFFFFFFFFFFFF", [None, None, None, None]),
    ],
)
def test_hexadecimal_texts(text: str, expected: list[float | None]) -> None:
    schema = (
        dv.Schema.builder()
        .add_column_integer("i")
        .add_column_long("l")
        .add_column_float("f")
        .add_column_double("d")
        .build()
    )
    process = dv.TransformProcess.builder(schema).build()
    names = ("to_int", "to_long", "to_float", "to_double")
    for meta, name, number in zip(schema, names, expected, strict=True):
        row = ["7" if m is not meta else text for m in schema]
        if number is None:
            with pytest.raises(dv.InvalidValueError, match=f'"{meta.name}"'):
                process.execute_records([row])
            with pytest.raises(dv.DataVecError):
                getattr(dv.Writable("Text", text), name)()
        else:
            assert process.execute_records([row])[0][schema.index_of(meta.name)] == number
            assert getattr(dv.Writable("Text", text), name)() == number


def test_hexadecimal_samples_are_texts_in_an_inferred_schema(tmp_path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n0x10,1e3\n")
    assert [m.column_type.value for m in dv.Schema.infer_csv(path)] == ["String", "Double"]


def test_doubles_are_judged_as_floats_in_a_float_column() -> None:
    meta = dv.FloatMetaData("f", 0.0, 1.0, allow_infinite=True)
    schema = dv.Schema((meta,))
    keep = dv.TransformProcess.builder(schema).filter(dv.FilterInvalidValues("f")).build()
    rows = [[dv.Writable("Double", v)] for v in (1e300, 1.00000001, 1.1)]
    assert len(keep.execute_records(rows)) == 2


@pytest.mark.parametrize(
    ("name", "body", "constant"),
    [
        ("DoubleWritable", {"value": 0.5}, dv.Writable("Double", 0.5)),
        ("IntWritable", {"value": 3}, dv.Writable("Int", 3)),
        ("Text", {"bytes": "YWI=", "length": 2}, dv.Writable("Text", "ab")),
        ("NullWritable", {}, dv.Writable("Null")),
    ],
)
def test_constants_in_the_wrappers_of_old_files(name: str, body: dict, constant: object) -> None:
    text = json.dumps(
        {
            "actionList": [
                {
                    "transform": {
                        "ConditionalReplaceValueTransform": {
                            "columnToReplace": "a",
                            "newValue": {name: body},
                            "condition": {"NaNColumnCondition": {"columnName": "a"}},
                        }
                    }
                }
            ],
            "initialSchema": {"Schema": {"columns": [{"Double": {"name": "a"}}]}},
        }
    )
    (step,) = dv.TransformProcess.from_json(text).actions
    assert step.new_value == constant


def parsed(pattern: str, text: str) -> object:
    schema = dv.Schema.builder().add_column_string("x").build()
    process = dv.TransformProcess.builder(schema).string_to_time("x", pattern, "UTC").build()
    return process.execute_records([[text]])[0][0]


@pytest.mark.parametrize(
    ("pattern", "text", "millis"),
    [
        ("E", "Wed", 977_875_200_000),
        ("E HH", "Wed 05", 977_893_200_000),
        ("e", "3", 977_875_200_000),
        ("MM E", "03 Wed", 951_868_800_000),
        ("yyyy E", "2012 Wed", 1_356_480_000_000),
        ("yyyy MM E", "2012 03 Wed", 1_332_892_800_000),
        ("yyyy D E", "2012 200 Fri", 1_342_742_400_000),
        ("yyyy ww e", "2012 05 3", 1_328_054_400_000),
        ("xxxx", "2012", 1_325_462_400_000),
        ("yyyy w", "2012 1", 1_325_462_400_000),
        ("yyyy-MM-dd'T'HH", "1970-01-01t01", 3_600_000),
        ("yyyy 'o''clock'", "1970 O'CLOCK", 0),
        ("yyyy G", "1970 ad", 0),
    ],
)
def test_dates_of_few_fields_mean_what_they_mean_in_joda_time(
    pattern: str, text: str, millis: int
) -> None:
    assert parsed(pattern, text) == millis


def test_times_are_written_with_literals_only_and_with_zone_names() -> None:
    schema = dv.Schema.builder().add_column_time("t", "UTC").build()
    columns = [
        t.DerivedColumn("a", dv.ColumnType.STRING, "'it''s'", "UTC"),
        t.DerivedColumn("b", dv.ColumnType.STRING, "z", "America/New_York"),
    ]
    derive = t.DeriveColumnsFromTimeTransform("t", derived_columns=columns)
    assert run(schema, derive, rows=[[1_341_100_800_000]])[0][1:] == ["it's", "-04:00"]


def test_replacements_may_name_missing_groups_where_nothing_is_replaced() -> None:
    schema = dv.Schema.builder().add_column_string("x").build()
    step = t.ReplaceStringTransform("x", {"b+": "<$1>"})
    assert run(schema, step, rows=[["aaa"]]) == [["aaa"]]
    with pytest.raises(dv.DataVecError, match="names a group"):
        run(schema, step, rows=[["abb"]])


def test_an_empty_list_has_no_unknown_words() -> None:
    schema = dv.Schema.builder().add_column_string("x").build()
    step = t.StringListToCountsNDArrayTransform("x", ("a", "b"), ",")
    ((counts,),) = run(schema, step, rows=[[""]])
    assert counts.tolist() == [[0, 0]]


def test_a_date_pattern_must_not_be_empty() -> None:
    with pytest.raises(dv.DataVecError, match="empty"):
        t.StringToTimeTransform("x", "")


@pytest.mark.parametrize("ascending", [True, False])
def test_odd_numbers_have_an_order(ascending: bool) -> None:
    schema = dv.Schema.builder().add_column_double("d").build()
    rank = t.CalculateSortedRank("r", "d", dv.DoubleWritableComparator(), ascending)
    process = dv.TransformProcess.builder(schema).add(rank).build()
    numbers = [0.0, math.nan, -0.0, 1.5, -math.inf, 0.0]
    found = [repr(row[0]) for row in process.execute_records([[n] for n in numbers])]
    expected = ["-inf", "-0.0", "0.0", "0.0", "1.5", "nan"]
    assert found == (expected if ascending else expected[::-1])


def test_whole_numbers_of_many_digits_as_java_writes_them() -> None:
    floats = [-884174080.0, 2147483648.0, 123456789.0, 134217744.0, 16777216.0, 1e10]
    texts = [
        "-8.8417408E8",
        "2.14748365E9",
        "1.23456792E8",
        "1.34217744E8",
        "1.6777216E7",
        "1.0E10",
    ]
    assert [float_text(v) for v in floats] == texts
    assert java_float_texts(pa.array(floats, pa.float32())).to_pylist() == texts
    doubles = [2.062408697310769e18, 9007199254740994.0, 1e17, -4.368965698503357e17]
    texts = ["2.0624086973107689E18", "9.007199254740994E15", "1.0E17", "-4.3689656985033568E17"]
    assert [double_text(v) for v in doubles] == texts
    assert java_float_texts(pa.array(doubles)).to_pylist() == texts


@pytest.mark.parametrize(("dtype", "write"), [("float32", float_text), ("float64", double_text)])
def test_columns_of_floats_have_the_texts_of_single_ones(dtype: str, write: object) -> None:
    chance = np.random.default_rng(3)
    values = chance.standard_normal(2000) * 10.0 ** chance.integers(-8, 20, 2000)
    values[::2] = np.round(values[::2])
    column = values.astype(dtype)
    assert java_float_texts(pa.array(column)).to_pylist() == [write(v) for v in column.tolist()]


def test_svmlight_columns_without_labels_and_long_labels(tmp_path) -> None:
    path = tmp_path / "out"
    with dv.SVMLightRecordWriter(path, has_label=False, label_start_column=1) as writer:
        writer.write([2.5, 7.0, 8.0])
    assert path.read_text() == " 1:2.5\n"
    with dv.SVMLightRecordWriter(path) as writer:
        writer.write([2.5, dv.Writable("Long", 1 << 40)])
        writer.write([2.5, dv.Writable("Long", 5)])
    assert path.read_text() == "1.099511627776E12 1:2.5\n5 1:2.5\n"


@pytest.mark.parametrize("value", [1.5, math.nan, math.inf])
@pytest.mark.parametrize("op", ["PopulationVariance", "UncorrectedStdDev"])
def test_a_population_of_one_has_no_spread(op: str, value: float) -> None:
    schema = dv.Schema.builder().add_column_string("k").add_column_double("a").build()
    process = dv.TransformProcess.builder(schema).reduce(t.Reducer(op, key_columns=["k"])).build()
    assert process.execute_records([["x", value]]) == [["x", 0.0]]
    table = frame_to_batch(frame_from_records(schema, [["x", value]]))
    assert process.execute(table).read_all().to_pylist()[0].popitem()[1] == 0.0


def test_numbers_of_several_types_in_a_text_column_keep_their_texts() -> None:
    reducer = t.StringReducer(["a", "b"], "ab")
    rows = [["x", 2**53 + 1], ["y", 0.5], ["z", None], ["w", True]]
    assert reducer.reduce(rows) == ["x9007199254740993", "y0.5", "zNullWritable", "wtrue"]
    assert reducer.reduce(rows[:2]) == ["x9007199254740993", "y0.5"]


def test_parsing_doubles_keeps_missing_values() -> None:
    schema = dv.Schema.builder().add_columns_string("a", "b").add_column_integer("i").build()
    process = dv.TransformProcess.builder(schema).transform(t.ParseDoubleTransform()).build()
    rows: list[list[object]] = [["1.5", None, 1], [None, None, 2]]
    assert process.execute_records(rows) == [[1.5, None, 1], [None, None, 2]]
    assert [process.execute_record(r) for r in rows] == [[1.5, None, 1], [None, None, 2]]
    with pytest.raises(dv.InvalidValueError, match=r"row 1, .* received 'zz'"):
        process.execute_records([[None, "1", 1], ["zz", "1", 2]])


@pytest.mark.parametrize("instant", [2**63 - 1, -(2**63), 253_402_300_800_000, -62_135_596_800_001])
def test_times_outside_of_the_calendar_are_not_written(instant: int) -> None:
    schema = dv.Schema.builder().add_column_time("t", "UTC").build()
    derived = (t.DerivedColumn.string("text", "yyyy-MM-dd"),)
    step = t.DeriveColumnsFromTimeTransform("t", derived)
    process = dv.TransformProcess.builder(schema).transform(step).build()
    with pytest.raises(dv.InvalidValueError, match=f"the years 1 to 9999, received {instant}"):
        process.execute_records([[0], [instant]])
    with pytest.raises(dv.InvalidValueError, match=f"the years 1 to 9999, received {instant}"):
        process.execute_record([instant])
    assert process.execute_records([[0], [instant]], on_error="skip") == [[0, "1970-01-01"]]
