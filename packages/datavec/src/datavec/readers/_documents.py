"""JSON, YAML and XML documents as plain dictionaries, from untrusted text.

All numbers come as text, as Java prints them: that is what the Jackson readers hand out. YAML and
XML are read event by event: nothing is constructed but strings, dictionaries and lists, aliases
share what they stand for, and there are no document type declarations, so no entities either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from .._errors import RecordFormatError, shown
from ..text._java_text import double_text

__all__ = ["FORMATS", "Document", "json_lines_value", "parse_document"]

Document = Mapping[str, Any]

MAX_DEPTH = 200


def parse_document(text: str, format: str) -> Document:
    """The fields of a document's top level; raises RecordFormatError, with the line if known."""
    document = FORMATS[format](text)
    if not isinstance(document, dict):
        kind = {"list": "a list", "str": "a single value", "NoneType": "nothing"}
        raise RecordFormatError(
            f"expected a {format.upper()} object with named fields, "
            f"received {kind.get(type(document).__name__, shown(document))}"
        )
    return document


# --- JSON --------------------------------------------------------------------------------------


def _json_int(digits: str) -> str:
    return "0" if digits == "-0" else digits  # never made a number: it may have any length


def _json_float(digits: str) -> str:
    return double_text(float(digits))


def _json_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(
    parse_int=_json_int, parse_float=_json_float, parse_constant=_json_constant
)


def json_lines_value(text: str) -> Any:
    """The value of a JSON text; raises RecordFormatError."""
    try:
        return _JSON.decode(text)
    except json.JSONDecodeError as e:
        near = text[max(0, e.pos - 20) : e.pos + 20]
        raise RecordFormatError(
            f"not JSON: {e.msg} at column {e.colno} (near {near!r})",
            line=e.lineno if "\n" in text.strip() else None,
        ) from None
    except (ValueError, RecursionError) as e:
        reason = "nested too deeply" if isinstance(e, RecursionError) else str(e)
        raise RecordFormatError(f"not JSON: {reason}") from None


# --- YAML --------------------------------------------------------------------------------------

# What Jackson takes for something other than text; everything else is text, dates too.
_YAML_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_YAML_BOOL = frozenset(("true", "True", "TRUE", "false", "False", "FALSE"))
_YAML_INT = re.compile(r"([-+]?)((?:0|[1-9][0-9_]*))\Z")
_YAML_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*)(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?\Z")
_YAML_SPECIAL = re.compile(r"([-+]?)\.(?:(inf|Inf|INF)|nan|NaN|NAN)\Z")


def _yaml_scalar(value: str, plain: bool) -> Any:
    if not plain:
        return value
    if value in _YAML_NULL:
        return None
    if value in _YAML_BOOL:
        return value.lower() == "true"
    if m := _YAML_INT.match(value):
        digits = m[2].replace("_", "")
        return ("-" if m[1] == "-" and digits != "0" else "") + digits
    if _YAML_FLOAT.match(value) and ("." in value or "e" in value or "E" in value):
        return double_text(float(value.replace("_", "")))
    if m := _YAML_SPECIAL.match(value):
        return f"{'-' if m[1] == '-' else ''}Infinity" if m[2] else "NaN"
    return value


class _Tree:
    """Builds dictionaries and lists from start, value and end events."""

    def __init__(self) -> None:
        self.root: Any = None
        self.anchors: dict[str, Any] = {}
        self._open: list[Any] = []
        self._keys: list[Any] = []  # per open dictionary: the key waiting for its value
        self._has_key: list[bool] = []

    def value(self, value: Any) -> None:
        if not self._open:
            self.root = value
            return
        top = self._open[-1]
        if isinstance(top, list):
            top.append(value)
        elif self._has_key[-1]:
            top[self._keys[-1]] = value
            self._has_key[-1] = False
        else:
            if not isinstance(value, str):
                value = "null" if value is None else str(value).lower()
            self._keys[-1], self._has_key[-1] = value, True

    def start(self, container: Any) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise RecordFormatError(f"nested more than {MAX_DEPTH} levels deep")
        if self._open and isinstance(self._open[-1], dict) and not self._has_key[-1]:
            raise RecordFormatError("a list or an object cannot be the name of a field")
        self.value(container)
        self._open.append(container)
        self._keys.append(None)
        self._has_key.append(False)

    def end(self) -> None:
        for stack in (self._open, self._keys, self._has_key):
            stack.pop()


def _yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise ImportError(
            'reading YAML needs PyYAML; install it with pip install "datavec[yaml]"'
        ) from None
    tree = _Tree()
    documents = 0
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise RecordFormatError(
                        "expected one YAML document per file, received several; split the file",
                        line=event.start_mark.line + 1,
                    )
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in tree.anchors:
                    raise RecordFormatError(
                        f"the alias *{event.anchor} stands for nothing",
                        line=event.start_mark.line + 1,
                    )
                tree.value(tree.anchors[event.anchor])
            elif isinstance(event, yaml.ScalarEvent):
                value = _yaml_scalar(event.value, event.implicit[0] and not event.style)
                if event.anchor:
                    tree.anchors[event.anchor] = value
                tree.value(value)
            elif isinstance(event, yaml.CollectionStartEvent):
                container: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
                tree.start(container)
                if event.anchor:
                    tree.anchors[event.anchor] = container
            elif isinstance(event, yaml.CollectionEndEvent):
                tree.end()
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        reason = getattr(e, "problem", None) or getattr(e, "reason", None) or str(e)
        raise RecordFormatError(
            f"not YAML: {reason}", line=None if mark is None else mark.line + 1
        ) from None
    return tree.root


# --- XML ---------------------------------------------------------------------------------------


class _Element:
    def __init__(self, attributes: dict[str, str]) -> None:
        self.fields: dict[str, Any] = {_local(k): v for k, v in attributes.items()}
        self.text: list[str] = []

    def value(self) -> Any:
        text = "".join(self.text)
        if not self.fields:
            return text
        if text.strip():
            self.fields[""] = text.strip()  # where Jackson puts text beside attributes
        return self.fields


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _xml(text: str) -> Any:
    from xml.parsers import expat

    parser = expat.ParserCreate(encoding="utf-8", namespace_separator="}")
    stack: list[_Element] = []
    root: list[_Element] = []

    def refuse(*_: Any) -> None:
        raise RecordFormatError(
            "the XML has a document type declaration (DOCTYPE), which is not read, "
            "as entities can grow without bound; remove it",
            line=parser.CurrentLineNumber,
        )

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) >= MAX_DEPTH:
            raise RecordFormatError(f"nested more than {MAX_DEPTH} levels deep")
        stack.append(_Element(attributes))
        if not root:
            root.append(stack[0])

    def end(name: str) -> None:
        value = stack.pop().value()
        if not stack:
            return
        fields, key = stack[-1].fields, _local(name)
        if key not in fields:
            fields[key] = value
        elif isinstance(fields[key], list):
            fields[key].append(value)
        else:
            fields[key] = [fields[key], value]

    def characters(data: str) -> None:
        stack[-1].text.append(data)

    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as e:
        raise RecordFormatError(
            f"not XML: {expat.errors.messages.get(e.code, e)}", line=e.lineno
        ) from None
    value = root[0].value()
    return {"": value} if isinstance(value, str) and value.strip() else value or {}


FORMATS: dict[str, Callable[[str], Any]] = {"json": json_lines_value, "yaml": _yaml, "xml": _xml}
