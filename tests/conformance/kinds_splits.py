"""Replays of input splits, path filters and label generators."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from datavec_values import must_fail
from harness import Case, Handler, NotSupported

from datavec import (
    BalancedPathFilter,
    CollectionInputSplit,
    FileSplit,
    NumberedFileInputSplit,
    ParentPathLabelGenerator,
    PatternPathLabelGenerator,
    RandomPathFilter,
    TransformSplit,
)
from datavec.readers._files import as_location


def split_numbered(case: Case) -> None:
    meta = case.meta
    backwards = meta["max"] < meta["min"]
    if backwards:
        case.differs("datavec-numbered-backwards")
    if meta.get("raises") or backwards:
        must_fail(
            lambda: NumberedFileInputSplit(meta["base"], meta["min"], meta["max"]).locations()
        )
        return
    split = NumberedFileInputSplit(meta["base"], meta["min"], meta["max"])
    assert [str(p) for p in split.locations()] == meta["paths"]
    assert len(split) == meta.get("length", len(split))


def filesplit_listing(case: Case) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for file in case.meta["tree"]:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text("x")
        for entry in case.meta["out"]:
            split = FileSplit(root, extensions=entry["allowFormat"], recursive=entry["recursive"])
            found = [p.relative_to(root).as_posix() for p in split.locations()]
            assert sorted(found) == entry["found_sorted"], found
            assert len(split) == entry.get("length", len(split))


def filesplit_order(case: Case) -> None:
    meta = case.meta
    with tempfile.TemporaryDirectory() as name:
        for i in range(meta["n"]):
            (Path(name) / f"f{i:03}.csv").write_text("x")
        split = FileSplit(name, seed=meta["seed"])
        listed = split.locations()
        for key in ("order", "order_after_reset"):
            assert [listed.index(p) for p in split.next_pass()] == meta[key], key
        assert split.locations() == listed


def _path_filter(text: str, seed: int) -> Any:
    """The filter that a case describes, for instance ``RandomPathFilter(Random(seed), png)``."""
    if text == "no filter":
        return None
    kind = text.partition("(")[0]
    counts = {
        "".join("_" + c.lower() if c.isupper() else c for c in key): int(value)
        for key, value in re.findall(r"(\w+)=(\d+)", text)
    }
    rest = text.partition("Random(seed)")[2]
    several = re.match(r", \[([^]]*)\]", rest)
    one = re.match(r", ([a-z0-9]+)(?=[,)])", rest)
    extensions = several[1].split(",") if several else [one[1]] if one else []
    extensions = [e.strip() for e in extensions if e.strip()]
    if kind == "RandomPathFilter":
        return RandomPathFilter(seed, extensions, **counts)
    if kind == "BalancedPathFilter" and "ParentPath" in text:
        generator = ParentPathLabelGenerator()
        return BalancedPathFilter(seed, extensions, label_generator=generator, **counts)
    raise NotSupported(f"filter {text}")


def split_sample(case: Case) -> None:
    meta = case.meta
    split = CollectionInputSplit(meta["uris"])
    parts = split.sample(_path_filter(meta["filter"], meta["seed"]), *meta["weights"])
    got = [part.locations() for part in parts]
    assert got == [[as_location(u) for u in part] for part in meta["out"]], got


def split_transform(case: Case) -> None:
    meta = case.meta
    split = TransformSplit.of_search_replace(
        CollectionInputSplit(meta["uris"]), meta["search"], meta["replace"]
    )
    assert split.locations() == [as_location(u) for u in meta["out"]]


def label_generator(case: Case) -> None:
    named = {"dot": r"\.", "underscore": "_"}
    for entry in case.meta["out"]:
        for key, expected in entry.items():
            if key == "path":
                continue
            made: Any = ParentPathLabelGenerator()
            if key != "parent":
                _, pattern, position = key.split("_", 1)[0], *key.split("_", 1)[1].rsplit("_", 1)
                made = PatternPathLabelGenerator(named.get(pattern, pattern), int(position))
            got = made.label_for_path(entry["path"])
            assert got == expected, f"{entry['path']} {key}: {got!r}, expected {expected!r}"


KINDS: dict[str, Handler] = {
    "filesplit-listing": filesplit_listing,
    "filesplit-order": filesplit_order,
    "label-generator": label_generator,
    "split-numbered": split_numbered,
    "split-sample": split_sample,
    "split-transform": split_transform,
}
