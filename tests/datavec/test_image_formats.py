"""Files of every format, what they may hold besides plain colours, and files that are broken."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from contextlib import suppress

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from datavec import DataVecError, ImageError, MultiPageMode, NativeImageLoader
from datavec.images._headers import HeaderError, read_header, read_page_sizes

H, W = 12, 17
RNG = np.random.default_rng(5)
NOISE = RNG.integers(0, 256, (H, W, 3), dtype=np.uint8)  # red, green, blue
SMOOTH = cv2.resize(RNG.integers(0, 256, (3, 4, 3), dtype=np.uint8), (W, H))


def saved(image: np.ndarray, kind: str, mode: str | None = None, **options: object) -> bytes:
    """A file written by Pillow, which shares no code with OpenCV's bindings."""
    out = io.BytesIO()
    picture = Pillow.fromarray(image)
    (picture if mode is None else picture.convert(mode)).save(out, kind, **options)
    return out.getvalue()


def pixels(data: bytes, **options: object) -> np.ndarray:
    return NativeImageLoader(**options).as_mat(data)


# --- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"big_tiff": True}),
        ("WEBP", {"lossless": True}),
        ("PPM", {}),
        ("JPEG2000", {"irreversible": False}),
    ],
)
def test_lossless_formats_give_the_pixels(kind, options):
    data = saved(NOISE, kind, **options)
    found = pixels(data)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[:, :, ::-1], NOISE)
    header = read_header(data)
    assert (header.width, header.height) == (W, H)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_jpeg_is_decoded_as_pillow_does(options):
    data = saved(SMOOTH, "JPEG", quality=92, **options)
    expected = np.asarray(Pillow.open(io.BytesIO(data)))
    assert np.abs(pixels(data)[:, :, ::-1].astype(int) - expected).max() <= 1
    assert read_header(data).format == "JPEG"


def test_lossy_webp_is_decoded_as_pillow_does():
    data = saved(SMOOTH, "WEBP", quality=90)
    expected = np.asarray(Pillow.open(io.BytesIO(data)))
    assert np.abs(pixels(data)[:, :, ::-1].astype(int) - expected).max() <= 4


def test_gif_gives_its_first_frame():
    palette = Pillow.fromarray(SMOOTH).quantize(64)
    other = Pillow.fromarray(SMOOTH[::-1].copy()).quantize(64)
    out = io.BytesIO()
    palette.save(out, "GIF", save_all=True, append_images=[other])
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(pixels(out.getvalue())[:, :, ::-1], expected)


def test_palettes_and_single_bits_become_colours_and_grey():
    palette = Pillow.fromarray(SMOOTH).quantize(16)
    out = io.BytesIO()
    palette.save(out, "PNG", bits=4)
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(pixels(out.getvalue())[:, :, ::-1], expected)
    bits = NOISE[:, :, 0] > 127
    found = pixels(saved(bits, "PNG"))
    np.testing.assert_array_equal(found[:, :, 0], np.where(bits, 255, 0))
    np.testing.assert_array_equal(pixels(saved(bits, "PPM"))[:, :, 0], np.where(bits, 255, 0))


def test_the_name_of_a_file_does_not_matter(tmp_path):
    (tmp_path / "a.jpg").write_bytes(saved(NOISE, "PNG"))
    found = NativeImageLoader().as_matrix(tmp_path / "a.jpg")
    np.testing.assert_array_equal(found[0, ::-1].transpose(1, 2, 0), NOISE)
    with open(tmp_path / "a.jpg", "rb") as stream:
        np.testing.assert_array_equal(NativeImageLoader().as_matrix(stream), found)


# --- what files hold besides three channels of 8 bits ---------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "PPM"])
def test_grey_stays_one_channel_unless_three_are_asked_for(kind):
    grey = SMOOTH[:, :, 0]
    data = saved(grey, kind)
    expected = np.asarray(Pillow.open(io.BytesIO(data)).convert("L"))
    np.testing.assert_array_equal(pixels(data)[:, :, 0], expected)
    three = NativeImageLoader(channels=3).as_matrix(data)
    assert three.shape == (1, 3, H, W)
    np.testing.assert_array_equal(three[0, 1], expected)


def test_colour_becomes_grey_by_the_usual_weights():
    found = NativeImageLoader(channels=1).as_matrix(saved(NOISE, "PNG"))[0, 0]
    expected = NOISE @ np.array([0.299, 0.587, 0.114])
    assert np.abs(found - expected).max() <= 0.51


def test_transparency_is_dropped_or_blended_over_a_background():
    alpha = RNG.integers(0, 256, (H, W, 1), dtype=np.uint8)
    data = saved(np.concatenate([NOISE, alpha], axis=2), "PNG")
    np.testing.assert_array_equal(pixels(data)[:, :, ::-1], NOISE)
    blended = pixels(data, background=(255, 0, 10))
    weight = alpha / 255
    expected = NOISE * weight + np.array([10, 0, 255]) * (1 - weight)
    assert np.abs(blended[:, :, ::-1] - expected).max() <= 0.51
    grey = saved(np.concatenate([NOISE[:, :, :1], alpha], axis=2), "PNG", "LA")
    assert pixels(grey, background=(0, 0, 0)).shape[2] in (1, 3)


def test_four_channels_are_red_green_blue_and_opaque():
    found = NativeImageLoader(channels=4).as_matrix(saved(NOISE, "PNG"))[0]
    np.testing.assert_array_equal(found[:3].transpose(1, 2, 0), NOISE)
    assert (found[3] == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_values_unless_eight_are_asked_for(kind):
    deep = RNG.integers(0, 65536, (H, W), dtype=np.uint16)
    data = saved(deep, kind)
    found = NativeImageLoader().as_matrix(data)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[0, 0], deep)
    small = pixels(data, eight_bit=True)
    assert small.dtype == np.uint8
    assert np.abs(small[:, :, 0] - deep / 257).max() <= 0.5


def test_floating_point_pixels_keep_their_values():
    values = RNG.normal(size=(H, W)).astype(np.float32)
    np.testing.assert_array_equal(
        NativeImageLoader().as_matrix(saved(values, "TIFF"))[0, 0], values
    )


def test_exr_is_read_where_opencv_may(tmp_path):
    """OpenCV looks at its environment once, so another process has to."""
    code = """if True:
        import cv2, sys
        import numpy as np
        from datavec import NativeImageLoader
        values = np.arange(60, dtype=np.float32).reshape(4, 5, 3) / 7
        cv2.imwrite(sys.argv[1], values)
        np.testing.assert_array_equal(NativeImageLoader(max_pixels=20).as_mat(sys.argv[1]), values)
    """
    file = tmp_path / "a.exr"
    environment = os.environ | {"OPENCV_IO_ENABLE_OPENEXR": "1"}
    subprocess.run([sys.executable, "-c", code, str(file)], env=environment, check=True)
    with pytest.raises(ImageError, match="OPENCV_IO_ENABLE_OPENEXR=1"):
        NativeImageLoader().as_mat(file)
    with pytest.raises(ImageError, match="5x4 pixels, more than"):
        NativeImageLoader(max_pixels=19).as_mat(file)


def test_cmyk_becomes_colours():
    data = saved(SMOOTH, "JPEG", "CMYK", quality=95)
    assert np.abs(pixels(data)[:, :, ::-1].astype(int) - SMOOTH).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_as_exif_says(orientation):
    from PIL import ImageOps

    exif = Pillow.Exif()
    exif[274] = orientation
    data = saved(SMOOTH, "JPEG", quality=95, exif=exif)
    turned = ImageOps.exif_transpose(Pillow.open(io.BytesIO(data)))
    found = pixels(data)[:, :, ::-1].astype(int)
    assert np.abs(found - np.asarray(turned)).max() <= 1
    assert pixels(data, exif_orientation=False).shape == (H, W, 3)


def test_red_comes_first_where_asked_for():
    found = NativeImageLoader(channel_order="rgb").as_matrix(saved(NOISE, "PNG"), nchw=False)
    np.testing.assert_array_equal(found[0], NOISE)


def test_pages_are_examples_or_only_the_first_is_read():
    pages = [NOISE, NOISE[::-1].copy(), NOISE[:, ::-1].copy()]
    out = io.BytesIO()
    first, *rest = [Pillow.fromarray(p) for p in pages]
    first.save(out, "TIFF", save_all=True, append_images=rest)
    data = out.getvalue()
    assert read_page_sizes(data) == [(W, H)] * 3
    found = NativeImageLoader(multi_page=MultiPageMode.MINIBATCH).as_matrix(data)
    np.testing.assert_array_equal(found[:, ::-1].transpose(0, 2, 3, 1), pages)
    only = NativeImageLoader(multi_page="FIRST").as_matrix(data)
    np.testing.assert_array_equal(only, found[:1])
    with pytest.raises(ImageError, match="3 pages, more than the limit"):
        NativeImageLoader(multi_page="MINIBATCH", max_pixels=2 * H * W).as_matrix(data)


def test_frames_of_an_animation_obey_the_limit():
    frames = [Pillow.fromarray(np.roll(SMOOTH, i, 0)).quantize(32) for i in range(5)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    loader = NativeImageLoader(multi_page="MINIBATCH")
    assert loader.as_matrix(out.getvalue()).shape == (5, 3, H, W)
    with pytest.raises(ImageError, match="limit"):
        NativeImageLoader(multi_page="MINIBATCH", max_pixels=3 * H * W).as_matrix(out.getvalue())


# --- sizes ---------------------------------------------------------------------------------------


def test_resizing_is_linear_between_pixel_centres():
    image = np.arange(H * W, dtype=np.float32).reshape(H, W)  # linear, so interpolation is exact
    found = NativeImageLoader(2 * H, 2 * W).as_matrix(image)[0, 0]
    y = np.clip((np.arange(2 * H) + 0.5) / 2 - 0.5, 0, H - 1)
    x = np.clip((np.arange(2 * W) + 0.5) / 2 - 0.5, 0, W - 1)
    np.testing.assert_allclose(found, y[:, None] * W + x[None], rtol=1e-5)


@pytest.mark.parametrize("shape", [(6, 9), (9, 6), (7, 7), (4, 9)])
def test_centre_crop_takes_the_middle_square(shape):
    image = RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)
    side = min(shape)
    y, x = (shape[0] - side) // 2, (shape[1] - side) // 2
    found = NativeImageLoader(center_crop=True).as_matrix(image, nchw=False)[0]
    np.testing.assert_array_equal(found, image[y : y + side, x : x + side])
    there = NativeImageLoader(center_crop="deeplearning4j").as_matrix(image, nchw=False)[0]
    excess = abs(shape[0] - shape[1]) // 2
    cut = (
        (slice(excess, None), slice(None))
        if shape[0] > shape[1]
        else (slice(None), slice(excess, None))
    )
    np.testing.assert_array_equal(there, image[cut])


def test_scaled_decoding_is_close_to_averaging_blocks():
    large = cv2.resize(SMOOTH, (320, 240), interpolation=cv2.INTER_CUBIC)
    data = saved(large, "JPEG", quality=95)
    loader = NativeImageLoader(60, 80, 3, scaled_decoding=True)
    assert loader.as_mat(data).shape == (60, 80, 3)
    mean = large[:, :, ::-1].reshape(60, 4, 80, 4, 3).mean(axis=(1, 3))
    assert np.abs(loader.as_matrix(data, nchw=False)[0] - mean).mean() < 3
    assert NativeImageLoader(61, 80, 3, scaled_decoding=True).as_mat(data).shape == (120, 160, 3)
    assert NativeImageLoader(60, 80, 3).as_mat(data).shape == (240, 320, 3)


def test_arrays_round_trip_and_views_are_filled():
    loader = NativeImageLoader()
    matrix = loader.as_matrix(saved(NOISE, "PNG"))
    np.testing.assert_array_equal(loader.as_mat(matrix)[:, :, ::-1], NOISE)
    view = np.zeros((3, H, W), np.float32)
    loader.as_matrix_view(saved(NOISE, "PNG"), view)
    np.testing.assert_array_equal(view, matrix[0])
    np.testing.assert_array_equal(loader.as_row_vector(saved(NOISE, "PNG")), matrix.ravel())
    image = NativeImageLoader(5, 6, 1).as_image_matrix(saved(NOISE, "PNG"))
    assert (image.image.shape, image.orig_c, image.orig_h, image.orig_w) == ((1, 1, 5, 6), 3, H, W)
    with pytest.raises(DataVecError, match=r"array to fill \(3, 12, 18\)"):
        loader.as_matrix_view(saved(NOISE, "PNG"), np.zeros((3, H, W + 1), np.float32))


@pytest.mark.parametrize(
    "options",
    [
        {"height": 3},
        {"height": 0, "width": 3},
        {"channels": 2},
        {"channel_order": "gbr"},
        {"center_crop": "left"},
        {"max_pixels": 0},
        {"background": (0, 0, 300)},
        {"multi_page": "ALL"},
    ],
)
def test_wrong_options_are_refused(options):
    with pytest.raises(ValueError, match=str(next(iter(options))).split("_")[0]):
        NativeImageLoader(**options)


# --- broken files --------------------------------------------------------------------------------

FORMATS = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000"]


@pytest.mark.parametrize("kind", FORMATS)
def test_files_that_are_cut_off_are_refused_at_every_length(kind, tmp_path):
    image = cv2.resize(SMOOTH, (40, 30))
    data = saved(image, kind, "P" if kind == "GIF" else None)
    whole = pixels(data)
    for length in {*range(0, len(data), max(1, len(data) // 60)), len(data) - 1, len(data) - 3}:
        path = tmp_path / "cut.img"
        path.write_bytes(data[:length])
        found = None
        with suppress(ImageError):
            found = NativeImageLoader().as_mat(path)
        if found is not None:  # nothing that matters was cut off
            np.testing.assert_array_equal(found, whole)
            assert length >= len(data) - 3
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match=r"cut\.img: "):
        NativeImageLoader().as_mat(path)


def test_a_jpeg_without_its_end_is_refused_though_it_has_a_thumbnail():
    thumbnail = saved(SMOOTH, "JPEG")
    exif = b"Exif\0\0" + thumbnail  # ends as a JPEG does
    data = saved(cv2.resize(SMOOTH, (64, 48)), "JPEG", exif=exif)
    with pytest.raises(ImageError, match="damaged, cut off"):
        pixels(data[:-40])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "the file is empty"),
        (b"not an image at all", "none of the formats PNG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "without its header chunk"),
        (b"\xff\xd8\xff\xd9", "pixels come before its size"),
        (b"\xff\xd8\xff\xe0\0\x01", "length 1"),
        (b"GIF99a" + bytes(10), "unknown version"),
        (b"RIFF\0\0\0\0WAVEfmt ", "no WebP"),
        (b"II*\0\x08\0\0\0\0\0", "without a size"),
        (b"II+\0\x08\0\0\0" + b"\0" * 7 + b"\x80", "ends within its header"),
        (b"BM" + bytes(12) + struct.pack("<I", 5) + bytes(20), "header of 5 bytes"),
        (b"P6 hello", "without a size"),
    ],
)
def test_errors_say_what_is_wrong(data, text):
    with pytest.raises(ImageError, match=text):
        pixels(data)


def _png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def test_a_jpeg_of_thousands_of_scans_is_refused():
    data = saved(SMOOTH, "JPEG", progressive=True)
    at = data.index(b"\xff\xda")
    with pytest.raises(ImageError, match="more than 500 scans"):
        pixels(data[:at] + b"\xff\xda\0\x08\1\1\0\0\0\0" * 600 + data[at:])


def test_a_bomb_is_refused_by_its_header(monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it must not be decoded"))
    with pytest.raises(ImageError, match=r"60000x60000 pixels, more than the limit of 100000000"):
        pixels(_png_of(60_000, 60_000))
    with pytest.raises(ImageError, match="raise max_pixels"):
        pixels(saved(NOISE, "PNG"), max_pixels=H * W - 1)


def test_damage_inside_is_noticed_where_the_format_can():
    data = bytearray(saved(NOISE, "PNG"))
    data[len(data) // 2] ^= 0x55  # the chunk's checksum no longer fits
    with pytest.raises(ImageError, match="damaged"):
        pixels(bytes(data))


def test_a_tiff_whose_pages_go_in_a_circle_is_refused():
    data = bytearray(saved(NOISE, "TIFF"))
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    struct.pack_into(order + "I", data, at + 2 + 12 * count, at)
    with pytest.raises(HeaderError, match="lead back"):
        read_page_sizes(bytes(data))


def test_missing_files_and_wrong_sources_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        NativeImageLoader().as_matrix(tmp_path / "none.png")
    with pytest.raises(TypeError, match="path, URL, bytes"):
        NativeImageLoader().as_matrix(7)
    with pytest.raises(DataVecError, match="a batch of 2"):
        NativeImageLoader().as_matrix(np.zeros((2, 3, 4, 4), np.float32))
