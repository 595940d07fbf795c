"""Reading the JSON of any evaluation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..formats import FormatError
from . import _binary, _calibration, _classification_text, _regression, _roc

__all__ = ["from_json"]

_READERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "Evaluation": _classification_text.from_json,
    "EvaluationBinary": _binary.from_json,
    "EvaluationCalibration": _calibration.from_json,
    "RegressionEvaluation": _regression.from_json,
    "ROC": _roc.roc_from_json,
    "ROCBinary": _roc.roc_binary_from_json,
    "ROCMultiClass": _roc.roc_multi_class_from_json,
}


def from_json(text: str) -> Any:
    """The evaluation of a text of ``to_json``, ours or Deeplearning4j's.

    Raises FormatError when the text is no JSON, of an unknown class, or lacks a field.
    """
    try:
        node = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"evaluation is not JSON: {error}") from None
    name = str(node.get("@class", "")).rsplit(".", 1)[-1] if isinstance(node, dict) else ""
    if name not in _READERS:
        raise FormatError(
            f"no evaluation: @class is {name!r}, expected one of {', '.join(_READERS)}"
        )
    try:
        return _READERS[name](node)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise FormatError(f"{name}: a field is missing or of the wrong form: {error!r}") from None
