"""What plans cost beside their kernels: compile time, per-call overhead, and the time of one training step.

    python benchmarks/samediff/bench_plans.py [--repeat N]

Prints median and spread (10th to 90th percentile) with threads and instruction set. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable

import numpy as np

import nd4py.ops as ops
from nd4py import _core, updaters
from nd4py._backend import ensure_selected
from samediff import SameDiff, UpdateBlock


class Net:
    """A graph with parameters and gradients in flat vectors, and its training plan."""

    def __init__(self, layers, features, classes):
        self.sd = SameDiff.create()
        self.shapes = (features, (classes,))
        x = self.sd.placeholder("x", "float32", (None, *features))
        y = self.sd.placeholder("y", "float32", (None, classes))
        self._sizes: list[tuple[str, tuple[int, ...]]] = []
        self._rng = np.random.default_rng(0)
        self._parts: dict[str, tuple[int, tuple[int, ...]]] = {}
        self._total = 0
        for name, shape in layers.parameters:
            self._parts[name] = (self._total, shape)
            self._total += int(np.prod(shape))
        self.flat = (self._rng.normal(size=self._total) * 0.05).astype(np.float32)
        self.gradient = np.zeros_like(self.flat)
        variables = {n: self.sd.var(n, self._view(self.flat, n)) for n in self._parts}
        logits = layers.forward(x, variables)
        ops.sum(ops.softmax_cross_entropy(y, logits)[0]).rename("loss")
        ops.softmax(logits).rename("out")

    def _view(self, flat, name):
        at, shape = self._parts[name]
        part = flat[at : at + int(np.prod(shape))]
        return part.reshape(shape, order="F" if len(shape) == 2 else "C")

    def training(self):
        states = [np.zeros_like(self.flat) for _ in range(2)]
        return self.sd.compile_training(
            "loss",
            gradients={n: self._view(self.gradient, n) for n in self._parts},
            updates=[UpdateBlock(updaters.Adam(), self.flat, self.gradient, states)],
            minibatch="x",
        )

    def batch(self, n):
        features, (classes,) = self.shapes
        x = self._rng.normal(size=(n, *features)).astype(np.float32)
        y = np.eye(classes, dtype=np.float32)[self._rng.integers(0, classes, n)]
        return _core.from_numpy(x), _core.from_numpy(y)


class Dense:
    """A multi-layer perceptron with relu."""

    def __init__(self, *sizes):
        pairs = list(enumerate(itertools.pairwise(sizes)))
        self.parameters = [p for i, (a, b) in pairs for p in ((f"{i}_W", (a, b)), (f"{i}_b", (b,)))]
        self._count = len(pairs)

    def forward(self, x, variables):
        for i in range(self._count):
            x = ops.linear(x, variables[f"{i}_W"], variables[f"{i}_b"])
            x = ops.relu(x) if i < self._count - 1 else x
        return x


class LeNet:
    """Two convolutions with pooling, two dense layers."""

    parameters = (
        ("c1_b", (20,)), ("c1_W", (20, 1, 5, 5)), ("c2_b", (50,)), ("c2_W", (50, 20, 5, 5)),
        ("d1_W", (800, 500)), ("d1_b", (500,)), ("d2_W", (500, 10)), ("d2_b", (10,)),
    )  # fmt: skip

    def forward(self, x, v):
        pool = ops.FUNCTIONS["max_pool2d"]
        for i in (1, 2):
            x = ops.FUNCTIONS["conv2d"](x, v[f"c{i}_W"], v[f"c{i}_b"])
            x = pool(
                ops.relu(x), kernel=(2, 2), stride=(2, 2), padding=(0, 0, 0, 0), dilation=(1, 1)
            )
        x = ops.relu(ops.linear(ops.reshape(x, shape=(-1, 800)), v["d1_W"], v["d1_b"]))
        return ops.linear(x, v["d2_W"], v["d2_b"])


NETS = {
    "MLP 4-16-3": (Dense(4, 16, 3), (4,), 3, 32),
    "MLP 784-256-128-10": (Dense(784, 256, 128, 10), (784,), 10, 64),
    "LeNet": (LeNet(), (1, 28, 28), 10, 64),
}


def measure(work: Callable[[], object], repeat: int) -> tuple[float, float, float]:
    """Median, 10th and 90th percentile of the seconds of one call."""
    work()
    start = time.perf_counter()
    work()
    inner = max(1, int(0.002 / max(1e-9, time.perf_counter() - start)))
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        for _ in range(inner):
            work()
        times.append((time.perf_counter() - start) / inner)
    deciles = statistics.quantiles(times, n=10)
    return statistics.median(times), deciles[0], deciles[-1]


def show(what: str, seconds: tuple[float, float, float]) -> None:
    unit, scale = ("ms", 1e3) if seconds[0] >= 1e-3 else ("µs", 1e6)
    median, low, high = (s * scale for s in seconds)
    print(f"  {what:<34} {median:9.3f} {unit}   ({low:.3f} to {high:.3f})")


def report(name: str, net: Net, n: int, repeat: int) -> None:
    x, y = net.batch(n)
    shapes = tuple(x.shape), tuple(y.shape)
    print(f"{name}, batch {n}")
    plan = net.training()
    show("compile a training plan", measure(lambda: plan._compile(((), *shapes)), repeat))
    show("  of which tracing and passes", measure(lambda: plan.program(*shapes), repeat))
    steps = plan.explain(*shapes)
    python = [s["kernel"] for s in steps if s["python"]]
    print(f"  {len(steps)} steps" + (f", in Python: {', '.join(python)}" if python else ""))
    scalars = (1e-3, 0.0)
    native = plan.plan_for(*shapes)
    show("training step", measure(lambda: plan.run((x, y), scalars), repeat))
    show("  of which native", measure(lambda: native.run((x, y), scalars), repeat))
    one = net.batch(1)[0]
    inference = net.sd.compile_inference(["out"])
    show("inference, batch 1", measure(lambda: inference(one), repeat))
    kept = inference.plan_for(tuple(one.shape))
    show("  of which native", measure(lambda: kept.run((one,), ()), repeat))
    show(f"inference, batch {n}", measure(lambda: inference(x), repeat))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=30)
    repeat = parser.parse_args().repeat
    ensure_selected()
    info = _core.table_info()
    print(f"{info.get('isa', 'numpy reference')}, {_core.get_num_threads()} threads")
    for name, (layers, features, classes, n) in NETS.items():
        report(name, Net(layers, features, classes), n, repeat)


if __name__ == "__main__":
    main()
