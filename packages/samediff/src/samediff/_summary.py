"""The text of `SameDiff.summary`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._variable import SDVariable, VariableType

if TYPE_CHECKING:
    from ._samediff import SameDiff


def summary(sd: SameDiff) -> str:
    """A table of all variables, then one of the operations in order."""
    held = [v for v in sd.variables() if v.variable_type is not VariableType.ARRAY]
    rows = [(v.name, _kind(v), v.dtype.name, _shape(v)) for v in held]
    lines = _table(("Variable", "Type", "Dtype", "Shape"), rows)
    operations = [
        (node.name, node.op.name, ", ".join(x.name if isinstance(x, SDVariable) else repr(x) for x in node.inputs))
        for node in sd._order
    ]  # fmt: skip
    if operations:
        lines += ["", *_table(("Node", "Operation", "Inputs"), operations)]
    count = sum(_size(v) for v in held if v.trainable)
    lines += [
        "",
        f"{len(held)} variables, {len(operations)} operations, {count} trainable parameters",
    ]
    return "\n".join(lines)


def _kind(variable: SDVariable) -> str:
    if variable.variable_type is VariableType.VARIABLE and not variable.trainable:
        return "variable (fixed)"
    return variable.variable_type.value


def _shape(variable: SDVariable) -> str:
    return "[" + ", ".join("?" if n is None else str(n) for n in variable.shape) + "]"


def _size(variable: SDVariable) -> int:
    size = 1
    for n in variable.shape:
        size *= n or 1
    return size


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(r[i]) for r in (head, *rows)) for i in range(len(head))]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip()
        for r in (head, *rows)
    ]
    return [lines[0], "  ".join("-" * w for w in widths), *lines[1:]]
