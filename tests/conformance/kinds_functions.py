"""Kinds of the families ``training`` and ``layers`` about single functions: updaters, schedules, activations, losses,
weight initialisation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from harness import Case, compare

from nd4py import activations, losses, ops, schedules, updaters, weights


def updater(case: Case) -> None:
    rule = updaters.get(case.meta["updater"])
    arrays = case.arrays
    assert updaters.get(rule.to_json()) == rule
    if "state_keys" in case.meta:
        assert sorted(rule.state_keys) == sorted(case.meta["state_keys"])
    size = int(np.prod(case.meta["shape"]))
    state_size = case.meta.get("state_size", 0)
    assert rule.state_size(size) == state_size
    dtype = arrays["g_0"].dtype
    state = np.repeat(np.asarray(rule.initial_state_values(), dtype), size)
    if "state_init" in arrays:
        case.compare(state, arrays["state_init"].reshape(-1), "initial state")
    no_step = "A step size of 0" in case.meta.get("jvm_bug", "")
    original = rule
    for i, (iteration, epoch) in enumerate(
        zip(case.meta["iterations"], case.meta["epochs"], strict=True)
    ):
        rule = original
        rate = rule.learning_rate_at(iteration, epoch)
        if isinstance(rule.learning_rate_schedule, schedules.PolySchedule):
            case.differs("poly-schedule")
            rate = case.meta["learning_rates"][i]
            rule = replace(rule, learning_rate=rate)  # the arithmetic is still to be checked
        elif rate is not None:
            compare(rate, case.meta["learning_rates"][i], 1e-12, 0, f"learning rate {i}")
        if "momenta" in case.meta:
            compare(
                rule.momentum_at(iteration, epoch),
                case.meta["momenta"][i],
                1e-12,
                0,
                f"momentum {i}",
            )
        update = np.asarray(rule.apply(arrays[f"g_{i}"], state, iteration, epoch))
        if no_step and rate == 0:
            case.differs("zero-learning-rate")
            assert not update.any()
        else:
            case.compare(update, arrays[f"u_{i}"], f"update {i}")
    if "state_final" in arrays:
        case.compare(state, arrays["state_final"].reshape(-1), "final state")
    for key, values in zip(rule.state_keys, state.reshape(-1, size), strict=False):
        if f"state_{key}" in arrays:
            case.compare(values, arrays[f"state_{key}"].reshape(-1), f"final state {key}")


def schedule(case: Case) -> None:
    found = schedules.get(case.meta["schedule"])
    assert schedules.get(found.to_json()) == found
    grows = isinstance(found, schedules.PolySchedule)
    if grows:
        case.differs("poly-schedule")
    for iteration, epoch, value in case.meta["points"]:
        if grows:
            i, n = (iteration if found.schedule_type == "ITERATION" else epoch), found.max_iter
            value = found.initial_value * (1 - i / n) ** found.power if i < n else 0.0
        case.compare(found.value_at(iteration, epoch), value, f"at {iteration}, {epoch}")


def activation(case: Case) -> None:
    function = activations.get(case.meta["activation"])
    arrays, bug = case.arrays, case.meta.get("jvm_bug", "")
    x, eps = arrays["x"], arrays["eps"]
    if isinstance(function, activations.PReLU):
        check_prelu(case, function, x, eps)
        return
    assert activations.get(function.to_json()) == function
    y = np.asarray(function.activation(x))
    slope = np.asarray(function.backprop(x, eps))
    if isinstance(function, activations.RReLU):
        case.differs("rrelu")
        case.compare(y, arrays["y"], "y")
        low, high = (
            ops.random_uniform(3, 0, shape=(1,)),
            np.asarray(function.activation(x, True, (3, 0))),
        )
        assert low.shape == (1,)
        assert high.shape == x.shape
        alpha = arrays["alpha"]
        case.compare(np.asarray(ops.prelu(x, alpha)), arrays["y_train"], "y_train")
        drawn = np.where(x < 0, high / np.where(x < 0, x, 1), function.l)
        assert np.all((drawn > function.l - 1e-6) & (drawn < function.u + 1e-6))
        gradient = ops.vjp(lambda v: ops.prelu(v, alpha), [x], eps)[1][0]
        case.compare(np.asarray(gradient), np.where(x >= 0, eps, eps * alpha), "dLdx")
    elif "Overflow of exp" in bug:
        case.differs("activation-overflow")
        large = x > 20
        assert large.any()
        case.compare(y[~large], arrays["y"][~large], "y")
        case.compare(slope[~large], arrays["dLdx"][~large], "dLdx")
        case.compare(y[large], x[large], "y where x is large")
        case.compare(slope[large], eps[large], "dLdx where x is large")
    elif "The cube is taken after scaling" in bug:
        case.differs("precise-gelu")
        case.compare(y, arrays["y"], "y")
        case.compare(slope, eps * precise_gelu_slope(x, 0.044715**3).astype(x.dtype), "dLdx")
    elif "ignores alpha" in bug:
        case.differs("elu-gradient")
        case.compare(y, arrays["y"], "y")
        below = np.where(x < 0, function.alpha, 1).astype(x.dtype)
        case.compare(slope, arrays["dLdx"] * below, "dLdx")
    else:
        case.compare(y, arrays["y"], "y")
        case.compare(slope, arrays["dLdx"], "dLdx")


def precise_gelu_slope(x: np.ndarray, k: float) -> np.ndarray:
    x = x.astype(np.float64)
    root = np.sqrt(2 / np.pi)
    t = np.tanh(root * (x + k * x**3))
    with np.errstate(over="ignore", invalid="ignore"):
        inner = np.nan_to_num(x * root * (1 + 3 * k * x**2) * (1 - t**2))
    return 0.5 * (1 + t + inner)


def check_prelu(case: Case, function: Any, x: np.ndarray, eps: np.ndarray) -> None:
    alpha = case.arrays["alpha"]
    case.compare(np.asarray(function.apply(x, alpha)), case.arrays["y"], "y")
    _, (dx, dalpha) = ops.vjp(function.apply, [x, alpha], eps)
    case.compare(np.asarray(dx), case.arrays["dLdx"], "dLdx")
    case.compare(np.asarray(dalpha), case.arrays["dLdParams"].reshape(alpha.shape), "dLdParams")


def raises(case: Case, key: str, call: Any) -> bool:
    """Whether the original throws here; then ours must, unless that is the fault."""
    if key not in case.meta:
        return False
    if case.meta.get("jvm_bug"):
        return True
    try:
        call()
    except (ValueError, TypeError):
        return True
    raise AssertionError(f"{key}: no error")


# Faults of the original by what their description says: the row of the table of differences, and what to leave out.
LOSS_FAULTS = (
    ("computeScoreArray of LossMAE", "mae-score-array", ("score_array",)),
    ("function of column 1 only", "loss-gradient-of-its-score", ("gradient",)),
    ("With softmax the score is only", "loss-gradient-of-its-score", ("score", "score_array")),
    (
        "the labels array given by the caller is multiplied",
        "loss-gradient-of-its-score",
        ("score", "score_array", "gradient"),
    ),
    ("gives NaN or infinite values there", "kld-underflow", ("gradient",)),
    ("A per-output mask makes the score fail", "multilabel-mask-and-double", ()),
    ("DOUBLE input fails", "multilabel-mask-and-double", ()),
    ("Rank 3 input fails", "sparse-mcxent-rank3", ()),
    ("A zero label gives an infinite score", "", ()),
)


def loss(case: Case) -> None:
    found = losses.get(case.meta["loss"])
    assert losses.get(found.to_json()) == found
    function = activations.get(case.meta["activation"])
    arrays, bug = case.arrays, case.meta.get("jvm_bug", "")
    skipped: tuple[str, ...] = ()
    for text, row, parts in LOSS_FAULTS:
        if text in bug:
            skipped = parts
            if row:
                case.differs(row)
            break
    else:
        assert not bug, f"a fault of the original that this handler does not know: {bug}"
    labels, z, mask = arrays["labels"].copy(), arrays["preOutput"], arrays.get("mask")
    args = (labels, z, function, mask)
    calls = {
        "score": lambda: found.score(*args),
        "score_array": lambda: found.score_array(*args),
        "gradient": lambda: found.gradient(*args),
        "gradient_and_score": lambda: found.score_and_gradient(*args),
    }
    thrown = {name for name, call in calls.items() if raises(case, f"raises_{name}", call)}
    if "score" not in thrown | set(skipped):
        compare_score(case, found.score(*args, average=False), "score_sum")
        compare_score(case, found.score(*args), "score_average")
    if "score_array" not in thrown | set(skipped):
        case.compare(np.asarray(found.score_array(*args)), arrays["score_array"], "score_array")
    if "gradient" not in thrown | set(skipped):
        case.compare(np.asarray(found.gradient(*args)), arrays["gradient"], "gradient")
    if "gradient_and_score" not in thrown and "score" not in skipped:
        compare_score(case, found.score_and_gradient(*args)[0], "gradient_and_score_average")
    if bug and "gradient" in thrown | set(skipped):
        check_against_differences(case, found, args)
    np.testing.assert_array_equal(labels, arrays["labels"])


def compare_score(case: Case, actual: Any, key: str) -> None:
    compare(float(np.asarray(actual)), case.meta[key], case.rtol, case.atol, key)


def check_against_differences(case: Case, found: Any, args: tuple[Any, ...]) -> None:
    """Where the original's gradient is no oracle, central differences of the score in float64 are."""
    labels, z, function, mask = args
    if not np.isfinite(np.asarray(found.score(*args))):
        return
    labels, z = labels.astype(np.float64), z.astype(np.float64)
    mask = None if mask is None else mask.astype(np.float64)
    actual = np.asarray(found.gradient(labels, z, function, mask))
    expected = np.zeros_like(z)
    for index in np.ndindex(z.shape):
        moved = [z.copy(), z.copy()]
        moved[0][index] += 1e-6
        moved[1][index] -= 1e-6
        high, low = (
            float(np.asarray(found.score(labels, m, function, mask, False))) for m in moved
        )
        expected[index] = (high - low) / 2e-6
    if isinstance(found, losses.LossKLD):
        # The clipping of the score is not differentiated: where the output has underflowed the pull stays.
        assert np.isfinite(actual).all()
        return
    compare(actual, expected, 1e-5, 1e-7, "gradient against central differences")


def weight_init(case: Case) -> None:
    meta, shape = case.meta, tuple(case.meta["shape"])
    if "inits" in meta:
        check_names(case)
        return
    found = weights.get(meta["weight_init"])
    assert weights.get(found.to_json()) == found

    def draw(seed: int) -> np.ndarray:
        return np.asarray(
            found.initialize(
                shape, fan_in=meta["fanIn"], fan_out=meta["fanOut"], seed=seed, order=meta["order"]
            )
        )

    if "raises" in meta:
        try:
            draw(11)
        except ValueError:
            return
        raise AssertionError("no error")
    values = draw(11)
    np.testing.assert_array_equal(values, draw(11))
    gain = meta.get("expect", {}).get("orthogonal_gain")
    if gain is not None:
        matrix = values.reshape(shape[0], -1).astype(np.float64)
        square = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
        np.testing.assert_allclose(square, gain**2 * np.eye(len(square)), atol=1e-5)
    elif "w" in case.arrays:
        case.compare(values, case.arrays["w"], "w")
        flat = values.reshape(-1, order={"c": "C", "f": "F"}[meta["order"]])
        case.compare(flat, case.arrays["flat"].reshape(-1), "flat")
    if "stats" in meta and gain is None:
        check_statistics(case, values)


def named_init(name: str) -> Any:
    """The object that a recorded name stands for: an enum value, one with a scale, or a distribution with
    its numbers.
    """
    if "(" in name:
        cls, _, numbers = name.rstrip(")").partition("(")
        return weights.get(getattr(weights, cls)(*map(float_or_int, numbers.split(","))))
    enum, _, scale = name.partition(" scale ")
    found = weights.get(enum)
    return replace(found, scale=float(scale)) if scale else found


def float_or_int(text: str) -> float | int:
    return float(text) if "." in text else int(text)


def check_names(case: Case) -> None:
    """A list of names with the class that each stands for and statistics of a sample."""
    meta, shape = case.meta, tuple(case.meta["shape"])
    for entry in meta["inits"]:
        name = entry["name"]
        found = named_init(name)
        assert type(found).__name__ == entry["class"], name
        drawn = found.initialize(
            shape, fan_in=meta["fan_in"], fan_out=meta["fan_out"], seed=5, order="f"
        )
        values = np.asarray(drawn).astype(np.float64)
        error = 6 * entry["std"] / np.sqrt(values.size)
        compare(values.mean(), entry["mean"], 0, error + 1e-6 * abs(entry["mean"]), f"{name} mean")
        compare(values.std(ddof=1), entry["std"], case.rtol, 1e-7, f"{name} std")
        for key, value in (("min", values.min()), ("max", values.max())):
            compare(value, entry[key], 0.25, 0.5 * entry["std"] + 1e-6, f"{name} {key}")
    for key, expected in case.arrays.items():
        if key.startswith("orthogonal_gain"):
            gain, _, size = key.removeprefix("orthogonal_gain").partition("_")
            distribution = weights.OrthogonalDistribution(float(gain))
            matrix = np.asarray(distribution.sample(expected.shape, seed=3)).astype(np.float64)
            assert size == "x".join(map(str, expected.shape))
            square = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
            np.testing.assert_allclose(square, float(gain) ** 2 * np.eye(len(square)), atol=1e-5)
        elif key.startswith("identity"):
            found = weights.WeightInitIdentity(float(expected.max()) if "scale" in key else None)
            compare(np.asarray(found.initialize(expected.shape)), expected, 1e-6, 0, key)


def check_statistics(case: Case, values: np.ndarray) -> None:
    """Statistics of two samples of the same size agree within a few standard errors."""
    stats, flat = case.meta["stats"], values.reshape(-1).astype(np.float64)
    while flat.size < case.meta["samples"]:
        raise AssertionError(f"{flat.size} values, expected {case.meta['samples']}")
    spread = stats["std"]
    error = 6 * spread / np.sqrt(flat.size)
    compare(flat.mean(), stats["mean"], 0, error, "mean")
    compare(flat.std(ddof=1), spread, max(case.rtol, 0.01), 1e-12, "std")
    quantiles = np.quantile(flat, stats["quantile_probs"])
    compare(quantiles, stats["quantiles"], max(case.rtol, 0.02), 0.03 * spread + 1e-12, "quantiles")
    compare(flat.min(), stats["min"], 0.25, 0.25 * spread + 1e-12, "min")
    compare(flat.max(), stats["max"], 0.25, 0.5 * spread + 1e-12, "max")


KINDS = {
    "updater": updater,
    "schedule": schedule,
    "activation": activation,
    "loss": loss,
    "weight-init": weight_init,
}
