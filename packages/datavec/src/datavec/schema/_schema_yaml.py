"""The YAML of schemas and image transforms: the small part of the language Deeplearning4j writes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from .._errors import SerializationError, shown
from .._serde import MAX_JSON_CHARS, decode, encode
from ..text._java_text import double_text

if TYPE_CHECKING:
    from ._schema import Schema

__all__ = ["read_tagged_yaml", "read_yaml", "write_tagged_yaml", "write_yaml"]

_TAG = re.compile(r"!<([\w.$]+)>\Z")
_KEY = re.compile(r"(\w+):(?: (.*))?\Z")


def write_yaml(schema: Schema) -> str:
    """Types as tags, strings quoted, null fields left out."""
    body = encode(schema)
    return write_tagged_yaml({"@class": body.pop("@class"), "columns": body.pop("columns"), **body})


def write_tagged_yaml(body: dict[str, Any]) -> str:
    """Write an object of scalars and lists; objects in a list have their class as tag."""
    body = dict(body)
    tag = body.pop("@class", None)
    lines = ["---" if tag is None else f"--- !<{tag}>"]
    for key, value in body.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{key}:")
            for item in value:
                lines += _item(dict(item))
        elif value is not None:
            lines += _field(key, value, "")
    return "\n".join(lines) + "\n"


def _item(item: dict[str, Any]) -> list[str]:
    lines = [f"- !<{item.pop('@class')}>"]
    if "name" in item:
        item = {"name": item.pop("name"), **item}
    for key, value in item.items():
        if isinstance(value, dict) or (
            isinstance(value, list) and value and type(value[0]) is dict
        ):
            raise SerializationError(f'"{key}" holds objects, which the YAML form cannot; use JSON')
        lines += _field(key, value, "  ")
    return lines


def _field(key: str, value: Any, indent: str) -> list[str]:
    if value == []:
        return [f"{indent}{key}: []"]
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

    schema: Schema = decode(Schema, read_tagged_yaml(text))
    return schema


def read_tagged_yaml(text: str) -> dict[str, Any]:
    """The object that `write_tagged_yaml` wrote; raises SerializationError."""
    if len(text) > MAX_JSON_CHARS:
        raise SerializationError(
            f"YAML text of {len(text)} characters exceeds the limit of {MAX_JSON_CHARS}"
        )
    root: dict[str, Any] = {}
    target = root  # the object that the next key belongs to
    objects: list[Any] | None = None  # the list of the root that the next "- !" line belongs to
    items: list[Any] | None = None  # the list that the next "- " line belongs to
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        if content.startswith("---"):
            if content != "---":
                root["@class"] = _tag(content[3:].strip(), number)
        elif content.startswith("- !") and objects is not None:
            target = {"@class": _tag(content[2:], number)}
            objects.append(target)
            items = None
        elif content.startswith("- ") and items is not None:
            items.append(_value(content[2:], number))
        elif (m := _KEY.match(content)) is not None:
            if not line.startswith(" "):
                target, objects = root, None
            if m[2] is None:
                items = []
                target[m[1]] = items
                objects = items if target is root else objects
            else:
                target[m[1]], items = _value(m[2], number), None
        else:
            raise SerializationError(f"YAML line {number}: cannot read {shown(content)}")
    return root


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
