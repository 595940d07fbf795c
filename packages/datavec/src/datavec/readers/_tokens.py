"""Words of a block of text as Arrow columns, found with NumPy instead of one after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..columns._frame import Array

__all__ = ["Words", "words_of"]


@dataclass(frozen=True)
class Words:
    """Where the words of a text begin and end, and what class of character follows them.

    Attributes:
        data: the text as uint8, ending with a line break.
        starts: position of the first byte of each word.
        ends: position behind the last byte of each word.
        classes: class of each byte: 0 in a word, else the place (from 1) in the list of separators.
    """

    data: Array
    starts: Array
    ends: Array
    classes: Array

    @property
    def line_starts(self) -> Array:
        """Position of the first byte of each line."""
        return np.concatenate([[0], np.flatnonzero(self.data == 10)[:-1] + 1])

    def texts(self, which: Array) -> pa.Array:
        """Words as Arrow strings; the text must be ASCII."""
        starts, ends = self.starts[which], self.ends[which]
        # Ones inside the wanted words: a running sum of their starts and ends.
        edges = np.zeros(len(self.data) + 1, np.int8)
        edges[starts] = 1
        edges[ends] = -1
        chosen = self.data[np.cumsum(edges, dtype=np.int8)[:-1].view(bool)]
        offsets = np.zeros(len(starts) + 1, np.int32)
        np.cumsum(ends - starts, out=offsets[1:])
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(chosen)]
        return pa.Array.from_buffers(pa.string(), len(starts), buffers)


def words_of(data: bytes | bytearray, *separators: bytes) -> Words:
    """Split at any byte of `separators` (each a set of bytes) and at line breaks (their own class).

    The class of a byte is the place of its set, from 1; line breaks come after the last set.
    """
    table = np.zeros(256, np.uint8)
    for i, group in enumerate((*separators, b"\n")):
        table[list(group)] = i + 1
    array = np.frombuffer(data, np.uint8)
    classes = table[array]
    inside = np.zeros(len(array) + 1, np.int8)
    inside[1:] = classes == 0
    steps = np.diff(inside)
    return Words(array, np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), classes)
