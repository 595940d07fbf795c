from __future__ import annotations

import numpy as np
import pytest

from datavec import (
    CollectionRecordReader,
    CollectionSequenceRecordReader,
    CsvError,
    CSVLineSequenceRecordReader,
    CSVMultiSequenceRecordReader,
    CSVNLinesSequenceRecordReader,
    CSVSequenceRecordReader,
    CSVVariableSlidingWindowRecordReader,
    InvalidValueError,
    RecordReaderMultiDataSetIterator,
    RegexSequenceRecordReader,
    SchemaError,
    SequenceRecordReaderDataSetIterator,
    StringSplit,
    ZeroLengthSequenceError,
)

SEQUENCES = [[[1, 2, 0], [3, 4, 1]], [[5, 6, 1]], [[7, 8, 0], [9, 10, 0]]]


def source(data=SEQUENCES) -> CollectionSequenceRecordReader:
    return CollectionSequenceRecordReader(data)


def test_one_reader_pads_and_masks():
    iterator = SequenceRecordReaderDataSetIterator(source(), 2, label_index=-1, num_classes=2)
    first, second = list(iterator)
    assert np.asarray(first.features).tolist() == [[[1, 3], [2, 4]], [[5, 0], [6, 0]]]
    assert np.asarray(first.labels).tolist() == [[[1, 0], [0, 1]], [[0, 0], [1, 0]]]
    assert np.asarray(first.features_mask).tolist() == [[1, 1], [1, 0]]
    assert second.features_mask is None
    assert len(list(iterator)) == 2


def test_two_readers_align_the_ends_of_each_example():
    labels = CollectionSequenceRecordReader([[[1]], [[0]], [[1]]])
    iterator = SequenceRecordReaderDataSetIterator(
        source(), 3, labels_reader=labels, num_classes=2, alignment="ALIGN_END"
    )
    (data,) = list(iterator)
    assert np.asarray(data.labels_mask).tolist() == [[0, 1], [1, 0], [0, 1]]
    assert np.asarray(data.labels)[0].tolist() == [[0, 0], [0, 1]]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"lengths \[1, 2\]; use ALIGN_START or ALIGN_END"):
        next(
            SequenceRecordReaderDataSetIterator(
                source(), 3, labels_reader=source(), num_classes=2, alignment="EQUAL_LENGTH"
            )
        )
    with pytest.raises(ZeroLengthSequenceError, match="index=0"):
        next(SequenceRecordReaderDataSetIterator(source([[]]), 1, label_index=0, num_classes=2))
    with pytest.raises(InvalidValueError, match=r"a class index from 0 to 1, received 2.0"):
        next(
            SequenceRecordReaderDataSetIterator(
                source(), 3, label_index=1, num_classes=2, regression=False
            )
        )
    with pytest.raises(SchemaError, match="needs num_classes"):
        SequenceRecordReaderDataSetIterator(source(), 1, label_index=0)
    with pytest.raises(ValueError, match="expected 3 values, received 2"):
        next(SequenceRecordReaderDataSetIterator(source([[[1, 2, 3], [1, 2]]]), 1))


def test_several_readers():
    iterator = (
        RecordReaderMultiDataSetIterator(2)
        .add_reader("s", source())
        .add_reader("t", CollectionRecordReader([[0.5, 1], [1.5, 0], [2.5, 1], [3.5, 1]]))
        .add_input("s", 0, 1)
        .add_input("t", 0, 0)
        .add_output_one_hot("t", 1, 2)
    )
    first, second = list(iterator)
    assert [a.shape for a in first.features] == [(2, 2, 2), (2, 1)]
    assert np.asarray(first.labels[0]).tolist() == [[0, 1], [1, 0]]
    assert second.features[1].shape == (1, 1)  # the shortest reader ends the pass
    with pytest.raises(SchemaError, match="no reader named \"x\"; there are: 's', 't'"):
        iterator.add_input("x")
    iterator.add_input("t", 0, 5)
    with pytest.raises(SchemaError, match="columns 0 to 5 do not exist"):
        list(iterator)


def test_only_inputs_or_only_outputs():
    table = CollectionRecordReader([[0.5, 1], [1.5, 0]])
    empty = RecordReaderMultiDataSetIterator(2).add_reader("t", table)
    with pytest.raises(SchemaError, match="add an input or an output first"):
        next(empty)
    (batch,) = list(RecordReaderMultiDataSetIterator(2).add_reader("t", table).add_input("t"))
    assert batch.features[0].tolist() == [[0.5, 1], [1.5, 0]]
    assert not batch.labels
    only = RecordReaderMultiDataSetIterator(2).add_reader("t", table).add_output_one_hot("t", 1, 2)
    (batch,) = list(only)
    assert batch.labels[0].tolist() == [[0, 1], [1, 0]]
    assert not batch.features


def test_a_reader_that_no_array_is_taken_from():
    iterator = (
        RecordReaderMultiDataSetIterator(4, alignment="EQUAL_LENGTH")
        .add_reader("s", source([[[1]], [[1], [2]], [[3]]]))
        .add_reader("t", CollectionRecordReader([[0.5, 1], [1.5, 0], [2.5, 1], [3.5, 1]]))
        .add_input("t", 0, 0)
        .add_output("t", 1, 1)
    )
    (batch,) = list(iterator)  # steps that are not used need no equal length
    assert batch.features[0].tolist() == [[0.5], [1.5], [2.5]]
    padded = (
        RecordReaderMultiDataSetIterator(3)
        .add_reader("s", source([[[1]], [[1], [2]], [[3]]]))
        .add_reader("t", source([[[1]], [[2]], [[3]]]))
        .add_input("t")
    )
    (batch,) = list(padded)  # but arrays are as long as the longest sequence of all readers
    assert batch.features[0].shape == (3, 1, 2)


def test_readers_of_sequences():
    text = StringSplit("h\n1,a\n2,b\n3,c\n")
    assert CSVSequenceRecordReader(text, skip_lines=1).next() == [
        ["1", "a"],
        ["2", "b"],
        ["3", "c"],
    ]
    assert [
        len(s) for s in CSVNLinesSequenceRecordReader(text, lines_per_sequence=2, skip_lines=1)
    ] == [2, 1]
    assert list(CSVLineSequenceRecordReader(StringSplit('1,"2,3"'))) == [[["1"], ["2,3"]]]
    windows = CSVVariableSlidingWindowRecordReader(StringSplit("1\n2\n3"), max_lines_per_sequence=2)
    assert list(windows) == [[["1"]], [["2"], ["1"]], [["3"], ["2"]], [["3"]]]
    blocks = CSVMultiSequenceRecordReader(StringSplit("1,2\n3,4\n\n5"), "^$", "EQUAL_LENGTH")
    assert list(blocks) == [[["1", "3"], ["2", "4"]], [["5"]]]
    with pytest.raises(CsvError, match=r"line 1: all lines .* received \[2, 1\]"):
        list(CSVMultiSequenceRecordReader(StringSplit("1,2\n3"), "^$", "EQUAL_LENGTH"))
    skipping = RegexSequenceRecordReader(
        StringSplit("a1\nx\nb2"), r"(\w)(\d)", error_handling="SkipInvalid"
    )
    assert list(skipping) == [[["a", "1"], ["b", "2"]]]
    assert skipping.skipped == 1


def test_equal_lengths_are_those_of_each_reader():
    def of(*lengths: int) -> CollectionSequenceRecordReader:
        return CollectionSequenceRecordReader([[[1.0]] * n for n in lengths])

    (batch,) = SequenceRecordReaderDataSetIterator(
        of(4, 4), 2, labels_reader=of(2, 2), regression=True, alignment="EQUAL_LENGTH"
    )
    assert batch.features.shape == (2, 1, 4)
    assert batch.labels.shape == (2, 1, 2)
    assert batch.features_mask is None
    assert batch.labels_mask is None
    several = (
        RecordReaderMultiDataSetIterator(2, alignment="EQUAL_LENGTH", random_offset_seed=3)
        .add_reader("x", of(3, 3))
        .add_reader("y", of(1, 1))
        .add_input("x")
        .add_output("y")
    )
    (multi,) = several
    assert [a.shape for a in (*multi.features, *multi.labels)] == [(2, 1, 3), (2, 1, 1)]
