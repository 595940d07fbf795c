"""t-digests, HyperLogLog and fine histograms against exact answers."""

from __future__ import annotations

import base64
import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import DataVecError
from datavec.analysis import HyperLogLog, TDigest, bucket_counts, bucket_edges
from datavec.analysis._histogram import FineHistogram
from datavec.analysis._java_digest import read_java_digest, write_java_digest

DISTRIBUTIONS = {
    "normal": lambda r, n: r.normal(size=n),
    "uniform": lambda r, n: r.random(n),
    "skewed": lambda r, n: np.exp(3 * r.normal(size=n)),
    "repeated": lambda r, n: r.integers(0, 7, n).astype(float),
    "sorted": lambda r, n: np.arange(n, dtype=float),
    "huge": lambda r, n: r.normal(size=n) * 1e300,
}
QS = [0, 0.0005, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1]


@pytest.mark.parametrize("parts", [1, 37])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_digest_quantiles_are_near(name, parts):
    values = DISTRIBUTIONS[name](np.random.default_rng(0), 100_000)
    digest = TDigest()
    for part in np.array_split(values, parts):
        digest.merge(TDigest().add(part))
    assert digest.count == 100_000
    assert len(digest.means) <= 101
    ordered = np.sort(values)
    for q in QS:
        found = digest.quantile(q)
        if name == "repeated":  # a rank means little where a seventh of the data are equal
            found = round(found)
        low = np.searchsorted(ordered, found, side="left") / len(values)
        high = np.searchsorted(ordered, found, side="right") / len(values)
        error = max(low - q, q - high, 0)
        assert error <= 0.0005 + 0.03 * np.sqrt(q * (1 - q)), q
    assert (digest.quantile(0), digest.quantile(1)) == (ordered[0], ordered[-1])


def test_few_values_are_exact():
    digest = TDigest().add([7, 1, 2, 2])
    assert digest.quantiles([0.25, 0.5, 0.75]).tolist() == [1.5, 2.0, 4.5]
    assert digest.cdf([0, 7, 9]).tolist() == [0.0, 1.0, 1.0]


def test_digest_refuses():
    with pytest.raises(ValueError, match="cannot add NaN"):
        TDigest().add([1.0, np.nan])
    with pytest.raises(ValueError, match="between 0 and 1, received 1"):
        TDigest().add([1.0]).quantile(1.25)
    with pytest.raises(ValueError, match="compression must be at least 10, received 1"):
        TDigest(1)
    assert np.isnan(TDigest().quantile(0.5))


@given(
    st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=200), max_size=4)
)
@settings(deadline=None)
def test_quantiles_rise_within_the_range(parts):
    digest = TDigest(20)
    for part in parts:
        digest.add(part)
    values = [v for part in parts for v in part]
    if values:
        found = digest.quantiles(np.linspace(0, 1, 21))
        with np.errstate(invalid="ignore"):
            assert (np.diff(found) >= -1e-9 * np.abs(found[1:])).all()
        assert found.min() >= min(values)
        assert found.max() <= max(values)
        assert digest.count == len(values)


def test_java_form_of_a_digest():
    values = np.random.default_rng(0).normal(size=10_000)
    digest = TDigest(500).add(values)
    data = write_java_digest(digest)
    assert data[:4] == b"\xac\xed\x00\x05"
    again = read_java_digest(data)
    assert again.compression == 100.0
    assert again.count == 10_000
    assert again.quantiles(QS) == pytest.approx(digest.quantiles(QS), abs=0.1)
    assert write_java_digest(again) == data
    assert write_java_digest(read_java_digest(write_java_digest(TDigest()))) is not None


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_java_digest(data):
    whole = bytearray(write_java_digest(TDigest().add([1.0, 2.0, 5.0])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(whole), 700) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(whole)))
    try:
        digest = read_java_digest(bytes(whole[:end]))
    except DataVecError:
        return
    assert len(digest.means) <= 1000
    assert not np.isnan(digest.quantiles([0.1, 0.9])).any() or not len(digest.means)


@pytest.mark.parametrize(
    "text", [b"", b"rO0ABQ==", base64.b64encode(b"\xac\xed\x00\x05" + b"s" * 99)]
)
def test_other_bytes_are_no_digest(text):
    with pytest.raises(DataVecError):
        read_java_digest(base64.b64decode(text))


@pytest.mark.parametrize("count", [0, 1, 2048, 2049, 20_000, 300_000])
def test_different_values_are_counted(count):
    numbers = np.arange(count)
    texts = pa.array([f"key {i}" for i in range(count)])
    for values in (numbers, numbers * 1.5, texts):
        counter = HyperLogLog()
        for start in range(0, count, 7000):
            counter.add(values[start : start + 7000])
            counter.add(values[start : start + 10])
        error = 0 if count <= 2048 else 0.04 * count
        assert abs(counter.count() - count) <= error


def test_counters_merge():
    whole = HyperLogLog().add(np.arange(50_000))
    parts = [HyperLogLog().add(np.arange(a, b)) for a, b in ((0, 100), (50, 30_000), (0, 50_000))]
    merged = HyperLogLog()
    for part in parts:
        merged.merge(pickle.loads(pickle.dumps(part)))
    assert merged.count() == whole.count()
    with pytest.raises(ValueError, match="precision 14 and 10"):
        whole.merge(HyperLogLog(10))
    with pytest.raises(ValueError, match="4 to 18, received 3"):
        HyperLogLog(3)


def test_text_hashes_tell_texts_apart():
    texts = ["", " ", "a", "b", "ab", "ba", "a\0", "\0", "x" * 300, "x" * 556, "x" * 255 + "y" * 45]
    texts += ["y" * 45 + "x" * 255, "é", "日本", "日" * 200]
    assert HyperLogLog().add(pa.array(texts)).count() == len(texts)
    sliced = pa.array(["other", *texts, "end"]).slice(1, len(texts))
    assert HyperLogLog().add(sliced).merge(HyperLogLog().add(pa.array(texts))).count() == len(texts)


@given(
    st.lists(st.lists(st.integers(-(2**62), 2**62) | st.integers(-9, 9), max_size=20), max_size=4)
)
@settings(deadline=None)
def test_fine_histogram_of_integers(parts):
    fine = FineHistogram()
    for part in parts:
        fine.add_sorted(np.sort(np.array(part, np.int64)))
    values = np.sort(np.array([v for part in parts for v in part], np.int64))
    assert fine.counts.sum() == len(values)
    assert len(fine.counts) <= 4096
    if len(values) and fine.exact:
        edges = bucket_edges(float(values[0]), float(values[-1]), 7)
        assert fine.buckets(edges).tolist() == bucket_counts(values, edges).tolist()
    if len(values) and int(values[-1]) - int(values[0]) < 4096:
        assert fine.exact
