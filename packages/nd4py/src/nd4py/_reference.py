"""What the core runs where the active kernel table has nothing: the NumPy body of the operation's declaration."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._core import NDArray

__all__ = ["install", "run_reference"]


def run_reference(name: str, *arrays: NDArray) -> NDArray:
    """The operation ``name`` on arrays that have its dtype already and broadcast together.

    The first operation ends up here before any backend is active: it chooses one and tries again.
    """
    from . import _backend
    from .ops import FUNCTIONS, REGISTRY

    if not _backend.is_selected():
        _backend.ensure_selected()
        found: NDArray = FUNCTIONS[name](*arrays)
        return found
    body = REGISTRY[name].reference
    if body is None:
        raise NotImplementedError(f"{name}: the operation has no NumPy reference")
    with np.errstate(all="ignore"):
        result: Any = body(*(a.numpy() for a in arrays))
    return _core.as_ndarray(np.asarray(result))


def install() -> None:
    """Makes `run_reference` the core's fallback."""
    _core.set_reference(run_reference)
