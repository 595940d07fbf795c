"""Bounded reading of text files: blocks that end at a line break, and lines with their numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from .._errors import CsvError
from ._files import location_name, open_binary
from ._splits import AbstractInputSplit, StringSplit

__all__ = ["MAX_LINE_BYTES", "Block", "blocks_of", "lines_of"]

MAX_LINE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of one file.

    Attributes:
        data: the bytes, without the file's skipped lines.
        file: the file's path; None for text given directly.
        first_line: number of the first line, from 0, skipped lines included.
    """

    data: bytes | bytearray
    file: str | None
    first_line: int


def _open(split: AbstractInputSplit) -> Iterator[tuple[str | None, IO[bytes]]]:
    if isinstance(split, StringSplit):
        yield None, io.BytesIO(split.text.encode())
        return
    for location in split.locations():
        with open_binary(location) as f:
            yield location_name(location), f


def blocks_of(
    split: AbstractInputSplit, *, skip_lines: int, size: int, encoding: str = "utf-8"
) -> Iterator[Block]:
    """The files of a split in blocks of about `size` bytes of UTF-8.

    Raises:
        CsvError: a line longer than `MAX_LINE_BYTES`, or bytes that are not in `encoding`.
    """
    for name, f in _open(split):
        rest = b""
        line, to_skip = 0, skip_lines
        while True:
            # One buffer per block: the rest of the last one, then what the file gives; the part
            # behind the last line break is cut off in place.
            data = bytearray(len(rest) + size)
            data[: len(rest)] = rest
            with memoryview(data) as view:
                read = _readinto(f, view[len(rest) :])
            filled = len(rest) + read
            if filled == 0:
                break
            end = filled if read == 0 else data.rfind(b"\n", len(rest), filled) + 1
            if end == 0:
                if filled > MAX_LINE_BYTES:
                    raise CsvError(
                        f"a line of more than {MAX_LINE_BYTES} bytes", file=name, line=line + 1
                    )
                rest = bytes(data[:filled])
                continue
            rest = bytes(data[end:filled])
            del data[end:]
            if to_skip:
                skipped = _skip(data, to_skip)
                to_skip -= skipped
                line += skipped
            if data:
                yield Block(_utf8(data, encoding, name, line), name, line)
                line += data.count(b"\n")
            if read == 0:
                break


def _readinto(f: Any, view: memoryview) -> int:
    """Fill a buffer from a binary file; 0 at its end."""
    return int(f.readinto(view))


def _skip(data: bytearray, count: int) -> int:
    """Drop up to `count` lines in place; returns how many were dropped."""
    skipped, at = 0, 0
    while skipped < count and at < len(data):
        end = data.find(b"\n", at)
        at = len(data) if end < 0 else end + 1
        skipped += 1
    del data[:at]
    return skipped


def _utf8(data: bytearray, encoding: str, name: str | None, line: int) -> bytes | bytearray:
    if encoding.lower().replace("-", "") == "utf8":
        return data
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError as e:
        raise CsvError(
            f"bytes that are not {encoding}: {e.reason}",
            file=name,
            line=line + 1 + data[: e.start].count(b"\n"),
        ) from None


def block_lines(block: Block) -> list[str]:
    """The lines of a block as text; raises CsvError where bytes are not UTF-8."""
    try:
        text = block.data.decode()
    except UnicodeDecodeError as e:
        raise CsvError(
            f"bytes that are not UTF-8 ({e.reason}); set encoding if the file has another one",
            file=block.file,
            line=block.first_line + 1 + block.data[: e.start].count(b"\n"),
        ) from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def lines_of(
    split: AbstractInputSplit, *, skip_lines: int = 0, encoding: str = "utf-8"
) -> Iterator[tuple[str, int, str | None]]:
    """Every line with its number (from 0) and file."""
    for block in blocks_of(split, skip_lines=skip_lines, size=1 << 18, encoding=encoding):
        for i, line in enumerate(block_lines(block)):
            yield line, block.first_line + i, block.file
