"""Evaluation of classifiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self

import numpy as np

from .._arrays import asarray, values_of
from ._confusion import ConfusionMatrix, Prediction
from ._rows import kept_rows, rows_of

__all__ = ["Averaging", "Evaluation", "f_beta", "matthews"]

Averaging = Literal["macro", "micro"]
"""Macro: the mean over classes; micro: from pooled counts."""


class Evaluation:
    """Accuracy, precision, recall, F1 and the confusion matrix of a classifier.

    Rows are examples, steps of series or positions of images; ``axis`` is where the classes lie. Two
    columns or one (a probability) are a binary problem: precision, recall and F1 without a class are
    then those of ``binary_positive_class`` (None: averages as for more classes).
    ``binary_decision_threshold`` replaces the largest probability there (``p > threshold``);
    ``cost_array`` weighs the probabilities; ``top_n`` also counts rows whose class is among the N
    most probable ones. Batches may be evaluated one after the other, and evaluations merged.

    Answers to ``org.nd4j.evaluation.classification.Evaluation``.

    >>> evaluation = Evaluation()
    >>> evaluation.eval([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> round(evaluation.accuracy(), 4), evaluation.recall(1)
    (0.6667, 0.5)
    """

    def __init__(
        self,
        num_classes: int | None = None,
        *,
        labels: Iterable[str] | None = None,
        top_n: int = 1,
        binary_positive_class: int | None = 1,
        binary_decision_threshold: float | None = None,
        cost_array: Any = None,
        axis: int = 1,
    ) -> None:
        if top_n < 1:
            raise ValueError(f"Evaluation: top_n must be positive, received {top_n}")
        self.labels = None if labels is None else list(labels)
        self.top_n = top_n
        self.binary_positive_class = binary_positive_class
        self.binary_decision_threshold = binary_decision_threshold
        self.cost_array = None if cost_array is None else values_of(asarray(cost_array)).reshape(-1)
        if self.cost_array is not None and (self.cost_array < 0).any():
            raise ValueError("Evaluation: cost_array must not be negative")
        self.axis = axis
        self._size = num_classes
        self.reset()

    def reset(self) -> None:
        """Forget all rows."""
        self.confusion: ConfusionMatrix | None = None
        if self._size is not None:
            self.confusion = ConfusionMatrix.of_size(self._size)
        self._top_n_correct = 0
        self.num_rows = 0

    # --------------------------------------------------------------------------- evaluation

    def eval(
        self,
        labels: Any,
        predictions: Any,
        mask: Any = None,
        metadata: Sequence[Any] | None = None,
    ) -> None:
        """Add a batch of one-hot labels and probabilities of the same shape.

        ``mask`` keeps rows where it is not 0; ``metadata`` has one entry per row kept.

        Raises ValueError for shapes that do not fit, NaN among the predictions, or another number of
        classes than before.
        """
        rows = rows_of(labels, predictions, mask, self.axis, "Evaluation")
        truth, probabilities = kept_rows(rows, "Evaluation")
        if truth.shape[0] == 0:
            return
        columns = truth.shape[1]
        matrix = self._matrix_for(max(columns, 2))
        actual, predicted = self._decide(truth, probabilities)
        np.add.at(matrix.counts, (actual, predicted), 1)
        self.num_rows += truth.shape[0]
        if self.top_n > 1:
            own = np.take_along_axis(probabilities, truth.argmax(axis=1)[:, None], axis=1)
            better = (probabilities > own).sum(axis=1)
            self._top_n_correct += int((better < self.top_n).sum())
        if metadata is not None:
            if len(metadata) != truth.shape[0]:
                raise ValueError(
                    f"Evaluation: {len(metadata)} entries of metadata for {truth.shape[0]} rows"
                )
            for a, p, entry in zip(actual.tolist(), predicted.tolist(), metadata, strict=True):
                matrix.metadata.setdefault((a, p), []).append(entry)

    def _matrix_for(self, classes: int) -> ConfusionMatrix:
        if self.confusion is None:
            self.confusion = ConfusionMatrix.of_size(classes)
        if self.confusion.num_classes != classes:
            raise ValueError(
                f"Evaluation: {classes} classes in this batch, {self.confusion.num_classes} expected"
            )
        if self.labels is not None and len(self.labels) < classes:
            raise ValueError(f"Evaluation: {len(self.labels)} label names for {classes} classes")
        return self.confusion

    def _decide(self, truth: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Actual and predicted class of each row."""
        columns = truth.shape[1]
        threshold = self.binary_decision_threshold
        if columns == 1:
            cut = p.dtype.type(0.5 if threshold is None else threshold)
            return (truth[:, 0] > 0.5).astype(int), (p[:, 0] > cut).astype(int)
        actual = truth.argmax(axis=1)
        if threshold is not None:
            if columns != 2:
                raise ValueError(
                    f"Evaluation: binary_decision_threshold is for 1 or 2 columns, received {columns}"
                )
            return actual, (p[:, 1] > p.dtype.type(threshold)).astype(int)
        if self.cost_array is not None:
            if self.cost_array.size != columns:
                raise ValueError(
                    f"Evaluation: cost_array has {self.cost_array.size} entries for {columns} classes"
                )
            p = p * self.cost_array.astype(p.dtype)
        return actual, p.argmax(axis=1)

    def merge(self, other: Evaluation) -> Self:
        """Add the rows of another evaluation; raises ValueError when the classes differ."""
        if other.confusion is not None:
            self._matrix_for(other.confusion.num_classes).add(other.confusion)
        self.labels = other.labels if self.labels is None else self.labels
        self.num_rows += other.num_rows
        self._top_n_correct += other._top_n_correct
        return self

    # ------------------------------------------------------------------------------- counts

    @property
    def num_classes(self) -> int:
        """Number of classes, 0 before the first row."""
        return 0 if self.confusion is None else self.confusion.num_classes

    def class_label(self, index: int) -> str:
        """Name of a class, its index where there are no names."""
        return str(index) if self.labels is None else self.labels[index]

    @property
    def label_names(self) -> list[str]:
        """Names of all classes."""
        return [self.class_label(i) for i in range(self.num_classes)]

    def _counts(self) -> np.ndarray:
        if self.confusion is None:
            return np.zeros((0, 0), np.int64)
        return self.confusion.counts

    @property
    def true_positives(self) -> np.ndarray:
        """Per class: rows of it that were predicted as it."""
        return np.diagonal(self._counts()).copy()

    @property
    def false_positives(self) -> np.ndarray:
        """Per class: rows of others that were predicted as it."""
        return np.asarray(self._counts().sum(axis=0) - self.true_positives)

    @property
    def false_negatives(self) -> np.ndarray:
        """Per class: rows of it that were predicted as others."""
        return np.asarray(self._counts().sum(axis=1) - self.true_positives)

    @property
    def true_negatives(self) -> np.ndarray:
        """Per class: rows of others that were predicted as others."""
        counts = self._counts()
        taken = self.true_positives + self.false_positives + self.false_negatives
        return np.asarray(counts.sum() - taken)

    def class_count(self, index: int) -> int:
        """Rows of a class."""
        return int(self._counts()[index].sum())

    @property
    def top_n_correct_count(self) -> int:
        """Rows whose class was among the ``top_n`` most probable."""
        return int(self.true_positives.sum()) if self.top_n == 1 else self._top_n_correct

    @property
    def top_n_total_count(self) -> int:
        """Rows that ``top_n_correct_count`` is out of."""
        return self.num_rows

    def _require_rows(self, metric: str) -> None:
        if self.num_rows == 0:
            raise ValueError(f"Evaluation: no {metric} before any row was evaluated")

    # ------------------------------------------------------------------------------ metrics

    def accuracy(self) -> float:
        """Share of rows predicted right."""
        self._require_rows("accuracy")
        return float(self.true_positives.sum() / self.num_rows)

    def top_n_accuracy(self) -> float:
        """Share of rows whose class was among the ``top_n`` most probable."""
        self._require_rows("top-N accuracy")
        return self.top_n_correct_count / self.top_n_total_count

    def precision(
        self,
        class_index: int | None = None,
        *,
        averaging: Averaging | None = None,
        edge: float = 0.0,
    ) -> float:
        """TP / (TP + FP) of a class (``edge`` where it was never predicted), or an average.

        Without arguments: the positive class of a binary problem, else the macro average, which
        leaves out classes that were never predicted.
        """
        return self._ratio("precision", self.false_positives, class_index, averaging, edge)

    def recall(
        self,
        class_index: int | None = None,
        *,
        averaging: Averaging | None = None,
        edge: float = 0.0,
    ) -> float:
        """TP / (TP + FN) of a class (``edge`` where it never occurred), or an average; see precision."""
        return self._ratio("recall", self.false_negatives, class_index, averaging, edge)

    def _ratio(
        self,
        metric: str,
        errors: np.ndarray,
        class_index: int | None,
        averaging: Averaging | None,
        edge: float,
    ) -> float:
        self._require_rows(metric)
        right = self.true_positives
        if class_index is None and averaging is None:
            class_index = self._positive_class()
        if class_index is not None:
            total = right[class_index] + errors[class_index]
            return float(right[class_index] / total) if total else edge
        if averaging == "micro":
            return _share(right.sum(), errors.sum())
        defined = right + errors > 0
        return float((right[defined] / (right + errors)[defined]).mean()) if defined.any() else 0.0

    def _positive_class(self) -> int | None:
        return self.binary_positive_class if self.num_classes == 2 else None

    def f1(self, class_index: int | None = None, *, averaging: Averaging | None = None) -> float:
        """``f_beta`` with beta 1: the harmonic mean of precision and recall."""
        return self.f_beta(1.0, class_index, averaging=averaging)

    def f_beta(
        self, beta: float, class_index: int | None = None, *, averaging: Averaging | None = None
    ) -> float:
        """(1 + beta²) P R / (beta² P + R) of a class, or an average.

        Without arguments: the positive class of a binary problem (1 where none is set), else the
        macro average over classes with defined precision and recall. A binary problem has no average:
        it gives class 1.
        """
        self._require_rows("F-beta")
        if class_index is None and self.num_classes == 2:
            chosen = self.binary_positive_class if averaging is None else 1
            class_index = 1 if chosen is None else chosen
        if class_index is not None:
            return f_beta(beta, self.precision(class_index), self.recall(class_index))
        if averaging == "micro":
            return f_beta(beta, self.precision(averaging="micro"), self.recall(averaging="micro"))
        excluded = set(self.classes_excluded("f_beta"))
        scores = [self.f_beta(beta, i) for i in range(self.num_classes) if i not in excluded]
        return float(np.mean(scores)) if scores else 0.0

    def g_measure(self, class_index: int | None = None, *, averaging: Averaging = "macro") -> float:
        """Geometric mean of precision and recall of a class, or an average over all classes."""
        self._require_rows("G-measure")
        if class_index is not None:
            return float(np.sqrt(self.precision(class_index) * self.recall(class_index)))
        if averaging == "micro":
            return float(
                np.sqrt(self.precision(averaging="micro") * self.recall(averaging="micro"))
            )
        return float(np.mean([self.g_measure(i) for i in range(self.num_classes)]))

    def matthews_correlation(
        self, class_index: int | None = None, *, averaging: Averaging = "macro"
    ) -> float:
        """Matthews correlation of a class (NaN where undefined), or an average over all classes."""
        self._require_rows("Matthews correlation")
        parts = (
            self.true_positives,
            self.false_positives,
            self.false_negatives,
            self.true_negatives,
        )
        if class_index is not None:
            return matthews(*(int(p[class_index]) for p in parts))
        if averaging == "micro":
            return matthews(*(int(p.sum()) for p in parts))
        return float(np.mean([self.matthews_correlation(i) for i in range(self.num_classes)]))

    def false_positive_rate(
        self,
        class_index: int | None = None,
        *,
        averaging: Averaging | None = None,
        edge: float = 0.0,
    ) -> float:
        """FP / (FP + TN) of a class, or an average over all classes."""
        return self._rate(
            "false positive rate",
            self.false_positives,
            self.true_negatives,
            class_index,
            averaging,
            edge,
        )

    def false_negative_rate(
        self,
        class_index: int | None = None,
        *,
        averaging: Averaging | None = None,
        edge: float = 0.0,
    ) -> float:
        """FN / (FN + TP) of a class, or an average over all classes."""
        return self._rate(
            "false negative rate",
            self.false_negatives,
            self.true_positives,
            class_index,
            averaging,
            edge,
        )

    def _rate(
        self,
        metric: str,
        wrong: np.ndarray,
        right: np.ndarray,
        class_index: int | None,
        averaging: Averaging | None,
        edge: float,
    ) -> float:
        self._require_rows(metric)
        if class_index is None and averaging is None:
            class_index = self._positive_class()
        if class_index is not None:
            total = wrong[class_index] + right[class_index]
            return float(wrong[class_index] / total) if total else edge
        if averaging == "micro":
            return _share(wrong.sum(), right.sum())
        total = wrong + right
        return float(np.mean(np.where(total > 0, wrong / np.maximum(total, 1), edge)))

    def false_alarm_rate(self) -> float:
        """Mean of the false positive and false negative rates."""
        return (self.false_positive_rate() + self.false_negative_rate()) / 2

    def classes_excluded(self, metric: Literal["precision", "recall", "f_beta"]) -> list[int]:
        """Classes that the macro average leaves out because the metric is undefined for them."""
        if self.num_rows == 0:
            return []
        no_precision = self.true_positives + self.false_positives == 0
        no_recall = self.true_positives + self.false_negatives == 0
        chosen = {
            "precision": no_precision,
            "recall": no_recall,
            "f_beta": no_precision | no_recall,
        }
        return [int(i) for i in np.flatnonzero(chosen[metric])]

    # -------------------------------------------------------------------------- predictions

    def predictions(
        self, actual: int | None = None, predicted: int | None = None
    ) -> list[Prediction]:
        """Rows with metadata by class, None for any class."""
        return [] if self.confusion is None else self.confusion.predictions(actual, predicted)

    def prediction_errors(self) -> list[Prediction]:
        """Rows with metadata that were predicted wrong."""
        return [p for p in self.predictions() if p.actual != p.predicted]

    # -------------------------------------------------------------------------------- texts

    def stats(self, *, suppress_warnings: bool = False, confusion: bool | None = None) -> str:
        """The report as Deeplearning4j prints it; the matrix is left out above 20 classes."""
        from ._classification_text import stats_text

        return stats_text(self, suppress_warnings, confusion)

    def confusion_to_string(self) -> str:
        """The confusion matrix with a name in each row."""
        return "" if self.confusion is None else self.confusion.named_table(self.label_names)

    def confusion_matrix(self) -> str:
        """The confusion matrix as in ``stats``."""
        return "" if self.confusion is None else self.confusion.table(self.label_names)

    def __repr__(self) -> str:
        if self.num_rows == 0:
            return "<Evaluation: no data>"
        accuracy = self.accuracy()
        return f"<Evaluation: {self.num_classes} classes, {self.num_rows} rows, {accuracy=:.4f}>"

    def __str__(self) -> str:
        return self.stats()

    def to_json(self) -> str:
        """Deeplearning4j's JSON of this evaluation, without metadata."""
        from ._classification_text import to_json

        return to_json(self)


def f_beta(beta: float, precision: float, recall: float) -> float:
    """The F-beta score; 0 where precision or recall is 0."""
    if precision == 0 or recall == 0:
        return 0.0
    return (1 + beta * beta) * precision * recall / (beta * beta * precision + recall)


def matthews(tp: int, fp: int, fn: int, tn: int) -> float:
    """The Matthews correlation; NaN where it is undefined."""
    spread = float(tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / spread**0.5 if spread else float("nan")


def _share(part: int, rest: int) -> float:
    return float(part / (part + rest)) if part + rest else 0.0
