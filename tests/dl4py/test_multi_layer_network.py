"""Training, inference, scores and the life of a network."""

from __future__ import annotations

import signal
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from small_networks import images, lenet, mlp, mlp_configuration, rows

import nd4py as nd
from dl4py import (
    DenseLayer,
    DropConnect,
    InputType,
    LossLayer,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    NotANumberError,
    OutputLayer,
    TrainingListener,
)
from nd4py.data import DataSet, ListDataSetIterator
from nd4py.schedules import StepSchedule
from nd4py.updaters import Adam, Sgd


def params_of(net):
    return np.array(net.params())


# --------------------------------------------------------------------------------------- parameters


def test_parameters_lie_in_one_vector_in_column_major_blocks():
    net = mlp()
    w = np.asarray(net.get_param("0_W"))
    assert w.shape == (4, 6)
    assert np.array_equal(w.ravel(order="F"), params_of(net)[:24])
    assert list(net.param_table()) == ["0_W", "0_b", "1_W", "1_b"]


def test_parameter_table_is_the_networks_memory():
    net = mlp()
    net.set_param("0_b", np.full(6, 2.5, np.float32))
    assert np.array_equal(params_of(net)[24:30], np.full(6, 2.5, np.float32))
    x = rows().features
    before = np.array(net.output(x))
    net.set_params(np.zeros(net.num_params(), np.float32))
    assert np.allclose(net.output(x), 1 / 3)
    assert not np.allclose(before, 1 / 3)


def test_wrong_parameters_are_refused():
    net = mlp()
    with pytest.raises(ValueError, match="the network has 51 parameters; received 5 numbers"):
        net.set_params(np.zeros(5))
    with pytest.raises(ValueError, match=r"0_W has shape \(4, 6\); received \(6, 4\)"):
        net.set_param("0_W", np.zeros((6, 4)))
    with pytest.raises(KeyError, match="no parameter '2_W'; the network has 0_W, 0_b, 1_W, 1_b"):
        net.get_param("2_W")
    with pytest.raises(
        ValueError, match="set_updater_state: the network's updaters have 102 numbers; received 3"
    ):
        net.set_updater_state(np.zeros(3))


def test_same_seed_gives_the_same_parameters_and_another_seed_others():
    assert np.array_equal(params_of(mlp(seed=1)), params_of(mlp(seed=1)))
    assert not np.array_equal(params_of(mlp(seed=1)), params_of(mlp(seed=2)))


def test_xavier_spread_of_fresh_weights():
    conf = NeuralNetConfiguration(seed=1).list(
        DenseLayer(n_in=300, n_out=200), OutputLayer(n_out=3)
    )
    w = np.asarray(MultiLayerNetwork(conf).init().get_param("0_W"))
    assert w.std() == pytest.approx(np.sqrt(2 / 500), rel=0.02)


def test_what_needs_parameters_says_so_before_init():
    with pytest.raises(RuntimeError, match=r"call init\(\) first"):
        MultiLayerNetwork(mlp_configuration()).params()


# ----------------------------------------------------------------------------------------- training


def test_fit_follows_the_formula_of_softmax_regression():
    conf = NeuralNetConfiguration(seed=1, updater=Sgd(0.1)).list(OutputLayer(n_in=4, n_out=3))
    net = MultiLayerNetwork(conf).init()
    data = rows()
    x, y = np.asarray(data.features), np.asarray(data.labels)
    w, b = np.array(net.get_param("0_W")), np.array(net.get_param("0_b"))
    z = x @ w + b
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    net.fit(data)
    assert net.score() == pytest.approx(-(y * np.log(p)).sum() / 12, rel=1e-5)
    assert np.allclose(net.get_param("0_W"), w - 0.1 * x.T @ (p - y) / 12, atol=1e-6)
    assert np.allclose(net.get_param("0_b"), b - 0.1 * (p - y).sum(0) / 12, atol=1e-6)


def test_counters_of_the_ways_to_fit():
    net, data = mlp(), rows()
    net.fit(data)
    net.fit(data.features, data.labels)
    assert (net.iteration_count, net.epoch_count) == (2, 0)
    net.fit(data, epochs=3)
    assert (net.iteration_count, net.epoch_count) == (5, 3)
    net.fit(data, batch_size=5)
    assert (net.iteration_count, net.epoch_count) == (8, 4)
    net.fit(ListDataSetIterator(data, 4), epochs=2)
    assert (net.iteration_count, net.epoch_count) == (14, 6)
    net.fit([data, data])
    assert (net.iteration_count, net.epoch_count) == (16, 7)


def test_batches_from_an_iterator_and_by_hand_train_alike():
    data = rows(10)
    one, other = mlp(), mlp()
    one.fit(ListDataSetIterator(data, 4), epochs=2)
    for _ in range(2):
        for start in (0, 4, 8):
            other.fit(data[start : start + 4])
    assert np.array_equal(params_of(one), params_of(other))


@pytest.mark.parametrize("make", [mlp, lenet], ids=["mlp", "lenet"])
def test_a_resumed_run_equals_an_unbroken_one(make, tmp_path):
    data = rows() if make is mlp else images()
    settings = {
        "dropout": 0.8,
        "l2": 0.01,
        "weight_noise": DropConnect(weight_retain_prob=0.9),
        "updater": Adam(StepSchedule("ITERATION", 0.02, 0.5, 3.0)),
    }
    unbroken = make(**settings)
    unbroken.fit([data, data], epochs=4)
    broken = make(**settings)
    broken.fit([data, data], epochs=2)
    broken.save(tmp_path / "model.zip")
    resumed = MultiLayerNetwork.load(tmp_path / "model.zip")
    resumed.fit([data, data], epochs=2)
    assert np.array_equal(params_of(resumed), params_of(unbroken))
    assert np.array_equal(np.asarray(resumed.updater_state()), np.asarray(unbroken.updater_state()))
    assert resumed.epoch_count == 4


def test_dropout_differs_from_iteration_to_iteration_and_is_off_at_inference():
    net, data = mlp(dropout=0.5), rows()
    assert np.array_equal(
        np.asarray(net.output(data.features)), np.asarray(net.output(data.features))
    )
    first = np.array(net.output(data.features, train=True))
    net.fit(data)
    net.set_params(params_of(mlp(dropout=0.5)))
    second = np.array(net.output(data.features, train=True))
    assert not np.array_equal(first, second)


def test_inverted_dropout_keeps_the_mean_of_the_input():
    conf = NeuralNetConfiguration(seed=3).list(
        DenseLayer(n_in=4000, n_out=1, activation="identity", dropout=0.25, weight_init="ones"),
        LossLayer(loss="mse"),
    )
    net = MultiLayerNetwork(conf).init()
    found = np.asarray(net.output(np.ones((50, 4000), np.float32), train=True)) / 4000
    assert found.mean() == pytest.approx(1.0, abs=0.02)
    assert found.std() == pytest.approx(np.sqrt(3 / 4000), rel=0.3)


def test_label_mask_leaves_examples_out():
    data = rows()
    mask = np.ones((12, 1), np.float32)
    mask[6:] = 0
    masked = DataSet(data.features, data.labels, None, mask)
    one, other = mlp(), mlp()
    one.compute_gradient_and_score(masked)
    other.compute_gradient_and_score(data[:6])
    assert np.allclose(one.gradients_view_array(), other.gradients_view_array(), atol=1e-6)
    assert one.score() == pytest.approx(other.score() / 2, rel=1e-6)


def test_half_networks_keep_what_float16_can_hold():
    net, data = mlp(data_type="HALF"), rows()
    for _ in range(3):
        net.fit(data)
    stored = np.asarray(net.params())
    assert stored.dtype == np.float16
    assert np.array_equal(stored.astype(np.float32), net.flat_params)
    assert np.asarray(net.output(data.features)).dtype == np.float16


def test_numbers_of_other_types_are_converted():
    net, data = mlp(), rows()
    x, y = np.asarray(data.features), np.asarray(data.labels)
    net.fit(x.astype(np.float64), y.astype(np.int32))
    other = mlp()
    other.fit(data)
    assert np.array_equal(params_of(net), params_of(other))
    assert np.array_equal(np.asarray(net.output(x.astype(np.float64))), np.asarray(net.output(x)))
    assert np.array_equal(
        np.asarray(net.output(x[::2])), np.asarray(net.output(np.ascontiguousarray(x[::2])))
    )


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        ((12, 5), (12, 3), ValueError, r"layer 0 .*DenseLayer\): expected 4 columns"),
        (
            (12, 4),
            (12, 2),
            ValueError,
            r"layer 1 .*OutputLayer\): expected labels of shape \(12, 3\); received \(12, 2\)",
        ),
        ((12, 4), (11, 3), ValueError, r"expected labels of shape \(12, 3\); received \(11, 3\)"),
        ((12, 4, 1), (12, 3), ValueError, "expected an input of rank 2"),
    ],
)
def test_wrong_shapes_name_the_layer(x, y, error, message):
    with pytest.raises(error, match=message):
        mlp().fit(np.zeros(x, np.float32), np.zeros(y, np.float32))


def test_wrong_data_is_refused():
    net = mlp()
    with pytest.raises(ValueError, match="training needs features and labels"):
        net.fit(DataSet(np.zeros((2, 4), np.float32)))
    with pytest.raises(TypeError, match="expected a DataSet, features and labels, or an iterator"):
        net.fit(7)
    with pytest.raises(TypeError, match="expected a DataSet, or an iterator of them; received int"):
        net.fit([3])
    with pytest.raises(ValueError, match="batch_size: expected a positive number"):
        net.fit(rows(), batch_size=0)
    with pytest.raises(TypeError, match="batch_size: only for features and labels"):
        net.fit([rows()], batch_size=4)


def test_a_network_without_a_loss_gives_outputs_but_does_not_train():
    conf = NeuralNetConfiguration(seed=1).list(DenseLayer(n_in=4, n_out=3))
    net = MultiLayerNetwork(conf).init()
    assert net.output(rows().features).shape == (12, 3)
    with pytest.raises(
        ValueError, match=r"layer 0 .*the last layer has no loss function; end the network with"
    ):
        net.fit(rows())


def test_not_a_number_is_reported_by_the_step_it_appears_in():
    net, data = mlp(updater=Sgd(1e30), activation="identity"), rows()
    net.check_numerics = True
    with pytest.raises(NotANumberError, match=r"iteration \d+, epoch 0"):
        net.fit([data] * 5)
    broken = np.array(data.features)
    broken[3, 1] = np.nan
    quiet = mlp()
    quiet.fit(DataSet(broken, data.labels))  # off by default
    assert np.isnan(quiet.score())


def test_control_c_leaves_a_usable_network():
    net, data = mlp(), rows()
    threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        net.fit(data, epochs=10**9)
    assert net.iteration_count > 0
    assert abs(net.iteration_count - net.epoch_count) <= 1
    score = net.score()
    net.fit(data)
    assert net.score() <= score + 1e-3


# ---------------------------------------------------------------------------------------- inference


def test_output_of_an_iterator_is_that_of_all_rows():
    net, data = mlp(), rows(10)
    found = np.asarray(net.output(ListDataSetIterator(data, 4)))
    assert np.allclose(found, net.output(data.features), atol=1e-6)


def test_feed_forward_gives_input_and_every_layer():
    net, data = mlp(), rows()
    found = net.feed_forward(data.features)
    assert [a.shape for a in found] == [(12, 4), (12, 6), (12, 3)]
    assert np.array_equal(np.asarray(found[-1]), np.asarray(net.output(data.features)))
    assert len(net.feed_forward_to_layer(0, data.features)) == 2
    with pytest.raises(IndexError, match="layers are 0 to 1; received 2"):
        net.feed_forward_to_layer(2, data.features)


def test_predict_gives_the_largest_output():
    net, data = mlp(), rows()
    assert np.array_equal(
        net.predict(data.features), np.asarray(net.output(data.features)).argmax(1)
    )


def test_concurrent_output_gives_every_thread_its_right_answer():
    net = mlp()
    inputs = [
        nd.asarray(np.random.default_rng(i).normal(size=(1 + i % 3, 4)).astype(np.float32))
        for i in range(8)
    ]
    expected = [np.array(mlp().output(x)) for x in inputs]
    wrong: list[int] = []
    calls = 12_500

    def work(i):
        for _ in range(calls):
            if not np.array_equal(np.asarray(net.output(inputs[i])), expected[i]):
                wrong.append(i)
                return

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_output_beside_training_sees_whole_values():
    net, data = mlp(), rows()
    stop = threading.Event()
    bad: list[float] = []

    def infer():
        while not stop.is_set():
            values = np.asarray(net.output(data.features))
            if not np.allclose(values.sum(1), 1, atol=1e-4):
                bad.append(float(values.sum()))

    threads = [threading.Thread(target=infer) for _ in range(2)]
    for t in threads:
        t.start()
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        net.fit(data)
    stop.set()
    for t in threads:
        t.join()
    assert bad == []


# ------------------------------------------------------------------------------- scores and objects


def test_score_of_data_adds_the_regularisation():
    plain, penalised = mlp(), mlp(l1=0.01, l2=0.02, weight_decay=0.03)
    penalised.set_params(params_of(plain))
    data = rows()
    weights = np.concatenate(
        [np.asarray(plain.get_param(k)).ravel() for k in ("0_W", "1_W")]
    ).astype(np.float64)
    extra = 0.01 * np.abs(weights).sum() + 0.5 * (0.02 + 0.03) * (weights**2).sum()
    assert penalised.score(data) - plain.score(data) == pytest.approx(extra, rel=1e-5)
    assert penalised.regularization_score() == pytest.approx(extra, rel=1e-6)
    penalised.compute_gradient_and_score(data)
    assert penalised.score() == pytest.approx(penalised.score(data), rel=1e-5)
    rows_of = np.asarray(penalised.score_examples(data, add_regularization_terms=False))
    assert rows_of.shape == (12, 1)
    assert rows_of.mean() == pytest.approx(plain.score(data), rel=1e-5)


def test_evaluate_counts_right_answers():
    net, data = mlp(), rows(40)
    for _ in range(300):
        net.fit(data)
    accuracy = (net.predict(data.features) == np.asarray(data.labels).argmax(1)).mean()
    assert net.evaluate(ListDataSetIterator(data, 7)).accuracy() == pytest.approx(accuracy)
    assert "Accuracy" in net.evaluate(data, labels=["a", "b", "c"]).stats()


def test_clone_is_independent():
    net, data = mlp(), rows()
    net.fit(data)
    other = net.clone()
    assert other.score() == net.score()
    other.fit(data)
    net.fit(data)
    assert np.array_equal(params_of(other), params_of(net))
    other.set_params(np.zeros(51))
    assert params_of(net).any()


def test_summary_counts_parameters():
    text = lenet().summary(InputType.convolutional(8, 8, 1))
    assert "b:{4}, W:{4,1,3,3}" in text
    assert "InputTypeConvolutional(h=3,w=3,c=4,NCHW)--> InputTypeFeedForward(36)" in text
    assert f"{'Total Parameters: ':>30} 363" in text


@pytest.mark.parametrize("algorithm", ["LINE_GRADIENT_DESCENT", "CONJUGATE_GRADIENT", "LBFGS"])
def test_line_search_algorithms_lower_the_score(algorithm):
    net, data = mlp(optimization_algo=algorithm, updater=Sgd(1.0), data_type="DOUBLE"), rows()
    scores = []
    for _ in range(12):
        net.fit(data)
        scores.append(net.score())
    assert all(b <= a + 1e-9 for a, b in pairwise(scores))
    assert scores[-1] < 0.8 * scores[0]


def test_step_function_can_ascend():
    net, data = mlp(step_function="gradient"), rows()
    before = net.score(data)
    for _ in range(5):
        net.fit(data)
    assert net.score(data) > before


def test_listeners_are_set_and_added():
    net, listener = mlp(), TrainingListener()
    net.set_listeners(listener)
    net.add_listeners(listener)
    assert net.listeners == (listener, listener)


def test_converted_network_computes_in_the_other_type():
    net, data = mlp(), rows()
    net.fit(data)
    other = net.convert_data_type("DOUBLE")
    assert np.asarray(other.params()).dtype == np.float64
    assert np.array_equal(np.asarray(other.params()), params_of(net).astype(np.float64))
    assert (other.iteration_count, other.configuration.data_type) == (1, "DOUBLE")
    half = net.convert_data_type("HALF")
    assert np.array_equal(np.asarray(half.params()), params_of(net).astype(np.float16))
    assert np.asarray(half.output(data.features)).dtype == np.float16
