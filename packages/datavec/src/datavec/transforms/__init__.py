"""The transforms. Importing this package registers all of them for JSON."""

# A module's __all__ is the only list of its public names, so a class is added in one file.
# ruff: noqa: F403

from typing import TYPE_CHECKING

from .._on_first_use import on_first_use

if TYPE_CHECKING:
    from ._arithmetic import MathFunction as MathFunction
    from ._arithmetic import MathOp as MathOp
    from ._categorical import *
    from ._columns import *
    from ._conditional import *
    from ._expansion import *
    from ._function import *
    from ._ndarray import *
    from ._normalize import *
    from ._numeric import *
    from ._reducer import *
    from ._sequence import *
    from ._sequence_merge import *
    from ._sequence_values import *
    from ._string_reducer import *
    from ._text import *
    from ._time import *
    from ._types import *
    from ._windows import *
    from ._word_lists import *
else:  # for type checkers the names are those above, with their types
    __getattr__, __dir__, __all__ = on_first_use(__name__)
