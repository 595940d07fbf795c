"""Public names whose modules are imported when the names are first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_first_use(
    package: str, modules: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of a package that imports a module with the first of its names.

    Called last in the package, after what it imports at once.

    Args:
        package: the package's ``__name__``.
        modules: names by the module that has them, written as in ``from ._module import``.
    """
    homes = {name: module for module, names in modules.items() for name in names}
    namespace = sys.modules[package].__dict__
    root = package.partition(".")[0]
    at_once = [
        name
        for name, value in namespace.items()
        if not name.startswith("_")
        and value is not on_first_use
        and str(getattr(value, "__module__", "")).partition(".")[0] == root
    ]
    public = sorted({*at_once, *homes})

    def get(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = namespace[name] = getattr(import_module(home, package), name)
        return value

    return get, lambda: sorted({*namespace, *public}), public
