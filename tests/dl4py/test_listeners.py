"""Listeners: when they are called, what they see, what they leave behind."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest
from small_networks import mlp, rows

from dl4py import (
    CheckpointListener,
    CollectScoresListener,
    EvaluativeListener,
    MultiLayerNetwork,
    PerformanceListener,
    ProgressBarListener,
    ScoreIterationListener,
    TrainingListener,
)
from nd4py.data import ListDataSetIterator
from nd4py.updaters import Sgd
from samediff import Probe, Statistics


class Record(TrainingListener):
    """Keeps the names of its callbacks."""

    def __init__(self):
        self.events = []

    def on_epoch_start(self, model):
        self.events.append("start")

    def on_forward_pass(self, model, activations):
        self.events.append("forward")
        self.activations = [np.array(a) for a in activations]

    def on_backward_pass(self, model):
        self.events.append("backward")
        self.gradient = np.array(model.gradients_view_array())

    def on_gradient_calculation(self, model):
        self.events.append("gradient")

    def iteration_done(self, model, iteration, epoch):
        self.events.append("done")

    def on_epoch_end(self, model):
        self.events.append("end")


def test_order_of_the_callbacks():
    net, listener = mlp(), Record()
    net.set_listeners(listener)
    net.fit(ListDataSetIterator(rows(8), 4))
    one = ["forward", "backward", "gradient", "done"]
    assert listener.events == ["start", *one, *one, "end"]


def test_callbacks_see_the_activations_and_gradient_of_the_iteration():
    data, net, listener = rows(), mlp(dropout=0.9), Record()
    twin = mlp(dropout=0.9)
    twin.compute_gradient_and_score(data)
    net.set_listeners(listener)
    net.fit(data)
    assert [a.shape for a in listener.activations] == [(12, 4), (12, 6)]
    assert np.allclose(listener.gradient, twin.gradients_view_array(), atol=1e-6)
    twin.fit(data)
    assert np.array_equal(np.asarray(net.params()), np.asarray(twin.params()))


def test_probes_are_computed_in_the_iterations_asked_for():
    class Watch(TrainingListener):
        def __init__(self):
            self.seen = []

        def probes(self, model, iteration):
            if iteration % 2:
                return ()
            return (
                Probe("gradient", "0_W", statistics=True, bins=5),
                Probe("update", "0_W"),
                Probe("value", "activation_0"),
            )

        def iteration_done(self, model, iteration, epoch):
            self.seen.append((iteration, dict(model.probed) if iteration % 2 == 0 else {}))

    net, listener, data = mlp(updater=Sgd(0.5)), Watch(), rows()
    before = np.array(net.get_param("0_W"))
    twin = mlp(updater=Sgd(0.5))
    twin.compute_gradient_and_score(data)
    gradient = np.asarray(twin.gradient()["0_W"])
    net.set_listeners(listener)
    for _ in range(3):
        net.fit(data)
    assert [i for i, _ in listener.seen] == [0, 1, 2]
    statistics, update, activation = listener.seen[0][1].values()
    assert isinstance(statistics, Statistics)
    assert statistics.mean == pytest.approx(gradient.mean(), abs=1e-6)
    assert sum(statistics.histogram) == 24
    assert np.allclose(update, 0.5 * gradient / 12, atol=1e-7)
    assert np.asarray(activation).shape == (12, 6)
    assert np.asarray(update).shape == before.shape


def test_listeners_do_not_change_the_result():
    plain, watched, data = mlp(), mlp(), rows()
    watched.set_listeners(Record(), CollectScoresListener(), PerformanceListener())
    for net in (plain, watched):
        net.fit([data, data], epochs=2)
    assert np.array_equal(np.asarray(plain.params()), np.asarray(watched.params()))


def test_scores_are_logged_and_collected(caplog):
    net, collected = mlp(), CollectScoresListener(2)
    net.set_listeners(ScoreIterationListener(3), collected)
    with caplog.at_level(logging.INFO, "dl4py"):
        for _ in range(5):
            net.fit(rows())
    assert [m.split(" is ")[0] for m in caplog.messages] == [
        "Score at iteration 0",
        "Score at iteration 3",
    ]
    assert collected.iterations == [0, 2, 4]
    assert collected.scores[0] > collected.scores[-1]


def test_performance_counts_examples(caplog):
    net, listener = mlp(), PerformanceListener(2, report_score=True)
    net.set_listeners(listener)
    with caplog.at_level(logging.INFO, "dl4py"):
        net.fit([rows()] * 4)
    assert len(caplog.messages) == 2
    assert listener.samples_per_second == pytest.approx(12 * listener.batches_per_second)
    assert "score: " in caplog.messages[0]


def test_progress_bar_counts_and_is_silent_off_a_terminal():
    shown, quiet = io.StringIO(), io.StringIO()
    net = mlp()
    bars = ProgressBarListener(4, file=shown, disable=False), ProgressBarListener(4, file=quiet)
    net.set_listeners(*bars)
    net.fit([rows()] * 4)
    for bar in bars:
        bar.close()
    assert "4/4" in shown.getvalue()
    assert "score=" in shown.getvalue()
    assert quiet.getvalue() == ""
    with pytest.raises(ValueError, match='unit is "iteration" or "epoch"'):
        ProgressBarListener(unit="hour")


def test_evaluative_listener_calls_back():
    calls = []
    data = rows()
    listener = EvaluativeListener(
        data,
        2,
        "EPOCH_END",
        callback=lambda self, model, count, evaluations: calls.append(
            (count, evaluations[0].accuracy())
        ),
    )
    net = mlp()
    net.set_listeners(listener)
    net.fit(data, epochs=3)
    assert [c for c, _ in calls] == [1, 2]
    assert listener.evaluations[0].accuracy() == calls[-1][1]
    with pytest.raises(ValueError, match="invocation_type is one of"):
        EvaluativeListener(data, invocation_type="NOW")


def test_checkpoints_are_kept_by_rule_and_load(tmp_path):
    net, data = mlp(), rows()
    net.set_listeners(
        CheckpointListener(
            tmp_path, save_every_n_iterations=1, keep_last=2, keep_every=3, log_saving=False
        )
    )
    for _ in range(7):
        net.fit(data)
    found = CheckpointListener.available_checkpoints(tmp_path)
    assert [c.checkpoint_num for c in found] == [2, 4, 5]
    last = CheckpointListener.load_last_checkpoint_mln(tmp_path)
    assert isinstance(last, MultiLayerNetwork)
    assert np.array_equal(np.asarray(last.params()), np.asarray(net.params()))
    assert CheckpointListener.load_checkpoint_mln(tmp_path, 2).iteration_count == 4
    with pytest.raises(ValueError, match="no checkpoint 0"):
        CheckpointListener.get_file_for_checkpoint(tmp_path, 0)
    with pytest.raises(ValueError, match="holds checkpoints already"):
        CheckpointListener(tmp_path, save_every_n_epochs=1)
    CheckpointListener(tmp_path, save_every_n_epochs=1, delete_existing=True)
    assert CheckpointListener.available_checkpoints(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3", "line 2: expected checkpointNum"),
        ("a,2,3,4,M,f.zip", "expected four integers"),
        ("1,2,3,4,M,../../etc/passwd", "expected a plain file name"),
    ],
)
def test_damaged_checkpoint_lists_are_refused(tmp_path, line, message):
    (tmp_path / "checkpointInfo.txt").write_text(f"header\n{line}\n")
    with pytest.raises(ValueError, match=message):
        CheckpointListener.available_checkpoints(tmp_path)


def test_checkpoints_need_a_rule(tmp_path):
    with pytest.raises(ValueError, match="give save_every_n_epochs"):
        CheckpointListener(tmp_path)
    with pytest.raises(ValueError, match="must be positive; received 0"):
        CheckpointListener(tmp_path, save_every_n_epochs=0)
