"""Networks: model zips before and after training, configurations, preprocessors, training and
listeners."""

from __future__ import annotations

import io
import json
import logging
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from harness import Case, NotSupported, compare, number

GRADIENT_RTOL = 2e-4  # of the largest element, as the fixtures' page says
STATE_RTOL = 1e-3  # parameters and state after several steps


def load(case: Case, name: str | None = None) -> Any:
    """The network of a companion zip."""
    from dl4py import MultiLayerNetwork, UnsupportedLayerError

    try:
        return MultiLayerNetwork.load(case.path(name or f"{case.stem}-init.zip"))
    except UnsupportedLayerError as missing:
        raise NotSupported(f"{missing.java_class.rpartition('.')[2]}: not built yet") from None


def dataset(case: Case, rows: slice = slice(None)) -> Any:
    from nd4py.data import DataSet

    def cut(*names: str) -> Any:
        found = next((case.arrays[n] for n in names if n in case.arrays), None)
        return None if found is None else found[rows]

    return DataSet(cut("x"), cut("y"), cut("fmask"), cut("lmask", "y_mask"))


def close_to_largest(actual: Any, expected: np.ndarray, rtol: float, what: str) -> None:
    """Compares relative to the largest element."""
    got, want = np.asarray(actual), np.asarray(expected)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, expected {want.shape}"
    size = float(np.max(np.abs(want.astype(np.float64)), initial=0.0)) or 1.0
    compare(got.astype(np.float64), want.astype(np.float64), 0.0, rtol * size, what)


def same_tree(got: Any, want: Any, path: str = "") -> None:
    """Asserts that two JSON trees are equal; numbers compare as numbers."""
    if isinstance(want, dict):
        assert isinstance(got, dict), f"{path}: {got!r}, expected an object"
        assert got.keys() == want.keys(), (
            f"{path}: keys differ by {sorted(got.keys() ^ want.keys())}"
        )
        for key in want:
            same_tree(got[key], want[key], f"{path}.{key}")
    elif isinstance(want, list):
        assert isinstance(got, list), f"{path}: {got!r}, expected a list"
        assert len(got) == len(want), f"{path}: {got!r}, expected {want!r}"
        for i, item in enumerate(want):
            same_tree(got[i], item, f"{path}[{i}]")
    else:
        equal = got == want and isinstance(got, bool) == isinstance(want, bool)
        assert equal, f"{path}: {got!r}, expected {want!r}"


# --------------------------------------------------------------------------------------------------
# MultiLayerNetwork


def mln(case: Case) -> None:
    net = load(case)
    meta, arrays = case.meta, case.arrays
    _structure(case, net)
    if "params_init" in arrays:
        compare(np.asarray(net.params()), arrays["params_init"], what="params_init")
    _inference(case, net, "out")
    _activations(case, net)
    if "y" in arrays:
        _scores(case, net)
        _gradients(case, net)
    if meta.get("train"):
        _train(case, net)
    _saved(case, net)


def _structure(case: Case, net: Any) -> None:
    meta = case.meta
    assert net.num_params() == meta["n_params"]
    table = net.param_table()
    assert list(table) == list(meta["param_table"]), f"parameters {list(table)}"
    for key, want in meta["param_table"].items():
        slot = net.layout.by_key[key]
        assert list(table[key].shape) == want["shape"], f"{key}: shape {table[key].shape}"
        assert (slot.start, slot.parameter.length) == (want["offset"], want["length"]), key
        if len([n for n in want["shape"] if n != 1]) > 1:
            assert slot.parameter.order == want["order"], f"{key}: order {slot.parameter.order}"
    for want in meta["layers"]:
        layer = net.layers[want["index"]]
        assert type(layer).java_class == want["conf_class"] or want["conf_class"].endswith(
            "Convolution2D"
        )
        assert list(net.configuration.confs[want["index"]].variables) == want["variables"]
    if meta.get("summary"):
        assert net.summary() == meta["summary"]
    input_type = _input_type(meta.get("input_type"))
    if input_type is None:
        return
    strides = [getattr(layer, "stride", ()) for layer in net.layers]
    if any(len(s) == 3 and s[1] != s[2] for s in strides):
        case.differs("volume-width-stride")
        return
    if meta.get("summary_with_input_type"):
        assert net.summary(input_type) == meta["summary_with_input_type"]
    types = net.configuration.input_types(input_type)
    for want, (_, _, given) in zip(meta["layers"], types, strict=True):
        assert repr(given) == want["output_type_string"]
        if want.get("output_type"):
            same_tree(given.to_json(), want["output_type"], "output_type")


def _input_type(tree: Any) -> Any:
    from dl4py.conf._inputs import from_json

    return None if tree is None else from_json(tree)


def _inference(case: Case, net: Any, name: str) -> None:
    if name not in case.arrays:
        return
    data = dataset(case)
    out = net.output(data.features, features_mask=data.features_mask, labels_mask=data.labels_mask)
    _near(case, out, case.arrays[name], name)


def _near(case: Case, got: Any, want: np.ndarray, what: str) -> None:
    case.compare(np.asarray(got), want, what)


def _activations(case: Case, net: Any) -> None:
    wanted = sorted(
        (n for n in case.arrays if re.fullmatch(r"act_\d+", n)), key=lambda n: int(n[4:])
    )
    if not wanted or "fmask" in case.arrays:
        return
    found = net.feed_forward(case.arrays["x"])
    for name in wanted:
        if name == wanted[-1] and "lmask" in case.arrays:
            continue
        _near(case, found[1 + int(name[4:])], case.arrays[name], name)


_SCORE_DIFFERS = {
    "training score of LossLayer": "loss-layer-training-score",
    "score of CnnLossLayer in NHWC": "cnn-loss-nhwc-score",
}


def _score_differs(case: Case) -> str | None:
    """The row of a score that the JVM computes wrongly."""
    bug = case.meta.get("jvm_bug", "")
    return next((row for text, row in _SCORE_DIFFERS.items() if text in bug), None)


def _scores(case: Case, net: Any) -> None:
    data = dataset(case)
    if "score_inference" in case.meta and _score_differs(case) != "cnn-loss-nhwc-score":
        case.compare(net.score(data), number(case.meta["score_inference"]), "score_inference")
    if "score_examples" in case.arrays:
        rows = np.asarray(net.score_examples(data))
        compare(
            rows,
            case.arrays["score_examples"],
            max(case.rtol, 1e-4),
            max(case.atol, 1e-5),
            "score_examples",
        )


_GRADIENT_DIFFERS = {
    "ELU with alpha != 1": "elu-gradient",
    "gradient is that of the noisy parameter": "weight-noise-gradient",
    "the backward pass of LocalResponseNormalization": "lrn-gradient",
    "locked gamma 1.5": "batchnorm-locked-gamma",
}


def _gradients(case: Case, net: Any) -> None:
    if "grad" not in case.arrays:
        return
    gradients, epsilon = net.calculate_gradients(
        *(getattr(dataset(case), n) for n in ("features", "labels", "features_mask", "labels_mask"))
    )
    if "score_init" in case.meta:
        if _score_differs(case):
            case.differs(_score_differs(case) or "")
        else:
            case.compare(net.score(), number(case.meta["score_init"]), "score_init")
    bug = case.meta.get("jvm_bug", "")
    row = next((row for text, row in _GRADIENT_DIFFERS.items() if text in bug), None)
    if row is not None:
        case.differs(row)
        return
    rtol = max(GRADIENT_RTOL, case.rtol) if case.meta["data_type"] == "HALF" else GRADIENT_RTOL
    for key in case.meta.get("grad_keys", ()):
        found = np.asarray(gradients[key]).reshape(case.arrays[f"grad_{key}"].shape)
        close_to_largest(found, case.arrays[f"grad_{key}"], rtol, f"grad_{key}")
    close_to_largest(net.gradients_view_array(), case.arrays["grad"], rtol, "grad")
    if "epsilon_in" in case.arrays:
        close_to_largest(epsilon, case.arrays["epsilon_in"], rtol, "epsilon_in")


_TRAINING_DIFFERS = {
    "ELU with alpha != 1": "elu-gradient",
    "gradient is that of the noisy parameter": "weight-noise-gradient",
    "constraints are applied twice": "constraints-applied-once",
    "the backward pass of LocalResponseNormalization": "lrn-gradient",
    "locked gamma 1.5": "batchnorm-locked-gamma",
    "regularisation and updater ranges use table order": "bias-first-ranges",
    "updater block of W covers the first": "bias-first-ranges",
    "parameters of FrozenLayerWithBackprop": "frozen-with-backprop-regularisation",
}


def _train(case: Case, net: Any) -> None:
    meta, arrays = case.meta, case.arrays
    blocks = [b for b in meta["updater_blocks"] if not b.get("pretrain")]
    found = net.layout.blocks
    assert [b.length for b in found] == [b["param_range"][1] - b["param_range"][0] for b in blocks]
    assert [(b.state_start, b.state_stop) for b in found] == [
        tuple(b["state_range"]) for b in blocks
    ]
    assert [type(b.updater).__name__ for b in found] == [b["updater"] for b in blocks]
    bug = meta.get("jvm_bug", "")
    differs = next((row for text, row in _TRAINING_DIFFERS.items() if text in bug), "")
    if differs:
        case.differs(differs)
    data = dataset(case)
    for step in range(meta["steps"]):
        net.fit(data)
        if not _score_differs(case) and (step == 0 or not differs):
            compare(
                net.score(),
                number(meta["scores"][step]),
                max(case.rtol, STATE_RTOL),
                max(case.atol, 1e-5),
                f"score {step}",
            )
        if step == 0 and "params_1" in arrays and not differs:
            _close_params(case, net.params(), arrays["params_1"], "params_1")
            if "updater_state_1" in arrays:
                _close_params(
                    case, net.updater_state(), arrays["updater_state_1"], "updater_state_1"
                )
    assert net.iteration_count == meta["iteration_count"]
    assert net.epoch_count == meta["epoch_count"]
    assert net.updater_state().shape[0] == meta["updater_state_length"]
    if differs:
        return
    _close_params(case, net.params(), arrays["params_final"], "params_final")
    if "updater_state_final" in arrays:
        _close_params(
            case, net.updater_state(), arrays["updater_state_final"], "updater_state_final"
        )
    if "out_final" in arrays:
        out = net.output(
            data.features, features_mask=data.features_mask, labels_mask=data.labels_mask
        )
        compare(
            np.asarray(out),
            arrays["out_final"],
            max(case.rtol, STATE_RTOL),
            max(case.atol, 1e-4),
            "out_final",
        )


def _close_params(case: Case, got: Any, want: np.ndarray, what: str) -> None:
    compare(np.asarray(got), want, max(case.rtol, STATE_RTOL), max(case.atol, 2e-5), what)


def _saved(case: Case, net: Any) -> None:
    """What we write after training has the entries and the configuration of what the JVM wrote."""
    if not case.has(f"{case.stem}.zip"):
        return
    stream = io.BytesIO()
    net.save(stream)
    with (
        zipfile.ZipFile(io.BytesIO(case.read(f"{case.stem}.zip"))) as theirs,
        zipfile.ZipFile(stream) as ours,
    ):
        assert set(ours.namelist()) == set(theirs.namelist())
        same_tree(
            json.loads(ours.read("configuration.json")),
            json.loads(theirs.read("configuration.json")),
            "configuration",
        )
    from dl4py import MultiLayerNetwork

    again = MultiLayerNetwork.load(stream.getvalue())
    compare(
        np.asarray(again.params()), np.asarray(net.params()), what="params after saving and loading"
    )
    compare(
        np.asarray(again.updater_state()),
        np.asarray(net.updater_state()),
        what="state after saving and loading",
    )


# ----------------------------------------------------------------------------------- configurations


def config_json(case: Case) -> None:
    from dl4py import (
        ConfigurationError,
        MultiLayerConfiguration,
        MultiLayerNetwork,
        UnsupportedLayerError,
    )

    if case.meta["config_kind"] != "MultiLayerConfiguration":
        raise NotSupported("ComputationGraphConfiguration: not built yet")
    text = case.read(case.meta["json_file"])
    try:
        conf = MultiLayerConfiguration.from_json(text)
    except UnsupportedLayerError as missing:
        raise NotSupported(f"{missing.java_class.rpartition('.')[2]}: not built yet") from None
    except ConfigurationError:
        # The JVM writes some configurations that it cannot read back, because what they need is not
        # in the file.
        assert case.meta.get("round_trip_equal") is None, "the JVM reads this configuration"
        return
    if case.meta.get("round_trip_equal") is None:
        assert MultiLayerConfiguration.from_json(conf.to_json()).to_json() == conf.to_json()
    else:
        same_tree(json.loads(conf.to_json()), json.loads(text), "configuration")
    if case.meta.get("n_params") is not None and not case.meta.get("init_raises"):
        net = MultiLayerNetwork(conf)
        assert net.num_params() == case.meta["n_params"]
        if case.meta.get("round_trip_equal") is False:
            return  # the JVM initialised what it made of this text, which is something else
        for key, want in (case.meta.get("param_table") or {}).items():
            slot = net.layout.by_key[key]
            assert list(slot.parameter.shape) == want["shape"], key
            assert slot.start == want["offset"], key


def preprocessor(case: Case) -> None:
    from dl4py.conf._preprocessors import FAMILY
    from nd4py import ops
    from nd4py._arrays import from_numpy

    if FAMILY.find(case.meta["config"]["@class"]) is None:
        raise NotSupported(f"{case.meta['config']['@class'].rpartition('.')[2]}: not built yet")
    pre = FAMILY.decode(case.meta["config"], "config")
    from dl4py.conf._json import to_tree

    same_tree(to_tree(pre), case.meta["config"], "config")
    arrays, minibatch = case.arrays, case.meta["minibatch"]
    x = from_numpy(arrays["x"])
    case.compare(np.asarray(pre.pre_process(x, minibatch)), arrays["out"], "out")
    if case.meta.get("input_type") and case.meta.get("output_type"):
        given = pre.output_type(_input_type(case.meta["input_type"]))
        want = case.meta["output_type"]
        if isinstance(want, dict):
            same_tree(given.to_json(), want, "output_type")
        else:
            assert repr(given) == want
    if "backprop" in arrays:
        if "PermutePreprocessor" in case.meta["config"]["@class"] and case.meta.get("jvm_bug"):
            case.differs("permute-preprocessor-gradient")
        else:
            back = ops.vjp(
                lambda v: pre.pre_process(v, minibatch), [x], from_numpy(arrays["epsilon"])
            )[1][0]
            case.compare(np.asarray(back), arrays["backprop"], "backprop")
    if "mask_out" in arrays:
        mask = pre.pre_process_mask(from_numpy(arrays["mask"]), minibatch)
        case.compare(np.asarray(mask), arrays["mask_out"], "mask_out")


# ----------------------------------------------------------------------------------------- training


_FIT_DIFFERS = {
    "Every constraint is applied twice": "constraints-applied-once",
    "A global constrainAllParameters is ignored": "",
    "stored twice in every layer's": "",  # it is in the file twice, and the file is followed
    "The layer with its own weightDecay": "",
    "The search direction is overwritten": "conjugate-gradient-direction",
    "From the second iteration on the remembered gradient": "lbfgs-pairs",
    "the step function meets an array": "lbfgs-gradient-step",
    "AdaBelief rejects its own state": "adabelief-network",
}


def fit(case: Case) -> None:
    from dl4py.listeners import TrainingListener

    meta, arrays = case.meta, case.arrays
    if meta["model"] != "MultiLayerNetwork":
        raise NotSupported(f"{meta['model']}: not built yet")
    net = load(case)
    differs = next(
        (row for text, row in _FIT_DIFFERS.items() if text in meta.get("jvm_bug", "")), None
    )
    if meta.get("jvm_bug") and differs is None:
        raise AssertionError(f"no rule for jvm_bug {meta['jvm_bug']!r}")
    if any("PolySchedule" in repr(b.updater) for b in net.layout.blocks):
        differs = "poly-schedule"
    if differs:
        case.differs(differs)
    seen: list[tuple[int, int, float]] = []
    first: list[np.ndarray] = []

    class Watch(TrainingListener):
        def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
            seen.append((iteration, epoch, model.score()))
            if not first:
                first.append(np.array(model.params()))

    net.set_listeners(Watch())
    size, count = meta["batch"], arrays["x"].shape[0]
    batches = [dataset(case, slice(i, i + size)) for i in range(0, count, size)]
    net.fit(batches, epochs=meta["epochs"])
    if "raises" in meta:
        assert seen
        assert all(np.isfinite(s[2]) for s in seen)
        return
    once = differs == "constraints-applied-once"
    rtol, atol = max(case.rtol, 1e-5), max(case.atol, 1e-6)
    wanted = meta["steps"][:1] if differs and not once else meta["steps"]
    loose = STATE_RTOL * 5 if once else rtol  # the epsilon of the norms counts once here
    if not (once and "minmaxnorm-rate" in case.name):
        for got, want in zip(seen, wanted, strict=not differs or once):
            assert got[:2] == tuple(want[:2])
            compare(got[2], number(want[2]), loose, max(atol, 1e-6), f"score of step {want[0]}")
    if "params_at_first_iteration_done" in arrays:
        compare(
            first[0],
            arrays["params_at_first_iteration_done"],
            rtol,
            atol,
            "params_at_first_iteration_done",
        )
    assert net.iteration_count == meta["iteration_count"]
    assert net.epoch_count == meta["epoch_count"]
    if (differs and not once) or (once and "rate" in meta["about"]):
        return
    compare(
        np.asarray(net.params()), arrays["params_final"], loose, max(atol, 2e-5), "params_final"
    )
    state = np.asarray(net.updater_state())
    if "updater_state_final" in arrays:
        compare(state, arrays["updater_state_final"], loose, max(atol, 2e-5), "updater_state_final")
    else:
        assert state.size == 0
    whole = dataset(case)
    compare(
        np.asarray(net.output(whole.features)),
        arrays["output_final"],
        loose,
        max(atol, 2e-5),
        "output_final",
    )
    for key, training in (("score_all_training", True), ("score_all_inference", False)):
        if key in meta:
            compare(
                net.score(whole, training=training), number(meta[key]), loose, max(atol, 1e-5), key
            )
    for name, regularised in (("score_examples", False), ("score_examples_reg", True)):
        if name in arrays:
            rows = np.asarray(net.score_examples(whole, add_regularization_terms=regularised))
            compare(rows.reshape(arrays[name].shape), arrays[name], loose, max(atol, 2e-5), name)


# ---------------------------------------------------------------------------------------- listeners


def listener(case: Case) -> None:
    if case.meta.get("model") != "MultiLayerNetwork":
        raise NotSupported(f"{case.meta.get('model')}: not built yet")
    net = load(case)
    with tempfile.TemporaryDirectory() as folder, _log() as lines:
        if "raises" in case.meta:
            _refused_folder(Path(folder))
            return
        made = _listener(case, Path(folder))
        if made is None:
            _events(case, net)
        else:
            _follow(case, net, made, Path(folder), lines)
    if "params_final" in case.arrays:
        compare(
            np.asarray(net.params()), case.arrays["params_final"], STATE_RTOL, 2e-5, "params_final"
        )


@contextmanager
def _log() -> Iterator[list[str]]:
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger, keep = logging.getLogger("dl4py"), Keep()
    level = logger.level
    logger.addHandler(keep)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(keep)
        logger.setLevel(level)


def _refused_folder(folder: Path) -> None:
    from dl4py import CheckpointListener

    (folder / "checkpointInfo.txt").write_text(
        "checkpointNum,timestamp,iteration,epoch,modelType,filename\n"
    )
    try:
        CheckpointListener(folder, save_every_n_epochs=1)
    except ValueError:
        return
    raise AssertionError("a folder with checkpoints was accepted")


def _listener(case: Case, folder: Path) -> Any:
    """The listener a case is about; None where it records events with one of its own."""
    from dl4py import (
        CheckpointListener,
        CollectScoresListener,
        EvaluativeListener,
        PerformanceListener,
        ScoreIterationListener,
        TimeIterationListener,
    )

    meta, options = case.meta, case.meta.get("options")
    if "events" in meta:
        return None
    if isinstance(options, dict):
        return CheckpointListener(
            folder,
            save_every_n_epochs=options["saveEveryNEpochs"] or None,
            save_every_n_iterations=options["saveEveryNIterations"] or None,
            iterations_since_last=options["sinceLast"],
            keep_last=options["keepLast"] or None,
            keep_every=options["keepEvery"] or None,
        )
    if "invocation" in meta:
        calls: list[list[Any]] = []
        made = EvaluativeListener(
            dataset(case),
            meta["frequency"],
            meta["invocation"],
            callback=lambda listener, model, count, evaluations: calls.append(
                [count, evaluations[0].accuracy()]
            ),
        )
        made.recorded_calls = calls
        return made
    if "list_score" in meta or "export" in meta:
        return CollectScoresListener(meta["frequency"], log_score=bool(meta.get("log")))
    if isinstance(options, str) and "reportScore" in options:
        return PerformanceListener(report_score="reportScore=true" in options)
    if isinstance(options, str) and "iterationCount" in options:
        return TimeIterationListener(int(options.partition("=")[2]))
    return (
        ScoreIterationListener(meta["print_iterations"])
        if "print_iterations" in meta
        else ScoreIterationListener()
    )


def _follow(case: Case, net: Any, made: Any, folder: Path, lines: list[str]) -> None:
    from dl4py import CheckpointListener
    from dl4py.listeners import TrainingListener

    meta = case.meta
    files: list[list[str]] = []

    class AfterEpoch(TrainingListener):
        def on_epoch_end(self, model: Any) -> None:
            files.append(sorted(p.name for p in folder.iterdir()))

    net.set_listeners(made, AfterEpoch())
    net.fit(_batches(case), epochs=meta["epochs"])
    if "log" in meta:
        compare_log(
            [_masked_line(x, folder, meta["log_numbers_masked"]) for x in lines], meta["log"]
        )
    if "files_after_each_epoch" in meta:
        wanted = meta["files_after_each_epoch"]
        assert files == [
            sorted(w) for w in (json.loads(wanted) if isinstance(wanted, str) else wanted)
        ]
    if "checkpoint_info_txt" in meta:
        text = (folder / "checkpointInfo.txt").read_text()
        assert re.sub(r"(?m)^(\d+),\d+,", r"\1,<millis>,", text) == meta["checkpoint_info_txt"]
        found = CheckpointListener.available_checkpoints(folder)
        assert [
            [c.checkpoint_num, c.iteration, c.epoch, c.model_type, c.filename] for c in found
        ] == meta["available"]
        assert CheckpointListener.last_checkpoint(folder).checkpoint_num == meta["last"]
        last = CheckpointListener.load_last_checkpoint_mln(folder)
        assert (last.iteration_count, last.epoch_count) == (found[-1].iteration, found[-1].epoch)
    if "callbacks" in meta:
        compare(made.recorded_calls, meta["callbacks"], 1e-6, 1e-6, "callbacks")
    if "list_score" in meta:
        assert made.iterations == meta["list_iteration"]
        compare(made.scores, meta["list_score"], 1e-5, 1e-6, "scores")
    for key, delimiter in (("export", "\t"), ("export_comma", ",")):
        if key in meta:
            made.export_scores(folder / key, delimiter)
            compare_log((folder / key).read_text().splitlines(), meta[key].splitlines())


def _batches(case: Case) -> list[Any]:
    size, count = case.meta["batch"], case.arrays["x"].shape[0]
    return [dataset(case, slice(i, i + size)) for i in range(0, count, size)]


def _masked_line(line: str, folder: Path, masked: bool) -> str:
    line = line.replace(str(folder), "<dir>")
    if masked:
        line = re.sub(r"End expected : .*", "End expected : <date>", line)
        line = re.sub(r"-?\d+(\.\d+)?(E-?\d+)?", "#", line)
    return line


_NUMBER = re.compile(r"-?\d+\.\d+(?:[eE]-?\d+)?")


def compare_log(got: list[str], want: list[str]) -> None:
    """Lines are equal but for the digits of long numbers, which compare as numbers."""
    assert len(got) == len(want), f"{len(got)} lines, expected {len(want)}: {got} against {want}"
    for a, b in zip(got, want, strict=True):
        assert _NUMBER.sub("#", a) == _NUMBER.sub("#", b), f"{a!r}, expected {b!r}"
        compare(
            [float(x) for x in _NUMBER.findall(a)],
            [float(x) for x in _NUMBER.findall(b)],
            2e-5,
            1e-6,
            a,
        )


def _events(case: Case, net: Any) -> None:
    from dl4py.listeners import TrainingListener

    meta = case.meta
    named = len(meta["events"]) > 0 and meta["events"][0][0] in ("A", "B")
    seen: list[list[Any]] = []

    class Record(TrainingListener):
        def __init__(self, name: str) -> None:
            self.name = name

        def add(self, event: str, model: Any, *more: Any) -> None:
            head = [self.name] if named else []
            seen.append([*head, event, model.iteration_count, model.epoch_count, *more])

        def on_epoch_start(self, model: Any) -> None:
            self.add("onEpochStart", model)

        def on_epoch_end(self, model: Any) -> None:
            self.add("onEpochEnd", model)

        def on_forward_pass(self, model: Any, activations: list[Any]) -> None:
            self.add("onForwardPass", model, "list", [list(a.shape) for a in activations])

        def on_backward_pass(self, model: Any) -> None:
            self.add(
                "onBackwardPass",
                model,
                "grad_norm",
                float(np.linalg.norm(model.gradients_view_array())),
            )

        def on_gradient_calculation(self, model: Any) -> None:
            self.add(
                "onGradientCalculation",
                model,
                "grad_norm",
                float(np.linalg.norm(model.gradients_view_array())),
            )

        def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
            self.add("iterationDone", model, iteration, epoch, model.score())

    algorithm = net.configuration.confs[0].optimization_algo
    if algorithm != "STOCHASTIC_GRADIENT_DESCENT":
        raise NotSupported(
            f"callbacks inside a line search ({algorithm}): only iterationDone and the epoch ones are made"
        )
    net.set_listeners(*[Record(n) for n in (("A", "B") if named else ("",))])
    data = dataset(case)
    calls: dict[str, Callable[[], Any]] = {
        "fit(DataSet)": lambda: net.fit(data),
        "fit(x, y)": lambda: net.fit(data.features, data.labels),
        "output(x)": lambda: net.output(data.features),
        "feedForward(x,false)": lambda: net.feed_forward(data.features),
        "feedForward(x,true)": lambda: net.feed_forward(data.features, train=True),
        "score(DataSet)": lambda: net.score(data),
        "evaluate(iterator)": lambda: net.evaluate(data),
    }
    if "calls" in meta:
        for call in meta["calls"]:
            calls[call]()
    else:
        net.fit(_batches(case), epochs=meta["epochs"])
    assert len(seen) == len(meta["events"]), f"{len(seen)} events, expected {len(meta['events'])}"
    for got, want in zip(seen, meta["events"], strict=True):
        if isinstance(want[-1], float):
            assert got[:-1] == want[:-1]
            compare(got[-1], want[-1], 1e-4, 1e-5, str(want))
        else:
            assert got == want


KINDS: dict[str, Callable[[Case], None]] = {
    "mln": mln,
    "config-json": config_json,
    "preprocessor": preprocessor,
    "fit": fit,
    "listener": listener,
}
