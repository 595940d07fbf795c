"""Evaluation of independent binary outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from .._arrays import asarray, values_of
from ..formats._jackson import pretty_json
from ..formats._java_text import java_fixed, java_float
from ._classification import f_beta, matthews
from ._json_fields import array_field, array_of
from ._roc import ROCBinary, roc_binary_from_json
from ._rows import rows_of

__all__ = ["EvaluationBinary", "from_json"]

CLASS = "org.nd4j.evaluation.classification.EvaluationBinary"


class EvaluationBinary:
    """Accuracy, precision, recall and F1 of each of several independent yes/no outputs.

    An output is positive where ``p > threshold``, 0.5 or one of ``decision_threshold`` per output.
    ``roc_binary_steps`` also gathers a ROC per output (0: exact). Undefined precision and recall are
    NaN, and so are averages over them.

    Answers to ``org.nd4j.evaluation.classification.EvaluationBinary``.

    >>> evaluation = EvaluationBinary()
    >>> evaluation.eval([[1.0, 0.0], [1.0, 1.0]], [[0.9, 0.2], [0.4, 0.7]])
    >>> evaluation.accuracy(0), evaluation.accuracy(1)
    (0.5, 1.0)
    """

    def __init__(
        self,
        *,
        decision_threshold: Any = None,
        labels: Iterable[str] | None = None,
        roc_binary_steps: int | None = None,
        axis: int = 1,
    ) -> None:
        self.decision_threshold = (
            None
            if decision_threshold is None
            else values_of(asarray(decision_threshold)).reshape(-1).astype(np.float32)
        )
        self.labels = None if labels is None else list(labels)
        self.axis = axis
        self._roc_steps = roc_binary_steps
        self.reset()

    def reset(self) -> None:
        """Forget all rows."""
        zero = np.zeros(0, np.int64)
        self.true_positives = self.false_positives = zero
        self.true_negatives = self.false_negatives = zero
        self.roc: ROCBinary | None = None
        if self._roc_steps is not None:
            self.roc = ROCBinary(self._roc_steps, axis=self.axis)

    def eval(self, labels: Any, predictions: Any, mask: Any = None) -> None:
        """Add a batch of 0/1 labels and probabilities of the same shape.

        ``mask`` has one value per row or per output. Raises ValueError for shapes that do not fit.
        """
        rows = rows_of(labels, predictions, mask, self.axis, "EvaluationBinary")
        outputs = rows.labels.shape[1]
        if self.true_positives.size == 0:
            self._start(outputs)
        if self.true_positives.size != outputs:
            raise ValueError(
                f"EvaluationBinary: {outputs} outputs in this batch, {self.true_positives.size} before"
            )
        threshold = np.float32(0.5) if self.decision_threshold is None else self.decision_threshold
        if self.decision_threshold is not None and self.decision_threshold.size != outputs:
            raise ValueError(
                f"EvaluationBinary: {self.decision_threshold.size} thresholds for {outputs} outputs"
            )
        truth, chosen = rows.labels != 0, rows.predictions > threshold
        kept = np.True_ if rows.mask is None else rows.mask
        if rows.mask is not None and rows.mask.ndim == 1:
            kept = rows.mask[:, None]
        self.true_positives = self.true_positives + (truth & chosen & kept).sum(axis=0)
        self.false_positives = self.false_positives + (~truth & chosen & kept).sum(axis=0)
        self.true_negatives = self.true_negatives + (~truth & ~chosen & kept).sum(axis=0)
        self.false_negatives = self.false_negatives + (truth & ~chosen & kept).sum(axis=0)
        if self.roc is not None:
            self.roc.eval(labels, predictions, mask)

    def _start(self, outputs: int) -> None:
        zero = np.zeros(outputs, np.int64)
        self.true_positives = self.false_positives = zero
        self.true_negatives = self.false_negatives = zero

    def merge(self, other: EvaluationBinary) -> Self:
        """Add the rows of another evaluation; raises ValueError when the outputs differ."""
        if other.num_labels == 0:
            return self
        if self.num_labels == 0:
            self._start(other.num_labels)
        if self.num_labels != other.num_labels:
            raise ValueError(
                f"EvaluationBinary: merge of {self.num_labels} and {other.num_labels} outputs"
            )
        self.true_positives = self.true_positives + other.true_positives
        self.false_positives = self.false_positives + other.false_positives
        self.true_negatives = self.true_negatives + other.true_negatives
        self.false_negatives = self.false_negatives + other.false_negatives
        self.labels = other.labels if self.labels is None else self.labels
        if self.roc is not None and other.roc is not None:
            self.roc.merge(other.roc)
        return self

    @property
    def num_labels(self) -> int:
        """Number of outputs, 0 before the first batch."""
        return int(self.true_positives.size)

    def total_count(self, output: int) -> int:
        """Rows counted for an output."""
        parts = (
            self.true_positives,
            self.false_positives,
            self.true_negatives,
            self.false_negatives,
        )
        return int(sum(p[output] for p in parts))

    def _of(self, output: int) -> tuple[int, int, int, int]:
        return (
            int(self.true_positives[output]),
            int(self.false_positives[output]),
            int(self.false_negatives[output]),
            int(self.true_negatives[output]),
        )

    def accuracy(self, output: int) -> float:
        """Share of rows predicted right."""
        tp, _, _, tn = self._of(output)
        return _over(tp + tn, self.total_count(output))

    def precision(self, output: int) -> float:
        """TP / (TP + FP), NaN where nothing was predicted positive."""
        tp, fp, _, _ = self._of(output)
        return _over(tp, tp + fp)

    def recall(self, output: int) -> float:
        """TP / (TP + FN), NaN where nothing is positive."""
        tp, _, fn, _ = self._of(output)
        return _over(tp, tp + fn)

    def f1(self, output: int) -> float:
        """The harmonic mean of precision and recall."""
        return self.f_beta(1.0, output)

    def f_beta(self, beta: float, output: int) -> float:
        """(1 + beta²) P R / (beta² P + R)."""
        return f_beta(beta, self.precision(output), self.recall(output))

    def matthews_correlation(self, output: int) -> float:
        """The Matthews correlation, NaN where undefined."""
        return matthews(*self._of(output))

    def g_measure(self, output: int) -> float:
        """Geometric mean of precision and recall."""
        return float(np.sqrt(self.precision(output) * self.recall(output)))

    def false_positive_rate(self, output: int) -> float:
        """FP / (FP + TN)."""
        _, fp, _, tn = self._of(output)
        return _over(fp, fp + tn)

    def false_negative_rate(self, output: int) -> float:
        """FN / (FN + TP)."""
        tp, _, fn, _ = self._of(output)
        return _over(fn, fn + tp)

    def false_alarm_rate(self, output: int) -> float:
        """Mean of the false positive and false negative rates."""
        return (self.false_positive_rate(output) + self.false_negative_rate(output)) / 2

    def average(self, metric: str) -> float:
        """Mean of a metric over the outputs, such as ``average("accuracy")``."""
        return float(np.mean([getattr(self, metric)(i) for i in range(self.num_labels)]))

    def stats(self, precision: int = 4) -> str:
        """The table as Deeplearning4j prints it."""
        if self.num_labels == 0:
            return "EvaluationBinary: No data available (no evaluation has been performed)"
        head = (
            f"{'Label':<20}{'Accuracy':<12}{'F1':<12}{'Precision':<12}{'Recall':<12}"
            f"{'Total':<8}{'TP':<7}{'TN':<7}{'FP':<7}{'FN':<7}"
        )
        lines = [head + (f"{'AUC':<12}" if self.roc is not None else "")]
        for i in range(self.num_labels):
            name = str(i) if self.labels is None else self.labels[i]
            scores = (self.accuracy(i), self.f1(i), self.precision(i), self.recall(i))
            tp, fp, fn, tn = self._of(i)
            line = f"{name:<20}" + "".join(f"{java_fixed(s, precision):<12}" for s in scores)
            line += f"{self.total_count(i):<8}" + "".join(f"{c:<7}" for c in (tp, tn, fp, fn))
            if self.roc is not None:
                line += f"{java_fixed(self.roc.calculate_auc(i), precision):<12}"
            lines.append(line)
        if self.decision_threshold is not None:
            shown = ", ".join(java_float(t) for t in self.decision_threshold)
            lines.append(f"Per-output decision thresholds: [{shown}]")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.stats()

    def to_json(self) -> str:
        """Deeplearning4j's JSON of this evaluation."""
        threshold = self.decision_threshold
        return pretty_json(
            {
                "@class": CLASS,
                "axis": self.axis,
                "countTruePositive": self.true_positives,
                "countFalsePositive": self.false_positives,
                "countTrueNegative": self.true_negatives,
                "countFalseNegative": self.false_negatives,
                "rocBinary": None if self.roc is None else self.roc.to_node(),
                "labels": self.labels,
                "decisionThreshold": None if threshold is None else array_field(threshold[None, :]),
            }
        )


def from_json(node: Mapping[str, Any]) -> EvaluationBinary:
    """The evaluation of a parsed JSON object."""
    threshold = node["decisionThreshold"]
    e = EvaluationBinary(
        decision_threshold=None if threshold is None else array_of(threshold),
        labels=node["labels"],
        axis=node.get("axis", 1),
    )
    names = ("TruePositive", "FalsePositive", "TrueNegative", "FalseNegative")
    counts = (np.array(node[f"count{name}"] or [], np.int64) for name in names)
    e.true_positives, e.false_positives, e.true_negatives, e.false_negatives = counts
    e.roc = None if node["rocBinary"] is None else roc_binary_from_json(node["rocBinary"])
    return e


def _over(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
