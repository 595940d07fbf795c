"""Runs a primitive on arrays now: a native kernel where there is one, the NumPy reference otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py.dtypes import DType

from ._declaration import Op, Spec, encode_attrs
from ._graph_variable import GraphVariable
from ._types import is_scalar, scalar_type

_HALF = (dtypes.float16, dtypes.bfloat16)


def spec_of(value: Any) -> Spec:
    """Dtype and shape of an array or graph value."""
    found = value.dtype
    return Spec(found if type(found) is DType else dtypes.dtype(found), tuple(value.shape))


def input_specs(inputs: Sequence[Any]) -> list[Spec | None]:
    """Specs of the inputs of one call; Python numbers take their type from the arrays beside them."""
    specs = [None if x is None or is_scalar(x) else spec_of(x) for x in inputs]
    if any(is_scalar(x) for x in inputs):
        beside = [s.dtype for s in specs if s is not None]
        specs = [Spec(scalar_type(x, beside), ()) if is_scalar(x) else s for x, s in zip(inputs, specs, strict=True)]
    return specs


def infer(op: Op, specs: Sequence[Spec | None], attrs: Mapping[str, Any]) -> tuple[Spec, ...]:
    """Dtypes and shapes of the outputs; ``attrs`` are canonical.

    Raises:
        TypeError, ValueError: the inputs do not fit the operation; the message starts with its name.
    """
    try:
        if op.infer is None:
            return _infer_composed(op, specs, attrs)
        return tuple(op.infer(specs, attrs))
    except (TypeError, ValueError) as error:
        if str(error).startswith(op.name + ":"):
            raise
        raise type(error)(f"{op.name}: {error}") from None


def canonical(op: Op, specs: Sequence[Spec | None], attrs: dict[str, Any]) -> dict[str, Any]:
    """Attributes in the form that rules, kernels and saved graphs see."""
    if op.canonical is None:
        return attrs
    try:
        return op.canonical(specs, attrs)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{op.name}: {error}") from None


class _Abstract(GraphVariable):
    """A value of which only dtype and shape exist: a decomposition is run on these to learn its results."""

    __slots__ = ("_spec",)

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    @property
    def shape(self) -> tuple[int, ...]:
        return self._spec.shape

    @property
    def dtype(self) -> DType:
        return self._spec.dtype

    def _record(self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        specs = input_specs(inputs)
        outs = infer(op, specs, canonical(op, specs, dict(attrs)))
        values = tuple(_Abstract(s) for s in outs)
        return values if len(values) > 1 else values[0]


def _infer_composed(op: Op, specs: Sequence[Spec | None], attrs: Mapping[str, Any]) -> tuple[Spec, ...]:
    assert op.compose is not None
    result = op.compose(*(None if s is None else _Abstract(s) for s in specs), **attrs)
    return tuple(spec_of(r) for r in (result if isinstance(result, tuple) else (result,)))


def to_reference(value: Any, dtype: DType) -> Any:
    """The NumPy array that a reference body computes with: a view, or float32 values of a 16-bit floating array."""
    if is_scalar(value):
        return scalar_array(value, dtype)
    array = np.asarray(value)
    if dtype is dtypes.float16:
        return array.astype(np.float32)
    return array


def from_reference(result: Any, spec: Spec) -> Any:
    """An NDArray with the values that a reference body returned."""
    array = np.asarray(result)
    if array.shape != spec.shape:
        raise RuntimeError(f"the reference returned shape {array.shape}, its rule said {spec.shape}")
    return array.astype(spec.dtype.numpy, copy=False)


def scalar_array(value: Any, dtype: DType) -> Any:
    """A Python number as a NumPy scalar array that carries ``dtype`` in computations."""
    return np.asarray(value, np.float32 if dtype in _HALF else dtype.numpy)


def run(op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """All outputs of a primitive on arrays and Python numbers, hidden ones included; ``attrs`` need not be canonical."""
    specs = input_specs(inputs)
    attrs = canonical(op, specs, dict(attrs))
    outs = infer(op, specs, attrs)
    assert op.reference is not None
    arrays = [None if s is None else to_reference(x, s.dtype) for x, s in zip(inputs, specs, strict=True)]
    with np.errstate(all="ignore"):
        result = op.reference(*arrays, **attrs)
    results = result if len(outs) > 1 else (result,)
    return tuple(from_reference(r, s) for r, s in zip(results, outs, strict=True))


__all__ = ["canonical", "encode_attrs", "infer", "input_specs", "run", "spec_of"]
