"""Element types of results: promotion, and the type that a Python number takes beside arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py._core import result_type as _promote
from nd4py.dtypes import DType

__all__ = ["DEFAULT_FLOAT", "is_scalar", "result_type", "scalar_type"]

# The default floating type, as in ND4J.
DEFAULT_FLOAT = dtypes.float32

_NUMBERS = (bool, int, float, complex)


def result_type(types: Sequence[DType]) -> DType:
    """The promoted type of one or more types, by the core's one table.

    Raises:
        TypeError: utf8 and another type.
    """
    first = types[0]
    for other in types:
        if other is not first:
            return _promote(*types)
    return first


def scalar_type(value: object, beside: Sequence[DType]) -> DType:
    """The type of a Python number among arrays of the types ``beside``: theirs, unless it is of a higher kind."""
    if beside:
        return _promote(*beside, value)  # type: ignore[arg-type]
    if isinstance(value, bool):
        return dtypes.bool_
    if isinstance(value, int):
        return dtypes.int64
    return dtypes.complex64 if isinstance(value, complex) else DEFAULT_FLOAT


def is_scalar(value: Any) -> bool:
    """True for a Python number. NumPy's numbers have a dtype of their own: they count as arrays."""
    return isinstance(value, _NUMBERS) and not isinstance(value, np.generic)
