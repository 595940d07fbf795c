"""Losses of whole rows or whole minibatches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from nd4py import ops
from nd4py.activations import Activation

from ._loss import (
    PACKAGE,
    Loss,
    Value,
    as_values,
    check_mask,
    examples,
    is_column,
    masked,
    sum_columns,
)


class LossCosineProximity(Loss):
    """-(y·p) / (‖y‖·‖p‖) per example, norms not below 1e-5. Masks are columns."""

    java_class: ClassVar[str] = PACKAGE + "LossCosineProximity"

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        if mask is not None and not is_column(mask, labels):
            raise ValueError(
                f"LossCosineProximity: a mask must be a column, received {ops.spec_of(mask).shape}"
            )
        rows = ops.cosine_proximity(labels, activation.activation(pre_output))
        return masked(ops.expand_dims(rows, axis=1), mask)


class LossMultiLabel(Loss):
    """The mean of e^(p_negative - p_positive) over all pairs of a row (BP-MLL); 0 where a row has no such pair.

    An output that a mask leaves out counts in its pairs, but gets no gradient.
    """

    java_class: ClassVar[str] = PACKAGE + "LossMultiLabel"

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        per_output = mask is not None and not is_column(mask, labels)
        p = activation.activation(ops.gate_gradient(pre_output, mask) if per_output else pre_output)
        pairs = sum_columns(labels) * sum_columns(1.0 - labels)
        # Shifted by the mean of the row, which cancels in the product but keeps both factors finite.
        middle = ops.stop_gradient(ops.mean(p, dims=(1,), keep_dims=True))
        product = sum_columns((1.0 - labels) * ops.exp(p - middle)) * sum_columns(
            labels * ops.exp(middle - p)
        )
        rows = ops.where(pairs > 0.0, product / ops.maximum(pairs, 1.0), 0.0)
        return rows if per_output else masked(rows, mask)


@dataclass(frozen=True)
class LossMixtureDensity(Loss):
    """-ln Σ α_k·N(y; μ_k, σ_k²·I) for an output of α (before softmax), ln σ and μ, each ``mixtures`` times.

    The output has (label_width + 2)·mixtures columns, the labels have label_width.
    """

    java_class: ClassVar[str] = PACKAGE + "LossMixtureDensity"
    mixtures: int = 1
    label_width: int = 1

    def _labels(self, labels: Value, pre_output: Value) -> Value:
        want, have = ops.spec_of(pre_output), ops.spec_of(labels)
        columns = (self.label_width + 2) * self.mixtures
        if want.shape[1:] != (columns,) or have.shape != (want.shape[0], self.label_width):
            raise ValueError(
                f"LossMixtureDensity: {self.mixtures} mixtures of {self.label_width} labels "
                f"need an output [n, {columns}] and "
                f"labels [n, {self.label_width}], received {want.shape} and {have.shape}"
            )
        return labels if have.dtype is want.dtype else ops.cast(labels, dtype=want.dtype)

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        output = activation.activation(pre_output)
        n, k, width = examples(pre_output), self.mixtures, self.label_width
        weights = ops.log_softmax(ops.slice(output, begin=(0, 0), end=(n, k)))
        log_sigma = ops.slice(output, begin=(0, k), end=(n, 2 * k))
        mean = ops.reshape(
            ops.slice(output, begin=(0, 2 * k), end=(n, (width + 2) * k)), shape=(n, k, width)
        )
        distance = ops.sum(ops.square(ops.expand_dims(labels, axis=1) - mean), dims=(2,))
        density = (
            distance * ops.exp(log_sigma * -2.0) * -0.5
            - log_sigma * float(width)
            - 0.5 * width * math.log(2 * math.pi)
        )
        rows = ops.log_sum_exp(weights + density, dims=(1,), keep_dims=True)
        return masked(-rows, mask)


@dataclass(frozen=True)
class LossFMeasure(Loss):
    """1 - (1 + β²)·TP / ((1 + β²)·TP + β²·FN + FP) with soft counts over the minibatch; 0 where all counts are 0.

    One output column, or two of which the second is the positive class. It has no score per example, and no average.
    """

    java_class: ClassVar[str] = PACKAGE + "LossFMeasure"
    beta: float = 1.0

    def score(
        self,
        labels: Value,
        pre_output: Value,
        activation: Activation,
        mask: Value = None,
        average: bool = True,
    ) -> Value:
        """The score of the minibatch, whether ``average`` or not; a scalar."""
        labels, pre_output, mask = as_values(labels, pre_output, mask)
        labels = self._labels(labels, pre_output)
        check_mask(self, labels, mask)
        shape = ops.spec_of(labels).shape
        if len(shape) != 2 or shape[1] not in (1, 2):
            raise ValueError(
                f"LossFMeasure: expected 1 or 2 output columns, received shape {shape}"
            )
        output = activation.activation(pre_output)
        if mask is not None:
            output, labels = masked(output, mask), masked(labels, mask)
        if shape[1] == 2:
            labels, output = (
                ops.slice(v, begin=(0, 1), end=(shape[0], 2)) for v in (labels, output)
            )
        square = self.beta * self.beta
        hits = ops.sum(labels * output) * (1.0 + square)
        missed = ops.sum(labels * (1.0 - output)) * square
        wrong = ops.sum((1.0 - labels) * output)
        total = hits + missed + wrong
        return ops.where(total > 0.0, 1.0 - hits / ops.where(total > 0.0, total, 1.0), 0.0)

    def score_and_gradient(
        self,
        labels: Value,
        pre_output: Value,
        activation: Activation,
        mask: Value = None,
        average: bool = True,
    ) -> tuple[Value, Value]:
        """`score` and `gradient` from one forward pass."""
        return super().score_and_gradient(labels, pre_output, activation, mask, False)

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        raise TypeError(
            "LossFMeasure: there is no score per example, the loss is defined on minibatches"
        )
