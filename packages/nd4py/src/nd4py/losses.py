"""Loss functions of output layers, as values with Deeplearning4j's JSON form.

Each answers to the class of the same name in ``org.nd4j.linalg.lossfunctions.impl``. Scores are written with operations, so
they run on arrays and record on graph values, and the gradient is the operations' own: what a graph differentiates and what
`Loss.gradient` returns are one thing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from . import ops
from ._java_json import JavaObject, field, lookup
from .activations import Activation, Softmax

__all__ = [
    "Loss",
    "LossBinaryXENT",
    "LossCosineProximity",
    "LossFMeasure",
    "LossHinge",
    "LossKLD",
    "LossL1",
    "LossL2",
    "LossMAE",
    "LossMAPE",
    "LossMCXENT",
    "LossMSE",
    "LossMSLE",
    "LossMixtureDensity",
    "LossMultiLabel",
    "LossNegativeLogLikelihood",
    "LossPoisson",
    "LossSparseMCXENT",
    "LossSquaredHinge",
    "LossWasserstein",
    "get",
]

_PACKAGE = "org.nd4j.linalg.lossfunctions.impl."
Value = Any  # NDArray or graph value


@dataclass(frozen=True)
class Loss(JavaObject, ABC):
    """The disagreement between labels and the activated output of a layer.

    Labels and pre-output have one shape [n, columns, ...], the pre-output is a floating array; a mask is a column [n, 1]
    with one weight per example, or has the shape of the labels.
    """

    def score_array(self, labels: Value, pre_output: Value, activation: Activation, mask: Value = None) -> Value:
        """The score per example: [n, 1, ...], the sum over the columns.

        Raises:
            ValueError: the shapes do not fit.
            TypeError: the loss is defined on whole minibatches only.
        """
        labels = self._labels(labels, pre_output)
        _check_mask(self, labels, mask)
        return self._rows(labels, pre_output, activation, mask)

    def score(
        self, labels: Value, pre_output: Value, activation: Activation, mask: Value = None, average: bool = True
    ) -> Value:
        """The sum of the scores of all examples, divided by their number if ``average``; a scalar."""
        total = ops.sum(self.score_array(labels, pre_output, activation, mask))
        return total / float(_examples(pre_output)) if average else total

    def gradient(self, labels: Value, pre_output: Value, activation: Activation, mask: Value = None) -> Value:
        """The gradient of the summed (not averaged) score to the pre-output, of its shape."""
        return self.score_and_gradient(labels, pre_output, activation, mask, average=False)[1]

    def score_and_gradient(
        self, labels: Value, pre_output: Value, activation: Activation, mask: Value = None, average: bool = True
    ) -> tuple[Value, Value]:
        """`score` and `gradient` from one forward pass."""

        def total(z: Value) -> Value:
            return self.score(labels, z, activation, mask, False)

        score, (gradient,) = ops.vjp(total, [pre_output], _one)
        return score / float(_examples(pre_output)) if average else score, gradient

    def _labels(self, labels: Value, pre_output: Value) -> Value:
        """Labels in the dtype of the pre-output, checked against its shape."""
        want, have = ops.spec_of(pre_output), ops.spec_of(labels)
        if have.shape != want.shape:
            raise ValueError(f"{type(self).__name__}: labels have shape {have.shape}, the output has {want.shape}")
        return labels if have.dtype is want.dtype else ops.cast(labels, dtype=want.dtype)

    @abstractmethod
    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        """Scores [n, 1, ...] from checked labels and mask."""


def get(value: Any) -> Loss:
    """A loss from itself, a name of Deeplearning4j's ``LossFunction`` enum in any case, or its JSON.

    >>> get("mcxent").softmax_clip_eps
    1e-10
    """
    return lookup(value, Loss, _NAMES)


def _one(score: Value) -> Value:
    return ops.cast(score * 0.0 + 1.0, dtype=ops.spec_of(score).dtype)


def _examples(pre_output: Value) -> int:
    return int(ops.spec_of(pre_output).shape[0])


def _check_mask(loss: Loss, labels: Value, mask: Value) -> None:
    if mask is None:
        return
    shape, want = ops.spec_of(mask).shape, ops.spec_of(labels).shape
    column = (want[0], *(1,) * (len(want) - 1))
    if shape not in (want, column, column[:2]):
        raise ValueError(
            f"{type(loss).__name__}: a mask is a column {column} or has the shape of the labels {want}, received {shape}"
        )


def _masked(values: Value, mask: Value) -> Value:
    """Values [n, columns, ...] times a mask of either kind."""
    if mask is None:
        return values
    want, have = ops.spec_of(values), ops.spec_of(mask)
    if len(have.shape) != len(want.shape):
        mask = ops.reshape(mask, shape=(*have.shape, *(1,) * (len(want.shape) - len(have.shape))))
    return values * (mask if have.dtype is want.dtype else ops.cast(mask, dtype=want.dtype))


def _is_column(mask: Value, labels: Value) -> bool:
    return ops.spec_of(mask).shape != ops.spec_of(labels).shape or ops.spec_of(mask).shape[1] == 1


def _sum_columns(values: Value) -> Value:
    return ops.sum(values, dims=(1,), keep_dims=True)


# ---------------------------------------------------------------------------------------------------- sums of elements


def _decode_weights(tree: Any) -> tuple[float, ...] | None:
    """Weights from the text form of an array, or from the flat list of old files."""
    if tree is None:
        return None
    data = tree.get("data") if isinstance(tree, dict) else tree
    if not isinstance(data, list) or not all(isinstance(v, (int, float)) for v in data):
        raise ValueError(f"loss weights: expected an array of numbers, received {tree!r:.80}")
    return tuple(float(v) for v in data)


def _encode_weights(weights: tuple[float, ...] | None) -> Any:
    if weights is None:
        return None
    single = all(float(np.float32(w)) == w for w in weights)
    return {"dataType": "FLOAT" if single else "DOUBLE", "shape": [1, len(weights)], "data": list(weights)}


@dataclass(frozen=True)
class _Elementwise(Loss, ABC):
    """Losses that are sums over elements."""

    # Whether an output that a mask leaves out gets no gradient even where softmax couples it to the others.
    _gates: ClassVar[bool] = True

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        if self._gates and mask is not None and isinstance(activation, Softmax) and not _is_column(mask, labels):
            pre_output = ops.gate_gradient(pre_output, mask)
        elements = self._elements(labels, activation.activation(pre_output))
        return _sum_columns(_masked(self._weighted(elements), mask))

    def _weighted(self, elements: Value) -> Value:
        return elements

    @abstractmethod
    def _elements(self, labels: Value, output: Value) -> Value:
        """The loss of each element from the activated output."""


@dataclass(frozen=True)
class _Weighted(_Elementwise, ABC):
    """Losses with one weight per column; None: all 1."""

    weights: tuple[float, ...] | None = field(
        None, omit_none=True, decode=_decode_weights, encode=_encode_weights
    )

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", tuple(float(w) for w in np.asarray(self.weights).reshape(-1)))

    def _weighted(self, elements: Value) -> Value:
        if self.weights is None:
            return elements
        found = ops.spec_of(elements)
        if len(self.weights) != found.shape[1]:
            raise ValueError(f"{type(self).__name__}: {len(self.weights)} weights for {found.shape[1]} output columns")
        from ._arrays import from_numpy

        row = np.asarray(self.weights, found.dtype.numpy).reshape(1, -1, *(1,) * (len(found.shape) - 2))
        return elements * from_numpy(row)


def _columns(labels: Value) -> float:
    return float(ops.spec_of(labels).shape[1])


@dataclass(frozen=True)
class LossL2(_Weighted):
    """(y - p)²."""

    java_class: ClassVar[str] = _PACKAGE + "LossL2"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.squared_difference(labels, output)


@dataclass(frozen=True)
class LossMSE(_Weighted):
    """(y - p)² / columns."""

    java_class: ClassVar[str] = _PACKAGE + "LossMSE"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.squared_difference(labels, output) / _columns(labels)


@dataclass(frozen=True)
class LossL1(_Weighted):
    """|y - p|."""

    java_class: ClassVar[str] = _PACKAGE + "LossL1"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.abs(output - labels)


@dataclass(frozen=True)
class LossMAE(_Weighted):
    """|y - p| / columns. In Deeplearning4j the score per example alone is not divided."""

    java_class: ClassVar[str] = _PACKAGE + "LossMAE"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.abs(output - labels) / _columns(labels)


@dataclass(frozen=True)
class LossMAPE(_Weighted):
    """100 / columns · |(y - p) / y|; infinite where a label is 0."""

    java_class: ClassVar[str] = _PACKAGE + "LossMAPE"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.abs((output - labels) / labels) * (100.0 / _columns(labels))


@dataclass(frozen=True)
class LossMSLE(_Weighted):
    """ln((p + 1) / (y + 1))² / columns."""

    java_class: ClassVar[str] = _PACKAGE + "LossMSLE"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.square(ops.log((output + 1.0) / (labels + 1.0))) / _columns(labels)


@dataclass(frozen=True)
class LossBinaryXENT(_Weighted):
    """-(y·ln p + (1 - y)·ln(1 - p)), p clipped to [clip_eps, 1 - clip_eps]; the gradient passes the clipping.

    >>> LossBinaryXENT().to_json()
    {'@class': 'org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT', 'clipEps': 1e-05}
    """

    java_class: ClassVar[str] = _PACKAGE + "LossBinaryXENT"
    clip_eps: float = 1e-5

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.binary_cross_entropy(labels, output, clip_eps=self.clip_eps)


@dataclass(frozen=True)
class LossMCXENT(_Weighted):
    """-y·ln p. With softmax p is clipped to [ε, 1 - ε] in the score, and the gradient to the pre-output is p·Σwy - wy."""

    java_class: ClassVar[str] = _PACKAGE + "LossMCXENT"
    softmax_clip_eps: float = field(1e-10)

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        if not isinstance(activation, Softmax):
            return super()._rows(labels, pre_output, activation, mask)
        # Softmax goes over the last dimension whatever the rank, the sum of the score over dimension 1.
        per_output = mask is not None and not _is_column(mask, labels)
        labels = self._weighted(_masked(labels, mask) if per_output else labels)
        shape = ops.spec_of(pre_output).shape
        if len(shape) == 2:
            rows, _ = ops.softmax_cross_entropy(labels, pre_output, clip_eps=self.softmax_clip_eps)
            rows = ops.reshape(rows, shape=(shape[0], 1))
            return rows if per_output else _masked(rows, mask)
        p = ops.softmax(pre_output)
        eps = self.softmax_clip_eps
        # The clipping is not differentiated: values outside pass their gradient.
        seen = p + ops.stop_gradient(ops.minimum(ops.maximum(p, eps), 1.0 - eps) - p) if eps > 0 else p
        elements = ops.negative_log_likelihood(labels, seen)
        return _sum_columns(elements if per_output else _masked(elements, mask))

    def score_and_gradient(
        self, labels: Value, pre_output: Value, activation: Activation, mask: Value = None, average: bool = True
    ) -> tuple[Value, Value]:
        """`score` and `gradient` from one forward pass.

        Raises:
            ValueError: a mask per output together with softmax, as in Deeplearning4j: p - y couples the outputs of a row.
        """
        if mask is not None and isinstance(activation, Softmax) and ops.spec_of(mask).shape[1] != 1:
            raise ValueError(
                f"{type(self).__name__}: with softmax a mask must be a column [n, 1], received {ops.spec_of(mask).shape}"
            )
        return super().score_and_gradient(labels, pre_output, activation, mask, average)

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.negative_log_likelihood(labels, output)


@dataclass(frozen=True)
class LossNegativeLogLikelihood(LossMCXENT):
    """The same as `LossMCXENT`."""

    java_class: ClassVar[str] = _PACKAGE + "LossNegativeLogLikelihood"


@dataclass(frozen=True)
class LossSparseMCXENT(LossMCXENT):
    """`LossMCXENT` on class numbers: labels [n, 1] (or [n, time, 1]) in place of one-hot rows."""

    java_class: ClassVar[str] = _PACKAGE + "LossSparseMCXENT"

    def _labels(self, labels: Value, pre_output: Value) -> Value:
        want, have = ops.spec_of(pre_output), ops.spec_of(labels)
        if have.shape != (*want.shape[:-1], 1):
            raise ValueError(
                f"{type(self).__name__}: expected class numbers of shape {(*want.shape[:-1], 1)}, received {have.shape}"
            )
        numbers = ops.cast(ops.reshape(labels, shape=want.shape[:-1]), dtype="int64")
        return ops.one_hot(numbers, depth=want.shape[-1], dtype=want.dtype)


@dataclass(frozen=True)
class LossKLD(_Elementwise):
    """y·ln(y / p), both clipped to [1e-5, 1]; the gradient -y/p sees neither clipped."""

    java_class: ClassVar[str] = _PACKAGE + "LossKLD"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.kl_divergence(labels, output)


@dataclass(frozen=True)
class LossPoisson(_Elementwise):
    """p - y·ln p."""

    java_class: ClassVar[str] = _PACKAGE + "LossPoisson"

    def _elements(self, labels: Value, output: Value) -> Value:
        return output - labels * ops.log(output)


@dataclass(frozen=True)
class LossHinge(_Elementwise):
    """max(0, 1 - y·p) for labels -1 and 1."""

    java_class: ClassVar[str] = _PACKAGE + "LossHinge"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.relu(1.0 - labels * output)


@dataclass(frozen=True)
class LossSquaredHinge(_Elementwise):
    """max(0, 1 - y·p)² for labels -1 and 1."""

    java_class: ClassVar[str] = _PACKAGE + "LossSquaredHinge"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.square(ops.relu(1.0 - labels * output))


@dataclass(frozen=True)
class LossWasserstein(_Elementwise):
    """The mean of y·p over the columns."""

    java_class: ClassVar[str] = _PACKAGE + "LossWasserstein"
    _gates: ClassVar[bool] = False

    def _elements(self, labels: Value, output: Value) -> Value:
        return labels * output / _columns(labels)


# -------------------------------------------------------------------------------------------- whole rows, whole batches


@dataclass(frozen=True)
class LossCosineProximity(Loss):
    """-(y·p) / (‖y‖·‖p‖) per example, norms not below 1e-5. Masks are columns."""

    java_class: ClassVar[str] = _PACKAGE + "LossCosineProximity"

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        if mask is not None and not _is_column(mask, labels):
            raise ValueError(f"LossCosineProximity: a mask must be a column, received {ops.spec_of(mask).shape}")
        rows = ops.cosine_proximity(labels, activation.activation(pre_output))
        return _masked(ops.expand_dims(rows, axis=1), mask)


@dataclass(frozen=True)
class LossMultiLabel(Loss):
    """The mean of e^(p_negative - p_positive) over all pairs of a row (BP-MLL); 0 where a row has no such pair.

    An output that a mask leaves out counts in its pairs, but gets no gradient.
    """

    java_class: ClassVar[str] = _PACKAGE + "LossMultiLabel"

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        per_output = mask is not None and not _is_column(mask, labels)
        p = activation.activation(ops.gate_gradient(pre_output, mask) if per_output else pre_output)
        pairs = _sum_columns(labels) * _sum_columns(1.0 - labels)
        # Shifted by the mean of the row, which cancels in the product but keeps both factors finite.
        middle = ops.stop_gradient(ops.mean(p, dims=(1,), keep_dims=True))
        product = _sum_columns((1.0 - labels) * ops.exp(p - middle)) * _sum_columns(labels * ops.exp(middle - p))
        rows = ops.where(pairs > 0.0, product / ops.maximum(pairs, 1.0), 0.0)
        return rows if per_output else _masked(rows, mask)


@dataclass(frozen=True)
class LossMixtureDensity(Loss):
    """-ln Σ α_k·N(y; μ_k, σ_k²·I) for an output of α (before softmax), ln σ and μ, each ``mixtures`` times.

    The output has (label_width + 2)·mixtures columns, the labels have label_width.
    """

    java_class: ClassVar[str] = _PACKAGE + "LossMixtureDensity"
    mixtures: int = 1
    label_width: int = 1

    def _labels(self, labels: Value, pre_output: Value) -> Value:
        want, have = ops.spec_of(pre_output), ops.spec_of(labels)
        columns = (self.label_width + 2) * self.mixtures
        if want.shape[1:] != (columns,) or have.shape != (want.shape[0], self.label_width):
            raise ValueError(
                f"LossMixtureDensity: {self.mixtures} mixtures of {self.label_width} labels need an output [n, {columns}] and "
                f"labels [n, {self.label_width}], received {want.shape} and {have.shape}"
            )
        return labels if have.dtype is want.dtype else ops.cast(labels, dtype=want.dtype)

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        output = activation.activation(pre_output)
        n, k, width = _examples(pre_output), self.mixtures, self.label_width
        weights = ops.log_softmax(ops.slice(output, begin=(0, 0), end=(n, k)))
        log_sigma = ops.slice(output, begin=(0, k), end=(n, 2 * k))
        mean = ops.reshape(ops.slice(output, begin=(0, 2 * k), end=(n, (width + 2) * k)), shape=(n, k, width))
        distance = ops.sum(ops.square(ops.expand_dims(labels, axis=1) - mean), dims=(2,))
        density = distance * ops.exp(log_sigma * -2.0) * -0.5 - log_sigma * float(width) - 0.5 * width * math.log(2 * math.pi)
        rows = ops.log_sum_exp(weights + density, dims=(1,), keep_dims=True)
        return _masked(-rows, mask)


@dataclass(frozen=True)
class LossFMeasure(Loss):
    """1 - (1 + β²)·TP / ((1 + β²)·TP + β²·FN + FP) with soft counts over the minibatch; 0 where all counts are 0.

    One output column, or two of which the second is the positive class. It has no score per example, and no average.
    """

    java_class: ClassVar[str] = _PACKAGE + "LossFMeasure"
    beta: float = 1.0

    def score(
        self, labels: Value, pre_output: Value, activation: Activation, mask: Value = None, average: bool = True
    ) -> Value:
        """The score of the minibatch, whether ``average`` or not; a scalar."""
        labels = self._labels(labels, pre_output)
        _check_mask(self, labels, mask)
        shape = ops.spec_of(labels).shape
        if len(shape) != 2 or shape[1] not in (1, 2):
            raise ValueError(f"LossFMeasure: expected 1 or 2 output columns, received shape {shape}")
        output = activation.activation(pre_output)
        if mask is not None:
            output, labels = _masked(output, mask), _masked(labels, mask)
        if shape[1] == 2:
            labels, output = (ops.slice(v, begin=(0, 1), end=(shape[0], 2)) for v in (labels, output))
        square = self.beta * self.beta
        hits = ops.sum(labels * output) * (1.0 + square)
        missed = ops.sum(labels * (1.0 - output)) * square
        wrong = ops.sum((1.0 - labels) * output)
        total = hits + missed + wrong
        return ops.where(total > 0.0, 1.0 - hits / ops.where(total > 0.0, total, 1.0), 0.0)

    def score_and_gradient(
        self, labels: Value, pre_output: Value, activation: Activation, mask: Value = None, average: bool = True
    ) -> tuple[Value, Value]:
        """`score` and `gradient` from one forward pass."""
        return super().score_and_gradient(labels, pre_output, activation, mask, False)

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        raise TypeError("LossFMeasure: there is no score per example, the loss is defined on minibatches")


_NAMES = {
    "mse": LossMSE, "l1": LossL1, "xent": LossBinaryXENT, "mcxent": LossMCXENT, "sparsemcxent": LossSparseMCXENT,
    "squaredloss": LossMSE, "reconstructioncrossentropy": LossKLD, "negativeloglikelihood": LossNegativeLogLikelihood,
    "cosineproximity": LossCosineProximity, "hinge": LossHinge, "squaredhinge": LossSquaredHinge, "kldivergence": LossKLD,
    "meanabsoluteerror": LossMAE, "l2": LossL2, "meanabsolutepercentageerror": LossMAPE,
    "meansquaredlogarithmicerror": LossMSLE, "poisson": LossPoisson, "wasserstein": LossWasserstein,
}
