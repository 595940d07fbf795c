"""Files of records: what is written here DataVec reads, and the reverse; and its regular expressions."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import datavec as dv
from datavec.text._java_regex import compile_java

pytestmark = pytest.mark.jvm

SCHEMA = (
    dv.Schema.builder()
    .add_column_integer("i")
    .add_column_long("l")
    .add_column_double("d")
    .add_column_float("f")
    .add_column_string("s")
    .add_column_time("t", "UTC")
    .add_column_boolean("b")
    .build()
)
RECORDS = [
    [1, -(2**40), 1e-5, 0.1, 'a, "b" \\ c', 86_400_000, True],
    [-7, 3, 1e300, 1e10, "日本 ☃", -1, False],
    [0, 0, -0.0, 5e-324, "", 0, True],
    [2**31 - 1, 2**63 - 1, 123456789.5, 2.5, "plain", 1_400_000_000_123, False],
]
SVMLIGHT = "org.datavec.api.records.writer.impl.misc.SVMLightRecordWriter."
READ_SVMLIGHT = "org.datavec.api.records.reader.impl.misc.SVMLightRecordReader."


def values(record: list[Any]) -> list[list[Any]]:
    """A record of `RECORDS` as the jobs take it."""
    kinds = [dv.Writable.of(v, m.column_type.value) for v, m in zip(record, SCHEMA, strict=True)]
    kinds[SCHEMA.index_of("t")] = dv.Writable("Long", record[SCHEMA.index_of("t")])
    return [[w.kind, w.text()] for w in kinds]


def texts(records: list[Any]) -> list[list[str]]:
    return [[value for _, value in record] for record in records]


def test_csv_is_read_there(jvm) -> None:
    with dv.CSVRecordWriter(jvm.path("x.csv"), schema=SCHEMA) as writer:
        writer.write_batch(RECORDS)
    (read,) = jvm.run({"job": "records-read", "reader": "csv", "file": jvm.path("x.csv")})
    assert texts(read["data"]) == texts([values(r) for r in RECORDS])


def test_csv_from_there_is_read_here(jvm) -> None:
    data = [[v for v in values(r) if "," not in v[1]] for r in RECORDS]
    path = jvm.path("x.csv")
    jvm.run({"job": "records-write", "writer": "csv", "file": path, "data": data})
    assert list(dv.CSVRecordReader(path)) == texts(data)
    # Without quotes ours writes the same bytes.
    with dv.CSVRecordWriter(jvm.path("ours.csv"), quoting="none") as writer:
        for record in data:
            writer.write([dv.Writable(k, _python(k, v)) for k, v in record])
    assert jvm.path("ours.csv").read_bytes() == path.read_bytes()


def _python(kind: str, text: str) -> Any:
    if kind in ("Int", "Long"):
        return int(text)
    if kind in ("Double", "Float"):
        return float(text)
    return text == "true" if kind == "Boolean" else text


def test_arrow_is_read_there(jvm) -> None:
    path = jvm.path("x.arrow")
    with dv.ArrowRecordWriter(path, schema=SCHEMA, deeplearning4j=True) as writer:
        writer.write_batch([*RECORDS, [None] * len(SCHEMA)])
    (read,) = jvm.run({"job": "records-read", "reader": "arrow", "file": path})
    assert read["data"] == [*(values(r) for r in RECORDS), [["Null", None]] * len(SCHEMA)]


def test_arrow_from_there_is_read_here(jvm) -> None:
    path = jvm.path("x.arrow")
    jvm.run(
        {
            "job": "records-write",
            "writer": "arrow",
            "file": path,
            "schema": SCHEMA.to_json(),
            "data": [values(r) for r in RECORDS],
        }
    )
    found = list(dv.ArrowRecordReader(path))
    for ours, wanted in zip(found, RECORDS, strict=True):
        assert ours[:3] + ours[4:] == wanted[:3] + wanted[4:]
        assert ours[3] == pytest.approx(wanted[3], rel=1e-7)


NUMBERS = [[0.0, 1.5, -2.0, 1.0], [3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1e-10, 1.0]]


@pytest.mark.parametrize("zero_based", [False, True])
def test_svmlight_both_ways(jvm, zero_based: bool) -> None:
    ours, theirs = jvm.path("ours"), jvm.path("theirs")
    with dv.SVMLightRecordWriter(ours, zero_based_indexing=zero_based) as writer:
        writer.write_batch(NUMBERS)
    data = [[["Double", str(v)] for v in record] for record in NUMBERS]
    read, _ = jvm.run(
        {
            "job": "records-read",
            "reader": "svmlight",
            "file": ours,
            "configuration": {
                READ_SVMLIGHT + "numfeatures": "3",
                READ_SVMLIGHT + "zeroBasedIndexing": str(zero_based).lower(),
            },
        },
        {
            "job": "records-write",
            "writer": "svmlight",
            "file": theirs,
            "configuration": {SVMLIGHT + "zeroBasedIndexing": str(zero_based).lower()},
            "data": data,
        },
    )
    assert [[float(v) for v in record] for record in texts(read["data"])] == NUMBERS
    assert ours.read_text() == theirs.read_text()
    reader = dv.SVMLightRecordReader(theirs, num_features=3, zero_based_indexing=zero_based)
    assert [[float(v) for v in record] for record in reader] == NUMBERS


def test_matrices_are_the_same_text(jvm) -> None:
    data = [[["Double", str(v)] for v in record] for record in NUMBERS]
    jvm.run({"job": "records-write", "writer": "matlab", "file": jvm.path("theirs"), "data": data})
    with dv.MatlabRecordWriter(jvm.path("ours")) as writer:
        writer.write_batch(NUMBERS)
    theirs = jvm.path("theirs").read_text().replace("1.0E-10", "1.0E-10")
    assert jvm.path("ours").read_text() == theirs
    assert list(dv.MatlabRecordReader(jvm.path("theirs"))) == NUMBERS


def test_lines_are_read_there(jvm) -> None:
    lines = [["one"], [""], ['日本 \\ "']]
    with dv.LineRecordWriter(jvm.path("x")) as writer:
        writer.write_batch(lines)
    (read,) = jvm.run({"job": "records-read", "reader": "line", "file": jvm.path("x")})
    assert texts(read["data"]) == lines


def test_file_batches_both_ways(jvm) -> None:
    files: list[Path] = [jvm.path(f"{name}.csv") for name in "ab"]
    for number, file in enumerate(files):
        file.write_text(f"{number},x\n")
    ours, theirs = jvm.path("ours.zip"), jvm.path("theirs.zip")
    dv.FileBatch.for_files(files).write_zip(ours)
    read, _ = jvm.run(
        {"job": "records-read", "reader": "file-batch", "file": ours},
        {"job": "file-batch", "files": [str(f) for f in files], "file": theirs},
    )
    assert texts(read["data"]) == [["0", "x"], ["1", "x"]]
    batch = dv.FileBatch.read_zip(theirs)
    assert list(dv.FileBatchRecordReader(dv.CSVRecordReader, batch)) == [["0", "x"], ["1", "x"]]


# --- regular expressions -----------------------------------------------------------------------

ITEMS = ["a", "b-d", "0-9", "_", "\\d", "\\W", "\\s", "\\.", "\\-", "\\t", "é", "\\p{Lu}", "\\PL"]
ITEMS += ["\\p{Punct}", "\\P{Alnum}", "\\x41", "\\u00e9", "\\h", "\\V", "\\[", "^", "\\Qa]b\\E"]
PATTERNS = [
    ".",
    "\\R",
    "\\v+",
    "\\H",
    "\\p{L}",
    "\\p{IsLu}",
    "[]a]",
    "[^]a]",
    "[a&&]",
    "[&&a]",
    "[a-]",
]
PATTERNS += [
    "[-a]",
    "[a-[b]]",
    "[b-a]",
    "[",
    "[]",
    "[a",
    "\\07",
    "\\cA",
    "\\x{1F600}",
    "[^\\x00-\\x7f]",
]
TEXTS = [*map(chr, range(0x100)), "Ā", "ß", "日", "\u2028", "\u00a0", "\u1680", "😀", "ab", "\r\n"]


def some_class(chance: random.Random, depth: int) -> str:
    body = []
    for _ in range(chance.randint(1, 3)):
        nested = depth and chance.random() < 0.4
        body.append(some_class(chance, depth - 1) if nested else chance.choice(ITEMS))
        if chance.random() < 0.2:
            body.append("&&")
            body.append(some_class(chance, 0) if chance.random() < 0.5 else chance.choice(ITEMS))
    return f"[{'^' if chance.random() < 0.3 else ''}{''.join(body)}]"


def test_character_classes_mean_the_same_there(jvm) -> None:
    chance = random.Random(5)
    patterns = [*PATTERNS, *(some_class(chance, 2) for _ in range(400))]
    (result,) = jvm.run({"job": "regex-match", "patterns": patterns, "texts": TEXTS})
    compared = 0
    for pattern, theirs in zip(patterns, result["matches"], strict=True):
        try:
            match = compile_java(pattern).fullmatch
        except dv.UnsupportedTransformError:
            assert isinstance(theirs, str) or "&&" in pattern, (pattern, theirs)
            continue
        assert not isinstance(theirs, str), (pattern, theirs)
        ours = [match(text) is not None for text in TEXTS]
        wrong = [t for t, a, b in zip(TEXTS, ours, theirs, strict=True) if a != b]
        assert not wrong, (pattern, wrong)
        compared += 1
    assert compared > 350
