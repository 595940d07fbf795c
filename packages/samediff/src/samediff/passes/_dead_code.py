"""Removal of nodes that nothing reads."""

from __future__ import annotations

from nd4py.ops._declaration import Trait

from .._ir import Program


def remove_dead_code(program: Program) -> None:
    """Drops nodes whose outputs reach no root. Nodes that write in place stay."""
    used = set(program.roots())
    kept = []
    for node in reversed(program.nodes):
        if any(v in used for v in node.outputs) or node.op.has(Trait.MUTATES):
            used.update(v for v in node.inputs if v is not None)
            kept.append(node)
    kept.reverse()
    program.nodes = kept
