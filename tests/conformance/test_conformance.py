"""Replays every case recorded from the real Deeplearning4j: see ``harness`` and the closing table."""

from __future__ import annotations

import harness
import pytest


def test_case(case: harness.Case, record_property) -> None:
    def ended(outcome: str, reason: str = "") -> None:
        record_property(harness.OUTCOME, (case.kind, outcome, reason, case.differences))

    if not harness.is_compared(case):
        ended("not compared")
        pytest.skip("recorded for information, not for comparison")
    try:
        harness.run(case)
    except harness.NotSupported as reason:
        ended("not supported", str(reason))
        pytest.skip(f"not supported yet: {reason}")
    except BaseException:
        ended("failed")
        raise
    ended("passed")


def test_kinds_modules_import(broken_kinds: str) -> None:
    assert not broken_kinds, broken_kinds
