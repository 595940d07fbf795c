"""SequenceRecordReaderDataSetIterator: sequences to training batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nd4py.data import DataSet, DataSetIterator

from .._errors import SchemaError
from .._policy import ErrorPolicy, ErrorReport
from ..readers import AbstractSequenceRecordReader
from ._examples import equal_parts
from ._identity import identity_or_object
from ._joint_reading import JointReading
from ._passes import AbstractPasses, memory_cache
from ._sequence_batches import AlignmentMode, ArraySpec, check_lengths, pack

__all__ = ["SequenceRecordReaderDataSetIterator"]


class SequenceRecordReaderDataSetIterator(AbstractPasses, DataSetIterator):
    """Batches [examples, columns, steps] from one or two readers of sequences.

    With one reader, a column of every step is the label; sequences of different lengths are padded at
    the end and masked. With two readers, the second gives the labels, by default of the same length.

    Answers to Deeplearning4j's ``SequenceRecordReaderDataSetIterator``.

    Args:
        reader: sequences of the features, and of the labels unless `labels_reader` is given.
        batch_size: examples per batch.
        labels_reader: sequences of the labels.
        label_index: label column, for one reader; None gives batches without labels.
        num_classes: one-hot size.
        regression: use the values of the label column (one reader with ``num_classes > 1``: of all
            columns from `label_index` to the last).
        alignment: for two readers, or one (default there: ALIGN_START).
        collect_metadata: attach where examples came from.
        shuffle: sequences among which each is drawn at random; 0 keeps their order.
        seed: of the random order; None takes a new one.
        on_error: ``raise``; ``skip`` examples that a reader cannot give, in all readers together; or
            ``replace`` their values. The counts are in `errors`.
        replacements: value per column, which is named by reader and position: ``features[2]``, ``labels[0]``.
        cache: ``"memory"`` keeps the numbers of the first complete pass; they are read again when an
            option of the reader, or the name, size or time of a file has changed.

    Raises:
        ZeroLengthSequenceError: a sequence without steps.
        DataVecError: lengths that differ where they must not; a class out of range.
    """

    def __init__(
        self,
        reader: AbstractSequenceRecordReader,
        batch_size: int,
        *,
        labels_reader: AbstractSequenceRecordReader | None = None,
        label_index: int | None = None,
        num_classes: int | None = None,
        regression: bool = False,
        alignment: str | AlignmentMode | None = None,
        collect_metadata: bool = False,
        shuffle: int = 0,
        seed: int | None = None,
        cache: str | None = None,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
    ) -> None:
        DataSetIterator.__init__(self)
        AbstractPasses.__init__(self, shuffle, seed)
        self._cache = memory_cache(cache)
        self._policy = ErrorPolicy.of(on_error, replacements)
        self._reading: JointReading | None = None
        if batch_size < 1:
            raise ValueError(f"batch_size must be positive, received {batch_size}")
        if (
            not regression
            and num_classes is None
            and (label_index is not None or labels_reader is not None)
        ):
            raise SchemaError("classification needs num_classes; set regression=True otherwise")
        self._reader = reader
        self._labels_reader = labels_reader
        self._batch_size = batch_size
        self._label_index = label_index
        self._num_classes = num_classes
        self._regression = regression
        default = AlignmentMode.ALIGN_START if labels_reader is None else AlignmentMode.EQUAL_LENGTH
        self._alignment = default if alignment is None else AlignmentMode(alignment)
        self._collect_metadata = collect_metadata

    @property
    def batch_size(self) -> int:
        return self._batch_size

    @property
    def errors(self) -> ErrorReport:
        """What was left out or replaced when the readers were last read."""
        return ErrorReport() if self._reading is None else self._reading.errors

    @property
    def skipped(self) -> int:
        """Examples left out; `errors` says why."""
        return self.errors.skipped

    def _specs(self, width: int) -> tuple[ArraySpec, ArraySpec | None]:
        classes = None if self._regression else self._num_classes
        if self._labels_reader is not None:
            first = 0 if classes is not None else None
            return ArraySpec("features"), ArraySpec("labels", first, classes=classes)
        if self._label_index is None:
            return ArraySpec("features"), None
        label = width + self._label_index if self._label_index < 0 else self._label_index
        last = label
        if self._regression and (self._num_classes or 1) > 1:
            last = width - 1
        features = ArraySpec("features", without=tuple(range(label, last + 1)))
        return features, ArraySpec("features", label, last, classes=classes)

    def _one_hot_arrays(self, name: str, width: int) -> list[ArraySpec]:
        label = self._specs(width)[1]
        wanted = label is not None and label.reader == name and label.classes is not None
        return [label] if wanted and label is not None else []

    def _read(self) -> list[Any]:
        return [self._reader, self._labels_reader]

    def _batches(self) -> Iterator[DataSet]:
        readers = {"features": self._reader}
        if self._labels_reader is not None:
            readers["labels"] = self._labels_reader
        size = self._batch_size
        identity = "\n".join(identity_or_object(r) for r in readers.values())
        if self._reading is None:
            self._reading = JointReading(readers, size, True, self._policy, self._one_hot_arrays)
        parts = self._shared_pass(iter(self._reading), self._cache, identity)
        for joint in equal_parts(parts, size):
            chunk, label_chunk = joint.chunks[0], joint.chunks[-1]
            for part in (chunk, label_chunk):
                check_lengths(part, self._alignment)
            longest = np.maximum(chunk.lengths, label_chunk.lengths)
            feature_spec, label_spec = self._specs(chunk.values.shape[1])
            x, x_mask = pack(feature_spec, chunk, self._alignment, longest)
            y: Any = None
            y_mask: Any = None
            if label_spec is not None:
                y, y_mask = pack(label_spec, label_chunk, self._alignment, longest)
            metadata = chunk.metadata if self._collect_metadata else None
            yield DataSet(x, y, x_mask, y_mask, metadata=metadata)
