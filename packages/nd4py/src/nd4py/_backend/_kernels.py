"""What operations ask about the active backend at every call."""

from __future__ import annotations

from typing import Any, ClassVar


class Kernels:
    """Which operations the active backend has prepared kernels for; set when a backend is selected."""

    names: frozenset[str] = frozenset()
    selected: bool = False  # the first operation chooses a backend
    prepared: ClassVar[list[dict[Any, Any]]] = []  # what each operation remembers of its calls

    @classmethod
    def use(cls, names: frozenset[str]) -> None:
        """A backend with these kernels is active now: what was prepared for another one is void."""
        cls.names = names
        cls.selected = True
        for calls in cls.prepared:
            calls.clear()
