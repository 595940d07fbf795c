"""Groups of rows with equal key values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._arrow_arrays import arrow_array, numpy_array
from ._convert import is_text, plain_text
from ._frame import Array, Frame

__all__ = ["group_rows"]


def group_rows(frame: Frame, keys: Sequence[str]) -> tuple[Array, int]:
    """Number the groups in the order of their first rows.

    Keys are compared by value, each column for itself, so ("a", "b_c") and ("a_b", "c") differ.

    Returns:
        The group of each row, and the number of groups.
    """
    if not keys:
        return np.zeros(frame.num_rows, np.int64), min(frame.num_rows, 1)
    codes = np.zeros(frame.num_rows, np.int64)
    for name in keys:
        column = frame.column(name)
        if is_text(column.type):
            column = plain_text(column)
        encoded = column.dictionary_encode(null_encoding="encode")
        own = numpy_array(encoded.indices).astype(np.int64)
        codes = _dense(codes * max(len(encoded.dictionary), 1) + own)
    return codes, int(codes.max()) + 1 if len(codes) else 0


def _dense(codes: Array) -> Array:
    """Renumber codes 0, 1, … in the order of first appearance."""
    encoded = arrow_array(codes).dictionary_encode()
    return np.asarray(numpy_array(encoded.indices), np.int64)
