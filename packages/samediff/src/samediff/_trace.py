"""From the user's graph to a traced program: every placeholder gets a concrete shape, every operation its dtypes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nd4py.ops._types import DEFAULT_FLOAT

from ._ir import Graph, Leaf, Value
from ._variable import GraphNode, SDVariable, VariableType


class Trace:
    """A graph traced for given placeholder shapes."""

    def __init__(self, graph: Graph, values: dict[SDVariable, Value]):
        self.graph = graph
        self.values = values

    def __getitem__(self, variable: SDVariable) -> Value:
        return self.values[variable]


def required_nodes(outputs: Sequence[SDVariable]) -> tuple[list[GraphNode], list[SDVariable]]:
    """The nodes that the outputs need, unordered, and the leaf variables that they read."""
    nodes: dict[GraphNode, None] = {}
    leaves: dict[SDVariable, None] = {}
    stack = list(outputs)
    while stack:
        variable = stack.pop()
        node = variable.node
        if node is None:
            leaves[variable] = None
        elif node not in nodes:
            nodes[node] = None
            stack.extend(x for x in node.inputs if isinstance(x, SDVariable))
    return list(nodes), list(leaves)


def trace(
    outputs: Sequence[SDVariable],
    order: Mapping[GraphNode, int],
    shapes: Mapping[SDVariable, tuple[int, ...]],
) -> Trace:
    """Records what ``outputs`` need; ``shapes`` gives those of the placeholders, ``order`` the nodes' positions.

    Raises:
        TypeError, ValueError: an operation does not accept its inputs; the message begins with the node's name.
    """
    nodes, leaves = required_nodes(outputs)
    nodes.sort(key=order.__getitem__)
    graph = Graph()
    values: dict[SDVariable, Value] = {}
    for variable in (*shapes, *leaves):
        if variable not in values:
            values[variable] = _leaf(graph, variable, shapes)
    for node in nodes:
        graph.origin = node.origin
        inputs = [values[x] if isinstance(x, SDVariable) else x for x in node.inputs]
        made = graph.record(node.op, inputs, node.attrs)
        results: tuple[Any, ...] = made if isinstance(made, tuple) else (made,)
        values.update(
            zip(node.outputs, (graph.as_value(r, DEFAULT_FLOAT) for r in results), strict=False)
        )
    graph.origin = ""
    return Trace(graph, values)


def _leaf(
    graph: Graph, variable: SDVariable, shapes: Mapping[SDVariable, tuple[int, ...]]
) -> Value:
    kind = variable.variable_type
    if kind is VariableType.PLACEHOLDER:
        return graph.leaf(Leaf.INPUT, variable.dtype, shapes[variable], variable.name)
    if kind is VariableType.SCALAR:
        return graph.leaf(Leaf.SCALAR, variable.dtype, (), variable.name)
    if kind is VariableType.CONSTANT:
        return graph.constant(variable.array, variable.name)
    return graph.variable(variable.array, variable.name)
