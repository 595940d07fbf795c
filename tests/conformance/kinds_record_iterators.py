"""Replays of iterators that make batches of records."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from datavec_values import must_fail
from harness import Case, Handler

from datavec import (
    CollectionInputSplit,
    CollectionRecordReader,
    CSVRecordReader,
    CSVSequenceRecordReader,
    CSVVariableSlidingWindowRecordReader,
    RecordReaderDataSetIterator,
    RecordReaderMultiDataSetIterator,
    SequenceRecordReaderDataSetIterator,
)


def record_iterator(case: Case) -> None:
    meta, options = case.meta, case.meta["options"]
    if meta["iterator"].startswith("SequenceRecordReaderDataSetIterator"):
        _sequence_iterator(case)
        return
    if meta["iterator"] == "RecordReaderMultiDataSetIterator":
        _multi_iterator(case)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source: Any
        if isinstance(meta["data"], dict):
            for file, text in meta["data"].items():
                (folder / file).write_text(text, "utf-8")
            files = CollectionInputSplit([folder / f for f in meta["data"]])
            source = CSVRecordReader(files, skip_lines=options.get("skipNumLines", 0))
        else:
            rows = [
                [np.array([v], np.float32) if isinstance(v, list) else v for v in row]
                for row in meta["data"]
            ]
            source = CollectionRecordReader(rows)
        label, classes = options.get("labelIndex", -1), options.get("numPossibleLabels", -1)
        iterator = RecordReaderDataSetIterator(
            source,
            options["batchSize"],
            label_index=None if label < 0 or "labelIndexFrom" in options else label,
            label_from=options.get("labelIndexFrom"),
            label_to=options.get("labelIndexTo"),
            num_classes=None if classes < 0 else classes,
            regression=options.get("regression", False),
            max_num_batches=options.get("maxNumBatches"),
            collect_metadata=options.get("collectMetaData", False),
        )
        _check_batches(iterator, case, folder)


def _written(folder: Path, name: str, texts: list[str] | str) -> CollectionInputSplit:
    """Texts as files; the names count the files of a list."""
    if isinstance(texts, str):
        texts = [texts]
    paths = [
        folder / (f"{name}{i}.csv" if name == "f" else f"{name}-{i}.csv") for i in range(len(texts))
    ]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")
    return CollectionInputSplit(paths)


def _sequence_iterator(case: Case) -> None:
    options, data = case.meta["options"], case.meta["data"]
    classes = options.get("numPossibleLabels", -1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labels = None
        if "features" in data:
            source: Any = CSVSequenceRecordReader(_written(folder, "features", data["features"]))
            labels = CSVSequenceRecordReader(_written(folder, "labels", data["labels"]))
        elif "sequences" in data:
            source = CSVSequenceRecordReader(_written(folder, "f", data["sequences"]))
        else:
            width = int(re.findall(r"\((\d+)\)", options["reader"])[0])
            source = CSVVariableSlidingWindowRecordReader(
                _written(folder, "a", next(iter(data.values()))), max_lines_per_sequence=width
            )
        label = options.get("labelIndex", -1)
        iterator = SequenceRecordReaderDataSetIterator(
            source,
            options["batchSize"],
            labels_reader=labels,
            label_index=None if label < 0 else label,
            num_classes=None if classes < 0 else classes,
            regression=options["regression"],
            alignment=options.get("alignmentMode"),
            collect_metadata=options.get("collectMetaData", False),
        )
        _check_batches(iterator, case, folder)


def _multi_iterator(case: Case) -> None:
    options, data = case.meta["options"], case.meta["data"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        iterator = RecordReaderMultiDataSetIterator(
            options["batchSize"],
            alignment=options.get("alignmentMode", "ALIGN_START"),
            random_offset_seed=options["seed"] if options.get("timeSeriesRandomOffset") else None,
        )
        for reader_name, at in options.get("sequence_readers", {}).items():
            split = _written(folder, reader_name, data[at.removeprefix("data.")])
            iterator.add_reader(reader_name, CSVSequenceRecordReader(split))
        for reader_name, at in options.get("readers", {}).items():
            iterator.add_reader(
                reader_name, CSVRecordReader(_written(folder, reader_name, data[at]))
            )
        for key, add in (
            ("inputs", iterator.add_input),
            ("inputs_one_hot", iterator.add_input_one_hot),
            ("inputs_one_hot_after", iterator.add_input_one_hot),
            ("outputs", iterator.add_output),
            ("outputs_one_hot", iterator.add_output_one_hot),
            ("outputs_one_hot_after", iterator.add_output_one_hot),
        ):
            for arguments in options.get(key, []):
                add(*arguments)
        got: list[Any] = []
        if "no usages of reader" in case.meta.get("raises", ""):
            case.differs("datavec-unused-reader")
            _collect(iterator, got)
            return
        if "raises" in case.meta:
            must_fail(lambda: got.extend(_collect(iterator, got)))
        else:
            _collect(iterator, got)
        assert len(got) == len(case.meta["batches"]), f"{len(got)} batches"
        for batch, expected in zip(got, case.meta["batches"], strict=True):
            for prefix, arrays, masks in (
                ("in", batch.features, batch.features_mask),
                ("out", batch.labels, batch.labels_mask),
            ):
                for i, array in enumerate(arrays):
                    _check_array(array, expected[f"{prefix}{i}"], case, f"{prefix}{i}")
                    mask = None if masks is None else masks[i]
                    _check_array(mask, expected[f"{prefix}{i}_mask"], case, f"{prefix}{i} mask")


def _check_batches(iterator: Any, case: Case, folder: Path) -> None:
    got: list[Any] = []
    if "raises" in case.meta:
        must_fail(lambda: got.extend(_collect(iterator, got)))
    else:
        for _ in range(2):
            got.clear()
            _collect(iterator, got)
    assert len(got) == len(case.meta["batches"]), f"{len(got)} batches"
    for data, expected in zip(got, case.meta["batches"], strict=True):
        for part in ("features", "labels", "features_mask", "labels_mask"):
            _check_array(getattr(data, part), expected[part], case, part)
        if expected.get("labels_are_features"):
            assert data.labels is data.features
        if "metadata" in expected:
            found = [m.location.replace(f"{folder}/", "") for m in data.metadata]
            assert found == [m["location"] for m in expected["metadata"]], found
    if "loaded" in case.meta:
        entries = [m for data in got for m in data.metadata]
        loaded = iterator.load_from_metadata([entries[i] for i in case.meta["load_indices"]])
        for part, name in case.meta["loaded"].items():
            _check_array(getattr(loaded, part), name, case, f"loaded {part}")


def _check_array(actual: Any, name: str | None, case: Case, part: str) -> None:
    if name is None:
        assert actual is None, f"{part}: expected none"
        return
    case.compare(np.asarray(actual), np.asarray(case.arrays[name]), part)


def _collect(iterator: Any, got: list[Any]) -> list[Any]:
    for data in iterator:
        got.append(data)
    return []


KINDS: dict[str, Handler] = {
    "record-iterator": record_iterator,
}
