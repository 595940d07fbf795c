"""Hostile and truncated files: every reader gives an array or FormatError, quickly and in little memory."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nd4py as nd
from nd4py import evaluation, formats, normalizers
from nd4py.data import DataSet, MultiDataSet

LIMIT = 1 << 22
FLOATS = np.arange(12, dtype=np.float32).reshape(3, 4)
TEXTS = np.array([["ab", "c"], ["", "déf"]], object)


def _npz() -> bytes:
    stream = io.BytesIO()
    formats.write_npz(stream, {"a": FLOATS, "b": FLOATS.astype(np.int16)}, compress=True)
    return stream.getvalue()


def _saved(thing: Any) -> bytes:
    stream = io.BytesIO()
    thing.save(stream)
    return stream.getvalue()


def _gzip_buffer() -> bytes:
    """An nd4j file whose data buffer is GZIP-compressed, as the JVM writes it."""
    import gzip
    import struct

    plain = formats.array_to_bytes(FLOATS)
    second = plain.index(b"MIXED_DATA_TYPES", 20) - 2
    packed = gzip.compress(plain[second:])
    head = struct.pack(">H", 16) + b"MIXED_DATA_TYPES" + struct.pack(">q", len(packed))
    head += struct.pack(">H", 10) + b"COMPRESSED" + struct.pack(">H", 4) + b"GZIP"
    head += struct.pack(">qqqi", len(packed), FLOATS.nbytes, FLOATS.size, 1)
    return plain[:second] + head + packed


def _evaluated(e: Any) -> bytes:
    e.eval(np.eye(3, dtype=np.float32), np.full((3, 3), 0.3, np.float32))
    return e.to_json().encode()


MULTI = MultiDataSet([FLOATS, FLOATS], [FLOATS], [None, FLOATS[:, :1]])
FITTED = normalizers.NormalizerStandardize(fit_label=True).fit(DataSet(FLOATS, FLOATS))
HYBRID = normalizers.MultiNormalizerHybrid(
    normalizers.StandardizeStrategy(), per_input={1: normalizers.MinMaxStrategy()}
).fit(MULTI)

READERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    **{
        form: (
            lambda data, form=form: formats.read_array(data, form, max_bytes=LIMIT),
            formats.array_to_bytes(FLOATS, form),
        )
        for form in ("nd4j", "npy", "flatbuffers", "serde", "txt", "json")
    },
    "nd4j-gzip": (lambda data: formats.read_array(data, "nd4j", max_bytes=LIMIT), _gzip_buffer()),
    "flatbuffers-text": (
        lambda data: formats.read_array(data, "flatbuffers", max_bytes=LIMIT),
        formats.array_to_bytes(TEXTS, "flatbuffers"),
    ),
    "serde-text": (
        lambda data: formats.read_array(data, "serde", max_bytes=LIMIT),
        formats.array_to_bytes(TEXTS, "serde"),
    ),
    "recognised": (
        lambda data: formats.read_array(data, max_bytes=LIMIT),
        formats.array_to_bytes(FLOATS),
    ),
    "npz": (lambda data: formats.read_npz(data, max_bytes=LIMIT), _npz()),
    "rows": (lambda data: formats.read_text_rows(data, max_bytes=LIMIT), b"1 2\n3 4.5\n"),
    "dataset": (
        lambda data: DataSet.load(data, max_bytes=LIMIT),
        _saved(DataSet(FLOATS, FLOATS, label_names=["cat", "dog"])),
    ),
    "multidataset": (lambda data: MultiDataSet.load(data, max_bytes=LIMIT), _saved(MULTI)),
    "normalizer": (lambda data: normalizers.load(data, max_bytes=LIMIT), _saved(FITTED)),
    "normalizer-hybrid": (lambda data: normalizers.load(data, max_bytes=LIMIT), _saved(HYBRID)),
    "evaluation": (
        lambda data: evaluation.from_json(data.decode("utf-8", "replace")),
        _evaluated(evaluation.Evaluation()),
    ),
    "calibration": (
        lambda data: evaluation.from_json(data.decode("utf-8", "replace")),
        _evaluated(evaluation.EvaluationCalibration(3, 3)),
    ),
    "roc": (
        lambda data: evaluation.from_json(data.decode("utf-8", "replace")),
        _evaluated(evaluation.ROCBinary()),
    ),
    "regression": (
        lambda data: evaluation.from_json(data.decode("utf-8", "replace")),
        _evaluated(evaluation.RegressionEvaluation()),
    ),
}

NUMBERS = st.sampled_from(
    [0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 1 << 31, (1 << 63) - 1, (1 << 64) - 1]
)


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """The file with some bytes changed, numbers replaced, parts repeated, and possibly cut off."""
    made = bytearray(data)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(made)))
        change = draw(st.integers(0, 3))
        if change == 0 and at < len(made):
            made[at] = draw(st.integers(0, 255))
        elif change == 1:
            width = draw(st.sampled_from([1, 2, 4, 8]))
            value = draw(NUMBERS) & ((1 << (8 * width)) - 1)
            made[at : at + width] = value.to_bytes(width, draw(st.sampled_from(["big", "little"])))
        elif change == 2:
            made[at:at] = made[at : at + draw(st.integers(0, 40))]
        else:
            del made[at : at + draw(st.integers(0, 40))]
    if draw(st.booleans()):
        del made[draw(st.integers(0, len(made))) :]
    return bytes(made)


@pytest.mark.parametrize("name", READERS)
def test_damaged_file_gives_array_or_format_error(name: str) -> None:
    read, data = READERS[name]
    read(data)  # the file as it was is fine

    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(damaged(data))
    def check(bad: bytes) -> None:
        with suppress(formats.FormatError):
            read(bad)

    check()


@pytest.mark.parametrize("name", READERS)
def test_random_bytes_give_array_or_format_error(name: str) -> None:
    read, _ = READERS[name]

    @settings(max_examples=60, deadline=None, database=None)
    @given(st.binary(max_size=300))
    def check(bad: bytes) -> None:
        with suppress(formats.FormatError):
            read(bad)

    check()


@pytest.mark.parametrize("name", ["nd4j", "npy", "serde", "dataset", "normalizer", "multidataset"])
def test_cut_file_raises_format_error(name: str) -> None:
    read, data = READERS[name]
    for size in range(0, len(data) - 1, 7):
        if name == "multidataset" and size >= len(data) - 4:
            continue
        with pytest.raises(formats.FormatError):
            read(data[:size])


def _peak(call: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(formats.FormatError):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_huge_declared_size_takes_no_memory() -> None:
    data = formats.array_to_bytes(FLOATS)
    shape = (1 << 32).to_bytes(8, "big")
    bad = data.replace((3).to_bytes(8, "big"), shape, 1)
    assert _peak(lambda: formats.read_array(bad, "nd4j")) < 1 << 20
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,), }\n"
    npy = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    assert _peak(lambda: formats.read_array(npy)) < 1 << 20


def test_gzip_bomb_is_stopped_at_the_declared_size() -> None:
    import gzip

    data = _gzip_buffer()
    start = data.index(b"\x1f\x8b")
    bomb = gzip.compress(bytes(1 << 26))
    length = (len(data) - start).to_bytes(8, "big")
    bad = data[:start].replace(length, len(bomb).to_bytes(8, "big")) + bomb
    assert _peak(lambda: formats.read_array(bad, "nd4j")) < 1 << 22


def test_npz_bomb_is_stopped_at_the_limit() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", formats.array_to_bytes(np.zeros(1 << 24, np.float32), "npy"))
    assert _peak(lambda: formats.read_npz(stream.getvalue(), max_bytes=1 << 20)) < 1 << 22


def test_large_array_needs_a_larger_limit() -> None:
    data = formats.array_to_bytes(np.zeros(1 << 10, np.float32))
    with pytest.raises(formats.FormatError, match="more than the limit of 4000"):
        formats.read_array(data, max_bytes=4000)
    assert nd.asarray(formats.read_array(data, max_bytes=5000)).shape == (1 << 10,)


def test_java_stream_nested_without_end_is_refused() -> None:
    deep = b"\x20" + b"\xac\xed\x00\x05" + b"\x73" * 10_000
    with pytest.raises(formats.FormatError, match="nested deeper"):
        DataSet.load(deep)


def test_old_java_normalizer_is_named() -> None:
    with pytest.raises(formats.FormatError, match="old Java object stream"):
        normalizers.load(b"\xac\xed\x00\x05sr")


@pytest.mark.parametrize(
    ("thing", "field"),
    [(evaluation.Evaluation(), "numRowCounter"), (evaluation.ROC(10), "countActualPositive")],
    ids=["Evaluation", "ROC"],
)
def test_infinite_count_is_refused(thing: Any, field: str) -> None:
    thing.eval(np.eye(2, dtype=np.float32), np.full((2, 2), 0.5, np.float32))
    node = json.loads(thing.to_json())
    node[field] = float("inf")
    with pytest.raises(formats.FormatError, match="of the wrong form"):
        evaluation.from_json(json.dumps(node))
