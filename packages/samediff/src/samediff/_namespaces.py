"""``sd.math.tanh(x)``: the operations of the registry as methods of a graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from nd4py.ops._declaration import REGISTRY, Op
from nd4py.ops._declare import bind

if TYPE_CHECKING:
    from ._samediff import SameDiff


@cache
def namespaces() -> dict[str, dict[str, Op]]:
    """Operations by namespace and public name."""
    found: dict[str, dict[str, Op]] = {}
    for op in REGISTRY.values():
        for namespace in op.namespaces:
            found.setdefault(namespace, {})[op.public] = op
    return found


class Namespace:
    """The operations of one namespace, recording into one graph.

    A leading string names the result; arrays among the inputs become constants of the graph.
    """

    __slots__ = ("_name", "_ops", "_sd")

    def __init__(self, sd: SameDiff, name: str, ops: dict[str, Op]):
        self._sd = sd
        self._name = name
        self._ops = ops

    def __getattr__(self, name: str) -> Callable[..., Any]:
        op = self._ops.get(name)
        if op is None:
            raise AttributeError(f"no operation {name!r} in namespace {self._name!r}")
        sd = self._sd

        def function(*args: Any, **kwargs: Any) -> Any:
            result: str | None = None
            if args and isinstance(args[0], str):
                result, args = args[0], args[1:]
            inputs, attrs = bind(op, args, kwargs)
            made = sd._record(op, inputs, attrs, result)
            visible = [i for i, n in enumerate(op.outputs) if not n.startswith("_")]
            return made[visible[0]] if isinstance(made, tuple) and len(visible) == 1 else made

        function.__name__ = function.__qualname__ = name
        function.__doc__ = op.doc
        return function

    def __dir__(self) -> list[str]:
        return sorted(self._ops)
