"""The intermediate representation: a graph whose dtypes and shapes are all known.

Grammar (checked by `_verify`)::

    Program   = inputs: Value*  scalars: Value*  nodes: Node*  outputs: Value*  targets: (Value, array)*
                effects: Effect*
    Value     = leaf | result of exactly one Node; dtype and shape are concrete
    leaf      = INPUT (bound at every run) | SCALAR (a number bound at every run)
              | CONSTANT (never changes) | VARIABLE (fixed memory, read at every run)
    Node      = op, inputs: (Value | None)*, attrs (canonical), outputs: Value+, body
    body      = Node* that computes the same outputs from the same inputs (composed operations before expansion, fused
                ones after fusion), or None for a primitive

Stages and what holds after each:

    traced      every node is a primitive, or composed with a gradient rule of its own and a body
    expanded    no composed node is left
    optimised   no node without an effect on outputs, targets or effects; no two equal pure nodes; no constant node
    fused       elementwise nodes may be gathered in `FUSED` nodes, whose body is straight-line

All nodes stand in an order in which each value is made before it is used. Effects follow all nodes, in order.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nd4py._arrays import from_numpy, to_numpy
from nd4py.dtypes import DType
from nd4py.ops._declaration import Op, Spec, Trait
from nd4py.ops._declare import FUNCTIONS
from nd4py.ops._execute import canonical, infer, input_specs, spec_of
from nd4py.ops._graph_variable import GraphVariable
from nd4py.ops._types import is_scalar

# Larger constants are not searched for being one number.
_COMPACT_LIMIT = 4096


class Leaf(enum.Enum):
    """Where a value comes from that no node makes."""

    INPUT = "input"
    SCALAR = "scalar"
    CONSTANT = "constant"
    VARIABLE = "variable"


class Value(GraphVariable):
    """One array of the program. Compared by identity; ``array`` is set for constants and variables."""

    __slots__ = ("array", "dtype", "graph", "label", "leaf", "node", "shape", "spec")

    dtype: DType
    shape: tuple[int, ...]

    def __init__(self, graph: Graph, spec: Spec, leaf: Leaf | None, label: str, array: Any = None):
        if spec.dtype.numpy is None:
            raise TypeError(f"{label}: graphs do not compute in {spec.dtype.name}; cast it first")
        self.graph = graph
        self.spec = spec
        self.dtype = spec.dtype
        self.shape = spec.shape
        self.leaf = leaf
        self.label = label
        self.array = array
        self.node: Node | None = None

    def __repr__(self) -> str:
        kind = self.leaf.value if self.leaf else "value"
        return f"<{kind} {self.label!r} {self.dtype.name}{list(self.shape)}>"

    def _record(self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        return self.graph.record(op, inputs, attrs)

    @property
    def is_constant(self) -> bool:
        """Whether its contents are known now and never change."""
        return self.leaf is Leaf.CONSTANT

    @property
    def uniform(self) -> bool:
        """Whether it is a constant with one value everywhere, stored once."""
        if self.leaf is not Leaf.CONSTANT:
            return False
        array = self.array
        return array.size == 1 or not any(array.strides)


class Node:
    """One operation applied to values."""

    __slots__ = ("attrs", "body", "inputs", "op", "origin", "outputs")

    def __init__(
        self,
        op: Op,
        inputs: tuple[Value | None, ...],
        attrs: Mapping[str, Any],
        outputs: tuple[Value, ...],
        origin: str,
        body: list[Node] | None = None,
    ):
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.outputs = outputs
        self.origin = origin  # the graph node (layer) that this one comes from, for messages
        self.body = body

    def __repr__(self) -> str:
        made = ", ".join(v.label for v in self.outputs)
        read = ", ".join("None" if v is None else v.label for v in self.inputs)
        return f"<{made} = {self.op.name}({read}) from {self.origin!r}>"


class Graph:
    """A program while it is traced: operations on its values record themselves here."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.origin = ""
        self._numbers: dict[tuple[str, DType], Value] = {}
        self._arrays: dict[int, Value] = {}
        self._alive: list[Any] = []
        self._count = 0

    # ------------------------------------------------------------------------------------------------ leaves

    def leaf(self, kind: Leaf, dtype: DType, shape: tuple[int, ...], label: str) -> Value:
        """A value bound at every run."""
        return Value(self, Spec(dtype, shape), kind, label)

    def variable(self, array: Any, label: str) -> Value:
        """Fixed memory, read at every run; the same array gives the same value."""
        return self._array(array, Leaf.VARIABLE, label)

    def constant(self, array: Any, label: str = "constant") -> Value:
        """An array whose contents never change."""
        return self._array(array, Leaf.CONSTANT, label)

    def _array(self, array: Any, kind: Leaf, label: str) -> Value:
        found = self._arrays.get(id(array))
        if found is None:
            spec = spec_of(array)
            stored = array if kind is Leaf.VARIABLE else _compact(to_numpy(array))
            found = self._arrays[id(array)] = Value(self, spec, kind, label, stored)
            self._alive.append(array)  # identity keys are only valid while the array lives
        return found

    def number(self, value: Any, dtype: DType) -> Value:
        """A 0-d constant."""
        key = (repr(value), dtype)  # by text: 0.0 equals -0.0, and 1 equals True
        found = self._numbers.get(key)
        if found is None:
            array = np.asarray(value, dtype.numpy)
            found = Value(self, Spec(dtype, ()), Leaf.CONSTANT, key[0], array)
            self._numbers[key] = found
        return found

    def filled(self, number: float, dtype: DType, shape: tuple[int, ...]) -> Value:
        """A constant of one number everywhere, stored once."""
        value = self.number(number, dtype)
        if not shape:
            return value
        return self.constant(np.broadcast_to(value.array, shape), value.label)

    # --------------------------------------------------------------------------------------------- recording

    def record(self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        """Adds an operation; returns its output, or all of them as a tuple where it declares several.

        Raises:
            TypeError, ValueError: the inputs do not fit; the message names the operation and where it comes from.
        """
        try:
            specs = input_specs(inputs)
            attrs = canonical(op, specs, dict(attrs))
            if op.compose is not None:
                return self._compose(op, op.compose, inputs, specs, attrs)
            outs = infer(op, specs, attrs)
        except (TypeError, ValueError) as error:
            raise self._located(error) from None
        values = self._values(inputs, specs)
        made = tuple(self._result(op, spec) for spec in outs)
        node = Node(op, values, attrs, made, self.origin)
        for value in made:
            value.node = node
        self.nodes.append(node)
        return made[0] if len(made) == 1 else made

    def _compose(
        self,
        op: Op,
        compose: Callable[..., Any],
        inputs: Sequence[Any],
        specs: Sequence[Spec | None],
        attrs: Mapping[str, Any],
    ) -> Any:
        if op.gradient is None:
            return compose(*inputs, **attrs)
        values = self._values(inputs, specs)
        outer, body = self.nodes, list[Node]()
        self.nodes = body
        try:
            result = compose(*values, **attrs)
            several = isinstance(result, tuple)
            outs = tuple(self._own(v, values) for v in (result if several else (result,)))
        finally:
            self.nodes = outer
        self.nodes.append(Node(op, values, attrs, outs, self.origin, body))
        return outs if several else outs[0]

    def _own(self, value: Any, inputs: tuple[Value | None, ...]) -> Value:
        # A body that returns one of its inputs still needs a value of its own, or the two gradients would mix.
        made = value if isinstance(value, Value) else self.constant(from_numpy(np.asarray(value)))
        if made.leaf is not None or any(made is x for x in inputs):
            made = FUNCTIONS["identity"](made)
        return made

    def as_value(self, value: Any, dtype: DType) -> Value:
        """A value as it is; a Python number or an array as a constant."""
        if isinstance(value, Value):
            return value
        return self.number(value, dtype) if is_scalar(value) else self.constant(value)

    def _values(
        self, inputs: Sequence[Any], specs: Sequence[Spec | None]
    ) -> tuple[Value | None, ...]:
        return tuple(
            x if x is None or isinstance(x, Value) else self.as_value(x, spec.dtype)  # type: ignore[union-attr]
            for x, spec in zip(inputs, specs, strict=True)
        )

    def _result(self, op: Op, spec: Spec) -> Value:
        self._count += 1
        return Value(self, spec, None, f"{op.name}.{self._count}")

    def _located(self, error: Exception) -> Exception:
        text = str(error)
        if not self.origin or text.startswith(f"{self.origin}: "):
            return error
        return type(error)(f"{self.origin}: {text}")


@dataclass(frozen=True, eq=False)
class Effect:
    """A step that writes fixed memory in place (an updater), or reads it between such steps (a probe).

    An operand is a `Value`, an array in fixed memory, or None. A value among ``outputs`` is new, and only the program's
    outputs may name it.
    """

    kernel: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    ints: tuple[int, ...]
    reals: tuple[float, ...]
    reference: Callable[..., Any]  # NumPy arrays of the inputs in, one array per output out
    origin: str
    native_outputs: int | None = (
        None  # how many outputs the kernel declares; the others it writes as inputs
    )


@dataclass(eq=False)
class Program:
    """A whole computation, ready for passes and lowering. See the module's grammar."""

    inputs: list[Value]
    scalars: list[Value]
    nodes: list[Node]
    outputs: list[Value]
    targets: list[tuple[Value, Any]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def roots(self) -> list[Value]:
        """The values that something outside the nodes reads."""
        found = [*self.outputs, *(value for value, _ in self.targets)]
        for effect in self.effects:
            found.extend(x for x in effect.inputs if isinstance(x, Value))
        return found

    def replace_roots(self, current: Mapping[Value, Value]) -> None:
        """Renames what outputs, targets and effects read."""
        self.outputs = [current.get(v, v) for v in self.outputs]
        self.targets = [(current.get(v, v), array) for v, array in self.targets]
        self.effects = [
            replace(
                e, inputs=tuple(current.get(x, x) if isinstance(x, Value) else x for x in e.inputs)
            )
            for e in self.effects
        ]


def _compact(array: Any) -> Any:
    """The array; one that repeats a single number, with the number stored once."""
    if 1 < array.size <= _COMPACT_LIMIT and any(array.strides):
        first = array[(0,) * array.ndim]
        if array.tobytes() == first.tobytes() * array.size:
            return np.broadcast_to(first, array.shape)
    return array


def expand(nodes: Sequence[Node]) -> list[Node]:
    """Composed nodes replaced by their bodies, at any depth."""
    flat: list[Node] = []
    for node in nodes:
        if node.body is None:
            flat.append(node)
        else:
            flat.extend(expand(node.body))
    return flat


def pure(node: Node) -> bool:
    """Whether the node is a function of its inputs alone and may be folded, merged or removed."""
    return not (node.op.has(Trait.RANDOM) or node.op.has(Trait.MUTATES))
