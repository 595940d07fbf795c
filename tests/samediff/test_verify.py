"""The verifier rejects what breaks the grammar."""

import numpy as np
import pytest

import nd4py.ops as ops
from nd4py import dtypes
from nd4py.ops import Spec
from samediff import SameDiff
from samediff._ir import Leaf, Node, Program, Value, expand
from samediff._trace import trace
from samediff._verify import IRError, Stage, verify
from samediff.passes import FUSED, optimise, remove_dead_code


def _program():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (4, 3))
    y = ops.sum(ops.tanh(x @ sd.constant(np.ones((3, 2)))))
    clipped = ops.clip_by_value(y, low=0.0, high=1.0)
    traced = trace([clipped], sd._order, {x: (4, 3)})
    return Program([traced[x]], [], traced.graph.nodes, [traced[clipped]])


def test_a_sound_program_passes_every_stage():
    program = _program()
    verify(program, Stage.TRACED)
    verify(optimise(program), Stage.FUSED)


def _swap_order(p):
    p.nodes.reverse()


def _wrong_dtype(p):
    value = p.nodes[0].outputs[0]
    value.spec = Spec(dtypes.int32, value.shape)


def _wrong_shape(p):
    value = p.nodes[0].outputs[0]
    value.spec = Spec(value.dtype, (9,))


def _made_twice(p):
    p.nodes.append(p.nodes[0])


def _unknown_output(p):
    graph = p.inputs[0].graph
    p.outputs = [Value(graph, p.outputs[0].spec, None, "stray")]


def _bound_twice(p):
    p.inputs.append(p.inputs[0])


def _wrong_list(p):
    p.scalars.append(p.inputs[0])


def _bad_target(p):
    p.targets.append((p.outputs[0], np.zeros(3)))


def _constant_without_array(p):
    constant = next(v for n in p.nodes for v in n.inputs if v.leaf is Leaf.CONSTANT)
    constant.array = None


def _early_body(p):
    node = p.nodes[1]
    p.nodes[1] = Node(FUSED, node.inputs, {}, node.outputs, "", [node])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_swap_order, "before it is made"),
        (_wrong_dtype, "its rule says float64"),
        (_wrong_shape, r"its rule says float64\[4, 2\]"),
        (_made_twice, "exists already"),
        (_unknown_output, "before it is made"),
        (_bound_twice, "bound twice"),
        (_wrong_list, "is listed as scalar"),
        (_bad_target, "has shape"),
        (_constant_without_array, "has no array"),
        (_early_body, "has a body before fusion"),
    ],
)
def test_damage_is_found(damage, message):
    program = _program()
    damage(program)
    with pytest.raises(IRError, match=message):
        verify(program, Stage.TRACED)


def test_composed_nodes_must_be_gone_after_expansion():
    with pytest.raises(IRError, match="expansion should have replaced it"):
        verify(_program(), Stage.EXPANDED)


def test_dead_nodes_must_be_gone_after_optimisation():
    program = _program()
    program.nodes = expand(program.nodes)
    remove_dead_code(program)
    x = program.inputs[0]
    x.graph.nodes = program.nodes
    ops.exp(x)
    with pytest.raises(IRError, match="is dead"):
        verify(program, Stage.OPTIMISED)


def test_a_fused_body_reads_only_declared_inputs():
    program = optimise(_program())
    node = next(n for n in program.nodes if n.body is not None)
    node.inputs = ()
    with pytest.raises(IRError, match="not among its inputs"):
        verify(program, Stage.FUSED)


def test_a_fused_body_is_elementwise():
    program = optimise(_program())
    product = next(n for n in program.nodes if n.op.name == "matmul")
    index = program.nodes.index(product)
    program.nodes[index] = Node(FUSED, product.inputs, {}, product.outputs, "", [product])
    with pytest.raises(IRError, match="not elementwise"):
        verify(program, Stage.FUSED)
