"""What runs operations here, and why not something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nd4py import _core
from nd4py._version import __version__

from . import _selection
from ._extras import best_extra

__all__ = ["BackendInfo", "SkippedBackend", "backend_info"]


@dataclass(frozen=True)
class SkippedBackend:
    """An installed backend that is not the active one.

    Attributes:
        name: its name.
        reason: why it was not chosen.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class BackendInfo:
    """The active backend. Its text is a readable report.

    Attributes:
        backend: its name, ``"numpy"`` for the reference.
        isa: the instruction set that its kernels were compiled for.
        threads: threads that kernels use.
        libraries: versions of the libraries inside it.
        kernels: names of the operations with prepared kernels.
        skipped: the other installed backends.
        advice: the extra with the best kernels for this CPU; None where there is none.
    """

    backend: str
    isa: str
    threads: int
    libraries: Mapping[str, str]
    kernels: tuple[str, ...]
    skipped: tuple[SkippedBackend, ...]
    advice: str | None

    def __str__(self) -> str:
        lines = [
            f"nd4py {__version__}: backend {self.backend} ({self.isa}), {_count(self.threads, 'thread')}"
        ]
        lines += [f"  {name} {version}" for name, version in self.libraries.items()]
        lines += [f"  skipped {s.name}: {s.reason}" for s in self.skipped]
        if self.advice is not None and self.advice not in (
            self.backend,
            *(s.name for s in self.skipped),
        ):
            lines.append(f"  best for this CPU: pip install 'nd4py[{self.advice}]'")
        return "\n".join(lines)


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def backend_info() -> BackendInfo:
    """The active backend, its threads and libraries, and why the other installed ones are not active.

    >>> import nd4py as nd
    >>> nd.backend_info().threads >= 1
    True
    """
    _selection.ensure_selected()
    active = _selection.current() or _selection.REFERENCE
    table = _core.table_info()
    reasons = _selection.skipped()
    broken: dict[str, str] = {}
    features = _core.cpu_features()
    others = []
    for backend in _selection.candidates(broken):
        if backend.name == active:
            continue
        missing = [f for f in backend.requires if f not in features]
        reason = reasons.get(backend.name) or (
            f"this CPU or system lacks {', '.join(missing)}"
            if missing
            else f"{active} was preferred"
        )
        others.append(SkippedBackend(backend.name, reason))
    others += [SkippedBackend(name, reason) for name, reason in broken.items()]
    return BackendInfo(
        active,
        table.get("isa", "NumPy"),
        _core.get_num_threads(),
        _libraries(table.get("libraries", "")),
        tuple(table.get("kernels", ())),
        tuple(others),
        best_extra(features),
    )


def _libraries(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if part)
    return {name: version for name, _, version in pairs}
