"""Passes of the record iterators: numbers, random order, caches, shards, and their threads."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import threading
import time
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numbered_rows import ROWS, SCHEMA, ids, iterate, written

from datavec import (
    CollectionRecordReader,
    CollectionSequenceRecordReader,
    ConcatenatingRecordReader,
    CSVRecordReader,
    DataVecError,
    DoubleWritableComparator,
    FileSplit,
    InvalidValueError,
    RecordReaderMultiDataSetIterator,
    SequenceRecordReaderDataSetIterator,
    TransformProcess,
)
from datavec.batches._examples import Rows, equal_parts, pass_random, shuffled


@pytest.fixture
def table(tmp_path):
    return written(tmp_path)


# --- random order -------------------------------------------------------------------------------


def parts_of(lengths):
    ends = np.cumsum([0, *lengths])
    for a, b in pairwise(ends):
        rows = np.arange(a, b, dtype=np.float32)[:, None]
        yield Rows(rows, rows * 2, list(range(a, b)))


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 9), max_size=20),
    st.lists(st.integers(1, 9), max_size=20),
    st.integers(1, 60),
    st.integers(-5, 5),
)
def test_shuffling_keeps_examples_together_wherever_parts_end(lengths, others, window, seed):
    total = sum(lengths)
    one = list(shuffled(parts_of(lengths), window, pass_random(seed, 0)))
    got = [i for part in one for i in part.metadata]
    assert sorted(got) == list(range(total))
    for part in one:
        assert part.features[:, 0].tolist() == part.metadata
        assert part.labels[:, 0].tolist() == [2 * i for i in part.metadata]
    cut = [min(n, total) for n in others]
    cut = [n for n, end in zip(cut, np.cumsum(cut), strict=True) if end <= total]
    again = shuffled(parts_of([*cut, total - sum(cut)]), window, pass_random(seed, 0))
    assert [i for part in again for i in part.metadata] == got
    # Nothing comes earlier than a window's length allows.
    assert all(at >= i - window - 1 for at, i in enumerate(got))


def test_a_window_over_everything_is_a_uniform_shuffle():
    counts = np.zeros((4, 4), int)
    for seed in range(4000):
        order = [
            i for part in shuffled(parts_of([4]), 4, pass_random(seed, 0)) for i in part.metadata
        ]
        for at, i in enumerate(order):
            counts[at, i] += 1
    assert abs(counts - 1000).max() < 150  # five standard deviations


def test_a_window_is_all_that_is_held():
    alive = []

    def parts():
        for part in parts_of([10] * 500):
            alive.append(part)
            yield part

    taken = 0
    for part in shuffled(parts(), 100, pass_random(1, 0)):
        taken += len(part)
        assert len(alive) * 10 <= taken + 120


@given(st.lists(st.integers(0, 30), max_size=10), st.integers(1, 40))
def test_equal_parts_are_equal(lengths, size):
    parts = [part.metadata for part in equal_parts(parts_of(lengths), size)]
    assert [i for part in parts for i in part] == list(range(sum(lengths)))
    assert all(len(part) == size for part in parts[:-1])
    assert not parts or 1 <= len(parts[-1]) <= size


# --- passes -------------------------------------------------------------------------------------


def test_the_order_of_a_pass_follows_from_seed_and_number(table):
    first = iterate(table, shuffle=500, seed=3)
    assert (first.epoch, first.num_examples) == (0, None)
    passes = [ids(first) for _ in range(3)]
    assert (first.epoch, first.num_examples) == (3, ROWS)
    assert all(sorted(p) == list(range(ROWS)) for p in passes)
    assert (passes[0] != passes[1]).mean() > 0.9
    for threads in (0, 1, 4):
        again = iterate(table, shuffle=500, seed=3, prefetch=threads)
        assert (ids(again) == passes[0]).all()
        again.epoch = 2
        assert (ids(again) == passes[2]).all()
    assert (ids(iterate(table, shuffle=500, seed=4)) != passes[0]).any()
    assert (ids(iterate(table, shuffle=500)) != ids(iterate(table, shuffle=500))).any()


def test_block_size_makes_no_difference(table):
    orders = [
        ids(iterate(CSVRecordReader(table, schema=SCHEMA, block_size=n), shuffle=100, seed=1))
        for n in (1000, 50_000)
    ]
    assert (orders[0] == orders[1]).all()


def test_a_pass_begun_and_left_counts(table):
    it = iterate(table, shuffle=100, seed=1)
    next(it)
    it.reset()
    assert it.epoch == 1
    expected = iterate(table, shuffle=100, seed=1)
    expected.epoch = 1
    assert (ids(it) == ids(expected)).all()


def test_metadata_stays_with_its_example(table):
    it = iterate(table, shuffle=1000, seed=1, collect_metadata=True)
    for batch in it:
        assert [m.line for m in batch.metadata] == np.asarray(batch.features)[:, 0].tolist()
    assert np.asarray(it.load_from_metadata(batch.metadata[:2]).features)[:, 0].tolist() == [
        m.line for m in batch.metadata[:2]
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shuffle": -1}, "shuffle must be a number of examples, or 0, received -1"),
        ({"cache": "a.arrow", "collect_metadata": True}, "does not hold where examples came from"),
    ],
)
def test_options_that_make_no_sense(table, options, message):
    with pytest.raises(ValueError, match=message):
        iterate(table, **options)


def test_epochs_and_parts_count_from_zero(table):
    it = iterate(table)
    with pytest.raises(ValueError, match="epoch must not be negative, received -1"):
        it.epoch = -1
    with pytest.raises(ValueError, match="there is no part 2 of 2; they count from 0"):
        it.sharded(2, 2)
    with pytest.raises(ValueError, match="is part 0 of 2 already"):
        it.sharded(0, 2).sharded(0, 2)


# --- shards -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"cache": "memory"}, {"cache": "file"}, {"shuffle": 50, "seed": 1}]
)
def test_parts_hold_every_example_once(table, tmp_path, options):
    if options.get("cache") == "file":
        options = {"cache": tmp_path / "cache.arrow"}
    whole = iterate(table, **options)
    for _ in range(2):
        parts = [ids(whole.sharded(i, 3)) for i in range(3)]
        assert min(map(len, parts)) > ROWS // 6
        assert sorted(np.concatenate(parts)) == list(range(ROWS))
    again = [pickle.loads(pickle.dumps(whole.sharded(i, 2))) for i in range(2)]
    assert sorted(np.concatenate([ids(p) for p in again])) == list(range(ROWS))


def test_parts_of_a_process_over_all_data(table):
    rank = TransformProcess.builder(SCHEMA)
    process = rank.calculate_sorted_rank("rank", "i", DoubleWritableComparator()).build()
    whole = iterate(table, transform=process)
    parts = [list(whole.sharded(i, 2)) for i in range(2)]
    ranks = [np.asarray(b.features)[:, -1] for part in parts for b in part]
    assert sorted(np.concatenate(ranks)) == list(range(ROWS))


def test_a_copy_begins_anew_and_leaves_the_original_alone(table):
    it = iterate(table, shuffle=100, seed=1)
    taken = next(it).num_examples
    other = pickle.loads(pickle.dumps(it))
    assert (other.epoch, len(ids(other)), other.epoch) == (1, ROWS, 2)
    while it.has_next():
        taken += it.next().num_examples
    assert (it.epoch, taken) == (1, ROWS)


# --- sequences and several readers ---------------------------------------------------------------

SEQUENCES = [[[i, t, i % 2] for t in range(1 + i % 5)] for i in range(200)]


@pytest.mark.parametrize("cache", [None, "memory"])
def test_sequences_in_random_order(cache):
    it = SequenceRecordReaderDataSetIterator(
        CollectionSequenceRecordReader(SEQUENCES),
        16,
        label_index=2,
        num_classes=2,
        shuffle=40,
        seed=9,
        cache=cache,
        collect_metadata=True,
    )
    orders = []
    for _ in range(2):
        order = []
        for batch in it:
            features, labels = np.asarray(batch.features), np.asarray(batch.labels)
            for k, m in enumerate(batch.metadata):
                steps = len(SEQUENCES[m.index])
                assert features[k, 0, :steps].tolist() == [m.index] * steps
                assert features[k, 1, :steps].tolist() == list(range(steps))
                assert labels[k, m.index % 2, 0] == 1
            order += [m.index for m in batch.metadata]
        assert sorted(order) == list(range(200))
        orders.append(order)
    assert orders[0] != orders[1]
    parts = [[m.index for b in it.sharded(i, 3) for m in b.metadata] for i in range(3)]
    assert sorted(chain(*parts)) == list(range(200))


def test_two_readers_stay_together():
    labels = [[[i % 2]] * len(s) for i, s in enumerate(SEQUENCES)]
    it = SequenceRecordReaderDataSetIterator(
        CollectionSequenceRecordReader(SEQUENCES),
        16,
        num_classes=2,
        alignment="ALIGN_START",
        labels_reader=CollectionSequenceRecordReader(labels),
        shuffle=1000,
        seed=1,
    )
    for batch in it:
        first = np.asarray(batch.features)[:, 0, 0].astype(int)
        assert (np.asarray(batch.labels)[:, :, 0].argmax(1) == first % 2).all()
    short = SequenceRecordReaderDataSetIterator(
        CollectionSequenceRecordReader(SEQUENCES),
        16,
        num_classes=2,
        alignment="ALIGN_START",
        labels_reader=CollectionSequenceRecordReader(labels[:-1]),
    )
    with pytest.raises(DataVecError, match="labels reader has fewer sequences than the features"):
        list(short)


@pytest.mark.parametrize("cache", [None, "memory"])
def test_several_readers_stay_together(cache):
    it = RecordReaderMultiDataSetIterator(7, shuffle=30, seed=2, cache=cache)
    it.add_reader("plain", CollectionRecordReader([[i, 2 * i] for i in range(100)]))
    it.add_reader("steps", CollectionSequenceRecordReader(SEQUENCES))
    it.add_input("plain").add_input("steps", 0, 0).add_output("plain", 0)
    orders = []
    for _ in range(2):
        order = []
        for batch in it:
            plain, steps = (np.asarray(a) for a in batch.features)
            assert (plain[:, 0] == steps[:, 0, 0]).all()
            assert (plain[:, 1] == 2 * plain[:, 0]).all()
            order += plain[:, 0].tolist()
        assert sorted(order) == list(range(100))
        orders.append(order)
    assert orders[0] != orders[1]
    assert it.num_examples == 100
    with pytest.raises(ValueError, match='cache must be "memory" or None'):
        RecordReaderMultiDataSetIterator(7, cache="x.arrow")


# --- threads ------------------------------------------------------------------------------------


def working():
    return [t for t in threading.enumerate() if t.name.startswith("datavec")]


@pytest.mark.parametrize("options", [{}, {"shuffle": 100}, {"cache": "memory"}])
@pytest.mark.parametrize("end", ["close", "drop", "exhaust", "error"])
def test_threads_end_with_the_pass(table, options, end):
    if end == "error":
        table.write_text(table.read_text() + "x,y,z\n")
    it = iterate(table, prefetch=2, **options)
    next(it)
    if end == "close":
        it.close()
    elif end == "exhaust":
        while it.has_next():
            it.next()
    elif end == "error":
        with pytest.raises(InvalidValueError):
            ids(it)
        it.close()
    del it
    gc.collect()
    for _ in range(100):
        if not working():
            break
        time.sleep(0.05)
    assert not working()


def test_the_interpreter_ends_in_the_middle_of_a_pass(table):
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from datavec import *\n"
        "s = Schema.builder().add_columns_double('i', 'x').add_column_integer('y').build()\n"
        "r = CSVRecordReader(sys.argv[1], schema=s, block_size=1000)\n"
        "it = RecordReaderDataSetIterator(r, 8, label_index='y', num_classes=3, shuffle=64)\n"
        "next(it)\n"
        "print('left')\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(table), *sys.path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "left\n", "")


# --- files in random order ------------------------------------------------------------------------


def test_files_of_a_split_follow_the_number_of_the_pass(tmp_path):
    for i in range(12):
        (tmp_path / f"{i:02}.csv").write_text(f"{i},0,0\n")
    split = FileSplit(tmp_path, seed=4)
    expected = [[int(p.stem) for p in split.order(epoch)] for epoch in range(3)]

    def fresh():
        return CSVRecordReader(FileSplit(tmp_path, seed=4), schema=SCHEMA)

    for reader in (fresh(), ConcatenatingRecordReader(fresh())):
        it = iterate(reader)
        assert [ids(it).tolist() for _ in range(3)] == expected
        it.epoch = 1
        assert ids(it).tolist() == expected[1]
        parts = [ids(it.sharded(i, 2)).tolist() for i in range(2)]
        assert sorted(chain(*parts)) == list(range(12))
