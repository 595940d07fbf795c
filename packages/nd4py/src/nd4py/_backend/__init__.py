"""Which kernels run operations: discovery, the check that this CPU can run them, choice, threads."""

from __future__ import annotations

from ._errors import BackendUnavailableError
from ._info import BackendInfo, SkippedBackend, backend_info
from ._selection import ensure_selected, is_selected, use_backend
from ._threads import available_cpus, get_num_threads, set_num_threads

__all__ = [
    "BackendInfo",
    "BackendUnavailableError",
    "SkippedBackend",
    "available_cpus",
    "backend_info",
    "ensure_selected",
    "get_num_threads",
    "is_selected",
    "set_num_threads",
    "use_backend",
]
