"""Joining the arrays of several data sets along the examples, with padding and masks for series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["merge_arrays"]


def merge_arrays(
    arrays: Sequence[np.ndarray], masks: Sequence[np.ndarray | None], what: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Concatenate along axis 0; series (rank 3) of unequal lengths are padded at the end and masked.

    Where only some parts have a mask, the others get ones.  Raises ValueError when the shapes do not fit.
    """
    first = arrays[0]
    for index, array in enumerate(arrays):
        if array.ndim != first.ndim:
            raise ValueError(
                f"merge: {what} {index} has shape {array.shape}, the first {first.shape}"
            )
    series = first.ndim == 3
    fixed = 2 if series else first.ndim
    for index, array in enumerate(arrays):
        if array.shape[1:fixed] != first.shape[1:fixed]:
            raise ValueError(
                f"merge: {what} {index} has shape {array.shape}, which does not fit {first.shape}"
            )
    lengths = {a.shape[2] for a in arrays} if series else set()
    if len(lengths) > 1:
        return _merge_unequal_series(arrays, masks, max(lengths))
    if all(m is None for m in masks):
        return np.concatenate(arrays), None
    return np.concatenate(arrays), _merge_masks(arrays, masks)


def _merge_masks(arrays: Sequence[np.ndarray], masks: Sequence[np.ndarray | None]) -> np.ndarray:
    known = next(m for m in masks if m is not None)
    filled = []
    for array, mask in zip(arrays, masks, strict=True):
        tail = (array.shape[2],) if array.ndim == 3 and known.ndim == 2 else known.shape[1:]
        filled.append(np.ones((array.shape[0], *tail), known.dtype) if mask is None else mask)
    return np.concatenate(filled)


def _merge_unequal_series(
    arrays: Sequence[np.ndarray], masks: Sequence[np.ndarray | None], length: int
) -> tuple[np.ndarray, np.ndarray]:
    examples = sum(a.shape[0] for a in arrays)
    known = next((m for m in masks if m is not None), None)
    mask_dtype = arrays[0].dtype if known is None else known.dtype
    merged = np.zeros((examples, arrays[0].shape[1], length), np.result_type(*arrays))
    merged_mask = np.zeros((examples, length), mask_dtype)
    row = 0
    for array, mask in zip(arrays, masks, strict=True):
        rows = slice(row, row + array.shape[0])
        merged[rows, :, : array.shape[2]] = array
        merged_mask[rows, : array.shape[2]] = 1 if mask is None else mask
        row += array.shape[0]
    return merged, merged_mask
