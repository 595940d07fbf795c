"""RecordReaderDataSetIterator: records to training batches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from nd4py.data import DataSet, DataSetIterator

from .._errors import InvalidValueError, SchemaError
from .._parallel import available_cpus, ordered_map
from .._policy import ErrorPolicy, ErrorReport
from ..columns._convert import to_type
from ..columns._frame import Array, Frame
from ..columns._ndarray_column import NDARRAY, stacked, to_arrays
from ..process._process import TransformProcess
from ..process._stream import transformed_frames, with_reader
from ..schema._metadata import (
    AbstractColumnMetaData,
    CategoricalMetaData,
    NDArrayMetaData,
)
from ..schema._schema import Schema
from ..transforms._categorical import state_codes
from ._batch_cache import FileCache, make_cache
from ._batch_columns import BatchColumns, LabelChoice, choose_columns, schema_of
from ._examples import Rows, closing_source, equal_parts
from ._identity import identity_of_files, identity_or_object
from ._passes import AbstractPasses, ShardedSource, every

if TYPE_CHECKING:
    from nd4py.normalizers import AbstractNormalizer

__all__ = ["RecordReaderDataSetIterator"]

_ROWS_AT_A_TIME = 2048  # so that a stripe of the matrix stays in the cache while it is filled


class RecordReaderDataSetIterator(AbstractPasses, DataSetIterator):
    """Batches of float32 features and labels from a record reader.

    Parsing, transforming and packing run in threads ahead of the consumer, a block of the file at
    a time; batches are slices of the packed block, without a copy. Passes are numbered (`epoch`); with
    a seed the order of each follows from its number, whatever the number of threads.

    Answers to Deeplearning4j's ``RecordReaderDataSetIterator``.

    Args:
        reader: a record reader; also a pyarrow Table, or anything with ``__arrow_c_stream__``,
            when `transform` or `schema` names its columns.
        batch_size: examples per batch; the last batch may have fewer.
        label_index: label column, by position (−1 = last) or name, counted after `transform`.
        label_from: first label column for regression on several columns.
        label_to: last label column, inclusive.
        num_classes: length of one-hot labels; known by itself for a Categorical label column.
        regression: labels are the raw values of the label columns.
        transform: process applied to the records.
        schema: schema of the records without `transform`; the default is the reader's own, and
            else Double columns.
        preprocessor: normalizer or other preprocessor applied to each batch.
        collect_metadata: attach to each DataSet where its examples came from.
        max_num_batches: batches per pass at most.
        prefetch: threads that work ahead; 0 works in the caller's thread.
        on_error: ``raise``; ``skip`` records that cannot be used; or ``replace`` their values. The
            counts are in `errors`.
        replacements: value per column for those that are missing, no number, or an unseen category.
        shuffle: examples among which each is drawn at random (about so many are held); 0 keeps their
            order.
        seed: of the random order; None takes a new one.
        cache: ``"memory"``, or the path of a file, keeps the examples of the first complete pass, as
            they are before shuffling and `preprocessor`. They are made anew when the transform, the
            label columns, an option of the reader, or the name, size or time of a file has changed.
        cache_key: a text that you change when the data change, for sources that are not files.

    With no label and no number of classes the labels are the features. With a label column but
    neither `num_classes` nor `regression` the column is left out and labels are None.

    Raises:
        SchemaError: a label column that does not exist, or a feature column that is no number.
        InvalidValueError: a value that is no number, or a class index out of range; the message
            names file, line and column.
    """

    def __init__(
        self,
        reader: Any,
        batch_size: int,
        *,
        label_index: int | str | None = None,
        label_from: int | str | None = None,
        label_to: int | str | None = None,
        num_classes: int | None = None,
        regression: bool = False,
        transform: TransformProcess | None = None,
        schema: Schema | None = None,
        preprocessor: Any = None,
        collect_metadata: bool = False,
        max_num_batches: int | None = None,
        prefetch: int = 2,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        shuffle: int = 0,
        seed: int | None = None,
        cache: str | os.PathLike[str] | None = None,
        cache_key: str | None = None,
    ) -> None:
        DataSetIterator.__init__(self)
        AbstractPasses.__init__(self, shuffle, seed)
        if batch_size < 1:
            raise ValueError(f"batch_size must be positive, received {batch_size}")
        if label_index is not None and label_from is not None:
            raise ValueError("give label_index, or label_from and label_to, not both")
        self._reader = reader
        self._batch_size = batch_size
        label = label_from if label_index is None else label_index
        if label is None and num_classes is None and not regression and transform is None:
            num_classes = getattr(reader, "num_label_classes", None)  # of image readers
        self._labels_chosen = LabelChoice(label, label_to, num_classes, regression)
        self._transform = transform
        self._given_schema = schema
        self._collect_metadata = collect_metadata
        self._max_num_batches = max_num_batches
        self._prefetch = prefetch
        self._policy = ErrorPolicy.of(on_error, replacements)
        self._errors = ErrorReport()
        self._kept_errors: ErrorReport | None = None
        self._cache = make_cache(cache, collect_metadata=collect_metadata)
        self._cache_key = cache_key
        self._plan: tuple[TransformProcess, BatchColumns] | None = None
        self._per_batch: Any = None
        self.preprocessor = preprocessor

    def __repr__(self) -> str:
        return f"<RecordReaderDataSetIterator: batches of {self._batch_size} rows from {self._reader!r}>"

    # --- what is known beforehand ----------------------------------------------------------------

    @property
    def batch_size(self) -> int:
        return self._batch_size

    @property
    def skipped(self) -> int:
        """Records left out in the current or last pass; `errors` says why."""
        return self.errors.skipped

    @property
    def errors(self) -> ErrorReport:
        """What was left out or replaced in the current or last pass, by steps and reader."""
        if self._kept_errors is not None:
            return self._kept_errors
        return with_reader(self._errors, self._reader)

    @property
    def input_columns(self) -> int:
        """Number of feature columns."""
        process, columns = self._prepared()
        return sum(_width(process.final_schema.metadata(n)) for n in columns.features)

    @property
    def total_outcomes(self) -> int:
        """Number of label columns."""
        columns = self._prepared()[1]
        if columns.labels_are_features:
            return self.input_columns
        return columns.num_classes or len(columns.labels)

    @property
    def labels(self) -> list[str] | None:
        """Class names, where the label column is Categorical or the reader numbers its own labels."""
        process, columns = self._prepared()
        if len(columns.labels) == 1:
            meta = process.final_schema.metadata(columns.labels[0])
            if isinstance(meta, CategoricalMetaData):
                return list(meta.state_names)
        known = getattr(self._reader, "num_label_classes", None)
        if known is not None and columns.num_classes == known and not process.actions:
            return list(self._reader.labels)
        return None

    @property
    def feature_names(self) -> list[str]:
        """Names of the feature columns in order."""
        return list(self._prepared()[1].features)

    def _prepared(self) -> tuple[TransformProcess, BatchColumns]:
        if self._plan is None:
            process = self._transform
            if process is None:
                process = TransformProcess(
                    schema_of(self._reader, self._given_schema, self._labels_chosen), ()
                )
            if process.final_schema.is_sequence:
                raise SchemaError(
                    "RecordReaderDataSetIterator: the transform makes sequences; "
                    "it must end with plain records"
                )
            self._plan = process, choose_columns(process.final_schema, self._labels_chosen)
        return self._plan

    @property
    def reset_supported(self) -> bool:
        """False for a stream that can be read only once, unless its examples are cached."""
        return self._cache is not None or not _read_once(self._reader)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """One pass as an Arrow stream with the columns ``features`` and ``labels``, a batch each."""
        from ..columns._tensors import batch_stream

        def one_pass() -> Iterator[DataSet]:
            iter(self)  # from the start
            while self.has_next():
                yield self.next()

        widths = self.input_columns, self.total_outcomes
        return batch_stream(one_pass(), widths).__arrow_c_stream__(requested_schema)

    # --- a pass ---------------------------------------------------------------------------------

    def _batches(self) -> Iterator[DataSet]:
        process, columns = self._prepared()
        self._errors = ErrorReport()
        # Normalizers treat each example by itself, so they can run on whole blocks in the threads
        # ahead; any other preprocessor gets the batches as they will be.
        normalizer = _normalizer(self.preprocessor)
        self._per_batch = self.preprocessor if normalizer is None else None
        rows = self._examples(_pruned(process, columns), columns, normalizer)
        # The pass must not hold on to this object: dropping the iterator then ends its threads.
        return _data_sets(
            self._begin_pass(rows),
            self._batch_size,
            self._max_num_batches,
            columns,
            label_names=self.labels,
        )

    def _read(self) -> list[Any]:
        return [self._reader]

    def _examples(
        self,
        process: TransformProcess,
        columns: BatchColumns,
        normalizer: AbstractNormalizer | None,
    ) -> Iterator[Rows]:
        """The examples of a pass in the order of the source, of one shard if this is one."""
        cache, shard, errors = self._cache, self._shard, self._errors
        threads = min(self._prefetch, available_cpus())
        source = self._reader
        if hasattr(source, "in_batches_of"):  # so that large examples need no copying
            early = normalizer if cache is None and not process.actions else None
            source = source.in_batches_of(self._batch_size, early)
            normalizer = None if source.normalizes else normalizer
        late = shard is not None and (
            any(a.whole_data for a in process.actions) or isinstance(cache, FileCache)
        )
        if shard is not None and not late:
            source = ShardedSource(process, source, shard)
        made: Iterator[Rows] = transformed_frames(
            process,
            source,
            on_error=self._policy,
            threads=threads,
            finish=_Packer(columns, self._collect_metadata, normalizer if cache is None else None),
            errors=errors,
            what="RecordReaderDataSetIterator",
        )
        self._kept_errors = None
        if cache is not None:
            reader = self._reader
            identity = self._identity(process, columns, None if late else shard)
            kept = cache.kept(identity)
            if kept is None:
                made = cache.keeping(made, identity, lambda: with_reader(errors, reader))
            else:
                made, self._kept_errors = kept
        if shard is not None and late:
            made = every(made, shard)
        if cache is not None and normalizer is not None:
            finish = partial(_normalized, columns=columns, normalizer=normalizer)
            made = ordered_map(finish, made, threads=threads, ahead=threads + 2)
        return made

    def _identity(
        self, process: TransformProcess, columns: BatchColumns, shard: tuple[int, int] | None
    ) -> str:
        """What a cache must have been made of to be used."""
        if self._cache_key is not None:
            source = self._cache_key
        elif isinstance(self._cache, FileCache):
            source = identity_of_files(self._reader)
        else:
            source = identity_or_object(self._reader)
        options = (self._policy.action, sorted(self._policy.replacements.items()), shard)
        return "\n".join([process.to_json(), repr(columns), repr(options), source])

    def __next__(self) -> DataSet:
        batch, self._ahead = self._ahead, None
        if batch is None:
            batch = self._fetch()
            if batch is None:
                raise StopIteration
        if self._per_batch is not None:
            batch = batch.copy(deep=False)
            self._per_batch.preprocess(batch)
        return batch

    def load_from_metadata(self, metadata: Iterable[Any]) -> DataSet:
        """Read single examples again, by the metadata that `collect_metadata` attached."""
        process, columns = self._prepared()
        from ..columns._arrow_io import frame_from_records

        records = self._reader.load_from_metadata(metadata)
        frame = process.run(frame_from_records(process.initial_schema, records))
        rows = _Packer(columns, False, None)(frame)
        (data,) = _data_sets([rows], max(1, len(rows)), None, columns, label_names=self.labels)
        if self.preprocessor is not None:
            self.preprocessor.preprocess(data)
        return data


def _normalizer(preprocessor: Any) -> AbstractNormalizer | None:
    if preprocessor is None:
        return None  # a worker without one does not import them
    from nd4py.normalizers import AbstractNormalizer

    return preprocessor if isinstance(preprocessor, AbstractNormalizer) else None


def _read_once(source: Any) -> bool:
    """Whether a source is at its end after one pass: generators, streams of record batches."""
    return isinstance(source, Iterator) and not hasattr(source, "reset")


def _data_sets(
    rows: Iterable[Rows],
    size: int,
    limit: int | None,
    columns: BatchColumns,
    *,
    label_names: list[str] | None,
) -> Iterator[DataSet]:
    """Cut rows into DataSets of `size` examples, at most `limit` of them."""
    with closing_source(rows):
        for part in islice(equal_parts(rows, size), limit):
            labels = part.features if columns.labels_are_features else part.labels
            yield DataSet(part.features, labels, label_names=label_names, metadata=part.metadata)


def _pruned(process: TransformProcess, columns: BatchColumns) -> TransformProcess:
    """The process followed by dropping what is neither feature nor label, so it is never parsed."""
    from ..transforms import RemoveAllColumnsExceptForTransform

    kept = columns.features + columns.labels
    if len(kept) == len(process.final_schema):
        return process
    return replace(process, actions=(*process.actions, RemoveAllColumnsExceptForTransform(kept)))


class _Packer:
    """Turns a frame into a feature matrix and a label matrix."""

    def __init__(
        self, columns: BatchColumns, collect_metadata: bool, normalizer: AbstractNormalizer | None
    ) -> None:
        self.columns = columns
        self.collect_metadata = collect_metadata
        self.normalizer = normalizer

    def __call__(self, frame: Frame, task: Any = None) -> Rows:
        columns = self.columns
        features = arrays_of(frame, columns.features)
        labels: Array | None = None
        if columns.num_classes is not None:
            labels = _one_hot(frame, columns.labels[0], columns.num_classes)
        elif columns.labels:
            labels = arrays_of(frame, columns.labels)
        metadata = task.metadata(frame) if self.collect_metadata and task is not None else None
        rows = Rows(features, labels, metadata)
        if self.normalizer is None:
            return rows
        return _normalized(rows, columns=columns, normalizer=self.normalizer)


def _normalized(rows: Rows, *, columns: BatchColumns, normalizer: AbstractNormalizer) -> Rows:
    data = DataSet(rows.features, rows.features if columns.labels_are_features else rows.labels)
    normalizer.preprocess(data)
    labels = None if rows.labels is None else np.asarray(data.labels)
    return Rows(np.asarray(data.features), labels, rows.metadata)


def matrix(frame: Frame, names: tuple[str, ...]) -> Array:
    """Columns as a C-contiguous float32 matrix [rows, columns]; raises InvalidValueError."""
    values: list[Array] = []
    for name in names:
        if isinstance(frame.schema.metadata(name), NDArrayMetaData):
            values.extend(_flat_columns(frame, name))
        else:
            values.append(frame.numbers(name))
    out = np.empty((frame.num_rows, len(values)), np.float32)
    with np.errstate(over="ignore"):
        for start in range(0, frame.num_rows, _ROWS_AT_A_TIME):
            stripe = slice(start, start + _ROWS_AT_A_TIME)
            target = out[stripe]
            for j, column in enumerate(values):
                target[:, j] = column[stripe]
    return out


def arrays_of(frame: Frame, names: tuple[str, ...]) -> Array:
    """A single column of arrays stacked, of float32 values without a copy; several as `matrix`."""
    meta = frame.schema.metadata(names[0])
    if len(names) == 1 and isinstance(meta, NDArrayMetaData):
        return _stacked(frame, names[0], example_shape([meta]))
    if len(names) == 1:
        values = frame.numbers(names[0])
        if values.dtype == np.float32:
            return values.reshape(-1, 1)
    return matrix(frame, names)


def example_shape(columns: Sequence[AbstractColumnMetaData]) -> tuple[int, ...]:
    """The shape of one example of these columns: that of a single column of arrays, else (width,)."""
    shape = columns[0].shape if isinstance(columns[0], NDArrayMetaData) else ()
    if len(columns) == 1 and len(shape) > 2:
        return shape[1:] if shape[0] == 1 else shape
    return (sum(map(_width, columns)),)


def _stacked(frame: Frame, name: str, shape: tuple[int, ...]) -> Array:
    """A column of arrays as [rows, *shape]; raises InvalidValueError."""
    column = to_type(frame.column(name), NDARRAY, name)
    found = stacked(column, shape)
    if found is None:
        size = int(np.prod(shape))
        arrays = to_arrays(column)
        bad = [i for i, a in enumerate(arrays) if a is None or a.size != size]
        raise InvalidValueError(name, f"an array of {size} values", arrays[bad[0]], bad)
    return found


def _width(meta: AbstractColumnMetaData) -> int:
    """Feature columns that a schema column gives: arrays are spread out."""
    return int(np.prod(meta.shape)) if isinstance(meta, NDArrayMetaData) else 1


def _flat_columns(frame: Frame, name: str) -> Array:
    return _stacked(frame, name, (_width(frame.schema.metadata(name)),)).T


def _one_hot(frame: Frame, name: str, classes: int) -> Array:
    meta = frame.schema.metadata(name)
    if isinstance(meta, CategoricalMetaData):
        codes = state_codes(frame, name, meta.state_names)
    else:
        codes = frame.ints(name)
        bad = (codes < 0) | (codes >= classes)
        if bad.any():
            rows = np.flatnonzero(bad)
            raise InvalidValueError(
                name, f"a class index from 0 to {classes - 1}", int(codes[rows[0]]), rows.tolist()
            )
    out = np.zeros((len(codes), classes), np.float32)
    out[np.arange(len(codes)), codes] = 1.0
    return out
