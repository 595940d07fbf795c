"""Fair times of several contenders: rounds of all of them in turn, so that a busy moment hits each
alike."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection


def microseconds(
    calls: Mapping[str, Callable[[], object]], budget: float = 1.0, rounds: int = 15
) -> dict[str, float]:
    """Median time of one call of each contender, measured in interleaved rounds of about ``budget``
    seconds in all each."""
    counts = {}
    for name, call in calls.items():
        call()
        call()
        start = time.perf_counter()
        call()
        once = max(time.perf_counter() - start, 1e-7)
        counts[name] = max(1, int(budget / rounds / once))
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(counts[name]):
                call()
            times[name].append((time.perf_counter() - start) / counts[name])
    return {name: 1e6 * statistics.median(values) for name, values in times.items()}


def microseconds_apart(
    makers: Mapping[str, Callable[[], Callable[[], object]]], budget: float = 1.0, rounds: int = 15
) -> dict[str, float]:
    """As `microseconds`, with each contender in a process of its own.

    Rounds still come in turns. The worker threads that one library leaves spinning after its round
    otherwise take the cores from the next. A maker builds the call to be timed, in that process.
    """
    spawn = multiprocessing.get_context("spawn")
    ends: dict[str, Connection] = {}
    processes = []
    for name, maker in makers.items():
        ends[name], other = spawn.Pipe()
        processes.append(spawn.Process(target=_serve, args=(maker, budget / rounds, other)))
        processes[-1].start()
        ends[name].recv()  # ready
    times: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(rounds):
        for name, end in ends.items():
            end.send(True)
            times[name].append(end.recv())
    for end in ends.values():
        end.send(False)
    for process in processes:
        process.join()
    return {name: 1e6 * statistics.median(values) for name, values in times.items()}


def _serve(
    maker: Callable[[], Callable[[], object]], seconds: float, connection: Connection
) -> None:
    """Times rounds of about ``seconds`` each, one for every request."""
    call = maker()
    for _ in range(3):
        call()
    start = time.perf_counter()
    call()
    count = max(1, int(seconds / max(time.perf_counter() - start, 1e-7)))
    connection.send(True)
    while connection.recv():
        start = time.perf_counter()
        for _ in range(count):
            call()
        connection.send((time.perf_counter() - start) / count)


def report(title: str, found: Mapping[str, float], ours: str = "dl4py") -> None:
    """Prints medians and how many times longer each contender takes than ours."""
    print(f"\n{title}")
    for name, value in found.items():
        ratio = "" if name == ours else f"   {value / found[ours]:6.2f} x"
        print(f"  {name:<28}{value:12.2f} µs{ratio}")


def environment() -> None:
    """Prints what was measured on."""
    import nd4py

    print(nd4py.backend_info())
