"""From an optimised program to an executable plan."""

from __future__ import annotations

from ._interpreter import InterpretedPlan
from ._ir import Program
from ._plans import Plan


def lower(program: Program, *, check_numerics: bool = False) -> Plan:
    """A native plan where a native backend is active, else one on the reference interpreter."""
    return InterpretedPlan(program)
