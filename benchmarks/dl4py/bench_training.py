"""One training step, Adam, float32, through ``net.fit`` with a DataSet in memory, beside PyTorch
and JAX.

    python benchmarks/dl4py/bench_training.py [--compile] [--budget SECONDS]

Peers that are not installed are left out. ``--compile`` adds torch.compile, which needs a C++
compiler and time.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable
from functools import partial

from timing import environment, microseconds_apart, report
from works import TRAINING, jax_step, our_step, torch_step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compile", action="store_true", help="also torch.compile")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds per contender")
    options = parser.parse_args()
    environment()
    has_torch = importlib.util.find_spec("torch") is not None
    has_jax = importlib.util.find_spec("jax") is not None
    for work in TRAINING:
        makers: dict[str, Callable[[], Callable[[], object]]] = {"dl4py": partial(our_step, work)}
        if has_torch:
            makers["PyTorch, default Adam"] = partial(torch_step, work, fused=False)
            makers["PyTorch, fused Adam"] = partial(torch_step, work, fused=True)
            if options.compile:
                makers["PyTorch, compiled"] = partial(torch_step, work, fused=True, compiled=True)
        if has_jax:
            makers["JAX, jit"] = partial(jax_step, work)
        report(f"train step, {work.name}", microseconds_apart(makers, options.budget))


if __name__ == "__main__":
    main()
