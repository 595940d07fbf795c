"""Readers of image files: records, labels, policies, batches in threads, boxes of objects."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest

from datavec import (
    AbstractPathLabelGenerator,
    AbstractPathMultiLabelGenerator,
    CollectionInputSplit,
    CollectionRecordReader,
    CropImageTransform,
    DataVecError,
    FileSplit,
    FlipImageTransform,
    ImageError,
    ImageRecordReader,
    ImageTransformProcess,
    InputStreamInputSplit,
    NativeImageLoader,
    ParentPathLabelGenerator,
    PipelineImageTransform,
    RandomCropTransform,
    RecordReaderDataSetIterator,
    RecordReaderMultiDataSetIterator,
    Schema,
    TransformProcess,
    Writable,
)
from nd4py.data import JavaRandom
from nd4py.normalizers import (
    ImagePreProcessingScaler,
    NormalizerMinMaxScaler,
    VGG16ImagePreProcessor,
)

RNG = np.random.default_rng(8)
PARENT = ParentPathLabelGenerator()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eleven images in three folders, of several sizes."""
    for i in range(11):
        path = tmp_path / ["zebra", "ant", "mole"][i % 3] / f"{i:02d}_{i % 2}.png"
        path.parent.mkdir(exist_ok=True)
        image = RNG.integers(0, 256, (20 + i, 24 - i, 3), dtype=np.uint8)
        cv2.imwrite(str(path), image)
    return tmp_path


def augmentation():
    return PipelineImageTransform(
        [RandomCropTransform(12, 10), (FlipImageTransform(random=JavaRandom(1)), 0.7)], shuffle=True
    )


# --- records and labels --------------------------------------------------------------------------


def test_records_are_arrays_and_class_indices(folder):
    reader = ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT)
    assert reader.labels == ["ant", "mole", "zebra"]
    assert reader.num_labels() == 3
    records = list(reader)
    paths = FileSplit(folder).locations()
    assert len(records) == 11
    loader = NativeImageLoader(9, 8, 3)
    for (image, label), path in zip(records, paths, strict=True):
        assert image.shape == (1, 3, 9, 8)
        np.testing.assert_array_equal(image, loader.as_matrix(path))
        assert reader.labels[label] == path.parent.name
    names = reader.schema.column_names
    assert names == ["image", "label"]


def test_labels_can_be_left_out_given_or_be_values(folder):
    assert len(ImageRecordReader(folder, 9, 8, 3).next()) == 1
    assert (
        len(ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT, append_label=False).next())
        == 1
    )
    names = ["zebra", "mole", "ant", "cat"]
    reader = ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT, labels=names)
    assert reader.next()[1] == 2
    with pytest.raises(
        DataVecError, match=r"00_0\.png: its label 'zebra' is not among the 1 labels"
    ):
        list(ImageRecordReader(folder / "zebra", 9, 8, 3, label_generator=PARENT, labels=["ant"]))
    with pytest.raises(ValueError, match="needs a label_generator"):
        ImageRecordReader(folder, 9, 8, 3, append_label=True)
    with pytest.raises(TypeError, match="received str"):
        ImageRecordReader(folder, 9, 8, 3, label_generator="parent")


class Number(AbstractPathLabelGenerator):
    infer_label_classes = False

    def label_for_path(self, location):
        return Writable("Double", float(Path(location).name[:2]))


class Several(AbstractPathMultiLabelGenerator):
    def labels_for_path(self, location):
        number = int(Path(location).name[:2])
        return [number, number / 2, np.full((1, 2), number, np.float32)]


def test_regression_and_several_labels(folder):
    reader = ImageRecordReader(folder / "ant", 9, 8, 1, label_generator=Number())
    assert [r[1] for r in reader] == [1.0, 4.0, 7.0, 10.0]
    reader.reset()
    images, values = reader.next_arrays(3)
    assert images.shape == (3, 1, 9, 8)
    assert values.tolist() == [[1], [4], [7]]
    batch = next(RecordReaderDataSetIterator(reader, 3, label_index=1, regression=True))
    assert np.asarray(batch.labels).tolist() == [[1], [4], [7]]

    reader = ImageRecordReader(folder / "ant", 9, 8, 1, label_generator=Several())
    assert reader.schema.column_names == ["image", "label0", "label1", "label2"]
    assert reader.next()[1:3] == [1, 0.5]
    reader.reset()
    arrays = reader.next_arrays(2)
    assert [a.shape for a in arrays] == [(2, 1, 9, 8), (2, 1), (2, 1), (2, 2)]


def test_batches_of_arrays_are_one_hot(folder):
    reader = ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT, nchw=False)
    images, labels = reader.next_arrays(5)
    assert images.shape == (5, 9, 8, 3)
    assert labels.argmax(axis=1).tolist() == [0, 0, 0, 0, 1]
    assert labels.sum() == 5
    assert len(reader.next_arrays(100)[0]) == 6
    with pytest.raises(StopIteration):
        reader.next_arrays(1)


def test_configuration_keys_of_deeplearning4j(folder):
    key = "org.datavec.api.records.reader.RecordReader."
    reader = ImageRecordReader(label_generator=PARENT)
    with pytest.raises(ValueError, match="call initialize"):
        reader.next()
    options = {"height": "6", "width": "7", "channels": "3", "cropimage": "true"}
    options |= {"labels": "mole,zebra,ant", "appendlabel": "true"}
    reader.initialize(folder, {key + k: v for k, v in options.items()}, FlipImageTransform(1))
    image, label = reader.next()
    assert image.shape == (1, 3, 6, 7)
    assert label == 2
    path = FileSplit(folder).locations()[0]
    loader = NativeImageLoader(6, 7, 3, center_crop=True, image_transform=FlipImageTransform(1))
    np.testing.assert_array_equal(image, loader.as_matrix(path))
    reader.initialize(folder, {key + "appendlabel": "false"})
    assert len(reader.next()) == 1


def test_records_are_loaded_again(folder):
    reader = ImageRecordReader(
        folder, 9, 8, 3, label_generator=PARENT, image_transform=augmentation(), seed=3
    )
    for _ in range(2):  # the second pass has other draws
        reader.reset()
        found = []
        while reader.has_next():
            found.append(reader.next_record())
        again = reader.load_from_metadata([found[i][1] for i in (7, 2)])
        for record, i in zip(again, (7, 2), strict=True):
            np.testing.assert_array_equal(record[0], found[i][0][0])
            assert record[1] == found[i][0][1]


def test_an_image_from_a_stream(folder):
    data = (folder / "ant" / "01_1.png").read_bytes()
    reader = ImageRecordReader(InputStreamInputSplit(io.BytesIO(data)), 9, 8, 3)
    np.testing.assert_array_equal(reader.next()[0], NativeImageLoader(9, 8, 3).as_matrix(data))
    named = InputStreamInputSplit(io.BytesIO(data), "somewhere/ant/x.png")
    assert ImageRecordReader(named, 9, 8, 3, label_generator=PARENT, labels=["ant"]).next()[1] == 0
    nameless = InputStreamInputSplit(io.BytesIO(data))
    with pytest.raises(DataVecError, match="no label; give the stream a name"):
        ImageRecordReader(nameless, 9, 8, 3, label_generator=PARENT, labels=["a"]).next()


def test_no_files_are_an_error(tmp_path):
    with pytest.raises(DataVecError, match="no files"):
        ImageRecordReader(CollectionInputSplit([]), 9, 8, 3, label_generator=PARENT)
    with pytest.raises(ValueError, match="height, width and channels"):
        ImageRecordReader(tmp_path, None, 8, 3)


# --- files that cannot be used -------------------------------------------------------------------


@pytest.fixture
def spoilt(folder: Path) -> Path:
    (folder / "ant" / "00_broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    (folder / "mole" / "zz.png").write_text("no image")
    return folder


def test_bad_files_raise_and_are_named(spoilt):
    with pytest.raises(ImageError, match=r"ant.00_broken\.png: cannot be read as an image") as e:
        list(ImageRecordReader(spoilt, 9, 8, 3))
    assert e.value.file.endswith("00_broken.png")
    with pytest.raises(ImageError, match=r"00_broken\.png"):
        list(
            RecordReaderDataSetIterator(
                ImageRecordReader(spoilt, 9, 8, 3, label_generator=PARENT), 4
            )
        )
    missing = CollectionInputSplit([spoilt / "ant" / "none.png"])
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        ImageRecordReader(missing, 9, 8, 3).next()
    small = CropImageTransform(1), RandomCropTransform(50, 50)
    with pytest.raises(ImageError, match=r"01_1\.png: RandomCropTransform: the image"):
        ImageRecordReader(spoilt / "ant" / "01_1.png", 9, 8, 3, image_transform=small[1]).next()


def test_bad_files_are_skipped_and_counted(spoilt):
    reader = ImageRecordReader(spoilt, 9, 8, 3, label_generator=PARENT, on_invalid="skip")
    assert len(list(reader)) == 11
    assert (reader.errors.skipped, reader.errors.replaced) == (2, 0)
    assert "00_broken.png" in str(reader.errors)
    iterator = RecordReaderDataSetIterator(reader, 4, collect_metadata=True)
    batches = list(iterator)
    assert [len(b.features) for b in batches] == [4, 4, 3]
    assert iterator.skipped == 2
    names = [Path(m.uri).name for b in batches for m in b.metadata]
    assert names == [
        p.name
        for p in FileSplit(spoilt).locations()
        if p.name[:2] + p.name[3:4] not in ("00b", "zzp")
    ]


def test_bad_files_are_replaced_and_counted(spoilt):
    reader = ImageRecordReader(
        spoilt, 9, 8, 3, label_generator=PARENT, on_invalid="replace", replacements={"image": 128}
    )
    first, label = reader.next()
    assert (first == 128).all()
    assert label == 0
    assert len(list(reader)) == 13
    assert reader.errors.replaced == 2
    assert (ImageRecordReader(spoilt, 9, 8, 3, on_invalid="replace").next()[0] == 0).all()
    with pytest.raises(ValueError, match=r'only "image" can be replaced'):
        ImageRecordReader(spoilt, on_invalid="replace", replacements={"label": 1})


# --- batches -------------------------------------------------------------------------------------


def arrays(batches):
    return [(np.asarray(b.features).copy(), np.asarray(b.labels).copy()) for b in batches]


@pytest.mark.parametrize("nchw", [True, False])
def test_batches_hold_what_records_hold(folder, nchw):
    reader = ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT, nchw=nchw)
    records = list(reader)
    iterator = RecordReaderDataSetIterator(reader, 4)
    batches = arrays(iterator)
    assert [f.shape[0] for f, _ in batches] == [4, 4, 3]
    np.testing.assert_array_equal(
        np.concatenate([f for f, _ in batches]), np.concatenate([r[0] for r in records])
    )
    labels = np.concatenate([b for _, b in batches])
    assert labels.argmax(axis=1).tolist() == [r[1] for r in records]
    assert iterator.total_outcomes == 3
    assert iterator.labels == reader.labels


def test_draws_do_not_depend_on_threads_order_or_batch_size(folder):
    def run(threads, size, split=None):
        reader = ImageRecordReader(
            split or folder, 9, 8, 3, label_generator=PARENT, image_transform=augmentation(), seed=5
        )
        iterator = RecordReaderDataSetIterator(
            reader, size, prefetch=threads, collect_metadata=True
        )
        passes = []
        for _ in range(2):
            found = {}
            for batch in iterator:
                for image, source in zip(np.asarray(batch.features), batch.metadata, strict=True):
                    found[source.uri] = image.tobytes()
            passes.append(found)
        return passes

    first = run(0, 4)
    assert run(3, 2) == first
    assert run(2, 11, FileSplit(folder, seed=4)) == first
    assert first[0] != first[1]
    assert first[0].keys() == first[1].keys()


def test_generators_that_run_on_draw_in_the_order_of_the_records(folder):
    def transform():
        return CropImageTransform(6, random=JavaRandom(77))

    expected, by_hand = [], transform()
    loader = NativeImageLoader(9, 8, 3)
    for path in FileSplit(folder).locations():
        expected.append(loader.as_matrix(by_hand.transform(loader.as_mat(path))))
    options = {"label_generator": PARENT}
    records = list(ImageRecordReader(folder, 9, 8, 3, image_transform=transform(), **options))
    np.testing.assert_array_equal([r[0] for r in records], expected)
    reader = ImageRecordReader(folder, 9, 8, 3, image_transform=transform(), **options)
    found = arrays(RecordReaderDataSetIterator(reader, 2, prefetch=3))
    np.testing.assert_array_equal(np.concatenate([f for f, _ in found]), np.concatenate(expected))


def test_processes_draw_alike_for_all_images_or_with_a_seed_for_each(folder):
    process = ImageTransformProcess((CropImageTransform(5),), seed=9)
    alike = ImageRecordReader(folder, 9, 8, 3, image_transform=process)
    path = FileSplit(folder).locations()[3]
    loader = NativeImageLoader(9, 8, 3)
    expected = loader.as_matrix(process.execute(loader.as_mat(path)))
    np.testing.assert_array_equal(list(alike)[3][0], expected)

    images = CollectionInputSplit([path] * 1)
    seeded = [
        ImageRecordReader(images, 9, 8, 3, image_transform=process, seed=s).next()[0]
        for s in range(8)
    ]
    assert len({a.tobytes() for a in seeded}) > 4
    fixed = ImageTransformProcess((CropImageTransform(5),))
    seeded = [
        ImageRecordReader(images, 9, 8, 3, image_transform=fixed, seed=s).next()[0]
        for s in range(8)
    ]
    assert len({a.tobytes() for a in seeded}) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: ImagePreProcessingScaler(),
        lambda: ImagePreProcessingScaler(-1, 1),
        lambda: ImagePreProcessingScaler(0.25, 3, 4),
        lambda: VGG16ImagePreProcessor(),
        lambda: NormalizerMinMaxScaler(0, 2),
    ],
)
def test_normalizing_on_the_way_gives_the_same_numbers(folder, make):
    def iterator():
        reader = ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT)
        return RecordReaderDataSetIterator(reader, 4)

    normalizer = make().fit(iterator())
    expected = []
    for batch in iterator():
        normalizer.preprocess(batch)
        expected.append((np.asarray(batch.features), np.asarray(batch.labels)))
    made = iterator()
    made.preprocessor = normalizer
    for found, wanted in zip(arrays(made), expected, strict=True):
        np.testing.assert_array_equal(found[0], wanted[0])
        np.testing.assert_array_equal(found[1], wanted[1])


def test_shuffling_and_caching_work_on_images(folder):
    def batches(**options):
        reader = ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT)
        return RecordReaderDataSetIterator(reader, 4, **options)

    plain = np.concatenate([f for f, _ in arrays(batches())])
    iterator = batches(cache="memory", shuffle=11, seed=1)
    for _ in range(2):
        mixed = np.concatenate([f for f, _ in arrays(iterator)])
        assert {i.tobytes() for i in mixed} == {i.tobytes() for i in plain}
        assert not np.array_equal(mixed, plain)


def test_a_transform_process_works_on_the_labels_beside_images(folder):
    schema = (
        Schema.builder()
        .add_column_ndarray("image", (1, 3, 9, 8))
        .add_column_integer("label")
        .build()
    )
    process = TransformProcess.builder(schema).integer_math_op("label", "Add", 1).build()
    reader = ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT)
    records = list(reader)
    iterator = RecordReaderDataSetIterator(
        reader, 4, transform=process, label_index="label", num_classes=5
    )
    found = arrays(iterator)
    assert found[0][0].shape == (4, 3, 9, 8)
    labels = np.concatenate([b for _, b in found]).argmax(axis=1)
    assert labels.tolist() == [r[1] + 1 for r in records]
    alone = Schema.builder().add_column_ndarray("image", (1, 3, 9, 8)).build()
    with pytest.raises(DataVecError, match="records have 2 values"):
        next(RecordReaderDataSetIterator(reader, 4, transform=TransformProcess(alone, ())))


def test_single_examples_are_loaded_again(folder):
    reader = ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT)
    iterator = RecordReaderDataSetIterator(reader, 4, collect_metadata=True)
    batch = next(iterator)
    again = iterator.load_from_metadata([batch.metadata[2], batch.metadata[0]])
    np.testing.assert_array_equal(again.features, np.asarray(batch.features)[[2, 0]])
    np.testing.assert_array_equal(again.labels, np.asarray(batch.labels)[[2, 0]])


def test_opencv_gets_its_threads_back(folder):
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        list(
            RecordReaderDataSetIterator(
                ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT), 2
            )
        )
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


def test_images_are_inputs_beside_tables(folder):
    images = ImageRecordReader(folder, 9, 8, 3, label_generator=PARENT)
    table = CollectionRecordReader([[i, i * i] for i in range(11)])
    iterator = (
        RecordReaderMultiDataSetIterator(4, cache="memory", shuffle=4, seed=1)
        .add_reader("images", images)
        .add_reader("table", table)
        .add_input("images", 0)
        .add_input("table")
        .add_output_one_hot("images", 1, 3)
    )
    records = list(images)
    seen = []
    for batch in iterator:
        pictures, numbers = (np.asarray(f) for f in batch.features)
        assert pictures.shape[1:] == (3, 9, 8)
        for picture, number, label in zip(
            pictures, numbers, np.asarray(batch.labels[0]), strict=True
        ):
            i = int(number[0])
            np.testing.assert_array_equal(picture, records[i][0][0])
            assert label.argmax() == records[i][1]
            seen.append(i)
    assert sorted(seen) == list(range(11))
    assert seen != sorted(seen)
