"""What a cache was made of, as a text: options of readers and transforms, names and dates of files."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import inspect
import os
import re
from pathlib import Path
from typing import Any

from .._errors import DataVecError
from ..process._process import TransformProcess
from ..readers import (
    AbstractInputSplit,
    AbstractRecordReader,
    AbstractSequenceRecordReader,
    StringSplit,
    as_split,
)
from ..readers._files import Location, location_name
from ..schema._schema import Schema

__all__ = ["identity_of", "identity_of_files", "identity_or_object"]

_KEPT_AS = {"on_invalid": "policy", "replacements": "policy"}


class _UnknownError(DataVecError):
    """Data whose change would go unnoticed."""


def identity_of(value: Any) -> str:
    """A text that changes when a reader, its options, a transform or a file changes.

    Of a file it holds the name, the size and the time of the last change (of a remote one what its
    file system offers).

    Raises:
        DataVecError: the value is or holds something else than files that data come from.
    """
    return "\n".join(_lines(value))


def identity_of_files(value: Any) -> str:
    """`identity_of` for a cache that outlives the program; raises DataVecError saying what helps."""
    try:
        return identity_of(value)
    except _UnknownError as e:
        raise DataVecError(
            f"cache: a change of the data would go unnoticed, for they come from {e}, which is no "
            "file; give cache_key, a text that you change when the data change"
        ) from None


def identity_or_object(value: Any) -> str:
    """`identity_of`, or which object it is: enough as long as that lives."""
    try:
        return identity_of(value)
    except _UnknownError:
        return f"object {id(value)}"


def _lines(value: Any) -> list[str]:
    if value is None or isinstance(value, (bool, int, float, str)):
        return [repr(value)]
    if isinstance(value, (Schema, TransformProcess)):
        return [value.to_json()]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return [type(value).__qualname__, *_lines(fields)]
    if isinstance(value, enum.Enum):
        return [f"{type(value).__name__}.{value.name}"]
    if isinstance(value, re.Pattern):
        return [repr(value)]
    if isinstance(value, (list, tuple)):
        return ["[", *(line for item in value for line in _lines(item)), "]"]
    if isinstance(value, dict):
        return ["{", *(f"{k!r}: {line}" for k, v in value.items() for line in _lines(v)), "}"]
    if isinstance(value, StringSplit):
        return [hashlib.sha256(value.text.encode()).hexdigest()]
    if isinstance(value, AbstractInputSplit):
        found = value.locations()
        if not found:
            raise _UnknownError(type(value).__name__)
        return [_file(location) for location in found]
    if isinstance(value, (AbstractRecordReader, AbstractSequenceRecordReader)):
        return _reader(value)
    if type(value).__module__.startswith("datavec."):
        # Label generators, loaders and the like: they are what their attributes say.
        public = {k: v for k, v in vars(value).items() if not k.startswith("_")}
        return [type(value).__qualname__, *_lines(public)]
    raise _UnknownError(type(value).__name__)


def _file(location: Location) -> str:
    if isinstance(location, Path):
        at = os.stat(location)
        return f"{location} {at.st_size} {at.st_mtime_ns}"
    from fsspec.core import url_to_fs

    fs, path = url_to_fs(location)
    return f"{location_name(location)} {fs.ukey(path)}"


def _reader(reader: Any) -> list[str]:
    """A reader by the arguments it was made with, which are kept under their names."""
    lines = [f"{type(reader).__module__}.{type(reader).__qualname__}"]
    for name in _parameters(type(reader)):
        if name in ("source", "path", "paths"):
            split = getattr(reader, "split", None)
            value = getattr(reader, name, None) if split is None else split
            if isinstance(value, (str, os.PathLike)):
                value = as_split(value)
        elif name in _KEPT_AS:
            value = getattr(reader, _KEPT_AS[name])
        elif hasattr(reader, name):
            value = getattr(reader, name)
        elif hasattr(reader, f"_{name}"):
            value = getattr(reader, f"_{name}")
        else:
            raise _UnknownError(f"{type(reader).__name__}.{name}")
        lines += [f"{name}:", *_lines(value)]
    return lines


def _parameters(cls: type) -> list[str]:
    """Names of all arguments, those that ``**options`` hands on to a base class included."""
    names: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        given = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        names.update(dict.fromkeys(p.name for p in given if p.kind is not p.VAR_KEYWORD))
        if not any(p.kind is p.VAR_KEYWORD for p in given):
            break
    return list(names)
