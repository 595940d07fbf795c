"""Every kind of step that is written here runs in the JVM, on the same values, with the same results."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import numpy as np
import process_samples
import pytest

from datavec import Schema, StringReducer, TransformProcess, Writable
from datavec._serde import registered_classes
from datavec.columns._arrow_io import frame_from_records, frame_from_sequences, frame_to_records

pytestmark = pytest.mark.jvm

# Deeplearning4j writes these, but its own fromJson has no constructor for them.
WRITE_ONLY = {
    "BooleanColumnCondition",
    "ConditionalReduction",
    "GeographicMidpointReduction",
    "InfiniteColumnCondition",
    "InvalidNumColumns",
    "InvalidValueColumnCondition",
    "NaNColumnCondition",
    "PivotTransform",
    "SequenceDifferenceTransform",
    "TimeWindowFunction",
}
# Named by other tests, or by none of a process's steps.
ELSEWHERE = ("metadata.", "writable.", "image.", "stringreduce.", "analysis.", "schema.")
SAMPLES = process_samples.samples()
NAMES = [
    f"{number}-{'+'.join(type(a).__name__ for a in process.actions)[:60]}"
    for number, (process, _) in enumerate(SAMPLES)
]


def value(writable: Writable) -> list[Any]:
    if writable.kind == "NDArray":
        array = np.asarray(writable.value)
        return ["NDArray", list(array.shape), array.ravel().tolist()]
    return [writable.kind, None if writable.kind == "Null" else writable.text()]


def rows(data: list[Any], schema: Schema) -> list[Any]:
    if schema.is_sequence:
        return [rows(sequence, Schema(schema.columns)) for sequence in data]
    types = [m.column_type.value for m in schema]
    return [
        [value(Writable.of(v, t)) for v, t in zip(record, types, strict=True)] for record in data
    ]


def needs(process: TransformProcess) -> set[str]:
    """The classes of a process that the JVM cannot load."""
    found = process_samples.classes_in(process)
    text = process.to_json()
    for name, sign in (
        ("ConditionalReduction", '"reductions"'),
        ("GeographicMidpointReduction", '"delim"'),
    ):
        if sign in text:
            found.add(name)
    return found & WRITE_ONLY


@pytest.fixture(scope="module")
def ran(jvm_of_module) -> list[dict[str, Any]]:
    jobs = [
        {
            "job": "transform-apply",
            "process": process.to_json(),
            "yaml": process.to_yaml(),
            "data": rows(data, process.initial_schema),
        }
        for process, data in SAMPLES
    ]
    return jvm_of_module.attempt(*jobs)


def same(ours: Any, theirs: list[Any], double: float = 1e-12) -> bool:
    kind, text = theirs[:2]
    if kind == "Null" or ours is None:
        return kind == "Null" and ours is None
    if kind == "NDArray":
        array = np.asarray(ours)
        return list(array.shape) == text and np.allclose(array.ravel(), theirs[2], rtol=1e-6)
    if kind in ("Double", "Float"):
        wanted = float(text.replace("Infinity", "inf"))
        tolerance = double if kind == "Double" else 1e-6
        both_nan = math.isnan(ours) and math.isnan(wanted)
        return both_nan or math.isclose(ours, wanted, rel_tol=tolerance, abs_tol=1e-14)
    if kind == "Boolean":
        return str(ours).lower() == text
    return str(ours) == text


def assert_same_rows(ours: list[Any], theirs: list[Any], double: float = 1e-12) -> None:
    assert len(ours) == len(theirs), (ours, theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert len(mine) == len(other), (mine, other)
        assert all(same(a, b, double) for a, b in zip(mine, other, strict=True)), (mine, other)


@pytest.mark.parametrize("number", range(len(SAMPLES)), ids=NAMES)
def test_process_gives_the_same_there(ran, number: int) -> None:
    process, data = SAMPLES[number]
    result = ran[number]
    if needs(process):
        # Should another version load them, this test has to compare them.
        assert "error" in result, result
        return
    assert "error" not in result, (result, process.to_json())
    final = process.final_schema
    assert Schema.from_json(result["final_schema"]) == final
    make = frame_from_sequences if process.initial_schema.is_sequence else frame_from_records
    frame = process.run(make(process.initial_schema, data))
    ours, theirs = frame_to_records(frame), result["data"]
    if not final.is_sequence:
        if "Reducer" in process_samples.classes_in(process) and not frame.offsets:
            ours, theirs = (
                sorted(ours, key=str),
                sorted(theirs, key=lambda r: str([v[1] for v in r])),
            )
        # Distances are summed up in 32 bits there.
        assert_same_rows(ours, theirs, 1e-6 if data is process_samples.VECTORS else 1e-12)
        return
    cuts = frame.need_offsets("").tolist()
    sequences = [ours[a:b] for a, b in pairwise(cuts)]
    sequences.sort(key=str)
    theirs = sorted(theirs, key=lambda s: str([[_plain(v) for v in r] for r in s]))
    assert len(sequences) == len(theirs)
    for mine, other in zip(sequences, theirs, strict=True):
        assert_same_rows(mine, other)


def _plain(written: list[Any]) -> Any:
    kind, text = written[:2]
    if kind in ("Int", "Long"):
        return int(text)
    return float(text) if kind in ("Double", "Float") else text


def test_no_class_is_forgotten() -> None:
    seen = set().union(*(process_samples.classes_in(process) for process, _ in SAMPLES))
    missing = {
        name
        for name in registered_classes()
        if name.startswith("org.")
        and not any(part in name for part in ELSEWHERE)
        and name.rpartition(".")[2] not in seen
    }
    # Its constructor is protected there: nobody can have one.
    assert missing == {"org.datavec.api.transform.condition.column.BooleanColumnCondition"}


def test_schemas_are_read_as_json_and_yaml(jvm) -> None:
    schemas = [
        process_samples.TABLE,
        process_samples.STEPS,
        process_samples.ARRAYS,
        Schema.builder()
        .add_column_string("s", regex="[a-z]+", min_length=1, max_length=9)
        .add_column_double("d", min_value=-1.5, max_value=1e300, allow_nan=True)
        .add_column_time("t", "America/New_York", min_time=0)
        .add_column_boolean("b")
        .build(),
    ]
    jobs = [{"job": "schema-read", "json": s.to_json(), "yaml": s.to_yaml()} for s in schemas]
    for schema, result in zip(schemas, jvm.run(*jobs), strict=True):
        assert json.loads(result["json"]) == json.loads(result["yaml"])
        assert Schema.from_json(result["json"]) == schema
        if not any(m.column_type.value == "Categorical" for m in schema):  # states in hash order
            assert result["text"] == str(schema)


@pytest.mark.parametrize("op", ["PREPEND", "APPEND", "MERGE", "REPLACE"])
def test_string_reducers_give_the_same_texts(jvm, op: str) -> None:
    reducer = StringReducer(["a", "b"], "out", op)
    data = [["x", "y"], ["é", ""]]
    texts = [[["Text", v] for v in record] for record in data]
    schema = process_samples.WIDE
    (result,) = jvm.run(
        {
            "job": "string-reduce",
            "reducer": reducer.to_json(),
            "schema": schema.to_json(),
            "data": texts,
        }
    )
    assert result["texts"] == reducer.reduce(data)
    assert Schema.from_json(result["final_schema"]) == reducer.output_schema(schema)
