"""Output sizes and padding of windows that slide over images, for convolution and pooling alike."""

from __future__ import annotations

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


def check_window(owner: object, fields: dict[str, tuple[int, ...]], mode: str | None) -> None:
    """Refuses impossible kernel, stride, padding and dilation values.

    Raises:
        ConfigurationError: one is not positive (padding: negative), or padding is given in Same
            mode.
    """
    for name, values in fields.items():
        least = 0 if name == "padding" else 1
        if any(v < least for v in values):
            raise ConfigurationError(
                f"{type(owner).__name__}: {name} must be {'>= 0' if least == 0 else '> 0'} in every dimension; "
                f"received {list(values)}"
            )
    if mode == "Same" and any(fields.get("padding", ())):
        raise ConfigurationError(
            f'{type(owner).__name__}: padding={list(fields["padding"])} cannot be used with convolution_mode "Same", '
            "which chooses the padding itself"
        )
