"""The ``dl4py`` command on a terminal and at the ends of pipes."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import dl4py
from nd4py.updaters import Adam

COMMAND = [sys.executable, "-m", "dl4py"]


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two columns and the class that their sum has, and a network for them."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(64, 2))
    lines = [f"{x:.4f},{y:.4f},{int(x + y > 0)}" for x, y in values]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    conf = dl4py.NeuralNetConfiguration(seed=1, activation="tanh", updater=Adam(0.05)).list(
        dl4py.DenseLayer(n_out=8),
        dl4py.OutputLayer(n_out=2),
        input_type=dl4py.InputType.feed_forward(2),
    )
    (tmp_path / "net.json").write_text(conf.to_json())
    dl4py.MultiLayerNetwork(conf).init().save(tmp_path / "net.zip")
    return tmp_path


TRAIN = [*COMMAND, "train", "net.json", "--data", "data.csv", "--out", "model.zip", "--epochs"]
PREDICT = [*COMMAND, "predict", "net.zip", "--data", "data.csv", "--label-index", "2"]


def on_a_terminal(command: list[str], folder: Path, interrupt: bytes = b"") -> tuple[str, int]:
    """What a command shows on a terminal of 100 columns, and its exit code.

    Ctrl-C is typed once ``interrupt`` has appeared.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True
    ) as child:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # what Linux gives when the other side is closed
                part = b""
            if not part:
                break
            shown += part
            if interrupt and interrupt in shown:
                child.send_signal(signal.SIGINT)
                interrupt = b""
    os.close(ours)
    return shown.decode(), child.returncode


def test_terminal_gets_a_progress_bar(folder) -> None:
    shown, code = on_a_terminal([*TRAIN, "300"], folder)
    assert code == 0
    assert "300/300" in shown
    assert "epoch/s, score=" in shown
    assert shown.endswith("\r\n")
    assert "model.zip: 600 iterations, 300 epochs, score " in shown.splitlines()[-1]


def test_quiet_leaves_the_bar_out(folder) -> None:
    shown, _ = on_a_terminal([*TRAIN, "3", "--quiet"], folder)
    assert shown.splitlines()[-1].startswith("model.zip: 6 iterations, 3 epochs")
    assert "%|" not in shown


def test_logged_lines_do_not_run_into_the_bar(folder) -> None:
    shown, _ = on_a_terminal([*TRAIN, "400", "--log-every", "100"], folder)
    logged = [part for part in shown.replace("\n", "\r").split("\r") if "Score at" in part]
    assert len(logged) == 8
    assert all(part.startswith("Score at iteration ") for part in logged)


def test_interrupted_training_saves_what_there_is(folder) -> None:
    shown, code = on_a_terminal([*TRAIN, "100000000"], folder, interrupt=b"score=")
    assert code == 130
    assert shown.splitlines()[-1] == "dl4py: error: interrupted"
    assert "Traceback" not in shown
    net = dl4py.MultiLayerNetwork.load(folder / "model.zip")
    assert net.iteration_count > 1
    assert f"model.zip: {net.iteration_count} iterations" in shown


def test_pipe_gets_the_predictions_and_nothing_else(folder) -> None:
    done = subprocess.run(PREDICT, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    header, *rows = done.stdout.splitlines()
    assert header.replace('"', "") == "predicted,probability_0,probability_1"
    assert len(rows) == 64
    arrow = subprocess.run(
        [*PREDICT, "--format", "arrow"], cwd=folder, capture_output=True, check=True
    )
    assert pa.ipc.open_stream(arrow.stdout).read_all().num_rows == 64


def test_reader_that_goes_away_ends_the_command_quietly(folder) -> None:
    rows = (folder / "data.csv").read_text()
    (folder / "data.csv").write_text(rows * 500)  # more than a pipe holds
    with subprocess.Popen(
        PREDICT, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 1


def test_output_is_moved_into_place_when_it_is_complete(folder) -> None:
    (folder / "out.csv").write_text("old")
    (folder / "data.csv").write_text((folder / "data.csv").read_text() + "1.0,none,0\n")
    done = subprocess.run(
        [*PREDICT, "--output", "out.csv"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert 'data.csv, line 65, column "column_1": expected a number' in done.stderr
    assert (folder / "out.csv").read_text() == "old"
    assert not list(folder.glob(".out.csv*"))


def test_version_and_help_take_no_long_time(folder) -> None:
    start = time.perf_counter()
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    assert time.perf_counter() - start < 10
    for name in ("backends", "evaluate", "inspect", "predict", "train"):
        assert f"  {name}" in done.stdout
    assert "..." not in done.stdout.partition("Commands:")[2]
