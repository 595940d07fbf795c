"""Output sizes and padding of windows that slide over images, for convolution and pooling alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dl4py.errors import ConfigurationError

CONVOLUTION_MODES = ("Strict", "Truncate", "Same", "Causal")
CUDNN_ALGO_MODES = ("NO_WORKSPACE", "PREFER_FASTEST", "USER_SPECIFIED")


def effective_kernel(kernel: int, dilation: int) -> int:
    """What a dilated kernel covers."""
    return kernel + (kernel - 1) * (dilation - 1)


def output_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, mode: str, dimension: str
) -> int:
    """Positions of the window along one dimension.

    Raises:
        ConfigurationError: the window is larger than the padded input, or in Strict mode does not
            fit exactly.
    """
    if mode in ("Same", "Causal"):
        return -(-size // stride)
    covered = effective_kernel(kernel, dilation)
    room = size + 2 * padding - covered
    if room < 0:
        raise ConfigurationError(
            f"{dimension}: the kernel covers {covered} (kernel {kernel}, dilation {dilation}) but the input has only "
            f"{size + 2 * padding} (size {size}, padding {padding} on both sides)"
        )
    if mode == "Strict" and room % stride:
        raise ConfigurationError(
            f"{dimension}: in Strict mode ({size} - {covered} + 2 * {padding}) / {stride} + 1 must be "
            "a whole number, and "
            f'is {room / stride + 1:.2f}; use convolution_mode "Truncate" or "Same", or other sizes'
        )
    return room // stride + 1


def output_sizes(layer: Any, sizes: Sequence[int]) -> list[int]:
    """Positions of a layer's window along (depth,) height and width.

    Raises:
        ConfigurationError: as `output_size`.
    """
    mode = layer.convolution_mode or "Truncate"
    windows = zip(layer.kernel_size, layer.stride, layer.padding, layer.dilation, strict=True)
    dimensions = ("depth", "height", "width")[-len(sizes) :]
    return [
        output_size(size, *window, mode, dimension)
        for size, window, dimension in zip(sizes, windows, dimensions, strict=True)
    ]


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Padding before and after that gives ``ceil(size / stride)`` positions; the odd one goes
    after.
    """
    total = (-(-size // stride) - 1) * stride + effective_kernel(kernel, dilation) - size
    total = max(total, 0)
    return total // 2, total - total // 2


def window_padding(
    sizes: tuple[int, int],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    mode: str,
) -> tuple[int, int, int, int]:
    """Padding top, bottom, left, right for an image of these sizes."""
    if mode == "Same":
        top, bottom = same_padding(sizes[0], kernel[0], stride[0], dilation[0])
        left, right = same_padding(sizes[1], kernel[1], stride[1], dilation[1])
        return top, bottom, left, right
    return padding[0], padding[0], padding[1], padding[1]


def check_window(layer: Any) -> None:
    """Refuses impossible kernel, stride, padding and dilation values of a layer.

    Raises:
        ConfigurationError: one is not positive (padding: negative), or padding is given in Same
            mode.
    """
    for name in ("kernel_size", "stride", "padding", "dilation"):
        least, values = 0 if name == "padding" else 1, getattr(layer, name)
        if any(v < least for v in values):
            raise layer.fail(
                f"{name} must be {'>= 0' if least == 0 else '> 0'} in every dimension; received {list(values)}"
            )
    if layer.convolution_mode == "Same" and any(layer.padding):
        raise layer.fail(
            f'padding={list(layer.padding)} cannot be used with convolution_mode "Same", '
            "which chooses the padding itself"
        )
