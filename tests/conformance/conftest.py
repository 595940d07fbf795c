"""Command line, one item per recorded case, and the closing table of the conformance run."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(
    0, str(Path(__file__).resolve().parent)
)  # kinds modules and tests say `from harness import ...`

import harness


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    # pytest has a --fixtures of its own (it lists test fixtures; also called --funcargs): ours takes the name here.
    group._arggroup.conflict_handler = "resolve"
    group.addoption(
        "--fixtures",
        action="append",
        type=Path,
        metavar="PATH",
        dest="case_paths",
        help="folder or zip of recorded cases (repeatable; default: the project's own copy)",
    )
    group.addoption(
        "--kind", action="append", metavar="KIND", help="only cases of this kind (repeatable)"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        paths = metafunc.config.getoption("case_paths", default=None) or [harness.DEFAULT_FIXTURES]
        kinds = metafunc.config.getoption("kind", default=None)
        cases = [c for c in harness.find_cases(paths) if not kinds or c.kind in kinds]
        metafunc.parametrize("case", cases, ids=[c.id for c in cases])
    elif "broken_kinds" in metafunc.fixturenames:
        broken = harness.load_kinds()[1]
        metafunc.parametrize(
            "broken_kinds", list(broken.values()) or [""], ids=list(broken) or ["all"]
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield  # pytest's own list of skips and failures comes first: the run ends with the table
    _closing_table(terminalreporter)


def _closing_table(terminalreporter: pytest.TerminalReporter) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    differing: Counter[str] = Counter()
    reports = [
        r
        for outcome in ("passed", "failed", "skipped", "error")
        for r in terminalreporter.stats.get(outcome, [])
    ]
    for report in reports:
        found = dict(getattr(report, "user_properties", ())).get(harness.OUTCOME)
        if found is None or report.when not in ("call", "setup"):
            continue
        kind, outcome, reason, names = found
        counts[kind][outcome] += 1
        differing.update(names)
        if outcome == "not supported":
            reasons[kind][reason] += 1
    if not counts:
        return
    columns = ("passed", "failed", "not supported", "not compared")
    width = max(len(k) for k in (*counts, "total"))
    write = terminalreporter.write_line
    terminalreporter.section("conformance with Deeplearning4j 1.0.0-M2.1")
    write(f"{'kind':<{width}}  " + "  ".join(f"{c:>13}" for c in columns))
    for kind in sorted(counts):
        write(f"{kind:<{width}}  " + "  ".join(f"{counts[kind][c]:>13}" for c in columns))
    write(
        f"{'total':<{width}}  "
        + "  ".join(f"{sum(n[c] for n in counts.values()):>13}" for c in columns)
    )
    if reasons:
        write("")
        write("not supported yet:")
        for kind in sorted(reasons):
            for reason, n in reasons[kind].most_common():
                write(f"  {n:>5}  {kind:<{width}}  {reason}")
    if differing:
        write("")
        write(f"deliberate differences met ({harness.DIFFERENCES.name}):")
        for name, n in differing.most_common():
            write(f"  {n:>5}  {name}")
