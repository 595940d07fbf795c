"""Training steps against the same arithmetic written out in NumPy."""

import numpy as np
import pytest

import nd4py.ops as ops
from nd4py import updaters
from samediff import (
    GradientNormalization,
    NumericsError,
    Probe,
    SameDiff,
    Segment,
    Statistics,
    UpdateBlock,
)

ALL_UPDATERS = [
    updaters.Sgd(0.1),
    updaters.Nesterovs(0.1, 0.8),
    updaters.AdaGrad(0.1),
    updaters.AdaDelta(),
    updaters.RmsProp(0.05),
    updaters.Adam(0.01),
    updaters.AdaMax(0.01),
    updaters.AMSGrad(0.01),
    updaters.Nadam(0.01),
    updaters.AdaBelief(0.01),
    updaters.NoOp(),
]


class Net:
    """Two dense layers whose parameters and gradients are 'f'-ordered views of flat vectors, as dl4py lays them out."""

    def __init__(self, dtype="float64", seed=3):
        rng = np.random.default_rng(seed)
        self.sizes = [(4, 5), (5, 3)]
        total = sum(a * b + b for a, b in self.sizes)
        self.flat = rng.normal(size=total).astype(dtype) * 0.5
        self.gradient = np.zeros(total, dtype)
        self.sd = SameDiff.create()
        x = self.sd.placeholder("x", dtype, (None, 4))
        y = self.sd.placeholder("y", dtype, (None, 3))
        self.views, self.slices = {}, {}
        h, at = x, 0
        for i, (a, b) in enumerate(self.sizes):
            w, at = self._take(f"{i}_W", (a, b), at)
            bias, at = self._take(f"{i}_b", (b,), at)
            h = ops.linear(h, w, bias)
            if i == 0:
                h = ops.tanh(h).rename("hidden")
        rows, probabilities = ops.softmax_cross_entropy(y, h)
        probabilities.rename("probabilities")
        ops.sum(rows).rename("loss")
        self.x = rng.normal(size=(6, 4)).astype(dtype)
        self.y = np.eye(3)[rng.integers(0, 3, 6)].astype(dtype)

    def _take(self, name, shape, at):
        n = int(np.prod(shape))
        self.slices[name] = slice(at, at + n)
        self.views[name] = self.gradient[at : at + n].reshape(shape, order="F")
        return self.sd.var(name, self.flat[at : at + n].reshape(shape, order="F")), at + n

    def loss_and_gradient(self):
        """The summed loss and its flat gradient, in NumPy."""
        w0, b0, w1, b1 = (self.flat[s] for s in self.slices.values())
        w0, w1 = w0.reshape(4, 5, order="F"), w1.reshape(5, 3, order="F")
        h = np.tanh(self.x @ w0 + b0)
        z = h @ w1 + b1
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        dz = p - self.y
        dh = (dz @ w1.T) * (1 - h * h)
        parts = (self.x.T @ dh).ravel("F"), dh.sum(0), (h.T @ dz).ravel("F"), dz.sum(0)
        return -np.sum(self.y * np.log(p)), np.concatenate(parts)

    def block(self, updater, **options):
        n = self.flat.size
        states = [np.full(n, v, self.flat.dtype) for v in updater.initial_state_values()]
        momentum = {"momentum": "momentum"} if hasattr(updater, "momentum") else {}
        return UpdateBlock(updater, self.flat, self.gradient, states, **momentum, **options), states

    def plan(self, **options):
        return self.sd.compile_training("loss", gradients=self.views, minibatch="x", **options)


def _scalars(plan, updater, iteration, **others):
    rate = updater.learning_rate_at(iteration, 0)
    values = {
        "learning_rate": 1.0 if rate is None else rate,
        "iteration": float(iteration),
        "momentum": updater.momentum_at(iteration, 0),
        **others,
    }
    return tuple(values[n] for n in plan.scalars)


@pytest.mark.parametrize("updater", ALL_UPDATERS, ids=lambda u: type(u).__name__)
def test_step_follows_the_update_pipeline(updater, executor):
    net = Net()
    w = slice(0, 20)
    block, states = net.block(
        updater,
        segments=[
            Segment(0, 20, l1=0.01, l2="l2", weight_decay=0.02),
            Segment(20, 25),
            Segment(25, 40, l2="l2"),
            Segment(40, 43),
        ],
    )
    plan = net.plan(updates=[block])
    expected, mine = net.flat.copy(), [s.copy() for s in states]
    for iteration in range(4):
        net.flat[:], kept = expected, net.flat.copy()
        loss, gradient = net.loss_and_gradient()
        net.flat[:] = kept
        scalars = _scalars(plan, updater, iteration, l2=0.1 / (iteration + 1))
        (score,) = plan.run((net.x, net.y), scalars)
        l2 = 0.1 / (iteration + 1)
        terms = 0.01 * np.abs(expected[w]).sum() + 0.5 * 0.02 * np.square(expected[w]).sum()
        terms += 0.5 * l2 * (np.square(expected[w]).sum() + np.square(expected[25:40]).sum())
        assert score == pytest.approx(loss / 6 + terms, rel=1e-10)
        g = gradient / 6
        g[w] += 0.01 * np.sign(expected[w])
        for part in (w, slice(25, 40)):
            g[part] += l2 * expected[part]
        rate = updater.learning_rate_at(iteration, 0)
        rate = 1.0 if rate is None else rate
        update, mine = updater.step(
            g, mine, rate, iteration, updater.momentum_at(iteration, 0) or 0.0
        )
        update = update.copy()
        update[w] += 0.02 * rate * expected[w]
        expected = expected - update
        np.testing.assert_allclose(net.flat, expected, rtol=1e-9, atol=1e-12)
        for state, own in zip(states, mine, strict=True):
            np.testing.assert_allclose(state, own, rtol=1e-9, atol=1e-14)


def test_float32_step_matches_float64(executor):
    single, double = Net("float32"), Net("float64")
    double.flat[:] = single.flat
    double.x[:], double.y[:] = single.x, single.y
    for net in (single, double):
        updater = updaters.Adam(0.01)
        block, _ = net.block(updater)
        plan = net.plan(updates=[block])
        for iteration in range(5):
            plan.run((net.x, net.y), _scalars(plan, updater, iteration))
    np.testing.assert_allclose(single.flat, double.flat, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("mode", ["renormalize_l2", "clip_elementwise_absolute", "clip_l2"])
def test_normalization_comes_after_the_division_and_before_the_updater(mode, executor):
    net = Net()
    layer = slice(0, 25)
    block, _ = net.block(updaters.Sgd(1.0))
    start = net.flat.copy()
    _, gradient = net.loss_and_gradient()
    g = gradient / 6
    part, threshold = g[layer], 0.05
    norm = np.sqrt(np.square(part).sum())
    assert norm > threshold
    if mode == "renormalize_l2":
        g[layer] = part / norm
    elif mode == "clip_l2":
        g[layer] = part * threshold / norm
    else:
        g[layer] = np.clip(part, -threshold, threshold)
    plan = net.plan(
        updates=[block],
        normalizations=[GradientNormalization(net.gradient[layer], mode, threshold)],
    )
    plan.run((net.x, net.y), _scalars(plan, updaters.Sgd(1.0), 0))
    np.testing.assert_allclose(start - net.flat, g, rtol=1e-10, atol=1e-13)


def test_gradients_alone_leave_parameters(executor):
    net = Net()
    start = net.flat.copy()
    score, probabilities = net.plan(outputs=["probabilities"]).run((net.x, net.y))
    loss, gradient = net.loss_and_gradient()
    assert score == pytest.approx(loss / 6)
    np.testing.assert_allclose(net.gradient, gradient, rtol=1e-10)
    assert np.asarray(probabilities).sum() == pytest.approx(6.0)
    assert (net.flat == start).all()


def test_outputs_are_those_before_the_update(executor):
    net = Net()
    block, _ = net.block(updaters.Sgd(0.5))
    before = net.flat[net.slices["1_b"]].copy()
    plan = net.plan(updates=[block], outputs=["1_b", "hidden"])
    _, bias, hidden = plan.run((net.x, net.y), _scalars(plan, updaters.Sgd(0.5), 0))
    assert np.asarray(bias).tolist() == before.tolist()
    assert net.flat[net.slices["1_b"]].tolist() != before.tolist()
    assert np.asarray(hidden).shape == (6, 5)


def test_probes_report_without_changing_the_step(executor):
    plain, probed = Net(), Net()
    results = None
    for net in (plain, probed):
        updater = updaters.Adam(0.01)
        block, _ = net.block(updater, segments=[Segment(0, 43, l2=0.01)])
        plan = net.plan(updates=[block])
        for iteration in range(3):
            probes = ()
            if net is probed and iteration == 1:
                before = net.flat.copy()
                _, gradient = net.loss_and_gradient()
                probes = (
                    Probe("value", "hidden"),
                    Probe("update", "0_W"),
                    Probe("gradient", "0_W"),
                    Probe("parameter", "0_W"),
                    Probe("gradient", "0_W", statistics=True, bins=4),
                    Probe("update", "1_b", statistics=True),
                    Probe("parameter", "1_W", statistics=True, bins=3),
                    Probe("value", "hidden", statistics=True),
                )
            out = plan.run((net.x, net.y), _scalars(plan, updater, iteration), probes)
            if probes:
                results, after = out, net.flat.copy()
    assert (plain.flat == probed.flat).all()
    _, hidden, update, grad, parameter, grad_stats, bias_stats, weight_stats, hidden_stats = results
    w = probed.slices["0_W"]
    np.testing.assert_allclose(np.asarray(grad).ravel("F"), gradient[w], rtol=1e-9)
    np.testing.assert_allclose(np.asarray(parameter).ravel("F"), before[w])
    np.testing.assert_allclose(
        np.asarray(update).ravel("F"), (before - after)[w], rtol=1e-6, atol=1e-15
    )
    assert isinstance(grad_stats, Statistics)
    assert grad_stats.mean == pytest.approx(gradient[w].mean())
    assert grad_stats.standard_deviation == pytest.approx(gradient[w].std(ddof=1))
    assert grad_stats.mean_magnitude == pytest.approx(np.abs(gradient[w]).mean())
    assert grad_stats.histogram == tuple(np.histogram(gradient[w], 4)[0].tolist())
    assert (grad_stats.minimum, grad_stats.maximum) == pytest.approx(
        (gradient[w].min(), gradient[w].max())
    )
    bias = (before - after)[probed.slices["1_b"]]
    assert bias_stats.mean == pytest.approx(bias.mean(), rel=1e-6)
    assert bias_stats.histogram == ()
    assert sum(weight_stats.histogram) == weight_stats.size == 15
    assert hidden_stats.mean == pytest.approx(np.asarray(hidden).mean())


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        (Probe("gradient", "hidden"), "gradient of 'hidden' is not computed"),
        (Probe("update", "x"), "update of 'x' is not computed"),
        (Probe("parameter", "hidden"), "'hidden' is a array, not a parameter"),
    ],
)
def test_impossible_probes_raise(probe, message):
    net = Net()
    with pytest.raises(ValueError, match=message):
        net.plan().run((net.x, net.y), (), (probe,))


def test_wrong_probe_arguments_raise():
    with pytest.raises(ValueError, match="kind is one of value, parameter, gradient, update"):
        Probe("activation", "x")
    with pytest.raises(ValueError, match="bins must not be negative"):
        Probe("value", "x", bins=-1)


def test_a_variable_without_influence_gets_a_zero_gradient(executor):
    net = Net()
    net.sd.var("unused", np.ones(2))
    view = np.full(2, 7.0)
    net.sd.compile_training("loss", gradients={**net.views, "unused": view}).run((net.x, net.y))
    assert view.tolist() == [0.0, 0.0]


def test_one_gradient_in_two_places_is_copied(executor):
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (2,))
    a, b = sd.var("a", np.ones(2)), sd.var("b", np.ones(2))
    ops.sum(x * (a + b)).rename("loss")
    views = {"a": np.zeros(2), "b": np.zeros(4)[::2]}
    sd.compile_training("loss", gradients=views).run((np.array([3.0, 4.0]),))
    assert views["a"].tolist() == views["b"].tolist() == [3.0, 4.0]


def test_gradient_that_is_a_view_of_an_input_is_copied(executor):
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (2, 3))
    w = sd.var("w", np.ones((3, 2)))
    ops.sum(ops.permute(x, dims=(1, 0)) * w).rename("loss")
    view = np.zeros((3, 2), order="F")
    data = np.arange(6.0).reshape(2, 3)
    sd.compile_training("loss", gradients={"w": view}).run((data,))
    assert view.tolist() == data.T.tolist()


def test_shapes_change_from_call_to_call(executor):
    net = Net()
    plan = net.plan()
    x, y = net.x, net.y
    for n in (6, 2, 6, 1):
        net.x, net.y = x[:n].copy(), y[:n].copy()
        (score,) = plan.run((net.x, net.y))
        assert score == pytest.approx(net.loss_and_gradient()[0] / n)


def test_per_call_scalars_reach_the_graph(executor):
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (2,))
    factor = sd.scalar_input("factor")
    count = sd.scalar_input("count", "int64")
    w = sd.var("w", np.array([1.0, 2.0]))
    ops.sum(x * w * factor * ops.cast(count, dtype="float64")).rename("loss")
    plan = sd.compile_training("loss", gradients={"w": np.zeros(2)})
    assert plan.scalars == ("factor", "count")
    assert plan.run((np.ones(2),), (0.5, 3)) == (4.5,)
    assert plan.run((np.ones(2),), (2.0, 1)) == (6.0,)


def test_scalar_names_are_those_of_the_graph_then_the_blocks():
    net = Net()
    block, _ = net.block(updaters.Nesterovs(), segments=[Segment(0, 43, l1="a", weight_decay="b")])
    assert net.plan(updates=[block]).scalars == ("learning_rate", "iteration", "momentum", "a", "b")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda n: n.sd.compile_training("loss", gradients={"0_W": np.zeros((5, 4))}),
            r"gradient of '0_W': expected an array float64\[4, 5\]",
        ),
        (
            lambda n: n.sd.compile_training("loss", gradients={"x": np.zeros(3)}),
            "gradient of 'x': it is a placeholder",
        ),
        (
            lambda n: n.sd.compile_training("loss", minibatch="hidden"),
            "'hidden' is not among the inputs",
        ),
        (lambda n: n.sd.compile_training("loss", inputs=["x"]), "also need the placeholder 'y'"),
        (
            lambda n: n.plan(
                updates=[UpdateBlock(updaters.Sgd(), n.flat, n.gradient[:5], name="dense")]
            ),
            "updater block 'dense': gradient must be",
        ),
        (
            lambda n: n.plan(
                updates=[n.block(updaters.Sgd(), segments=[Segment(0, 5), Segment(6, 43)])[0]]
            ),
            "without gaps",
        ),
        (
            lambda n: n.plan(updates=[n.block(updaters.Sgd(), segments=[Segment(0, 5)])[0]]),
            "segments end at 5, params have 43",
        ),
        (lambda n: GradientNormalization(n.gradient, "l3"), "received 'l3'"),
    ],
)
def test_contradictions_raise(make, message):
    with pytest.raises(ValueError, match=message):
        make(Net())


def test_first_nan_is_reported_by_node(executor):
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (3,))
    w = sd.var("w", np.ones(3))
    with sd.name_scope("layer2"):
        inner = sd.math.log("logarithm", x * w)
    ops.sum(ops.tanh(inner)).rename("loss")
    plan = sd.compile_training("loss", gradients={"w": np.zeros(3)}, check_numerics=True)
    assert np.isfinite(plan.run((np.ones(3),))[0])
    with pytest.raises(NumericsError, match=r"layer2/logarithm.*log.* produced NaN"):
        plan.run((np.array([1.0, -1.0, 2.0]),))
    unchecked = sd.compile_training("loss", gradients={"w": np.zeros(3)})
    assert np.isnan(unchecked.run((np.array([1.0, -1.0, 2.0]),))[0])
