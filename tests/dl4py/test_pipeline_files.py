"""Pipelines as files: what they hold, who can read them, damage of all kinds."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_samples import CLASSES, RECORD, TRANSFORM, rows, trained_pipeline

from datavec import Schema, TransformProcess
from dl4py import (
    ModelFileError,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    OutputLayer,
    Pipeline,
    add_object_to_file,
    get_object_from_file,
    list_objects_in_file,
    restore_multi_layer_network_and_normalizer,
)
from dl4py._java_strings import from_java, to_java


@pytest.fixture(scope="module")
def trained() -> Pipeline:
    return trained_pipeline()


@pytest.fixture
def saved(trained, tmp_path):
    trained.save(tmp_path / "pipeline.zip")
    return tmp_path / "pipeline.zip"


def test_saved_and_loaded(trained, saved):
    data = rows(100)
    for source in (saved, str(saved), saved.read_bytes(), io.BytesIO(saved.read_bytes())):
        pipeline = Pipeline.load(source)
        assert pipeline.transform == trained.transform
        assert pipeline.label_names == ["class"]
        assert pipeline.class_names == CLASSES
        assert pipeline.input_schema.column_names == ["side", "x"]
        assert pipeline.predict(data).numbers.tolist() == trained.predict(data).numbers.tolist()
    assert repr(pipeline) == "<Pipeline: side, x → 3 features → low, middle, high>"


def test_it_is_a_model_zip(trained, saved):
    model, normalizer = restore_multi_layer_network_and_normalizer(saved)
    assert np.array_equal(np.asarray(model.params()), np.asarray(trained.model.params()))
    assert np.array_equal(np.asarray(normalizer.mean), np.asarray(trained.normalizer.mean))
    assert list_objects_in_file(saved) == ["transform", "pipeline"]
    assert TransformProcess.from_json(get_object_from_file(saved, "transform")) == TRANSFORM
    assert json.loads(get_object_from_file(saved, "pipeline"))["labels"] == ["class"]


def test_training_goes_on_from_a_pipeline(saved):
    again = Pipeline.load(saved, load_updater=True)
    state = np.asarray(again.model.updater_state())
    assert np.abs(state).max() > 0
    assert np.abs(np.asarray(Pipeline.load(saved).model.updater_state())).max() == 0


def test_a_zip_put_together_from_parts(trained, tmp_path):
    path = tmp_path / "model.zip"
    trained.model.save(path, normalizer=trained.normalizer)
    with pytest.raises(ModelFileError, match=r"model.zip: a model without a transform"):
        Pipeline.load(path)
    add_object_to_file(path, "transform", TRANSFORM.to_json())
    with pytest.raises(ModelFileError, match=r"cannot become a feature.*name the label column"):
        Pipeline.load(path)
    assert Pipeline.load(path, label="class").predict_record(RECORD).label == "middle"
    add_object_to_file(path, "note", "für später \0 \U0001f600" + "x" * 70_000)
    assert get_object_from_file(path, "note") == "für später \0 \U0001f600" + "x" * 70_000
    with pytest.raises(KeyError, match="no object 'nothing'; its objects are: 'transform', 'note'"):
        get_object_from_file(path, "nothing")
    for key in ("", "coefficients.bin", "Normalizer.bin"):
        with pytest.raises(ValueError, match="object key"):
            add_object_to_file(path, key, "text")
    assert MultiLayerNetwork.load(path).num_params() == trained.model.num_params()


def replaced(path, name: str, data: bytes):
    with zipfile.ZipFile(path) as archive:
        entries = {n: archive.read(n) for n in archive.namelist()}
    entries[name] = data
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    return path


DAMAGED = {
    "another java class": (
        "objects/transform",
        b"\xac\xed\x00\x05sr\x00\x13java.util.ArrayList" + bytes(20),
        "objects/transform: it is a Java object of class java.util.ArrayList; only a String",
    ),
    "no java": ("objects/transform", b"{}", "not an object written by Java"),
    "cut off": ("objects/transform", to_java("abc")[:-1], "3 bytes is announced, 2 bytes follow"),
    "no json": ("objects/transform", to_java("abc"), "transform: "),
    "no object": ("objects/pipeline", to_java("[1]"), "expected an object with a format number"),
    "newer": (
        "objects/pipeline",
        to_java('{"format": 99, "writtenBy": "dl4py 9"}'),
        "a pipeline of format 99 (dl4py 9), this version reads up to 1; install a newer dl4py",
    ),
    "labels": (
        "objects/pipeline",
        to_java('{"format": 1, "labels": [1]}'),
        "pipeline: labels: expected a list of names",
    ),
    "policy": (
        "objects/pipeline",
        to_java('{"format": 1, "labels": ["class"], "onError": "guess"}'),
        "an error policy is one of",
    ),
    "strict": (
        "objects/pipeline",
        to_java('{"format": 1, "strict": 1}'),
        "strict: expected a bool",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files_are_refused_in_words(saved, case):
    name, data, words = DAMAGED[case]
    with pytest.raises(ModelFileError) as caught:
        Pipeline.load(replaced(saved, name, data))
    assert str(caught.value).startswith(str(saved))
    assert words in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=50))
def test_java_strings_come_back(text):
    if any("\ud800" <= c <= "\udfff" for c in text):
        return
    assert from_java(to_java(text)) == text


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 60), st.integers(0, 255))
def test_any_bytes_are_no_java_string_or_one(data, at, value):
    good = bytearray(to_java("some text: äöü"))
    good[at % len(good)] = value
    for tried in (b"\xac\xed\x00\x05" + data, bytes(good), data):
        with suppress(ValueError):
            assert isinstance(from_java(tried), str)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_manifest_loads_or_is_refused(data, trained, tmp_path_factory):
    good = json.loads(_manifest_of(trained))
    key = data.draw(st.sampled_from([*good, "unknown"]))
    good[key] = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=5,
        )
    )
    path = tmp_path_factory.mktemp("manifest") / "p.zip"
    trained.save(path, save_updater=False)
    replaced(path, "objects/pipeline", to_java(json.dumps(good)))
    with suppress(ModelFileError):
        Pipeline.load(path)


def _manifest_of(pipeline: Pipeline) -> str:
    stream = io.BytesIO()
    pipeline.save(stream, save_updater=False)
    return get_object_from_file(stream.getvalue(), "pipeline")


USER_CODE = """
import numpy as np

def halved(values):
    return np.asarray(values) / 2
"""


def test_code_of_users_runs_only_where_it_is_allowed(tmp_path, monkeypatch):
    (tmp_path / "pipeline_user_code.py").write_text(USER_CODE)
    monkeypatch.syspath_prepend(tmp_path)
    from pipeline_user_code import halved

    schema = Schema.builder().add_column_double("x").add_column_categorical("y", CLASSES).build()
    transform = TransformProcess.builder(schema).map_column("x", halved).build()
    conf = NeuralNetConfiguration(seed=1).list(OutputLayer(n_in=1, n_out=3))
    path = tmp_path / "user.zip"
    pipeline = Pipeline(transform, None, MultiLayerNetwork(conf).init(), label="y")
    pipeline.save(path)
    monkeypatch.delitem(sys.modules, "pipeline_user_code")
    with pytest.raises(ModelFileError, match=r"pipeline_user_code.halved is Python code of a user"):
        Pipeline.load(path)
    assert "pipeline_user_code" not in sys.modules
    loaded = Pipeline.load(path, allow_user_defined=["pipeline_user_code"])
    assert loaded.predict_record({"x": 3.0}) == pipeline.predict_record({"x": 3.0})


def test_without_datavec_it_says_what_to_install(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "datavec", None)
    with pytest.raises(ModuleNotFoundError, match="a Pipeline needs datavec: pip install datavec"):
        Pipeline.load(saved)
