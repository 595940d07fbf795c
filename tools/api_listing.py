"""Write the public API, one name a line, to docs/api/<package>.txt: a change shows in the diff.

    python tools/api_listing.py --check     # exit 1 and print the difference
    python tools/api_listing.py --write

Public is what a public module (no part of whose name starts with an underscore) names in `__all__`.
Without one, a package offers what of ours it names without an underscore, and a module of a package
what it defines and its package does not offer. What has several names is described under the
shortest.
"""

from __future__ import annotations

import argparse
import difflib
import enum
import importlib
import inspect
import pkgutil
import re
import sys
import typing
from collections.abc import Collection, Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("nd4py", "samediff", "dl4py", "datavec")

# A default such as <object object at 0x7f…> differs in every process.
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def public_modules(package: str) -> Iterator[ModuleType]:
    """The package and every public module below it."""
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def public_names(module: ModuleType) -> list[str]:
    """The names that a public module offers."""
    if listed := getattr(module, "__all__", None):
        return list(listed)
    # Names that a package imports on first use are in its `dir` alone.
    names = [name for name in dir(module) if name[0] != "_" and _is_ours(getattr(module, name))]
    if hasattr(module, "__path__"):
        return names
    package = importlib.import_module(module.__name__.rpartition(".")[0])
    offered = {id(getattr(package, name)) for name in public_names(package)}
    return [
        name
        for name in names
        if id(value := getattr(module, name)) not in offered and _is_defined_in(module, value)
    ]


def _is_ours(value: object) -> bool:
    if isinstance(value, ModuleType):
        return False
    # A value such as a dtype is ours when its class is.
    described = value if hasattr(value, "__module__") else type(value)
    return str(described.__module__).partition(".")[0] in PACKAGES


def _is_defined_in(module: ModuleType, value: object) -> bool:
    # A value that is neither function nor class does not say where it was made.
    named = inspect.isclass(value) or inspect.isroutine(value)
    return not named or value.__module__ == module.__name__


class _Written(str):
    """An annotation as it stands in the source: shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _as_written(annotation: object) -> object:
    if isinstance(annotation, typing.ForwardRef):
        return _Written(annotation.__forward_arg__)
    return _Written(annotation) if isinstance(annotation, str) else annotation


def signature(value: object) -> str:
    """The parameters as written, without the quotes of postponed annotations."""
    try:
        found = inspect.signature(value)  # type: ignore[arg-type]
        parameters = [
            p.replace(annotation=_as_written(p.annotation)) for p in found.parameters.values()
        ]
        text = str(
            found.replace(
                parameters=parameters, return_annotation=_as_written(found.return_annotation)
            )
        )
    except (TypeError, ValueError):
        # Compiled functions say their signature in the first line of their text.
        first, _, _ = (inspect.getdoc(value) or "").partition("\n")
        match = re.fullmatch(r"\w+(\(.*)", first)
        text = match[1] if match else "(...)"
    return _ADDRESS.sub("", text)


def describe(name: str, value: object, public: Collection[object] = ()) -> Iterator[str]:
    """The lines of one public name; a class is followed by its public members.

    Members that come from another public class are listed there, not again.
    """
    if not inspect.isclass(value):
        yield f"{name}{signature(value)}" if callable(value) else f"{name}: {type(value).__name__}"
        return
    yield f"class {name}{'' if issubclass(value, enum.Enum) else signature(value)}"
    members: dict[str, object] = {}
    for base in reversed(value.__mro__):
        elsewhere = base is not value and base in public
        if _is_ours(base) and not elsewhere:
            members.update(vars(base))
    if public_bases := [b.__name__ for b in value.__mro__[1:] if b in public]:
        yield f"class {name} < {', '.join(public_bases)}"
    for member, held in sorted(members.items()):
        if member.startswith("_"):
            continue
        if isinstance(held, (staticmethod, classmethod)):
            yield f"{name}.{member}{signature(held.__func__)}"
        elif inspect.isroutine(held):
            yield f"{name}.{member}{signature(held)}"
        else:
            yield f"{name}.{member}"


def listing(package: str) -> str:
    """The whole listing of one package."""
    found = {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in public_modules(package)
        for name in public_names(module)
    }
    public = {value for value in found.values() if inspect.isclass(value)}
    first: dict[int, str] = {}
    lines: set[str] = set()
    for name in sorted(found, key=lambda name: (name.count("."), name)):
        value = found[name]
        if inspect.isclass(value) or inspect.isroutine(value):
            shortest = first.setdefault(id(value), name)
            if shortest != name:
                lines.add(f"{name} = {shortest}")
                continue
        lines.update(describe(name, value, public))
    return "".join(f"{line}\n" for line in sorted(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="compare with the files")
    mode.add_argument("--write", action="store_true", help="write the files")
    arguments = parser.parse_args()
    differences = 0
    for package in PACKAGES:
        file = ROOT / "docs" / "api" / f"{package}.txt"
        new = listing(package)
        if arguments.write:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(new, "utf-8")
            continue
        old = file.read_text("utf-8") if file.exists() else ""
        difference = list(
            difflib.unified_diff(
                old.splitlines(), new.splitlines(), f"docs/api/{file.name}", "now", lineterm="", n=0
            )
        )
        differences += len(difference)
        print(*difference[:40], sep="\n", end="\n" if difference else "")
    if differences:
        print("The public API changed. If that is meant: python tools/api_listing.py --write")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
