"""Gradients of one operation two ways: through its rules, and by central differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import nd4py as nd
import nd4py.ops
from nd4py.ops import Op, call, vjp


def central_difference(
    objective: Callable[[list[Any]], float], inputs: Sequence[Any], which: int
) -> np.ndarray:
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


def gradient_of(
    op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any], weights: Sequence[Any]
) -> list[Any]:
    """Gradients of Σ weights·outputs to every input, through the rules of the operation or of its decomposition."""
    places = [i for i, x in enumerate(inputs) if isinstance(x, np.ndarray)]

    def objective(*values: Any) -> Any:
        given = dict(zip(places, values, strict=True))
        outputs = call(op, [given.get(i, x) for i, x in enumerate(inputs)], attrs)
        terms = [
            nd.ops.sum(y * nd.array(w))
            for y, w in zip(outputs, weights, strict=True)
            if w is not None
        ]
        return sum(terms[1:], terms[0])

    dtype = next(w.dtype for w in weights if w is not None)
    grads = vjp(objective, [nd.array(inputs[i]) for i in places], nd.array(np.ones((), dtype)))[1]
    found = dict(zip(places, grads, strict=True))
    return [None if found.get(i) is None else np.asarray(found[i]) for i in range(len(inputs))]
