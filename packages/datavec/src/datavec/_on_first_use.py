"""Packages whose modules are imported when their names are first asked for.

A package lists its modules under ``if TYPE_CHECKING``, as star imports, so that a module's ``__all__`` is the
only list of its public names. Which name is whose is looked up in `_public_names`, which
tools/public_names.py writes from them: importing everything takes longer than a worker may.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["homes_of", "import_registering", "on_first_use"]


def on_first_use(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of the package of this ``__name__``."""
    from ._public_names import NAMES

    homes = NAMES.get(package, {})
    listed = {name: home for home, names in homes.items() for name in names.split()}
    namespace = sys.modules[package].__dict__

    def get(name: str) -> Any:
        home = listed.get(name)
        if home is None:
            # Perhaps a name that is newer than the list.
            home = None if name.startswith("_") else homes_of(package).get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = import_module(home, package)
        if not home.endswith(f".{name}"):
            value = getattr(value, name)
        namespace[name] = value
        return value

    public = sorted(name for name, home in listed.items() if not home.endswith(f".{name}"))
    return get, lambda: sorted({*namespace, *listed}), public


@cache
def homes_of(package: str) -> dict[str, str]:
    """Module of each public name, from the sources; imports all of them."""
    source = Path(str(sys.modules[package].__file__)).read_text("utf-8")
    found: dict[str, str] = {}
    for block in ast.parse(source).body:
        if not isinstance(block, ast.If):
            continue
        for statement in block.body:
            if not isinstance(statement, ast.ImportFrom):
                continue
            home = "." * statement.level + (statement.module or "")
            for alias in statement.names:
                if alias.name == "*":
                    module = import_module(home, package)
                    if hasattr(module, "__path__"):
                        names = [n for n, h in homes_of(module.__name__).items() if h != f".{n}"]
                    else:
                        names = module.__all__
                    found |= {n: home for n in names if n not in found}
                else:
                    found[alias.name] = f"{home}{'' if statement.module else alias.name}"
    return found


def import_registering(name: str | None = None) -> None:
    """Import the module that registers a Java class under this name; without a name, all of them."""
    from ._public_names import JAVA_NAMES

    for home, names in JAVA_NAMES.items():
        if name is None or name in names.split():
            import_module(home, "datavec")
