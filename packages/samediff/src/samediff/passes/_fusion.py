"""Elementwise fusion: connected elementwise operations of one shape become one node, run in one pass over memory.

A group has one shape and one compute dtype (float32 or float64); comparisons and logic inside it are 1 and 0 in that
dtype. Operands that broadcast, or that are converted from another dtype, stay inputs of the group: the kernel expands
and converts while it loads. A group runs where its last member stood, so it may only grow as long as nothing between
reads it.
"""

from __future__ import annotations

from nd4py import dtypes
from nd4py.dtypes import DType
from nd4py.ops._declaration import Op, Trait
from nd4py.ops._types import result_type

from .._ir import Node, Program, Value
from .._native import fused_code

FUSED = Op(
    name="fused_elementwise", namespaces=(), inputs=(), attrs=(), outputs=(), infer=None, reference=None, compose=None,
    gradient=None, traits=frozenset({Trait.ELEMENTWISE}), dl4j=None, doc="Elementwise operations run as one.",
)  # fmt: skip

# Limits of the kernel: what its register file holds.
MAX_INPUTS = 24
MAX_MEMBERS = 64

_COMPUTE = (dtypes.float32, dtypes.float64)


class _Group:
    __slots__ = ("dtype", "last", "members", "shape")

    def __init__(self, node: Node, position: int, dtype: DType | None):
        self.members = [(position, node)]
        self.last = position
        self.dtype = dtype  # None: logic only, which fits into any
        self.shape = node.outputs[0].shape

    def inputs(self) -> set[Value]:
        made = {node.outputs[0] for _, node in self.members}
        return {v for _, node in self.members for v in node.inputs if v is not None} - made

    def fits(self, other: _Group) -> bool:
        """Whether both may be one group, by dtype and size."""
        return (
            (self.dtype is other.dtype or self.dtype is None or other.dtype is None)
            and len(self.members) + len(other.members) <= MAX_MEMBERS
            and len(self.inputs() | other.inputs()) <= MAX_INPUTS
        )

    def take(self, other: _Group, position: int) -> None:
        """Makes the other's members its own; the group now stands at ``position``."""
        self.members += other.members
        self.dtype = self.dtype or other.dtype
        self.last = position


def converts(op: Op) -> bool:
    """Whether the operation only changes the dtype (it has a dtype attribute and one elementwise input)."""
    return (
        op.has(Trait.ELEMENTWISE)
        and len(op.inputs) == 1
        and len(op.attrs) == 1
        and op.attrs[0].kind == "dtype"
    )


def compute_dtype(node: Node) -> DType | None:
    """The dtype in which a fused program can run the node; None where it cannot."""
    out = node.outputs[0]
    types = [v.dtype for v in node.inputs if v is not None]
    if converts(node.op):
        # Into the compute dtype on load; any other conversion is a step of its own.
        (source,) = types
        ok = (
            out.dtype in _COMPUTE
            and source.kind in ("bool", "int", "uint", "float")
            and source.numpy is not None
        )
        return out.dtype if ok else None
    if len(types) != len(node.inputs) or fused_code(node.op) is None:
        return None
    if out.dtype in _COMPUTE:
        return out.dtype
    if out.dtype is dtypes.bool_ and any(t is not dtypes.bool_ for t in types):
        found = result_type(types)
        return found if found in _COMPUTE else None
    return None


def _is_logic(node: Node) -> bool:
    out = node.outputs[0]
    return (
        out.dtype is dtypes.bool_
        and all(v is not None and v.dtype is dtypes.bool_ for v in node.inputs)
        and fused_code(node.op) is not None
    )


def fuse(program: Program, *, merge: bool = True) -> None:
    """Gathers elementwise nodes into `FUSED` nodes; without ``merge`` each becomes one of its own."""
    groups, of = _grow(program, merge)
    while True:
        program.nodes = _gathered(program, groups, of)
        if not merge:
            return
        # Groups have moved behind what stood in their way, so the new order may let others grow further.
        ordered = Program([], [], _members(program.nodes), program.outputs)
        further, place = _grow(ordered, merge)
        if len(further) >= len(groups):
            return
        program.nodes = ordered.nodes
        groups, of = further, place


def _members(nodes: list[Node]) -> list[Node]:
    return [
        one for node in nodes for one in (node.body if node.op is FUSED and node.body else [node])
    ]


def _gathered(program: Program, groups: list[_Group], of: dict[int, _Group]) -> list[Node]:
    nodes = program.nodes
    used_by: dict[Value, list[int]] = {}
    for position, node in enumerate(nodes):
        for v in node.inputs:
            if v is not None:
                used_by.setdefault(v, []).append(position)
    roots = set(program.roots())
    emitted = {group.last: _merged(group, roots, used_by) for group in groups}
    return [
        emitted.get(position, node)
        for position, node in enumerate(nodes)
        if position not in of or position in emitted
    ]


def _grow(program: Program, merge: bool) -> tuple[list[_Group], dict[int, _Group]]:
    producers: dict[Value, int] = {}
    readers: dict[Value, list[int]] = {}
    of: dict[int, _Group] = {}  # group of the node at a position
    groups: dict[int, _Group] = {}

    def place(position: int) -> int:
        group = of.get(position)
        return position if group is None else group.last

    def may_move(group: _Group, to: int, joining: _Group) -> bool:
        """Whether everything that reads the group from outside runs after position ``to``."""
        for _, member in group.members:
            for reader in readers.get(member.outputs[0], ()):
                other = of.get(reader)
                if other is not group and other is not joining and place(reader) < to:
                    return False
        return True

    for position, node in enumerate(program.nodes):
        mine = _candidate(node, position)
        if mine is not None:
            of[position] = mine
            groups[id(mine)] = mine
            for v in node.inputs if merge else ():
                at = producers.get(v) if v is not None else None
                near = of.get(at) if at is not None else None
                if near is None or near is mine or near.shape != mine.shape:
                    continue
                if near.fits(mine) and may_move(near, position, mine):
                    near.take(mine, position)
                    for at, _ in mine.members:
                        of[at] = near
                    del groups[id(mine)]
                    mine = near
        for v in node.inputs:
            if v is not None:
                readers.setdefault(v, []).append(position)
        for v in node.outputs:
            producers[v] = position
    return list(groups.values()), of


def _candidate(node: Node, position: int) -> _Group | None:
    if len(node.outputs) != 1 or node.body is not None:
        return None
    dtype = compute_dtype(node)
    return _Group(node, position, dtype) if dtype is not None or _is_logic(node) else None


def _merged(group: _Group, roots: set[Value], used_by: dict[Value, list[int]]) -> Node:
    group.members.sort(key=lambda m: m[0])
    inside = {position for position, _ in group.members}
    body = [node for _, node in group.members]
    made = [node.outputs[0] for node in body]
    outputs = [v for v in made if v in roots or any(p not in inside for p in used_by.get(v, ()))]
    internal = set(made)
    inputs = dict.fromkeys(
        v for node in body for v in node.inputs if v is not None and v not in internal
    )
    # The kernel computes in the dtype of its first output.
    dtype = group.dtype or dtypes.float32
    outputs.sort(key=lambda v: v.dtype is not dtype)
    origins = dict.fromkeys(node.origin for node in body)
    return Node(FUSED, tuple(inputs), {"dtype": dtype}, tuple(outputs), ", ".join(origins), body)
