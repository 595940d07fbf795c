"""NDArray and other holders of memory: NumPy, buffers, DLPack, pickle."""

from __future__ import annotations

import copy
import ctypes
import gc
import hashlib
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nd4py as nd
from nd4py import _core

NUMERIC = [d for d in nd.dtypes.ALL if d.numpy is not None]
SHARED = [d for d in NUMERIC if d.kind != "complex"]

arrays = hnp.arrays(
    st.sampled_from([d.numpy for d in NUMERIC]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
)


@settings(max_examples=150, deadline=None)
@given(
    x=arrays,
    steps=st.lists(st.sampled_from([1, 2, -1, -2]), min_size=4, max_size=4),
    transpose=st.booleans(),
)
def test_numpy_memory_goes_in_and_out_unchanged(
    x: np.ndarray, steps: list[int], transpose: bool
) -> None:
    view = x[tuple(slice(None, None, s) for s in steps[: x.ndim])] if x.ndim else x
    view = view.T if transpose else view
    a = nd.from_numpy(view)
    assert a.shape == view.shape
    assert a.dtype.numpy == view.dtype
    back = a.numpy()
    assert back.tobytes() == view.tobytes()
    if view.size:
        assert a.strides == tuple(s // view.itemsize for s in view.strides)
        assert back.__array_interface__["data"][0] == view.__array_interface__["data"][0]
    for other in (np.asarray(a), np.array(a, copy=None), np.from_dlpack(a)):
        assert other.dtype == view.dtype
        assert other.tobytes() == view.tobytes()
        assert not view.size or np.shares_memory(other, view)
    assert np.frombuffer(memoryview(a).tobytes(), view.dtype).tobytes() == view.tobytes()


def test_views_keep_their_memory_alive_in_both_directions() -> None:
    x = np.arange(1000.0)
    alive = weakref.ref(x)
    row = nd.from_numpy(x)[500:]
    del x
    gc.collect()
    assert alive() is not None
    assert row[0].item() == 500.0
    view = row.numpy()
    del row
    gc.collect()
    assert alive() is not None
    assert view[0] == 500.0
    del view
    gc.collect()
    assert alive() is None

    a = nd.arange(1000)
    view = a.numpy()[10:20]
    ours = weakref.ref(a)
    del a
    gc.collect()
    assert view.sum() == sum(range(10, 20))
    assert ours() is not None  # the base of the view
    del view
    assert ours() is None


def test_from_numpy_shares_or_copies() -> None:
    x = np.zeros(3)
    nd.from_numpy(x)[0] = 1
    nd.from_numpy(x, copy=True)[1] = 1
    nd.array(x)[2] = 1
    assert x.tolist() == [1, 0, 0]
    assert nd.asarray(x).numpy() is not x
    assert np.shares_memory(nd.asarray(x).numpy(), x)


def test_memory_that_no_ndarray_can_describe_is_copied() -> None:
    swapped = np.arange(3, dtype=">i4")
    assert nd.from_numpy(swapped).tolist() == [0, 1, 2]
    record = np.zeros(3, [("a", "i1"), ("b", "<f4")])
    record["b"] = [1, 2, 3]
    assert nd.from_numpy(record["b"]).tolist() == [1, 2, 3]
    unaligned = np.frombuffer(b"\0" + np.arange(3, dtype="<i8").tobytes(), np.uint8)[1:].view("<i8")
    assert nd.from_numpy(unaligned).tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match="no element type for NumPy's datetime64"):
        nd.from_numpy(np.zeros(2, "M8[s]"))
    with pytest.raises(TypeError, match=r"no element type for NumPy's (longdouble|float128)"):
        nd.from_numpy(np.zeros(2, np.longdouble))
    with pytest.raises(TypeError, match=r"expected a numpy.ndarray, received list"):
        nd.from_numpy([1, 2])  # type: ignore[arg-type]


def test_read_only_memory_stays_read_only() -> None:
    x = np.arange(3.0)
    x.flags.writeable = False
    a = nd.from_numpy(x)
    assert not a.writeable
    assert not a[1:].writeable
    assert not a.numpy().flags.writeable
    assert memoryview(a).readonly
    assert not np.from_dlpack(a).flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        a[0] = 1
    with pytest.raises(BufferError, match="read-only"):
        a.__dlpack__()
    assert a.dup().writeable


@pytest.mark.parametrize("dtype", NUMERIC, ids=lambda d: d.name)
def test_buffers_have_formats_and_strides(dtype: nd.DType) -> None:
    a = nd.zeros((2, 3), dtype)
    view = memoryview(a)
    assert view.shape == (2, 3)
    assert view.itemsize == dtype.itemsize
    assert np.asarray(view).dtype == dtype.numpy
    assert memoryview(a.T).strides == (dtype.itemsize, 3 * dtype.itemsize)


def test_buffers_refuse_what_they_cannot_be() -> None:
    with pytest.raises(BufferError, match="bfloat16 has no buffer format"):
        memoryview(nd.zeros(2, nd.bfloat16))
    with pytest.raises(BufferError, match="utf8 has no buffer format"):
        memoryview(nd.array(["a"]))
    with pytest.raises(BufferError, match="not C-contiguous"):
        hashlib.sha256(nd.zeros((2, 3)).T)
    (ctypes.c_float * 6).from_buffer(nd.zeros((2, 3)))


@pytest.mark.parametrize(
    "dtype", [d for d in nd.dtypes.ALL if d is not nd.utf8], ids=lambda d: d.name
)
@pytest.mark.parametrize("max_version", [None, (0, 8), (1, 0), (1, 1), (2, 0)])
def test_dlpack_round_trip(dtype: nd.DType, max_version: tuple[int, int] | None) -> None:
    a = nd.zeros((3, 4), dtype)[::2, 1:]
    capsule = a.__dlpack__(max_version=max_version)
    versioned = max_version is not None and max_version[0] >= 1
    assert f'"{"dltensor_versioned" if versioned else "dltensor"}"' in repr(capsule)
    b = nd.from_dlpack(capsule)
    assert (b.dtype, b.shape, b.strides) == (a.dtype, a.shape, a.strides)
    assert b.data_pointer == a.data_pointer
    with pytest.raises(BufferError, match="expected an unused DLPack capsule"):
        nd.from_dlpack(capsule)
    del capsule, a
    gc.collect()
    assert b.dup().view_as(dtype).shape == (2, 3)


def test_dlpack_options_and_errors() -> None:
    a = nd.arange(3)
    copied = nd.from_dlpack(a, copy=True)
    copied[0] = 9
    assert a.tolist() == [0, 1, 2]
    assert nd.from_dlpack(a).data_pointer == a.data_pointer
    assert a.__dlpack_device__() == (1, 0)
    unused = a.__dlpack__(max_version=(1, 0), copy=True)
    del unused
    with pytest.raises(BufferError, match="cannot be exported to another device"):
        a.__dlpack__(dl_device=(2, 0))
    with pytest.raises(BufferError, match="has no stream"):
        a.__dlpack__(stream=1)  # type: ignore[arg-type]
    with pytest.raises(BufferError, match="DLPack has no text"):
        nd.array(["a"]).__dlpack__()
    with pytest.raises(TypeError, match="expected an object with __dlpack__, received int"):
        nd.from_dlpack(3)
    with pytest.raises(ValueError, match="expected device 'cpu', received 'cuda'"):
        nd.from_dlpack(a, device="cuda")

    class Elsewhere:
        def __dlpack__(self) -> object:
            raise AssertionError("not asked for")

        def __dlpack_device__(self) -> tuple[int, int]:
            return (2, 0)

    with pytest.raises(BufferError, match="expected memory on the CPU"):
        nd.from_dlpack(Elsewhere())


def test_dlpack_from_numpy_old_and_new() -> None:
    x = np.arange(6.0).reshape(2, 3)

    class Old:
        def __dlpack__(self) -> object:
            return x.__dlpack__()

        def __dlpack_device__(self) -> tuple[int, int]:
            return x.__dlpack_device__()

    for source in (x, Old(), x.T, x[::-1]):
        a = nd.from_dlpack(source)
        expected = x if isinstance(source, Old) else source
        np.testing.assert_array_equal(a.numpy(), expected)
        assert np.shares_memory(a.numpy(), x)
    assert nd.asarray(Old()).shape == (2, 3)


@pytest.mark.parametrize("dtype", nd.dtypes.ALL, ids=lambda d: d.name)
@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_pickle_and_copy_keep_values_type_and_order(dtype: nd.DType, protocol: int) -> None:
    if dtype is nd.utf8:
        a = nd.array([["a", "ßü", ""], ["long " * 20, "\0", "x"]])
    else:
        a = nd.array(np.arange(6).reshape(2, 3) % 2).cast_to(dtype)
    for original in (a, a.dup("f"), a.T, a[:, ::2], a[0, 0], a[:0]):
        for made in (
            pickle.loads(pickle.dumps(original, protocol)),
            copy.copy(original),
            copy.deepcopy([original])[0],
        ):
            assert made.dtype is dtype
            assert made.shape == original.shape
            assert made.tolist() == original.tolist()
            assert made.is_f_contiguous == made.is_c_contiguous or made.order == original.order
            assert made.writeable
            assert made.size == 0 or made.data_pointer != original.data_pointer


def test_numpy_functions_take_arrays_and_give_numpy() -> None:
    a = nd.array([[1.0, 2.0], [3.0, 4.0]])
    assert type(np.tanh(a)) is np.ndarray
    assert np.concatenate([a, a]).shape == (4, 2)
    x = np.ones((2, 2))
    x += a
    assert x.tolist() == [[2, 3], [4, 5]]
    assert isinstance(np.ones((2, 2)) * a, nd.NDArray)
    assert isinstance(np.float32(2) * a, nd.NDArray)
    assert a.__array_namespace__() is nd
    assert a.to_device("cpu") is a
    with pytest.raises(ValueError, match="expected 'cpu'"):
        a.to_device("cuda:0")


def test_weak_references_and_hash() -> None:
    a = nd.zeros(2)
    seen: list[object] = []
    weakref.finalize(a, seen.append, 1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(a)
    del a
    assert seen == [1]
    with pytest.raises(TypeError, match="cannot create"):
        nd.NDArray()


def test_the_core_knows_its_processor() -> None:
    features = _core.cpu_features()
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        listed = next((set(line.split()) for line in file if line.startswith("flags")), set())
    names = {"pni", "ssse3", "sse4_1", "sse4_2", "popcnt", "avx", "avx2", "fma", "bmi1", "bmi2", "f16c", "movbe", "abm",
             "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"}  # fmt: skip
    assert features & names == listed & names
