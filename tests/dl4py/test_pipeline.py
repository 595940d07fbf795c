"""Pipelines: raw records to names, one file, errors, threads."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pipeline_samples import CLASSES, RECORD, SCHEMA, TRANSFORM, rows, trained_pipeline

from datavec import (
    CollectionRecordReader,
    InvalidValueError,
    RecordReaderDataSetIterator,
    Schema,
    SchemaError,
    SequenceSchema,
    TransformProcess,
)
from dl4py import (
    Convolution1DLayer,
    ConvolutionLayer,
    GlobalPoolingLayer,
    InputType,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    OutputLayer,
    Pipeline,
    RnnOutputLayer,
)
from nd4py.normalizers import (
    ImagePreProcessingScaler,
    NormalizerMinMaxScaler,
    NormalizerStandardize,
)
from nd4py.updaters import Adam


@pytest.fixture(scope="module")
def trained() -> Pipeline:
    return trained_pipeline()


def network(n_in: int, n_out: int, **last) -> MultiLayerNetwork:
    conf = NeuralNetConfiguration(seed=3).list(OutputLayer(n_in=n_in, n_out=n_out, **last))
    return MultiLayerNetwork(conf).init()


# --- predicting ----------------------------------------------------------------------------------


def test_one_record_as_in_training(trained):
    found = trained.predict_record(RECORD)
    features = np.array([[1, 0, 0.5]], np.float32)
    expected = np.asarray(trained.model.output(trained.normalizer.transform(features)))[0]
    assert list(found.probabilities) == CLASSES
    assert list(found.probabilities.values()) == expected.tolist()
    assert found.label == CLASSES[expected.argmax()] == "middle"
    assert found.probability == expected.max()
    assert repr(found).startswith("Prediction('middle', probability 0.9")
    assert found == trained.predict_record(["r1", "left", 0.5])
    assert found == trained.predict_record(("r1", "left", "0.5", "high"))
    assert trained.predict_record({**RECORD, "x": 200}) is None  # filtered
    with pytest.raises(ValueError, match=r"there are 0 values"):
        _ = found.value


def test_many_records_in_any_form(trained, tmp_path):
    records = rows(2500)
    records[7][2] = 1000.0  # filtered
    names = SCHEMA.column_names
    table = pa.table({n: [r[i] for r in records] for i, n in enumerate(names)})
    path = tmp_path / "raw.csv"
    path.write_text("x,side\n" + "".join(f"{r[2]!r},{r[1]}\n" for r in records))
    one_by_one = [trained.predict_record(r) for r in records]
    for data in (
        records,
        table,
        table.select(["x", "side"]),
        table.to_pandas(),
        pl.DataFrame(table),
        table.to_pydict(),
        [dict(zip(names, r, strict=True)) for r in records],
        path,
        str(path),
    ):
        found = trained.predict(data)
        assert len(found) == 2499
        assert found.rows.tolist() == [i for i in range(2500) if i != 7]
        expected = [p for p in one_by_one if p is not None]
        assert found.labels == [p.label for p in expected]
        assert list(found)[5].label == found[5].label
        wanted = [list(p.probabilities.values()) for p in expected]
        np.testing.assert_allclose(found.probabilities, wanted, atol=1e-6)


def test_results_are_tables(trained):
    found = trained.predict([[f"r{i}", "left", float(i), None] for i in range(-3, 3)])
    columns = ["predicted", *(f"probability_{n}" for n in CLASSES)]
    for table in (found.to_arrow(), pd.DataFrame.from_arrow(found), pl.DataFrame(found)):
        names = table.column_names if isinstance(table, pa.Table) else list(table.columns)
        assert names == columns
    assert found.to_arrow()["predicted"].to_pylist() == found.labels
    assert found.to_arrow(with_rows=True)["row"].to_pylist() == [0, 1, 2, 3, 4, 5]
    assert trained.predict([]).to_arrow().column_names == columns
    assert "6 of low, middle, high" in repr(found)


def test_a_stream_of_any_length_in_bounded_parts(trained):
    parts = trained.predict_batches(["a", "right", i / 5000, None] for i in range(20_000))
    sizes = [len(p) for p in parts]
    assert sum(sizes) == 20_000
    assert max(sizes) <= 4096


def test_few_shapes_are_compiled_whatever_callers_send(trained, tmp_path):
    trained.save(tmp_path / "fresh.zip")
    pipeline = Pipeline.load(tmp_path / "fresh.zip")
    for count in (*range(1, 70), 500, 1023, 1024, 1025, 3000):
        assert len(pipeline.predict([RECORD] * count)) == count
    assert len(pipeline.model._outputs) <= 11


def test_evaluation(trained, tmp_path):
    found = trained.evaluate(rows())
    assert found.accuracy() > 0.95
    assert "0 = low" in found.stats()
    path = tmp_path / "labelled.csv"
    path.write_text("class,x,side,id\n" + "".join(f"{r[3]},{r[2]},{r[1]},{r[0]}\n" for r in rows()))
    assert trained.evaluate(path).accuracy() == found.accuracy()


def test_regression_in_original_units():
    schema = Schema.builder().add_columns_double("area", "price", "tax").build()
    transform = TransformProcess.builder(schema).build()
    data = [[float(a), 1000.0 * a + 5, 10.0 * a] for a in range(50, 150)]
    batches = RecordReaderDataSetIterator(
        CollectionRecordReader(data), 100, transform=transform, label_from="price", label_to="tax",
        regression=True,
    )  # fmt: skip
    for normalizer in (
        NormalizerStandardize(fit_label=True),
        NormalizerMinMaxScaler(fit_label=True),
    ):
        batches.preprocessor = None
        batches.preprocessor = normalizer.fit(batches)
        conf = NeuralNetConfiguration(seed=1, updater=Adam(0.1)).list(
            OutputLayer(n_in=1, n_out=2, loss="mse", activation="identity")
        )
        model = MultiLayerNetwork(conf).init().fit(batches, epochs=400)
        pipeline = Pipeline(transform, normalizer, model, label=["price", "tax"])
        found = pipeline.predict_record({"area": 100})
        assert found.label is None
        assert found.values["price"] == pytest.approx(100_005, rel=0.01)
        assert found.values["tax"] == pytest.approx(1000, rel=0.01)
        assert "price=100" in repr(found)
        table = pipeline.predict({"area": [60.0, 70.0]}).to_arrow()
        assert table.column_names == ["price", "tax"]
        assert float(np.max(pipeline.evaluate(data).mean_absolute_error(0))) < 1000
        with pytest.raises(ValueError, match="values, not classes"):
            _ = found.probability


def test_one_output_for_two_classes():
    schema = (
        Schema.builder().add_column_double("x").add_column_categorical("y", ["no", "yes"]).build()
    )
    transform = TransformProcess.builder(schema).build()
    model = network(1, 1, loss="xent", activation="sigmoid")
    pipeline = Pipeline(transform, None, model, label="y")
    found = pipeline.predict_record({"x": 1.0})
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    many = pipeline.predict({"x": [1.0]})
    assert many.labels == [found.label]
    assert many.probabilities.shape == (1, 2)
    assert pipeline.evaluate([[1.0, "yes"], [-1.0, "no"]]).num_classes == 2


def test_one_hot_labels_and_numbered_classes():
    both = TRANSFORM.actions
    from datavec import CategoricalToOneHotTransform

    transform = TransformProcess(SCHEMA, (*both, CategoricalToOneHotTransform("class")))
    labels = [f"class[{c}]" for c in CLASSES]
    pipeline = Pipeline(transform, None, network(3, 3), label=labels)
    assert pipeline.class_names == CLASSES
    assert pipeline.evaluate(rows(20)).num_classes == 3
    schema = Schema.builder().add_column_double("x").add_column_integer("y").build()
    plain = TransformProcess.builder(schema).build()
    assert Pipeline(plain, None, network(1, 3), label="y").class_names == ["0", "1", "2"]
    named = Pipeline(plain, None, network(1, 3), label="y", class_names=["a", "b", "c"])
    assert named.class_names == ["a", "b", "c"]


# --- sequences -----------------------------------------------------------------------------------


def sequences() -> tuple[TransformProcess, list[list[dict[str, float]]]]:
    schema = SequenceSchema(Schema.builder().add_columns_double("a", "b").build().columns)
    transform = TransformProcess.builder(schema).double_math_op("a", "Multiply", 2.0).build()
    rng = np.random.default_rng(0)
    made = [[{"a": float(x), "b": float(y)} for x, y in rng.normal(size=(n, 2))] for n in (5, 3, 4)]
    return transform, made


def test_one_prediction_per_sequence():
    transform, data = sequences()
    conf = NeuralNetConfiguration(seed=1).list(
        Convolution1DLayer(n_in=2, n_out=4, kernel_size=1),
        GlobalPoolingLayer(pooling_type="avg"),
        OutputLayer(n_in=4, n_out=2),
    )
    pipeline = Pipeline(transform, None, MultiLayerNetwork(conf).init(), class_names=["up", "down"])
    found = pipeline.predict(data)
    assert len(found) == 3
    for i, sequence in enumerate(data):
        single = pipeline.predict_record(sequence)
        assert single.label == found.labels[i]
        wanted = list(single.probabilities.values())
        np.testing.assert_allclose(found.probabilities[i], wanted, atol=1e-6)


def test_one_prediction_per_step():
    transform, data = sequences()
    conf = NeuralNetConfiguration(seed=1).list(RnnOutputLayer(n_in=2, n_out=2))
    pipeline = Pipeline(transform, None, MultiLayerNetwork(conf).init(), class_names=["up", "down"])
    found = pipeline.predict(data)
    assert found.rows.tolist() == [0] * 5 + [1] * 3 + [2] * 4
    assert found.steps.tolist() == [*range(5), *range(3), *range(4)]
    assert found.to_arrow().column_names[:3] == ["row", "step", "predicted"]
    features = np.array([[[2 * s["a"] for s in data[2]], [s["b"] for s in data[2]]]], np.float32)
    wanted = np.asarray(pipeline.model.output(features))[0].T
    np.testing.assert_allclose(found.probabilities[8:], wanted, atol=1e-6)
    with pytest.raises(ValueError, match="a prediction for every step"):
        pipeline.predict_record(data[0])


# --- arrays --------------------------------------------------------------------------------------


def test_images_keep_their_shape(tmp_path):
    schema = (
        Schema.builder().add_column_ndarray("image", (1, 2, 6, 6)).add_column_integer("y").build()
    )
    conf = NeuralNetConfiguration(seed=1).list(
        ConvolutionLayer(n_out=3, kernel_size=(3, 3)),
        OutputLayer(n_out=2),
        input_type=InputType.convolutional(6, 6, 2),
    )
    model = MultiLayerNetwork(conf).init()
    transform = TransformProcess(schema, ())
    Pipeline(transform, ImagePreProcessingScaler(), model, label="y").save(tmp_path / "images.zip")
    pipeline = Pipeline.load(tmp_path / "images.zip")
    image = np.random.default_rng(0).integers(0, 256, (1, 2, 6, 6)).astype(np.float32)
    wanted = np.asarray(model.output(image / 255))[0]
    found = pipeline.predict_record({"image": image})
    np.testing.assert_allclose(list(found.probabilities.values()), wanted, atol=1e-6)
    assert len(pipeline.predict([{"image": image}, [image, 1], (image,)])) == 3
    with pytest.raises(InvalidValueError, match="an array of 72 values"):
        pipeline.predict_record({"image": image[:, :1]})


def test_flat_rows_become_images():
    schema = Schema.builder().add_columns_double(*(f"p{i}" for i in range(36))).build()
    conf = NeuralNetConfiguration(seed=1).list(
        ConvolutionLayer(n_out=3, kernel_size=(3, 3)),
        OutputLayer(n_out=2),
        input_type=InputType.convolutional(6, 6, 1),
    )
    model = MultiLayerNetwork(conf).init()
    pipeline = Pipeline(TransformProcess(schema, ()), None, model)
    values = np.arange(36, dtype=np.float32) / 36
    wanted = np.asarray(model.output(values.reshape(1, 1, 6, 6)))
    np.testing.assert_allclose(pipeline.predict([values]).probabilities, wanted, atol=1e-6)


# --- what does not fit ---------------------------------------------------------------------------


def test_parts_that_do_not_fit_are_told_at_once():
    with pytest.raises(ValueError, match="the network takes 5 features, the transform gives 3"):
        Pipeline(TRANSFORM, None, network(5, 3), label="class")
    with pytest.raises(
        ValueError, match="the network has 2 outputs, but there are 3 classes: 'low'"
    ):
        Pipeline(TRANSFORM, None, network(3, 2), label="class")
    narrow = NormalizerStandardize().fit(np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match=r"the transform gives 3 features .*normalizer.*2 columns"):
        Pipeline(TRANSFORM, narrow, network(3, 3), label="class")
    with pytest.raises(TypeError, match=r"expected one of nd4py.normalizers"):
        Pipeline(TRANSFORM, "mean", network(3, 3), label="class")
    with pytest.raises(SchemaError, match="no column 'klass'"):
        Pipeline(TRANSFORM, None, network(3, 3), label="klass")
    with pytest.raises(ValueError, match="task: expected one of 'classification', 'regression'"):
        Pipeline(TRANSFORM, None, network(3, 3), label="class", task="clustering")
    schema = Schema.builder().add_columns_double("x", "y", "z").build()
    plain = TransformProcess.builder(schema).build()
    with pytest.raises(
        ValueError, match="the network has 1 outputs, but there are 2 label columns"
    ):
        Pipeline(plain, None, network(1, 1, loss="mse", activation="identity"), label=["y", "z"])


def test_drift_is_named(trained):
    with pytest.raises(SchemaError, match=r"record 1: no column 'side'.*instead there is 'Side'"):
        trained.predict([RECORD, {"Side": "left", "x": 1}])
    with pytest.raises(
        InvalidValueError, match="row 1, column \"side\": expected one of 'left', 'r"
    ):
        trained.predict([RECORD, {"side": "top", "x": 1}])
    with pytest.raises(InvalidValueError, match='row 1, column "x": expected a number'):
        trained.predict([RECORD, {"side": "left", "x": "wide"}])


def test_policies_belong_to_the_pipeline(trained, tmp_path):
    given = {"side": "left", "x": 0.5}
    lenient = Pipeline(
        trained.transform, trained.normalizer, trained.model, label="class",
        on_error="replace", replacements=given,
    )  # fmt: skip
    expected = trained.predict_record(given)
    lenient.save(tmp_path / "lenient.zip")
    for pipeline in (lenient, Pipeline.load(tmp_path / "lenient.zip")):
        assert pipeline.predict_record({"side": "top", "x": None}) == expected
        assert pipeline.predict_record({}) == expected
        found = pipeline.predict([{"side": "top"}, {"x": 0.5}])
        assert (
            list(found) == [pytest.approx(expected)] * 2
            or [p.label for p in found] == [expected.label] * 2
        )
        assert (found.errors.skipped, found.errors.replaced) == (0, 3)
        with pytest.raises(InvalidValueError, match="top"):
            pipeline.predict_record({"side": "top", "x": 1}, on_error="raise")
    skipping = trained.predict([RECORD, {"side": "top", "x": 1}, RECORD], on_error="skip")
    assert skipping.rows.tolist() == [0, 2]
    assert skipping.errors.skipped == 1
    assert "1 record skipped" in repr(skipping)


def test_threads_get_their_own_answers(trained):
    data = rows(64)
    expected = [trained.predict_record(r).label for r in data]
    wrong = []

    def work(offset: int) -> None:
        for i in range(400):
            at = (i * 7 + offset) % 64
            if trained.predict_record(data[at]).label != expected[at]:
                wrong.append(at)
            if i % 100 == 0 and trained.predict(data).labels != expected:
                wrong.append(-1)

    threads = [threading.Thread(target=work, args=(t * 13,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
