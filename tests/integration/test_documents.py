"""Every example in the README files and the documentation runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import dl4py
from nd4py.data import DataSet, ListDataSetIterator
from nd4py.normalizers import NormalizerStandardize

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("README.md", "packages/*/README.md", "docs/**/*.md")
    for path in ROOT.glob(pattern)
)
# Its blocks are declarations taken from the packages, where they are tested.
QUOTING = {"docs/adding.md"}
# Run by the tests of datavec, with the results that they show.
ELSEWHERE = ROOT / "docs" / "datavec"
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(path: Path) -> list[str]:
    """The Python blocks of a document, without those for the interpreter (which doctest runs)."""
    return [block for block in FENCE.findall(path.read_text()) if ">>>" not in block]


def digits() -> ListDataSetIterator:
    rng = np.random.default_rng(0)
    labels = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 40)]
    batch = DataSet(rng.normal(size=(40, 64)).astype(np.float32), labels)
    return ListDataSetIterator([batch])


@pytest.fixture
def given(tmp_path, monkeypatch) -> dict[str, object]:
    """What examples speak of without making it: files in the current folder, and some names."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = np.hstack([rng.normal(size=(60, 4)), np.arange(60)[:, None] % 3])
    np.savetxt("iris.csv", rows, ["%.3f"] * 4 + ["%d"], ",")
    conf = dl4py.NeuralNetConfiguration(seed=1).list(dl4py.OutputLayer(n_in=4, n_out=3))
    dl4py.MultiLayerNetwork(conf).init().save("model.zip")
    return {
        "iterator": digits(),
        "held_out": digits(),
        "normalizer": NormalizerStandardize().fit(digits()),
    }


@pytest.mark.parametrize(
    "path",
    [
        p
        for p in DOCUMENTS
        if examples(p)
        and str(p.relative_to(ROOT)) not in QUOTING
        and not p.is_relative_to(ELSEWHERE)
    ],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_examples_run(path, given, capsys) -> None:
    names: dict[str, object] = {"__name__": "__main__", **given}
    for block in examples(path):
        exec(compile(block, path.name, "exec"), names)
    assert "Traceback" not in capsys.readouterr().out


def test_documents_with_examples_are_found() -> None:
    found = {str(p.relative_to(ROOT)) for p in DOCUMENTS if examples(p)}
    assert {"README.md", "packages/dl4py/README.md", "docs/dl4py.md"} <= found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target
