"""Every declared operation in a graph: the plan, native where it can be, equals the eager call and the reference."""

import numpy as np
import pytest

import nd4py.ops as ops
from nd4py.ops import Trait
from samediff import SameDiff
from samediff._interpreter import InterpretedPlan
from samediff._ir import Program
from samediff._trace import trace


def _cases():
    for op in ops.REGISTRY.values():
        for number, (inputs, attrs) in enumerate(op.samples() if op.samples else ()):
            yield pytest.param(op, inputs, dict(attrs), id=f"{op.name}-{number}")


def _narrow(value):
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    return value


@pytest.mark.parametrize("width", ["float64", "float32"])
@pytest.mark.parametrize(("op", "inputs", "attrs"), list(_cases()))
def test_plan_equals_eager_and_reference(op, inputs, attrs, width):
    if width == "float32":
        inputs = tuple(_narrow(x) for x in inputs)
    sd = SameDiff.create()
    arrays, given = [], []
    for i, x in enumerate(inputs):
        if x is None or isinstance(x, (int, float, bool)):
            given.append(x)
            continue
        arrays.append(np.asarray(x))
        given.append(sd.placeholder(f"x{i}", arrays[-1].dtype, arrays[-1].shape))
    made = sd._record(op, *ops.bind(op, tuple(given), attrs))
    outputs = made if isinstance(made, tuple) else (made,)
    traced = trace(outputs, sd._order, {v: v.shape for v in sd.variables() if v.node is None})
    present = [v for v in outputs if v in traced.values]
    plan = sd.compile_inference(present, inputs=[v for v in given if hasattr(v, "sd")])
    results = [np.asarray(r) for r in plan(*arrays)]

    program = Program(
        inputs=[traced[v] for v in given if hasattr(v, "sd")],
        scalars=[],
        nodes=traced.graph.nodes,
        outputs=[traced[v] for v in present],
    )
    expected = [np.asarray(r) for r in InterpretedPlan(program).run(arrays, ())]
    eager = ops.FUNCTIONS[op.name](*inputs, **attrs)
    visible = [i for i, n in enumerate(op.outputs[: len(present)]) if not n.startswith("_")]
    eager = eager if isinstance(eager, tuple) else (eager,)
    for result, e in zip(results, expected, strict=True):
        _equal(op, result, e)
    for i, e in zip(visible, eager, strict=False):
        _equal(op, results[i], np.asarray(e))


def _equal(op, result, expected):
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    if result.dtype.kind in "fc":
        rtol = op.tolerances.get(result.dtype.name, 1e-10 if result.dtype.itemsize >= 8 else 2e-5)
        np.testing.assert_allclose(result, expected, rtol=rtol, atol=rtol)
    else:
        np.testing.assert_array_equal(result, expected)


def test_random_operations_are_declared():
    assert any(op.has(Trait.RANDOM) for op in ops.REGISTRY.values())
