"""The JSON form of an array inside configurations: ``{"dataType": ..., "shape": [...], "data": [...]}``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

from .._element_types import BY_NAME
from ._errors import FormatError
from ._java_text import java_double, java_float
from ._shape_info import is_sound_shape
from ._stored import StoredArray
from ._streams import BoundedReader

__all__ = ["array_from_json", "array_to_json", "read_json", "write_json"]

_NAMED = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def read_json(reader: BoundedReader) -> StoredArray:
    """Read a file that holds one array as JSON."""
    try:
        return array_from_json(json.loads(reader.rest("JSON file")))
    except (ValueError, RecursionError) as error:
        raise reader.error(str(error) or "JSON is nested too deeply") from None


def write_json(stream: BinaryIO, array: StoredArray) -> None:
    """Write one array as JSON, without blanks."""
    stream.write(array_to_json(array).encode("utf-8"))


def array_from_json(node: Any) -> StoredArray:
    """The array of a parsed JSON node; a plain list of numbers is an old-style vector of doubles."""
    if isinstance(node, Sequence) and not isinstance(node, str):
        return _values(node, "DOUBLE", (len(node),))
    if not isinstance(node, Mapping) or not isinstance(node.get("data"), list):
        raise FormatError(
            'JSON is not an array: expected {"dataType": ..., "shape": [...], "data": [...]}'
        )
    shape = node.get("shape", [len(node["data"])])
    if not isinstance(shape, list) or not is_sound_shape(shape):
        raise FormatError(f"JSON array has the impossible shape {str(shape)[:60]}")
    name = node.get("dataType", "DOUBLE")
    if not isinstance(name, str) or name not in BY_NAME:
        raise FormatError(
            f"JSON array has dataType {str(name)[:40]!r}, expected one of {', '.join(BY_NAME)}"
        )
    return _values(node["data"], name, tuple(shape))


def _values(data: Sequence[Any], name: str, shape: tuple[int, ...]) -> StoredArray:
    element = BY_NAME[name]
    if math.prod(shape) != len(data):
        raise FormatError(
            f"JSON array of shape {list(shape)} has {len(data)} values, expected {math.prod(shape)}"
        )
    try:
        if name == "UTF8":
            flat = np.empty(len(data), object)
            flat[:] = [str(v) for v in data]
            "".join(flat.tolist()).encode(
                "utf-8"
            )  # raises for half a surrogate pair, which is no text
        elif element.numpy.kind == "f" or name == "BFLOAT16":
            floats = np.array([float(_NAMED.get(v, v)) for v in data], np.float64)
            with np.errstate(over="ignore"):
                flat = floats.astype(np.float32 if name == "BFLOAT16" else element.numpy)
            if name == "BFLOAT16":
                flat = (flat.view(np.uint32) >> 16).astype(np.uint16)
        elif name == "BOOL":
            flat = np.array([bool(v) for v in data], bool)
        else:
            flat = np.array([int(v) for v in data], element.numpy)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(
            f"JSON array of {name} has a value that cannot be read: {error}"
        ) from None
    return StoredArray(element, flat.reshape(shape), "c")


def array_to_json(array: StoredArray) -> str:
    """The JSON text of an array, numbers as Java prints them."""
    flat = array.values.ravel(order="C")
    name = array.element.name
    if name == "UTF8":
        texts = [json.dumps(str(v), ensure_ascii=False) for v in flat]
    elif name == "DOUBLE":
        texts = [_quoted(java_double(v)) for v in flat]
    elif name in ("FLOAT", "HALF", "BFLOAT16"):
        floats = (
            (flat.astype(np.uint32) << 16).view(np.float32)
            if name == "BFLOAT16"
            else flat.astype(np.float32)
        )
        texts = [_quoted(java_float(v)) for v in floats]
    else:
        texts = [str(int(v)) for v in flat]
    dims = ",".join(str(n) for n in array.values.shape)
    return f'{{"dataType":"{name}","shape":[{dims}],"data":[{",".join(texts)}]}}'


def _quoted(number: str) -> str:
    return f'"{number}"' if number in _NAMED else number
