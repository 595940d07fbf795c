"""Eight steps over a million rows on Spark: a TransformProcess beside Spark's own SQL functions.

Both read the same Parquet file on two cores and hand the result to Spark's no-op writer, in turns, in one session. SQL
runs inside the JVM, so it is the floor: the difference is the way of Arrow batches to the Python workers and back.
Then a reduction by key, where states, not rows, are shuffled.

    PYSPARK_PYTHON=python python benchmarks/datavec/bench_spark.py [--rows 1000000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datavec import DerivedColumn, DoubleColumnCondition, Reducer, Schema, TransformProcess

FLOATS = [f"f{i}" for i in range(10)]
INTEGERS = [f"i{i}" for i in range(5)]
COLOURS = ["red", "green", "blue"]


def generate(path: Path, rows: int) -> None:
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {name: random.normal(10, 3, rows) for name in FLOATS}
    columns |= {name: random.integers(0, 1000, rows).astype(np.int32) for name in INTEGERS}
    columns["colour"] = random.choice(COLOURS, rows)
    columns["text"] = random.choice([" x1 ", "x2", " x3"], rows)
    seconds = random.integers(0, 86400 * 300, rows).astype("timedelta64[s]")
    times = (np.datetime64("2024-01-01T00:00:00") + seconds).astype("datetime64[us]")
    columns["at"] = pa.array(times).cast(pa.timestamp("us", "UTC"))
    columns["label"] = random.choice(["no", "yes"], rows)
    pq.write_table(pa.table(columns), path, row_group_size=100_000)


def schema() -> Schema:
    return (
        Schema.builder()
        .add_columns_double(*FLOATS)
        .add_columns_integer(*INTEGERS)
        .add_column_categorical("colour", COLOURS)
        .add_column_string("text")
        .add_column_time("at", "UTC")
        .add_column_categorical("label", ["no", "yes"])
        .build()
    )


def process() -> TransformProcess:
    return (
        TransformProcess.builder(schema())
        .remove_columns("i4")
        .filter(DoubleColumnCondition("f0", "<=", 5.0))
        .remove_whitespace("text")
        .double_math_op("f1", "ScalarMax", 1e-3)
        .double_math_function("f1", "LOG10")
        .derive_columns_from_time("at", DerivedColumn.integer("hour", "hourOfDay"))
        .categorical_to_one_hot("colour")
        .categorical_to_integer("label")
        .build()
    )


def reduction() -> TransformProcess:
    ops = {"f0": "Mean", "f1": "Stdev", "i0": "Max", "text": "Count"}
    reducer = Reducer("TakeFirst", ["colour", "label"], ops)
    keep = ("colour", "label", *ops)
    return (
        TransformProcess.builder(schema()).remove_all_columns_except_for(*keep).reduce(reducer)
    ).build()


def ours(frame: Any) -> Any:
    from datavec.spark import execute

    return execute(frame, process()).dataframe


def sql(frame: Any) -> Any:
    from pyspark.sql import functions as f

    frame = frame.drop("i4").where(f.col("f0") > 5.0)
    frame = frame.withColumn("text", f.regexp_replace("text", r"\s", ""))
    frame = frame.withColumn("f1", f.log10(f.greatest(f.col("f1"), f.lit(1e-3))))
    frame = frame.withColumn("hour", f.hour("at"))
    for colour in COLOURS:
        frame = frame.withColumn(f"colour[{colour}]", (f.col("colour") == colour).cast("int"))
    return frame.drop("colour").withColumn("label", (f.col("label") == "yes").cast("int"))


def our_reduction(frame: Any) -> Any:
    from datavec.spark import execute

    return execute(frame, reduction()).dataframe


def sql_reduction(frame: Any) -> Any:
    from pyspark.sql import functions as f

    return frame.groupBy("colour", "label").agg(
        f.avg("f0"), f.stddev("f1"), f.max("i0"), f.count("text")
    )


CONTESTANTS: dict[str, list[tuple[str, Callable[[Any], Any]]]] = {
    "eight steps": [("datavec.spark", ours), ("Spark SQL", sql)],
    "reduce by key": [("datavec.spark", our_reduction), ("Spark SQL", sql_reduction)],
}


def seconds(make: Callable[[Any], Any], frame: Any) -> float:
    started = time.perf_counter()
    make(frame).write.format("noop").mode("overwrite").save()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.log.level", "OFF")
        .getOrCreate()
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.parquet")
        generate(path, options.rows)
        frame = spark.read.parquet(str(path))
        assert ours(frame).count() == sql(frame).count()
        print(f"{options.rows} rows, {len(os.sched_getaffinity(0))} CPUs, Spark {spark.version}")
        print(f"{'':<16}{'':<16}{'median s':>9}{'min':>7}{'max':>7}{'Mrows/s':>9}{'ratio':>7}")
        for what, pair in CONTESTANTS.items():
            times: dict[str, list[float]] = {name: [] for name, _ in pair}
            for _, make in pair:
                seconds(make, frame)  # starts workers, compiles
            for _ in range(options.repeats):
                for name, make in pair:
                    times[name].append(seconds(make, frame))
            base = statistics.median(times["Spark SQL"])
            for name, taken in times.items():
                median = statistics.median(taken)
                print(
                    f"{what:<16}{name:<16}{median:>9.2f}{min(taken):>7.2f}{max(taken):>7.2f}"
                    f"{options.rows / median / 1e6:>9.2f}{median / base:>7.2f}"
                )
    spark.stop()


if __name__ == "__main__":
    main()
