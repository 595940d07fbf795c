"""Batches for PyTorch's DataLoader. Imports torch, so it is itself imported only by `to_torch`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

__all__ = ["BatchDataset"]


class BatchDataset(IterableDataset):  # type: ignore[misc, unused-ignore]
    """The batches of a record iterator as tuples of tensors.

    A DataSet gives ``(features, labels)``, and ``(features, labels, features_mask, labels_mask)`` where it
    has masks; a MultiDataSet gives lists of tensors in these places. What is missing is None. Tensors
    share memory with the batch where it may be written to.

    With workers, each gives its own part of the examples, so that every one comes once. Workers
    that are started anew for every epoch know nothing of the epochs before: with a seed they give
    the order of the same pass each time unless `set_epoch` is called, without one PyTorch's own seed
    makes the orders differ. Persistent workers count epochs themselves.

    Made by ``to_torch()`` of the iterators.
    """

    def __init__(self, iterator: Any) -> None:
        super().__init__()
        self._iterator = iterator
        self._part: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_part": None}

    def set_epoch(self, epoch: int) -> None:
        """Go to pass number `epoch`; call it before the DataLoader starts its workers."""
        self._iterator.epoch = epoch

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        part = self._own_part()
        try:
            for data in part:
                yield _tensors(data)
        finally:
            part.close()

    def _own_part(self) -> Any:
        info = get_worker_info()
        if info is None:
            return self._iterator
        if self._part is None:
            self._part = self._iterator.sharded(info.id, info.num_workers)
            # The same number in all workers of an epoch, another one in the next.
            self._part.reseed(info.seed - info.id)
        return self._part


def _tensors(data: Any) -> tuple[Any, ...]:
    values = (data.features, data.labels, data.features_mask, data.labels_mask)
    found = tuple(_tensor(v) for v in values)
    return found if found[2] is not None or found[3] is not None else found[:2]


def _tensor(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return [_tensor(v) for v in value]
    array = np.asarray(value)
    # A tensor cannot say that it must not be written to.
    return torch.from_numpy(array if array.flags.writeable else array.copy())
