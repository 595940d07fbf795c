"""The ``dl4py`` command: each subcommand on files, exit codes, one-line errors."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from datavec import Schema, TransformProcess
from dl4py import (
    DenseLayer,
    InputType,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    OutputLayer,
    __version__,
)
from dl4py.__main__ import main
from nd4py.data import DataSet
from nd4py.normalizers import NormalizerStandardize
from nd4py.updaters import Adam

CLASSES = ["low", "high"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A table whose class is whether x + y is positive, its transform, and a configuration."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(120, 2))
    lines = ["id,x,y,class"]
    lines += [f"{i},{x:.6f},{y:.6f},{CLASSES[int(x + y > 0)]}" for i, (x, y) in enumerate(values)]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    schema = Schema.builder().add_column_integer("id").add_column_double("x").add_column_double("y")
    process = (
        TransformProcess.builder(schema.add_column_categorical("class", CLASSES).build())
        .remove_columns("id")
        .build()
    )
    (tmp_path / "transform.json").write_text(process.to_json())
    conf = NeuralNetConfiguration(seed=1, activation="tanh", updater=Adam(0.05)).list(
        DenseLayer(n_out=8), OutputLayer(n_out=2), input_type=InputType.feed_forward(2)
    )
    (tmp_path / "net.json").write_text(conf.to_json())
    return tmp_path


TABLE = [
    "--data",
    "data.csv",
    "--transform",
    "transform.json",
    "--skip-lines",
    "1",
    "--label-column",
    "class",
]


def run(*arguments, code=0):
    ended = 0
    try:
        main([*arguments])
    except SystemExit as end:
        ended = end.code or 0
    assert ended == code


TRAIN = [
    "train",
    "net.json",
    *TABLE,
    "--epochs",
    "60",
    "--normalizer",
    "standardize",
    "--out",
    "model.zip",
]


@pytest.fixture
def trained(folder):
    run(*TRAIN)
    return folder


def test_training_reports_one_line_in_a_pipe(folder, capsys):
    run(*TRAIN)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("model.zip: 240 iterations, 60 epochs, score ")
    assert captured.err.count("\n") == 1  # no progress bar


def test_train_evaluate_predict(trained, capsysbinary):
    run("evaluate", "model.zip", *TABLE)
    text = capsysbinary.readouterr().out.decode()
    accuracy = float(text.partition("Accuracy:")[2].split()[0])
    assert accuracy > 0.95
    assert "0 = low" in text
    run("predict", "model.zip", *TABLE)
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert lines[0].replace('"', "") == "predicted,probability_low,probability_high"
    assert len(lines) == 121
    truth = [line.split(",")[3] for line in (trained / "data.csv").read_text().splitlines()[1:]]
    predicted = [line.split(",")[0].strip('"') for line in lines[1:]]
    assert np.mean(np.array(predicted) == np.array(truth)) == pytest.approx(accuracy, abs=1e-4)
    run("predict", "model.zip", *TABLE, "--output", "out.arrow")
    table = pa.ipc.open_stream(trained / "out.arrow").read_all()
    assert table.column_names == ["predicted", "probability_low", "probability_high"]
    assert table.num_rows == 120


def test_training_goes_on_from_a_model(trained):
    run("train", "model.zip", *TABLE, "--epochs", "2", "--out", "more.zip")
    net = MultiLayerNetwork.load(trained / "more.zip")
    assert (net.iteration_count, net.epoch_count) == (248, 62)


def test_inspect_tells_files_apart(trained, capsys):
    NormalizerStandardize().fit(DataSet(np.arange(12, dtype=np.float32).reshape(6, 2))).save(
        trained / "scaler.bin"
    )
    for name, words in {
        "model.zip": (
            "MultiLayerNetwork, FLOAT, iteration 240, epoch 60",
            "NormalizerStandardize",
            "updater state: 84",
        ),
        "net.json": ("layer0 (DenseLayer)", "Total Parameters:  42"),
        "transform.json": ("TransformProcess: 1 step\n", "RemoveColumnsTransform"),
        "scaler.bin": ("NormalizerStandardize; mean [",),
    }.items():
        run("inspect", name)
        text = capsys.readouterr().out
        for word in words:
            assert word in text, (name, word, text)


def test_backends_names_the_active_one(capsys):
    run("backends")
    assert "backend" in capsys.readouterr().out


WRONG = {
    "no such configuration": (["train", "none.json", *TABLE], "none.json: no such file"),
    "no such data": (["train", "net.json", "--data", "none.csv"], "none.csv: no such file"),
    "no such transform": (
        ["train", "net.json", "--data", "data.csv", "--transform", "none.json"],
        "none.json: no such file",
    ),
    "no such column": (
        ["train", "net.json", *TABLE[:-1], "klass"],
        "no column 'klass'; the columns are 'x', 'y', 'class'",
    ),
    "header where none is": (
        ["train", "net.json", *TABLE[:4], "--skip-lines", "120", "--label-column", "klass"],
        "--label-column: no column 'klass'; the columns are 'x', 'y', 'class'",
    ),
    "no model": (["evaluate", "data.csv", *TABLE], "data.csv: not a zip"),
    "configuration for model": (["predict", "net.json", *TABLE], "net.json: not a zip"),
    "other file": (
        ["inspect", "data.csv"],
        "data.csv: not a model zip, configuration, normalizer or transform",
    ),
    "folder": (["inspect", "."], ".: is a folder"),
    "no folder to save in": (["train", "net.json", *TABLE, "--out", "no/m.zip"], "no such folder"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_line(case, folder, capsys):
    arguments, message = WRONG[case]
    run(*arguments, code=1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("dl4py: error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_broken_json_names_the_file_and_the_place(folder, capsys):
    text = (folder / "net.json").read_text()
    (folder / "net.json").write_text(text.replace('"nin" : 2', '"nin" : "two"'))
    run("train", "net.json", *TABLE, code=1)
    assert (
        "net.json: configuration.confs[0].layer.nin: expected a 64-bit integer; received 'two'"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["train"],
        ["nonsense"],
        ["train", "net.json", *TABLE, "--label-index", "2"],
        ["train", "net.json", *TABLE, "--epochs", "0"],
        ["evaluate", "m.zip", *TABLE, "--delimiter", "||"],
    ],
)
def test_wrong_use_ends_with_code_two(arguments, folder):
    run(*arguments, code=2)


def test_regression_gives_plain_outputs(folder, capsysbinary):
    schema = Schema.builder().add_column_double("x").add_column_double("y").build()
    (folder / "plain.json").write_text(TransformProcess.builder(schema).build().to_json())
    (folder / "plain.csv").write_text("".join(f"{x / 10},{x / 5}\n" for x in range(-20, 20)))
    conf = NeuralNetConfiguration(seed=1, updater=Adam(0.1)).list(
        OutputLayer(n_out=1, loss="mse", activation="identity"),
        input_type=InputType.feed_forward(1),
    )
    (folder / "line.json").write_text(conf.to_json())
    table = [
        "--data",
        "plain.csv",
        "--transform",
        "plain.json",
        "--label-column",
        "y",
        "--regression",
    ]
    run("train", "line.json", *table, "--epochs", "200", "--out", "line.zip")
    run("predict", "line.zip", *table)
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert lines[0].strip('"') == "y"
    assert np.allclose([float(v) for v in lines[1:]], [x / 5 for x in range(-20, 20)], atol=0.05)
    run("evaluate", "line.zip", *table)
    assert b"MSE" in capsysbinary.readouterr().out


def test_the_module_runs_as_a_program(folder):
    done = subprocess.run(
        [sys.executable, "-m", "dl4py", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"dl4py, version {__version__}"
    done = subprocess.run(
        [sys.executable, "-m", "dl4py", "inspect", "none.zip"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "dl4py: error: none.zip: no such file\n")
