"""Updaters: the native kernel equals the definition, state vectors, JSON, descent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nd4py as nd
from nd4py import _core, updaters
from nd4py.schedules import ExponentialSchedule
from nd4py.updaters import AdaDelta, AdaGrad, Adam, AMSGrad, Nesterovs, NoOp, RmsProp, Sgd, get

PACKAGE = "org.nd4j.linalg.learning.config."
ALL = [c() for c in vars(updaters).values() if getattr(c, "java_class", "")]


def named(rule: Any) -> str:
    return type(rule).__name__


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", ALL, ids=named)
def test_the_kernel_computes_the_definition(rule: Any, dtype: Any) -> None:
    nd.backend_info()
    if rule.kernel not in _core.table_info().get("kernels", ()):
        pytest.fail(f"the active backend has no kernel {rule.kernel}")
    rng = np.random.default_rng(1)
    n = 37
    w = rng.normal(size=n).astype(dtype)
    states = [np.full(n, v, dtype) for v in rule.initial_state_values()]
    builder = _core.PlanBuilder()
    arrays = [
        nd.array(w),
        nd.zeros((n,), dtype=nd.dtypes.dtype(dtype)),
        *(nd.array(s) for s in states),
    ]
    buffers = [builder.array(a) for a in arrays]
    scalars = [builder.scalar(nd.float64.code) for _ in range(6 + hasattr(rule, "momentum"))]
    apply_lr, l1, l2, decay, scale = 1, 0.01, 0.1, 0.05, 0.25
    done = builder.step(
        rule.kernel,
        [*buffers, *scalars],
        [buffers[0], *buffers[2:]],
        [apply_lr, 0],
        list(rule.hyperparameters()),
    )
    assert done
    plan = builder.build()
    for iteration in range(4):
        g = rng.normal(size=n).astype(dtype)
        rate, momentum = rule.learning_rate_at(iteration, 0), rule.momentum_at(iteration, 0)
        rate = (
            1.0 if rate is None else rate * (iteration != 2)
        )  # a step at learning rate 0 is one as well
        arrays[1][...] = nd.array(g)
        plan.run(
            (),
            (
                rate,
                float(iteration),
                scale,
                l1,
                l2,
                decay,
                *([] if momentum is None else [momentum]),
            ),
        )
        total = g * dtype(scale) + (l2 * w + l1 * np.sign(w)).astype(dtype)
        update, new = rule.step(total, states, rate, iteration, momentum or 0.0)
        states = [np.asarray(s) for s in new]
        w = w - (update + (decay * rate * w).astype(dtype))
        relative = 2e-6 if dtype is np.float32 else 1e-12
        np.testing.assert_allclose(np.asarray(arrays[0]), w, rtol=relative, atol=relative)
        for array, state in zip(arrays[2:], states, strict=True):
            np.testing.assert_allclose(
                np.asarray(array), state, rtol=relative, atol=relative * 1e-3
            )


@pytest.mark.parametrize("rule", ALL, ids=named)
def test_apply_gives_the_same_on_every_backend(rule: Any) -> None:
    rng = np.random.default_rng(2)
    gradients = [rng.normal(size=(3, 5)).astype(np.float32) for _ in range(3)]

    def run() -> tuple[list[np.ndarray], np.ndarray]:
        state = np.repeat(np.asarray(rule.initial_state_values(), np.float32), 15)
        kept = [g.copy() for g in gradients]
        updates = [np.asarray(rule.apply(g, state, i, 0)) for i, g in enumerate(kept)]
        np.testing.assert_array_equal(kept, gradients)
        return updates, state

    updates, state = run()
    with nd.use_backend("numpy"):
        expected, expected_state = run()
    np.testing.assert_allclose(updates, expected, rtol=2e-6, atol=1e-9)
    np.testing.assert_allclose(state, expected_state, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("rule", [r for r in ALL if not isinstance(r, (NoOp, AdaDelta))], ids=named)
def test_steps_descend(rule: Any) -> None:
    w = np.asarray([3.0, -2.0])
    state = np.repeat(np.asarray(rule.initial_state_values()), 2)
    rule = type(rule)(learning_rate=0.05)
    for iteration in range(200):
        w = w - np.asarray(rule.apply(2 * w, state, iteration, 0))
    assert np.abs(w).max() < np.abs([3.0, -2.0]).max()


def test_state_is_changed_in_place_and_keeps_the_gradient_shape() -> None:
    rule = AMSGrad()
    assert rule.state_keys == ("M", "V", "V_HAT")
    state = np.zeros(rule.state_size(6), np.float32)
    update = rule.apply(nd.ones((2, 3)), state, 0, 0)
    assert update.shape == (2, 3)
    np.testing.assert_allclose(state[:6], 0.1, rtol=1e-6)
    np.testing.assert_allclose(state[6:], 0.001, rtol=1e-4)


def test_state_of_the_wrong_length_is_an_error() -> None:
    with pytest.raises(
        ValueError, match=r"Adam: expected a state of 6 elements \(2 arrays of 3\), received 5"
    ):
        Adam().apply(np.ones(3, np.float32), np.zeros(5, np.float32), 0, 0)


def test_initial_states() -> None:
    assert AdaGrad(epsilon=0.5).initial_state_values() == (1e-6,)
    assert RmsProp(epsilon=0.5).initial_state_values() == (0.5,)
    assert Adam().initial_state_values() == (0.0, 0.0)


def test_learning_rate_zero_moves_nothing() -> None:
    state = np.zeros(4, np.float32)
    assert not np.asarray(Adam(learning_rate=0.0).apply(np.ones(2, np.float32), state, 0, 0)).any()


@pytest.mark.parametrize("rule", ALL, ids=named)
def test_json_goes_both_ways(rule: Any) -> None:
    assert rule.to_json()["@class"] == PACKAGE + named(rule)
    assert get(rule.to_json()) == rule
    assert get(named(rule)) == rule


def test_schedules_in_json() -> None:
    schedule = ExponentialSchedule("ITERATION", 0.1, 0.5)
    rule = Nesterovs(learning_rate=schedule, momentum=schedule)
    assert rule.learning_rate_schedule == rule.momentum_schedule == schedule
    assert rule.learning_rate_at(1, 0) == rule.momentum_at(1, 9) == pytest.approx(0.05)
    tree = rule.to_json()
    assert tree["learningRate"] == tree["momentum"] == "NaN"
    assert tree["learningRateSchedule"] == tree["momentumISchedule"] == schedule.to_json()
    assert get(tree) == rule
    assert hash(get(tree)) == hash(rule)


def test_equal_rules_share_a_block() -> None:
    assert Adam() == Adam(learning_rate=0.001) != Adam(beta1=0.8)
    assert Sgd(1) == Sgd(1.0)


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"Updater: unknown name 'adamw'; known are .*adam"):
        get("adamw")
