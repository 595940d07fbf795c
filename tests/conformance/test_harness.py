"""The runner itself: it finds cases, compares strictly, and hides nothing."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import harness
import numpy as np
import pytest

HERE = Path(__file__).resolve().parent


def write_cases(folder: Path) -> None:
    """Two cases, a set of two, companions that are no cases, and a zip with one more."""
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.json").write_text(
        json.dumps({"case": "a", "kind": "nothing", "rtol": 0.5})
    )
    np.savez(folder / "sub" / "a.npz", x=np.arange(3), bits=np.array([0x3F80], np.uint16))
    (folder / "sub" / "a.bin").write_bytes(b"companion")
    (folder / "b.json").write_text(json.dumps({"case": "b", "kind": "other", "informative": True}))
    (folder / "b.config.json").write_text('{"kind": 3}')
    (folder / "broken.json").write_text("{")
    (folder / "set.json").write_text(
        json.dumps({"kind": "op-set", "namespace": "n", "cases": [{"case": "c"}, {"case": "d"}]})
    )
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("e.json", json.dumps({"case": "e", "kind": "nothing", "bfloat16": ["x"]}))
        archive.writestr("e.bin", b"in the zip")
    model = io.BytesIO()
    with zipfile.ZipFile(model, "w") as archive:
        archive.writestr("configuration.json", "{}")
    (folder / "a.zip").write_bytes(model.getvalue())
    (folder / "torn.zip").write_bytes(model.getvalue()[:20])


def test_cases_are_found_by_kind_in_folders_sets_and_zips(tmp_path) -> None:
    write_cases(tmp_path / "family")
    cases = {c.name: c for c in harness.find_cases([tmp_path / "family"])}
    assert cases.keys() == {"a", "b", "c", "d", "e"}
    a, c, e = cases["a"], cases["c"], cases["e"]
    assert (a.id, a.rtol, a.atol) == ("family/a", 0.5, 0.0)
    assert a.arrays["x"].tolist() == [0, 1, 2]
    assert a.path("a.bin").read_bytes() == b"companion"
    assert (c.kind, c.meta["namespace"]) == ("op-set", "n")
    assert (e.id, e.bfloat16) == ("more/e", {"x"})
    assert e.path("e.bin").read_bytes() == e.read("e.bin") == b"in the zip"
    assert e.has("e.bin")
    assert not e.has("x.bin")
    assert dict(e.arrays) == {}
    with pytest.raises(FileNotFoundError, match="no member x"):
        e.path("x")
    with pytest.raises(FileNotFoundError, match="no such folder or zip"):
        harness.find_cases([tmp_path / "none"])


@pytest.mark.parametrize(
    ("actual", "expected", "rtol", "atol"),
    [
        (np.float32([1, np.nan, np.inf]), np.float32([1, np.nan, np.inf]), 0, 0),
        (np.float64([1.1]), np.float64([1.0]), 0.1001, 0),
        (np.float64([0.1]), np.float64([0.0]), 0, 0.1),
        (np.array(["a"], object), np.array(["a"]), 0, 0),
        (np.inf, "Infinity", 0, 0),
        ([1, 2], [1, 2], 0, 0),
        (np.int64([2**62 + 1]), np.int64([2**62 + 1]), 0, 0),
    ],
)
def test_compare_accepts(actual, expected, rtol, atol) -> None:
    harness.compare(actual, expected, rtol, atol)


@pytest.mark.parametrize(
    ("actual", "expected", "rtol", "atol", "text"),
    [
        (np.float32([1.1]), np.float32([1.0]), 0.05, 0.04, "1 of 1 values differ"),
        (np.float32([1]), np.float64([1]), 0, 0, "dtype float32, expected float64"),
        (np.float32([1]), np.float32([[1]]), 0, 0, r"shape \(1,\), expected \(1, 1\)"),
        (np.float32([np.nan]), np.float32([1]), 1, 1, ".*values differ"),
        (np.float32([1]), np.float32([np.nan]), 1, 1, ".*values differ"),
        (np.float32([1]), np.float32([np.inf]), 1, 0, ".*values differ"),
        (np.float32([np.inf]), np.float32([-np.inf]), 1, 1, ".*values differ"),
        (np.int64([2**62 + 1]), np.int64([2**62]), 0, 0, ".*values differ"),
        (np.array([True]), np.array([False]), 1, 1, ".*values differ"),
        (np.array(["a"]), np.array(["b"]), 1, 1, ".*values differ"),
    ],
)
def test_compare_refuses(actual, expected, rtol, atol, text) -> None:
    with pytest.raises(AssertionError, match="what: " + text):
        harness.compare(actual, expected, rtol, atol, "what")


def test_bfloat16_bits_have_values() -> None:
    assert harness.bfloat16_to_float32(np.array([0x3F80, 0xC000], np.uint16)).tolist() == [
        1.0,
        -2.0,
    ]


def test_every_difference_is_complete_and_must_be_known() -> None:
    assert harness.differences()
    case = harness.find_cases([harness.DEFAULT_FIXTURES / "arrays.zip"])[0]
    with pytest.raises(AssertionError, match="has no row 'none'"):
        case.differs("none")


def test_every_kinds_module_is_imported_or_reported() -> None:
    handlers, broken = harness.load_kinds()
    assert handlers
    assert {f"{p.name}" for p in HERE.glob("kinds_*.py")} >= broken.keys()


def test_table_counts_every_case(tmp_path) -> None:
    write_cases(tmp_path / "family")
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(HERE / "test_conformance.py"),
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    command += ["--fixtures", str(tmp_path / "family")]
    run = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parents[1])
    rows = [line.split() for line in run.stdout.splitlines()]
    table = {row[0]: row[1:] for row in rows if len(row) == 5 and row[1].isdigit()}
    assert table["nothing"] == ["0", "0", "2", "0"], run.stdout
    assert table["other"] == ["0", "0", "0", "1"]
    assert table["op-set"] == ["0", "0", "2", "0"]
    assert table["total"] == ["0", "0", "4", "1"]
    assert "kind nothing: not built yet" in run.stdout
