"""``dl4py evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dl4py.cli._tables import Table, open_pipeline, table_options


@click.command(short_help="Print the statistics of a model on a CSV file.")
@click.argument("model", type=click.Path(path_type=Path))
@table_options
def evaluate(model: Path, **options: Any) -> None:
    """Evaluate a model zip on DATA, a CSV file that has the label, and print the statistics.

    A model that holds its transform (see train) needs no options.
    """
    table = Table(**options)
    pipeline = open_pipeline(table, model, default_label=-1)
    found = pipeline.evaluate(table.source(), batch_size=table.batch, **table.form)
    click.echo(found.stats().strip("\n"))
