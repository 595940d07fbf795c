"""Labels that stand in the names of files and folders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from .._errors import DataVecError
from ..text._java_regex import compile_java, java_split
from ._files import Location, as_location, location_name, location_parts

__all__ = [
    "AbstractPathLabelGenerator",
    "AbstractPathMultiLabelGenerator",
    "ParentPathLabelGenerator",
    "PatternPathLabelGenerator",
]


class AbstractPathLabelGenerator(ABC):
    """Gives each file a label.

    Answers to Deeplearning4j's ``PathLabelGenerator``.
    """

    infer_label_classes: ClassVar[bool] = True
    """Labels are texts, and readers number them by their sorted list; False: used as they are."""

    @abstractmethod
    def label_for_path(self, location: Location) -> Any:
        """The label of a file, given as path or URL."""


class AbstractPathMultiLabelGenerator(ABC):
    """Gives each file several label values. Answers to ``PathMultiLabelGenerator``."""

    @abstractmethod
    def labels_for_path(self, location: Location) -> list[Any]:
        """The label values of a file, given as path or URL."""


class ParentPathLabelGenerator(AbstractPathLabelGenerator):
    """The name of the folder that the file is in.

    Answers to Deeplearning4j's ``ParentPathLabelGenerator``.

    >>> ParentPathLabelGenerator().label_for_path("/images/cat/1.png")
    'cat'
    """

    def label_for_path(self, location: Location) -> str:
        at = as_location(location)
        parts = location_parts(at.absolute() if isinstance(at, Path) else at)
        return parts[-2] if len(parts) > 1 else ""


class PatternPathLabelGenerator(AbstractPathLabelGenerator):
    r"""A piece of the file's name, without its last extension, split by a Java regular expression.

    Answers to Deeplearning4j's ``PatternPathLabelGenerator``.

    Args:
        pattern: what separates the pieces.
        pattern_position: which piece, from 0.

    Raises:
        DataVecError: no such piece in a name.

    >>> PatternPathLabelGenerator(r"[_.]", 1).label_for_path("/images/12_cat.v2.png")
    'cat'
    """

    def __init__(self, pattern: str, pattern_position: int = 0) -> None:
        compile_java(pattern)
        if pattern_position < 0:
            raise DataVecError(
                "PatternPathLabelGenerator: pattern_position counts from 0, "
                f"received {pattern_position}"
            )
        self.pattern, self.pattern_position = pattern, pattern_position

    def label_for_path(self, location: Location) -> str:
        at = as_location(location)
        name = "".join(location_parts(at)[-1:])
        stem = name.rpartition(".")[0] if "." in name else name
        pieces = java_split(stem, self.pattern)
        if self.pattern_position >= len(pieces):
            raise DataVecError(
                f"PatternPathLabelGenerator: {location_name(at)}: {stem!r} split at "
                f"{self.pattern!r} has {len(pieces)} pieces, none at position "
                f"{self.pattern_position}"
            )
        return pieces[self.pattern_position]
