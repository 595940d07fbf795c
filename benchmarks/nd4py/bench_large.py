"""Elementwise functions of a million float32, beside NumPy and PyTorch.

    python benchmarks/nd4py/bench_large.py

Each library runs in a process of its own, in turns. PyTorch is left out where it is not installed.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "dl4py"))

from timing import environment, microseconds_apart, report

COUNT = 1_000_000


def values() -> np.ndarray:
    return np.random.default_rng(0).normal(size=COUNT).astype(np.float32)


def ours(name: str) -> Callable[[], Any]:
    import nd4py as nd

    return partial(getattr(nd, name), nd.asarray(values()))


def numpys(name: str) -> Callable[[], Any]:
    return partial(getattr(np, name), values())


def torchs(name: str) -> Callable[[], Any]:
    import torch

    return partial(getattr(torch, name), torch.from_numpy(values()))


def main() -> None:
    environment()
    for name in ("tanh", "exp"):
        makers = {"nd4py": partial(ours, name), "NumPy": partial(numpys, name)}
        if importlib.util.find_spec("torch") is not None:
            makers["PyTorch"] = partial(torchs, name)
        report(f"{name}, {COUNT} float32", microseconds_apart(makers), ours="nd4py")


if __name__ == "__main__":
    main()
