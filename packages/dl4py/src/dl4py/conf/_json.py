"""How configuration classes become Deeplearning4j's JSON and come back.

A configuration is a frozen dataclass whose fields carry their JSON key and a `Codec`; reading,
writing and the coercion of constructor arguments (``"relu"`` to an activation object) all follow
from the fields. Classes of one kind (layers, preprocessors, dropouts...) form a `Family`, in which
the ``@class`` name of the JSON selects the class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from dl4py.errors import ConfigurationError, UnsupportedLayerError

_UNSET: Any = object()


@dataclass(frozen=True)
class Codec:
    """Conversions of one field: to JSON, from JSON (with the path for messages), and from what a
    caller may write.
    """

    encode: Callable[[Any], Any]
    decode: Callable[[Any, str], Any]
    coerce: Callable[[Any], Any] | None = None


def json_field(
    key: str,
    codec: Codec,
    default: Any = None,
    *,
    factory: Callable[[], Any] | None = None,
    missing: Any = _UNSET,
    quirk: Any = _UNSET,
    omit_none: bool = False,
) -> Any:
    """A dataclass field with a JSON key.

    Args:
        key: the key.
        codec: how its value is read and written.
        default: the value of new configurations.
        factory: makes the default, where it cannot be shared.
        missing: the value when a file lacks the key, where that differs from the default.
        quirk: as ``missing``, for a key that Deeplearning4j does not have: the value of its
            behaviour, and then not written either.
        omit_none: leave None out instead of writing null.
    """
    metadata = {
        "key": key,
        "codec": codec,
        "missing": missing,
        "quirk": quirk,
        "omit_none": omit_none,
    }
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


class JavaObject:
    """Base of classes with a JSON form; subclasses are frozen dataclasses.

    One that adds no field needs no decorator: what it inherits is the same.
    """

    java_class: ClassVar[str] = ""
    derived_keys: ClassVar[tuple[str, ...]] = ()  # written for the JVM's readers, ignored when read

    if not TYPE_CHECKING:  # dataclasses refuse their own fields only

        def __setattr__(self, name: str, value: Any) -> None:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name: str) -> None:
            raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __post_init__(self) -> None:
        for entry in _entries(type(self)):
            value = getattr(self, entry.name)
            if entry.codec.coerce is not None and value is not None:
                try:
                    object.__setattr__(self, entry.name, entry.codec.coerce(value))
                except (TypeError, ValueError) as problem:
                    raise type(problem)(
                        f"{type(self).__name__}({entry.name}=...): {problem}"
                    ) from None
        self.check()

    # Written once here instead of generated per class: there are many classes, and generating is
    # what costs at import.

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, n) == getattr(other, n) for n in _names(type(self)))

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, n) for n in _names(type(self)))))

    def __repr__(self) -> str:
        shown = (
            f"{f.name}={value!r}"
            for f in fields(self)  # type: ignore[arg-type]
            if (value := getattr(self, f.name)) != f.default
            and (f.default_factory is MISSING or value != f.default_factory())
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def check(self) -> None:
        """Refuses values that can never work; subclasses extend it."""

    def fail(self, message: str) -> ConfigurationError:
        """The error of a bad value, naming this object."""
        return ConfigurationError(f"{type(self).__name__}: {message}")


@dataclass(frozen=True)
class _Entry:
    name: str
    key: str
    codec: Codec
    missing: Any
    quirk: Any
    omit_none: bool
    needed: bool  # null is no value: the codec then says what is expected


def _names(cls: type) -> tuple[str, ...]:
    found = _NAMES.get(cls)
    if found is None:
        found = _NAMES[cls] = tuple(f.name for f in fields(cls))
    return found


_NAMES: dict[type, tuple[str, ...]] = {}
_ENTRIES: dict[type, tuple[_Entry, ...]] = {}


def _entries(cls: type) -> tuple[_Entry, ...]:
    found = _ENTRIES.get(cls)
    if found is None:
        found = tuple(
            _Entry(
                f.name,
                m["key"],
                m["codec"],
                m["missing"],
                m["quirk"],
                m["omit_none"],
                f.default is not None,
            )
            for f in fields(cls)
            if (m := f.metadata) and "key" in m
        )
        _ENTRIES[cls] = found
    return found


def to_tree(value: JavaObject) -> dict[str, Any]:
    """The JSON object of a configuration object, ``@class`` first where its class has a Java name."""
    tree: dict[str, Any] = {"@class": value.java_class} if value.java_class else {}
    for entry in _entries(type(value)):
        item = getattr(value, entry.name)
        if entry.quirk is not _UNSET and item == entry.quirk:
            continue
        if item is None:
            if not entry.omit_none:
                tree[entry.key] = None
        else:
            tree[entry.key] = entry.codec.encode(item)
    for key in value.derived_keys:
        tree[key] = getattr(value, "derived_" + key)
    return tree


T = TypeVar("T", bound=JavaObject)


def from_tree(cls: type[T], tree: object, path: str) -> T:
    """The object of class ``cls`` that a JSON object describes; unknown keys are ignored as the JVM
    does.
    """
    if not isinstance(tree, Mapping):
        raise ConfigurationError(f"{path}: expected a JSON object; received {describe(tree)}")
    values: dict[str, Any] = {}
    for entry in _entries(cls):
        if entry.key in tree:
            item = tree[entry.key]
            place = f"{path}.{entry.key}"
            empty = item is None and not entry.needed
            values[entry.name] = None if empty else entry.codec.decode(item, place)
        elif entry.quirk is not _UNSET:
            values[entry.name] = entry.quirk
        elif entry.missing is not _UNSET:
            values[entry.name] = entry.missing
    try:
        return cls(**values)
    except (TypeError, ValueError) as problem:  # what a field refuses, too
        raise ConfigurationError(f"{path}: {problem}") from None


class Family:
    """Classes told apart by the ``@class`` of their JSON object."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._classes: dict[str, type[JavaObject]] = {}
        self.load_all: Callable[[], object] = lambda: (
            None
        )  # imports every module with classes of this family

    def register(self, java_class: str, *aliases: str) -> Callable[[type[T]], type[T]]:
        """Decorator: the class takes this Java name; ``aliases`` are read but never written."""

        def add(cls: type[T]) -> type[T]:
            cls.java_class = java_class
            for name in (java_class, *aliases):
                self._classes[name] = cls
            return cls

        return add

    def __iter__(self) -> Iterator[type[JavaObject]]:
        self.load_all()
        return iter(dict.fromkeys(self._classes.values()))

    def find(self, java_class: str) -> type[JavaObject] | None:
        """The class of this Java name, if there is one."""
        if java_class not in self._classes:
            self.load_all()
        return self._classes.get(java_class)

    def decode(self, tree: object, path: str) -> Any:
        """The object a JSON object with ``@class`` describes.

        Raises:
            UnsupportedLayerError: the class is not one of this family.
            ConfigurationError: the JSON is not such an object.
        """
        if not isinstance(tree, Mapping) or not isinstance(tree.get("@class"), str):
            raise ConfigurationError(
                f'{path}: expected a JSON object with a text "@class" that names a {self.what}; '
                f"received {describe(tree)}"
            )
        cls = self.find(tree["@class"])
        if cls is None:
            raise UnsupportedLayerError(tree["@class"], path, self.what)
        return from_tree(cls, tree, path)

    def codec(self, coerce: Callable[[Any], Any] | None = None) -> Codec:
        """The codec of a field that holds an object of this family."""
        return Codec(to_tree, self.decode, coerce)


def describe(value: object) -> str:
    """A short form of a received JSON value for messages."""
    if isinstance(value, Mapping):
        return f"an object with keys {sorted(map(str, value))[:6]}"
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


# ------------------------------------------------------------------------------------- plain values


def _refuse(expected: str, value: object, path: str) -> ConfigurationError:
    return ConfigurationError(f"{path}: expected {expected}; received {describe(value)}")


def _decode_int(value: object, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise _refuse("a 64-bit integer", value, path)
    return value


_NAMED_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode_float(value: float) -> float | str:
    """A number as Java writes it: NaN and infinities are texts."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)


def decode_float(value: object, path: str) -> float:
    """The number of `encode_float`."""
    if isinstance(value, str) and value in _NAMED_FLOATS:
        return _NAMED_FLOATS[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _refuse("a number", value, path)
    try:
        return float(value)
    except OverflowError:
        raise _refuse("a number that fits 64 bits", value, path) from None


def _decode_bool(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise _refuse("true or false", value, path)
    return value


def _decode_text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise _refuse("a text", value, path)
    return value


def _as_int(value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"expected an integer; received {value!r}")
    return int(value.__index__())


def _as_float(value: Any) -> float:
    if isinstance(value, (bool, str)):
        raise TypeError(f"expected a number; received {value!r}")
    return float(value)


INT = Codec(int, _decode_int, _as_int)
FLOAT = Codec(encode_float, decode_float, _as_float)
BOOL = Codec(bool, _decode_bool)
TEXT = Codec(str, _decode_text)


def enum(*names: str) -> Codec:
    """A constant name out of ``names``; callers may write it in any case."""
    by_upper = {n.upper(): n for n in names}

    def coerce(value: Any) -> str:
        found = by_upper.get(value.upper()) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"expected one of {', '.join(names)}; received {value!r}")
        return found

    def decode(value: object, path: str) -> str:
        if value not in names:
            raise _refuse(f"one of {', '.join(names)}", value, path)
        return str(value)

    return Codec(str, decode, coerce)


def ints(count: int | None, *, spread: bool = True) -> Codec:
    """A tuple of integers of fixed length (None: any); with ``spread`` a single integer stands for
    all of them.
    """

    def coerce(value: Any) -> tuple[int, ...]:
        if spread and count is not None and hasattr(value, "__index__"):
            value = (value,) * count
        found = tuple(_as_int(v) for v in value)
        if count is not None and len(found) != count:
            raise ValueError(f"expected {count} integers; received {value!r}")
        return found

    def decode(value: object, path: str) -> tuple[int, ...]:
        if not isinstance(value, list) or (count is not None and len(value) != count):
            raise _refuse(f"a list of {'' if count is None else f'{count} '}integers", value, path)
        return tuple(_decode_int(v, f"{path}[{i}]") for i, v in enumerate(value))

    return Codec(list, decode, coerce)


def many(item: Codec) -> Codec:
    """A tuple of values of one codec."""

    def decode(value: object, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _refuse("a list", value, path)
        return tuple(item.decode(v, f"{path}[{i}]") for i, v in enumerate(value))

    def coerce(value: Any) -> tuple[Any, ...]:
        values = value if isinstance(value, (list, tuple)) else (value,)
        return tuple(v if item.coerce is None else item.coerce(v) for v in values)

    return Codec(lambda value: [item.encode(v) for v in value], decode, coerce)


def anything() -> Codec:
    """A plain JSON value kept as it is."""
    return Codec(lambda value: value, lambda value, path: value)
