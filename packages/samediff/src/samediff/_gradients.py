"""Gradients on request, outside training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nd4py.ops._declare import FUNCTIONS

from ._gradient import differentiate
from ._ir import Program
from ._lowering import lower
from ._plans import bind_inputs
from ._trace import trace
from ._variable import SDVariable
from .passes import optimise

if TYPE_CHECKING:
    from nd4py import NDArray

    from ._samediff import SameDiff


def calculate_gradients(
    sd: SameDiff, placeholders: Mapping[str, Any], wrt: Sequence[SDVariable]
) -> dict[str, NDArray]:
    """The gradients of the summed loss variables of ``sd`` with respect to ``wrt``, by name."""
    losses = sd.loss_variables()
    inputs, scalars = sd._needed(losses, None)
    bound = bind_inputs(inputs, sd._given([v.name for v in inputs], placeholders))
    numbers = sd._given([v.name for v in scalars], placeholders)
    traced = trace(
        losses, sd._order, {v: tuple(a.shape) for v, a in zip(inputs, bound, strict=True)}
    )
    graph = traced.graph
    for v in wrt:
        if v not in traced.values:
            raise ValueError(f"the loss does not depend on {v.name!r}")
    sums = [FUNCTIONS["sum"](v) if v.shape else v for v in (traced[v] for v in losses)]
    total = sums[0]
    for one in sums[1:]:
        total = total + one
    found = differentiate(graph, total, [traced[v] for v in wrt])
    gradients = [
        graph.filled(0.0, v.dtype, traced[v].shape) if g is None else g
        for g, v in zip(found, wrt, strict=True)
    ]
    program = Program(
        inputs=[traced[v] for v in inputs],
        scalars=[traced[v] for v in scalars],
        nodes=graph.nodes,
        outputs=gradients,
    )
    results = lower(optimise(program)).run(bound, tuple(numbers))
    return dict(zip((v.name for v in wrt), results, strict=True))
