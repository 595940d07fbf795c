"""Pipelines, both directions: one zip holds the network, its normalizer and its transform."""

from __future__ import annotations

import numpy as np
import pytest

from datavec import (
    CSVRecordReader,
    DoubleColumnCondition,
    RecordReaderDataSetIterator,
    Schema,
    TransformProcess,
)
from dl4py import DenseLayer, MultiLayerNetwork, NeuralNetConfiguration, OutputLayer, Pipeline
from nd4py.normalizers import NormalizerStandardize
from nd4py.updaters import Adam

pytestmark = pytest.mark.jvm

CLASSES = ["niedrig", "hoch"]


def transform() -> TransformProcess:
    schema = (
        Schema.builder()
        .add_column_string("id")
        .add_column_categorical("city", ["Oslo", "Rome", "Łódź"])
        .add_columns_double("height", "weight")
        .add_column_categorical("grade", CLASSES)
        .build()
    )
    return (
        TransformProcess.builder(schema)
        .remove_columns("id")
        .filter(DoubleColumnCondition("height", ">", 2.5))
        .double_columns_math_op("ratio", "Divide", "weight", "height")
        .categorical_to_one_hot("city")
        .categorical_to_integer("grade")
        .reorder_columns("city[Oslo]", "city[Rome]", "city[Łódź]", "height", "weight", "ratio")
        .build()
    )


@pytest.fixture
def raw(jvm):
    rng = np.random.default_rng(4)
    path = jvm.path("raw.csv")
    lines = [
        f"r{i},{rng.choice(['Oslo', 'Rome', 'Łódź'])},{rng.uniform(1, 2.6):.3f},"
        f"{rng.uniform(40, 90):.3f},{rng.choice(CLASSES)}"
        for i in range(60)
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def parts(raw):
    batches = RecordReaderDataSetIterator(
        CSVRecordReader(raw), 16, transform=transform(), label_index="grade", num_classes=2
    )
    normalizer = batches.preprocessor = NormalizerStandardize().fit(batches)
    configuration = NeuralNetConfiguration(seed=2, activation="tanh", updater=Adam(0.01)).list(
        DenseLayer(n_in=6, n_out=9), OutputLayer(n_out=2, activation="softmax")
    )
    network = MultiLayerNetwork(configuration).init().fit(batches, epochs=3)
    return network, normalizer


def test_a_pipeline_written_here_predicts_there(jvm, raw, parts) -> None:
    network, normalizer = parts
    pipeline = Pipeline(transform(), normalizer, network, label="grade", class_names=CLASSES)
    pipeline.save(jvm.path("ours.zip"))
    job = {"model": jvm.path("ours.zip"), "csv": raw, "output": jvm.wanted("output")}
    (found,) = jvm.run(job | {"job": "pipeline-predict"})
    assert set(found["objects"]) == {"transform", "pipeline"}
    ours = pipeline.predict(raw)
    assert len(ours) < 60  # the filter has taken some, there as here
    np.testing.assert_allclose(ours.numbers, jvm.get("output"), atol=1e-6)


def test_a_pipeline_put_together_there_predicts_here(jvm, raw, parts) -> None:
    network, normalizer = parts
    path = jvm.path("theirs.zip")
    network.save(path)
    normalizer.save(jvm.path("normalizer.bin"))
    jvm.run(
        {"job": "pipeline-make", "model": path, "process": transform().to_json()}
        | {"normalizer": jvm.path("normalizer.bin")},
        {"job": "pipeline-predict", "model": path, "csv": raw, "output": jvm.wanted("output")},
    )
    pipeline = Pipeline.load(path, label="grade", class_names=CLASSES)
    assert pipeline.transform == transform()
    found = pipeline.predict(raw)
    np.testing.assert_allclose(found.numbers, jvm.get("output"), atol=1e-6)
    assert set(found.labels) <= set(CLASSES)
