"""Arrays inside the JSON of evaluations: plain numbers, or base64 of ND4J's binary form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._arrays import element_of, to_numpy
from ..formats import FormatError, array_to_bytes, read_array
from ..formats._json import array_from_json

__all__ = ["array_field", "array_of", "binary_field", "count_of"]

_MAX_COUNT = 1 << 20


def array_field(values: np.ndarray) -> dict[str, Any]:
    """An array as type, shape and numbers."""
    return {
        "dataType": element_of(values).name,
        "shape": list(values.shape),
        "data": list(values.ravel()),
    }


def binary_field(values: np.ndarray) -> dict[str, str]:
    """An array as MIME base64 of its binary form, lines of 76 characters."""
    import base64

    text = base64.b64encode(array_to_bytes(values)).decode("ascii")
    lines = (text[i : i + 76] for i in range(0, len(text), 76))
    return {"array": "".join(f"{line}\r\n" for line in lines)}


def count_of(node: Mapping[str, Any], key: str, limit: int = _MAX_COUNT) -> int:
    """A whole number that sets the size of arrays; raises FormatError when it is none or absurd."""
    value = node[key]
    if type(value) is not int or not 0 <= value <= limit:
        raise FormatError(f"{key} is {str(value)[:40]}, expected 0 to {limit}")
    return value


def array_of(node: Mapping[str, Any]) -> np.ndarray:
    """The array of either form; raises FormatError when it is damaged."""
    if "array" not in node:
        return array_from_json(node).values
    import base64
    import binascii

    try:
        return to_numpy(read_array(base64.b64decode(node["array"]), "nd4j"))
    except (binascii.Error, TypeError) as error:
        raise FormatError(f"array in JSON is not base64: {error}") from None
