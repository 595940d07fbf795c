"""Checks of output layers: combinations of activation and loss that cannot be meant (nothing else
is refused).
"""

from __future__ import annotations

from dl4py.conf.layers import AbstractOutputLayer
from dl4py.errors import ConfigurationError

# losses that take probabilities of classes, and those that take independent probabilities
_CLASS_LOSSES = {"LossMCXENT", "LossNegativeLogLikelihood", "LossSparseMCXENT"}
_BINARY_LOSSES = {"LossBinaryXENT"}
# activations whose values can lie outside [0, 1]
_UNBOUNDED = {
    "ActivationCube",
    "ActivationELU",
    "ActivationGELU",
    "ActivationHardTanH",
    "ActivationIdentity",
    "ActivationLReLU",
    "ActivationMish",
    "ActivationPReLU",
    "ActivationRationalTanh",
    "ActivationReLU",
    "ActivationReLU6",
    "ActivationRReLU",
    "ActivationRectifiedTanh",
    "ActivationSELU",
    "ActivationSoftPlus",
    "ActivationSoftSign",
    "ActivationSwish",
    "ActivationTanH",
    "ActivationThresholdedReLU",
}


def check_output_layer(layer: AbstractOutputLayer, label: str) -> None:
    """Refuses an output layer whose activation does not fit its loss.

    Raises:
        ConfigurationError: naming the layer, the combination and what fits.
    """
    activation, loss = _java_name(layer.activation), _java_name(layer.loss)
    shown = f"{label}: activation {type(layer.activation).__name__} with loss {type(layer.loss).__name__}"
    probabilities = loss in _CLASS_LOSSES | _BINARY_LOSSES
    if activation == "ActivationSoftmax" and layer.owns_pre_output and layer.n_out == 1:
        raise ConfigurationError(
            f'{label}: softmax over n_out=1 always gives 1.0; use activation="sigmoid" with loss="xent" for two '
            "classes, or one output per class. validate_output_layer=False turns this check off"
        )
    allowed = activation == "ActivationIdentity" and not layer.owns_pre_output
    if probabilities and activation in _UNBOUNDED and not allowed:
        raise ConfigurationError(
            f"{shown}: the loss needs probabilities in [0, 1], which this activation does not give; use softmax with "
            '"mcxent" for one class of many, sigmoid with "xent" for independent ones. validate_output_layer=False '
            "turns this check off"
        )
    if activation == "ActivationSoftmax" and loss in _BINARY_LOSSES:
        raise ConfigurationError(
            f'{shown}: binary cross entropy treats outputs as independent, softmax does not; use "mcxent" with softmax '
            'or "xent" with sigmoid. validate_output_layer=False turns this check off'
        )
    if activation == "ActivationSigmoid" and loss in _CLASS_LOSSES:
        raise ConfigurationError(
            f"{shown}: multi-class cross entropy needs probabilities that sum to 1, sigmoid gives "
            "independent ones; use "
            'softmax with "mcxent" or sigmoid with "xent". validate_output_layer=False turns this check off'
        )


def _java_name(value: object) -> str:
    tree = value.to_json()  # type: ignore[attr-defined]
    return str(tree["@class"]).rpartition(".")[2]
