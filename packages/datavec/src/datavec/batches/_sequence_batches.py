"""Packing records and sequences of several readers into arrays and masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._choice import Choice
from .._errors import DataVecError, InvalidValueError, SchemaError
from ..columns._frame import Array, rows_of

__all__ = [
    "AlignmentMode",
    "ArraySpec",
    "Chunk",
    "Joint",
    "ZeroLengthSequenceError",
    "check_lengths",
    "one_hot",
    "pack",
]


class AlignmentMode(Choice):
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
    arrays: Mapping[int, Array] = field(default_factory=dict)
    """Columns of records that hold arrays, such as images: [rows, …]; 0 in `values`."""

    def __len__(self) -> int:
        return len(self.values) if self.offsets is None else len(self.offsets) - 1

    @property
    def lengths(self) -> Array:
        """Steps of each sequence; 1 for records."""
        if self.offsets is None:
            return np.ones(len(self), np.int64)
        return np.diff(self.offsets)

    def cut(self, start: int, stop: int) -> Chunk:
        """Some of the examples, without copying."""
        metadata = self.metadata[start:stop]
        if self.offsets is None:
            arrays = {c: a[start:stop] for c, a in self.arrays.items()}
            return Chunk(self.name, self.values[start:stop], None, metadata, arrays)
        offsets = self.offsets[start : stop + 1]
        return Chunk(
            self.name, self.values[offsets[0] : offsets[-1]], offsets - offsets[0], metadata
        )

    def joined(self, other: Chunk) -> Chunk:
        """These examples, then the others; raises DataVecError where widths differ."""
        widths = self.values.shape[1], other.values.shape[1]
        if widths[0] != widths[1]:
            raise DataVecError(
                f'reader "{self.name}": expected {widths[0]} values as before, received {widths[1]}'
            )
        offsets = None
        if self.offsets is not None and other.offsets is not None:
            offsets = np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]])
        values = np.concatenate([self.values, other.values])
        arrays = {c: np.concatenate([a, other.arrays[c]]) for c, a in self.arrays.items()}
        return Chunk(self.name, values, offsets, self.metadata + other.metadata, arrays)

    def take(self, order: Array) -> Chunk:
        """The examples at the given positions, copied."""
        metadata = [self.metadata[i] for i in order.tolist()]
        if self.offsets is None:
            arrays = {c: a[order] for c, a in self.arrays.items()}
            return Chunk(self.name, self.values[order], None, metadata, arrays)
        rows, offsets = rows_of(self.offsets[order], self.offsets[order + 1])
        return Chunk(self.name, self.values[rows], offsets, metadata)


@dataclass(frozen=True)
class Joint:
    """Chunks of several readers that advance together."""

    chunks: tuple[Chunk, ...]

    def __len__(self) -> int:
        return len(self.chunks[0])

    def cut(self, start: int, stop: int) -> Joint:
        """Some of the examples, without copying."""
        return Joint(tuple(c.cut(start, stop) for c in self.chunks))

    def joined(self, other: Joint) -> Joint:
        """These examples, then the others."""
        return Joint(tuple(a.joined(b) for a, b in zip(self.chunks, other.chunks, strict=True)))

    def take(self, order: Array) -> Joint:
        """The examples at the given positions, copied."""
        return Joint(tuple(c.take(order) for c in self.chunks))

    def freeze(self) -> None:
        """Let nobody write to the arrays."""
        for chunk in self.chunks:
            for array in (chunk.values, *chunk.arrays.values()):
                array.flags.writeable = False


def pack(
    spec: ArraySpec,
    chunk: Chunk,
    alignment: AlignmentMode,
    longest: Array,
    starts: Array | None = None,
) -> tuple[Array, Array | None]:
    """An array and its mask (None where nothing is padded).

    Args:
        spec: which columns.
        chunk: the reader's part of the batch.
        alignment: of the sequences.
        longest: of each example, the longest sequence over all readers; the batch is as long as the
            longest of these, but with EQUAL_LENGTH each reader has its own time length.
        starts: where each sequence starts, instead of the alignment.

    Returns:
        [examples, columns] for records; [examples, columns, steps] and [examples, steps] for
        sequences; a single column of arrays as it is, [examples, …].
    """
    columns = spec.columns(chunk.values.shape[1])
    if not chunk.arrays.keys().isdisjoint(columns):
        return _with_arrays(chunk, columns), None
    chosen = chunk.values[:, columns]
    data = one_hot(chosen[:, 0], spec, chunk.name) if spec.classes is not None else chosen
    data = data.astype(np.float32)
    if chunk.offsets is None:
        return data, None
    lengths = chunk.lengths
    steps = int((lengths if alignment is AlignmentMode.EQUAL_LENGTH else longest).max())
    if starts is None:
        starts = longest - lengths if alignment is AlignmentMode.ALIGN_END else 0 * lengths
    example = np.repeat(np.arange(len(chunk)), lengths)
    step = np.arange(len(data)) - np.repeat(chunk.offsets[:-1] - starts, lengths)
    out = np.zeros((len(chunk), data.shape[1], steps), np.float32)
    out[example, :, step] = data
    if (lengths == steps).all():
        return out, None
    mask = np.zeros((len(chunk), steps), np.float32)
    mask[example, step] = 1.0
    return out, mask


def _with_arrays(chunk: Chunk, columns: list[int]) -> Array:
    """One column of arrays as it is; among others it is spread out."""
    if len(columns) == 1:
        return chunk.arrays[columns[0]]
    parts = [
        chunk.arrays[c].reshape(len(chunk), -1) if c in chunk.arrays else chunk.values[:, [c]]
        for c in columns
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def one_hot(values: Array, spec: ArraySpec, name: str) -> Array:
    """Class indices as rows of zeros and a one; raises InvalidValueError where there is no such class."""
    classes = spec.classes or 0
    bad = ~((values >= 0) & (values < classes) & (values == np.floor(values)))
    if bad.any():
        rows = np.flatnonzero(bad)
        raise InvalidValueError(
            f"{name}[{spec.first or 0}]",
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
