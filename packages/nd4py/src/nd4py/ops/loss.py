"""Loss operations of ``nd.loss`` (``SDLoss``): a loss per element or row, weighted, then reduced as
``loss_reduce`` says.

The losses of network layers are `nd4py.losses`: they have other rules for weights and means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec

import numpy as np

from . import arithmetic, comparison, elementwise, movement, normalise, reduce, shaping
from ._declare import Dl4j, composed
from ._execute import spec_of
from ._samples import Sample, integers, real

Array = Any
Reduction = Literal["MEAN_BY_NONZERO_WEIGHT_COUNT", "NONE", "SUM", "MEAN_BY_WEIGHT"]

where = comparison.where


def _reduced(losses: Any, weights: Any, loss_reduce: str) -> Any:
    """Losses times weights (which broadcast), and the sum or mean of them; a mean over nothing is 0."""
    shape = spec_of(losses).shape
    weighted = losses if weights is None else losses * weights
    if loss_reduce == "NONE":
        return weighted
    total = reduce.sum(weighted)
    if loss_reduce == "SUM":
        return total
    if weights is None:
        return total / float(max(math.prod(shape), 1))
    found = spec_of(weights)
    repeats = math.prod(shape) / max(math.prod(found.shape), 1)
    counted = weights
    if loss_reduce == "MEAN_BY_NONZERO_WEIGHT_COUNT":
        counted = shaping.cast(weights != 0.0, dtype=spec_of(losses).dtype)
    count = reduce.sum(counted) * repeats
    return where(count != 0.0, total / where(count != 0.0, count, 1.0), 0.0)


_P = ParamSpec("_P")


def _loss(
    name: str, samples: Callable[[], Sequence[Sample]], public: str = ""
) -> Callable[[Callable[_P, Any]], Callable[_P, Any]]:
    return composed("loss", samples=samples, dl4j=Dl4j(name), public=public or None)


def _pairs(
    labels: Callable[[], np.ndarray[Any, Any]], low: float = -2.0, high: float = 2.0, **attrs: Any
) -> Callable[[], Sequence[Sample]]:
    def make() -> Sequence[Sample]:
        weights = real(4, 1, low=0.1, high=2.0, seed=2)
        return [
            ((labels(), real(4, 5, low=low, high=high), None), attrs),
            (
                (labels(), real(4, 5, low=low, high=high), weights),
                {**attrs, "loss_reduce": "MEAN_BY_WEIGHT"},
            ),
            ((labels(), real(4, 5, low=low, high=high), weights), {**attrs, "loss_reduce": "SUM"}),
            ((labels(), real(4, 5, low=low, high=high), weights), {**attrs, "loss_reduce": "NONE"}),
        ]

    return make


def _bits() -> np.ndarray[Any, Any]:
    return integers(4, 5, high=2, seed=3).astype(np.float64)


def _reals() -> np.ndarray[Any, Any]:
    return real(4, 5, seed=1)


@_loss("absolute_difference_loss", _pairs(_reals))
def absolute_difference(
    label: Array,
    predictions: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
) -> Array:
    """|label - prediction|. Deeplearning4j: ``SDLoss.absoluteDifference``."""
    return _reduced(elementwise.abs(predictions - label), weights, loss_reduce)


@_loss("mean_sqerr_loss", _pairs(_reals))
def mean_squared_error(
    label: Array,
    predictions: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
) -> Array:
    """(label - prediction)². Deeplearning4j: ``SDLoss.meanSquaredError``."""
    return _reduced(arithmetic.squared_difference(predictions, label), weights, loss_reduce)


def _rows() -> Sequence[Sample]:
    return [
        ((_reals(), real(4, 5, seed=2), None), {"dimension": 1}),
        (
            (_reals(), real(4, 5, seed=2), real(4, 1, low=0.1, seed=3)),
            {"dimension": 1, "loss_reduce": "SUM"},
        ),
    ]


@_loss("cosine_distance_loss", _rows)
def cosine_distance(
    label: Array,
    predictions: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
    dimension: int = -1,
) -> Array:
    """1 - Σ label·prediction along ``dimension``, for vectors of length 1. Deeplearning4j:
    ``SDLoss.cosineDistance``.
    """
    return _reduced(
        1.0 - reduce.sum(label * predictions, dims=(dimension,), keep_dims=True),
        weights,
        loss_reduce,
    )


@_loss("hinge_loss", _pairs(_bits))
def hinge_loss(
    label: Array,
    predictions: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
) -> Array:
    """max(0, 1 - t·prediction), t = -1 and 1 for labels 0 and 1. Deeplearning4j: ``SDLoss.hingeLoss``."""
    return _reduced(elementwise.relu(1.0 - (label * 2.0 - 1.0) * predictions), weights, loss_reduce)


@_loss("huber_loss", _pairs(_reals, delta=0.75))
def huber_loss(
    label: Array,
    predictions: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
    delta: float,
) -> Array:
    """½·e² where |e| ≤ δ, else δ·|e| - ½·δ². Deeplearning4j: ``SDLoss.huberLoss``."""
    error = elementwise.abs(predictions - label)
    inside = arithmetic.minimum(error, delta)
    return _reduced(
        elementwise.square(inside) * 0.5 + (error - inside) * delta, weights, loss_reduce
    )


@composed("loss", samples=lambda: [((real(3, 4),), {})], dl4j=Dl4j("l2_loss"))
def l2_loss(var: Array) -> Array:
    """½·Σ x². Deeplearning4j: ``SDLoss.l2Loss``."""
    return reduce.squared_norm(var) * 0.5


@_loss("log_loss", _pairs(_bits, low=0.1, high=0.9, epsilon=1e-7))
def log_loss(
    label: Array,
    predictions: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
    epsilon: float = 0.0,
) -> Array:
    """-(y·ln(p + ε) + (1 - y)·ln(1 - p + ε)). Deeplearning4j: ``SDLoss.logLoss``."""
    hit = label * elementwise.log(predictions + epsilon)
    miss = (1.0 - label) * elementwise.log(1.0 - predictions + epsilon)
    return _reduced(-(hit + miss), weights, loss_reduce)


@_loss("log_poisson_loss", _pairs(lambda: real(4, 5, low=0.5, high=4.0, seed=1), full=True))
def log_poisson(
    label: Array,
    predictions: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
    full: bool,
) -> Array:
    """eᵖ - y·p for log rates p; ``full`` adds Stirling's y·ln y - y + ½·ln(2π·y), where y is not 0.

    Deeplearning4j: ``SDLoss.logPoisson``, which gives NaN for a label of 0.
    """
    losses = elementwise.exp(predictions) - label * predictions
    if full:
        safe = where(label > 0.0, label, 1.0)
        stirling = (
            safe * elementwise.log(safe) - safe + elementwise.log(safe * (2.0 * math.pi)) * 0.5
        )
        losses = losses + where(label > 0.0, stirling, 0.0)
    return _reduced(losses, weights, loss_reduce)


@_loss("mean_pairwssqerr_loss", _pairs(_reals))
def mean_pairwise_squared_error(
    label: Array,
    predictions: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
) -> Array:
    """Per example 4·(Σ d²/(n - 1) - (Σ d)²/(n·(n - 1))), d = prediction - label, n = size of dimension 1;
    shape [mb, 1].

    Deeplearning4j: ``SDLoss.meanPairwiseSquaredError``.
    """
    shape = spec_of(predictions).shape
    n, dims = shape[1], tuple(range(1, len(shape)))
    d = shaping.reshape(predictions - label, shape=(shape[0], math.prod(shape[i] for i in dims)))
    if n < 2:
        return _reduced(reduce.sum(d, dims=(1,), keep_dims=True) * 0.0, weights, loss_reduce)
    squares = reduce.squared_norm(d, dims=(1,), keep_dims=True) * (4.0 / (n - 1))
    square = elementwise.square(reduce.sum(d, dims=(1,), keep_dims=True)) * (4.0 / (n * (n - 1)))
    return _reduced(squares - square, weights, loss_reduce)


@_loss("sigm_cross_entropy_loss", _pairs(_bits, label_smoothing=0.1))
def sigmoid_cross_entropy(
    label: Array,
    prediction_logits: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
    label_smoothing: float = 0.0,
) -> Array:
    """softplus(z) - y·z, labels smoothed to y·(1 - s) + s/2. Deeplearning4j: ``SDLoss.sigmoidCrossEntropy``."""
    if label_smoothing:
        label = label * (1.0 - label_smoothing) + 0.5 * label_smoothing
    losses = elementwise.softplus(prediction_logits) - label * prediction_logits
    return _reduced(losses, weights, loss_reduce)


def _one_hot_samples() -> Sequence[Sample]:
    labels = np.eye(5)[[0, 3, 1, 4]]
    return [
        ((labels, real(4, 5), None), {"label_smoothing": 0.1}),
        ((labels, real(4, 5), real(4, low=0.1, high=2)), {"loss_reduce": "SUM"}),
    ]


@_loss("softmax_cross_entropy_loss", _one_hot_samples, public="softmax_cross_entropy")
def softmax_cross_entropy_loss(
    one_hot_labels: Array,
    logit_predictions: Array,
    weights: Array = None,
    *,
    loss_reduce: Reduction = "MEAN_BY_NONZERO_WEIGHT_COUNT",
    label_smoothing: float = 0.0,
) -> Array:
    """-Σ y·ln softmax(z) over the last dimension, labels smoothed to y·(1 - s) + s/classes.

    Weights are one per row. Unreduced losses of a matrix of logits have the shape [rows, 1].

    Deeplearning4j: ``SDLoss.softmaxCrossEntropy``.
    """
    labels = one_hot_labels
    if label_smoothing:
        classes = spec_of(logit_predictions).shape[-1]
        labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
    losses = -reduce.sum(labels * normalise.log_softmax(logit_predictions), dims=(-1,))
    if weights is not None and len(spec_of(losses).shape) == 1:
        weights = shaping.reshape(weights, shape=(-1,)) if spec_of(weights).shape else weights
    result = _reduced(losses, weights, loss_reduce)
    found = spec_of(result).shape
    return shaping.reshape(result, shape=(*found, 1)) if len(found) == 1 else result


@composed(
    "loss",
    samples=lambda: [((real(4, 5), np.asarray([0, 3, 1, 4])), {})],
    dl4j=Dl4j("sparse_softmax_cross_entropy_loss_with_logits"),
)
def sparse_softmax_cross_entropy(logits: Array, labels: Array) -> Array:
    """-ln softmax(z) at the class number of each row. Deeplearning4j: ``SDLoss.sparseSoftmaxCrossEntropy``."""
    found = spec_of(logits)
    chosen = movement.one_hot(labels, depth=found.shape[-1], dtype=found.dtype)
    return -reduce.sum(chosen * normalise.log_softmax(logits), dims=(-1,))
