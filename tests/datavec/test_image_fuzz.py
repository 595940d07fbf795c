"""Damaged image files and stored processes: a result or one of our errors, soon, in little memory.

`DATAVEC_FUZZ_EXAMPLES` sets how many examples each test tries (default: a few, for CI).
"""

from __future__ import annotations

import io
import os
import tracemalloc
from contextlib import suppress

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from datavec import (
    DataVecError,
    ImageError,
    ImageTransformProcess,
    NativeImageLoader,
)
from datavec.images._headers import HeaderError, read_header, read_page_sizes
from datavec.images._objects import read_voc

fuzz = settings(
    max_examples=int(os.environ.get("DATAVEC_FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
LIMIT = 100_000
PICTURE = cv2.resize(np.random.default_rng(1).integers(0, 256, (4, 5, 3), dtype=np.uint8), (33, 22))


def _saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(PICTURE).convert(mode).save(out, kind, **options)
    return out.getvalue()


FILES = {
    "png": _saved("PNG"),
    "png palette": _saved("PNG", "P"),
    "jpeg": _saved("JPEG"),
    "progressive jpeg": _saved("JPEG", progressive=True),
    "cmyk jpeg": _saved("JPEG", "CMYK"),
    "gif": _saved("GIF", "P"),
    "bmp": _saved("BMP"),
    "bmp palette": _saved("BMP", "P"),
    "tiff": _saved("TIFF"),
    "tiff lzw": _saved("TIFF", compression="tiff_lzw"),
    "webp": _saved("WEBP"),
    "lossless webp": _saved("WEBP", lossless=True),
    "ppm": _saved("PPM"),
    "jpeg 2000": _saved("JPEG2000"),
}


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Some bytes changed, mostly in the header; perhaps cut off or lengthened."""
    body = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        head = draw(st.booleans())
        at = draw(st.integers(0, min(len(body), 64 if head else 1 << 20) - 1))
        if draw(st.booleans()):
            body[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFE, 0xFF]))
        else:
            body[at] ^= 1 << draw(st.integers(0, 7))
    if draw(st.booleans()):
        del body[draw(st.integers(0, len(body))) :]
    return bytes(body)


@pytest.mark.parametrize("name", FILES)
@fuzz
@given(data=st.data())
def test_damaged_files(name, data):
    body = data.draw(damaged(FILES[name]))
    loader = NativeImageLoader(8, 9, 3, max_pixels=LIMIT)
    tracemalloc.start()
    try:
        with suppress(ImageError):
            assert loader.as_matrix(body).shape == (1, 3, 8, 9)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # NumPy's arrays are traced, and OpenCV's come as such.
    assert peak < 16 * LIMIT + (2 << 20)


@fuzz
@given(st.sampled_from(["tiff", "tiff lzw", "gif"]), st.data())
def test_damaged_pages(name, data):
    body = data.draw(damaged(FILES[name]))
    with suppress(ImageError):
        found = NativeImageLoader(8, 9, 3, multi_page="MINIBATCH", max_pixels=LIMIT).as_matrix(body)
        assert found.shape[1:] == (3, 8, 9)


STARTS = [
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"GIF89a",
    b"RIFF\x10\0\0\0WEBPVP8L",
]
STARTS += [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0", b"BM", b"P6 ", b"v/1\x01"]
STARTS += [b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"]


@fuzz
@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_headers_of_anything(start, rest):
    for read in (read_header, read_page_sizes):
        with suppress(HeaderError):
            read(start + rest)
    with suppress(ImageError):
        NativeImageLoader(max_pixels=LIMIT).as_matrix(start + rest)


PROCESS = (
    ImageTransformProcess.builder()
    .seed(5)
    .crop_image_transform(1, 2, 3, 4)
    .resize_image_transform(20, 30)
    .rotate_image_transform(10, scale=0.5)
    .warp_image_transform(2)
    .random_crop_transform(4, 5)
    .filter_image_transform("hflip", 5, 4)
    .color_conversion_transform(6)
    .build()
)


@fuzz
@given(st.data())
def test_damaged_processes(data):
    text, read = data.draw(
        st.sampled_from(
            [
                (PROCESS.to_json(), ImageTransformProcess.from_json),
                (PROCESS.to_yaml(), ImageTransformProcess.from_yaml),
            ]
        )
    )
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 12))
    piece = data.draw(
        st.sampled_from(["", "9", "-", "[", "}", '"', "null", "1e9", "é", "\n", ": "])
    )
    with suppress(DataVecError):
        process = read(text[:at] + piece + text[at + cut :])
        process.execute(PICTURE)


VOC = b"<annotation><object><name>a</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax>"
VOC += b"<ymax>4</ymax></bndbox></object></annotation>"


@fuzz
@given(st.integers(0, len(VOC)), st.integers(0, 20), st.binary(max_size=8))
def test_damaged_annotations(at, cut, piece):
    with suppress(DataVecError):
        for found in read_voc(VOC[:at] + piece + VOC[at + cut :], "a.xml"):
            assert found.x1 <= found.x2
