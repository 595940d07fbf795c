"""Model zips: what is written, what is read, and what damaged or hostile files get."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_networks import lenet, mlp, rows

from dl4py import (
    ConfigurationError,
    ModelFileError,
    MultiLayerNetwork,
    UnsupportedLayerError,
    add_normalizer_to_model,
    list_objects_in_file,
    restore_multi_layer_network,
    restore_multi_layer_network_and_normalizer,
    restore_normalizer,
)
from nd4py.formats import array_to_bytes
from nd4py.normalizers import NormalizerMinMaxScaler, NormalizerStandardize
from nd4py.updaters import Sgd


def zip_bytes(net=None, normalizer=None, save_updater=True):
    stream = io.BytesIO()
    (net or mlp()).save(stream, save_updater, normalizer=normalizer)
    return stream.getvalue()


def rebuilt(data, **entries):
    """The zip with some entries replaced, added, or (None) left out; dots in names are written __."""
    replaced = {name.replace("__", "."): value for name, value in entries.items()}
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            value = replaced.pop(name, old.read(name))
            if value is not None:
                new.writestr(name, value)
        for name, value in replaced.items():
            new.writestr(name, value)
    return stream.getvalue()


def test_entries_are_those_of_deeplearning4j():
    with zipfile.ZipFile(io.BytesIO(zip_bytes())) as archive:
        assert archive.namelist() == ["configuration.json", "coefficients.bin", "updaterState.bin"]
        conf = json.loads(archive.read("configuration.json"))
        assert [c["variables"] for c in conf["confs"]] == [["W", "b"], ["W", "b"]]


def test_no_state_entry_without_state_or_when_not_wanted():
    for data in (zip_bytes(mlp(updater=Sgd(0.1))), zip_bytes(save_updater=False)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert "updaterState.bin" not in archive.namelist()


@pytest.mark.parametrize("make", [mlp, lenet], ids=["mlp", "lenet"])
@pytest.mark.parametrize("data_type", ["FLOAT", "DOUBLE", "HALF"])
def test_a_loaded_network_is_the_saved_one(make, data_type, tmp_path):
    net = make(data_type=data_type)
    if make is mlp:
        net.fit(rows(), epochs=2)
    net.save(tmp_path / "model.zip")
    again = MultiLayerNetwork.load(tmp_path / "model.zip")
    assert np.asarray(again.params()).dtype == np.asarray(net.params()).dtype
    assert np.array_equal(np.asarray(again.params()), np.asarray(net.params()))
    assert np.array_equal(np.asarray(again.updater_state()), np.asarray(net.updater_state()))
    assert (again.iteration_count, again.epoch_count) == (net.iteration_count, net.epoch_count)


def test_state_is_left_out_on_request():
    net = mlp()
    net.fit(rows())
    again = restore_multi_layer_network(zip_bytes(net), load_updater=False)
    assert not np.asarray(again.updater_state()).any()


@pytest.mark.parametrize("kind", [NormalizerStandardize, NormalizerMinMaxScaler])
def test_normalizer_is_kept(kind, tmp_path):
    scaler = kind().fit(rows())
    path = tmp_path / "model.zip"
    mlp().save(path, normalizer=scaler)
    net, found = restore_multi_layer_network_and_normalizer(path)
    x = np.ones((2, 4), np.float32)
    assert np.array_equal(
        np.asarray(found.transform_features(x)), np.asarray(scaler.transform_features(x))
    )
    assert restore_normalizer(zip_bytes()) is None
    other = NormalizerStandardize().fit(rows(seed=3))
    add_normalizer_to_model(path, other)
    assert np.array_equal(np.asarray(restore_normalizer(path).mean), np.asarray(other.mean))
    assert restore_multi_layer_network(path).num_params() == net.num_params()


def test_type_of_the_array_wins_over_the_configuration():
    net = mlp()
    data = rebuilt(
        zip_bytes(net),
        coefficients__bin=array_to_bytes(np.asarray(net.params(), np.float64)),
        updaterState__bin=None,
    )
    again = restore_multi_layer_network(data)
    assert again.configuration.data_type == "DOUBLE"
    assert np.array_equal(np.asarray(again.params()), np.asarray(net.params(), np.float64))


def test_row_vector_of_older_files_is_read():
    net = mlp()
    row = np.asarray(net.params()).reshape(1, -1)
    assert (
        restore_multi_layer_network(
            rebuilt(zip_bytes(net), coefficients__bin=array_to_bytes(row))
        ).num_params()
        == 51
    )


def test_java_objects_are_listed_and_never_read():
    data = rebuilt(zip_bytes(), **{"objects/labels": b"\xac\xed\x00\x05 not for us"})
    assert list_objects_in_file(data) == ["labels"]
    assert restore_multi_layer_network(data).num_params() == 51


# ---------------------------------------------------------------------------------------- bad files


def layer_with(data, key, value, index=0):
    """The zip with one field of a layer changed in its configuration."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        conf = json.loads(archive.read("configuration.json"))
    conf["confs"][index]["layer"][key] = value
    return rebuilt(data, configuration__json=json.dumps(conf))


BAD = {
    "size null": (
        lambda z: layer_with(z, "nin", None),
        "nin: expected a 64-bit integer; received null",
    ),
    "size negative": (lambda z: layer_with(z, "nin", -4), r"layer 0 .* expected positive sizes"),
    "size beyond memory": (lambda z: layer_with(z, "nin", 2**62), "51 numbers; the configuration"),
    "updater null": (lambda z: layer_with(z, "iupdater", None), "layer 0 .* no updater"),
    "empty": (lambda z: b"", "not a zip"),
    "no zip": (lambda z: b"hello" * 100, "not a zip"),
    "truncated": (lambda z: z[: len(z) // 2], "not a zip, or truncated"),
    "no configuration": (
        lambda z: rebuilt(z, configuration__json=None),
        "no entry configuration.json; it holds coefficients.bin",
    ),
    "no coefficients": (lambda z: rebuilt(z, coefficients__bin=None), "no entry coefficients.bin"),
    "configuration no JSON": (
        lambda z: rebuilt(z, configuration__json=b"{"),
        "configuration.json: configuration: not JSON",
    ),
    "configuration a list": (
        lambda z: rebuilt(z, configuration__json=b"[]"),
        "expected a JSON object with a list",
    ),
    "coefficients short": (
        lambda z: rebuilt(z, coefficients__bin=array_to_bytes(np.zeros(7, np.float32))),
        "coefficients.bin holds 7 numbers; the configuration needs 51",
    ),
    "coefficients long": (
        lambda z: rebuilt(z, coefficients__bin=array_to_bytes(np.zeros(10**6, np.float32))),
        "coefficients.bin: .*51 numbers are expected",
    ),
    "coefficients a matrix": (
        lambda z: rebuilt(z, coefficients__bin=array_to_bytes(np.zeros((3, 17), np.float32))),
        r"expected a vector; it holds an array of shape \(3, 17\)",
    ),
    "coefficients integers": (
        lambda z: rebuilt(z, coefficients__bin=array_to_bytes(np.zeros(51, np.int32))),
        "expected floating",
    ),
    "coefficients cut": (
        lambda z: rebuilt(z, coefficients__bin=array_to_bytes(np.zeros(51, np.float32))[:-9]),
        "coefficients.bin",
    ),
    "coefficients noise": (
        lambda z: rebuilt(z, coefficients__bin=bytes(range(256))),
        "coefficients.bin",
    ),
    "state short": (
        lambda z: rebuilt(z, updaterState__bin=array_to_bytes(np.zeros(5, np.float32))),
        "updaterState.bin holds 5 numbers; the configuration needs 102",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_damaged_files_say_what_is_wrong(case, tmp_path):
    make, message = BAD[case]
    path = tmp_path / "bad.zip"
    path.write_bytes(make(zip_bytes()))
    with pytest.raises(ModelFileError, match=message) as raised:
        MultiLayerNetwork.load(path)
    assert str(path) in str(raised.value)


def test_missing_file_is_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError):
        MultiLayerNetwork.load(tmp_path / "none.zip")


def test_unknown_layer_keeps_its_own_error():
    conf = json.loads(zipfile.ZipFile(io.BytesIO(zip_bytes())).read("configuration.json"))
    conf["confs"][0]["layer"]["@class"] = "com.example.Layer"
    with pytest.raises(
        UnsupportedLayerError,
        match=r"configuration\.json: configuration\.confs\[0\]\.layer: layer class 'com\.example\.Layer'",
    ):
        restore_multi_layer_network(rebuilt(zip_bytes(), configuration__json=json.dumps(conf)))


def test_a_bomb_takes_no_more_memory_than_the_network_needs():
    # 100 MB of zeros behind the header of an array with as many elements
    huge = array_to_bytes(np.zeros(51, np.float32))
    bomb = rebuilt(zip_bytes(), coefficients__bin=huge + bytes(100_000_000))
    claims = rebuilt(
        zip_bytes(), coefficients__bin=array_to_bytes(np.zeros(25_000_000, np.float32))
    )
    del huge
    tracemalloc.start()
    try:
        for data in (bomb, claims):
            with contextlib.suppress(ModelFileError):
                restore_multi_layer_network(data)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_configuration_bomb_is_refused(monkeypatch):
    from dl4py import _model_serializer

    monkeypatch.setattr(_model_serializer, "MAX_CONFIGURATION_BYTES", 1 << 20)
    with pytest.raises(ModelFileError, match=r"configuration\.json is larger than the limit"):
        restore_multi_layer_network(rebuilt(zip_bytes(), configuration__json=b" " * (1 << 22)))


def test_a_network_of_absurd_size_is_refused_before_memory_is_taken():
    conf = json.loads(zipfile.ZipFile(io.BytesIO(zip_bytes())).read("configuration.json"))
    conf["confs"][0]["layer"]["nin"] = 2**50
    with pytest.raises(ModelFileError, match=r"coefficients\.bin"):
        restore_multi_layer_network(rebuilt(zip_bytes(), configuration__json=json.dumps(conf)))


ORIGINAL = zip_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.integers(0, len(ORIGINAL) - 1), st.integers(0, 255)), min_size=1, max_size=12
    )
)
def test_changed_bytes_load_or_fail_cleanly(changes):
    data = bytearray(ORIGINAL)
    for place, value in changes:
        data[place] = value
    with contextlib.suppress(ModelFileError, ConfigurationError):
        restore_multi_layer_network(bytes(data))


@pytest.mark.parametrize("field", ["activationFn", "lossFn"])
def test_missing_function_of_the_output_layer_is_refused(field):
    with pytest.raises(
        ModelFileError, match=rf"confs\[1\]\.layer\.{field}: expected a JSON object"
    ):
        restore_multi_layer_network(layer_with(zip_bytes(), field, None, 1))


def test_missing_function_names_the_layer():
    net = restore_multi_layer_network(layer_with(zip_bytes(), "activationFn", None, 0))
    with pytest.raises(ValueError, match=r"layer 0 \(.*, DenseLayer\): no .* function"):
        net.fit(rows())


def test_packed_zeros_for_a_normalizer_take_no_memory():
    bomb = rebuilt(zip_bytes(), normalizer__bin=bytes(1 << 26))
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match=r"model: normalizer.bin: not a normalizer file"):
            restore_normalizer(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


# ----------------------------------------------------------------------------------- atomic writing


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.zip"
    net = mlp()
    net.save(path)
    old = path.read_bytes()
    monkeypatch.setattr(
        "dl4py._model_serializer._write_entries",
        lambda stream, entries: stream.write(b"x") and 1 / 0,
    )
    with pytest.raises(ZeroDivisionError):
        net.save(path)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["model.zip"]
