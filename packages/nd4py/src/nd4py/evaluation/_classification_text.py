"""Report and JSON of Evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from ..formats import FormatError
from ..formats._jackson import pretty_json
from ..formats._java_text import java_double
from ._classification import Evaluation
from ._confusion import ConfusionMatrix
from ._json_fields import array_field, array_of

__all__ = ["from_json", "stats_text", "to_json"]

CLASS = "org.nd4j.evaluation.classification.Evaluation"
_MAX_PRINTED = 20  # classes of a printed matrix
_MAX_CLASSES = 1 << 14  # of a matrix in JSON: 2 GiB of counts
_MAX_WARNED = 16  # classes named in a warning


def stats_text(e: Evaluation, suppress_warnings: bool, confusion: bool | None) -> str:
    """The report, line by line as the original's."""
    if e.num_rows == 0 or e.confusion is None:
        return "Evaluation: No data available (no evaluation has been performed)"
    n = e.num_classes
    binary = n == 2 and e.binary_positive_class is not None
    lines = ["", "", f"{'=' * 24}Evaluation Metrics{'=' * 24}", f" # of classes:    {n}"]
    lines.append(f" Accuracy:        {e.accuracy():.4f}")
    if e.top_n > 1:
        lines.append(f" Top {e.top_n} Accuracy:  {e.top_n_accuracy():.4f}")
    scores: tuple[tuple[str, float, Literal["precision", "recall", "f_beta"]], ...] = (
        (" Precision:       ", e.precision(), "precision"),
        (" Recall:          ", e.recall(), "recall"),
        (" F1 Score:        ", e.f1(), "f_beta"),
    )
    for head, value, metric in scores:
        left_out = 0 if binary else len(e.classes_excluded(metric))
        note = f"\t({left_out} {_classes(left_out)} excluded from average)" if left_out else ""
        lines.append(f"{head}{value:.4f}{note}")
    lines.append(_averaging_line(e, binary))
    if e.binary_decision_threshold is not None:
        lines.append(f"Binary decision threshold: {java_double(e.binary_decision_threshold)}")
    if e.cost_array is not None:
        costs = ", ".join(java_double(float(c)) for c in e.cost_array)
        lines.append(f"Cost array: [{costs}]")
    lines.append("")
    if not suppress_warnings:
        lines += _warnings(e)
    lines.append("")
    shown = n <= _MAX_PRINTED if confusion is None else confusion
    if shown:
        lines += [f"{'=' * 25}Confusion Matrix{'=' * 25}", e.confusion_matrix()]
    elif confusion is None:
        lines.append(f"Note: no confusion matrix for {n} classes; stats(confusion=True) prints it")
    lines.append("=" * 66)
    return "\n".join(lines)


def _averaging_line(e: Evaluation, binary: bool) -> str:
    if not binary:
        return (
            "Precision, recall & F1: macro-averaged (equally weighted avg. of "
            f"{e.num_classes} classes)"
        )
    positive = e.binary_positive_class
    name = e.class_label(positive or 0)
    return f'Precision, recall & F1: reported for positive class (class {positive} - "{name}") only'


def _warnings(e: Evaluation) -> list[str]:
    lines = []
    metrics: tuple[Literal["precision", "recall"], ...] = ("precision", "recall")
    for metric in metrics:
        left_out = e.classes_excluded(metric)
        if not left_out:
            continue
        one = len(left_out) == 1
        verb = "was" if one else "were"
        lines.append(
            f"Warning: {len(left_out)} {_classes(len(left_out))} {verb} never predicted by the model "
            f"and {verb} excluded from average {metric}"
        )
        if len(left_out) <= _MAX_WARNED:
            lines.append(f"Classes excluded from average {metric}: {left_out}")
    return lines


def _classes(count: int) -> str:
    return "class" if count == 1 else "classes"


def to_json(e: Evaluation) -> str:
    """The JSON text."""
    return pretty_json(
        {
            "@class": CLASS,
            "axis": e.axis,
            "binaryPositiveClass": e.binary_positive_class,
            "topN": e.top_n,
            "topNCorrectCount": e._top_n_correct,
            "topNTotalCount": e.num_rows if e.top_n > 1 else 0,
            "truePositives": _counter(e.true_positives),
            "falsePositives": _counter(e.false_positives),
            "trueNegatives": _counter(e.true_negatives),
            "falseNegatives": _counter(e.false_negatives),
            "confusion": None if e.confusion is None else _matrix(e.confusion),
            "numRowCounter": e.num_rows,
            "labelsList": e.label_names if e.labels is None else e.labels,
            "binaryDecisionThreshold": e.binary_decision_threshold,
            "costArray": None if e.cost_array is None else array_field(e.cost_array[None, :]),
            "maxWarningClassesToPrint": _MAX_WARNED,
        }
    )


def _counter(counts: np.ndarray) -> dict[str, Any]:
    present = {str(i): float(c) for i, c in enumerate(counts.tolist()) if c}
    return {
        "map": present,
        "totalCount": float(counts.sum()),
        "dirty": False,
        "empty": not present,
    }


def _matrix(confusion: ConfusionMatrix) -> dict[str, Any]:
    """Per row the classes and their counts, both filled with zeros to the number of examples."""
    matrix = {}
    for i, row in enumerate(confusion.counts.tolist()):
        classes = [j for j, c in enumerate(row) if c]
        room = [0] * (sum(row) - len(classes))
        if classes:
            matrix[str(i)] = [classes + room, [row[j] for j in classes] + room]
    return {"classes": list(range(confusion.num_classes)), "matrix": matrix}


def from_json(node: Mapping[str, Any]) -> Evaluation:
    """The evaluation of a parsed JSON object."""
    labels = node.get("labelsList") or None
    e = Evaluation(
        labels=labels,
        top_n=node["topN"],
        binary_positive_class=node["binaryPositiveClass"],
        binary_decision_threshold=node["binaryDecisionThreshold"],
        cost_array=None if node["costArray"] is None else array_of(node["costArray"]),
        axis=node.get("axis", 1),
    )
    e.num_rows = int(node["numRowCounter"])
    e._top_n_correct = int(node["topNCorrectCount"])
    if node["confusion"] is not None:
        size = len(node["confusion"]["classes"])
        if size > _MAX_CLASSES:
            raise FormatError(f"Evaluation: {size} classes, expected at most {_MAX_CLASSES}")
        e.confusion = ConfusionMatrix.of_size(size)
        for row, (columns, counts) in node["confusion"]["matrix"].items():
            for column, count in zip(columns, counts, strict=True):
                if count:
                    e.confusion.counts[int(row), column] = count
    return e
