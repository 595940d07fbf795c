"""Pipelines in model zips.

Beside what a model zip has anyway there are two objects, Java Strings of JSON: ``transform``, the
TransformProcess in Deeplearning4j's own form, and ``pipeline``, which says what the columns mean.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dl4py._model_serializer import (
    Source,
    Target,
    get_object_from_file,
    list_objects_in_file,
    restore_multi_layer_network,
    restore_normalizer,
    write_model,
)
from dl4py._version import __version__
from dl4py.errors import ModelFileError
from dl4py.pipeline._outputs import TASKS

if TYPE_CHECKING:
    from dl4py.pipeline._pipeline import Pipeline

TRANSFORM = "transform"
MANIFEST = "pipeline"
_FORMAT = 1


def save(pipeline: Pipeline, target: Target, save_updater: bool) -> None:
    """See `Pipeline.save`."""
    manifest = {
        "format": _FORMAT,
        "writtenBy": f"dl4py {__version__}",
        "labels": pipeline.label_names,
        "features": pipeline.feature_names,
        "task": pipeline.outputs.task,
        "outputs": list(pipeline.outputs.names),
        "onError": pipeline.policy.action,
        "replacements": dict(pipeline.policy.replacements),
        "strict": pipeline.strict,
    }
    objects = {
        TRANSFORM: pipeline.transform.to_json(),
        MANIFEST: json.dumps(manifest, indent=2, ensure_ascii=False),
    }
    write_model(pipeline.model, target, save_updater, pipeline.normalizer, objects)


def is_pipeline_file(path: str | os.PathLike[str]) -> bool:
    """Whether a model zip holds a transform."""
    return TRANSFORM in list_objects_in_file(path)


def load(
    source: Source,
    label: str | Sequence[str] | None,
    class_names: Sequence[str] | None,
    load_updater: bool,
    allow_user_defined: bool | Iterable[Any],
) -> Pipeline:
    """See `Pipeline.load`."""
    from dl4py.pipeline._pipeline import Pipeline, need_datavec

    TransformProcess = need_datavec().TransformProcess
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:  # opened once: it may be replaced meanwhile
            return load(file, label, class_names, load_updater, allow_user_defined)
    stream: Any = io.BytesIO(source) if isinstance(source, bytes) else source
    where = getattr(stream, "name", "model")
    keys = list_objects_in_file(stream)
    if TRANSFORM not in keys:
        raise ModelFileError(
            f"{where}: a model without a transform; load it by MultiLayerNetwork.load, or make a "
            "pipeline of it: Pipeline(transform, restore_normalizer(file), model).save(file)"
        )
    text = get_object_from_file(stream, TRANSFORM)
    try:
        transform = TransformProcess.from_json(text, allow_user_defined=allow_user_defined)
    except ValueError as problem:
        raise ModelFileError(f"{where}: {TRANSFORM}: {problem}") from None
    manifest = _manifest(stream, where) if MANIFEST in keys else {}
    labels = [label] if isinstance(label, str) else label
    classes = manifest.get("outputs") if manifest.get("task") == TASKS[0] else None
    try:
        return Pipeline(
            transform,
            restore_normalizer(stream),
            restore_multi_layer_network(stream, load_updater),
            label=manifest.get("labels", ()) if labels is None else labels,
            class_names=classes if class_names is None else class_names,
            task=manifest.get("task"),
            on_error=manifest.get("onError", "raise"),
            replacements=manifest.get("replacements"),
            strict=manifest.get("strict", False),
        )
    except ModelFileError:
        raise
    except ValueError as problem:
        hint = (
            "" if manifest or label is not None else "; name the label column: load(..., label=...)"
        )
        raise ModelFileError(f"{where}: {problem}{hint}") from None


def _manifest(stream: Any, where: str) -> dict[str, Any]:
    text = get_object_from_file(stream, MANIFEST)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ModelFileError(f"{where}: {MANIFEST}: not JSON: {problem}") from None
    if not isinstance(found, dict) or not isinstance(found.get("format"), int):
        raise ModelFileError(f"{where}: {MANIFEST}: expected an object with a format number")
    if found["format"] > _FORMAT:
        raise ModelFileError(
            f"{where}: a pipeline of format {found['format']} ({found.get('writtenBy')!s:.40}), "
            f"this version reads up to {_FORMAT}; install a newer dl4py"
        )
    for key in ("labels", "outputs"):
        value = found.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise ModelFileError(f"{where}: {MANIFEST}: {key}: expected a list of names")
    kinds = {"task": str, "onError": str, "replacements": dict, "strict": bool}
    for key, kind in kinds.items():
        if key in found and not isinstance(found[key], kind):
            raise ModelFileError(f"{where}: {MANIFEST}: {key}: expected a {kind.__name__}")
    return found
