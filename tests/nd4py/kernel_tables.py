"""The kernel tables that arrays are tested on: none (the reference), and every backend built for this CPU."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

from nd4py import _core


def _tables() -> dict[str, object | None]:
    found: dict[str, object | None] = {"reference": None}
    for name in ("nd4py_native", "nd4py_native_avx2", "nd4py_native_avx512"):
        try:
            backend = importlib.import_module(name).backend
            if set(backend.requires) <= _core.cpu_features():
                found[backend.name] = backend.load()
        except ImportError:
            continue
    return found


TABLES = _tables()


@contextmanager
def table(name: str) -> Iterator[None]:
    """Makes a table the active one."""
    before = _active
    _switch(name)
    try:
        yield
    finally:
        _switch(before)


_active = "reference"


def _switch(name: str) -> None:
    global _active
    _core.set_table(TABLES[name])
    _active = name
