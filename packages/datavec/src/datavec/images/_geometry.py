"""Transforms that move pixels: flip, resize, scale, rotate, warp."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nd4py.data import JavaRandom

from .._errors import DataVecError
from .._serde import java_type
from ._cropping import border, border_of, side
from ._draws import AbstractDraws
from ._opencv import opencv
from ._transform import AbstractImageTransform, Array, extra, finite, scaled, whole

__all__ = [
    "FlipImageTransform",
    "ResizeImageTransform",
    "RotateImageTransform",
    "ScaleImageTransform",
    "WarpImageTransform",
]

_PACKAGE = "org.datavec.image.transform."
_INTER_LINEAR = 1
_BORDER_CONSTANT = 0


def _spread(bound: float, random: JavaRandom | None) -> np.float32:
    """`bound` itself, or a draw from -bound to bound, in Java's float arithmetic."""
    if random is None:
        return np.float32(bound)
    return np.float32(bound) * np.float32(2 * random.next_float() - 1)


@java_type(_PACKAGE + "FlipImageTransform")
@dataclass
class FlipImageTransform(AbstractImageTransform):
    """Mirror the image; with a generator one of not at all, both ways, up-down, left-right.

    Answers to Deeplearning4j's ``FlipImageTransform``.

    Args:
        flip_mode: 0 mirrors top and bottom, above 0 left and right, below 0 both; ignored when
            there is a generator.

    >>> import numpy as np
    >>> flip = FlipImageTransform(1)
    >>> flip.transform(np.arange(6, dtype=np.uint8).reshape(2, 3))[:, :, 0].tolist()
    [[2, 1, 0], [5, 4, 3]]
    >>> flip.query([0, 1]).tolist()
    [2.0, 1.0]
    """

    flip_mode: int = 0

    def check(self) -> None:
        whole(self, -(1 << 31), flip_mode=self.flip_mode)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        random = draws.parameters(self)
        matrix = np.eye(3)
        mode = min(max(self.flip_mode, -1), 1)
        if random is not None:
            mode = random.next_int(4) - 2
            if mode == -2:
                return image, matrix
        height, width = image.shape[:2]
        if mode != 0:
            matrix[0] = -1, 0, width - 1
        if mode <= 0:
            matrix[1] = 0, -1, height - 1
        return opencv().flip(image, mode), matrix


@java_type(_PACKAGE + "ResizeImageTransform")
@dataclass
class ResizeImageTransform(AbstractImageTransform):
    """Resize to fixed sides, with linear interpolation.

    Answers to Deeplearning4j's ``ResizeImageTransform``.

    Args:
        new_width: columns of the result.
        new_height: rows of the result.

    >>> import numpy as np
    >>> ResizeImageTransform(6, 5).transform(np.zeros((6, 8, 3), np.uint8)).shape
    (5, 6, 3)
    """

    new_width: int
    new_height: int

    def check(self) -> None:
        side(self, new_width=self.new_width, new_height=self.new_height)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        return resized(image, self.new_width, self.new_height)


def resized(image: Array, width: int, height: int) -> tuple[Array, Array]:
    """The image with other sides, and the matrix of coordinates."""
    result = opencv().resize(image, (width, height), interpolation=_INTER_LINEAR)
    return result, scaled(width / image.shape[1], height / image.shape[0])


@java_type(_PACKAGE + "ScaleImageTransform")
@dataclass
class ScaleImageTransform(AbstractImageTransform):
    """Add pixels to the sides of the image by resizing it; with a generator up to so many.

    Answers to Deeplearning4j's ``ScaleImageTransform``.

    Args:
        dx: pixels that the width grows by.
        dy: pixels that the height grows by; as `dx` when left out.

    Raises:
        DataVecError: nothing would be left of an image.

    >>> import numpy as np
    >>> ScaleImageTransform(2, -1).transform(np.zeros((6, 8, 3), np.uint8)).shape
    (5, 10, 3)
    """

    dx: float
    dy: float | None = None

    def check(self) -> None:
        self.dy = self.dx if self.dy is None else self.dy
        finite(self, dx=self.dx, dy=self.dy)
        side(self, dx=abs(int(self.dx)) + 1, dy=abs(int(self.dy)) + 1)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        random = draws.parameters(self)
        height = _round(
            np.float32(image.shape[0]) + _spread(self.dx if self.dy is None else self.dy, random)
        )
        width = _round(np.float32(image.shape[1]) + _spread(self.dx, random))
        if height < 1 or width < 1:
            raise DataVecError(
                f"ScaleImageTransform: an image of {image.shape[1]}x{image.shape[0]} would become "
                f"{width}x{height}; use smaller shifts or larger images"
            )
        return resized(image, width, height)


def _round(value: np.float32) -> int:
    return math.floor(float(value) + 0.5)  # as Math.round(float)


@java_type(_PACKAGE + "RotateImageTransform")
@dataclass
class RotateImageTransform(AbstractImageTransform):
    """Turn and scale about a point; with a generator by up to so much.

    The result has the size of the image. Answers to Deeplearning4j's ``RotateImageTransform``.

    Args:
        angle: degrees, counter-clockwise.
        centerx: columns from the middle of the image to the centre of rotation.
        centery: rows from the middle of the image to the centre of rotation.
        scale: the image grows by 1 + scale.
        inter_mode: OpenCV's interpolation; the default is ``INTER_LINEAR``.
        border_mode: what fills the corners, in OpenCV's numbers; the default is a constant.
        border_value: the constant: one number, or one per channel.

    >>> import numpy as np
    >>> rotate = RotateImageTransform(90)
    >>> rotate.transform(np.zeros((9, 5, 3), np.uint8)).shape
    (9, 5, 3)
    >>> rotate.query([0, 0]).tolist()
    [-2.0, 6.0]
    """

    angle: float
    centerx: float = 0.0
    centery: float = 0.0
    scale: float = 0.0
    inter_mode: int = extra(_INTER_LINEAR)
    border_mode: int = extra(_BORDER_CONSTANT)
    border_value: tuple[float, ...] = extra((0.0,))

    def check(self) -> None:
        finite(self, angle=self.angle, centerx=self.centerx)
        finite(self, centery=self.centery, scale=self.scale)
        whole(self, 0, inter_mode=self.inter_mode, border_mode=self.border_mode)
        self.border_value = border(self, self.border_value)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        cv2 = opencv()
        random = draws.parameters(self)
        rows, columns = image.shape[:2]
        y = np.float32(rows // 2) + _spread(self.centery, random)
        x = np.float32(columns // 2) + _spread(self.centerx, random)
        angle = _spread(self.angle, random)
        factor = np.float32(1) + _spread(self.scale, random)
        matrix = cv2.getRotationMatrix2D((float(x), float(y)), float(angle), float(factor))
        result = cv2.warpAffine(
            image,
            matrix,
            (columns, rows),
            flags=self.inter_mode,
            borderMode=self.border_mode,
            borderValue=border_of(self.border_value, 4),
        )
        return result, np.vstack([matrix, [0.0, 0.0, 1.0]])


@java_type(_PACKAGE + "WarpImageTransform")
@dataclass
class WarpImageTransform(AbstractImageTransform):
    """Move the corners of the image, with perspective; with a generator by up to so much.

    The result has the size of the image. Answers to Deeplearning4j's ``WarpImageTransform``.

    Args:
        deltas: one number of pixels for all, or dx and dy of the corners top left, top right,
            bottom right, bottom left (eight numbers).
        inter_mode: OpenCV's interpolation; the default is ``INTER_LINEAR``.
        border_mode: what fills the uncovered parts, in OpenCV's numbers; a constant by default.
        border_value: the constant: one number, or one per channel.

    >>> import numpy as np
    >>> warp = WarpImageTransform((1, 0, -1, 0, 0, -1, 0, -1))
    >>> warp.transform(np.zeros((6, 8, 3), np.uint8)).shape
    (6, 8, 3)
    >>> warp.query([0, 0, 8, 6]).round(4).tolist()
    [1.0, 0.0, 8.0, 5.0]
    """

    deltas: tuple[float, ...]
    inter_mode: int = extra(_INTER_LINEAR)
    border_mode: int = extra(_BORDER_CONSTANT)
    border_value: tuple[float, ...] = extra((0.0,))

    def check(self) -> None:
        one = isinstance(self.deltas, (int, float))
        self.deltas = (self.deltas,) * 8 if one else tuple(self.deltas)  # type: ignore[assignment]
        if len(self.deltas) != 8:
            raise ValueError(
                f"WarpImageTransform: expected one or eight deltas, received {len(self.deltas)}"
            )
        finite(self, **{f"deltas[{i}]": d for i, d in enumerate(self.deltas)})
        whole(self, 0, inter_mode=self.inter_mode, border_mode=self.border_mode)
        self.border_value = border(self, self.border_value)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        cv2 = opencv()
        random = draws.parameters(self)
        rows, columns = image.shape[:2]
        corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
        shifts = np.array([_spread(d, random) for d in self.deltas], np.float32)
        matrix = cv2.getPerspectiveTransform(corners, corners + shifts.reshape(4, 2))
        result = cv2.warpPerspective(
            image,
            matrix,
            (columns, rows),
            flags=self.inter_mode,
            borderMode=self.border_mode,
            borderValue=border_of(self.border_value, 4),
        )
        return result, matrix
