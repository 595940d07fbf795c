"""Image transforms as a stored process."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from datavec import (
    AbstractImageTransform,
    BoxImageTransform,
    ColorConversionTransform,
    CropImageTransform,
    DataVecError,
    EqualizeHistTransform,
    FilterImageTransform,
    FlipImageTransform,
    ImageTransformProcess,
    LargestBlobCropTransform,
    MultiImageTransform,
    PipelineImageTransform,
    RandomCropTransform,
    ResizeImageTransform,
    RotateImageTransform,
    ScaleImageTransform,
    SerializationError,
    ShowImageTransform,
    UnsupportedTransformError,
    WarpImageTransform,
)
from nd4py.data import JavaRandom

IMAGE = np.random.default_rng(3).integers(0, 256, (12, 16, 3), dtype=np.uint8)

ALL = ImageTransformProcess(
    (
        CropImageTransform(1, 2, 3, 4),
        RandomCropTransform(3, 4, seed=77),
        BoxImageTransform(4, 5, border_value=(1, 2, 3)),
        FlipImageTransform(-1),
        ResizeImageTransform(4, 5),
        ScaleImageTransform(1.5, 2),
        RotateImageTransform(10, 1, 2, 0.5, inter_mode=0, border_value=9),
        WarpImageTransform((1, 2, 3, 4, 5, 6, 7, 8), border_mode=1),
        ColorConversionTransform(6),
        EqualizeHistTransform(6),
        LargestBlobCropTransform(lower_thresh=50, is_canny=False),
        FilterImageTransform("hflip,gblur=sigma=2", 4, 5),
        ShowImageTransform("window", 5),
    ),
    seed=12,
)
NESTED = ImageTransformProcess(
    (
        MultiImageTransform((FlipImageTransform(1), CropImageTransform(1))),
        PipelineImageTransform(
            [(FlipImageTransform(1), 0.5), CropImageTransform(2)], seed=4, shuffle=True
        ),
    )
)


def test_processes_are_stored_as_json_and_yaml():
    for process in (ALL, NESTED):
        assert ImageTransformProcess.from_json(process.to_json()) == process
    assert ImageTransformProcess.from_yaml(ALL.to_yaml()) == ALL
    with pytest.raises(SerializationError, match="use JSON"):
        NESTED.to_yaml()
    yaml = ImageTransformProcess((WarpImageTransform(1),), 3).to_yaml()
    assert yaml.splitlines()[:5] == [
        "---",
        "seed: 3",
        "transformList:",
        "- !<org.datavec.image.transform.WarpImageTransform>",
        "  deltas:",
    ]


def test_json_of_the_jvm_with_its_bookkeeping_is_read():
    text = json.dumps(
        {
            "seed": 0,
            "transformList": [
                {
                    "@class": "org.datavec.image.transform.FlipImageTransform",
                    "flipMode": 1,
                    "h": 3,
                    "w": 4,
                    "mode": 1,
                }
            ],
        }
    )
    process = ImageTransformProcess.from_json(text)
    assert process.transform_list == (FlipImageTransform(1),)
    np.testing.assert_array_equal(process.execute(IMAGE), IMAGE[:, ::-1])


def test_a_seed_makes_bounds_of_the_numbers_anew_for_each_image():
    process = ImageTransformProcess((CropImageTransform(3), FlipImageTransform(0)), seed=5)
    draws = JavaRandom(5)
    expected = CropImageTransform(3).transform(IMAGE, draws)
    expected = FlipImageTransform(0).transform(expected, draws)
    for _ in range(2):
        np.testing.assert_array_equal(process.execute(IMAGE), expected)
    fixed = ImageTransformProcess((CropImageTransform(3), FlipImageTransform(0)))
    np.testing.assert_array_equal(fixed.execute(IMAGE), IMAGE[3:-3, 3:-3][::-1])
    array = fixed.execute_array(IMAGE)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array[0].transpose(1, 2, 0), fixed.execute(IMAGE))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "expected an object"),
        ('{"seed": 1}', "expected an object"),
        ('{"transformList": [{"@class": "java.io.File"}]}', "not supported"),
        ('{"transformList": [{"flipMode": 1}]}', "@class"),
        (
            (
                '{"transformList": [{"@class": "org.datavec.image.transform.ResizeImageTransform",'
                ' "newWidth": 3}]}'
            ),
            r"transformList\[0\]\.newHeight: missing key",
        ),
        (
            (
                '{"transformList": [{"@class": "org.datavec.image.transform.ResizeImageTransform",'
                ' "newWidth": 3, "newHeight": 99999999}]}'
            ),
            "at most 32768",
        ),
        (
            (
                '{"transformList": [{"@class": "org.datavec.image.transform.FilterImageTransform",'
                ' "filters": "movie=x", "width": 3, "height": 3, "channels": 3}]}'
            ),
            "not allowed",
        ),
        ('{"seed": 99999999999, "transformList": []}', "32 bits"),
        ('{"transformList": [{"@class": "org.datavec.api.transform.schema.Schema"}]}', "."),
    ],
)
def test_json_that_is_no_process_is_refused(text, message):
    with pytest.raises(DataVecError, match=message):
        ImageTransformProcess.from_json(text)


def test_transforms_of_your_own_run_but_are_not_stored():
    @dataclass
    class Invert(AbstractImageTransform):
        def apply(self, image, draws):
            return 255 - image, np.eye(3)

    process = ImageTransformProcess((Invert(), FlipImageTransform(1)))
    np.testing.assert_array_equal(process.execute(IMAGE), 255 - IMAGE[:, ::-1])
    with pytest.raises(UnsupportedTransformError, match="Invert has no JSON form"):
        process.to_json()
