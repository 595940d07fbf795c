"""Objects in images: boxes on a grid, boxes that follow transforms, annotation files."""

from __future__ import annotations

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from datavec import (
    BoxImageTransform,
    ColorConversionTransform,
    CropImageTransform,
    DataVecError,
    DictLabelProvider,
    FilterImageTransform,
    FlipImageTransform,
    ImageObject,
    ImageTransformProcess,
    MultiImageTransform,
    ObjectDetectionRecordReader,
    RandomCropTransform,
    RecordReaderDataSetIterator,
    ResizeImageTransform,
    RotateImageTransform,
    SvhnLabelProvider,
    VocLabelProvider,
)

HEIGHT, WIDTH = 60, 80


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images with one white rectangle each."""
    for i in range(4):
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        image[10 + i : 31 + i, 20 : 41 + i] = 255
        cv2.imwrite(str(tmp_path / f"{i}.png"), image)
    return tmp_path


def objects() -> DictLabelProvider:
    return DictLabelProvider(
        {
            f"{i}.png": [ImageObject(20, 10 + i, 40 + i, 30 + i, "box" if i % 2 else "ball")]
            for i in range(4)
        }
    )


def reader(folder, transform=None, **options):
    return ObjectDetectionRecordReader(
        folder, HEIGHT, WIDTH, 3, 6, 8, objects(), image_transform=transform, **options
    )


def box_of(label: np.ndarray) -> tuple[list[float], tuple[int, int], int]:
    """Corners in pixels, cell, and class of the only object of a label array."""
    _, row, column = np.argwhere(label[0, 4:])[0]
    corners = label[0, :4, row, column] * np.array([WIDTH / 8, HEIGHT / 6] * 2)
    return corners.tolist(), (row, column), int(label[0, 4:, row, column].argmax())


def test_boxes_are_at_the_cell_of_their_centre(folder):
    made = reader(folder)
    assert made.labels == ["ball", "box"]
    for i, (image, label) in enumerate(made):
        assert image.shape == (1, 3, HEIGHT, WIDTH)
        assert label.shape == (1, 6, 6, 8)
        corners, cell, kind = box_of(label)
        np.testing.assert_allclose(corners, [20, 10 + i, 40 + i, 30 + i], rtol=1e-6)
        assert cell == ((20 + i) // 10, (30 + i // 2) // 10)
        assert kind == i % 2
        assert np.count_nonzero(label) == 5
    last = reader(folder, nchw=False)
    image, label = last.next()
    assert (image.shape, label.shape) == ((1, HEIGHT, WIDTH, 3), (1, 6, 8, 6))
    np.testing.assert_array_equal(
        label.transpose(0, 3, 1, 2), made.load_from_metadata([next_metadata(made)])[0][1]
    )


def test_a_centre_between_two_cells(tmp_path):
    """Which cell has it follows from the arithmetic of Deeplearning4j: 7 * 8 / 10 / 7 * 5 < 4."""
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((10, 11, 3), np.uint8))
    provider = DictLabelProvider({"a.png": [ImageObject(6, 8, 6, 8, "x")]})
    for height, row in ((7, 3), (8, 4)):
        made = ObjectDetectionRecordReader(tmp_path, height, 4, 3, 5, 5, provider)
        assert np.argwhere(made.next()[1][0, 4]).tolist() == [[row, 2]]


def next_metadata(made):
    made.reset()
    metadata = made.next_record()[1]
    assert (metadata.channels, metadata.height, metadata.width) == (3, HEIGHT, WIDTH)
    return metadata


def white_box(image: np.ndarray) -> list[int]:
    """The bounding box of what is white, found in the pixels."""
    ys, xs = np.nonzero(image[0, 1] > 127)
    return [xs.min(), ys.min(), xs.max(), ys.max()]


@pytest.mark.parametrize(
    "transform",
    [
        FlipImageTransform(1),
        FlipImageTransform(0),
        FlipImageTransform(-1),
        CropImageTransform(4, 6, 8, 10),
        BoxImageTransform(100, 50),
        ResizeImageTransform(120, 30),
        RotateImageTransform(90),
        RotateImageTransform(30),
        MultiImageTransform(
            [FlipImageTransform(1), CropImageTransform(5), RotateImageTransform(-15)]
        ),
        ImageTransformProcess((FlipImageTransform(0), CropImageTransform(6)), seed=4),
        ColorConversionTransform(4),
    ],
    ids=str,
)
def test_boxes_follow_the_pixels(folder, transform):
    for image, label in reader(folder, transform):
        corners, _, _ = box_of(label)
        # A pixel of the original, twice: positions are rounded, and the image is resized at last.
        assert np.abs(np.array(corners) - white_box(image)).max() <= 4, corners


def test_objects_that_leave_the_image_are_left_out(folder):
    made = reader(folder, CropImageTransform(0, 50, 0, 0))
    assert all(np.count_nonzero(label) == 0 for _, label in made)
    partly = reader(folder, CropImageTransform(0, 25, 0, 0))
    corners, _, _ = box_of(partly.next()[1])
    assert corners[0] < 0  # the centre is still inside


def test_random_transforms_with_a_seed_move_boxes_too(folder):
    transform = RandomCropTransform(50, 70)
    seen = set()
    for seed in range(6):
        image, label = reader(folder, transform, seed=seed).next()
        corners, _, _ = box_of(label)
        assert np.abs(np.array(corners) - white_box(image)).max() <= 4
        seen.add(tuple(corners))
    assert len(seen) > 3


def test_batches_have_the_grid_as_labels(folder):
    iterator = RecordReaderDataSetIterator(reader(folder), 3, label_index=1, regression=True)
    batches = list(iterator)
    assert [b.features.shape for b in batches] == [(3, 3, HEIGHT, WIDTH), (1, 3, HEIGHT, WIDTH)]
    assert [b.labels.shape for b in batches] == [(3, 6, 6, 8), (1, 6, 6, 8)]
    records = list(reader(folder))
    np.testing.assert_array_equal(batches[0].labels, np.concatenate([r[1] for r in records[:3]]))


def test_what_cannot_be_is_refused(folder):
    with pytest.raises(ValueError, match=r"the corner \(5, 1\) must not be right of"):
        ImageObject(5, 1, 4, 3, "a")
    outside = DictLabelProvider({f"{i}.png": [ImageObject(70, 10, 99, 20, "a")] for i in range(4)})
    made = ObjectDetectionRecordReader(folder, HEIGHT, WIDTH, 3, 6, 8, outside)
    with pytest.raises(DataVecError, match=r"0\.png: the centre of the object .* outside"):
        made.next()
    with pytest.raises(DataVecError, match=r"no objects are known for '0\.png'"):
        ObjectDetectionRecordReader(folder, HEIGHT, WIDTH, 3, 6, 8, DictLabelProvider({}))
    with pytest.raises(DataVecError, match="does not know where it moves"):
        reader(folder, FilterImageTransform("hflip", WIDTH, HEIGHT)).next()
    with pytest.raises(ValueError, match="at least one cell"):
        ObjectDetectionRecordReader(None, 4, 4, 3, 0, 8, objects())
    with pytest.raises(TypeError, match="AbstractImageObjectLabelProvider"):
        ObjectDetectionRecordReader(None, 4, 4, 3, 2, 8, {})
    with pytest.raises(ValueError, match="center_crop"):
        ObjectDetectionRecordReader(None, 4, 4, 3, 2, 8, objects(), center_crop=True)


# --- annotation files ----------------------------------------------------------------------------

VOC = """<annotation>
  <filename>a.jpg</filename>
  <size><width>80</width><height>60</height></size>
  <object>
    <name>dog</name><bndbox><xmin>20</xmin><ymin>10</ymin><xmax>40</xmax><ymax>30</ymax></bndbox>
    <part><name>head</name>
      <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
  </object>
  <object><bndbox><ymin>1.5</ymin><xmin>1</xmin><ymax>9</ymax><xmax>8</xmax></bndbox>
    <name> black
 cat </name></object>
</annotation>"""


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "a.xml").write_text(VOC)
    return tmp_path


def test_voc_annotations_are_read(voc):
    dog, cat = VocLabelProvider(voc).image_objects_for_path("/somewhere/JPEGImages/a.jpg")
    assert dog == ImageObject(20, 10, 40, 30, "dog")
    assert (cat.x1, cat.y1, cat.x2, cat.y2, cat.label) == (1, 1.5, 8, 9, "black\n cat")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation><object>", "not valid XML"),
        ("<annotation><object><name>a</name></object></annotation>", "object 0 has no bndbox/xmin"),
        (VOC.replace(">20<", ">x<"), "object 0: could not convert"),
        (VOC.replace(">20<", ">99<"), "must not be right of"),
        (VOC.replace(">20<", ">nan<"), "must not be right of"),
        ('<!DOCTYPE a [<!ENTITY x "aaaa">]>' + VOC, "must not declare entities"),
        ("\0", "not valid XML"),
    ],
)
def test_bad_annotations_are_named(voc, text, message):
    (voc / "Annotations" / "a.xml").write_text(text)
    with pytest.raises(DataVecError, match=f"(?s)a\\.xml: .*{message}"):
        VocLabelProvider(voc).image_objects_for_path("a.jpg")


def test_missing_annotations_are_named(voc, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*b\.xml for the image b\.jpg"):
        VocLabelProvider(voc).image_objects_for_path("b.jpg")
    with pytest.raises(FileNotFoundError, match="no folder"):
        VocLabelProvider(tmp_path / "elsewhere")


def write_digits(path: Path, images: dict[str, list[tuple[int, int, int, int, int]]]) -> None:
    """The form of SVHN's digitStruct.mat: references to names and to groups of references."""
    with h5py.File(path, "w") as file:
        kept = file.create_group("#refs#")
        names, boxes = [], []
        for i, (name, digits) in enumerate(images.items()):
            text = np.array([[ord(c)] for c in name], np.uint16)
            names.append([kept.create_dataset(f"name{i}", data=text).ref])
            group = kept.create_group(f"box{i}")
            for k, key in enumerate(("left", "top", "width", "height", "label")):
                values = [float(d[k]) for d in digits]
                if len(values) == 1:
                    group.create_dataset(key, data=[values])
                    continue
                parts = [
                    [kept.create_dataset(f"{key}{i}_{j}", data=[[v]]).ref]
                    for j, v in enumerate(values)
                ]
                group.create_dataset(key, data=parts, dtype=h5py.ref_dtype)
            boxes.append([group.ref])
        struct = file.create_group("digitStruct")
        struct.create_dataset("name", data=names, dtype=h5py.ref_dtype)
        struct.create_dataset("bbox", data=boxes, dtype=h5py.ref_dtype)


def test_house_numbers_are_read(tmp_path):
    images = {"1.png": [(5, 6, 10, 20, 1), (16, 7, 9, 21, 10)], "2.png": [(1, 2, 3, 4, 9)]}
    write_digits(tmp_path / "digitStruct.mat", images)
    provider = SvhnLabelProvider(tmp_path)
    assert provider.image_objects_for_path("/x/1.png") == [
        ImageObject(5, 6, 15, 26, "1"),
        ImageObject(16, 7, 25, 28, "0"),
    ]
    assert provider.image_objects_for_path("2.png") == [ImageObject(1, 2, 4, 6, "9")]
    (tmp_path / "digitStruct.mat").write_bytes(b"no HDF5")
    with pytest.raises(DataVecError, match=r"digitStruct\.mat: not the labels"):
        SvhnLabelProvider(tmp_path)
    with pytest.raises(FileNotFoundError, match="no file"):
        SvhnLabelProvider(tmp_path / "none")
