"""Batches and what runs over them: DataSet, MultiDataSet, iterators, data set preprocessors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._java_random import JavaRandom as JavaRandom
from .._lazy import on_first_use
from ._dataset import DataSet as DataSet
from ._dataset import SplitTestAndTrain as SplitTestAndTrain
from ._iterator import DataSetIterator as DataSetIterator
from ._iterator import MultiDataSetIterator as MultiDataSetIterator
from ._iterator import Preprocessor as Preprocessor
from ._multi_dataset import MultiDataSet as MultiDataSet

if TYPE_CHECKING:
    from ..formats._java_objects import JavaObject as JavaObject
    from ._async import AsyncDataSetIterator as AsyncDataSetIterator
    from ._async import AsyncMultiDataSetIterator as AsyncMultiDataSetIterator
    from ._file_iterators import (
        ExistingMiniBatchDataSetIterator as ExistingMiniBatchDataSetIterator,
    )
    from ._file_iterators import FileDataSetIterator as FileDataSetIterator
    from ._file_iterators import FileMultiDataSetIterator as FileMultiDataSetIterator
    from ._file_iterators import MiniBatchFileDataSetIterator as MiniBatchFileDataSetIterator
    from ._in_memory import ArrayDataSetIterator as ArrayDataSetIterator
    from ._in_memory import ExistingDataSetIterator as ExistingDataSetIterator
    from ._in_memory import ExistingMultiDataSetIterator as ExistingMultiDataSetIterator
    from ._in_memory import IteratorDataSetIterator as IteratorDataSetIterator
    from ._in_memory import IteratorMultiDataSetIterator as IteratorMultiDataSetIterator
    from ._in_memory import ListDataSetIterator as ListDataSetIterator
    from ._in_memory import SamplingDataSetIterator as SamplingDataSetIterator
    from ._in_memory import SingletonDataSetIterator as SingletonDataSetIterator
    from ._in_memory import ViewIterator as ViewIterator
    from ._preprocessors import CombinedPreProcessor as CombinedPreProcessor
    from ._preprocessors import CropAndResizeDataSetPreProcessor as CropAndResizeDataSetPreProcessor
    from ._preprocessors import (
        ImageFlatteningDataSetPreProcessor as ImageFlatteningDataSetPreProcessor,
    )
    from ._preprocessors import LabelLastTimeStepPreProcessor as LabelLastTimeStepPreProcessor
    from ._preprocessors import PermuteDataSetPreProcessor as PermuteDataSetPreProcessor
    from ._preprocessors import (
        RGBtoGrayscaleDataSetPreProcessor as RGBtoGrayscaleDataSetPreProcessor,
    )
    from ._wrappers import AsyncShieldDataSetIterator as AsyncShieldDataSetIterator
    from ._wrappers import BenchmarkDataSetIterator as BenchmarkDataSetIterator
    from ._wrappers import DataSetIteratorSplitter as DataSetIteratorSplitter
    from ._wrappers import EarlyTerminationDataSetIterator as EarlyTerminationDataSetIterator
    from ._wrappers import (
        EarlyTerminationMultiDataSetIterator as EarlyTerminationMultiDataSetIterator,
    )
    from ._wrappers import JointMultiDataSetIterator as JointMultiDataSetIterator
    from ._wrappers import KFoldIterator as KFoldIterator
    from ._wrappers import MultiDataSetIteratorAdapter as MultiDataSetIteratorAdapter
    from ._wrappers import MultiDataSetWrapperIterator as MultiDataSetWrapperIterator
    from ._wrappers import MultipleEpochsIterator as MultipleEpochsIterator
    from ._wrappers import ReconstructionDataSetIterator as ReconstructionDataSetIterator

__getattr__, __dir__, __all__ = on_first_use(
    __name__,
    {
        "._async": (
            "AsyncDataSetIterator",
            "AsyncMultiDataSetIterator",
        ),
        "._file_iterators": (
            "ExistingMiniBatchDataSetIterator",
            "FileDataSetIterator",
            "FileMultiDataSetIterator",
            "MiniBatchFileDataSetIterator",
        ),
        "._in_memory": (
            "ArrayDataSetIterator",
            "ExistingDataSetIterator",
            "ExistingMultiDataSetIterator",
            "IteratorDataSetIterator",
            "IteratorMultiDataSetIterator",
            "ListDataSetIterator",
            "SamplingDataSetIterator",
            "SingletonDataSetIterator",
            "ViewIterator",
        ),
        "._preprocessors": (
            "CombinedPreProcessor",
            "CropAndResizeDataSetPreProcessor",
            "ImageFlatteningDataSetPreProcessor",
            "LabelLastTimeStepPreProcessor",
            "PermuteDataSetPreProcessor",
            "RGBtoGrayscaleDataSetPreProcessor",
        ),
        "._wrappers": (
            "AsyncShieldDataSetIterator",
            "BenchmarkDataSetIterator",
            "DataSetIteratorSplitter",
            "EarlyTerminationDataSetIterator",
            "EarlyTerminationMultiDataSetIterator",
            "JointMultiDataSetIterator",
            "KFoldIterator",
            "MultiDataSetIteratorAdapter",
            "MultiDataSetWrapperIterator",
            "MultipleEpochsIterator",
            "ReconstructionDataSetIterator",
        ),
        "..formats._java_objects": ("JavaObject",),
    },
    at_once=(
        "DataSet",
        "DataSetIterator",
        "JavaRandom",
        "MultiDataSet",
        "MultiDataSetIterator",
        "Preprocessor",
        "SplitTestAndTrain",
    ),
)
