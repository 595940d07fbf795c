"""Sizes and paddings of sliding windows, shared by convolution and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Ints = tuple[int, ...]


def effective(kernel: int, dilation: int) -> int:
    """Cells that a dilated kernel spans."""
    return (kernel - 1) * dilation + 1


def output_size(size: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> int:
    """How many windows fit.

    Raises:
        ValueError: none does.
    """
    span = effective(kernel, dilation)
    if size + before + after < span:
        raise ValueError(
            f"a kernel of {kernel} (dilation {dilation}: {span} cells) "
            f"does not fit {size} cells padded by {before} and {after}"
        )
    return (size + before + after - span) // stride + 1


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Padding before and after that gives ⌈size / stride⌉ windows; the odd cell goes after, as in Deeplearning4j."""
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + effective(kernel, dilation) - size, 0)
    return total // 2, total - total // 2


def check_window(kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> None:
    """Raises ValueError where the attributes of a 2d window contradict each other."""
    for name, value, count, least in (
        ("kernel", kernel, 2, 1),
        ("stride", stride, 2, 1),
        ("padding", padding, 4, 0),
        ("dilation", dilation, 2, 1),
    ):
        if len(value) != count or min(value) < least:
            raise ValueError(
                f"{name} must hold {count} integers of at least {least}, received {value}"
            )


def output_hw(
    shape: Sequence[int], kernel: Ints, stride: Ints, padding: Ints, dilation: Ints
) -> tuple[int, int]:
    """Height and width of the windows over an image of shape [.., H, W]; padding is (top, bottom, left, right)."""
    check_window(kernel, stride, padding, dilation)
    return (
        output_size(shape[-2], kernel[0], stride[0], padding[0], padding[1], dilation[0]),
        output_size(shape[-1], kernel[1], stride[1], padding[2], padding[3], dilation[1]),
    )


def padded(x: np.ndarray[Any, Any], padding: Ints, value: float = 0.0) -> np.ndarray[Any, Any]:
    """An image [N, C, H, W] with a border."""
    if not any(padding):
        return x
    return np.pad(x, ((0, 0), (0, 0), padding[:2], padding[2:]), constant_values=value)


def cells(
    image: np.ndarray[Any, Any], i: int, j: int, size: tuple[int, int], stride: Ints, dilation: Ints
) -> np.ndarray[Any, Any]:
    """The view [N, C, oH, oW] of the padded image's cells at position (i, j) of every window."""
    top, left = i * dilation[0], j * dilation[1]
    return image[
        :,
        :,
        top : top + (size[0] - 1) * stride[0] + 1 : stride[0],
        left : left + (size[1] - 1) * stride[1] + 1 : stride[1],
    ]
