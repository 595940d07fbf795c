"""Record readers and the input splits that tell them where their files are."""

# A module's __all__ is the only list of its public names, so a class is added in one file.
# ruff: noqa: F403

from typing import TYPE_CHECKING

from .._on_first_use import on_first_use

if TYPE_CHECKING:
    from ._arrow import *
    from ._audio import *
    from ._combined import *
    from ._composable import *
    from ._csv import *
    from ._csv_parser import *
    from ._csv_sequences import *
    from ._excel import *
    from ._field_selection import *
    from ._file_batch import *
    from ._jackson import *
    from ._listeners import *
    from ._matlab import *
    from ._memory import *
    from ._metadata import *
    from ._parquet import *
    from ._path_filters import *
    from ._path_labels import *
    from ._reader import *
    from ._sequence_reader import *
    from ._sound import *
    from ._splits import *
    from ._sql import *
    from ._svmlight import *
    from ._text_lines import *
    from ._whole_files import *
else:  # for type checkers the names are those above, with their types
    __getattr__, __dir__, __all__ = on_first_use(__name__)
