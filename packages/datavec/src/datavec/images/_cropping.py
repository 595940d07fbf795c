"""Transforms that take a part of an image, or put it in a box."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._errors import DataVecError
from .._serde import java_type
from ._draws import AbstractDraws
from ._opencv import opencv
from ._transform import AbstractImageTransform, Array, extra, moved, whole

__all__ = [
    "BoxImageTransform",
    "CropImageTransform",
    "LargestBlobCropTransform",
    "RandomCropTransform",
]

_PACKAGE = "org.datavec.image.transform."
# Of a made image, so that a wrong file cannot ask for any amount of memory.
_MAX_SIDE = 1 << 15
_MAX_PIXELS = 100_000_000


def side(transform: object, **values: Any) -> None:
    """Check the sides of an image that a transform makes."""
    whole(transform, 1, **values)
    for name, value in values.items():
        if value > _MAX_SIDE:
            raise ValueError(
                f"{type(transform).__name__}: {name} must be at most {_MAX_SIDE}, received {value}"
            )
    if math.prod(values.values()) > _MAX_PIXELS:
        raise ValueError(
            f"{type(transform).__name__}: more than {_MAX_PIXELS} pixels, received "
            + " x ".join(map(str, values.values()))
        )


@java_type(_PACKAGE + "CropImageTransform")
@dataclass
class CropImageTransform(AbstractImageTransform):
    """Take pixels away at each side; with a generator up to so many.

    At least one row and one column are left. Answers to Deeplearning4j's ``CropImageTransform``.

    Args:
        crop_top: rows taken away at the top, and at every other side that is not given.
        crop_left: columns taken away at the left.
        crop_bottom: rows taken away at the bottom.
        crop_right: columns taken away at the right.

    >>> import numpy as np
    >>> crop = CropImageTransform(1, 2, 1, 0)
    >>> crop.transform(np.zeros((6, 8, 3), np.uint8)).shape
    (4, 6, 3)
    >>> crop.query([3.5, 2.25]).tolist()
    [1.5, 1.25]
    """

    crop_top: int
    crop_left: int | None = None
    crop_bottom: int | None = None
    crop_right: int | None = None

    def check(self) -> None:
        for name in ("crop_top", "crop_left", "crop_bottom", "crop_right"):
            if getattr(self, name) is None:
                setattr(self, name, self.crop_top)
            whole(self, 0, **{name: getattr(self, name)})

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        sides = [self.crop_top, self.crop_left or 0, self.crop_bottom or 0, self.crop_right or 0]
        random = draws.parameters(self)
        if random is not None:
            sides = [random.next_int(n + 1) for n in sides]
        top, left, bottom, right = sides
        height, width = image.shape[:2]
        y, x = min(top, height - 1), min(left, width - 1)
        part = image[y : y + max(1, height - bottom - y), x : x + max(1, width - right - x)]
        return part, moved(-x, -y)


@java_type(_PACKAGE + "RandomCropTransform")
@dataclass
class RandomCropTransform(AbstractImageTransform):
    """Take a part of fixed size at a random place.

    Answers to Deeplearning4j's ``RandomCropTransform``, whose place follows ND4J's generator; here
    it follows a ``java.util.Random`` of the same seed.

    Args:
        output_height: rows of the part.
        output_width: columns of the part.
        seed: of the places.

    Raises:
        DataVecError: an image is smaller than the part.

    >>> import numpy as np
    >>> RandomCropTransform(3, 4).transform(np.zeros((6, 8, 3), np.uint8)).shape
    (3, 4, 3)
    """

    output_height: int
    output_width: int
    seed: int = extra(1234)

    def check(self) -> None:
        side(self, output_height=self.output_height, output_width=self.output_width)
        whole(self, -(1 << 63), seed=self.seed)

    @property
    def own_seed(self) -> int:
        return self.seed

    @property
    def always_random(self) -> bool:
        return True

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        rows, columns = image.shape[0] - self.output_height, image.shape[1] - self.output_width
        if rows < 0 or columns < 0:
            raise DataVecError(
                f"RandomCropTransform: the image ({image.shape[1]}x{image.shape[0]}) is smaller "
                f"than the part to take ({self.output_width}x{self.output_height}); resize first"
            )
        random = draws.choices(self)
        y = random.next_int(rows + 1)
        x = random.next_int(columns + 1)
        return image[y : y + self.output_height, x : x + self.output_width], moved(-x, -y)


@java_type(_PACKAGE + "BoxImageTransform")
@dataclass
class BoxImageTransform(AbstractImageTransform):
    """Put the image in the middle of a box: cropped where it is larger, padded where smaller.

    Answers to Deeplearning4j's ``BoxImageTransform``.

    Args:
        width: of the box.
        height: of the box.
        border_value: of the padding: one number, or one per channel.

    >>> import numpy as np
    >>> BoxImageTransform(11, 3).transform(np.zeros((6, 8, 3), np.uint8)).shape
    (3, 11, 3)
    """

    width: int
    height: int
    border_value: tuple[float, ...] = extra((0.0,))

    def check(self) -> None:
        side(self, width=self.width, height=self.height)
        self.border_value = border(self, self.border_value)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        rows, columns, channels = image.shape
        box = np.empty((self.height, self.width, channels), image.dtype)
        box[:] = border_of(self.border_value, channels)
        # Rounded toward zero on both sides, as integers divide in Java.
        x, y = int((columns - self.width) / 2), int((rows - self.height) / 2)
        h, w = min(rows, self.height), min(columns, self.width)
        source = image[max(y, 0) : max(y, 0) + h, max(x, 0) : max(x, 0) + w]
        box[max(-y, 0) : max(-y, 0) + h, max(-x, 0) : max(-x, 0) + w] = source
        return box, moved(-x, -y)


def border(transform: object, value: Any) -> tuple[float, ...]:
    """Check a border value: one number, or up to four."""
    values = (value,) if isinstance(value, (int, float)) else tuple(value)
    if not 1 <= len(values) <= 4 or not all(isinstance(v, (int, float)) for v in values):
        raise ValueError(
            f"{type(transform).__name__}: border_value must be one to four numbers, "
            f"received {value!r}"
        )
    return tuple(float(v) for v in values)


def border_of(value: tuple[float, ...], channels: int) -> list[float]:
    """A border value per channel: one number counts for all, missing ones are 0."""
    if len(value) == 1:
        return [value[0]] * channels
    return [*value, 0.0, 0.0, 0.0, 0.0][:channels]


@java_type(_PACKAGE + "LargestBlobCropTransform")
@dataclass
class LargestBlobCropTransform(AbstractImageTransform):
    """Crop to the bounding box of the contour with the largest area.

    An image without a contour that has an area stays as it is. Answers to Deeplearning4j's
    ``LargestBlobCropTransform``.

    Args:
        mode: OpenCV's contour retrieval mode; the default is ``RETR_CCOMP``.
        method: OpenCV's contour approximation; the default is ``CHAIN_APPROX_SIMPLE``.
        blur_width: of the box filter before edges are looked for; 0 for none.
        blur_height: of the box filter.
        lower_thresh: lower threshold of the edge detector, or threshold without it.
        upper_thresh: upper threshold, or the value of pixels above the threshold.
        is_canny: find edges with Canny's detector; False: compare with the threshold.

    >>> import numpy as np
    >>> image = np.zeros((40, 60, 3), np.uint8)
    >>> image[10:20, 30:50] = 255
    >>> LargestBlobCropTransform(is_canny=False).transform(image).shape
    (10, 20, 3)
    """

    mode: int = 2
    method: int = 2
    blur_width: int = 3
    blur_height: int = 3
    lower_thresh: int = 100
    upper_thresh: int = 200
    is_canny: bool = True

    def check(self) -> None:
        whole(self, 0, mode=self.mode, method=self.method)
        whole(self, 0, blur_width=self.blur_width, blur_height=self.blur_height)
        whole(self, 0, lower_thresh=self.lower_thresh, upper_thresh=self.upper_thresh)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        cv2 = opencv()
        grey = image if image.shape[2] == 1 else cv2.cvtColor(image[:, :, :3], cv2.COLOR_BGR2GRAY)
        if self.blur_width > 0 and self.blur_height > 0:
            grey = cv2.blur(grey, (self.blur_width, self.blur_height))
        if self.is_canny:
            edges = cv2.Canny(grey, self.lower_thresh, self.upper_thresh)
        else:
            _, edges = cv2.threshold(grey, self.lower_thresh, self.upper_thresh, cv2.THRESH_BINARY)
        contours, _ = cv2.findContours(edges, self.mode, self.method)
        largest = max(contours, key=cv2.contourArea, default=None)
        if largest is None or cv2.contourArea(largest) == 0:
            return image, np.eye(3)
        x, y, width, height = cv2.boundingRect(largest)
        return image[y : y + height, x : x + width], moved(-x, -y)
