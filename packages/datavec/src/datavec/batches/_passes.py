"""What the record iterators share: numbered passes, shuffling windows, shards, hand-over to PyTorch."""

from __future__ import annotations

import copy
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Self

from .._policy import ErrorReport
from ..columns._frame import Frame
from ..process._process import ReadPlan, TransformProcess
from ..process._stream import input_frames
from ..readers import AbstractInputSplit
from ..schema._schema import Schema
from ._batch_cache import MemoryCache
from ._examples import Part, closing_source, pass_random, shuffled

if TYPE_CHECKING:
    from ._torch import BatchDataset

__all__ = ["AbstractPasses", "ShardedSource", "every", "memory_cache", "splits_of"]


_log = logging.getLogger("datavec")


class PassCount:
    """Where an iterator stands; a running pass holds this and not the iterator."""

    def __init__(self) -> None:
        self.epoch = 0
        self.num_examples: int | None = None


class AbstractPasses:
    """Numbered passes over examples that may be shuffled, kept, and shared among workers."""

    _cache: Any

    def __init__(self, shuffle: int, seed: int | None) -> None:
        if shuffle < 0:
            raise ValueError(f"shuffle must be a number of examples, or 0, received {shuffle}")
        self._window = shuffle
        self._seeded = seed is not None
        self._seed = secrets.randbits(63) if seed is None else seed
        self._passes = PassCount()
        self._shard: tuple[int, int] | None = None

    @property
    def epoch(self) -> int:
        """Number of the pass that comes next, from 0; set it to go on where another run was.

        The order of a pass, of the files of a split with a seed too, follows from this number.
        """
        return self._passes.epoch

    @epoch.setter
    def epoch(self, number: int) -> None:
        if number < 0:
            raise ValueError(f"epoch must not be negative, received {number}")
        self._passes.epoch = number

    @property
    def num_examples(self) -> int | None:
        """Examples of a pass; None before one was complete."""
        return self._passes.num_examples

    @property
    def shard(self) -> tuple[int, int] | None:
        """Which part of the examples this iterator gives: (number, of how many); None for all."""
        return self._shard

    def sharded(self, index: int, count: int) -> Self:
        """An iterator of its own over part `index` of `count` parts of the examples.

        The parts together hold every example once. Sources that give blocks (files do) are divided
        by blocks, which are then parsed by one worker only.

        Raises:
            ValueError: no part of this number, or this iterator is a part itself.
        """
        if self._shard is not None:
            raise ValueError(f"this iterator is part {self._shard[0]} of {self._shard[1]} already")
        if not 0 <= index < count:
            raise ValueError(f"there is no part {index} of {count}; they count from 0")
        part = copy.copy(self)
        part._shard = index, count
        part._cache = copy.copy(self._cache)  # a part keeps its own examples
        return part

    def reseed(self, number: int) -> None:
        """Take another random order, which follows from `number`, unless there was a seed."""
        if not self._seeded:
            self._seed ^= number & (1 << 63) - 1

    def to_torch(self) -> BatchDataset:
        """These batches as a PyTorch ``IterableDataset``; give it ``batch_size=None``.

        Needs PyTorch. Tensors share memory with the batches. With ``num_workers`` each worker gives
        its own part of the examples. See `datavec.batches._torch.BatchDataset`.

            DataLoader(iterator.to_torch(), batch_size=None, num_workers=2)
        """
        try:
            from ._torch import BatchDataset
        except ImportError as e:
            raise ImportError(
                f"to_torch: needs PyTorch, which cannot be imported ({e}); pip install torch"
            ) from None
        return BatchDataset(self)

    def __getstate__(self) -> dict[str, Any]:
        # A copy begins a pass of its own.
        state = self.__dict__ | {"_running": None, "_ahead": None}
        passes = PassCount()
        passes.epoch, passes.num_examples = self._passes.epoch, self._passes.num_examples
        return state | {"_passes": passes}

    def _shared_pass(
        self, parts: Iterator[Part], cache: MemoryCache[Part] | None, identity: str
    ) -> Iterator[Part]:
        """A new pass over parts that are kept in memory, if there is a cache, and shared if this is a shard."""
        if cache is not None:
            kept = cache.kept(identity)
            parts = cache.keeping(parts, identity, ErrorReport) if kept is None else kept[0]
        return self._begin_pass(parts if self._shard is None else every(parts, self._shard))

    def _read(self) -> Iterable[Any]:
        """The readers."""
        return ()

    def _begin_pass(self, parts: Iterable[Part]) -> Iterator[Part]:
        """The examples of a new pass in its order; call it before reading begins."""
        epoch = self._passes.epoch
        for split in chain.from_iterable(map(splits_of, self._read())):
            split.epoch = epoch
        self._passes.epoch = epoch + 1
        # A worker's part may well be empty; all of them are told.
        what = type(self).__name__ if self._shard is None else None
        found: Iterator[Part] = _counted(parts, self._passes, what)
        if not self._window:
            return found
        shard = 0 if self._shard is None else self._shard[0]
        return shuffled(found, self._window, pass_random(self._seed, epoch, shard))


def _counted(parts: Iterable[Part], passes: PassCount, what: str | None) -> Iterator[Part]:
    count = 0
    with closing_source(parts):
        for part in parts:
            count += len(part)
            yield part
    passes.num_examples = count
    if not count and what is not None:  # training on nothing looks like training
        _log.warning(
            "%s: a pass gave no examples: the source has no records, or all were left out", what
        )


class ShardedSource:
    """Every count-th block of a source, beginning with number index; only these are parsed."""

    def __init__(self, process: TransformProcess, source: Any, shard: tuple[int, int]) -> None:
        self._process, self._source, self._shard = process, source, shard

    @property
    def errors(self) -> Any:
        """What the source counts itself."""
        return getattr(self._source, "errors", None)

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        """As a reader's."""
        index, count = self._shard
        tasks = input_frames(self._process, self._source, plan.policy)
        return islice(tasks, index, None, count)


def every(parts: Iterable[Part], shard: tuple[int, int]) -> Iterator[Part]:
    """Every count-th part, beginning with number index."""
    index, count = shard
    with closing_source(parts):
        for i, part in enumerate(parts):
            if i % count == index:
                yield part


def splits_of(reader: Any) -> Iterator[AbstractInputSplit]:
    """The splits that a reader reads, those of the readers in it included."""
    split = getattr(reader, "split", None)
    if isinstance(split, AbstractInputSplit):
        yield split
    inner = [getattr(reader, "reader", None), *(getattr(reader, "readers", None) or ())]
    for one in inner:
        if one is not None:
            yield from splits_of(one)


def memory_cache(cache: str | None) -> MemoryCache[Any] | None:
    """A cache from an iterator's argument; raises ValueError unless None or ``"memory"``."""
    if cache not in (None, "memory"):
        raise ValueError(f'cache must be "memory" or None for this iterator, received {cache!r}')
    return None if cache is None else MemoryCache()
