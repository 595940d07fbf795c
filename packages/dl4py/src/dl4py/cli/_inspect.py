"""``dl4py inspect``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

_HEAD = 4096
_MAX_JSON_BYTES = 64 << 20


@click.command(short_help="Summarise a model, configuration, normalizer or transform.")
@click.argument("file", type=click.Path(path_type=Path))
def inspect(file: Path) -> None:
    """Summarise FILE: a model zip, a network configuration, a normalizer or a transform."""
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith(b"PK"):
        _model(file)
    elif head[2:12] == b"NORMALIZER":
        _normalizer(file)
    elif head.lstrip()[:1] in (b"{", b"["):
        _json(file)
    else:
        raise ValueError(f"{file}: not a model zip, configuration, normalizer or transform")


def _model(file: Path) -> None:
    from dl4py._model_serializer import (
        list_objects_in_file,
        restore_multi_layer_network_and_normalizer,
    )
    from dl4py.pipeline._files import MANIFEST, TRANSFORM, is_pipeline_file

    network, normalizer = restore_multi_layer_network_and_normalizer(file)
    conf = network.configuration
    click.echo(
        f"MultiLayerNetwork, {conf.data_type}, iteration {network.iteration_count}, epoch {network.epoch_count}"
    )
    click.echo(network.summary(conf.known_input_type()).strip("\n"))
    for block in network.layout.blocks:
        ranges = ", ".join(f"{run.start} to {run.stop}" for run in block.runs)
        click.echo(f"updater of parameters {ranges}: {block.updater}")
    click.echo(f"updater state: {network.layout.state_length} numbers")
    click.echo(
        f"normalizer: {_describe_normalizer(normalizer) if normalizer is not None else 'none'}"
    )
    objects = list_objects_in_file(file)
    if is_pipeline_file(file):
        _pipeline(file)
        objects = [key for key in objects if key not in (TRANSFORM, MANIFEST)]
    if objects:
        click.echo(f"objects beside the model: {', '.join(objects)}")


def _pipeline(file: Path) -> None:
    from dl4py.pipeline import Pipeline

    pipeline = Pipeline.load(file)
    click.echo(str(pipeline.transform).strip("\n"))
    click.echo(f"label: {', '.join(pipeline.label_names) or 'none'}")
    click.echo(
        f"columns that raw records must have: {', '.join(pipeline.input_schema.column_names)}"
    )
    if pipeline.vectorizer.left_out_steps:
        steps = ", ".join(map(str, pipeline.vectorizer.left_out_steps))
        click.echo(f"steps that only make the label and do not run on raw records: {steps}")
    kind = "classes" if pipeline.outputs.classifies else "values"
    click.echo(f"{kind}: {', '.join(pipeline.outputs.names)}")
    given = ", ".join(f"{n}={v}" for n, v in pipeline.policy.replacements.items())
    click.echo(
        f"values that cannot be used: {pipeline.policy.action}{f' by {given}' if given else ''}"
    )


def _normalizer(file: Path) -> None:
    from nd4py.normalizers import load

    click.echo(_describe_normalizer(load(file)))


def _describe_normalizer(normalizer: Any) -> str:
    import numpy as np

    parts = [type(normalizer).__name__]
    for name in ("mean", "std", "min", "max"):
        values = getattr(normalizer, name, None)
        if values is not None and not callable(values):
            numbers = np.asarray(values, float).ravel()
            shown = ", ".join(f"{v:.6g}" for v in numbers[:8]) + (
                ", ..." if numbers.size > 8 else ""
            )
            parts.append(f"{name} [{shown}]")
    return "; ".join(parts)


def _json(file: Path) -> None:
    if file.stat().st_size > _MAX_JSON_BYTES:
        raise ValueError(f"{file}: larger than the limit of {_MAX_JSON_BYTES} bytes for JSON")
    text = file.read_text(encoding="utf-8")
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"{file}: not JSON: {problem}") from None
    if isinstance(tree, dict) and "confs" in tree:
        from dl4py.conf import MultiLayerConfiguration
        from dl4py.nn import MultiLayerNetwork

        try:
            network = MultiLayerNetwork(MultiLayerConfiguration.from_json(text))
        except ValueError as problem:
            raise ValueError(f"{file}: {problem}") from None
        click.echo(network.summary(network.configuration.known_input_type()).strip("\n"))
        return
    from datavec import Schema, TransformProcess

    try:
        found = (
            TransformProcess.from_json(text)
            if "actionList" in tree or "steps" in tree
            else Schema.from_json(text)
        )
    except ValueError as problem:
        raise ValueError(f"{file}: {problem}") from None
    click.echo(str(found).strip("\n"))
