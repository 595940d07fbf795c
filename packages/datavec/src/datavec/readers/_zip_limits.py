"""Zip files from untrusted sources: read with bounds on what comes out."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from .._errors import RecordFormatError

__all__ = ["read_zip", "zip_members"]

_CHUNK = 1 << 20


@contextmanager
def _zip_errors(name: str | None) -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        RuntimeError,  # encrypted
        ValueError,
        OSError,
    ) as e:
        if isinstance(e, RecordFormatError):
            raise
        raise RecordFormatError(f"not a zip file that can be read: {e}", file=name) from None


def zip_members(
    f: IO[bytes], name: str | None, *, max_bytes: int, max_files: int
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each member's name and its data in pieces.

    Raises:
        RecordFormatError: no zip file, too many members, or more than `max_bytes` in all, counted
            as they are unpacked and not as the file says.
    """
    with _zip_errors(name), zipfile.ZipFile(f) as archive:
        infos = archive.infolist()
        if len(infos) > max_files:
            raise RecordFormatError(
                f"a zip file with {len(infos)} members; at most {max_files} are read", file=name
            )
        left = [max_bytes]

        def pieces(info: zipfile.ZipInfo) -> Iterator[bytes]:
            with archive.open(info) as member:
                while piece := member.read(_CHUNK):
                    left[0] -= len(piece)
                    if left[0] < 0:
                        raise RecordFormatError(
                            f"the zip file unpacks to more than {max_bytes} bytes", file=name
                        )
                    yield piece

        for info in infos:
            yield info.filename, pieces(info)


def read_zip(
    f: IO[bytes], name: str | None, *, max_bytes: int, max_files: int
) -> Iterator[tuple[str, bytes]]:
    """Each member's name and its data; raises as `zip_members`."""
    for member, pieces in zip_members(f, name, max_bytes=max_bytes, max_files=max_files):
        with _zip_errors(name):
            yield member, b"".join(pieces)
