"""How many threads kernels use: what this process may really run on.

The pool belongs to the kernels (OpenMP). It is made on first use, sleeps when idle, and is made anew in a forked child;
fork while another thread is inside an operation is as unsafe as with any pool.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nd4py import _config, _core

__all__ = [
    "available_cpus",
    "configured",
    "get_num_threads",
    "runtime_settings",
    "set_num_threads",
]

# What the OpenMP and BLAS runtimes read once, when they are opened. A thread that waits for work spins briefly and
# then sleeps: GNU OpenMP's own 300000 rounds take a core from whoever shares the machine (a convolution net trained
# three times slower beside other load), while 10000 still bridge the gap between two steps of a plan. OpenBLAS gets
# no threads of its own, because work is split above it.
_RUNTIME = {"GOMP_SPINCOUNT": "10000", "OPENBLAS_NUM_THREADS": "1"}

_requested: int | None = None


@contextmanager
def runtime_settings() -> Iterator[None]:
    """The environment in which kernels are opened; what the user set there stands."""
    ours = [name for name in _RUNTIME if name not in os.environ]
    if "OMP_WAIT_POLICY" in os.environ and "GOMP_SPINCOUNT" in ours:
        ours.remove("GOMP_SPINCOUNT")
    os.environ.update({name: _RUNTIME[name] for name in ours})
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]


def configured() -> int:
    """What was asked for by `set_num_threads` or the environment, else `available_cpus`."""
    return _requested or _config.num_threads() or available_cpus()


def set_num_threads(count: int) -> None:
    """Sets the number of threads that operations and plans use, for every backend.

    Raises:
        ValueError: the count is below 1.
    """
    global _requested
    if count < 1:
        raise ValueError(f"set_num_threads: expected at least 1 thread, received {count}")
    _requested = count
    _core.set_num_threads(count)


def get_num_threads() -> int:
    """The number of threads that operations and plans use; 1 on the NumPy reference."""
    from ._selection import ensure_selected

    ensure_selected()
    return _core.get_num_threads()


def available_cpus(root: str = "/") -> int:
    """CPUs that the scheduler's affinity and the control group's quota leave this process, at least 1.

    ``root`` is where the file system's root is looked for.
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_quota(root)
    return max(1, cpus if quota is None else min(cpus, int(quota)))


def _cgroup_quota(root: str) -> float | None:
    """CPUs per second that the control group allows, by cgroup v2 or v1; None without a limit."""
    groups = os.path.join(root, "sys/fs/cgroup")
    limits: list[float] = []
    for line in _read(root, "proc/self/cgroup").splitlines():
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        if number == "0":
            limits += _limits(groups, path, _v2)
        elif "cpu" in controllers.split(","):
            limits += _limits(os.path.join(groups, controllers), path, _v1)
            limits += _limits(os.path.join(groups, "cpu"), path, _v1)
    return min(limits, default=None)


def _limits(folder: str, path: str, read: Callable[[str], tuple[str, str]]) -> list[float]:
    """The limits of a group and of those above it, of which the tightest holds.

    In a container the group's own folder is missing: only the mount point exists.
    """
    parts = [p for p in path.split("/") if p and p != ".."]
    found = []
    for n in range(len(parts), -1, -1):
        quota, period = read(os.path.join(folder, *parts[:n]))
        if quota.isdigit() and period.isdigit() and int(period) > 0:
            found.append(int(quota) / int(period))
    return found


def _v2(folder: str) -> tuple[str, str]:
    quota, _, period = _read(folder, "cpu.max").partition(" ")
    return quota, period.strip()


def _v1(folder: str) -> tuple[str, str]:
    return _read(folder, "cpu.cfs_quota_us").strip(), _read(folder, "cpu.cfs_period_us").strip()


def _read(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), encoding="ascii") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""
