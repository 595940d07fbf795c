"""Neural networks that read and write Deeplearning4j models: configurations, layers, training, model zips.

>>> from dl4py import DenseLayer, InputType, MultiLayerNetwork, NeuralNetConfiguration, OutputLayer
>>> conf = NeuralNetConfiguration(seed=42, activation="relu", updater="adam").list(
...     DenseLayer(n_out=16), OutputLayer(n_out=3), input_type=InputType.feed_forward(4))
>>> MultiLayerNetwork(conf).init().num_params()
131
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dl4py._version import __version__ as __version__

# Public names by the module that has them; a module is imported when one of its names is first asked for.
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
    "dl4py.conf.layers": (
        "ActivationLayer",
        "Convolution2D",
        "ConvolutionLayer",
        "DenseLayer",
        "DropoutLayer",
        "LossLayer",
        "OutputLayer",
        "Pooling2D",
        "SubsamplingLayer",
    ),
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
    "dl4py._model_serializer": (
        "add_normalizer_to_model",
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
