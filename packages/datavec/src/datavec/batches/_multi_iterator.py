"""RecordReaderMultiDataSetIterator: several readers to batches of several arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nd4py.data import JavaRandom, MultiDataSet, MultiDataSetIterator

from .._errors import SchemaError
from .._policy import ErrorPolicy, ErrorReport
from ._examples import equal_parts
from ._identity import identity_or_object
from ._joint_reading import JointReading
from ._passes import AbstractPasses, memory_cache
from ._sequence_batches import AlignmentMode, ArraySpec, Chunk, check_lengths, pack

__all__ = ["RecordReaderMultiDataSetIterator"]


class RecordReaderMultiDataSetIterator(AbstractPasses, MultiDataSetIterator):
    """Batches with several inputs and outputs, taken from columns of several readers.

    Readers advance together, also those that no array is taken from; the pass ends with the shortest.
    There may be inputs only, or outputs only. Plain readers give [examples, columns],
    readers of sequences [examples, columns, steps] with masks.

    Answers to Deeplearning4j's ``RecordReaderMultiDataSetIterator``.

    Args:
        batch_size: examples per batch.
        alignment: of sequences of different lengths.
        random_offset_seed: start padded sequences at random steps, as Deeplearning4j does with this
            seed (``timeSeriesRandomOffset``).
        shuffle: examples among which each is drawn at random, together in all readers; 0 keeps
            their order.
        seed: of the random order; None takes a new one.
        on_error: ``raise``; ``skip`` examples that a reader cannot give, in all readers together; or
            ``replace`` their values. The counts are in `errors`.
        replacements: value per column, which is named by reader and position: ``table[2]``.
        cache: ``"memory"`` keeps the numbers of the first complete pass; they are read again when an
            option of a reader, or the name, size or time of a file has changed.

    >>> from datavec import CollectionRecordReader
    >>> reader = CollectionRecordReader([[1.0, 2.0, 0], [3.0, 4.0, 1]])
    >>> it = RecordReaderMultiDataSetIterator(2).add_reader("table", reader)
    >>> it = it.add_input("table", 0, 1).add_output_one_hot("table", 2, 2)
    >>> next(it).labels[0].shape
    (2, 2)
    """

    def __init__(
        self,
        batch_size: int,
        *,
        alignment: str | AlignmentMode = AlignmentMode.ALIGN_START,
        random_offset_seed: int | None = None,
        shuffle: int = 0,
        seed: int | None = None,
        cache: str | None = None,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
    ) -> None:
        MultiDataSetIterator.__init__(self)
        AbstractPasses.__init__(self, shuffle, seed)
        self._cache = memory_cache(cache)
        self._policy = ErrorPolicy.of(on_error, replacements)
        self._reading: JointReading | None = None
        if batch_size < 1:
            raise ValueError(f"batch_size must be positive, received {batch_size}")
        self._batch_size = batch_size
        self._alignment = AlignmentMode(alignment)
        self._random_offset_seed = random_offset_seed
        self._readers: dict[str, Any] = {}
        self._inputs: list[ArraySpec] = []
        self._outputs: list[ArraySpec] = []

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

    def add_reader(self, name: str, reader: Any) -> RecordReaderMultiDataSetIterator:
        """Add a reader of records or of sequences."""
        if name in self._readers:
            raise SchemaError(f'a reader named "{name}" exists already')
        self._readers[name] = reader
        return self

    def _spec(
        self, reader: str, first: int | None, last: int | None, classes: int | None
    ) -> ArraySpec:
        if reader not in self._readers:
            names = ", ".join(map(repr, self._readers)) or "none"
            raise SchemaError(f'no reader named "{reader}"; there are: {names}')
        return ArraySpec(reader, first, last, classes=classes)

    def add_input(
        self, reader: str, first: int | None = None, last: int | None = None
    ) -> RecordReaderMultiDataSetIterator:
        """Columns first to last (all when left out) become an input."""
        self._inputs.append(self._spec(reader, first, last, None))
        return self

    def add_input_one_hot(
        self, reader: str, column: int, num_classes: int
    ) -> RecordReaderMultiDataSetIterator:
        """A column of class indices becomes a one-hot input."""
        self._inputs.append(self._spec(reader, column, column, num_classes))
        return self

    def add_output(
        self, reader: str, first: int | None = None, last: int | None = None
    ) -> RecordReaderMultiDataSetIterator:
        """Columns first to last (all when left out) become an output."""
        self._outputs.append(self._spec(reader, first, last, None))
        return self

    def add_output_one_hot(
        self, reader: str, column: int, num_classes: int
    ) -> RecordReaderMultiDataSetIterator:
        """A column of class indices becomes a one-hot output."""
        self._outputs.append(self._spec(reader, column, column, num_classes))
        return self

    def _read(self) -> list[Any]:
        return list(self._readers.values())

    def _batches(self) -> Iterator[MultiDataSet]:
        if not self._inputs and not self._outputs:
            raise SchemaError("RecordReaderMultiDataSetIterator: add an input or an output first")
        offset_seed = self._random_offset_seed
        random = None if offset_seed is None else JavaRandom(offset_seed)
        size = self._batch_size
        identity = "\n".join(f"{n}: {identity_or_object(r)}" for n, r in self._readers.items())
        if self._reading is None:
            self._reading = JointReading(
                self._readers, size, policy=self._policy, one_hot_arrays=self._one_hot_arrays
            )
        parts = self._shared_pass(iter(self._reading), self._cache, identity)
        for joint in equal_parts(parts, size):
            count = len(joint)
            found = {chunk.name: chunk for chunk in joint.chunks}
            sequences = [c for c in found.values() if c.offsets is not None]
            for name in dict.fromkeys(s.reader for s in (*self._inputs, *self._outputs)):
                check_lengths(found[name], self._alignment)
            longest = np.ones(count, np.int64)
            for chunk in sequences:
                longest = np.maximum(longest, chunk.lengths)
            seed = None if random is None else random.next_long()
            packed = [
                self._pack(spec, found[spec.reader], longest, seed)
                for spec in (*self._inputs, *self._outputs)
            ]
            arrays, masks = [a for a, _ in packed], [m for _, m in packed]
            n = len(self._inputs)
            yield MultiDataSet(
                arrays[:n],
                arrays[n:],
                masks[:n] if any(m is not None for m in masks[:n]) else None,
                masks[n:] if any(m is not None for m in masks[n:]) else None,
            )

    def _one_hot_arrays(self, name: str, width: int) -> list[ArraySpec]:
        specs = (*self._inputs, *self._outputs)
        return [s for s in specs if s.reader == name and s.classes is not None]

    def _pack(self, spec: ArraySpec, chunk: Chunk, longest: Any, seed: int | None) -> Any:
        starts = None
        equal = self._alignment is AlignmentMode.EQUAL_LENGTH  # leaves no room to move in
        if seed is not None and chunk.offsets is not None and not equal:
            own, steps = JavaRandom(seed), int(longest.max())
            starts = np.array([own.next_int(steps - n + 1) for n in chunk.lengths.tolist()])
        return pack(spec, chunk, self._alignment, longest, starts)
