"""Loss functions of output layers, as values with Deeplearning4j's JSON form.

Each answers to the class of the same name in ``org.nd4j.linalg.lossfunctions.impl``. Scores are written with
operations, so
they run on arrays and record on graph values, and the gradient is the operations' own: what a graph
differentiates and what
`Loss.gradient` returns are one thing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nd4py._java_json import lookup

from ._cross_entropy import LossMCXENT, LossNegativeLogLikelihood, LossSparseMCXENT
from ._elementwise import (
    LossBinaryXENT,
    LossHinge,
    LossKLD,
    LossL1,
    LossL2,
    LossMAE,
    LossMAPE,
    LossMSE,
    LossMSLE,
    LossPoisson,
    LossSquaredHinge,
    LossWasserstein,
)
from ._loss import Loss
from ._rows import LossCosineProximity, LossFMeasure, LossMixtureDensity, LossMultiLabel

__all__ = [
    "Loss",
    "LossBinaryXENT",
    "LossCosineProximity",
    "LossFMeasure",
    "LossHinge",
    "LossKLD",
    "LossL1",
    "LossL2",
    "LossMAE",
    "LossMAPE",
    "LossMCXENT",
    "LossMSE",
    "LossMSLE",
    "LossMixtureDensity",
    "LossMultiLabel",
    "LossNegativeLogLikelihood",
    "LossPoisson",
    "LossSparseMCXENT",
    "LossSquaredHinge",
    "LossWasserstein",
    "get",
]


def get(value: Any) -> Loss:
    """A loss from itself, a name of Deeplearning4j's ``LossFunction`` enum in any case, or its JSON.

    >>> get("mcxent").softmax_clip_eps
    1e-10
    """
    return lookup(value, Loss, _NAMES)  # type: ignore[type-abstract]


_NAMES: dict[str, Callable[[], Loss]] = {
    "mse": LossMSE,
    "l1": LossL1,
    "xent": LossBinaryXENT,
    "mcxent": LossMCXENT,
    "sparsemcxent": LossSparseMCXENT,
    "squaredloss": LossMSE,
    "reconstructioncrossentropy": LossKLD,
    "negativeloglikelihood": LossNegativeLogLikelihood,
    "cosineproximity": LossCosineProximity,
    "hinge": LossHinge,
    "squaredhinge": LossSquaredHinge,
    "kldivergence": LossKLD,
    "meanabsoluteerror": LossMAE,
    "l2": LossL2,
    "meanabsolutepercentageerror": LossMAPE,
    "meansquaredlogarithmicerror": LossMSLE,
    "poisson": LossPoisson,
    "wasserstein": LossWasserstein,
}
