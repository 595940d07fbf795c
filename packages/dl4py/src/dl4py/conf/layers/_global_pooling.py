"""Pooling over everything but examples and channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nd4py as nd
from dl4py.conf._inputs import (
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from dl4py.conf._json import BOOL, INT, enum, ints, json_field
from dl4py.conf._preprocessors import (
    AbstractPreProcessor,
    FeedForwardToCnnPreProcessor,
    FeedForwardToRnnPreProcessor,
)
from dl4py.conf.layers._base import FAMILY, PACKAGE, AbstractNoParamLayer, LayerContext, Value
from dl4py.conf.layers._images import refused
from dl4py.conf.layers._subsampling import POOLING_TYPES

_MASKED = -1e30  # lower than any activation, and finite in float32


@FAMILY.register(PACKAGE + "GlobalPoolingLayer")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GlobalPoolingLayer(AbstractNoParamLayer):
    """Largest value, mean, sum or p-norm over time steps or pixels; masked ones do not count.

    Answers to ``org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer``.
    """

    pooling_type: str = json_field("poolingType", enum(*POOLING_TYPES), "MAX")
    pooling_dimensions: tuple[int, ...] | None = json_field("poolingDimensions", ints(None))
    pnorm: int = json_field("pnorm", INT, 2)
    collapse_dimensions: bool = json_field("collapseDimensions", BOOL, True)

    def check(self) -> None:
        """A p-norm has its p."""
        if self.pnorm < 1:
            raise self.fail(f"pnorm must be > 0; received {self.pnorm}")

    def with_input_type(self, input_type: InputType, override: bool) -> GlobalPoolingLayer:
        """Takes the dimensions of images from the input."""
        if isinstance(input_type, InputTypeConvolutional):
            dims = (2, 3) if input_type.data_format == "NCHW" else (1, 2)
            return dataclasses.replace(self, pooling_dimensions=dims)
        return self

    def output_type(self, input_type: InputType) -> InputType:
        """Rows of one number per channel; a series keeps its type, which is what Deeplearning4j
        says.
        """
        if isinstance(input_type, (InputTypeConvolutional, InputTypeConvolutional3D)):
            if self.collapse_dimensions:
                return InputTypeFeedForward(input_type.channels)
            if isinstance(input_type, InputTypeConvolutional):
                return dataclasses.replace(input_type, height=1, width=1)
            return dataclasses.replace(input_type, depth=1, height=1, width=1)
        if isinstance(input_type, InputTypeConvolutionalFlat):
            return InputTypeFeedForward(input_type.depth)
        if isinstance(input_type, InputTypeRecurrent):
            return input_type
        raise refused(self, input_type)

    def pre_processor_for(self, input_type: InputType) -> AbstractPreProcessor | None:
        """Rows become series of one step, flattened images become images."""
        if isinstance(input_type, InputTypeConvolutionalFlat):
            return FeedForwardToCnnPreProcessor(
                input_type.height, input_type.width, input_type.depth
            )
        if isinstance(input_type, InputTypeFeedForward):
            return FeedForwardToRnnPreProcessor("NCW")
        return None

    def forward(self, x: Value, params: Mapping[str, Value], context: LayerContext) -> Value:
        """``[n, c, ...]`` to ``[n, c]``, or with ones for the pooled dimensions."""
        rank = len(x.shape)
        if rank not in (3, 4, 5):
            raise ValueError(
                f"expected an input of rank 3, 4 or 5; received shape {tuple(x.shape)}"
            )
        dims = self.pooling_dimensions or tuple(range(2, rank))
        mask = _as_wide_as(context.mask, x, dims)
        return self._pool(x, dims, mask)

    def _pool(self, x: Value, dims: tuple[int, ...], mask: Any) -> Value:
        keep = not self.collapse_dimensions
        if self.pooling_type == "MAX":
            seen = x if mask is None else nd.ops.where(nd.ops.gt(mask, 0.0), x, _MASKED)
            return nd.ops.max(seen, dims=dims, keep_dims=keep)
        seen = x if mask is None else x * mask
        if self.pooling_type == "PNORM":
            powers = nd.ops.sum(nd.ops.abs(seen) ** float(self.pnorm), dims=dims, keep_dims=keep)
            return powers ** (1.0 / self.pnorm)
        if self.pooling_type == "SUM" or mask is not None:
            total = nd.ops.sum(seen, dims=dims, keep_dims=keep)
            return (
                total
                if self.pooling_type == "SUM"
                else total / nd.ops.sum(mask, dims=dims, keep_dims=keep)
            )
        return nd.ops.mean(x, dims=dims, keep_dims=keep)

    def mask_after(self, mask: Value | None) -> Value | None:
        """None: what was masked is pooled away."""
        return None


def _as_wide_as(mask: Any, x: Value, dims: tuple[int, ...]) -> Any:
    """A mask ``[n, T]`` or ``[n, 1, h, w]`` with the rank of the activations."""
    if mask is None or len(mask.shape) == len(x.shape):
        return mask
    if len(x.shape) == 3 and len(mask.shape) == 2:
        shape = (
            (mask.shape[0], 1, mask.shape[1]) if dims == (2,) else (mask.shape[0], mask.shape[1], 1)
        )
        return nd.ops.reshape(mask, shape=shape)
    raise ValueError(
        f"a mask of shape {tuple(mask.shape)} does not fit activations {tuple(x.shape)}"
    )
