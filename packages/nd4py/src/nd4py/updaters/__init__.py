"""Rules that turn a gradient into the step that is subtracted from parameters.

Each answers to the class of the same name in ``org.nd4j.linalg.learning.config``. `Updater.step` is the
definition, in the
dtype of the gradient; the native kernel ``update_<name>`` computes the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nd4py._java_json import lookup

from ._moments import AdaBelief, Adam, AdaMax, AMSGrad, Nadam
from ._rules import AdaDelta, AdaGrad, Nesterovs, NoOp, RmsProp, Sgd
from ._updater import Updater

__all__ = [
    "AMSGrad",
    "AdaBelief",
    "AdaDelta",
    "AdaGrad",
    "AdaMax",
    "Adam",
    "Nadam",
    "Nesterovs",
    "NoOp",
    "RmsProp",
    "Sgd",
    "Updater",
    "get",
]


def get(value: Any) -> Updater:
    """An updater from itself, a name (``"adam"``) or Deeplearning4j's JSON.

    >>> get("sgd")
    Sgd(learning_rate=0.001)
    """
    return lookup(value, Updater, _NAMES)  # type: ignore[type-abstract]


_NAMES: dict[str, Callable[[], Updater]] = {
    "sgd": Sgd,
    "nesterovs": Nesterovs,
    "adagrad": AdaGrad,
    "adadelta": AdaDelta,
    "rmsprop": RmsProp,
    "adam": Adam,
    "adamax": AdaMax,
    "amsgrad": AMSGrad,
    "nadam": Nadam,
    "adabelief": AdaBelief,
    "noop": NoOp,
    "none": NoOp,
}
