"""Start-up of a worker: from spawning a Python process to its first batch of a CSV file.

The process loads a transform of six steps from its JSON, opens a file of 1 MB and makes one batch. Beside it stand
what cannot be avoided (the interpreter, NumPy and pyarrow) and importing pandas and polars.

    python benchmarks/datavec/bench_startup.py [--repeats 15]

Wall time, and the processor time used, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WORKER = """
import sys
from datavec import CSVRecordReader, RecordReaderDataSetIterator, TransformProcess
process = TransformProcess.from_json(open(sys.argv[1]).read())
batches = RecordReaderDataSetIterator(
    CSVRecordReader(sys.argv[2]), 128, transform=process, label_index="label"
)
assert next(batches).num_examples == 128
"""
CONTESTANTS = {
    "an empty interpreter": "",
    "import numpy, pyarrow": "import numpy, pyarrow",
    "datavec: to the first batch": WORKER,
    "import pandas": "import pandas",
    "import polars": "import polars",
}


def prepare(folder: Path) -> list[str]:
    """The transform and the file of a worker."""
    from datavec import DoubleColumnCondition, Schema, TransformProcess

    schema = (
        Schema.builder()
        .add_columns_double("a", "b", "c")
        .add_column_string("t")
        .add_column_categorical("k", ["x", "y", "z"])
        .add_column_categorical("label", ["no", "yes"])
        .build()
    )
    process = (
        TransformProcess.builder(schema)
        .filter(DoubleColumnCondition("a", "<", -100.0))
        .double_math_op("b", "Multiply", 2.0)
        .double_math_function("c", "ABS")
        .string_to_time("t", "yyyy-MM-dd HH:mm:ss")
        .remove_columns("t")
        .categorical_to_one_hot("k")
        .build()
    )
    (folder / "process.json").write_text(process.to_json())
    random = np.random.default_rng(0)
    lines = [
        f"{a:.4f},{b:.4f},{c:.4f},2024-01-0{1 + i % 9} 10:00:00,{'xyz'[i % 3]},{'no' if i % 2 else 'yes'}\n"
        for i, (a, b, c) in enumerate(random.normal(size=(20_000, 3)).tolist())
    ]
    (folder / "rows.csv").write_text("".join(lines))
    return [str(folder / "process.json"), str(folder / "rows.csv")]


def measure(code: str, arguments: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as name:
        arguments = prepare(Path(name))
        times: dict[str, list[tuple[float, float]]] = {what: [] for what in CONTESTANTS}
        for _ in range(repeats):
            for what, code in CONTESTANTS.items():  # by turns
                times[what].append(measure(code, arguments))
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {repeats} repeats")
    print(f"{'':30}{'wall s':>8}{'least':>8}{'cpu s':>8}{'least':>8}")
    for what, pairs in times.items():
        wall, cpu = zip(*pairs, strict=True)
        row = [statistics.median(wall), min(wall), statistics.median(cpu), min(cpu)]
        print(f"{what:30}" + "".join(f"{v:8.3f}" for v in row))


if __name__ == "__main__":
    main()
