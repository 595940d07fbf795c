"""Functions that make arrays: values, element types, sharing, sizes no memory holds."""

from __future__ import annotations

import numpy as np
import pytest

import nd4py as nd


def test_plain_numbers_take_the_default_types() -> None:
    for value, dtype in [
        (1.5, nd.float32), ([1.5], nd.float32), (1, nd.int64), ([[1, 2]], nd.int64), (True, nd.bool_),
        (1j, nd.complex64),
        ([1, 2.5], nd.float32), ([], nd.float32), ("a", nd.utf8), ([np.float64(1)], nd.float64),
        (np.float64(1), nd.float64),
        (np.zeros(1), nd.float64), ([np.zeros(2)], nd.float64), (range(3), nd.int64), (bytearray(b"ab"), nd.uint8),
    ]:  # fmt: skip
        assert nd.array(value).dtype is dtype, value
    assert nd.array([1, 2], dtype="FLOAT").dtype is nd.float32
    assert nd.array([1.5], dtype=nd.bfloat16).tolist() == [1.5]
    assert nd.array([0.1], "float64").item() == 0.1
    assert nd.array([nd.array([1.0, 2.0]), nd.array([3.0, 4.0])]).shape == (2, 2)
    for wrong in ([[1], [1, 2]], {"a": 1}, object(), [None], ["a", 1]):
        with pytest.raises((TypeError, ValueError)):
            nd.array(wrong)


def test_asarray_shares_and_array_copies() -> None:
    a = nd.zeros(2)
    assert nd.asarray(a) is a
    assert nd.array(a) is not a
    assert nd.array(a, copy=False) is a
    assert nd.asarray(a, copy=True).data_pointer != a.data_pointer
    assert nd.asarray(a, dtype="float64").dtype is nd.float64
    assert nd.asarray(nd.zeros((2, 3)), order="f").is_f_contiguous
    x = np.zeros(2)
    assert np.shares_memory(nd.asarray(x, copy=False).numpy(), x)
    for value in ([1.0], x.astype(">f8"), np.float64(1)):
        with pytest.raises(ValueError, match="copy=False"):
            nd.asarray(value, copy=False) if not isinstance(value, np.ndarray) else nd.asarray(
                x, dtype="int8", copy=False
            )


def test_constants_ranges_and_grids() -> None:
    assert nd.zeros((2, 3)).tolist() == [[0] * 3] * 2
    assert nd.ones(3, "int8").tolist() == [1, 1, 1]
    assert nd.ones((2,), "bool").tolist() == [True, True]
    assert nd.full((2, 2), 7).dtype is nd.int64
    assert nd.full(2, 0.5).dtype is nd.float32
    assert nd.full((2, 2), [1, 2], "float64").tolist() == [[1, 2], [1, 2]]
    assert nd.empty((2, 3), order="f").strides == (1, 2)
    assert nd.arange(3).tolist() == [0, 1, 2]
    assert nd.arange(3).dtype is nd.int64
    assert nd.arange(1.0, 2.0, 0.5).dtype is nd.float32
    assert nd.arange(5, 0, -2).tolist() == [5, 3, 1]
    assert nd.linspace(0, 1, 3).tolist() == [0, 0.5, 1]
    assert nd.linspace(0, 1, 2, endpoint=False, dtype="float64").tolist() == [0, 0.5]
    assert nd.eye(2, 3, k=1).tolist() == [[0, 1, 0], [0, 0, 1]]
    x, y = nd.meshgrid([1, 2], [3, 4, 5])
    assert x.shape == y.shape == (3, 2)
    assert nd.scalar(2).ndim == 0
    f = nd.zeros((2, 3), "int16", "f")
    for made in (nd.zeros_like(f), nd.ones_like(f), nd.full_like(f, 3), nd.empty_like(f)):
        assert (made.dtype, made.shape, made.order) == (nd.int16, (2, 3), "f")
    assert nd.full_like(f, 3, dtype="float64").sum().item() == 18.0
    with pytest.raises(ValueError, match=r"scalar: expected a single value, received shape \(1,\)"):
        nd.scalar([1])


def test_impossible_sizes_are_refused_before_memory_is_touched() -> None:
    for shape, error in [
        ((-1,), ValueError), ((2**62,), ValueError), ((2**40, 2**40), ValueError), ((0, 2**62, 2**62), ValueError),
        ((2**70,), OverflowError), ((1,) * 33, ValueError), ((2**46,), (MemoryError, ValueError)), ("ab", TypeError),
        ((1.5,), TypeError), (None, TypeError),
    ]:  # fmt: skip
        for make in (nd.zeros, nd.empty):
            with pytest.raises(error):
                make(shape)
    big = nd.zeros((10**5, 10**5), "int8")  # not touched: costs nothing
    assert big[-1, -1].item() == 0
    assert nd.zeros((1,) * 32).ndim == 32
    assert nd.zeros((2, 0, 3)).sum().item() == 0.0
    deep = nd.arange(2**8).reshape((2,) * 8)
    assert deep.T.dup("c").ravel()[1].item() == 2**7
    with pytest.raises(ValueError, match="larger than any memory"):
        nd.zeros(1).broadcast_to(2**40, 2**40)
