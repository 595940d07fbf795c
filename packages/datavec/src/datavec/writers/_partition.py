"""How the output of a writer is divided over files."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..readers._files import as_location, list_files, location_parts

__all__ = [
    "AbstractPartitioner",
    "FileSizePartitioner",
    "NumberOfRecordsPartitioner",
    "PartitionMetaData",
]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class PartitionMetaData:
    """What went into one file.

    Answers to Deeplearning4j's ``PartitionMetaData``.

    Args:
        location: the file.
        records: number of records written.
        size: their bytes, before compression.
    """

    location: str
    records: int = 0
    size: int = 0


class AbstractPartitioner(ABC):
    """Decides when the next file is begun.

    Answers to Deeplearning4j's ``Partitioner``.
    """

    @abstractmethod
    def fitting(self, sizes: Array, written: PartitionMetaData) -> int:
        """How many of the next records still go into the file that is open.

        Args:
            sizes: int64, bytes of each of the next records; at least one.
            written: what the file holds already. An empty file must take a record.
        """


@dataclass(frozen=True)
class NumberOfRecordsPartitioner(AbstractPartitioner):
    """A given number of records per file; the last file may hold fewer.

    Answers to Deeplearning4j's ``NumberOfRecordsPartitioner``.

    Args:
        records_per_file: -1 puts all in one file.

    >>> import tempfile
    >>> from datavec import CSVRecordWriter, NumberOfRecordsPartitioner
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with CSVRecordWriter(f"{folder}/part-%02d.csv",
    ...                          partitioner=NumberOfRecordsPartitioner(2)) as writer:
    ...         _ = writer.write_batch([[1], [2], [3]])
    ...     [(p.location[-11:], p.records) for p in writer.partitions]
    [('part-00.csv', 2), ('part-01.csv', 1)]
    """

    records_per_file: int = -1

    def __post_init__(self) -> None:
        if self.records_per_file != -1 and self.records_per_file < 1:
            raise ValueError(
                f"records_per_file must be at least 1, or -1 for all, got {self.records_per_file}"
            )

    def fitting(self, sizes: Array, written: PartitionMetaData) -> int:
        if self.records_per_file == -1:
            return len(sizes)
        return min(len(sizes), self.records_per_file - written.records)


@dataclass(frozen=True)
class FileSizePartitioner(AbstractPartitioner):
    """Files of at most a given size before compression; a larger record has one to itself.

    Text writers count the bytes of each line. For the others the size is that of the values in
    memory.

    Args:
        bytes_per_file: the limit.

    >>> FileSizePartitioner(10).fitting(np.array([4, 4, 4]), PartitionMetaData("x.csv"))
    2
    """

    bytes_per_file: int

    def __post_init__(self) -> None:
        if self.bytes_per_file < 1:
            raise ValueError(f"bytes_per_file must be at least 1, got {self.bytes_per_file}")

    def fitting(self, sizes: Array, written: PartitionMetaData) -> int:
        room = self.bytes_per_file - written.size
        count = int(np.searchsorted(np.cumsum(sizes), room, side="right"))
        return max(count, 1) if written.records == 0 else count


# --- names -------------------------------------------------------------------------------------

_PLACEHOLDER = re.compile(r"%(0\d{1,2})?d")


def partition_names(destination: str | os.PathLike[str], *, append: bool) -> Iterator[str]:
    """Names for one file after another.

    ``%d`` or ``%05d`` in the name gives way to the number, from 0; without, ``-00000`` is put
    before the suffixes. With `append` the numbers go on behind those of the files that exist.

    Raises:
        FileExistsError: without `append`, where such files exist: a reader would mix old and new.
    """
    location = as_location(destination)
    folder, name = _folder_and_name(location)
    if found := _PLACEHOLDER.search(name):
        head, form, tail = name[: found.start()], found[0], name[found.end() :]
    else:
        head, dot, suffixes = name.partition(".")
        head, form, tail = head + "-", "%05d", dot + suffixes
    numbered = re.compile(re.escape(head) + r"(\d+)" + re.escape(tail))
    existing = [m for m in map(numbered.fullmatch, _names_in(folder)) if m]
    if existing and not append:
        raise FileExistsError(
            f"{folder}: holds {existing[0][0]} already ({len(existing)} files of this name); "
            "remove them, or pass append=True to add files behind them"
        )
    number = max((int(m[1]) for m in existing), default=-1) + 1
    while True:
        file = head + form % number + tail
        yield str(folder / file) if isinstance(folder, Path) else f"{folder}/{file}"
        number += 1


def _folder_and_name(location: Path | str) -> tuple[Path | str, str]:
    if isinstance(location, Path):
        return location.parent, location.name
    return location.rpartition("/")[0], location.rpartition("/")[2]


def _names_in(folder: Path | str) -> list[str]:
    try:
        return [location_parts(f)[-1] for f in list_files(folder, recursive=False)]
    except FileNotFoundError:
        return []
