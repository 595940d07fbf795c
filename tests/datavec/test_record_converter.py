"""Records to arrays and back; writables as their bytes."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import DataVecError, RecordConverter, SerializationError, Writable
from datavec import comparator_for as comparator_of
from nd4py.data import DataSet

# --- arrays ------------------------------------------------------------------------------------


def test_records_become_matrices():
    row = RecordConverter.to_array([1, "2.5", np.array([[3, 4]]), Writable("Boolean", True)])
    np.testing.assert_array_equal(row, np.array([[1, 2.5, 3, 4, 1]], np.float32), strict=True)
    matrix = RecordConverter.to_matrix([[1], [2]], np.float64)
    np.testing.assert_array_equal(matrix, np.array([[1.0], [2.0]]), strict=True)
    assert RecordConverter.to_matrix([]).shape == (0, 0)


def test_sequences_become_tensors_with_masks():
    sequences = [[[1, 10], [2, 20]], [[3, 30]]]
    tensor, mask = RecordConverter.to_tensor(sequences)
    assert tensor.tolist() == [[[1, 2], [10, 20]], [[3, 0], [30, 0]]]
    assert mask is not None
    assert mask.tolist() == [[1, 1], [1, 0]]
    tensor, mask = RecordConverter.to_tensor(sequences, align="end")
    assert tensor.tolist() == [[[1, 2], [10, 20]], [[0, 3], [0, 30]]]
    assert mask is not None
    assert mask.tolist() == [[1, 1], [0, 1]]
    assert RecordConverter.to_tensor(sequences[:1])[1] is None


def test_arrays_of_a_column_are_stacked():
    stacked = RecordConverter.to_minibatch_array([np.ones((1, 2, 3)), np.zeros((2, 2, 3))])
    assert stacked.shape == (3, 2, 3)
    assert stacked.dtype == np.float32


def test_data_sets_become_records():
    one_hot = DataSet(np.array([[1.0, 2], [3, 4]]), np.array([[0.0, 1], [1, 0]]))
    assert RecordConverter.to_records(one_hot) == [[1.0, 2.0, 1], [3.0, 4.0, 0]]
    values = DataSet(np.array([[1.0], [2]]), np.array([[0.5], [1.5]]))
    assert RecordConverter.to_records(values) == [[1.0, 0.5], [2.0, 1.5]]


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=3, max_size=3), min_size=1))
def test_matrices_and_records_are_inverse(rows):
    assert RecordConverter.to_records(RecordConverter.to_matrix(rows)) == rows
    assert RecordConverter.to_record(RecordConverter.to_array(rows[0])) == rows[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: RecordConverter.to_array([1, "x"]),
            "value 1: expected a number, received Text 'x'",
        ),
        (lambda: RecordConverter.to_array([None]), "value 0: expected a number, received Null"),
        (lambda: RecordConverter.to_matrix([[1], [1, 2]]), "record 1: expected 1 numbers"),
        (lambda: RecordConverter.to_matrix([[1], ["y"]]), "record 1, value 0: expected a number"),
        (lambda: RecordConverter.to_minibatch_array([1]), "record 0: expected an array"),
        (
            lambda: RecordConverter.to_minibatch_array([np.ones((1, 2)), np.ones((1, 3))]),
            "record 1: expected an array of shape",
        ),
        (lambda: RecordConverter.to_record(np.ones((2, 2))), "expected a row"),
        (lambda: RecordConverter.to_records(np.ones(3)), "expected a matrix"),
    ],
)
def test_bad_records_are_named(call, message):
    with pytest.raises(DataVecError, match=message):
        call()


def test_alignment_is_checked():
    with pytest.raises(ValueError, match="align must be 'start' or 'end'"):
        RecordConverter.to_tensor([], align="middle")  # type: ignore[arg-type]


# --- writables ---------------------------------------------------------------------------------

WRITABLES = (
    st.integers(-(2**31), 2**31 - 1).map(lambda v: Writable("Int", v))
    | st.integers(-(2**63), 2**63 - 1).map(lambda v: Writable("Long", v))
    | st.integers(-128, 127).map(lambda v: Writable("Byte", v))
    | st.floats(allow_nan=False).map(lambda v: Writable("Double", v))
    | st.floats(allow_nan=False, width=32).map(lambda v: Writable("Float", v))
    | st.booleans().map(lambda v: Writable("Boolean", v))
    | st.text(st.characters(exclude_categories=["Cs"])).map(lambda v: Writable("Text", v))
    | st.binary(max_size=300).map(lambda v: Writable("Bytes", v))
    | st.just(Writable("Null"))
    | st.lists(st.floats(width=32, allow_nan=False), max_size=5).map(
        lambda v: Writable("NDArray", np.array(v, np.float32))
    )
)


@settings(deadline=None)
@given(WRITABLES, WRITABLES)
def test_equal_writables_have_equal_hashes(a, b):
    assert (a == b) == (b == a)
    if a == b:
        assert hash(a) == hash(b)
        assert a.kind in ("NDArray",) or a.compare(b) == 0


@settings(deadline=None)
@given(WRITABLES)
def test_writables_are_read_back(a):
    again = Writable.from_bytes(a.to_bytes())
    assert again == a
    assert again.kind == a.kind
    read = Writable.from_json_object(a.to_json_object(), "$")
    assert read.kind == a.kind
    assert a.kind == "NDArray" or read == a
    assert isinstance(a.hash_code(), int)
    assert -(2**31) <= a.hash_code() < 2**31


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, 11))
def test_any_bytes_give_a_writable_or_an_error(data, kind):
    for body in (data, bytes([0, kind]) + data):
        try:
            Writable.from_bytes(body)
        except SerializationError:
            continue


@settings(deadline=None)
@given(WRITABLES, st.data())
def test_damaged_bytes_give_a_writable_or_an_error(a, data):
    body = bytearray(a.to_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(body[: data.draw(st.integers(0, len(body)))])
    with contextlib.suppress(SerializationError):
        Writable.from_bytes(cut)


def test_long_texts_have_long_lengths():
    for length in (127, 128, 255, 256, 70_000):
        text = Writable("Text", "x" * length)
        assert Writable.from_bytes(text.to_bytes()) == text
    assert Writable("Text", "x" * 200).to_bytes()[2:4] == bytes([0x8F, 0xC8])


@settings(deadline=None)
@given(st.lists(st.floats()))
def test_sorting_puts_nan_last(values):
    ordered = [w.value for w in sorted(Writable("Double", v) for v in values)]
    present = [v for v in ordered if v == v]
    assert present == sorted(present)
    assert all(v != v for v in ordered[len(present) :])


@pytest.mark.parametrize(
    ("kind", "value"),
    [("Int", 1.5), ("Int", True), ("Boolean", 1), ("Text", 1), ("Bytes", "x"), ("Null", 0)],
)
def test_values_of_another_type_are_refused(kind, value):
    with pytest.raises(TypeError, match=f"is no value of {kind}"):
        Writable(kind, value)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match="Int has 32 bits"):
        Writable("Int", 1 << 31)
    with pytest.raises(ValueError, match="kind must be one of"):
        Writable("Decimal", 1)
    with pytest.raises(TypeError, match="cannot order Int and Text values"):
        _ = Writable("Int", 1) < Writable("Text", "1")


def test_comparators_by_type():
    assert repr(comparator_of("Long", ascending=False)).startswith("ReverseComparator(")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="NDArray columns have no order"):
        comparator_of("NDArray")  # type: ignore[arg-type]


def test_array_bytes_are_bounded():
    stream = io.BytesIO(Writable("NDArray", np.ones(4, np.float32)).to_bytes())
    with pytest.raises(SerializationError):
        Writable.from_bytes(stream.read(60))
