"""A process for every transform, condition, filter, reducer and sequence operation, with data to run it on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

import datavec as dv
from datavec import transforms as t

TABLE = (
    dv.Schema.builder()
    .add_column_integer("i", min_value=0, max_value=9)
    .add_column_long("l")
    .add_column_double("d", min_value=-10.0, max_value=10.0)
    .add_column_float("f")
    .add_column_string("s")
    .add_column_categorical("c", ["x", "y", "z"])
    .add_column_time("t", "UTC")
    .build()
)
ROWS = [
    [1, 10, 0.5, 1.5, "ab cd", "x", 1_000_000_000_000],
    [2, -3, -1.25, 2.0, "cd", "y", 1_330_473_600_123],
    [9, 1 << 40, 2.0, -0.5, "7 up", "z", 0],
    [2, 0, 1.0, 4.25, "", "x", 86_399_999],
]
STEPS = dv.SequenceSchema(TABLE.columns)
# Of different lengths: Deeplearning4j's local executor is wrong for equal ones.
SEQUENCES = [
    [
        [1, 10, 0.5, 1.5, "ab", "x", 1_000_000],
        [2, 11, 1.5, 0.5, "cd", "y", 1_400_000],
        [4, 9, -2.0, 0.0, "ab", "y", 9_000_000],
    ],
    [[5, -1, 1.0, 2.0, "cd ab", "z", 500_000]],
    [
        [3, 7, 0.25, -1.0, "cd", "x", 3_600_000],
        [3, 8, 0.75, -2.0, "ef", "z", 4_200_000],
    ],
]
ARRAYS = dv.Schema.builder().add_column_ndarray("a", [1, 3]).add_column_ndarray("b", [1, 3]).build()
VECTORS = [
    [np.array([[1, 2, 3]], np.float32), np.array([[0.5, -1, 2]], np.float32)],
    [np.array([[0.25, 4, 9]], np.float32), np.array([[1, 1, 1]], np.float32)],
]
WIDE = dv.Schema.builder().add_columns_string("a", "b").build()
TEXTS = [["5", "1.5"], ["", "-2"], ["x", "1e3"]]

Sample = tuple[dv.TransformProcess, list[Any]]


def _made(schema: dv.Schema, data: list[Any], *actions: Any) -> Sample:
    builder = dv.TransformProcess.builder(schema)
    for action in actions:
        builder.add(
            dv.ConditionFilter(action) if isinstance(action, dv.AbstractCondition) else action
        )
    return builder.build(), data


def _table(*actions: Any) -> Sample:
    return _made(TABLE, ROWS, *actions)


def _steps(*actions: Any) -> Sample:
    return _made(STEPS, SEQUENCES, *actions)


def _columns() -> Iterator[Sample]:
    yield _table(
        t.RemoveColumnsTransform(("l",)),
        t.RenameColumnsTransform(("i", "d"), ("int", "double")),
        t.DuplicateColumnsTransform(("s",), ("again",)),
        t.ReorderColumnsTransform(("t", "s")),
        t.AddConstantColumnTransform("one", dv.ColumnType.INTEGER, dv.Writable("Int", 1)),
        t.AddConstantColumnTransform("pi", dv.ColumnType.DOUBLE, dv.Writable("Double", 3.25)),
        t.AddConstantColumnTransform("é", dv.ColumnType.STRING, dv.Writable("Text", "ü")),
    )
    yield _table(t.RemoveAllColumnsExceptForTransform(("t", "i")))


def _numbers() -> Iterator[Sample]:
    for op in ("Add", "Subtract", "Multiply", "Divide", "Modulus", "ReverseSubtract", "ScalarMin"):
        yield _table(
            t.IntegerMathOpTransform("i", t.MathOp(op), 3),
            t.LongMathOpTransform("l", t.MathOp(op), 3),
            t.FloatMathOpTransform("f", t.MathOp(op), 1.5),
            t.DoubleMathOpTransform("d", t.MathOp(op), 1.5),
        )
    for op in ("Add", "Multiply", "Subtract"):
        yield _table(
            t.DuplicateColumnsTransform(("i", "l", "d", "f"), ("i2", "l2", "d2", "f2")),
            t.IntegerColumnsMathOpTransform("i3", t.MathOp(op), ("i", "i2")),
            t.LongColumnsMathOpTransform("l3", t.MathOp(op), ("l", "l2")),
            t.FloatColumnsMathOpTransform("f3", t.MathOp(op), ("f", "f2")),
            t.DoubleColumnsMathOpTransform("d3", t.MathOp(op), ("d", "d2")),
        )
    for function in t.MathFunction:
        yield _table(
            t.FloatMathFunctionTransform("f", function),
            t.DoubleMathFunctionTransform("d", function),
        )
    yield _table(
        t.MinMaxNormalizer("d", -2.0, 2.0, -1.0, 1.0),
        t.StandardizeNormalizer("f", 1.0, 0.5),
        t.SubtractMeanNormalizer("i", 3.5),
        t.Log2Normalizer("l", 5.0, -4.0, 0.5),
    )
    yield _table(t.ConvertToInteger("d"), t.ConvertToDouble("i"), t.ConvertToString("f"))
    yield _made(WIDE, [["5", "1.5"], ["-7", "2"]], t.ConvertToFloat("b"), t.ConvertToInteger("a"))
    yield _made(WIDE, [["5", "1.5"], [" 7", "1e3"]], t.ParseDoubleTransform())
    yield _made(
        dv.Schema.builder().add_columns_integer("a", "b").build(),
        [["", "x"], ["3", "4"]],
        t.ReplaceEmptyIntegerWithValueTransform("a", -1),
        t.ReplaceInvalidWithIntegerTransform("b", -2),
    )


def _categories() -> Iterator[Sample]:
    yield _table(t.CategoricalToIntegerTransform("c"), t.IntegerToOneHotTransform("c", 0, 2))
    yield _table(
        t.CategoricalToOneHotTransform("c"),
        t.IntegerToCategoricalTransform("i", {1: "one", 2: "two", 9: "nine"}),
        t.FirstDigitTransform("s", "digit", t.FirstDigitMode("INCLUDE_OTHER_CATEGORY")),
        t.StringToCategoricalTransform("s", ("", "cd", "7 up", "ab cd")),
    )
    yield _made(
        WIDE,
        [["p,q", "1"], ["q", "2"], ["", "3"]],
        t.StringListToCategoricalSetTransform("a", ("is p", "is q"), ("p", "q"), ","),
    )
    yield _table(t.PivotTransform("c", "d", dv.Writable("Double", -1.0)))


def _texts() -> Iterator[Sample]:
    yield _table(
        t.AppendStringColumnTransform("s", "!"),
        t.ChangeCaseStringTransform("s", t.CaseType.UPPER),
        t.RemoveWhiteSpaceTransform("s"),
        t.ReplaceStringTransform("s", {"[A-C&&[^B]]": "<$0>", "(\\d)U": "$1u"}),
        t.ConcatenateStringColumns("all", "|", ("s", "i", "c")),
        t.MapAllStringsExceptListTransform("c", "other", ("x",)),
    )
    yield _table(
        t.ReplaceEmptyStringTransform("s", "none"), t.StringMapTransform("s", {"cd": "CD"})
    )
    vocabulary = ("ab", "cd", "up")
    yield _table(t.StringListToCountsNDArrayTransform("s", vocabulary, " ", False, True, "n"))
    yield _table(t.StringListToIndicesNDArrayTransform("s", vocabulary, " ", False, True, "n"))
    yield _steps(t.TextToCharacterIndexTransform(("s",), ("k",), {"a": 0, "b": 1, "c": 2}, False))
    words = {"ab": 0, "cd": 1}
    yield _steps(t.TextToTermIndexSequenceTransform(("s",), ("k",), words, " ", False))


def _times() -> Iterator[Sample]:
    yield _table(
        t.TimeMathOpTransform("t", t.MathOp("Add"), 90, t.TimeUnit("MINUTES")),
        t.DeriveColumnsFromTimeTransform(
            "t",
            (
                t.DerivedColumn.integer("hour", "hourOfDay"),
                t.DerivedColumn.integer("week", "weekOfWeekyear"),
                t.DerivedColumn.string("text", "EEE dd MMM YYYY HH:mm:ss.SSS", "America/New_York"),
            ),
        ),
    )
    moments = [["2011-03-04 05:06:07", "a"], ["1999-12-31 23:59:59", "b"]]
    yield _made(WIDE, moments, t.StringToTimeTransform("a", "YYYY-MM-dd HH:mm:ss", "Europe/Berlin"))
    yield _made(WIDE, moments, t.StringToTimeTransform("a", None, "UTC"))
    german = [["04 März 2011", "a"], ["31 Dezember 1999", "b"]]
    yield _made(WIDE, german, t.StringToTimeTransform("a", "dd MMMM YYYY", "UTC", "de"))


def _arrays() -> Iterator[Sample]:
    def made(*actions: Any) -> Sample:
        return _made(ARRAYS, VECTORS, *actions)

    for op in ("Add", "Subtract", "Multiply", "Divide"):
        yield made(t.NDArrayColumnsMathOpTransform("sum", t.MathOp(op), ("a", "b")))
        yield made(t.NDArrayScalarOpTransform("a", t.MathOp(op), 2.0))
    for distance in t.Distance:
        yield made(t.NDArrayDistanceTransform("far", distance, "a", "b"))
    yield made(t.NDArrayMathFunctionTransform("a", t.MathFunction("SQRT")))


def conditions() -> list[dv.AbstractCondition]:
    """At least one of every kind."""
    op = dv.ConditionOp
    return [
        dv.IntegerColumnCondition("i", op.LESS_THAN, 2),
        dv.IntegerColumnCondition("i", op.IN_SET, members=(1, 9)),
        dv.LongColumnCondition("l", op.GREATER_OR_EQUAL, 10),
        dv.LongColumnCondition("l", op.NOT_IN_SET, members=(10,)),
        dv.DoubleColumnCondition("d", op.EQUAL, 1.0),
        dv.DoubleColumnCondition("d", op.IN_SET, members=(0.5, 2.0)),
        dv.FloatColumnCondition("f", op.LESS_OR_EQUAL, 1.5),
        dv.TimeColumnCondition("t", op.NOT_EQUAL, 0),
        dv.StringColumnCondition("s", op.EQUAL, "cd"),
        dv.StringColumnCondition("s", op.IN_SET, members=("cd", "")),
        dv.CategoricalColumnCondition("c", op.NOT_IN_SET, members=("x",)),
        dv.StringRegexColumnCondition("s", "[a-z&&[^x-z]]+( \\p{Lower}+)?"),
        dv.NullWritableColumnCondition("s"),
        dv.TrivialColumnCondition("s"),
        dv.NaNColumnCondition("d"),
        dv.InfiniteColumnCondition("d"),
        dv.InvalidValueColumnCondition("d"),
        dv.BooleanCondition.and_(
            dv.IntegerColumnCondition("i", op.LESS_THAN, 5),
            dv.BooleanCondition.not_(dv.StringColumnCondition("s", op.EQUAL, "cd")),
        ),
        dv.BooleanCondition.or_(
            dv.IntegerColumnCondition("i", op.GREATER_THAN, 5),
            dv.DoubleColumnCondition("d", op.LESS_THAN, 0.0),
        ),
        dv.BooleanCondition.xor(
            dv.IntegerColumnCondition("i", op.GREATER_THAN, 1),
            dv.DoubleColumnCondition("d", op.GREATER_THAN, 0.0),
        ),
    ]


def _conditions() -> Iterator[Sample]:
    for condition in conditions():
        yield _table(condition)
        yield _steps(condition)
    some = dv.IntegerColumnCondition("i", dv.ConditionOp.EQUAL, 2)
    yield _table(
        t.ConditionalReplaceValueTransform("d", dv.Writable("Double", 7.5), some),
        t.ConditionalReplaceValueTransformWithDefault(
            "s", dv.Writable("Text", "two"), dv.Writable("Text", "no"), some
        ),
        t.ConditionalCopyValueTransform("c", "s", some),
    )
    for length in (dv.ConditionOp.LESS_THAN, dv.ConditionOp.EQUAL):
        yield _steps(dv.SequenceLengthCondition(length, 2))
    yield _made(TABLE, [*ROWS, [10, 0, 11.0, 0.0, "", "w", 0]], dv.FilterInvalidValues())
    yield _made(TABLE, [*ROWS, [10, 0, 11.0, 0.0, "", "w", 0]], dv.FilterInvalidValues(("c",)))
    yield _table(dv.InvalidNumColumns())


def _groups() -> Iterator[Sample]:
    numeric = [op.value for op in t.ReduceOp if op.value not in ("Append", "Prepend")]
    yield _table(
        t.Reducer(
            "TakeFirst",
            key_columns=["c"],
            ops={"d": numeric, "l": ["Sum", "Range"], "s": ["Append", "Prepend", "Count"]},
        )
    )
    yield _table(t.Reducer("Count"))
    condition = dv.IntegerColumnCondition("i", dv.ConditionOp.EQUAL, 2)
    reduction = t.ConditionalReduction("d", ("few",), (t.ReduceOp("Sum"),), condition)
    yield _table(t.Reducer("TakeFirst", key_columns=["c"], conditional={"d": reduction}))
    place = t.GeographicMidpointReduction(",")
    yield _table(t.Reducer("TakeFirst", key_columns=["c"], custom={"s": place}))
    for rank_by, comparator in (
        ("i", dv.IntWritableComparator()),
        ("l", dv.LongWritableComparator()),
        ("d", dv.DoubleWritableComparator()),
        ("f", dv.FloatWritableComparator()),
        ("s", dv.TextWritableComparator()),
    ):
        yield _table(t.CalculateSortedRank("rank", rank_by, comparator, True))
        yield _table(t.CalculateSortedRank("rank", rank_by, comparator, False))
    yield _table(t.ConvertToSequence(("c",), dv.NumericalColumnComparator("t")))
    yield _table(t.ConvertToSequence(("c",), dv.StringComparator("s")))


def _sequences() -> Iterator[Sample]:
    yield _steps(t.ConvertFromSequence())
    yield _steps(t.SequenceTrimTransform(1, True))
    yield _steps(t.SequenceTrimToLengthTransform(2, t.TrimMode.TRIM))
    pad = tuple(dv.Writable.of(v, m.column_type.value) for v, m in zip(ROWS[0], TABLE, strict=True))
    yield _steps(t.SequenceTrimToLengthTransform(2, t.TrimMode.TRIM_OR_PAD, pad))
    yield _steps(t.SequenceOffsetTransform(("d",), 1))
    yield _steps(t.SequenceMovingWindowReduceTransform("d", 2, t.ReduceOp("Mean")))
    yield _steps(t.SequenceDifferenceTransform("d", "dd"))
    yield _steps(t.SequenceSplitTimeSeparation("t", 1, t.TimeUnit("HOURS")))
    yield _steps(t.SplitMaxLengthSequence(2))
    ops = {"d": ["Sum", "Mean"], "t": ["Min"], "s": ["TakeLast"]}
    reducer = t.Reducer("TakeFirst", ops=ops)
    yield _steps(t.ReduceSequenceTransform(reducer), t.ConvertFromSequence())
    ten = (10, t.TimeUnit("MINUTES"))
    yield _steps(t.ReduceSequenceByWindowTransform(reducer, t.TimeWindowFunction("t", *ten)))
    yield _steps(
        t.ReduceSequenceByWindowTransform(
            reducer,
            t.OverlappingTimeWindowFunction("t", *ten, *ten, exclude_empty_windows=True),
        )
    )


def samples() -> list[Sample]:
    """All samples, in a fixed order."""
    groups = (
        _columns,
        _numbers,
        _categories,
        _texts,
        _times,
        _arrays,
        _conditions,
        _groups,
        _sequences,
    )
    return [sample for group in groups for sample in group()]


def classes_in(process: dv.TransformProcess) -> set[str]:
    """The simple Java names of all classes that occur in a process's JSON."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            name = value.get("@class", "")
            found.add(name.rpartition(".")[2])
            found.update(k for k in value if k == "Reducer")
            for v in value.values():
                walk(v)
        elif isinstance(value, list):
            for v in value:
                walk(v)

    walk(json.loads(process.to_json()))
    return found - {""}
