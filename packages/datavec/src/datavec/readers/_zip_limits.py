"""Zip files from untrusted sources: read with bounds on what comes out."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO

from .._errors import RecordFormatError

__all__ = ["read_zip"]

_PIECE = 1 << 20


def read_zip(
    f: IO[bytes], name: str | None, *, max_bytes: int, max_files: int
) -> Iterator[tuple[str, bytes]]:
    """Each member's name and its data.

    Raises:
        RecordFormatError: no zip file, too many members, or more than `max_bytes` in all, counted
            as they are unpacked and not as the file says.
    """
    import zipfile  # takes milliseconds, which importing the package need not wait for

    left = max_bytes
    try:
        with zipfile.ZipFile(f) as archive:
            infos = archive.infolist()
            if len(infos) > max_files:
                raise RecordFormatError(
                    f"a zip file with {len(infos)} members; at most {max_files} are read", file=name
                )
            for info in infos:
                pieces = []
                with archive.open(info) as member:
                    while piece := member.read(_PIECE):
                        left -= len(piece)
                        if left < 0:
                            raise RecordFormatError(
                                f"the zip file unpacks to more than {max_bytes} bytes", file=name
                            )
                        pieces.append(piece)
                yield info.filename, b"".join(pieces)
    except RecordFormatError:
        raise
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
        raise RecordFormatError(f"not a zip file that can be read: {e}", file=name) from None
