"""How far predicted probabilities are right: reliability diagrams, residuals, histograms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from ..formats._jackson import pretty_json
from ._json_fields import array_field, array_of, binary_field, count_of
from ._rows import kept_rows, rows_of

__all__ = ["EvaluationCalibration", "Histogram", "ReliabilityDiagram", "from_json"]

CLASS = "org.nd4j.evaluation.classification.EvaluationCalibration"


class ReliabilityDiagram(NamedTuple):
    """Mean predicted probability and share of positives per bin."""

    title: str
    mean_predicted: np.ndarray
    fraction_positives: np.ndarray


class Histogram(NamedTuple):
    """Counts in equal bins between ``lower`` and ``upper``."""

    title: str
    lower: float
    upper: float
    counts: np.ndarray


class EvaluationCalibration:
    """Reliability diagram, residual plots and probability histograms, over all classes and by class.

    Answers to ``org.nd4j.evaluation.classification.EvaluationCalibration``.

    >>> evaluation = EvaluationCalibration(histogram_num_bins=2)
    >>> evaluation.eval([[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]])
    >>> evaluation.residual_plot().counts.tolist()
    [2, 2]
    """

    def __init__(
        self,
        reliability_num_bins: int = 10,
        histogram_num_bins: int = 50,
        *,
        exclude_empty_bins: bool = True,
        axis: int = 1,
    ) -> None:
        if reliability_num_bins < 1 or histogram_num_bins < 1:
            raise ValueError(
                "EvaluationCalibration: numbers of bins must be positive, received "
                f"{reliability_num_bins} and {histogram_num_bins}"
            )
        self.reliability_num_bins = reliability_num_bins
        self.histogram_num_bins = histogram_num_bins
        self.exclude_empty_bins = exclude_empty_bins
        self.axis = axis
        self.reset()

    def reset(self) -> None:
        """Forget all rows."""
        self._start(0)

    def _start(self, classes: int) -> None:
        diagram = (self.reliability_num_bins, classes)
        histogram = (self.histogram_num_bins, classes)
        self._bin_positives = np.zeros(diagram, np.int64)
        self._bin_counts = np.zeros(diagram, np.int64)
        self._bin_sums = np.zeros(diagram)
        self.label_counts = np.zeros(classes, np.int64)
        self.prediction_counts = np.zeros(classes, np.int64)
        self._residuals = np.zeros(self.histogram_num_bins)
        self._residuals_by_class = np.zeros(histogram)
        self._probabilities = np.zeros(self.histogram_num_bins)
        self._probabilities_by_class = np.zeros(histogram)

    @property
    def num_classes(self) -> int:
        """Number of classes, 0 before the first row."""
        return int(self.label_counts.size)

    def eval(self, labels: Any, predictions: Any, mask: Any = None) -> None:
        """Add a batch of one-hot labels and probabilities; ``mask`` has one value per row."""
        rows = rows_of(labels, predictions, mask, self.axis, "EvaluationCalibration")
        truth, p = kept_rows(rows, "EvaluationCalibration")
        classes = truth.shape[1]
        if self.num_classes == 0:
            self._start(classes)
        if self.num_classes != classes:
            raise ValueError(
                f"EvaluationCalibration: {classes} classes in this batch, {self.num_classes} before"
            )
        positive = truth > 0.5
        bins = _bins(p, self.reliability_num_bins)
        columns = np.broadcast_to(np.arange(classes), p.shape)
        np.add.at(self._bin_counts, (bins, columns), 1)
        np.add.at(self._bin_positives, (bins, columns), positive.astype(np.int64))
        np.add.at(self._bin_sums, (bins, columns), p.astype(np.float64))
        self.label_counts += positive.sum(axis=0)
        self.prediction_counts += np.bincount(p.argmax(axis=1), minlength=classes)
        residual_bins = _bins(np.abs(truth - p), self.histogram_num_bins)
        histogram_bins = _bins(p, self.histogram_num_bins)
        np.add.at(self._residuals, residual_bins, 1)
        np.add.at(self._probabilities, histogram_bins, 1)
        np.add.at(self._residuals_by_class, (residual_bins[positive], columns[positive]), 1)
        np.add.at(self._probabilities_by_class, (histogram_bins[positive], columns[positive]), 1)

    def merge(self, other: EvaluationCalibration) -> Self:
        """Add all counts of another evaluation; raises ValueError when bins or classes differ."""
        if other.num_classes == 0:
            return self
        if self.num_classes == 0:
            self._start(other.num_classes)
        for name in _COUNTS:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine.shape != theirs.shape:
                raise ValueError(
                    f"EvaluationCalibration: merge of {mine.shape} and {theirs.shape} counts "
                    "(bins or classes differ)"
                )
            setattr(self, name, mine + theirs)
        return self

    def reliability_diagram(self, class_index: int) -> ReliabilityDiagram:
        """Mean probability and share of rows of the class, by bins of the predicted probability."""
        counts = self._bin_counts[:, class_index]
        with np.errstate(invalid="ignore"):
            mean = self._bin_sums[:, class_index] / counts
            share = self._bin_positives[:, class_index] / counts
        kept = counts > 0 if self.exclude_empty_bins else slice(None)
        return ReliabilityDiagram(
            f"Reliability Diagram: Class {class_index}", mean[kept], share[kept]
        )

    def residual_plot(self, class_index: int | None = None) -> Histogram:
        """Histogram of |label - p|: of everything, or of a class over its own rows."""
        if class_index is None:
            title = "Residual Plot - All Predictions and Classes"
            return _histogram(title, self._residuals)
        title = f"Residual Plot - Predictions for Label Class {class_index}"
        return _histogram(title, self._residuals_by_class[:, class_index])

    def probability_histogram(self, class_index: int | None = None) -> Histogram:
        """Histogram of probabilities: of everything, or of a class over its own rows."""
        if class_index is None:
            title = "Network Probabilities Histogram - All Predictions and Classes"
            return _histogram(title, self._probabilities)
        title = (
            f"Network Probabilities Histogram - P(class {class_index}) - Data Labelled Class "
            f"{class_index} Only"
        )
        return _histogram(title, self._probabilities_by_class[:, class_index])

    def stats(self) -> str:
        """A line that names the evaluation, as in Deeplearning4j."""
        return f"EvaluationCalibration(nBins={self.reliability_num_bins})"

    def __str__(self) -> str:
        return self.stats()

    def to_json(self) -> str:
        """Deeplearning4j's JSON of this evaluation."""
        node: dict[str, Any] = {
            "@class": CLASS,
            "reliabilityDiagNumBins": self.reliability_num_bins,
            "histogramNumBins": self.histogram_num_bins,
            "excludeEmptyBins": self.exclude_empty_bins,
            "axis": self.axis,
        }
        for name, key in _FIELDS.items():
            values = getattr(self, name)
            if self.num_classes == 0:
                node[key] = None
            elif values.ndim == 1:
                node[key] = array_field(values[None, :])
            else:
                node[key] = binary_field(values)
        return pretty_json(node)


_FIELDS = {
    "_bin_positives": "rDiagBinPosCount",
    "_bin_counts": "rDiagBinTotalCount",
    "_bin_sums": "rDiagBinSumPredictions",
    "label_counts": "labelCountsEachClass",
    "prediction_counts": "predictionCountsEachClass",
    "_residuals": "residualPlotOverall",
    "_residuals_by_class": "residualPlotByLabelClass",
    "_probabilities": "probHistogramOverall",
    "_probabilities_by_class": "probHistogramByLabelClass",
}
_COUNTS = tuple(_FIELDS)


def from_json(node: Mapping[str, Any]) -> EvaluationCalibration:
    """The evaluation of a parsed JSON object."""
    e = EvaluationCalibration(
        count_of(node, "reliabilityDiagNumBins"),
        count_of(node, "histogramNumBins"),
        exclude_empty_bins=node["excludeEmptyBins"],
        axis=node.get("axis", 1),
    )
    for name, key in _FIELDS.items():
        if node[key] is not None:
            values = array_of(node[key])
            one_row = getattr(e, name).ndim == 1
            setattr(e, name, values.reshape(-1) if one_row else values)
    return e


def _bins(values: np.ndarray, count: int) -> np.ndarray:
    """The bin of each value in [0, 1]; the last one includes 1."""
    edges = (np.arange(1, count) * (1.0 / count)).astype(values.dtype)
    return np.searchsorted(edges, values, side="right")


def _histogram(title: str, counts: np.ndarray) -> Histogram:
    return Histogram(title, 0.0, 1.0, counts.astype(np.int64))
