from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from datavec import (
    CollectionRecordReader,
    CSVRecordReader,
    DoubleColumnCondition,
    InvalidValueError,
    RecordReaderDataSetIterator,
    Schema,
    SchemaError,
    StringSplit,
    TransformProcess,
)
from nd4py.normalizers import NormalizerStandardize

ROWS = [[float(i), float(i * i), i % 3] for i in range(10)]
TEXT = "\n".join(",".join(map(str, r)) for r in ROWS)


def source() -> CSVRecordReader:
    return CSVRecordReader(StringSplit(TEXT), block_size=17)


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_classification_batches(prefetch):
    iterator = RecordReaderDataSetIterator(source(), 4, num_classes=3, prefetch=prefetch)
    for _ in range(2):
        batches = list(iterator)
        assert [len(b) for b in batches] == [4, 4, 2]
        features = np.concatenate([np.asarray(b.features) for b in batches])
        labels = np.concatenate([np.asarray(b.labels) for b in batches])
        assert features.dtype == labels.dtype == np.float32
        assert features.flags.c_contiguous
        assert features.tolist() == [r[:2] for r in ROWS]
        assert labels.argmax(1).tolist() == [r[2] for r in ROWS]
        assert (labels.sum(1) == 1).all()
    assert (iterator.input_columns, iterator.total_outcomes, iterator.batch_size) == (2, 3, 4)


def test_regression_and_no_labels():
    data = next(
        iter(RecordReaderDataSetIterator(source(), 2, label_from=1, label_to=2, regression=True))
    )
    assert np.asarray(data.labels).tolist() == [[0, 0], [1, 1]]
    data = next(iter(RecordReaderDataSetIterator(source(), 2)))
    assert data.labels is data.features
    data = next(iter(RecordReaderDataSetIterator(source(), 2, label_index=0)))
    assert data.labels is None
    assert np.asarray(data.features).shape == (2, 2)


def labelled() -> TransformProcess:
    schema = (
        Schema.builder()
        .add_columns_double("x", "y")
        .add_column_categorical("k", ["0", "1", "2"])
        .build()
    )
    return TransformProcess.builder(schema).filter(DoubleColumnCondition("x", "<", 3)).build()


def test_categorical_label_by_name_after_a_filter():
    iterator = RecordReaderDataSetIterator(source(), 5, transform=labelled(), label_index="k")
    batches = list(iterator)
    assert iterator.labels == ["0", "1", "2"]
    assert iterator.feature_names == ["x", "y"]
    assert [len(b) for b in batches] == [5, 2]
    assert batches[0].label_names == ["0", "1", "2"]
    assert np.asarray(batches[0].features)[:, 0].tolist() == [3, 4, 5, 6, 7]


def test_normalizer_in_threads_equals_normalizer_by_batch():
    plain = RecordReaderDataSetIterator(source(), 4, num_classes=3)
    normalizer = NormalizerStandardize().fit(plain)
    expected = []
    for data in plain:
        copied = data.copy()
        normalizer.preprocess(copied)
        expected.append(np.asarray(copied.features))
    made = RecordReaderDataSetIterator(source(), 4, num_classes=3, preprocessor=normalizer)
    for _ in range(2):
        got = [np.asarray(d.features) for d in made]
        assert len(got) == len(expected)
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)


def test_other_preprocessors_get_each_batch():
    seen = []

    class Counting:
        def preprocess(self, data):
            seen.append(len(data))

    list(RecordReaderDataSetIterator(source(), 4, num_classes=3, preprocessor=Counting()))
    assert seen == [4, 4, 2]


def test_metadata_leads_back_to_the_records():
    iterator = RecordReaderDataSetIterator(
        source(), 4, transform=labelled(), label_index="k", collect_metadata=True
    )
    metadata = [m for data in iterator for m in data.metadata]
    assert [m.line for m in metadata] == list(range(3, 10))
    loaded = iterator.load_from_metadata([metadata[6], metadata[0]])
    assert np.asarray(loaded.features)[:, 0].tolist() == [9, 3]


def test_errors_name_line_and_column():
    bad = CSVRecordReader(StringSplit(TEXT + "\n1,2,7"))
    batches = iter(RecordReaderDataSetIterator(bad, 5, num_classes=3))
    assert [len(next(batches)), len(next(batches))] == [5, 5]  # what comes before is delivered
    with pytest.raises(
        InvalidValueError, match='line 11, column "2": expected a class index from 0 to 2'
    ):
        next(batches)
    bad = CSVRecordReader(StringSplit("1,,0"))
    with pytest.raises(InvalidValueError, match=r"line 1.*expected a number, received ''"):
        list(RecordReaderDataSetIterator(bad, 5, num_classes=3))


def test_skip_counts():
    bad = CSVRecordReader(StringSplit(TEXT + "\n1,2,7\n1,x,2\n5,5,1"), on_invalid="skip")
    iterator = RecordReaderDataSetIterator(bad, 100, num_classes=3, on_error="skip")
    (data,) = list(iterator)
    assert len(data) == 11
    assert iterator.skipped == 2


def test_columns_that_cannot_be_features_are_named():
    schema = Schema.builder().add_column_string("s").add_column_double("d").build()
    iterator = RecordReaderDataSetIterator(CollectionRecordReader([["a", 1.0]]), 1, schema=schema)
    with pytest.raises(SchemaError, match='column "s" of type String cannot become a feature'):
        next(iter(iterator))
    with pytest.raises(SchemaError, match="label column 9 does not exist"):
        next(iter(RecordReaderDataSetIterator(source(), 1, label_index=9, num_classes=2)))
    with pytest.raises(ValueError, match="batch_size must be positive"):
        RecordReaderDataSetIterator(source(), 0)


def test_arrays_are_spread_over_features():
    rows = [[np.array([1.0, 2.0], np.float32), 3.0, 0], [np.array([4.0, 5.0], np.float32), 6.0, 1]]
    iterator = RecordReaderDataSetIterator(CollectionRecordReader(rows), 2, num_classes=2)
    (data,) = list(iterator)
    assert np.asarray(data.features).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert iterator.input_columns == 3


def test_max_num_batches_and_stopping_early_leaves_no_threads():
    iterator = RecordReaderDataSetIterator(source(), 2, num_classes=3, max_num_batches=2)
    assert len(list(iterator)) == 2
    for _ in RecordReaderDataSetIterator(source(), 2, num_classes=3):
        break
    iterator.close()
    next(RecordReaderDataSetIterator(source(), 2, num_classes=3))  # dropped in the middle of a pass
    deadline = time.monotonic() + 20  # they end by themselves, after what they are just doing
    while running := [t for t in threading.enumerate() if t.name.startswith("datavec")]:
        assert time.monotonic() < deadline, running
        time.sleep(0.01)
