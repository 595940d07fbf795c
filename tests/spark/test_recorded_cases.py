"""All recorded transforms, pipelines, joins and analyses on Spark: equal to local execution."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import kinds_analysis
import pyarrow as pa
import pytest
from comparing import assert_equal, collect_many, dataframe, regroups, table_of
from datavec_values import records_of, writable
from harness import DEFAULT_FIXTURES, Case, find_cases, is_compared
from kinds_transforms import load_process

import datavec.spark as on_spark
from datavec import InvalidValueError, Join, Schema, TransformProcess
from datavec._errors import shown
from datavec.columns._arrow_io import frame_from_records, frame_from_sequences
from datavec.spark import SparkBatches, execute, execute_join

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]

AT_ONCE = 40
"""Cases whose results are fetched by one job."""


@cache
def cases(*kinds: str) -> dict[str, Case]:
    found = find_cases([DEFAULT_FIXTURES / "datavec.zip"])
    return {c.name: c for c in found if c.kind in kinds and is_compared(c)}


TRANSFORMS = ("transform", "pipeline", "transform-log-errors")


@cache
def transform_case(name: str) -> tuple[TransformProcess, pa.Table]:
    """Process and input of a case."""
    case = cases(*TRANSFORMS)[name]
    process = load_process(case)
    schema, rows = process.initial_schema, case.meta["in"]
    if case.meta.get("sequence_in"):
        frame = frame_from_sequences(schema, [records_of(s, case) for s in rows])
    else:
        good = [r for r in rows if len(r) == len(schema)]
        frame = frame_from_records(schema, records_of(good, case))
    return process, table_of(frame)


def names_to_run() -> list[str]:
    """All cases but those of processes that cannot be built."""
    return [n for n, c in cases(*TRANSFORMS).items() if c.meta.get("raises_at") != "build"]


def policy(name: str) -> str:
    return "skip" if cases(*TRANSFORMS)[name].kind == "transform-log-errors" else "raise"


def locally(name: str) -> pa.Table | Exception:
    process, table = transform_case(name)
    try:
        return process.execute(table, on_error=policy(name)).read_all()
    except (ValueError, TypeError) as e:
        return e


def planned(spark: Any, name: str) -> SparkBatches:
    process, table = transform_case(name)
    return execute(dataframe(spark, table), process, on_error=policy(name))


@pytest.fixture(scope="module")
def on_spark_all(spark: Any) -> dict[str, pa.Table | Exception]:
    """Results of all cases that run without an error here, many by one job."""
    good = [n for n in names_to_run() if isinstance(locally(n), pa.Table)]
    results: dict[str, pa.Table | Exception] = {}
    for start in range(0, len(good), AT_ONCE):
        part = good[start : start + AT_ONCE]
        try:
            tables = collect_many([planned(spark, name) for name in part])
            results |= dict(zip(part, tables, strict=True))
        except Exception:  # then one by one, to see which
            for name in part:
                try:
                    results[name] = planned(spark, name).read_all()
                except Exception as e:
                    results[name] = e
    return results


@pytest.mark.parametrize("name", names_to_run())
def test_transform(name: str, spark: Any, on_spark_all: dict[str, Any]) -> None:
    process, table = transform_case(name)
    local = locally(name)
    if isinstance(local, pa.Table):
        result = on_spark_all[name]
        if isinstance(result, Exception):
            raise result
        assert_equal(result, local, ordered=not regroups(process))
        return
    with pytest.raises(type(local)) as raised:
        # In one task the first bad record is the one that is reported.
        execute(dataframe(spark, table).coalesce(1), process).read_all()
    if isinstance(local, InvalidValueError):
        found = raised.value
        assert isinstance(found, InvalidValueError)
        assert (found.column, found.expected) == (local.column, local.expected)
        if not regroups(process):
            assert (found.where, shown(found.value)) == (local.where, shown(local.value))
    else:
        assert str(raised.value) == str(local)


def test_every_step_is_met() -> None:
    from datavec._serde import registered_classes
    from datavec.process._action import AbstractAction

    met = {type(action) for name in names_to_run() for action in transform_case(name)[0].actions}
    steps = {c for c in registered_classes().values() if issubclass(c, AbstractAction)}
    # Steps of ours that the original does not have are not in its cases.
    assert len(steps - met) <= 2, steps - met


# --- joins ---------------------------------------------------------------------------------------


def joined(case: Case, spark: Any) -> tuple[Join, pa.Table, Any]:
    """The join, its local result, and its result on Spark."""
    meta = case.meta
    left = Schema.from_json(json.dumps(meta["left_schema"]))
    right = Schema.from_json(json.dumps(meta["right_schema"]))
    join = Join(meta["join_type"], left, right, meta["left_keys"], meta["right_keys"])
    tables = [
        table_of(frame_from_records(schema, records_of(meta[side], case)))
        for schema, side in ((left, "left"), (right, "right"))
    ]
    local = join.execute(*tables)
    return join, local, execute_join(join, *(dataframe(spark, t) for t in tables))


@pytest.mark.parametrize("name", cases("join"))
def test_join(name: str, spark: Any) -> None:
    _, local, result = joined(cases("join")[name], spark)
    assert_equal(result.read_all(), local, ordered=False)


@pytest.mark.parametrize("name", cases("pipeline-join"))
def test_pipeline_with_join(name: str, spark: Any) -> None:
    case = cases("pipeline-join")[name]
    _, local, result = joined(case, spark)
    process = load_process(case)
    assert_equal(
        execute(result, process).read_all(), process.execute(local).read_all(), ordered=False
    )


# --- analyses: the handlers of the conformance tests, with Spark in the place of local execution ---


@pytest.mark.parametrize("name", cases("analysis", "quality"))
def test_analysis(name: str, spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def frame_of(schema: Schema, reader: Any) -> Any:
        if schema.is_sequence:
            frame = frame_from_sequences(schema, [s for s, _ in reader.sequences()])
        else:
            frame = frame_from_records(schema, [r for r, _ in reader.records()])
        return dataframe(spark, table_of(frame))

    def replaced(function: Any) -> Any:
        return lambda schema, reader, *a, **k: function(schema, frame_of(schema, reader), *a, **k)

    for function in ("analyze", "analyze_quality", "analyze_quality_sequence"):
        monkeypatch.setattr(kinds_analysis, function, replaced(getattr(on_spark, function)))
    case = cases("analysis", "quality")[name]
    kinds_analysis.KINDS[case.kind](case)


@pytest.mark.parametrize("name", cases("unique"))
def test_unique(name: str, spark: Any) -> None:
    case = cases("unique")[name]
    schema = Schema.from_json(json.dumps(case.meta["schema"]))
    frame = dataframe(
        spark, table_of(frame_from_records(schema, records_of(case.meta["in"], case)))
    )
    for column, found in on_spark.get_unique(schema, frame, schema.column_names).items():
        recorded = case.meta[f"unique_{column}_sorted"]
        assert found == {writable(v, case).value for v in recorded}
