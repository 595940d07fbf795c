"""Files of arrays: every form that Deeplearning4j reads or writes, and NumPy's.

Reading is bounded: a declared size is checked against the source before memory is taken for it.  Writing to a path is
atomic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import on_first_use
from ._errors import FormatError as FormatError

if TYPE_CHECKING:
    from ._array_files import Form as Form
    from ._array_files import array_to_bytes as array_to_bytes
    from ._array_files import read_array as read_array
    from ._array_files import read_npz as read_npz
    from ._array_files import read_text_rows as read_text_rows
    from ._array_files import write_array as write_array
    from ._array_files import write_npz as write_npz
    from ._java_text import java_double as java_double
    from ._java_text import java_float as java_float
    from ._streams import open_target as open_target

__getattr__, __dir__, __all__ = on_first_use(
    __name__,
    {
        "._array_files": (
            "Form",
            "array_to_bytes",
            "read_array",
            "read_npz",
            "read_text_rows",
            "write_array",
            "write_npz",
        ),
        "._java_text": ("java_double", "java_float"),
        "._streams": ("open_target",),
    },
    at_once=("FormatError",),
)
