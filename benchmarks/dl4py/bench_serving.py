"""One raw record to a label: a pipeline beside what servers use instead.

The record and the ten steps of `benchmarks/datavec/bench_record.py`, then a normalizer and a network 10-32-16-2 with
the same weights everywhere. Each contestant runs in a process of its own and is timed call by call; the table shows
medians and 99th percentiles. Every contestant must give the same probabilities before it is timed.

    python benchmarks/dl4py/bench_serving.py [--calls 5000] [--peer-python PATH]

Peers (scikit-learn, pandas with ONNX Runtime or PyTorch) run under `--peer-python` (default: this interpreter); a
missing one is left out, visibly.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from latency import compare

RECORDS = runpy.run_path(str(Path(__file__).parents[1] / "datavec" / "bench_record.py"))
RECORD: list[Any] = RECORDS["RECORD"]
NAMED = dict(zip(RECORDS["COLUMNS"], RECORD, strict=True))
SIZES = (10, 32, 16, 2)
CLASSES = ["legit", "fraud"]

Call = Callable[[], tuple[str, Any]]


def weights() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [
        (
            rng.normal(size=(a, b), scale=0.5).astype(np.float32),
            rng.normal(size=b).astype(np.float32),
        )
        for a, b in pairwise(SIZES)
    ]


def statistics_of_features() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    mean, std = rng.normal(size=10), rng.uniform(0.5, 2, size=10)
    return mean.astype(np.float32), std.astype(np.float32)


def named(probabilities: Any) -> tuple[str, dict[str, float]]:
    found = dict(zip(CLASSES, probabilities, strict=True))
    return max(found, key=found.__getitem__), found


# --- ours ----------------------------------------------------------------------------------------


def pipeline() -> Any:
    """As a server would have it: saved, and loaded again."""
    import io

    from datavec import CategoricalMetaData, TransformProcess
    from dl4py import DenseLayer, MultiLayerNetwork, NeuralNetConfiguration, OutputLayer, Pipeline
    from nd4py.normalizers import NormalizerStandardize
    from nd4py.normalizers._statistics import DistributionStats

    bare = RECORDS["process"]()
    label = CategoricalMetaData("label", tuple(CLASSES))
    schema = bare.initial_schema.with_columns((*bare.initial_schema.columns, label))
    process = TransformProcess(schema, bare.actions)
    conf = NeuralNetConfiguration(activation="relu").list(
        DenseLayer(n_in=10, n_out=32), DenseLayer(n_out=16), OutputLayer(n_out=2)
    )
    flat = [part.ravel("F") for w, b in weights() for part in (w, b)]
    network = MultiLayerNetwork(conf).init(np.concatenate(flat))
    normalizer = NormalizerStandardize()
    normalizer._features = DistributionStats(*(a.reshape(1, -1) for a in statistics_of_features()))
    stream = io.BytesIO()
    Pipeline(process, normalizer, network, label="label").save(stream)
    return Pipeline.load(stream.getvalue())


def ours_named() -> Call:
    predict = pipeline().predict_record

    def call() -> tuple[str, Any]:
        found = predict(NAMED)
        return found.label, found.probabilities

    return call


def ours_listed() -> Call:
    predict = pipeline().predict_record

    def call() -> tuple[str, Any]:
        found = predict(RECORD)
        return found.label, found.probabilities

    return call


def ours_as_a_batch() -> Call:
    predict, table = pipeline().predict, [NAMED]

    def call() -> tuple[str, Any]:
        found = predict(table)[0]
        return found.label, found.probabilities

    return call


# --- peers ---------------------------------------------------------------------------------------


def by_hand() -> Call:
    """Plain Python for this one table, and NumPy for the network."""
    transform = RECORDS["plain_python"]()
    (mean, std), layers = statistics_of_features(), weights()

    def call() -> tuple[str, Any]:
        x = (np.array(transform(), np.float32) - mean) / std
        for w, b in layers[:-1]:
            x = np.maximum(x @ w + b, 0)
        w, b = layers[-1]
        x = np.exp(x @ w + b)
        return named((x / x.sum()).tolist())

    return call


def sklearn_pipeline() -> Call:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    transform = RECORDS["sklearn_row"]()
    mean, std = statistics_of_features()
    model = make_pipeline(StandardScaler(), MLPClassifier(SIZES[1:-1], max_iter=1, batch_size=4))
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(np.random.default_rng(0).normal(size=(9, 10)), np.arange(9) % 3)
    scaler, network = model[0], model[1]
    scaler.mean_, scaler.scale_ = mean.astype(float), std.astype(float)
    network.coefs_ = [w for w, _ in weights()]
    network.intercepts_ = [b for _, b in weights()]
    network.classes_ = np.array([0, 1])
    network._label_binarizer.fit([0, 1, 2])
    return lambda: named(model.predict_proba(np.array([transform()]))[0].tolist())


def onnx_after_pandas() -> Call:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    transform = RECORDS["pandas_row"]()
    mean, std = statistics_of_features()
    constants = [numpy_helper.from_array(mean, "mean"), numpy_helper.from_array(std, "std")]
    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["c"]),
        helper.make_node("Div", ["c", "std"], ["a"]),
    ]
    last = "a"
    for i, (w, b) in enumerate(weights()):
        constants += [numpy_helper.from_array(w, f"w{i}"), numpy_helper.from_array(b, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [last, f"w{i}", f"b{i}"], [f"z{i}"]))
        last = f"a{i}"
        kind = "Relu" if i < len(SIZES) - 2 else "Softmax"
        nodes.append(helper.make_node(kind, [f"z{i}"], [last]))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "mlp", [value("x", TensorProto.FLOAT, [None, 10])],
        [value(last, TensorProto.FLOAT, [None, 2])], constants,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: named(
        session.run(None, {"x": np.array([transform()], np.float32)})[0][0].tolist()
    )


def torch_after_pandas() -> Call:
    import torch

    transform = RECORDS["pandas_row"]()
    torch.set_num_threads(1)
    mean, std = map(torch.from_numpy, statistics_of_features())
    parts: list[Any] = []
    for w, b in weights():
        layer = torch.nn.Linear(*w.shape)
        layer.weight.data, layer.bias.data = torch.from_numpy(w.T.copy()), torch.from_numpy(b)
        parts += [layer, torch.nn.ReLU()]
    network = torch.nn.Sequential(*parts[:-1], torch.nn.Softmax(dim=1)).eval()

    def call() -> tuple[str, Any]:
        with torch.inference_mode():
            return named(network((torch.tensor([transform()]) - mean) / std)[0].tolist())

    return call


CONTESTANTS: dict[str, tuple[Callable[[], Call], str]] = {
    "Pipeline, dict by name": (ours_named, "dl4py"),
    "Pipeline, list of values": (ours_listed, "dl4py"),
    "Pipeline, a table of one row": (ours_as_a_batch, "dl4py"),
    "by hand, Python and NumPy": (by_hand, "numpy"),
    "pandas, ONNX Runtime": (onnx_after_pandas, "onnxruntime"),
    "pandas, PyTorch": (torch_after_pandas, "torch"),
    "scikit-learn": (sklearn_pipeline, "sklearn"),
}


def check(name: str, result: Any) -> None:
    """Every contestant gives the same label and probabilities."""
    label, probabilities = result
    expected_label, expected = by_hand()()
    if label != expected_label or any(abs(probabilities[c] - expected[c]) > 1e-4 for c in CLASSES):
        raise SystemExit(f"{name} gives {label} {probabilities}, expected {expected}")


if __name__ == "__main__":
    title = f"raw record → ten steps → normalizer → network {'-'.join(map(str, SIZES))} → label"
    compare(__file__, __doc__, title, CONTESTANTS, ("dl4py", "numpy"), check)
