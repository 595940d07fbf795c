"""One epoch over a CSV file of 1M rows and 20 columns: reader, transform, normalizer and fit.

    python benchmarks/dl4py/bench_csv_epoch.py [--rows N] [--batch N] [--file PATH]

Rows per second, beside pandas with a PyTorch DataLoader where both are installed. The normalizer is
fitted before the clock starts; reading and transforming count.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from pathlib import Path

import numpy as np
from timing import environment

from datavec import CSVRecordReader, RecordReaderDataSetIterator, Schema, TransformProcess
from dl4py import (
    DenseLayer,
    InputType,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    OutputLayer,
)
from nd4py.normalizers import NormalizerStandardize
from nd4py.updaters import Adam

NUMBERS = [f"x{i}" for i in range(16)]
STATES = {"colour": ["red", "green", "blue"], "size": ["s", "m", "l", "xl"], "site": ["a", "b"]}
CLASSES = ["no", "yes"]
FEATURES = len(NUMBERS) + sum(len(s) for s in STATES.values())
HIDDEN = 32


def write_csv(path: Path, rows: int) -> None:
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(0)
    columns = {name: rng.normal(10, 3, rows).round(4) for name in NUMBERS}
    columns |= {name: np.array(s)[rng.integers(0, len(s), rows)] for name, s in STATES.items()}
    columns["label"] = np.array(CLASSES)[(columns["x0"] + rng.normal(0, 1, rows) > 10).astype(int)]
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    csv.write_csv(pa.table(columns), path, options)


def ours(path: Path, rows: int, batch: int) -> float:
    schema = Schema.builder()
    for name in NUMBERS:
        schema = schema.add_column_double(name)
    for name, states in {**STATES, "label": CLASSES}.items():
        schema = schema.add_column_categorical(name, states)
    process = TransformProcess.builder(schema.build()).categorical_to_one_hot(*STATES).build()
    data = RecordReaderDataSetIterator(
        CSVRecordReader(path), batch, label_index="label", transform=process
    )
    data.preprocessor = NormalizerStandardize().fit(data)
    conf = NeuralNetConfiguration(seed=1, activation="relu", updater=Adam(1e-3)).list(
        DenseLayer(n_out=HIDDEN), OutputLayer(n_out=2), input_type=InputType.feed_forward(FEATURES)
    )
    net = MultiLayerNetwork(conf).init()
    start = time.perf_counter()
    net.fit(data)
    seconds = time.perf_counter() - start
    assert net.iteration_count == -(-rows // batch)
    return rows / seconds


def pandas_and_torch(path: Path, rows: int, batch: int) -> float:
    import pandas as pd
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    model = torch.nn.Sequential(
        torch.nn.Linear(FEATURES, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 2)
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    loss = torch.nn.CrossEntropyLoss()
    start = time.perf_counter()
    frame = pd.read_csv(path, header=None, names=[*NUMBERS, *STATES, "label"])
    y = (frame.pop("label") == "yes").to_numpy(np.int64)
    x = pd.get_dummies(frame, columns=list(STATES)).to_numpy(np.float32)
    x = (x - x.mean(0)) / x.std(0)
    tensors = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    for features, labels in DataLoader(tensors, batch_size=batch):
        optimizer.zero_grad(set_to_none=True)
        loss(model(features), labels).backward()
        optimizer.step()
    return rows / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--file", type=Path, help="where the CSV file is kept between runs")
    options = parser.parse_args()
    environment()
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "rows.csv"
        if not path.exists():
            write_csv(path, options.rows)
        print(f"\none epoch over {options.rows} rows, batch {options.batch}")
        rate = ours(path, options.rows, options.batch)
        print(f"  {'dl4py':<28}{rate:14,.0f} rows/s")
        if all(importlib.util.find_spec(m) is not None for m in ("pandas", "torch")):
            other = pandas_and_torch(path, options.rows, options.batch)
            print(
                f"  {'pandas, PyTorch DataLoader':<28}{other:14,.0f} rows/s   {rate / other:.2f} x"
            )


if __name__ == "__main__":
    main()
