"""Frozen dataclasses that are read from and written as Deeplearning4j's JSON.

A class says which Java class it answers to; its fields become keys in camel case. Numbers that JSON lacks are the texts
``"NaN"``, ``"Infinity"``, ``"-Infinity"``; unknown keys are ignored, as the JVM ignores them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

__all__ = ["REQUIRED", "JavaObject", "field", "from_json", "lookup", "number", "to_number"]

_BY_CLASS: dict[str, type[JavaObject]] = {}

# What to import for a class that a file names, by its Java package.
_MODULES = {
    "org.nd4j.linalg.activations.impl.": "nd4py.activations",
    "org.nd4j.linalg.lossfunctions.impl.": "nd4py.losses",
    "org.nd4j.linalg.learning.config.": "nd4py.updaters",
    "org.nd4j.linalg.learning.regularization.": "nd4py.regularization",
    "org.nd4j.linalg.schedule.": "nd4py.schedules",
    "org.deeplearning4j.nn.weights.": "nd4py.weights",
    "org.deeplearning4j.nn.conf.distribution.": "nd4py.weights",
}

REQUIRED = dataclasses.MISSING
_TEXTS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def number(value: Any) -> Any:
    """A number from JSON, where non-finite ones are texts."""
    return _TEXTS.get(value, value) if isinstance(value, str) else value


def to_number(value: float) -> float | str:
    """A number for JSON, where non-finite ones are texts."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def field(
    default: Any = dataclasses.MISSING,
    *,
    key: str | None = None,
    absent: Any = dataclasses.MISSING,
    omit_none: bool = False,
    decode: Callable[[Any], Any] | None = None,
    encode: Callable[[Any], Any] | None = None,
) -> Any:
    """A dataclass field with its place in the JSON.

    Args:
        default: the value of objects made here.
        key: the JSON key, where it is not the field's name in camel case.
        absent: the value that a missing key means, where it is not the default; the key is then written only for other
            values. This is how a corrected behaviour is kept apart from what files of the JVM expect.
        omit_none: whether None is left out instead of written as null.
        decode: makes the field's value from the JSON value.
        encode: makes the JSON value from the field's value.
    """
    metadata = {
        "key": key,
        "absent": absent,
        "omit_none": omit_none,
        "decode": decode,
        "encode": encode,
    }
    return dataclasses.field(default=default, metadata=metadata)


class JavaObject:
    """Base of the classes with a JSON form. Subclasses are frozen dataclasses that set ``java_class``.

    One that adds no field needs no decorator: what it inherits is the same, and making it anew costs at import.
    """

    java_class: ClassVar[str] = ""
    type_key: ClassVar[str] = "@class"

    if not TYPE_CHECKING:  # dataclasses refuse their own fields only

        def __setattr__(self, name: str, value: Any) -> None:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name: str) -> None:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "java_class" in cls.__dict__:
            _BY_CLASS[cls.java_class] = cls

    def to_json(self) -> dict[str, Any]:
        """The object as Deeplearning4j's JSON, of plain Python values."""
        tree: dict[str, Any] = {self.type_key: self.java_class}
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            value, meta = getattr(self, f.name), f.metadata
            absent = meta.get("absent", dataclasses.MISSING)
            if (value is None and meta.get("omit_none")) or (
                absent is not dataclasses.MISSING and value == absent
            ):
                continue
            encode = meta.get("encode") or _encode
            tree[meta.get("key") or _camel(f.name)] = encode(value)
        return tree

    @classmethod
    def from_json(cls, tree: Mapping[str, Any]) -> Self:
        """The object that Deeplearning4j's JSON describes.

        Raises:
            ValueError: the class is unknown, of another family, or a key it needs is missing.
        """
        return from_json(tree, cls)

    @classmethod
    def _from_tree(cls, tree: Mapping[str, Any]) -> Self:
        values: dict[str, Any] = {}
        for f in dataclasses.fields(cls):  # type: ignore[arg-type]
            meta = f.metadata
            key = meta.get("key") or _camel(f.name)
            if key in tree:
                values[f.name] = (meta.get("decode") or _decode)(tree[key])
            elif meta.get("absent", dataclasses.MISSING) is not dataclasses.MISSING:
                values[f.name] = meta["absent"]
            elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
                raise ValueError(
                    f"{cls.java_class}: key {key!r} is missing; present are {sorted(tree)}"
                )
        return cls(**values)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _encode(value: Any) -> Any:
    if isinstance(value, JavaObject):
        return value.to_json()
    if isinstance(value, float):
        return to_number(value)
    if isinstance(value, tuple):
        return [_encode(v) for v in value]
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, str):
        return number(value)
    if isinstance(value, list):
        return tuple(_decode(v) for v in value)
    if isinstance(value, Mapping):
        return from_json(value, JavaObject)
    return value


def _imported(java_class: str) -> type[JavaObject] | None:
    for package, module in _MODULES.items():
        if java_class.startswith(package):
            import_module(module)
    return _BY_CLASS.get(java_class)


T = TypeVar("T", bound=JavaObject)


def from_json(tree: Any, family: type[T]) -> T:
    """The object of ``family`` that a JSON object describes.

    Raises:
        ValueError: it is no JSON object, its class is unknown or of another family, or a key it needs is missing.
    """
    what = family.__name__
    if not isinstance(tree, Mapping):
        raise ValueError(f"{what}: expected a JSON object, received {tree!r:.80}")
    name = tree.get("@class", tree.get("type"))
    if not isinstance(name, str):
        raise ValueError(
            f"{what}: expected a class name under '@class' or 'type', received keys {sorted(tree)}"
        )
    found = _BY_CLASS.get(name) or _imported(name)
    if found is None or not issubclass(found, family):
        known = ", ".join(sorted(n for n, c in _BY_CLASS.items() if issubclass(c, family)))
        raise ValueError(f"{what}: unknown class {name!r}; known are {known}")
    return found._from_tree(tree)


def lookup(value: Any, family: type[T], names: Mapping[str, Callable[[], T]]) -> T:
    """An object of ``family`` from itself, its JSON, or a name of Deeplearning4j's enum in any case.

    Raises:
        ValueError: the name or class is unknown.
        TypeError: it is none of the three.
    """
    if isinstance(value, family):
        return value
    if isinstance(value, str) and names:
        plain = value.lower().replace("_", "")
        if plain not in names:
            raise ValueError(
                f"{family.__name__}: unknown name {value!r}; known are {', '.join(sorted(names))}"
            )
        return names[plain]()
    if isinstance(value, Mapping):
        return from_json(value, family)
    raise TypeError(
        f"{family.__name__}: expected a name, a JSON object or an instance, received {value!r:.80}"
    )
