"""``dl4py predict``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from dl4py.cli._tables import Table, open_pipeline, table_options


@click.command(short_help="Write the predictions of a model for a file or a pipe.")
@click.argument("model", type=click.Path(path_type=Path))
@table_options
@click.option(
    "--on-error",
    type=click.Choice(["raise", "skip", "replace"]),
    help="What happens to values that cannot be used; as the model says unless given.",
)
@click.option(
    "--replace",
    "replacements",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Value for a column's missing and unusable ones; may be given several times.",
)
@click.option(
    "--output",
    default="-",
    show_default=True,
    help="File to write, .arrow or .csv; - is standard output.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "arrow"]),
    help="Form of the output; by the file's name unless given.",
)
def predict(
    model: Path,
    on_error: str | None,
    replacements: tuple[str, ...],
    output: str,
    form: str | None,
    **options: Any,
) -> None:
    """Write the predictions of MODEL, a model zip, for the rows of DATA, one row each.

    DATA is a file (CSV, .jsonl, .parquet or .arrow), or - for standard input (CSV or JSON lines). A
    model that holds its transform (see train) needs no options: columns are found by name, in any
    order, and the label may be missing. For another model --transform says what the rows mean, and
    --label-column or --label-index which column of the data to leave out.

    A classifier gives the column "predicted" and one column of probabilities per class, another network
    one column per output. Where rows are left out, by a filter of the transform or by --on-error skip,
    the column "row" gives each one's position from 0.
    """
    table = Table(**options)
    pipeline = open_pipeline(table, model)
    policy = _policy(pipeline, on_error, replacements)
    with_rows = policy.skips or pipeline.vectorizer.filters
    batches = pipeline.predict_batches(table.source(), on_error=policy, **table.form)
    kind = form or ("arrow" if output.endswith((".arrow", ".ipc", ".feather")) else "csv")
    with _opened(output) as stream:
        _write(stream, kind, (part.to_arrow(with_rows=with_rows) for part in batches))


def _policy(pipeline: Any, on_error: str | None, replacements: tuple[str, ...]) -> Any:
    if on_error is None and not replacements:
        return pipeline.policy
    from datavec import ErrorPolicy

    values: dict[str, str] = {}
    for text in replacements:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"--replace: expected COLUMN=VALUE, received {text!r}")
        values[name] = value
    typed = {name: _typed(value, pipeline.transform, name) for name, value in values.items()}
    return ErrorPolicy(on_error or "replace", typed)


def _typed(text: str, process: Any, name: str) -> Any:
    """A replacement as the number that its column needs, or as text."""
    for schema in process.schemas:
        if name in schema and schema.type_of(name).is_numeric:
            try:
                return int(text)
            except ValueError:
                try:
                    return float(text)
                except ValueError:
                    raise ValueError(f"--replace: {name}={text}: expected a number") from None
    return text


def _write(stream: BinaryIO, kind: str, tables: Iterator[Any]) -> None:
    import pyarrow as pa
    from pyarrow import csv

    writer: Any = None
    for table in tables:
        if writer is None:
            make = pa.ipc.new_stream if kind == "arrow" else csv.CSVWriter
            writer = make(stream, table.schema)
        writer.write_table(table)
        stream.flush()  # whoever reads a pipe wants each part as soon as it is there
    if writer is None:
        raise ValueError("the data have no rows")
    writer.close()


@contextmanager
def _opened(output: str) -> Iterator[BinaryIO]:
    from nd4py.formats import open_target

    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with open_target(output) as stream:
        yield stream
