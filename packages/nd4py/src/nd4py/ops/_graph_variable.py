"""Values of a graph under construction, on which operations record themselves instead of running."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nd4py.dtypes import DType

from ._declaration import Op


class GraphVariable(ABC):
    """A value that is not there yet: calling an operation with one records the operation.

    The arithmetic, comparison and bit operators are those of the declared operations; each declaration says
    which operator
    it answers to. ``==`` is elementwise, so compare identities with ``is``.
    """

    __array_ufunc__ = None  # NumPy then lets the reflected operators here decide
    __slots__ = ()

    @property
    @abstractmethod
    def shape(self) -> tuple[Any, ...]:
        """Size of each dimension."""

    @property
    @abstractmethod
    def dtype(self) -> DType:
        """Element type."""

    @abstractmethod
    def _record(self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        """Adds a node; ``inputs`` holds graph values, arrays, Python numbers and None. Returns its output, or a tuple.

        ``attrs`` are coerced but not canonical: shapes may not be known yet, so whoever knows them calls ``canonical``.
        """

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __bool__(self) -> bool:
        raise TypeError(
            f"{type(self).__name__}: the value of a graph variable is not known while the graph is built; "
            "use where(condition, a, b) or evaluate it first"
        )

    __hash__ = object.__hash__

    if TYPE_CHECKING:

        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __rtruediv__(self, other: Any) -> Any: ...
        def __floordiv__(self, other: Any) -> Any: ...
        def __rfloordiv__(self, other: Any) -> Any: ...
        def __mod__(self, other: Any) -> Any: ...
        def __rmod__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __rpow__(self, other: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __rmatmul__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...
        def __abs__(self) -> Any: ...
        def __invert__(self) -> Any: ...
        def __and__(self, other: Any) -> Any: ...
        def __or__(self, other: Any) -> Any: ...
        def __xor__(self, other: Any) -> Any: ...
        def __lshift__(self, other: Any) -> Any: ...
        def __rshift__(self, other: Any) -> Any: ...
        def __lt__(self, other: Any) -> Any: ...
        def __le__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...
        def __ge__(self, other: Any) -> Any: ...


def install_operator(name: str, function: Any) -> None:
    """Gives `GraphVariable` the operator ``name`` (such as ``__add__``), and its reflected form where Python
    has one.
    """
    reflected = "__r" + name[2:]

    def forward(self: GraphVariable, *other: Any) -> Any:
        return function(self, *other)

    def backward(self: GraphVariable, other: Any) -> Any:
        return function(other, self)

    forward.__name__ = name
    setattr(GraphVariable, name, forward)
    if name in _REFLECTED:
        backward.__name__ = reflected
        setattr(GraphVariable, reflected, backward)


_REFLECTED = {
    f"__{name}__"
    for name in (
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "and",
        "or",
        "xor",
        "lshift",
        "rshift",
    )
}
