"""Codecs of the function objects that nd4py declares: activations, losses, updaters, schedules,
weight inits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nd4py as nd
from dl4py.conf._json import Codec
from dl4py.errors import ConfigurationError


def _codec(get: Callable[[Any], Any]) -> Codec:
    def decode(tree: object, path: str) -> Any:
        if not isinstance(tree, dict):
            raise ConfigurationError(f"{path}: expected a JSON object; received {tree!r:.60}")
        try:
            return get(tree)
        except (TypeError, ValueError) as problem:
            raise ConfigurationError(f"{path}: {problem}") from None

    return Codec(lambda value: value.to_json(), decode, get)


# Each module is imported by the first value of its kind: together they cost a third of the start.
ACTIVATION = _codec(lambda value: nd.activations.get(value))
LOSS = _codec(lambda value: nd.losses.get(value))
UPDATER = _codec(lambda value: nd.updaters.get(value))
SCHEDULE = _codec(lambda value: nd.schedules.get(value))
WEIGHT_INIT = _codec(lambda value: nd.weights.get(value))
REGULARIZATION = _codec(lambda value: nd.regularization.get(value))
DISTRIBUTION = _codec(lambda value: nd.weights.get_distribution(value))
