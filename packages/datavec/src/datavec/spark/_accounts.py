"""What workers leave out or replace, counted on the driver.

Spark runs a stage again for each action, and a task again when it failed. So counts are kept by task,
and those of an action that ran a stage again do not add to those of the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._policy import ErrorExample, ErrorReport, ErrorTotal

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["Accounts"]

Key = tuple[int, int, int]  # number of our stage, Spark's stage, partition
Counts = dict[Key, list[ErrorTotal]]


class _Merged:
    """What Spark calls an AccumulatorParam."""

    def zero(self, value: Counts) -> Counts:
        return {}

    def addInPlace(self, value1: Counts, value2: Counts) -> Counts:
        return {**value1, **value2}


class Accounts:
    """The counts of all stages of one execution; workers add to it, the driver reads it."""

    def __init__(self, spark: SparkSession) -> None:
        # Spark merges what tasks send, in any order; a task's counts replace those of its first try.
        self._counts: Any = spark.sparkContext.accumulator({}, _Merged())

    def add(self, stage: int, report: ErrorReport) -> None:
        """In a worker: the counts of the task that is running."""
        from pyspark import TaskContext

        task = TaskContext.get()
        if task is not None and report:
            number = task.partitionId()
            totals = list(report)
            for total in totals:
                total.examples = [_placed(e, number) for e in total.examples]
            self._counts.add({(stage, task.stageId(), number): totals})

    def report(self) -> ErrorReport:
        """On the driver: for each stage, the counts of the run that left out or replaced most."""
        runs: dict[tuple[int, int], ErrorReport] = {}
        for (stage, run, _), totals in self._counts.value.items():
            report = runs.setdefault((stage, run), ErrorReport())
            for t in totals:
                report.add(
                    t.action, t.column, t.reason, where=t.where, count=t.count, examples=t.examples
                )
        fullest: dict[int, ErrorReport] = {}
        for (stage, _), report in runs.items():
            best = fullest.get(stage)
            if best is None or report.skipped + report.replaced > best.skipped + best.replaced:
                fullest[stage] = report
        whole = ErrorReport()
        for report in fullest.values():
            whole.merge(report)
        return whole


def _placed(example: ErrorExample, partition: int) -> ErrorExample:
    """Rows are counted from the start of a partition."""
    if not example.place.startswith("row "):
        return example
    return ErrorExample(example.value, f"partition {partition}, {example.place}")
