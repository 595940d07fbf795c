"""What all loss functions share: scores, gradients, masks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from nd4py import ops
from nd4py._java_json import JavaObject
from nd4py.activations import Activation

PACKAGE = "org.nd4j.linalg.lossfunctions.impl."
Value = Any  # NDArray or graph value


@dataclass(frozen=True)
class Loss(JavaObject, ABC):
    """The disagreement between labels and the activated output of a layer.

    Labels and pre-output have one shape [n, columns, ...], the pre-output is a floating array; a mask is a
    column [n, 1]
    with one weight per example, or has the shape of the labels.
    """

    def score_array(
        self, labels: Value, pre_output: Value, activation: Activation, mask: Value = None
    ) -> Value:
        """The score per example: [n, 1, ...], the sum over the columns.

        Raises:
            ValueError: the shapes do not fit.
            TypeError: the loss is defined on whole minibatches only.
        """
        labels, pre_output, mask = as_values(labels, pre_output, mask)
        labels = self._labels(labels, pre_output)
        check_mask(self, labels, mask)
        return self._rows(labels, pre_output, activation, mask)

    def score(
        self,
        labels: Value,
        pre_output: Value,
        activation: Activation,
        mask: Value = None,
        average: bool = True,
    ) -> Value:
        """The sum of the scores of all examples, divided by their number if ``average``; a scalar."""
        total = ops.sum(self.score_array(labels, pre_output, activation, mask))
        return total / float(examples(pre_output)) if average else total

    def gradient(
        self, labels: Value, pre_output: Value, activation: Activation, mask: Value = None
    ) -> Value:
        """The gradient of the summed (not averaged) score to the pre-output, of its shape."""
        return self.score_and_gradient(labels, pre_output, activation, mask, average=False)[1]

    def score_and_gradient(
        self,
        labels: Value,
        pre_output: Value,
        activation: Activation,
        mask: Value = None,
        average: bool = True,
    ) -> tuple[Value, Value]:
        """`score` and `gradient` from one forward pass."""

        def total(z: Value) -> Value:
            return self.score(labels, z, activation, mask, False)

        score, (gradient,) = ops.vjp(total, [pre_output])
        return (score / float(examples(pre_output)) if average else score), gradient

    def _labels(self, labels: Value, pre_output: Value) -> Value:
        """Labels in the dtype of the pre-output, checked against its shape."""
        want, have = ops.spec_of(pre_output), ops.spec_of(labels)
        if have.shape != want.shape:
            raise ValueError(
                f"{type(self).__name__}: labels have shape {have.shape}, the output has {want.shape}"
            )
        return labels if have.dtype is want.dtype else ops.cast(labels, dtype=want.dtype)

    @abstractmethod
    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        """Scores [n, 1, ...] from checked labels and mask."""


def as_values(*given: Value) -> tuple[Value, ...]:
    return tuple(None if v is None else ops.as_value(v) for v in given)


def examples(pre_output: Value) -> int:
    return int(ops.spec_of(pre_output).shape[0])


def check_mask(loss: Loss, labels: Value, mask: Value) -> None:
    if mask is None:
        return
    shape, want = ops.spec_of(mask).shape, ops.spec_of(labels).shape
    column = (want[0], *(1,) * (len(want) - 1))
    if shape not in (want, column, column[:2]):
        raise ValueError(
            f"{type(loss).__name__}: a mask is a column {column} or has the shape "
            f"of the labels {want}, received {shape}"
        )


def masked(values: Value, mask: Value) -> Value:
    """Values [n, columns, ...] times a mask of either kind."""
    if mask is None:
        return values
    want, have = ops.spec_of(values), ops.spec_of(mask)
    if len(have.shape) != len(want.shape):
        mask = ops.reshape(mask, shape=(*have.shape, *(1,) * (len(want.shape) - len(have.shape))))
    return values * (mask if have.dtype is want.dtype else ops.cast(mask, dtype=want.dtype))


def is_column(mask: Value, labels: Value) -> bool:
    return ops.spec_of(mask).shape != ops.spec_of(labels).shape or ops.spec_of(mask).shape[1] == 1


def sum_columns(values: Value) -> Value:
    return ops.sum(values, dims=(1,), keep_dims=True)
