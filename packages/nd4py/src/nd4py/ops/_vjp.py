"""Gradients of a function written with operations, without a graph: the operations of one call are taped and
walked back.

Works on arrays and, recording into their graph, on graph values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nd4py._core import full
from nd4py.dtypes import DType

from . import comparison, shaping
from ._declaration import GradientContext, Op, _NotDifferentiable
from ._declare import call
from ._execute import as_value, canonical, input_specs, spec_of, to_array
from ._graph_variable import GraphVariable
from ._types import is_scalar

__all__ = ["vjp"]


class _Step:
    __slots__ = ("attrs", "inputs", "op", "outputs")

    def __init__(self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> None:
        self.op, self.inputs, self.attrs = op, inputs, attrs
        self.outputs: tuple[_Taped, ...] = ()


class _Taped(GraphVariable):
    """A value, and the step of the tape that made it."""

    __slots__ = ("tape", "value")

    def __init__(self, value: Any, tape: list[_Step]) -> None:
        self.value = value
        self.tape = tape

    @property
    def shape(self) -> tuple[int, ...]:
        return spec_of(self.value).shape

    @property
    def dtype(self) -> DType:
        return spec_of(self.value).dtype

    def _record(self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        values = [x.value if isinstance(x, _Taped) else x for x in inputs]
        attrs = canonical(op, input_specs(values, op), dict(attrs))
        if op.compose is not None and op.gradient is None:
            return op.compose(*inputs, **attrs)
        step = _Step(op, inputs, attrs)
        step.outputs = tuple(_Taped(y, self.tape) for y in call(op, values, attrs))
        self.tape.append(step)
        return step.outputs if len(step.outputs) > 1 else step.outputs[0]


def vjp(
    function: Callable[..., Any], inputs: Sequence[Any], grad: Any = None
) -> tuple[Any, list[Any]]:
    """The result of ``function(*inputs)``, and the gradients of Σ grad·result to each input.

    Args:
        function: computes one value with operations.
        inputs: arrays or graph values.
        grad: the gradient of the result, of its shape; None: ones.

    Returns:
        The result and one gradient per input; None where the result does not depend on it.

    >>> import numpy as np
    >>> from nd4py.ops import square
    >>> vjp(square, [np.asarray([3.0])], np.asarray([1.0]))[1][0].tolist()
    [6.0]
    """
    tape: list[_Step] = []
    leaves = [_Taped(as_value(x), tape) for x in inputs]
    result = function(*leaves)
    if not isinstance(result, _Taped):
        return result, [None] * len(leaves)
    grads: dict[int, Any] = {
        id(result): _ones_like(result.value) if grad is None else as_value(grad)
    }
    for step in reversed(tape):
        incoming = tuple(grads.pop(id(y), None) for y in step.outputs)
        rule = step.op.gradient
        if rule is None or isinstance(rule, _NotDifferentiable) or all(g is None for g in incoming):
            continue
        outputs = tuple(y.value for y in step.outputs)
        for x, g in zip(
            step.inputs,
            rule(GradientContext(_values(step.op, step.inputs), outputs, incoming, step.attrs)),
            strict=True,
        ):
            if isinstance(x, _Taped) and g is not None:
                found = grads.get(id(x))
                grads[id(x)] = g if found is None else found + g
    return result.value, [grads.get(id(x)) for x in leaves]


def _ones_like(value: Any) -> Any:
    found = spec_of(value)
    if isinstance(
        value, GraphVariable
    ):  # true wherever: there is no constant to make without its graph
        return shaping.cast(comparison.eq(value, value) | True, dtype=found.dtype)
    return full(found.shape, 1, found.dtype)


def _values(op: Op, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """Inputs as a rule expects them: arrays or graph values, Python numbers as scalar arrays."""
    values = [x.value if isinstance(x, _Taped) else x for x in inputs]
    if any(is_scalar(v) for v in values):
        values = [
            to_array(v, s) if is_scalar(v) else v
            for v, s in zip(values, input_specs(values, op), strict=True)
        ]
    return tuple(values)
