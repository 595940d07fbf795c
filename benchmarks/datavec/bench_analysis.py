"""Statistics of every column of a table in memory: this project beside pandas and polars.

A table of 20 columns (10 floats, 4 integers, 2 longs, a time, 2 categories, a text) is described: count, mean, standard
deviation, smallest and largest value, seven quantiles, number of different values and a histogram of 30 buckets of each
column of numbers; frequencies of categories; lengths of texts. Each contestant runs in a process of its own, several
times by turns; the table shows medians, spreads and ratios. pandas and polars compute quantiles and different values
exactly, this project estimates them (t-digest, HyperLogLog) and could merge them across machines.

    python benchmarks/datavec/bench_analysis.py --rows 1000000 [--repeats 5] [--csv]

With --csv datavec and pandas read the table from a CSV file, and that is timed too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather

FLOATS = [f"f{i}" for i in range(10)]
INTEGERS = [f"i{i}" for i in range(4)]
LONGS = ["l0", "l1"]
NUMBERS = [*FLOATS, *INTEGERS, *LONGS, "t"]
QUANTILES = [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]


def generate(rows: int) -> pa.Table:
    """The same rows for the same number."""
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for i, name in enumerate(FLOATS):
        columns[name] = random.normal(10, 3, rows) if i % 2 else np.exp(random.normal(0, 2, rows))
    for name in INTEGERS:
        columns[name] = random.integers(0, 1000, rows, dtype=np.int32)
    for name in LONGS:
        columns[name] = random.integers(-(10**12), 10**12, rows)
    columns["t"] = 1_700_000_000_000 + random.integers(0, 86_400_000 * 300, rows)
    columns["c0"] = random.choice(["red", "green", "blue"], rows)
    columns["c1"] = random.choice([f"city {i}" for i in range(50)], rows)
    columns["s"] = np.char.add("id-", random.integers(0, 10 * rows, rows).astype(str))
    return pa.table(columns)


def schema() -> Any:
    from datavec import Schema

    return (
        Schema.builder()
        .add_columns_double(*FLOATS)
        .add_columns_integer(*INTEGERS)
        .add_columns_long(*LONGS)
        .add_column_time("t")
        .add_column_categorical("c0", ["red", "green", "blue"])
        .add_column_categorical("c1", [f"city {i}" for i in range(50)])
        .add_column_string("s")
        .build()
    )


def read(path: Path) -> pa.Table:
    return pyarrow.feather.read_table(path, memory_map=False)


def datavec_table(path: Path) -> Callable[[], Any]:
    from datavec.analysis import analyze

    table, types = read(path), schema()
    return lambda: analyze(types, table)


def datavec_csv(path: Path) -> Callable[[], Any]:
    from datavec import CSVRecordReader
    from datavec.analysis import analyze

    types = schema()
    return lambda: analyze(types, CSVRecordReader(path.with_suffix(".csv"), skip_lines=1))


def _pandas(df: Any) -> Any:
    numbers = df[NUMBERS]
    described = numbers.describe(percentiles=QUANTILES)
    different = numbers.nunique()
    histograms = [np.histogram(numbers[c].to_numpy(), bins=30) for c in NUMBERS]
    frequencies = [df[c].value_counts() for c in ("c0", "c1")]
    lengths = df["s"].str.len()
    texts = lengths.describe(), np.histogram(lengths, bins=30), df["s"].nunique()
    return described, different, histograms, frequencies, texts


def pandas_table(path: Path) -> Callable[[], Any]:
    df = read(path).to_pandas()
    return lambda: _pandas(df)


def pandas_csv(path: Path) -> Callable[[], Any]:
    import pandas as pd

    return lambda: _pandas(pd.read_csv(path.with_suffix(".csv")))


def polars_table(path: Path) -> Callable[[], Any]:
    import polars as pl

    df = pl.from_arrow(read(path))
    assert isinstance(df, pl.DataFrame)

    def run() -> Any:
        described = df.describe(percentiles=QUANTILES)
        each = pl.col(NUMBERS)
        different = df.select(each.n_unique())
        histograms = [df[c].hist(bin_count=30) for c in NUMBERS]
        frequencies = [df[c].value_counts() for c in ("c0", "c1")]
        lengths = df["s"].str.len_chars()
        texts = lengths.describe(), lengths.hist(bin_count=30), df["s"].n_unique()
        return described, different, histograms, frequencies, texts

    return run


TABLES: dict[str, Callable[[Path], Callable[[], Any]]] = {
    "datavec": datavec_table,
    "pandas": pandas_table,
    "polars": polars_table,
}
FILES = {"datavec from CSV": datavec_csv, "pandas from CSV": pandas_csv}


def run_one(name: str, path: Path) -> dict[str, float]:
    """Run a contestant once in this process; imports and loading of the table are not timed."""
    import resource

    function = (TABLES | FILES)[name](path)
    start, used = time.perf_counter(), time.process_time()
    function()
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "cpu": cpu, "peak_mb": peak}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--csv", action="store_true", help="read a CSV file instead")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_one(options.one, options.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.feather")
        table = generate(options.rows)
        pyarrow.feather.write_feather(table, path, compression="uncompressed")
        if options.csv:
            pyarrow.csv.write_csv(table, path.with_suffix(".csv"))
        compare(path, options)


def compare(path: Path, options: argparse.Namespace) -> None:
    results: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.repeats):
        for name in FILES if options.csv else TABLES:
            command = [sys.executable, __file__, "--one", name, "--file", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
                continue
            results.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))
    cpus = len(os.sched_getaffinity(0))
    print(f"{options.rows} rows x 20 columns, {cpus} CPUs, {platform.machine()}")
    print(f"{'':<20}{'median s':>9}{'min':>7}{'max':>7}{'CPU s':>7}{'peak MB':>9}{'ratio':>7}")
    base = statistics.median(r["seconds"] for r in next(iter(results.values())))
    for name, runs in results.items():
        seconds = [r["seconds"] for r in runs]
        median = statistics.median(seconds)
        cpu, peak = (statistics.median(r[k] for r in runs) for k in ("cpu", "peak_mb"))
        print(
            f"{name:<20}{median:>9.2f}{min(seconds):>7.2f}{max(seconds):>7.2f}"
            f"{cpu:>7.2f}{peak:>9.0f}{median / base:>7.2f}"
        )


if __name__ == "__main__":
    main()
