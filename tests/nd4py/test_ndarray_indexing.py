"""Indexing of NDArray against NumPy: reading, writing, errors, and ND4J's index objects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nd4py as nd
from nd4py import NDArrayIndex

shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def array_of(shape: tuple[int, ...], dtype: str = "int32", order: str = "C") -> np.ndarray:
    return np.arange(np.prod(shape, dtype=int)).astype(dtype).reshape(shape).copy(order)


@st.composite
def basic_case(draw: st.DrawFn) -> tuple[np.ndarray, object]:
    shape = draw(shapes)
    index = draw(
        hnp.basic_indices(shape, allow_ellipsis=True, allow_newaxis=True, min_dims=0, max_dims=6)
    )
    return array_of(
        shape, draw(st.sampled_from(["int32", "float64", "bool"])), draw(st.sampled_from("CF"))
    ), index


@settings(max_examples=400, deadline=None)
@given(case=basic_case())
def test_basic_indices_are_views_of_the_same_elements(case: tuple[np.ndarray, object]) -> None:
    x, index = case
    expected = x[index]
    ours = nd.from_numpy(x)[index]
    assert ours.shape == np.shape(expected)
    np.testing.assert_array_equal(ours.numpy(), expected)
    if ours.size:
        assert ours.is_view
        assert np.shares_memory(ours.numpy(), x)


@settings(max_examples=300, deadline=None)
@given(case=basic_case(), data=st.data())
def test_basic_assignment_broadcasts(case: tuple[np.ndarray, object], data: st.DataObject) -> None:
    x, index = case
    target = np.shape(x[index])
    keep = data.draw(st.integers(0, len(target)))
    value = (
        array_of(tuple(1 if data.draw(st.booleans()) else n for n in target[keep:]), "float32")
        + 100
    )
    ours, theirs = nd.array(x), x.copy()
    theirs[index] = value
    ours[index] = nd.array(value)
    np.testing.assert_array_equal(ours.numpy(), theirs)


@st.composite
def advanced_case(draw: st.DrawFn) -> tuple[np.ndarray, object]:
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    x = array_of(shape, "float32")
    if draw(st.booleans()):
        mask_dims = draw(st.integers(1, len(shape)))
        return x, draw(hnp.arrays(bool, shape[:mask_dims]))
    result = draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3))
    index: list[object] = []
    for extent in shape[: draw(st.integers(1, len(shape)))]:
        index.append(
            draw(
                st.one_of(
                    hnp.arrays(np.int64, result, elements=st.integers(-extent, extent - 1)),
                    st.integers(-extent, extent - 1),
                    st.slices(extent),
                )
            )
        )
    return x, tuple(index)


@settings(max_examples=300, deadline=None)
@given(case=advanced_case())
def test_integer_and_bool_arrays_select_copies(case: tuple[np.ndarray, object]) -> None:
    x, index = case
    expected = x[index]
    a = nd.array(x)
    for form in (index, as_ours(index)):
        ours = a[form]
        assert ours.shape == np.shape(expected)
        np.testing.assert_array_equal(ours.numpy(), expected)


@settings(max_examples=200, deadline=None)
@given(case=advanced_case())
def test_assignment_through_arrays(case: tuple[np.ndarray, object]) -> None:
    x, index = case
    for value in (7, array_of(np.shape(x[index]), "int64") + 50):
        ours, theirs = nd.array(x), x.copy()
        theirs[index] = value
        ours[as_ours(index)] = value if isinstance(value, int) else nd.array(value)
        np.testing.assert_array_equal(ours.numpy(), theirs)


def as_ours(index: object) -> object:
    if isinstance(index, tuple):
        return tuple(map(as_ours, index))
    return nd.array(index) if isinstance(index, np.ndarray) else index


@settings(max_examples=300, deadline=None)
@given(
    shape=shapes,
    index=st.lists(
        st.one_of(
            st.integers(-6, 6), st.none(), st.just(...), st.integers(-(2**70), 2**70),
            st.builds(slice, *[st.one_of(st.none(), st.integers(-(2**66), 2**66))] * 3),
            st.lists(st.integers(-5, 5), max_size=3), st.booleans(), st.floats(), st.text(max_size=2),
        ),
        max_size=6,
    ).map(tuple),
)  # fmt: skip
def test_any_index_gives_what_numpy_gives_or_an_error(
    shape: tuple[int, ...], index: tuple[object, ...]
) -> None:
    x = array_of(shape)
    try:
        expected = x[index]
    except (IndexError, ValueError, TypeError, OverflowError):
        with pytest.raises((IndexError, ValueError, TypeError)):
            nd.from_numpy(x)[index]
        return
    np.testing.assert_array_equal(nd.from_numpy(x)[index].numpy(), expected)


def test_errors_name_index_axis_and_size() -> None:
    a = nd.zeros((2, 3))
    with pytest.raises(IndexError, match="index 2 is out of bounds for axis 0 of size 2"):
        a[2]
    with pytest.raises(IndexError, match="index -4 is out of bounds for axis 1 of size 3"):
        a[0, -4]
    with pytest.raises(IndexError, match=r"shape \(2, 3\) takes at most 2 indices, received 3"):
        a[0, 0, 0]
    with pytest.raises(IndexError, match="at most one Ellipsis"):
        a[..., ...]
    with pytest.raises(ValueError, match="a slice step must not be zero"):
        a[::0]
    with pytest.raises(
        ValueError,
        match=r"setitem: an array of shape \(4,\) does not broadcast to the target's shape \(3,\)",
    ):
        a[0] = nd.zeros(4)
    with pytest.raises(TypeError, match="cannot be deleted"):
        del a[0]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="setitem: the target array is read-only"):
        a.broadcast_to(4, 2, 3)[0] = 1
    with pytest.raises(ValueError, match="setitem: the target array is read-only"):
        a.broadcast_to(4, 2, 3)[[0]] = 1
    with pytest.raises(TypeError, match="expected a value for float32, received str"):
        a[0, 0] = "text"


def test_scalars_are_stored_as_the_element_type_allows() -> None:
    a = nd.zeros(3, "int8")
    a[0] = 2.9
    a[1] = True
    a[2] = np.int64(-5)
    assert a.tolist() == [2, 1, -5]
    with pytest.raises(OverflowError, match="the integer 128 does not fit into int8"):
        a[0] = 128
    with pytest.raises(ValueError, match="NaN does not convert to int8"):
        a[0] = float("nan")
    with pytest.raises(OverflowError):
        a[0] = float("inf")
    with pytest.raises(TypeError, match="a complex number does not convert to int8"):
        a[0] = 1j


def test_elements_rows_and_iteration() -> None:
    a = nd.arange(6).reshape(2, 3)
    assert a[1, 2].ndim == 0
    assert int(a[1, 2]) == 5
    assert [row.tolist() for row in a] == [[0, 1, 2], [3, 4, 5]]
    assert len(a) == 2
    assert 4 in a
    assert 9 not in a
    assert a[nd.array(1)].tolist() == [3, 4, 5]
    assert a[np.int64(-1)].tolist() == [3, 4, 5]
    match a[0]:
        case [x, *_]:
            assert int(x) == 0
    with pytest.raises(TypeError, match="without dimensions"):
        len(nd.array(1))
    with pytest.raises(TypeError, match="without dimensions"):
        iter(nd.array(1))


def test_index_objects() -> None:
    a = nd.arange(20).reshape(4, 5)
    x = a.numpy()
    every, point, interval = NDArrayIndex.all(), NDArrayIndex.point, NDArrayIndex.interval
    for ours, theirs in [
        ((every, point(2)), np.s_[:, 2]), ((point(-1),), np.s_[-1]), ((interval(1, 3), every), np.s_[1:3]),
        ((interval(0, 2, 4), interval(1, 3, inclusive=True)), np.s_[0:4:2, 1:4]),
        ((every, interval(2, -1, inclusive=True)), np.s_[:, 2:]),
        ((NDArrayIndex.indices(2, 0), every), np.s_[[2, 0], :]), ((NDArrayIndex.new_axis(), every), np.s_[None]),
        ((every, NDArrayIndex.indices(4, 4, 1)), np.s_[:, [4, 4, 1]]),
    ]:  # fmt: skip
        np.testing.assert_array_equal(a.get(*ours).numpy(), x[theirs])
        np.testing.assert_array_equal(a[ours].numpy(), x[theirs])
        b, y = a.dup(), x.copy()
        assert b.put(ours, -1) is b
        y[theirs] = -1
        np.testing.assert_array_equal(b.numpy(), y)
    assert a[every].is_view
    with pytest.raises(TypeError, match="received 1 integers"):
        interval(1)
    with pytest.raises(ValueError, match="positive stride, received 0"):
        interval(0, 0, 3)
