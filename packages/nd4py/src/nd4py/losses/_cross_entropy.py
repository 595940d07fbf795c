"""Cross entropy over classes, alone and fused with softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nd4py import dtypes, ops
from nd4py._java_json import field
from nd4py.activations import Activation, Softmax

from ._elementwise import WeightedLoss
from ._loss import PACKAGE, Value, is_column, masked, sum_columns


@dataclass(frozen=True)
class LossMCXENT(WeightedLoss):
    """-y·ln p. With softmax p is clipped to [ε, 1 - ε] in the score, and the gradient to the pre-output is
    p·Σwy - wy.
    """

    java_class: ClassVar[str] = PACKAGE + "LossMCXENT"
    softmax_clip_eps: float = field(1e-10)

    def _rows(self, labels: Value, pre_output: Value, activation: Activation, mask: Value) -> Value:
        if not isinstance(activation, Softmax):
            return super()._rows(labels, pre_output, activation, mask)
        # Softmax goes over the last dimension whatever the rank, the sum of the score over dimension 1.
        per_output = mask is not None and not is_column(mask, labels)
        labels = self._weighted(masked(labels, mask) if per_output else labels)
        shape = ops.spec_of(pre_output).shape
        if len(shape) == 2:
            rows, _ = ops.softmax_cross_entropy(labels, pre_output, clip_eps=self.softmax_clip_eps)
            rows = ops.reshape(rows, shape=(shape[0], 1))
            return rows if per_output else masked(rows, mask)
        p = ops.softmax(pre_output)
        eps = self.softmax_clip_eps
        # The clipping is not differentiated: values outside pass their gradient.
        seen = (
            p + ops.stop_gradient(ops.minimum(ops.maximum(p, eps), 1.0 - eps) - p) if eps > 0 else p
        )
        elements = ops.negative_log_likelihood(labels, seen)
        return sum_columns(elements if per_output else masked(elements, mask))

    def score_and_gradient(
        self,
        labels: Value,
        pre_output: Value,
        activation: Activation,
        mask: Value = None,
        average: bool = True,
    ) -> tuple[Value, Value]:
        """`score` and `gradient` from one forward pass.

        Raises:
            ValueError: a mask per output together with softmax, as in Deeplearning4j: p - y couples the
            outputs of a row.
        """
        if mask is not None and isinstance(activation, Softmax) and ops.spec_of(mask).shape[1] != 1:
            raise ValueError(
                f"{type(self).__name__}: with softmax a mask must be a column [n, 1], "
                f"received {ops.spec_of(mask).shape}"
            )
        return super().score_and_gradient(labels, pre_output, activation, mask, average)

    def _elements(self, labels: Value, output: Value) -> Value:
        return ops.negative_log_likelihood(labels, output)


class LossNegativeLogLikelihood(LossMCXENT):
    """The same as `LossMCXENT`."""

    java_class: ClassVar[str] = PACKAGE + "LossNegativeLogLikelihood"


class LossSparseMCXENT(LossMCXENT):
    """`LossMCXENT` on class numbers: labels [n, 1] (or [n, time, 1]) in place of one-hot rows."""

    java_class: ClassVar[str] = PACKAGE + "LossSparseMCXENT"

    def _labels(self, labels: Value, pre_output: Value) -> Value:
        want, have = ops.spec_of(pre_output), ops.spec_of(labels)
        if have.shape != (*want.shape[:-1], 1):
            raise ValueError(
                f"{type(self).__name__}: expected class numbers of shape {(*want.shape[:-1], 1)}, received {have.shape}"
            )
        numbers = ops.cast(ops.reshape(labels, shape=want.shape[:-1]), dtype=dtypes.int64)
        return ops.one_hot(numbers, depth=want.shape[-1], dtype=want.dtype)
