"""What the arithmetic methods of DataSet compute."""

from __future__ import annotations

import numpy as np

__all__ = ["binarize", "round_and_multiply", "scale_by_row_max", "scale_to_range", "standardize"]


def standardize(x: np.ndarray, ddof: int) -> np.ndarray:
    """Mean 0 and standard deviation 1 per column; a constant column becomes 0."""
    spread = x.std(axis=0, ddof=ddof)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1))


def scale_by_row_max(x: np.ndarray) -> np.ndarray:
    """Each row divided by its largest (not its largest absolute) value."""
    return np.asarray(x / x.max(axis=1, keepdims=True))


def scale_to_range(x: np.ndarray, minimum: float, maximum: float) -> np.ndarray:
    """Each column in ``[minimum, maximum]``; a constant column becomes ``minimum``."""
    low = x.min(axis=0)
    width = x.max(axis=0) - low
    return np.asarray((x - low) / np.where(width > 0, width, 1) * (maximum - minimum) + minimum)


def binarize(x: np.ndarray, cutoff: float) -> np.ndarray:
    """1 above ``cutoff``, else 0."""
    return np.asarray(x > cutoff)


def round_and_multiply(x: np.ndarray, multiplier: int) -> np.ndarray:
    """Rounded half away from zero, then multiplied."""
    return np.asarray(np.copysign(np.floor(np.abs(x) + 0.5), x) * multiplier)
