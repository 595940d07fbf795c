"""Graphs with automatic differentiation, compiled to native plans."""

from __future__ import annotations

from nd4py._core import NumericsError

from ._config import settings
from ._gradient import GradientError
from ._history import History, LossCurve
from ._inference import InferencePlan
from ._probes import Probe, Statistics
from ._samediff import SameDiff
from ._training import TrainingPlan
from ._training_config import TrainingConfig
from ._updates import GradientNormalization, Segment, UpdateBlock
from ._variable import SDVariable, VariableType
from ._version import __version__

__all__ = [
    "GradientError",
    "GradientNormalization",
    "History",
    "InferencePlan",
    "LossCurve",
    "NumericsError",
    "Probe",
    "SDVariable",
    "SameDiff",
    "Segment",
    "Statistics",
    "TrainingConfig",
    "TrainingPlan",
    "UpdateBlock",
    "VariableType",
    "__version__",
    "settings",
]
