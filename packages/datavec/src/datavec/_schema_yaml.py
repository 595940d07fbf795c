"""The YAML of schemas: the small part of the language that Deeplearning4j writes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ._errors import SerializationError, shown
from ._java_text import double_text
from ._serde import MAX_JSON_CHARS, decode, encode

if TYPE_CHECKING:
    from ._schema import Schema

__all__ = ["read_yaml", "write_yaml"]

_TAG = re.compile(r"!<([\w.$]+)>\Z")
_KEY = re.compile(r"(\w+):(?: (.*))?\Z")


def write_yaml(schema: Schema) -> str:
    """Types as tags, strings quoted, null fields left out."""
    body = encode(schema)
    lines = [f"--- !<{body.pop('@class')}>", "columns:"]
    for column in body.pop("columns"):
        lines.append(f"- !<{column.pop('@class')}>")
        name = column.pop("name")
        lines.append(f"  name: {json.dumps(name, ensure_ascii=False)}")
        for key, value in column.items():
            lines += _field(key, value, "  ")
    for key, value in body.items():
        if value is not None:
            lines += _field(key, value, "")
    return "\n".join(lines) + "\n"


def _field(key: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, list):
        return [f"{indent}{key}:"] + [f"{indent}- {_scalar(v)}" for v in value]
    return [f"{indent}{key}: {_scalar(value)}"]


def _scalar(value: Any) -> str:
    if isinstance(value, float):
        return double_text(value)
    return json.dumps(value, ensure_ascii=False)


def read_yaml(text: str) -> Schema:
    """Read what `write_yaml` or Deeplearning4j writes; raises SerializationError."""
    from ._schema import Schema

    if len(text) > MAX_JSON_CHARS:
        raise SerializationError(
            f"YAML text of {len(text)} characters exceeds the limit of {MAX_JSON_CHARS}"
        )
    root: dict[str, Any] = {}
    target = root  # the object that the next key belongs to
    items: list[Any] | None = None  # the list that the next "- " line belongs to
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        if content.startswith("---"):
            root["@class"] = _tag(content[3:].strip(), number)
        elif content.startswith("- !"):
            target = {"@class": _tag(content[2:], number)}
            columns = root.setdefault("columns", [])
            if not isinstance(columns, list):
                raise SerializationError(f"YAML line {number}: columns must be a list")
            columns.append(target)
            items = None
        elif content.startswith("- ") and items is not None:
            items.append(_value(content[2:], number))
        elif (m := _KEY.match(content)) is not None:
            if not line.startswith(" "):
                target = root
            if m[2] is None:
                items = target.setdefault(m[1], [])
            else:
                target[m[1]], items = _value(m[2], number), None
        else:
            raise SerializationError(f"YAML line {number}: cannot read {shown(content)}")
    schema: Schema = decode(Schema, root)
    return schema


def _tag(text: str, number: int) -> str:
    m = _TAG.match(text)
    if m is None:
        raise SerializationError(f"YAML line {number}: expected a type tag, received {shown(text)}")
    return m[1]


def _value(text: str, number: int) -> Any:
    if text.startswith("'") and text.endswith("'") and len(text) >= 2:
        return text[1:-1].replace("''", "'")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if text.startswith(('"', "{", "[")):
            raise SerializationError(f"YAML line {number}: cannot read {shown(text)}") from None
    return text
