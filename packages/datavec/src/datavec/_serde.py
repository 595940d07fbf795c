"""Deeplearning4j's JSON of schemas and transforms, derived from dataclass fields.

A class that appears in JSON is a dataclass registered under its Java class name with
`@java_type`. Its keys are its field names in camel case; the field types say how values are
read. `field(metadata=...)` adjusts a key: ``json`` (another name, or None for "not stored"),
``also`` (further names accepted on reading), ``null`` (written even when None).

A user's own dataclass, below a class with `user_definable`, is named by its import path.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from ._errors import SerializationError, UnsupportedTransformError, shown
from ._on_first_use import import_registering
from ._user_code import PREFIX, import_path, load_path
from .text._java_text import double_text

__all__ = ["decode", "dump_json", "encode", "java_type", "load_json", "registered_classes"]

T = TypeVar("T")

MAX_JSON_CHARS = 64 << 20
_BY_JAVA_NAME: dict[str, type] = {}
_BY_SHORT_NAME: dict[str, type] = {}


def java_type(java_name: str, *, legacy: str | None = None) -> Callable[[type[T]], type[T]]:
    """Register a dataclass under its Java class name (and its short name of 1.0.0-alpha)."""

    def register(cls: type[T]) -> type[T]:
        cls.java_name = java_name  # type: ignore[attr-defined]
        _BY_JAVA_NAME[java_name] = cls
        simple = java_name.rsplit(".", 1)[-1]
        for name in (simple, legacy):
            if name:
                _BY_SHORT_NAME.setdefault(name, cls)
        return cls

    return register


def registered_classes() -> dict[str, type]:
    """Java class name → Python class, for every class that JSON may name."""
    import_registering()
    return dict(_BY_JAVA_NAME)


def names_by_module() -> dict[str, set[str]]:
    """The names, long and short, that each module imported so far has registered classes under."""
    found: dict[str, set[str]] = {}
    for names in (_BY_JAVA_NAME, _BY_SHORT_NAME):
        for name, cls in names.items():
            found.setdefault(cls.__module__, set()).add(name)
    return found


def _registered(names: dict[str, type], name: str) -> type | None:
    if name not in names:
        import_registering(name)
    return names.get(name)


def is_user_defined(cls: type) -> bool:
    """Whether a class is one of a user, which JSON names by its import path."""
    # Some classes of ours stand in JSON without a name, because their place says what they are.
    return bool(
        getattr(cls, "user_definable", False)
        and cls.__module__.partition(".")[0] != "datavec"
        and _BY_JAVA_NAME.get(getattr(cls, "java_name", "")) is not cls
    )


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(p.capitalize() for p in rest)


@dataclasses.dataclass(frozen=True)
class _Key:
    attribute: str
    key: str
    also: tuple[str, ...]
    write_null: bool
    hint: Any
    default: Any


@cache
def _keys(cls: type) -> tuple[_Key, ...]:
    hints = typing.get_type_hints(cls)
    keys = []
    for f in dataclasses.fields(cls):
        name = f.metadata.get("json", camel(f.name))
        if name is None:
            continue
        keys.append(
            _Key(
                f.name,
                name,
                tuple(f.metadata.get("also", ())),
                bool(f.metadata.get("null")),
                hints[f.name],
                f.default if f.metadata.get("optional") else dataclasses.MISSING,
            )
        )
    return tuple(keys)


# --- writing -----------------------------------------------------------------------------------


def encode(value: Any) -> Any:
    """Turn a value into what `json` writes; dataclasses become objects with ``@class``."""
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, (bool, str, int, float)):
        return value
    if hasattr(value, "to_json_object"):
        return value.to_json_object()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out: dict[str, Any] = {}
        if is_user_defined(type(value)):
            out["@class"] = PREFIX + import_path(type(value))
        elif java_name := getattr(value, "java_name", ""):
            out["@class"] = java_name
        for k in sorted(_keys(type(value)), key=lambda k: k.key):
            v = getattr(value, k.attribute)
            if v is not None or k.write_null:
                out[k.key] = encode(v)
        return out
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode(v) for v in value]
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def dump_json(value: Any) -> str:
    """Write JSON in the layout of Deeplearning4j (`"key" : value`, arrays inline)."""
    return _dump(encode(value), 0)


def _dump(v: Any, depth: int) -> str:
    if isinstance(v, dict):
        if not v:
            return "{ }"
        pad = "  " * (depth + 1)
        body = ",\n".join(f"{pad}{json.dumps(k)} : {_dump(x, depth + 1)}" for k, x in v.items())
        return "{\n" + body + "\n" + "  " * depth + "}"
    if isinstance(v, list):
        return "[ " + ", ".join(_dump(x, depth) for x in v) + " ]" if v else "[ ]"
    if isinstance(v, float):
        text = double_text(v)
        return text if math.isfinite(v) else f'"{text}"'
    return json.dumps(v, ensure_ascii=False)


# --- reading -----------------------------------------------------------------------------------


def load_json(text: str) -> Any:
    """Parse untrusted JSON text, bounded in size and depth.

    Raises:
        SerializationError: the text is too long, nested too deeply or no JSON.
    """
    if not isinstance(text, (str, bytes, bytearray)):
        raise TypeError(f"expected JSON text, received {type(text).__name__}")
    if len(text) > MAX_JSON_CHARS:
        raise SerializationError(
            f"JSON text of {len(text)} characters exceeds the limit of {MAX_JSON_CHARS}"
        )
    try:
        return json.loads(text)
    except RecursionError:
        raise SerializationError("JSON text is nested too deeply") from None
    except ValueError as e:
        raise SerializationError(f"not valid JSON: {e}") from None


def decode(hint: Any, value: Any, path: str = "$") -> Any:
    """Build a value of type `hint` from parsed JSON.

    Raises:
        SerializationError: naming the path in the JSON, what was expected and what was found.
        UnsupportedTransformError: a ``@class`` that is not implemented.
    """
    try:
        return _decode(hint, value, path)
    except RecursionError:
        raise SerializationError(f"{path}: objects are nested too deeply") from None


def _decode(hint: Any, value: Any, path: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        inner = [a for a in typing.get_args(hint) if a is not type(None)]
        return _decode(inner[0], value, path)
    if origin is tuple:
        item = typing.get_args(hint)[0]
        if not isinstance(value, list):
            raise _wrong(path, "a list", value)
        return tuple(_decode(item, v, f"{path}[{i}]") for i, v in enumerate(value))
    if origin is dict:
        key_hint, value_hint = typing.get_args(hint)
        if not isinstance(value, dict):
            raise _wrong(path, "an object", value)
        return {
            _decode(key_hint, k, f"{path}.{k}"): _decode(value_hint, v, f"{path}.{k}")
            for k, v in value.items()
        }
    if hint is Any:
        return value
    if hint is bool:
        return _boolean(value, path)
    if hint is int:
        return _integer(value, path)
    if hint is float:
        return _float(value, path)
    if hint is str:
        if not isinstance(value, str):
            raise _wrong(path, "a string", value)
        return value
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        try:
            return hint(value)
        except ValueError:
            raise _wrong(path, f"one of {', '.join(str(m.value) for m in hint)}", value) from None
    if isinstance(hint, type):
        return _object(hint, value, path)
    raise TypeError(f"no JSON rule for {hint!r}")  # a mistake in a dataclass, not in the file


def _object(base: type, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(path, "an object", value)
    cls, body = _resolve(base, value, path)
    if hasattr(cls, "from_json_object"):
        result = cls.from_json_object(body, path)
    else:
        arguments = {}
        for k in _keys(cls):
            arguments[k.attribute] = _argument(k, body, f"{path}.{k.key}")
        try:
            result = cls(**arguments)
        except SerializationError:
            raise
        except (ValueError, TypeError) as e:
            raise SerializationError(f"{path} ({cls.__name__}): {e}") from None
    if not isinstance(result, base):
        raise _wrong(path, f"a {base.__name__.removeprefix('Abstract')}", cls.__name__)
    return result


def _argument(k: _Key, body: dict[str, Any], path: str) -> Any:
    for name in (k.key, *k.also):
        if name in body:
            return _decode(k.hint, body[name], path)
    if k.default is not dataclasses.MISSING:
        return k.default
    if k.hint is bool:
        return False
    if type(None) in typing.get_args(k.hint):
        return None
    raise SerializationError(f"{path}: missing key")


def _resolve(base: type, value: dict[str, Any], path: str) -> tuple[type, dict[str, Any]]:
    """Find the class of a JSON object: ``@class``, the wrapper form of old files, or `base`."""
    name = value.get("@class")
    if isinstance(name, str):
        cls = _registered(_BY_JAVA_NAME, name)
        if cls is None and name.startswith(PREFIX):
            return _users_class(base, name.removeprefix(PREFIX), path), value
        if cls is None:
            raise UnsupportedTransformError(f"{path}: class {shown(name)} is not supported")
        return cls, value
    if name is not None:
        raise _wrong(f"{path}.@class", "a class name", name)
    abstract = base.__name__.startswith("Abstract")
    if len(value) == 1 and (abstract or bool(getattr(base, "java_name", ""))):
        (key, body), *_ = value.items()
        if isinstance(body, dict):
            cls = _registered(_BY_SHORT_NAME, key)
            if cls is not None and issubclass(cls, base):
                # A class of several names needs to see which one it is.
                return cls, value if getattr(cls, "has_several_names", False) else body
            if key[:1].isupper():
                raise UnsupportedTransformError(f"{path}: class {shown(key)} is not supported")
    if abstract:
        raise SerializationError(f'{path}: missing "@class"')
    return base, value


def _users_class(base: type, name: str, path: str) -> type:
    found = load_path(name, path)
    if isinstance(found, type) and issubclass(found, base) and is_user_defined(found):
        cls: type = found
        if dataclasses.is_dataclass(cls):
            return cls
    kind = base.__name__.removeprefix("Abstract")
    raise SerializationError(f"{path}: {name} is no dataclass that is a {kind}")


def _wrong(path: str, expected: str, value: Any) -> SerializationError:
    return SerializationError(f"{path}: expected {expected}, received {shown(value)}")


def _boolean(value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise _wrong(path, "true or false", value)


def _integer(value: Any, path: str) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise _wrong(path, "an integer", value) from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _wrong(path, "an integer", value)
    return int(value)


def _float(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _wrong(path, "a number", value)
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise _wrong(path, "a number", value) from None
