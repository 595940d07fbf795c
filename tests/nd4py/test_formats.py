"""Array files of every form: what goes in comes out, and what cannot be stored is refused."""

from __future__ import annotations

import io
import os
import struct

import numpy as np
import pytest

import nd4py as nd
from nd4py import formats
from nd4py.formats import FormatError

FORMS = ("nd4j", "npy", "flatbuffers", "serde", "txt", "json")
NUMBERS = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
)


def sample(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    random = np.random.default_rng(7)
    if dtype == "bool":
        return random.random(shape) > 0.5
    if dtype.startswith("float"):
        return random.standard_normal(shape).astype(dtype)
    info = np.iinfo(dtype)
    return random.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", NUMBERS)
def test_array_survives_each_form(form: str, dtype: str) -> None:
    for shape in ((), (3,), (2, 3), (1, 4), (4, 1), (2, 1, 3, 2)):
        value = sample(dtype, shape)
        back = formats.read_array(formats.array_to_bytes(value, form), form, dtype=dtype)
        assert back.dtype is nd.dtypes.dtype(dtype)
        np.testing.assert_array_equal(np.asarray(back), value)


@pytest.mark.parametrize("form", ["nd4j", "flatbuffers", "serde", "json", "txt"])
def test_bfloat16_survives(form: str) -> None:
    value = nd.asarray(np.array([[1.5, -2.0], [0.25, 3e30]], np.float32)).cast_to(nd.bfloat16)
    back = formats.read_array(formats.array_to_bytes(value, form), form, dtype="BFLOAT16")
    assert back.dtype is nd.bfloat16
    np.testing.assert_array_equal(back.view_bits().numpy(), value.view_bits().numpy())


@pytest.mark.parametrize("form", ["flatbuffers", "serde", "json", "txt"])
def test_text_survives(form: str) -> None:
    value = np.array([["one", ""], ["zwölf", "日本"]], object)
    back = formats.read_array(formats.array_to_bytes(value, form), form)
    assert np.asarray(back).tolist() == value.tolist()


@pytest.mark.parametrize("form", FORMS)
def test_strided_and_f_order_arrays_keep_values(form: str) -> None:
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    for value in (base.T, base[::2, 1::2], np.asfortranarray(base), base[::-1]):
        back = formats.read_array(formats.array_to_bytes(value, form), form)
        np.testing.assert_array_equal(np.asarray(back), value)


@pytest.mark.parametrize("form", ["nd4j", "flatbuffers", "json", "npy"])
def test_empty_shape_survives(form: str) -> None:
    back = formats.read_array(formats.array_to_bytes(np.empty((2, 0), np.float32), form), form)
    assert back.shape == (2, 0)


@pytest.mark.parametrize("form", ["nd4j", "npy", "serde", "json", "txt", "flatbuffers"])
def test_form_is_recognised(form: str, tmp_path) -> None:
    value = np.arange(6, dtype=np.float32).reshape(2, 3)
    formats.write_array(tmp_path / "array", value, form)
    np.testing.assert_array_equal(np.asarray(formats.read_array(tmp_path / "array")), value)


def test_order_is_written_as_asked() -> None:
    value = np.arange(6, dtype=np.float32).reshape(2, 3)
    as_c, as_f = (formats.array_to_bytes(value, order=order) for order in ("c", "f"))
    assert as_c != as_f
    assert as_f == formats.array_to_bytes(np.asfortranarray(value))
    assert formats.read_array(as_f).order == "f"


def test_arrays_follow_each_other_in_a_stream() -> None:
    stream = io.BytesIO()
    for value in ([1.0, 2.0], [[3, 4], [5, 6]]):
        formats.write_array(stream, value)
    stream.write(b"tail")
    stream.seek(0)
    assert np.asarray(formats.read_array(stream)).tolist() == [1.0, 2.0]
    assert np.asarray(formats.read_array(stream)).tolist() == [[3, 4], [5, 6]]
    assert stream.read() == b"tail"


def test_stream_that_cannot_seek_is_read() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._inner = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            return self._inner.readinto(memoryview(buffer)[:5])

    value = np.arange(100, dtype=np.float64)
    back = formats.read_array(Pipe(formats.array_to_bytes(value)))
    np.testing.assert_array_equal(np.asarray(back), value)


def test_rank_1_float_has_the_bytes_of_the_specification() -> None:
    mode = b"\x00\x10MIXED_DATA_TYPES"
    longs = struct.pack(">6q", 1, 3, 1, 8192, 1, 99)
    expected = mode + struct.pack(">q", 6) + b"\x00\x04LONG" + longs
    expected += mode + struct.pack(">q", 3) + b"\x00\x05FLOAT" + struct.pack(">3f", 1, 2, 3)
    assert formats.array_to_bytes(np.array([1, 2, 3], np.float32)) == expected
    assert len(expected) == 125


def test_npz_is_written_and_read(tmp_path) -> None:
    arrays = {"a": np.arange(3, dtype=np.float32), "b": np.asfortranarray(np.ones((2, 3)))}
    formats.write_npz(tmp_path / "x.npz", arrays)
    first = (tmp_path / "x.npz").read_bytes()
    formats.write_npz(tmp_path / "x.npz", arrays)
    assert (tmp_path / "x.npz").read_bytes() == first
    for found in (formats.read_npz(tmp_path / "x.npz"), dict(np.load(tmp_path / "x.npz"))):
        assert found.keys() == arrays.keys()
        np.testing.assert_array_equal(np.asarray(found["b"]), arrays["b"])


def test_writing_is_atomic(tmp_path) -> None:
    path = tmp_path / "array.bin"
    formats.write_array(path, np.ones(3, np.float32))
    before = path.read_bytes()
    with pytest.raises(TypeError, match="cannot hold text"):
        formats.write_array(path, np.array(["a"], object))

    class Broken:
        shape = (1,)

        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("no values")

    with pytest.raises(RuntimeError):
        formats.write_array(path, Broken())
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["array.bin"]


def test_existing_file_keeps_its_mode(tmp_path) -> None:
    path = tmp_path / "array.bin"
    path.write_bytes(b"old")
    path.chmod(0o640)
    formats.write_array(path, np.ones(3, np.float32))
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: formats.array_to_bytes(np.ones(2, complex)),
            TypeError,
            "no arrays of dtype complex128",
        ),
        (lambda: formats.array_to_bytes(np.ones(2), "xml"), ValueError, "form must be one of nd4j"),
        (
            lambda: formats.array_to_bytes(np.ones(2), order="a"),
            ValueError,
            "order must be 'c' or 'f'",
        ),
        (
            lambda: formats.array_to_bytes(np.empty((0, 2)), "serde"),
            ValueError,
            "cannot hold empty",
        ),
        (
            lambda: formats.array_to_bytes(np.array(["a"], object), "npy"),
            TypeError,
            "cannot hold UTF8",
        ),
        (lambda: formats.read_array(3), TypeError, "expected a path, bytes or a binary stream"),
        (lambda: formats.read_array(b"PK\x03\x04"), FormatError, "read_npz"),
        (
            lambda: formats.read_array(b"\x00\x03ABC" + bytes(60), "nd4j"),
            FormatError,
            "allocation mode 'ABC'",
        ),
        (lambda: formats.read_array(b"12"), FormatError, "none of the forms"),
        (lambda: formats.read_text_rows(b"1 2\n3\n"), FormatError, "line 2 has 1 values"),
        (lambda: formats.read_text_rows(b"1 2\n3 x\n"), FormatError, "line 2"),
        (
            lambda: formats.read_array(b'{"dataType":"FLOAT","shape":[2],"data":[1.0]}'),
            FormatError,
            "expected 2",
        ),
    ],
)
def test_error_says_what_is_wrong(call, error, text) -> None:
    with pytest.raises(error, match=text):
        call()


def test_path_is_named_in_errors(tmp_path) -> None:
    path = tmp_path / "cut.bin"
    path.write_bytes(formats.array_to_bytes(np.ones(100, np.float32))[:-8])
    with pytest.raises(
        FormatError, match=r"cut\.bin: 100 elements of FLOAT takes 400 bytes, the file has 392 left"
    ):
        formats.read_array(path)


def test_text_rows_take_a_separator() -> None:
    back = formats.read_text_rows(b"1, 2\n3,4\n", r",\s*")
    assert np.asarray(back).tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (0.001, "0.001"), (0.00099, "9.9E-4"), (1e7, "1.0E7"),
        (9999999.0, "9999999.0"), (123456.789, "123456.789"), (1.5e300, "1.5E300"), (5e-324, "4.9E-324"),
        (float("nan"), "NaN"), (float("-inf"), "-Infinity"),
    ],
)  # fmt: skip
def test_double_prints_as_in_java(value: float, text: str) -> None:
    assert formats.java_double(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (16777216.0, "1.6777216E7"), (3.4028235e38, "3.4028235E38"), (1e-45, "1.4E-45")],
)
def test_float_prints_as_in_java(value: float, text: str) -> None:
    assert formats.java_float(value) == text


def test_symbolic_link_stays(tmp_path) -> None:
    (tmp_path / "real.npy").write_bytes(b"old")
    (tmp_path / "link.npy").symlink_to("real.npy")
    formats.write_array(tmp_path / "link.npy", np.arange(3), "npy")
    assert (tmp_path / "link.npy").is_symlink()
    assert np.array_equal(np.load(tmp_path / "real.npy"), np.arange(3))


def test_pipe_is_written_to_and_not_replaced(tmp_path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        formats.write_array(path, np.arange(3), "npy")
        assert path.is_fifo()
        assert np.array_equal(np.load(io.BytesIO(os.read(reading, 4096))), np.arange(3))
    finally:
        os.close(reading)


@pytest.mark.parametrize(
    ("name", "error"), [("none/array.npy", FileNotFoundError), (".", IsADirectoryError)]
)
def test_target_that_cannot_be_written_is_named(name, error, tmp_path) -> None:
    with pytest.raises(error) as caught:
        formats.write_array(tmp_path / name, np.arange(3))
    assert caught.value.filename == str(tmp_path / name)
