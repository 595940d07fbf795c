"""The documentation page runs as it stands."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.spark

PAGE = Path(__file__).resolve().parents[2] / "docs" / "datavec" / "spark.md"


def test_documentation_page(spark: Any) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    results = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    assert results.attempted > 25
    assert results.failed == 0
