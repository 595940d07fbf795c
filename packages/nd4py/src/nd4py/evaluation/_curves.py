"""ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..formats._jackson import pretty_json

__all__ = ["Confusion", "CurvePoint", "PrecisionRecallCurve", "RocCurve"]


class CurvePoint(NamedTuple):
    """One point of a precision-recall curve."""

    position: int
    threshold: float
    precision: float
    recall: float


class Confusion(NamedTuple):
    """Counts of a binary decision at one threshold."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


@dataclass(frozen=True, eq=False)
class RocCurve:
    """Rates of true over false positives by threshold (``org.nd4j.evaluation.curves.RocCurve``)."""

    threshold: np.ndarray
    fpr: np.ndarray
    tpr: np.ndarray
    stored_auc: float | None = None

    @property
    def auc(self) -> float:
        """Area under the curve."""
        return area(self.fpr, self.tpr) if self.stored_auc is None else self.stored_auc

    @property
    def title(self) -> str:
        """Heading with the area."""
        return f"ROC (Area={_four(self.auc)})"

    def to_node(self) -> dict[str, Any]:
        """The JSON object of the original."""
        return {
            "@class": "org.nd4j.evaluation.curves.RocCurve",
            "threshold": self.threshold,
            "fpr": self.fpr,
            "tpr": self.tpr,
            "auc": self.stored_auc,
        }

    def to_json(self) -> str:
        """The JSON text of the original."""
        return pretty_json(self.to_node())

    @classmethod
    def of_node(cls, node: Mapping[str, Any]) -> RocCurve:
        """The curve of a parsed JSON object."""
        auc = node["auc"]
        threshold, fpr, tpr = (np.array(node[k], np.float64) for k in ("threshold", "fpr", "tpr"))
        return cls(threshold, fpr, tpr, None if auc is None else float(auc))


@dataclass(frozen=True, eq=False)
class PrecisionRecallCurve:
    """Precision over recall by rising threshold, with the counts behind each point.

    Answers to ``org.nd4j.evaluation.curves.PrecisionRecallCurve``.
    """

    threshold: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    total: int
    stored_area: float | None = None

    @property
    def auprc(self) -> float:
        """Area under the curve."""
        return area(self.recall, self.precision) if self.stored_area is None else self.stored_area

    @property
    def title(self) -> str:
        """Heading with the area."""
        return f"Precision-Recall Curve (Area={_four(self.auprc)})"

    def point(self, index: int) -> CurvePoint:
        """A point by its index."""
        values = (float(v[index]) for v in (self.threshold, self.precision, self.recall))
        return CurvePoint(index, *values)

    def point_at_threshold(self, threshold: float) -> CurvePoint:
        """The first point with at least this threshold, else the last."""
        return self.point(_first(self.threshold >= threshold))

    def point_at_precision(self, precision: float) -> CurvePoint:
        """The point of least threshold with at least this precision, else the last."""
        return self.point(_first(self.precision >= precision))

    def point_at_recall(self, recall: float) -> CurvePoint:
        """The point of largest threshold with at least this recall, else the first."""
        return self.point(max((int(i) for i in np.flatnonzero(self.recall >= recall)), default=0))

    def confusion_at_threshold(self, threshold: float) -> Confusion:
        """Counts at ``point_at_threshold``."""
        i = self.point_at_threshold(threshold).position
        tp, fp, fn = int(self.tp[i]), int(self.fp[i]), int(self.fn[i])
        return Confusion(tp, fp, fn, self.total - tp - fp - fn)

    def to_node(self) -> dict[str, Any]:
        """The JSON object of the original."""
        return {
            "@class": "org.nd4j.evaluation.curves.PrecisionRecallCurve",
            "threshold": self.threshold,
            "precision": self.precision,
            "recall": self.recall,
            "tpCount": self.tp,
            "fpCount": self.fp,
            "fnCount": self.fn,
            "totalCount": self.total,
            "area": self.stored_area,
        }

    def to_json(self) -> str:
        """The JSON text of the original."""
        return pretty_json(self.to_node())

    @classmethod
    def of_node(cls, node: Mapping[str, Any]) -> PrecisionRecallCurve:
        """The curve of a parsed JSON object."""
        stored = node["area"]
        threshold, precision, recall = (
            np.array(node[k], np.float64) for k in ("threshold", "precision", "recall")
        )
        tp, fp, fn = (np.array(node[k], np.int64) for k in ("tpCount", "fpCount", "fnCount"))
        total, area = int(node["totalCount"]), None if stored is None else float(stored)
        return cls(threshold, precision, recall, tp, fp, fn, total, area)


def area(x: np.ndarray, y: np.ndarray) -> float:
    """Area by trapezoids, whichever way ``x`` runs."""
    parts = np.abs(np.diff(x)) * (y[1:] + y[:-1]) / 2
    return float(np.cumsum(parts)[-1])  # one after the other: the last digit is as the original's


def needed(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Indices without the inner points whose ``x`` (or ``y``) is that of both neighbours."""
    keep = np.ones(x.size, bool)
    for v in (x, y):
        keep[1:-1] &= ~((v[1:-1] == v[:-2]) & (v[1:-1] == v[2:]))
    return np.flatnonzero(keep)


def _first(mask: np.ndarray) -> int:
    return int(mask.argmax()) if mask.any() else mask.size - 1


def _four(value: float) -> str:
    return "NaN" if np.isnan(value) else f"{value:.4f}"
