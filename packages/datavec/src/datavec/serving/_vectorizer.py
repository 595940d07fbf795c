"""RecordVectorizer: raw records to the feature arrays that a network was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import numpy as np

from .._errors import DataVecError, SchemaError
from .._policy import ErrorPolicy, ErrorReport
from ..batches._batch_columns import check_numeric
from ..batches._iterator import arrays_of, example_shape, matrix
from ..columns._frame import Array, Frame
from ..process._filter import AbstractFilter
from ..process._process import TransformProcess
from ..process._restriction import Restriction, restrict
from ..process._stream import transformed_frames
from ..schema._metadata import NDArrayMetaData
from ._raw_records import RawColumns, RawSource, RecordMatcher

__all__ = ["FeatureBatch", "RecordVectorizer"]

_FEW = 64  # up to so many records, single values are faster than columns


@dataclass(frozen=True)
class FeatureBatch:
    """Features of some consecutive records.

    Attributes:
        features: float32 ``[n, columns]``, of a column of arrays that stands alone ``[n, ...]``, of
            sequences ``[n, columns, steps]`` padded at the end.
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
    A user's own step that does not say what it `reads` may read the label, which is needed then.

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
        self._final = final
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
        self._in_order = _Values(self._columns)
        if self._is_plain:
            self._execute = self._process.record_executor()

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """The shape of one record's features, or of one step's: (columns,), or that of a column of arrays
        that stands alone.
        """
        return example_shape([self._final.metadata(n) for n in self.feature_names])

    @property
    def filters(self) -> bool:
        """Whether a step may remove records."""
        return any(isinstance(a, AbstractFilter) for a in self._process.actions)

    def __repr__(self) -> str:
        return (
            f"<RecordVectorizer: {', '.join(self.input_schema.column_names):.60} → "
            f"{len(self.feature_names)} features>"
        )

    # --- single records -------------------------------------------------------------------------

    def record(
        self,
        record: Any,
        *,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        errors: ErrorReport | None = None,
    ) -> Array | None:
        """The features ``[1, columns]`` of one record; None when a filter or the policy removes it.

        Args:
            record: a dict by column name, or a list of values in the order of the training data's
                columns, with or without those that only the label needs. With sequences: a list of
                such steps, which gives ``[1, columns, steps]``.
            on_error: ``raise``, or what else happens to values that cannot be used; see `batches`.
            replacements: see `batches`.
            errors: see `batches`.

        Raises:
            SchemaError: a column is missing, or there is another number of values.
            InvalidValueError: a step cannot work with a value, or a feature is missing.
        """
        if self._is_plain:
            try:
                values = self._execute(self._in_order(record))
                if values is None:
                    return None
                if None not in values:
                    with np.errstate(over="ignore"):
                        return np.array((values,), np.float32)
            except DataVecError:
                if ErrorPolicy.of(on_error, replacements).raises:
                    raise
            # What is left is a matter for columns: a policy, or a feature without a value.
        policy, report = ErrorPolicy.of(on_error, replacements), ErrorReport()
        batch = next(self.batches([record], on_error=policy, errors=report), None)
        if errors is not None:
            errors.merge(report)
        return None if batch is None or not len(batch.features) else batch.features

    # --- many -----------------------------------------------------------------------------------

    def batches(
        self,
        data: Any,
        *,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        errors: ErrorReport | None = None,
        threads: int = 0,
        **options: Any,
    ) -> Iterator[FeatureBatch]:
        """Features of data in any form, some thousand records at a time.

        Args:
            data: a path (``.parquet``, ``.arrow``, ``.feather``, ``.jsonl``, else CSV) or a binary stream
                of CSV or JSON lines; a pandas, polars, DuckDB or pyarrow table; a dict of columns; an
                iterable of records; or a record reader.
            on_error: ``raise``; ``skip`` records that cannot be used; or ``replace`` their values.
            replacements: value per column for those that are missing (the whole column may be), no
                number, or an unseen category.
            errors: gets the counts of what was skipped and replaced.
            threads: worker threads; 0 works in the caller's thread.
            options: how CSV is written: `delimiter`, `quote`, `encoding`, `skip_lines`, and `header`,
                whether the first line names the columns (looked at unless given).

        Raises:
            SchemaError: the data's columns are not those of the training data.
            InvalidValueError: naming the place, the column, what was expected and received.
        """
        if self._is_plain and isinstance(data, (list, tuple)) and 0 < len(data) <= _FEW:
            few = self._few(data)
            if few is not None:
                yield few
                return
        policy = ErrorPolicy.of(on_error, replacements)
        report = ErrorReport() if errors is None else errors
        source = RawSource(data, self._columns, policy, **options)
        base = 0
        for batch, count in transformed_frames(
            self._process,
            source,
            on_error=policy,
            threads=threads,
            finish=self._finish,
            errors=report,
            what="RecordVectorizer",
        ):
            rows = None if batch.rows is None else batch.rows + base
            base += count
            yield FeatureBatch(batch.features, batch.mask, rows)
        report.merge(source.errors)

    def _few(self, records: Sequence[Any]) -> FeatureBatch | None:
        """The features of a few records, one by one; None where one is out of the ordinary."""
        try:
            found = [self._execute(self._in_order(record)) for record in records]
            rows = [i for i, values in enumerate(found) if values is not None]
            kept = [values for values in found if values is not None]
            if not kept or any(None in values for values in kept):
                return None
            with np.errstate(over="ignore"):
                return FeatureBatch(np.array(kept, np.float32), None, np.array(rows, np.int64))
        except (DataVecError, TypeError):
            return None

    def labelled(self, data: Any, **options: Any) -> RawSource:
        """Data that have the label too, as a reader, matched by name as in `batches`.

        ``RecordReaderDataSetIterator(vectorizer.labelled("train.csv"), 32, transform=process,
        label_index="label")`` makes training batches.
        """
        everything = self.process.read_plan().needed
        columns = replace(self._columns, required=everything, absent=frozenset())
        return RawSource(data, columns, **options)

    def _finish(self, frame: Frame, task: Any) -> tuple[FeatureBatch, int]:
        names = tuple(self.feature_names)
        rows = None
        if task is not None:
            rows = np.arange(frame.num_records) if frame.origin is None else frame.origin
            rows = task.rows(rows)
        mask = None
        if frame.offsets is None:
            values = arrays_of(frame, names)
        else:
            values, mask = padded(matrix(frame, names), frame.offsets)
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


class _Values:
    """The values of one record in the order of the schema, made as quickly as Python can.

    Columns that nobody looks at hold an empty text: a usual value, unlike None.
    """

    def __init__(self, columns: RawColumns) -> None:
        self._match = RecordMatcher(columns, spare="")
        names = columns.schema.column_names
        needed = columns.needed
        self._spare = ("",) * (len(names) - len(needed))
        # A dict's values come in the order that is asked for; the spare ones are then put between.
        places = iter(range(len(needed), len(names)))
        order = [needed.index(n) if n in columns.required else next(places) for n in names]
        self._arrange = itemgetter(*order) if order != sorted(order) else None
        self._get = itemgetter(*needed) if len(needed) > 1 and not columns.strict else None

    def __call__(self, record: Any) -> Sequence[Any]:
        if self._get is not None and record.__class__ is dict:
            try:
                values: tuple[Any, ...] = self._get(record) + self._spare
            except KeyError:
                return self._match(record)
            return values if self._arrange is None else self._arrange(values)
        return self._match(record)
