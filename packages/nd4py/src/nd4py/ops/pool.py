"""Pooling of images. The primitives take NCHW images and explicit padding; those of `nd.cnn` take
Deeplearning4j's modes.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from nd4py import dtypes

from . import arithmetic, comparison, elementwise
from ._declaration import GradientContext, Spec
from ._declare import Dl4j, composed, primitive
from ._image_formats import explicit_padding, like_input, nchw
from ._rules import Attrs, Specs
from ._samples import integers, real
from ._windows import cells, output_hw, padded

Array = Any
Ints = tuple[int, ...]
Shape = tuple[int, ...]


def _window(attrs: Attrs) -> dict[str, Any]:
    return {k: attrs[k] for k in ("kernel", "stride", "padding", "dilation")}


def _output(spec: Spec, attrs: Attrs) -> Shape:
    if len(spec.shape) != 4:
        raise ValueError(f"expected an image [N, C, H, W], received {spec.shape}")
    if spec.dtype.kind != "float":
        raise TypeError(f"expected a floating image, received {spec.dtype.name}")
    return (*spec.shape[:2], *output_hw(spec.shape, **_window(attrs)))


def _image(specs: Specs, attrs: Attrs) -> list[Spec]:
    eps, size = specs[0], attrs["size"]
    if eps.dtype.kind != "float":
        raise TypeError(f"expected a floating gradient, received {eps.dtype.name}")
    want = output_hw(size, **_window(attrs))
    if len(eps.shape) != 4 or eps.shape[2:] != want:
        raise ValueError(
            f"expected a gradient of shape [N, C, {want[0]}, {want[1]}], received {eps.shape}"
        )
    return [Spec(eps.dtype, (*eps.shape[:2], *size))]


_PADDED = {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 0, 0, 1), "dilation": (1, 2)}
_PLAIN = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0, 0, 0), "dilation": (1, 1)}


def _samples() -> Any:
    return [((real(2, 3, 6, 5),), _PLAIN), ((real(2, 3, 6, 5),), _PADDED)]


def _position_type(kernel: Ints) -> Any:
    return dtypes.uint8 if kernel[0] * kernel[1] <= 255 else dtypes.int32


def _max_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    shape = _output(specs[0], attrs)
    return [Spec(specs[0].dtype, shape), Spec(_position_type(attrs["kernel"]), shape)]


def _max_gradient(c: GradientContext) -> list[Any]:
    if c.grads[0] is None:
        return [None]
    return [
        max_pool2d_grad(
            c.grads[0], c.outputs[1], size=tuple(c.inputs[0].shape[2:]), **_window(c.attrs)
        )
    ]


@primitive(
    infer=_max_rule,
    gradient=_max_gradient,
    native=True,
    outputs=("output", "_argmax"),
    samples=_samples,
)
def max_pool2d(x: Array, *, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> Any:
    """The largest cell of every window, the first of ties; padded cells and NaN never win.

    x [N, C, H, W]; padding is (top, bottom, left, right). Deeplearning4j: ``MaxPooling2D``.
    """
    size = output_hw(x.shape, kernel, stride, padding, dilation)
    image = padded(x, padding, -np.inf)
    best = np.full((*x.shape[:2], *size), -np.inf, x.dtype)
    position = np.zeros(best.shape, np.int32)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            cell = cells(image, i, j, size, stride, dilation)
            wins = cell > best
            best = np.where(wins, cell, best)
            position[wins] = i * kernel[1] + j
    return best, position


def _argmax_samples() -> Any:
    return [
        (
            (real(2, 3, 3, 2), integers(2, 3, 3, 2, high=4).astype(np.uint8)),
            {"size": (6, 5), **_PLAIN},
        ),
        ((real(1, 1, 3, 4), np.full((1, 1, 3, 4), 2, np.uint8)), {"size": (6, 5), **_PADDED}),
    ]


def _scatter_gradient(c: GradientContext) -> list[Any]:
    return [max_pool2d_pick(c.grads[0], c.inputs[1], **_window(c.attrs)), None]


@primitive(
    infer=_image,
    native=True,
    samples=_argmax_samples,
    gradient=_scatter_gradient,
)
def max_pool2d_grad(
    eps: Array,
    argmax: Array,
    *,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    size: Shape,
) -> Array:
    """The gradient of `max_pool2d` to an image of height and width ``size``: each ``eps`` goes to the cell that won."""
    top, bottom, left, right = padding
    image = np.zeros((*eps.shape[:2], size[0] + top + bottom, size[1] + left + right), eps.dtype)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            won = argmax == i * kernel[1] + j
            cells(image, i, j, eps.shape[2:], stride, dilation)[...] += np.where(won, eps, 0)
    return image[:, :, top : top + size[0], left : left + size[1]]


@primitive(
    infer=lambda specs, attrs: [Spec(specs[0].dtype, specs[1].shape)],
    gradient=lambda c: [
        max_pool2d_grad(
            c.grads[0], c.inputs[1], size=tuple(c.inputs[0].shape[2:]), **_window(c.attrs)
        ),
        None,
    ],
    samples=lambda: [((real(2, 3, 6, 5), integers(2, 3, 3, 2, high=4).astype(np.uint8)), _PLAIN)],
)
def max_pool2d_pick(
    x: Array, argmax: Array, *, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints
) -> Array:
    """The cell of each window at the position that `max_pool2d` recorded."""
    image = padded(x, padding)
    y = np.zeros(argmax.shape, x.dtype)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            cell = cells(image, i, j, argmax.shape[2:], stride, dilation)
            y = np.where(argmax == i * kernel[1] + j, cell, y)
    return y


def _avg_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    return [Spec(specs[0].dtype, _output(specs[0], attrs))]


def _divisor(
    size: Shape,
    dtype: Any,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    include_pad: bool,
) -> Array:
    """Cells that count in each window, [oH, oW]."""
    out = output_hw(size, kernel, stride, padding, dilation)
    if include_pad:
        return np.full(out, kernel[0] * kernel[1], dtype)
    inside = padded(np.ones((1, 1, *size), dtype), padding)
    counts = np.zeros(out, dtype)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            counts += cells(inside, i, j, out, stride, dilation)[0, 0]
    return np.maximum(counts, 1)


def _avg_gradient(c: GradientContext) -> list[Any]:
    return [
        avg_pool2d_grad(
            c.grads[0],
            size=tuple(c.inputs[0].shape[2:]),
            include_pad=c.attrs["include_pad"],
            **_window(c.attrs),
        )
    ]


@primitive(
    infer=_avg_rule,
    native=True,
    gradient=_avg_gradient,
    samples=lambda: [
        ((x[0],), {**a, "include_pad": p}) for x, a in _samples() for p in (False, True)
    ],
)
def avg_pool2d(
    x: Array,
    *,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    include_pad: bool = False,
) -> Array:
    """The mean of every window; ``include_pad`` counts padded cells as zeros, otherwise they do not count.

    x [N, C, H, W]; padding is (top, bottom, left, right). Deeplearning4j: ``AvgPooling2D``.
    """
    size = output_hw(x.shape, kernel, stride, padding, dilation)
    image = padded(x, padding)
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            y += cells(image, i, j, size, stride, dilation)
    return y / _divisor(x.shape[2:], x.dtype, kernel, stride, padding, dilation, include_pad)


@primitive(
    infer=_image,
    native=True,
    gradient=lambda c: [
        avg_pool2d(c.grads[0], include_pad=c.attrs["include_pad"], **_window(c.attrs))
    ],
    samples=lambda: [
        ((real(2, 3, 3, 2),), {**_PLAIN, "include_pad": False, "size": (6, 5)}),
        ((real(2, 3, 3, 4),), {**_PADDED, "include_pad": True, "size": (6, 5)}),
    ],
)
def avg_pool2d_grad(
    eps: Array,
    *,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    include_pad: bool,
    size: Shape,
) -> Array:
    """The gradient of `avg_pool2d` to an image of height and width ``size``."""
    top, bottom, left, right = padding
    image = np.zeros((*eps.shape[:2], size[0] + top + bottom, size[1] + left + right), eps.dtype)
    share = eps / _divisor(size, eps.dtype, kernel, stride, padding, dilation, include_pad)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            cells(image, i, j, eps.shape[2:], stride, dilation)[...] += share
    return image[:, :, top : top + size[0], left : left + size[1]]


def _pnorm_gradient(c: GradientContext) -> list[Any]:
    x, y, grad, p = c.inputs[0], c.outputs[0], c.grads[0], c.attrs["p"]
    safe = comparison.where(y > 0.0, y, 1.0)  # a window of zeros has no direction: it gets 0
    scaled = comparison.where(y > 0.0, grad * arithmetic.pow(safe, 1.0 - p), 0.0)
    cells_ = c.attrs["kernel"][0] * c.attrs["kernel"][1]
    spread = avg_pool2d_grad(
        scaled * float(cells_), size=tuple(x.shape[2:]), include_pad=True, **_window(c.attrs)
    )
    return [spread * elementwise.sign(x) * arithmetic.pow(elementwise.abs(x), p - 1.0)]


@composed(
    gradient=_pnorm_gradient,
    samples=lambda: [((x[0],), {**a, "p": p}) for x, a in _samples() for p in (2.0, 3.0)],
)
def pnorm_pool2d(
    x: Array, *, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, p: float
) -> Array:
    """(Σ |x|ᵖ)^(1/p) of every window. Deeplearning4j: ``PnormPooling2D``."""
    mean = avg_pool2d(
        arithmetic.pow(elementwise.abs(x), p),
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        include_pad=True,
    )
    return arithmetic.pow(mean * float(kernel[0] * kernel[1]), 1.0 / p)


# ---------------------------------------------------------------------------------------------- Deeplearning4j's modes


def _namespace_samples() -> Any:
    return [
        ((real(2, 3, 6, 5),), {"kernel": (2, 2), "stride": (2, 2)}),
        ((real(2, 6, 5, 3),), {"kernel": (3, 2), "same": True, "data_format": "NHWC"}),
    ]


_INTS = ("kernel", "stride", "padding", "dilation", "same")


@composed("cnn", samples=_namespace_samples, dl4j=Dl4j("maxpool2d", ints=_INTS))
def max_pooling2d(
    x: Array,
    *,
    kernel: Ints,
    stride: Ints = (1, 1),
    padding: Ints = (0, 0),
    dilation: Ints = (1, 1),
    same: bool = False,
    data_format: Literal["NCHW", "NHWC"] = "NCHW",
) -> Array:
    """`max_pool2d` with Deeplearning4j's padding modes and formats: ``SDCNN.maxPooling2d`` with ``Pooling2DConfig``."""
    image = nchw(x, data_format)
    pads = explicit_padding(tuple(image.shape), kernel, stride, padding, dilation, same)
    return like_input(
        max_pool2d(image, kernel=kernel, stride=stride, padding=pads, dilation=dilation),
        data_format,
    )


@composed("cnn", samples=_namespace_samples, dl4j=Dl4j("avgpool2d", ints=_INTS))
def avg_pooling2d(
    x: Array,
    *,
    kernel: Ints,
    stride: Ints = (1, 1),
    padding: Ints = (0, 0),
    dilation: Ints = (1, 1),
    same: bool = False,
    data_format: Literal["NCHW", "NHWC"] = "NCHW",
    include_pad: bool = False,
) -> Array:
    """`avg_pool2d` with Deeplearning4j's padding modes and formats: ``SDCNN.avgPooling2d`` with ``Pooling2DConfig``."""
    image = nchw(x, data_format)
    pads = explicit_padding(tuple(image.shape), kernel, stride, padding, dilation, same)
    y = avg_pool2d(
        image,
        kernel=kernel,
        stride=stride,
        padding=pads,
        dilation=dilation,
        include_pad=include_pad,
    )
    return like_input(y, data_format)
