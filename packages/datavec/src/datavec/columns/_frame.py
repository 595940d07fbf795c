"""The unit that transforms work on: some rows (or sequences) as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import DataVecError
from ..schema._schema import Schema
from . import _convert
from ._arrow_arrays import arrow_array, numpy_array

__all__ = ["Frame"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns of equal length under a schema; for sequences also where each one begins.

    Args:
        schema: names and types; a column may physically hold text (not parsed yet) or another
            number type than its schema says.
        columns: one Arrow array per schema column.
        num_rows: number of rows, or of steps over all sequences.
        offsets: int64, ``offsets[i]:offsets[i+1]`` are the steps of sequence i; None for records.
        origin: positions of the records in the batch they came from, for error messages; None
            while they are all still there.
        step_origin: of sequences that were made by grouping records: positions of the records
            that became the steps.
    """

    schema: Schema
    columns: tuple[pa.Array, ...]
    num_rows: int
    offsets: Array | None = None
    origin: Array | None = None
    step_origin: Array | None = None

    # --- reading --------------------------------------------------------------------------------

    def column(self, name: str) -> pa.Array:
        """The Arrow array of a column."""
        return self.columns[self.schema.index_of(name)]

    def ints(self, name: str) -> Array:
        """A column as int32."""
        return _convert.as_int(self.column(name), name)

    def longs(self, name: str) -> Array:
        """A column as int64 (Time: epoch milliseconds)."""
        return _convert.as_long(self.column(name), name)

    def doubles(self, name: str) -> Array:
        """A column as float64."""
        return _convert.as_double(self.column(name), name)

    def floats(self, name: str) -> Array:
        """A column as float32."""
        return _convert.as_float(self.column(name), name)

    def numbers(self, name: str) -> Array:
        """A column in the number type it has; text is parsed as float64."""
        column = self.column(name)
        if column.null_count == 0 and (
            pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
        ):
            return np.asarray(numpy_array(column))
        return self.doubles(name)

    def texts(self, name: str) -> tuple[list[str], Array]:
        """The different texts of a column and each row's position in them."""
        return _convert.texts_of(self.column(name), name)

    def map_text(self, name: str, function: Callable[[list[str]], list[Any]]) -> pa.Array:
        """A column's texts, each different one mapped once."""
        return _convert.map_text(self.column(name), name, function)

    @property
    def num_sequences(self) -> int:
        """Number of sequences; raises DataVecError on plain records."""
        return len(self.need_offsets("sequence_count")) - 1

    @property
    def lengths(self) -> Array:
        """Number of steps of each sequence."""
        return np.diff(self.need_offsets("lengths"))

    def need_offsets(self, what: str) -> Array:
        """The sequence offsets; raises DataVecError on plain records."""
        if self.offsets is None:
            raise DataVecError(f"{what}: works on sequences, but the data are plain records")
        return self.offsets

    # --- deriving -------------------------------------------------------------------------------

    def with_columns(self, schema: Schema, columns: Sequence[pa.Array]) -> Frame:
        """The same rows with other columns."""
        return replace(self, schema=schema, columns=tuple(columns))

    def replaced(self, schema: Schema, name: str, *new: pa.Array | Array) -> Frame:
        """One column gives way to the `new` ones at its place (as ``Schema.replace``)."""
        i = self.schema.index_of(name)
        arrays = tuple(c if isinstance(c, pa.Array) else arrow_array(c) for c in new)
        return self.with_columns(schema, self.columns[:i] + arrays + self.columns[i + 1 :])

    def appended(self, schema: Schema, *new: pa.Array | Array) -> Frame:
        """The same rows with columns added at the end."""
        arrays = tuple(c if isinstance(c, pa.Array) else arrow_array(c) for c in new)
        return self.with_columns(schema, self.columns + arrays)

    def filtered(self, keep: Array) -> Frame:
        """Keep the records (of sequences: the whole sequences) where `keep` is true."""
        if keep.all():
            return self
        if self.offsets is None:
            mask = arrow_array(keep)
            columns = tuple(c.filter(mask) for c in self.columns)
            origin = np.flatnonzero(keep) if self.origin is None else self.origin[keep]
            return Frame(self.schema, columns, len(origin), None, origin)
        kept = self.take_sequences(np.flatnonzero(keep))
        origin = np.flatnonzero(keep) if self.origin is None else self.origin[keep]
        return replace(kept, origin=origin)

    def take_rows(self, rows: Array, offsets: Array | None = None) -> Frame:
        """Rows by position, in that order, as records or cut into sequences at `offsets`."""
        index = arrow_array(rows.astype(np.int64, copy=False))
        columns = tuple(c.take(index) for c in self.columns)
        if self.offsets is None or offsets is None:
            return Frame(self.schema, columns, len(rows), offsets)
        origin = self.origin if len(offsets) == len(self.offsets) else None
        steps = None if self.step_origin is None else self.step_origin[rows]
        return Frame(self.schema, columns, len(rows), offsets, origin, steps)

    def take_sequences(self, which: Array) -> Frame:
        """Whole sequences by position."""
        offsets = self.need_offsets("take_sequences")
        starts, ends = offsets[which], offsets[which + 1]
        return self.take_rows(*rows_of(starts, ends))

    def sliced(self, start: int, stop: int) -> Frame:
        """Rows (of sequences: whole sequences) from `start` up to `stop`, without copying."""
        if self.offsets is None:
            columns = tuple(c.slice(start, stop - start) for c in self.columns)
            return Frame(self.schema, columns, stop - start)
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        columns = tuple(c.slice(first, last - first) for c in self.columns)
        return Frame(self.schema, columns, last - first, self.offsets[start : stop + 1] - first)

    @property
    def num_records(self) -> int:
        """Number of records: rows, or sequences."""
        return self.num_rows if self.offsets is None else len(self.offsets) - 1

    @property
    def origins(self) -> Array:
        """As `origin`, never None."""
        return np.arange(self.num_records) if self.origin is None else self.origin

    def origin_of(self, row: int) -> int:
        """Position, in the batch they came from, of the record that a row (or step) belongs to."""
        if self.step_origin is not None:
            return int(self.step_origin[row])
        if self.offsets is not None:
            row = int(np.searchsorted(self.offsets, row, side="right")) - 1
        return row if self.origin is None else int(self.origin[row])

    @staticmethod
    def concat(frames: Sequence[Frame]) -> Frame:
        """Put frames of one schema one after another."""
        if len(frames) == 1:
            return frames[0]
        first = frames[0]
        columns = []
        for i, meta in enumerate(first.schema):
            parts = [f.columns[i] for f in frames]
            if any(p.type != parts[0].type for p in parts):
                parts = _one_type(parts, meta.arrow_type, meta.name)
            if pa.types.is_dictionary(parts[0].type):
                parts = pa.chunked_array(parts).unify_dictionaries().chunks
            columns.append(pa.concat_arrays(parts))
        offsets = None
        if first.offsets is not None:
            pieces = [np.zeros(1, np.int64)]
            base = 0
            for f in frames:
                own = f.need_offsets("concat")
                pieces.append(own[1:] - own[0] + base)
                base += int(own[-1] - own[0])
            offsets = np.concatenate(pieces)
        origin = None
        if all(f.origin is not None for f in frames):
            origin = np.concatenate([f.origins for f in frames])
        return Frame(first.schema, tuple(columns), sum(f.num_rows for f in frames), offsets, origin)


def _one_type(parts: list[pa.Array], target: pa.DataType, name: str) -> list[pa.Array]:
    converted = [_convert.to_type(p, target, name, "keep") for p in parts]
    if all(p.type == target for p in converted):
        return converted
    return [_convert.plain_text(_convert.as_text(p, name)) for p in converted]


def rows_of(starts: Array, ends: Array) -> tuple[Array, Array]:
    """Positions of all rows in the ranges ``starts[i]:ends[i]`` and the new offsets."""
    lengths = ends - starts
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    rows = np.arange(offsets[-1], dtype=np.int64)
    return rows + np.repeat(starts - offsets[:-1], lengths), offsets
