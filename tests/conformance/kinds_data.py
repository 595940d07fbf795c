"""DataSet and MultiDataSet files, DataSet operations, iterators."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Case, NotSupported, compare
from kinds_arrays import same_array

from nd4py import data as nd
from nd4py.data import DataSet, MultiDataSet

PARTS = ("features", "labels", "features_mask", "labels_mask")


# ------------------------------------------------------------------------------------------ files


def dataset_file(case: Case) -> None:
    meta = case.meta
    read = DataSet.load(case.path(meta["file"]))
    for part in PARTS:
        same_part(getattr(read, part), case, part, meta["arrays"][part])
    assert (read.labels is read.features and read.labels is not None) == meta[
        "labels_same_as_features"
    ]
    assert read.label_names == meta["label_names"]
    same_metadata(read.metadata, meta["metadata"])

    made = DataSet(label_names=meta["label_names"])
    for part in PARTS:
        setattr(made, part, ordered(case, part, meta["arrays"][part]))
    if meta["labels_same_as_features"]:
        made.labels = made.features
    exact = (
        meta["metadata"] is None
        and meta["label_names_class"] in (None, "java.util.ArrayList")
        and not any(a["is_view"] for a in meta["arrays"].values() if a)
        and not any(permuted(getattr(read, p)) for p in PARTS)
        and len(set(meta["label_names"] or ())) == len(meta["label_names"] or ())
    )
    rewritten(case, made, exact)


def multidataset_file(case: Case) -> None:
    meta = case.meta
    read = MultiDataSet.load(case.path(meta["file"]))
    made = MultiDataSet()
    dense = True
    for part in PARTS:
        recorded = meta[part]
        arrays = getattr(read, part)
        if recorded is None:
            assert arrays is None, f"{part}: expected none"
            continue
        assert len(arrays) == len(recorded), (
            f"{part}: {len(arrays)} arrays, expected {len(recorded)}"
        )
        for i, array in enumerate(arrays):
            same_part(array, case, f"{part}_{i}", recorded[i])
        setattr(made, part, [ordered(case, f"{part}_{i}", r) for i, r in enumerate(recorded)])
        dense &= not any(r is not None and r["is_view"] for r in recorded)
        dense &= not any(permuted(a) for a in arrays if a is not None)
    same_metadata(read.metadata, meta["metadata"])
    rewritten(case, made, meta["metadata"] is None and dense)


def rewritten(case: Case, made: Any, exact: bool) -> None:
    stream = io.BytesIO()
    made.save(stream)
    if exact:
        assert stream.getvalue() == case.read(case.meta["file"]), "written bytes differ"
    again = type(made).load(stream.getvalue())
    for part in PARTS:
        mine, theirs = getattr(made, part), getattr(again, part)
        pairs = (
            zip(mine or [], theirs or [], strict=True)
            if isinstance(mine, list)
            else [(mine, theirs)]
        )
        for a, b in pairs:
            assert (a is None) == (b is None), part
            if a is not None:
                compare(np.asarray(b), np.asarray(a), what=f"{part} read again")


def permuted(array: Any) -> bool:
    """Arrays whose strides are of neither order are stored as they lie by the original only."""
    flags = np.asarray(array).flags
    return not (flags.c_contiguous or flags.f_contiguous)


def same_part(actual: Any, case: Case, name: str, recorded: dict | None) -> None:
    if recorded is None:
        assert actual is None, f"{name}: expected none"
        return
    key = name if name in case.arrays else "features"  # labels that are the features are kept once
    same_array(actual, case.arrays[key], recorded["dtype"], name)


def ordered(case: Case, name: str, recorded: dict | None) -> np.ndarray | None:
    if recorded is None:
        return None
    value = case.arrays[name if name in case.arrays else "features"]
    return np.asfortranarray(value) if recorded["order"] == "f" else value


def same_metadata(actual: list | None, recorded: list | None) -> None:
    assert (actual is None) == (recorded is None), "metadata"
    for mine, want in zip(actual or [], recorded or [], strict=True):
        if want["class"] == "java.lang.String":
            assert mine == want["text"]
            continue
        assert mine.class_name == want["class"]
        if want.get("uri") is not None:
            assert mine.fields["uri"].fields["string"] == want["uri"]
        number = {"line": "lineNumber", "index": "index"}
        for key in want.keys() & number:
            assert mine.fields[number[key]] == want[key]


# ------------------------------------------------------------------------------------- operations


def dataset_ops(case: Case) -> None:
    meta = case.meta
    operation = OPERATIONS.get(meta["op"]) or named_method(meta["op"])
    inputs = [recorded(case, f"in_{k}", "in") for k in range(meta["n_in"])]
    if "jvm_bug" in meta and "sort-by-label" in meta["op"]:
        case.differs("dataset-sort-by-label")
        sorted_by_label(case, inputs[0])
        return
    if meta["op"] == "squish-to-range" and "raises" in meta:
        case.differs("dataset-squish-float")
    elif "raises" in meta:
        try:
            operation(case, inputs, meta["params"])
        except (ValueError, TypeError):
            return
        raise AssertionError(f"expected an error, as {meta['raises']}")
    outputs = operation(case, inputs, meta["params"])
    if "raises" in meta:
        return
    assert len(outputs) == meta["n_out"], f"{len(outputs)} outputs, expected {meta['n_out']}"
    for k, out in enumerate(outputs):
        same_set(case, out, recorded(case, f"out_{k}", "out"), f"output {k}")


def recorded(case: Case, prefix: str, side: str) -> DataSet | MultiDataSet:
    names = [n for n in case.arrays if n.startswith(prefix + "_")]
    multi = any(re.fullmatch(prefix + r"_(features|labels)(_mask)?_\d+", n) for n in names)
    if not multi:
        made = DataSet(metadata=(case.meta.get("metadata") or {}).get(f"{prefix}_metadata"))
        for part in PARTS:
            setattr(made, part, case.arrays.get(f"{prefix}_{part}"))
        return made
    made = MultiDataSet()
    for part in PARTS:
        indexed = {
            int(n.rsplit("_", 1)[1]): case.arrays[n]
            for n in names
            if re.fullmatch(rf"{prefix}_{part}_\d+", n)
        }
        if indexed:
            count = len(getattr(made, part.removesuffix("_mask")) or []) or max(indexed) + 1
            setattr(made, part, [indexed.get(i) for i in range(count)])
    return made


def same_set(case: Case, actual: Any, want: Any, what: str) -> None:
    assert type(actual) is type(want), f"{what}: {type(actual).__name__}"
    for part in PARTS:
        mine, theirs = getattr(actual, part), getattr(want, part)
        pairs = (
            zip(mine or [], theirs or [], strict=True)
            if isinstance(want, MultiDataSet)
            else [(mine, theirs)]
        )
        for a, b in pairs:
            assert (a is None) == (b is None), (
                f"{what} {part}: present {a is not None}, expected {b is not None}"
            )
            if b is not None:
                case.compare(np.asarray(a), b, f"{what} {part}")
    if isinstance(want, DataSet) and want.metadata is not None:
        assert actual.metadata == want.metadata, f"{what} metadata"


def sorted_by_label(case: Case, data: DataSet) -> None:
    """By turns of the classes while every class has an example left, then class by class."""
    classes = data.labels.argmax(1)
    before = data.features.copy()
    data.sort_by_label()
    after = np.asarray(data.labels).argmax(1)
    counts = np.bincount(classes, minlength=data.num_outcomes)
    turns = counts.min() * len(counts)
    assert after[:turns].tolist() == list(range(len(counts))) * int(counts.min())
    assert (np.diff(after[turns:]) >= 0).all()
    order = np.lexsort(np.asarray(data.features).T)
    assert np.array_equal(np.asarray(data.features)[order], before[np.lexsort(before.T)])


def in_place(method: str, *names: str) -> Callable[[Case, list, dict], list]:
    def apply(case: Case, inputs: list, params: dict) -> list:
        kept = {
            p: None if getattr(inputs[0], p) is None else getattr(inputs[0], p).copy()
            for p in PARTS
        }
        data = inputs[0].copy(deep=False)
        getattr(data, method)(*(params[n] for n in names))
        for part in PARTS:  # arrays that were given stay as they were
            if kept[part] is not None:
                compare(getattr(inputs[0], part), kept[part], what=f"given {part}")
        return [data]

    return apply


def named_method(op: str) -> Callable[[Case, list, dict], list]:
    """Operations are named after the method: call it with the parameters in order."""
    method = op.replace("-", "_")
    if not hasattr(DataSet, method):
        raise NotSupported(f"operation {op}: not built yet")

    def apply(case: Case, inputs: list, params: dict) -> list:
        data = inputs[0].copy(deep=False)
        given = [
            case.arrays[n] if isinstance(v, str) and n in case.arrays else v
            for n, v in params.items()
        ]
        result = getattr(data, method)(*given)
        if result is None:
            return [data]
        return list(result) if isinstance(result, (list, tuple)) else [result]

    return apply


def shuffle(case: Case, inputs: list, params: dict) -> list:
    from nd4py.data._shuffling import shuffle_order

    data = inputs[0].copy(deep=False)
    assert (
        shuffle_order(data.num_examples, params["seed"]).tolist() == case.meta["scalars"]["order"]
    )
    data.shuffle(params["seed"])
    return [data]


def example_stats(case: Case, inputs: list, params: dict) -> list:
    for name in ("sums", "maxs", "means"):
        case.compare(np.asarray(getattr(inputs[0], f"example_{name}")()), case.arrays[name], name)
    return []


def label_counts(case: Case, inputs: list, params: dict) -> list:
    data, scalars = inputs[0], case.meta["scalars"]
    assert data.label_counts() == {int(k): v for k, v in scalars["counts"].items()}
    for name in ("num_inputs", "num_outcomes", "num_examples"):
        assert getattr(data, name) == scalars[name]
    return []


def list_iterator(case: Case, inputs: list, params: dict) -> list:
    iterator = nd.ListDataSetIterator(inputs[0].as_list(), params["batch"])
    scalars = case.meta["scalars"]
    assert iterator.input_columns == scalars["input_columns"]
    assert iterator.total_outcomes == scalars["total_outcomes"]
    assert iterator.batch_size == scalars["batch"]
    return list(iterator)


def kfold(case: Case, inputs: list, params: dict) -> list:
    iterator = nd.KFoldIterator(params["k"], inputs[0])
    pairs = [(train, iterator.test_fold) for train in iterator]
    assert [len(test) for _, test in pairs] == case.meta["scalars"]["test_sizes"]
    return [part for pair in pairs for part in pair]


def sampling(case: Case, inputs: list, params: dict) -> list:
    iterator = nd.SamplingDataSetIterator(
        inputs[0], params["batch"], params["total"], with_replacement=params["replace"]
    )
    assert [len(b) for b in iterator] == case.meta["scalars"]["batch_sizes"]
    return []


def mini_batch_files(case: Case, inputs: list, params: dict) -> list:
    with tempfile.TemporaryDirectory() as folder:
        iterator = nd.MiniBatchFileDataSetIterator(inputs[0], params["batch"], folder)
        assert len(iterator.files) == case.meta["scalars"]["files"]
        return list(iterator)


def splitter(case: Case, inputs: list, params: dict) -> list:
    ratio = params.get("ratio", params.get("ratios"))
    split = nd.DataSetIteratorSplitter(
        nd.ViewIterator(inputs[0], params["batch"]),
        params.get("total_batches"),
        ratio,
        splits=params.get("splits"),
    )
    parts = [list(part) for part in split.parts]
    for i, name in enumerate(("train_batches", "test_batches")):
        if name in case.meta.get("scalars", {}):
            assert len(parts[i]) == case.meta["scalars"][name]
    return [batch for part in parts for batch in part]


def preprocess(case: Case, inputs: list, params: dict) -> list:
    data = inputs[0].copy(deep=False)
    made_preprocessor(params).preprocess(data)
    return [data]


def made_preprocessor(params: dict) -> Any:
    name = params["class"]
    if name == "CompositeDataSetPreProcessor":
        return nd.CombinedPreProcessor(*(described_preprocessor(p) for p in params["parts"]))
    if name == "PermuteDataSetPreProcessor":
        return nd.PermuteDataSetPreProcessor(params.get("rearrange") or permutation(params["type"]))
    if name == "CropAndResizeDataSetPreProcessor":
        options = {k: v for k, v in params.items() if k not in ("class", "method")}
        method = {"Bilinear": "bilinear", "NearestNeighbor": "nearest"}[params["method"]]
        return nd.CropAndResizeDataSetPreProcessor(**options, method=method)
    plain = {
        "ImageFlatteningDataSetPreProcessor": nd.ImageFlatteningDataSetPreProcessor,
        "LabelLastTimeStepPreProcessor": nd.LabelLastTimeStepPreProcessor,
        "RGBtoGrayscaleDataSetPreProcessor": nd.RGBtoGrayscaleDataSetPreProcessor,
    }
    if name not in plain:
        raise NotSupported(f"preprocessor {name}: not built yet")
    return plain[name]()


def described_preprocessor(text: str) -> Any:
    name, arguments = re.fullmatch(r"(\w+)\((.*)\)", text).groups()
    if name == "ImagePreProcessingScaler":
        from nd4py.normalizers import ImagePreProcessingScaler

        return ImagePreProcessingScaler(*(float(a) for a in arguments.split(",")))
    return nd.PermuteDataSetPreProcessor(permutation(arguments))


def permutation(name: str) -> str:
    return {"NCHWtoNHWC": "nchw_to_nhwc", "NHWCtoNCHW": "nhwc_to_nchw"}[name]


def view(data: DataSet, params: dict) -> nd.ViewIterator:
    return nd.ViewIterator(data, params["batch"])


OPERATIONS: dict[str, Callable[[Case, list, dict], list]] = {
    "add-feature-vector": lambda case, i, p: in_place("add_feature_vector", "to_add")(
        case, i, {"to_add": case.arrays["to_add"]}
    ),
    "as-list": lambda case, i, p: i[0].as_list(),
    "batch-by": lambda case, i, p: i[0].batch_by(p["num"]),
    "batch-by-num-labels": lambda case, i, p: i[0].batch_by_num_labels(),
    "binarize": in_place("binarize", "cutoff"),
    "data-set-iterator-splitter": splitter,
    "early-termination": lambda case, i, p: list(
        nd.EarlyTerminationDataSetIterator(view(i[0], p), p["terminate"])
    ),
    "example-stats": example_stats,
    "filter-and-strip": in_place("filter_and_strip", "labels"),
    "filter-by": lambda case, i, p: [i[0].filter_by(p["labels"])],
    "get": lambda case, i, p: [i[0].get(p["index"])],
    "get-range": lambda case, i, p: [i[0].get_range(p["from"], p["to"])],
    "indarray-iterator": lambda case, i, p: list(
        nd.ArrayDataSetIterator(i[0].features, i[0].labels, p["batch"], drop_last=True)
    ),
    "iterator-data-set-iterator": lambda case, i, p: list(
        nd.IteratorDataSetIterator(i[0].batch_by(p["part"]), p["batch"])
    ),
    "joint-multi": lambda case, i, p: list(nd.JointMultiDataSetIterator(*(view(d, p) for d in i))),
    "kfold": kfold,
    "label-counts": label_counts,
    "list-data-set-iterator": list_iterator,
    "merge": lambda case, i, p: [DataSet.merge(i)],
    "mini-batch-file-iterator": mini_batch_files,
    "multi-merge": lambda case, i, p: [MultiDataSet.merge(i)],
    "multiple-epochs": lambda case, i, p: list(
        nd.MultipleEpochsIterator(p["epochs"], view(i[0], p))
    ),
    "multiply-by": in_place("multiply_by", "num"),
    "divide-by": in_place("divide_by", "num"),
    "normalize": in_place("normalize"),
    "normalize-zero-mean-zero-unit-variance": in_place("normalize_zero_mean_zero_unit_variance"),
    "preprocessor": preprocess,
    "reconstruction": lambda case, i, p: list(nd.ReconstructionDataSetIterator(view(i[0], p))),
    "round-to-the-nearest": in_place("round_to_the_nearest", "round_to"),
    "sampling-iterator-sizes": sampling,
    "scale": in_place("scale"),
    "scale-min-and-max": in_place("scale_min_and_max", "min", "max"),
    "shuffle": shuffle,
    "sort-by-label": in_place("sort_by_label"),
    "split-test-and-train": lambda case, i, p: list(i[0].split_test_and_train(p["num_holdout"])),
    "split-test-and-train-fraction": lambda case, i, p: list(
        i[0].split_test_and_train(p["fraction"])
    ),
    "split-test-and-train-random": lambda case, i, p: list(
        i[0].split_test_and_train(p["num_holdout"], nd.JavaRandom(p["random_seed"]))
    ),
    "squish-to-range": in_place("squish_to_range", "min", "max"),
    "to-multi-data-set": lambda case, i, p: [i[0].to_multi_data_set()],
    "view-iterator": lambda case, i, p: list(view(i[0], p)),
}


KINDS = {
    "dataset-file": dataset_file,
    "multidataset-file": multidataset_file,
    "dataset-ops": dataset_ops,
}
