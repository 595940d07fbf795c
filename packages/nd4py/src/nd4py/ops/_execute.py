"""Runs a primitive on arrays now: a native kernel where there is one, the NumPy reference otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py._backend import Kernels, ensure_selected
from nd4py._core import NDArray, as_ndarray, from_numpy, full, run_kernel
from nd4py.dtypes import DType

from ._declaration import Op, Spec, encode_attrs
from ._graph_variable import GraphVariable
from ._types import is_scalar, scalar_type

_HALF = (dtypes.float16, dtypes.bfloat16)


def as_value(value: Any) -> Any:
    """An array or graph value to compute with: those as they are, anything else as the NDArray over its memory."""
    return value if isinstance(value, (NDArray, GraphVariable)) else as_ndarray(value)


def spec_of(value: Any) -> Spec:
    """Dtype and shape of an array or graph value."""
    found = value.dtype
    return Spec(found if type(found) is DType else dtypes.dtype(found), tuple(value.shape))


def input_specs(inputs: Sequence[Any], op: Op | None = None) -> list[Spec | None]:
    """Specs of the inputs of one call; Python numbers take their type from the arrays beside them.

    ``op`` says which of the inputs are integral: a number among those is int64 whatever stands beside it.
    """
    specs = [None if x is None or is_scalar(x) else spec_of(x) for x in inputs]
    for i, x in enumerate(inputs):
        if not is_scalar(x):
            continue
        if op is not None and i < len(op.inputs) and op.inputs[i].integral:
            specs[i] = Spec(scalar_type(x, ()), ())
        else:
            beside = [
                s.dtype
                for y, s in zip(inputs, specs, strict=True)
                if s is not None and not is_scalar(y)
            ]
            specs[i] = Spec(scalar_type(x, beside), ())
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
        specs = input_specs(inputs, op)
        outs = infer(op, specs, canonical(op, specs, dict(attrs)))
        values = tuple(_Abstract(s) for s in outs)
        return values if len(values) > 1 else values[0]


def _infer_composed(
    op: Op, specs: Sequence[Spec | None], attrs: Mapping[str, Any]
) -> tuple[Spec, ...]:
    if op.compose is None:
        raise TypeError("the operation has neither a rule nor a decomposition")
    result = op.compose(*(None if s is None else _Abstract(s) for s in specs), **attrs)
    return tuple(spec_of(r) for r in (result if isinstance(result, tuple) else (result,)))


def scalar_array(value: Any, dtype: DType) -> np.ndarray[Any, Any]:
    """A Python number as the NumPy scalar array that a reference body computes with."""
    return np.asarray(value, np.float32 if dtype in _HALF else dtype.numpy)


def to_reference(value: Any, dtype: DType) -> np.ndarray[Any, Any]:
    """What a reference body computes with: a view, or float32 values of a 16-bit floating array."""
    if is_scalar(value):
        return scalar_array(value, dtype)
    array = as_ndarray(value)
    return (array.cast_to(dtypes.float32) if dtype in _HALF else array).numpy()


def from_reference(result: Any, spec: Spec) -> NDArray:
    """An NDArray of the dtype of ``spec`` with the values that a reference body returned."""
    array = np.asarray(result)
    if array.shape != spec.shape:
        raise RuntimeError(
            f"the reference returned shape {array.shape}, its rule said {spec.shape}"
        )
    if spec.dtype.numpy is None:
        return from_numpy(array).cast_to(spec.dtype)
    return from_numpy(array.astype(spec.dtype.numpy, copy=False))


def to_array(value: Any, spec: Spec | None) -> NDArray | None:
    """An input as the NDArray that kernels take."""
    if spec is None:
        return None
    return full((), value, spec.dtype) if is_scalar(value) else as_ndarray(value)


class Prepared:
    """A call that was checked before: its kernel takes arrays of the same dtypes and shapes as they come."""

    __slots__ = ("fixed", "ints", "kernel", "outputs", "reals", "shape", "view")

    def __init__(
        self,
        kernel: str,
        fixed: tuple[tuple[int, NDArray | None], ...],
        outputs: tuple[Spec, ...],
        ints: list[int],
        reals: list[float],
        shape: tuple[int, ...] | None,
        view: Callable[..., NDArray] | None = None,
    ) -> None:
        self.kernel = kernel
        self.fixed = fixed  # inputs that were numbers or None, by position
        self.outputs = outputs
        self.ints = ints
        self.reals = reals
        self.shape = (
            shape  # to which all inputs are expanded first; None where the kernel broadcasts itself
        )
        self.view = view  # of the core, in place of a kernel

    def __call__(self, arrays: list[Any]) -> list[NDArray] | None:
        """All outputs; None where the kernel does not take these layouts."""
        if self.view is not None:
            return [self.view(*arrays)]
        for position, array in self.fixed:
            arrays.insert(position, array)
        if self.shape is not None:
            arrays = [a.broadcast_to(self.shape) for a in arrays]
        return run_kernel(self.kernel, arrays, self.outputs, self.ints, self.reals)


def run(op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """All outputs of a primitive on arrays and Python numbers, hidden ones included.

    ``attrs`` need not be canonical.
    """
    return execute(op, inputs, attrs)[0]


def execute(
    op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], Prepared | None]:
    """`run`, and what repeats the call on arrays of the same dtypes and shapes; None where NumPy has to do it."""
    if not Kernels.selected:
        ensure_selected()
    inputs = [x if x is None or is_scalar(x) else as_ndarray(x) for x in inputs]
    specs = input_specs(inputs, op)
    attrs = canonical(op, specs, dict(attrs))
    outs = infer(op, specs, attrs)
    plan = _prepare(op, inputs, specs, attrs, outs)
    if plan is not None:
        found = plan([x for x in inputs if type(x) is NDArray])
        if found is not None:
            return tuple(found), plan
    if op.reference is None:
        raise TypeError(f"{op.name}: a composed operation has no reference of its own")
    values = [
        None if s is None else to_reference(x, s.dtype) for x, s in zip(inputs, specs, strict=True)
    ]
    with np.errstate(all="ignore"):
        result = op.reference(*values, **attrs)
    results = result if len(outs) > 1 else (result,)
    return tuple(from_reference(r, s) for r, s in zip(results, outs, strict=True)), None


def _prepare(
    op: Op,
    inputs: Sequence[Any],
    specs: Sequence[Spec | None],
    attrs: dict[str, Any],
    outs: tuple[Spec, ...],
) -> Prepared | None:
    if op.direct is not None:
        arrays = all(type(x) is NDArray for x in inputs)
        return Prepared("", (), outs, [], [], None, partial(op.direct, **attrs)) if arrays else None
    fixed = tuple(
        (i, to_array(x, s))
        for i, (x, s) in enumerate(zip(inputs, specs, strict=True))
        if type(x) is not NDArray
    )
    if op.name in Kernels.names:
        return Prepared(op.name, fixed, outs, *encode_attrs(op, attrs), None)
    if op.lowering is not None and outs[0].dtype.is_floating:
        kernel, ints, reals = op.lowering(attrs)
        if kernel in Kernels.names:
            return Prepared(kernel, fixed, outs, ints, reals, outs[0].shape)
    return None


__all__ = [
    "as_value",
    "canonical",
    "encode_attrs",
    "execute",
    "infer",
    "input_specs",
    "run",
    "spec_of",
]
