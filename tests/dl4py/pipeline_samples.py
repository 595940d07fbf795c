"""A small trained pipeline for tests."""

from __future__ import annotations

import numpy as np

from datavec import (
    CollectionRecordReader,
    DoubleColumnCondition,
    RecordReaderDataSetIterator,
    Schema,
    TransformProcess,
)
from dl4py import (
    DenseLayer,
    InputType,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    OutputLayer,
    Pipeline,
)
from nd4py.normalizers import NormalizerStandardize
from nd4py.updaters import Adam

CLASSES = ["low", "middle", "high"]
SCHEMA = (
    Schema.builder()
    .add_column_string("id")
    .add_column_categorical("side", ["left", "right"])
    .add_column_double("x")
    .add_column_categorical("class", CLASSES)
    .build()
)
TRANSFORM = (
    TransformProcess.builder(SCHEMA)
    .remove_columns("id")
    .filter(DoubleColumnCondition("x", ">", 100.0))
    .categorical_to_one_hot("side")
    .build()
)
RECORD = {"side": "left", "x": 0.5}


def rows(count: int = 300) -> list[list[object]]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=count)
    side = rng.integers(0, 2, count)
    kind = np.digitize(x + 2 * side, [0.0, 2.0])
    return [
        [f"r{i}", ["left", "right"][side[i]], float(x[i]), CLASSES[kind[i]]] for i in range(count)
    ]


def trained_pipeline() -> Pipeline:
    batches = RecordReaderDataSetIterator(
        CollectionRecordReader(rows()), 50, transform=TRANSFORM, label_index="class"
    )
    normalizer = batches.preprocessor = NormalizerStandardize().fit(batches)
    conf = NeuralNetConfiguration(seed=1, activation="tanh", updater=Adam(0.05)).list(
        DenseLayer(n_out=8), OutputLayer(n_out=3), input_type=InputType.feed_forward(3)
    )
    network = MultiLayerNetwork(conf).init().fit(batches, epochs=20)
    return Pipeline(TRANSFORM, normalizer, network, label="class")
