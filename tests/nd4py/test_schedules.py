"""Schedules and regularisation: values, JSON, errors."""

from __future__ import annotations

from typing import Any

import pytest

from nd4py import regularization, schedules
from nd4py.regularization import L1, L2, WeightDecay
from nd4py.schedules import (
    CycleSchedule,
    ExponentialSchedule,
    FixedSchedule,
    InverseSchedule,
    MapSchedule,
    PolySchedule,
    RampSchedule,
    SigmoidSchedule,
    StepSchedule,
    get,
)

ALL = [
    FixedSchedule(0.5),
    ExponentialSchedule("EPOCH", 0.1, 0.9),
    InverseSchedule("ITERATION", 0.1, 0.2, 0.5),
    PolySchedule("ITERATION", 0.1, 2.0, 10),
    SigmoidSchedule("ITERATION", 0.1, 0.3, 5),
    StepSchedule("EPOCH", 0.1, 0.5, 2.0),
    MapSchedule("EPOCH", {0: 0.1, 3: 0.01}),
    RampSchedule(FixedSchedule(0.4), 4),
    CycleSchedule("ITERATION", max_learning_rate=0.5),
]


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: type(s).__name__)
def test_json_goes_both_ways(schedule: Any) -> None:
    tree = schedule.to_json()
    assert tree["@class"] == "org.nd4j.linalg.schedule." + type(schedule).__name__
    assert get(tree) == schedule
    assert hash(get(tree)) == hash(schedule)


@pytest.mark.parametrize(
    ("schedule", "iteration", "epoch", "value"),
    [
        (FixedSchedule(0.5), 9, 9, 0.5),
        (StepSchedule("EPOCH", 0.1, 0.5, 2.0), 99, 5, 0.1 * 0.25),
        (PolySchedule("ITERATION", 0.1, 2.0, 10), 5, 0, 0.1 * 0.25),
        (PolySchedule("ITERATION", 0.1, 2.0, 10), 10, 0, 0.0),
        (MapSchedule("EPOCH", {0: 0.1, 3: 0.01}), 0, 2, 0.1),
        (MapSchedule("EPOCH", {0: 0.1, 3: 0.01}), 0, 3, 0.01),
        (RampSchedule(FixedSchedule(0.4), 4), 0, 0, 0.1),
        (RampSchedule(FixedSchedule(0.4), 4), 30, 0, 0.4),
        (SigmoidSchedule("ITERATION", 0.1, 100.0, 50), 0, 0, 0.0),
    ],
)
def test_values(schedule: Any, iteration: int, epoch: int, value: float) -> None:
    assert schedule.value_at(iteration, epoch) == pytest.approx(value, rel=1e-12, abs=1e-300)


def test_cycle_rises_falls_and_anneals() -> None:
    schedule = CycleSchedule("ITERATION", max_learning_rate=1.0, cycle_length=20)
    values = [schedule.value_at(i, 0) for i in range(40)]
    assert values[0] == pytest.approx(0.1)
    assert max(values) == values[9] == pytest.approx(1.0)
    assert values[20:] == values[:20]
    assert values[19] < 0.1


def test_numbers_are_fixed_schedules() -> None:
    assert get(3) == FixedSchedule(3.0)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: StepSchedule("BATCH", 0.1, 0.5, 2.0),
            "StepSchedule: schedule_type must be 'ITERATION' or 'EPOCH'",
        ),
        (lambda: MapSchedule("EPOCH", {1: 0.1}), "MapSchedule: values must begin at position 0"),
        (
            lambda: CycleSchedule("EPOCH", cycle_length=3, annealing_length=2),
            "CycleSchedule: a cycle of 3 with 2 steps",
        ),
        (
            lambda: get({"@class": "org.nd4j.linalg.schedule.RampSchedule"}),
            "key 'baseSchedule' is missing",
        ),
        (lambda: get({"@class": "org.nd4j.linalg.schedule.Nope"}), "Schedule: unknown class"),
    ],
)
def test_errors(make: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(("cls", "key"), [(L1, "l1"), (L2, "l2"), (WeightDecay, "coeff")])
def test_regularization_json(cls: Any, key: str) -> None:
    penalty = cls(0.01)
    tree = penalty.to_json()
    assert tree[key] == {"@class": "org.nd4j.linalg.schedule.FixedSchedule", "value": 0.01}
    assert regularization.get(tree) == penalty
    assert penalty.is_constant
    assert penalty.coefficient_at(3, 4) == 0.01
    assert not cls(ExponentialSchedule("EPOCH", 0.1, 0.9)).is_constant


def test_weight_decay_says_whether_the_learning_rate_multiplies_it() -> None:
    assert WeightDecay(0.1).to_json()["applyLR"] is True
    assert regularization.get(WeightDecay(0.1, apply_lr=False).to_json()) == WeightDecay(
        0.1, apply_lr=False
    )


def test_every_schedule_is_public() -> None:
    assert {type(s).__name__ for s in ALL} <= set(schedules.__all__)
