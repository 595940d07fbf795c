"""One training step, Adam, float32, through ``net.fit`` with a DataSet in memory, beside PyTorch
and JAX.

    python benchmarks/dl4py/bench_training.py [--compile] [--budget SECONDS]

Peers that are not installed are left out. ``--compile`` adds torch.compile, which needs a C++
compiler and time.
"""

from __future__ import annotations

import argparse
import importlib.util

from timing import environment, microseconds, report
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
        calls = {"dl4py": our_step(work)}
        if has_torch:
            calls["PyTorch, default Adam"] = torch_step(work, fused=False)
            calls["PyTorch, fused Adam"] = torch_step(work, fused=True)
            if options.compile:
                calls["PyTorch, compiled"] = torch_step(work, fused=True, compiled=True)
        if has_jax:
            calls["JAX, jit"] = jax_step(work)
        report(f"train step, {work.name}", microseconds(calls, options.budget))


if __name__ == "__main__":
    main()
