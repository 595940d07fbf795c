"""Records one at a time: equal to the columns' results in value and type, whatever comes in."""

from __future__ import annotations

import math
import pickle
import struct
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datavec import (
    AddConstantColumnTransform,
    BooleanColumnCondition,
    BooleanCondition,
    CategoricalColumnCondition,
    ColumnType,
    ConditionFilter,
    DataVecError,
    DerivedColumn,
    DoubleColumnCondition,
    FilterInvalidValues,
    FloatColumnCondition,
    InfiniteColumnCondition,
    IntegerColumnCondition,
    InvalidValueColumnCondition,
    InvalidValueError,
    LongColumnCondition,
    MathFunction,
    MathOp,
    NaNColumnCondition,
    NullWritableColumnCondition,
    ParseDoubleTransform,
    Reducer,
    Schema,
    SchemaError,
    StringColumnCondition,
    StringListToCategoricalSetTransform,
    StringRegexColumnCondition,
    TimeColumnCondition,
    TransformProcess,
    TrivialColumnCondition,
    Writable,
)
from datavec import transforms as t

SCHEMA = (
    Schema.builder()
    .add_column_integer("i", min_value=-100, max_value=100)
    .add_column_integer("j")
    .add_column_long("l", min_value=0)
    .add_column_double("d", min_value=-5.0, max_value=5.0)
    .add_column_double("e")
    .add_column_float("f", min_value=-0.1, max_value=1.1)
    .add_column_string("s", regex=r"[a-z]*\d?", max_length=6)
    .add_column_string("w")
    .add_column_categorical("c", ["x", "y", "z"])
    .add_column_time("t", "America/New_York")
    .add_column_boolean("b")
    .build()
)

# --- values: usual ones, their texts, and what should go through the columns ------------------------

integers = st.integers(-120, 120) | st.sampled_from([0, 2**31 - 1, -(2**31)])
longs = integers | st.sampled_from([2**31, 2**53 + 1, 2**63 - 1, -(2**63)])
doubles = st.floats(-10, 10) | st.sampled_from(
    [0.0, -0.0, 5.0, 1e300, 5e-324, math.nan, math.inf, -math.inf]
)
texts = st.text("abxyz1 -,A", max_size=7) | st.sampled_from(
    ["é", "İ", "", "NullWritable", "1", "-7", "0.5", "true", "\ud800"]
)
times = st.sampled_from(
    [
        "2024-02-29 13:45:10",
        " 2024-03-10 02:30:00",
        "2024-11-03 01:30:00",
        "2024-13-01 00:00:00",
        "1969-12-31 23:59:59",
        "2024-02-29",
    ]
)
odd = st.sampled_from(
    [
        *(None, "", "NaN", "inf", "1_0", "0x1F", "+5", " 5", "7.0", "1e3", "1d", "٣", True, 2**70),
        *(b"a", Writable("Int", 3), Writable("Double", 3.0), Writable("Text", "x")),
        *(np.float64(1.5), np.int64(3), np.float32(0.1)),
    ]
)


def written(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly values, often their texts, sometimes something else."""
    return st.one_of(values, values, values.map(repr), odd)


VALUES = [
    written(integers),
    written(integers),
    written(longs),
    written(doubles),
    written(doubles | integers),
    written(doubles | st.floats(width=32)),
    texts | odd,
    times | odd,
    st.sampled_from("xyz") | odd,
    written(st.integers(-(10**12), 2 * 10**12)),
    written(st.booleans()),
]

# --- steps ------------------------------------------------------------------------------------------

words = texts.filter(lambda text: "\ud800" not in text)
names = st.sampled_from(SCHEMA.column_names)
numeric = st.sampled_from(["i", "j", "l", "d", "e", "f"])
scalars = st.sampled_from([0, 1, -1, 2, 3, 7, -5])
conditions: Any = st.deferred(
    lambda: (
        st.builds(IntegerColumnCondition, names, st.sampled_from(["<", "<=", "!="]), scalars)
        | st.builds(LongColumnCondition, names, st.sampled_from([">", "=="]), scalars)
        | st.builds(DoubleColumnCondition, names, st.sampled_from([">=", "!=", "<"]), doubles)
        | st.builds(FloatColumnCondition, names, st.sampled_from(["<", "=="]), doubles)
        | st.builds(TimeColumnCondition, names, st.just("<"), st.integers(0, 10**12))
        | st.builds(DoubleColumnCondition, names, st.just("in"), st.lists(doubles))
        | st.builds(IntegerColumnCondition, names, st.just("not in"), st.lists(scalars))
        | st.builds(StringColumnCondition, names, st.just("=="), words)
        | st.builds(CategoricalColumnCondition, names, st.just("not in"), st.just(["x", "1"]))
        | st.builds(StringRegexColumnCondition, names, st.sampled_from([r"\d+", "[a-z]?.*"]))
        | st.builds(NaNColumnCondition, names)
        | st.builds(InfiniteColumnCondition, names)
        | st.builds(NullWritableColumnCondition, names)
        | st.builds(InvalidValueColumnCondition, names)
        | st.builds(BooleanColumnCondition, st.just("b"))
        | st.builds(TrivialColumnCondition, names)
        | st.builds(BooleanCondition.not_, conditions)
        | st.builds(BooleanCondition.xor, conditions, conditions)
        | st.builds(BooleanCondition.and_, conditions, conditions)
        | st.builds(BooleanCondition.or_, conditions, conditions)
    )
)


def step(make: Any, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A call that makes the step; it may find its options impossible."""
    return st.tuples(*arguments).map(lambda chosen: partial(make, *chosen))


def math_steps(kind: str, columns: list[str]) -> list[st.SearchStrategy[Any]]:
    column = st.sampled_from(columns)
    op = st.sampled_from(MathOp)
    scalar = scalars.map(float) if kind in ("Double", "Float") else scalars
    return [
        step(getattr(t, f"{kind}MathOpTransform"), column, op, scalar),
        step(
            getattr(t, f"{kind}ColumnsMathOpTransform"),
            st.just("new"),
            op,
            st.lists(column, min_size=2, max_size=2),
        ),
    ]


functions = st.sampled_from(MathFunction)
derived = st.sampled_from(
    [DerivedColumn.integer(f"new {f}", f) for f in t._time.field_names()]
    + [DerivedColumn.string("new text", "EEE dd/MM/yyyy HH:mm:ss.SSS a", "Europe/Berlin")]
)
STEPS = st.one_of(
    *math_steps("Integer", ["i", "j"]),
    *math_steps("Long", ["l"]),
    *math_steps("Double", ["d", "e"]),
    *math_steps("Float", ["f"]),
    step(t.DoubleMathFunctionTransform, numeric, functions),
    step(t.FloatMathFunctionTransform, numeric, functions),
    step(t.MinMaxNormalizer, numeric, scalars, scalars, scalars, scalars),
    step(t.StandardizeNormalizer, numeric, scalars, scalars),
    step(t.SubtractMeanNormalizer, numeric, scalars),
    step(t.Log2Normalizer, numeric, scalars, scalars),
    step(t.ConvertToDouble, names),
    step(t.ConvertToFloat, names),
    step(t.ConvertToInteger, names),
    step(t.ConvertToString, names),
    step(ParseDoubleTransform),
    step(t.ReplaceEmptyIntegerWithValueTransform, names, scalars),
    step(t.ReplaceInvalidWithIntegerTransform, names, scalars),
    step(t.RemoveColumnsTransform, st.lists(names, min_size=1, max_size=2)),
    step(t.RenameColumnsTransform, st.just(["s"]), st.just(["renamed"])),
    step(t.ReorderColumnsTransform, st.lists(names, min_size=1, max_size=2, unique=True)),
    step(t.DuplicateColumnsTransform, names.map(lambda n: [n]), st.just(["copy"])),
    step(
        AddConstantColumnTransform,
        st.just("constant"),
        st.sampled_from([ColumnType.DOUBLE, ColumnType.STRING, ColumnType.INTEGER]),
        st.sampled_from([3, 2.5, "5"]),
    ),
    step(t.CategoricalToIntegerTransform, st.just("c")),
    step(t.CategoricalToOneHotTransform, st.just("c")),
    step(t.IntegerToCategoricalTransform, names, st.just({0: "a", 1: "b", 3: "c"})),
    step(t.IntegerToOneHotTransform, st.sampled_from(["i", "l"]), st.just(-1), st.just(3)),
    step(t.StringToCategoricalTransform, names, st.just(["a", "b"])),
    step(
        StringListToCategoricalSetTransform,
        st.just("s"),
        st.just(["p", "q"]),
        st.just(["a", "b"]),
        st.just(","),
    ),
    step(t.PivotTransform, st.just("c"), names),
    step(t.FirstDigitTransform, names, st.sampled_from(["digit", "s"])),
    step(t.AppendStringColumnTransform, names, words),
    step(t.ChangeCaseStringTransform, names, st.sampled_from(t.CaseType)),
    step(t.RemoveWhiteSpaceTransform, names),
    step(t.ReplaceEmptyStringTransform, names, words),
    step(t.StringMapTransform, names, st.dictionaries(words, words)),
    step(t.MapAllStringsExceptListTransform, names, words, st.lists(words)),
    step(t.ReplaceStringTransform, names, st.just({r"(\d)": "<$1>", "a": ""})),
    step(t.ConcatenateStringColumns, st.just("joined"), st.just("|"), st.lists(names, min_size=1)),
    step(
        t.StringToTimeTransform,
        names,
        st.just("yyyy-MM-dd HH:mm:ss"),
        st.sampled_from(["UTC", "America/New_York", "-04:00"]),
    ),
    step(t.StringToTimeTransform, st.just("w")),
    step(
        t.TimeMathOpTransform,
        st.just("t"),
        st.sampled_from([MathOp.ADD, MathOp.SUBTRACT]),
        scalars,
        st.sampled_from(t.TimeUnit),
    ),
    step(
        t.DeriveColumnsFromTimeTransform,
        st.just("t"),
        st.lists(derived, min_size=1, max_size=3, unique=True),
        names,
    ),
    step(t.ConditionalReplaceValueTransform, names, scalars | doubles | words, conditions),
    step(
        t.ConditionalReplaceValueTransformWithDefault, names, scalars | doubles, scalars, conditions
    ),
    step(t.ConditionalCopyValueTransform, names, names, conditions),
    step(ConditionFilter, conditions),
    step(FilterInvalidValues, st.none() | st.lists(names, min_size=1, max_size=3)),
)


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return (
        struct.pack("d", a) == struct.pack("d", b) or (a != a and b != b)
        if isinstance(a, float)
        else a == b
    )


def outcome(call: Any, record: Any) -> Any:
    try:
        return call(record)
    except Exception as e:
        return type(e), str(e)


def through_columns(process: TransformProcess, record: Any) -> Any:
    rows = process._together([record])
    return rows[0] if rows else None


def processes(steps: list[Any]) -> TransformProcess:
    """As many of the steps as fit one after another."""
    made = TransformProcess.builder(SCHEMA)
    for make in steps:
        try:
            made.add(make())
        except DataVecError:
            continue
    return made.build()


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(STEPS, max_size=5).map(processes), st.lists(st.tuples(*VALUES), min_size=1, max_size=4)
)
def test_any_process_on_any_record(process, records):
    executor = process.record_executor()
    if executor.whole_columns_only is not None:
        return
    for record in map(list, records):
        expected = outcome(partial(through_columns, process), record)
        try:
            quick = executor._function(record)
        except Exception:
            assert outcome(executor, record) == expected or same(
                outcome(executor, record), expected
            )
            continue
        assert same(quick, expected), (process.actions, record, quick, expected)


# --- what users meet --------------------------------------------------------------------------------


def small() -> TransformProcess:
    schema = (
        Schema.builder()
        .add_column_double("d")
        .add_column_categorical("c", ["a", "b"])
        .add_column_integer("i")
        .build()
    )
    return (
        TransformProcess.builder(schema)
        .filter(DoubleColumnCondition("d", "<", 0.0))
        .categorical_to_one_hot("c")
        .integer_math_op("i", "Add", 1)
        .build()
    )


def test_records_by_name():
    process = small()
    assert process.execute_record({"i": 1, "d": 2.0, "c": "b"}) == [2.0, 0, 1, 2]
    assert process.execute_records([{"i": 1, "d": 2.0, "c": "b"}, [1, "a", "7"]]) == [
        [2.0, 0, 1, 2],
        [1.0, 1, 0, 8],
    ]
    with pytest.raises(SchemaError, match=r"the record has no 'c', 'i' and has also 'x'"):
        process.execute_record({"d": 2.0, "x": 1})
    with pytest.raises(SchemaError, match="has also 'x'; the columns are 'd', 'c', 'i'"):
        process.execute_record({"d": 2.0, "c": "a", "i": 1, "x": 1})
    with pytest.raises(SchemaError, match="a list of values or a dict by column name, received 3"):
        process.execute_record(3)
    with pytest.raises(SchemaError, match="received 'abc'"):
        process.execute_record("abc")
    assert process.execute_record(np.array([1.0, "a", 2], object)) == [1.0, 1, 0, 3]


def test_errors_are_those_of_the_columns():
    process = small()
    with pytest.raises(InvalidValueError, match=r'step 1 .*column "c": expected one of .*\'z\''):
        process.execute_record([1.0, "z", 1])
    with pytest.raises(InvalidValueError, match=r'column "i": expected a 32-bit integer'):
        process.execute_record([1.0, "a", "seven"])
    with pytest.raises(InvalidValueError, match=r'column "i": .* received a missing value'):
        process.execute_record([1.0, "a", None])
    with pytest.raises(SchemaError, match="expected 3 values"):
        process.execute_record([1.0, "a"])
    with pytest.raises(InvalidValueError, match=r'row 1, column "c"'):
        process.execute_records([[1.0, "a", 1], [1.0, "z", 1]])
    with pytest.raises(InvalidValueError, match=r'column "i": expected a value for a column'):
        process.execute_record([1.0, "a", 1 << 70])


def test_steps_over_whole_columns_say_so():
    schema = Schema.builder().add_column_string("k").add_column_double("v").build()
    reducer = Reducer("Sum", key_columns=["k"])
    process = TransformProcess.builder(schema).reduce(reducer).build()
    executor = process.record_executor()
    assert executor.whole_columns_only == "step 0 Reducer has no form for single values"
    assert executor(["a", 1.5]) == ["a", 1.5]


def test_missing_values_that_no_step_looks_at_stay_missing():
    schema = (
        Schema.builder()
        .add_columns_double("x", "unused", "kept")
        .add_column_ndarray("image", [2])
        .add_columns_string("note", "label")
        .build()
    )
    tp = TransformProcess.builder(schema).double_math_op("x", "Add", 1.0)
    process = tp.remove_columns("unused", "image", "label").rename_column("note", "text").build()
    function = process.record_executor()._function
    assert function([1.0, None, None, None, None, None]) == [2.0, None, None]
    assert function([1.0, 2.0, "3", np.zeros(2), "a", "b"]) == [2.0, 3.0, "a"]
    assert process.execute_record([1.0, None, None, None, None, None]) == [2.0, None, None]
    with pytest.raises(InvalidValueError, match="missing value"):
        process.execute_record([None] * 6)
    with pytest.raises(TypeError, match="as a column value"):
        process.execute_record([1.0, None, object(), None, None, None])
    looks = TransformProcess.builder(schema).filter(NullWritableColumnCondition("kept")).build()
    assert looks.execute_record([1.0, None, None, np.zeros(2), "a", "b"]) is None


def test_sequences_are_refused():
    schema = Schema.builder().add_column_string("k").build()
    process = TransformProcess.builder(schema).convert_to_sequence().build()
    with pytest.raises(SchemaError, match="works on sequences"):
        process.execute_record(["a"])


def test_processes_travel_without_their_compiled_function():
    process = small()
    process.record_executor()
    again = pickle.loads(pickle.dumps(process))
    assert again == process
    assert again.execute_record([1.0, "a", 2]) == process.execute_record([1.0, "a", 2])


def test_from_many_threads_at_once():
    process = small()
    records = [[float(i), "ab"[i % 2], i] for i in range(2000)]
    expected = [[float(i), 1 - i % 2, i % 2, i + 1] for i in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(process.execute_record, records)) == expected


def test_few_records_take_the_same_way():
    process = small()
    rows = [[1.0, "a", 1], [-1.0, "a", 1], ["2.5", "b", "3"]]
    few = process.execute_records(rows)
    many = process.execute_records(rows * 40)
    assert few * 40 == many
    assert [list(map(type, r)) for r in few * 40] == [list(map(type, r)) for r in many]


# --- with an error policy ---------------------------------------------------------------------------


def test_a_server_may_replace_or_skip():
    execute = small().record_executor(on_error="skip", replacements={"c": "a", "i": 0})
    assert execute([1.0, "z", None]) == [1.0, 1, 0, 1]
    assert execute({"d": 1.0, "c": "b", "i": 1 << 70}) == [1.0, 0, 1, 1]
    assert execute(["x", "a", 1]) is None
    assert execute([-1.0, "a", 1]) is None  # filtered, so not counted
    assert (execute.errors.skipped, execute.errors.replaced) == (1, 3)
    assert small().record_executor().errors.skipped == 0


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(STEPS, max_size=4).map(processes),
    st.tuples(*VALUES).map(list),
    st.dictionaries(st.sampled_from("ijdc"), st.just(0), min_size=1),
    st.sampled_from(["skip", "replace"]),
)
def test_executors_with_a_policy_equal_batches(process, record, chosen, action):
    values: dict[str, Any] = {"i": 1, "j": 2, "d": 0.5, "c": "x"}
    replacements = {n: values[n] for n in chosen if any(n in s for s in process.schemas)}
    if not replacements:
        return
    options = {"on_error": action, "replacements": replacements}

    def alone(record: Any) -> Any:
        result = executor(record)
        return [] if result is None else [result]

    executor = process.record_executor(**options)
    expected = outcome(lambda r: process.execute_records([r], **options), record)
    got = outcome(alone, record)
    assert same(got, expected) or got == expected, (process.actions, record, got, expected)
