"""Evaluations: metrics, counts, curves and texts."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Case, NotSupported, number

from nd4py import evaluation as ev
from nd4py import formats

CONFIG = {
    "numClasses": "num_classes",
    "labels": "labels",
    "topN": "top_n",
    "binaryPositiveClass": "binary_positive_class",
    "binaryDecisionThreshold": "binary_decision_threshold",
    "costArray": "cost_array",
    "axis": "axis",
    "decisionThreshold": "decision_threshold",
    "rocBinarySteps": "roc_binary_steps",
    "columns": "columns",
    "precision": "precision",
    "thresholdSteps": "threshold_steps",
    "rocRemoveRedundantPts": "remove_redundant_points",
    "reliabilityDiagNumBins": "reliability_num_bins",
    "histogramNumBins": "histogram_num_bins",
    "excludeEmptyBins": "exclude_empty_bins",
}
IMPLIED = {"size"}  # the number of outputs, which ours takes from the first batch


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda m: "_" + m[1].lower(), name)


def evaluation(case: Case) -> None:
    meta = case.meta
    name = meta["class"].rsplit(".", 1)[-1]
    if name not in CHECKS:
        raise NotSupported(f"evaluation {name}: not built yet")
    options = {CONFIG[k]: v for k, v in meta["config"].items() if k not in IMPLIED}
    if "raises" in meta:
        try:
            evaluate(
                case, made(name, options), 0, sum(n.startswith("labels_") for n in case.arrays)
            )
        except ValueError:
            return
        raise AssertionError(f"expected ValueError, as {meta['raises']}")
    parts = []
    start = 0
    for count in meta["groups"]:
        part = made(name, options)
        evaluate(case, part, start, count)
        parts.append(part)
        start += count
    whole = parts[0]
    for part in parts[1:]:
        whole.merge(part)
    CHECKS[name](case, whole)
    texts(case, whole)
    again = ev.from_json(whole.to_json())
    assert again.stats() == whole.stats()
    assert again.to_json() == whole.to_json()


def made(name: str, options: dict) -> Any:
    return getattr(ev, name)(**options)


def evaluate(case: Case, e: Any, start: int, count: int) -> None:
    for i in range(start, start + count):
        extra = {"metadata": case.meta["metadata"]} if "metadata" in case.meta else {}
        e.eval(
            case.arrays[f"labels_{i}"],
            case.arrays[f"predictions_{i}"],
            case.arrays.get(f"mask_{i}"),
            **extra,
        )


def raises(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("raises")


def same(case: Case, call: Callable[[], Any], want: Any, what: str) -> None:
    """Compare the result of a call; where the original raises so must it, except by an accident."""
    if raises(want):
        if "NullPointer" in want:
            call()  # a field that the original forgot to set: ours has an answer
            return
        try:
            call()
        except ValueError:
            return
        raise AssertionError(f"{what}: expected ValueError, as {want}")
    case.compare(np.asarray(call(), np.float64), np.asarray(json_numbers(want), np.float64), what)


def json_numbers(value: Any) -> Any:
    return [json_numbers(v) for v in value] if isinstance(value, list) else number(value)


def texts(case: Case, e: Any) -> None:
    calls = {
        "stats": lambda: e.stats(),
        "stats_no_confusion": lambda: e.stats(confusion=False),
        "stats_suppress_warnings": lambda: e.stats(suppress_warnings=True),
        "stats_precision_2": lambda: e.stats(2),
        "confusionMatrix": lambda: e.confusion_matrix(),
        "confusionToString": lambda: e.confusion_to_string(),
        "confusion_csv": lambda: e.confusion.to_csv(),
        "confusion_html": lambda: e.confusion.to_html(),
        "confusion_text": lambda: str(e.confusion),
        "json": lambda: e.to_json(),
        "roc_curve_json": lambda: e.roc_curve().to_json(),
    }
    for name, want in case.meta["text"].items():
        if raises(want):
            continue  # no confusion matrix before the first row
        got = calls[name]()
        if isinstance(e, ev.RegressionEvaluation):
            same_numbers_in_text(case, got, want, name)
        elif got != want and name == "json":
            same_json(case, json.loads(got), json.loads(want), name)
            assert layout(got) == layout(want), "layout of the JSON"
        else:
            assert got == want, f"{name}:\n{got}\nexpected:\n{want}"


NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?|-?Infinity|NaN")


def layout(text: str) -> str:
    return NUMBER.sub("#", re.sub(r'("array" : ").*(")', r"\1\2", text))


def same_numbers_in_text(case: Case, got: str, want: str, what: str) -> None:
    """The layout exactly, numbers within the tolerance and half a unit of the last printed digit."""
    skipped = "constant" in case.meta.get("jvm_bug", "") and "PC" in want
    if not skipped:
        spaces = [re.sub(r" +", " ", layout(t)) for t in (got, want)]
        assert spaces[0] == spaces[1], f"{what}:\n{got}\nexpected:\n{want}"
        assert [len(line) for line in got.splitlines()] == [
            len(line) for line in want.splitlines()
        ] or what == "json"
    merged = "R2 is wrong" in case.meta.get("jvm_bug", "")
    if merged:
        got, want = (
            re.sub(r"\S+ *$", "", t, flags=re.MULTILINE) for t in (got, want)
        )  # the column R^2
    for a, b in zip(NUMBER.finditer(got), NUMBER.finditer(want), strict=True):
        x, y = float(a[0]), float(b[0])
        if skipped and not np.isfinite(y):
            continue  # rounding noise over 0 in the original
        digits = len(b[0].split("e")[0].split("E")[0].split(".")[-1]) if "." in b[0] else 0
        unit = abs(y) * 10.0**-digits if what != "json" else 0
        assert abs(x - y) <= case.atol + case.rtol * abs(y) + unit, (
            f"{what}: {a[0]}, expected {b[0]}"
        )


def same_json(case: Case, got: Any, want: Any, what: str) -> None:
    if isinstance(want, dict):
        assert list(got) == list(want), f"{what}: keys {list(got)}, expected {list(want)}"
        for key in want:
            same_json(case, got[key], want[key], f"{what}.{key}")
    elif what.endswith(".array"):  # base64 of an array file
        arrays = [np.asarray(formats.read_array(base64.b64decode(t))) for t in (got, want)]
        case.compare(arrays[0], arrays[1], what)
    elif isinstance(want, list):
        assert len(got) == len(want), f"{what}: {len(got)} entries, expected {len(want)}"
        for i, (a, b) in enumerate(zip(got, want, strict=True)):
            same_json(case, a, b, f"{what}[{i}]")
    elif isinstance(want, float):
        case.compare(got, want, what)
    else:
        assert got == want, f"{what}: {got!r}, expected {want!r}"


# ---------------------------------------------------------------------------------- by class


def classification(case: Case, e: ev.Evaluation) -> None:
    meta = case.meta
    assert e.num_classes == meta["num_classes"]
    metrics = {
        "metric_ACCURACY": e.accuracy,
        "metric_F1": e.f1,
        "metric_PRECISION": e.precision,
        "metric_RECALL": e.recall,
        "metric_GMEASURE": e.g_measure,
        "metric_MCC": e.matthews_correlation,
        "accuracy": e.accuracy,
        "precision": e.precision,
        "recall": e.recall,
        "f1": e.f1,
        "falsePositiveRate": e.false_positive_rate,
        "falseNegativeRate": e.false_negative_rate,
        "falseAlarmRate": e.false_alarm_rate,
        "topNAccuracy": e.top_n_accuracy,
        "topNCorrectCount": lambda: e.top_n_correct_count,
        "topNTotalCount": lambda: e.top_n_total_count,
        "numRowCounter": lambda: e.num_rows,
        "averagePrecisionNumClassesExcluded": lambda: len(e.classes_excluded("precision")),
        "averageRecallNumClassesExcluded": lambda: len(e.classes_excluded("recall")),
        "averageF1NumClassesExcluded": lambda: len(e.classes_excluded("f_beta")),
        "averageFBetaNumClassesExcluded": lambda: len(e.classes_excluded("f_beta")),
    }
    for name, want in meta.get("metrics", {}).items():
        same(case, metrics[name], want, name)
    per_class = by_name(e)
    per_class["precision_edge_minus1"] = lambda i: e.precision(i, edge=-1.0)
    per_class["recall_edge_minus1"] = lambda i: e.recall(i, edge=-1.0)
    per_class["classCount"] = e.class_count
    each(case, per_class)
    for kind, values in meta.get("averaged", {}).items():
        averaging = kind.lower()
        for name, want in values.items():
            call = by_name(e, averaging=averaging)[name]
            if averaging == "micro" and name == "falseNegativeRate" and not raises(want):
                case.differs("evaluation-micro-fnr")
                missed, right = e.false_negatives.sum(), e.true_positives.sum()
                want = float(missed / (missed + right))
            same(case, lambda call=call: call(None), want, f"{kind} {name}")
    for name, want in meta.get("counts", {}).items():
        same_counts(e, name, want)
    for name, call in PREDICTIONS.items():
        if name in meta:
            assert sorted(map(str, call(e))) == sorted(meta[name]), name
    for name in meta:
        if "rediction" in name and name != "predictionErrors":
            words = re.findall(r"\d+", name)
            kind = name.split("_")[0]
            numbers = [int(w) for w in words]
            found = {
                "predictionsByActualClass": lambda n: e.predictions(actual=n[0]),
                "predictionByPredictedClass": lambda n: e.predictions(predicted=n[0]),
                "predictions": lambda n: e.predictions(*n),
            }[kind](numbers)
            assert [str(p) for p in found] == meta[name], name


PREDICTIONS = {"predictionErrors": lambda e: e.prediction_errors()}


def by_name(e: ev.Evaluation, **options: Any) -> dict[str, Callable]:
    return {
        "precision": lambda i: e.precision(i, **options),
        "recall": lambda i: e.recall(i, **options),
        "f1": lambda i: e.f1(i, **options),
        "fBeta_0.5": lambda i: e.f_beta(0.5, i, **options),
        "fBeta_2": lambda i: e.f_beta(2.0, i, **options),
        "gMeasure": lambda i: e.g_measure(i, **options),
        "matthewsCorrelation": lambda i: e.matthews_correlation(i, **options),
        "falsePositiveRate": lambda i: e.false_positive_rate(i, **options),
        "falseNegativeRate": lambda i: e.false_negative_rate(i, **options),
    }


def each(case: Case, calls: dict[str, Callable]) -> None:
    for name, wants in case.meta.get("per_class", {}).items():
        assert name in calls, f"per_class {name}: not in the handler"
        for i, want in enumerate(wants):
            same(case, lambda i=i, name=name: calls[name](i), want, f"{name} {i}")


def same_counts(e: ev.Evaluation, name: str, want: Any) -> None:
    got = {
        "truePositives": e.true_positives,
        "trueNegatives": e.true_negatives,
        "falsePositives": e.false_positives,
        "falseNegatives": e.false_negatives,
        "positive": e.true_positives + e.false_negatives,
        "negative": e.true_negatives + e.false_positives,
    }[name]
    if not raises(want):
        assert {str(i): int(c) for i, c in enumerate(got)} == want, name


def binary(case: Case, e: ev.EvaluationBinary) -> None:
    assert e.num_labels == case.meta["num_classes"]
    for name, want in case.meta["metrics"].items():
        metric = snake(name.removeprefix("average"))
        metric = metric[0].lower() + metric[1:]
        same(case, lambda metric=metric: e.average(snake(metric)), want, name)
    calls: dict[str, Callable] = {
        n: getattr(e, snake(n))
        for n in ("accuracy", "precision", "recall", "f1", "matthewsCorrelation", "gMeasure",
                  "falsePositiveRate", "falseNegativeRate", "falseAlarmRate", "totalCount")
    }  # fmt: skip
    for n in ("truePositives", "trueNegatives", "falsePositives", "falseNegatives"):
        calls[n] = lambda i, n=n: getattr(e, snake(n))[i]
    calls["fBeta_2"] = lambda i: e.f_beta(2.0, i)
    calls["auc"] = lambda i: e.roc.calculate_auc(i)
    calls["aucpr"] = lambda i: e.roc.calculate_aucpr(i)
    each(case, calls)


REGRESSION = {
    "MSE": "mean_squared_error",
    "MAE": "mean_absolute_error",
    "RMSE": "root_mean_squared_error",
    "RSE": "relative_squared_error",
    "PC": "pearson_correlation",
    "R2": "r_squared",
    "correlationR2": "pearson_correlation",
}


def regression(case: Case, e: ev.RegressionEvaluation) -> None:
    assert e.num_columns == case.meta["num_classes"]
    bug = case.meta.get("jvm_bug", "")
    merged = len(case.meta["groups"]) > 1
    for name, want in case.meta["metrics"].items():
        short = name.removeprefix("metric_").removeprefix("average")
        metric = REGRESSION.get(short) or snake(short[0].lower() + short[1:])
        if not skipped(case, metric, bug, want, merged):
            same(case, lambda metric=metric: e.average(metric), want, name)
    for name, wants in case.meta["per_class"].items():
        metric = REGRESSION.get(name) or snake(name)
        for i, want in enumerate(wants):
            if not skipped(case, metric, bug, want, merged):
                same(case, lambda metric=metric, i=i: getattr(e, metric)(i), want, f"{name} {i}")


def skipped(case: Case, metric: str, bug: str, want: Any, merged: bool) -> bool:
    """What the original gets wrong: correlation of a constant, R2 after a merge."""
    if (
        "constant column" in bug
        and metric == "pearson_correlation"
        and not np.isfinite(number(want))
    ):
        case.differs("regression-constant-column")
        return True
    if "R2 is wrong" in bug and metric == "r_squared" and merged:
        case.differs("regression-merge-r2")
        return True
    return False


def roc(case: Case, e: ev.ROC) -> None:
    metrics = {
        "auc": e.calculate_auc,
        "aucpr": e.calculate_aucpr,
        "countActualPositive": lambda: e.count_actual_positive,
        "countActualNegative": lambda: e.count_actual_negative,
        "exampleCount": lambda: e.example_count,
        "isExact": lambda: e.is_exact,
    }
    for name, want in case.meta["metrics"].items():
        same(case, metrics[name], want, name)
    same_roc_curve(case, e.roc_curve(), case.meta["roc_curve"])
    curve = e.precision_recall_curve()
    for name, want in case.meta["pr_curve"].items():
        call, _, argument = name.partition("_")
        if call == "title":
            assert curve.title == want
        elif argument:
            found = getattr(curve, snake(call))(float(argument))
            same(case, lambda found=found: list(found), want, name)
        else:
            same(case, lambda call=call: getattr(curve, call), want, name)


def same_roc_curve(case: Case, curve: Any, want: dict) -> None:
    assert curve.title == want["title"]
    for name in ("threshold", "fpr", "tpr", "auc"):
        same(case, lambda name=name: getattr(curve, name), want[name], f"roc curve {name}")


def many_rocs(case: Case, e: Any) -> None:
    assert e.num_labels == case.meta["num_classes"]
    same(case, e.calculate_average_auc, case.meta["metrics"]["averageAuc"], "averageAuc")
    same(case, e.calculate_average_aucpr, case.meta["metrics"]["averageAucpr"], "averageAucpr")
    each(
        case,
        {
            "auc": e.calculate_auc,
            "aucpr": e.calculate_aucpr,
            "countActualPositive": e.count_actual_positive,
            "countActualNegative": e.count_actual_negative,
        },
    )
    same_roc_curve(case, e.roc_curve(0), case.meta["roc_curve_0"])


def calibration(case: Case, e: ev.EvaluationCalibration) -> None:
    assert e.num_classes == case.meta["num_classes"]
    merged = len(case.meta["groups"]) > 1
    for name, want in case.meta["metrics"].items():
        base, _, index = name.partition("_")
        class_index = int(index) if index else None
        if base == "reliabilityDiagram":
            found = e.reliability_diagram(class_index)
            assert found.title == want["title"]
            same(case, lambda found=found: found.mean_predicted, want["x"], f"{name} x")
            same(case, lambda found=found: found.fraction_positives, want["y"], f"{name} y")
            continue
        if merged:
            case.differs("calibration-merge")
            continue
        if base in ("labelCountsEachClass", "predictionCountsEachClass"):
            counts = e.label_counts if base.startswith("label") else e.prediction_counts
            assert counts.tolist() == want, name
            continue
        found = (
            e.residual_plot(class_index)
            if "esidual" in base
            else e.probability_histogram(class_index)
        )
        got = {
            "title": found.title,
            "lower": found.lower,
            "upper": found.upper,
            "counts": found.counts.tolist(),
        }
        assert got == want, f"{name}: {got}, expected {want}"
    if merged:  # everything is counted: as if all batches had been evaluated by one
        once = made("EvaluationCalibration", {CONFIG[k]: v for k, v in case.meta["config"].items()})
        evaluate(case, once, 0, sum(case.meta["groups"]))
        assert json.loads(once.to_json()) == json.loads(e.to_json())


CHECKS: dict[str, Callable[[Case, Any], None]] = {
    "Evaluation": classification,
    "EvaluationBinary": binary,
    "EvaluationCalibration": calibration,
    "RegressionEvaluation": regression,
    "ROC": roc,
    "ROCBinary": many_rocs,
    "ROCMultiClass": many_rocs,
}

KINDS = {"evaluation": evaluation}
