"""Runs of examples on their way to batches: cut to size, joined, shuffled within a window."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy as np

from ..columns._frame import Array

__all__ = ["Examples", "Rows", "closing_source", "equal_parts", "pass_random", "shuffled"]


class Examples(Protocol):
    """Some consecutive examples."""

    def __len__(self) -> int:
        """Number of examples."""

    def cut(self, start: int, stop: int) -> Self:
        """Some of them, without copying."""

    def joined(self, other: Self) -> Self:
        """These, then the others."""

    def take(self, order: Array) -> Self:
        """Those at the given positions, copied."""

    def freeze(self) -> None:
        """Let nobody write to the arrays."""


Part = TypeVar("Part", bound=Examples)


@dataclass
class Rows:
    """Features [rows, …] and labels [rows, …] of some consecutive examples."""

    features: Array
    labels: Array | None
    metadata: list[Any] | None = None

    def __len__(self) -> int:
        return len(self.features)

    def cut(self, start: int, stop: int) -> Rows:
        return Rows(
            self.features[start:stop],
            None if self.labels is None else self.labels[start:stop],
            None if self.metadata is None else self.metadata[start:stop],
        )

    def joined(self, other: Rows) -> Rows:
        return Rows(
            np.concatenate([self.features, other.features]),
            None
            if self.labels is None or other.labels is None
            else np.concatenate([self.labels, other.labels]),
            None
            if self.metadata is None or other.metadata is None
            else self.metadata + other.metadata,
        )

    def take(self, order: Array) -> Rows:
        return Rows(
            self.features[order],
            None if self.labels is None else self.labels[order],
            None if self.metadata is None else [self.metadata[i] for i in order.tolist()],
        )

    def freeze(self) -> None:
        for array in (self.features, self.labels):
            if array is not None:
                array.flags.writeable = False


def equal_parts(parts: Iterable[Part], size: int) -> Iterator[Part]:
    """Cut and join consecutive parts so that each has `size` examples, the last one maybe fewer."""
    carry: Part | None = None
    with closing_source(parts):
        for part in parts:
            start = 0
            if carry is not None:
                missing = size - len(carry)
                carry = carry.joined(part.cut(0, missing))
                start = min(missing, len(part))
                if len(carry) < size:
                    continue
                yield carry
                carry = None
            count = len(part)
            while start + size <= count:
                yield part.cut(start, start + size)
                start += size
            if start < count:
                carry = part.cut(start, count)
    if carry is not None:
        yield carry


def shuffled(parts: Iterable[Part], window: int, random: np.random.Generator) -> Iterator[Part]:
    """The examples in random order, holding about `window` of them.

    Half a window at a time is drawn from a full one, and the next half window of examples takes the
    place. So an example comes at most a window too early, and any time later with falling
    probability; with a window at least as large as the data the order is uniformly random. How the
    examples were divided into parts makes no difference.
    """
    half = max(1, (window + 1) // 2)
    held: Part | None = None
    source = equal_parts(parts, half)
    with closing_source(source):
        for part in source:
            held = part if held is None else held.joined(part)
            if len(held) < 2 * half:  # the first part, or the last one
                continue
            order = random.permutation(len(held))
            drawn, held = held.take(order[:half]), held.take(order[half:])
            yield drawn
    if held is not None:
        yield held.take(random.permutation(len(held)))


def pass_random(seed: int, epoch: int, shard: int = 0) -> np.random.Generator:
    """The generator of one pass: the same for the same numbers, unrelated for others."""
    return np.random.default_rng([seed & (1 << 64) - 1, epoch, shard])


@contextmanager
def closing_source(source: Iterable[Any]) -> Iterator[None]:
    """Close a generator that feeds another one, so that its threads and files end with it."""
    try:
        yield
    finally:
        if isinstance(source, Generator):
            source.close()
