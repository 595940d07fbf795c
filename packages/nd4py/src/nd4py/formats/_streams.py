"""Sources and targets: bounded big-endian reading, atomic writing."""

from __future__ import annotations

import errno
import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from . import _modified_utf8
from ._errors import FormatError

__all__ = [
    "DEFAULT_MAX_BYTES",
    "BoundedReader",
    "Source",
    "Target",
    "open_source",
    "open_target",
    "write_utf",
]

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
Target = str | os.PathLike[str] | BinaryIO

DEFAULT_MAX_BYTES = 1 << 32
"""Most bytes that one array may take in memory unless the caller allows more."""

_CHUNK = 1 << 20


class BoundedReader:
    """Reads a binary stream and never asks for memory that the stream cannot fill.

    ``where`` names the source in errors; ``max_bytes`` bounds a single block.
    """

    def __init__(
        self, stream: BinaryIO, where: str = "stream", max_bytes: int = DEFAULT_MAX_BYTES
    ) -> None:
        self.stream = stream
        self.where = where
        self.max_bytes = max_bytes
        self._end: int | None = None
        # Only where the size costs nothing: the end of a zip member is found by unpacking all of it.
        if isinstance(stream, (io.BytesIO, io.BufferedReader)) and stream.seekable():
            here = stream.tell()
            self._end = stream.seek(0, os.SEEK_END)
            stream.seek(here)

    def error(self, message: str) -> FormatError:
        """A FormatError that says where."""
        return FormatError(f"{self.where}: {message}")

    def exact(self, count: int, what: str) -> bytes:
        """The next ``count`` bytes; raises FormatError when there are fewer or more than allowed."""
        if count < 0:
            raise self.error(f"{what} has the negative length {count}")
        if count > self.max_bytes:
            raise self.error(
                f"{what} takes {count} bytes, more than the limit of {self.max_bytes} (max_bytes)"
            )
        if self._end is not None:
            left = self._end - self.stream.tell()
            if count > left:
                raise self.error(
                    f"{what} takes {count} bytes, the file has {left} left: truncated or damaged"
                )
            return self.stream.read(count)
        chunks = []
        left = count
        while left:
            chunk = self.stream.read(min(left, _CHUNK))
            if not chunk:
                raise self.error(
                    f"{what} takes {count} bytes, the stream ended after {count - left}"
                )
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks)

    def at_end(self) -> bool:
        """Whether nothing is left; only for sources of known size."""
        return self._end is not None and self.stream.tell() >= self._end

    def optional(self, count: int) -> bytes:
        """The next ``count`` bytes, or fewer at the end of the stream."""
        return self.stream.read(count)

    def rest(self, what: str) -> bytes:
        """All bytes left, at most ``max_bytes``."""
        data = self.stream.read(self.max_bytes + 1)
        if len(data) > self.max_bytes:
            raise self.error(
                f"{what} takes more than the limit of {self.max_bytes} bytes (max_bytes)"
            )
        return data

    def u8(self, what: str) -> int:
        return self.exact(1, what)[0]

    def i32(self, what: str) -> int:
        return int(struct.unpack(">i", self.exact(4, what))[0])

    def i64(self, what: str) -> int:
        return int(struct.unpack(">q", self.exact(8, what))[0])

    def f64(self, what: str) -> float:
        return float(struct.unpack(">d", self.exact(8, what))[0])

    def boolean(self, what: str) -> bool:
        value = self.u8(what)
        if value > 1:
            raise self.error(f"{what} is {value}, expected 0 or 1")
        return value == 1

    def utf(self, what: str) -> str:
        """A string of Java's ``DataOutput.writeUTF``."""
        (count,) = struct.unpack(">H", self.exact(2, what))
        data = self.exact(count, what)
        try:
            return _modified_utf8.decode(data)
        except FormatError as error:
            raise self.error(f"{what}: {error}") from None


def write_utf(stream: BinaryIO, text: str) -> None:
    """Write a string as Java's ``DataOutput.writeUTF`` does; raises ValueError above 65535 bytes."""
    data = _modified_utf8.encode(text)
    if len(data) > 0xFFFF:
        raise ValueError(f"text of {len(data)} bytes: at most 65535 fit")
    stream.write(struct.pack(">H", len(data)) + data)


@contextmanager
def open_source(source: Source, max_bytes: int = DEFAULT_MAX_BYTES) -> Iterator[BoundedReader]:
    """A BoundedReader over a path, bytes, or a binary stream (which stays open, just after what was read)."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield BoundedReader(io.BytesIO(source), "bytes", max_bytes)
    elif isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as stream:
            yield BoundedReader(stream, os.fspath(source), max_bytes)
    elif hasattr(source, "read"):
        yield BoundedReader(source, str(getattr(source, "name", None) or "stream"), max_bytes)
    else:
        raise TypeError(
            f"expected a path, bytes or a binary stream, received {type(source).__name__}"
        )


_NO_SPACE = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


@contextmanager
def open_target(target: Target) -> Iterator[BinaryIO]:
    """A stream to write to; a path receives its file only when all is written, an existing one is replaced.

    A symbolic link stays and its file is replaced; a device or pipe is written to as it is.

    Raises:
        TypeError: the target is neither a path nor a binary stream.
        FileNotFoundError: the folder does not exist.
        IsADirectoryError: the path is a folder.
    """
    if not isinstance(target, (str, os.PathLike)):
        if not hasattr(target, "write"):
            raise TypeError(f"expected a path or a binary stream, received {type(target).__name__}")
        yield target
        return
    from pathlib import Path  # costs more than all else here: only when a file is written

    given = Path(target)
    if given.exists() and not given.is_file():
        # Moved over a device, a file would take its place. A folder raises here, with its name.
        with open(target, "wb") as stream:
            yield stream
        return
    path = Path(os.path.realpath(target))
    aside = path.with_name(f".{path.name[:100]}.{os.urandom(6).hex()}")
    try:
        stream = open(aside, "xb")  # noqa: SIM115 (closed below, before the move)
    except OSError as problem:
        # The name that the caller knows, not that of the file aside.
        raise OSError(problem.errno, problem.strerror, os.fspath(target)) from None
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            os.chmod(aside, path.stat().st_mode & 0o7777)
        os.replace(aside, path)
    except BaseException as problem:
        aside.unlink(missing_ok=True)
        if isinstance(problem, OSError) and problem.errno in _NO_SPACE:
            problem.filename = os.fspath(target)  # writing to an open file names none
        raise
