"""Which kernels run operations: discovery, the check that this CPU can run them, choice, threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import BackendUnavailableError
from ._kernels import Kernels
from ._selection import ensure_selected, is_selected, use_backend
from ._threads import available_cpus, get_num_threads, set_num_threads

if TYPE_CHECKING:
    from ._info import BackendInfo, SkippedBackend, backend_info

__all__ = [
    "BackendInfo",
    "BackendUnavailableError",
    "Kernels",
    "SkippedBackend",
    "available_cpus",
    "backend_info",
    "ensure_selected",
    "get_num_threads",
    "is_selected",
    "set_num_threads",
    "use_backend",
]


def __getattr__(name: str) -> Any:
    """The report on backends, which operations do not need."""
    if name in ("BackendInfo", "SkippedBackend", "backend_info"):
        from . import _info

        return getattr(_info, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
