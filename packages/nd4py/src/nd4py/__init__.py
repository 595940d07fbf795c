"""N-dimensional arrays and operations on kernels chosen per install.

>>> import nd4py as nd
>>> (nd.array([1.0, 2.0]) + 1).tolist()
[2.0, 3.0]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import _core, dtypes

_core.register_dtypes(dtypes.ALL, dtypes.dtype)

from . import _ndarray_methods, _reference  # noqa: E402  # they need the dtypes registered

_ndarray_methods.attach()
_reference.install()

from ._core import NDArray, result_type  # noqa: E402
from ._creation import (  # noqa: E402
    arange,
    array,
    asarray,
    empty,
    empty_like,
    eye,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    linspace,
    meshgrid,
    ones,
    ones_like,
    scalar,
    zeros,
    zeros_like,
)
from ._version import __version__  # noqa: E402
from .dtypes import (  # noqa: E402
    DType,
    bfloat16,
    bool_,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    utf8,
)
from .indexing import NDArrayIndex  # noqa: E402

if TYPE_CHECKING:  # at run time these arrive on first use: see __getattr__
    from . import activations as activations
    from . import base as base
    from . import bitwise as bitwise
    from . import cnn as cnn
    from . import data as data
    from . import evaluation as evaluation
    from . import formats as formats
    from . import linalg as linalg
    from . import loss as loss
    from . import losses as losses
    from . import math as math
    from . import nn as nn
    from . import normalizers as normalizers
    from . import ops as ops
    from . import random as random
    from . import regularization as regularization
    from . import schedules as schedules
    from . import updaters as updaters
    from . import weights as weights
    from ._backend import BackendInfo as BackendInfo
    from ._backend import BackendUnavailableError as BackendUnavailableError
    from ._backend import backend_info as backend_info
    from ._backend import get_num_threads as get_num_threads
    from ._backend import set_num_threads as set_num_threads
    from ._backend import use_backend as use_backend
    from ._top_level import *  # noqa: F403

__all__ = [
    "DType",
    "NDArray",
    "NDArrayIndex",
    "__version__",
    "arange",
    "array",
    "asarray",
    "bfloat16",
    "bool_",
    "complex64",
    "complex128",
    "dtypes",
    "empty",
    "empty_like",
    "eye",
    "float16",
    "float32",
    "float64",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "int8",
    "int16",
    "int32",
    "int64",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "result_type",
    "scalar",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "utf8",
    "zeros",
    "zeros_like",
]


# What is imported on first use: subpackages, the backend's controls, and operations at top level.
_MODULES = frozenset(
    {
        "activations",
        "base",
        "bitwise",
        "cnn",
        "data",
        "evaluation",
        "formats",
        "linalg",
        "loss",
        "losses",
        "math",
        "nn",
        "normalizers",
        "ops",
        "random",
        "regularization",
        "schedules",
        "updaters",
        "weights",
    }
)
_BACKEND = frozenset(
    {
        "BackendInfo",
        "BackendUnavailableError",
        "backend_info",
        "get_num_threads",
        "set_num_threads",
        "use_backend",
    }
)


def __getattr__(name: str) -> Any:
    if name.startswith("_"):  # also what `from . import _module` asks for first
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _BACKEND:
        from . import _backend

        found = getattr(_backend, name)
    else:
        from ._top_level import top_level

        try:
            found = top_level()[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    from ._top_level import top_level

    return sorted({*globals(), *_MODULES, *_BACKEND, *top_level()})
