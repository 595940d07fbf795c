"""Parts of datavec.spark that need no Spark: runs of equal keys, ranges of sort keys, errors."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import (
    CsvError,
    DataVecError,
    DoubleWritableComparator,
    InvalidValueError,
    Schema,
    TextWritableComparator,
)
from datavec.columns._arrow_io import frame_from_records
from datavec.spark._failures import noted, translated
from datavec.spark._ranks import Ranges, SortKey
from datavec.spark._regrouped import complete_runs
from datavec.transforms import CalculateSortedRank


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-3, 3)), st.integers(1, 5))
def test_runs_are_complete_and_in_order(hashes: list[int], size: int) -> None:
    hashes.sort()
    table = pa.table({"c0": range(len(hashes)), "h": pa.array(hashes, pa.int64())})
    runs = list(complete_runs(iter(table.to_batches(max_chunksize=size)), at_least=4))
    assert [v for r in runs for v in r.column(0).to_pylist()] == list(range(len(hashes)))
    ends = [(r.column("h")[0].as_py(), r.column("h")[-1].as_py()) for r in runs]
    assert all(before[1] < after[0] for before, after in pairwise(ends))


numbers = st.floats(allow_infinity=True) | st.sampled_from([0.0, -0.0, 1.0, float("nan")])


@settings(max_examples=80, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=40), st.integers(1, 6), st.booleans())
def test_ranges_follow_the_order(values: list[float], count: int, ascending: bool) -> None:
    check_ranges(
        Schema.builder().add_column_double("v").build(),
        values,
        CalculateSortedRank("r", "v", DoubleWritableComparator(), ascending),
        count,
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text("a\0bé", max_size=3), min_size=1), st.integers(1, 6), st.booleans())
def test_ranges_of_texts(values: list[str], count: int, ascending: bool) -> None:
    check_ranges(
        Schema.builder().add_column_string("v").build(),
        values,
        CalculateSortedRank("r", "v", TextWritableComparator(), ascending),
        count,
    )


def check_ranges(schema: Schema, values: list[Any], step: CalculateSortedRank, count: int) -> None:
    """Sorting by range, key and order is what the step does by itself."""
    frame = frame_from_records(schema, [[v] for v in values])
    key = SortKey.for_records(step, frame)
    keys, orders = key.of(frame), np.arange(len(values)) + 5
    rows = [(k, int(o), 1.0) for k, o in zip(keys.tolist(), orders, strict=True)][::2]
    found = Ranges.of_rows(key, rows, count).of(keys, orders)
    assert found.min() >= 0
    assert found.max() < count
    expected = step.apply(frame, step.output_schema(schema)).columns[0].to_pylist()
    at = sorted(
        range(len(values)),
        key=lambda i: (keys[i] != keys[i], keys[i] if keys[i] == keys[i] else 0, orders[i]),
    )
    assert repr([values[i] for i in at]).replace("-0.0", "0.0") == repr(expected).replace(
        "-0.0", "0.0"
    )
    assert (np.diff(found[at]) >= 0).all()


class _SparksError(Exception):
    """Has our error in its text, as Spark's exceptions do."""


_SparksError.__module__ = "pyspark.errors"


def crossed(error: DataVecError, rows_before: Any = None) -> Exception:
    noted(error, 0, 2)
    text = "\n\tat org.apache.spark\n".join([str(error), *error.__notes__, "Caused by: …"])
    with pytest.raises(DataVecError) as raised, translated(rows_before):
        raise _SparksError(text)
    return raised.value


@pytest.mark.parametrize("value", ["é\n{x}", 3, 2.5, None, True, b"\x00", float("nan")])
def test_errors_cross_as_they_are(value: Any) -> None:
    error = InvalidValueError("a.b", "a number", value, where="step 1 X", row=3)
    found = crossed(error, lambda stage, partition: 10 * partition + stage)
    assert isinstance(found, InvalidValueError)
    assert str(found) == str(error.located(row=23))
    assert found.row == 23


def test_other_errors_cross_too() -> None:
    found = crossed(CsvError("no end of a quote", file="a.csv", line=3))
    assert isinstance(found, CsvError)
    assert (str(found), found.line) == ("a.csv, line 3: no end of a quote", 3)


def test_errors_of_others_stay() -> None:
    with pytest.raises(KeyError), translated():
        raise KeyError('datavec-error: {"class": "DataVecError"}')


def test_without_pyspark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    from datavec.spark import struct_type

    with pytest.raises(ImportError, match=r'pip install "datavec\[spark\]"'):
        struct_type(Schema.builder().add_column_double("x").build())
