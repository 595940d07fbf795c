"""Normalizers: fitted on data, applied to batches, saved in Deeplearning4j's file form."""

from __future__ import annotations

from ._files import load as load
from ._image import ImageMultiPreProcessingScaler as ImageMultiPreProcessingScaler
from ._image import ImagePreProcessingScaler as ImagePreProcessingScaler
from ._image import VGG16ImagePreProcessor as VGG16ImagePreProcessor
from ._multi import MultiNormalizerHybrid as MultiNormalizerHybrid
from ._multi import MultiNormalizerMinMaxScaler as MultiNormalizerMinMaxScaler
from ._multi import MultiNormalizerStandardize as MultiNormalizerStandardize
from ._single import AbstractNormalizer as AbstractNormalizer
from ._single import NormalizerMinMaxScaler as NormalizerMinMaxScaler
from ._single import NormalizerStandardize as NormalizerStandardize
from ._strategies import MinMaxStrategy as MinMaxStrategy
from ._strategies import StandardizeStrategy as StandardizeStrategy
