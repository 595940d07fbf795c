"""ShowImageTransform: look at images on their way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._serde import java_type
from ._draws import AbstractDraws
from ._opencv import opencv
from ._transform import AbstractImageTransform, Array, whole

__all__ = ["ShowImageTransform"]


@java_type("org.datavec.image.transform.ShowImageTransform")
@dataclass
class ShowImageTransform(AbstractImageTransform):
    """Show every image that comes by, and pass it on unchanged.

    Answers to Deeplearning4j's ``ShowImageTransform``.

    Args:
        title: of the window.
        delay: milliseconds to wait after each image: 0 until a key is pressed, negative not at all.
        canvas: called with the title and the image (RGB) in place of a window; for instance to
            collect images, or to draw them in a notebook. It is not stored in JSON.

    Raises:
        DataVecError: there is no `canvas`, and OpenCV cannot open windows (the headless build that
            this package installs cannot).

    >>> import numpy as np
    >>> seen = []
    >>> show = ShowImageTransform("steps", canvas=lambda title, image: seen.append(image.shape))
    >>> show.transform(np.zeros((6, 8, 3), np.uint8)).shape, seen
    ((6, 8, 3), [(6, 8, 3)])
    """

    title: str
    delay: int = -1
    canvas: Callable[[str, Array], Any] | None = dataclasses.field(
        default=None, kw_only=True, compare=False, metadata={"json": None}
    )

    def check(self) -> None:
        if not isinstance(self.title, str):
            raise TypeError(f"ShowImageTransform: title must be text, received {self.title!r}")
        whole(self, -(1 << 31), delay=self.delay)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        if self.canvas is not None:
            rgb = image[:, :, ::-1] if image.shape[2] == 3 else image
            self.canvas(self.title, rgb)
        else:
            cv2 = opencv()
            cv2.imshow(self.title, image)
            cv2.waitKey(self.delay if self.delay >= 0 else 1)  # 1: only lets the window be drawn
        return image, np.eye(3)
