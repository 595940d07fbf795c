"""The buffer of a text array: n + 1 offsets (int64, host order), then the characters of all strings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ._errors import FormatError

__all__ = ["pack_text", "unpack_text"]


def pack_text(strings: np.ndarray) -> bytes:
    """The buffer of the strings in storage order, as UTF-8."""
    encoded = [str(s).encode("utf-8") for s in strings]
    offsets = np.zeros(len(encoded) + 1, "<i8")
    np.cumsum([len(e) for e in encoded], out=offsets[1:])
    return offsets.tobytes() + b"".join(encoded)


def unpack_text(data: bytes, count: int) -> np.ndarray:
    """``count`` strings; raises FormatError when the offsets leave the buffer."""
    head = 8 * (count + 1)
    if len(data) < head:
        raise FormatError(
            f"text buffer of {len(data)} bytes cannot hold the offsets of {count} strings"
        )
    offsets = np.frombuffer(data, "<i8", count + 1).tolist()
    room = len(data) - head
    if offsets[0] < 0 or any(a > b for a, b in pairwise(offsets)) or offsets[-1] > room:
        raise FormatError(f"text buffer has offsets outside its {room} characters")
    strings = np.empty(count, object)
    strings[:] = [_decode(data[head + a : head + b]) for a, b in pairwise(offsets)]
    return strings


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # the original keeps the low byte of each UTF-16 unit
