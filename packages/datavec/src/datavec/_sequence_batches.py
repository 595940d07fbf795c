"""Packing records and sequences of several readers into arrays and masks."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ._arrow_io import column_from_values
from ._convert import as_double
from ._errors import DataVecError, InvalidValueError, SchemaError
from ._frame import Array
from ._metadata import DoubleMetaData
from .readers import AbstractSequenceRecordReader

__all__ = ["AlignmentMode", "ArraySpec", "Chunk", "ZeroLengthSequenceError", "chunks", "pack"]


class AlignmentMode(enum.Enum):
    """How sequences of different lengths share one array.

    EQUAL_LENGTH refuses them. ALIGN_START puts every sequence at the start and pads the end.
    ALIGN_END lets the sequences of one *example* end together (where its longest one ends), which
    is what sequence classification needs.
    """

    EQUAL_LENGTH = "EQUAL_LENGTH"
    ALIGN_START = "ALIGN_START"
    ALIGN_END = "ALIGN_END"


class ZeroLengthSequenceError(DataVecError):
    """A sequence without steps, which cannot be trained on."""


@dataclass(frozen=True)
class ArraySpec:
    """Which columns of which reader make an array.

    Args:
        reader: name of the reader.
        first: first column; None takes all columns.
        last: last column, inclusive.
        without: columns left out.
        classes: one-hot size of the single column `first`.
    """

    reader: str
    first: int | None = None
    last: int | None = None
    without: tuple[int, ...] = ()
    classes: int | None = None

    def columns(self, width: int) -> list[int]:
        """The positions of the columns."""
        first = 0 if self.first is None else self.first
        last = width - 1 if self.last is None and self.first is None else self.last
        last = first if last is None else last
        if not 0 <= first <= last < width:
            raise SchemaError(
                f'reader "{self.reader}": columns {first} to {last} do not exist, '
                f"records have {width} values"
            )
        return [i for i in range(first, last + 1) if i not in self.without]


@dataclass(frozen=True)
class Chunk:
    """What one reader gives for one batch."""

    name: str
    values: Array
    """Numbers of all records or steps, [rows, columns]."""
    offsets: Array | None
    """Where each sequence begins; None for records."""
    metadata: list[Any]

    @property
    def count(self) -> int:
        """Number of examples."""
        return len(self.values) if self.offsets is None else len(self.offsets) - 1

    @property
    def lengths(self) -> Array:
        """Steps of each sequence; 1 for records."""
        if self.offsets is None:
            return np.ones(self.count, np.int64)
        return np.diff(self.offsets)


def numbers(rows: Sequence[Sequence[Any]], name: str) -> Array:
    """Rows of values as float64 [rows, columns]; raises where widths differ or a value is bad."""
    width = len(rows[0]) if rows else 0
    for i, row in enumerate(rows):
        if len(row) != width:
            raise DataVecError(
                f'reader "{name}", row {i} of the batch: expected {width} values, '
                f"received {len(row)}"
            )
    columns = []
    for c in range(width):
        meta = DoubleMetaData(f"{name}[{c}]")
        columns.append(as_double(column_from_values([r[c] for r in rows], meta), meta.name))
    return np.stack(columns, axis=1) if columns else np.zeros((len(rows), 0))


def chunks(name: str, reader: Any, size: int) -> Iterator[Chunk]:
    """The records or sequences of a reader, `size` examples at a time."""
    if not isinstance(reader, AbstractSequenceRecordReader):
        records = reader.records()
        while part := list(islice(records, size)):
            yield Chunk(name, numbers([r for r, _ in part], name), None, [m for _, m in part])
        return
    sequences = reader.sequences()
    while part := list(islice(sequences, size)):
        for steps, metadata in part:
            if not steps:
                place = getattr(metadata, "location", metadata)
                raise ZeroLengthSequenceError(f'reader "{name}": sequence without steps at {place}')
        offsets = np.concatenate([[0], np.cumsum([len(s) for s, _ in part])]).astype(np.int64)
        flat = [step for steps, _ in part for step in steps]
        yield Chunk(name, numbers(flat, name), offsets, [m for _, m in part])


def pack(
    spec: ArraySpec,
    chunk: Chunk,
    alignment: AlignmentMode,
    steps: int,
    longest: Array,
    starts: Array | None = None,
) -> tuple[Array, Array | None]:
    """An array and its mask (None where nothing is padded).

    Args:
        spec: which columns.
        chunk: the reader's part of the batch.
        alignment: of the sequences.
        steps: time length of the batch.
        longest: of each example, the longest sequence over all readers.
        starts: where each sequence starts, instead of the alignment.

    Returns:
        [examples, columns] for records; [examples, columns, steps] and [examples, steps] for
        sequences.
    """
    chosen = chunk.values[:, spec.columns(chunk.values.shape[1])]
    data = _one_hot(chosen[:, 0], spec, chunk) if spec.classes is not None else chosen
    data = data.astype(np.float32)
    if chunk.offsets is None:
        return data, None
    lengths = chunk.lengths
    if starts is None:
        starts = longest - lengths if alignment is AlignmentMode.ALIGN_END else 0 * lengths
    example = np.repeat(np.arange(chunk.count), lengths)
    step = np.arange(len(data)) - np.repeat(chunk.offsets[:-1] - starts, lengths)
    out = np.zeros((chunk.count, data.shape[1], steps), np.float32)
    out[example, :, step] = data
    if (lengths == steps).all():
        return out, None
    mask = np.zeros((chunk.count, steps), np.float32)
    mask[example, step] = 1.0
    return out, mask


def _one_hot(values: Array, spec: ArraySpec, chunk: Chunk) -> Array:
    classes = spec.classes or 0
    bad = ~((values >= 0) & (values < classes) & (values == np.floor(values)))
    if bad.any():
        rows = np.flatnonzero(bad)
        raise InvalidValueError(
            f"{chunk.name}[{spec.first or 0}]",
            f"a class index from 0 to {classes - 1}",
            float(values[rows[0]]),
            rows.tolist(),
        )
    out = np.zeros((len(values), classes), np.float32)
    out[np.arange(len(values)), values.astype(np.int64)] = 1.0
    return out


def check_lengths(chunk: Chunk, alignment: AlignmentMode) -> None:
    """Raise DataVecError when EQUAL_LENGTH does not hold for the sequences of a reader."""
    if chunk.offsets is None or alignment is not AlignmentMode.EQUAL_LENGTH:
        return
    lengths = chunk.lengths
    if len(lengths) and (lengths != lengths[0]).any():
        raise DataVecError(
            f'reader "{chunk.name}": sequences of one batch have lengths {sorted(set(lengths.tolist()))}; '
            "use ALIGN_START or ALIGN_END for sequences of different lengths"
        )
