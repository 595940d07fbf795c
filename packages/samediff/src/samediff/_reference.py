"""Runs operations on NumPy arrays by their reference bodies: constant folding, the interpreter and plan fallbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py.ops._declaration import Op, Spec


def evaluate(
    op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any], specs: Sequence[Spec]
) -> tuple[Any, ...]:
    """All outputs of a primitive (hidden ones included), as NumPy arrays of the dtypes and shapes ``specs``."""
    if op.reference is None:
        raise TypeError(f"{op.name}: a composed operation has no reference of its own")
    arrays = [None if x is None else _carried(np.asarray(x)) for x in inputs]
    with np.errstate(all="ignore"):
        result = op.reference(*arrays, **attrs)
    results = result if len(specs) > 1 else (result,)
    return tuple(_shaped(op, r, s) for r, s in zip(results, specs, strict=True))


def _carried(array: Any) -> Any:
    # References compute half precision in single, as the kernels do.
    return array.astype(np.float32) if array.dtype == dtypes.float16.numpy else array


def _shaped(op: Op, result: Any, spec: Spec) -> Any:
    array = np.asarray(result)
    if array.shape != spec.shape:
        raise RuntimeError(
            f"{op.name}: the reference returned shape {array.shape}, the operation's rule says {spec.shape}"
        )
    return array.astype(spec.dtype.numpy, copy=False)
