"""Classes and functions of users in JSON, named by their import path.

A path is only a name until the user allows it: nothing is imported before. Then the module is
imported as Python imports any module, so allowing a path means trusting whoever can write the
module of that name on this machine.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

from ._errors import SerializationError, shown

__all__ = ["Allowed", "allowing", "import_path", "load_path"]

PREFIX = "python:"
Allowed: TypeAlias = bool | Iterable[str | type]
"""True for every path, or the packages, modules or classes that are allowed."""

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z", re.ASCII)
_allowed: ContextVar[bool | tuple[str, ...]] = ContextVar("allowed", default=False)


def import_path(what: Any) -> str:
    """The import path of a class or function.

    Raises:
        SerializationError: it cannot be found again by a path.

    >>> from fractions import Fraction
    >>> import_path(Fraction)
    'fractions.Fraction'
    """
    module, name = getattr(what, "__module__", None), getattr(what, "__qualname__", None)
    path = f"{module}.{name}"
    if module == "__main__" or not isinstance(name, str) or "." in name or not _PATH.match(path):
        raise SerializationError(
            f"{shown(what)} cannot be imported again, so it cannot stand in a file: it must be "
            "defined at the top level of a module, which is not the main script"
        )
    return path


@contextmanager
def allowing(allowed: Allowed) -> Iterator[None]:
    """Allow paths while JSON is read."""
    if isinstance(allowed, (str, type)):
        raise TypeError(
            "allow_user_defined: expected True, False or a list of modules and classes, "
            f"received {shown(allowed)}"
        )
    known: bool | tuple[str, ...] = (
        allowed
        if isinstance(allowed, bool)
        else tuple(import_path(a) if isinstance(a, type) else a for a in allowed)
    )
    token = _allowed.set(known)
    try:
        yield
    finally:
        _allowed.reset(token)


def load_path(path: str, place: str) -> Any:
    """Import what an allowed path names; `place` says where in the JSON it stands.

    Raises:
        SerializationError: it is not allowed, no path, or cannot be imported.
    """
    if not _PATH.match(path):
        raise SerializationError(f"{place}: {shown(path)} is no import path")
    module_name, _, name = path.rpartition(".")
    allowed = _allowed.get()
    if allowed is not True and not (
        allowed and any(path == a or path.startswith(a + ".") for a in allowed)
    ):
        raise SerializationError(
            f"{place}: {path} is Python code of a user, which is only imported and run where that "
            f'is allowed: pass allow_user_defined=["{module_name}"], or True for any'
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as e:
        raise SerializationError(f"{place}: {path} cannot be imported here: {e}") from e
    found = getattr(module, name, None)
    # Not what a module merely has imported itself, such as a function of the system.
    if getattr(found, "__module__", None) != module_name:
        raise SerializationError(f"{place}: module {module_name} does not define {name}")
    return found
