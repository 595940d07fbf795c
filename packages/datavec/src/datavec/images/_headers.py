"""What kind of image some bytes are, and how large, read from their headers alone.

Decoders allocate what a header asks for, so it is looked at first: an image beyond the limit is
refused before anything is decoded.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["HeaderError", "ImageHeader", "read_header", "read_page_sizes"]

_MAX_SCANS = 500  # a progressive JPEG has about ten; thousands of them only burn time
_MAX_SEGMENTS = 10_000


class HeaderError(ValueError):
    """A header that cannot be read; the text says what is wrong."""


@dataclass(frozen=True)
class ImageHeader:
    """The format's name, and the stored width and height (before any turn that EXIF asks for)."""

    format: str
    width: int
    height: int


def read_header(data: bytes) -> ImageHeader:
    """Look at the beginning of a file; raises HeaderError."""
    for start, reader in _READERS:
        if data.startswith(start):
            try:
                found = reader(data)
            except (struct.error, IndexError, OverflowError, ValueError) as e:
                if isinstance(e, HeaderError):
                    raise
                raise HeaderError("it ends within its header") from None
            if found.width < 1 or found.height < 1:
                raise HeaderError(
                    f"a {found.format} header with a size of {found.width}x{found.height}"
                )
            return found
    if not data:
        raise HeaderError("the file is empty")
    raise HeaderError(
        f"its first bytes ({data[:8].hex(' ')}) are those of none of the formats PNG, JPEG, GIF, "
        "BMP, TIFF, WebP, JPEG 2000, PBM/PGM/PPM and EXR; of a folder, "
        'FileSplit(folder, extensions=["png", ...]) takes the images only'
    )


def read_page_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height of every page that the headers tell of; raises HeaderError."""
    first = read_header(data)
    if first.format != "TIFF":
        return [(first.width, first.height)]
    try:
        return list(tiff_sizes(data))
    except (struct.error, OverflowError):  # an offset of 64 bits may be any number
        raise HeaderError("it ends within its list of pages") from None


def _png(data: bytes) -> ImageHeader:
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        raise HeaderError("a PNG without its header chunk")
    return ImageHeader("PNG", *struct.unpack(">II", data[16:24]))


def _gif(data: bytes) -> ImageHeader:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        raise HeaderError("a GIF of an unknown version")
    return ImageHeader("GIF", *struct.unpack("<HH", data[6:10]))


def _bmp(data: bytes) -> ImageHeader:
    (size,) = struct.unpack_from("<I", data, 14)
    if size == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    elif size >= 36:
        width, height = struct.unpack_from("<ii", data, 18)
    else:
        raise HeaderError(f"a BMP with a header of {size} bytes")
    return ImageHeader("BMP", width, abs(height))  # below 0: rows from the top


def _jpeg(data: bytes) -> ImageHeader:
    """Walk the segments up to the one that tells the size."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if data[at] != 0xFF:
            raise HeaderError(f"a JPEG with no marker at byte {at}")
        while data[at] == 0xFF:
            at += 1
        marker, at = data[at], at + 1
        if marker in (0x01, *range(0xD0, 0xD8)):
            continue  # markers without a length
        if marker in (0xD9, 0xDA):
            raise HeaderError("a JPEG whose pixels come before its size")
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2:
            raise HeaderError(f"a JPEG segment of length {length}")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker not in (0xC0, 0xC1, 0xC3) and data.count(b"\xff\xda", at) > _MAX_SCANS:
                raise HeaderError(f"a JPEG with more than {_MAX_SCANS} scans")
            height, width = struct.unpack_from(">HH", data, at + 3)
            return ImageHeader("JPEG", width, height)
        at += length
    raise HeaderError(f"a JPEG with more than {_MAX_SEGMENTS} segments before its size")


def _webp(data: bytes) -> ImageHeader:
    if data[8:12] != b"WEBP":
        raise HeaderError("a RIFF file that is no WebP")
    kind = data[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (v & 0x3FFF for v in struct.unpack_from("<HH", data, 26))
    else:
        raise HeaderError("a WebP without pixels")
    return ImageHeader("WebP", width, height)


def _tiff(data: bytes) -> ImageHeader:
    return ImageHeader("TIFF", *next(tiff_sizes(data)))


_TIFF_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}


def tiff_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Width and height of each page of a TIFF; raises HeaderError, struct.error."""
    order = "<" if data[:2] == b"II" else ">"
    (version,) = struct.unpack_from(order + "H", data, 2)
    if version == 42:
        number, count_type, start, inline = "I", "H", 4, 8
    elif version == 43:  # BigTIFF
        number, count_type, start, inline = "Q", "Q", 8, 12
    else:
        raise HeaderError(f"a TIFF of the unknown version {version}")
    width = struct.calcsize("<" + number)
    (at,) = struct.unpack_from(order + number, data, start)
    seen: set[int] = set()
    while at != 0:
        if at in seen:
            raise HeaderError("a TIFF whose pages lead back to an earlier one")
        seen.add(at)
        (count,) = struct.unpack_from(order + count_type, data, at)
        at += struct.calcsize("<" + count_type)
        size = {}
        for entry in range(at, at + min(count, _MAX_SEGMENTS) * (inline + width), inline + width):
            tag, kind = struct.unpack_from(order + "HH", data, entry)
            if tag in (256, 257):
                if kind not in _TIFF_TYPES:
                    raise HeaderError(f"a TIFF whose size has the type {kind}")
                (size[tag],) = struct.unpack_from(order + _TIFF_TYPES[kind], data, entry + inline)
        if len(size) != 2:
            raise HeaderError("a TIFF page without a size")
        yield size[256], size[257]
        if len(seen) > _MAX_SEGMENTS:
            raise HeaderError(f"a TIFF with more than {_MAX_SEGMENTS} pages")
        (at,) = struct.unpack_from(order + number, data, at + count * (inline + width))
    if not seen:
        raise HeaderError("a TIFF without a page")


# Numbers of a PNM header are divided by spaces and comments.
_PNM = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})[\s#]")


def _pnm(data: bytes) -> ImageHeader:
    found = _PNM.match(data[:65536])
    if found is None:
        raise HeaderError("a PNM without a size")
    return ImageHeader("PNM", int(found[1]), int(found[2]))


def _jpeg2000(data: bytes) -> ImageHeader:
    if data.startswith(b"\xff\x4f\xff\x51"):
        at = 0
    else:
        at = data.find(b"\xff\x4f\xff\x51")
        if at < 0:
            raise HeaderError("a JPEG 2000 without a code stream")
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    return ImageHeader("JPEG 2000", right - left, bottom - top)


def _exr(data: bytes) -> ImageHeader:
    at = data.find(b"dataWindow\0box2i\0")
    if at < 0:
        raise HeaderError("an EXR without a size")
    left, top, right, bottom = struct.unpack_from("<iiii", data, at + 21)
    return ImageHeader("EXR", right - left + 1, bottom - top + 1)


_READERS: tuple[tuple[bytes, Callable[[bytes], ImageHeader]], ...] = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG", _png),
    (b"GIF", _gif),
    (b"RIFF", _webp),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
    (b"II+\0", _tiff),
    (b"MM\0+", _tiff),
    (b"BM", _bmp),
    (b"P1", _pnm),
    (b"P2", _pnm),
    (b"P3", _pnm),
    (b"P4", _pnm),
    (b"P5", _pnm),
    (b"P6", _pnm),
    (b"\0\0\0\x0cjP  \r\n\x87\n", _jpeg2000),
    (b"\xff\x4f\xff\x51", _jpeg2000),
    (b"v/1\x01", _exr),
)
