"""Analyses gathered from batches, in one pass; parts merge, also across processes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._errors import DataVecError
from ..columns._frame import Frame
from ..schema._schema import Schema
from ._counters import AbstractCounter, NumberSummary, counter_for
from ._data_analysis import DataAnalysis, SequenceDataAnalysis, SequenceLengthAnalysis

__all__ = ["AnalysisAccumulator", "HistogramAccumulator"]

Array = np.ndarray[Any, Any]


class AnalysisAccumulator:
    """Statistics of frames, in bounded memory; give each worker its own and merge them.

    Everything is exact in one pass except quantiles, counts of different values, and the
    histograms, whose buckets span from the smallest to the largest value, which are known at the
    end only. Histograms are exact too while all values are kept (`keep_bytes`), and for integers
    within a range of 4096. Otherwise they are estimated from finer cells, unless the data are
    looked at again: `second_look` gives an accumulator for that, `result` takes it.

    Args:
        schema: of the frames; under a sequence schema lengths of sequences are analysed too.
        max_histogram_buckets: number of buckets.
        on_error: ``raise`` on values that do not fit their column, or ``skip`` and count them.
        keep_bytes: memory for values kept for exact histograms; they are part of the pickle.

    >>> from datavec import Schema
    >>> from datavec.columns._arrow_io import frame_from_records
    >>> schema = Schema.builder().add_column_integer("age").build()
    >>> parts = [AnalysisAccumulator(schema) for _ in range(2)]
    >>> for part, ages in zip(parts, ([[31], [44]], [[28]]), strict=True):
    ...     _ = part.add(frame_from_records(schema, ages))
    >>> parts[0].merge(parts[1]).result()["age"].max
    44
    """

    def __init__(
        self,
        schema: Schema,
        max_histogram_buckets: int = 30,
        *,
        on_error: str = "raise",
        keep_bytes: int = 0,
    ) -> None:
        if max_histogram_buckets < 1:
            raise ValueError(
                f"max_histogram_buckets must be at least 1, received {max_histogram_buckets}"
            )
        if on_error not in ("raise", "skip"):
            raise ValueError(f"on_error must be 'raise' or 'skip', received {on_error!r}")
        self.schema = schema
        self.max_histogram_buckets = max_histogram_buckets
        self.on_error = on_error
        self.keep_bytes = keep_bytes
        self._counters = [counter_for(meta) for meta in schema]
        self._lengths = NumberSummary(digest=False, unique=False) if schema.is_sequence else None
        self._single_steps = 0

    def add(self, frame: Frame) -> Self:
        """Add a frame.

        Raises:
            InvalidValueError: a value that does not fit its column; ``rows`` are positions in the
                frame.
        """
        keep = self.keep_bytes > 0
        for counter, column in zip(self._counters, frame.columns, strict=True):
            counter.add(column, on_error=self.on_error, keep=keep)
        if self._lengths is not None:
            self._lengths.add(frame.lengths, keep=keep)
            self._single_steps += int(np.count_nonzero(frame.lengths == 1))
        self._forget()
        return self

    def merge(self, other: AnalysisAccumulator) -> Self:
        """Add what the accumulator of another part of the data has seen."""
        if other.schema != self.schema:
            raise DataVecError("cannot merge analyses of different schemas")
        for mine, theirs in zip(self._counters, other._counters, strict=True):
            mine.merge(theirs)
        if self._lengths is not None and other._lengths is not None:
            self._lengths.merge(other._lengths)
            self._single_steps += other._single_steps
        self._forget()
        return self

    def _forget(self) -> None:
        summaries = [*(c.summary for c in self._counters), self._lengths]
        kept = [(s, sum(v.nbytes for v in s.kept)) for s in summaries if s is not None and s.kept]
        if sum(size for _, size in kept) > self.keep_bytes:
            for summary, _ in kept:
                summary.kept = None

    @property
    def exact(self) -> bool:
        """Whether the columns' histograms will be exact without a second look."""
        return all(c.summary.exact for c in self._counters if c.summary is not None)

    def second_look(self) -> HistogramAccumulator:
        """An accumulator that counts buckets exactly; give it all frames again."""
        wanted = {
            counter.meta.name: edges
            for counter in self._counters
            if counter.summary is not None
            and not counter.summary.exact
            and (edges := counter.summary.edges(self.max_histogram_buckets)) is not None
        }
        return HistogramAccumulator(self.schema, wanted, on_error=self.on_error)

    def result(self, histograms: HistogramAccumulator | None = None) -> DataAnalysis:
        """The analysis so far; with the histograms of a second look where that was made."""
        columns = []
        for counter in self._counters:
            edges, counts = None, None
            if counter.summary is not None:
                edges = counter.summary.edges(self.max_histogram_buckets)
                if histograms is not None and counter.meta.name in histograms.counts:
                    edges = histograms.edges[counter.meta.name]
                    counts = histograms.counts[counter.meta.name]
                elif edges is not None:
                    counts = counter.summary.buckets(edges)
            columns.append(counter.result(edges, counts))
        if self._lengths is None:
            return DataAnalysis(self.schema, tuple(columns))
        lengths = self._length_analysis(self._lengths)
        return SequenceDataAnalysis(self.schema, tuple(columns), lengths)

    def _length_analysis(self, s: NumberSummary) -> SequenceLengthAnalysis:
        edges = s.edges(self.max_histogram_buckets)
        if edges is None:
            return SequenceLengthAnalysis()
        return SequenceLengthAnalysis(
            total_num_sequences=s.count,
            min_seq_length=s.min,
            max_seq_length=s.max,
            count_zero_length=s.zero,
            count_one_length=self._single_steps,
            mean_length=s.mean,
            histogram_buckets=tuple(edges.tolist()),
            histogram_bucket_counts=tuple(s.buckets(edges).tolist()),
        )


class HistogramAccumulator:
    """Exact counts of buckets whose edges are known; made by `AnalysisAccumulator.second_look`."""

    def __init__(self, schema: Schema, edges: dict[str, Array], *, on_error: str = "raise") -> None:
        self.schema = schema
        self.edges = edges
        self.on_error = on_error
        self.counts = {name: np.zeros(len(e) - 1, np.int64) for name, e in edges.items()}
        self._counters: dict[str, AbstractCounter] = {
            m.name: counter_for(m) for m in schema if m.name in edges
        }

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are looked at."""
        return frozenset(self.edges)

    def add(self, frame: Frame) -> Self:
        """Count the values of a frame."""
        from ._histogram import bucket_counts

        for name, edges in self.edges.items():
            values = self._counters[name].numbers(frame.column(name), self.on_error)
            self.counts[name] += bucket_counts(np.sort(values), edges)
        return self

    def merge(self, other: HistogramAccumulator) -> Self:
        """Add the counts of another part of the data."""
        for name, counts in other.counts.items():
            self.counts[name] += counts
        return self
