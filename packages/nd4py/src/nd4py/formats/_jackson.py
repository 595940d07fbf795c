"""JSON text as Deeplearning4j's mapper prints it: two blanks per level, ``"key" : value``, lists on one line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ._java_text import java_double, java_float

__all__ = ["pretty_json"]

_NAMED = ("NaN", "Infinity", "-Infinity")


def pretty_json(value: Any, indent: int = 0) -> str:
    """The text of mappings, sequences, strings, numbers, booleans and None.

    A float prints as Java's ``double``, ``np.float32`` as its ``float``.

    >>> print(pretty_json({"a": [1, 2.0], "b": {}}))
    {
      "a" : [ 1, 2.0 ],
      "b" : { }
    }
    """
    if isinstance(value, Mapping):
        if not value:
            return "{ }"
        inner = "  " * (indent + 1)
        entries = (
            f"{inner}{json.dumps(k)} : {pretty_json(v, indent + 1)}" for k, v in value.items()
        )
        return "{\n" + ",\n".join(entries) + "\n" + "  " * indent + "}"
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (float, np.floating)):
        text = java_float(value) if isinstance(value, np.float32) else java_double(float(value))
        return f'"{text}"' if text in _NAMED else text
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (Sequence, np.ndarray)):
        return (
            "[ " + ", ".join(pretty_json(v, indent) for v in value) + " ]" if len(value) else "[ ]"
        )
    raise TypeError(f"no JSON text for {type(value).__name__}")
