"""Runs a program step by step on the NumPy references: what a plan means, and its fallback without native kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nd4py._arrays import from_numpy, to_numpy
from nd4py._core import NumericsError

from ._ir import Effect, Leaf, Node, Program, Value
from ._reference import evaluate


class InterpretedPlan:
    """A program on the reference interpreter; the same calls as a native plan."""

    def __init__(self, program: Program, *, check_numerics: bool = False):
        self._program = program
        self._check = check_numerics
        self._inputs = [(v, v.dtype.numpy) for v in program.inputs]
        self._scalars = [(v, v.dtype.numpy) for v in program.scalars]

    def run(self, inputs: Sequence[Any], scalars: Sequence[float]) -> tuple[Any, ...]:
        """The outputs, freshly made, in order."""
        known: dict[Value, Any] = {}
        for (value, dtype), array in zip(self._inputs, inputs, strict=True):
            known[value] = given = to_numpy(array)
            if given.dtype != dtype:
                raise TypeError(f"input {value.label!r}: expected {dtype}, received {given.dtype}")
            if given.shape != value.shape:
                raise ValueError(
                    f"input {value.label!r}: the plan was made for {value.shape}, received {given.shape}"
                )
        for (value, dtype), number in zip(self._scalars, scalars, strict=True):
            known[value] = np.asarray(number, dtype)
        execute(self._program.nodes, known, check=self._check)
        outputs = {
            v: np.array(read(v, known)) for v in self._program.outputs if v in known or v.leaf
        }
        for value, array in self._program.targets:
            to_numpy(array)[...] = read(value, known)
        for effect in self._program.effects:
            _apply(effect, known)
        return tuple(
            from_numpy(outputs[v] if v in outputs else known[v]) for v in self._program.outputs
        )

    def explain(self) -> list[dict[str, Any]]:
        """One entry per node and effect, in the order of execution."""
        steps = [
            {
                "kernel": node.op.name,
                "origin": node.origin,
                "python": True,
                "shapes": [list(v.shape) for v in node.outputs],
            }
            for node in self._program.nodes
        ]
        steps += [
            {"kernel": e.kernel, "origin": e.origin, "python": True, "shapes": []}
            for e in self._program.effects
        ]
        return steps


def read(value: Value, known: dict[Value, Any]) -> Any:
    """The NumPy array of a value: what a node made, or the memory of a leaf."""
    if value.leaf is Leaf.CONSTANT:
        return value.array
    if value.leaf is Leaf.VARIABLE:
        return to_numpy(value.array)
    return known[value]


def execute(nodes: Sequence[Node], known: dict[Value, Any], *, check: bool = False) -> None:
    """Computes the outputs of ``nodes`` into ``known``; ``check`` stops at the first that is not finite."""
    for node in nodes:
        if node.body is not None:
            execute(node.body, known, check=check)
            continue
        inputs = [None if v is None else read(v, known) for v in node.inputs]
        results = evaluate(node.op, inputs, node.attrs, [v.spec for v in node.outputs])
        known.update(zip(node.outputs, results, strict=True))
        if check:
            _check_finite(node, results)


def _check_finite(node: Node, results: Sequence[Any]) -> None:
    for i, array in enumerate(results):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            what = "NaN" if np.isnan(array).any() else "an infinite value"
            raise NumericsError(
                f"{node.origin}: operation {node.op.name} produced {what} in its output {i} "
                f"of shape {array.shape}"
            )


def _apply(effect: Effect, known: dict[Value, Any]) -> None:
    inputs = [
        None if x is None else read(x, known) if isinstance(x, Value) else to_numpy(x)
        for x in effect.inputs
    ]
    for target, result in zip(effect.outputs, effect.reference(*inputs), strict=True):
        if isinstance(target, Value):
            known[target] = np.array(result, target.dtype.numpy)
        else:
            to_numpy(target)[...] = result
