"""Where image transforms get their random numbers from.

On the JVM a transform holds a generator that moves on with every image, so what an image becomes
depends on the images before it. `SharedDraws` is that. `RecordDraws` starts generators anew for
every image from a key, so that threads and order do not matter.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from nd4py.data import JavaRandom

if TYPE_CHECKING:
    from ._transform import AbstractImageTransform

__all__ = ["AbstractDraws", "RecordDraws", "SharedDraws"]

_MASK = (1 << 64) - 1


class AbstractDraws(ABC):
    """Hands generators to transforms.

    Args:
        random: used by every transform in place of its own generator, as when Deeplearning4j
            passes a ``java.util.Random`` to ``transform``.
    """

    def __init__(self, random: JavaRandom | None = None) -> None:
        self.random = random

    @abstractmethod
    def parameters(self, transform: AbstractImageTransform) -> JavaRandom | None:
        """Generator of a transform's parameters; None means that they are used as they are."""

    @abstractmethod
    def choices(self, transform: AbstractImageTransform) -> JavaRandom:
        """Generator for what is random always (a crop's place, whether a step runs)."""

    @abstractmethod
    def inside(self, transform: AbstractImageTransform) -> AbstractDraws:
        """The draws of the steps that `transform` consists of."""


class SharedDraws(AbstractDraws):
    """The generators that the transforms hold, which move on with every image.

    >>> from datavec import CropImageTransform
    >>> SharedDraws(JavaRandom(42)).parameters(CropImageTransform(3)).next_int(4)
    2
    """

    def parameters(self, transform: AbstractImageTransform) -> JavaRandom | None:
        return self.random if self.random is not None else transform.random

    def choices(self, transform: AbstractImageTransform) -> JavaRandom:
        return transform.own_random

    def inside(self, transform: AbstractImageTransform) -> AbstractDraws:
        return SharedDraws(self.parameters(transform))


class RecordDraws(AbstractDraws):
    """Generators made from a key, so that a record's draws depend on nothing else.

    Args:
        key: what identifies the record, its pass and the user's seed.

    >>> from datavec import RandomCropTransform
    >>> crop = RandomCropTransform(3, 4)
    >>> first, again = (RecordDraws("a.png", 7).choices(crop).next_int(100) for _ in range(2))
    >>> first == again
    True
    """

    def __init__(self, *key: object, random: JavaRandom | None = None) -> None:
        super().__init__(random)
        digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
        self._state = int.from_bytes(digest, "big")

    def _next(self, salt: int = 0) -> JavaRandom:
        # Splitmix64: seeds that lie close together would give java.util.Random like beginnings.
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        x = self._state ^ (salt * 0xD1B54A32D192ED03 & _MASK)
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
        return JavaRandom(x ^ x >> 31)

    def with_random(self, wanted: bool) -> RecordDraws:
        """Let all transforms draw their parameters, if wanted, from one generator of this key."""
        return RecordDraws(self._state, random=self._next()) if wanted else self

    def parameters(self, transform: AbstractImageTransform) -> JavaRandom | None:
        if self.random is not None:
            return self.random
        return None if transform.random is None else self._next()

    def choices(self, transform: AbstractImageTransform) -> JavaRandom:
        return self._next(transform.own_seed)

    def inside(self, transform: AbstractImageTransform) -> AbstractDraws:
        random = self.parameters(transform)
        if random is self.random:
            return self
        return RecordDraws(self._state, random=random)
