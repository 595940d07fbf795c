"""DataSet: features and labels of one batch, with masks and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._arrays import asarray, from_numpy, rewrap, to_numpy, values_of
from .._java_random import JavaRandom
from ..formats._streams import DEFAULT_MAX_BYTES, Source, Target
from . import _feature_arithmetic as arithmetic
from ._merging import merge_arrays
from ._selection import Rows, row_selection, select
from ._shuffling import shuffle_order

__all__ = ["DataSet", "SplitTestAndTrain"]

PARTS = ("features", "labels", "features_mask", "labels_mask")


class SplitTestAndTrain(NamedTuple):
    """The two parts of ``DataSet.split_test_and_train``."""

    train: DataSet
    test: DataSet


class DataSet:
    """Features and labels of some examples; axis 0 counts the examples.

    Any part may be None. ``features`` has any rank: ``[n, columns]``, series ``[n, size, time]``,
    images ``[n, channels, height, width]``; masks are ``[n, time]`` or ``[n, 1]``. ``label_names``
    name the classes and are stored in files; ``column_names`` and ``metadata`` (one entry per
    example) are not.

    Methods named like in-place methods of Deeplearning4j replace arrays of this object; they never
    write into the memory of an array that was given.

    Answers to ``org.nd4j.linalg.dataset.DataSet``.

    >>> data = DataSet([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    >>> [part.num_examples for part in data.split_test_and_train(2)]
    [2, 1]
    """

    __slots__ = (*PARTS, "column_names", "label_names", "metadata")

    def __init__(
        self,
        features: Any = None,
        labels: Any = None,
        features_mask: Any = None,
        labels_mask: Any = None,
        *,
        label_names: Iterable[str] | None = None,
        column_names: Iterable[str] | None = None,
        metadata: Iterable[Any] | None = None,
    ) -> None:
        self.features = None if features is None else asarray(features)
        same = labels is features  # stays so: a file then stores the array once
        self.labels = self.features if same else (None if labels is None else asarray(labels))
        self.features_mask = None if features_mask is None else asarray(features_mask)
        self.labels_mask = None if labels_mask is None else asarray(labels_mask)
        self.label_names = None if label_names is None else list(label_names)
        self.column_names = None if column_names is None else list(column_names)
        self.metadata = None if metadata is None else list(metadata)

    # ------------------------------------------------------------------------------- sizes

    @property
    def num_examples(self) -> int:
        """Examples, from the features or else the labels; 0 without both."""
        for part in (self.features, self.labels):
            if part is not None:
                return int(part.shape[0])
        return 0

    @property
    def num_inputs(self) -> int:
        """Columns, or size of a step, or channels of the features."""
        return _columns(self.features)

    @property
    def num_outcomes(self) -> int:
        """Columns of the labels."""
        return _columns(self.labels)

    @property
    def is_empty(self) -> bool:
        """Whether all arrays are absent."""
        return all(getattr(self, part) is None for part in PARTS)

    @property
    def has_mask_arrays(self) -> bool:
        """Whether a mask is present."""
        return self.features_mask is not None or self.labels_mask is not None

    def __len__(self) -> int:
        return self.num_examples

    def __repr__(self) -> str:
        shown = []
        for part in PARTS:
            array = getattr(self, part)
            if array is not None:
                shown.append(f"{part}={list(array.shape)}")
        return f"DataSet({', '.join(shown)})"

    def validate(self) -> None:
        """Raise ValueError when the arrays do not have the same number of examples."""
        for part in PARTS:
            array = getattr(self, part)
            if array is not None and array.shape[0] != self.num_examples:
                raise ValueError(
                    f"DataSet: {part} has shape {list(array.shape)}, expected "
                    f"{self.num_examples} examples as in the features"
                )

    # --------------------------------------------------------------------------- selection

    def __getitem__(self, rows: Rows) -> DataSet:
        """Some examples, ranks kept; a slice shares memory."""
        made = DataSet(label_names=self.label_names, column_names=self.column_names)
        chosen = row_selection(rows, self.num_examples)
        for part in PARTS:
            array = getattr(self, part)
            if array is not None:
                setattr(made, part, rewrap(to_numpy(array)[chosen], array))
        if self.labels is self.features:
            made.labels = made.features
        if self.metadata is not None:
            made.metadata = select(self.metadata, chosen)
        return made

    def __iter__(self) -> Iterator[DataSet]:
        return iter(self.as_list())

    def get(self, rows: int | Sequence[int]) -> DataSet:
        """One example or some examples in the given order."""
        return self[rows]

    def get_range(self, start: int, stop: int) -> DataSet:
        """Examples ``start`` … ``stop - 1``."""
        return self[start:stop]

    def as_list(self) -> list[DataSet]:
        """One DataSet per example."""
        return [self[i] for i in range(self.num_examples)]

    def batch_by(self, size: int) -> list[DataSet]:
        """Batches of ``size`` examples in order; the last may be smaller."""
        if size < 1:
            raise ValueError(f"batch size must be positive, received {size}")
        return [self[i : i + size] for i in range(0, self.num_examples, size)]

    def batch_by_num_labels(self) -> list[DataSet]:
        """Batches of as many examples as there are classes."""
        return self.batch_by(self.num_outcomes)

    def sample(
        self, size: int, seed: int | None = None, *, with_replacement: bool = False
    ) -> DataSet:
        """``size`` examples drawn at random."""
        random = np.random.default_rng(seed)
        return self[random.choice(self.num_examples, size, replace=with_replacement)]

    def split_test_and_train(
        self, holdout: int | float, random: JavaRandom | None = None
    ) -> SplitTestAndTrain:
        """Split into the first ``holdout`` examples (train) and the rest (test).

        A float is the fraction of examples to train with. With ``random`` this DataSet is first
        shuffled with the seed ``random.next_long()``, as in the original.

        Raises ValueError unless both parts get examples.
        """
        count = self.num_examples
        size = int(count * holdout) if isinstance(holdout, float) else int(holdout)
        if not 0 < size < count:
            raise ValueError(
                f"split_test_and_train: {size} of {count} examples to train with (from "
                f"{holdout!r}), expected 1 to {count - 1}"
            )
        if random is not None:
            self.shuffle(random.next_long())
        return SplitTestAndTrain(self[:size], self[size:])

    def shuffle(self, seed: int | None = None) -> None:
        """Shuffle the examples: uniformly, or with ``seed`` exactly as Deeplearning4j does."""
        if seed is None:
            self._take(np.random.default_rng().permutation(self.num_examples))
        else:
            self._take(shuffle_order(self.num_examples, seed))

    def _take(self, order: np.ndarray) -> None:
        taken = self[order]
        for name in (*PARTS, "metadata"):
            setattr(self, name, getattr(taken, name))

    def copy(self, *, deep: bool = True) -> DataSet:
        """A DataSet with copied arrays, or (``deep=False``) with the same ones."""
        made = DataSet(
            label_names=self.label_names, column_names=self.column_names, metadata=self.metadata
        )
        for part in PARTS:
            array = getattr(self, part)
            setattr(
                made,
                part,
                rewrap(to_numpy(array).copy(), array) if deep and array is not None else array,
            )
        if self.labels is self.features:
            made.labels = made.features
        return made

    # ------------------------------------------------------------------------------ labels

    def outcome(self) -> int:
        """The class of the first example; raises ValueError without labels."""
        return int(self._classes("outcome")[0])

    def label_counts(self) -> dict[int, int]:
        """Examples per class that occurs, by class index."""
        classes, counts = np.unique(self._classes("label_counts"), return_counts=True)
        return dict(zip(classes.tolist(), counts.tolist(), strict=True))

    def filter_by(self, labels: Sequence[int]) -> DataSet:
        """The examples whose class is among ``labels``."""
        return self[np.flatnonzero(np.isin(self._classes("filter_by"), list(labels)))]

    def filter_and_strip(self, labels: Sequence[int]) -> None:
        """Keep the examples whose class is among ``labels``; their position there is the new class."""
        kept = self.filter_by(labels)
        classes = values_of(kept.labels)
        one_hot = np.zeros((classes.shape[0], len(labels)), classes.dtype)
        position = {label: i for i, label in enumerate(labels)}
        one_hot[np.arange(classes.shape[0]), [position[c] for c in classes.argmax(1).tolist()]] = 1
        for name in (*PARTS, "metadata"):
            setattr(self, name, getattr(kept, name))
        self.labels = from_numpy(one_hot)

    def sort_by_label(self) -> None:
        """Order the examples by turns: class 0, 1, … as long as every class has one, then by class."""
        classes = self._classes("sort_by_label")
        rows = [np.flatnonzero(classes == label) for label in range(self.num_outcomes)]
        turns = min(len(r) for r in rows)
        order = [r[turn] for turn in range(turns) for r in rows]
        self._take(np.array(order + [row for r in rows for row in r[turns:]], dtype=np.intp))

    def sort_and_batch_by_num_labels(self) -> list[DataSet]:
        """``sort_by_label``, then batches of as many examples as there are classes."""
        self.sort_by_label()
        return self.batch_by_num_labels()

    def label_name(self, index: int) -> str:
        """Name of a class; raises ValueError without names, IndexError when there are too few."""
        if self.label_names is None:
            raise ValueError("DataSet: no label names have been set")
        return self.label_names[index]

    def _classes(self, method: str) -> np.ndarray:
        if self.labels is None or len(self.labels.shape) != 2:
            shape = None if self.labels is None else list(self.labels.shape)
            raise ValueError(f"{method}: expected labels [examples, classes], received {shape}")
        return np.asarray(values_of(self.labels).argmax(axis=1))

    # -------------------------------------------------------------------------- arithmetic

    def normalize(self) -> None:
        """Standardise each feature with the population standard deviation."""
        self._map(arithmetic.standardize, 0)

    def normalize_zero_mean_zero_unit_variance(self) -> None:
        """Standardise each feature with the sample standard deviation."""
        self._map(arithmetic.standardize, 1)

    def scale(self) -> None:
        """Divide each example by its largest feature."""
        self._map(arithmetic.scale_by_row_max)

    def scale_min_and_max(self, minimum: float, maximum: float) -> None:
        """Bring each feature into ``[minimum, maximum]``."""
        self._map(arithmetic.scale_to_range, minimum, maximum)

    def squish_to_range(self, minimum: float, maximum: float) -> None:
        """Clip the features to ``[minimum, maximum]``."""
        self._map(np.clip, minimum, maximum)

    def binarize(self, cutoff: float = 0.0) -> None:
        """1 for features above ``cutoff``, else 0."""
        self._map(arithmetic.binarize, cutoff)

    def round_to_the_nearest(self, multiplier: int) -> None:
        """Round the features to whole numbers, then multiply them by ``multiplier``."""
        self._map(arithmetic.round_and_multiply, multiplier)

    def multiply_by(self, factor: float) -> None:
        """Multiply the features."""
        self._map(np.multiply, factor)

    def divide_by(self, divisor: float) -> None:
        """Divide the features."""
        self._map(np.divide, divisor)

    def add_feature_vector(self, columns: Any) -> None:
        """Append columns ``[n, k]`` to the features ``[n, m]``."""
        self._map(lambda x: np.concatenate([x, values_of(asarray(columns))], axis=1))

    def add_row(self, row: DataSet, index: int) -> None:
        """Replace one example by the only one of another DataSet."""
        for name in ("features", "labels"):
            array, new = getattr(self, name), getattr(row, name)
            if array is not None and new is not None:
                values = to_numpy(array).copy()
                values[index] = to_numpy(new).reshape(values[index].shape)
                setattr(self, name, rewrap(values, array))

    def reshape(self, *shape: int) -> None:
        """Reshape the features."""
        if self.features is None:
            raise ValueError("reshape: this DataSet has no features")
        self.features = rewrap(to_numpy(self.features).reshape(shape), self.features)

    def _map(self, function: Any, *arguments: Any) -> None:
        if self.features is None:
            raise ValueError(
                f"{getattr(function, '__name__', 'map')}: this DataSet has no features"
            )
        values = values_of(self.features)
        self.features = from_numpy(np.asarray(function(values, *arguments), dtype=values.dtype))

    def example_sums(self) -> Any:
        """Sum of the features of each example."""
        return from_numpy(values_of(self.features).sum(axis=1))

    def example_maxs(self) -> Any:
        """Largest feature of each example."""
        return from_numpy(values_of(self.features).max(axis=1))

    def example_means(self) -> Any:
        """Mean of the features of each example."""
        return from_numpy(values_of(self.features).mean(axis=1))

    # ------------------------------------------------------------------------------- whole

    @classmethod
    def merge(cls, parts: Iterable[DataSet]) -> DataSet:
        """Join data sets along the examples; empty ones are passed over.

        Series of unequal lengths are padded at the end and masked. Metadata is kept where all parts
        have it. Raises ValueError when there is nothing to join, shapes do not fit, or features or
        labels are missing in a part.
        """
        kept = [p for p in parts if not p.is_empty]
        if not kept:
            raise ValueError("merge: no data set with arrays")
        made = cls(label_names=kept[0].label_names, column_names=kept[0].column_names)
        for name in ("features", "labels"):
            arrays = [getattr(p, name) for p in kept]
            missing = next((i for i, a in enumerate(arrays) if a is None), None)
            if missing is not None:
                raise ValueError(f"merge: data set {missing} has no {name}")
            masks = [getattr(p, f"{name}_mask") for p in kept]
            merged, mask = merge_arrays(
                [to_numpy(a) for a in arrays],
                [None if m is None else values_of(m) for m in masks],
                name,
            )
            setattr(made, name, rewrap(merged, arrays[0]))
            setattr(made, f"{name}_mask", None if mask is None else from_numpy(mask))
        if all(p.metadata is not None for p in kept):
            made.metadata = [entry for p in kept for entry in p.metadata or ()]
        return made

    def to_multi_data_set(self) -> Any:
        """The MultiDataSet with these arrays as its only ones."""
        from ._multi_dataset import MultiDataSet

        return MultiDataSet(self.features, self.labels, self.features_mask, self.labels_mask)

    def save(self, target: Target) -> None:
        """Write Deeplearning4j's file form to a path (atomically) or a binary stream.

        Metadata, column names and preprocessing are not stored.
        """
        from ._files import save_data_set

        save_data_set(target, self)

    @classmethod
    def load(cls, source: Source, *, max_bytes: int = DEFAULT_MAX_BYTES) -> DataSet:
        """Read a file of ``DataSet.save``; metadata of the original comes as JavaObjects or texts.

        Raises FormatError when the file is damaged, truncated or too large.
        """
        from ._files import load_data_set

        return load_data_set(source, max_bytes)


def _columns(array: Any) -> int:
    if array is None:
        return 0
    return int(array.shape[1]) if len(array.shape) > 1 else 1
