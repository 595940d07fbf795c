"""Options of commands that read a table, and the iterator they describe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--data", "data", required=True, type=click.Path(path_type=Path), help="CSV file."
    ),
    click.option("--transform", type=click.Path(path_type=Path), help="TransformProcess as JSON."),
    click.option("--label-column", help="Name of the label column, after the transform."),
    click.option(
        "--label-index",
        type=int,
        help="Position of the label column from 0, after the transform; -1 is the last.",
    ),
    click.option(
        "--classes",
        type=click.IntRange(min=1),
        help="Number of classes; known by itself for a categorical label.",
    ),
    click.option("--regression", is_flag=True, help="The label is a number, not a class."),
    click.option(
        "--batch", default=32, show_default=True, type=click.IntRange(min=1), help="Rows per batch."
    ),
    click.option(
        "--skip-lines",
        default=0,
        show_default=True,
        type=click.IntRange(min=0),
        help="Lines to skip at the top.",
    ),
    click.option("--delimiter", default=",", show_default=True, help="Character between columns."),
    click.option("--quote", default='"', show_default=True, help="Character around texts."),
)


def table_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: adds the options to a command; its function takes them as keyword arguments."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@dataclass(frozen=True)
class Table:
    """What the options say."""

    data: Path
    transform: Path | None
    label_column: str | None
    label_index: int | None
    classes: int | None
    regression: bool
    batch: int
    skip_lines: int
    delimiter: str
    quote: str

    def __post_init__(self) -> None:
        if self.label_column is not None and self.label_index is not None:
            raise click.UsageError("give --label-column or --label-index, not both")
        if len(self.delimiter) != 1 or len(self.quote) != 1:
            raise click.UsageError("--delimiter and --quote take one character")

    @property
    def label(self) -> str | int | None:
        """The label column, by name or position."""
        return self.label_column if self.label_column is not None else self.label_index

    def process(self) -> Any:
        """The TransformProcess, None without one."""
        if self.transform is None:
            return None
        from datavec import TransformProcess

        try:
            return TransformProcess.from_json(self.transform.read_text(encoding="utf-8"))
        except ValueError as problem:
            raise ValueError(f"{self.transform}: {problem}") from None

    def iterator(self, *, with_labels: bool = True, classes: int | None = None) -> Any:
        """Batches of the table; without labels a label column is left out.

        Args:
            with_labels: whether batches get labels.
            classes: number of classes where the options and the table do not say.
        """
        from datavec import CSVRecordReader, RecordReaderDataSetIterator

        if not self.data.exists():
            raise FileNotFoundError(2, "no such file", str(self.data))
        reader = CSVRecordReader(
            self.data, skip_lines=self.skip_lines, delimiter=self.delimiter, quote=self.quote
        )
        process = self.process()
        label = self.label
        if label is None and with_labels:
            label = -1
        return RecordReaderDataSetIterator(
            reader,
            self.batch,
            label_index=label,
            num_classes=self._classes(process, label, classes)
            if with_labels and not self.regression
            else None,
            regression=self.regression and with_labels,
            transform=process,
        )

    def _classes(self, process: Any, label: str | int | None, classes: int | None) -> int | None:
        if self.classes is not None:
            return self.classes
        if process is not None and label is not None:
            from datavec import CategoricalMetaData

            if isinstance(process.final_schema.metadata(label), CategoricalMetaData):
                return None  # the iterator knows
        return classes
