"""The page of transforms lists every step and condition there is, with its builder method and purpose."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

from datavec import AbstractAction, transforms
from datavec._serde import registered_classes
from datavec.process._condition import AbstractCondition
from datavec.process._process_builder import TransformProcessBuilder

PAGE = Path(__file__).resolve().parents[2] / "docs" / "datavec" / "transforms.md"


def all_steps() -> dict[str, type]:
    """Every concrete step and condition of the package."""
    exported = [getattr(transforms, name) for name in transforms.__all__]
    known = [*registered_classes().values(), *exported]
    return {
        c.__name__: c
        for c in known
        if inspect.isclass(c)
        and issubclass(c, (AbstractAction, AbstractCondition))
        and dataclasses.is_dataclass(c)
        and not inspect.isabstract(c)
        and not c.__name__.startswith("Abstract")
        and c.__module__.startswith("datavec.")
    }


def listed() -> dict[str, list[str]]:
    """Rows of the page's tables of steps: name → the other cells."""
    section = PAGE.read_text("utf-8").split("## The steps")[1].split("## Writing")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.MULTILINE)
    assert len({name for name, _ in rows}) == len(rows), "a step is listed twice"
    return {name: cells.split(" | ") for name, cells in rows}


def purpose(cls: type) -> str:
    first = inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0]
    return first.replace("\n", " ").replace("``", "`").replace("|", "\\|")


def test_the_page_lists_what_there_is():
    steps, rows = all_steps(), listed()
    assert len(steps) > 80
    assert rows.keys() == steps.keys()
    for name, cls in steps.items():
        assert rows[name][-1] == purpose(cls), f"{name}: its row should say {purpose(cls)!r}"


def test_methods_of_the_builder_are_those_that_add_the_step():
    steps = all_steps()
    for name, (methods, *_) in listed().items():
        if issubclass(steps[name], AbstractCondition):
            continue
        for method in re.findall(r"`(\w+)`", methods):
            source = inspect.getsource(getattr(TransformProcessBuilder, method))
            takes_any = re.search(r"return self\.add\(\w+\)", source) or method == "filter"
            assert takes_any or f"{name}(" in source, f"{name} is not added by {method}"
    direct = set(re.findall(r"\bt\.(\w+)\(", inspect.getsource(TransformProcessBuilder)))
    for name in direct & listed().keys():
        assert listed()[name][0] != "`transform`", f"{name} has a method of its own"
