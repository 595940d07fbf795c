"""Iterators over saved data sets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .._arrays import to_numpy
from ..formats import read_array, write_array
from ._dataset import DataSet
from ._in_memory import _positive, _regroup
from ._iterator import AbstractBatchIterator, Batch, DataSetIterator, MultiDataSetIterator
from ._multi_dataset import MultiDataSet

__all__ = [
    "ExistingMiniBatchDataSetIterator",
    "FileDataSetIterator",
    "FileMultiDataSetIterator",
    "MiniBatchFileDataSetIterator",
]

PathLike = str | os.PathLike[str]


class AbstractSavedFiles(AbstractBatchIterator[Batch]):
    """Files of ``save`` of one class."""

    _saved: ClassVar[type[DataSet | MultiDataSet]]

    def __init__(
        self,
        paths: PathLike | Sequence[PathLike],
        batch_size: int | None = None,
        *,
        extensions: Sequence[str] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self._files = _files(paths, extensions)
        self._size = None if batch_size is None else _positive(batch_size)
        self._random = None if seed is None else np.random.default_rng(seed)

    def _batches(self) -> Iterator[Any]:
        parts = (self._saved.load(path) for path in _ordered(self._files, self._random))
        yield from parts if self._size is None else _regroup(parts, self._size, self._saved.merge)

    @property
    def batch_size(self) -> int | None:
        """Examples per batch, or None when each file is one."""
        return self._size


class FileDataSetIterator(AbstractSavedFiles[DataSet], DataSetIterator):
    """Files of ``DataSet.save``: given one by one, or all files below folders in order of their paths.

    ``batch_size`` None gives each file as one batch, a number regroups the examples. With ``seed``
    the files come in a new random order in each pass.

    Answers to ``FileDataSetIterator`` and ``FileSplitDataSetIterator``.
    """

    _saved = DataSet


class FileMultiDataSetIterator(AbstractSavedFiles[MultiDataSet], MultiDataSetIterator):
    """Files of ``MultiDataSet.save``; see FileDataSetIterator."""

    _saved = MultiDataSet


class ExistingMiniBatchDataSetIterator(DataSetIterator):
    """Numbered files of a folder, ``dataset-0.bin``, ``dataset-1.bin`` … up to the first gap.

    Answers to ``org.nd4j.linalg.dataset.ExistingMiniBatchDataSetIterator``.
    """

    def __init__(self, folder: PathLike, pattern: str = "dataset-%d.bin") -> None:
        super().__init__()
        self._folder = Path(folder)
        self._pattern = pattern
        if not self._path(0).is_file():
            raise ValueError(f"no file {self._path(0).name} in {self._folder}")

    def _path(self, number: int) -> Path:
        return self._folder / (self._pattern % number)

    def _batches(self) -> Iterator[DataSet]:
        number = 0
        while self._path(number).is_file():
            yield DataSet.load(self._path(number))
            number += 1


class MiniBatchFileDataSetIterator(DataSetIterator):
    """Writes the batches of one DataSet to a folder and reads them back one at a time.

    Each batch becomes two ND4J binary files, ``<uuid>.bin`` (features) and ``<uuid>.labels.bin``. As in
    the original, masks and an incomplete last batch are left out.

    Answers to ``org.nd4j.linalg.dataset.MiniBatchFileDataSetIterator``.
    """

    def __init__(self, data: DataSet, batch_size: int, folder: PathLike) -> None:
        import uuid

        super().__init__()
        self._size = _positive(batch_size)
        self._columns = data.num_inputs, data.num_outcomes
        self._names = data.label_names
        self._paths: list[tuple[Path, Path]] = []
        folder = Path(folder) / str(uuid.uuid4())
        folder.mkdir(parents=True)
        for batch in data.batch_by(self._size):
            if batch.num_examples == self._size:
                name = str(uuid.uuid4())
                paths = folder / f"{name}.bin", folder / f"{name}.labels.bin"
                write_array(paths[0], to_numpy(batch.features))
                write_array(paths[1], to_numpy(batch.labels))
                self._paths.append(paths)

    def _batches(self) -> Iterator[DataSet]:
        for features, labels in self._paths:
            yield DataSet(read_array(features), read_array(labels), label_names=self._names)

    @property
    def files(self) -> list[Path]:
        """All files written."""
        return [path for pair in self._paths for path in pair]

    @property
    def batch_size(self) -> int:
        """Examples per batch."""
        return self._size

    @property
    def input_columns(self) -> int:
        """Columns of the features."""
        return self._columns[0]

    @property
    def total_outcomes(self) -> int:
        """Columns of the labels."""
        return self._columns[1]

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, where known."""
        return self._names


def _files(paths: PathLike | Sequence[PathLike], extensions: Sequence[str] | None) -> list[Path]:
    given = [Path(paths)] if isinstance(paths, (str, os.PathLike)) else [Path(p) for p in paths]
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise FileNotFoundError(f"no such file or folder: {path}")
    if extensions is not None:
        suffixes = tuple("." + e.lstrip(".") for e in extensions)
        found = [p for p in found if p.name.endswith(suffixes)]
    if not found:
        raise ValueError(f"no data set files in {', '.join(map(str, given))}")
    return found


def _ordered(files: list[Path], random: np.random.Generator | None) -> list[Path]:
    return files if random is None else [files[i] for i in random.permutation(len(files))]
