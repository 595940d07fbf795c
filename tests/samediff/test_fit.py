"""fit, its history, and evaluate of a graph with a training configuration."""

import numpy as np
import pytest

import nd4py.ops as ops
from nd4py import updaters
from nd4py.data import DataSet
from nd4py.evaluation import RegressionEvaluation
from nd4py.regularization import L1, L2, WeightDecay
from nd4py.schedules import StepSchedule
from samediff import SameDiff, TrainingConfig


def _regression(**options):
    rng = np.random.default_rng(0)
    sd = SameDiff.create()
    x = sd.placeholder("x", "float32", (None, 3))
    y = sd.placeholder("y", "float32", (None, 1))
    w = sd.var("w", shape=(3, 1))
    b = sd.var("b", shape=(1,))
    ops.mean(ops.squared_difference(x @ w + b, y)).rename("loss")
    sd.set_loss_variables("loss")
    sd.set_training_config(
        TrainingConfig(data_set_feature_mapping=["x"], data_set_label_mapping=["y"], **options)
    )
    features = rng.normal(size=(64, 3)).astype(np.float32)
    labels = features @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 0.25
    return sd, features, labels


def test_fit_finds_the_line(executor):
    sd, features, labels = _regression(updater=updaters.Adam(0.05))
    batches = [DataSet(features[i : i + 16], labels[i : i + 16]) for i in range(0, 64, 16)]
    history = sd.fit(batches, epochs=60)
    np.testing.assert_allclose(np.asarray(sd.get_array("w")).ravel(), [1.0, -2.0, 0.5], atol=0.02)
    np.testing.assert_allclose(np.asarray(sd.get_array("b")), [0.25], atol=0.02)
    curve = history.loss_curve
    assert len(curve.iterations) == 240
    assert curve.mean_loss(0) == pytest.approx(np.mean(curve.iterations[:4]))
    assert history.final_loss() < 1e-3 < curve.mean_losses()[0]
    assert (sd.iteration_count, sd.epoch_count) == (240, 60)


def test_fit_in_two_calls_equals_one_call(executor):
    results = []
    for calls in ((6,), (2, 4)):
        sd, features, labels = _regression(
            updater=updaters.Adam(StepSchedule("ITERATION", 0.05, 0.5, 2.0))
        )
        for epochs in calls:
            sd.fit((features, labels), epochs=epochs)
        results.append(np.asarray(sd.get_array("w")).copy())
    assert (results[0] == results[1]).all()


def test_regularization_pulls_and_counts_in_the_score(executor):
    entries = [L1(0.01), L2(0.1), WeightDecay(0.2)]
    sd, features, labels = _regression(updater=updaters.Sgd(0.1), regularization=entries)
    sd.set_array("w", [[1.0], [-1.0], [2.0]])
    w = np.asarray(sd.get_array("w")).astype(float).copy()
    error = features @ w + 0.0 - labels
    history = sd.fit((features, labels))
    data_loss = np.mean(np.square(error))
    expected = data_loss + 0.01 * 4 + 0.5 * 0.1 * 6 + 0.5 * 0.2 * 6
    assert history.loss_curve.iterations[0] == pytest.approx(expected, rel=1e-5)
    g = features.T @ (2 * error / 64) + 0.01 * np.sign(w) + 0.1 * w
    np.testing.assert_allclose(
        np.asarray(sd.get_array("w")), w - 0.1 * g - 0.1 * 0.2 * w, rtol=1e-5
    )


def test_maximising_climbs(executor):
    sd, features, labels = _regression(updater=updaters.Sgd(0.01), minimize=False)
    history = sd.fit((features, labels), epochs=5)
    losses = history.loss_curve.iterations
    assert losses == sorted(losses)
    assert losses[0] == pytest.approx(np.mean(np.square(labels)), rel=1e-5)


def test_fit_keeps_arrays_by_reference():
    sd, features, labels = _regression(updater="sgd")
    mine = np.zeros((3, 1), np.float32)
    sd.get_variable("w").array = None
    sd = SameDiff.create()
    x, y = sd.placeholder("x", "float32", (None, 3)), sd.placeholder("y", "float32", (None, 1))
    ops.mean(ops.squared_difference(x @ sd.var("w", mine), y)).rename("loss")
    sd.set_loss_variables("loss")
    config = TrainingConfig("sgd", data_set_feature_mapping=["x"], data_set_label_mapping=["y"])
    sd.fit((features, labels), config=config)
    assert (mine != 0).all()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda sd, f, y: SameDiff.create().fit((f, y)), "call set_training_config"),
        (lambda sd, f, y: sd.fit((b for b in [(f, y)]), epochs=2), "can be read only once"),
        (lambda sd, f, y: sd.fit([f]), "a batch is a DataSet"),
        (lambda sd, f, y: sd.fit([((f,), ())]), "labels are mapped to y, the batch has 0"),
        (
            lambda sd, f, y: sd.fit((f[:, :2], y)),
            r"placeholder 'x': expected shape \[any, 3\], received \[64, 2\]",
        ),
        (
            lambda sd, f, y: sd.fit(
                (f, y), config=TrainingConfig("sgd", data_set_feature_mapping=["x"])
            ),
            "needs placeholder 'y'",
        ),
        (lambda sd, f, y: TrainingConfig("sgd"), "name the placeholders"),
        (
            lambda sd, f, y: TrainingConfig(
                "sgd", [WeightDecay(0.1), WeightDecay(0.1, apply_lr=False)], ["x"]
            ),
            "cannot be combined",
        ),
    ],
)
def test_fit_says_what_is_wrong(act, message):
    sd, features, labels = _regression(updater="sgd")
    with pytest.raises(ValueError, match=message):
        act(sd, features, labels)


def test_history_of_no_epochs():
    sd, features, labels = _regression(updater="sgd")
    history = sd.fit((features, labels), epochs=0)
    assert history.loss_curve.mean_losses() == []
    with pytest.raises(IndexError, match="0 epochs were recorded"):
        history.final_loss()


def test_evaluate_feeds_every_batch(executor):
    sd, features, labels = _regression(updater=updaters.Sgd(0.1))
    sd.set_array("w", [[1.0], [-2.0], [0.5]])
    (sd.get_variable("x") @ sd.get_variable("w")).rename("out")
    evaluation = RegressionEvaluation()
    batches = [DataSet(features[i : i + 16], labels[i : i + 16]) for i in range(0, 64, 16)]
    sd.evaluate(batches, "out", evaluation)
    assert evaluation.mean_absolute_error(0) == pytest.approx(0.25, rel=1e-4)
    with pytest.raises(ValueError, match="call set_training_config"):
        SameDiff.create().evaluate(batches, "out", evaluation)
