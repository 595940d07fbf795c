"""MultiDataSet: a batch with several feature and label arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._arrays import asarray, from_numpy, rewrap, to_numpy, values_of
from ..formats._streams import DEFAULT_MAX_BYTES, Source, Target
from ._merging import merge_arrays
from ._selection import Rows, row_selection, select
from ._shuffling import shuffle_order

__all__ = ["MultiDataSet"]

PARTS = ("features", "labels", "features_mask", "labels_mask")


class MultiDataSet:
    """Several feature and label arrays of the same examples.

    Each part is a list of arrays or None; a mask list may hold None for arrays without a mask. A
    single array stands for a list of one.

    Answers to ``org.nd4j.linalg.dataset.MultiDataSet``.

    >>> MultiDataSet([[[1.0], [2.0]]], [[[0.0], [1.0]]])
    MultiDataSet(features=[[2, 1]], labels=[[2, 1]])
    """

    __slots__ = (*PARTS, "metadata")

    def __init__(
        self,
        features: Any = None,
        labels: Any = None,
        features_mask: Any = None,
        labels_mask: Any = None,
        *,
        metadata: Iterable[Any] | None = None,
    ) -> None:
        self.features = _arrays(features)
        self.labels = _arrays(labels)
        self.features_mask = _arrays(features_mask)
        self.labels_mask = _arrays(labels_mask)
        self.metadata = None if metadata is None else list(metadata)

    @property
    def num_feature_arrays(self) -> int:
        """Number of feature arrays."""
        return len(self.features or ())

    @property
    def num_labels_arrays(self) -> int:
        """Number of label arrays."""
        return len(self.labels or ())

    @property
    def num_examples(self) -> int:
        """Examples, from the first feature or label array."""
        for part in (self.features, self.labels):
            if part:
                return int(part[0].shape[0])
        return 0

    @property
    def is_empty(self) -> bool:
        """Whether there is no array."""
        return not self.num_feature_arrays and not self.num_labels_arrays

    @property
    def has_mask_arrays(self) -> bool:
        """Whether a mask is present."""
        return any(
            m is not None for part in (self.features_mask, self.labels_mask) for m in part or ()
        )

    def __len__(self) -> int:
        return self.num_examples

    def __repr__(self) -> str:
        shown = []
        for part in PARTS:
            arrays = getattr(self, part)
            if arrays is not None:
                shown.append(f"{part}={[None if a is None else list(a.shape) for a in arrays]}")
        return f"MultiDataSet({', '.join(shown)})"

    def __getitem__(self, rows: Rows) -> MultiDataSet:
        """Some examples, ranks kept; a slice shares memory."""
        chosen = row_selection(rows, self.num_examples)
        made = MultiDataSet()
        for part in PARTS:
            arrays = getattr(self, part)
            if arrays is not None:
                taken = [None if a is None else rewrap(to_numpy(a)[chosen], a) for a in arrays]
                setattr(made, part, taken)
        if self.metadata is not None:
            made.metadata = select(self.metadata, chosen)
        return made

    def as_list(self) -> list[MultiDataSet]:
        """One MultiDataSet per example."""
        return [self[i] for i in range(self.num_examples)]

    def batch_by(self, size: int) -> list[MultiDataSet]:
        """Batches of ``size`` examples in order; the last may be smaller."""
        if size < 1:
            raise ValueError(f"batch size must be positive, received {size}")
        return [self[i : i + size] for i in range(0, self.num_examples, size)]

    def shuffle(self, seed: int | None = None) -> None:
        """Shuffle the examples: uniformly, or with ``seed`` in the order of ``DataSet.shuffle``."""
        count = self.num_examples
        taken = self[
            np.random.default_rng().permutation(count)
            if seed is None
            else shuffle_order(count, seed)
        ]
        for name in (*PARTS, "metadata"):
            setattr(self, name, getattr(taken, name))

    def copy(self, *, deep: bool = True) -> MultiDataSet:
        """A MultiDataSet with copied arrays, or (``deep=False``) with the same ones."""
        made = MultiDataSet(metadata=self.metadata)
        for part in PARTS:
            arrays = getattr(self, part)
            if arrays is not None:
                keep = [
                    a if a is None or not deep else rewrap(to_numpy(a).copy(), a) for a in arrays
                ]
                setattr(made, part, keep)
        return made

    @classmethod
    def merge(cls, parts: Iterable[MultiDataSet]) -> MultiDataSet:
        """Join along the examples, array by array; see ``DataSet.merge`` for series and masks.

        Raises ValueError when there is nothing to join, or shapes or numbers of arrays do not fit.
        """
        kept = [p for p in parts if not p.is_empty]
        if not kept:
            raise ValueError("merge: no data set with arrays")
        made = cls()
        for name in ("features", "labels"):
            lists = [getattr(p, name) or [] for p in kept]
            if len({len(arrays) for arrays in lists}) > 1:
                raise ValueError(f"merge: data sets with {[len(a) for a in lists]} {name} arrays")
            merged, merged_masks = [], []
            for index in range(len(lists[0])):
                masks = [(getattr(p, f"{name}_mask") or {index: None})[index] for p in kept]
                array, mask = merge_arrays(
                    [to_numpy(arrays[index]) for arrays in lists],
                    [None if m is None else values_of(m) for m in masks],
                    f"{name} {index} of data set",
                )
                merged.append(rewrap(array, lists[0][index]))
                merged_masks.append(None if mask is None else from_numpy(mask))
            setattr(made, name, merged or None)
            if any(m is not None for m in merged_masks):
                setattr(made, f"{name}_mask", merged_masks)
        if all(p.metadata is not None for p in kept):
            made.metadata = [entry for p in kept for entry in p.metadata or ()]
        return made

    def save(self, target: Target) -> None:
        """Write Deeplearning4j's file form to a path (atomically) or a binary stream, without metadata."""
        from ._files import save_multi_data_set

        save_multi_data_set(target, self)

    @classmethod
    def load(cls, source: Source, *, max_bytes: int = DEFAULT_MAX_BYTES) -> MultiDataSet:
        """Read a file of ``MultiDataSet.save``; raises FormatError when it is damaged or too large."""
        from ._files import load_multi_data_set

        return load_multi_data_set(source, max_bytes)


def _arrays(part: Any) -> list[Any] | None:
    if part is None:
        return None
    if isinstance(part, (list, tuple)):
        return [None if a is None else asarray(a) for a in part]
    return [asarray(part)]
