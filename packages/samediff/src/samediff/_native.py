"""What the active native backend offers to plans. Without one everything here says no."""

from __future__ import annotations

from functools import cache
from typing import Any

from nd4py.ops._declaration import REGISTRY, Op, Trait

from ._config import settings


@cache
def _core() -> Any:
    try:
        from nd4py import _core
    except ImportError:
        return None
    return _core if hasattr(_core, "PlanBuilder") else None


def plan_builder(*, check_numerics: bool) -> Any:
    """A new native plan builder; None without a native backend."""
    core = None if settings.interpret else _core()
    if core is None or not core.table_info():
        return None
    return core.PlanBuilder(check_numerics)


# Kinds of instructions in a fused program, as the kernel ABI numbers them.
UNARY, BINARY, SELECT = 0, 1, 2


@cache
def fused_code(op: Op) -> tuple[int, int] | None:
    """The instruction of an elementwise operation in fused programs; None where it has none."""
    if not op.has(Trait.ELEMENTWISE) or op.attrs or len(op.outputs) != 1 or not op.native:
        return None
    core = _core()
    if core is None:
        # Programs are then only interpreted, which needs no codes.
        return (len(op.inputs) - 1, 0)
    found: tuple[int, int] | None = core.elementwise_code(op.name)
    return found


def copy_code() -> tuple[int, int]:
    """The instruction that moves one register into another."""
    code = fused_code(REGISTRY["identity"])
    if code is None:
        raise LookupError("the native backend has no identity loop")
    return code
