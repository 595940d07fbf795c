"""Codecs of the function objects that nd4py declares: activations, losses, updaters, schedules,
weight inits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dl4py.conf._json import Codec
from dl4py.errors import ConfigurationError
from nd4py import activations, losses, regularization, schedules, updaters, weights


def _codec(get: Callable[[Any], Any]) -> Codec:
    def decode(tree: object, path: str) -> Any:
        if not isinstance(tree, dict):
            raise ConfigurationError(f"{path}: expected a JSON object; received {tree!r:.60}")
        try:
            return get(tree)
        except (TypeError, ValueError) as problem:
            raise ConfigurationError(f"{path}: {problem}") from None

    return Codec(lambda value: value.to_json(), decode, get)


ACTIVATION = _codec(activations.get)
LOSS = _codec(losses.get)
UPDATER = _codec(updaters.get)
SCHEDULE = _codec(schedules.get)
WEIGHT_INIT = _codec(weights.get)
REGULARIZATION = _codec(regularization.get)
DISTRIBUTION = _codec(weights.get_distribution)
