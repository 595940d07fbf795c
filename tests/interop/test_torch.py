"""PyTorch's DataLoader takes our batches: in this process, and in workers without doubles."""

from __future__ import annotations

import numpy as np
import pytest

from datavec import (
    CollectionRecordReader,
    CollectionSequenceRecordReader,
    CSVRecordReader,
    RecordReaderDataSetIterator,
    RecordReaderMultiDataSetIterator,
    Schema,
    SequenceRecordReaderDataSetIterator,
)
from nd4py.normalizers import NormalizerMinMaxScaler

pytestmark = pytest.mark.interop

ROWS = 5000
SCHEMA = Schema.builder().add_columns_double("i", "x").add_column_integer("y").build()


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("".join(f"{i},{i % 7}.5,{i % 3}\n" for i in range(ROWS)))
    return path


def iterate(table, **options):
    reader = CSVRecordReader(table, schema=SCHEMA, block_size=4000)
    return RecordReaderDataSetIterator(reader, 64, label_index="y", num_classes=3, **options)


def load(iterator, workers, **options):
    from torch.utils.data import DataLoader

    return DataLoader(iterator.to_torch(), batch_size=None, num_workers=workers, **options)


def ids(loader):
    return [int(i) for features, _ in loader for i in features[:, 0]]


@pytest.mark.parametrize(
    ("workers", "start"), [(0, None), (1, "fork"), (2, "fork"), (2, "spawn"), (2, "forkserver")]
)
def test_every_record_comes_once(table, workers, start):
    loader = load(iterate(table), workers, multiprocessing_context=start)
    for _ in range(2):
        found = ids(loader)
        assert sorted(found) == list(range(ROWS))
    if workers < 2:
        assert found == list(range(ROWS))


def test_tensors_are_the_batches(table):
    import torch

    it = iterate(table)
    for (features, labels), batch in zip(load(it, 0), iterate(table), strict=True):
        assert (features.dtype, labels.dtype) == (torch.float32, torch.float32)
        assert np.array_equal(features.numpy(), batch.features)
        assert np.array_equal(labels.numpy(), batch.labels)


def test_tensors_share_memory_unless_they_must_not_be_written_to(table):
    it = iterate(table)
    features, _ = next(iter(it.to_torch()))
    features += 1
    kept = iterate(table, cache="memory")
    for _ in range(2):
        first, _ = next(iter(load(kept, 0)))
        assert first[0, 0] == 0
        first += 1
        ids(load(kept, 0))


def test_a_preprocessor_works_in_workers(table):
    it = iterate(table)
    it.preprocessor = NormalizerMinMaxScaler().fit(it)
    values = np.concatenate([f.numpy() for f, _ in load(it, 2)])
    assert (values.min(), values.max()) == (0.0, 1.0)


@pytest.mark.parametrize("cache", [None, "file"])
def test_random_order_in_workers(table, tmp_path, cache):
    import torch

    kept = None if cache is None else tmp_path / "cache.arrow"
    seeded = iterate(table, shuffle=400, seed=5, cache=kept)
    dataset = seeded.to_torch()
    orders = []
    for epoch in (0, 1, 0):
        dataset.set_epoch(epoch)
        orders.append(ids(torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=2)))
        assert sorted(orders[-1]) == list(range(ROWS))
    assert orders[0] == orders[2] != orders[1]
    # Workers that stay count epochs; without a seed PyTorch's own makes the difference.
    for loader in (
        load(iterate(table, shuffle=400, seed=5), 2, persistent_workers=True),
        load(iterate(table, shuffle=400), 2),
    ):
        first, second = ids(loader), ids(loader)
        assert first != second
        assert sorted(first) == sorted(second) == list(range(ROWS))


def test_errors_reach_the_training_process(table):
    with table.open("a") as f:
        f.write("1,bad,0\n")
    with pytest.raises(Exception, match=r'table\.csv, line 5001, column "x": expected a number'):
        ids(load(iterate(table), 2))


def test_sequences_come_with_their_masks():
    data = [[[i, t, i % 2] for t in range(1 + i % 3)] for i in range(90)]
    it = SequenceRecordReaderDataSetIterator(
        CollectionSequenceRecordReader(data), 8, label_index=2, num_classes=2
    )
    found = []
    for features, labels, features_mask, labels_mask in load(it, 2):
        assert features_mask.shape == labels_mask.shape == (len(features), features.shape[2])
        assert labels.shape[1] == 2
        found += features[:, 0, 0].int().tolist()
    assert sorted(found) == list(range(90))


def test_several_arrays_come_as_lists():
    it = RecordReaderMultiDataSetIterator(8)
    it.add_reader("a", CollectionRecordReader([[i, 2 * i, i % 2] for i in range(50)]))
    it.add_input("a", 0, 0).add_input("a", 1, 1).add_output_one_hot("a", 2, 2)
    found = []
    for (one, two), (label,) in load(it, 2):
        assert (two == 2 * one).all()
        assert (label.argmax(1) == one[:, 0] % 2).all()
        found += one[:, 0].int().tolist()
    assert sorted(found) == list(range(50))
