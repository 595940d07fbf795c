"""Operations at the top level of the package, under the names of the Python array API standard."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["top_level"]


@cache
def top_level() -> dict[str, Callable[..., Any]]:
    """Operations by their name in the standard, where name and meaning agree."""
    from . import _array_api, ops

    declared = {
        op.array_api: ops.FUNCTIONS[op.name] for op in ops.REGISTRY.values() if op.array_api
    }
    return declared | {name: getattr(_array_api, name) for name in _array_api.__all__}
