"""Passes over an expanded program, in the order in which they run.

A pass asks operations for their traits and declared facts, never for their names. Each keeps every root's values.
"""

from __future__ import annotations

from .._config import settings
from .._ir import Program, expand
from .._verify import Stage, verify
from ._dead_code import remove_dead_code
from ._fusion import FUSED, converts, fuse
from ._simplify import simplify

__all__ = ["FUSED", "converts", "fuse", "optimise", "remove_dead_code", "simplify"]


def optimise(program: Program, *, fusion: bool = True) -> Program:
    """Runs all passes in place; ``fusion=False`` keeps operations apart, for checks that name each."""
    check = settings.verify
    if check:
        verify(program, Stage.TRACED)
    program.nodes = expand(program.nodes)
    if check:
        verify(program, Stage.EXPANDED)
    remove_dead_code(program)  # first: gradient rules compute more than is asked for
    simplify(program)
    remove_dead_code(program)
    if check:
        verify(program, Stage.OPTIMISED)
    fuse(program, merge=fusion)
    if check:
        verify(program, Stage.FUSED)
    return program
