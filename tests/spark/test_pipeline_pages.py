"""Pages that go on to Spark, with those blocks that the other sessions leave out."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.spark

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    page
    for page in sorted((ROOT / "docs" / "datavec").glob("**/*.md"))
    if "```python spark\n" in page.read_text("utf-8")
]


def test_pages_are_found() -> None:
    assert "text.md" in [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages(page: Path, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page = runpy.run_path(str(ROOT / "tests" / "datavec" / "test_docs.py"))["run_page"]
    run_page(page, spark=spark)
