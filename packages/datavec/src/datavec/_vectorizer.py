"""RecordVectorizer: raw records to the feature arrays that a network was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from ._arrow_io import frame_from_records
from ._errors import SchemaError
from ._frame import Array, Frame
from ._iterator import check_numeric, matrix
from ._metadata import NDArrayMetaData
from ._process import TransformProcess
from ._raw_records import RawColumns, RawSource, RecordMatcher
from ._restriction import Restriction, restrict
from ._stream import SkipCount, transformed_frames

__all__ = ["FeatureBatch", "RecordVectorizer"]


@dataclass(frozen=True)
class FeatureBatch:
    """Features of some consecutive records.

    Attributes:
        features: float32 ``[n, columns]``, of sequences ``[n, columns, steps]`` padded at the end.
        mask: float32 ``[n, steps]``, 1 where a sequence has a step; None where all are equally long.
        rows: position of each record in the data it came from, int64; None where records were
            grouped or sorted.
    """

    features: Array
    mask: Array | None
    rows: Array | None


class RecordVectorizer:
    """Turns raw records into features, as the process did that made the training data.

    Raw records at serving time lack the label, so steps that only the label needs do not run, and
    columns that only those look at may be missing: which these are follows from the process. Named
    data (tables, files with a header, dicts) are matched by name; the order of columns is free.

    Safe to use from several threads.

    Args:
        process: the process that made the training data.
        labels: names of the label columns after it.
        strict: refuse columns that the training data did not have, instead of ignoring them.

    Attributes:
        process: as given.
        strict: as given.
        feature_names: names of the feature columns in order.
        input_schema: the columns that raw records must have.
        left_out_steps: numbers of the steps that do not run.

    Raises:
        SchemaError: a label column that does not exist, no feature column, or one that is no number.

    >>> from datavec import Schema, TransformProcess
    >>> schema = Schema.builder().add_column_double("x").add_column_categorical(
    ...     "size", ["S", "L"]).add_column_categorical("label", ["no", "yes"]).build()
    >>> process = TransformProcess.builder(schema).categorical_to_integer("size").build()
    >>> vectorizer = RecordVectorizer(process, labels=["label"])
    >>> vectorizer.input_schema.column_names
    ['x', 'size']
    >>> vectorizer.record({"size": "L", "x": 1.5})
    array([[1.5, 1. ]], dtype=float32)
    """

    def __init__(
        self, process: TransformProcess, labels: Sequence[str] = (), *, strict: bool = False
    ) -> None:
        final = process.final_schema
        for label in labels:
            final.index_of(label)
        self.process = process
        self.strict = strict
        self.feature_names = [n for n in final.column_names if n not in labels]
        if not self.feature_names:
            raise SchemaError("RecordVectorizer: no feature column is left beside the labels")
        check_numeric(final, self.feature_names)
        found: Restriction = restrict(process, self.feature_names)
        self.left_out_steps = found.left_out
        self._process = found.process
        self._columns = RawColumns(process.initial_schema, found.required, found.absent, strict)
        self.input_schema = process.initial_schema.with_columns(
            m for m in process.initial_schema if m.name in found.required
        )
        self._is_plain = not (process.initial_schema.is_sequence or final.is_sequence) and not any(
            isinstance(final.metadata(n), NDArrayMetaData) for n in self.feature_names
        )
        self._by_name = _NamedValues(self._columns)

    def __repr__(self) -> str:
        return (
            f"<RecordVectorizer: {', '.join(self.input_schema.column_names):.60} → "
            f"{len(self.feature_names)} features>"
        )

    # --- single records -------------------------------------------------------------------------

    def record(self, record: Any) -> Array | None:
        """The features ``[1, columns]`` of one record; None when a filter removes it.

        Args:
            record: a dict by column name, or a list of values in the order of the training data's
                columns, with or without those that only the label needs. With sequences: a list of
                such steps, which gives ``[1, columns, steps]``.

        Raises:
            SchemaError: a column is missing, or there is another number of values.
            InvalidValueError: a step cannot work with a value, or a feature is missing.
        """
        if not self._is_plain:
            batch = next(self.batches([record]), None)
            return None if batch is None or not len(batch.features) else batch.features
        values = self._process.execute_record(self._by_name(record))
        if values is None:
            return None
        try:
            return np.array((values,), np.float32)
        except TypeError:  # a missing value; the columns' path names it
            frame = frame_from_records(self._process.final_schema, [values])
            return matrix(frame, tuple(self.feature_names))

    # --- many -----------------------------------------------------------------------------------

    def batches(
        self,
        data: Any,
        *,
        on_error: str = "raise",
        threads: int = 0,
        skipped: SkipCount | None = None,
        **options: Any,
    ) -> Iterator[FeatureBatch]:
        """Features of data in any form, some thousand records at a time.

        Args:
            data: a path to a CSV file; a pandas, polars, DuckDB or pyarrow table; a dict of columns;
                an iterable of records; or a record reader.
            on_error: ``raise``, or ``skip`` records that cannot be used.
            threads: worker threads; 0 works in the caller's thread.
            skipped: counts what was left out.
            options: how a CSV file is written (`delimiter`, `quote`, `header`, `encoding`).

        Raises:
            SchemaError: the data's columns are not those of the training data.
            InvalidValueError: naming the place, the column, what was expected and received.
        """
        source = RawSource(data, self._columns, **options)
        base = 0
        for batch, count in transformed_frames(
            self._process,
            source,
            on_error=on_error,
            threads=threads,
            finish=self._finish,
            errors=SkipCount() if skipped is None else skipped,
        ):
            if batch.rows is not None:
                batch = FeatureBatch(batch.features, batch.mask, batch.rows + base)
            base += count
            yield batch

    def _finish(self, frame: Frame, task: Any) -> tuple[FeatureBatch, int]:
        names = tuple(self.feature_names)
        rows = None
        if task is not None:
            rows = np.arange(frame.num_records) if frame.origin is None else frame.origin
        values = matrix(frame, names)
        mask = None
        if frame.offsets is not None:
            values, mask = padded(values, frame.offsets)
        return FeatureBatch(values, mask, rows), 0 if task is None else task.count


def padded(values: Array, offsets: Array) -> tuple[Array, Array | None]:
    """Steps ``[rows, columns]`` as sequences ``[n, columns, steps]`` and their mask, None where
    nothing is padded.
    """
    lengths = np.diff(offsets)
    steps = int(lengths.max(initial=0))
    example = np.repeat(np.arange(len(lengths)), lengths)
    step = np.arange(len(values)) - np.repeat(offsets[:-1], lengths)
    out = np.zeros((len(lengths), values.shape[1], steps), np.float32)
    out[example, :, step] = values
    if (lengths == steps).all():
        return out, None
    mask = np.zeros((len(lengths), steps), np.float32)
    mask[example, step] = 1.0
    return out, mask


class _NamedValues:
    """The values of a record in the order of the schema, made as quickly as Python can.

    Columns that nobody looks at hold an empty text: a usual value, unlike None.
    """

    def __init__(self, columns: RawColumns) -> None:
        self._match = RecordMatcher(columns, spare="")
        names = columns.schema.column_names
        needed = [n for n in names if n in columns.required]
        self._strict = columns.strict
        self._needed = needed
        self._get = itemgetter(*needed) if len(needed) > 1 else None
        spare = ("",) * (len(names) - len(needed))
        self._spare = spare
        places = iter(range(len(needed), len(names)))
        order = [needed.index(n) if n in columns.required else next(places) for n in names]
        self._order = itemgetter(*order) if order != sorted(order) else None

    def __call__(self, record: Any) -> Sequence[Any]:
        if self._get is not None and record.__class__ is dict and not self._strict:
            try:
                values: tuple[Any, ...] = self._get(record) + self._spare
            except KeyError:
                return self._match(record)
            return values if self._order is None else self._order(values)
        return self._match(record)
