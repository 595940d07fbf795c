"""Options of commands that read a table, and the iterator they describe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

_DECORATORS: tuple[Any, ...] = (
    click.argument("file", required=False, metavar="[DATA]"),
    click.option("--data", "data", help="The same as DATA."),
    click.option("--transform", type=click.Path(path_type=Path), help="TransformProcess as JSON."),
    click.option(
        "--allow-user-defined",
        multiple=True,
        metavar="PACKAGE",
        help="Package or module whose steps and conditions the transform may use: their code is run.",
    ),
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
    """Decorator: adds DATA and the options to a command; its function takes them as keyword arguments."""
    for decorator in reversed(_DECORATORS):
        function = decorator(function)
    return function


@dataclass(frozen=True)
class Table:
    """What the options say."""

    file: str | None
    data: str | None
    transform: Path | None
    allow_user_defined: tuple[str, ...]
    label_column: str | None
    label_index: int | None
    classes: int | None
    regression: bool
    batch: int
    skip_lines: int
    delimiter: str
    quote: str

    def __post_init__(self) -> None:
        if (self.file is None) == (self.data is None):
            raise click.UsageError("give one file of data, as DATA or by --data")
        if self.label_column is not None and self.label_index is not None:
            raise click.UsageError("give --label-column or --label-index, not both")
        if len(self.delimiter) != 1 or len(self.quote) != 1:
            raise click.UsageError("--delimiter and --quote take one character")

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self.file or self.data or ""

    def source(self) -> Any:
        """What to read: a path, or standard input for ``-``."""
        if self.name == "-":
            return sys.stdin.buffer
        if "://" in self.name:
            return self.name
        if not Path(self.name).exists():
            raise FileNotFoundError(2, "no such file", self.name)
        return Path(self.name)

    @property
    def labelled(self) -> bool:
        """Whether the options say which column is the label."""
        return self.label_column is not None or self.label_index is not None

    @property
    def form(self) -> dict[str, Any]:
        """How the file is written."""
        return {
            "skip_lines": self.skip_lines,
            "delimiter": self.delimiter,
            "quote": self.quote,
        }

    def process(self) -> Any:
        """The TransformProcess of --transform, None without it."""
        if self.transform is None:
            return None
        from datavec import TransformProcess

        try:
            return TransformProcess.from_json(
                self.transform.read_text(encoding="utf-8"),
                allow_user_defined=self.allow_user_defined,
            )
        except ValueError as problem:
            raise ValueError(f"{self.transform}: {problem}") from None

    def label_names(self, schema: Any, *, default: int | None = None) -> list[str]:
        """Names of the label column, as the options say, in a schema after the transform.

        Args:
            schema: the columns there are.
            default: position of the label where the options do not say; None for no label.

        Raises:
            ValueError: there is no such column.
        """
        label = self.label_column if self.label_column is not None else self.label_index
        label = default if label is None else label
        if label is None:
            return []
        names = schema.column_names
        if isinstance(label, str):
            if label not in names:
                raise ValueError(
                    f"--label-column: no column {label!r}; the columns are "
                    f"{', '.join(map(repr, names))}{self._numbered_hint(label)}"
                )
            return [label]
        if not -len(names) <= label < len(names):
            raise ValueError(
                f"--label-index: {label} does not exist; the columns are 0 to {len(names) - 1}"
            )
        return [names[label]]

    def _numbered_hint(self, label: str) -> str:
        if self.transform is not None:
            return ""
        return "; without --transform columns have no names of their own: use --label-index"


def training_batches(table: Table, process: Any, labels: list[str], outputs: int) -> Any:
    """Batches with labels of a table, or without names and a transform of the table as it stands.

    Args:
        table: what the options say.
        process: the transform, None without one.
        labels: label columns after it.
        outputs: number of classes where neither options nor transform say, 0 if unknown.
    """
    from datavec import (
        CategoricalMetaData,
        CSVRecordReader,
        RecordReaderDataSetIterator,
        RecordVectorizer,
    )

    classes = table.classes or outputs or None
    if process is None:
        if table.label_column is not None:
            raise ValueError(
                f"--label-column {table.label_column}: without --transform columns have no names; use "
                "--label-index"
            )
        return RecordReaderDataSetIterator(
            CSVRecordReader(table.source(), **table.form),
            table.batch,
            label_index=-1 if table.label_index is None else table.label_index,
            num_classes=None if table.regression else classes,
            regression=table.regression,
        )
    schema = process.final_schema
    if table.classes is None and isinstance(schema.metadata(labels[0]), CategoricalMetaData):
        classes = None  # the iterator knows
    return RecordReaderDataSetIterator(
        RecordVectorizer(process, labels).labelled(table.source(), **table.form),
        table.batch,
        label_from=labels[0],
        label_to=labels[-1],
        num_classes=None if table.regression else classes,
        regression=table.regression,
        transform=process,
    )


def open_pipeline(table: Table, model: Path, *, default_label: int | None = None) -> Any:
    """The pipeline of a model file, or one made of a model and what the options say.

    Args:
        table: what the options say.
        model: a model zip, with or without a transform in it.
        default_label: position of the label column where neither says; None for no label.
    """
    from dl4py._model_serializer import restore_multi_layer_network_and_normalizer
    from dl4py.pipeline import Pipeline
    from dl4py.pipeline._files import is_pipeline_file

    task = "regression" if table.regression else None
    if table.transform is None and is_pipeline_file(model):
        if table.label_index is not None:
            raise click.UsageError(f"{model} has names for its columns: use --label-column")
        return Pipeline.load(
            model, label=table.label_column, allow_user_defined=table.allow_user_defined
        )
    network, scaler = restore_multi_layer_network_and_normalizer(model, load_updater=False)
    process = table.process() or _plain_process(table)
    labels = table.label_names(process.final_schema, default=default_label)
    try:
        return Pipeline(process, scaler, network, label=labels, task=task)
    except ValueError as problem:
        hint = (
            "" if labels else "; if a column is the label, name it: --label-column or --label-index"
        )
        raise ValueError(f"{model}: {problem}{hint}") from None


def _plain_process(table: Table) -> Any:
    """A process without steps for a table of numbers, as wide as its first line."""
    from datavec import CSVRecordReader, Schema, TransformProcess

    if table.name == "-":
        raise click.UsageError(
            "standard input needs a model that holds its transform, or --transform"
        )
    reader = CSVRecordReader(table.source(), **table.form)
    if not reader.has_next():
        raise ValueError(f"{table.name}: no rows")
    columns = Schema.builder()
    for i in range(len(reader.next())):
        columns.add_column_double(f"column_{i}")
    return TransformProcess.builder(columns.build()).build()
