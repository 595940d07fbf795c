"""``dl4py train``, ``predict``, ``evaluate`` and ``inspect`` with pipelines, also through pipes."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest
from pipeline_samples import CLASSES, SCHEMA, TRANSFORM, rows

from dl4py import DenseLayer, InputType, NeuralNetConfiguration, OutputLayer, Pipeline
from dl4py.__main__ import main
from nd4py.updaters import Adam


def run(*arguments, code=0):
    ended = 0
    try:
        main([*arguments])
    except SystemExit as end:
        ended = end.code or 0
    assert ended == code


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("command")
    lines = [",".join(map(str, r)) for r in rows()]
    (folder / "train.csv").write_text("\n".join([",".join(SCHEMA.column_names), *lines]) + "\n")
    (folder / "transform.json").write_text(TRANSFORM.to_json())
    conf = NeuralNetConfiguration(seed=1, activation="tanh", updater=Adam(0.05)).list(
        DenseLayer(n_out=8), OutputLayer(n_out=3), input_type=InputType.feed_forward(3)
    )
    (folder / "net.json").write_text(conf.to_json())
    (folder / "new.csv").write_text("x,when,side\n0.5,today,left\n500,today,left\n2.5,now,right\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run(
            "train", "net.json", "train.csv", "--transform", "transform.json",
            "--label-column", "class", "--normalizer", "standardize", "--epochs", "20",
            "--out", "model.zip",
        )  # fmt: skip
    return folder


@pytest.fixture
def folder(trained, monkeypatch):
    monkeypatch.chdir(trained)
    return trained


def test_the_model_that_train_writes_is_a_pipeline(folder):
    pipeline = Pipeline.load("model.zip")
    assert pipeline.label_names == ["class"]
    assert pipeline.class_names == CLASSES
    assert pipeline.evaluate("train.csv").accuracy() > 0.95


def test_predicting_needs_no_options(folder, capsysbinary):
    run("predict", "model.zip", "new.csv")
    captured = capsysbinary.readouterr()
    lines = captured.out.decode().replace('"', "").splitlines()
    assert lines[0] == "row,predicted,probability_low,probability_middle,probability_high"
    assert [line.split(",")[:2] for line in lines[1:]] == [["0", "middle"], ["2", "high"]]
    assert captured.err == b""
    run("predict", "model.zip", "new.csv", "--output", "out.arrow")
    table = pa.ipc.open_stream(folder / "out.arrow").read_all()
    assert table["predicted"].to_pylist() == ["middle", "high"]


def test_evaluating_needs_no_options(folder, capsys):
    run("evaluate", "model.zip", "train.csv")
    text = capsys.readouterr().out
    assert "0 = low" in text
    assert float(text.partition("Accuracy:")[2].split()[0]) > 0.95


def test_training_goes_on_without_options(folder):
    run("train", "model.zip", "train.csv", "--out", "more.zip")
    more = Pipeline.load("more.zip")
    assert more.model.epoch_count == 21
    assert more.label_names == ["class"]


def test_inspect_says_what_raw_records_need(folder, capsys):
    run("inspect", "model.zip")
    text = capsys.readouterr().out
    for words in (
        "normalizer: NormalizerStandardize",
        "ConditionFilter",
        "label: class",
        "columns that raw records must have: side, x",
        "classes: low, middle, high",
        "values that cannot be used: raise",
    ):
        assert words in text
    assert "objects beside the model" not in text


def test_pipes(folder):
    command = [sys.executable, "-m", "dl4py", "predict", "model.zip", "-", "--format", "csv"]
    done = subprocess.run(
        command, input=b"side,x\nleft,0.5\n", capture_output=True, check=True, timeout=120
    )
    assert done.stdout.splitlines()[1].startswith(b'0,"middle",')
    assert done.stderr == b""


def test_json_lines_through_a_pipe(folder):
    command = [sys.executable, "-m", "dl4py", "predict", "model.zip", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for number in range(2):
            process.stdin.write(b'{"side": "left", "x": 0.5, "user": {"name": "ann"}}\n')
            process.stdin.flush()
            if number == 0:
                assert process.stdout.readline().startswith(b'"row","predicted"')
            assert process.stdout.readline().startswith(b'%d,"middle"' % number)
        process.stdin.close()
        assert process.stdout.read() == b""


def test_predictions_come_while_a_pipe_is_still_open(folder):
    command = [sys.executable, "-m", "dl4py", "predict", "model.zip", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"side,x\n")
        for number in range(3):
            process.stdin.write(b"left,0.5\nright,2.5\n")
            process.stdin.flush()
            if number == 0:
                assert process.stdout.readline().startswith(b'"row","predicted"')
            assert process.stdout.readline().startswith(b'%d,"middle"' % (2 * number))
            assert process.stdout.readline().startswith(b'%d,"high"' % (2 * number + 1))
        process.stdin.close()
        assert process.stdout.read() == b""


def test_policies(folder, capsys):
    (folder / "bad.csv").write_text("side,x\nleft,0.5\ntop,1\nleft,wide\nright,2.5\n")
    run("predict", "model.zip", "bad.csv", code=1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "bad.csv, line " in captured.err
    assert captured.err.count("\n") == 1
    run("predict", "model.zip", "bad.csv", "--on-error", "skip")
    rows_left = [line.split(",")[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows_left == ["0", "3"]
    run("predict", "model.zip", "bad.csv", "--replace", "side=left", "--replace", "x=0.5")
    labels = [line.split(",")[1] for line in capsys.readouterr().out.splitlines()[1:]]
    assert labels == ['"middle"', '"middle"', '"middle"', '"high"']
    (folder / "short.csv").write_text("side\nleft\n")
    run("predict", "model.zip", "short.csv", code=1)
    assert "short.csv: no column 'x', which the training data had" in capsys.readouterr().err
    run("predict", "model.zip", "short.csv", "--replace", "x=0.5")
    assert '0,"middle"' in capsys.readouterr().out


WRONG = {
    "a label column as a feature": (
        ["predict", "plain.zip", "numbers.csv"],
        1,
        (
            "plain.zip: the network takes 3 features, the transform gives 4 beside the labels; "
            "if a column is the label, name it: --label-column or --label-index"
        ),
    ),
    "names without names": (
        ["predict", "plain.zip", "numbers.csv", "--label-column", "class"],
        1,
        "without --transform columns have no names of their own: use --label-index",
    ),
    "training on a name without names": (
        ["train", "net.json", "numbers.csv", "--label-column", "class"],
        1,
        "--label-column class: without --transform columns have no names; use --label-index",
    ),
    "a position where names are": (
        ["evaluate", "model.zip", "train.csv", "--label-index", "1"],
        2,
        "model.zip has names for its columns: use --label-column",
    ),
    "no such position": (
        ["predict", "plain.zip", "numbers.csv", "--label-index", "9"],
        1,
        "--label-index: 9 does not exist; the columns are 0 to 3",
    ),
    "standard input of unknown form": (
        ["predict", "plain.zip", "-"],
        2,
        "standard input needs a model that holds its transform",
    ),
    "training from a pipe": (["train", "net.json", "-"], 2, "not from standard input"),
    "no data": (["predict", "model.zip"], 2, "give one file of data, as DATA or by --data"),
    "data twice": (
        ["predict", "model.zip", "new.csv", "--data", "new.csv"],
        2,
        "give one file of data",
    ),
    "half a replacement": (
        ["predict", "model.zip", "new.csv", "--replace", "x"],
        2,
        "--replace: expected COLUMN=VALUE, received 'x'",
    ),
    "text for a number": (
        ["predict", "model.zip", "new.csv", "--replace", "x=wide"],
        1,
        "--replace: x=wide: expected a number",
    ),
    "an unknown column": (
        ["predict", "model.zip", "new.csv", "--replace", "y=1"],
        1,
        "replacements: no column 'y' at any step",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(case, folder, capsys):
    Pipeline.load("model.zip").model.save("plain.zip")
    (folder / "numbers.csv").write_text("1,0,0.5,2\n0,1,0.5,1\n")
    arguments, code, words = WRONG[case]
    run(*arguments, code=code)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in " ".join(captured.err.split())


def test_a_plain_model_still_predicts(folder, capsys):
    Pipeline.load("model.zip").model.save("plain.zip")
    (folder / "numbers.csv").write_text("1,0,0.5,2\n0,1,0.5,1\n")
    run("predict", "plain.zip", "numbers.csv", "--label-index", "-1")
    lines = capsys.readouterr().out.replace('"', "").splitlines()
    assert lines[0] == "predicted,probability_0,probability_1,probability_2"
    assert len(lines) == 3
