"""Image transforms against the same thing computed in another way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from datavec import (
    BoxImageTransform,
    ColorConversionTransform,
    CropImageTransform,
    DataVecError,
    EqualizeHistTransform,
    FilterImageTransform,
    FlipImageTransform,
    LargestBlobCropTransform,
    MultiImageTransform,
    PipelineImageTransform,
    RandomCropTransform,
    ResizeImageTransform,
    RotateImageTransform,
    ScaleImageTransform,
    ShowImageTransform,
    UnsupportedTransformError,
    WarpImageTransform,
)
from datavec.images._draws import RecordDraws
from nd4py.data import JavaRandom

RNG = np.random.default_rng(3)
IMAGE = RNG.integers(0, 256, (12, 16, 3), dtype=np.uint8)


def smooth(height: int, width: int) -> np.ndarray:
    """A picture without edges, in which interpolation has little to lose."""
    y, x = np.mgrid[:height, :width] / 7
    channels = [np.sin(x + p) * np.cos(y - p) for p in (0, 1, 2)]
    return ((np.stack(channels, axis=2) + 1) * 127).astype(np.uint8)


def sampled(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Linear interpolation at coordinates; 0 outside, as a constant border gives."""
    padded = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)))
    x, y = np.clip(x, -1, image.shape[1]) + 1, np.clip(y, -1, image.shape[0]) + 1
    x0 = np.clip(np.floor(x).astype(int), 0, image.shape[1])
    y0 = np.clip(np.floor(y).astype(int), 0, image.shape[0])
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    top = padded[y0, x0] * (1 - fx) + padded[y0, x0 + 1] * fx
    bottom = padded[y0 + 1, x0] * (1 - fx) + padded[y0 + 1, x0 + 1] * fx
    return top * (1 - fy) + bottom * fy


# --- fixed transforms ----------------------------------------------------------------------------


@given(*[st.integers(0, 20)] * 4)
@settings(max_examples=60, deadline=None)
def test_crop_leaves_at_least_a_pixel(top, left, bottom, right):
    crop = CropImageTransform(top, left, bottom, right)
    found = crop.transform(IMAGE)
    y, x = min(top, 11), min(left, 15)
    y2, x2 = max(y + 1, 12 - bottom), max(x + 1, 16 - right)
    np.testing.assert_array_equal(found, IMAGE[y:y2, x:x2])
    assert crop.query([5, 6]).tolist() == [5 - x, 6 - y]


@given(st.integers(1, 30), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_box_pads_and_cuts_around_the_middle(width, height):
    box = BoxImageTransform(width, height, border_value=7)
    found = box.transform(IMAGE)
    assert found.shape == (height, width, 3)
    expected = np.full((height, width, 3), 7, np.uint8)
    for row in range(height):
        for column in range(width):
            y, x = row + int((12 - height) / 2), column + int((16 - width) / 2)
            if 0 <= y < 12 and 0 <= x < 16:
                expected[row, column] = IMAGE[y, x]
    # A part that is larger by an odd number loses the pixel at its end.
    np.testing.assert_array_equal(found, expected)
    shift = [-int((16 - width) / 2), -int((12 - height) / 2)]
    assert box.query([0, 0]).tolist() == shift


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (0, IMAGE[::-1]),
        (1, IMAGE[:, ::-1]),
        (7, IMAGE[:, ::-1]),
        (-1, IMAGE[::-1, ::-1]),
        (-9, IMAGE[::-1, ::-1]),
    ],
)
def test_flip(mode, expected):
    flip = FlipImageTransform(mode)
    np.testing.assert_array_equal(flip.transform(IMAGE), expected)
    x, y = flip.query([2, 5]).astype(int)
    np.testing.assert_array_equal(expected[y, x], IMAGE[5, 2])


def test_resize_agrees_with_linear_interpolation():
    image = smooth(30, 40)
    resize = ResizeImageTransform(60, 50)
    y, x = np.mgrid[:50, :60]
    source = np.clip((x + 0.5) * 40 / 60 - 0.5, 0, 39), np.clip((y + 0.5) * 30 / 50 - 0.5, 0, 29)
    assert np.abs(resize.transform(image) - sampled(image, *source)).max() <= 1
    np.testing.assert_allclose(resize.query([[4, 3]]), [[6, 5]])


def test_scale_adds_pixels_to_the_sides():
    assert ScaleImageTransform(4).transform(IMAGE).shape == (16, 20, 3)
    scale = ScaleImageTransform(-8, 3.5)
    # Halves are rounded up: 12 + 3.5 gives 16 rows.
    np.testing.assert_array_equal(
        scale.transform(IMAGE), ResizeImageTransform(8, 16).transform(IMAGE)
    )
    np.testing.assert_allclose(scale.query([4, 3]), [2, 4])
    with pytest.raises(DataVecError, match=r"16x12 would become 0x-4"):
        ScaleImageTransform(-16).transform(IMAGE)


@pytest.mark.parametrize("options", [(90, 0, 0, 0), (30, 0, 0, 0.5), (-200, 3, -4, -0.25)])
@pytest.mark.parametrize("shape", [(20, 30), (21, 31)])
def test_rotation_agrees_with_its_formula(options, shape):
    angle, cx, cy, scale = options
    image = smooth(*shape)
    rotate = RotateImageTransform(angle, cx, cy, scale)
    found = rotate.transform(image)
    x0, y0 = shape[1] // 2 + cx, shape[0] // 2 + cy
    cos, sin = (f(np.radians(angle)) for f in (np.cos, np.sin))

    def forward(x, y):  # counter-clockwise on a screen, whose y grows downward
        dx, dy = x - x0, y - y0
        return x0 + (1 + scale) * (cos * dx + sin * dy), y0 + (1 + scale) * (-sin * dx + cos * dy)

    np.testing.assert_allclose(rotate.query([3, 4]), forward(3, 4), rtol=1e-5)
    y, x = np.mgrid[: shape[0], : shape[1]]
    dx, dy = (x - x0) / (1 + scale), (y - y0) / (1 + scale)
    source = x0 + cos * dx - sin * dy, y0 + sin * dx + cos * dy
    # OpenCV rounds places to 1/32 of a pixel.
    assert np.abs(found - sampled(image, *source)).max() <= 8


def test_warp_moves_the_corners():
    image = smooth(20, 30)
    deltas = (2, 1, -3, 0, -1, -2, 4, -1)
    warp = WarpImageTransform(deltas)
    found = warp.transform(image)
    corners = np.array([[0, 0], [30, 0], [30, 20], [0, 20]])
    moved = corners + np.reshape(deltas, (4, 2))
    np.testing.assert_allclose(warp.query(corners), moved, atol=1e-4)
    # The projective map from the result back to the image, from its four points.
    rows, right = [], []
    for (x, y), (u, v) in zip(moved, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    back = np.append(np.linalg.solve(np.array(rows, float), right), 1).reshape(3, 3)
    y, x = np.mgrid[:20, :30]
    at = np.einsum("ij,j...->i...", back, np.stack([x, y, np.ones_like(x)]))
    assert np.abs(found - sampled(image, at[0] / at[2], at[1] / at[2])).max() <= 8
    assert WarpImageTransform(0.5) == WarpImageTransform((0.5,) * 8)


@pytest.mark.parametrize("cls", [RotateImageTransform, WarpImageTransform])
def test_what_lies_outside_is_the_border_value(cls):
    white = np.full((9, 9, 3), 255, np.uint8)
    found = (
        cls(45, border_value=(10, 20, 30))
        if cls is RotateImageTransform
        else cls((4, 4, -4, 4, -4, -4, 4, -4), border_value=(10, 20, 30))
    )
    assert found.transform(white)[0, 0].tolist() == [10, 20, 30]


def test_colour_conversions():
    grey = ColorConversionTransform(6).transform(IMAGE)
    weights = IMAGE @ np.array([0.114, 0.587, 0.299])
    assert grey.shape == (12, 16, 1)
    assert np.abs(grey[:, :, 0] - weights).max() <= 0.51
    rgb = ColorConversionTransform(4).transform(IMAGE)
    np.testing.assert_array_equal(rgb, IMAGE[:, :, ::-1])
    assert ColorConversionTransform().conversion_code == 50
    hsv = ColorConversionTransform(40).transform(IMAGE)
    expected = np.asarray(Pillow.fromarray(IMAGE[:, :, ::-1].copy()).convert("HSV"))
    np.testing.assert_array_equal(hsv[:, :, 2], expected[:, :, 2])
    with pytest.raises(
        DataVecError, match=r"ColorConversionTransform: OpenCV cannot .* 16x12 with 1 "
    ):
        ColorConversionTransform(6).transform(grey)


def test_equalizing_spreads_the_first_channel():
    found = EqualizeHistTransform().transform(IMAGE)
    np.testing.assert_array_equal(found[:, :, 1:], IMAGE[:, :, 1:])
    values = IMAGE[:, :, 0]
    counts = np.bincount(values.ravel(), minlength=256).cumsum()
    first = counts[values.min()]
    expected = np.rint((counts - first) * 255 / (values.size - first))[values]
    assert np.abs(found[:, :, 0] - expected).max() <= 1


@pytest.mark.parametrize("canny", [True, False])
def test_the_largest_blob_is_found(canny):
    image = np.zeros((60, 80, 3), np.uint8)
    image[5:45, 40:70] = 255  # the larger of the two comes first
    image[50:56, 5:15] = 255
    blob = LargestBlobCropTransform(is_canny=canny)
    found = blob.transform(image)
    assert abs(found.shape[0] - 40) <= 4
    assert abs(found.shape[1] - 30) <= 4
    x, y = blob.query([40, 5])
    assert 0 <= x <= 2
    assert 0 <= y <= 2
    grey = LargestBlobCropTransform(is_canny=canny).transform(image[:, :, 0])
    np.testing.assert_array_equal(grey, found[:, :, :1])
    black = np.zeros((6, 7, 3), np.uint8)
    np.testing.assert_array_equal(LargestBlobCropTransform().transform(black), black)


def test_ffmpeg_filters():
    found = FilterImageTransform("hflip", 16, 12).transform(IMAGE)
    np.testing.assert_array_equal(found, IMAGE[:, ::-1])
    grey = FilterImageTransform("negate,vflip", 16, 12, 1).transform(IMAGE[:, :, 0])
    np.testing.assert_array_equal(grey[:, :, 0], 255 - IMAGE[::-1, :, 0])
    scaled = FilterImageTransform("crop=8:6:2:3", 16, 12)
    np.testing.assert_array_equal(scaled.transform(IMAGE), IMAGE[3:9, 2:10])
    line = FilterImageTransform("vflip", 16, 1).transform(IMAGE[:1])
    np.testing.assert_array_equal(line, IMAGE[:1])
    with pytest.raises(UnsupportedTransformError, match="where a filter moves"):
        scaled.query([0, 0])
    with pytest.raises(DataVecError, match="expected an image of 5x4"):
        FilterImageTransform("hflip", 5, 4).transform(IMAGE)
    with pytest.raises(DataVecError, match="FFmpeg refuses 'crop=no'"):
        FilterImageTransform("crop=no", 16, 12).transform(IMAGE)


@pytest.mark.parametrize(
    "text", ["movie=/etc/passwd", "hflip,lut3d=file=x", "", "hflip;vflip", "[a]hflip"]
)
def test_filters_that_reach_beyond_the_picture_are_refused(text):
    with pytest.raises(UnsupportedTransformError, match="not allowed"):
        FilterImageTransform(text, 16, 12)


def test_shown_images_pass_unchanged():
    seen = []
    show = ShowImageTransform("look", canvas=lambda *shown: seen.append(shown))
    np.testing.assert_array_equal(show.transform(IMAGE), IMAGE)
    assert seen[0][0] == "look"
    np.testing.assert_array_equal(seen[0][1], IMAGE[:, :, ::-1])
    with pytest.raises(DataVecError, match="ShowImageTransform: OpenCV cannot"):
        ShowImageTransform("no window").transform(IMAGE)


# --- numbers of pixels ---------------------------------------------------------------------------

FIXED = [
    CropImageTransform(1),
    RandomCropTransform(5, 6),
    BoxImageTransform(20, 5),
    FlipImageTransform(0),
    ResizeImageTransform(9, 8),
    ScaleImageTransform(2),
    RotateImageTransform(20),
    WarpImageTransform(1),
]


@pytest.mark.parametrize("transform", FIXED, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_every_kind_of_pixel(transform, channels, dtype):
    image = RNG.integers(0, 200, (12, 16, channels)).astype(dtype)
    before = image.copy()
    found = transform.transform(image)
    assert found.ndim == 3
    assert found.shape[2] == channels
    assert found.dtype == dtype
    np.testing.assert_array_equal(image, before)
    assert transform.current_image is found


@pytest.mark.parametrize(
    "value", [np.zeros((3,)), np.zeros((0, 4, 3), np.uint8), np.zeros((3, 3), complex), "a"]
)
def test_what_is_no_image_is_refused(value):
    with pytest.raises(DataVecError, match="FlipImageTransform: expected"):
        FlipImageTransform(1).transform(value)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: CropImageTransform(-1), ValueError),
        (lambda: CropImageTransform(1.5), TypeError),
        (lambda: RandomCropTransform(0, 4), ValueError),
        (lambda: BoxImageTransform(4, 1 << 20), ValueError),
        (lambda: BoxImageTransform(20_000, 20_000), ValueError),
        (lambda: ResizeImageTransform(True, 4), TypeError),
        (lambda: RotateImageTransform(float("nan")), ValueError),
        (lambda: RotateImageTransform(1e300), ValueError),
        (lambda: WarpImageTransform(float("-inf")), ValueError),
        (lambda: ScaleImageTransform("1"), TypeError),
        (lambda: WarpImageTransform((1, 2)), ValueError),
        (lambda: BoxImageTransform(4, 4, border_value=(1, 2, 3, 4, 5)), ValueError),
        (lambda: PipelineImageTransform([(FlipImageTransform(1), 1.5)]), ValueError),
        (lambda: PipelineImageTransform(["flip"]), TypeError),
        (lambda: MultiImageTransform([None]), TypeError),
        (lambda: FilterImageTransform("hflip", 4, 4, 2), ValueError),
    ],
)
def test_wrong_options_are_refused(make, error):
    with pytest.raises(error, match=r"\w+Transform: "):
        make()


def test_query_needs_an_image_and_pairs():
    with pytest.raises(DataVecError, match="transform an image before query"):
        FlipImageTransform(1).query([1, 2])
    flip = FlipImageTransform(1)
    flip.transform(IMAGE)
    with pytest.raises(DataVecError, match="3 numbers, which is odd"):
        flip.query([1, 2, 3])


# --- random transforms ---------------------------------------------------------------------------


def test_parameters_are_drawn_as_java_draws_them():
    """With the numbers of java.util.Random(42) drawn by hand in the order of the JVM's code."""
    ints = JavaRandom(42)
    top, left, bottom, right = (ints.next_int(n + 1) for n in (3, 4, 5, 6))
    crop = CropImageTransform(3, 4, 5, 6, random=JavaRandom(42))
    np.testing.assert_array_equal(
        crop.transform(IMAGE), IMAGE[top : 12 - bottom, left : 16 - right]
    )
    mode = ints.next_int(4) - 2  # the next draw of the same generator
    flipped = FlipImageTransform(0).transform(IMAGE, crop.random)
    np.testing.assert_array_equal(flipped, {-2: IMAGE, 0: IMAGE[::-1]}.get(mode, flipped))

    floats = JavaRandom(7)
    cy, cx, angle, scale = (2 * floats.next_float() - 1 for _ in range(4))
    by_hand = RotateImageTransform(30 * angle, 2 * cx, 3 * cy, 0.5 * scale).transform(IMAGE)
    drawn = RotateImageTransform(30, 2, 3, 0.5).transform(IMAGE, JavaRandom(7))
    np.testing.assert_array_equal(drawn, by_hand)

    floats = JavaRandom(9)
    dy, dx = (2 * floats.next_float() - 1 for _ in range(2))
    drawn = ScaleImageTransform(5, 4).transform(IMAGE, JavaRandom(9))
    assert drawn.shape[:2] == (int(np.floor(12 + 4 * dy + 0.5)), int(np.floor(16 + 5 * dx + 0.5)))

    floats = JavaRandom(11)
    deltas = tuple(3 * (2 * floats.next_float() - 1) for _ in range(8))
    drawn = WarpImageTransform(3).transform(IMAGE, JavaRandom(11))
    np.testing.assert_array_equal(drawn, WarpImageTransform(deltas).transform(IMAGE))


def test_flips_of_a_generator_are_one_of_four():
    flip = FlipImageTransform(random=JavaRandom(1))
    seen = {flip.transform(IMAGE).tobytes() for _ in range(60)}
    wanted = {i.tobytes() for i in (IMAGE, IMAGE[::-1], IMAGE[:, ::-1], IMAGE[::-1, ::-1])}
    assert seen == wanted


def test_random_crops_cover_all_places_and_repeat_with_their_seed():
    crops = [RandomCropTransform(11, 14, seed=5) for _ in range(2)]
    places = set()
    for _ in range(100):
        first, second = (c.transform(IMAGE) for c in crops)
        np.testing.assert_array_equal(first, second)
        x, y = -crops[0].query([0, 0])
        places.add((int(x), int(y)))
        np.testing.assert_array_equal(first, IMAGE[int(y) : int(y) + 11, int(x) : int(x) + 14])
    assert places == {(x, y) for x in range(3) for y in range(2)}
    with pytest.raises(DataVecError, match=r"16x12\) is smaller than the part to take \(17x5"):
        RandomCropTransform(5, 17).transform(IMAGE)


def test_pipelines_choose_by_probability():
    pipeline = PipelineImageTransform(
        [(CropImageTransform(1), 0.25), CropImageTransform(1, 0, 0, 0)]
    )
    heights = [pipeline.transform(IMAGE).shape[0] for _ in range(400)]
    assert set(heights) == {11, 9}
    assert 60 < heights.count(9) < 140
    never = PipelineImageTransform([(CropImageTransform(5), 0.0)])
    np.testing.assert_array_equal(never.transform(IMAGE), IMAGE)


def test_shuffled_pipelines_try_all_orders():
    steps = [CropImageTransform(2, 0, 0, 0), FlipImageTransform(0)]
    pipeline = PipelineImageTransform(steps, shuffle=True, seed=3)
    seen = {pipeline.transform(IMAGE).tobytes() for _ in range(30)}
    assert seen == {IMAGE[2:][::-1].tobytes(), IMAGE[::-1][2:].tobytes()}


def test_points_follow_several_transforms():
    both = MultiImageTransform(
        [CropImageTransform(1, 2, 0, 0), FlipImageTransform(1), ResizeImageTransform(28, 22)]
    )
    found = both.transform(smooth(12, 16))
    assert found.shape == (22, 28, 3)
    np.testing.assert_allclose(both.query([5, 4]), [(14 - 1 - 3) * 2, 3 * 2])
    shared = MultiImageTransform(
        [FlipImageTransform(), CropImageTransform(3)], random=JavaRandom(2)
    )
    draws = JavaRandom(2)
    by_hand = FlipImageTransform().transform(IMAGE, draws)
    by_hand = CropImageTransform(3).transform(by_hand, draws)
    np.testing.assert_array_equal(shared.transform(IMAGE), by_hand)


def test_draws_of_a_record_depend_on_its_key_alone():
    pipeline = PipelineImageTransform(
        [
            (FlipImageTransform(random=JavaRandom(1)), 0.5),
            RandomCropTransform(6, 6),
            CropImageTransform(1),
            MultiImageTransform([RotateImageTransform(40)], random=JavaRandom(1)),
        ],
        shuffle=True,
    )

    def run(*key):
        return pipeline.run(IMAGE, RecordDraws(*key))[0].tobytes()

    first = [run(5, i) for i in range(30)]
    assert [run(5, i) for i in reversed(range(30))] == first[::-1]
    assert len(set(first)) > 25
    assert run(6, 0) != first[0]
    # What has no generator and is not random by nature stays fixed.
    fixed = CropImageTransform(1)
    np.testing.assert_array_equal(fixed.run(IMAGE, RecordDraws(1))[0], IMAGE[1:-1, 1:-1])
