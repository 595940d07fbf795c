"""The cache of compiled plans: one per set of input shapes, bounded, safe to share between threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from nd4py._arrays import from_numpy, to_numpy
from nd4py.dtypes import DType

from ._arrays import is_ndarray
from ._config import settings
from ._variable import SDVariable


class Plan(Protocol):
    """An executable program: native, or on the reference interpreter."""

    def run(self, inputs: tuple[Any, ...], scalars: tuple[float, ...]) -> tuple[Any, ...]:
        """The outputs, freshly made, in order."""

    def explain(self) -> list[dict[str, Any]]:
        """One entry per step."""


class PlanCache:
    """Plans by key, at most ``settings.plan_cache`` of them; those not used for long go first.

    ``get`` is a plain dictionary's: a hit needs no lock and keeps no books. Instead the plans form two generations:
    when the young one is full it becomes the old one, and what is still in use comes back from there.
    """

    def __init__(self, compile_plan: Callable[[Any], Plan]):
        self._compile = compile_plan
        self._young: dict[Any, Plan] = {}
        self._old: dict[Any, Plan] = {}
        self._lock = threading.Lock()
        self.get = self._young.get

    def make(self, key: Any) -> Plan:
        """The plan for the key, compiled now if need be."""
        with self._lock:
            plan = self._young.get(key)
            if plan is None:
                plan = self._old.pop(key, None) or self._compile(key)
                if len(self._young) >= max(1, settings.plan_cache // 2):
                    self._old = dict(self._young)
                    self._young.clear()
                self._young[key] = plan
            return plan

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


def check_shapes(
    placeholders: Sequence[SDVariable], shapes: Sequence[tuple[int, ...]]
) -> dict[SDVariable, tuple[int, ...]]:
    """Concrete shapes by placeholder.

    Raises:
        ValueError: a count, rank or fixed size differs; the message names the placeholder.
    """
    if len(placeholders) != len(shapes):
        names = ", ".join(p.name for p in placeholders)
        raise ValueError(f"expected {len(placeholders)} inputs ({names}), received {len(shapes)}")
    for placeholder, shape in zip(placeholders, shapes, strict=True):
        expected = placeholder.shape
        if len(expected) != len(shape) or any(
            e is not None and e != s for e, s in zip(expected, shape, strict=True)
        ):
            raise ValueError(
                f"placeholder {placeholder.name!r}: expected shape {_shown(expected)}, received {_shown(shape)}"
            )
    return dict(zip(placeholders, shapes, strict=True))


def _shown(shape: Sequence[int | None]) -> str:
    return "[" + ", ".join("any" if n is None else str(n) for n in shape) + "]"


def bind_inputs(placeholders: Sequence[SDVariable], inputs: Sequence[Any]) -> tuple[Any, ...]:
    """Arrays as plans take them: NDArrays, dense in 'c' order, of the placeholders' dtypes.

    NumPy arrays and sequences are converted, within their kind or to a wider one (float64 to float32, int to float).

    Raises:
        TypeError: a dtype does not fit; the message names the placeholder.
        ValueError: a count, rank or fixed size differs.
    """
    if len(placeholders) != len(inputs):
        check_shapes(placeholders, [np.shape(x) for x in inputs])
    return tuple(_bind(p.name, p.dtype, x) for p, x in zip(placeholders, inputs, strict=True))


def _bind(name: str, dtype: DType, value: Any) -> Any:
    array = to_numpy(value)
    if array.dtype == dtype.numpy and array.flags.c_contiguous:
        return value if is_ndarray(value) else from_numpy(array)
    if dtype.numpy is None or not np.can_cast(array.dtype, dtype.numpy, "same_kind"):
        raise TypeError(
            f"placeholder {name!r}: expected {dtype.name}, received {array.dtype.name}; cast it first"
        )
    return from_numpy(np.ascontiguousarray(array, dtype.numpy).reshape(array.shape))
