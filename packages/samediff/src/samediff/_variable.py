"""Variables of a user's graph."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nd4py.dtypes import DType
from nd4py.ops._declaration import Op, Spec
from nd4py.ops._execute import canonical, infer, spec_of
from nd4py.ops._graph_variable import GraphVariable
from nd4py.ops._types import is_scalar, scalar_type

if TYPE_CHECKING:
    from nd4py import NDArray

    from ._samediff import SameDiff

Shape = tuple[int | None, ...]


class VariableType(enum.Enum):
    """What a variable is. Answers to ``org.nd4j.autodiff.samediff.VariableType``."""

    VARIABLE = "variable"  # trainable
    CONSTANT = "constant"
    PLACEHOLDER = "placeholder"  # given at every call
    SCALAR = "scalar"  # one number, given at every call
    ARRAY = "array"  # computed


class GraphNode:
    """One operation of the user's graph, as it was called."""

    __slots__ = ("attrs", "inputs", "name", "op", "outputs", "place")

    def __init__(
        self, name: str, op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any], place: str = ""
    ):
        self.name = name
        self.place = place  # see SameDiff.place
        self.op = op
        self.inputs = inputs  # variables, arrays, Python numbers and None
        self.attrs = attrs
        self.outputs: tuple[SDVariable, ...] = ()

    @property
    def origin(self) -> str:
        """How messages about this operation begin."""
        return f"{self.place}: {self.name}" if self.place else self.name


class SDVariable(GraphVariable):
    """A named value of a `SameDiff` graph. Answers to ``org.nd4j.autodiff.samediff.SDVariable``.

    Operators and every operation of nd4py record a node in its graph. ``==`` is elementwise; compare identities with
    ``is``.
    """

    __slots__ = ("_specs", "array", "name", "node", "sd", "trainable", "variable_type")

    def __init__(
        self,
        sd: SameDiff,
        name: str,
        variable_type: VariableType,
        *,
        specs: tuple[Spec, Spec] | None = None,
        array: NDArray | None = None,
        node: GraphNode | None = None,
        trainable: bool = False,
    ):
        self.sd = sd
        self.name = name
        self.variable_type = variable_type
        self.array = array  # of variables and constants, held by reference
        self.node = node  # what computes it
        self.trainable = trainable
        self._specs = specs

    def __repr__(self) -> str:
        return f"<SDVariable {self.name!r} {self.variable_type.value}>"

    def _record(self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        return self.sd._record(op, inputs, attrs)

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self._probe()[0].dtype

    @property
    def shape(self) -> Shape:
        """Size of each dimension; None where it depends on a placeholder's open dimensions."""
        first, second = self._probe()
        return tuple(a if a == b else None for a, b in zip(first.shape, second.shape, strict=True))

    def _probe(self) -> tuple[Spec, Spec]:
        """Dtype and shape for two different sizes of the open dimensions: what differs is open here too."""
        if self._specs is None:
            for node in _unknown(self):
                _infer(node)
        if self._specs is None:
            raise LookupError(f"variable {self.name!r}: its operation does not make this output")
        return self._specs

    def rename(self, name: str) -> SDVariable:
        """Gives the variable another name, unique in its graph; returns the variable itself.

        Raises:
            ValueError: another variable has that name.
        """
        self.sd.rename_variable(self.name, name)
        return self

    def eval(self, placeholders: Mapping[str, Any] | None = None) -> NDArray:
        """Its value for the given placeholders."""
        return self.sd.output(placeholders or {}, self.name)[self.name]

    def get_arr(self) -> NDArray:
        """The array of a variable or constant, not a copy.

        Raises:
            ValueError: it has none (placeholders and computed values).
        """
        if self.array is None:
            raise ValueError(
                f"variable {self.name!r} is a {self.variable_type.value} and holds no array; use eval(placeholders)"
            )
        return self.array

    def set_arr(self, array: Any) -> None:
        """Copies new contents into the array of a variable.

        Raises:
            ValueError: it holds no array, or the shape differs.
        """
        self.sd.set_array(self.name, array)


def _unknown(variable: SDVariable) -> list[GraphNode]:
    """The nodes whose results have no dtype and shape yet, in an order in which they can be found."""
    found: dict[GraphNode, None] = {}
    stack = [variable]
    while stack:
        one = stack.pop()
        if one._specs is None and one.node is not None and one.node not in found:
            found[one.node] = None
            stack.extend(x for x in one.node.inputs if isinstance(x, SDVariable))
    return sorted(found, key=variable.sd._order.__getitem__)


def _infer(node: GraphNode) -> None:
    both = [_outputs(node, [_spec(x, which) for x in node.inputs]) for which in (0, 1)]
    for variable, *pair in zip(node.outputs, *both, strict=False):
        first, second = pair
        variable._specs = (first, second)


def _spec(x: Any, which: int) -> Any:
    if isinstance(x, SDVariable):
        return x._probe()[which]
    return x if x is None or is_scalar(x) else spec_of(x)


def _outputs(node: GraphNode, given: list[Any]) -> tuple[Spec, ...]:
    beside = [s.dtype for s in given if isinstance(s, Spec)]
    specs = [
        s if s is None or isinstance(s, Spec) else Spec(scalar_type(s, beside), ()) for s in given
    ]
    try:
        return infer(node.op, specs, canonical(node.op, specs, dict(node.attrs)))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{node.name}: {error}") from None
