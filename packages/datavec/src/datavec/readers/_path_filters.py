"""Choosing among the files of a split, for `AbstractInputSplit.sample`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from nd4py.data import JavaRandom

from .._errors import DataVecError
from ._files import Location, location_name
from ._path_labels import AbstractPathLabelGenerator

__all__ = ["AbstractPathFilter", "BalancedPathFilter", "RandomPathFilter"]


class AbstractPathFilter(ABC):
    """Chooses and orders files. Answers to Deeplearning4j's ``PathFilter``."""

    @abstractmethod
    def filter(self, locations: Sequence[Location]) -> list[Location]:
        """The files kept, in their new order."""


class RandomPathFilter(AbstractPathFilter):
    """Files in random order, optionally only some of them.

    Answers to Deeplearning4j's ``RandomPathFilter``, and gives its order for the same seed.

    Args:
        random: a seed, or a generator to go on with.
        extensions: keep names that end in ``.`` and one of these; none keeps all.
        max_paths: keep at most so many; 0 for all.

    >>> from datavec import CollectionInputSplit
    >>> images = CollectionInputSplit(["a.png", "b.png", "c.txt", "d.png"])
    >>> (train,) = images.sample(RandomPathFilter(42, ["png"], max_paths=2))
    >>> [p.name for p in train.locations()]
    ['d.png', 'b.png']
    """

    def __init__(
        self, random: int | JavaRandom, extensions: Iterable[str] = (), *, max_paths: int = 0
    ) -> None:
        _need_counts(self, max_paths=max_paths)
        self.random = random if isinstance(random, JavaRandom) else JavaRandom(random)
        given = (extensions,) if isinstance(extensions, str) else tuple(extensions)
        self.extensions = tuple("." + e for e in given)
        self.max_paths = max_paths

    def filter(self, locations: Sequence[Location]) -> list[Location]:
        shuffled = list(locations)
        self.random.shuffle(shuffled)
        kept = [
            p for p in shuffled if not self.extensions or location_name(p).endswith(self.extensions)
        ]
        return kept[: self.max_paths] if self.max_paths else kept


class BalancedPathFilter(RandomPathFilter):
    """The same number of files for each label, labels taking turns, in random order.

    That number is the smallest count of a label, at most `max_paths_per_label`, and then raised to
    `min_paths_per_label`, where labels with fewer files give all they have. Answers to
    Deeplearning4j's ``BalancedPathFilter``.

    Args:
        random: a seed, or a generator to go on with.
        extensions: keep names that end in ``.`` and one of these; none keeps all.
        label_generator: gives each file's label.
        max_paths: files looked at, after shuffling; 0 for all.
        max_labels: keep the labels met first; 0 for all.
        min_paths_per_label: see above.
        max_paths_per_label: see above; 0 for no limit.
        labels: keep only these; none keeps all.

    >>> from datavec import CollectionInputSplit, ParentPathLabelGenerator
    >>> files = CollectionInputSplit(["/cat/1", "/cat/2", "/cat/3", "/dog/1"])
    >>> (even,) = files.sample(BalancedPathFilter(1, label_generator=ParentPathLabelGenerator()))
    >>> [p.parent.name for p in even.locations()]
    ['dog', 'cat']
    """

    def __init__(
        self,
        random: int | JavaRandom,
        extensions: Iterable[str] = (),
        *,
        label_generator: AbstractPathLabelGenerator,
        max_paths: int = 0,
        max_labels: int = 0,
        min_paths_per_label: int = 0,
        max_paths_per_label: int = 0,
        labels: Iterable[str] = (),
    ) -> None:
        super().__init__(random, extensions, max_paths=max_paths)
        _need_counts(
            self,
            max_labels=max_labels,
            min_paths_per_label=min_paths_per_label,
            max_paths_per_label=max_paths_per_label,
        )
        self.label_generator = label_generator
        self.max_labels = max_labels
        self.min_paths_per_label = min_paths_per_label
        self.max_paths_per_label = max_paths_per_label
        self.labels = frozenset(labels)

    def filter(self, locations: Sequence[Location]) -> list[Location]:
        groups: dict[str, list[Location]] = {}
        for path in super().filter(locations):
            label = str(self.label_generator.label_for_path(path))
            if self.labels and label not in self.labels:
                continue
            if label not in groups and self.max_labels and len(groups) >= self.max_labels:
                continue
            groups.setdefault(label, []).append(path)
        count = min(map(len, groups.values()), default=0)
        if self.max_paths_per_label:
            count = min(count, self.max_paths_per_label)
        count = max(count, self.min_paths_per_label)
        return [g[i] for i in range(count) for g in groups.values() if i < len(g)]


def _need_counts(owner: object, **counts: int) -> None:
    for name, count in counts.items():
        if count < 0:
            raise DataVecError(
                f"{type(owner).__name__}: {name} must not be negative, received {count}"
            )
