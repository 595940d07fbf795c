"""Constant folding, algebraic identities and common subexpressions, in one sweep in program order.

None of it knows an operation: folding runs the reference body, identities are found by trying them on probe values
once, and equality is that of operation, inputs and attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from nd4py.dtypes import DType
from nd4py.ops._declaration import Op, Spec, Trait

from .._ir import Leaf, Node, Program, Value, pure
from .._reference import evaluate
from .._strides import contiguous_strides

# A folded constant larger than this is only kept when it is not larger than what it was computed from.
_FOLD_LIMIT = 1 << 16

_UNIT = (-1.0, -2.75, -0.5, -0.0, 0.0, 1e-30, 0.3, 1.0, 2.5, 7.125, 3e30)
_PROBES = {
    "float": np.array([*_UNIT, np.inf, -np.inf, np.nan]),
    "int": np.array([-128, -7, -1, 0, 1, 2, 3, 127]),
    "uint": np.array([0, 1, 2, 3, 127, 255]),
    "bool": np.array([False, True]),
}


def simplify(program: Program) -> None:
    """Folds constants, drops operations that return an input unchanged, and merges equal ones."""
    current: dict[Value, Value] = {}
    seen: dict[Any, tuple[Value, ...]] = {}
    uniforms: dict[Any, Value] = {}
    kept: list[Node] = []
    for node in program.nodes:
        node.inputs = tuple(v if v is None else current.get(v, v) for v in node.inputs)
        if pure(node):
            made = _folded(node, uniforms) or _unchanged(node)
            if made is None:
                key = _key(node)
                made = seen.get(key)
                if made is None:
                    seen[key] = node.outputs
            if made is not None:
                current.update(zip(node.outputs, made, strict=True))
                continue
        kept.append(node)
    program.nodes = kept
    program.replace_roots(current)


def _key(node: Node) -> Any:
    inputs = [id(v) for v in node.inputs]
    if node.op.has(Trait.COMMUTATIVE):
        inputs.sort()
    return (node.op, *inputs, *node.attrs.values())


# ----------------------------------------------------------------------------------------------------------- folding


def _folded(node: Node, uniforms: dict[Any, Value]) -> tuple[Value, ...] | None:
    inputs = [v for v in node.inputs if v is not None]
    if not all(v.leaf is Leaf.CONSTANT for v in inputs) or not inputs:
        return None
    if len(node.outputs) == 1 and all(v.uniform for v in inputs):
        value = node.outputs[0]
        if node.op.has(Trait.ELEMENTWISE):
            single = [None if v is None else _first(v.array) for v in node.inputs]
            number = np.asarray(evaluate(node.op, single, node.attrs, (Spec(value.dtype, ()),))[0])
            return (_uniform(value, number, uniforms),)
        if node.op.has(Trait.VIEW):
            return (_uniform(value, _first(inputs[0].array), uniforms),)
    size = sum(v.array.size for v in inputs)
    if sum(_count(v.shape) for v in node.outputs) > max(_FOLD_LIMIT, size):
        return None
    arrays = evaluate(
        node.op,
        [None if v is None else v.array for v in node.inputs],
        node.attrs,
        [v.spec for v in node.outputs],
    )
    return tuple(
        Value(v.graph, v.spec, Leaf.CONSTANT, v.label, np.asarray(a))
        for v, a in zip(node.outputs, arrays, strict=True)
    )


def _first(array: Any) -> Any:
    return array[(0,) * array.ndim]


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for n in shape:
        count *= n
    return count


def _uniform(value: Value, number: Any, uniforms: dict[Any, Value]) -> Value:
    array = np.asarray(number, value.dtype.numpy)
    key = (value.dtype, value.shape, array.tobytes())
    found = uniforms.get(key)
    if found is None:
        stored = np.broadcast_to(array, value.shape)
        found = Value(value.graph, value.spec, Leaf.CONSTANT, repr(array[()]), stored)
        uniforms[key] = found
    return found


# --------------------------------------------------------------------------------------------------------- identities


def _unchanged(node: Node) -> tuple[Value, ...] | None:
    """The input that the node returns unchanged, if there is one."""
    op, outputs = node.op, node.outputs
    if len(outputs) != 1 or not node.inputs or len(node.inputs) > 2:
        return None
    spec = outputs[0].spec
    first = node.inputs[0]
    if op.has(Trait.VIEW):
        if first is not None and first.spec == spec and _same_memory(op, spec, node.attrs):
            return (first,)
        return None
    if not op.has(Trait.ELEMENTWISE):
        return None
    if len(node.inputs) == 1:
        if (
            first is not None
            and first.spec == spec
            and _returns(op, _frozen(node.attrs), spec.dtype, 0, None)
        ):
            return (first,)
        return None
    for place, other in ((0, 1), (1, 0)):
        value, constant = node.inputs[place], node.inputs[other]
        if value is None or constant is None or value.spec != spec or not constant.uniform:
            continue
        number = _first(constant.array)
        if constant.dtype is spec.dtype and _returns(
            op, _frozen(node.attrs), spec.dtype, place, number.item()
        ):
            return (value,)
    return None


def _frozen(attrs: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(attrs.items())


def _same_memory(op: Op, spec: Spec, attrs: Mapping[str, Any]) -> bool:
    view: Callable[..., Any] | None = op.view
    if view is None:
        return False
    strides = contiguous_strides(spec.shape)
    return bool(view(spec, strides, 0, attrs) == (strides, 0))


@lru_cache(maxsize=1024)
def _returns(
    op: Op, attrs: tuple[tuple[str, Any], ...], dtype: DType, place: int, number: Any
) -> bool:
    """Whether an elementwise operation gives back its input ``place``, tried on values that would show it."""
    if dtype.numpy is None or dtype.kind not in _PROBES:
        return False
    if number is not None and number != number:
        return False
    probes = _PROBES[dtype.kind].astype(dtype.numpy)
    inputs = [probes]
    if number is not None:
        inputs.insert(1 - place, np.asarray(number, dtype.numpy))
    (result,) = evaluate(op, inputs, dict(attrs), (Spec(dtype, probes.shape),))
    return bool(np.array_equal(result, probes, equal_nan=dtype.kind == "float"))
