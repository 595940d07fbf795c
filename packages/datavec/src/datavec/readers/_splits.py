"""Where readers find their data: files, folders, URLs, texts and streams."""

from __future__ import annotations

import io
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import IO, Any

from nd4py.data import JavaRandom

from .._errors import DataVecError, SourceError
from ._files import Location, as_location, list_files, location_name, location_parts, open_binary
from ._path_filters import AbstractPathFilter

__all__ = [
    "AbstractInputSplit",
    "CollectionInputSplit",
    "FileSplit",
    "InputPart",
    "InputStreamInputSplit",
    "ListStringSplit",
    "NumberedFileInputSplit",
    "OutputStreamInputSplit",
    "StreamInputSplit",
    "StringSplit",
    "TransformSplit",
    "as_split",
]


@dataclass(frozen=True, slots=True)
class InputPart:
    """One file, text or stream of a split.

    Attributes:
        name: path or URL for messages and metadata; None for data that have none.
        open: gives the bytes, decompressed, as a context manager.
    """

    name: str | None
    open: Callable[[], Any]


class AbstractInputSplit(ABC):
    """Names the files that a reader reads.

    `epoch` counts the passes begun; a split made with a seed gives each pass an order of its own, and
    setting `epoch` moves to the order of that pass.

    Answers to Deeplearning4j's ``InputSplit``.
    """

    epoch: int = 0

    @abstractmethod
    def locations(self) -> list[Location]:
        """The files in listing order; a URL is a text, a local file a Path."""

    def order(self, epoch: int) -> list[Location]:
        """The files in the order of pass number `epoch`, from 0."""
        return self.locations()

    def open(self, location: Location) -> Any:
        """The bytes of one file, decompressed, as a context manager; raises as `open_binary`."""
        return open_binary(location)

    def next_pass(self) -> list[Location]:
        """The files in the order of the next pass, which begins by this call."""
        epoch = self.epoch
        self.epoch = epoch + 1
        return self.order(epoch)

    def parts(self) -> Iterator[InputPart]:
        """What one pass reads, in its order; the pass begins by asking for the first."""
        for location in self.next_pass():
            yield self._part(location)

    def parts_named(self, names: Iterable[str | None]) -> list[InputPart]:
        """The parts of these names, in listing order, without beginning a pass."""
        wanted = set(names)
        return [self._part(at) for at in self.locations() if location_name(at) in wanted]

    def _part(self, location: Location) -> InputPart:
        return InputPart(location_name(location), partial(self.open, location))

    def __len__(self) -> int:
        """Number of files."""
        return len(self.locations())

    def __bool__(self) -> bool:
        return True

    def sample(
        self, path_filter: AbstractPathFilter | None = None, *weights: float
    ) -> list[CollectionInputSplit]:
        """Divide the files, filtered first, in proportion to `weights`; without weights, one split.

        Raises:
            DataVecError: a weight that is negative, or weights that sum to zero.

        >>> parts = CollectionInputSplit(["a", "b", "c", "d"]).sample(None, 75, 25)
        >>> [len(part) for part in parts]
        [3, 1]
        """
        found = self.locations()
        if path_filter is not None:
            found = path_filter.filter(found)
        if not weights or weights[0] == 1.0:
            return [CollectionInputSplit(found)]
        total = sum(weights)
        if min(weights) < 0 or not 0 < total < float("inf"):
            raise DataVecError(f"sample: weights must be positive numbers, received {weights}")
        # Rounded half up, as Java does.
        edges = [int(c * len(found) / total + 0.5) for c in accumulate(weights)]
        return [CollectionInputSplit(found[a:b]) for a, b in pairwise([0, *edges])]


class FileSplit(AbstractInputSplit):
    """A file, or the files below a folder, in sorted order, or in random order with a seed.

    Answers to Deeplearning4j's ``FileSplit``, which lists in the operating system's order.

    Args:
        root: file or folder, as a path or URL; it must exist.
        extensions: keep only names that end so; None for all.
        recursive: look into sub-folders.
        seed: read in the order of ``java.util.Collections.shuffle`` with a ``java.util.Random`` of
            this seed; every further pass shuffles what the last one had.

    Raises:
        FileNotFoundError: when used, if there is no such file or folder.
        SourceError: it cannot be listed.

    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in "abcd":
    ...     _ = (folder / f"{name}.csv").write_text("")
    >>> split = FileSplit(folder, seed=5)
    >>> [[p.stem for p in split.next_pass()] for _ in range(2)]
    [['d', 'a', 'b', 'c'], ['c', 'a', 'd', 'b']]
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        extensions: Iterable[str] | None = None,
        recursive: bool = True,
        seed: int | None = None,
    ) -> None:
        self.root = as_location(root)
        self.extensions = None if extensions is None else tuple(extensions)
        self.recursive = recursive
        self._shuffle = None if seed is None else _PassOrder(seed)

    def __repr__(self) -> str:
        return f"FileSplit({location_name(self.root)!r})"

    def locations(self) -> list[Location]:
        files = list_files(self.root, recursive=self.recursive)
        if self.extensions is None or files == [self.root]:
            return files
        return [f for f in files if "".join(location_parts(f)[-1:]).endswith(self.extensions)]

    def order(self, epoch: int) -> list[Location]:
        files = self.locations()
        return files if self._shuffle is None else self._shuffle.applied(files, epoch)


class _PassOrder:
    """The order of each pass from one java.util.Random; going back starts the passes over."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._made: tuple[int, list[int], JavaRandom] | None = None

    def applied(self, items: Sequence[Location], epoch: int) -> list[Location]:
        if self._made is None or self._made[0] > epoch or len(self._made[1]) != len(items):
            self._made = -1, list(range(len(items))), JavaRandom(self.seed)
        at, order, random = self._made
        for _ in range(at, epoch):
            random.shuffle(order)
        self._made = epoch, order, random
        return [items[i] for i in order]


class CollectionInputSplit(AbstractInputSplit):
    """Files in the order given.

    Answers to Deeplearning4j's ``CollectionInputSplit``.

    >>> CollectionInputSplit(["s3://bucket/b.csv", "https://host/a.csv"]).locations()
    ['s3://bucket/b.csv', 'https://host/a.csv']
    """

    def __init__(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        self.paths = [as_location(p) for p in paths]

    def __repr__(self) -> str:
        names = [location_name(p) for p in self.paths]
        return f"CollectionInputSplit({names if len(names) <= 3 else f'{len(names)} files'})"

    def locations(self) -> list[Location]:
        return list(self.paths)


class NumberedFileInputSplit(AbstractInputSplit):
    """Files whose names hold a running number, both ends included.

    Answers to Deeplearning4j's ``NumberedFileInputSplit``.

    Args:
        pattern: path or URL with one ``%d``, or ``%03d`` for a fixed width.
        first: first number.
        last: last number.

    Raises:
        DataVecError: no place for the number, or more than one; `last` before `first`.

    >>> [p.name for p in NumberedFileInputSplit("part_%03d.csv", 9, 10).locations()]
    ['part_009.csv', 'part_010.csv']
    """

    def __init__(self, pattern: str, first: int, last: int) -> None:
        if len(re.findall(r"%(0\d+)?d", pattern)) != 1 or pattern.count("%") != 1:
            raise DataVecError(
                f'NumberedFileInputSplit: the pattern needs one "%d" or "%03d", received {pattern!r}'
            )
        if last < first:
            raise DataVecError(
                f"NumberedFileInputSplit: the last number ({last}) must not come before the first "
                f"({first})"
            )
        self.pattern, self.first, self.last = pattern, first, last

    def __repr__(self) -> str:
        return f"NumberedFileInputSplit({self.pattern!r}, {self.first}, {self.last})"

    def locations(self) -> list[Location]:
        return [as_location(self.pattern % i) for i in range(self.first, self.last + 1)]


class TransformSplit(AbstractInputSplit):
    """The files of another split under changed names, in the same order.

    For instance from images to the files beside them that hold their labels. Answers to
    Deeplearning4j's ``TransformSplit``.

    Args:
        source: the split whose files are renamed.
        transform: from a location to the path or URL to read instead.

    >>> images = CollectionInputSplit(["/data/images/1.png"])
    >>> labels = TransformSplit.of_search_replace(images, "/images/", "/labels/")
    >>> labels.locations()[0].as_posix()
    '/data/labels/1.png'
    """

    def __init__(
        self,
        source: AbstractInputSplit,
        transform: Callable[[Location], str | os.PathLike[str]],
    ) -> None:
        self.source, self.transform = source, transform

    @staticmethod
    def of_search_replace(source: AbstractInputSplit, search: str, replace: str) -> TransformSplit:
        """Replace every occurrence of a text in the path or URL."""
        return TransformSplit(source, _SearchReplace(search, replace))

    def locations(self) -> list[Location]:
        return [as_location(self.transform(p)) for p in self.source.locations()]

    def order(self, epoch: int) -> list[Location]:
        return [as_location(self.transform(p)) for p in self.source.order(epoch)]


@dataclass(frozen=True)
class _SearchReplace:
    search: str
    replace: str

    def __call__(self, location: Location) -> str:
        text = location if isinstance(location, str) else location.as_posix()
        return text.replace(self.search, self.replace)


class StreamInputSplit(AbstractInputSplit):
    """Locations that a function of yours opens, for storage that nothing else knows.

    Answers to Deeplearning4j's ``StreamInputSplit``.

    Args:
        paths: names of the streams.
        opener: from a location to a binary stream, which is closed after use; compressed or not,
            it is read as it is.
        seed: as in `FileSplit`.

    >>> import io
    >>> split = StreamInputSplit(["store://a"], lambda name: io.BytesIO(b"1,2"))
    >>> with split.open(split.locations()[0]) as f:
    ...     f.read()
    b'1,2'
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        opener: Callable[[Location], IO[bytes]],
        *,
        seed: int | None = None,
    ) -> None:
        self.paths = [as_location(p) for p in paths]
        self.opener = opener
        self._shuffle = None if seed is None else _PassOrder(seed)

    def locations(self) -> list[Location]:
        return list(self.paths)

    def order(self, epoch: int) -> list[Location]:
        return (
            self.locations() if self._shuffle is None else self._shuffle.applied(self.paths, epoch)
        )

    def open(self, location: Location) -> IO[bytes]:
        return self.opener(location)


class StringSplit(AbstractInputSplit):
    """Text given directly instead of a file.

    Answers to Deeplearning4j's ``StringSplit``, there for a single line.

    >>> [part.open().read() for part in StringSplit("1,2").parts()]
    [b'1,2']
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"StringSplit({self.text[:40]!r})"

    def locations(self) -> list[Location]:
        return []

    def parts(self) -> Iterator[InputPart]:
        yield InputPart(None, lambda: io.BytesIO(self.text.encode()))

    def parts_named(self, names: Iterable[str | None]) -> list[InputPart]:
        return list(self.parts())


class ListStringSplit(AbstractInputSplit):
    """Records of texts that are split already, for `ListStringRecordReader`.

    Answers to Deeplearning4j's ``ListStringSplit``.

    >>> ListStringSplit([["1", "a"]]).data
    [['1', 'a']]
    """

    def __init__(self, data: Iterable[Sequence[str]]) -> None:
        self.data = [list(record) for record in data]

    def locations(self) -> list[Location]:
        return []

    def parts(self) -> Iterator[InputPart]:
        raise DataVecError(
            "ListStringSplit: its records are split already; read them with ListStringRecordReader"
        )


class InputStreamInputSplit(AbstractInputSplit):
    r"""An open binary stream; a second pass needs one that can seek.

    The stream is read from where it stands and left open. Answers to Deeplearning4j's
    ``InputStreamInputSplit``.

    Args:
        stream: binary, not compressed.
        name: path or URL for messages and metadata.

    Raises:
        SourceError: a second pass over a stream that cannot seek.

    >>> import io
    >>> from datavec import LineRecordReader
    >>> list(LineRecordReader(InputStreamInputSplit(io.BytesIO(b"one\ntwo"))))
    [['one'], ['two']]
    """

    def __init__(self, stream: IO[bytes], name: str | os.PathLike[str] | None = None) -> None:
        self.stream = stream
        self.name = None if name is None else as_location(name)
        self._start = stream.tell() if stream.seekable() else None
        self._begun = False

    def locations(self) -> list[Location]:
        return [] if self.name is None else [self.name]

    def parts(self) -> Iterator[InputPart]:
        yield from self.parts_named([])

    def parts_named(self, names: Iterable[str | None]) -> list[InputPart]:
        return [InputPart(None if self.name is None else location_name(self.name), self._opened)]

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        if self._start is not None:
            self.stream.seek(self._start)
        elif self._begun:
            raise SourceError(
                "InputStreamInputSplit: the stream was read already and cannot seek; open a new one"
            )
        self._begun = True
        yield self.stream


class OutputStreamInputSplit(AbstractInputSplit):
    """An open binary stream that a record writer writes to; it is left open.

    Answers to Deeplearning4j's ``OutputStreamInputSplit``.

    >>> import io
    >>> OutputStreamInputSplit(io.BytesIO()).stream.writable()
    True
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def locations(self) -> list[Location]:
        return []

    def parts(self) -> Iterator[InputPart]:
        raise DataVecError("OutputStreamInputSplit: is for writers, there is nothing to read in it")


def as_split(source: object) -> AbstractInputSplit:
    """A split from a split, a path or URL, or several of them."""
    if isinstance(source, AbstractInputSplit):
        return source
    if isinstance(source, (str, os.PathLike)):
        return FileSplit(source)
    if isinstance(source, Iterable):
        return CollectionInputSplit(source)
    raise TypeError(f"expected a path, paths or an input split, received {type(source).__name__}")
