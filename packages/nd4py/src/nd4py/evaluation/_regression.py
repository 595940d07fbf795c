"""Evaluation of regressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from ..formats._jackson import pretty_json
from ..formats._java_text import java_scientific
from ._json_fields import array_field, array_of
from ._rows import rows_of

__all__ = ["RegressionEvaluation", "from_json"]

CLASS = "org.nd4j.evaluation.regression.RegressionEvaluation"
_EPS = 1e-5
_COLUMNS = (
    ("MSE", "mean_squared_error"),
    ("MAE", "mean_absolute_error"),
    ("RMSE", "root_mean_squared_error"),
    ("RSE", "relative_squared_error"),
    ("PC", "pearson_correlation"),
    ("R^2", "r_squared"),
)


class RegressionEvaluation:
    """Errors and correlations per column of a regression.

    All sums are kept in float64 around the running means, so long evaluations lose no digits.
    ``columns`` names the columns, ``precision`` is the number of decimals in ``stats``.

    Answers to ``org.nd4j.evaluation.regression.RegressionEvaluation``.

    >>> evaluation = RegressionEvaluation()
    >>> evaluation.eval([[1.0], [3.0]], [[1.5], [2.5]])
    >>> evaluation.mean_squared_error(0), evaluation.r_squared(0)
    (0.25, 0.75)
    """

    def __init__(
        self, columns: int | Iterable[str] | None = None, *, precision: int = 5, axis: int = 1
    ) -> None:
        self.precision = precision
        self.axis = axis
        self.column_names: list[str] | None = None
        if isinstance(columns, int):
            self.column_names = [f"col_{i}" for i in range(columns)]
        elif columns is not None:
            self.column_names = list(columns)
        self.reset()

    def reset(self) -> None:
        """Forget all rows."""
        self._start(0)

    def _start(self, columns: int) -> None:
        zero = np.zeros(columns)
        self._count = self._squared_error = self._absolute_error = zero
        self._label_mean = self._prediction_mean = zero
        self._label_spread = self._prediction_spread = self._common_spread = zero

    @property
    def num_columns(self) -> int:
        """Number of columns, 0 before the first batch."""
        return int(self._count.size)

    def eval(self, labels: Any, predictions: Any, mask: Any = None) -> None:
        """Add a batch; ``mask`` has one value per row or per output.

        Raises ValueError for shapes that do not fit or another number of columns than before.
        """
        rows = rows_of(labels, predictions, mask, self.axis, "RegressionEvaluation")
        y, p = rows.labels.astype(np.float64), rows.predictions.astype(np.float64)
        part = RegressionEvaluation(self.column_names, precision=self.precision, axis=self.axis)
        if self.column_names is not None and len(self.column_names) != y.shape[1]:
            raise ValueError(
                f"RegressionEvaluation: {y.shape[1]} columns, {len(self.column_names)} names"
            )
        weights = np.ones_like(y)
        if rows.mask is not None:
            weights = np.broadcast_to(
                rows.mask if rows.mask.ndim == 2 else rows.mask[:, None], y.shape
            ).astype(np.float64)
        part._gather(y, p, weights)
        self.merge(part)

    def _gather(self, y: np.ndarray, p: np.ndarray, w: np.ndarray) -> None:
        y, p = np.where(w > 0, y, 0), np.where(w > 0, p, 0)
        self._count = w.sum(axis=0)
        safe = np.maximum(self._count, 1)
        self._squared_error = ((p - y) ** 2 * w).sum(axis=0)
        self._absolute_error = (np.abs(p - y) * w).sum(axis=0)
        self._label_mean = (y * w).sum(axis=0) / safe
        self._prediction_mean = (p * w).sum(axis=0) / safe
        dy, dp = (y - self._label_mean) * w, (p - self._prediction_mean) * w
        self._label_spread = (dy * dy).sum(axis=0)
        self._prediction_spread = (dp * dp).sum(axis=0)
        self._common_spread = (dy * dp).sum(axis=0)

    def merge(self, other: RegressionEvaluation) -> Self:
        """Add the rows of another evaluation; raises ValueError when the columns differ."""
        if other.num_columns == 0:
            return self
        if self.num_columns == 0:
            self._start(other.num_columns)
        if self.num_columns != other.num_columns:
            raise ValueError(
                f"RegressionEvaluation: {other.num_columns} columns, {self.num_columns} before"
            )
        total = self._count + other._count
        safe = np.maximum(total, 1)
        dy = other._label_mean - self._label_mean
        dp = other._prediction_mean - self._prediction_mean
        weight = self._count * other._count / safe
        self._label_spread = self._label_spread + other._label_spread + dy * dy * weight
        self._prediction_spread = (
            self._prediction_spread + other._prediction_spread + dp * dp * weight
        )
        self._common_spread = self._common_spread + other._common_spread + dy * dp * weight
        self._label_mean = self._label_mean + dy * other._count / safe
        self._prediction_mean = self._prediction_mean + dp * other._count / safe
        self._squared_error = self._squared_error + other._squared_error
        self._absolute_error = self._absolute_error + other._absolute_error
        self._count = total
        if self.column_names is None:
            self.column_names = other.column_names
        return self

    def mean_squared_error(self, column: int) -> float:
        """Mean of (p - y)²."""
        return _over(self._squared_error[column], self._count[column])

    def mean_absolute_error(self, column: int) -> float:
        """Mean of |p - y|."""
        return _over(self._absolute_error[column], self._count[column])

    def root_mean_squared_error(self, column: int) -> float:
        """Root of the mean squared error."""
        return float(np.sqrt(self.mean_squared_error(column)))

    def relative_squared_error(self, column: int) -> float:
        """Σ (p - y)² / Σ (y - mean)²; infinite where the labels hardly vary."""
        spread = self._label_spread[column]
        return float(self._squared_error[column] / spread) if abs(spread) > _EPS else float("inf")

    def pearson_correlation(self, column: int) -> float:
        """Correlation of labels and predictions; NaN where either is constant."""
        spread = np.sqrt(self._label_spread[column] * self._prediction_spread[column])
        return _over(self._common_spread[column], spread)

    def r_squared(self, column: int) -> float:
        """1 - Σ (p - y)² / Σ (y - mean)²; -inf where the labels are constant."""
        spread = self._label_spread[column]
        if spread == 0:
            return float("-inf") if self._squared_error[column] else float("nan")
        return float(1 - self._squared_error[column] / spread)

    def average(self, metric: str) -> float:
        """Mean of a metric over the columns, such as ``average("r_squared")``."""
        return float(np.mean([getattr(self, metric)(i) for i in range(self.num_columns)]))

    def _names(self) -> list[str]:
        return self.column_names or [f"col_{i}" for i in range(self.num_columns)]

    def stats(self) -> str:
        """The table as Deeplearning4j prints it."""
        if self.num_columns == 0:
            return "RegressionEvaluation: No data available (no evaluation has been performed)"
        names = self._names()
        first, width = max(len(n) for n in names) + 5, self.precision + 10
        lines = [f"{'Column':<{first}}" + "".join(f"{head:<{width}}" for head, _ in _COLUMNS)]
        for i, name in enumerate(names):
            values = (getattr(self, metric)(i) for _, metric in _COLUMNS)
            cells = "".join(f"{java_scientific(v, self.precision):<{width}}" for v in values)
            lines.append(f"{name:<{first}}{cells}")
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        return self.stats()

    def to_json(self) -> str:
        """Deeplearning4j's JSON of this evaluation."""
        n, y, p = self._count, self._label_mean, self._prediction_mean
        sums = n * y
        return pretty_json(
            {
                "@class": CLASS,
                "axis": self.axis,
                "initialized": self.num_columns > 0,
                "columnNames": self._names(),
                "precision": self.precision,
                "exampleCountPerColumn": array_field(n),
                "labelsSumPerColumn": array_field(sums),
                "sumSquaredErrorsPerColumn": array_field(self._squared_error),
                "sumAbsErrorsPerColumn": array_field(self._absolute_error),
                "currentMean": array_field(y),
                "currentPredictionMean": array_field(p),
                "sumOfProducts": array_field(self._common_spread + n * y * p),
                "sumSquaredLabels": array_field(self._label_spread + n * y * y),
                "sumSquaredPredicted": array_field(self._prediction_spread + n * p * p),
                "sumLabels": array_field(sums),
            }
        )


def from_json(node: Mapping[str, Any]) -> RegressionEvaluation:
    """The evaluation of a parsed JSON object."""
    e = RegressionEvaluation(
        node["columnNames"] or None, precision=node["precision"], axis=node.get("axis", 1)
    )
    if not node["initialized"]:
        return e
    n = e._count = array_of(node["exampleCountPerColumn"]).astype(np.float64).reshape(-1)
    y = e._label_mean = array_of(node["currentMean"]).reshape(-1)
    p = e._prediction_mean = array_of(node["currentPredictionMean"]).reshape(-1)
    e._squared_error = array_of(node["sumSquaredErrorsPerColumn"]).reshape(-1)
    e._absolute_error = array_of(node["sumAbsErrorsPerColumn"]).reshape(-1)
    e._label_spread = np.maximum(array_of(node["sumSquaredLabels"]).reshape(-1) - n * y * y, 0)
    e._prediction_spread = np.maximum(
        array_of(node["sumSquaredPredicted"]).reshape(-1) - n * p * p, 0
    )
    e._common_spread = array_of(node["sumOfProducts"]).reshape(-1) - n * y * p
    return e


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
