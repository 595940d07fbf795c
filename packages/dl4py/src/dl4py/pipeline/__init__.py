"""Pipelines: transform, normalizer and network as one object and one file, applied to raw records.

This package needs datavec, which is imported when a pipeline is first made or loaded.
"""

from __future__ import annotations

from dl4py.pipeline._pipeline import Pipeline as Pipeline
from dl4py.pipeline._predictions import Prediction as Prediction
from dl4py.pipeline._predictions import Predictions as Predictions
