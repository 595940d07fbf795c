"""Analyses as JSON and YAML, and files that hold something else."""

from __future__ import annotations

import json
import os
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datavec import DataVecError, Schema, SerializationError, UnsupportedTransformError
from datavec.analysis import DataAnalysis, HtmlAnalysis, analyze

fuzz = settings(
    max_examples=int(os.environ.get("DATAVEC_FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

SCHEMA = (
    Schema.builder()
    .add_column_integer("i")
    .add_column_double("d")
    .add_column_string("s")
    .add_column_categorical("c", ["a", "b: c"])
    .add_column_time("t", "America/New_York")
    .build()
)
ROWS = 300
_random = np.random.default_rng(0)
ANALYSIS = analyze(
    SCHEMA,
    pa.table(
        {
            "i": pa.array(_random.integers(0, 9, ROWS), pa.int32()),
            "d": _random.normal(size=ROWS),
            "s": ["x" * (i % 5) for i in range(ROWS)],
            "c": [
                ("a", "#'\"é\n:", "yes", "null", "\x7f\u2028\0😀\x85", "")[i % 6]
                for i in range(ROWS)
            ],
            "t": _random.integers(0, 10**12, ROWS),
        }
    ),
    4,
)


def test_round_trips():
    for again in (
        DataAnalysis.from_json(ANALYSIS.to_json()),
        DataAnalysis.from_yaml(ANALYSIS.to_yaml()),
    ):
        # The stored digest has the original's compression, the one in memory a finer one.
        assert again["d"].quantile(0.9) == pytest.approx(ANALYSIS["d"].quantile(0.9), abs=0.05)
        assert again.to_json() == ANALYSIS.to_json()
        assert again.to_yaml() == ANALYSIS.to_yaml()
        assert again["c"] == ANALYSIS["c"]
        assert again["s"] == ANALYSIS["s"]


def test_file_without_digest_has_no_quantiles():
    body = json.loads(ANALYSIS.to_json())
    for column in body["columnAnalysis"]:
        column.pop("digest", None)
        column.pop("countMissing", None)
    again = DataAnalysis.from_json(json.dumps(body))
    assert np.isnan(again["d"].quantile(0.5))
    assert again["d"].count_missing is None
    assert "quantiles" not in str(again)
    assert "Median" not in HtmlAnalysis.create_html_analysis_string(again)


def change(**changes: object) -> str:
    body = json.loads(ANALYSIS.to_json())
    body["columnAnalysis"][1] |= changes
    return json.dumps(body)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", 'expected an object with "schema" and "columnAnalysis"'),
        ("[1", "not valid JSON"),
        (change(mean=[]), r"columnAnalysis\[1\].mean: expected a number, received \[\]"),
        (change(histogramBuckets=[1.0]), "one edge more than counts, received 1 edges and 4"),
        (change(digest={"digest": "!"}), r"columnAnalysis\[1\].digest.digest: "),
        (change(digest={"digest": "AAAA"}), "no serialised t-digest"),
        (change(digest={}), "digest.digest: expected base64 text"),
    ],
)
def test_what_is_wrong_is_said(text, message):
    with pytest.raises(SerializationError, match=message):
        DataAnalysis.from_json(text)


def test_other_classes_and_numbers_of_columns():
    with pytest.raises(UnsupportedTransformError, match=r"class 'x\.Y' is not supported"):
        DataAnalysis.from_json(change(**{"@class": "x.Y"}))
    body = json.loads(ANALYSIS.to_json())
    body["columnAnalysis"].pop()
    with pytest.raises(DataVecError, match="an analysis of 5 columns needs as many"):
        DataAnalysis.from_json(json.dumps(body))


@pytest.mark.parametrize(
    "text",
    ["a: [", "- 1", "columnAnalysis: &a [*a]", "!<x> 5", "? [1]\n: 2", "!!python/name:os.system"],
)
def test_yaml_that_is_no_analysis(text):
    with pytest.raises(SerializationError):
        DataAnalysis.from_yaml(text)


@fuzz
@given(st.text(max_size=200))
def test_any_text(text):
    for read in (DataAnalysis.from_json, DataAnalysis.from_yaml):
        with suppress(DataVecError):
            read(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@fuzz
@given(st.data())
def test_one_place_changed(data):
    """What can be read can be printed, shown and written again."""
    body = json.loads(ANALYSIS.to_json())
    node, path = body, []
    while isinstance(node, (dict, list)) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        path.append((node, key))
        if data.draw(st.booleans()):
            break
        node = node[key]
    parent, key = path[-1]
    if data.draw(st.booleans()) and isinstance(parent, dict):
        del parent[key]
    else:
        parent[key] = data.draw(values)
    try:
        analysis = DataAnalysis.from_json(json.dumps(body))
    except DataVecError:
        return
    str(analysis)
    HtmlAnalysis.create_html_analysis_string(analysis)
    DataAnalysis.from_json(analysis.to_json())
