"""FileBatch: the bytes of some files and where they came from, in one object or zip file."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from .._errors import DataVecError, RecordFormatError, naming_file
from ._files import Location, as_location, location_name, open_binary, read_bytes
from ._reader import AbstractRecordReader
from ._sequence_reader import AbstractSequenceRecordReader, Steps
from ._splits import AbstractInputSplit, InputPart
from ._zip_limits import read_zip

__all__ = ["FileBatch", "FileBatchRecordReader", "FileBatchSequenceRecordReader"]

_URIS = "originalUris.txt"
_MEMBER = re.compile(r"[^_.]*_([0-9]{1,9})\.")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # equal batches give equal files


@dataclass(frozen=True)
class FileBatch:
    """Files in memory, with their original addresses.

    Many small files make slow storage slower; a batch of them in one zip file is read at once. The
    zip file is Deeplearning4j's: each reads what the other writes.

    Answers to Deeplearning4j's ``FileBatch``.

    Args:
        files: contents.
        uris: an address per file; its suffix is that of the file in the zip.

    Raises:
        ValueError: not as many addresses as files, or an address with a line break.

    >>> from datavec import CSVRecordReader, FileBatch, FileBatchRecordReader
    >>> batch = FileBatch((b"1,2", b"3,4"), ("file:/a.csv", "file:/b.csv"))
    >>> list(FileBatchRecordReader(CSVRecordReader, batch))
    [['1', '2'], ['3', '4']]
    """

    files: tuple[bytes, ...]
    uris: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", tuple(bytes(f) for f in self.files))
        object.__setattr__(self, "uris", tuple(self.uris))
        if len(self.files) != len(self.uris):
            raise ValueError(f"FileBatch: {len(self.files)} files, but {len(self.uris)} addresses")
        broken = [u for u in self.uris if "\n" in u or not u]
        if broken:
            raise ValueError(
                f"FileBatch: an address must be one line of text, received {broken[0]!r}"
            )

    def __repr__(self) -> str:
        return f"<FileBatch of {len(self.files)} files, {sum(map(len, self.files))} bytes>"

    @classmethod
    def for_files(cls, paths: Iterable[str | os.PathLike[str]]) -> FileBatch:
        """Read some files; raises as `open_binary`."""
        locations = [as_location(p) for p in paths]
        return cls(tuple(map(read_bytes, locations)), tuple(map(_uri, locations)))

    @classmethod
    def read_zip(
        cls,
        source: str | os.PathLike[str] | IO[bytes],
        *,
        max_bytes: int = 1 << 30,
        max_files: int = 10_000,
    ) -> FileBatch:
        """Read what `write_zip`, or Deeplearning4j's ``writeAsZip``, wrote.

        Args:
            source: path, URL or open binary file.
            max_bytes: of all files together, unpacked.
            max_files: number of files.

        Raises:
            RecordFormatError: the file is no such zip file, or exceeds a limit.
        """
        if isinstance(source, (str, os.PathLike)):
            location = as_location(source)
            with open_binary(location) as f:
                return cls._from_zip(f, location_name(location), max_bytes, max_files)
        return cls._from_zip(source, None, max_bytes, max_files)

    @classmethod
    def _from_zip(cls, f: IO[bytes], name: str | None, max_bytes: int, max_files: int) -> FileBatch:
        files: dict[int, bytes] = {}
        uris: list[str] | None = None
        for member, data in read_zip(f, name, max_bytes=max_bytes, max_files=max_files + 1):
            if member == _URIS:
                try:
                    uris = data.decode().split("\n") if data else []
                except UnicodeDecodeError:
                    raise RecordFormatError(f"{_URIS} is not UTF-8", file=name) from None
            elif m := _MEMBER.match(member):
                files[int(m[1])] = data
            else:
                raise RecordFormatError(
                    f"expected members named file_0.csv, file_1.csv, …, received {member!r}",
                    file=name,
                )
        if uris is None:
            raise RecordFormatError(f"not a FileBatch: the zip file has no {_URIS}", file=name)
        if sorted(files) != list(range(len(uris))):
            raise RecordFormatError(
                f"{_URIS} names {len(uris)} files, but the zip file holds {len(files)}", file=name
            )
        try:
            return cls(tuple(files[i] for i in range(len(uris))), tuple(uris))
        except ValueError as e:
            raise RecordFormatError(str(e), file=name) from None

    def write_zip(self, target: str | os.PathLike[str] | IO[bytes]) -> None:
        """Write the zip file that Deeplearning4j's ``readFromZip`` reads, to a path or a stream."""
        if not isinstance(target, (str, os.PathLike)):
            self._write(target)
            return
        path = Path(target)
        aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with naming_file(str(path)), open(aside, "wb") as f:
                self._write(f)
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)

    def _write(self, f: IO[bytes]) -> None:
        import zipfile

        with zipfile.ZipFile(f, "w") as archive:

            def add(name: str, data: bytes) -> None:
                info = zipfile.ZipInfo(name, _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)

            add(_URIS, "\n".join(self.uris).encode())
            for i, (data, uri) in enumerate(zip(self.files, self.uris, strict=True)):
                suffix = re.search(r"\.([^./\\]+)\Z", uri)
                add(f"file_{i}.{suffix[1] if suffix else 'bin'}", data)

    def splits(self) -> list[AbstractInputSplit]:
        """A split for each file."""
        return [_OneFile(u, d) for u, d in zip(self.uris, self.files, strict=True)]


def _uri(location: Location) -> str:
    # "file:/a b.csv" is written "file:/a%20b.csv", as java.io.File.toURI does.
    if isinstance(location, str):
        return location
    path = location.absolute().as_posix()
    return "file:" + quote(path if path.startswith("/") else "/" + path, safe="/:!$&'()*+,;=@~")


class _OneFile(AbstractInputSplit):
    """A file of a batch as an input split."""

    def __init__(self, uri: str, data: bytes) -> None:
        self.location = as_location(uri)
        self.data = data

    def locations(self) -> list[Location]:
        return [self.location]

    def open(self, location: Location) -> IO[bytes]:
        return io.BytesIO(self.data)

    def parts(self) -> Iterator[InputPart]:
        yield InputPart(location_name(self.location), lambda: io.BytesIO(self.data))


def _as_batch(batch: FileBatch | str | os.PathLike[str]) -> FileBatch:
    return batch if isinstance(batch, FileBatch) else FileBatch.read_zip(batch)


def _by_name(batch: FileBatch, names: Sequence[str | None]) -> list[AbstractInputSplit]:
    splits = {location_name(s.locations()[0]): s for s in batch.splits()}
    missing = [n for n in names if n not in splits]
    if missing:
        raise DataVecError(f"the FileBatch has no file {missing[0]}")
    return [splits[n] for n in names if n is not None]


class FileBatchRecordReader(AbstractRecordReader):
    r"""One record of each file of a `FileBatch`.

    Answers to Deeplearning4j's ``FileBatchRecordReader``.

    Args:
        make_reader: makes the reader of a file from an input split: a reader class, or
            ``lambda split: CSVRecordReader(split, skip_lines=1)``.
        batch: the batch, or the path or URL of its zip file.

    Raises:
        DataVecError: a file without a record.

    >>> from datavec import FileBatch, FileBatchRecordReader, LineRecordReader
    >>> batch = FileBatch((b"one\nmore",), ("file:/a.txt",))
    >>> list(FileBatchRecordReader(LineRecordReader, batch))
    [['one']]
    """

    def __init__(
        self,
        make_reader: Callable[[AbstractInputSplit], AbstractRecordReader],
        batch: FileBatch | str | os.PathLike[str],
    ) -> None:
        super().__init__()
        self.make_reader = make_reader
        self.batch = _as_batch(batch)

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for split in self.batch.splits():
            found = next(self.make_reader(split).records(), None)
            if found is None:
                raise DataVecError(f"FileBatchRecordReader: {split.locations()[0]} holds no record")
            yield found

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        splits = _by_name(self.batch, [m.uri for m in wanted])
        return [
            self.make_reader(split).load_from_metadata([m])[0]
            for split, m in zip(splits, wanted, strict=True)
        ]


class FileBatchSequenceRecordReader(AbstractSequenceRecordReader):
    r"""One sequence of each file of a `FileBatch`.

    Answers to Deeplearning4j's ``FileBatchSequenceRecordReader``.

    Args:
        make_reader: makes the sequence reader of a file from an input split.
        batch: the batch, or the path or URL of its zip file.

    Raises:
        DataVecError: a file without a sequence.

    >>> from datavec import CSVSequenceRecordReader, FileBatch, FileBatchSequenceRecordReader
    >>> batch = FileBatch((b"1\n2",), ("file:/a.csv",))
    >>> list(FileBatchSequenceRecordReader(CSVSequenceRecordReader, batch))
    [[['1'], ['2']]]
    """

    def __init__(
        self,
        make_reader: Callable[[AbstractInputSplit], AbstractSequenceRecordReader],
        batch: FileBatch | str | os.PathLike[str],
    ) -> None:
        super().__init__()
        self.make_reader = make_reader
        self.batch = _as_batch(batch)

    def sequences(self) -> Iterator[tuple[Steps, Any]]:
        for split in self.batch.splits():
            found = next(self.make_reader(split).sequences(), None)
            if found is None:
                raise DataVecError(
                    f"FileBatchSequenceRecordReader: {split.locations()[0]} holds no sequence"
                )
            yield found

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[Steps]:
        wanted = list(metadata)
        splits = _by_name(self.batch, [m.uri for m in wanted])
        return [
            self.make_reader(split).load_from_metadata([m])[0]
            for split, m in zip(splits, wanted, strict=True)
        ]
