"""Layer configurations: one class per Deeplearning4j class.

A module is imported when one of its names is first asked for, or when a file names a class that is
not there yet.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from dl4py._layer_modules import LAYER_MODULES
from dl4py.conf.layers._base import FAMILY as _FAMILY
from dl4py.conf.layers._base import AbstractBaseLayer as AbstractBaseLayer
from dl4py.conf.layers._base import AbstractFeedForwardLayer as AbstractFeedForwardLayer
from dl4py.conf.layers._base import AbstractLayer as AbstractLayer
from dl4py.conf.layers._base import AbstractNoParamLayer as AbstractNoParamLayer
from dl4py.conf.layers._base import LayerContext as LayerContext
from dl4py.conf.layers._base import Parameter as Parameter
from dl4py.conf.layers._dense import DenseLayer as DenseLayer
from dl4py.conf.layers._output import AbstractOutputLayer as AbstractOutputLayer
from dl4py.conf.layers._output import LossLayer as LossLayer
from dl4py.conf.layers._output import OutputLayer as OutputLayer
from nd4py._lazy import on_first_use


def _load_all() -> None:
    for module in LAYER_MODULES:
        import_module(f"dl4py.conf.layers.{module}")


_FAMILY.load_all = _load_all

if TYPE_CHECKING:
    from dl4py.conf.layers._activation import ActivationLayer as ActivationLayer
    from dl4py.conf.layers._activation import DropoutLayer as DropoutLayer
    from dl4py.conf.layers._convolution import Convolution2D as Convolution2D
    from dl4py.conf.layers._convolution import ConvolutionLayer as ConvolutionLayer
    from dl4py.conf.layers._elementwise import (
        ElementWiseMultiplicationLayer as ElementWiseMultiplicationLayer,
    )
    from dl4py.conf.layers._elementwise import PReLULayer as PReLULayer
    from dl4py.conf.layers._elementwise import RepeatVector as RepeatVector
    from dl4py.conf.layers._embedding import EmbeddingLayer as EmbeddingLayer
    from dl4py.conf.layers._embedding import EmbeddingSequenceLayer as EmbeddingSequenceLayer
    from dl4py.conf.layers._global_pooling import GlobalPoolingLayer as GlobalPoolingLayer
    from dl4py.conf.layers._normalization import BatchNormalization as BatchNormalization
    from dl4py.conf.layers._normalization import (
        LocalResponseNormalization as LocalResponseNormalization,
    )
    from dl4py.conf.layers._other_convolutions import Deconvolution2D as Deconvolution2D
    from dl4py.conf.layers._other_convolutions import (
        DepthwiseConvolution2D as DepthwiseConvolution2D,
    )
    from dl4py.conf.layers._other_convolutions import (
        SeparableConvolution2D as SeparableConvolution2D,
    )
    from dl4py.conf.layers._resizing import Cropping2D as Cropping2D
    from dl4py.conf.layers._resizing import SpaceToBatchLayer as SpaceToBatchLayer
    from dl4py.conf.layers._resizing import SpaceToDepthLayer as SpaceToDepthLayer
    from dl4py.conf.layers._resizing import Upsampling2D as Upsampling2D
    from dl4py.conf.layers._resizing import ZeroPaddingLayer as ZeroPaddingLayer
    from dl4py.conf.layers._series_output import Cnn3DLossLayer as Cnn3DLossLayer
    from dl4py.conf.layers._series_output import CnnLossLayer as CnnLossLayer
    from dl4py.conf.layers._series_output import RnnLossLayer as RnnLossLayer
    from dl4py.conf.layers._series_output import RnnOutputLayer as RnnOutputLayer
    from dl4py.conf.layers._subsampling import Pooling2D as Pooling2D
    from dl4py.conf.layers._subsampling import SubsamplingLayer as SubsamplingLayer
    from dl4py.conf.layers._time import Convolution1D as Convolution1D
    from dl4py.conf.layers._time import Convolution1DLayer as Convolution1DLayer
    from dl4py.conf.layers._time import Cropping1D as Cropping1D
    from dl4py.conf.layers._time import Pooling1D as Pooling1D
    from dl4py.conf.layers._time import Subsampling1DLayer as Subsampling1DLayer
    from dl4py.conf.layers._time import Upsampling1D as Upsampling1D
    from dl4py.conf.layers._time import ZeroPadding1DLayer as ZeroPadding1DLayer
    from dl4py.conf.layers._volumes import Convolution3D as Convolution3D
    from dl4py.conf.layers._volumes import Cropping3D as Cropping3D
    from dl4py.conf.layers._volumes import Subsampling3DLayer as Subsampling3DLayer
    from dl4py.conf.layers._volumes import Upsampling3D as Upsampling3D
    from dl4py.conf.layers._volumes import ZeroPadding3DLayer as ZeroPadding3DLayer
    from dl4py.conf.layers._wrappers import FrozenLayer as FrozenLayer
    from dl4py.conf.layers._wrappers import FrozenLayerWithBackprop as FrozenLayerWithBackprop
    from dl4py.conf.layers._wrappers import MaskLayer as MaskLayer

__getattr__, __dir__, __all__ = on_first_use(
    __name__,
    {f".{module}": names for module, names in LAYER_MODULES.items()},
    at_once=(
        "AbstractBaseLayer",
        "AbstractFeedForwardLayer",
        "AbstractLayer",
        "AbstractNoParamLayer",
        "AbstractOutputLayer",
        "LayerContext",
        "Parameter",
    ),
)
