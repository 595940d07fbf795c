"""Replays of column analyses and quality counts."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

import numpy as np
from datavec_values import records_of
from harness import Case, Handler, number

from datavec import (
    CollectionRecordReader,
    CollectionSequenceRecordReader,
    InvalidValueError,
    Schema,
)
from datavec.analysis import (
    AbstractNumericalAnalysis,
    BytesAnalysis,
    CategoricalAnalysis,
    DataAnalysis,
    DoubleAnalysis,
    HtmlAnalysis,
    StringAnalysis,
    analyze,
    analyze_quality,
    analyze_quality_sequence,
    bucket_counts,
    bucket_edges,
)

_OURS = {
    "digest",
    "countMissing",
    "countUnique",
    "countInvalid",
}  # keys the cases leave out or lack


def _analysis_fields(analysis: Any) -> dict[str, Any]:
    text = DataAnalysis(Schema.builder().add_column_double("x").build(), (analysis,)).to_json()
    found = json.loads(text)["columnAnalysis"][0]
    return {k: v for k, v in found.items() if k not in _OURS}


def analysis(case: Case) -> None:
    meta = case.meta
    schema = Schema.from_json(json.dumps(meta["schema"]))
    records = records_of(meta["in"], case)
    buckets = meta["max_histogram_buckets"]

    def run() -> DataAnalysis:
        return analyze(schema, CollectionRecordReader(records), buckets)

    if "raises" in meta:
        _raising(case, schema, records, run)
        return
    result = run()
    lines = str(result).splitlines()
    expected_lines = meta["to_string"].splitlines()
    assert len(lines) == len(expected_lines)
    for i, (name, recorded) in enumerate(meta["columns"].items()):
        got, want = result[name], dict(recorded)
        assert type(got).__name__ == want.pop("class"), name
        spoiled = _correct(case, got, [row[i] for row in records], want, buckets)
        _check_quantiles(case, got, want.pop("quantiles", None), name)
        fields = _analysis_fields(got)
        for key in ("@class", *spoiled):
            fields.pop(key, None)
        assert fields.keys() == want.keys(), f"{name}: {fields.keys() ^ want.keys()}"
        for key, value in want.items():
            _check(case, fields[key], value, f"{name}.{key}")
        if not spoiled:
            same = _same_text(case, lines[i + 1], expected_lines[i + 1])
            assert same, f"{lines[i + 1]}\nexpected\n{expected_lines[i + 1]}"
    # The stored digests are coarser than those in memory.
    for again in (
        DataAnalysis.from_json(result.to_json()),
        DataAnalysis.from_yaml(result.to_yaml()),
    ):
        assert _plain(str(again)) == _plain(str(result)), "the file changes the analysis"
        assert again.to_json() == result.to_json()
    if meta.get("html_contains_columns"):
        page = HtmlAnalysis.create_html_analysis_string(result)
        assert all(escape(m.name) in page for m in schema), "a column is missing in the page"
    if "json_without_digest" in meta:
        theirs = DataAnalysis.from_json(json.dumps(meta["json_without_digest"]))
        plain = _plain(meta["to_string"])
        assert _same_text(case, str(theirs), plain), f"{theirs}\nexpected\n{plain}"
    if "analysis" in meta.get("files", {}):
        theirs = DataAnalysis.from_json(case.path(meta["files"]["analysis"]).read_text("utf-8"))
        assert str(theirs) == meta["to_string"], "the JVM's file, digests included"


def _plain(text: str) -> str:
    """The text of an analysis without its quantiles."""
    return re.sub(r", quantiles=\[.*?\]", "", text)


_SPOILED_BY_INFINITY = {
    "mean",
    "sampleStdev",
    "sampleVariance",
    "histogramBuckets",
    "histogramBucketCounts",
}


def _correct(
    case: Case, got: Any, values: list[Any], want: dict[str, Any], buckets: int
) -> set[str]:
    """Where the original is at fault, put what is right, worked out from the input, into `want`.

    Returns the fields that are then left out of the comparison, in text too.
    """
    present = [v for v in values if v.kind != "Null"]
    spoiled: set[str] = set()
    if isinstance(got, StringAnalysis):
        lengths = np.sort([len(v.text().encode("utf-16-le")) // 2 for v in present])
        if len(present) < len(values):
            case.differs("datavec-analysis-missing")
            spoiled = {key for key in want if "Length" in key or key == "countTotal"}
            for key in spoiled:
                want.pop(key)
            assert got.count_total == len(lengths)
            if not len(lengths):
                spoiled |= {k for k in want if k.startswith("histogram")}
                for key in spoiled & want.keys():
                    want.pop(key)
        if len(lengths) and (lengths[0] > 0 or len(present) < len(values)):
            case.differs("datavec-string-histogram")
            edges = bucket_edges(float(lengths[0]), float(lengths[-1]), buckets)
            want["histogramBuckets"] = edges.tolist()
            want["histogramBucketCounts"] = bucket_counts(lengths, edges).tolist()
    if isinstance(got, CategoricalAnalysis) and len(present) < len(values):
        case.differs("datavec-analysis-missing")
        spoiled.add("mapOfCounts")
        counts = dict(want.pop("mapOfCounts"))
        assert counts.pop("NullWritable") == len(values) - len(present)
        assert got.map_of_counts == counts
    if isinstance(got, BytesAnalysis):
        case.differs("datavec-bytes-analysis")
        sizes = [len(v.value) if v.kind == "Bytes" else 1 for v in present]
        want |= {
            "countTotal": len(values),
            "countNull": len(values) - len(sizes),
            "countZeroLength": sizes.count(0),
            "minNumBytes": min(sizes, default=0),
            "maxNumBytes": max(sizes, default=0),
        }
    if isinstance(got, DoubleAnalysis) and not np.isfinite([got.minimum, got.maximum]).all():
        case.differs("datavec-analysis-infinite")
        names = set(_SPOILED_BY_INFINITY)
        if got.minimum == got.maximum:  # the original never gets to a smallest value
            names |= {"min", "max", "countMinValue", "countMaxValue"}
        spoiled = {key for key in names if want.pop(key, None) is not None}
        want.pop("quantiles", None)
    return spoiled


def _raising(case: Case, schema: Schema, records: list[Any], run: Any) -> None:
    """The original gives up at types, gaps and NaN that it could count; text that is no number is an error."""
    reason = case.meta["raises"]
    gaps = [v.kind == "Null" or v.value == "" for row in records for v in row]
    try:
        result = run()
    except InvalidValueError:
        assert "Unknown column type" not in reason
        return
    if not records:
        case.differs("datavec-analysis-empty")
    elif reason.startswith("Unknown column type"):
        case.differs("datavec-analysis-types")
    elif "NaN" in reason:
        case.differs("datavec-analysis-nan")
    else:
        assert any(gaps), f"no error was raised; the result is {result}"
        case.differs("datavec-analysis-missing")
    for i, (meta, got) in enumerate(zip(schema, result, strict=True)):
        values = [row[i] for row in records]
        missing = sum(v.kind == "Null" or v.value == "" for v in values)
        nan = sum(v.kind != "Null" and v.text() == "NaN" for v in values)
        if isinstance(got, AbstractNumericalAnalysis):
            assert got.count == len(values) - missing - nan, meta.name
            assert getattr(got, "count_nan", 0) == nan, meta.name


def _check(case: Case, got: Any, want: Any, what: str) -> None:
    if isinstance(want, dict):
        assert got == want, f"{what}: {got}, expected {want}"
    else:
        listed = [number(v) for v in got] if isinstance(got, list) else number(got)
        case.compare(np.asarray(listed, float), np.asarray(_floats(want), float), what)


def _floats(value: Any) -> Any:
    return [number(v) for v in value] if isinstance(value, list) else number(value)


def _check_quantiles(case: Case, got: Any, want: dict[str, Any] | None, name: str) -> None:
    if want is None:
        return
    tolerance = 0.03 * (got.maximum - got.minimum)
    for q, value in want.items():
        error = abs(got.quantile(float(q)) - number(value))
        assert error <= tolerance, f"{name}: quantile {q} is {got.quantile(float(q))}, not {value}"


# Whole numbers of 16 digits and more went through doubles.
_NUMBER = re.compile(r"-?\d+\.\d+(?:E-?\d+)?|-?\d{16,}")


def _same_text(case: Case, got: str, want: str) -> bool:
    """Equal but for the last digits of decimal numbers, which follow the order of summing.

    Quantiles have their own tolerance and are compared apart.
    """
    got, want = (re.sub(r"(\d -> )[^,\]]+", r"\1", text) for text in (got, want))
    if _NUMBER.sub("#", got) != _NUMBER.sub("#", want):
        return False
    pairs = zip(_NUMBER.findall(got), _NUMBER.findall(want), strict=True)
    return all(
        a == b or abs(float(a) - float(b)) <= case.atol + case.rtol * abs(float(b))
        for a, b in pairs
    )


def quality(case: Case) -> None:
    meta = case.meta
    schema = Schema.from_json(json.dumps(meta["schema"]))
    if meta.get("sequence_in"):
        sequences = [records_of(s, case) for s in meta["in"]]
        case.differs("datavec-quality-sequence")
        result = analyze_quality_sequence(schema, CollectionSequenceRecordReader(sequences))
        rows = [step for s in sequences for step in s]
    else:
        rows = records_of(meta["in"], case)
        result = analyze_quality(schema, CollectionRecordReader(rows))
    for q in result:
        assert q.count_total == len(rows), q
        assert q.count_valid + q.count_invalid + q.count_missing == len(rows), q
    if "columns" not in meta:  # the original knows no quality of such columns
        assert "Unknown column type" in meta["raises"]
        case.differs("datavec-quality-types")
        return
    for name, want in meta["columns"].items():
        if want["class"] == "BytesQuality":
            case.differs("datavec-quality-types")
            continue
        got = str(result[name])
        kind, counts = got.rstrip(")").split("(", 1)
        fields = dict(part.split("=") for part in counts.split(", "))
        assert kind == want["class"], name
        unique = int(fields.pop("countApproxUnique", 0))
        about = want.get("approx_unique", 0)
        assert abs(unique - about) <= max(1, 0.1 * about), f"{name}: {unique} unique, not {about}"
        expected = {k: str(v) for k, v in want.items() if k not in ("class", "approx_unique")}
        assert fields == expected, f"{name}: {fields}, expected {expected}"
    if "to_string" in meta and not case.differences:
        hidden = [
            re.sub(r"(countApproxUnique=)\d+", r"\1", t) for t in (str(result), meta["to_string"])
        ]
        assert hidden[0] == hidden[1], f"{result}\nexpected\n{meta['to_string']}"


KINDS: dict[str, Handler] = {"analysis": analysis, "quality": quality}
