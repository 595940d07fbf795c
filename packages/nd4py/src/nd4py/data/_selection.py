"""Choosing examples by number, slice, list or mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Rows", "row_selection", "select"]

Rows = int | slice | Sequence[int] | np.ndarray[Any, Any]
"""What ``data[rows]`` takes: a number, a slice, numbers, or a boolean per example."""


def row_selection(rows: Rows, count: int) -> slice | np.ndarray[Any, Any]:
    """The selection as a slice where it is one, else as row numbers; one number becomes a slice of one.

    Raises IndexError when a number is outside ``count`` examples.
    """
    if isinstance(rows, slice):
        return rows
    if isinstance(rows, (int, np.integer)):
        if not -count <= rows < count:
            raise IndexError(f"example {rows} of {count}")
        return slice(int(rows) % count, int(rows) % count + 1)
    return np.asarray(np.arange(count)[np.asarray(rows)] if len(rows) else np.empty(0, np.intp))


def select(entries: list[Any], chosen: slice | np.ndarray[Any, Any]) -> list[Any]:
    """The chosen entries of a list."""
    return entries[chosen] if isinstance(chosen, slice) else [entries[i] for i in chosen.tolist()]
