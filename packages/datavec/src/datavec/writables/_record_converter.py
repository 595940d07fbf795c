"""Records to arrays and back, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from .._errors import DataVecError
from ._writable import Writable

__all__ = ["RecordConverter"]

Array = np.ndarray[Any, Any]


class RecordConverter:
    """Turns records into arrays, and arrays into records.

    Arrays inside a record are laid out flat, at their place. Numbers and texts become numbers as
    `Writable.to_double` does.

    Answers to Deeplearning4j's ``RecordConverter``, and ``TimeSeriesWritableUtils`` for sequences.

    >>> RecordConverter.to_matrix([[1, "2.5"], [3, 4.0]])
    array([[1. , 2.5],
           [3. , 4. ]], dtype=float32)
    >>> RecordConverter.to_records(np.array([[1.0, 2.0]]))
    [[1.0, 2.0]]
    """

    @staticmethod
    def to_array(record: Sequence[Any], dtype: Any = np.float32) -> Array:
        """A row of shape (1, n) with the numbers of one record.

        Raises:
            DataVecError: a value that is no number, naming its position.
        """
        return np.concatenate([_numbers(v, i) for i, v in enumerate(record)] or [np.zeros(0)])[
            None
        ].astype(dtype)

    @staticmethod
    def to_matrix(records: Sequence[Sequence[Any]], dtype: Any = np.float32) -> Array:
        """An array of shape (records, n).

        Raises:
            DataVecError: a value that is no number, or a record of another width.
        """
        rows = []
        for number, record in enumerate(records):
            try:
                rows.append(RecordConverter.to_array(record, dtype))
            except DataVecError as e:
                raise DataVecError(f"record {number}, {e}") from None
            if rows[-1].shape != rows[0].shape:
                raise DataVecError(
                    f"record {number}: expected {rows[0].shape[1]} numbers as in record 0, "
                    f"received {rows[-1].shape[1]}"
                )
        return np.concatenate(rows) if rows else np.zeros((0, 0), dtype)

    @staticmethod
    def to_minibatch_array(column: Sequence[Any], dtype: Any = np.float32) -> Array:
        """The arrays of one column of several records, stacked along their first axis.

        Raises:
            DataVecError: a value that is no array, or shapes that do not fit.
        """
        arrays = [np.asarray(Writable.of(v).value) for v in column]
        for number, array in enumerate(arrays):
            if array.dtype.kind not in "biuf" or array.ndim == 0:
                raise DataVecError(
                    f"record {number}: expected an array, received {column[number]!r}"
                )
            if array.shape[1:] != arrays[0].shape[1:]:
                raise DataVecError(
                    f"record {number}: expected an array of shape (*, "
                    f"{', '.join(map(str, arrays[0].shape[1:]))}) as in record 0, "
                    f"received {array.shape}"
                )
        return np.concatenate(arrays).astype(dtype) if arrays else np.zeros(0, dtype)

    @staticmethod
    def to_tensor(
        sequences: Sequence[Sequence[Sequence[Any]]],
        dtype: Any = np.float32,
        *,
        align: Literal["start", "end"] = "start",
    ) -> tuple[Array, Array | None]:
        """Sequences as an array of shape (sequences, n, time), and its mask (sequences, time).

        Shorter sequences are padded with zeros, behind or before, and the mask holds 1 where there
        is a step; it is None where all are equally long.

        Raises:
            DataVecError: a value that is no number, or steps of different widths.
        """
        if align not in ("start", "end"):
            raise ValueError(f"align must be 'start' or 'end', received {align!r}")
        steps = RecordConverter.to_matrix([step for s in sequences for step in s], dtype)
        lengths = np.array([len(s) for s in sequences], np.int64)
        longest = int(lengths.max(initial=0))
        time = np.arange(longest)
        first = longest - lengths if align == "end" else np.zeros_like(lengths)
        present = (time >= first[:, None]) & (time < (first + lengths)[:, None])
        out = np.zeros((len(sequences), longest, steps.shape[1]), dtype)
        out[present] = steps
        mask = None if present.all() else present.astype(dtype)
        return out.transpose(0, 2, 1), mask

    @staticmethod
    def to_record(array: Any) -> list[float]:
        """The numbers of a row (shape (n,) or (1, n)) as a record.

        Raises:
            DataVecError: another shape.
        """
        values = np.asarray(array)
        if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[0] != 1):
            raise DataVecError(f"expected a row, received an array of shape {values.shape}")
        return [float(v) for v in values.ravel()]

    @staticmethod
    def to_records(data: Any) -> list[list[Any]]:
        """The rows of a matrix, or the examples of a DataSet, as records.

        A DataSet of one-hot labels (zeros and a single 1) gives features and class index, another
        one features and label values.

        Raises:
            DataVecError: features or labels that are no matrix.
        """
        if not hasattr(data, "features"):
            return list(_matrix(data, "the array").tolist())
        features, labels = _matrix(data.features, "features"), _matrix(data.labels, "labels")
        rows: list[list[Any]] = features.tolist()
        one_hot = bool(
            labels.shape[1] > 1
            and np.isin(labels, (0.0, 1.0)).all()
            and (labels.sum(axis=1) == 1).all()
        )
        last: list[list[Any]] = (
            [[int(i)] for i in labels.argmax(axis=1)] if one_hot else labels.tolist()
        )
        return [row + more for row, more in zip(rows, last, strict=True)]


def _matrix(array: Any, what: str) -> Array:
    values = np.asarray(array, np.float64)
    if values.ndim != 2:
        raise DataVecError(f"{what}: expected a matrix, received an array of shape {values.shape}")
    return values


def _numbers(value: Any, position: int) -> Array:
    writable = Writable.of(value)
    if writable.kind == "NDArray" and writable.value is not None:
        return np.asarray(writable.value, np.float64).ravel()
    try:
        return np.array([writable.to_double()])
    except DataVecError as e:
        raise DataVecError(f"value {position}: {e}") from None
