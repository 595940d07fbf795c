"""How an update reaches the parameters (package ``nn.conf.stepfunctions``; deprecated there, kept
for its files).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dl4py.conf._json import Codec, describe
from dl4py.errors import ConfigurationError

STEP_FUNCTIONS = ("default", "gradient", "negativeDefault", "negativeGradient")


def _decode(value: object, path: str) -> str:
    # The file holds a wrapper object with one key.
    name = next(iter(value), None) if isinstance(value, Mapping) and len(value) == 1 else None
    if name not in STEP_FUNCTIONS:
        raise ConfigurationError(
            f"{path}: expected an object with one key of {', '.join(STEP_FUNCTIONS)}; received {describe(value)}"
        )
    return str(name)


def _encode(value: str) -> Any:
    return {value: {}}


def _coerce(value: Any) -> str:
    if value not in STEP_FUNCTIONS:
        raise ValueError(f"expected one of {', '.join(STEP_FUNCTIONS)}; received {value!r}")
    return str(value)


STEP_FUNCTION = Codec(_encode, _decode, _coerce)


def ascends(name: str | None) -> bool:
    """Whether the step is added to the parameters instead of subtracted."""
    return name in ("default", "gradient")
