"""Write the type stubs of the namespaces of operations, which at run time are filled from the registry.

    python tools/operation_stubs.py --check     # exit 1 where one is not what the registry says
    python tools/operation_stubs.py --write

Type checkers and editors read the stubs; nothing imports them.
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "packages" / "nd4py" / "src" / "nd4py"
HEADER = "# Derived from the registry of operations by tools/operation_stubs.py; do not edit.\n# ruff: noqa\n\n"


def imports(prefix: str, entries: dict[str, tuple[str, str]]) -> str:
    """Import lines that re-export each name from (module, function)."""
    lines = [
        f"from {prefix}{module} import {function} as {name}\n"
        for name, (module, function) in sorted(entries.items())
    ]
    return "".join(lines)


def stubs() -> dict[Path, str]:
    """The text of every stub."""
    from nd4py import _array_api, ops

    namespaces: dict[str, dict[str, tuple[str, str]]] = {}
    every: dict[str, tuple[str, str]] = {}
    top: dict[str, tuple[str, str]] = {name: ("_array_api", name) for name in _array_api.__all__}
    for op in ops.REGISTRY.values():
        body = op.reference or op.compose
        if body is None:
            raise TypeError(f"{op.name} has no body")
        place = (body.__module__.rpartition(".")[2], body.__name__)
        every[op.name] = place
        for name in op.namespaces:
            namespaces.setdefault(name, {})[op.public] = place
        if op.array_api:
            top[op.array_api] = ("ops." + place[0], place[1])
    files = {
        PACKAGE / f"{name}.pyi": HEADER + imports(".ops.", entries)
        for name, entries in namespaces.items()
    }
    files[PACKAGE / "_top_level.pyi"] = (
        HEADER
        + "from collections.abc import Callable\nfrom typing import Any\n\n"
        + imports(".", top)
        + "\ndef top_level() -> dict[str, Callable[..., Any]]: ...\n"
    )
    files[PACKAGE / "ops" / "__init__.pyi"] = (
        HEADER + explicit_imports(PACKAGE / "ops" / "__init__.py") + imports(".", every)
    )
    return files


def explicit_imports(module: Path) -> str:
    """The names that a module itself imports from others, as re-exports."""
    lines = []
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module not in (None, "__future__"):
            lines += [f"from .{node.module} import {a.name} as {a.name}\n" for a in node.names]
    return "".join(sorted(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="compare with the files")
    mode.add_argument("--write", action="store_true", help="write the files")
    arguments = parser.parse_args()
    wrong = {
        path: text
        for path, text in stubs().items()
        if not path.is_file() or path.read_text("utf-8") != text
    }
    for path, text in wrong.items():
        if arguments.write:
            path.write_text(text, "utf-8")
        else:
            print(f"{path.relative_to(ROOT)} is not what the registry says")
    if wrong and arguments.check:
        print("To derive the stubs again: python tools/operation_stubs.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
