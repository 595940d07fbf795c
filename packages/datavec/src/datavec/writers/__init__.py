"""Record writers, and how their output is divided over files."""

# A module's __all__ is the only list of its public names, so a class is added in one file.
# ruff: noqa: F403

from typing import TYPE_CHECKING

from .._on_first_use import on_first_use

if TYPE_CHECKING:
    from ._arrow import *
    from ._columnar import *
    from ._converter import *
    from ._csv import *
    from ._excel import *
    from ._file_writer import *
    from ._output import *
    from ._partition import *
    from ._sql import *
    from ._svmlight import *
    from ._text import *
    from ._writer import *
else:  # for type checkers the names are those above, with their types
    __getattr__, __dir__, __all__ = on_first_use(__name__)
