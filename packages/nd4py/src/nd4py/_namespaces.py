"""Namespaces of operations, made from the registry of declarations: what `nd.math`, `nd.nn` and the top level hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["namespace", "top_level"]

Function = Callable[..., Any]


@cache
def _all() -> dict[str, dict[str, Function]]:
    from . import ops

    found: dict[str, dict[str, Function]] = {"": {}}
    for op in ops.REGISTRY.values():
        function = ops.FUNCTIONS[op.name]
        for name in op.namespaces:
            found.setdefault(name, {})[op.public] = function
        if op.array_api:
            found[""][op.array_api] = function
    return found


def namespace(name: str) -> dict[str, Function]:
    """The operations of one namespace by public name."""
    return _all()[name]


def top_level() -> dict[str, Function]:
    """Operations under the names of the Python array API standard, where name and meaning agree."""
    from . import _array_api

    return _all()[""] | {name: getattr(_array_api, name) for name in _array_api.__all__}
