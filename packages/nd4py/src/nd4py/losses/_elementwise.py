"""Losses that are sums over elements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nd4py import ops
from nd4py._java_json import field
from nd4py.activations import Activation, Softmax

from ._loss import PACKAGE, Loss, Value, is_column, masked, sum_columns


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
    return {
        "dataType": "FLOAT" if single else "DOUBLE",
        "shape": [1, len(weights)],
        "data": list(weights),
    }


class ElementwiseLoss(Loss, ABC):
    """Losses that are sums over elements."""

    # Whether an output that a mask leaves out gets no gradient even where softmax couples it to the others.
    _gates: ClassVar[bool] = True

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        if (
            self._gates
            and mask is not None
            and isinstance(activation, Softmax)
            and not is_column(mask, labels)
        ):
            pre_output = ops.gate_gradient(pre_output, mask)
        elements = self._elements(labels, activation.activation(pre_output))
        return sum_columns(masked(self._weighted(elements), mask))

    def _weighted(self, elements: Value) -> Value:
        return elements

    @abstractmethod
    def _elements(self, labels: Value, output: Value) -> Value:
        """The loss of each element from the activated output."""


@dataclass(frozen=True)
class WeightedLoss(ElementwiseLoss, ABC):
    """Losses with one weight per column; None: all 1."""

    weights: tuple[float, ...] | None = field(
        None, omit_none=True, decode=_decode_weights, encode=_encode_weights
    )

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(
                self, "weights", tuple(float(w) for w in np.asarray(self.weights).reshape(-1))
            )

    def _weighted(self, elements: Value) -> Value:
        if self.weights is None:
            return elements
        found = ops.spec_of(elements)
        if len(self.weights) != found.shape[1]:
            raise ValueError(
                f"{type(self).__name__}: {len(self.weights)} weights for {found.shape[1]} output columns"
            )
        from nd4py._arrays import from_numpy

        row = np.asarray(self.weights, found.dtype.numpy).reshape(
            1, -1, *(1,) * (len(found.shape) - 2)
        )
        return elements * from_numpy(row)


def column_count(labels: Value) -> float:
    return float(ops.spec_of(labels).shape[1])


class LossL2(WeightedLoss):
    """(y - p)²."""

    java_class: ClassVar[str] = PACKAGE + "LossL2"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.squared_difference(labels, output)


class LossMSE(WeightedLoss):
    """(y - p)² / columns."""

    java_class: ClassVar[str] = PACKAGE + "LossMSE"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.squared_difference(labels, output) / column_count(labels)


class LossL1(WeightedLoss):
    """|y - p|."""

    java_class: ClassVar[str] = PACKAGE + "LossL1"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.abs(output - labels)


class LossMAE(WeightedLoss):
    """|y - p| / columns. In Deeplearning4j the score per example alone is not divided."""

    java_class: ClassVar[str] = PACKAGE + "LossMAE"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.abs(output - labels) / column_count(labels)


class LossMAPE(WeightedLoss):
    """100 / columns · |(y - p) / y|; infinite where a label is 0."""

    java_class: ClassVar[str] = PACKAGE + "LossMAPE"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.abs((output - labels) / labels) * (100.0 / column_count(labels))


class LossMSLE(WeightedLoss):
    """ln((p + 1) / (y + 1))² / columns."""

    java_class: ClassVar[str] = PACKAGE + "LossMSLE"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.square(ops.log((output + 1.0) / (labels + 1.0))) / column_count(labels)


@dataclass(frozen=True)
class LossBinaryXENT(WeightedLoss):
    """-(y·ln p + (1 - y)·ln(1 - p)), p clipped to [clip_eps, 1 - clip_eps]; the gradient passes the clipping.

    >>> LossBinaryXENT().to_json()
    {'@class': 'org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT', 'clipEps': 1e-05}
    """

    java_class: ClassVar[str] = PACKAGE + "LossBinaryXENT"
    clip_eps: float = 1e-5

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.binary_cross_entropy(labels, output, clip_eps=self.clip_eps)


class LossKLD(ElementwiseLoss):
    """y·ln(y / p), both clipped to [1e-5, 1]; the gradient -y/p sees neither clipped."""

    java_class: ClassVar[str] = PACKAGE + "LossKLD"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.kl_divergence(labels, output)


class LossPoisson(ElementwiseLoss):
    """p - y·ln p."""

    java_class: ClassVar[str] = PACKAGE + "LossPoisson"

    def _elements(self, labels: Value, output: Value) -> Value:
        return output - labels * ops.log(output)


class LossHinge(ElementwiseLoss):
    """max(0, 1 - y·p) for labels -1 and 1."""

    java_class: ClassVar[str] = PACKAGE + "LossHinge"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.relu(1.0 - labels * output)


class LossSquaredHinge(ElementwiseLoss):
    """max(0, 1 - y·p)² for labels -1 and 1."""

    java_class: ClassVar[str] = PACKAGE + "LossSquaredHinge"

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.square(ops.relu(1.0 - labels * output))


class LossWasserstein(ElementwiseLoss):
    """The mean of y·p over the columns."""

    java_class: ClassVar[str] = PACKAGE + "LossWasserstein"
    _gates: ClassVar[bool] = False

    def _elements(self, labels: Value, output: Value) -> Value:
        return labels * output / column_count(labels)
