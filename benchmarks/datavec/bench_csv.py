"""From a CSV file to normalised float32 batches: this project beside pandas, polars and PyTorch.

A table of 20 columns (10 floats, 5 integers, 3 texts, a time, a label) goes through ten steps, is scaled to [0, 1] by
its own minimum and maximum, and is handed out in batches of 256. Each contestant runs in a process of its own, several
times by turns; the table shows medians, spreads and ratios.

    python benchmarks/datavec/bench_csv.py --rows 1000000 [--peer-python PATH] [--repeats 5]

Peers (pandas, polars, torch) run under `--peer-python` (default: this interpreter); a missing one is left out, visibly.
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
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

FLOATS = [f"f{i}" for i in range(10)]
INTEGERS = [f"i{i}" for i in range(5)]
COLUMNS = [*FLOATS, *INTEGERS, "c0", "c1", "s", "t", "label"]
BATCH = 256


def generate(path: Path, rows: int) -> None:
    """Write the table; the same rows for the same number."""
    random = np.random.default_rng(0)
    with path.open("w", encoding="ascii") as file:
        for start in range(0, rows, 100_000):
            n = min(100_000, rows - start)
            columns = [np.char.mod("%.4f", random.normal(10, 3, n)) for _ in FLOATS]
            columns += [random.integers(0, 1000, n).astype(str) for _ in INTEGERS]
            columns.append(random.choice(["red", "green", "blue"], n))
            columns.append(random.choice(["a", "b", "c", "d"], n))
            columns.append(random.choice([" x1 ", "x2", " x3"], n))
            seconds = random.integers(0, 86400 * 300, n).astype("timedelta64[s]")
            times = (np.datetime64("2024-01-01T00:00:00") + seconds).astype(str)
            columns.append(np.char.replace(times, "T", " "))
            columns.append(random.choice(["yes", "no"], n))
            file.writelines(
                ",".join(r) + "\n" for r in zip(*(c.tolist() for c in columns), strict=True)
            )


def datavec_process() -> Any:
    from datavec import DerivedColumn, DoubleColumnCondition, Schema, TransformProcess

    schema = (
        Schema.builder()
        .add_columns_double(*FLOATS)
        .add_columns_integer(*INTEGERS)
        .add_column_categorical("c0", ["red", "green", "blue"])
        .add_column_categorical("c1", ["a", "b", "c", "d"])
        .add_columns_string("s", "t")
        .add_column_categorical("label", ["no", "yes"])
        .build()
    )
    return (
        TransformProcess.builder(schema)
        .remove_columns("i4")
        .filter(DoubleColumnCondition("f0", "<=", 5.0))
        .remove_whitespace("s")
        .string_to_categorical("s", ["x1", "x2", "x3"])
        .double_math_op("f1", "ScalarMax", 1e-3)
        .double_math_function("f1", "LOG10")
        .string_to_time("t", "yyyy-MM-dd HH:mm:ss")
        .derive_columns_from_time("t", DerivedColumn.integer("hour", "hourOfDay"))
        .remove_columns("t")
        .categorical_to_one_hot("c0", "c1", "s")
        .categorical_to_integer("label")
        .build()
    )


def datavec_in_memory(path: Path) -> int:
    """One pass over the file; blocks are kept, scaled when their range is known, and cut."""
    from datavec import CSVRecordReader, RecordReaderDataSetIterator
    from nd4py.normalizers import NormalizerMinMaxScaler

    blocks = list(
        RecordReaderDataSetIterator(
            CSVRecordReader(path),
            BATCH * 128,
            transform=datavec_process(),
            label_index="label",
            num_classes=2,
        )
    )
    from nd4py.data import ExistingDataSetIterator

    scaler = NormalizerMinMaxScaler().fit(ExistingDataSetIterator(blocks))
    rows = 0
    for block in blocks:
        scaler.transform(block)
        for batch in block.batch_by(BATCH):
            rows += batch.features.shape[0]
    return rows


def datavec_streaming(path: Path) -> int:
    """Bounded memory: one pass to fit the scaler, one epoch of batches; the epoch is timed."""
    from datavec import CSVRecordReader, RecordReaderDataSetIterator
    from nd4py.normalizers import NormalizerMinMaxScaler

    iterator = RecordReaderDataSetIterator(
        CSVRecordReader(path),
        BATCH,
        transform=datavec_process(),
        label_index="label",
        num_classes=2,
    )
    scaler = NormalizerMinMaxScaler().fit(iterator)
    iterator.preprocessor = scaler
    global started
    started = time.perf_counter()
    return sum(batch.features.shape[0] for batch in iterator)


def _pandas_arrays(path: Path) -> tuple[np.ndarray, np.ndarray]:
    import pandas as pd

    df = pd.read_csv(path, header=None, names=COLUMNS).drop(columns="i4")
    df = df[df.f0 > 5].copy()
    df["s"] = df.s.str.strip()
    df["f1"] = np.log10(df.f1.clip(lower=1e-3))
    df["hour"] = pd.to_datetime(df.t, format="%Y-%m-%d %H:%M:%S").dt.hour
    df = pd.get_dummies(df.drop(columns="t"), columns=["c0", "c1", "s"])
    y = (df.label == "yes").to_numpy("int64")
    x = df.drop(columns="label").to_numpy("float32")
    low, high = x.min(0), x.max(0)
    return (x - low) / (high - low + 1e-9), y


def pandas_batches(path: Path) -> int:
    x, _ = _pandas_arrays(path)
    return sum(x[i : i + BATCH].shape[0] for i in range(0, len(x), BATCH))


def pandas_dataloader(path: Path) -> int:
    import torch

    x, y = _pandas_arrays(path)
    data = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    loader = torch.utils.data.DataLoader(data, batch_size=BATCH)
    return sum(batch.shape[0] for batch, _ in loader)


def polars_batches(path: Path) -> int:
    import polars as pl

    df = (
        pl.scan_csv(path, has_header=False, new_columns=COLUMNS)
        .drop("i4")
        .filter(pl.col("f0") > 5)
        .with_columns(
            pl.col("s").str.strip_chars(),
            pl.col("f1").clip(1e-3).log10(),
            pl.col("t").str.to_datetime("%Y-%m-%d %H:%M:%S").dt.hour().alias("hour"),
            (pl.col("label") == "yes").alias("label"),
        )
        .drop("t")
        .collect()
    )
    df = df.drop("label").to_dummies(["c0", "c1", "s"])
    each = pl.all().cast(pl.Float32)
    x = df.select((each - each.min()) / (each.max() - each.min() + 1e-9)).to_numpy(order="c")
    return sum(x[i : i + BATCH].shape[0] for i in range(0, len(x), BATCH))


CONTESTANTS: dict[str, tuple[Callable[[Path], int], str]] = {
    "datavec, in memory": (datavec_in_memory, "datavec"),
    "datavec, streaming epoch": (datavec_streaming, "datavec"),
    "pandas": (pandas_batches, "pandas"),
    "pandas + DataLoader": (pandas_dataloader, "torch"),
    "polars": (polars_batches, "polars"),
}


def run_one(name: str, path: Path) -> dict[str, Any]:
    """Run a contestant once in this process, after a small file for what it imports on first use."""
    import resource

    function, _ = CONTESTANTS[name]
    with tempfile.TemporaryDirectory() as folder, path.open(encoding="ascii") as file:
        small = Path(folder, "small.csv")
        small.write_text("".join(islice(file, 1000)), encoding="ascii")
        function(small)
    global started
    started = time.perf_counter()
    rows = function(path)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "seconds": seconds, "peak_mb": peak}


started = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--file", type=Path, help="use (or make) this file and keep it")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_one(options.one, options.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder, "table.csv")
        if not path.exists():
            generate(path, options.rows)
        compare(path, options)


def compare(path: Path, options: argparse.Namespace) -> None:
    results: dict[str, list[dict[str, Any]]] = {}
    missing: dict[str, str] = {}
    for _ in range(options.repeats):
        for name, (_, module) in CONTESTANTS.items():
            if name in missing:
                continue
            python = sys.executable if module == "datavec" else options.peer_python
            command = [python, __file__, "--one", name, "--file", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                missing[name] = done.stderr.strip().splitlines()[-1]
                continue
            results.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))
    cpus = len(os.sched_getaffinity(0))
    print(
        f"{path.stat().st_size / 1e6:.0f} MB, {cpus} CPUs, {platform.machine()}, batches of {BATCH}"
    )
    print(
        f"{'':<26}{'median s':>9}{'min':>7}{'max':>7}{'Mrows/s':>9}{'peak MB':>9}{'ratio':>7}  rows left"
    )
    base = statistics.median(r["seconds"] for r in results["datavec, in memory"])
    for name, runs in results.items():
        seconds = [r["seconds"] for r in runs]
        median = statistics.median(seconds)
        peak = statistics.median(r["peak_mb"] for r in runs)
        print(
            f"{name:<26}{median:>9.2f}{min(seconds):>7.2f}{max(seconds):>7.2f}"
            f"{runs[0]['rows'] / median / 1e6:>9.2f}{peak:>9.0f}{median / base:>7.2f}  {runs[0]['rows']}"
        )
    for name, reason in missing.items():
        print(f"{name:<26} left out: {reason}")


if __name__ == "__main__":
    main()
