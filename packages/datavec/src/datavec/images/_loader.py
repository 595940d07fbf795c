"""NativeImageLoader: image files as arrays."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from .._choice import Choice
from .._errors import DataVecError
from ..readers._files import MAX_FILE_BYTES, as_location, location_name, read_bytes
from ._decode import DecodeOptions, decode, decode_pages
from ._draws import AbstractDraws
from ._errors import ImageError
from ._geometry import resized
from ._opencv import opencv
from ._process import ImageTransformProcess
from ._transform import AbstractImageTransform, Array, as_image

__all__ = ["Image", "MultiPageMode", "NativeImageLoader"]

# From and to a number of channels; the numbers are those of OpenCV's COLOR_GRAY2BGR, GRAY2RGBA,
# BGR2GRAY, BGR2RGBA, RGBA2GRAY and RGBA2BGR.
_PIECE = 1 << 16
_CONVERSIONS = {(1, 3): 8, (1, 4): 9, (3, 1): 6, (3, 4): 2, (4, 1): 11, (4, 3): 3}


class MultiPageMode(Choice):
    """What becomes of files with several pages: each an example, or only the first one used.

    >>> NativeImageLoader(multi_page=MultiPageMode.FIRST).multi_page.value
    'FIRST'
    """

    MINIBATCH = "MINIBATCH"
    FIRST = "FIRST"


@dataclass(frozen=True)
class Image:
    """An image as array, and the size that it had in its file.

    Answers to Deeplearning4j's ``Image``.

    Attributes:
        image: float32 [1, channels, height, width], or [1, height, width, channels].
        orig_c: channels in the file.
        orig_h: rows in the file.
        orig_w: columns in the file.

    >>> import numpy as np
    >>> found = NativeImageLoader(2, 2, 1).as_image_matrix(np.zeros((5, 4, 3), np.uint8))
    >>> found.image.shape, found.orig_c, found.orig_h, found.orig_w
    ((1, 1, 2, 2), 3, 5, 4)
    """

    image: Array
    orig_c: int
    orig_h: int
    orig_w: int


@dataclass(frozen=True)
class Prepared:
    """An image that went through all steps, and what is needed to move labels with it."""

    pixels: Array
    """[height, width, channels]"""
    original: tuple[int, ...]
    """Height, width and channels in the file."""
    transformed: tuple[int, ...]
    """Height, width and channels after the image transform."""
    matrix: Array | None
    """Where the image transform moved coordinates; None without one, or if it does not know."""


class NativeImageLoader:
    """Reads images into float32 arrays of 0 to 255: [1, channels, height, width], blue first.

    The steps are: decode, image transform, channels, centre crop, resize (linear). Files are PNG,
    JPEG, GIF (its first frame), BMP, TIFF, WebP, JPEG 2000, PBM/PGM/PPM and, where OpenCV is built
    and allowed to, EXR; which one is told by their first bytes, not by their names.

    What files hold beyond that is treated so: grey stays one channel unless `channels` asks for
    more; palettes become colours; CMYK becomes blue, green, red; transparency is dropped, as in
    Deeplearning4j, unless `background` is given; 16 bits keep their values up to 65535 unless
    `eight_bit`; floating-point pixels keep their values; a turn that EXIF asks for is made.

    Answers to Deeplearning4j's ``NativeImageLoader``, and stands for ``ImageLoader``,
    ``Java2DNativeImageLoader`` and ``AndroidNativeImageLoader`` as well.

    Args:
        height: rows of the result; None keeps those of the image (then `width` must be None too).
        width: columns of the result.
        channels: 1, 3 or 4 (red, green, blue, 255 as in Deeplearning4j); None keeps those of the
            image.
        center_crop: cut the middle square out before resizing; ``"deeplearning4j"`` cuts only
            half of what is too much, at the left or at the top, as there.
        image_transform: applied first.
        multi_page: what `as_matrix` makes of files with several pages (TIFF, GIF).
        channel_order: ``"bgr"`` or ``"rgb"``, of images with three channels.
        scaled_decoding: let JPEG decode at 1/2, 1/4 or 1/8 of their size where that is still at
            least `height` by `width`: much faster, smoother, but not the pixel values that
            Deeplearning4j gives. It has no effect together with `image_transform`.
        max_pixels, exif_orientation, background, eight_bit: as described at `DecodeOptions`.

    >>> import numpy as np
    >>> loader = NativeImageLoader(2, 2, 1)
    >>> loader.as_matrix(np.full((4, 4, 3), 100, np.uint8)).tolist()
    [[[[100.0, 100.0], [100.0, 100.0]]]]
    """

    def __init__(
        self,
        height: int | None = None,
        width: int | None = None,
        channels: int | None = None,
        *,
        center_crop: bool | str = False,
        image_transform: AbstractImageTransform | ImageTransformProcess | None = None,
        multi_page: MultiPageMode | str | None = None,
        channel_order: str = "bgr",
        scaled_decoding: bool = False,
        max_pixels: int = 100_000_000,
        exif_orientation: bool = True,
        background: tuple[int, int, int] | None = None,
        eight_bit: bool = False,
    ) -> None:
        if (height is None) != (width is None):
            raise ValueError("NativeImageLoader: give both height and width, or neither")
        for name, value in (("height", height), ("width", width)):
            if value is not None and not isinstance(value, int | np.integer):
                raise TypeError(f"NativeImageLoader: {name} must be an integer, received {value!r}")
            if value is not None and not 1 <= value <= 1 << 15:
                raise ValueError(f"NativeImageLoader: {name} must be 1 to 32768, got {value}")
        if channels not in (None, 1, 3, 4):
            raise ValueError(f"NativeImageLoader: channels must be 1, 3 or 4, received {channels}")
        if channel_order not in ("bgr", "rgb"):
            raise ValueError(f"channel_order must be 'bgr' or 'rgb', received {channel_order!r}")
        if center_crop not in (True, False, "deeplearning4j"):
            raise ValueError(
                f"center_crop must be True, False or 'deeplearning4j', received {center_crop!r}"
            )
        if image_transform is not None and not isinstance(
            image_transform, (AbstractImageTransform, ImageTransformProcess)
        ):
            raise TypeError(
                "image_transform: expected an image transform or an ImageTransformProcess, "
                f"received {type(image_transform).__name__}"
            )
        self.height, self.width, self.channels = height, width, channels
        self.center_crop = center_crop
        self.image_transform = image_transform
        if not isinstance(multi_page, MultiPageMode | None):
            modes = {mode.value: mode for mode in MultiPageMode}
            if multi_page not in modes:
                raise ValueError(
                    f"multi_page must be one of {', '.join(modes)}, got {multi_page!r}"
                )
            multi_page = modes[multi_page]
        self.multi_page = multi_page
        self.channel_order = channel_order
        self.options = DecodeOptions(max_pixels, exif_orientation, background, eight_bit)
        self._least: tuple[int, int] | None = None
        if scaled_decoding and image_transform is None and height is not None and width is not None:
            self._least = height, width

    # --- files to arrays --------------------------------------------------------------------------

    def as_matrix(self, source: Any, *, nchw: bool = True) -> Array:
        """An image as float32 [1, channels, height, width], or [1, height, width, channels].

        Args:
            source: path, URL, bytes of a file, open binary file, or array [height, width(,
                channels)].
            nchw: channels first.

        Raises:
            ImageError: no image, damaged, or too large.
            FileNotFoundError: no such file.
            DataVecError: an image that the transform cannot work on.
        """
        if self.multi_page is None:
            return self._batch([self.prepare(self.as_mat(source)).pixels], nchw)
        data, name = _bytes_of(source)
        if self.multi_page is MultiPageMode.FIRST:
            pages = [decode(data, name, self.options)]
        else:
            pages = decode_pages(data, name, self.options)
        return self._batch([self.prepare(page).pixels for page in pages], nchw)

    def as_image_matrix(self, source: Any, *, nchw: bool = True) -> Image:
        """As `as_matrix`, with the size that the image had."""
        found = self.prepare(self.as_mat(source))
        height, width, channels = found.original
        return Image(self._batch([found.pixels], nchw), channels, height, width)

    def as_row_vector(self, source: Any) -> Array:
        """As `as_matrix`, flat: float32 [channels × height × width]."""
        return self.as_matrix(source).ravel()

    def as_matrix_view(self, source: Any, view: Array) -> None:
        """Read an image into an array [channels, height, width] that exists; raises as `as_matrix`."""
        write_channels_first(self.prepare(self.as_mat(source)).pixels, view)

    def as_mat(self, source: Any) -> Array:
        """The pixels as decoded, before any step: [height, width, channels].

        Of arrays [1, channels, height, width] and [channels, height, width] with 1, 3 or 4 channels
        of float32 numbers, such as `as_matrix` gives, the pixels in that order.
        """
        if isinstance(source, np.ndarray):
            channels_first = source.ndim == 4 or (source.ndim == 3 and source.shape[2] > 4)
            if channels_first and source.shape[-3] in (1, 3, 4):
                if source.ndim == 4 and source.shape[0] != 1:
                    raise DataVecError(f"expected one image, received a batch of {len(source)}")
                source = source.reshape(source.shape[-3:]).transpose(1, 2, 0)
            return np.ascontiguousarray(as_image(source, "NativeImageLoader"))
        return self.decoded(*_bytes_of(source))

    def decoded(self, data: bytes, name: str | None) -> Array:
        """The pixels of a file [height, width, channels]; raises ImageError."""
        return decode(data, name, self.options, self._least)

    # --- the steps --------------------------------------------------------------------------------

    def prepare(self, pixels: Array, draws: AbstractDraws | None = None) -> Prepared:
        """All steps after decoding; raises DataVecError."""
        original, matrix = pixels.shape, None
        if self.image_transform is not None:
            draws = self.image_transform.draws() if draws is None else draws
            pixels, matrix = self.image_transform.run(pixels, draws)
        transformed = pixels.shape
        pixels = self._resized(self._cropped(self._converted(pixels)))
        return Prepared(pixels, original, transformed, matrix)

    def blank(self, value: float) -> Prepared:
        """What stands in for an image that cannot be read: one value everywhere."""
        shape = (self.height or 1, self.width or 1, self.channels or 1)
        return Prepared(np.full(shape, value, np.float32), shape, shape, None)

    def _converted(self, image: Array) -> Array:
        have, want = image.shape[2], self.channels or image.shape[2]
        if have != want:
            code = _CONVERSIONS.get((have, want))
            if code is None:
                raise DataVecError(f"cannot make {want} channels of an image with {have}")
            image = opencv().cvtColor(image, code)
            image = image if image.ndim == 3 else image[:, :, np.newaxis]
        if self.channel_order == "rgb" and image.shape[2] == 3:
            image = image[:, :, ::-1]
        return image

    def _cropped(self, image: Array) -> Array:
        if not self.center_crop:
            return image
        height, width = image.shape[:2]
        side, excess = min(height, width), abs(width - height)
        if self.center_crop == "deeplearning4j":
            top, left = (excess // 2 if long > side else 0 for long in (height, width))
            return image[top:, left:]
        top, left = (height - side) // 2, (width - side) // 2
        return image[top : top + side, left : left + side]

    def _resized(self, image: Array) -> Array:
        size = (self.height, self.width)
        if self.height is None or self.width is None or image.shape[:2] == size:
            return image
        result, _ = resized(image, self.width, self.height)
        return result if result.ndim == 3 else result[:, :, np.newaxis]

    def _batch(self, images: list[Array], nchw: bool) -> Array:
        if any(image.shape != images[0].shape for image in images):
            raise ImageError(
                "its pages differ in size or channels; give height, width and channels to make "
                "them equal"
            )
        stacked = np.stack(images).astype(np.float32, copy=False)
        return np.ascontiguousarray(stacked.transpose(0, 3, 1, 2)) if nchw else stacked


def write_channels_first(pixels: Array, out: Array) -> None:
    """Write [height, width, channels] into an array [channels, height, width] of any number type."""
    height, width, channels = pixels.shape
    if out.shape != (channels, height, width):
        raise DataVecError(
            f"the image has the shape {(channels, height, width)}, the array to fill {out.shape}"
        )
    if channels == 1:
        out[0] = pixels[:, :, 0]
        return
    for target, plane in zip(out, opencv().split(pixels), strict=True):
        target[...] = plane


def _bytes_of(source: Any) -> tuple[bytes, str | None]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source), None
    if isinstance(source, (str, os.PathLike)):
        location = as_location(source)
        return read_bytes(location), location_name(location)
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        name = name if isinstance(name, str) else None
        return read_stream(source, name), name
    raise TypeError(
        "expected an image as path, URL, bytes, open binary file or array, "
        f"received {type(source).__name__}"
    )


def read_stream(stream: IO[bytes], name: str | None) -> bytes:
    """All of an open file; raises ImageError beyond the limit."""
    data = stream.read(_PIECE)
    if len(data) < _PIECE:
        return data
    pieces, size = [data], len(data)
    while data := stream.read(size):
        pieces.append(data)
        size += len(data)
        if size > MAX_FILE_BYTES:
            raise ImageError(f"more than {MAX_FILE_BYTES} bytes", file=name)
    return b"".join(pieces)
