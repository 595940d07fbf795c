"""The examples of the documentation page and of examples/."""

from __future__ import annotations

import doctest
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_documentation_page():
    page = ROOT / "docs" / "datavec.md"
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    results = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert results.attempted > 10
    assert results.failed == 0


def test_example(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["csv_to_batches.py", str(tmp_path)])
    runpy.run_path(str(ROOT / "examples" / "csv_to_batches.py"), run_name="__main__")
    assert "features (4, 6), labels (4, 2)" in capsys.readouterr().out
