"""Areas under ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from ..formats import FormatError
from ..formats._jackson import pretty_json
from ..formats._java_text import java_double, java_fixed
from ._curves import PrecisionRecallCurve, RocCurve, area, needed
from ._json_fields import count_of
from ._rows import kept_rows, rows_of

__all__ = ["ROC", "ROCBinary", "ROCMultiClass", "roc_binary_from_json", "roc_from_json"]

_PACKAGE = "org.nd4j.evaluation.classification"


class ROC:
    """ROC and precision-recall curve of one probability.

    Labels and predictions have one column, or two of which the second is the positive class. With
    ``threshold_steps`` 0 the curves are exact: one point per row, rows of equal probability in their
    order; otherwise only counts at ``threshold_steps + 1`` thresholds are kept (``p >= threshold``,
    nothing at threshold 1).

    Answers to ``org.nd4j.evaluation.classification.ROC``.

    >>> roc = ROC()
    >>> roc.eval([[0.0], [1.0], [0.0], [1.0]], [[0.1], [0.4], [0.6], [0.8]])
    >>> roc.calculate_auc()
    0.75
    """

    def __init__(
        self, threshold_steps: int = 0, *, remove_redundant_points: bool = True, axis: int = 1
    ) -> None:
        if threshold_steps < 0:
            raise ValueError(
                f"ROC: threshold_steps must not be negative, received {threshold_steps}"
            )
        self.threshold_steps = threshold_steps
        self.remove_redundant_points = remove_redundant_points
        self.axis = axis
        self.reset()

    def reset(self) -> None:
        """Forget all rows."""
        self.count_actual_positive = 0
        self.count_actual_negative = 0
        self._rows: list[tuple[np.ndarray, np.ndarray]] = []
        self._restored: tuple[RocCurve, PrecisionRecallCurve] | None = None
        steps = self.threshold_steps
        self._thresholds = np.arange(steps + 1) * (1.0 / steps) if steps else np.zeros(0)
        self._true = np.zeros(self._thresholds.size, np.int64)
        self._false = np.zeros(self._thresholds.size, np.int64)

    @property
    def is_exact(self) -> bool:
        """Whether each row is a point of the curves."""
        return self.threshold_steps == 0

    @property
    def example_count(self) -> int:
        """Rows evaluated."""
        return self.count_actual_positive + self.count_actual_negative

    def eval(self, labels: Any, predictions: Any, mask: Any = None) -> None:
        """Add a batch of 0/1 labels and probabilities; ``mask`` has one value per row."""
        rows = rows_of(labels, predictions, mask, self.axis, "ROC")
        truth, p = kept_rows(rows, "ROC")
        if truth.shape[1] > 2:
            raise ValueError(
                f"ROC: expected 1 column or 2 (one-hot), received {truth.shape[1]}; use ROCBinary or "
                "ROCMultiClass"
            )
        self.add(truth[:, -1] > 0.5, p[:, -1])

    def add(self, positive: np.ndarray, p: np.ndarray) -> None:
        """Add rows: whether they are positive, and their probabilities."""
        if self._restored is not None:
            raise ValueError("ROC: an exact ROC read from JSON holds its curves only, not its rows")
        self.count_actual_positive += int(positive.sum())
        self.count_actual_negative += int((~positive).sum())
        if self.is_exact:
            self._rows.append((positive, p))
            return
        for i, threshold in enumerate(self._thresholds.astype(p.dtype)):
            chosen = p >= threshold
            if threshold < 1:  # at 1 the original counts nothing, not even p = 1
                self._true[i] += int((chosen & positive).sum())
                self._false[i] += int((chosen & ~positive).sum())

    def merge(self, other: ROC) -> Self:
        """Add the rows of another ROC; raises ValueError when the steps differ."""
        if self.threshold_steps != other.threshold_steps:
            raise ValueError(
                f"ROC: merge of {self.threshold_steps} and {other.threshold_steps} threshold steps"
            )
        if self._restored is not None or other._restored is not None:
            raise ValueError("ROC: an exact ROC read from JSON holds its curves only, not its rows")
        self._rows += other._rows
        self._true = self._true + other._true
        self._false = self._false + other._false
        self.count_actual_positive += other.count_actual_positive
        self.count_actual_negative += other.count_actual_negative
        return self

    def calculate_auc(self) -> float:
        """Area under the ROC curve, NaN without positives or without negatives."""
        return self.roc_curve().auc

    def calculate_aucpr(self) -> float:
        """Area under the precision-recall curve, NaN without positives."""
        return self.precision_recall_curve().auprc

    def roc_curve(self) -> RocCurve:
        """The ROC curve."""
        if self._restored is not None:
            return self._restored[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            if not self.is_exact:
                fpr = self._false / np.float64(self.count_actual_negative)
                tpr = self._true / np.float64(self.count_actual_positive)
                return RocCurve(self._thresholds, fpr, tpr)
            p, tp, fp = self._sorted()
            threshold = np.concatenate([[1.0], p, [0.0]])
            fpr = np.concatenate([[0.0], fp / np.float64(self.count_actual_negative), [1.0]])
            tpr = np.concatenate([[0.0], tp / np.float64(self.count_actual_positive), [1.0]])
        if self.remove_redundant_points:
            kept = needed(fpr, tpr)
            threshold, fpr, tpr = threshold[kept], fpr[kept], tpr[kept]
        return RocCurve(threshold, fpr, tpr, area(fpr, tpr) if self.example_count else float("nan"))

    def precision_recall_curve(self) -> PrecisionRecallCurve:
        """The precision-recall curve."""
        if self._restored is not None:
            return self._restored[1]
        positives, count = self.count_actual_positive, self.example_count
        with np.errstate(invalid="ignore", divide="ignore"):
            if not self.is_exact:
                tp, fp = self._true, self._false
                precision = np.where(tp + fp > 0, tp / np.maximum(tp + fp, 1), 1.0)
                recall = tp / np.float64(positives)
                return PrecisionRecallCurve(
                    self._thresholds, precision, recall, tp, fp, positives - tp, count
                )
            p, tp, fp = (v[::-1] for v in self._sorted())
            # The original divides by ranks whose rounding decides which points look redundant.
            share = np.arange(count) / np.float64(max(count - 1, 1))
            ranks = (1.0 * (1 - share) + count * share)[::-1]
            precision = np.concatenate([[positives / np.float64(count)], tp / ranks, [1.0]])
            recall = np.concatenate([[1.0], tp / np.float64(positives), [0.0]])
        threshold = np.concatenate([[0.0], p, [1.0]])
        tp = np.concatenate([[positives], tp, [0]])
        fp = np.concatenate([[count - positives], fp, [0]])
        kept = needed(recall, precision) if self.remove_redundant_points else slice(None)
        return PrecisionRecallCurve(
            threshold[kept],
            precision[kept],
            recall[kept],
            tp[kept],
            fp[kept],
            positives - tp[kept],
            count,
            area(recall[kept], precision[kept]),
        )

    def _sorted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probabilities falling, and the true and false positives down to each of them."""
        positive = np.concatenate([rows[0] for rows in self._rows] or [np.zeros(0, bool)])
        p = np.concatenate([rows[1] for rows in self._rows] or [np.zeros(0)]).astype(np.float64)
        order = np.argsort(-p, kind="stable")
        return p[order], np.cumsum(positive[order]), np.cumsum(~positive[order])

    def stats(self) -> str:
        """Both areas as Deeplearning4j prints them."""
        lines = [
            f"AUC (Area under ROC Curve):                {java_double(self.calculate_auc())}",
            f"AUPRC (Area under Precision/Recall Curve): {java_double(self.calculate_aucpr())}",
        ]
        return "\n".join([*lines, *_note(self.threshold_steps)])

    def __str__(self) -> str:
        return self.stats()

    def to_node(self) -> dict[str, Any]:
        """The JSON object of the original."""
        rows = zip(
            self._thresholds.tolist(), self._true.tolist(), self._false.tolist(), strict=True
        )
        node: dict[str, Any] = {
            "@class": f"{_PACKAGE}.ROC",
            "thresholdSteps": self.threshold_steps,
            "countActualPositive": self.count_actual_positive,
            "countActualNegative": self.count_actual_negative,
            "counts": {
                java_double(t): {"threshold": t, "countTruePositive": tp, "countFalsePositive": fp}
                for t, tp, fp in rows
            },
            "auc": self.calculate_auc(),
            "auprc": self.calculate_aucpr(),
        }
        if self.is_exact:
            node["rocCurve"] = self.roc_curve().to_node()
            node["prCurve"] = self.precision_recall_curve().to_node()
        return node | {
            "isExact": self.is_exact,
            "exampleCount": self.example_count,
            "rocRemoveRedundantPts": self.remove_redundant_points,
        }

    def to_json(self) -> str:
        """Deeplearning4j's JSON: the counts, or in exact mode the curves without the rows."""
        return pretty_json(self.to_node())


def roc_from_json(node: Mapping[str, Any]) -> ROC:
    """The ROC of a parsed JSON object."""
    roc = ROC(
        count_of(node, "thresholdSteps"), remove_redundant_points=node["rocRemoveRedundantPts"]
    )
    roc.count_actual_positive = int(node["countActualPositive"])
    roc.count_actual_negative = int(node["countActualNegative"])
    if roc.is_exact:
        curves = RocCurve.of_node(node["rocCurve"]), PrecisionRecallCurve.of_node(node["prCurve"])
        roc._restored = curves
        return roc
    counts = sorted(node["counts"].values(), key=lambda entry: float(entry["threshold"]))
    if len(counts) != roc.threshold_steps + 1:
        raise FormatError(f"ROC: {len(counts)} thresholds for {roc.threshold_steps} steps")
    roc._true = np.array([c["countTruePositive"] for c in counts], np.int64)
    roc._false = np.array([c["countFalsePositive"] for c in counts], np.int64)
    return roc


class AbstractManyROC:
    """A ROC per column."""

    _name = "ROC"

    def __init__(
        self,
        threshold_steps: int = 0,
        *,
        remove_redundant_points: bool = True,
        labels: Iterable[str] | None = None,
        axis: int = 1,
    ) -> None:
        self.threshold_steps = threshold_steps
        self.remove_redundant_points = remove_redundant_points
        self.labels = None if labels is None else list(labels)
        self.axis = axis
        self.underlying: list[ROC] = []

    def reset(self) -> None:
        """Forget all rows."""
        self.underlying = []

    def _start(self, columns: int) -> None:
        if not self.underlying:
            self.underlying = [
                ROC(self.threshold_steps, remove_redundant_points=self.remove_redundant_points)
                for _ in range(columns)
            ]
        if len(self.underlying) != columns:
            raise ValueError(
                f"{self._name}: {columns} columns in this batch, {len(self.underlying)} before"
            )

    def merge(self, other: Self) -> Self:
        """Add the rows of another one; raises ValueError when columns or steps differ."""
        if other.underlying:
            self._start(len(other.underlying))
            for mine, theirs in zip(self.underlying, other.underlying, strict=True):
                mine.merge(theirs)
        self.labels = other.labels if self.labels is None else self.labels
        return self

    @property
    def num_labels(self) -> int:
        """Number of columns, 0 before the first batch."""
        return len(self.underlying)

    def calculate_auc(self, column: int) -> float:
        """Area under the ROC curve of a column."""
        return self.underlying[column].calculate_auc()

    def calculate_aucpr(self, column: int) -> float:
        """Area under the precision-recall curve of a column."""
        return self.underlying[column].calculate_aucpr()

    def calculate_average_auc(self) -> float:
        """Mean area under the ROC curves."""
        return float(np.mean([roc.calculate_auc() for roc in self.underlying]))

    def calculate_average_aucpr(self) -> float:
        """Mean area under the precision-recall curves."""
        return float(np.mean([roc.calculate_aucpr() for roc in self.underlying]))

    def count_actual_positive(self, column: int) -> int:
        """Positive rows of a column."""
        return self.underlying[column].count_actual_positive

    def count_actual_negative(self, column: int) -> int:
        """Negative rows of a column."""
        return self.underlying[column].count_actual_negative

    def roc_curve(self, column: int) -> RocCurve:
        """The ROC curve of a column."""
        return self.underlying[column].roc_curve()

    def precision_recall_curve(self, column: int) -> PrecisionRecallCurve:
        """The precision-recall curve of a column."""
        return self.underlying[column].precision_recall_curve()

    def _table(self, precision: int, with_aucpr: bool) -> list[str]:
        head = f"{'Label':<20}{'AUC':<12}" + (f"{'AUPRC':<12}" if with_aucpr else "")
        lines = [f"{head}{'# Pos':<10}{'# Neg':<10}"]
        for i, roc in enumerate(self.underlying):
            line = f"{str(i) if self.labels is None else self.labels[i]:<20}"
            line += f"{java_fixed(roc.calculate_auc(), precision):<12}"
            if with_aucpr:
                line += f"{java_fixed(roc.calculate_aucpr(), precision):<12}"
            lines.append(f"{line}{roc.count_actual_positive:<10}{roc.count_actual_negative:<10}")
        return lines


class ROCBinary(AbstractManyROC):
    """A ROC for each of several independent yes/no outputs.

    Answers to ``org.nd4j.evaluation.classification.ROCBinary``.
    """

    _name = "ROCBinary"

    def eval(self, labels: Any, predictions: Any, mask: Any = None) -> None:
        """Add a batch; ``mask`` has one value per row or per output."""
        rows = rows_of(labels, predictions, mask, self.axis, "ROCBinary")
        self._start(rows.labels.shape[1])
        for i, roc in enumerate(self.underlying):
            kept: Any = slice(None)
            if rows.mask is not None:
                kept = rows.mask if rows.mask.ndim == 1 else rows.mask[:, i]
            roc.add(rows.labels[kept, i] > 0.5, rows.predictions[kept, i])

    def stats(self, precision: int = 4) -> str:
        """The table as Deeplearning4j prints it."""
        return "\n".join([*self._table(precision, True), *_note(self.threshold_steps)])

    def __str__(self) -> str:
        return self.stats()

    def to_node(self) -> dict[str, Any]:
        """The JSON object of the original."""
        return {
            "@class": f"{_PACKAGE}.ROCBinary",
            "underlying": [r.to_node() for r in self.underlying],
            "thresholdSteps": self.threshold_steps,
            "rocRemoveRedundantPts": self.remove_redundant_points,
            "labels": self.labels,
            "axis": self.axis,
        }

    def to_json(self) -> str:
        """Deeplearning4j's JSON."""
        return pretty_json(self.to_node())


def roc_binary_from_json(node: Mapping[str, Any]) -> ROCBinary:
    """The ROCBinary of a parsed JSON object."""
    made = ROCBinary(
        count_of(node, "thresholdSteps"),
        remove_redundant_points=node["rocRemoveRedundantPts"],
        labels=node["labels"],
        axis=node["axis"],
    )
    made.underlying = [roc_from_json(n) for n in node["underlying"] or []]
    return made


class ROCMultiClass(AbstractManyROC):
    """A ROC for each class against all others.

    Answers to ``org.nd4j.evaluation.classification.ROCMultiClass``.
    """

    _name = "ROCMultiClass"

    def eval(self, labels: Any, predictions: Any, mask: Any = None) -> None:
        """Add a batch of one-hot labels; ``mask`` has one value per row."""
        truth, p = kept_rows(
            rows_of(labels, predictions, mask, self.axis, "ROCMultiClass"), "ROCMultiClass"
        )
        self._start(truth.shape[1])
        for i, roc in enumerate(self.underlying):
            roc.add(truth[:, i] > 0.5, p[:, i])

    def stats(self, precision: int = 4) -> str:
        """The table as Deeplearning4j prints it."""
        table = "\n".join(self._table(precision, False))
        average = f"Average AUC: {java_fixed(self.calculate_average_auc(), precision):<12}"
        return "\n".join([table + average, *_note(self.threshold_steps)])

    def __str__(self) -> str:
        return self.stats()

    def to_json(self) -> str:
        """Deeplearning4j's JSON."""
        return pretty_json(
            {
                "@class": f"{_PACKAGE}.ROCMultiClass",
                "thresholdSteps": self.threshold_steps,
                "rocRemoveRedundantPts": self.remove_redundant_points,
                "underlying": [r.to_node() for r in self.underlying],
                "labels": self.labels,
                "axis": self.axis,
            }
        )


def roc_multi_class_from_json(node: Mapping[str, Any]) -> ROCMultiClass:
    """The ROCMultiClass of a parsed JSON object."""
    made = ROCMultiClass(
        count_of(node, "thresholdSteps"),
        remove_redundant_points=node["rocRemoveRedundantPts"],
        labels=node["labels"],
        axis=node["axis"],
    )
    made.underlying = [roc_from_json(n) for n in node["underlying"] or []]
    return made


def _note(steps: int) -> list[str]:
    if steps == 0:
        return []
    method = f"Thresholded AUC/AUPRC calculation used with {steps} steps)"
    return [f"[Note: {method}; accuracy may reduced compared to exact mode]"]
