"""From a CSV file to a trained network, a model file and predictions.

Two tables that come with scikit-learn, iris (150 rows) and the handwritten digits (1797 rows of 64
pixels), are written as CSV files. For each: read and transform them with datavec, normalise, train,
evaluate on held-out rows, save, load in a new process and predict. Then a plot of the scores and a
table of times, beside PyTorch where it is installed.

    python examples/quickstart.py [FOLDER]

Results go to FOLDER (build/quickstart unless given). The ``# %%`` marks are cells for editors that
know them.
"""

# %% What is needed
from __future__ import annotations

import csv
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import nd4py as nd
from datavec import CSVRecordReader, RecordReaderDataSetIterator, Schema, TransformProcess
from dl4py import (
    CollectScoresListener,
    DenseLayer,
    InputType,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    OutputLayer,
    ProgressBarListener,
    restore_multi_layer_network_and_normalizer,
)
from nd4py.data import DataSet
from nd4py.normalizers import NormalizerMinMaxScaler, NormalizerStandardize
from nd4py.updaters import Adam


# %% The two jobs
@dataclass(frozen=True)
class Job:
    """One table and what is made of it."""

    name: str
    normalizer: Any
    hidden: int
    activation: str
    l2: float
    learning_rate: float
    epochs: int
    batch: int
    split: int  # seed that chooses the held-out rows
    needed: float  # accuracy on them


JOBS = (
    Job("iris", NormalizerStandardize(), 16, "tanh", 1e-3, 0.01, 100, 16, 4, 0.95),
    Job("digits", NormalizerMinMaxScaler(), 64, "relu", 1e-4, 0.002, 40, 32, 7, 0.96),
)


# %% The tables as CSV files: two thirds to train on, one third held out
def write_tables(job: Job, folder: Path) -> list[str]:
    """Writes NAME-train.csv and NAME-test.csv with an id, the features and the class as text;
    returns the class names.
    """
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    data = getattr(datasets, f"load_{job.name}")()
    names = [str(n) for n in data.target_names]
    rows = np.arange(len(data.target))
    parts = train_test_split(rows, test_size=1 / 3, random_state=job.split, stratify=data.target)
    for part, chosen in zip(("train", "test"), parts, strict=True):
        with open(folder / f"{job.name}-{part}.csv", "w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["id", *features_of(data.data.shape[1]), "class"])
            for row in chosen:
                out.writerow([row, *data.data[row].tolist(), names[data.target[row]]])
    return names


def features_of(count: int) -> list[str]:
    return [f"x{i}" for i in range(count)]


# %% The transform: the same object in training and in production, stored as Deeplearning4j's JSON
def transform(features: int, classes: list[str]) -> TransformProcess:
    schema = Schema.builder().add_column_integer("id")
    for name in features_of(features):
        schema = schema.add_column_double(name)
    schema = schema.add_column_categorical("class", classes).build()
    return TransformProcess.builder(schema).remove_columns("id").build()


def batches(path: Path, process: TransformProcess, size: int) -> RecordReaderDataSetIterator:
    return RecordReaderDataSetIterator(
        CSVRecordReader(path, skip_lines=1), size, label_index="class", transform=process
    )


# %% The network
def network(job: Job, features: int, classes: int) -> MultiLayerNetwork:
    conf = NeuralNetConfiguration(
        seed=42, activation=job.activation, updater=Adam(job.learning_rate), l2=job.l2
    ).list(
        DenseLayer(n_out=job.hidden),
        OutputLayer(n_out=classes, loss="mcxent", activation="softmax"),
        input_type=InputType.feed_forward(features),
    )
    return MultiLayerNetwork(conf).init()


# %% One job from beginning to end
def run(job: Job, folder: Path) -> CollectScoresListener:
    started = time.perf_counter()
    classes = write_tables(job, folder)
    with open(folder / f"{job.name}-train.csv") as file:
        width = len(file.readline().split(",")) - 2
    process = transform(width, classes)
    (folder / f"{job.name}-transform.json").write_text(process.to_json())

    train = batches(folder / f"{job.name}-train.csv", process, job.batch)
    normalizer = job.normalizer.fit(train)
    train.preprocessor = normalizer

    net = network(job, width, len(classes))
    scores, bar = CollectScoresListener(), ProgressBarListener(job.epochs, unit="epoch")
    net.set_listeners(scores, bar)
    net.fit(train, epochs=job.epochs)
    bar.close()

    held_out = batches(folder / f"{job.name}-test.csv", process, 256)
    held_out.preprocessor = normalizer
    evaluation = net.evaluate(held_out, labels=classes)
    print(
        f"\n{job.name}: {net.iteration_count} iterations in {time.perf_counter() - started:.2f} s"
    )
    print(evaluation.stats())
    if evaluation.accuracy() < job.needed:
        raise SystemExit(f"{job.name}: accuracy {evaluation.accuracy():.4f} is below {job.needed}")

    model = folder / f"{job.name}.zip"
    net.save(model, normalizer=normalizer)
    np.save(folder / f"{job.name}-expected.npy", np.asarray(net.output(held_out)))
    subprocess.run([sys.executable, __file__, "--predict", str(folder), job.name], check=True)
    return scores


# %% In a new process: load model, normalizer and transform, and predict
def predict(folder: Path, name: str) -> None:
    net, normalizer = restore_multi_layer_network_and_normalizer(folder / f"{name}.zip")
    process = TransformProcess.from_json((folder / f"{name}-transform.json").read_text())
    data = batches(folder / f"{name}-test.csv", process, 256)
    data.preprocessor = normalizer
    predictions = np.asarray(net.output(data))
    same = np.array_equal(predictions, np.load(folder / f"{name}-expected.npy"))
    first = [data.labels[i] for i in predictions[:5].argmax(axis=1)]
    print(
        f"{name}: a new process loads the model and predicts {', '.join(first)}, ...; same as before: {same}"
    )
    if not same:
        raise SystemExit(f"{name}: the loaded model predicts something else")


# %% The score curves
def plot(curves: dict[str, CollectScoresListener], folder: Path) -> Path:
    try:
        from matplotlib import pyplot
    except ImportError:
        return plot_by_hand(curves, folder)
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for name, scores in curves.items():
        epochs = next(job.epochs for job in JOBS if job.name == name)
        each = np.array(scores.scores)
        means = [part.mean() for part in np.array_split(each, epochs)]
        (line,) = axes.plot(
            (np.arange(epochs) + 0.5) / epochs, means, label=f"{name}, mean of an epoch"
        )
        axes.plot(
            np.linspace(0, 1, len(each)), each, color=line.get_color(), linewidth=0.5, alpha=0.3
        )
    axes.set(xlabel="share of training", ylabel="score", yscale="log", title="Training score")
    axes.legend()
    path = folder / "scores.png"
    figure.savefig(path, dpi=120, bbox_inches="tight")
    pyplot.close(figure)
    return path


def plot_by_hand(curves: dict[str, CollectScoresListener], folder: Path) -> Path:
    """The same as SVG, for when matplotlib is not there."""
    values = np.log10([s for c in curves.values() for s in c.scores])
    low, high = float(values.min()), float(values.max())
    lines = []
    for (name, scores), colour in zip(curves.items(), ("#1f77b4", "#d62728"), strict=False):
        count = max(1, len(scores.scores) - 1)
        points = " ".join(
            f"{60 + 600 * i / count:.1f},{20 + 300 * (high - np.log10(s)) / (high - low or 1):.1f}"
            for i, s in enumerate(scores.scores)
        )
        lines.append(
            f'<polyline fill="none" stroke="{colour}" points="{points}"><title>{name}</title></polyline>'
        )
    path = folder / "scores.svg"
    axis = '<path d="M60 20V320H660" fill="none" stroke="black"/>'
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 360">{axis}{"".join(lines)}'
        '<text x="60" y="345" font-size="14">training score (logarithmic) over the share of training</text></svg>'
    )
    return path


# %% Times
def median_microseconds(call: Callable[[], Any], repeats: int = 400) -> float:
    for _ in range(50):
        call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)


def our_times(sizes: tuple[int, int, int], batch: int) -> tuple[float, float]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(batch, sizes[0])).astype(np.float32)
    y = np.eye(sizes[2], dtype=np.float32)[rng.integers(0, sizes[2], batch)]
    conf = NeuralNetConfiguration(seed=1, activation="relu", updater=Adam(1e-3)).list(
        DenseLayer(n_out=sizes[1]),
        OutputLayer(n_out=sizes[2]),
        input_type=InputType.feed_forward(sizes[0]),
    )
    net = MultiLayerNetwork(conf).init()
    data, one = DataSet(x, y), nd.asarray(x[:1])
    return median_microseconds(lambda: net.fit(data)), median_microseconds(lambda: net.output(one))


def torch_times(sizes: tuple[int, int, int], batch: int) -> tuple[float, float] | None:
    try:
        import torch
    except ImportError:
        return None
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(sizes[0], sizes[1]), torch.nn.ReLU(), torch.nn.Linear(sizes[1], sizes[2])
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    x, y = torch.randn(batch, sizes[0]), torch.randint(0, sizes[2], (batch,))
    loss = torch.nn.CrossEntropyLoss()

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimizer.step()

    def infer() -> None:
        with torch.inference_mode():
            model(x[:1])

    return median_microseconds(step), median_microseconds(infer)


def print_times() -> None:
    print("\nmedian times in microseconds      train step    output of one row")
    for name, sizes, batch in (("iris", (4, 16, 3), 16), ("digits", (64, 64, 10), 32)):
        ours, theirs = our_times(sizes, batch), torch_times(sizes, batch)
        print(f"{name:>8}, batch {batch}: dl4py        {ours[0]:10.1f}    {ours[1]:10.1f}")
        if theirs is not None:
            print(f"{'':>18} PyTorch      {theirs[0]:10.1f}    {theirs[1]:10.1f}")
            print(
                f"{'':>18} ratio        {theirs[0] / ours[0]:10.1f}    {theirs[1] / ours[1]:10.1f}"
            )
    print("(PyTorch is not installed; with it, its times stand beside.)" if theirs is None else "")


# %% All of it
def main() -> None:
    if sys.argv[1:2] == ["--predict"]:
        predict(Path(sys.argv[2]), sys.argv[3])
        return
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/quickstart")
    folder.mkdir(parents=True, exist_ok=True)
    print(nd.backend_info())
    curves = {job.name: run(job, folder) for job in JOBS}
    print(f"\nscore curves: {plot(curves, folder)}")
    print_times()


if __name__ == "__main__":
    main()
