"""FieldSelection: which fields of a document become a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from .._errors import InvalidValueError, RecordFormatError
from .._policy import ErrorPolicy, ErrorReport
from ._documents import Document

__all__ = ["FieldSelection", "FieldSelectionBuilder"]

Path = tuple[str, ...]


@dataclass(frozen=True)
class FieldSelection:
    """Paths of the fields to read, in the order of the record, and values for missing ones.

    Answers to Deeplearning4j's ``FieldSelection``.

    Args:
        paths: names from the top of the document to the field.
        missing: per path, the value where the document has no such field.

    Raises:
        ValueError: no path at all, an empty one, or a different number of values.

    >>> from datavec import FieldSelection
    >>> fields = FieldSelection.builder().add_field("a").add_field("b", "c", missing="0").build()
    >>> fields.values({"a": "x", "b": {}})
    ['x', '0']
    """

    paths: tuple[Path, ...]
    missing: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.paths or not all(self.paths):
            raise ValueError("FieldSelection: give at least one field, and no empty path")
        if len(self.paths) != len(self.missing):
            raise ValueError(
                f"FieldSelection: {len(self.paths)} paths, but {len(self.missing)} values for "
                "missing fields"
            )

    @staticmethod
    def builder() -> FieldSelectionBuilder:
        """Start a selection."""
        return FieldSelectionBuilder()

    @classmethod
    def of(cls, fields: FieldSelection | Iterable[str | Sequence[str]]) -> FieldSelection:
        """A selection from names and paths, ``["a", ("b", "c")]``."""
        if isinstance(fields, FieldSelection):
            return fields
        if isinstance(fields, str):
            raise TypeError(f"expected a list of fields, received the text {fields!r}")
        paths = tuple((f,) if isinstance(f, str) else tuple(f) for f in fields)
        return cls(paths, ("",) * len(paths))

    @property
    def names(self) -> list[str]:
        """The paths with dots between their parts, as error messages and replacements name them."""
        return [".".join(path) for path in self.paths]

    def values(
        self,
        document: Document,
        policy: ErrorPolicy | None = None,
        report: ErrorReport | None = None,
    ) -> list[Any]:
        """The record of a document.

        Raises:
            InvalidValueError: a field that is neither text nor a number and has no replacement.
        """
        out: list[Any] = []
        for path, missing in zip(self.paths, self.missing, strict=True):
            node: Any = document
            for name in path[:-1]:
                node = node.get(name)
                if not isinstance(node, Mapping):
                    node = {}
                    break
            value = node.get(path[-1], _MISSING)
            if value is _MISSING:
                out.append(missing)
            elif isinstance(value, str):
                out.append(value if value.isascii() else _whole(value, path))
            else:
                out.append(_replaced(value, path, policy, report))
        return out


_MISSING = object()


def _whole(value: str, path: Path) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise RecordFormatError(
            f'the field "{".".join(path)}" holds half of a UTF-16 pair: {value[:100]!r}'
        ) from None
    return value


def _replaced(
    value: Any, path: Path, policy: ErrorPolicy | None, report: ErrorReport | None
) -> Any:
    name = ".".join(path)
    error = InvalidValueError(name, "text or a number", value)
    replacement = None if policy is None else policy.replacement(name)
    if replacement is None:
        raise error
    if report is not None:
        report.add_error("replaced", error)
    return replacement


class FieldSelectionBuilder:
    """Collects the fields of a `FieldSelection`.

    >>> from datavec import FieldSelection
    >>> FieldSelection.builder().add_field("a", "x").build().names
    ['a.x']
    """

    def __init__(self) -> None:
        self._paths: list[Path] = []
        self._missing: list[Any] = []

    def add_field(self, *path: str, missing: Any = "") -> Self:
        """Add a field by the names that lead to it, with its value where it is missing."""
        self._paths.append(path)
        self._missing.append(missing)
        return self

    def build(self) -> FieldSelection:
        """The selection; raises ValueError when it is empty."""
        return FieldSelection(tuple(self._paths), tuple(self._missing))
