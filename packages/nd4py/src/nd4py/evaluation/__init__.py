"""Evaluation of predictions: classification, binary outputs, regression, ROC, calibration."""

from __future__ import annotations

from ._binary import EvaluationBinary as EvaluationBinary
from ._calibration import EvaluationCalibration as EvaluationCalibration
from ._calibration import Histogram as Histogram
from ._calibration import ReliabilityDiagram as ReliabilityDiagram
from ._classification import Averaging as Averaging
from ._classification import Evaluation as Evaluation
from ._confusion import ConfusionMatrix as ConfusionMatrix
from ._confusion import Prediction as Prediction
from ._curves import PrecisionRecallCurve as PrecisionRecallCurve
from ._curves import RocCurve as RocCurve
from ._json import from_json as from_json
from ._regression import RegressionEvaluation as RegressionEvaluation
from ._roc import ROC as ROC
from ._roc import ROCBinary as ROCBinary
from ._roc import ROCMultiClass as ROCMultiClass
