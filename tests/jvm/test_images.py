"""Processes of image transforms that are written here run in the JVM, with the same pixels."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import datavec as dv
from datavec import ImageTransformProcess

pytestmark = pytest.mark.jvm

IMAGE = np.random.default_rng(3).integers(0, 256, (9, 12, 3), dtype=np.uint8)


def made(seed: int, *steps: Any) -> ImageTransformProcess:
    return ImageTransformProcess(steps, seed)


# Whether pixels are compared: not where the two OpenCVs round differently, or ND4J draws.
PROCESSES: dict[str, tuple[ImageTransformProcess, float | None]] = {
    "crop": (made(0, dv.CropImageTransform(1, 2, 3, 0)), 0),
    "resize": (made(0, dv.ResizeImageTransform(6, 5)), 1),
    "flip": (made(0, dv.FlipImageTransform(1)), 0),
    "scale": (made(0, dv.ScaleImageTransform(3, -2)), 1),
    "colour": (made(0, dv.ColorConversionTransform(4)), 1),  # BGR to RGB
    "rotate": (made(0, dv.RotateImageTransform(30.0)), 2),
    "warp": (made(0, dv.WarpImageTransform([1, 2, 0, 1, 2, 1, 1, 0])), None),
    "equalize": (made(0, dv.EqualizeHistTransform()), None),
    "random crop": (made(0, dv.RandomCropTransform(4, 5)), None),
    "drawn": (made(12, dv.CropImageTransform(3), dv.FlipImageTransform(0)), 0),
    "chain": (
        made(0, dv.CropImageTransform(1), dv.ResizeImageTransform(7, 7), dv.FlipImageTransform(-1)),
        1,
    ),
}


@pytest.fixture(scope="module")
def ran(jvm_of_module) -> dict[str, dict[str, Any]]:
    image = jvm_of_module.put("image", IMAGE.transpose(2, 0, 1)[None].astype(np.float32))
    jobs = []
    for name, (process, tolerance) in PROCESSES.items():
        job = {"job": "image-apply", "process": process.to_json(), "yaml": process.to_yaml()}
        if tolerance is not None:
            job |= {"image": image, "save": jvm_of_module.wanted(name)}
        jobs.append(job)
    return dict(zip(PROCESSES, jvm_of_module.run(*jobs), strict=True))


@pytest.mark.parametrize("name", PROCESSES)
def test_process_gives_the_same_pixels_there(ran, jvm_of_module, name: str) -> None:
    process, tolerance = PROCESSES[name]
    for form in ("json", "yaml"):
        assert ImageTransformProcess.from_json(ran[name][form]) == process
    theirs = json.loads(ran[name]["json"])
    for ours, other in zip(
        json.loads(process.to_json())["transformList"], theirs["transformList"], strict=True
    ):
        assert ours.items() <= other.items()
    if tolerance is not None:
        pixels = jvm_of_module.get(name)
        np.testing.assert_allclose(process.execute_array(IMAGE), pixels, atol=tolerance, rtol=0)
