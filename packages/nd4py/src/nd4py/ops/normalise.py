"""Normalised exponentials, and the fused loss on top of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import elementwise, reduce, shaping
from ._declaration import GradientContext, Spec
from ._declare import Dl4j, primitive
from ._gradients import is_differentiable, unbroadcast
from ._rules import Attrs, Specs, canonical_axis, real_floating
from ._samples import real
from ._types import result_type

Array = Any


def _softmax_gradient(c: GradientContext) -> list[Any]:
    y, grad = c.outputs[0], c.grads[0]
    return [y * (grad - reduce.sum(y * grad, dims=(c.attrs["axis"],), keep_dims=True))]


def _samples() -> Any:
    return [((real(4, 5),), {}), ((real(2, 3, 4),), {"axis": 1}), ((real(6, 33),), {"axis": -2})]


@primitive(
    "nn",
    infer=real_floating,
    gradient=_softmax_gradient,
    canonical=canonical_axis,
    native=True,
    samples=_samples,
    dl4j=Dl4j("softmax", ints=("axis",)),
)
def softmax(x: Array, *, axis: int = -1) -> Array:
    """eˣ / Σ eˣ along ``axis``, shifted by the maximum. Deeplearning4j: ``SoftMax``."""
    e = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis, keepdims=True)


def _log_softmax_gradient(c: GradientContext) -> list[Any]:
    grad = c.grads[0]
    return [
        grad
        - elementwise.exp(c.outputs[0]) * reduce.sum(grad, dims=(c.attrs["axis"],), keep_dims=True)
    ]


@primitive(
    "nn",
    infer=real_floating,
    gradient=_log_softmax_gradient,
    canonical=canonical_axis,
    native=True,
    samples=_samples,
    dl4j=Dl4j("log_softmax", ints=("axis",)),
)
def log_softmax(x: Array, *, axis: int = -1) -> Array:
    """x - ln Σ eˣ along ``axis``, shifted by the maximum. Deeplearning4j: ``LogSoftMax``."""
    shifted = x - x.max(axis, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


def _entropy_rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    labels, logits = specs
    if len(logits.shape) != 2 or labels.shape != logits.shape:
        raise ValueError(
            f"expected labels and logits of one shape [n, classes], received {labels.shape} and {logits.shape}"
        )
    if logits.dtype.kind != "float":
        raise TypeError(f"expected floating logits, received {logits.dtype.name}")
    dtype = result_type([labels.dtype, logits.dtype])
    return [Spec(dtype, logits.shape[:1]), Spec(dtype, logits.shape)]


def _entropy_gradient(c: GradientContext) -> list[Any]:
    labels, logits = c.inputs
    probabilities = c.outputs[1]
    row, direct = c.grads
    total = None
    if row is not None:
        # The loss clips p, its gradient does not: p·Σy - y, which is p - y for labels that sum to 1.
        pull = probabilities * reduce.sum(labels, dims=(1,), keep_dims=True) - labels
        total = pull * shaping.expand_dims(row, axis=1)
    if direct is not None:
        through = probabilities * (
            direct - reduce.sum(probabilities * direct, dims=(1,), keep_dims=True)
        )
        total = through if total is None else total + through
    wanted = is_differentiable(labels) and row is not None
    to_labels = (
        -(elementwise.log(probabilities) * shaping.expand_dims(row, axis=1)) if wanted else None
    )
    return [to_labels, None if total is None else unbroadcast(total, logits)]


def _label_rows() -> Array:
    return np.eye(5)[[0, 3, 1, 4]]


@primitive(
    infer=_entropy_rule,
    gradient=_entropy_gradient,
    native=True,
    outputs=("loss", "probabilities"),
    samples=lambda: [
        ((_label_rows(), real(4, 5)), {}),
        ((_label_rows() * 0.6 + 0.1, real(4, 5)), {"clip_eps": 1e-10}),
    ],
)
def softmax_cross_entropy(labels: Array, logits: Array, *, clip_eps: float = 0.0) -> Array:
    """Per row -Σ y·ln p with p = softmax(logits), and p itself: the fused form of a softmax output and its loss.

    The loss sees p clipped to [clip_eps, 1 - clip_eps] (0: not clipped); the gradient to the logits is p·Σy
    - y, without
    the clipping. Deeplearning4j: ``LossMCXENT`` with ``ActivationSoftmax``.
    """
    p = softmax.__wrapped__(logits, axis=1)  # type: ignore[attr-defined]
    seen = np.clip(p, clip_eps, 1 - clip_eps) if clip_eps > 0 else p
    return -np.sum(labels * np.log(seen), 1), p
