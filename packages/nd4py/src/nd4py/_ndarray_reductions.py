"""Reductions as methods of NDArray: each calls the operation of its name, over the axes given or all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._core import NDArray
from ._dims import Dims, dims_tuple

__all__ = ["METHODS"]

_OPERATIONS = {
    "sum": "sum", "mean": "mean", "prod": "prod", "max": "max", "min": "min", "amax": "amax", "amin": "amin",
    "asum": "asum", "amean": "amean", "norm1": "norm1", "norm2": "norm2", "norm_max": "norm_max",
    "squared_norm": "squared_norm", "argmax": "argmax", "argmin": "argmin", "any": "any", "all": "all",
    "log_sum_exp": "log_sum_exp", "var": "variance", "std": "standard_deviation",
}  # fmt: skip

_functions: dict[str, Callable[..., Any]] = {}


def _operation(name: str) -> Callable[..., Any]:
    """The public function of an operation; importing them all waits for the first use."""
    try:
        return _functions[name]
    except KeyError:
        from .ops._declare import FUNCTIONS

        return _functions.setdefault(name, FUNCTIONS[name])


def _reduction(name: str, operation: str) -> Callable[..., NDArray]:
    def method(
        self: NDArray, *dims: Dims | None, keep_dims: bool = False, **attributes: Any
    ) -> NDArray:
        chosen = None if not dims or dims[0] is None else dims_tuple(dims)
        result: NDArray = _operation(operation)(
            self, dims=chosen, keep_dims=keep_dims, **attributes
        )
        return result

    method.__name__ = method.__qualname__ = name
    method.__doc__ = (
        f"``nd4py.ops`` operation ``{operation}`` over the axes given, or all (`INDArray.{name}`)."
        + (
            " ``bias_corrected=True`` divides by n - 1, as ND4J does."
            if name in ("std", "var")
            else ""
        )
    )
    return method


def _number(name: str) -> Callable[[NDArray], Any]:
    def method(self: NDArray) -> Any:
        return getattr(self, name)().item()

    method.__name__ = method.__qualname__ = f"{name}_number"
    method.__doc__ = f"``{name}()`` over all elements as a Python number."
    return method


METHODS: dict[str, Callable[..., Any]] = {
    name: _reduction(name, operation) for name, operation in _OPERATIONS.items()
}
METHODS |= {
    f"{name}_number": _number(name)
    for name in (
        "sum",
        "mean",
        "prod",
        "max",
        "min",
        "amax",
        "amin",
        "asum",
        "amean",
        "norm1",
        "norm2",
        "norm_max",
        "std",
        "var",
    )
}
