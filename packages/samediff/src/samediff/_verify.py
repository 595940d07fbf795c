"""Checks a program against the grammar in `_ir`, stage by stage.

On with ``settings.verify`` (``SAMEDIFF_VERIFY=1``), always in the tests; costs about as much as tracing does.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from nd4py.ops._declaration import Trait
from nd4py.ops._execute import infer

from ._ir import Leaf, Node, Program, Value, pure


class Stage(enum.IntEnum):
    """How far a program has come; each stage keeps the promises of those before it, but bodies (see `_ir`)."""

    TRACED = 1
    EXPANDED = 2
    OPTIMISED = 3
    FUSED = 4


class IRError(AssertionError):
    """A compiler stage broke the grammar: a defect of this package or of an operation's declaration."""


def verify(program: Program, stage: Stage) -> None:
    """Raises `IRError` with the offending node where the program breaks the grammar of the stage."""
    known: set[Value] = set()
    for kind, values in ((Leaf.INPUT, program.inputs), (Leaf.SCALAR, program.scalars)):
        for value in values:
            if value.leaf is not kind:
                raise IRError(f"{value!r} is listed as {kind.value}")
            if value in known:
                raise IRError(f"{value!r} is bound twice")
            known.add(value)
    _nodes(program.nodes, known, stage)
    for value, array in program.targets:
        _readable(value, known, "a target")
        if tuple(array.shape) != value.shape:
            raise IRError(f"target of {value!r} has shape {tuple(array.shape)}")
    for effect in program.effects:
        for operand in effect.inputs:
            if isinstance(operand, Value):
                _readable(operand, known, f"effect {effect.kernel!r}")
        for operand in effect.outputs:
            if isinstance(operand, Value):
                if operand.leaf is not None or operand in known:
                    raise IRError(
                        f"effect {effect.kernel!r} makes {operand!r}, which exists already"
                    )
                known.add(operand)
    for value in program.outputs:
        _readable(value, known, "the program's outputs")
    if stage >= Stage.OPTIMISED:
        _optimised(program)


def _nodes(nodes: Sequence[Node], known: set[Value], stage: Stage) -> None:
    for node in nodes:
        for value in node.inputs:
            if value is not None:
                _readable(value, known, repr(node))
        if node.body is None:
            _primitive(node)
        else:
            _body(node, node.body, known, stage)
        for value in node.outputs:
            if value.leaf is not None or value in known:
                raise IRError(f"{node!r} makes {value!r}, which exists already")
            known.add(value)


def _readable(value: Value, known: Iterable[Value], reader: str) -> None:
    if value.leaf in (Leaf.CONSTANT, Leaf.VARIABLE):
        if value.array is None or tuple(value.array.shape) != value.shape:
            raise IRError(f"{value!r} has no array of its shape")
    elif value not in known:
        raise IRError(f"{reader} reads {value!r} before it is made")


def _primitive(node: Node) -> None:
    if node.op.compose is not None:
        raise IRError(f"{node!r} is a composed operation without a body")
    specs = infer(node.op, [None if v is None else v.spec for v in node.inputs], node.attrs)
    if len(specs) != len(node.outputs):
        raise IRError(f"{node!r} must have {len(specs)} outputs")
    for value, spec in zip(node.outputs, specs, strict=True):
        if value.spec != spec:
            raise IRError(
                f"{node!r} declares {value!r}; its rule says {spec.dtype.name}{list(spec.shape)}"
            )


def _body(node: Node, body: Sequence[Node], known: set[Value], stage: Stage) -> None:
    if node.op.compose is not None:
        if stage >= Stage.EXPANDED:
            raise IRError(f"{node!r} is composed; expansion should have replaced it")
    elif stage < Stage.FUSED:
        raise IRError(f"{node!r} has a body before fusion")
    elif not all(member.op.has(Trait.ELEMENTWISE) and member.body is None for member in body):
        raise IRError(f"{node!r} fuses a node that is not elementwise")
    inner = set(known)
    _nodes(body, inner, stage)
    for value in node.outputs:
        if value not in inner:
            raise IRError(f"{node!r}: its body does not make {value!r}")
    if stage >= Stage.FUSED:
        made = {v for member in body for v in member.outputs}
        read = {v for member in body for v in member.inputs if v is not None} - made
        if not read <= set(node.inputs):
            raise IRError(f"{node!r}: its body reads what is not among its inputs")


def _optimised(program: Program) -> None:
    used = set(program.roots())
    for node in reversed(program.nodes):
        if pure(node) and not any(v in used for v in node.outputs):
            raise IRError(f"{node!r} is dead")
        used.update(v for v in node.inputs if v is not None)
