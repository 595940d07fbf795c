"""Normalizer files, their statistics, and what they do to data."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import numpy as np
from harness import Case

from nd4py import normalizers
from nd4py.data import DataSet, ExistingDataSetIterator, ExistingMultiDataSetIterator, MultiDataSet
from nd4py.normalizers._statistics import DistributionStats

PARTS = ("features", "labels", "features_mask", "labels_mask")


def normalizer_file(case: Case) -> None:
    meta = case.meta
    normalizer = made(meta)
    assert normalizer.type == meta["type"]
    if fitted_kind(meta):
        fit(case, normalizer)
        same_statistics(case, normalizer)
        same_counts(meta, normalizer)
    if meta["file"] is None:
        try:
            normalizer.save(io.BytesIO())
        except TypeError:
            pass
        else:
            raise AssertionError("expected TypeError: the original has no file form")
    else:
        loaded = normalizers.load(case.path(meta["file"]))
        assert type(loaded) is type(normalizer)
        if fitted_kind(meta):
            same_statistics(case, loaded)
        stream = io.BytesIO()
        loaded.save(stream)
        assert stream.getvalue() == case.read(meta["file"]), "written bytes differ"
        stream = io.BytesIO()
        normalizer.save(stream)  # our own statistics may differ in the last bit
        assert len(stream.getvalue()) == len(case.read(meta["file"]))
        if not (meta["normalizer"] == "ImagePreProcessingScaler" and meta["fit_label"]):
            there_and_back(case, loaded)
    there_and_back(case, normalizer)
    if "std_after_transform" in case.arrays:
        case.compare(
            np.asarray(normalizer.std), case.arrays["std_after_transform"], "std after use"
        )


def fitted_kind(meta: dict) -> bool:
    return any(name in meta["normalizer"] for name in ("Standardize", "MinMax", "Hybrid"))


def made(meta: dict) -> Any:
    name, config = meta["normalizer"], meta["config"]
    cls = getattr(normalizers, name)
    options: dict[str, Any] = {}
    if name == "MultiNormalizerHybrid":
        return cls(
            strategy(config["global_input"]),
            strategy(config["global_output"]),
            per_input={int(k): strategy(v) for k, v in config["per_input"].items()},
            per_output={int(k): strategy(v) for k, v in config["per_output"].items()},
        )
    if name == "ImageMultiPreProcessingScaler":
        return cls(
            *config["feature_indices"],
            min_range=config["min_range"],
            max_range=config["max_range"],
            max_bits=config["max_bits"],
        )
    if name != "VGG16ImagePreProcessor":
        options["fit_label"] = meta["fit_label"]
    return cls(**config, **options)


def strategy(config: dict | None) -> Any:
    if config is None:
        return None
    if config["kind"] == "standardize":
        return normalizers.StandardizeStrategy()
    return normalizers.MinMaxStrategy(config["min_range"], config["max_range"])


def batch(case: Case, prefix: str) -> DataSet | MultiDataSet:
    arrays = case.arrays
    if f"{prefix}_features" in arrays:
        return DataSet(*(arrays.get(f"{prefix}_{part}") for part in PARTS))
    lists = []
    for part in PARTS:
        base = part.removesuffix("_mask")
        count = sum(
            n.startswith(f"{prefix}_{base}_") and n[-1].isdigit() and "mask" not in n
            for n in arrays
        )
        found = [arrays.get(f"{prefix}_{part}_{i}") for i in range(count)]
        lists.append(found if any(a is not None for a in found) else None)
    return MultiDataSet(*lists)


def fit(case: Case, normalizer: Any) -> None:
    data, sizes = batch(case, "fit"), case.meta["fit_batches"]
    if sizes is None:
        normalizer.fit(data)
        return
    starts = np.cumsum([0, *sizes])
    parts = [data[a:b] for a, b in pairwise(starts)]
    iterate = ExistingDataSetIterator if isinstance(data, DataSet) else ExistingMultiDataSetIterator
    normalizer.fit(iterate(parts))


def same_statistics(case: Case, normalizer: Any) -> None:
    compared = 0
    for name, want in case.arrays.items():
        words = name.split("_")
        label = words[0] == "label"
        if words[label] not in ("mean", "std", "min", "max") or name == "std_after_transform":
            continue
        statistic = words[label]
        index = int(words[-1]) if words[-1].isdigit() else None
        stats = statistics(normalizer, "labels" if label else "features", index)
        if isinstance(stats, DistributionStats):
            got = {"mean": stats.mean, "std": stats.std}[statistic]
        else:
            got = {"min": stats.lower, "max": stats.upper}[statistic]
        case.compare(got, want, name)
        compared += 1
    assert compared, "no statistics recorded"


def statistics(normalizer: Any, part: str, index: int | None) -> Any:
    return normalizer._stats(part) if index is None else normalizer._get(part, index)


def same_counts(meta: dict, normalizer: Any) -> None:
    for name in ("target_min", "target_max", "num_inputs", "num_outputs"):
        if name in meta:
            assert getattr(normalizer, name) == meta[name], name


def there_and_back(case: Case, normalizer: Any) -> None:
    data = batch(case, "in")
    normalizer.preprocess(data)
    same_batch(case, data, "out")
    if "raises_on_revert_dataset" in case.meta:
        case.differs("image-scaler-revert")
    normalizer.revert(data)
    same_batch(case, data, "reverted")
    same_batch(case, batch(case, "in"), "in")


def same_batch(case: Case, data: Any, prefix: str) -> None:
    for part in ("features", "labels"):
        arrays = getattr(data, part)
        many = isinstance(arrays, list)
        for i, array in enumerate(arrays if many else [arrays]):
            name = f"{prefix}_{part}" + (f"_{i}" if many else "")
            if name in case.arrays:
                case.compare(np.asarray(array), case.arrays[name], name)


KINDS = {"normalizer-file": normalizer_file}
