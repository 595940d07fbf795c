"""Where a writer's bytes go: beside the wanted name until all is written, then to it at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

import pyarrow as pa

from .._errors import DataVecError
from ..readers._files import Location, as_location, location_name, location_parts, open_binary

__all__ = ["Destination", "OutputFile"]

Destination: TypeAlias = str | os.PathLike[str] | IO[bytes]


class OutputFile:
    """One file that comes into being, whole, when `commit` is called.

    Until then the bytes are in a file beside it (of a URL: in a temporary file, which is then
    uploaded), which `discard` removes.

    Args:
        destination: a path, a URL (through fsspec), or a binary stream, which is written directly
            and left open.
        append: keep what the file holds, and go on behind it.

    The suffix of the name compresses: ``.gz .bz2 .xz .zst``.
    """

    def __init__(self, destination: Destination, *, append: bool = False) -> None:
        self.name = destination_name(destination)
        self.old_text_is_open = False
        """Whether the file that is appended to ends in the middle of a line."""
        self.continues = False
        """Whether a file that held something already is appended to."""
        self._aside: Path | None = None
        if not isinstance(destination, (str, os.PathLike)):
            if append:
                raise ValueError("append=True needs the name of a file, received a stream")
            self.stream = destination
            return
        self._location = as_location(destination)
        if isinstance(self._location, Path):
            self._aside, raw = self._open_aside(self._location, append)
        else:
            if append:
                raise ValueError(f"{self.name}: append=True works on local files only")
            _file_system(self._location)  # a mistake in the address shall show at once
            handle, name = tempfile.mkstemp(prefix="datavec-")
            self._aside, raw = Path(name), os.fdopen(handle, "wb")
        self.stream = _compressed(raw, self._location)
        """Takes the bytes, before compression."""
        self._abandon = weakref.finalize(self, _abandoned, self._aside, self.stream, raw)
        self._raw = raw

    def _open_aside(self, path: Path, append: bool) -> tuple[Path, IO[bytes]]:
        if path.is_dir():
            raise IsADirectoryError(f"{path}: is a folder; give the name of a file in it")
        aside = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
        try:
            raw = open(aside, "xb")  # noqa: SIM115  (closed by commit or discard)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{path}: there is no folder {path.parent}; create it first"
            ) from None
        except PermissionError as e:
            raise PermissionError(e.errno, "may not be written", str(path)) from None
        try:
            if path.exists():
                shutil.copymode(path, aside)
                if append:
                    self.continues = path.stat().st_size > 0
                    self.old_text_is_open = _ends_in_a_line(path)
                    with open(path, "rb") as old:
                        shutil.copyfileobj(old, raw, 1 << 20)
        except BaseException:
            _abandoned(aside, raw)
            raise
        return aside, raw

    def finish(self) -> None:
        """All bytes are written: nothing is held open until `commit`."""
        if self._aside is not None:
            self.stream.close()
            self._raw.close()

    def commit(self) -> None:
        """Finish the file and give it its name."""
        if self._aside is None:
            self.stream.flush()
            return
        self.finish()
        if isinstance(self._location, Path):
            with open(self._aside, "rb+") as f:  # on the disk before the name points to it
                os.fsync(f.fileno())
            os.replace(self._aside, self._location)
        else:
            filesystem, path = _file_system(self._location)
            filesystem.put_file(str(self._aside), path)
        self._abandon()

    def discard(self) -> None:
        """Remove what was written (not from a stream of the caller's)."""
        if self._aside is not None:
            self._abandon()


def _abandoned(aside: Path, *streams: IO[bytes]) -> None:
    for stream in streams:
        # Closing a compressed stream writes its end, which may fail as its start did.
        with contextlib.suppress(OSError, ValueError, pa.ArrowException):
            stream.close()
    aside.unlink(missing_ok=True)


def destination_name(destination: Destination) -> str:
    """Text of a path, URL or stream, for messages."""
    if isinstance(destination, (str, os.PathLike)):
        return location_name(as_location(destination))
    if hasattr(destination, "write"):
        return str(getattr(destination, "name", "a stream"))
    raise TypeError(
        "expected a path, a URL or a binary stream to write to, "
        f"received {type(destination).__name__}"
    )


def _file_system(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs

        filesystem, path = url_to_fs(url)
        return filesystem, str(path)
    except ImportError as e:
        raise DataVecError(
            f'{url}: writing there needs more packages ({e}); pip install "datavec[remote]"'
        ) from None
    except ValueError as e:
        raise DataVecError(f"{url}: {e}; give a local path or a URL that fsspec knows") from None


def _compressed(raw: IO[bytes], location: Location) -> IO[bytes]:
    suffix = Path(location_parts(location)[-1]).suffix.lower()
    if suffix == ".gz":
        import gzip

        # No time stamp: the same records give the same bytes.
        return cast("IO[bytes]", gzip.GzipFile("", "wb", 6, raw, mtime=0))
    if suffix == ".bz2":
        import bz2

        return bz2.BZ2File(raw, "wb")
    if suffix == ".xz":
        import lzma

        return lzma.LZMAFile(raw, "wb")
    if suffix in (".zst", ".zstd"):
        return cast("IO[bytes]", pa.CompressedOutputStream(raw, "zstd"))
    return raw


def _ends_in_a_line(path: Path) -> bool:
    last = b"\n"
    with open_binary(path) as f:
        if path.suffix.lower() not in (".gz", ".bz2", ".xz", ".zst", ".zstd"):
            f.seek(max(0, path.stat().st_size - 1))
        while chunk := f.read(1 << 20):
            last = chunk[-1:]
    return last != b"\n"
