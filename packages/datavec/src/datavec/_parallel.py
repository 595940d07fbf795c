"""Ordered work in threads, ahead of the consumer and bounded in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["available_cpus", "ordered_map"]

A = TypeVar("A")
B = TypeVar("B")


def available_cpus() -> int:
    """CPUs this process may use: its affinity, and its cgroup's quota rounded down."""
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        cpus = os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as f:
            quota, period = f.read().split()[:2]
        if quota != "max":
            cpus = min(cpus, int(quota) // int(period))
    except (OSError, ValueError):
        pass
    return max(1, cpus)


def ordered_map(
    function: Callable[[A], B], items: Iterable[A], *, threads: int, ahead: int
) -> Iterator[B]:
    """``map(function, items)`` in `threads` threads, results in order, at most `ahead` waiting.

    With ``threads == 0`` everything runs in the caller's thread. Closing the generator stops
    the work: nothing further is started. Calls that run then end by themselves.
    """
    if threads == 0:
        yield from map(function, items)
        return
    pending: deque[Future[B]] = deque()
    source = iter(items)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="datavec")
    wait = True
    try:
        exhausted = False
        while True:
            while not exhausted and len(pending) < ahead:
                try:
                    pending.append(pool.submit(function, next(source)))
                except StopIteration:
                    exhausted = True
            if not pending:
                return
            yield pending.popleft().result()
    except GeneratorExit:
        # Perhaps from the garbage collector, in the middle of anything, such as a thread that is
        # just ending and holds the lock that waiting for another one would need.
        wait = False
        raise
    finally:
        for future in pending:
            future.cancel()
        pool.shutdown(wait=wait)
