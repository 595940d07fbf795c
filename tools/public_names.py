"""Write packages/datavec/src/datavec/_public_names.py: the module of each public name of datavec.

python tools/public_names.py --check     # exit 1 if it is not up to date
python tools/public_names.py --write
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "packages/datavec/src/datavec/_public_names.py"
HEAD = '''"""Which module has which public name; written by tools/public_names.py.

`NAMES` tells it for each package, `JAVA_NAMES` for the names of Deeplearning4j's classes in JSON.
"""

from __future__ import annotations

# ruff: noqa: E501
# fmt: off
'''


def packages() -> list[str]:
    """Packages that import on first use."""
    found = [
        path.parent
        for path in sorted(TARGET.parent.rglob("__init__.py"))
        if "on_first_use(" in path.read_text("utf-8")
    ]
    return [".".join(path.relative_to(TARGET.parent.parent).parts) for path in found]


def text() -> str:
    """What the file must hold."""
    from datavec._on_first_use import homes_of
    from datavec._serde import names_by_module

    lines = [HEAD, "NAMES: dict[str, dict[str, str]] = {"]
    for package in packages():
        importlib.import_module(package)
        modules: dict[str, list[str]] = {}
        for name, home in homes_of(package).items():
            modules.setdefault(home, []).append(name)
        lines.append(f'    "{package}": {{')
        lines += [f'        "{m}": "{" ".join(sorted(n))}",' for m, n in sorted(modules.items())]
        lines.append("    },")
    lines += ["}", "", "JAVA_NAMES: dict[str, str] = {"]
    for module, names in sorted(names_by_module().items()):
        lines.append(f'    "{module.removeprefix("datavec")}": "{" ".join(sorted(names))}",')
    return "\n".join([*lines, "}", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true")
    action.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    sys.path[:0] = [str(path) for path in sorted((ROOT / "packages").glob("*/src"))]
    made = text()
    if arguments.write:
        TARGET.write_text(made, "utf-8")
    elif TARGET.read_text("utf-8") != made:
        sys.exit(f"{TARGET.name} is out of date: run python tools/public_names.py --write")


if __name__ == "__main__":
    main()
