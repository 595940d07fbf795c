"""Image readers, image transforms, stored image processes, and object detection."""

from __future__ import annotations

import base64
import inspect
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from datavec_values import check_row
from harness import Case, Handler, NotSupported

import datavec.images as images
from datavec import (
    CollectionInputSplit,
    DictLabelProvider,
    ImageObject,
    ImageRecordReader,
    ImageTransformProcess,
    NativeImageLoader,
    ObjectDetectionRecordReader,
    ParentPathLabelGenerator,
    PatternPathLabelGenerator,
)
from nd4py.data import JavaRandom


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m[1].lower(), name).lower()


def _text_call(text: str) -> tuple[str, list[Any]]:
    """A recorded constructor call such as ``FlipImageTransform(1)``: class and arguments."""
    found = re.fullmatch(r"(?:new )?(\w+)(?:\((.*)\))?", text.strip())
    if found is None:
        raise NotSupported(f"cannot read the call {text!r}")
    arguments = (found[2] or "").replace("'", '"')
    return found[1], json.loads(f"[{arguments}]")


def _transform(name: str, options: dict[str, Any]) -> Any:
    """A transform from its Java class name and constructor arguments by name."""
    cls = getattr(images, name, None)
    if cls is None:
        raise NotSupported(f"image transform {name} is not built yet")
    options = {k: v for k, v in options.items() if k != "note"}
    if name == "WarpImageTransform":
        if "delta" in options:
            return cls(options["delta"])
        return cls(tuple(options[f"d{axis}{i}"] for i in range(1, 5) for axis in "xy"))
    renamed = {
        "RandomCropTransform": {"height": "output_height", "width": "output_width"},
        "CropImageTransform": {"crop": "crop_top"},
        "ScaleImageTransform": {"delta": "dx"},
    }.get(name, {})
    arguments = {renamed.get(k, _snake(k)): v for k, v in options.items()}
    unknown = arguments.keys() - inspect.signature(cls).parameters.keys()
    if unknown:
        raise NotSupported(f"{name}: options {sorted(unknown)}")
    return cls(**arguments)


def _files(case: Case, folder: Path) -> CollectionInputSplit:
    paths = []
    for name, text in case.meta["input_files_base64"].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(text))
        paths.append(path)
    return CollectionInputSplit(paths)


def _label_generator(text: str | None) -> Any:
    if text is None:
        return None
    name, arguments = _text_call(text)
    if name == "ParentPathLabelGenerator":
        return ParentPathLabelGenerator()
    if name == "PatternPathLabelGenerator":
        return PatternPathLabelGenerator(*arguments)
    raise NotSupported(f"label generator {name}")


def _image_transform(text: str | None) -> Any:
    if text is None:
        return None
    name, arguments = _text_call(text)
    return getattr(images, name)(*arguments)


def image_reader(case: Case) -> None:
    meta, options = case.meta, case.meta["options"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reader = ImageRecordReader(
            _files(case, folder),
            options["height"],
            options["width"],
            options["channels"],
            label_generator=_label_generator(options.get("labelGenerator")),
            image_transform=_image_transform(options.get("imageTransform")),
            append_label=options.get("appendLabel"),
            nchw=options.get("nchw", True),
        )
        assert reader.labels == meta["labels"], reader.labels
        for _ in range(2):
            reader.reset()
            records = list(reader)
            assert len(records) == len(meta["records"])
            for i, (got, expected) in enumerate(zip(records, meta["records"], strict=True)):
                check_row(got, expected, case, f"record {i}")
        if "batches" in meta:
            reader.reset()
            for batch in meta["batches"]:
                check_row(reader.next_arrays(meta["batch"]), batch, case, "batch")
            assert not reader.has_next()
        _check_metadata(reader, case, folder)


def _check_metadata(reader: Any, case: Case, folder: Path) -> None:
    reader.reset()
    entries = []
    while reader.has_next():
        entries.append(reader.next_record()[1])
    for got, expected in zip(entries, case.meta.get("metadata", []), strict=True):
        assert type(got).__name__ == expected["class"], got
        assert Path(got.uri).relative_to(folder).as_posix() == expected["file"], got
    loaded = reader.load_from_metadata(entries)
    for got, expected in zip(loaded, case.meta["records"], strict=True):
        check_row(got, expected, case, "loaded")


def image_transform(case: Case) -> None:
    meta, options = case.meta, case.meta["options"]
    loader = NativeImageLoader()
    png = base64.b64decode(meta["input_png_base64"])
    pixels = loader.as_mat(png)
    case.compare(loader.as_matrix(pixels), np.asarray(case.arrays["in"]), "in")
    expected = np.asarray(case.arrays["out"])
    if "files" in meta:
        text = case.read(meta["files"]["transform"]).decode()
        process = ImageTransformProcess.from_json(text)
        assert process.seed == options.get("seed", process.seed)
        for made in (
            process,
            ImageTransformProcess.from_json(process.to_json()),
            ImageTransformProcess.from_yaml(process.to_yaml()),
        ):
            case.compare(made.execute_array(pixels), expected, "out")
        return
    name = meta["java"].split(".")[0].split("(")[0]
    options = dict(options)
    seed = None if name == "RandomCropTransform" else options.pop("seed", None)
    random = JavaRandom(seed) if seed is not None else None
    transform = _transform(name, options)
    result = loader.as_matrix(transform.transform(pixels, random))
    if name == "RandomCropTransform":  # its place follows a generator of ND4J
        case.differs("datavec-image-own-random")
        assert result.shape == expected.shape
        height, width = transform.output_height, transform.output_width
        x, y = (-transform.query([0, 0])).astype(int).tolist()
        case.compare(result[0], case.arrays["in"][0][:, y : y + height, x : x + width], "part")
        return
    case.compare(result, expected, "out")
    if "query_in" in meta:
        got = transform.query(meta["query_in"])
        np.testing.assert_allclose(got, meta["query_out"], rtol=1e-6, atol=1e-6)


# Numbers that Java's objects keep about the last image; they say nothing about the transform.
_BOOKKEEPING = frozenset({"x", "y", "h", "w", "srch", "srcw", "mode"})


def _plain(transform: dict[str, Any]) -> dict[str, Any]:
    return {
        k: float(v) if isinstance(v, (int, float)) else v
        for k, v in transform.items()
        if k not in _BOOKKEEPING
    }


def _build(calls: list[str]) -> ImageTransformProcess:
    builder = ImageTransformProcess.builder()
    for call in calls:
        found = re.fullmatch(r"(\w+)\((.*)\)", call)
        assert found is not None, call
        name, text = found[1], re.sub(r"\b(\d+)\.\.(\d+)\b", _range, found[2])
        arguments = [_argument(a) for a in text.split(",")]
        method: Callable[..., Any] = getattr(builder, _snake(name))
        if name == "randomCropTransform" and len(arguments) == 3:
            method(*arguments[1:], seed=arguments[0])
        elif name == "rotateImageTransform" and len(arguments) == 4:
            x, y, angle, scale = arguments
            method(angle, centerx=x, centery=y, scale=scale)
        elif name == "warpImageTransform" and len(arguments) == 8:
            method(arguments)
        else:
            method(*arguments)
    return builder.build()


def _range(match: re.Match[str]) -> str:
    return ",".join(str(i) for i in range(int(match[1]), int(match[2]) + 1))


def _argument(text: str) -> Any:
    text = text.strip().strip("'\"")
    return float(text) if "." in text else int(text) if re.fullmatch(r"-?\d+", text) else text


def image_process_json(case: Case) -> None:
    meta = case.meta
    text = case.read(meta["files"]["transform"]).decode()
    recorded = json.loads(text)
    read = ImageTransformProcess.from_json(text)
    for again in (read, ImageTransformProcess.from_json(read.to_json())):
        body = json.loads(again.to_json())
        assert body["seed"] == recorded["seed"]
        got = [_plain(t) for t in body["transformList"]]
        assert got == [_plain(t) for t in recorded["transformList"]]
    assert ImageTransformProcess.from_yaml(read.to_yaml()) == read
    if "calls" not in meta:
        return
    built = json.loads(_build(meta["calls"]).to_json())
    assert built["seed"] == recorded["seed"]
    for made, expected in zip(built["transformList"], recorded["transformList"], strict=True):
        made.pop("seed", None)  # which Java's RandomCropTransform does not write
        assert _plain(made) == _plain(expected)


def object_detection(case: Case) -> None:
    meta, options = case.meta, case.meta["options"]
    objects = {
        Path(name).name: [ImageObject(*values) for values in found]
        for name, found in meta["objects"].items()
    }
    with tempfile.TemporaryDirectory() as name:
        reader = ObjectDetectionRecordReader(
            _files(case, Path(name)),
            options["height"],
            options["width"],
            options["channels"],
            options["gridH"],
            options["gridW"],
            DictLabelProvider(objects),
            nchw=options.get("nchw", True),
            image_transform=_image_transform(options.get("imageTransform")),
        )
        assert reader.labels == meta["labels"], reader.labels
        for i, (got, expected) in enumerate(zip(reader, meta["records"], strict=True)):
            case.compare(got[0], np.asarray(case.arrays[expected[0][1]]), f"image {i}")
            # Boxes are numbers of cells; the tolerance is meant for pixels.
            label = np.asarray(case.arrays[expected[1][1]])
            np.testing.assert_allclose(got[1], label, rtol=1e-5, atol=1e-5, err_msg=f"label {i}")


KINDS: dict[str, Handler] = {
    "image-reader": image_reader,
    "image-transform": image_transform,
    "image-process-json": image_process_json,
    "object-detection": object_detection,
}
