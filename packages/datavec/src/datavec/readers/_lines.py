"""Bounded reading of text files: blocks that end at a line break, and lines with their numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .._errors import CsvError
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

    data: bytes
    file: str | None
    first_line: int


def _open(split: AbstractInputSplit) -> Iterator[tuple[str | None, BinaryIO]]:
    if isinstance(split, StringSplit):
        yield None, io.BytesIO(split.text.encode())
        return
    for path in split.locations():
        with _open_file(path) as f:
            yield str(path), f


def _open_file(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        import gzip

        return gzip.open(path, "rb")  # type: ignore[return-value]
    return open(path, "rb")


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
            chunk = f.read(size)
            if not chunk:
                break
            if rest:
                chunk = rest + chunk
            end = chunk.rfind(b"\n") + 1
            if end == 0:
                if len(chunk) > MAX_LINE_BYTES:
                    raise CsvError(
                        f"a line of more than {MAX_LINE_BYTES} bytes", file=name, line=line + 1
                    )
                rest = chunk
                continue
            data, rest = chunk[:end], chunk[end:]
            skipped, data = _skip(data, to_skip)
            to_skip -= skipped
            line += skipped
            if data:
                yield Block(_utf8(data, encoding, name, line), name, line)
                line += data.count(b"\n")
        if rest:
            skipped, rest = _skip(rest, to_skip)
            line += skipped
            if rest:
                yield Block(_utf8(rest, encoding, name, line), name, line)


def _skip(data: bytes, count: int) -> tuple[int, bytes]:
    """Drop up to `count` lines; returns how many were dropped."""
    skipped, at = 0, 0
    while skipped < count and at < len(data):
        end = data.find(b"\n", at)
        at = len(data) if end < 0 else end + 1
        skipped += 1
    return skipped, data[at:] if at else data


def _utf8(data: bytes, encoding: str, name: str | None, line: int) -> bytes:
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
