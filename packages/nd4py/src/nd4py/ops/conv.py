"""Convolution of images. The primitives take NCHW images, OIHW weights and explicit padding; `nd.cnn.conv2d` takes
Deeplearning4j's formats and modes.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from . import shaping
from ._declaration import GradientContext, Spec
from ._declare import Dl4j, composed, primitive
from ._gradients import unbroadcast
from ._image_formats import explicit_padding, like_input, nchw
from ._rules import Attrs, Specs
from ._samples import real
from ._types import result_type
from ._windows import cells, output_hw, padded

Array = Any
Ints = tuple[int, ...]
Shape = tuple[int, ...]


def _window(attrs: Attrs) -> dict[str, Any]:
    return {k: attrs[k] for k in ("stride", "padding", "dilation")}


def _conv_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, w, b = specs
    if len(x.shape) != 4 or len(w.shape) != 4:
        raise ValueError(
            f"expected an image [N, C, H, W] and weights [O, C, kH, kW], received {x.shape} and {w.shape}"
        )
    if x.shape[1] != w.shape[1]:
        raise ValueError(
            f"the image has {x.shape[1]} channels, the weights expect {w.shape[1]} ({x.shape} and {w.shape})"
        )
    if b is not None and b.shape != w.shape[:1]:
        raise ValueError(f"expected a bias of shape {w.shape[:1]}, received {b.shape}")
    dtype = result_type([s.dtype for s in specs if s is not None])
    if dtype.kind != "float":
        raise TypeError(f"expected floating arrays, received {dtype.name}")
    return [
        Spec(dtype, (x.shape[0], w.shape[0], *output_hw(x.shape, w.shape[2:], **_window(attrs))))
    ]


def _conv_gradient(c: GradientContext) -> list[Any]:
    x, w, b = c.inputs
    grad = c.grads[0]
    window = _window(c.attrs)
    dx = conv2d_input_grad(w, grad, size=tuple(x.shape[2:]), **window)
    weights = conv2d_weight_grad(
        x, grad, kernel=tuple(w.shape[2:]), with_bias=b is not None, **window
    )
    dw, db = weights if b is not None else (weights, None)
    return [unbroadcast(dx, x), unbroadcast(dw, w), None if b is None else unbroadcast(db, b)]


_STRIDED = {"stride": (2, 1), "padding": (1, 0, 2, 1), "dilation": (1, 2)}


@primitive(
    infer=_conv_rule,
    gradient=_conv_gradient,
    native=True,
    samples=lambda: [
        ((real(2, 3, 6, 5), real(4, 3, 3, 2, seed=1), real(4, seed=2)), {}),
        ((real(2, 3, 6, 5), real(4, 3, 3, 2, seed=1), None), _STRIDED),
        ((real(1, 1, 4, 4), real(2, 1, 1, 1, seed=1), real(2, seed=2)), {"stride": (2, 2)}),
    ],
)
def conv2d(
    x: Array,
    weights: Array,
    bias: Array = None,
    *,
    stride: Ints = (1, 1),
    padding: Ints = (0, 0, 0, 0),
    dilation: Ints = (1, 1),
) -> Array:
    """y[n,o,i,j] = b[o] + Σ_c,u,v x[n, c, i·s + u·d - p, j·s + v·d - p] · w[o,c,u,v].

    x [N, C, H, W], weights [O, C, kH, kW], bias [O] or None; padding is (top, bottom, left, right).
    Deeplearning4j: ``Conv2D`` with OIYX weights.
    """
    kh, kw = weights.shape[2:]
    size = output_hw(x.shape, (kh, kw), stride, padding, dilation)
    image = padded(x, padding)
    y = np.zeros((x.shape[0], *size, weights.shape[0]), x.dtype)
    for i in range(kh):
        for j in range(kw):
            y += np.tensordot(
                cells(image, i, j, size, stride, dilation), weights[:, :, i, j], ((1,), (1,))
            )
    y = y.transpose(0, 3, 1, 2)
    return y if bias is None else y + bias[:, None, None]


def _input_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    w, eps = specs
    size = attrs["size"]
    want = (eps.shape[0], w.shape[0], *output_hw(size, w.shape[2:], **_window(attrs)))
    if eps.shape != want:
        raise ValueError(f"expected a gradient of shape {want}, received {eps.shape}")
    return [Spec(result_type([w.dtype, eps.dtype]), (eps.shape[0], w.shape[1], *size))]


def _input_gradient(c: GradientContext) -> list[Any]:
    return [
        conv2d_weight_grad(
            c.grads[0],
            c.inputs[1],
            kernel=tuple(c.inputs[0].shape[2:]),
            with_bias=False,
            **_window(c.attrs),
        ),
        conv2d(c.grads[0], c.inputs[0], **_window(c.attrs)),
    ]


@primitive(
    infer=_input_rule,
    native=True,
    gradient=_input_gradient,
    samples=lambda: [
        (
            (real(4, 3, 3, 2), real(2, 4, 4, 4, seed=1)),
            {"size": (6, 5), "stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1)},
        ),
        ((real(4, 3, 3, 2), real(2, 4, 3, 6, seed=1)), {"size": (6, 5), **_STRIDED}),
    ],
)
def conv2d_input_grad(
    weights: Array, eps: Array, *, stride: Ints, padding: Ints, dilation: Ints, size: Shape
) -> Array:
    """The gradient of `conv2d` to an image of height and width ``size``, from the gradient ``eps`` of its output."""
    kh, kw = weights.shape[2:]
    top, bottom, left, right = padding
    image = np.zeros(
        (eps.shape[0], weights.shape[1], size[0] + top + bottom, size[1] + left + right), eps.dtype
    )
    for i in range(kh):
        for j in range(kw):
            part = np.tensordot(eps, weights[:, :, i, j], ((1,), (0,))).transpose(0, 3, 1, 2)
            cells(image, i, j, eps.shape[2:], stride, dilation)[...] += part
    return image[:, :, top : top + size[0], left : left + size[1]]


def _weight_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    x, eps = specs
    want = (x.shape[0], eps.shape[1], *output_hw(x.shape, attrs["kernel"], **_window(attrs)))
    if eps.shape != want:
        raise ValueError(f"expected a gradient of shape {want}, received {eps.shape}")
    dtype = result_type([x.dtype, eps.dtype])
    weights = Spec(dtype, (eps.shape[1], x.shape[1], *attrs["kernel"]))
    return [weights, Spec(dtype, eps.shape[1:2])] if attrs["with_bias"] else [weights]


def _weight_gradient(c: GradientContext) -> list[Any]:
    x, eps = c.inputs
    window = _window(c.attrs)
    dw = c.grads[0]
    db = c.grads[1] if len(c.grads) > 1 else None
    dx = deps = None
    if dw is not None:
        dx = conv2d_input_grad(dw, eps, size=tuple(x.shape[2:]), **window)
        deps = conv2d(x, dw, db, **window)
    elif db is not None:
        deps = shaping.broadcast_to(
            shaping.reshape(db, shape=(1, -1, 1, 1)), shape=tuple(eps.shape)
        )
    return [dx, deps]


@primitive(
    infer=_weight_rule,
    native=True,
    gradient=_weight_gradient,
    outputs=("weights", "bias"),
    samples=lambda: [
        (
            (real(2, 3, 6, 5), real(2, 4, 4, 4, seed=1)),
            {
                "kernel": (3, 2),
                "stride": (1, 1),
                "padding": (0, 0, 0, 0),
                "dilation": (1, 1),
                "with_bias": True,
            },
        ),
        (
            (real(2, 3, 6, 5), real(2, 4, 3, 6, seed=1)),
            {"kernel": (3, 2), **_STRIDED, "with_bias": False},
        ),
    ],
)
def conv2d_weight_grad(
    x: Array,
    eps: Array,
    *,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    kernel: Shape,
    with_bias: bool,
) -> Any:
    """The gradient of `conv2d` to its weights, and to its bias ``with_bias``, from the gradient ``eps`` of
    its output.
    """
    image = padded(x, padding)
    size = eps.shape[2:]
    dw = np.empty((eps.shape[1], x.shape[1], *kernel), eps.dtype)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            dw[:, :, i, j] = np.tensordot(
                eps, cells(image, i, j, size, stride, dilation), ((0, 2, 3), (0, 2, 3))
            )
    return (dw, eps.sum((0, 2, 3))) if with_bias else dw


# ------------------------------------------------------------------------------------------- Deeplearning4j's formats

_TO_OIHW = {"OIYX": None, "YXIO": (3, 2, 0, 1), "OYXI": (0, 3, 1, 2)}


@composed(
    "cnn",
    name="convolution2d",
    public="conv2d",
    dl4j=Dl4j(
        "conv2d",
        ints=("kernel", "stride", "padding", "dilation", "same", "data_format", "weights_format"),
    ),
    samples=lambda: [
        (
            (real(2, 5, 5, 3), real(3, 2, 3, 4, seed=1), real(4, seed=2)),
            {"data_format": "NHWC", "same": True, "stride": (2, 2)},
        ),
        (
            (real(2, 3, 5, 5), real(4, 3, 3, 2, seed=1), None),
            {"weights_format": "OIYX", "padding": (1, 0)},
        ),
        ((real(1, 2, 4, 4), real(3, 2, 2, 2, seed=1), None), {"weights_format": "OYXI"}),
    ],
)
def convolution2d(
    layer_input: Array,
    weights: Array,
    bias: Array = None,
    *,
    stride: Ints = (1, 1),
    padding: Ints = (0, 0),
    dilation: Ints = (1, 1),
    same: bool = False,
    data_format: Literal["NCHW", "NHWC"] = "NCHW",
    weights_format: Literal["YXIO", "OIYX", "OYXI"] = "YXIO",
) -> Array:
    """Convolution of images in Deeplearning4j's formats.

    ``same`` pads so that ⌈size / stride⌉ windows fit; otherwise ``padding`` is (pH, pW) on both sides, or
    all four sides.
    Deeplearning4j: ``SDCNN.conv2d`` with ``Conv2DConfig``.

    >>> import nd4py as nd
    >>> image, kernel = nd.ones((1, 1, 3, 3)), nd.ones((1, 1, 2, 2))
    >>> nd.cnn.conv2d(image, kernel, weights_format="OIYX").shape
    (1, 1, 2, 2)
    """
    order = _TO_OIHW[weights_format]
    w = weights if order is None else shaping.permute(weights, dims=order)
    x = nchw(layer_input, data_format)
    pads = explicit_padding(tuple(x.shape), tuple(w.shape[2:]), stride, padding, dilation, same)
    return like_input(
        conv2d(x, w, bias, stride=stride, padding=pads, dilation=dilation), data_format
    )
