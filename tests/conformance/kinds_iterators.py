"""Iterators: traces of calls and what they gave."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from harness import Case, NotSupported

from nd4py import data as nd
from nd4py.data import DataSet


class Add:
    """A preprocessor of the recording."""

    def __init__(self, number: float) -> None:
        self.number = number

    def preprocess(self, data: DataSet) -> None:
        data.features = np.asarray(data.features) + np.float32(self.number)


class Multiply(Add):
    def preprocess(self, data: DataSet) -> None:
        data.features = np.asarray(data.features) * np.float32(self.number)


def source_batches(case: Case, counts: list[int]) -> list[DataSet]:
    features, labels = case.arrays["features"], case.arrays["labels"]
    starts = np.cumsum([0, *counts])
    return [DataSet(features[a:b], labels[a:b]) for a, b in pairwise(starts)]


def whole(case: Case) -> DataSet:
    return DataSet(case.arrays["features"], case.arrays["labels"])


def existing(case: Case, config: dict) -> nd.DataSetIterator:
    batches = source_batches(case, config["source_batches"])
    first_reset = next((result for call, result in case.meta["trace"] if call == "reset"), None)
    once = isinstance(first_reset, str)  # recorded over an iterator instead of an iterable
    iterator = nd.ExistingDataSetIterator(iter(batches) if once else batches)
    if "preprocessors" in config:
        made = {"add": Add, "mul": Multiply}
        parts = [re.fullmatch(r"([a-z]+)(\d+)", p).groups() for p in config["preprocessors"]]
        iterator.preprocessor = nd.CombinedPreProcessor(*(made[n](float(v)) for n, v in parts))
    return iterator


def batches(case: Case, config: dict) -> nd.DataSetIterator:
    return nd.ExistingDataSetIterator(source_batches(case, config["source_batches"]))


def multi(case: Case, config: dict) -> nd.MultiDataSetIterator:
    return nd.MultiDataSetIteratorAdapter(batches(case, config))


def multiple_epochs(case: Case, config: dict) -> nd.DataSetIterator:
    return nd.MultipleEpochsIterator(config["epochs"], batches(case, config))


def rows_iterator(case: Case, config: dict) -> nd.DataSetIterator:
    data = whole(case)
    return nd.ArrayDataSetIterator(data.features, data.labels, config["batch"], drop_last=True)


MAKERS: dict[str, Callable[[Case, dict], Any]] = {
    "AsyncDataSetIterator": lambda case, c: nd.AsyncDataSetIterator(
        batches(case, c), c.get("queueSize", 8)
    ),
    "AsyncMultiDataSetIterator": lambda case, c: nd.AsyncMultiDataSetIterator(multi(case, c)),
    "AsyncShieldDataSetIterator": lambda case, c: nd.AsyncShieldDataSetIterator(batches(case, c)),
    "BenchmarkDataSetIterator": lambda case, c: nd.BenchmarkDataSetIterator(
        source_batches(case, c["source_batches"])[0], c["totalIterations"]
    ),
    "DoublesDataSetIterator": rows_iterator,
    "FloatsDataSetIterator": rows_iterator,
    "INDArrayDataSetIterator": rows_iterator,
    "EarlyTerminationDataSetIterator": lambda case, c: nd.EarlyTerminationDataSetIterator(
        batches(case, c), c["terminationPoint"]
    ),
    "EarlyTerminationMultiDataSetIterator": lambda case, c: nd.EarlyTerminationMultiDataSetIterator(
        multi(case, c), c["terminationPoint"]
    ),
    "ExistingDataSetIterator": existing,
    "IteratorDataSetIterator": lambda case, c: nd.IteratorDataSetIterator(
        iter(source_batches(case, c["source_batches"])), c["batch"]
    ),
    "IteratorMultiDataSetIterator": lambda case, c: nd.IteratorMultiDataSetIterator(
        (b.to_multi_data_set() for b in source_batches(case, c["source_batches"])), c["batch"]
    ),
    "KFoldIterator": lambda case, c: nd.KFoldIterator(c["k"], whole(case)),
    "ListDataSetIterator": lambda case, c: nd.ListDataSetIterator(
        source_batches(case, c["source_batches"]), c["batch"]
    ),
    "MultiDataSetIteratorAdapter": multi,
    "MultiDataSetWrapperIterator": lambda case, c: nd.MultiDataSetWrapperIterator(multi(case, c)),
    "MultipleEpochsIterator": multiple_epochs,
    "ReconstructionDataSetIterator": lambda case, c: nd.ReconstructionDataSetIterator(
        batches(case, c)
    ),
    "SingletonDataSetIterator": lambda case, c: nd.SingletonDataSetIterator(
        source_batches(case, c["source_batches"])[0]
    ),
    "ViewIterator": lambda case, c: nd.ViewIterator(whole(case), c["batch"]),
}


def replay(case: Case) -> None:
    name = case.meta["class"].rsplit(".", 1)[-1]
    if name == "DataSet":
        replay_data_set(case)
        return
    config = case.meta["config"]
    if name == "DataSetIteratorSplitter":
        split = nd.DataSetIteratorSplitter(
            batches(case, config), config["totalBatches"], config["ratio"]
        )
        parts = {"train": Stepper(case, split.train), "test": Stepper(case, split.test)}
        for call, result in case.meta["trace"]:
            part, _, operation = call.partition(".")
            parts[part].step(operation, result)
        return
    if name not in MAKERS:
        raise NotSupported(f"iterator {name}: not built yet")
    stepper = Stepper(case, MAKERS[name](case, config))
    for call, result in case.meta["trace"]:
        stepper.step(call, result)


class Stepper:
    """Replays calls on one iterator."""

    def __init__(self, case: Case, iterator: Any) -> None:
        self.case = case
        self.iterator = iterator
        self.ended = False

    def step(self, call: str, result: Any) -> None:
        failed = isinstance(result, str) and result.startswith("raises")
        if failed and "NullPointerException" in result:
            return  # the original trips over its own missing field; ours has an answer
        number = re.fullmatch(r"next\((\d+)\)", call)
        if call == "next" or number:
            self.next(result, failed, int(number[1]) if number else None)
        elif call == "reset":
            self.reset(failed)
        elif call == "hasNext":
            self.ended = not self.iterator.has_next()
            assert self.ended is not result, f"has_next {not self.ended}"
        else:
            found = self.ask(call)
            assert found == result, f"{call}: {found}, expected {result}"

    def ask(self, call: str) -> Any:
        it = self.iterator
        if call == "testFold":
            return rows_of(it.test_fold)
        if call == "getLabels":
            return [] if it.labels is None and isinstance(it, nd.KFoldIterator) else it.labels
        if call in ("batch", "inputColumns", "totalOutcomes"):
            names = {
                "batch": "batch_size",
                "inputColumns": "input_columns",
                "totalOutcomes": "total_outcomes",
            }
            return getattr(it, names[call]) or 0  # the original says 0 for what it does not know
        names = {"resetSupported": "reset_supported", "asyncSupported": "async_supported"}
        if call not in names:
            raise NotSupported(f"call {call}")
        return getattr(it, names[call])

    def reset(self, failed: bool) -> None:
        try:
            self.iterator.reset()
        except ValueError:
            assert failed, "reset failed"
            return
        assert not failed, "reset should fail"
        self.ended = False

    def next(self, result: Any, failed: bool, count: int | None) -> None:
        try:
            found = self.iterator.next(count)
        except (StopIteration, ValueError):
            if not failed:
                assert self.ended, f"next gave nothing, expected {result}"
                self.case.differs("iterator-next-past-end")
            return
        assert not failed, f"next should fail: {result}"
        got = rows_of(found)
        assert got == {k: result[k] for k in got}, f"next: {got}, expected {result}"


def rows_of(data: Any) -> dict:
    if isinstance(data, nd.MultiDataSet):
        return {
            "rows": np.asarray(data.features[0])[:, 0].tolist(),
            "n_features": len(data.features),
            "n_labels": len(data.labels),
        }
    return {
        "rows": np.asarray(data.features)[:, 0].tolist(),
        "features_shape": list(data.features.shape),
        "labels_shape": list(data.labels.shape),
    }


def row_numbers(data: DataSet) -> list[int]:
    return np.asarray(data.features)[:, 0].tolist()


def replay_data_set(case: Case) -> None:
    """Calls on one DataSet; sorting by label is at fault in the original."""
    for call, result in case.meta["trace"]:
        data = whole(case)
        name, _, inside = call.rstrip(")").partition("(")
        arguments = json.loads(f"[{inside}]") if inside else []
        if name in ("sortByLabel", "sortAndBatchByNumLabels"):
            case.differs("dataset-sort-by-label")
            batches = data.sort_and_batch_by_num_labels()
            assert sorted(r for b in batches for r in row_numbers(b)) == sorted(
                row_numbers(whole(case))
            )
        elif name == "splitTestAndTrain":
            try:
                train, test = data.split_test_and_train(arguments[0])
            except ValueError:
                if not (isinstance(result, str) and result.startswith("raises")):
                    case.differs("dataset-split-nothing")
                continue
            assert {"train": row_numbers(train), "test": row_numbers(test)} == result
        elif name in ("batchBy", "asList"):
            parts = data.batch_by(*arguments) if arguments else data.as_list()
            assert [row_numbers(p) for p in parts] == result
        elif name in ("getRange", "get"):
            assert (
                row_numbers(
                    data.get_range(*arguments) if name == "getRange" else data.get(*arguments)
                )
                == result
            )
        elif name == "labelCounts":
            counts = "{" + ", ".join(f"{k}={v:.1f}" for k, v in data.label_counts().items()) + "}"
            assert counts == result
        elif name == "numInputs,numOutcomes,numExamples":
            assert [data.num_inputs, data.num_outcomes, data.num_examples] == result
        elif name == "merge":
            assert row_numbers(DataSet.merge(data.as_list())) == result
        else:
            raise NotSupported(f"DataSet.{name}: not in the handler")


KINDS = {"iterator": replay}
