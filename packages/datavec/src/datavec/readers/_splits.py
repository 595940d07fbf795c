"""Where readers find their data."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

from .._errors import DataVecError

__all__ = [
    "AbstractInputSplit",
    "CollectionInputSplit",
    "FileSplit",
    "NumberedFileInputSplit",
    "StringSplit",
    "as_split",
]


class AbstractInputSplit(ABC):
    """Names the files that a reader reads."""

    @abstractmethod
    def locations(self) -> list[Path]:
        """The files in order."""


class FileSplit(AbstractInputSplit):
    """A file, or the files below a folder, in sorted order.

    Args:
        root: file or folder; it must exist.
        extensions: keep only names that end so; None for all.
        recursive: look into sub-folders.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        extensions: Iterable[str] | None = None,
        recursive: bool = True,
    ) -> None:
        self.root = Path(root)
        self.extensions = None if extensions is None else tuple(extensions)
        self.recursive = recursive

    def locations(self) -> list[Path]:
        if self.root.is_file():
            return [self.root]
        if not self.root.is_dir():
            raise FileNotFoundError(f"FileSplit: no file or folder {self.root}")
        found = self.root.rglob("*") if self.recursive else self.root.iterdir()
        files = sorted(p for p in found if p.is_file())
        if self.extensions is not None:
            files = [p for p in files if p.name.endswith(self.extensions)]
        return files


class CollectionInputSplit(AbstractInputSplit):
    """Files in the order given."""

    def __init__(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        self.paths = [Path(p) for p in paths]

    def locations(self) -> list[Path]:
        return list(self.paths)


class NumberedFileInputSplit(AbstractInputSplit):
    """Files whose names hold a running number: ``("part_%03d.csv", 0, 9)``, both ends included."""

    def __init__(self, pattern: str, first: int, last: int) -> None:
        if len(re.findall(r"%(0\d+)?d", pattern)) != 1 or pattern.count("%") != 1:
            raise DataVecError(
                f'NumberedFileInputSplit: the pattern needs one "%d" or "%03d", received {pattern!r}'
            )
        self.pattern, self.first, self.last = pattern, first, last

    def locations(self) -> list[Path]:
        return [Path(self.pattern % i) for i in range(self.first, self.last + 1)]


class StringSplit(AbstractInputSplit):
    """Text given directly instead of a file."""

    def __init__(self, text: str) -> None:
        self.text = text

    def locations(self) -> list[Path]:
        return []


def as_split(source: object) -> AbstractInputSplit:
    """A split from a split, a path or several paths."""
    if isinstance(source, AbstractInputSplit):
        return source
    if isinstance(source, (str, os.PathLike)):
        return FileSplit(source)
    if isinstance(source, Iterable):
        return CollectionInputSplit(source)
    raise TypeError(f"expected a path, paths or an input split, received {type(source).__name__}")
