"""From the bytes of a file to pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._errors import ImageError
from ._headers import HeaderError, ImageHeader, read_header, read_page_sizes
from ._opencv import opencv

__all__ = ["DecodeOptions", "decode", "decode_pages"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class DecodeOptions:
    """How files become pixels.

    Args:
        max_pixels: larger images are refused by their header, before anything is decoded.
        exif_orientation: turn a photograph as its EXIF entry says.
        background: blend images with transparency over this colour (blue, green, red); None drops
            the transparency, and shows whatever colour lies beneath.
        eight_bit: divide pixels of 16 bits by 257; without it they keep their values up to 65535.
    """

    max_pixels: int = 100_000_000
    exif_orientation: bool = True
    background: tuple[int, int, int] | None = None
    eight_bit: bool = False

    def __post_init__(self) -> None:
        if self.max_pixels < 1:
            raise ValueError(f"max_pixels must be positive, received {self.max_pixels}")
        if self.background is not None:
            colour = tuple(self.background)
            if len(colour) != 3 or not all(0 <= c <= 255 for c in colour):
                raise ValueError(
                    f"background must be blue, green and red from 0 to 255, got {self.background}"
                )
            object.__setattr__(self, "background", colour)


def decode(
    data: bytes, name: str | None, options: DecodeOptions, least: tuple[int, int] | None = None
) -> Array:
    """The pixels of the first image of a file.

    Args:
        data: the file.
        name: for messages.
        options: what to do with what.
        least: height and width that are enough: a JPEG may then be decoded at 1/2, 1/4 or 1/8 of
            its size.

    Returns:
        [height, width, channels]: 1 channel or blue, green, red; uint8, uint16 or float32.

    Raises:
        ImageError: no image, damaged, or too large.
    """
    cv2 = opencv()
    header = _checked(data, name, options)
    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR
    if options.background is not None and header.format not in ("JPEG", "PNM", "BMP"):
        flags = cv2.IMREAD_UNCHANGED  # the only way to get at the transparency
    elif least is not None and header.format == "JPEG":
        factor = _reduction(data, header, least)
        for n, reduced in ((8, 64), (4, 32), (2, 16)):  # IMREAD_REDUCED_GRAYSCALE_n
            if factor >= n:
                flags = reduced | cv2.IMREAD_COLOR
                break
    if not options.exif_orientation and flags != cv2.IMREAD_UNCHANGED:
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as e:
        raise ImageError(_refused(header, f": {e.err or e}"), file=name) from None
    if image is None:
        raise ImageError(_refused(header, ""), file=name)
    return _pixels(image, options, name)


def _reduction(data: bytes, header: ImageHeader, least: tuple[int, int]) -> int:
    """How many times smaller the image may get."""
    height, width = least
    factor = min(header.height // height, header.width // width)
    if b"Exif" in data[: 1 << 16]:  # it may be turned
        factor = min(factor, header.height // width, header.width // height)
    return factor


def decode_pages(data: bytes, name: str | None, options: DecodeOptions) -> list[Array]:
    """The pixels of every page or frame of a file; together they obey the limit.

    Raises:
        ImageError: as `decode`.
    """
    cv2 = opencv()
    header = _checked(data, name, options)
    try:
        sizes = read_page_sizes(data)
    except HeaderError as e:
        raise ImageError(f"cannot be read as an image: {e}", file=name) from None
    _within(sum(w * h for w, h in sizes), f"{len(sizes)} pages", options, name)
    # Frames of an animation are counted only by decoding them: ask for one more than is allowed.
    most = max(len(sizes), options.max_pixels // (header.width * header.height)) + 1
    try:
        flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR
        done, images = cv2.imdecodemulti(np.frombuffer(data, np.uint8), flags, range=(0, most))
    except cv2.error as e:
        raise ImageError(_refused(header, f": {e.err or e}"), file=name) from None
    if not done or not images:
        raise ImageError(_refused(header, ""), file=name)
    _within(sum(i.shape[0] * i.shape[1] for i in images), "all frames", options, name)
    return [_pixels(image, options, name) for image in images]


def _checked(data: bytes, name: str | None, options: DecodeOptions) -> ImageHeader:
    try:
        header = read_header(data)
    except HeaderError as e:
        raise ImageError(f"cannot be read as an image: {e}", file=name) from None
    what = f"{header.width}x{header.height} pixels"
    _within(header.width * header.height, what, options, name)
    return header


def _within(pixels: int, what: str, options: DecodeOptions, name: str | None) -> None:
    if pixels > options.max_pixels:
        raise ImageError(
            f"its header says {what}, more than the limit of {options.max_pixels} pixels; "
            "raise max_pixels if this is right",
            file=name,
        )


def _refused(header: ImageHeader, why: str) -> str:
    more = ""
    if header.format == "EXR":
        more = "; OpenCV reads EXR only with OPENCV_IO_ENABLE_OPENEXR=1 in the environment"
    return (
        f"the {header.format} of {header.width}x{header.height} pixels is damaged, cut off or of "
        f"a kind that OpenCV cannot decode{why}{more}"
    )


def _pixels(image: Array, options: DecodeOptions, name: str | None) -> Array:
    """Three dimensions, no transparency, and one of the number types that OpenCV works on."""
    if image.ndim == 2:
        image = image[:, :, np.newaxis]
    if image.dtype not in (np.uint8, np.uint16, np.float32):
        if image.dtype.kind not in "iuf":
            raise ImageError(f"pixels of type {image.dtype} are not supported", file=name)
        image = image.astype(np.float32)
    if image.shape[2] in (2, 4):
        image = _without_alpha(image, options.background)
    if image.dtype == np.uint16 and options.eight_bit:
        # 65535 / 257 is 255; halves are rounded up.
        image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return image


def _without_alpha(image: Array, background: tuple[int, int, int] | None) -> Array:
    colour, alpha = image[:, :, :-1], image[:, :, -1:]
    if background is None:
        return np.ascontiguousarray(colour)
    top = {"u1": 255.0, "u2": 65535.0}.get(image.dtype.str[1:], 1.0)
    weight = alpha.astype(np.float32) / np.float32(top)
    behind = np.array(background, np.float32)[-colour.shape[2] :] * np.float32(top / 255)
    mixed = colour * weight + behind * (1 - weight)
    result: Array = mixed.astype(np.float32) if top == 1 else np.rint(mixed).astype(image.dtype)
    return result
