"""Labels, predictions and masks of any rank as rows by class."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._arrays import asarray, values_of

__all__ = ["Rows", "kept_rows", "rows_of"]


class Rows(NamedTuple):
    """Labels and predictions ``[rows, classes]``; the mask is ``[rows]``, ``[rows, classes]`` or None."""

    labels: np.ndarray
    predictions: np.ndarray
    mask: np.ndarray | None


def rows_of(labels: Any, predictions: Any, mask: Any, axis: int, what: str) -> Rows:
    """Bring everything to rank 2: classes along ``axis`` become columns, all else rows.

    Ranks 1 to 5; a mask counts examples ``[n]`` or ``[n, 1]``, steps ``[n, time]``, positions, or has
    the shape of the labels (per output). Raises ValueError for shapes that do not belong together and
    for NaN among the predictions.
    """
    y, p = values_of(asarray(labels)), values_of(asarray(predictions))
    if y.shape != p.shape:
        raise ValueError(
            f"{what}: labels have shape {list(y.shape)}, predictions {list(p.shape)}; they must agree"
        )
    missing = int(np.isnan(p).sum()) if p.dtype.kind == "f" else 0
    if missing:
        raise ValueError(f"{what}: {missing} of {p.size} predictions are NaN")
    if y.ndim == 1:
        y, p = y[:, None], p[:, None]
    if not -y.ndim <= axis < y.ndim:
        raise ValueError(f"{what}: axis {axis} is outside the shape {list(y.shape)}")
    moved_y, moved_p = np.moveaxis(y, axis, -1), np.moveaxis(p, axis, -1)
    classes = moved_y.shape[-1]
    kept = None if mask is None else _mask(values_of(asarray(mask)), y, axis, what)
    return Rows(moved_y.reshape(-1, classes), moved_p.reshape(-1, classes), kept)


def _mask(mask: np.ndarray, labels: np.ndarray, axis: int, what: str) -> np.ndarray:
    if mask.shape == labels.shape and labels.shape[axis] > 1:
        return np.asarray(np.moveaxis(mask, axis, -1).reshape(-1, labels.shape[axis]) != 0)
    kept = mask
    if kept.ndim == labels.ndim and kept.shape[axis] == 1:
        kept = kept.reshape(np.moveaxis(kept, axis, -1).shape[:-1])
    target = np.moveaxis(labels, axis, -1).shape[:-1]
    try:
        return np.asarray(np.broadcast_to(kept, target).reshape(-1) != 0)
    except ValueError:
        raise ValueError(
            f"{what}: a mask of shape {list(mask.shape)} does not fit labels {list(labels.shape)}"
        ) from None


def kept_rows(rows: Rows, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions of the rows that the mask keeps; raises ValueError for a mask per output."""
    if rows.mask is None:
        return rows.labels, rows.predictions
    if rows.mask.ndim == 2:
        raise ValueError(
            f"{what}: a mask per output has no meaning for classes; give one value per row"
        )
    return rows.labels[rows.mask], rows.predictions[rows.mask]
