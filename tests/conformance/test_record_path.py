"""Single records: the compiled function gives what the columns give, on every recorded transform."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import harness
import numpy as np
from datavec_values import plain_values, records_of

from datavec import DataVecError, TransformProcess, Writable


def same(a: Any, b: Any) -> bool:
    """Equal in value and Python type; NaN equals NaN, 0.0 does not equal -0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, np.ndarray):
        return bool(np.array_equal(a, b))
    return bool(a == b)


def record_processes() -> list[tuple[harness.Case, TransformProcess]]:
    found = []
    for case in harness.find_cases([harness.DEFAULT_FIXTURES]):
        if case.kind not in ("transform", "pipeline") or case.meta.get("sequence_in"):
            continue
        try:
            text = case.read(case.meta["files"]["transform"]).decode()
            process = TransformProcess.from_json(text)
        except DataVecError:
            continue
        if not process.final_schema.is_sequence and not process.initial_schema.is_sequence:
            found.append((case, process))
    return found


def outcome(call: Any, record: Any) -> Any:
    try:
        return call(record)
    except Exception as e:
        return type(e), str(e)


def columns_only(process: TransformProcess) -> Any:
    def call(record: Any) -> Any:
        rows = process._together([record])
        return rows[0] if rows else None

    return call


def as_texts(record: list[Writable]) -> list[Any]:
    return [w.text() if w.kind not in ("Null", "NDArray", "Bytes", "Byte") else w for w in record]


def test_recorded_transforms_record_by_record():
    counts: Counter[str] = Counter()
    for case, process in record_processes():
        executor = process.record_executor()
        if executor.whole_columns_only is not None:
            continue
        counts["processes"] += 1
        width = len(process.initial_schema)
        rows = [r for r in case.meta["in"] if len(r) == width]
        writables = records_of(rows, case)
        forms = [*writables, *plain_values(rows, case), *map(as_texts, writables)]
        for record in forms:
            expected = outcome(columns_only(process), record)
            got = outcome(executor, record)
            assert same(got, expected) or got == expected, (case.id, record, got, expected)
            counts["records"] += 1
            try:
                quick = executor._function(record)
            except Exception:
                continue
            counts["quick"] += 1
            assert same(quick, expected), (case.id, record, quick, expected)
    assert counts["processes"] > 300
    assert counts["quick"] > 0.8 * counts["records"]


# Steps that need all records, or look into arrays.
WHOLE = {
    "CalculateSortedRank",
    "NDArrayColumnsMathOpTransform",
    "NDArrayDistanceTransform",
    "NDArrayMathFunctionTransform",
    "NDArrayScalarOpTransform",
    "Reducer",
    "StringListToCountsNDArrayTransform",
    "StringListToIndicesNDArrayTransform",
    "TextToCharacterIndexTransform",
    "TextToTermIndexSequenceTransform",
}


def test_steps_that_have_no_form_for_single_values():
    having, lacking = set(), set()
    for _, process in record_processes():
        names = {type(a).__name__ for a in process.actions}
        if process.record_executor().whole_columns_only is None:
            having |= names
        elif len(names) == 1:
            lacking |= names
    assert lacking - having <= WHOLE
