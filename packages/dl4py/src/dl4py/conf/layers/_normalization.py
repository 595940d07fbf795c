"""Normalisation layers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._inputs import (
    CNN2D_FORMATS,
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeConvolutionalFlat,
)
from dl4py.conf._json import BOOL, FLOAT, enum, json_field
from dl4py.conf._preprocessors import AbstractPreProcessor, FeedForwardToCnnPreProcessor
from dl4py.conf.layers._base import (
    FAMILY,
    GRADIENT_NORMALIZATIONS,
    PACKAGE,
    AbstractFeedForwardLayer,
    AbstractLayer,
    LayerContext,
    Parameter,
    Value,
    feature_size,
)
from dl4py.conf.layers._images import (
    from_channels_first,
    image_pre_processor,
    image_type,
    to_channels_first,
)


@FAMILY.register(PACKAGE + "BatchNormalization")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BatchNormalization(AbstractFeedForwardLayer):
    """Normalises each feature or channel over the batch (Ioffe & Szegedy, 2015): ``γ (x - μ) /
    sqrt(σ² + eps) + β``.

    In training μ and σ² are those of the batch, at inference running averages.
    Answers to ``org.deeplearning4j.nn.conf.layers.BatchNormalization``.

    Attributes:
        decay: weight of the old value in the running averages.
        eps: added to the variance.
        minibatch: kept for the file; Deeplearning4j's networks train alike with both values.
        gamma, beta: initial values, or with ``lock_gamma_beta`` the fixed ones.
        lock_gamma_beta: γ and β are not parameters.
        use_log_std: the running variance is stored as log10 of the standard deviation.
        exact_lock: apply locked γ and β whatever they are; Deeplearning4j does so only where γ ≠ 1
            and β ≠ 0.
    """

    decay: float = json_field("decay", FLOAT, 0.9)
    eps: float = json_field("eps", FLOAT, 1e-5)
    minibatch: bool = json_field("minibatch", BOOL, True)
    gamma: float = json_field("gamma", FLOAT, 1.0)
    beta: float = json_field("beta", FLOAT, 0.0)
    lock_gamma_beta: bool = json_field("lockGammaBeta", BOOL, False)
    cudnn_allow_fallback: bool = json_field("cudnnAllowFallback", BOOL, True)
    use_log_std: bool = json_field("useLogStd", BOOL, True, missing=False)
    data_format: str = json_field("cnn2DFormat", enum(*CNN2D_FORMATS), "NCHW")
    exact_lock: bool = json_field("exactLock", BOOL, True, quirk=False)

    def with_input_type(self, input_type: InputType, override: bool) -> BatchNormalization:
        """As many outputs as features or channels come in."""
        if isinstance(input_type, (InputTypeConvolutional, InputTypeConvolutional3D)):
            size: int | None = input_type.channels
        else:
            size = feature_size(input_type)
        found: dict[str, Any] = {"n_in": size, "n_out": size}
        if isinstance(input_type, InputTypeConvolutional):
            found["data_format"] = input_type.data_format
        return dataclasses.replace(self, **found)

    def output_type(self, input_type: InputType) -> InputType:
        """The type going in."""
        return input_type

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows that are flattened images become images."""
        if isinstance(input_type, InputTypeConvolutionalFlat):
            return FeedForwardToCnnPreProcessor(
                input_type.height, input_type.width, input_type.depth
            )
        return None

    def parameters(self) -> tuple[Parameter, ...]:
        """``gamma`` and ``beta`` unless locked; ``mean``; ``log10stdev`` or ``var``."""
        shape = (self.n_out,)
        trained = (
            Parameter("gamma", shape, kind="scale", initial=self.gamma),
            Parameter("beta", shape, kind="scale", initial=self.beta),
        )
        spread = ("log10stdev", 0.0) if self.use_log_std else ("var", 1.0)
        statistics = (
            Parameter("mean", shape, kind="statistic", initial=0.0),
            Parameter(spread[0], shape, kind="statistic", initial=spread[1]),
        )
        return statistics if self.lock_gamma_beta else (*trained, *statistics)

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """Arrays of rank 2 to 5, features or channels in dimension 1 (last for NHWC images)."""
        rank = len(x.shape)
        axis = 3 if rank == 4 and self.data_format == "NHWC" else 1
        if x.shape[axis] != self.n_in:
            raise ValueError(
                f"expected {self.n_in} features in dimension {axis}; received shape {tuple(x.shape)}"
            )
        dims = tuple(i for i in range(rank) if i != axis)
        shape = tuple(self.n_in if i == axis else 1 for i in range(rank))
        if context.training:
            mean = nd.ops.mean(x, dims=dims)
            centred = x - nd.ops.reshape(mean, shape=shape)
            variance = nd.ops.mean(centred * centred, dims=dims)
            self._remember(params, mean, variance, context)
        else:
            centred = x - nd.ops.reshape(params["mean"], shape=shape)
            variance = _variance(params)
        normal = centred * nd.ops.reshape(nd.ops.rsqrt(variance + self.eps), shape=shape)
        if not self.lock_gamma_beta:
            return normal * nd.ops.reshape(params["gamma"], shape=shape) + nd.ops.reshape(
                params["beta"], shape=shape
            )
        if self.exact_lock or (self.gamma != 1.0 and self.beta != 0.0):
            return normal * self.gamma + self.beta
        return normal

    def _remember(
        self, params: Mapping[str, Value], mean: Value, variance: Value, context: LayerContext
    ) -> None:
        """The running averages move by what the NoOp updater subtracts: the old value less the new
        one.
        """
        context.update("mean", (params["mean"] - mean) * (1.0 - self.decay))
        old = _variance(params)
        new = old * self.decay + variance * (1.0 - self.decay)
        if self.use_log_std:
            context.update(
                "log10stdev", params["log10stdev"] - nd.ops.log(new) * (0.5 / math.log(10.0))
            )
        else:
            context.update("var", old - new)


def _variance(params: Mapping[str, Value]) -> Value:
    if "var" in params:
        return params["var"]
    return nd.ops.exp(params["log10stdev"] * (2.0 * math.log(10.0)))


@FAMILY.register(PACKAGE + "LocalResponseNormalization")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LocalResponseNormalization(AbstractLayer):
    """Divides by the energy of neighbouring channels: ``x (k + α Σ x²)^-β`` over ``n`` channels
    around each.

    Answers to ``org.deeplearning4j.nn.conf.layers.LocalResponseNormalization``.
    """

    n: float = json_field("n", FLOAT, 5.0)
    k: float = json_field("k", FLOAT, 2.0)
    alpha: float = json_field("alpha", FLOAT, 1e-4)
    beta: float = json_field("beta", FLOAT, 0.75)
    cudnn_allow_fallback: bool = json_field("cudnnAllowFallback", BOOL, True)
    data_format: str = json_field("dataFormat", enum(*CNN2D_FORMATS), "NCHW")
    gradient_normalization: str = json_field(
        "gradientNormalization", enum(*GRADIENT_NORMALIZATIONS), "None"
    )
    gradient_normalization_threshold: float = json_field(
        "gradientNormalizationThreshold", FLOAT, 0.0
    )

    def with_input_type(self, input_type: InputType, override: bool) -> LocalResponseNormalization:
        """Takes the format from the input."""
        return dataclasses.replace(self, data_format=image_type(self, input_type).data_format)

    def output_type(self, input_type: InputType) -> InputType:
        """The type going in."""
        return image_type(self, input_type)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows that are flattened images become images."""
        return image_pre_processor(self, input_type)

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """Images of the same shape."""
        images = to_channels_first(x, self.data_format)
        half = int(self.n) // 2
        n, c, height, width = images.shape
        padded = nd.ops.pad(nd.ops.square(images), before=(0, half, 0, 0), after=(0, half, 0, 0))
        total: Value = None
        for shift in range(2 * half + 1):
            part = nd.ops.slice(padded, begin=(0, shift, 0, 0), end=(n, shift + c, height, width))
            total = part if total is None else total + part
        return from_channels_first(
            images * (total * self.alpha + self.k) ** -self.beta, self.data_format
        )
