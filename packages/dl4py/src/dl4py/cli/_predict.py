"""``dl4py predict``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from dl4py.cli._tables import Table, table_options


@click.command(short_help="Write the predictions of a model for a CSV file.")
@click.argument("model", type=click.Path(path_type=Path))
@table_options
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
def predict(model: Path, output: str, form: str | None, **options: Any) -> None:
    """Write the predictions of a model zip for the rows of a CSV file, one row each.

    A classifier gives the column "predicted" and one column of probabilities per class, another
    network one column per output. A label column in the data is named with --label-column or
    --label-index, and is then left out.
    """
    from dl4py._model_serializer import restore_multi_layer_network_and_normalizer

    table = Table(**options)
    network, scaler = restore_multi_layer_network_and_normalizer(model, load_updater=False)
    data = table.iterator(with_labels=False)
    data.preprocessor = scaler
    names = _class_names(table, network)
    kind = form or ("arrow" if output.endswith((".arrow", ".ipc", ".feather")) else "csv")
    with _opened(output) as stream:
        _write(stream, kind, _batches(network, data, names, table.regression))


def _class_names(table: Table, network: Any) -> list[str] | None:
    """Names of a categorical label column, where there is one for as many classes as the network
    has outputs.
    """
    if table.transform is None or table.label is None:
        return None
    names = table.iterator().labels
    return (
        names
        if names is not None and len(names) == getattr(network.layers[-1], "n_out", 0)
        else None
    )


def _batches(network: Any, data: Any, names: list[str] | None, regression: bool) -> Iterator[Any]:
    import numpy as np
    import pyarrow as pa

    last = network.layers[-1]
    classifies = not regression and type(getattr(last, "activation", None)).__name__ in (
        "Softmax",
        "Sigmoid",
    )
    for batch in data:
        values = np.asarray(network.output(batch.features))
        columns: dict[str, Any] = {}
        width = values.shape[1]
        labels = names or [str(i) for i in range(width)]
        if classifies and width > 1:
            chosen = values.argmax(axis=1)
            columns["predicted"] = (
                pa.array([labels[i] for i in chosen]) if names else pa.array(chosen)
            )
            columns.update(
                {f"probability_{n}": pa.array(values[:, i]) for i, n in enumerate(labels)}
            )
        else:
            columns.update({f"output_{n}": pa.array(values[:, i]) for i, n in enumerate(labels)})
        yield pa.RecordBatch.from_pydict(columns)


def _write(stream: BinaryIO, kind: str, batches: Iterator[Any]) -> None:
    import pyarrow as pa
    from pyarrow import csv

    writer: Any = None
    for batch in batches:
        if writer is None:
            make = pa.ipc.new_stream if kind == "arrow" else csv.CSVWriter
            writer = make(stream, batch.schema)
        writer.write_batch(batch)
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
