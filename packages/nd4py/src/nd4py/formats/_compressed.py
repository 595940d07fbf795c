"""Bounded unpacking of the two compressions that occur in array files: GZIP and NOOP."""

from __future__ import annotations

import zlib

from ._errors import FormatError

__all__ = ["gunzip"]

_STEP = 1 << 20


def gunzip(data: bytes, limit: int) -> bytes:
    """The content of one gzip stream of at most ``limit`` bytes; raises FormatError when it is larger or damaged."""
    unpacker = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    size = 0
    try:
        pending = data
        while not unpacker.eof:
            part = unpacker.decompress(pending, min(_STEP, limit - size + 1))
            if not part and not unpacker.unconsumed_tail:
                break
            parts.append(part)
            size += len(part)
            if size > limit:
                raise FormatError(
                    f"GZIP data unpacks to more than the {limit} bytes that the header declares"
                )
            pending = unpacker.unconsumed_tail
    except zlib.error as error:
        raise FormatError(f"GZIP data is damaged: {error}") from None
    if not unpacker.eof:
        raise FormatError("GZIP data is truncated")
    return b"".join(parts)
