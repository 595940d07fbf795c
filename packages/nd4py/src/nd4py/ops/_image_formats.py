"""Deeplearning4j's image formats and padding modes, as the primitives of convolution and pooling take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import shaping
from ._windows import Ints, same_padding


def nchw(x: Any, data_format: str) -> Any:
    """x with its channels second."""
    return x if data_format == "NCHW" else shaping.permute(x, dims=(0, 3, 1, 2))


def like_input(y: Any, data_format: str) -> Any:
    """y, computed as NCHW, in the caller's format."""
    return y if data_format == "NCHW" else shaping.permute(y, dims=(0, 2, 3, 1))


def explicit_padding(
    shape: Sequence[int], kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, same: bool
) -> Ints:
    """(top, bottom, left, right) for an image [.., H, W] from Deeplearning4j's (pH, pW) and mode."""
    if same:
        return tuple(
            p for i in (0, 1) for p in same_padding(shape[i - 2], kernel[i], stride[i], dilation[i])
        )
    if len(padding) == 4:
        return padding
    return (padding[0], padding[0], padding[1], padding[1])
