"""Element types that NumPy lacks: utf8 and bfloat16."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nd4py as nd

texts = st.lists(st.text(max_size=8), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None)
@given(items=texts)
def test_text_goes_in_and_out_unchanged(items: list[str]) -> None:
    items = [item.encode("utf-8", "replace").decode() for item in items]
    a = nd.array(items)
    assert a.dtype is nd.utf8
    assert a.itemsize == 16
    assert a.tolist() == items
    assert a.numpy().tolist() == items
    assert nd.from_numpy(np.array(items, dtype=object)).tolist() == items
    assert a[::-1].dup().tolist() == items[::-1]
    assert a[[0, -1]].tolist() == [items[0], items[-1]]
    assert (a == nd.array(items)).tolist() == [True] * len(items)
    assert (a == items[0]).tolist() == [item == items[0] for item in items]


def test_text_elements_are_replaced_in_place() -> None:
    a = nd.array([["a", "b"], ["c", "d"]])
    a[0, 1] = "long enough to need memory of its own, ünïcödé"
    a[1] = nd.array(["x", "y"])
    assert a.tolist() == [["a", "long enough to need memory of its own, ünïcödé"], ["x", "y"]]
    a[:, 0] = "z"
    a[[True, False], 1] = "m"
    a[[1], [1]] = ["n"]
    assert a.tolist() == [["z", "m"], ["z", "n"]]
    a.put_scalar((0, 0), "p")
    assert a.get_string(0, 0) == "p"
    b = a.dup()
    b[0, 0] = "q"
    assert a[0, 0].item() == "p"
    a.assign("same")
    assert a.tolist() == [["same"] * 2] * 2
    assert b.tolist() == [["q", "m"], ["z", "n"]]
    b[:] = b.T
    assert b.tolist() == [["q", "z"], ["m", "n"]]


def test_fresh_text_is_empty() -> None:
    for a in (
        nd.zeros((2,), nd.utf8),
        nd.empty((2,), nd.utf8),
        nd.zeros_like(nd.array(["a", "b"])),
    ):
        assert a.tolist() == ["", ""]
    assert nd.full((2,), "ab", nd.utf8).tolist() == ["ab", "ab"]
    assert nd.full((2,), "ab").tolist() == ["ab", "ab"]
    assert nd.array(np.array(["a", "bcd"])).tolist() == ["a", "bcd"]


def test_text_has_equality_and_nothing_else() -> None:
    a = nd.array(["a", "b"])
    assert (a != "a").tolist() == [False, True]
    assert (a == nd.array([["a"], ["b"]])).tolist() == [[True, False], [False, True]]
    assert (a == 3).tolist() == [False, False]
    assert (a != nd.array([1.0, 2.0])).tolist() == [True, True]
    for call in (
        lambda: a + a,
        lambda: a + 1,
        lambda: a < a,
        lambda: -a,
        lambda: a @ a,
        lambda: abs(a),
        lambda: +a,
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(TypeError, match="utf8 does not convert to float32"):
        a.cast_to(nd.float32)
    with pytest.raises(TypeError, match="float32 does not convert to utf8"):
        nd.zeros(2).cast_to(nd.utf8)
    with pytest.raises(TypeError, match="expected a value for utf8, received int"):
        a[0] = 1
    with pytest.raises(
        TypeError, match="expected numbers of one kind or text, received NoneType, float, str"
    ):
        nd.array(["a", 1.5, None])
    with pytest.raises(TypeError, match="the array holds float32"):
        nd.zeros(1).get_string(0)
    with pytest.raises(UnicodeEncodeError):
        nd.array(["\ud800"])


def test_text_shows_as_text() -> None:
    a = nd.array(["a", "b"])
    assert repr(a) == "NDArray(['a', 'b'])"
    assert str(a) == "['a' 'b']"
    assert bool(nd.array("x"))
    assert not bool(nd.array(""))


def test_bfloat16_holds_rounded_float32() -> None:
    values = np.array(
        [0.0, 1.0, -2.5, 3.14159, 1e38, 1e-40, np.inf, -np.inf, np.nan, 65535.0], np.float32
    )
    a = nd.array(values).cast_to(nd.bfloat16)
    assert a.dtype is nd.bfloat16
    bits = values.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    rounded[8] = 0x7FC0
    assert a.view_bits().numpy().tolist() == rounded.tolist()
    back = a.cast_to(nd.float32).numpy()
    np.testing.assert_array_equal(back, (rounded.astype(np.uint32) << 16).view(np.float32))
    assert nd.array(rounded).view_as(nd.bfloat16).view_bits().numpy().tolist() == rounded.tolist()
    assert a[3].item() == pytest.approx(3.14, abs=0.02)
    with pytest.raises(
        TypeError,
        match=r"NumPy has no bfloat16; use cast_to\(nd.float32\).numpy\(\) for values or view_bits",
    ):
        a.numpy()
    with pytest.raises(TypeError, match="NumPy has no bfloat16"):
        np.asarray(a)
    assert "bfloat16" in repr(a)


def test_bfloat16_moves_like_any_type() -> None:
    a = nd.arange(6, dtype=nd.bfloat16).reshape(2, 3)
    assert a.T.dup("c").tolist() == [[0, 3], [1, 4], [2, 5]]
    assert a[[1, 0], 1:].tolist() == [[4, 5], [1, 2]]
    a[0] = [7, 8, 9]
    a[:, [0]] = 1.5
    assert a.tolist() == [[1.5, 8, 9], [1.5, 4, 5]]
    assert a.sum().item() == 29.0


@settings(max_examples=200, deadline=None)
@given(value=st.floats(width=64))
def test_float16_and_bfloat16_round_once(value: float) -> None:
    a = nd.array([value], "float64")
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(
            a.cast_to("float16").numpy(), np.array([value]).astype(np.float16)
        )
    nearest = a.cast_to(nd.bfloat16)[0].item()
    if np.isfinite(value) and abs(value) < 3e38:
        gap = max(abs(nearest), 2.0**-126) * 2.0**-8
        assert abs(nearest - value) <= gap * 1.0001


def test_reinterpreting_needs_one_size() -> None:
    a = nd.array([1.0], "float64")
    assert a.view_as("int64").tolist() == [0x3FF0000000000000]
    assert a.view_bits().dtype is nd.uint64
    with pytest.raises(
        TypeError, match="expected an element type of 8 bytes to see float64 as, received float32"
    ):
        a.view_as(nd.float32)
    with pytest.raises(TypeError, match="no unsigned integer of the size of complex64"):
        nd.zeros(1, nd.complex64).view_bits()
    with pytest.raises(TypeError, match="no unsigned integer of the size of utf8"):
        nd.array(["a"]).view_bits()
