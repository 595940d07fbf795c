"""Graphs with automatic differentiation, compiled to native plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nd4py._core import NumericsError as NumericsError
from nd4py._lazy import on_first_use

from ._config import settings as settings
from ._version import __version__ as __version__

if TYPE_CHECKING:
    from ._gradient import GradientError as GradientError
    from ._history import History as History
    from ._history import LossCurve as LossCurve
    from ._inference import InferencePlan as InferencePlan
    from ._probes import Probe as Probe
    from ._probes import Statistics as Statistics
    from ._samediff import SameDiff as SameDiff
    from ._training import TrainingPlan as TrainingPlan
    from ._training_config import TrainingConfig as TrainingConfig
    from ._updates import GradientNormalization as GradientNormalization
    from ._updates import Segment as Segment
    from ._updates import UpdateBlock as UpdateBlock
    from ._variable import SDVariable as SDVariable
    from ._variable import VariableType as VariableType

__getattr__, __dir__, __all__ = on_first_use(
    __name__,
    {
        "._gradient": ("GradientError",),
        "._history": ("History", "LossCurve"),
        "._inference": ("InferencePlan",),
        "._probes": ("Probe", "Statistics"),
        "._samediff": ("SameDiff",),
        "._training": ("TrainingPlan",),
        "._training_config": ("TrainingConfig",),
        "._updates": ("GradientNormalization", "Segment", "UpdateBlock"),
        "._variable": ("SDVariable", "VariableType"),
    },
    at_once=(
        "NumericsError",
        "__version__",
        "settings",
    ),
)
