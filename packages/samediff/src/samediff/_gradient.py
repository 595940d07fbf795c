"""Reverse-mode differentiation of a traced graph by the operations' own rules.

The rules are written with operations, so what they compute records itself behind the forward nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nd4py.ops._declaration import NOT_DIFFERENTIABLE, GradientContext

from ._ir import Graph, Node, Value


class GradientError(ValueError):
    """A gradient was asked for that does not exist, or a rule returned something that is not one."""


def differentiate(graph: Graph, loss: Value, wrt: Sequence[Value]) -> list[Value | None]:
    """The gradients of ``loss`` (summed, where it is not a scalar) in the order of ``wrt``; None for no dependence.

    Raises:
        GradientError: ``loss`` is not floating, or a rule returned a wrong count, dtype or shape.
    """
    if not loss.dtype.is_floating:
        raise GradientError(
            f"loss {loss.label!r}: expected a floating dtype, received {loss.dtype.name}; cast it first"
        )
    forward = list(graph.nodes)
    active = _depending(forward, wrt)
    adjoints: dict[Value, Value] = {loss: graph.filled(1.0, loss.dtype, loss.shape)}
    wanted = set(wrt)
    for node in reversed(forward):
        if not any(v in active for v in node.outputs):
            continue
        grads = tuple(adjoints.get(v) for v in node.outputs)
        if all(g is None for g in grads):
            continue
        graph.origin = f"gradient of {node.origin}"
        for value, gradient in zip(node.inputs, _apply(node, grads), strict=True):
            if gradient is None or value is None or not (value in active or value in wanted):
                continue
            new = _checked(node, value, graph.as_value(gradient, value.dtype))
            old = adjoints.get(value)
            adjoints[value] = new if old is None else old + new
    graph.origin = ""
    return [adjoints.get(v) for v in wrt]


def _depending(nodes: Sequence[Node], wrt: Sequence[Value]) -> set[Value]:
    active = set(wrt)
    for node in nodes:
        if node.op.gradient is NOT_DIFFERENTIABLE:
            continue
        if any(x in active for x in node.inputs):
            active.update(v for v in node.outputs if v.dtype.is_floating)
    return active


def _apply(node: Node, grads: tuple[Value | None, ...]) -> Sequence[Any]:
    rule = node.op.gradient
    if rule is None or rule is NOT_DIFFERENTIABLE:
        raise GradientError(f"{node.origin}: operation {node.op.name!r} declares no gradient rule")
    result = rule(GradientContext(node.inputs, node.outputs, grads, node.attrs))  # type: ignore[operator]
    if len(result) != len(node.inputs):
        raise GradientError(
            f"{node.origin}: the gradient rule of {node.op.name!r} must return one entry per input "
            f"({len(node.inputs)}), it returned {len(result)}"
        )
    return result


def _checked(node: Node, value: Value, gradient: Value) -> Value:
    if gradient.dtype is not value.dtype or gradient.shape != value.shape:
        raise GradientError(
            f"{node.origin}: the gradient rule of {node.op.name!r} must return {value.dtype.name}{list(value.shape)} "
            f"for {value.label!r}, it returned {gradient.dtype.name}{list(gradient.shape)}"
        )
    return gradient
