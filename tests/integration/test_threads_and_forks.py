"""One network used from many threads at once, and in processes forked after its use."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dl4py
from nd4py.updaters import Adam

THREADS = 8
CALLS = 100_000
SIZES = (1, 3, 17, 64)


def dense(hidden: int = 64) -> dl4py.MultiLayerNetwork:
    conf = dl4py.NeuralNetConfiguration(seed=1, activation="relu", updater=Adam(1e-3)).list(
        dl4py.DenseLayer(n_out=hidden),
        dl4py.OutputLayer(n_out=10),
        input_type=dl4py.InputType.feed_forward(32),
    )
    return dl4py.MultiLayerNetwork(conf).init()


def convolutional() -> dl4py.MultiLayerNetwork:
    conf = dl4py.NeuralNetConfiguration(seed=1, updater=Adam(1e-3)).list(
        dl4py.ConvolutionLayer(n_out=8, kernel_size=3),
        dl4py.SubsamplingLayer(),
        dl4py.OutputLayer(n_out=10),
        input_type=dl4py.InputType.convolutional(28, 28, 1),
    )
    return dl4py.MultiLayerNetwork(conf).init()


def rows(count: int, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(count)
    labels = np.eye(10, dtype=np.float32)[rng.integers(0, 10, count)]
    return rng.normal(size=(count, *shape)).astype(np.float32), labels


def in_threads(work: Callable[[int], None]) -> None:
    """Runs ``work(number)`` in all threads at once; raises what any of them raised."""
    problems: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def test_every_answer_of_many_threads_is_right() -> None:
    net = dense()
    data = [[rows(10 * i + n, 32)[0][:n] for n in SIZES] for i in range(THREADS)]
    expected = [[np.array(dense().output(x)) for x in mine] for mine in data]

    def ask(number: int) -> None:
        for call in range(CALLS // THREADS):
            which = call % len(SIZES)
            answer = np.asarray(net.output(data[number][which]))
            assert np.array_equal(answer, expected[number][which]), (number, call)

    in_threads(ask)


def test_new_shapes_are_compiled_by_all_threads_at_once() -> None:
    net, features = dense(), rows(80, 32)[0]
    expected = np.asarray(dense().output(features))

    def ask(number: int) -> None:
        for count in range(1, 80):  # more shapes than a network keeps
            found = np.asarray(net.output(features[:count]))
            assert np.allclose(found, expected[:count], atol=1e-6), (number, count)

    in_threads(ask)


def test_output_beside_training_stays_a_distribution() -> None:
    net = dense()
    features, labels = rows(64, 32)
    done = threading.Event()

    def train_or_ask(number: int) -> None:
        if number == 0:
            try:
                for _ in range(300):
                    net.fit(features, labels)
                    net.fit(features[:17], labels[:17])
            finally:
                done.set()
        while not done.is_set():
            found = np.asarray(net.output(features[: SIZES[number % 4]]))
            assert np.allclose(found.sum(axis=1), 1, atol=1e-4)

    in_threads(train_or_ask)
    assert net.iteration_count == 600


# ------------------------------------------------------------------------------------------- forks


def in_child(work: Callable[[], Any]) -> int:
    """The exit status of a forked child that does the work; a hang ends it by a signal."""
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize(
    ("make", "shape"),
    [(lambda: dense(512), (32,)), (convolutional, (1, 28, 28))],
    ids=["mlp", "conv"],
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_child_trains_on_as_its_parent_would(make, shape) -> None:
    net = make()
    features, labels = rows(128, *shape)
    net.fit(features, labels)  # the parent's workers exist, and so do its compiled primitives

    def train() -> np.ndarray:
        for _ in range(3):
            net.fit(features, labels)
        return np.asarray(net.output(features))

    reading, writing = os.pipe()
    assert in_child(lambda: os.write(writing, train()[0].tobytes())) == 0
    of_child = np.frombuffer(os.read(reading, 4096), np.float32)
    os.close(reading)
    os.close(writing)
    assert np.array_equal(of_child, train()[0])


def _train_in_worker(answers: Any, net: dl4py.MultiLayerNetwork) -> None:
    net.fit(*rows(128, 1, 28, 28))
    answers.put(net.score())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_forked_workers_train_side_by_side() -> None:
    context = multiprocessing.get_context("fork")
    net = convolutional().fit(*rows(128, 1, 28, 28))
    answers = context.Queue()
    workers = [context.Process(target=_train_in_worker, args=(answers, net)) for _ in range(3)]
    for worker in workers:
        worker.start()
    scores = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert len(set(scores)) == 1
