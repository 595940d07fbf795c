"""Axes and sizes as methods take them: ``f(0, 1)`` and ``f((0, 1))`` alike."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, SupportsIndex

from ._core import NDArray

__all__ = ["Dims", "dims_tuple"]

Dims = SupportsIndex | Sequence[SupportsIndex]


def dims_tuple(values: Sequence[Any]) -> tuple[int, ...]:
    """``(0, 1)`` from ``f(0, 1)`` and from ``f((0, 1))``."""
    if len(values) == 1 and not hasattr(values[0], "__index__"):
        values = values[0]
    elif len(values) == 1 and isinstance(values[0], NDArray) and values[0].ndim:
        values = values[0].tolist()
    return tuple(operator.index(v) for v in values)
