"""Replays of transforms, pipelines and joins."""

from __future__ import annotations

import base64
import json
from typing import Any

from datavec_values import check_data, check_schema, must_fail, records_of
from harness import Case, Handler, NotSupported

from datavec import Join, Schema, SequenceConditionMode, TransformProcess, UnsupportedTransformError
from datavec.analysis import DataAnalysis, DoubleAnalysis, StringAnalysis
from datavec.columns._arrow_io import (
    frame_from_records,
    frame_from_sequences,
    frame_to_records,
    frame_to_sequences,
)
from datavec.columns._frame import Frame


def load_process(case: Case) -> TransformProcess:
    text = case.path(case.meta["files"]["transform"]).read_text("utf-8")
    try:
        process = TransformProcess.from_json(text)
    except UnsupportedTransformError as e:
        raise NotSupported(str(e).split(": ", 1)[-1]) from None
    again = TransformProcess.from_json(process.to_json())
    assert again.to_json() == process.to_json(), "JSON changes when written and read again"
    ours, theirs = _meaning(json.loads(process.to_json())), _meaning(json.loads(text))
    assert ours == theirs, f"our JSON says {ours}, the JVM's {theirs}"
    if "sequence_mode" in case.meta:
        mode = SequenceConditionMode(case.meta["sequence_mode"])
        object.__setattr__(process.actions[0].condition, "mode", mode)  # type: ignore[attr-defined]
    return process


# What the JVM writes down although it follows from the rest.
_DERIVED = {
    "inputSchema",
    "leftOverColumns",
    "columnNumber",
    "inputTimeZone",
    "columnIdx",
    "sequenceMode",
    "offsetAmountMilliseconds",
    "windowSizeMilliseconds",
}


def _meaning(value: Any) -> Any:
    """JSON without what follows from the rest; sets sorted, texts without their padding."""
    if isinstance(value, list):
        return [_meaning(v) for v in value]
    if not isinstance(value, dict):
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if str(value.get("@class")).endswith("writable.Text"):
        return base64.b64decode(value.get("bytes") or "")[: value.get("length", 0)]
    window = str(value.get("@class")).endswith("TimeWindowFunction")
    kept = {k: v for k, v in value.items() if v is not None and k not in _DERIVED}
    if window:
        kept.pop("timeZone", None)
    return {k: sorted(map(str, v)) if k == "set" else _meaning(v) for k, v in kept.items()}


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
        must_fail(lambda: TransformProcess.from_json(_transform_text(case)))
        return
    process = load_process(case)
    if "normalize_type" in meta:
        check_normalize(case, process)
    right = corrected(case)
    check_schema(
        process.final_schema, right.get("final_schema", meta["final_schema"]), "final schema"
    )
    if meta.get("raises") and not right:
        must_fail(lambda: _finished(run_process(process, case), "raise"))
        return
    for i, (kind, columns) in enumerate(meta.get("schema_after_step", [])):
        schema = process.schema_after(i)
        got = [[m.name, m.column_type.value] for m in schema]
        assert (type(schema).__name__, got) == (kind, columns), f"schema after step {i}"
    # Where the JVM's copy through Arrow spoils values that do not fit, `out` is from before that copy.
    keep = any(k in meta for k in ("executor_out", "executor_raises"))
    result = _finished(run_process(process, case), "keep" if keep else "null")
    check_data(
        result,
        right.get("out", meta.get("out")),
        case,
        sequences=meta["sequence_out"],
        unordered=meta.get("unordered", False),
    )


def check_normalize(case: Case, process: TransformProcess) -> None:
    """The builder makes the same steps from the statistics that the JVM made them from."""
    columns = []
    for meta in process.initial_schema:
        known = case.meta["analysis"].get(meta.name)
        columns.append(
            StringAnalysis()
            if known is None
            else DoubleAnalysis(
                min=known["min"],
                max=known["max"],
                mean=known["mean"],
                sample_stdev=known["sampleStdev"],
                count_min_value=known["countMinValue"],
                count_total=known["countTotal"],
            )
        )
    analysis = DataAnalysis(process.initial_schema, tuple(columns))
    builder = TransformProcess.builder(process.initial_schema)
    for action in process.actions:
        builder.normalize(action.column_name, case.meta["normalize_type"], analysis)
    assert builder.build().to_json() == process.to_json()


def corrected(case: Case) -> dict[str, Any]:
    """What is right, worked out from the input, where the recorded result is a fault of the original."""
    meta = case.meta
    if not meta.get("jvm_bug") or any(
        k.startswith(("executor_", "jvm_")) and k != "jvm_bug" for k in meta
    ):
        return {}
    text = json.loads(_transform_text(case))
    (action,) = text["actionList"]
    kind = meta["actions"][0]
    right = _RIGHT.get(kind)
    assert right is not None, (
        f"the recorded result is wrong, and nothing says what is right: {meta['jvm_bug']}"
    )
    row, work_out = right
    case.differs(row)
    return work_out(meta, next(iter(action.values())), text["initialSchema"])


def _right_float(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    return {"out": [[["Float", text] for _, text in row] for row in meta["in"]]}


def _right_offset(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    columns = [
        {**c, "name": f"sequenceOffset({action['offsetAmount']},{c['name']})"}
        if c["name"] in action["columnsToOffset"]
        else c
        for c in schema["columns"]
    ]
    return {"final_schema": {**meta["final_schema"], "columns": columns}}


def _right_difference(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    """Only the first `lookback` steps get the specified value."""
    at = [c["name"] for c in schema["columns"]].index(action["columnName"])
    back, value = action["lookback"], str(action["specifiedValueWritable"]["value"])
    out = []
    for sequence in meta["in"]:
        numbers = [float(step[at][1]) for step in sequence]
        steps = []
        for t, step in enumerate(sequence):
            kind = step[at][0]
            new = value if t < back else str(numbers[t] - numbers[t - back])
            if kind != "Double":
                new = str(int(float(new)))
            steps.append([[kind, new] if c == at else v for c, v in enumerate(step)])
        out.append(steps)
    return {"out": out}


def _right_keys(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    """All keys of the case differ, so every record is a group of its own."""
    assert len({tuple(v[1] for v in row[:2]) for row in meta["in"]}) == len(meta["in"])
    return {"out": meta["in"]}


def _right_splits(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    """As few pieces as possible, nearly equally long, the longer ones first."""
    out = []
    for sequence in meta["in"]:
        count = -(-len(sequence) // action["maxSequenceLength"])
        at = 0
        for piece in range(count):
            size = -(-(len(sequence) - at) // (count - piece))
            out.append(sequence[at : at + size])
            at += size
    return {"out": out}


_RIGHT = {
    "ConvertToFloat": ("datavec-convert-to-float", _right_float),
    "SequenceOffsetTransform": ("datavec-offset-in-place", _right_offset),
    "SequenceDifferenceTransform": ("datavec-difference-first-steps", _right_difference),
    "Reducer": ("datavec-reduce-compound-key", _right_keys),
    "SplitMaxLengthSequence": ("datavec-equal-splits", _right_splits),
}


def _finished(frame: Frame, on_invalid: str) -> list[Any]:
    if frame.offsets is None:
        return frame_to_records(frame, on_invalid)
    return frame_to_sequences(frame, on_invalid)


def _transform_text(case: Case) -> str:
    return case.path(case.meta["files"]["transform"]).read_text("utf-8")


def transform_log_errors(case: Case) -> None:
    process = load_process(case)
    records = records_of(case.meta["in"], case)
    frame, _ = process.run_skipping(frame_from_records(process.initial_schema, records))
    check_data(frame_to_records(frame), case.meta["out"], case, sequences=False, unordered=False)


def _joined(case: Case) -> tuple[Join, list[list[Any]]]:
    meta = case.meta
    left = Schema.from_json(json.dumps(meta["left_schema"]))
    right = Schema.from_json(json.dumps(meta["right_schema"]))
    made = Join(meta["join_type"], left, right, meta["left_keys"], meta["right_keys"])
    rows = made.execute_records(records_of(meta["left"], case), records_of(meta["right"], case))
    return made, rows


def join(case: Case) -> None:
    if "executor_out" in case.meta:
        case.differs("datavec-join-keys")
    made, rows = _joined(case)
    check_schema(made.output_schema, case.meta["final_schema"], "final schema")
    check_data(rows, case.meta["out"], case, sequences=False, unordered=True)


def pipeline_join(case: Case) -> None:
    made, rows = _joined(case)
    got = [[m.name, m.column_type.value] for m in made.output_schema]
    assert got == case.meta["joined_columns"], got
    check_data(rows, case.meta["joined"], case, sequences=False, unordered=True)
    process = load_process(case)
    got = [[m.name, m.column_type.value] for m in process.final_schema]
    assert got == case.meta["out_columns"], got
    result = process.execute_to_sequences(rows)
    check_data(result, case.meta["out"], case, sequences=True, unordered=True)


KINDS: dict[str, Handler] = {
    "transform": transform,
    "pipeline": transform,
    "transform-log-errors": transform_log_errors,
    "join": join,
    "pipeline-join": pipeline_join,
}
