"""What the active native backend offers to plans. Without one everything here says no."""

from __future__ import annotations

from functools import cache
from typing import Any

from nd4py import _core
from nd4py._backend import ensure_selected
from nd4py.ops._declaration import REGISTRY, Op, Trait

from ._config import settings


def plan_builder(*, check_numerics: bool) -> Any:
    """A new native plan builder; None without a native backend."""
    if settings.interpret:
        return None
    ensure_selected()
    if not _core.table_info():
        return None
    return _core.PlanBuilder(check_numerics)


@cache
def fused_code(op: Op) -> tuple[int, int] | None:
    """The instruction of an elementwise operation in fused programs; None where it has none."""
    if not op.has(Trait.ELEMENTWISE) or op.attrs or len(op.outputs) != 1 or not op.native:
        return None
    found: tuple[int, int] | None = _core.elementwise_code(op.name)
    return found


def copy_code() -> tuple[int, int]:
    """The instruction that moves one register into another."""
    code = fused_code(REGISTRY["identity"])
    if code is None:
        raise LookupError("the native backend has no identity loop")
    return code
