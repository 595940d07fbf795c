"""Finds installed backends by their entry points (group ``nd4py.backends``), without opening any of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, Protocol

__all__ = ["Backend", "entry_points", "load_entry_point"]

GROUP = "nd4py.backends"


class Backend(Protocol):
    """What a backend package offers under its entry point."""

    name: str
    isa: str
    priority: int
    version: str
    requires: tuple[str, ...]

    def load(self) -> object:
        """Opens the kernels and returns their table, a capsule."""


@cache
def entry_points() -> dict[str, str]:
    """``module:attribute`` of each installed backend by name; the first on the path wins.

    Reads the metadata folders itself: importing ``importlib.metadata`` costs some 50 ms, this a few.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        for text in _entry_point_files(folder or os.curdir):
            for name, target in _section(text, GROUP):
                found.setdefault(name, target)
    return found


def _entry_point_files(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(e.name for e in entries if e.name.endswith(".dist-info"))
    except OSError:
        return  # zip files, folders that are gone
    for name in names:
        try:
            with open(os.path.join(folder, name, "entry_points.txt"), encoding="utf-8") as file:
                yield file.read()
        except (OSError, UnicodeDecodeError):
            continue


def _section(text: str, group: str) -> Iterator[tuple[str, str]]:
    inside = False
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and not line.startswith("#"):
            name, _, target = line.partition("=")
            yield name.strip(), target.partition("[")[0].strip()


def load_entry_point(target: str) -> Any:
    """The object that ``module:attribute`` names. Importing a backend package opens no shared object."""
    module, _, attribute = target.partition(":")
    value: Any = import_module(module)
    for part in filter(None, attribute.split(".")):
        value = getattr(value, part)
    return value
