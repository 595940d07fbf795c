"""How parameters are filled at the start: weight initialisations and the distributions they draw from.

Each answers to the class of the same name in ``org.deeplearning4j.nn.weights`` and
``org.deeplearning4j.nn.conf.distribution``.
Numbers come from Philox: the same seed gives the same values everywhere (not those of the JVM).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nd4py._java_json import lookup

from ._distributions import (
    BinomialDistribution,
    ConstantDistribution,
    Distribution,
    GaussianDistribution,
    LogNormalDistribution,
    NormalDistribution,
    OrthogonalDistribution,
    TruncatedNormalDistribution,
    UniformDistribution,
    get_distribution,
)
from ._fixed import WeightInitEmbedding, WeightInitIdentity
from ._inits import (
    WeightInit,
    WeightInitConstant,
    WeightInitDistribution,
    WeightInitLecunUniform,
    WeightInitNormal,
    WeightInitRelu,
    WeightInitReluUniform,
    WeightInitSigmoidUniform,
    WeightInitUniform,
    WeightInitXavier,
    WeightInitXavierLegacy,
    WeightInitXavierUniform,
)
from ._var_scaling import (
    WeightInitVarScalingNormalFanAvg,
    WeightInitVarScalingNormalFanIn,
    WeightInitVarScalingNormalFanOut,
    WeightInitVarScalingUniformFanAvg,
    WeightInitVarScalingUniformFanIn,
    WeightInitVarScalingUniformFanOut,
)

__all__ = [
    "BinomialDistribution",
    "ConstantDistribution",
    "Distribution",
    "GaussianDistribution",
    "LogNormalDistribution",
    "NormalDistribution",
    "OrthogonalDistribution",
    "TruncatedNormalDistribution",
    "UniformDistribution",
    "WeightInit",
    "WeightInitConstant",
    "WeightInitDistribution",
    "WeightInitEmbedding",
    "WeightInitIdentity",
    "WeightInitLecunUniform",
    "WeightInitNormal",
    "WeightInitRelu",
    "WeightInitReluUniform",
    "WeightInitSigmoidUniform",
    "WeightInitUniform",
    "WeightInitVarScalingNormalFanAvg",
    "WeightInitVarScalingNormalFanIn",
    "WeightInitVarScalingNormalFanOut",
    "WeightInitVarScalingUniformFanAvg",
    "WeightInitVarScalingUniformFanIn",
    "WeightInitVarScalingUniformFanOut",
    "WeightInitXavier",
    "WeightInitXavierLegacy",
    "WeightInitXavierUniform",
    "get",
    "get_distribution",
]


def get(value: Any) -> WeightInit:
    """A weight initialisation from itself, a distribution, a name of Deeplearning4j's ``WeightInit`` enum, or its JSON.

    >>> get("xavier")
    WeightInitXavier()
    """
    if isinstance(value, Distribution):
        return WeightInitDistribution(value)
    return lookup(value, WeightInit, _NAMES)  # type: ignore[type-abstract]


_NAMES: dict[str, Callable[[], WeightInit]] = {
    "zero": WeightInitConstant,
    "ones": lambda: WeightInitConstant(1.0),
    "sigmoiduniform": WeightInitSigmoidUniform,
    "normal": WeightInitNormal,
    "lecunnormal": WeightInitNormal,
    "xavierfanin": WeightInitNormal,
    "uniform": WeightInitUniform,
    "xavier": WeightInitXavier,
    "xavieruniform": WeightInitXavierUniform,
    "xavierlegacy": WeightInitXavierLegacy,
    "relu": WeightInitRelu,
    "reluuniform": WeightInitReluUniform,
    "identity": WeightInitIdentity,
    "lecununiform": WeightInitLecunUniform,
    "varscalingnormalfanin": WeightInitVarScalingNormalFanIn,
    "varscalingnormalfanout": WeightInitVarScalingNormalFanOut,
    "varscalingnormalfanavg": WeightInitVarScalingNormalFanAvg,
    "varscalinguniformfanin": WeightInitVarScalingUniformFanIn,
    "varscalinguniformfanout": WeightInitVarScalingUniformFanOut,
    "varscalinguniformfanavg": WeightInitVarScalingUniformFanAvg,
}
