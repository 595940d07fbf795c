"""Pipelines on Spark beside local execution, where Spark itself could come between."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from comparing import assert_equal, dataframe, schema_of
from user_steps import Centred, Cubed

from datavec import (
    ColumnFunction,
    DoubleWritableComparator,
    InvalidValueError,
    LongWritableComparator,
    NumericalColumnComparator,
    Schema,
    SchemaError,
    TextWritableComparator,
    TransformProcess,
)
from datavec.spark import SparkBatches, execute, schema_from_struct_type, struct_type
from datavec.transforms import DerivedColumn, Reducer

pytestmark = pytest.mark.spark


def numbers(rows: int = 60) -> pa.Table:
    random = np.random.default_rng(3)
    keys = [f"k{i}" for i in random.integers(0, 7, rows)]
    values = np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows).round(2))
    return pa.table(
        {
            "a.key": keys,  # Spark takes a dot for a part of a struct,
            "X": pa.array(random.integers(-4, 4, rows)),
            "x": values,  # and these two names for one
            "text": pa.array([None if i % 11 == 0 else f"t{i % 13}é" for i in range(rows)]),
        }
    )


SCHEMA = schema_of("a.key:string X:long x:double text:string")


def check(spark: Any, process: TransformProcess, table: pa.Table, *, ordered: bool) -> None:
    result = execute(dataframe(spark, table), process).read_all()
    assert_equal(result, process.execute(table).read_all(), ordered=ordered)


# --- shuffles ------------------------------------------------------------------------------------

REDUCER = Reducer(
    "TakeFirst",
    key_columns=["a.key"],
    ops={
        "X": ["Sum", "Mean", "Stdev", "PopulationVariance", "Prod", "CountUnique", "Range"],
        "x": ["Min", "Max", "Count", "CountUnique"],
        "text": ["Append", "Prepend", "TakeLast", "Count"],
    },
)


@pytest.mark.parametrize("keys", [["a.key"], ["a.key", "X"], []], ids=["one", "two", "none"])
def test_reductions_in_two_stages(spark: Any, keys: list[str]) -> None:
    ops = {k: v for k, v in REDUCER.ops.items() if k not in keys}
    process = TransformProcess.builder(SCHEMA).reduce(Reducer("TakeLast", keys, ops)).build()
    check(spark, process, numbers(), ordered=False)


def test_sequences_keep_the_order_of_ties(spark: Any) -> None:
    process = (
        TransformProcess.builder(SCHEMA)
        .convert_to_sequence("a.key", comparator=NumericalColumnComparator("X"))
        .offset_sequence("X", amount=1)
        .build()
    )
    check(spark, process, numbers(), ordered=False)


COMPARATORS = {
    "x": DoubleWritableComparator(),
    "X": LongWritableComparator(),
    "text": TextWritableComparator(),
}


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("column", COMPARATORS)
def test_ranks_come_sorted(spark: Any, column: str, ascending: bool) -> None:
    process = (
        TransformProcess.builder(SCHEMA)
        .calculate_sorted_rank("rank", column, COMPARATORS[column], ascending=ascending)
        .build()
    )
    check(spark, process, numbers(), ordered=True)


def test_ranks_use_several_partitions(spark: Any, conf: Any) -> None:
    conf({"spark.sql.adaptive.enabled": "false", "spark.sql.shuffle.partitions": "4"})
    from pyspark.sql import functions as f

    schema = schema_of("x:long")
    process = (
        TransformProcess.builder(schema)
        .calculate_sorted_rank("rank", "x", LongWritableComparator())
        .build()
    )
    table = pa.table({"x": np.arange(400) * 37 % 400})
    result = execute(dataframe(spark, table), process)
    sizes = result.dataframe.groupBy(f.spark_partition_id()).count().collect()
    assert len(sizes) == 4
    assert max(n for _, n in sizes) <= 200
    assert result.read_all().column("rank").to_pylist() == list(range(400))


def test_shuffle_after_shuffle(spark: Any) -> None:
    process = (
        TransformProcess.builder(SCHEMA)
        .reduce(Reducer("Sum", key_columns=["a.key", "text"], ops={"x": "Count"}))
        .rename_column("sum(X)", "total")
        .calculate_sorted_rank("rank", "text", TextWritableComparator())
        .remove_columns("rank")
        .convert_to_sequence("a.key", comparator=NumericalColumnComparator("total"))
        .build()
    )
    table = numbers().set_column(1, "X", pa.array(2 ** np.arange(60) % (1 << 40)))
    check(spark, process, table, ordered=False)


def test_unparsed_text_crosses_a_shuffle(spark: Any) -> None:
    schema = schema_of("k:string n:integer")
    process = (
        TransformProcess.builder(schema)
        .convert_to_sequence("k", comparator=NumericalColumnComparator("n"))
        .convert_from_sequence()
        .filter_invalid_values("n")
        .build()
    )
    good = pa.table({"k": ["a", "b", "a"], "n": ["3", "2", " 1"]})
    check(spark, process, good.set_column(1, "n", pa.array(["3", "2", "1"])), ordered=False)
    with pytest.raises(InvalidValueError, match="x1"):
        execute(dataframe(spark, pa.table({"k": ["a"], "n": ["x1"]})), process).read_all()


# --- the data ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ansi", ["true", "false"])
@pytest.mark.parametrize("batch", ["1", "10000"])
def test_options_of_spark_do_not_matter(spark: Any, conf: Any, ansi: str, batch: str) -> None:
    conf({"spark.sql.ansi.enabled": ansi, "spark.sql.execution.arrow.maxRecordsPerBatch": batch})
    process = (
        TransformProcess.builder(SCHEMA)
        .long_math_op("X", "Multiply", 1 << 62)  # wraps, whatever ANSI says
        .double_math_function("x", "LOG")
        .reduce(Reducer("Sum", key_columns=["a.key"], ops={"text": "Count"}))
        .build()
    )
    check(spark, process, numbers(24), ordered=False)


def test_empty_data_and_partitions(spark: Any) -> None:
    for build in (
        lambda b: b.long_math_op("X", "Add", 1),
        lambda b: b.reduce(REDUCER),
        lambda b: b.reduce(Reducer("Count")),
        lambda b: b.convert_to_sequence("a.key", comparator=NumericalColumnComparator("X")),
        lambda b: b.calculate_sorted_rank("r", "x", DoubleWritableComparator()),
    ):
        process = build(TransformProcess.builder(SCHEMA)).build()
        check(spark, process, numbers(0), ordered=False)
        sparse = dataframe(spark, numbers(3)).repartition(5)
        assert_equal(
            execute(sparse, process).read_all(),
            process.execute(numbers(3)).read_all(),
            ordered=False,
        )


def test_wide_tables(spark: Any) -> None:
    names = [f"c{i}" for i in range(400)]
    schema = Schema.builder().add_columns_double(*names).build()
    process = TransformProcess.builder(schema).double_math_op("c7", "Add", 1.0).build()
    table = pa.table({n: np.arange(5.0) + i for i, n in enumerate(names)})
    check(spark, process, table, ordered=True)


def test_times_do_not_depend_on_zones_of_the_session(spark: Any, conf: Any) -> None:
    schema = Schema.builder().add_column_time("at", "America/New_York").build()
    process = (
        TransformProcess.builder(schema)
        .derive_columns_from_time("at", DerivedColumn.integer("hour", "hourOfDay"))
        .build()
    )
    moments = pa.array([0, -1, 1_360_000_000_123, None], pa.timestamp("ms", "America/New_York"))
    for zone in ("UTC", "Asia/Kathmandu", "America/Los_Angeles"):
        conf({"spark.sql.session.timeZone": zone})
        table = pa.table({"at": moments.drop_null()})
        check(spark, process, table, ordered=True)
        plain = TransformProcess(schema, ())
        check(spark, plain, pa.table({"at": moments}), ordered=True)


def test_foreign_times_and_numbers(spark: Any) -> None:
    schema = (
        Schema.builder()
        .add_column_time("day", "Europe/Oslo")
        .add_column_time("wall", "Europe/Oslo")
        .add_column_time("at", "UTC")
        .add_column_double("price")
        .add_column_integer("small")
        .build()
    )
    frame = spark.sql(
        "select date'2020-07-01' as day, timestamp_ntz'2020-07-01 12:00:00' as wall, "
        "timestamp'1969-12-31 23:59:59.9999+00:00' as at, cast(1.25 as decimal(10,2)) as price, "
        "cast(7 as tinyint) as small"
    )
    (row,) = execute(frame, TransformProcess(schema, ())).read_all().to_pylist()
    utc = dt.UTC
    assert row["day"] == dt.datetime(2020, 6, 30, 22, tzinfo=utc)
    assert row["wall"] == dt.datetime(2020, 7, 1, 10, tzinfo=utc)
    assert row["at"] == dt.datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=utc)
    assert (row["price"], row["small"]) == (1.25, 7)


def test_time_beyond_what_spark_holds(spark: Any) -> None:
    schema = schema_of("n:long")
    process = TransformProcess.builder(Schema.builder().add_column_time("n", "UTC").build()).build()
    table = pa.table({"n": [1 << 60]})
    assert schema.column_names == ["n"]
    with pytest.raises(InvalidValueError, match=r"row 0.*what Spark can hold"):
        execute(dataframe(spark, table), process).read_all()


def test_arrays_go_through(spark: Any) -> None:
    schema = Schema.builder().add_column_string("k").add_column_ndarray("v", (2,)).build()
    arrays = [{"data": [float(i), 1.0], "shape": [2]} for i in range(5)]
    table = pa.table({"k": list("ababa"), "v": pa.array(arrays, schema.metadata("v").arrow_type)})
    process = (
        TransformProcess.builder(schema)
        .ndarray_scalar_op("v", "Multiply", 2.0)
        .convert_to_sequence("k", comparator=_by_text())
        .build()
    )
    check(spark, process, table, ordered=False)


def _by_text() -> Any:
    from datavec import StringComparator

    return StringComparator("k")


# --- errors --------------------------------------------------------------------------------------


def bad_numbers(at: int = 40) -> tuple[TransformProcess, pa.Table]:
    schema = schema_of("s:string")
    texts = [str(i) for i in range(50)]
    texts[at] = "forty"
    return TransformProcess.builder(schema).convert_to_integer("s").build(), pa.table({"s": texts})


def test_an_error_reads_as_it_does_here(spark: Any) -> None:
    process, table = bad_numbers()
    with pytest.raises(InvalidValueError) as local:
        process.execute(table).read_all()
    frame = dataframe(spark, table)
    assert frame.rdd.getNumPartitions() > 1
    result = execute(frame, process)
    for action in (result.read_all, result.count, lambda: list(result)):
        with pytest.raises(InvalidValueError) as there:
            action()
        assert str(there.value) == str(local.value)
        assert there.value.row == 40
    with pytest.raises(InvalidValueError), result.raising():
        result.dataframe.collect()


def test_skipped_records_are_counted_once(spark: Any) -> None:
    process, table = bad_numbers()
    result = execute(dataframe(spark, table), process, on_error="skip")
    assert result.skipped == 0  # nothing has run
    assert result.count() == 49
    assert result.read_all().num_rows == 49
    assert result.skipped == 1
    (total,) = result.errors
    assert total.where == "step 0 ConvertToInteger"
    assert total.examples[0].value == "forty"
    assert "partition 1, row 15" in total.examples[0].place


def test_skipping_before_and_behind_a_shuffle(spark: Any) -> None:
    schema = schema_of("k:string n:string")
    process = (
        TransformProcess.builder(schema)
        .convert_to_integer("n")
        .reduce(Reducer("Append", key_columns=["k"], ops={"n": "Count"}))
        .convert_to_integer("k")
        .build()
    )
    table = pa.table({"k": ["1", "x", "1", "2"], "n": ["5", "6", "bad", "7"]})
    local = process.execute(table, on_error="skip")
    expected = local.read_all()
    result = execute(dataframe(spark, table), process, on_error="skip")
    assert_equal(result.read_all(), expected, ordered=False)
    assert result.skipped == local.skipped == 2


def test_replacements(spark: Any) -> None:
    process, table = bad_numbers()
    options: Any = {"on_error": "replace", "replacements": {"s": "-1"}}
    local = process.execute(table, **options).read_all()
    result = execute(dataframe(spark, table), process, **options)
    assert_equal(result.read_all(), local, ordered=True)
    assert result.errors.replaced == 1


def test_only_needed_columns_are_sent(spark: Any) -> None:
    process = (
        TransformProcess.builder(SCHEMA)
        .long_math_op("X", "Add", 1)
        .reduce(Reducer("Count", ["a.key"]))
        .remove_columns("count(x)")
        .build()
    )
    check(spark, process, numbers(), ordered=False)
    plain = TransformProcess.builder(SCHEMA).remove_all_columns_except_for("X").build()
    frame = dataframe(spark, numbers())
    check(spark, plain, numbers(), ordered=True)
    explained = execute(frame, plain).dataframe._jdf.queryExecution().optimizedPlan().toString()
    assert "Stage(c1#" in explained, explained
    constant = (
        TransformProcess.builder(SCHEMA)
        .add_constant_integer_column("one", 1)
        .remove_columns(*SCHEMA.column_names)
        .build()
    )
    check(spark, constant, numbers(), ordered=True)


def test_unsuitable_dataframes(spark: Any) -> None:
    process, table = bad_numbers()
    with pytest.raises(SchemaError, match="no column \"s\"; its columns are 'other'"):
        execute(spark.createDataFrame([(1,)], "other int"), process)
    with pytest.raises(SchemaError, match=r'column "s".*map<string,int>'):
        execute(spark.sql("select map('a', 1) as s"), process)
    with pytest.raises(ValueError, match="on_error"):
        execute(dataframe(spark, table), process, on_error="ignore")


def test_a_forbidden_reduction_is_an_error_at_once(spark: Any) -> None:
    process = TransformProcess.builder(SCHEMA).reduce(Reducer("Mean", ["a.key"])).build()
    with pytest.raises(ValueError, match='step 0 Reducer: column "text": Mean is not possible'):
        execute(dataframe(spark, numbers()), process)


# --- schemas and results -------------------------------------------------------------------------


def test_schemas_go_there_and_back(spark: Any, tmp_path: Any) -> None:
    schema = (
        Schema.builder()
        .add_column_categorical("grade", ["low", "high"])
        .add_column_double("x", min_value=0)
        .add_column_time("at", "Asia/Tokyo")
        .add_column_ndarray("v", (2, 3))
        .add_column_string("s")
        .build()
    )
    assert schema_from_struct_type(struct_type(schema)) == schema
    frame = spark.createDataFrame([], struct_type(schema))
    frame.write.parquet(str(tmp_path / "t"))
    assert schema_from_struct_type(spark.read.parquet(str(tmp_path / "t")).schema) == schema
    renamed = frame.withColumnRenamed("grade", "g").schema
    assert schema_from_struct_type(renamed).metadata("g") == schema.metadata("grade").renamed("g")
    cast = frame.selectExpr("cast(x as int) as x").schema
    assert schema_from_struct_type(cast).type_of("x").value == "Integer"
    with pytest.raises(SchemaError, match="interval"):
        schema_from_struct_type(spark.sql("select interval 1 day as d").schema)


def test_results_are_sources(spark: Any) -> None:
    process, table = bad_numbers(at=49)
    result = execute(dataframe(spark, table.slice(0, 49)), process)
    assert isinstance(result, SparkBatches)
    assert pa.table(result).num_rows == 49  # by the Arrow stream protocol
    again = TransformProcess.builder(process.final_schema).integer_math_op("s", "Add", 1).build()
    chained = execute(result, again).read_all()
    assert chained.column("s").to_pylist() == list(range(1, 50))


def test_steps_of_users(spark: Any) -> None:
    process = (
        TransformProcess.builder(schema_of("x:double"))
        .transform(Cubed("x"))
        .transform(Centred("x"))
        .transform(Cubed("x"))
        .build()
    )
    check(spark, process, pa.table({"x": np.arange(20.0)}), ordered=True)


def test_functions_of_users_travel_too(spark: Any) -> None:
    process = (
        TransformProcess.builder(schema_of("x:double"))
        .transform(ColumnFunction("x", np.sqrt))
        .build()
    )
    check(spark, process, pa.table({"x": [4.0, 9.0]}), ordered=True)
