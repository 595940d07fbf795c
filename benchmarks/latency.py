"""Latency of single calls: contestants in processes of their own, one call at a time."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

Contestants = Mapping[str, tuple[Callable[[], Callable[[], Any]], str]]
"""By name: what makes the call to be timed, and a module that it needs."""


def microseconds(call: Callable[[], Any], calls: int) -> dict[str, float]:
    """Median and 99th percentile of single calls, after a third of a second of them."""
    until = time.perf_counter() + 0.3
    while time.perf_counter() < until:
        call()
    times = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - start) / 1000)
    times.sort()
    return {"median": statistics.median(times), "p99": times[int(0.99 * len(times))]}


def compare(
    script: str,
    about: str | None,
    title: str,
    contestants: Contestants,
    ours: Collection[str],
    check: Callable[[str, Any], None],
) -> None:
    """The command line of such a benchmark.

    Args:
        script: its file.
        about: its help.
        title: what is timed, in a line.
        contestants: the first is what ratios are of.
        ours: modules whose contestants run under this interpreter; others under --peer-python.
        check: ends the program where a contestant's result is not what all must give.
    """
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        make, module = contestants[options.one]
        importlib.import_module(module)
        call = make()
        check(options.one, call())
        print(json.dumps(microseconds(call, options.calls)))
        return
    print(
        f"{title}; {options.calls} calls; {platform.machine()}, Python {platform.python_version()}"
    )
    print(f"{'':<30}{'median µs':>10}{'p99 µs':>10}{'ratio':>8}")
    base = None
    for name, (_, module) in contestants.items():
        python = sys.executable if module in ours else options.peer_python
        command = [python, script, "--one", name, "--calls", str(options.calls)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name:<30} left out: {done.stderr.strip().splitlines()[-1]}")
            continue
        figures = json.loads(done.stdout.splitlines()[-1])
        base = base or figures["median"]
        ratio = figures["median"] / base
        print(f"{name:<30}{figures['median']:>10.1f}{figures['p99']:>10.1f}{ratio:>8.1f}")
