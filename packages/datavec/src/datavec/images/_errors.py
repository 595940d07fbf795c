"""What is raised about images."""

from __future__ import annotations

from .._errors import DataVecError

__all__ = ["ImageError"]


class ImageError(DataVecError):
    """A file that is no image, is damaged, or is larger than allowed.

    Args:
        reason: what is wrong, and what to do where that is known.
        file: the file, where known.

    >>> raise ImageError("the file is empty", file="a.png")
    Traceback (most recent call last):
    datavec.images._errors.ImageError: a.png: the file is empty
    """

    def __init__(self, reason: str, *, file: str | None = None) -> None:
        self.reason = reason
        self.file = file
        super().__init__(f"{file or 'image'}: {reason}")
