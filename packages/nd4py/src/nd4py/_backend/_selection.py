"""Chooses the backend: by name, by environment, or the best one that can run here.

What a CPU supports is asked before a shared object is opened, so that no illegal instruction can happen.
"""

from __future__ import annotations

import threading
import warnings
from types import TracebackType
from typing import Any

from nd4py import _config, _core
from nd4py._version import __version__

from . import _threads
from ._discovery import Backend, entry_points, load_entry_point
from ._errors import BackendUnavailableError
from ._extras import DISTRIBUTIONS, install_command
from ._kernels import Kernels

__all__ = [
    "REFERENCE",
    "candidates",
    "current",
    "ensure_selected",
    "is_selected",
    "skipped",
    "use_backend",
]

REFERENCE = "numpy"  # NumPy runs everything: always there

_lock = threading.RLock()
_state: dict[str, Any] = {"current": None, "skipped": {}, "capsules": {}}


def current() -> str | None:
    """Name of the active backend; None before the first operation."""
    found: str | None = _state["current"]
    return found


def is_selected() -> bool:
    """Whether a backend is active already."""
    return _state["current"] is not None


def skipped() -> dict[str, str]:
    """Why each backend that comes before the active one was not taken, by name."""
    return dict(_state["skipped"])


def ensure_selected() -> None:
    """Chooses a backend if none is active yet. The first operation does this.

    Raises:
        BackendUnavailableError: ``ND4PY_BACKEND`` names one that cannot run here.
    """
    if _state["current"] is not None:
        return
    with _lock:
        if _state["current"] is not None:
            return
        name = _config.backend_name()
        if name is not None:
            _activate(name)
        else:
            _activate_best()


def _activate_best() -> None:
    reasons: dict[str, str] = {}
    for backend in candidates(reasons):
        try:
            _activate(backend.name, backend)
        except BackendUnavailableError as error:
            reasons[backend.name] = str(error)
            continue
        _state["skipped"] = reasons
        return
    _activate(REFERENCE)
    _state["skipped"] = reasons
    why = "".join(f" Skipped: {name} ({reason})." for name, reason in reasons.items())
    warnings.warn(
        f"nd4py runs on the slow NumPy reference: no kernel backend can be used. To make it fast, "
        f"{install_command(_core.cpu_features())}.{why}",
        RuntimeWarning,
        stacklevel=2,
    )


def candidates(broken: dict[str, str]) -> list[Backend]:
    """Installed backends, the preferred one first; those whose package cannot be imported are added to ``broken``."""
    preferred = _config.backend_priority()
    found: list[Backend] = []
    for name, target in entry_points().items():
        try:
            found.append(load_entry_point(target))
        except Exception as error:  # a broken package of someone else must not stop the others
            broken[name] = f"its package cannot be imported: {error}"
    known = {b.name for b in found} | {REFERENCE}
    unknown = [n for n in preferred if n not in known and n not in DISTRIBUTIONS]
    if unknown:
        raise BackendUnavailableError(
            f"ND4PY_BACKEND_PRIORITY names {unknown[0]!r}; installed backends are {', '.join(sorted(known))}"
        )

    def rank(backend: Backend) -> tuple[int, int]:
        listed = preferred.index(backend.name) if backend.name in preferred else len(preferred)
        return listed, -backend.priority

    found.sort(key=rank)
    if REFERENCE in preferred:  # what stands behind the reference is never reached
        found = [b for b in found if rank(b)[0] < preferred.index(REFERENCE)]
    return found


def _activate(name: str, backend: Backend | None = None) -> None:
    """Makes a backend the active one, or raises `BackendUnavailableError` and leaves everything as it was."""
    if name == REFERENCE:
        _core.set_table(None)
    else:
        found = _find(name) if backend is None else backend
        _core.set_table(_capsule(found))
        _core.set_num_threads(_threads.configured())
    Kernels.use(frozenset(_core.table_info().get("kernels", ())))
    _state["current"] = name


def _find(name: str) -> Backend:
    targets = entry_points()
    if name in targets:
        try:
            found: Backend = load_entry_point(targets[name])
        except Exception as error:
            raise BackendUnavailableError(
                f"backend {name!r}: its package cannot be imported: {error}"
            ) from error
        return found
    installed = ", ".join([*sorted(targets), REFERENCE])
    if name in DISTRIBUTIONS:
        advice = f"install it with pip install 'nd4py[{name}]'"
        raise BackendUnavailableError(
            f"backend {name!r} is not installed (installed: {installed}); {advice}"
        )
    raise BackendUnavailableError(f"there is no backend {name!r}; installed are {installed}")


def _capsule(backend: Backend) -> object:
    """The kernel table, opened once and only on a CPU that has every instruction it may use."""
    kept: object | None = _state["capsules"].get(backend.name)
    if kept is not None:
        return kept
    features = _core.cpu_features()
    missing = [f for f in backend.requires if f not in features]
    if missing:
        raise BackendUnavailableError(
            f"backend {backend.name!r} needs instructions that this CPU or system lacks: {', '.join(missing)}; "
            f"{install_command(features)}"
        )
    try:
        with _threads.runtime_settings():
            capsule = backend.load()
    except (ImportError, OSError) as error:
        raise BackendUnavailableError(
            f"backend {backend.name!r}: its kernels cannot be opened: {error}"
        ) from error
    previous = _state["current"]
    try:
        _core.set_table(capsule)
    except ValueError as error:
        distribution = DISTRIBUTIONS.get(backend.name, backend.name)
        raise BackendUnavailableError(
            f"backend {backend.name!r} {backend.version} does not fit nd4py {__version__} "
            f"(kernel ABI {_core.ABI_VERSION}): "
            f"{error}; install {distribution}=={__version__}"
        ) from error
    if previous == REFERENCE:
        _core.set_table(None)
    _state["capsules"][backend.name] = capsule
    return capsule


class use_backend:  # called as a function, entered as a context
    """Runs operations on the backend of this name from now on, or within a ``with`` block.

    The choice holds for the whole process, all threads included. Plans that are compiled already keep their kernels.

    Args:
        name: ``"avx512"``, ``"avx2"``, ``"native"``, ``"numpy"`` or what another installed backend calls itself.

    Raises:
        BackendUnavailableError: it is not installed, or this CPU lacks its instructions; the message says
        what to install.

    >>> import nd4py as nd
    >>> with nd.use_backend("numpy"):
    ...     nd.backend_info().backend
    'numpy'
    """

    def __init__(self, name: str) -> None:
        with _lock:
            self._previous = current()
            _activate(name.strip().lower())

    def __enter__(self) -> use_backend:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _lock:
            if self._previous is not None:
                _activate(self._previous)
            else:  # nothing had been chosen before: choose as the first operation would
                _state["current"] = None
                ensure_selected()
