"""Public names whose modules are imported when the names are first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_first_use(
    package: str, modules: Mapping[str, tuple[str, ...]], *, at_once: tuple[str, ...]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of a package that imports a module with the first of its names.

    Args:
        package: the package's ``__name__``.
        modules: names by the module that has them, written as in ``from ._module import``.
        at_once: the public names that the package has from the start.
    """
    homes = {name: module for module, names in modules.items() for name in names}
    namespace = sys.modules[package].__dict__

    def get(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = namespace[name] = getattr(import_module(home, package), name)
        return value

    public = sorted({*at_once, *homes})
    return get, lambda: public, public
