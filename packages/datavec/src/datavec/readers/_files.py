"""Opening what a location names: a local file or a URL, compressed or not, with bounded reads.

A location is a `Path`, or the text of a URL. What is compressed is told by the last part of its
name: ``.gz``, ``.bz2``, ``.xz``, ``.zst``. URLs go through fsspec.
"""

from __future__ import annotations

import io
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast
from urllib.parse import urlsplit

from .._errors import DataVecError, SourceError

__all__ = [
    "MAX_FILE_BYTES",
    "Location",
    "as_location",
    "list_files",
    "location_name",
    "location_parts",
    "open_binary",
    "read_bytes",
    "read_limited",
]

Location = Path | str

MAX_FILE_BYTES = 256 << 20
"""What a reader that needs a whole file takes at most, counted after decompression."""

_BUFFER = 256 << 10
# "s3://bucket/x", "https://host/x", and fsspec's chains such as "zip://x::s3://bucket/y.zip";
# one letter is a drive of Windows.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+(://|::)")


# --- names -------------------------------------------------------------------------------------


def as_location(value: str | os.PathLike[str]) -> Location:
    """A `Path` for local files (also ``file:`` URLs), the text itself for other URLs.

    >>> as_location("file:/data/a.csv").as_posix(), as_location("s3://bucket/a.csv")
    ('/data/a.csv', 's3://bucket/a.csv')
    """
    text = os.fspath(value)
    if not isinstance(text, str):
        raise TypeError(f"a location must be a path or a URL as text, received {value!r}")
    if not text:
        raise SourceError("a location must be a path or a URL, received an empty text")
    if text.startswith("file:"):
        from urllib.request import url2pathname  # brings the whole of http along

        return Path(url2pathname(_path_in(text)))
    return text if isinstance(value, str) and _URL.match(text) else Path(text)


def location_name(location: Location) -> str:
    """The path or URL as text, for messages and metadata; `as_location` takes it back."""
    return str(location)


def location_parts(location: Location) -> tuple[str, ...]:
    """Folders and file name, without the host, the query and the fragment of a URL.

    >>> location_parts("https://host/images/cat/1.png?size=2")
    ('images', 'cat', '1.png')
    """
    path = location.as_posix() if isinstance(location, Path) else _url_path(location)
    return tuple(p for p in path.split("/") if p)


def _url_path(url: str) -> str:
    first = url.split("::", 1)[0]
    if first.startswith(("http://", "https://")):
        return _path_in(first)
    return first.split("://", 1)[-1]


def _path_in(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError as e:
        raise SourceError(f"{url}: is no URL: {e}") from None


# --- opening -----------------------------------------------------------------------------------


def open_binary(location: Location) -> IO[bytes]:
    """Open for reading, decompressing by suffix; use it in a ``with`` statement.

    Args:
        location: a path or a URL. Local files need nothing; http(s) needs
            ``pip install "datavec[remote]"``, s3 needs ``"datavec[s3]"``, other addresses the
            fsspec package of their kind. Credentials come from where that package looks for them.

    Raises:
        FileNotFoundError: there is no such file.
        SourceError: it cannot be opened or, while reading, fetched or decompressed.
    """
    path = location if isinstance(location, Path) else PurePosixPath(_url_path(location))
    suffix = path.suffix
    decompress = _CODECS.get(suffix.lower())
    raw = _open_raw(location)
    if decompress is None and isinstance(location, Path):
        return raw
    try:
        source = raw if decompress is None else decompress(raw)
    except BaseException:
        raw.close()
        raise
    return cast(IO[bytes], io.BufferedReader(_Checked(source, raw, location), _BUFFER))


def read_bytes(location: Location, limit: int = MAX_FILE_BYTES) -> bytes:
    """All of a file, decompressed.

    Raises:
        SourceError: more than `limit` bytes; no more than that is ever held.
        FileNotFoundError: there is no such file.
    """
    with open_binary(location) as f:
        return read_limited(f, location_name(location), limit)


def read_limited(f: IO[bytes], name: str | None, limit: int = MAX_FILE_BYTES) -> bytes:
    """The rest of an open file; raises SourceError where that is more than `limit` bytes."""
    data = f.read(limit + 1)
    if len(data) > limit:
        raise SourceError(
            f"{name or 'input'}: more than {limit} bytes; files read as a whole must be smaller"
        )
    return data


def _gzip(raw: IO[bytes]) -> Any:
    import gzip

    return gzip.GzipFile(fileobj=raw)


def _bz2(raw: IO[bytes]) -> Any:
    import bz2

    return bz2.BZ2File(raw)


def _xz(raw: IO[bytes]) -> Any:
    import lzma

    return lzma.LZMAFile(raw)


def _zstd(raw: IO[bytes]) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(raw, "zstd")


_CODECS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": _gzip,
    ".bz2": _bz2,
    ".xz": _xz,
    ".zst": _zstd,
    ".zstd": _zstd,
}


def _open_raw(location: Location) -> IO[bytes]:
    if isinstance(location, Path):
        with _local_errors(location):
            return open(location, "rb")
    with _remote_errors(location):
        fs, path = _filesystem(location)
        return cast(IO[bytes], fs.open(path, "rb"))


class _Checked(io.RawIOBase):
    """A stream whose failures name the location and say what to do."""

    def __init__(self, source: Any, raw: IO[bytes], location: Location) -> None:
        self._source, self._raw, self._location = source, raw, location

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._source.seekable())

    def readinto(self, buffer: Any) -> int:
        with _stream_errors(self._location):
            count = self._filled(buffer)
            if count == 0 and self._source is not self._raw and self._nothing_there():
                raise EOFError("the file is empty; a compressed one never is")
            return count

    def _filled(self, buffer: Any) -> int:
        if hasattr(self._source, "readinto"):
            return int(self._source.readinto(buffer))
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _nothing_there(self) -> bool:
        return self._raw.seekable() and self._raw.tell() == 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _stream_errors(self._location):
            self._source.seek(offset, whence)
            return int(self._source.tell())

    def tell(self) -> int:
        return int(self._source.tell())

    def close(self) -> None:
        if not self.closed:
            try:
                self._source.close()
            finally:
                self._raw.close()
                super().close()


# --- listing -----------------------------------------------------------------------------------


def list_files(root: Location, *, recursive: bool) -> list[Location]:
    """A file itself, or the files below a folder, sorted.

    A folder behind http(s) is what ends in ``/`` and answers with a page of links.

    Raises:
        FileNotFoundError: neither a file nor a folder.
        SourceError: it cannot be listed.
    """
    if isinstance(root, Path):
        with _local_errors(root):
            if root.is_file():
                return [root]
            if not root.is_dir():
                raise FileNotFoundError
            found = sorted(_files_below(str(root), recursive), key=lambda name: name.split(os.sep))
            return [Path(name) for name in found]
    if root.startswith(("http://", "https://")) and not root.endswith("/"):
        return [root]  # a server need not be asked what a file is
    with _remote_errors(root):
        fs, path = _filesystem(root)
        if not root.endswith("/") and fs.isfile(path):
            return [root]
        if not fs.isdir(path):
            raise FileNotFoundError
        names = fs.find(path, maxdepth=None if recursive else 1)
        return [str(fs.unstrip_protocol(n)) for n in sorted(names)]


def _files_below(folder: str, recursive: bool) -> Iterator[str]:
    """Names of the files in a folder; links to folders are not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                yield entry.path
            elif recursive and entry.is_dir(follow_symlinks=False):
                yield from _files_below(entry.path, recursive)


def _filesystem(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL and the path in it."""
    scheme = url.split("://", 1)[0].split("::")[-1]
    extra = "s3" if scheme in ("s3", "s3a") else "remote"
    try:
        from fsspec.core import url_to_fs

        fs, path = url_to_fs(url)
        return fs, str(path)
    except ImportError as e:
        raise SourceError(
            f'{url}: reading {scheme}:// needs more packages ({e}); pip install "datavec[{extra}]"'
        ) from None
    except ValueError as e:
        raise SourceError(f"{url}: {e}; give a local path or a URL that fsspec knows") from None


# --- errors ------------------------------------------------------------------------------------


@contextmanager
def _local_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(
            f"no file or folder {path} (looked for at {path.absolute()}); check the path"
        ) from None
    except (OSError, ValueError) as e:  # ValueError: a NUL in the name
        reason = getattr(e, "strerror", None) or e
        raise SourceError(f"{path}: cannot be opened: {reason}") from e


@contextmanager
def _remote_errors(url: str) -> Iterator[None]:
    try:
        yield
    except DataVecError:
        raise
    except FileNotFoundError as e:
        # fsspec says so of a server that does not answer, too; the cause tells.
        why = f" ({_reason(e.__cause__)})" if isinstance(e.__cause__, Exception) else ""
        raise FileNotFoundError(f"no file or folder {url}{why}; check the address") from None
    except Exception as e:  # each kind of file system has errors of its own
        raise SourceError(f"{url}: cannot be opened: {_reason(e)}") from e


@contextmanager
def _stream_errors(location: Location) -> Iterator[None]:
    try:
        yield
    except DataVecError:
        raise
    except (EOFError, zlib.error, OSError, ValueError) as e:
        raise _broken(location, e) from e
    except Exception as e:
        # lzma's own error, and those of the libraries behind fsspec; none may be imported here.
        if isinstance(location, Path) and type(e).__name__ != "LZMAError":
            raise
        raise _broken(location, e) from e


def _broken(location: Location, error: Exception) -> SourceError:
    return SourceError(
        f"{location_name(location)}: the file is damaged, cut off or could not be fetched to its "
        f"end ({_reason(error)}); get a whole copy of it"
    )


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
