"""Arithmetic by column on tall matrices, in pieces that stay in the cache.

A row of a table is short, so operations that go along rows spend their time between them. Side by
side, some rows make one long row, and the operand is repeated to match.
"""

from __future__ import annotations

import numpy as np

from .._arrays import from_numpy
from .._core import NDArray

__all__ = ["extremes", "shifted_and_divided"]

_LONG_ROW = 2048
_STRIPE = 1 << 15  # elements of a piece
_TALL = 512


def _rows_side_by_side(shape: tuple[int, ...]) -> int:
    return max(1, _LONG_ROW // max(1, shape[1]))


def shifted_and_divided(x: NDArray, offset: NDArray, width: NDArray) -> NDArray:
    """``(x - offset) / width`` in the type of `x`, as the two operations one after the other give it.

    Args:
        x: floats ``[n, columns, ...]``.
        offset: ``[1, columns, ...]``, of the type of `x`.
        width: likewise.
    """
    if x.ndim != 2 or x.shape[0] < _TALL or not x.is_c_contiguous:
        made = x - offset
        made /= width
        return made
    values = x.numpy()
    out = np.empty_like(values)
    together = _rows_side_by_side(x.shape)
    whole = len(values) // together * together
    subtracted, divided = (np.tile(row.numpy(), (1, together)) for row in (offset, width))
    long, long_out = (a[:whole].reshape(-1, subtracted.size) for a in (values, out))
    step = max(1, _STRIPE // subtracted.size)
    for start in range(0, len(long), step):
        piece = long_out[start : start + step]
        np.subtract(long[start : start + step], subtracted, out=piece)
        np.divide(piece, divided, out=piece)
    np.subtract(values[whole:], offset.numpy(), out=out[whole:])
    np.divide(out[whole:], width.numpy(), out=out[whole:])
    return from_numpy(out)


def extremes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest value of each column of a matrix; NaN where a column has one."""
    together = _rows_side_by_side(rows.shape)
    if len(rows) < max(_TALL, 2 * together) or not rows.flags.c_contiguous:
        return rows.min(axis=0), rows.max(axis=0)
    whole = len(rows) // together * together
    long = rows[:whole].reshape(-1, together * rows.shape[1])
    lower = long.min(axis=0).reshape(together, -1).min(axis=0)
    upper = long.max(axis=0).reshape(together, -1).max(axis=0)
    if whole < len(rows):
        lower = np.minimum(lower, rows[whole:].min(axis=0))
        upper = np.maximum(upper, rows[whole:].max(axis=0))
    return lower, upper
