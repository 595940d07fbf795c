"""Bounded reading of text files: blocks that end at a line break, and lines with their numbers."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from nd4py import _core

from .._errors import CsvError, DataVecError
from ._splits import AbstractInputSplit, InputPart

__all__ = ["MAX_LINE_BYTES", "Block", "blocks_of", "lines_of"]

MAX_LINE_BYTES = 64 << 20
_TRANSCODED = 1 << 18


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


def blocks_of(
    source: AbstractInputSplit | InputPart, *, skip_lines: int, size: int, encoding: str = "utf-8"
) -> Iterator[Block]:
    """The files of a split, or one part of it, in blocks of about `size` bytes of UTF-8.

    Raises:
        CsvError: a line longer than `MAX_LINE_BYTES`, or bytes that are not in `encoding`.
        SourceError: a file that cannot be read to its end.
        FileNotFoundError: a file that does not exist.
    """
    for part in [source] if isinstance(source, InputPart) else source.parts():
        with part.open() as f:
            yield from _blocks(_utf8(f, encoding, part.name), part.name, skip_lines, size)


def _utf8(f: IO[bytes], encoding: str, name: str | None) -> Any:
    if encoding.lower().replace("-", "") == "utf8":
        return f
    return io.BufferedReader(_Utf8(f, encoding, name), _TRANSCODED)


def _blocks(f: Any, name: str | None, skip_lines: int, size: int) -> Iterator[Block]:
    rest = b""
    line, to_skip = 0, skip_lines
    while True:
        # One buffer per block: the rest of the last one, then what the file gives; the part
        # behind the last line break is cut off in place. A line that does not fit doubles it.
        data = bytearray(len(rest) + max(size, len(rest)))
        data[: len(rest)] = rest
        with memoryview(data) as view:
            read = int(f.readinto(view[len(rest) :]))
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
            yield Block(data, name, line)
            line += _core.count_lines(data)
        if read == 0:
            break


def _skip(data: bytearray, count: int) -> int:
    """Drop up to `count` lines in place; returns how many were dropped."""
    skipped, at = 0, 0
    while skipped < count and at < len(data):
        end = data.find(b"\n", at)
        at = len(data) if end < 0 else end + 1
        skipped += 1
    del data[:at]
    return skipped


class _Utf8(io.RawIOBase):
    """A file of another encoding as UTF-8; cuts no character in two, whatever its width."""

    def __init__(self, f: IO[bytes], encoding: str, name: str | None) -> None:
        try:
            io.TextIOWrapper(io.BytesIO(), encoding)  # refuses what is no text encoding (rot13)
            self._decoder = codecs.getincrementaldecoder(encoding)()
        except LookupError:
            raise DataVecError(f"there is no encoding {encoding!r}; one is 'latin-1'") from None
        self._f, self._encoding, self._name = f, encoding, name
        self._ready = memoryview(b"")
        self._lines, self._ended = 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            data = self._f.read(_TRANSCODED)
            self._ended = not data
            self._ready = memoryview(self._decoded(data))
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _decoded(self, data: bytes) -> bytes:
        try:
            text = self._decoder.decode(data, final=self._ended)
            out = text.encode()
        except UnicodeError as e:
            good: Any = getattr(e, "object", b"")[: getattr(e, "start", 0)]
            breaks = good.count("\n" if isinstance(good, str) else b"\n")
            raise CsvError(
                f"bytes that are not {self._encoding}: {getattr(e, 'reason', e)}",
                file=self._name,
                line=self._lines + 1 + breaks,
            ) from None
        self._lines += out.count(b"\n")
        return out


def block_lines(block: Block) -> list[str]:
    """The lines of a block as text; raises CsvError where bytes are not UTF-8."""
    try:
        text = block.data.decode()
    except UnicodeDecodeError as e:
        line = block.first_line + 1 + block.data[: e.start].count(b"\n")
        start = block.data if line == 1 else b""
        raise not_utf8(e, start, file=block.file, line=line) from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


_STARTS = (
    ((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"), 'the file begins like UTF-32: encoding="utf-32"'),
    ((b"\xff\xfe", b"\xfe\xff"), 'the file begins like UTF-16: encoding="utf-16"'),
    ((b"\x1f\x8b",), "the file begins like gzip, which is unpacked where a name ends in .gz"),
    ((b"BZh",), "the file begins like bzip2, which is unpacked where a name ends in .bz2"),
    (
        (b"\x28\xb5\x2f\xfd",),
        "the file begins like zstd, which is unpacked where a name ends in .zst",
    ),
    ((b"PK\x03\x04",), "the file begins like a zip archive or a spreadsheet"),
)


def advice_on(start: bytes | bytearray) -> str | None:
    """What to do with a file that begins like this and is no UTF-8; None where that is not known."""
    return next((a for marks, a in _STARTS if bytes(start[:4]).startswith(marks)), None)


def not_utf8(
    error: UnicodeDecodeError, start: bytes | bytearray, *, file: str | None, line: int
) -> CsvError:
    """The error for such bytes; `start`, the file's first bytes where they are to blame, gives advice."""
    advice = advice_on(start) or "set encoding if the file has another one"
    message = f"bytes that are not UTF-8 ({error.reason}); {advice}"
    return CsvError(message, file=file, line=line, reason="bytes that are not UTF-8")


def lines_of(
    source: AbstractInputSplit | InputPart, *, skip_lines: int = 0, encoding: str = "utf-8"
) -> Iterator[tuple[str, int, str | None]]:
    """Every line with its number (from 0) and file; raises as `blocks_of`."""
    for block in blocks_of(source, skip_lines=skip_lines, size=1 << 18, encoding=encoding):
        for i, line in enumerate(block_lines(block)):
            yield line, block.first_line + i, block.file
