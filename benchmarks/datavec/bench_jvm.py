"""From a CSV file to normalised float32 batches: this project beside DataVec itself, on a JVM.

The table, the ten steps and the scaling are those of bench_csv.py; the JVM reads the process from the JSON that is
written here. Each runs in a new process, by turns; imports and the start of the JVM are not timed. Of DataVec two times
are shown: that of the first pass over the file, as a job has it, and that of the fastest of several, when its compiler
has warmed up. Times are compared per row; the ratios are those of the first pass and, behind it, of the fastest.

    python benchmarks/datavec/bench_jvm.py [--rows 1000000] [--jvm-rows 100000] [--passes 4] [--repeats 3]

Needs Java 17 and `mvn -f tools/jvm package`; without them it says so and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import bench_csv

PROJECT = Path(__file__).resolve().parents[2] / "tools" / "jvm" / "target"


def run_jvm(csv: Path, transform: Path, passes: int) -> dict[str, Any]:
    """The first and the fastest pass of one JVM."""
    classes = os.pathsep.join([str(PROJECT / "classes"), (PROJECT / "classpath.txt").read_text()])
    command = ["java", "-Xmx4g", "-cp", classes.strip(), "org.dl4py.jvm.CsvBenchmark"]
    command += [str(csv), str(transform), "label", str(bench_csv.BATCH), str(passes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    best = {f"best {key}": min(p[key] for p in found) for key in ("records", "batches")}
    return {**found[0], **best}


def run_ours(csv: Path) -> dict[str, Any]:
    """Once, in this process, imports not timed."""
    import nd4py.normalizers  # noqa: F401
    from datavec import CSVRecordReader

    process = bench_csv.datavec_process()
    started = time.perf_counter()
    rows = sum(batch.num_rows for batch in process.execute(CSVRecordReader(csv)))
    records = time.perf_counter() - started
    started = time.perf_counter()
    batched = bench_csv.datavec_in_memory(csv)
    if batched != rows:
        raise ValueError(f"{batched} rows in batches, but {rows} records")
    return {"records": records, "batches": time.perf_counter() - started, "rows": rows}


def compare(folder: Path, options: argparse.Namespace) -> None:
    small, large = folder / "small.csv", folder / "large.csv"
    bench_csv.generate(small, options.jvm_rows)
    bench_csv.generate(large, options.rows)
    transform = folder / "transform.json"
    transform.write_text(bench_csv.datavec_process().to_json(), "utf-8")
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for _ in range(options.repeats):  # by turns, so that both meet the same machine
        theirs.append(run_jvm(small, transform, options.passes))
        command = [sys.executable, __file__, "--ours", str(large)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        ours.append(json.loads(done.stdout.splitlines()[-1]))
    cpus = len(os.sched_getaffinity(0))
    print(f"microseconds per row, median of {options.repeats} ({cpus} CPUs, {platform.machine()})")
    print(f"{'':<24}{'DataVec':>10}{'warm':>10}{'datavec':>10}{'ratio':>8}{'warm':>8}")
    for key, name in (("records", "read and transform"), ("batches", "to normalised batches")):
        first, best = (
            statistics.median(r[k] for r in theirs) / options.jvm_rows * 1e6
            for k in (key, f"best {key}")
        )
        quick = statistics.median(r[key] for r in ours) / options.rows * 1e6
        print(
            f"{name:<24}{first:>10.2f}{best:>10.2f}{quick:>10.2f}"
            f"{first / quick:>8.1f}{best / quick:>8.1f}"
        )
    print(f"DataVec: {options.jvm_rows} rows; datavec: {options.rows} rows")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--jvm-rows", type=int, default=100_000)
    parser.add_argument("--passes", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ours", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours:
        print(json.dumps(run_ours(options.ours)))
        return
    if shutil.which("java") is None or not (PROJECT / "classpath.txt").exists():
        print("DataVec left out: needs Java 17 and `mvn -f tools/jvm package`")
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), options)


if __name__ == "__main__":
    main()
