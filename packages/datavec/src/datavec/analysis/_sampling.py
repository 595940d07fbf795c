"""Samples, invalid values, frequent values, different values and extremes of columns."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import SchemaError
from ..columns._arrow_io import frame_to_records, frame_to_sequences
from ..columns._convert import plain_text, to_type
from ..columns._frame import Array, Frame
from ..schema._metadata import AbstractColumnMetaData, ColumnType
from ..schema._schema import Schema
from ._quality_accumulator import missing_mask, valid_mask
from ._source import gather_frames

__all__ = [
    "get_max",
    "get_min",
    "get_unique",
    "sample",
    "sample_from_column",
    "sample_invalid_from_column",
    "sample_most_frequent_from_column",
    "sample_sequence",
]


class Reservoir:
    """A uniform sample without replacement: the records that drew the smallest random keys."""

    def __init__(self, count: int, seed: int | tuple[int, ...]) -> None:
        if count < 1:
            raise ValueError(f"count must be at least 1, received {count}")
        self.count = count
        self.keys: Array = np.zeros(0)
        self.frame: Frame | None = None
        self._random = np.random.default_rng(seed)

    def offer(self, frame: Frame) -> None:
        """Add the records of a frame."""
        keys = self._random.random(frame.num_records)
        if len(self.keys) == self.count:
            chosen = np.flatnonzero(keys < self.keys.max())
        else:
            chosen = np.arange(frame.num_records)
        if len(chosen) > self.count:
            chosen = np.sort(chosen[np.argpartition(keys[chosen], self.count)[: self.count]])
        if len(chosen):
            self._take(keys[chosen], _taken(frame, chosen))

    def merge(self, other: Reservoir) -> None:
        """Add what the sample of another part of the data holds."""
        if other.frame is not None:
            self._take(other.keys, other.frame)

    def _take(self, keys: Array, taken: Frame) -> None:
        self.keys = np.concatenate([self.keys, keys])
        self.frame = taken if self.frame is None else Frame.concat([self.frame, taken])
        if len(self.keys) > self.count:
            best = np.sort(np.argpartition(self.keys, self.count)[: self.count])
            self.keys, self.frame = self.keys[best], _taken(self.frame, best)


def _taken(frame: Frame, which: Array) -> Frame:
    return frame.take_rows(which) if frame.offsets is None else frame.take_sequences(which)


def _sampled(
    schema: Schema,
    source: Any,
    count: int,
    seed: int,
    threads: int | None,
    choose: Callable[[Frame], Frame],
    needed: list[str] | None = None,
) -> Frame | None:
    reservoir = Reservoir(count, seed)
    names = schema.column_names if needed is None else needed
    frames = gather_frames(
        choose, schema, source, needed=names, as_text=schema.column_names, threads=threads
    )
    for frame in frames:
        reservoir.offer(frame)
    return reservoir.frame


def sample(
    schema: Schema, source: Any, count: int, *, seed: int = 0, threads: int | None = None
) -> list[list[Any]]:
    """`count` records chosen at random (all where there are fewer), in the order of the source.

    Answers to Deeplearning4j's ``AnalyzeSpark.sample``.

    Args:
        schema: names and types of the columns.
        source: as in `analyze`.
        count: how many.
        seed: the same seed and the same batches give the same sample.
        threads: as in `analyze`.

    >>> import pyarrow as pa
    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_integer("age").build()
    >>> len(sample(schema, pa.table({"age": range(100)}), 3))
    3
    """
    if schema.is_sequence:
        raise SchemaError("sample: the schema is one of sequences; use sample_sequence")
    frame = _sampled(schema, source, count, seed, threads, _unchanged)
    return [] if frame is None else frame_to_records(frame, "keep")


def sample_sequence(
    schema: Schema, source: Any, count: int, *, seed: int = 0, threads: int | None = None
) -> list[list[list[Any]]]:
    """`count` whole sequences chosen at random; arguments as `sample`.

    Answers to Deeplearning4j's ``AnalyzeSpark.sampleSequence``.
    """
    if not schema.is_sequence:
        raise SchemaError("sample_sequence: the schema must be a SequenceSchema")
    frame = _sampled(schema, source, count, seed, threads, _unchanged)
    return [] if frame is None else frame_to_sequences(frame, "keep")


def _unchanged(frame: Frame) -> Frame:
    return frame


def only_column(frame: Frame, name: str, keep: Array | None = None) -> Frame:
    """One column as plain records, of sequences all steps; `keep` selects rows."""
    column = frame.column(name)
    if keep is not None:
        column = column.take(pa.array(np.flatnonzero(keep)))
    schema = Schema((frame.schema.metadata(name),))
    return Frame(schema, (column,), len(column))


def invalid_in(frame: Frame, name: str, ignore_missing: bool) -> Array:
    """Which values of a column it does not allow."""
    meta, values = frame.schema.metadata(name), frame.column(name)
    wrong = ~valid_mask(meta, values)
    return wrong & ~missing_mask(meta, values) if ignore_missing else wrong


def sample_from_column(
    schema: Schema,
    source: Any,
    column: str,
    count: int,
    *,
    seed: int = 0,
    threads: int | None = None,
) -> list[Any]:
    """`count` values of a column chosen at random; of sequences, from all steps.

    Answers to Deeplearning4j's ``AnalyzeSpark.sampleFromColumn`` and
    ``sampleFromColumnSequence``. Arguments as `sample`.
    """
    schema.index_of(column)

    def choose(frame: Frame) -> Frame:
        return only_column(frame, column)

    frame = _sampled(schema, source, count, seed, threads, choose, [column])
    return [] if frame is None else [row[0] for row in frame_to_records(frame, "keep")]


def sample_invalid_from_column(
    schema: Schema,
    source: Any,
    column: str,
    count: int,
    *,
    ignore_missing: bool = False,
    seed: int = 0,
    threads: int | None = None,
) -> list[Any]:
    """`count` values chosen at random among those that their column does not allow.

    Answers to Deeplearning4j's ``AnalyzeSpark.sampleInvalidFromColumn`` and
    ``sampleInvalidFromColumnSequence``. Other arguments as `sample`.

    Args:
        ignore_missing: leave out null and empty text (in a String column null only).

    >>> from datavec import CollectionRecordReader, Schema
    >>> schema = Schema.builder().add_column_integer("age", min_value=0).build()
    >>> reader = CollectionRecordReader([["31"], ["-1"], [""], ["x"]])
    >>> sample_invalid_from_column(schema, reader, "age", 5, ignore_missing=True)
    ['-1', 'x']
    """
    schema.index_of(column)

    def choose(frame: Frame) -> Frame:
        return only_column(frame, column, invalid_in(frame, column, ignore_missing))

    frame = _sampled(schema, source, count, seed, threads, choose, [column])
    # What is invalid is shown as it is, not converted.
    return [] if frame is None else plain_text(frame.columns[0]).to_pylist()


# --- all values of a column --------------------------------------------------------------------


def _typed(frame: Frame, meta: AbstractColumnMetaData) -> Any:
    column = to_type(frame.column(meta.name), meta.arrow_type, meta.name)
    return column.view("int64") if meta.column_type is ColumnType.TIME else plain_text(column)


def _plain_column(schema: Schema, name: str) -> AbstractColumnMetaData:
    meta = schema.metadata(name)
    if meta.column_type is ColumnType.NDARRAY:
        raise SchemaError(f'column "{name}": NDArrays cannot be compared')
    return meta


@overload
def get_unique(
    schema: Schema, source: Any, columns: str, *, threads: int | None = None
) -> set[Any]: ...


@overload
def get_unique(
    schema: Schema, source: Any, columns: Iterable[str], *, threads: int | None = None
) -> dict[str, set[Any]]: ...


def get_unique(
    schema: Schema, source: Any, columns: str | Iterable[str], *, threads: int | None = None
) -> set[Any] | dict[str, set[Any]]:
    """The different values of one column, or of several by name; None stands for missing.

    All of them are held in memory: `QualityAccumulator` counts without holding them.

    Answers to Deeplearning4j's ``AnalyzeLocal.getUnique`` and ``getUniqueSequence``.

    Args:
        schema: names and types of the columns.
        source: as in `analyze`, as is `threads`.
        columns: a name, or names.

    >>> import pyarrow as pa
    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_string("city").build()
    >>> sorted(get_unique(schema, pa.table({"city": ["Bonn", "Rome", "Bonn"]}), "city"))
    ['Bonn', 'Rome']
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    metas = [_plain_column(schema, name) for name in names]
    found: dict[str, set[Any]] = {name: set() for name in names}

    def work(frame: Frame) -> list[list[Any]]:
        return [_typed(frame, meta).unique().to_pylist() for meta in metas]

    for parts in gather_frames(work, schema, source, needed=names, threads=threads):
        for name, values in zip(names, parts, strict=True):
            found[name].update(values)
    return found[columns] if isinstance(columns, str) else found


def sample_most_frequent_from_column(
    schema: Schema, source: Any, column: str, count: int, *, threads: int | None = None
) -> dict[Any, int]:
    """The `count` most frequent values of a column with their numbers, the most frequent first.

    The counts are exact: all different values of the column are held in memory meanwhile.

    Answers to Deeplearning4j's ``AnalyzeSpark.sampleMostFrequentFromColumn``.

    >>> import pyarrow as pa
    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_string("city").build()
    >>> table = pa.table({"city": ["Bonn", "Rome", "Bonn"]})
    >>> sample_most_frequent_from_column(schema, table, "city", 1)
    {'Bonn': 2}
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, received {count}")
    meta = _plain_column(schema, column)

    def work(frame: Frame) -> dict[Any, int]:
        pairs = pc.value_counts(_typed(frame, meta))
        return {p["values"]: p["counts"] for p in pairs.to_pylist()}

    counts: Counter[Any] = Counter()
    for part in gather_frames(work, schema, source, needed=[column], threads=threads):
        counts.update(part)
    return dict(heapq.nlargest(count, counts.items(), key=lambda item: item[1]))


def get_min(schema: Schema, source: Any, column: str, *, threads: int | None = None) -> Any:
    """The smallest value of a column, missing ones and NaN left out; None without values.

    Answers to Deeplearning4j's ``AnalyzeSpark.min``; a Time value is in epoch milliseconds.
    """
    return _extremes(schema, source, column, threads)[0]


def get_max(schema: Schema, source: Any, column: str, *, threads: int | None = None) -> Any:
    """The largest value of a column, as `get_min`.

    >>> import pyarrow as pa
    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_integer("age").build()
    >>> get_max(schema, pa.table({"age": [31, 44, None]}), "age")
    44
    """
    return _extremes(schema, source, column, threads)[1]


def _extremes(schema: Schema, source: Any, column: str, threads: int | None) -> tuple[Any, Any]:
    meta = _plain_column(schema, column)

    def work(frame: Frame) -> tuple[Any, Any]:
        found = pc.min_max(_typed(frame, meta))
        return found["min"].as_py(), found["max"].as_py()

    low, high = None, None
    for a, b in gather_frames(work, schema, source, needed=[column], threads=threads):
        if a is None or a != a:  # nothing but gaps
            continue
        low = a if low is None or a < low else low
        high = b if high is None or b > high else high
    return low, high
