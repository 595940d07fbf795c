"""Graphs with automatic differentiation, compiled to native plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nd4py._core import NumericsError

from ._config import settings
from ._gradient import GradientError
from ._inference import InferencePlan
from ._probes import Probe, Statistics
from ._samediff import SameDiff
from ._training import TrainingPlan
from ._updates import GradientNormalization, Segment, UpdateBlock
from ._variable import SDVariable, VariableType
from ._version import __version__

if TYPE_CHECKING:
    from ._history import History, LossCurve
    from ._training_config import TrainingConfig

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

# Only needed by `SameDiff.fit`, which networks do not use.
_LATER = {"History": "_history", "LossCurve": "_history", "TrainingConfig": "_training_config"}


def __getattr__(name: str) -> Any:
    module = _LATER.get(name)
    if module is None:
        raise AttributeError(f"module 'samediff' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return __all__
