"""Writers whose records go to files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from .._errors import naming_file
from ..schema._schema import Schema
from ._output import Destination, OutputFile, destination_name
from ._partition import AbstractPartitioner, Array, PartitionMetaData, partition_names
from ._writer import AbstractRecordWriter

__all__ = ["AbstractFileRecordWriter"]

_APPEND = "org.datavec.api.record.writer.append"


class AbstractFileRecordWriter(AbstractRecordWriter):
    """Writes records to one file, or to several.

    A file gets its name only in `close`, so nobody sees half of it.

    Answers to Deeplearning4j's ``FileRecordWriter``.

    Args:
        destination: a path, a URL, or a binary stream; a suffix ``.gz .bz2 .xz .zst`` compresses.
            May be given later by `initialize`.
        schema: names and types of the columns. Without one, text writers write a record's values
            as their Python types say; the others take Arrow data only.
        partitioner: divides the records over files; ``%d`` or ``%05d`` in the file name then
            stands for the number of the file.
        append: go on behind what is there.
    """

    can_append = True
    """Whether the format can go on behind what a file holds."""

    def __init__(
        self,
        destination: Destination | None = None,
        *,
        schema: Schema | None = None,
        partitioner: AbstractPartitioner | None = None,
        append: bool = False,
    ) -> None:
        super().__init__(schema)
        self._partitioner = partitioner
        self._append = append
        self._destination: Destination | None = None
        self.partitions: list[PartitionMetaData] = []
        """The files written and what is in each; complete after `close`."""
        if destination is not None:
            self.initialize(destination)

    def __repr__(self) -> str:
        place = "nowhere yet" if self._destination is None else destination_name(self._destination)
        return f"<{type(self).__name__} to {place:.80}>"

    def initialize(
        self,
        destination: Destination,
        configuration: Mapping[str, str] | None = None,
        partitioner: AbstractPartitioner | None = None,
    ) -> Self:
        """Set where to write; a configuration holds options under Deeplearning4j's keys.

        Raises:
            ValueError: the writer is open, or an option does not go with the destination.
        """
        if self._is_open:
            raise ValueError(f"{self!r}: is open; close it first")
        if configuration is not None:
            self.configure(configuration)
        if partitioner is not None:
            self._partitioner = partitioner
        name = destination_name(destination)
        if self._append and not self.can_append:
            raise ValueError(
                f"{type(self).__name__}: {name}: a finished file of this format cannot be "
                "continued; write another file"
            )
        if self._partitioner is not None and hasattr(destination, "write"):
            raise ValueError(f"{type(self).__name__}: several files need a name, not a stream")
        self._destination = destination
        self._names = (
            None if self._partitioner is None else partition_names(destination, append=self._append)  # type: ignore[arg-type]
        )
        self._finished: list[OutputFile] = []
        self._file: OutputFile | None = None
        self._current = PartitionMetaData("")
        self.partitions = []
        self._start()
        return self

    def configure(self, configuration: Mapping[str, str]) -> None:
        """Take options from Deeplearning4j's configuration keys."""
        if _APPEND in configuration:
            self._append = flag(configuration[_APPEND])

    # --- files ----------------------------------------------------------------------------------

    def _put_chunk(self, chunk: Any) -> None:
        sizes = self._sizes(chunk)
        start, total = 0, len(sizes)
        while start < total:
            file = self._file or self._next_file()
            count = total - start
            if self._partitioner is not None:
                count = self._partitioner.fitting(sizes[start:], self._current)
                if count < 1:
                    if self._current.records == 0:
                        raise ValueError(f"{self._partitioner!r} puts no record in an empty file")
                    self._finish_file()
                    continue
            with naming_file(file.name):
                self._put(file, chunk.slice(start, count))
            self._current = replace(
                self._current,
                records=self._current.records + count,
                size=self._current.size + int(sizes[start : start + count].sum()),
            )
            start += count

    def _next_file(self) -> OutputFile:
        destination = self._destination if self._names is None else next(self._names)
        # With a partitioner, appending means further files.
        append = self._append and self._names is None
        file = OutputFile(destination, append=append)  # type: ignore[arg-type]
        self._file = file
        self._current = PartitionMetaData(file.name)
        self._begin(file)
        return file

    def _finish_file(self) -> None:
        if self._file is not None:
            with naming_file(self._file.name):
                self._end(self._file)
                self._file.finish()
            self._finished.append(self._file)
            self.partitions.append(self._current)
            self._file, self._current = None, PartitionMetaData("")

    def _commit(self) -> None:
        if self._file is None and not self._finished:
            self._next_file()  # no records: an empty file
        self._finish_file()
        while self._finished:
            with naming_file(self._finished[0].name):
                self._finished[0].commit()
            self._finished.pop(0)

    def _revert(self) -> None:
        if self._file is not None:
            self._drop(self._file)
            self._finished.append(self._file)
        for file in self._finished:
            file.discard()
        self._file, self._finished = None, []
        self._current, self.partitions = PartitionMetaData(""), []

    # --- the format -----------------------------------------------------------------------------

    @abstractmethod
    def _sizes(self, chunk: Any) -> Array:
        """Bytes of each record of a chunk."""

    @abstractmethod
    def _put(self, file: OutputFile, chunk: Any) -> None:
        """Write a chunk."""

    def _begin(self, file: OutputFile) -> None:
        """A file was opened."""

    def _end(self, file: OutputFile) -> None:
        """All records of a file have been written."""

    def _drop(self, file: OutputFile) -> None:
        """The open file is being given up."""


def flag(text: Any) -> bool:
    """A configuration's boolean."""
    return str(text).strip().lower() == "true"
