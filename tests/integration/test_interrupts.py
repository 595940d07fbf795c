"""Ctrl-C, failing listeners and failing saves: what is left is a network and a file that can be used."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import dl4py
from nd4py.data import DataSet
from nd4py.updaters import Adam


def network() -> dl4py.MultiLayerNetwork:
    conf = dl4py.NeuralNetConfiguration(seed=1, updater=Adam(0.01), dropout=0.8).list(
        dl4py.DenseLayer(n_out=8),
        dl4py.OutputLayer(n_out=3),
        input_type=dl4py.InputType.feed_forward(4),
    )
    return dl4py.MultiLayerNetwork(conf).init()


def data() -> DataSet:
    rng = np.random.default_rng(3)
    labels = np.eye(3, dtype=np.float32)[np.arange(12) % 3]
    return DataSet(rng.normal(size=(12, 4)).astype(np.float32), labels)


def params_after(iterations: int) -> np.ndarray:
    net = network()
    for _ in range(iterations):
        net.fit(data())
    return np.array(net.params())


class Stop(dl4py.TrainingListener):
    """Ends training with an exception."""

    def __init__(self, problem: type[BaseException], iteration: int) -> None:
        self.problem, self.iteration = problem, iteration

    def iteration_done(self, model, iteration, epoch) -> None:
        if iteration == self.iteration:
            raise self.problem


@pytest.mark.parametrize("problem", [KeyboardInterrupt, ValueError])
def test_iteration_that_a_listener_ends_training_in_is_counted(problem, tmp_path) -> None:
    net = network()
    net.set_listeners(Stop(problem, 4))
    with pytest.raises(problem):
        net.fit(data(), epochs=50)
    assert net.iteration_count == 5
    assert np.array_equal(np.asarray(net.params()), params_after(5))
    net.save(tmp_path / "model.zip")
    again = dl4py.MultiLayerNetwork.load(tmp_path / "model.zip")
    for one in (net, again):
        one.set_listeners()
        one.fit(data()).fit(data())
        assert np.array_equal(np.asarray(one.params()), params_after(7))


ENDLESS = """
import sys
sys.path.insert(0, sys.argv[1])
from test_interrupts import data, network, np, params_after

net = network()
if sys.argv[2] == "listened":
    import dl4py
    net.set_listeners(dl4py.CollectScoresListener())
net.fit(data())
print("ready", flush=True)
try:
    net.fit(data(), epochs=10**9)
except KeyboardInterrupt:
    assert np.array_equal(np.asarray(net.params()), params_after(net.iteration_count))
    print(net.iteration_count, flush=True)
"""


@pytest.mark.parametrize("listeners", ["plain", "listened"])
def test_signal_leaves_the_iterations_that_were_made(listeners) -> None:
    for pause in (0.05, 0.11, 0.2):
        command = [sys.executable, "-c", ENDLESS, str(Path(__file__).parent), listeners]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(pause)
            child.send_signal(signal.SIGINT)
            assert int(child.stdout.readline()) > 1
        assert child.returncode == 0


@pytest.mark.parametrize(
    "rule",
    [{"save_every_n_iterations": 2}, {"save_every_n_epochs": 2}],
    ids=lambda r: next(iter(r)),
)
def test_training_resumed_from_a_checkpoint_equals_an_unbroken_one(rule, tmp_path) -> None:
    net, unbroken = network(), network()
    net.set_listeners(dl4py.CheckpointListener(tmp_path, log_saving=False, **rule))
    halves = [data()[:6], data()[6:]]
    net.fit(halves, epochs=5)
    unbroken.fit(halves, epochs=8)
    kept = dl4py.CheckpointListener.available_checkpoints(tmp_path)
    assert len(kept) >= 2
    for checkpoint in kept:
        again = dl4py.CheckpointListener.load_checkpoint_mln(tmp_path, checkpoint.checkpoint_num)
        while again.iteration_count < 16:
            again.fit(halves[again.iteration_count % 2])
        assert np.array_equal(np.asarray(again.params()), np.asarray(unbroken.params()))
        if "save_every_n_epochs" in rule:
            assert again.epoch_count in (2, 4)


# ------------------------------------------------------------------------------------ failing saves

KILLED = """
import os, signal, sys, zipfile
sys.path.insert(0, sys.argv[1])
from test_interrupts import network

write = zipfile.ZipFile.writestr
def killed(self, name, data, *rest):
    if name == "coefficients.bin":
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, name, data, *rest)
zipfile.ZipFile.writestr = killed
network().save(sys.argv[2])
"""


def test_kill_during_save_leaves_the_old_file(tmp_path) -> None:
    path = tmp_path / "model.zip"
    network().save(path)
    old = path.read_bytes()
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert path.read_bytes() == old
    dl4py.MultiLayerNetwork.load(path)
