"""Eager NDArray beside NumPy: what one operation on a small array costs, and how fast large ones go.

    python benchmarks/nd4py/bench_ndarray.py [--repeat N]

Prints median and spread (10th to 90th percentile) of both and their ratio, with threads and instruction set. They are
measured in turns, so that whatever else the machine does falls on both. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

import nd4py as nd

Call = Callable[[], object]


def seconds(call: Call, count: int) -> float:
    """Time of one call, from `count` of them."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def empty_call() -> float:
    """What the measuring loop itself takes per call."""
    return min(seconds(lambda: None, 20_000) for _ in range(9))


def compare(name: str, ours: Call, theirs: Call, repeat: int, overhead: float) -> None:
    count = max(1, min(20_000, int(2e-3 / max(seconds(ours, 10), 1e-8))))
    rows: list[list[float]] = [[], []]
    for _ in range(repeat):
        for row, call in zip(rows, (ours, theirs), strict=True):
            row.append(max(0.0, seconds(call, count) - overhead) * 1e9)
    texts = []
    for row in rows:
        low, *_, high = statistics.quantiles(row, n=10)
        texts.append(f"{statistics.median(row):12.0f} [{low:.0f}, {high:.0f}]")
    ratio = statistics.median(rows[0]) / statistics.median(rows[1])
    print(f"{name:<28}{texts[0]:<34}{texts[1]:<34}{ratio:6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repeat", type=int, default=40)
    repeat = parser.parse_args().repeat
    print(nd.backend_info())
    overhead = empty_call()
    print(f"\n{'nanoseconds per call':<28}{'nd4py':<34}{'NumPy ' + np.__version__:<34} ratio")

    x = np.linspace(-1, 1, 8, dtype=np.float32)
    y = x[::-1].copy()
    m = np.ones((4, 5), np.float32)
    a, b, n = nd.array(x), nd.array(y), nd.array(m)
    tanh, np_tanh = nd.tanh, np.tanh
    small: list[tuple[str, Call, Call]] = [
        ("a + b, 8 floats", lambda: a + b, lambda: x + y),
        ("a * 2.0, 8 floats", lambda: a * 2.0, lambda: x * 2.0),
        ("a < b, 8 floats", lambda: a < b, lambda: x < y),
        ("a += b, 8 floats", lambda: a.__iadd__(b), lambda: x.__iadd__(y)),
        ("tanh(a), 8 floats", lambda: tanh(a), lambda: np_tanh(x)),
        ("m + m[0], 4x5", lambda: n + n[0], lambda: m + m[0]),
        ("m[1]", lambda: n[1], lambda: m[1]),
        ("m[:, 1:3]", lambda: n[:, 1:3], lambda: m[:, 1:3]),
        ("m[1] = 3.0", lambda: n.__setitem__(1, 3.0), lambda: m.__setitem__(1, 3.0)),
        ("from_numpy / asarray", lambda: nd.from_numpy(x), lambda: np.asarray(x)),
        ("numpy() / view()", lambda: a.numpy(), lambda: x.view()),
        ("m @ m.T, 4x5", lambda: n @ n.T, lambda: m @ m.T),
        ("m.sum()", lambda: n.sum(), lambda: m.sum()),
    ]
    for name, ours, theirs in small:
        compare(name, ours, theirs, repeat, overhead)

    big = np.linspace(-3, 3, 1_000_000, dtype=np.float32)
    square = big.reshape(1000, 1000)
    c, s = nd.from_numpy(big), nd.from_numpy(square)
    large: list[tuple[str, Call, Call]] = [
        ("a + b, 1M floats", lambda: c + c, lambda: big + big),
        ("tanh(a), 1M floats", lambda: tanh(c), lambda: np_tanh(big)),
        ("m + row, 1000x1000", lambda: s + s[0], lambda: square + square[0]),
        ("m.T.copy(), 1000x1000", lambda: s.T.dup("c"), lambda: square.T.copy("C")),
        ("float64, 1M floats", lambda: c.cast_to("float64"), lambda: big.astype(np.float64)),
    ]
    for name, ours, theirs in large:
        compare(name, ours, theirs, max(10, repeat // 4), overhead)


if __name__ == "__main__":
    main()
