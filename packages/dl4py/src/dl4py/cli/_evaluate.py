"""``dl4py evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dl4py.cli._tables import Table, table_options


@click.command(short_help="Print the statistics of a model on a CSV file.")
@click.argument("model", type=click.Path(path_type=Path))
@table_options
def evaluate(model: Path, **options: Any) -> None:
    """Evaluate the network of a model zip on a CSV file and print its statistics."""
    from dl4py._model_serializer import restore_multi_layer_network_and_normalizer

    table = Table(**options)
    network, scaler = restore_multi_layer_network_and_normalizer(model, load_updater=False)
    data = table.iterator(classes=getattr(network.layers[-1], "n_out", 0) or None)
    data.preprocessor = scaler
    found = (
        network.evaluate_regression(data)
        if table.regression
        else network.evaluate(data, labels=data.labels)
    )
    click.echo(found.stats().strip("\n"))
