"""How many threads kernels use: what this process may really run on.

The pool belongs to the kernels (OpenMP). It is made on first use, sleeps when idle, and is made anew in a forked child;
fork while another thread is inside an operation is as unsafe as with any pool.
"""

from __future__ import annotations

import os
from pathlib import Path

from nd4py import _config, _core

__all__ = ["available_cpus", "configured", "get_num_threads", "set_num_threads"]

_requested: int | None = None


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
    quota = _cgroup_quota(Path(root))
    return max(1, cpus if quota is None else min(cpus, int(quota)))


def _cgroup_quota(root: Path) -> float | None:
    """CPUs per second that the control group allows, by cgroup v2 or v1; None without a limit."""
    groups = _read(root / "proc/self/cgroup").splitlines()
    limits: list[float] = []
    for line in groups:
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        if number == "0":
            folder = root / "sys/fs/cgroup"
            limits += _v2(folder, path)
        elif "cpu" in controllers.split(","):
            folder = root / "sys/fs/cgroup" / controllers
            limits += _v1(folder, path) or _v1(root / "sys/fs/cgroup/cpu", path)
    return min(limits, default=None)


def _levels(folder: Path, path: str) -> list[Path]:
    """The group's own folder and those above it: the tightest limit holds. In a container only the mount
    point exists.
    """
    parts = [p for p in path.split("/") if p and p != ".."]
    return [folder.joinpath(*parts[:n]) for n in range(len(parts), -1, -1)]


def _v2(folder: Path, path: str) -> list[float]:
    limits = []
    for level in _levels(folder, path):
        quota, _, period = _read(level / "cpu.max").partition(" ")
        if quota.isdigit() and period.strip().isdigit() and int(period) > 0:
            limits.append(int(quota) / int(period))
    return limits


def _v1(folder: Path, path: str) -> list[float]:
    limits = []
    for level in _levels(folder, path):
        quota, period = (
            _read(level / "cpu.cfs_quota_us").strip(),
            _read(level / "cpu.cfs_period_us").strip(),
        )
        if quota.isdigit() and period.isdigit() and int(period) > 0:
            limits.append(int(quota) / int(period))
    return limits


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
