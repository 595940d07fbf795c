"""Replays of the datavec kinds: transforms, pipelines, schemas."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from datavec import (
    Schema,
    SequenceConditionMode,
    TransformProcess,
    UnsupportedTransformError,
)
from datavec._arrow_io import (
    frame_from_records,
    frame_from_sequences,
    frame_to_records,
    frame_to_sequences,
)
from datavec._frame import Frame
from datavec._java_text import parse_double, parse_int
from datavec._writable import Writable
from harness import Case, NotSupported, number

Value = list[Any]
Handler = Callable[[Case], None]


# ------------------------------------------------------------------------------------------------ values


def writable(value: Value, case: Case) -> Writable:
    """A recorded ``[type, text]`` as a constant."""
    kind, text = value
    if kind in ("Int", "Long", "Byte"):
        return Writable(kind, int(text))
    if kind in ("Double", "Float"):
        return Writable(kind, float(number(text)))
    if kind == "Boolean":
        return Writable(kind, text == "true")
    if kind == "NDArray":
        return Writable(kind, np.asarray(case.arrays[text]))
    if kind == "Bytes":
        import base64

        return Writable(kind, base64.b64decode(text))
    return Writable(kind, text)


def records_of(rows: list[Any], case: Case) -> list[list[Writable]]:
    return [[writable(v, case) for v in row] for row in rows]


def check_value(actual: Any, expected: Value, case: Case, what: str) -> None:
    """Compare a Python value with a recorded one; numbers by value, so an untouched text "5" may stand for 5."""
    kind, text = expected
    if kind == "Null":
        assert actual is None, f"{what}: {actual!r}, expected a missing value"
        return
    assert actual is not None, f"{what}: missing, expected {kind} {text!r}"
    if kind == "NDArray":
        case.compare(np.asarray(actual), np.asarray(case.arrays[text]), what)
        return
    if kind in ("Double", "Float"):
        got = parse_double(actual) if isinstance(actual, str) else actual
        assert isinstance(got, (int, float)), f"{what}: {actual!r}, expected {text}"
        case.compare(float(got), float(number(text)), what)
        return
    if kind in ("Int", "Long"):
        got = parse_int(actual, 64) if isinstance(actual, str) else actual
        assert not isinstance(got, bool) and got == int(text), (
            f"{what}: {actual!r}, expected {text}"
        )
        return
    if kind == "Boolean":
        assert actual is (text == "true"), f"{what}: {actual!r}, expected {text}"
        return
    if kind == "Byte":
        assert actual == int(text).to_bytes(1, "big", signed=True), f"{what}: {actual!r}"
        return
    if isinstance(actual, bool):
        actual = str(actual).lower()
    if isinstance(actual, (int, float)):  # a field that was parsed for its column's type
        check_value(actual, ["Double", text], case, what)
        return
    assert actual == text, f"{what}: {actual!r}, expected {text!r}"


def check_row(actual: list[Any], expected: list[Value], case: Case, what: str) -> None:
    assert len(actual) == len(expected), f"{what}: {len(actual)} values, expected {len(expected)}"
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        check_value(a, e, case, f"{what}, column {i}")


def check_sequence(actual: list[Any], expected: list[Any], case: Case, what: str) -> None:
    assert len(actual) == len(expected), f"{what}: {len(actual)} steps, expected {len(expected)}"
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        check_row(a, e, case, f"{what}, step {i}")


def check_data(
    actual: list[Any], expected: list[Any], case: Case, *, sequences: bool, unordered: bool
) -> None:
    check = check_sequence if sequences else check_row
    assert len(actual) == len(expected), f"{len(actual)} results, expected {len(expected)}"
    if not unordered:
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            check(a, e, case, f"result {i}")
        return
    left = list(actual)
    for i, e in enumerate(expected):
        for j, a in enumerate(left):
            try:
                check(a, e, case, f"result {i}")
            except AssertionError:
                continue
            del left[j]
            break
        else:
            raise AssertionError(f"no result equals expected result {i}: {e}; left are {left[:3]}")


def check_schema(actual: Schema, expected: dict[str, Any], what: str) -> None:
    """Compare as JSON objects; a missing key equals null."""
    got, want = _plain(json.loads(actual.to_json())), _plain(expected)
    assert got == want, f"{what}: {got}\nexpected {want}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


# ------------------------------------------------------------------------------------------------ transform


def load_process(case: Case) -> TransformProcess:
    text = case.path(case.meta["files"]["transform"]).read_text("utf-8")
    try:
        process = TransformProcess.from_json(text)
    except UnsupportedTransformError as e:
        raise NotSupported(str(e).split(": ", 1)[-1]) from None
    again = TransformProcess.from_json(process.to_json())
    assert again.to_json() == process.to_json(), "JSON changes when written and read again"
    if "sequence_mode" in case.meta:
        mode = SequenceConditionMode(case.meta["sequence_mode"])
        object.__setattr__(process.actions[0].condition, "mode", mode)  # type: ignore[attr-defined]
    return process


def run_process(process: TransformProcess, case: Case) -> Frame:
    rows = case.meta["in"]
    schema = process.initial_schema
    if case.meta["sequence_in"]:
        return process.run(frame_from_sequences(schema, [records_of(s, case) for s in rows]))
    width = len(schema)
    good = [r for r in rows if len(r) == width]  # the executor drops the others before it runs
    return process.run(frame_from_records(schema, records_of(good, case)))


def transform(case: Case) -> None:
    meta = case.meta
    if meta.get("raises") and meta["raises_at"] == "build":
        _must_fail(lambda: TransformProcess.from_json(_transform_text(case)))
        return
    process = load_process(case)
    check_schema(process.final_schema, meta["final_schema"], "final schema") if meta.get(
        "final_schema"
    ) else None
    if meta.get("raises") and not meta.get("jvm_bug"):
        _must_fail(lambda: _finished(run_process(process, case), "raise"))
        return
    if meta.get("raises"):
        case.differs(_difference(case))
        _finished(run_process(process, case), "raise")
        return
    if "schema_after_step" in meta:
        for i, (kind, columns) in enumerate(meta["schema_after_step"]):
            schema = process.schema_after(i)
            got = [[m.name, m.column_type.value] for m in schema]
            assert (type(schema).__name__, got) == (kind, columns), f"schema after step {i}"
    # Where the JVM's copy through Arrow spoils values that do not fit, `out` is from before that copy.
    keep = any(k in meta for k in ("executor_out", "executor_raises"))
    result = _finished(run_process(process, case), "keep" if keep else "null")
    check_data(
        result,
        meta["out"],
        case,
        sequences=meta["sequence_out"],
        unordered=meta.get("unordered", False),
    )


def _finished(frame: Frame, on_invalid: str) -> list[Any]:
    if frame.offsets is None:
        return frame_to_records(frame, on_invalid)
    return frame_to_sequences(frame, on_invalid)


def _transform_text(case: Case) -> str:
    return case.path(case.meta["files"]["transform"]).read_text("utf-8")


def _must_fail(call: Callable[[], Any]) -> None:
    try:
        result = call()
    except UnsupportedTransformError as e:
        raise NotSupported(str(e).split(": ", 1)[-1]) from None
    except (ValueError, IndexError):
        return
    raise AssertionError(f"no error was raised; the result is {str(result)[:300]}")


def _difference(case: Case) -> str:
    return {"ConvertToFloat": "datavec-convert-to-float"}[case.meta["actions"][0]]


def transform_log_errors(case: Case) -> None:
    process = load_process(case)
    records = records_of(case.meta["in"], case)
    frame, _ = process.run_skipping(frame_from_records(process.initial_schema, records))
    check_data(frame_to_records(frame), case.meta["out"], case, sequences=False, unordered=False)


KINDS: dict[str, Handler] = {
    "transform": transform,
    "pipeline": transform,
    "transform-log-errors": transform_log_errors,
}
