import threading

import numpy as np
import pytest

import nd4py.ops as ops
from nd4py import _core
from samediff import NumericsError, SameDiff, settings


def _net(dtype="float64"):
    rng = np.random.default_rng(1)
    sd = SameDiff.create()
    h = sd.placeholder("x", dtype, (None, 6))
    for i, (a, b) in enumerate([(6, 8), (8, 4)]):
        w = sd.var(f"{i}_W", rng.normal(size=(a, b)).astype(dtype))
        h = ops.tanh(ops.linear(h, w, sd.var(f"{i}_b", rng.normal(size=b).astype(dtype))))
    ops.softmax(h).rename("out")
    return sd


def _expected(sd, x):
    h = x
    for i in (0, 1):
        w, b = (np.asarray(sd.get_array(f"{i}_{p}")) for p in "Wb")
        h = np.tanh(h @ w + b)
    e = np.exp(h)
    return e / e.sum(1, keepdims=True)


def test_variables_are_read_at_every_call(executor):
    sd = _net()
    plan = sd.compile_inference(["out"])
    x = np.ones((3, 6))
    first = np.asarray(plan(x)[0]).copy()
    np.asarray(sd.get_array("0_W"))[...] *= 2.0
    (second,) = plan(x)
    np.testing.assert_allclose(np.asarray(second), _expected(sd, x), rtol=1e-12)
    assert not np.allclose(first, second)


def test_results_of_earlier_calls_stay_as_they_are(executor):
    sd = _net()
    plan = sd.compile_inference(["out"])
    (first,) = plan(np.ones((3, 6)))
    kept = np.asarray(first).copy()
    plan(np.zeros((3, 6)))
    assert (np.asarray(first) == kept).all()


def test_several_inputs_outputs_and_their_order(executor):
    sd = SameDiff.create()
    a = sd.placeholder("a", "float64", (2,))
    b = sd.placeholder("b", "float64", (2,))
    (a - b).rename("difference")
    plan = sd.compile_inference(["difference", "a", "difference"], inputs=["b", "a"])
    assert (plan.inputs, plan.outputs) == (("b", "a"), ("difference", "a", "difference"))
    for _ in range(2):
        one, two, three = plan(np.array([1.0, 1.0]), np.array([5.0, 6.0]))
        assert np.asarray(one).tolist() == np.asarray(three).tolist() == [4.0, 5.0]
        assert np.asarray(two).tolist() == [5.0, 6.0]


def test_per_call_scalars(executor):
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (2,))
    (x * sd.scalar_input("k")).rename("y")
    plan = sd.compile_inference(["y"])
    assert plan.scalars == ("k",)
    assert np.asarray(plan(np.ones(2), scalars=(3.0,))[0]).tolist() == [3.0, 3.0]
    assert np.asarray(plan(np.ones(2), scalars=(4.0,))[0]).tolist() == [4.0, 4.0]
    assert np.asarray(sd.output({"x": np.ones(2), "k": 5.0}, "y")["y"]).tolist() == [5.0, 5.0]


def test_plans_are_cached_by_shape_and_bounded(executor, monkeypatch):
    monkeypatch.setattr(settings, "plan_cache", 4)
    sd = _net()
    plan = sd.compile_inference(["out"])
    compiled = []
    compile_plan = plan._cache._compile
    monkeypatch.setattr(
        plan._cache, "_compile", lambda key: compiled.append(key) or compile_plan(key)
    )
    for n in range(1, 12):
        plan(np.ones((n, 6)))
        plan(np.ones((1, 6)))
        assert len(plan._cache) <= 4
    # What is in use stays; what is not is compiled anew.
    assert compiled == [(n, 6) for n in range(1, 12)]
    plan(np.ones((2, 6)))
    assert compiled[-1] == (2, 6)
    assert plan.plan_for((2, 6)) is plan.plan_for((2, 6))


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (
            np.ones((2, 5)),
            ValueError,
            r"placeholder 'x': expected shape \[any, 6\], received \[2, 5\]",
        ),
        (np.ones(6), ValueError, r"placeholder 'x': expected shape \[any, 6\], received \[6\]"),
        (
            np.ones((2, 6), complex),
            TypeError,
            "placeholder 'x': expected float64, received complex128",
        ),
    ],
)
def test_wrong_inputs_name_the_placeholder(value, error, message, warm, executor):
    plan = _net().compile_inference(["out"])
    if warm:
        plan(np.ones((2, 6)))
    with pytest.raises(error, match=message):
        plan(value)
    with pytest.raises(ValueError, match=r"expected 1 inputs \(x\), received 2"):
        plan(np.ones((2, 6)), np.ones(3))


def test_an_ndarray_of_another_dtype_is_refused(executor):
    sd = SameDiff.create()
    sd.placeholder("x", "int32", (None, 2))
    (sd.get_variable("x") + 1).rename("y")
    plan = sd.compile_inference(["y"])
    plan(_core.from_numpy(np.ones((2, 2), np.int32)))
    with pytest.raises(TypeError, match="placeholder 'x': expected int32, received float32"):
        plan(_core.from_numpy(np.ones((2, 2), np.float32)))


def test_strided_inputs(executor):
    sd = _net()
    plan = sd.compile_inference(["out"])
    x = np.random.default_rng(2).normal(size=(6, 10))[:, ::2].T
    for _ in range(2):
        np.testing.assert_allclose(np.asarray(plan(x)[0]), _expected(sd, x), rtol=1e-12)
    array = _core.from_numpy(x)
    np.testing.assert_allclose(np.asarray(plan(array)[0]), _expected(sd, x), rtol=1e-12)


def test_empty_batch(executor):
    plan = _net().compile_inference(["out"])
    assert np.asarray(plan(np.ones((0, 6)))[0]).shape == (0, 4)


def test_threads_share_one_plan(executor):
    sd = _net()
    plan = sd.compile_inference(["out"])
    rng = np.random.default_rng(5)
    inputs = [rng.normal(size=(1 + i % 3, 6)) for i in range(8)]
    expected = [_expected(sd, x) for x in inputs]
    wrong = []

    def work(i):
        for k in range(60):
            at = (i + k) % 8
            (out,) = plan(inputs[at])
            if not np.allclose(np.asarray(out), expected[at], rtol=1e-10):
                wrong.append(at)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
    assert len(plan._cache) == 3


def test_numerics_check_names_the_first_node(executor):
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (2,))
    with sd.name_scope("scale"):
        inverse = sd.math.div("inverse", 1.0, x)
    (inverse * 2.0).rename("y")
    plan = sd.compile_inference(["y"], check_numerics=True)
    assert np.asarray(plan(np.ones(2))[0]).tolist() == [2.0, 2.0]
    with pytest.raises(NumericsError, match=r"scale/inverse.*div.* produced an infinite value"):
        plan(np.array([1.0, 0.0]))


def test_explain_lists_the_steps(executor):
    steps = _net().compile_inference(["out"]).explain((3, 6))
    kernels = [s["kernel"] for s in steps]
    assert kernels.count("linear") == 2
    assert all("python" in s for s in steps)
