"""A TransformProcess as text: what comes in, what each step does and changes, what comes out."""

from __future__ import annotations

import dataclasses
import enum
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from ..schema._metadata import AbstractColumnMetaData
from ..schema._schema import Schema
from ..writables._writable import Writable
from ._condition import SYMBOLS, AbstractCondition, BooleanCondition, ConditionOp

__all__ = ["describe_options", "process_text"]

_WIDTH = 110
_COLUMNS = 24  # more columns than that are summed up
_ITEMS = 6
_NAME = 40


def process_text(schemas: Sequence[Schema], actions: Sequence[Any]) -> str:
    """The table that ``print(process)`` shows; lines of bounded width, whatever the options hold."""
    lines = [f"TransformProcess: {len(actions)} step{'' if len(actions) == 1 else 's'}"]
    lines += _schema_lines("input", schemas[0])
    names = [type(action).__name__ for action in actions]
    width = max(map(len, names), default=0)
    for i, (action, before, after) in enumerate(zip(actions, schemas, schemas[1:], strict=False)):
        head = f"{i:>4}  {names[i]:<{width}}  "
        lines += textwrap.wrap(
            describe_options(action) or "-",
            _WIDTH,
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_long_words=True,
            break_on_hyphens=False,
            max_lines=4,
            placeholder=" …",
        )
        if before.columns != after.columns or before.is_sequence != after.is_sequence:
            lines += _change_lines(before, after)
    lines += _schema_lines("output", schemas[-1])
    return "\n".join(lines) + "\n"


# --- columns ------------------------------------------------------------------------------------


def _schema_lines(title: str, schema: Schema) -> list[str]:
    kind = "sequences of " if schema.is_sequence else ""
    count = f"{len(schema)} column{'' if len(schema) == 1 else 's'}"
    lines = [f"{title}: {kind}{count}"]
    rows: list[Any] = list(schema)
    if len(rows) > _COLUMNS:
        rows = [*rows[: _COLUMNS - 6], rows[_COLUMNS - 6 : -5], *rows[-5:]]
    width = max(len(_name(m.name)) for m in rows if isinstance(m, AbstractColumnMetaData))
    for row in rows:
        if isinstance(row, AbstractColumnMetaData):
            lines.append(f"      {_name(row.name):<{width}}  {row.column_type.value}")
        else:
            types = [m.column_type.value for m in row]
            counted = ", ".join(f"{types.count(t)} {t}" for t in dict.fromkeys(types))
            lines.append(f"      … {len(row)} more: {counted}")
    return lines


def _change_lines(before: Schema, after: Schema) -> list[str]:
    gone = [_name(n) for n in before.column_names if n not in after]
    new = [f"{_name(m.name)}: {m.column_type.value}" for m in after if m.name not in before]
    changed = [
        f"{_name(m.name)}: {before.type_of(m.name).value} → {m.column_type.value}"
        for m in after
        if m.name in before and before.type_of(m.name) is not m.column_type
    ]
    lines = []
    if before.is_sequence != after.is_sequence:
        made = "sequences" if after.is_sequence else "records"
        lines.append(f"      = {made}")
    for sign, names in (("-", gone), ("+", new), ("~", changed)):
        if names:
            lines.append(_cut(f"      {sign} {', '.join(_few(names, 8))}", _WIDTH))
    return lines


def _name(name: str) -> str:
    return _cut(name if name.isprintable() and name.strip() == name != "" else repr(name), _NAME)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _few(items: Sequence[str], most: int) -> list[str]:
    if len(items) <= most:
        return list(items)
    return [*items[: most - 1], f"… {len(items) - most + 1} more"]


# --- options ------------------------------------------------------------------------------------


def describe_options(step: object) -> str:
    """The options of a step on one line: those that are set, long ones cut."""
    if not dataclasses.is_dataclass(step):
        return ""
    parts = []
    for f in dataclasses.fields(step):
        value = getattr(step, f.name)
        if value is not None and f.repr:
            parts.append(f"{f.name}={_short(value)}")
    return ", ".join(parts)


def _short(value: object) -> str:
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, (tuple, list, set, frozenset)):
        return _listed("[]", list(value), _short)
    if isinstance(value, dict):
        return _listed(
            "{}", list(value.items()), lambda pair: f"{_short(pair[0])}: {_short(pair[1])}"
        )
    if isinstance(value, Writable):
        return _short(value.value)
    if isinstance(value, AbstractCondition):
        return _condition(value)
    if dataclasses.is_dataclass(value):
        return f"{type(value).__name__}({describe_options(value)})"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{getattr(value, '__module__', '')}.{value.__qualname__}"
    return _cut(repr(value), _NAME)


def _condition(value: AbstractCondition) -> str:
    if isinstance(value, BooleanCondition):
        parts = [_condition(c) for c in value.conditions]
        return f"not {parts[0]}" if value.type == "NOT" else f"({f' {value.type} '.join(parts)})"
    op, name = getattr(value, "op", None), getattr(value, "column_name", None)
    if not isinstance(op, ConditionOp) or name is None:
        return f"{type(value).__name__}({describe_options(value)})"
    members = getattr(value, "members", None)
    other = getattr(value, "value", None) if members is None else members
    return f"{_name(name)} {SYMBOLS[op]} {_short(other)}"


def _listed(brackets: str, items: list[Any], write: Callable[[Any], str]) -> str:
    shown = [write(item) for item in items[:_ITEMS]]
    if len(items) > _ITEMS:
        shown.append(f"… {len(items) - _ITEMS} more")
    return f"{brackets[0]}{', '.join(shown)}{brackets[1]}"
