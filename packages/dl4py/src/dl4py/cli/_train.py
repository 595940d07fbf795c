"""``dl4py train``."""

from __future__ import annotations

import errno
import logging
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dl4py.cli._tables import Table, table_options, training_batches


@click.command(short_help="Train a network on a CSV file and save it.")
@click.argument("model", type=click.Path(path_type=Path))
@table_options
@click.option(
    "--normalizer",
    type=click.Choice(["standardize", "minmax"]),
    help="Fit one on the data and save it with the model.",
)
@click.option(
    "--epochs",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Passes over the data.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("model.zip"),
    show_default=True,
    help="Model zip to write.",
)
@click.option(
    "--check-numerics", is_flag=True, help="Stop at the first step that meets NaN or infinity."
)
@click.option(
    "--log-every", type=click.IntRange(min=1), help="Log the score every so many iterations."
)
@click.option("--quiet", is_flag=True, help="No progress bar, even on a terminal.")
def train(
    model: Path,
    normalizer: str | None,
    epochs: int,
    out: Path,
    check_numerics: bool,
    log_every: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Train MODEL, a network configuration (JSON) or a model zip to go on with, on DATA, a CSV file.

    With --transform the model zip also holds the transform and which column is the label: it is a
    pipeline, which predict, evaluate and train apply to raw rows without further options.
    """
    from dl4py.listeners import ProgressBarListener, ScoreIterationListener

    if not out.absolute().parent.is_dir():  # said now, not after hours of training
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(out))
    table = Table(**options)
    if table.name == "-":
        raise click.UsageError("train reads its data several times, so not from standard input")
    network, scaler, before = _network(model, table.allow_user_defined)
    if before is not None and not before.outputs.classifies:
        table = replace(table, regression=True)
    process = table.process() if before is None or table.transform is not None else before.transform
    labels = [] if before is None or table.transform is not None else before.label_names
    if process is not None and (not labels or table.labelled):
        labels = table.label_names(process.final_schema, default=-1)
    network.check_numerics = check_numerics
    data = training_batches(table, process, labels, getattr(network.layers[-1], "n_out", 0))
    if normalizer is not None:
        scaler = _fitted(normalizer, data)
    data.preprocessor = scaler
    saved = (
        network if process is None else _pipeline(process, scaler, network, labels, table, before)
    )
    listeners: list[Any] = []
    bar = ProgressBarListener(epochs, unit="epoch", disable=True if quiet else None)
    listeners.append(bar)
    if log_every is not None:
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
        listeners.append(ScoreIterationListener(log_every))
    network.set_listeners(*listeners)
    interrupted = False
    try:
        with _above_the_bar() if log_every is not None else nullcontext():
            network.fit(data, epochs=epochs)
    except KeyboardInterrupt:
        interrupted = True  # every finished iteration is complete, so what there is can be saved
    finally:
        bar.close()
    if network.iteration_count == 0 and not interrupted:
        raise ValueError(f"{table.name}: no rows to train on")
    if saved is network:
        network.save(out, normalizer=scaler)
    else:
        saved.save(out)
    click.echo(
        f"{out}: {_counted(network.iteration_count, 'iteration')}, {_counted(network.epoch_count, 'epoch')}, "
        f"score {network.score():.6g}",
        err=True,
    )
    if interrupted:
        raise KeyboardInterrupt


def _above_the_bar() -> Any:
    """Logged lines appear above a progress bar instead of within it."""
    from tqdm.contrib.logging import logging_redirect_tqdm

    return logging_redirect_tqdm()


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _network(model: Path, allowed: tuple[str, ...]) -> tuple[Any, Any, Any]:
    """Network and normalizer of a file, and the pipeline if it is one."""
    from dl4py._model_serializer import is_model_file, restore_multi_layer_network_and_normalizer
    from dl4py.conf import MultiLayerConfiguration
    from dl4py.nn import MultiLayerNetwork
    from dl4py.pipeline import Pipeline
    from dl4py.pipeline._files import is_pipeline_file

    if not model.is_file():
        raise FileNotFoundError(2, "no such file", str(model))
    if is_model_file(model):
        if is_pipeline_file(model):
            found = Pipeline.load(model, load_updater=True, allow_user_defined=allowed)
            return found.model, found.normalizer, found
        return (*restore_multi_layer_network_and_normalizer(model), None)
    try:
        conf = MultiLayerConfiguration.from_json(model.read_bytes())
    except ValueError as problem:
        raise ValueError(f"{model}: {problem}") from None
    return MultiLayerNetwork(conf).init(), None, None


def _pipeline(
    process: Any, scaler: Any, network: Any, labels: list[str], table: Table, before: Any
) -> Any:
    """What is saved in the end; made before training, which would be lost if it did not fit."""
    from dl4py.pipeline import Pipeline

    kept: dict[str, Any] = {}
    if before is not None:
        kept = {"on_error": before.policy, "strict": before.strict}
    task = "regression" if table.regression else "classification"
    return Pipeline(process, scaler, network, label=labels, task=task, **kept)


def _fitted(kind: str, data: Any) -> Any:
    from nd4py.normalizers import NormalizerMinMaxScaler, NormalizerStandardize

    scaler: Any = NormalizerStandardize() if kind == "standardize" else NormalizerMinMaxScaler()
    return scaler.fit(data)
