"""Networks: model zips before and after training, configurations, preprocessors."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Case, NotSupported, compare, number
from network_cases import GRADIENT_RTOL, STATE_RTOL, close_to_largest, dataset, load, same_tree

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
    for want in meta.get("layers", ()):
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
    layers = meta.get("layers")
    for want, (_, _, given) in zip(layers, types, strict=True) if layers else ():
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
    if not wanted:
        return
    found = net.feed_forward(case.arrays["x"], features_mask=case.arrays.get("fmask"))
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
    close_to_largest(net.gradients_view_array(), case.arrays["grad"].ravel(), rtol, "grad")
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
    if "updater_blocks" in meta:
        blocks = [b for b in meta["updater_blocks"] if not b.get("pretrain")]
        found = net.layout.blocks
        lengths = [b["param_range"][1] - b["param_range"][0] for b in blocks]
        assert [b.length for b in found] == lengths
        ranges = [tuple(b["state_range"]) for b in blocks]
        assert [(b.state_start, b.state_stop) for b in found] == ranges
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
    if "updater_state_length" in meta:
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


def _settled(archive: zipfile.ZipFile) -> Any:
    """The configuration without a length that the JVM's layers take from the last batch they saw."""
    tree = json.loads(archive.read("configuration.json"))
    for conf in tree["confs"]:
        if conf["layer"].get("inferInputLength"):
            del conf["layer"]["inputLength"]
    return tree


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
        same_tree(_settled(ours), _settled(theirs), "configuration")
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


def mln_convert(case: Case) -> None:
    if case.meta["config_data_type"] not in ("FLOAT", "DOUBLE", "HALF"):
        raise NotSupported(f"networks of type {case.meta['config_data_type']}: not built yet")
    net = load(case, f"{case.stem}-float.zip")
    compare(np.asarray(net.params()), case.arrays["params_float"], what="params_float")
    wanted = load(case, f"{case.stem}.zip")
    found = net.convert_data_type(case.meta["config_data_type"])
    assert found.configuration.data_type == case.meta["config_data_type"]
    case.compare(np.asarray(found.params()), case.arrays["params"], "params")
    case.compare(np.asarray(wanted.params()), case.arrays["params"], "params of the file")
    if "updater_state" in case.arrays:
        state = np.asarray(found.updater_state())
        assert state.dtype == case.arrays["params"].dtype
        values = case.arrays["updater_state"].astype(np.float64)
        compare(
            state.astype(np.float64), values, max(case.rtol, 1e-3), max(case.atol, 1e-6), "state"
        )
    if "out" in case.arrays:
        case.compare(np.asarray(found.output(case.arrays["x"])), case.arrays["out"], "out")


# ---------------------------------------------------------------------------------------- dropout


class _Draw:
    """The context of one application of dropout to an array."""

    def __init__(self, case: Case) -> None:
        self._when = case.meta["iteration"], case.meta["epoch"]

    def key(self) -> tuple[int, int]:
        return 17, 3

    def at(self, value: float, schedule: Any) -> float:
        return value if schedule is None else schedule.value_at(*self._when)


def dropout_sample(case: Case) -> None:
    """Random, so what is compared is the set of possible values, their shares, and the backward pass."""
    from dl4py.conf._dropout import FAMILY
    from nd4py import ops
    from nd4py._arrays import from_numpy

    dropout = FAMILY.decode(case.meta["config"], "config")
    x, epsilon = case.arrays["x"], case.arrays["epsilon"]
    draw = _Draw(case)
    out, (back,) = ops.vjp(lambda v: dropout.apply(v, draw), [from_numpy(x)], from_numpy(epsilon))
    out, back = np.asarray(out), np.asarray(back)
    theirs = case.arrays["out"]
    assert out.shape == theirs.shape
    assert out.dtype == theirs.dtype
    kind = type(dropout).__name__
    if kind in ("Dropout", "SpatialDropout"):
        p = draw.at(dropout.p, dropout.p_schedule)
        kept = out != 0
        case.compare(out, np.where(kept, x / p, 0).astype(x.dtype), "kept values")
        case.compare(back, np.where(kept, epsilon / p, 0).astype(x.dtype), "backprop")
        compare(
            theirs, np.where(theirs != 0, x / p, 0).astype(x.dtype), case.rtol, case.atol, "theirs"
        )
        if kind == "SpatialDropout":
            whole = kept.reshape(*kept.shape[:2], -1)
            assert np.array_equal(whole.all(-1), whole.any(-1))
        assert abs(kept.mean() - p) < 0.25
    elif kind == "AlphaDropout":
        slope = back / epsilon
        kept = slope != 0
        a = slope[kept][0]
        case.compare(slope[kept], np.full(int(kept.sum()), a, x.dtype), "slope")
        b = out[kept] - a * x[kept]
        floor = out[~kept]
        assert np.ptp(b) < 1e-4
        assert np.ptp(floor) < 1e-4
        possible = (np.abs(theirs - floor[0]) < 1e-3) | (np.abs(theirs - a * x - b[0]) < 1e-3)
        assert possible.all(), f"{theirs[~possible][:4]} are neither kept nor dropped values"
    else:
        noise = (out / x if kind == "GaussianDropout" else out - x).astype(np.float64)
        given = (theirs / x if kind == "GaussianDropout" else theirs - x).astype(np.float64)
        n = noise.size
        assert abs(noise.mean() - given.mean()) < 6 * given.std() / n**0.5
        assert abs(noise.std() / given.std() - 1) < 6 / n**0.5
        case.compare(
            back,
            (epsilon * noise if kind == "GaussianDropout" else epsilon).astype(x.dtype),
            "backprop",
        )


KINDS: dict[str, Callable[[Case], None]] = {
    "mln": mln,
    "mln-convert": mln_convert,
    "config-json": config_json,
    "preprocessor": preprocessor,
    "dropout-sample": dropout_sample,
}
