"""The confusion matrix and its texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, log10
from typing import Any

import numpy as np

__all__ = ["ConfusionMatrix", "Prediction"]


@dataclass(frozen=True)
class Prediction:
    """One evaluated example: its classes and what was known about it."""

    actual: int
    predicted: int
    metadata: Any

    def __str__(self) -> str:
        return (
            f"Prediction(actualClass={self.actual},predictedClass={self.predicted},"
            f"RecordMetaData={self.metadata})"
        )


@dataclass
class ConfusionMatrix:
    """``counts[actual, predicted]`` of examples (``org.nd4j.evaluation.classification.ConfusionMatrix``)."""

    counts: np.ndarray
    metadata: dict[tuple[int, int], list[Any]] = field(default_factory=dict)

    @classmethod
    def of_size(cls, classes: int) -> ConfusionMatrix:
        """An empty matrix."""
        return cls(np.zeros((classes, classes), np.int64))

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return int(self.counts.shape[0])

    def add(self, other: ConfusionMatrix) -> None:
        """Add the counts and metadata of another matrix of the same size."""
        self.counts = self.counts + other.counts
        for cell, entries in other.metadata.items():
            self.metadata.setdefault(cell, []).extend(entries)

    def predictions(
        self, actual: int | None = None, predicted: int | None = None
    ) -> list[Prediction]:
        """Examples with metadata, ordered by class; None means any class."""
        return [
            Prediction(a, p, entry)
            for (a, p), entries in sorted(self.metadata.items())
            if (actual is None or a == actual) and (predicted is None or p == predicted)
            for entry in entries
        ]

    def table(self, labels: list[str]) -> str:
        """The matrix as it stands in ``Evaluation.stats``."""
        n = self.num_classes
        width = 1 + ceil(log10(max(int(self.counts.max(initial=0)), n)))
        lines = ["".join(f"{i:>{width}}" for i in range(n)), "-" * (n * width + 1)]
        for i, row in enumerate(self.counts.tolist()):
            lines.append("".join(f"{c:>{width}}" for c in row) + f" | {i} = {labels[i]}")
        lines += [
            "",
            "Confusion matrix format: Actual (rowClass) predicted as (columnClass) N times",
        ]
        return "\n".join(lines)

    def named_table(self, labels: list[str]) -> str:
        """The matrix with a name in each row (``Evaluation.confusionToString``)."""
        n = self.num_classes
        width = max(max((len(name) for name in labels), default=0) + 5, 10)
        lines = [
            f"   {'Predicted:':<{width}}   " + "".join(f"{i:>7}" for i in range(n)),
            "   Actual:",
        ]
        for i, row in enumerate(self.counts.tolist()):
            lines.append(f"{i:<3}{labels[i]:<{width}} | " + "".join(f"{c:>7}" for c in row))
        return "\n".join(lines) + "\n"

    def to_csv(self) -> str:
        """The matrix with totals as CSV."""
        n = self.num_classes
        lines = [",,Predicted Class,", ",," + "".join(f"{i}," for i in range(n)) + "Total"]
        for i, row in enumerate(self.counts.tolist()):
            head = "Actual Class" if i == 0 else ""
            lines.append(f"{head},{i}," + "".join(f"{c}," for c in row) + str(sum(row)))
        totals = self.counts.sum(axis=0).tolist()
        lines.append(",Total," + "".join(f"{c}," for c in totals))
        return "\n".join(lines) + "\n"

    def to_html(self) -> str:
        """The matrix with totals as an HTML table."""
        n = self.num_classes
        heads = [*(str(i) for i in range(n)), "Total"]
        title = f'<th class="predicted-class-header" colspan="{n + 1}">Predicted Class</th>'
        lines = [
            "<table>",
            f'<tr><th class="empty-space" colspan="2" rowspan="2">{title}</tr>',
            "<tr>"
            + "".join(f'<th class="predicted-class-header">{h}</th>' for h in heads)
            + "</tr>",
        ]
        for i, row in enumerate(self.counts.tolist()):
            side = (
                f'<th class="actual-class-header" rowspan="{n + 1}">Actual Class</th>'
                if i == 0
                else ""
            )
            cells = _cells([*row, sum(row)])
            lines.append(f'<tr>{side}<th class="actual-class-header" >{i}</th>{cells}</tr>')
        totals = _cells(self.counts.sum(axis=0).tolist())
        lines.append(
            f'<tr><th class="actual-class-header">Total</th>{totals}<td class="empty-space"></td>'
        )
        return "\n".join([*lines, "</tr>", "</table>", ""])

    def __str__(self) -> str:
        rows = []
        for i, row in enumerate(self.counts.tolist()):
            seen = ", ".join(f"{j} x {c}" if c > 1 else str(j) for j, c in enumerate(row) if c)
            if seen:
                rows.append(f"{i}=[{seen}]")
        return "{" + ", ".join(rows) + "}"


def _cells(values: list[int]) -> str:
    return "".join(f'<td class="count-element">{v}</td>' for v in values)
