"""From an optimised program to an executable plan.

Native lowering walks the nodes in order. A view of memory becomes an alias; where strides cannot express it, a copy.
A gradient is written into its place in the flat gradient vector by the step that makes it, where that step can. What
has no native kernel becomes a Python step that runs the operation's reference, and ``explain()`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nd4py._arrays import from_numpy, to_numpy
from nd4py.ops._declaration import Trait, encode_attrs

from ._fused_program import assemble
from ._interpreter import InterpretedPlan, execute, read
from ._ir import Effect, Leaf, Node, Program, Value
from ._native import plan_builder
from ._plans import Plan
from ._reference import evaluate
from ._strides import broadcast_strides, contiguous_strides, element_strides

Ints = tuple[int, ...]


def lower(program: Program, *, check_numerics: bool = False) -> Plan:
    """A native plan where a native backend is active, else one on the reference interpreter."""
    builder = plan_builder(check_numerics=check_numerics)
    if builder is None:
        return InterpretedPlan(program, check_numerics=check_numerics)
    return _Lowering(program, builder).plan()


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a value lies: a buffer of the builder, and how it is seen in ``base``."""

    buffer: int
    base: int
    strides: Ints
    offset: int  # elements into ``base``
    fixed: bool = False  # memory that effects may change
    own: bool = False  # a temporary of the plan, seen whole


class _Lowering:
    def __init__(self, program: Program, builder: Any):
        self._program = program
        self._b = builder
        self._places: dict[Value, _Place] = {}
        self._arrays: dict[int, int] = {}
        self._keep: list[Any] = []
        self._direct: dict[Value, tuple[Any, Ints]] = {}  # memory that a value is written into
        self._written: set[int] = set()  # targets (by position) that need no copy

    def plan(self) -> Plan:
        program, b = self._program, self._b
        for v in program.inputs:
            self._dense(v, b.input(v.dtype.code, v.shape))
        for v in program.scalars:
            self._dense(v, b.scalar(v.dtype.code))
        self._choose_direct()
        for node in program.nodes:
            b.label(_described(node))
            self._node(node)
        self._targets()
        outputs = [self._saved(v) for v in program.outputs]
        returned: set[int] = set()
        for effect in program.effects:
            b.label(effect.origin)
            self._effect(effect)
        b.label("output")
        for value, saved in zip(program.outputs, outputs, strict=True):
            buffer = self._owned(value, returned) if saved is None else saved
            returned.add(buffer)
            b.output(buffer)
        plan: Plan = b.build()
        return plan

    # ---------------------------------------------------------------------------------------------------- places

    def _dense(self, value: Value, buffer: int, *, own: bool = False) -> _Place:
        place = _Place(buffer, buffer, contiguous_strides(value.shape), 0, own=own)
        self._places[value] = place
        return place

    def _place(self, value: Value) -> _Place:
        place = self._places.get(value)
        if place is not None:
            return place
        if value.leaf is Leaf.VARIABLE:
            buffer = self._array(value.array)
            place = _Place(buffer, buffer, element_strides(to_numpy(value.array)), 0, fixed=True)
        elif value.uniform:
            number = np.array(value.array[(0,) * value.array.ndim])
            base = self._b.array(from_numpy(number), True)
            strides = (0,) * len(value.shape)
            buffer = self._b.view(base, value.shape, strides, 0) if value.shape else base
            place = _Place(buffer, base, strides, 0)
        else:
            if value.leaf is not Leaf.CONSTANT:
                raise LookupError(f"{value!r} is read before it is made")
            array = np.ascontiguousarray(value.array).reshape(value.shape)
            buffer = self._b.array(from_numpy(array), True)
            place = _Place(buffer, buffer, contiguous_strides(value.shape), 0)
        self._places[value] = place
        return place

    def _buffer(self, value: Value | None) -> int | None:
        return None if value is None else self._place(value).buffer

    def _array(self, array: Any) -> int:
        found = self._arrays.get(id(array))
        if found is None:
            found = self._arrays[id(array)] = self._b.array(array, False)
            self._keep.append(array)
        return found

    def _new(self, value: Value) -> int:
        """The buffer that a step writes the value into."""
        direct = self._direct.get(value)
        if direct is None:
            temp = self._b.temp(value.dtype.code, value.shape)
            return self._dense(value, temp, own=True).buffer
        array, strides = direct
        base = self._array(array)
        seen = tuple(array.shape) == value.shape
        buffer = base if seen else self._b.view(base, value.shape, strides, 0)
        self._places[value] = _Place(buffer, base, strides, 0, fixed=True)
        return buffer

    # --------------------------------------------------------------------------------------------------- targets

    def _choose_direct(self) -> None:
        """Decides which targets are written by the step that makes their value."""
        producer = {v: node for node in self._program.nodes for v in node.outputs}
        for position, (value, array) in enumerate(self._program.targets):
            strides = element_strides(to_numpy(array))
            node = producer.get(value)
            if node is not None and node.op.has(Trait.VIEW):
                source = _relabelled(node)
                if source is None or not _same(
                    value.shape, strides, contiguous_strides(value.shape)
                ):
                    continue
                value, node, strides = (
                    source,
                    producer.get(source),
                    contiguous_strides(source.shape),
                )
            if node is None or node.op.has(Trait.VIEW) or value in self._direct:
                continue
            self._direct[value] = (array, strides)
            self._written.add(position)

    def _targets(self) -> None:
        self._b.label("gradient")
        for position, (value, array) in enumerate(self._program.targets):
            if position not in self._written:
                self._copy(self._place(value).buffer, self._array(array), value.dtype.name)

    # ----------------------------------------------------------------------------------------------------- nodes

    def _node(self, node: Node) -> None:
        if node.op.view is not None:
            self._view(node, node.op.view)
        elif node.body is not None:
            self._fused(node, node.body)
        else:
            self._kernel(node)

    def _view(self, node: Node, view: Callable[..., Any]) -> None:
        (source,) = (v for v in node.inputs if v is not None)
        (value,) = node.outputs
        place = self._place(source)
        seen = view(source.spec, place.strides, place.offset, node.attrs)
        if seen is None:
            temp = self._b.temp(source.dtype.code, source.shape)
            self._copy(place.buffer, temp, source.dtype.name)
            place = _Place(temp, temp, contiguous_strides(source.shape), 0)
            seen = view(source.spec, place.strides, 0, node.attrs)
        strides, offset = tuple(seen[0]), seen[1]
        buffer = self._b.view(place.base, value.shape, strides, offset)
        self._places[value] = _Place(buffer, place.base, strides, offset, place.fixed)

    def _kernel(self, node: Node) -> None:
        inputs = [self._buffer(v) for v in node.inputs]
        outputs = [self._new(v) for v in node.outputs]
        if node.op.native:
            arguments = encode_attrs(node.op, node.attrs)
            if self._step(node.op.name, inputs, node.outputs, outputs, *arguments):
                return
        specs = [v.spec for v in node.outputs]
        op, attrs = node.op, node.attrs
        present = [v is not None for v in node.inputs]

        def reference(*arrays: Any) -> tuple[Any, ...]:
            given = iter(arrays)
            args = [to_numpy(next(given)) if there else None for there in present]
            return _as_arrays(evaluate(op, args, attrs, specs))

        self._b.python_step(op.name, reference, inputs, outputs)

    def _fused(self, node: Node, body: list[Node]) -> None:
        program = assemble(node)
        shape = node.outputs[0].shape
        inputs = [self._expanded(v, shape) for v in program.inputs]
        outputs = [
            self._b.temp(program.dtype.code, shape) if v is None else self._new(v)
            for v in program.outputs
        ]
        if self._step(node.op.name, inputs, program.outputs, outputs, program.ints, program.reals):
            return
        made, given = node.outputs, program.inputs

        def reference(*arrays: Any) -> tuple[Any, ...]:
            known = {v: to_numpy(a) for v, a in zip(given, arrays, strict=True)}
            execute(body, known)
            return _as_arrays([read(v, known) for v in made])

        self._b.python_step(
            "+".join(m.op.name for m in body),
            reference,
            [self._buffer(v) for v in given],
            [self._place(v).buffer for v in made],
        )

    def _step(
        self,
        kernel: str,
        inputs: Sequence[int | None],
        made: Sequence[Value | None],
        outputs: Sequence[int],
        ints: Sequence[int],
        reals: Sequence[float],
    ) -> bool:
        if self._b.step(kernel, inputs, outputs, ints, reals):
            return True
        if not any(v in self._direct for v in made):
            return False
        # Perhaps only the strides of a target are in the way.
        dense = [
            out if v is None else self._b.temp(v.dtype.code, v.shape)
            for v, out in zip(made, outputs, strict=True)
        ]
        if not self._b.step(kernel, inputs, dense, ints, reals):
            return False
        for value, temp, out in zip(made, dense, outputs, strict=True):
            if value is not None:
                self._copy(temp, out, value.dtype.name)
        return True

    def _expanded(self, value: Value, shape: Ints) -> int:
        place = self._place(value)
        if value.shape == shape:
            return place.buffer
        strides = broadcast_strides(value.shape, place.strides, shape)
        buffer: int = self._b.view(place.base, shape, strides, place.offset)
        return buffer

    # ------------------------------------------------------------------------------------------- effects, outputs

    def _effect(self, effect: Effect) -> None:
        inputs = [self._operand(x) for x in effect.inputs]
        outputs = [self._new(x) if isinstance(x, Value) else self._array(x) for x in effect.outputs]
        declared = outputs[: effect.native_outputs]
        if self._b.step(effect.kernel, inputs, declared, effect.ints, effect.reals):
            return
        reference = effect.reference
        types = [
            x.dtype.numpy if isinstance(x, Value) else to_numpy(x).dtype for x in effect.outputs
        ]

        def run(*arrays: Any) -> tuple[Any, ...]:
            results = reference(*(to_numpy(a) for a in arrays))
            return _as_arrays([np.asarray(r, t) for r, t in zip(results, types, strict=True)])

        self._b.python_step(effect.kernel, run, inputs, outputs)

    def _operand(self, operand: Any) -> int | None:
        if operand is None or isinstance(operand, Value):
            return self._buffer(operand)
        return self._array(operand)

    def _saved(self, value: Value) -> int | None:
        """A copy of a value that effects would change before it is returned; None where that cannot be."""
        if not self._program.effects or (value.leaf is None and value not in self._places):
            return None  # the latter: made by an effect
        place = self._place(value)
        return self._copied(value, place) if place.fixed else None

    def _owned(self, value: Value, returned: set[int]) -> int:
        """A temporary that the plan may hand out: the value's own, or a copy of what is shared or fixed memory."""
        place = self._place(value)
        return (
            place.buffer
            if place.own and place.buffer not in returned
            else self._copied(value, place)
        )

    def _copied(self, value: Value, place: _Place) -> int:
        temp: int = self._b.temp(value.dtype.code, value.shape)
        self._copy(place.buffer, temp, value.dtype.name)
        return temp

    def _copy(self, source: int, target: int, what: str) -> None:
        if not self._b.step("copy", [source], [target], [], []):
            self._b.python_step(f"copy {what}", _identity, [source], [target])


def _described(node: Node) -> str:
    # A lone member would be known by the name of the fused kernel only.
    one = node.body is not None and len(node.body) == 1
    return f"{node.origin} ({node.body[0].op.name})" if one and node.body else node.origin


def _identity(array: Any) -> Any:
    return array


def _as_arrays(results: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(from_numpy(np.ascontiguousarray(r).reshape(np.shape(r))) for r in results)


def _relabelled(node: Node) -> Value | None:
    """What a view shows, where both are the same dense memory under two shapes, such as a reshaped sum."""
    source, value = node.inputs[0], node.outputs[0]
    if source is None or node.op.view is None or _count(source.shape) != _count(value.shape):
        return None
    seen = node.op.view(source.spec, contiguous_strides(source.shape), 0, node.attrs)
    same = seen is not None and seen[1] == 0
    return source if same and _same(value.shape, seen[0], contiguous_strides(value.shape)) else None


def _count(shape: Ints) -> int:
    count = 1
    for n in shape:
        count *= n
    return count


def _same(shape: Ints, a: Ints, b: Ints) -> bool:
    """Whether two strides mean the same; those of dimensions of size 1 never matter."""
    return all(n == 1 or x == y for n, x, y in zip(shape, a, b, strict=True))
