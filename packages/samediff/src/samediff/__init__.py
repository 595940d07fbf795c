"""Graphs with automatic differentiation, compiled to native plans."""

from __future__ import annotations

from ._config import settings
from ._gradient import GradientError
from ._inference import InferencePlan
from ._probes import Probe, Statistics
from ._samediff import SameDiff
from ._training import TrainingPlan
from ._updates import GradientNormalization, Segment, UpdateBlock
from ._variable import SDVariable, VariableType
from ._version import __version__

__all__ = [
    "GradientError",
    "GradientNormalization",
    "InferencePlan",
    "Probe",
    "SDVariable",
    "SameDiff",
    "Segment",
    "Statistics",
    "TrainingPlan",
    "UpdateBlock",
    "VariableType",
    "__version__",
    "settings",
]
