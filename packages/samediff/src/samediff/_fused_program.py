"""The instructions of a fused node, as the ``fused_elementwise`` kernel of the ABI reads them."""

from __future__ import annotations

from typing import NamedTuple

from nd4py import dtypes
from nd4py.dtypes import DType

from ._ir import Node, Value
from ._native import copy_code, fused_code
from .passes import converts


class FusedProgram(NamedTuple):
    """Kernel arguments: registers are the inputs, then the constants, then temporaries."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value | None, ...]  # None: a throw-away output that only says the compute dtype
    dtype: DType  # of the computation, and of the throw-away output
    ints: tuple[int, ...]
    reals: tuple[float, ...]


def assemble(node: Node) -> FusedProgram:
    """Encodes the body of a fused node; temporaries are reused after their last reader."""
    body = node.body or []
    dtype: DType = node.attrs["dtype"]
    inputs = tuple(v for v in node.inputs if v is not None and not _immediate(v))
    registers: dict[Value, int] = {v: i for i, v in enumerate(inputs)}
    numbers: dict[str, float] = {}
    for v in node.inputs:
        if v is not None and v not in registers:
            number = float(v.array[(0,) * v.array.ndim])
            key = repr(number)  # tells 0.0 from -0.0
            numbers.setdefault(key, number)
            registers[v] = len(inputs) + list(numbers).index(key)
    fixed = len(inputs) + len(numbers)
    returned = set(node.outputs)
    last = _last_readers(body, node.outputs)
    free: list[int] = []
    size = fixed
    code: list[int] = []
    count = 0
    alias: dict[Value, Value] = {}
    for position, member in enumerate(body):
        result = member.outputs[0]
        operands = [registers[v] for v in member.inputs if v is not None]
        if converts(member.op) and result not in returned:
            # Converted while loading, or already 1 and 0: the same register.
            registers[result] = operands[0]
            for source in member.inputs:
                if source is not None:
                    root = alias[result] = alias.get(source, source)
                    last[root] = max(last.get(root, -1), last.get(result, -1))
            continue
        for v in dict.fromkeys(alias.get(x, x) for x in member.inputs if x is not None):
            if last.get(v, -1) == position and registers[v] >= fixed:
                free.append(registers[v])
        if free:
            register = free.pop()
        else:
            register, size = size, size + 1
        registers[result] = register
        kind, number_of_op = _instruction(member)
        code += (kind, number_of_op, register, *operands, *([0] * (3 - len(operands))))
        count += 1
    outputs: tuple[Value | None, ...] = node.outputs
    places = [registers[v] for v in node.outputs]
    if not _tells_dtype(dtype, inputs, node.outputs[0]):
        outputs = (None, *outputs)
        places.insert(0, 0)
    return FusedProgram(inputs, outputs, dtype, (count, *code, *places), tuple(numbers.values()))


def _tells_dtype(dtype: DType, inputs: tuple[Value, ...], first: Value) -> bool:
    """Whether the kernel finds the compute dtype: its first output's or, where that is bool, its widest input's."""
    if first.dtype is dtype:
        return True
    types = {v.dtype for v in inputs} - {dtypes.bool_}
    return types == {dtype} or (not types and dtype is dtypes.float32)


def _instruction(member: Node) -> tuple[int, int]:
    if converts(member.op):
        return copy_code()
    found = fused_code(member.op)
    if found is None:
        raise LookupError(f"{member.op.name} has no instruction in fused programs")
    return found


def _immediate(value: Value) -> bool:
    """Whether the value is one number, which the program carries itself."""
    return value.uniform and value.dtype in (dtypes.bool_, dtypes.float32, dtypes.float64)


def _last_readers(body: list[Node], outputs: tuple[Value, ...]) -> dict[Value, int]:
    last: dict[Value, int] = {}
    for position, member in enumerate(body):
        for v in member.inputs:
            if v is not None:
                last[v] = position
    for v in outputs:
        last[v] = len(body)
    return last
