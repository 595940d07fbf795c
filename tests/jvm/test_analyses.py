"""Analyses: what is written here DataVec reads, and what it finds in the same data is found here."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

import datavec as dv
from datavec.analysis import DataAnalysis, analyze, analyze_quality, analyze_sequence

pytestmark = pytest.mark.jvm

SCHEMA = (
    dv.Schema.builder()
    .add_column_integer("i", min_value=0)
    .add_column_long("l")
    .add_column_double("d", max_value=2.0)
    .add_column_string("s", max_length=4)
    .add_column_categorical("c", ["x", "y"])
    .add_column_time("t", "UTC")
    .build()
)
KINDS = ["Int", "Long", "Double", "Text", "Text", "Long"]


def records(count: int, seed: int) -> list[list[str]]:
    chance = random.Random(seed)
    return [
        [
            str(chance.randint(-20, 20)),
            str(chance.randint(-(2**40), 2**40)),
            repr(chance.gauss(0, 2)),
            "é😀x"[: chance.randint(0, 3)] * chance.randint(0, 3),
            chance.choice(["x", "y", *(f"other {i}" for i in range(20))]),
            str(chance.randint(-(10**12), 10**12)),
        ]
        for _ in range(count)
    ]


NUMBER = re.compile(r"-?\d+\.\d+(?:E-?\d+)?")


def same_text(ours: str, theirs: str) -> None:
    """Equal but for the last digits of means and deviations, and for quantiles, which are compared apart."""
    ours, theirs = (re.sub(r", quantiles=\[.*?\]", "", text) for text in (ours, theirs))
    assert NUMBER.sub("#", ours) == NUMBER.sub("#", theirs)
    numbers = [[float(n) for n in NUMBER.findall(text)] for text in (ours, theirs)]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-9)


def by_name(text: str) -> str:
    """Categories in alphabetical order: among equal counts that of the file decides there."""
    found = re.search(r"CategoryCounts=\{(.*?)\}", text)
    return text if found is None else text.replace(found[1], str(sorted(found[1].split(", "))))


def yaml_lines(text: str) -> list[str]:
    """Lines of YAML whatever their order, and whether keys are quoted that need not be."""
    return sorted(text.replace('"', "").splitlines())


def same_quantiles(analysis: DataAnalysis, theirs: list[list[float]], tolerance: float) -> None:
    for column, expected in zip(analysis, theirs, strict=True):
        if expected:
            span = column.maximum - column.minimum
            got = column.quantiles([0.1, 0.5, 0.9])
            np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * span)


@pytest.mark.parametrize("count", [3, 40, 3000])
def test_same_data_same_analysis(jvm, count) -> None:
    rows = [r if r[3] else [*r[:3], "z", *r[4:]] for r in records(count, count)]
    rows.append(
        ["0", "0", "0.5", "", "x", "0"]
    )  # the empty string keeps the original's edges right
    data = [[[k, v] for k, v in zip(KINDS, row, strict=True)] for row in rows]
    job = {"job": "analyze", "schema": SCHEMA.to_json(), "data": data, "buckets": 7}
    (found,) = jvm.run(job)
    reader = dv.CollectionRecordReader(rows)
    ours = analyze(SCHEMA, reader, 7)
    theirs = DataAnalysis.from_json(found["json"])
    same_text(str(ours), found["text"])
    for mine, original in zip(ours, theirs, strict=True):
        assert mine.histogram_bucket_counts == original.histogram_bucket_counts
    same_quantiles(ours, found["quantiles"], 0.02)
    same_quantiles(theirs, found["quantiles"], 1e-12)
    assert str(theirs) == found["text"]  # the digests of its files are read bit by bit
    assert str(DataAnalysis.from_yaml(found["yaml"])) == found["text"]
    unique = re.compile(r"(countApproxUnique=)\d+")
    quality = str(analyze_quality(SCHEMA, reader))
    assert unique.sub(r"\1", quality) == unique.sub(r"\1", found["quality"])


def test_what_we_write_is_read_there(jvm) -> None:
    analysis = analyze(SCHEMA, dv.CollectionRecordReader(records(5000, 1)))
    jobs = [
        {"job": "analysis-read", "format": "json", "text": analysis.to_json()},
        {"job": "analysis-read", "format": "yaml", "text": analysis.to_yaml()},
    ]
    for found in jvm.run(*jobs):
        same_text(by_name(str(analysis)), by_name(found["text"]))
        same_quantiles(analysis, found["quantiles"], 0.01)
        assert by_name(str(DataAnalysis.from_json(found["json"]))) == by_name(found["text"])
        ours = re.sub(r"\n  count(Invalid|Missing|Unique): \d+", "", analysis.to_yaml())
        assert yaml_lines(found["yaml"]) == yaml_lines(ours)


def test_sequence_analysis_is_read_there(jvm) -> None:
    schema = dv.Schema.builder().add_column_double("x").build_sequence()
    reader = dv.CollectionSequenceRecordReader([[[1.0], [2.5]], [], [[7.0]]])
    analysis = analyze_sequence(schema, reader, 3)
    (found,) = jvm.run({"job": "analysis-read", "format": "json", "text": analysis.to_json()})
    assert "sequenceLengthAnalysis" in found["json"]
    same_text(str(analysis), found["text"])
