"""Namespaces of operations, made from the registry of declarations: what `nd.math` and `nd.nn` hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["namespace"]

Function = Callable[..., Any]


@cache
def _all() -> dict[str, dict[str, Function]]:
    from . import ops

    found: dict[str, dict[str, Function]] = {}
    for op in ops.REGISTRY.values():
        function = ops.FUNCTIONS[op.name]
        for name in op.namespaces:
            found.setdefault(name, {})[op.public] = function
    return found


def namespace(name: str) -> dict[str, Function]:
    """The operations of one namespace by public name."""
    return _all()[name]
