"""The plan executor: recorded kernels on a planned arena."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import nd4py as nd
from nd4py import _core

F32, F64, I64 = nd.float32.code, nd.float64.code, nd.int64.code


def _random(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def _fused(op: str, n_in: int) -> list[int]:
    """A fused program of one instruction: unary or binary `op` on the inputs, into the first free register."""
    kind, code = _core.elementwise_code(op)
    return [1, kind, code, n_in, 0, 1 if n_in > 1 else 0, 0, n_in]


@pytest.fixture(autouse=True)
def _native_backend() -> Any:
    """The widest backend of this machine, whatever another test chose."""
    for name in ("avx512", "avx2", "native"):
        try:
            with nd.use_backend(name):
                yield
                return
        except nd.BackendUnavailableError:
            continue
    pytest.fail("plans need a native backend; `nox -s dev` builds those this machine can run")


def test_plan_runs_a_dense_layer_in_column_order_weights() -> None:
    x, w, b = _random(5, 7), _random(7, 3, seed=1), _random(3, seed=2)
    builder = _core.PlanBuilder()
    xi = builder.input(F32, [5, 7])
    wi = builder.array(nd.asarray(np.asfortranarray(w)), False)
    bi = builder.array(nd.asarray(b), False)
    z, y = builder.temp(F32, [5, 3]), builder.temp(F32, [5, 3])
    assert builder.step("linear", [xi, wi, bi], [z])
    assert builder.step("fused_elementwise", [z], [y], _fused("tanh", 1))
    builder.output(y)
    plan = builder.build()
    (out,) = plan.run((nd.asarray(x),))
    np.testing.assert_allclose(np.asarray(out), np.tanh(x @ w + b), rtol=1e-5, atol=1e-6)
    assert [s["kernel"] for s in plan.explain()] == ["linear", "fused_elementwise"]


def test_plan_reads_and_writes_fixed_arrays_in_place() -> None:
    weights = nd.asarray(np.ones(4, np.float32))
    gradient = nd.asarray(np.arange(4, dtype=np.float32))
    builder = _core.PlanBuilder()
    p, g = builder.array(weights, False), builder.array(gradient, False)
    scalars = [builder.scalar(F64) for _ in range(6)]
    assert builder.step("update_sgd", [p, g, *scalars], [p], [0, 0], [])
    plan = builder.build()
    assert plan.run((), (0.5, 0, 1.0, 0.0, 0.0, 0.0)) == ()
    np.testing.assert_array_equal(np.asarray(weights), 1 - 0.5 * np.arange(4))


def test_plan_keeps_channels_blocked_between_convolutions_and_returns_plain_memory() -> None:
    x, w1, w2 = _random(2, 3, 12, 12), _random(16, 3, 3, 3, seed=1), _random(16, 16, 3, 3, seed=2)
    attrs = [2, 1, 1, 4, 1, 1, 1, 1, 2, 1, 1]

    def build(keep_plain: bool) -> Any:
        builder = _core.PlanBuilder()
        value = builder.input(F32, [2, 3, 12, 12])
        outputs = []
        for w in (w1, w2):
            result = builder.temp(F32, [2, 16, 12, 12])
            assert builder.step(
                "conv2d", [value, builder.array(nd.asarray(w), True), None], [result], attrs
            )
            if keep_plain:
                builder.output(result)
            outputs.append(result)
            value = result
        if not keep_plain:
            builder.output(value)
        return builder.build()

    (alone,) = build(False).run((nd.asarray(x),))
    both = build(True).run((nd.asarray(x),))
    np.testing.assert_allclose(np.asarray(alone), np.asarray(both[1]), rtol=1e-5, atol=1e-5)
    assert both[0].shape == (2, 16, 12, 12)


def test_plan_views_share_the_memory_of_their_root() -> None:
    x = _random(4, 6)
    builder = _core.PlanBuilder()
    xi = builder.input(F32, [4, 6])
    doubled, total = builder.temp(F32, [4, 6]), builder.temp(F32, [2, 2])
    assert builder.step("fused_elementwise", [xi, xi], [doubled], _fused("add", 2))
    corner = builder.view(doubled, [2, 2], [6, 1], 6 * 2 + 4)
    assert builder.step("copy", [corner], [total])
    builder.output(total)
    (out,) = builder.build().run((nd.asarray(x),))
    np.testing.assert_array_equal(np.asarray(out), (2 * x)[2:, 4:])


def test_temporaries_that_live_together_never_overlap() -> None:
    builder = _core.PlanBuilder()
    x = builder.input(F32, [64])
    values = [x]
    rng = np.random.default_rng(3)
    for _ in range(40):
        a, b = (values[i] for i in rng.integers(max(0, len(values) - 6), len(values), 2))
        out = builder.temp(F32, [64])
        assert builder.step("fused_elementwise", [a, b], [out], _fused("add", 2))
        values.append(out)
    builder.output(values[-1])
    plan = builder.build()
    rows = plan.memory()
    owners = {row[0]: row[5] for row in rows}
    for i, (buffer, offset, size, first, last, shares) in enumerate(rows):
        for other, offset2, size2, first2, last2, shares2 in rows[i + 1 :]:
            apart = (
                last < first2
                or last2 < first
                or offset + size <= offset2
                or offset2 + size2 <= offset
            )
            same = (
                shares == other or shares2 == buffer or (shares is not None and shares == shares2)
            )
            assert apart or same, (buffer, other, owners)
    assert plan.arena_bytes < 40 * 64 * 4


def test_plan_calls_python_where_no_kernel_exists() -> None:
    builder = _core.PlanBuilder()
    x = builder.input(F32, [3])
    assert not builder.step("no_such_kernel", [x], [builder.temp(F32, [3])])
    out = builder.temp(F32, [3])
    builder.python_step("cube_root", lambda a: nd.asarray(np.cbrt(np.asarray(a))), [x], [out])
    builder.output(out)
    plan = builder.build()
    (value,) = plan.run((nd.asarray(np.array([1, 8, 27], np.float32)),))
    np.testing.assert_allclose(np.asarray(value), [1, 2, 3], rtol=1e-6)
    assert plan.explain()[0]["python"] is True


def test_an_error_in_a_python_step_comes_out_of_run_and_the_plan_stays_usable() -> None:
    builder = _core.PlanBuilder()
    x = builder.input(F32, [1])
    out = builder.temp(F32, [1])

    def step(a: Any) -> Any:
        if float(a.item()) < 0:
            raise ArithmeticError("negative")
        return a

    builder.python_step("checked", step, [x], [out])
    builder.output(out)
    plan = builder.build()
    with pytest.raises(ArithmeticError, match="negative"):
        plan.run((nd.asarray(np.array([-1], np.float32)),))
    assert plan.run((nd.asarray(np.array([2], np.float32)),))[0].item() == 2


def test_plan_refuses_inputs_it_was_not_made_for() -> None:
    builder = _core.PlanBuilder()
    x = builder.input(F32, [2, 3])
    y = builder.temp(F32, [2, 3])
    assert builder.step("fused_elementwise", [x], [y], _fused("exp", 1))
    builder.output(y)
    plan = builder.build()
    with pytest.raises(
        ValueError,
        match=r"input 0: the plan was made for float32\(2, 3\); received float32\(3, 2\)",
    ):
        plan.run((nd.asarray(np.zeros((3, 2), np.float32)),))
    with pytest.raises(ValueError, match="received float64"):
        plan.run((nd.asarray(np.zeros((2, 3))),))
    with pytest.raises(ValueError, match="takes 1 inputs; received 0"):
        plan.run(())
    with pytest.raises(TypeError):
        plan.run((np.zeros((2, 3), np.float32),))


def test_plan_takes_inputs_of_any_strides() -> None:
    builder = _core.PlanBuilder()
    x = builder.input(F32, [2, 3])
    y = builder.temp(F32, [2, 3])
    assert builder.step("fused_elementwise", [x], [y], _fused("neg", 1))
    builder.output(y)
    values = _random(3, 2)
    (out,) = builder.build().run((nd.asarray(values.T),))
    np.testing.assert_array_equal(np.asarray(out), -values.T)


def test_plan_built_twice_or_fed_unwritten_memory_is_an_error() -> None:
    builder = _core.PlanBuilder()
    t, y = builder.temp(F32, [2]), builder.temp(F32, [2])
    assert builder.step("fused_elementwise", [t], [y], _fused("neg", 1))
    builder.output(y)
    with pytest.raises(ValueError, match="reads a temporary that no earlier step wrote"):
        builder.build()
    builder = _core.PlanBuilder()
    builder.build()
    with pytest.raises(ValueError, match="already built"):
        builder.build()


def test_numerics_check_names_the_step_and_its_label() -> None:
    def build(check: bool) -> Any:
        builder = _core.PlanBuilder(check_numerics=check)
        x = builder.input(F32, [2])
        y = builder.temp(F32, [2])
        builder.label("layer 'out'")
        assert builder.step("fused_elementwise", [x], [y], _fused("log", 1))
        builder.output(y)
        return builder.build()

    bad = (nd.asarray(np.array([1, -1], np.float32)),)
    assert np.isnan(np.asarray(build(False).run(bad)[0])[1])
    with pytest.raises(
        _core.NumericsError, match=r"layer 'out': operation fused_elementwise produced NaN"
    ):
        build(True).run(bad)


def test_concurrent_runs_do_not_see_each_other() -> None:
    w = _random(8, 8, seed=1)
    builder = _core.PlanBuilder()
    x = builder.input(F32, [4, 8])
    z, y = builder.temp(F32, [4, 8]), builder.temp(F32, [4, 8])
    assert builder.step("matmul", [x, builder.array(nd.asarray(w), True)], [z])
    assert builder.step("fused_elementwise", [z], [y], _fused("tanh", 1))
    builder.output(y)
    plan = builder.build()
    wrong = []

    def work(seed: int) -> None:
        values = _random(4, 8, seed=seed)
        expected = np.tanh(values @ w)
        array = nd.asarray(values)
        for _ in range(500):
            if not np.allclose(np.asarray(plan.run((array,))[0]), expected, rtol=1e-4, atol=1e-5):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
