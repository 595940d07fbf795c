"""Gradients of one operation two ways: through its rules, and by central differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nd4py.ops import (
    FUNCTIONS,
    NOT_DIFFERENTIABLE,
    GradientContext,
    GraphVariable,
    Op,
    canonical,
    input_specs,
    run,
    spec_of,
)


def central_difference(objective: Callable[[list[Any]], float], inputs: Sequence[Any], which: int) -> np.ndarray:
    """d objective / d inputs[which], elementwise, with step 1e-6 in float64."""
    x = np.asarray(inputs[which])
    result = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        values = []
        for step in (1e-6, -1e-6):
            moved = x.copy()
            moved[index] += step
            values.append(objective([moved if i == which else v for i, v in enumerate(inputs)]))
        result[index] = (values[0] - values[1]) / 2e-6
    return result


class Traced(GraphVariable):
    """A value with its array, and the step that made it."""

    def __init__(self, array: Any, made_by: tuple[Op, tuple[Any, ...], Mapping[str, Any], list[Traced]] | None = None):
        self.array = array
        self.made_by = made_by

    @property
    def shape(self) -> tuple[int, ...]:
        return spec_of(self.array).shape

    @property
    def dtype(self) -> Any:
        return spec_of(self.array).dtype

    def _record(self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        return record(op, inputs, attrs)


def record(op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
    arrays = [x.array if isinstance(x, Traced) else x for x in inputs]
    specs = input_specs(arrays)
    attrs = canonical(op, specs, dict(attrs))
    if op.compose is not None and op.gradient is None:
        return op.compose(*inputs, **attrs)
    if op.compose is not None:
        result = FUNCTIONS[op.name](*arrays, **attrs)
        outputs = result if isinstance(result, tuple) else (result,)
    else:
        outputs = run(op, arrays, attrs)
    values: list[Traced] = []
    traced = tuple(
        x if x is None or isinstance(x, Traced) else Traced(np.asarray(x, s.dtype.numpy))
        for x, s in zip(inputs, specs, strict=True)
    )
    step = (op, traced, attrs, values)
    values.extend(Traced(y, step) for y in outputs)
    return tuple(values) if len(values) > 1 else values[0]


def gradient_of(op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any], weights: Sequence[Any]) -> list[Any]:
    """Gradients of Σ weights·outputs to every input, through the rules of the operation or of its decomposition."""
    leaves = [Traced(x) if isinstance(x, np.ndarray) else x for x in inputs]
    result = record(op, leaves, attrs)
    outputs = result if isinstance(result, tuple) else (result,)
    grads: dict[int, Any] = {id(y): w for y, w in zip(outputs, weights, strict=True) if w is not None}
    order: list[tuple[Any, ...]] = []
    seen: set[int] = set()

    def visit(value: Any) -> None:
        if not isinstance(value, Traced) or value.made_by is None or id(value.made_by) in seen:
            return
        seen.add(id(value.made_by))
        for x in value.made_by[1]:
            visit(x)
        order.append(value.made_by)

    for y in outputs:
        visit(y)
    for step_op, traced, step_attrs, values in reversed(order):
        incoming = tuple(grads.get(id(v)) for v in values)
        if step_op.gradient is NOT_DIFFERENTIABLE or all(g is None for g in incoming):
            continue
        context = GradientContext(
            tuple(x if x is None else x.array for x in traced), tuple(v.array for v in values), incoming, step_attrs
        )
        for x, g in zip(traced, step_op.gradient(context), strict=True):
            if x is not None and g is not None:
                grads[id(x)] = g if id(x) not in grads else grads[id(x)] + g
    return [grads.get(id(x)) for x in leaves]
