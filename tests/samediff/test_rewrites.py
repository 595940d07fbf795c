"""Rewrites keep every value: random graphs, with and without passes, interpreted and on the active backend."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import nd4py.ops as ops
from nd4py.ops import Trait
from samediff import SameDiff, settings
from samediff._interpreter import InterpretedPlan
from samediff._ir import Leaf, Program, expand
from samediff._lowering import lower
from samediff._trace import trace
from samediff.passes import fuse, optimise, remove_dead_code, simplify

SHAPES = ((4, 3), (3,), (4, 1), ())
UNARY = (ops.tanh, ops.relu, ops.abs, ops.square, ops.exp, ops.sigmoid, ops.neg, ops.identity)
BINARY = (ops.add, ops.sub, ops.mul, ops.maximum, ops.minimum, ops.squared_difference)
COMPARE = (ops.lt, ops.gte, ops.eq)
LOGIC = (ops.logical_and, ops.logical_or)


@st.composite
def graphs(draw):
    """A graph over two placeholders, a variable, constants and a random choice of operations, and names to return."""
    sd = SameDiff.create()
    dtype = draw(st.sampled_from(("float32", "float64")))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    values = [
        sd.placeholder("x", dtype, (4, 3)),
        sd.placeholder("y", dtype, (3,)),
        sd.var("w", rng.normal(size=(4, 1)).astype(dtype)),
        sd.constant("c", rng.normal(size=(4, 3)).astype(dtype)),
    ]
    masks = [values[0] > 0.0]
    for _ in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from("ubnscvrm"))
        a, b = (draw(st.sampled_from(values)) for _ in range(2))
        if kind == "u":
            values.append(ops.tanh(draw(st.sampled_from(UNARY))(a)))
        elif kind == "b":
            values.append(draw(st.sampled_from(BINARY))(a, b))
        elif kind == "n":
            number = draw(st.sampled_from((0.0, 1.0, -0.0, 2.5)))
            values.append(draw(st.sampled_from(BINARY))(a, number))
        elif kind == "s":
            values.append(ops.where(draw(st.sampled_from(masks)), a, b))
        elif kind == "c":
            masks.append(draw(st.sampled_from(COMPARE))(a, b))
        elif kind == "v":
            values.append(
                ops.broadcast_to(a, shape=(4, 3))
                if draw(st.booleans())
                else ops.reshape(a, shape=a.shape)
            )
        elif kind == "r":
            values.append(ops.tanh(ops.sum(a, dims=(0,), keep_dims=True)) if a.ndim else a * 0.5)
        else:
            one, two = (draw(st.sampled_from(masks)) for _ in range(2))
            masks.append(draw(st.sampled_from(LOGIC))(one, two))
            values.append(ops.cast(masks[-1], dtype=dtype))
    count = draw(st.integers(1, 3))
    names = [v.name for v in values[-count:]] + draw(st.sampled_from(([], [masks[-1].name])))
    data = rng.normal(size=(4, 3)).astype(dtype), rng.normal(size=(3,)).astype(dtype)
    return sd, names, data


def _program(sd, names):
    outputs = [sd.get_variable(n) for n in names]
    inputs = [sd.get_variable("x"), sd.get_variable("y")]
    traced = trace(outputs, sd._order, {v: v.shape for v in inputs})
    return Program(
        inputs=[traced[v] for v in inputs],
        scalars=[],
        nodes=traced.graph.nodes,
        outputs=[traced[v] for v in outputs],
    )


def _plain(sd, names):
    program = _program(sd, names)
    program.nodes = expand(program.nodes)
    return program


def _run(plan, data):
    return [np.asarray(r) for r in plan.run(data, ())]


def _same(actual, expected):
    for a, e in zip(actual, expected, strict=True):
        assert a.dtype == e.dtype
        assert a.shape == e.shape
        if a.dtype == bool:
            np.testing.assert_array_equal(a, e)
        else:
            rtol = 1e-12 if a.dtype == np.float64 else 2e-5
            np.testing.assert_allclose(a, e, rtol=rtol, atol=rtol)


relaxed = hypothesis_settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@relaxed
@given(graphs())
def test_passes_keep_values(graph):
    sd, names, data = graph
    expected = _run(InterpretedPlan(_plain(sd, names)), data)
    for change in (remove_dead_code, simplify, fuse, optimise):
        program = _program(sd, names) if change is optimise else _plain(sd, names)
        change(program)
        actual = _run(InterpretedPlan(program), data)
        for a, e in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(a, e)  # the same references on the same numbers


@relaxed
@given(graphs())
def test_plan_equals_interpreter(graph):
    sd, names, data = graph
    expected = _run(InterpretedPlan(_plain(sd, names)), data)
    plan = sd.compile_inference(names, inputs=["x", "y"])
    _same([np.asarray(r) for r in plan(*data)], expected)


@relaxed
@given(graphs())
def test_fusion_leaves_no_elementwise_pair_that_could_be_one(graph):
    sd, names, _ = graph
    program = optimise(_program(sd, names))
    # A lone reader directly behind its producer, of one shape and dtype, is always fused with it.
    nodes = program.nodes
    for first, second in itertools.pairwise(nodes):
        if first.body is None or second.body is None:
            continue
        shape, dtype = first.outputs[0].shape, first.attrs["dtype"]
        if second.outputs[0].shape == shape and second.attrs["dtype"] is dtype:
            assert not set(first.outputs) & set(second.inputs)


def _optimised(build):
    sd = SameDiff.create()
    x, y = sd.placeholder("x", "float64", (4, 3)), sd.placeholder("y", "float64", (3,))
    out = build(sd, x, y)
    outs = out if isinstance(out, tuple) else (out,)
    return optimise(_program(sd, [v.name for v in outs]))


@pytest.mark.parametrize(
    "build",
    [
        lambda sd, x, y: x * 1.0,
        lambda sd, x, y: 1.0 * x,
        lambda sd, x, y: x + 0.0,
        lambda sd, x, y: x - 0.0,
        lambda sd, x, y: x / 1.0,
        lambda sd, x, y: x**1.0,
        lambda sd, x, y: ops.identity(x),
        lambda sd, x, y: ops.maximum(x, -np.inf),
        lambda sd, x, y: ops.cast(x, dtype="float64"),
        lambda sd, x, y: ops.reshape(x, shape=(4, 3)),
        lambda sd, x, y: ops.broadcast_to(x, shape=(4, 3)),
        lambda sd, x, y: ops.permute(x, dims=(0, 1)),
        lambda sd, x, y: ops.stop_gradient(x),
        lambda sd, x, y: x * sd.constant(np.ones((4, 3))),
    ],
)
def test_identities_vanish(build):
    program = _optimised(build)
    assert program.nodes == []
    assert program.outputs[0].leaf is Leaf.INPUT


@pytest.mark.parametrize(
    "build",
    [
        lambda sd, x, y: x * 0.0,
        lambda sd, x, y: 1.0 - x,
        lambda sd, x, y: 1.0 / x,
        lambda sd, x, y: y + sd.constant(np.zeros((4, 3))),  # broadcasts
        lambda sd, x, y: ops.maximum(x, 0.0),
        lambda sd, x, y: ops.cast(x, dtype="float32"),
        lambda sd, x, y: ops.permute(x, dims=(1, 0)),
        lambda sd, x, y: ops.abs(x),
        lambda sd, x, y: x + 1e-300,
    ],
)
def test_what_changes_a_value_stays(build):
    assert len(_optimised(build).nodes) == 1


def test_constants_fold_and_variables_do_not():
    def build(sd, x, y):
        c = sd.constant(np.full(3, 2.0))
        w = sd.var("w", np.full(3, 3.0))
        return x * ops.exp(c * c), x * ops.exp(w)

    program = _optimised(build)
    names = [m.op.name for n in program.nodes for m in (n.body or [n])]
    assert sorted(names) == ["exp", "mul", "mul"]


def test_a_folded_broadcast_stays_one_number():
    program = _optimised(
        lambda sd, x, y: x * ops.broadcast_to(sd.constant(np.array(2.0)) * 3.0, shape=(4, 3))
    )
    (node,) = program.nodes
    constant = next(v for v in node.inputs if v.leaf is Leaf.CONSTANT)
    assert constant.shape == (4, 3)
    assert constant.uniform


def test_equal_expressions_merge_also_when_commuted():
    program = _optimised(lambda sd, x, y: (ops.exp(x + y), ops.exp(y + x)))
    assert program.outputs[0] is program.outputs[1]
    program = _optimised(lambda sd, x, y: (x - y, y - x))
    assert program.outputs[0] is not program.outputs[1]


def test_attributes_tell_expressions_apart():
    program = _optimised(lambda sd, x, y: (ops.sum(x, dims=(0,)), ops.sum(x, dims=(1,))))
    assert len(program.nodes) == 2


def test_random_operations_neither_fold_nor_merge():
    random = [op for op in ops.REGISTRY.values() if op.has(Trait.RANDOM) and op.compose is None]
    assert random, "the registry has random operations"

    def build(sd, x, y):
        seed, counter = sd.constant(np.int64(3)), sd.constant(np.int64(0))
        f = ops.FUNCTIONS["random_uniform"]
        return f(seed, counter, shape=(3,)), f(seed, counter, shape=(3,))

    assert len(_optimised(build).nodes) == 2


def test_fusion_gathers_a_whole_activation_and_its_gradient():
    program = _optimised(lambda sd, x, y: ops.tanh(x + y) * ops.where(x > 0.5, x, 0.0))
    (node,) = program.nodes
    assert [m.op.name for m in node.body] == ["add", "tanh", "gt", "where", "mul"]
    assert len(node.outputs) == 1


def test_fusion_does_not_reach_across_what_reads_its_member():
    def build(sd, x, y):
        a = ops.tanh(x)
        total = ops.sum(a)
        return a * total

    names = [n.op.name for n in _optimised(build).nodes]
    assert names == ["fused_elementwise", "sum", "fused_elementwise"]


def test_verification_is_on_in_tests():
    assert settings.verify


def test_lowering_of_an_empty_program_returns_inputs():
    sd = SameDiff.create()
    x, y = sd.placeholder("x", "float64", (4, 3)), sd.placeholder("y", "float64", (3,))
    program = _program(sd, ["y", "x"])
    first, second = lower(program).run((ops_array(np.ones((4, 3))), ops_array(np.zeros(3))), ())
    assert np.asarray(first).shape == y.shape
    assert np.asarray(second).shape == x.shape


def ops_array(values):
    from nd4py._arrays import from_numpy

    return from_numpy(values)
