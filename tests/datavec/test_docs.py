"""The examples of the documentation pages and of examples/."""

from __future__ import annotations

import doctest
import re
import runpy
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from dl4py.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PAGES = sorted((ROOT / "docs" / "datavec").glob("**/*.md"))
SPARK = ROOT / "docs" / "datavec" / "spark.md"  # as a whole for the spark session
BLOCK = re.compile(r"^```(python spark|python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_documentation_page():
    page = ROOT / "docs" / "datavec.md"
    results = doctest.testfile(str(page), module_relative=False, optionflags=FLAGS)
    assert results.attempted > 10
    assert results.failed == 0


def test_readme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_page(ROOT / "packages" / "datavec" / "README.md")


def test_readme_lists_every_extra():
    package = ROOT / "packages" / "datavec"
    project = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]
    rows = re.findall(
        r"^\| (.*?) \| (.*?) \|", (package / "README.md").read_text("utf-8"), re.MULTILINE
    )
    brought = {extra: names for first, names in rows for extra in re.findall(r"`(\w+)`", first)}
    assert set(brought) == set(project["optional-dependencies"])
    for extra, requirements in project["optional-dependencies"].items():
        for name in (re.split(r"[\[<>=]", r)[0] for r in requirements):
            assert name in brought[extra], f"{extra}: {name}"


def named(page: Path) -> str:
    return str(page.relative_to(ROOT / "docs" / "datavec"))


@pytest.mark.parametrize("page", [p for p in PAGES if p != SPARK], ids=named)
def test_pages(page, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    run_page(page)


def run_page(page: Path, **given: object) -> None:
    """Run every block of a page, one after another with the same names, in the current folder.

    Python with ``>>>`` is checked against the results that it shows, other Python must run through.
    In blocks of the shell the lines of the ``dl4py`` command must end well. Blocks of ``python spark``
    run where the name ``spark`` is given.
    """
    names: dict[str, object] = {"__name__": "__main__", **given}
    text = page.read_text("utf-8")
    known = set(sys.modules)
    try:
        run_blocks(page, text, names, given)
    finally:
        # Modules that the page wrote and imported are not those that other tests call so.
        for name in set(sys.modules) - known:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(Path.cwd()):
                del sys.modules[name]


def run_blocks(page: Path, text: str, names: dict[str, object], given: dict[str, object]) -> None:
    for block in BLOCK.finditer(text):
        line = text[: block.start(2)].count("\n")
        language, code = block.groups()
        if language == "sh":
            run_commands(code)
        elif language == "python spark" and "spark" not in given:
            continue
        elif ">>>" in code:
            check_examples(code, names, page, line)
        else:
            exec(compile("\n" * line + code, str(page), "exec"), names)


def run_commands(code: str) -> None:
    for command in code.splitlines():
        if command.startswith("dl4py "):
            main(shlex.split(command)[1:])


def check_examples(code: str, names: dict[str, object], page: Path, line: int) -> None:
    test = doctest.DocTestParser().get_doctest(code, names, page.name, str(page), line)
    report: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=FLAGS).run(
        test, out=report.append, clear_globs=False
    )
    names.update(test.globs)
    assert not failed, "".join(report)


def test_the_index_links_every_page():
    index = (ROOT / "docs" / "datavec.md").read_text("utf-8")
    for page in PAGES:
        assert f"(datavec/{named(page)})" in index, page.name


def test_example(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["csv_to_batches.py", str(tmp_path)])
    runpy.run_path(str(ROOT / "examples" / "csv_to_batches.py"), run_name="__main__")
    assert "features (4, 6), labels (4, 2)" in capsys.readouterr().out
