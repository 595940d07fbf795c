"""What starting costs: importing, compiling the plans of a network, meeting another batch size.

python benchmarks/dl4py/bench_startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import numpy as np
from timing import environment
from works import TRAINING, Work, ours

from nd4py.data import DataSet

_IMPORT = "import time, numpy; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def import_milliseconds(statement: str) -> float:
    """Median over fresh processes, beyond ``import numpy``."""
    code = _IMPORT.format(statement)
    found = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(9)
    ]
    return 1e3 * statistics.median(found)


def first_and_again(work: Work) -> list[float]:
    """Milliseconds of: the first step, the second, the first with another batch size, the second
    with it, the old one again."""
    x, y = work.arrays()
    data = DataSet(x, np.eye(work.classes, dtype=np.float32)[y])
    smaller = data[: work.batch // 2]
    net = ours(work)
    times = []
    for batch in (data, data, smaller, smaller, data):
        start = time.perf_counter()
        net.fit(batch)
        times.append(1e3 * (time.perf_counter() - start))
    return times


def main() -> None:
    environment()
    print("\nimport beyond numpy, ms (median of fresh processes)")
    for statement in ("import dl4py", "from dl4py import MultiLayerNetwork, DenseLayer"):
        print(f"  {statement:<52}{import_milliseconds(statement):8.1f}")
    print(
        f"\n{'training step, ms':<32}{'first':>9}{'second':>9}{'other size':>12}{'second':>9}{'back':>9}"
    )
    first_and_again(TRAINING[0])  # modules are imported on first use: that is not compiling
    for work in TRAINING:
        runs = [first_and_again(work) for _ in range(5)]
        medians = [statistics.median(column) for column in zip(*runs, strict=True)]
        print(
            f"{work.name:<32}"
            + "".join(f"{m:>{w}.3f}" for m, w in zip(medians, (9, 9, 12, 9, 9), strict=True))
        )


if __name__ == "__main__":
    main()
