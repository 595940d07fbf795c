"""How objects show themselves where a person looks at them."""

from __future__ import annotations

from typing import Any

__all__ = ["AbstractShown"]


class AbstractShown:
    """Shows its table, its ``str``, as the result of a cell in IPython and Jupyter.

    The ``repr`` of a schema or a process is the Python that makes it: exact, and too long to look at.
    """

    __slots__ = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # IPython takes the first class that has this or a __repr__, and every dataclass has one.
        setattr(cls, "_repr_pretty_", AbstractShown._repr_pretty_)  # noqa: B010

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self).rstrip("\n"))
