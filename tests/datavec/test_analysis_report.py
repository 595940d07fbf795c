"""The HTML report, the quality tables and the command."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec import (
    BinaryMetaData,
    CategoricalMetaData,
    CollectionRecordReader,
    CollectionSequenceRecordReader,
    DoubleMetaData,
    IntegerMetaData,
    Schema,
    SchemaError,
    TimeMetaData,
)
from datavec.__main__ import main
from datavec.analysis import (
    CategoricalAnalysis,
    DataAnalysis,
    DoubleAnalysis,
    HtmlAnalysis,
    HtmlSequencePlotting,
    IntegerAnalysis,
    TimeAnalysis,
    analyze,
    analyze_quality,
    analyze_quality_sequence,
    infer_csv_schema,
)
from datavec.analysis._report_bars import bars_of
from datavec.analysis._report_charts import nice_ticks, time_ticks
from datavec.analysis._report_text import (
    escaped,
    instant_text,
    number_text,
    share_text,
    value_text,
)
from datavec.columns._ndarray_column import from_arrays

VOID = {"meta", "line", "rect", "path"}  # the SVG ones close themselves


class Page(HTMLParser):
    """Checks that tags nest, ids are unique, and collects texts and tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == [], self.open
        ids = [a["id"] for _, a in self.tags if "id" in a]
        assert len(ids) == len(set(ids))
        targets = {(a["href"] or "")[1:] for t, a in self.tags if t == "a"}
        assert targets <= set(ids)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


SCHEMA = (
    Schema.builder()
    .add_column_time("when", "America/New_York")
    .add_column_integer("age", min_value=18)
    .add_column_double("amount")
    .add_column_categorical("country", ["US", "CA", "BR"])
    .add_column_string("name")
    .add_column_boolean("fraud")
    .add_column_ndarray("vector", [2])
    .add_column(BinaryMetaData("raw"))
    .build()
)


def table(rows: int) -> pa.Table:
    random = np.random.default_rng(0)
    return pa.table(
        {
            "when": 1_700_000_000_000 + random.integers(0, 10**10, rows),
            "age": pa.array(random.integers(15, 60, rows), pa.int32()),
            "amount": pa.array(random.normal(size=rows), mask=np.arange(rows) % 4 == 1),
            "country": random.choice(["US", "CA", "F<R"], rows),
            "name": [f"<b>{i}" for i in range(rows)],
            "fraud": random.random(rows) < 0.3,
            "vector": from_arrays([random.normal(size=2) for _ in range(rows)]),
            "raw": pa.array([b"ab"] * rows),
        }
    )


def test_report_shows_every_column(tmp_path):
    path = tmp_path / "report.html"
    found = HtmlAnalysis.report(SCHEMA, table(200), path, title="Payments & <more>")
    assert found["age"].count == 200
    text = path.read_text("utf-8")
    page = Page(text)
    names = [d for d in page.texts if d in SCHEMA.column_names]
    assert set(names) == set(SCHEMA.column_names)
    assert "Payments & <more>" in page.text
    assert "F<R" in page.text
    assert "1 not declared" in page.text
    assert "times in America/New_York" in page.text
    assert len([t for t, _ in page.tags if t == "section"]) == len(SCHEMA)
    assert list(tmp_path.iterdir()) == [path]


def test_page_needs_nothing_and_runs_nothing():
    text = HtmlAnalysis.create_html_analysis_string(analyze(SCHEMA, table(50)))
    page = Page(text)
    assert "script" not in {t for t, _ in page.tags}
    assert not re.search(r"https?://|@import|url\(", text)
    assert not any(k.startswith("on") or k == "src" for _, a in page.tags for k in a)
    policy = next(a for t, a in page.tags if "http-equiv" in a)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    for tag, attributes in page.tags:
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
    tables = [t for t, _ in page.tags if t == "table"]
    assert len(tables) == len([t for t, _ in page.tags if t == "caption"])
    assert "prefers-color-scheme:dark" in text


hostile = st.text(max_size=30) | st.sampled_from(
    ["</title><script>alert(1)</script>", '" onload="x', "<svg/onload=x>", "&amp;", "\u202e\0]]>"]
)


@given(name=hostile.filter(bool), values=st.lists(hostile, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_untrusted_texts_are_escaped(name, values):
    values = [v.encode("utf-8", "replace").decode() for v in values]
    name = name.encode("utf-8", "replace").decode()
    schema = Schema((CategoricalMetaData(name, ("a",)),))
    analysis = analyze(schema, CollectionRecordReader([[v] for v in values]))
    shown = {name: values}
    text = HtmlAnalysis.create_html_analysis_string(
        analysis, examples=shown, invalid=shown, title=values[0]
    )
    page = Page(text)
    assert not {t for t, _ in page.tags} & {"script", "img", "iframe"}
    assert not any(k.startswith("on") for _, a in page.tags for k in a)
    assert not re.search("[\x00-\x08\u202a-\u202e\u2066-\u2069]", text)


@given(
    edges=st.lists(st.floats(), max_size=5),
    counts=st.lists(st.integers(-5, 10**12), max_size=4),
    numbers=st.lists(st.floats(), min_size=6, max_size=6),
    whole=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_any_analysis_from_a_file_can_be_shown(edges, counts, numbers, whole):
    """Files may hold anything that has the right types."""
    if len(edges) != len(counts) + 1:
        edges = edges[:1] * (len(counts) + 1) or [0.0] * (len(counts) + 1)
    common = {
        "mean": numbers[0],
        "sample_stdev": numbers[1],
        "count_total": 7,
        "histogram_buckets": tuple(edges),
        "histogram_bucket_counts": tuple(counts),
    }
    if whole:
        low, high = (int(v) if np.isfinite(v) else 10**20 for v in numbers[2:4])
        metas = (IntegerMetaData("i"), TimeMetaData("t"))
        columns = tuple(k(min=low, max=high, **common) for k in (IntegerAnalysis, TimeAnalysis))
    else:
        metas = (DoubleMetaData("d"),)
        columns = (DoubleAnalysis(min=numbers[2], max=numbers[3], **common),)
    analysis = DataAnalysis(Schema(metas), columns)
    text = HtmlAnalysis.create_html_analysis_string(DataAnalysis.from_json(analysis.to_json()))
    Page(text)
    assert "nan" not in re.sub(r"<title>.*?</title>", "", text).lower().replace("data analysis", "")


def test_report_of_sequences(tmp_path):
    schema = Schema.builder().add_column_double("x").build_sequence()
    reader = CollectionSequenceRecordReader([[[1.0], [2.0]], [[3.0]], []])
    HtmlAnalysis.report(schema, reader, tmp_path / "s.html")
    page = Page((tmp_path / "s.html").read_text("utf-8"))
    assert "Sequence lengths" in page.text
    assert "3 sequences" in page.text


def test_report_shows_frequent_and_wrong_values(tmp_path):
    schema = Schema.builder().add_column_string("s").add_column_integer("i").build()
    records = [["often", "1"]] * 7 + [["rarely", "2"]] * 2 + [["once", "oops"], [None, ""]]
    HtmlAnalysis.report(schema, CollectionRecordReader(records), tmp_path / "r.html")
    text = Page((tmp_path / "r.html").read_text("utf-8")).text
    assert re.search(r"Most frequent.*often.*7.*rarely.*2.*once", text)
    assert "Invalid: oops" in text
    assert "invalid 9.1 % (1)" in text
    assert "missing 9.1 % (1)" in text


def test_report_of_a_one_shot_stream(tmp_path):
    data = table(100)
    stream = pa.RecordBatchReader.from_batches(data.schema, iter(data.to_batches()))
    HtmlAnalysis.report(SCHEMA, stream, tmp_path / "s.html")
    assert "Examples" not in Page((tmp_path / "s.html").read_text("utf-8")).text


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")
    analysis = analyze(SCHEMA, table(5))
    monkeypatch.setattr("os.replace", lambda *a: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        HtmlAnalysis.create_html_analysis_file(analysis, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_sequence_plots(tmp_path):
    schema = (
        Schema.builder()
        .add_column_double("load")
        .add_column_categorical("state", ["idle", "run"])
        .add_column_time("t")
        .add_column_string("note")
        .add_column_ndarray("v", [1])
        .build_sequence()
    )
    steps = [
        [0.5, "idle", 0, "a", None],
        [None, None, 60_000, "b", None],
        [1.5, "??", 90_000, "a", None],
    ]
    path = tmp_path / "s.html"
    HtmlSequencePlotting.create_html_sequence_plot_file("M <7>", schema, steps, path)
    page = Page(path.read_text("utf-8"))
    assert "M <7>" in page.text
    assert "3 steps" in page.text
    assert "NDArray values are not drawn" in page.text
    assert len([t for t, _ in page.tags if t == "svg"]) == 4
    Page(HtmlSequencePlotting.create_html_sequence_plots("empty", schema, []))
    with pytest.raises(SchemaError, match="expected 5 values"):
        HtmlSequencePlotting.create_html_sequence_plots("bad", schema, [[1.0]])


# --- what the report is made of ----------------------------------------------------------------


def test_whole_numbers_make_no_combs():
    schema = Schema.builder().add_column_integer("i").build()
    values = list(range(48)) * 10  # 30 buckets hold one or two of 48 numbers
    bars = bars_of(analyze(schema, pa.table({"i": pa.array(values, pa.int32())}))["i"])
    assert bars is not None
    assert bars.per_number
    assert set(bars.heights) == {10.0}
    few = bars_of(analyze(schema, pa.table({"i": pa.array([3, 3, 5], pa.int32())}))["i"])
    assert few is not None
    assert (list(few.edges), list(few.heights)) == ([2.5, 3.5, 4.5, 5.5], [2, 0, 1])
    one = bars_of(analyze(schema, pa.table({"i": pa.array([3, 3], pa.int32())}))["i"])
    assert one is not None
    assert sum(one.heights) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-1234567, "−1,234,567"),
        (1234.5678, "1,234.6"),
        (0.00001234, "1.234e-05"),
        (-2.5e20, "−2.5e+20"),
        (float("nan"), "–"),
        (float("-inf"), "−∞"),
        (None, "–"),
        (0.1, "0.1"),
        (99999.9, "100,000"),
    ],
)
def test_numbers_as_text(value, text):
    assert number_text(value) == text


def test_shares_as_text():
    assert [share_text(*p) for p in ((0, 5), (1, 1), (1, 10_000), (9_999, 10_000), (1, 0), (1, 30))] == [
        "0 %", "100 %", "< 0.1 %", "> 99.9 %", "–", "3.3 %",
    ]  # fmt: skip


def test_instants_as_text():
    assert instant_text(0, "UTC") == "1970-01-01"
    assert instant_text(1_700_000_000_000, "America/New_York") == "2023-11-14 17:13:20"
    assert instant_text(1e300, "UTC") == "1e+300 ms"
    assert value_text(60_000, TimeMetaData("t")) == "1970-01-01 00:01"


def test_ticks_are_round():
    assert [t for _, t in nice_ticks(0, 97)] == ["0", "20", "40", "60", "80"]
    assert [t for _, t in nice_ticks(0, 12, whole=True)] == ["0", "2", "4", "6", "8", "10", "12"]
    day = 86_400_000
    assert [t for _, t in time_ticks(0, 100 * day, "UTC")] == [
        "1970-01",
        "1970-02",
        "1970-03",
        "1970-04",
    ]
    assert [t for _, t in time_ticks(0, day / 4, "Asia/Tokyo")] == ["09:00", "12:00", "15:00"]
    assert [t for _, t in time_ticks(0, 4000 * day, "UTC")][:2] == ["1970", "1975"]


@given(st.floats(-1e15, 1e15), st.floats(0, 1e15), st.sampled_from(["UTC", "America/New_York"]))
@settings(deadline=None)
def test_time_ticks_lie_in_the_range(low, span, zone):
    found = time_ticks(low, low + span, zone)
    assert len(found) <= 8
    assert all(low <= t <= low + span for t, _ in found)


def test_control_characters_become_visible():
    assert escaped("a\0b\x1b[31m\u202e") == "a␀b␛[31m\ufffd"
    assert escaped("abcdef", 4) == "abc…"


# --- quality -----------------------------------------------------------------------------------


def test_quality_of_every_type():
    data = table(100)
    data = data.set_column(1, "age", pa.array([None, 17, *([20] * 98)], pa.int32()))
    quality = analyze_quality(SCHEMA, data)
    counts = {
        m.name: (q.count_valid, q.count_invalid, q.count_missing)
        for m, q in zip(SCHEMA, quality, strict=True)
    }
    assert counts["age"] == (98, 1, 1)
    assert counts["amount"] == (75, 0, 25)
    wrong = data["country"].to_pylist().count("F<R")
    assert counts["country"] == (100 - wrong, wrong, 0)
    for name in ("when", "name", "fraud", "vector", "raw"):
        assert counts[name] == (100, 0, 0), name
    assert "FAIL      IntegerQuality(countValid=98" in str(quality)
    same = analyze_quality(SCHEMA, data.to_batches(max_chunksize=9), threads=2)
    assert str(same) == str(quality)


def test_quality_of_text():
    schema = Schema.builder().add_column_boolean("b").add_column_float("f").build()
    reader = CollectionRecordReader([["true", "1"], ["maybe", "x"], ["", ""], ["FALSE", "NaN"]])
    b, f = analyze_quality(schema, reader)
    assert (b.count_valid, b.count_invalid, b.count_missing) == (2, 1, 1)
    assert (f.count_valid, f.count_invalid, f.count_missing, f.count_nan) == (2, 1, 1, 1)
    with pytest.raises(SchemaError, match="must be a SequenceSchema"):
        analyze_quality_sequence(schema, reader)


# --- the command -------------------------------------------------------------------------------

CSV = (
    "age,amount,city,ok\n"
    + "".join(
        f"{20 + i % 7},{i * 1.5},{'Bonn' if i % 3 else 'Rome'},{'true' if i % 2 else 'false'}\n"
        for i in range(60)
    )
    + "x,,Bonn,\n"
)


def test_schema_is_guessed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    schema = infer_csv_schema(path)
    assert [m.column_type.value for m in schema] == ["Long", "Double", "Categorical", "Boolean"]
    assert schema.metadata("city").state_names == ("Bonn", "Rome")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(SchemaError, match="cannot guess a schema"):
        infer_csv_schema(tmp_path / "empty.csv")


def test_command_writes_and_prints(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    assert main(["analyze", str(path)]) == 0
    printed = capsys.readouterr().out
    assert '"age"         Long           LongAnalysis(min=20,max=26' in printed
    assert "LongQuality(countValid=60, countInvalid=1, countMissing=0, countTotal=61" in printed
    report, stored = tmp_path / "r.html", tmp_path / "a.json"
    assert (
        main(["analyze", str(path), "--html", str(report), "--json", str(stored), "--buckets", "5"])
        == 0
    )
    assert "Bonn" in Page(report.read_text("utf-8")).text
    analysis = DataAnalysis.from_json(stored.read_text("utf-8"))
    assert len(analysis["amount"].histogram[1]) == 5
    assert isinstance(analysis["city"], CategoricalAnalysis)


def test_command_takes_other_files_and_schemas(tmp_path, capsys):
    data = pa.table({"x": [1.0, 2.0], "when": pa.array([0, 1], pa.timestamp("us"))})
    pyarrow.parquet.write_table(data, tmp_path / "a.parquet")
    pyarrow.feather.write_feather(data, tmp_path / "a.feather")
    for name in ("a.parquet", "a.feather"):
        assert main(["analyze", str(tmp_path / name)]) == 0
        assert "DoubleAnalysis(min=1.0,max=2.0" in capsys.readouterr().out
    schema = Schema.builder().add_column_string("x").build()
    (tmp_path / "s.yaml").write_text(schema.to_yaml())
    (tmp_path / "a.csv").write_text("a\nb\n")
    assert main(["analyze", str(tmp_path / "a.csv"), "--schema", str(tmp_path / "s.yaml")]) == 0
    assert "StringAnalysis(minLen=1,maxLen=1" in capsys.readouterr().out


def test_command_reports_mistakes(tmp_path, capsys):
    assert main(["analyze", str(tmp_path / "none.csv")]) == 1
    assert "none.csv: no such file" in capsys.readouterr().err
    (tmp_path / "a.csv").write_text("a,b\n1,2\n1,2,3\n")
    assert main(["analyze", str(tmp_path / "a.csv")]) == 1
    assert "datavec: " in capsys.readouterr().err
    command = [sys.executable, "-m", "datavec", "analyze"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
