"""ND4J's index objects, for `a[...]`, `a.get(...)` and `a.put(...)` beside NumPy's integers and slices.

>>> import nd4py as nd
>>> a = nd.arange(6).reshape(2, 3)
>>> a.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2)).tolist()
[[0, 1], [3, 4]]
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import SupportsIndex

__all__ = ["NDArrayIndex"]


@dataclass(frozen=True)
class NDArrayIndex:
    """One position of an index (`org.nd4j.linalg.indexing.NDArrayIndex`); made by the static methods.

    The core reads ``_plain_index``, the integer, slice, list or None that NumPy would take instead.
    """

    _plain_index: int | slice | list[int] | None

    @staticmethod
    def all() -> NDArrayIndex:
        """Everything along the axis."""
        return NDArrayIndex(slice(None))

    @staticmethod
    def point(position: SupportsIndex) -> NDArrayIndex:
        """One position; the axis disappears from the result. Negative positions count from the end."""
        return NDArrayIndex(operator.index(position))

    @staticmethod
    def interval(begin: int, *stride_and_end: int, inclusive: bool = False) -> NDArrayIndex:
        """``interval(begin, end)`` or ``interval(begin, stride, end)``, the end excluded unless ``inclusive``.

        Raises:
            TypeError: not two or three integers.
            ValueError: the stride is not positive.
        """
        if len(stride_and_end) not in (1, 2):
            raise TypeError(
                "interval: expected (begin, end) or (begin, stride, end), "
                f"received {1 + len(stride_and_end)} integers"
            )
        end = operator.index(stride_and_end[-1])
        stride = operator.index(stride_and_end[0]) if len(stride_and_end) == 2 else 1
        if stride < 1:
            raise ValueError(f"interval: expected a positive stride, received {stride}")
        if inclusive:
            # The position after -1 is the end itself, which has no number.
            return NDArrayIndex(slice(begin, None if end == -1 else end + 1, stride))
        return NDArrayIndex(slice(begin, end, stride))

    @staticmethod
    def indices(*positions: SupportsIndex) -> NDArrayIndex:
        """The positions listed, in that order; the result is a copy (`SpecifiedIndex`)."""
        return NDArrayIndex([operator.index(p) for p in positions])

    @staticmethod
    def new_axis() -> NDArrayIndex:
        """An axis of extent 1 that the array does not have."""
        return NDArrayIndex(None)
