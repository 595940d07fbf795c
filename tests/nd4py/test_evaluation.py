"""Evaluations: metrics by their definitions, batches, merges, masks, errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nd4py import evaluation as ev
from nd4py.formats import FormatError


def classified(count: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, count)
    logits = random.standard_normal((count, classes)) + 2 * np.eye(classes)[truth]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return np.eye(classes, dtype=np.float32)[truth], p.astype(np.float32)


@given(st.integers(2, 6), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_metrics_follow_their_definitions(classes: int, seed: int) -> None:
    y, p = classified(40, classes, seed)
    e = ev.Evaluation()
    e.eval(y, p)
    actual, predicted = y.argmax(1), p.argmax(1)
    assert e.accuracy() == pytest.approx((actual == predicted).mean())
    for c in range(classes):
        tp = ((actual == c) & (predicted == c)).sum()
        precision = tp / max((predicted == c).sum(), 1)
        recall = tp / max((actual == c).sum(), 1)
        assert e.precision(c) == pytest.approx(precision)
        assert e.recall(c) == pytest.approx(recall)
        f1 = 2 * precision * recall / (precision + recall) if tp else 0.0
        assert e.f1(c) == pytest.approx(f1)
        assert e.false_positive_rate(c) == pytest.approx(
            ((actual != c) & (predicted == c)).sum() / max((actual != c).sum(), 1)
        )
    assert e.confusion.counts.sum() == 40
    assert e.precision(averaging="micro") == pytest.approx(e.accuracy())


EVALUATIONS = {
    "evaluation": lambda: ev.Evaluation(top_n=2),
    "calibration": lambda: ev.EvaluationCalibration(4, 5),
    "multi-class": lambda: ev.ROCMultiClass(),
    "multi-class-steps": lambda: ev.ROCMultiClass(7),
    "binary": lambda: ev.EvaluationBinary(roc_binary_steps=0),
    "roc-binary": lambda: ev.ROCBinary(),
    "regression": lambda: ev.RegressionEvaluation(),
}


@pytest.mark.parametrize("name", EVALUATIONS)
def test_batches_and_merges_equal_one_evaluation(name: str) -> None:
    y, p = classified(60, 3)
    once, batches, merged = (EVALUATIONS[name]() for _ in range(3))
    once.eval(y, p)
    for start in range(0, 60, 17):
        part = EVALUATIONS[name]()
        part.eval(y[start : start + 17], p[start : start + 17])
        batches.eval(y[start : start + 17], p[start : start + 17])
        merged.merge(part)
    assert batches.stats() == merged.stats() == once.stats()
    again = ev.from_json(once.to_json())
    assert again.to_json() == once.to_json()
    once.reset()
    once.eval(y[:17], p[:17])
    assert once.stats() != batches.stats() or name == "calibration"


@pytest.mark.parametrize("name", EVALUATIONS)
def test_masked_rows_do_not_count(name: str) -> None:
    y, p = classified(30, 3)
    keep = np.arange(30) % 3 > 0
    by_mask, by_choice = EVALUATIONS[name](), EVALUATIONS[name]()
    by_mask.eval(y, p, keep.astype(np.float32)[:, None])
    by_choice.eval(y[keep], p[keep])
    assert by_mask.stats() == by_choice.stats()


@pytest.mark.parametrize("name", EVALUATIONS)
def test_series_and_images_count_their_positions(name: str) -> None:
    y, p = classified(24, 3)
    flat = EVALUATIONS[name]()
    flat.eval(y, p)
    series = EVALUATIONS[name]()
    series.eval(*(np.moveaxis(v.reshape(4, 6, 3), -1, 1) for v in (y, p)))
    images = EVALUATIONS[name]()
    images.axis = 3
    if getattr(images, "roc", None) is not None:
        images.roc.axis = 3
    images.eval(*(v.reshape(2, 3, 4, 3) for v in (y, p)))
    assert series.stats() == flat.stats() == images.stats()


def test_series_masks_pick_steps() -> None:
    y, p = classified(12, 3)
    shape = (2, 6, 3)
    mask = np.array([[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0]], np.float32)
    by_mask, by_choice = ev.Evaluation(), ev.Evaluation()
    by_mask.eval(*(np.moveaxis(v.reshape(shape), -1, 1) for v in (y, p)), mask)
    by_choice.eval(y[mask.ravel() > 0], p[mask.ravel() > 0])
    assert by_mask.stats() == by_choice.stats()


@given(st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_exact_auc_is_the_share_of_ordered_pairs(seed: int) -> None:
    random = np.random.default_rng(seed)
    y = random.random(30) > 0.6
    if y.all() or not y.any():
        return
    p = random.permutation(30) / 30
    roc = ev.ROC()
    roc.eval(y[:, None].astype(np.float64), p[:, None])
    pairs = p[y][:, None] > p[~y][None, :]
    assert roc.calculate_auc() == pytest.approx(pairs.mean())
    kept = ev.ROC(remove_redundant_points=False)
    kept.eval(y[:, None].astype(np.float64), p[:, None])
    assert kept.calculate_auc() == pytest.approx(roc.calculate_auc())
    assert kept.calculate_aucpr() == pytest.approx(roc.calculate_aucpr())
    assert kept.roc_curve().fpr.size == 32


def test_many_thresholds_approach_the_exact_area() -> None:
    y, p = classified(400, 2)
    exact, steps = ev.ROC(), ev.ROC(500)
    exact.eval(y, p)
    steps.eval(y, p)
    assert steps.calculate_auc() == pytest.approx(exact.calculate_auc(), abs=0.01)


def test_regression_follows_numpy() -> None:
    random = np.random.default_rng(3)
    y = random.standard_normal((50, 2)) * 3 + 1000
    p = y + random.standard_normal((50, 2))
    e = ev.RegressionEvaluation(["a", "b"])
    e.eval(y[:20], p[:20])
    e.eval(y[20:], p[20:])
    for c in range(2):
        assert e.mean_squared_error(c) == pytest.approx(((y - p) ** 2).mean(0)[c])
        assert e.mean_absolute_error(c) == pytest.approx(np.abs(y - p).mean(0)[c])
        assert e.pearson_correlation(c) == pytest.approx(np.corrcoef(y[:, c], p[:, c])[0, 1])
        assert e.r_squared(c) == pytest.approx(
            1 - ((y - p) ** 2).sum(0)[c] / ((y - y.mean(0)) ** 2).sum(0)[c]
        )
    assert e.average("mean_squared_error") == pytest.approx(((y - p) ** 2).mean())


def test_constant_labels_have_no_correlation() -> None:
    e = ev.RegressionEvaluation()
    e.eval(np.full((5, 1), 0.1), np.arange(5.0)[:, None])
    assert np.isnan(e.pearson_correlation(0))
    assert e.r_squared(0) == -np.inf
    assert e.relative_squared_error(0) == np.inf


def test_binary_problem_reports_the_positive_class() -> None:
    y = np.array([[1, 0], [0, 1], [0, 1], [0, 1]], np.float32)
    p = np.array([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.1, 0.9]], np.float32)
    for positive, recall in ((1, 2 / 3), (0, 1.0)):
        e = ev.Evaluation(binary_positive_class=positive)
        e.eval(y, p)
        assert e.recall() == pytest.approx(recall)
    one_column = ev.Evaluation()
    one_column.eval(y[:, 1:], p[:, 1:])
    two_columns = ev.Evaluation()
    two_columns.eval(y, p)
    assert one_column.stats() == two_columns.stats()
    low = ev.Evaluation(binary_decision_threshold=0.35)
    low.eval(y, p)
    assert low.recall() == 1.0


def test_costs_move_the_decision() -> None:
    e = ev.Evaluation(cost_array=[1.0, 4.0])
    e.eval([[1, 0]], [[0.7, 0.3]])
    assert e.confusion.counts.tolist() == [[0, 1], [0, 0]]


def test_top_n_counts_ties_for_the_row() -> None:
    e = ev.Evaluation(top_n=2)
    e.eval([[0, 0, 1]], [[0.4, 0.3, 0.3]])
    assert (e.accuracy(), e.top_n_accuracy()) == (0.0, 1.0)


def test_metadata_finds_the_errors() -> None:
    y, p = classified(12, 3, seed=5)
    e = ev.Evaluation()
    e.eval(y, p, metadata=list(range(12)))
    wrong = np.flatnonzero(y.argmax(1) != p.argmax(1)).tolist()
    assert sorted(x.metadata for x in e.prediction_errors()) == wrong
    assert all(x.actual == 1 for x in e.predictions(actual=1))
    assert sum(len(e.predictions(predicted=c)) for c in range(3)) == 12


def test_large_matrix_is_left_out_unless_asked_for() -> None:
    e = ev.Evaluation()
    e.eval(np.eye(21), np.eye(21))
    assert "Confusion Matrix" not in e.stats()
    assert "no confusion matrix for 21 classes" in e.stats()
    assert "Confusion Matrix" in e.stats(confusion=True)


def test_nothing_evaluated_says_so() -> None:
    assert "No data available" in ev.Evaluation().stats()
    assert "No data available" in ev.EvaluationBinary().stats()
    assert "No data available" in ev.RegressionEvaluation().stats()
    assert np.isnan(ev.ROC().calculate_auc())


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ev.Evaluation().accuracy(), ValueError, "no accuracy before any row"),
        (
            lambda: ev.Evaluation().eval(np.ones((2, 3)), np.ones((2, 2))),
            ValueError,
            r"labels have shape \[2, 3\]",
        ),
        (
            lambda: ev.Evaluation().eval(np.ones((2, 3)), np.full((2, 3), np.nan)),
            ValueError,
            "6 of 6 predictions are NaN",
        ),
        (
            lambda: ev.Evaluation(4).eval(np.eye(3), np.eye(3)),
            ValueError,
            "3 classes in this batch, 4 expected",
        ),
        (
            lambda: ev.Evaluation(labels=["a"]).eval(np.eye(3), np.eye(3)),
            ValueError,
            "1 label names for 3 classes",
        ),
        (
            lambda: ev.Evaluation().eval(np.eye(3), np.eye(3), np.ones((2, 1))),
            ValueError,
            "does not fit labels",
        ),
        (
            lambda: ev.Evaluation().eval(np.eye(3), np.eye(3), np.ones((3, 3))),
            ValueError,
            "mask per output",
        ),
        (
            lambda: ev.Evaluation().eval(np.eye(3), np.eye(3), metadata=["a"]),
            ValueError,
            "1 entries of metadata for 3",
        ),
        (lambda: ev.Evaluation(top_n=0), ValueError, "top_n must be positive"),
        (lambda: ev.Evaluation(cost_array=[-1]), ValueError, "must not be negative"),
        (
            lambda: ev.Evaluation(cost_array=[1]).eval(np.eye(3), np.eye(3)),
            ValueError,
            "1 entries for 3 classes",
        ),
        (
            lambda: ev.Evaluation(binary_decision_threshold=0.5).eval(np.eye(3), np.eye(3)),
            ValueError,
            "is for 1 or 2 columns",
        ),
        (lambda: ev.Evaluation(axis=5).eval(np.eye(3), np.eye(3)), ValueError, "axis 5 is outside"),
        (lambda: ev.ROC().eval(np.eye(3), np.eye(3)), ValueError, "use ROCBinary or ROCMultiClass"),
        (lambda: ev.ROC(-1), ValueError, "must not be negative"),
        (lambda: ev.ROC(3).merge(ev.ROC(4)), ValueError, "3 and 4 threshold steps"),
        (
            lambda: ev.EvaluationBinary(decision_threshold=[0.5]).eval(np.eye(3), np.eye(3)),
            ValueError,
            "1 thresholds",
        ),
        (
            lambda: ev.RegressionEvaluation(2).eval(np.eye(3), np.eye(3)),
            ValueError,
            "3 columns, 2 names",
        ),
        (lambda: ev.EvaluationCalibration(0), ValueError, "must be positive"),
        (lambda: ev.from_json("{"), FormatError, "not JSON"),
        (lambda: ev.from_json('{"@class": "x.Nothing"}'), FormatError, "@class is 'Nothing'"),
        (lambda: ev.from_json('{"@class": "x.ROC"}'), FormatError, "a field is missing"),
    ],
)
def test_error_says_what_is_wrong(call, error, text) -> None:
    with pytest.raises(error, match=text):
        call()


def test_exact_roc_from_json_keeps_its_curves_only() -> None:
    y, p = classified(20, 2)
    roc = ev.ROC()
    roc.eval(y, p)
    back = ev.from_json(roc.to_json())
    assert back.calculate_auc() == roc.calculate_auc()
    with pytest.raises(ValueError, match="holds its curves only"):
        back.eval(y, p)
