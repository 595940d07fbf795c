"""The stub of the compiled core says what is there: no name too few, none too many."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import nd4py
from nd4py import _core

STUB = ast.parse(Path(nd4py.__file__).with_name("_core.pyi").read_text("utf-8"))
INHERITED = set(dir(object)) | {"__module__", "__weakref__", "__dict__", "__get__"}


def declared(body: list[ast.stmt]) -> set[str]:
    names: set[str] = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def test_the_module_has_what_the_stub_declares() -> None:
    runtime = {name for name in vars(_core) if not name.startswith("_") or name == "__version__"}
    assert {
        name for name in declared(STUB.body) if not name.startswith("_") or name == "__version__"
    } == runtime


@pytest.mark.parametrize("name", ["NDArray", "Function", "Plan", "PlanBuilder"])
def test_the_types_have_what_the_stub_declares(name: str) -> None:
    node = next(n for n in STUB.body if isinstance(n, ast.ClassDef) and n.name == name)
    stub = declared(node.body)
    runtime = set(vars(getattr(_core, name)))
    public = {n for n in runtime if not n.startswith("_")}
    assert public <= stub, "the stub lacks these"
    per_instance = (
        {"__name__", "__qualname__", "__wrapped__", "op"} if name == "Function" else {"__buffer__"}
    )
    assert stub - runtime - INHERITED - per_instance == set(), "the type lacks these"
    if name == "NDArray":
        special = (
            {n for n in runtime if n.startswith("__")}
            - INHERITED
            - {"__reduce__", "__weaklistoffset__", "__delitem__"}
        )
        assert special - stub == set(), "the stub lacks these"


@pytest.mark.parametrize("name", sorted(n for n in vars(_core.NDArray) if not n.startswith("_")))
def test_every_public_member_of_ndarray_is_documented(name: str) -> None:
    member = inspect.getattr_static(_core.NDArray, name)
    assert (member.__doc__ or "").strip(), name
