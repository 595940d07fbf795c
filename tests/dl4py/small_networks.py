"""Small networks and data that several tests use."""

from __future__ import annotations

from typing import Any

import numpy as np

from dl4py import (
    ConvolutionLayer,
    DenseLayer,
    InputType,
    MultiLayerConfiguration,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    OutputLayer,
    SubsamplingLayer,
)
from nd4py.data import DataSet
from nd4py.updaters import Adam


def mlp_configuration(**settings: Any) -> MultiLayerConfiguration:
    given = {"seed": 7, "activation": "tanh", "updater": Adam(0.01), **settings}
    return NeuralNetConfiguration(**given).list(
        DenseLayer(n_out=6), OutputLayer(n_out=3), input_type=InputType.feed_forward(4)
    )


def mlp(**settings: Any) -> MultiLayerNetwork:
    return MultiLayerNetwork(mlp_configuration(**settings)).init()


def lenet(**settings: Any) -> MultiLayerNetwork:
    given = {"seed": 7, "activation": "relu", "updater": Adam(0.01), **settings}
    conf = NeuralNetConfiguration(**given).list(
        ConvolutionLayer(n_out=4, kernel_size=3),
        SubsamplingLayer(kernel_size=2),
        DenseLayer(n_out=8),
        OutputLayer(n_out=3),
        input_type=InputType.convolutional(8, 8, 1),
    )
    return MultiLayerNetwork(conf).init()


def rows(count: int = 12, columns: int = 4, classes: int = 3, seed: int = 0) -> DataSet:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, columns)).astype(np.float32)
    return DataSet(x, np.eye(classes, dtype=np.float32)[rng.integers(0, classes, count)])


def images(count: int = 6, size: int = 8, classes: int = 3, seed: int = 0) -> DataSet:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 1, size, size)).astype(np.float32)
    return DataSet(x, np.eye(classes, dtype=np.float32)[rng.integers(0, classes, count)])
