"""Neural networks that read and write Deeplearning4j models: configurations, layers, training,
model zips.

>>> from dl4py import DenseLayer, InputType, MultiLayerNetwork, NeuralNetConfiguration, OutputLayer
>>> conf = NeuralNetConfiguration(seed=42, activation="relu", updater="adam").list(
...     DenseLayer(n_out=16), OutputLayer(n_out=3), input_type=InputType.feed_forward(4))
>>> MultiLayerNetwork(conf).init().num_params()
131
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dl4py._layer_modules import LAYER_MODULES
from dl4py._version import __version__ as __version__

if TYPE_CHECKING:
    from dl4py._model_serializer import add_normalizer_to_model as add_normalizer_to_model
    from dl4py._model_serializer import add_object_to_file as add_object_to_file
    from dl4py._model_serializer import get_object_from_file as get_object_from_file
    from dl4py._model_serializer import list_objects_in_file as list_objects_in_file
    from dl4py._model_serializer import restore_multi_layer_network as restore_multi_layer_network
    from dl4py._model_serializer import (
        restore_multi_layer_network_and_normalizer as restore_multi_layer_network_and_normalizer,
    )
    from dl4py._model_serializer import restore_normalizer as restore_normalizer
    from dl4py._model_serializer import write_model as write_model
    from dl4py.conf import AlphaDropout as AlphaDropout
    from dl4py.conf import DropConnect as DropConnect
    from dl4py.conf import Dropout as Dropout
    from dl4py.conf import GaussianDropout as GaussianDropout
    from dl4py.conf import GaussianNoise as GaussianNoise
    from dl4py.conf import InputType as InputType
    from dl4py.conf import LayerConfiguration as LayerConfiguration
    from dl4py.conf import MaxNormConstraint as MaxNormConstraint
    from dl4py.conf import MinMaxNormConstraint as MinMaxNormConstraint
    from dl4py.conf import MultiLayerConfiguration as MultiLayerConfiguration
    from dl4py.conf import NeuralNetConfiguration as NeuralNetConfiguration
    from dl4py.conf import NonNegativeConstraint as NonNegativeConstraint
    from dl4py.conf import SpatialDropout as SpatialDropout
    from dl4py.conf import UnitNormConstraint as UnitNormConstraint
    from dl4py.conf import WeightNoise as WeightNoise
    from dl4py.conf.layers import ActivationLayer as ActivationLayer
    from dl4py.conf.layers import BatchNormalization as BatchNormalization
    from dl4py.conf.layers import Cnn3DLossLayer as Cnn3DLossLayer
    from dl4py.conf.layers import CnnLossLayer as CnnLossLayer
    from dl4py.conf.layers import Convolution1D as Convolution1D
    from dl4py.conf.layers import Convolution1DLayer as Convolution1DLayer
    from dl4py.conf.layers import Convolution2D as Convolution2D
    from dl4py.conf.layers import Convolution3D as Convolution3D
    from dl4py.conf.layers import ConvolutionLayer as ConvolutionLayer
    from dl4py.conf.layers import Cropping1D as Cropping1D
    from dl4py.conf.layers import Cropping2D as Cropping2D
    from dl4py.conf.layers import Cropping3D as Cropping3D
    from dl4py.conf.layers import Deconvolution2D as Deconvolution2D
    from dl4py.conf.layers import DenseLayer as DenseLayer
    from dl4py.conf.layers import DepthwiseConvolution2D as DepthwiseConvolution2D
    from dl4py.conf.layers import DropoutLayer as DropoutLayer
    from dl4py.conf.layers import ElementWiseMultiplicationLayer as ElementWiseMultiplicationLayer
    from dl4py.conf.layers import EmbeddingLayer as EmbeddingLayer
    from dl4py.conf.layers import EmbeddingSequenceLayer as EmbeddingSequenceLayer
    from dl4py.conf.layers import FrozenLayer as FrozenLayer
    from dl4py.conf.layers import FrozenLayerWithBackprop as FrozenLayerWithBackprop
    from dl4py.conf.layers import GlobalPoolingLayer as GlobalPoolingLayer
    from dl4py.conf.layers import LocalResponseNormalization as LocalResponseNormalization
    from dl4py.conf.layers import LossLayer as LossLayer
    from dl4py.conf.layers import MaskLayer as MaskLayer
    from dl4py.conf.layers import OutputLayer as OutputLayer
    from dl4py.conf.layers import Pooling1D as Pooling1D
    from dl4py.conf.layers import Pooling2D as Pooling2D
    from dl4py.conf.layers import PReLULayer as PReLULayer
    from dl4py.conf.layers import RepeatVector as RepeatVector
    from dl4py.conf.layers import RnnLossLayer as RnnLossLayer
    from dl4py.conf.layers import RnnOutputLayer as RnnOutputLayer
    from dl4py.conf.layers import SeparableConvolution2D as SeparableConvolution2D
    from dl4py.conf.layers import SpaceToBatchLayer as SpaceToBatchLayer
    from dl4py.conf.layers import SpaceToDepthLayer as SpaceToDepthLayer
    from dl4py.conf.layers import Subsampling1DLayer as Subsampling1DLayer
    from dl4py.conf.layers import Subsampling3DLayer as Subsampling3DLayer
    from dl4py.conf.layers import SubsamplingLayer as SubsamplingLayer
    from dl4py.conf.layers import Upsampling1D as Upsampling1D
    from dl4py.conf.layers import Upsampling2D as Upsampling2D
    from dl4py.conf.layers import Upsampling3D as Upsampling3D
    from dl4py.conf.layers import ZeroPadding1DLayer as ZeroPadding1DLayer
    from dl4py.conf.layers import ZeroPadding3DLayer as ZeroPadding3DLayer
    from dl4py.conf.layers import ZeroPaddingLayer as ZeroPaddingLayer
    from dl4py.errors import ConfigurationError as ConfigurationError
    from dl4py.errors import ModelFileError as ModelFileError
    from dl4py.errors import NotANumberError as NotANumberError
    from dl4py.errors import UnsupportedLayerError as UnsupportedLayerError
    from dl4py.listeners import Checkpoint as Checkpoint
    from dl4py.listeners import CheckpointListener as CheckpointListener
    from dl4py.listeners import CollectScoresListener as CollectScoresListener
    from dl4py.listeners import EvaluativeListener as EvaluativeListener
    from dl4py.listeners import PerformanceListener as PerformanceListener
    from dl4py.listeners import ProgressBarListener as ProgressBarListener
    from dl4py.listeners import ScoreIterationListener as ScoreIterationListener
    from dl4py.listeners import TimeIterationListener as TimeIterationListener
    from dl4py.listeners import TrainingListener as TrainingListener
    from dl4py.nn import MultiLayerNetwork as MultiLayerNetwork
    from dl4py.pipeline import Pipeline as Pipeline
    from dl4py.pipeline import Prediction as Prediction
    from dl4py.pipeline import Predictions as Predictions

# Public names by the module that has them; a module is imported when one of its names is first
# asked for.
_PUBLIC: dict[str, tuple[str, ...]] = {
    "dl4py.conf": (
        "AlphaDropout",
        "Dropout",
        "DropConnect",
        "GaussianDropout",
        "GaussianNoise",
        "InputType",
        "LayerConfiguration",
        "MaxNormConstraint",
        "MinMaxNormConstraint",
        "MultiLayerConfiguration",
        "NeuralNetConfiguration",
        "NonNegativeConstraint",
        "SpatialDropout",
        "UnitNormConstraint",
        "WeightNoise",
    ),
    "dl4py.conf.layers": tuple(name for names in LAYER_MODULES.values() for name in names),
    "dl4py.errors": (
        "ConfigurationError",
        "ModelFileError",
        "NotANumberError",
        "UnsupportedLayerError",
    ),
    "dl4py.listeners": (
        "Checkpoint",
        "CheckpointListener",
        "CollectScoresListener",
        "EvaluativeListener",
        "PerformanceListener",
        "ProgressBarListener",
        "ScoreIterationListener",
        "TimeIterationListener",
        "TrainingListener",
    ),
    "dl4py.nn": ("MultiLayerNetwork",),
    "dl4py.pipeline": ("Pipeline", "Prediction", "Predictions"),
    "dl4py._model_serializer": (
        "add_normalizer_to_model",
        "add_object_to_file",
        "get_object_from_file",
        "list_objects_in_file",
        "restore_multi_layer_network",
        "restore_multi_layer_network_and_normalizer",
        "restore_normalizer",
        "write_model",
    ),
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'dl4py' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
