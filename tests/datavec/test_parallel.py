"""Work in threads ahead of the consumer."""

from __future__ import annotations

import threading
import time

import pytest

from datavec._parallel import ordered_map


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_results_come_in_order(threads):
    def slow_first(x):
        time.sleep(0.02 if x == 0 else 0)
        return x * x

    found = list(ordered_map(slow_first, range(20), threads=threads, ahead=5))
    assert found == [x * x for x in range(20)]


@pytest.mark.parametrize("threads", [0, 2])
def test_error_comes_in_its_place(threads):
    results = ordered_map(lambda x: 1 // (3 - x), range(9), threads=threads, ahead=4)
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_dropping_a_map_starts_nothing_further_and_waits_for_nothing():
    # Waiting here could deadlock: the garbage collector drops what a failed pass left behind, in
    # whichever thread and place it happens to run.
    release, started = threading.Event(), []

    def work(x):
        started.append(x)
        return x if x == 0 else release.wait(20)

    results = ordered_map(work, range(100), threads=2, ahead=8)
    assert next(results) == 0
    begin = time.monotonic()
    results.close()
    assert time.monotonic() - begin < 5
    release.set()
    assert len(started) <= 4
