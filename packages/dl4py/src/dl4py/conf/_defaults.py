"""Defaults of a network's layers, after coercion: what `NeuralNetConfiguration` hands to each
layer.
"""

from __future__ import annotations

from typing import Any, Protocol


class Defaults(Protocol):
    """What layers take their unset fields from."""

    activation: Any
    weight_init: Any
    bias_init: float
    gain_init: float
    updater: Any
    bias_updater: Any
    weight_noise: Any
    dropout: Any
    regularization: tuple[Any, ...]
    regularization_bias: tuple[Any, ...]
    gradient_normalization: str
    gradient_normalization_threshold: float
    convolution_mode: str
    cudnn_algo_mode: str
    constrain_weights: Any
    constrain_bias: Any
    constrain_all_parameters: Any
