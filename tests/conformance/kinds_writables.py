"""Replays of single values: conversions, equality, order, stored forms; and what joins values."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np
from datavec_values import check_schema, check_sequence, must_fail, records_of, writable
from harness import Case, Handler, NotSupported, number

from datavec import (
    NumericalColumnComparator,
    Schema,
    SequenceMerge,
    StringComparator,
    StringReducer,
    Writable,
)

TYPES = {"Integer": "integer", "Long": "long", "Double": "double", "String": "string"}


def writables(case: Case) -> None:
    for item in case.meta["items"]:
        value = writable(item["value"], case)
        assert value.kind == item["type"]
        assert value.text() == item["toString"]
        for key, convert in (
            ("toInt", value.to_int),
            ("toLong", value.to_long),
            ("toFloat", value.to_float),
            ("toDouble", value.to_double),
        ):
            if isinstance(item[key], dict):
                must_fail(convert)
            else:
                case.compare(convert(), number(item[key]), f"{value} {key}")
        stored_forms(value, item["hashCode"], item["bytes_with_type_base64"], item["json"])


def stored_forms(value: Writable, hash_code: int | None, data: str, json: dict[str, Any]) -> None:
    if hash_code is not None:
        assert value.hash_code() == hash_code, value
    assert value.to_bytes() == base64.b64decode(data), value
    again = Writable.from_bytes(base64.b64decode(data))
    assert again == value or value.value != value.value
    ours, theirs = value.to_json_object(), dict(json)
    if value.kind == "Text":  # the JVM pads the bytes to its buffer's size
        for form in (ours, theirs):
            form["bytes"] = base64.b64decode(form["bytes"])[: form["length"]]
    ours, theirs = ({k: number(v) for k, v in form.items()} for form in (ours, theirs))
    np.testing.assert_equal(ours, theirs)
    read = Writable.from_json_object(json, "$")
    if value.kind != "NDArray":  # its element type is not stored
        assert read == value or value.value != value.value


def equality(case: Case) -> None:
    items = [writable(v, case) for v in case.meta["items"]]
    meta = case.meta
    for i, a in enumerate(items):
        for j, b in enumerate(items):
            what = f"{a}, {b}"
            assert (a == b) == meta["equals"][i][j], what
            assert (hash(a) == hash(b)) or a != b, what
            fuzzy = meta["fuzzy_equals"][i][j]
            if isinstance(fuzzy, dict):
                must_fail(lambda a=a, b=b: a.fuzzy_equals(b, 0.001))
            else:
                assert a.fuzzy_equals(b, 0.001) == fuzzy, what
            sign = meta["compare_sign"][i][j]
            if sign is None:
                continue
            if a.value != a.value or b.value != b.value:
                case.differs("datavec-compare-nan")
                sign = int(a.value != a.value) - int(b.value != b.value)
            assert a.compare(b) == sign, what


def arrays(case: Case) -> None:
    results = case.meta["results"]
    a, c = (Writable("NDArray", case.arrays[name]) for name in ("a", "c"))
    assert (a == Writable("NDArray", case.arrays["a"].copy())) == results["a_equals_b"]
    assert (a == c) == results["a_equals_c"]
    nothing, data = Writable("NDArray"), Writable("Bytes", base64.b64decode("AQLI"))
    by_name = {"a": a, "c": c, "null": nothing, "bytes": data}
    by_name["one"] = Writable("NDArray", np.ones((1, 1), np.float32))
    for key, expected in results.items():
        name, _, asked = key.partition("_")
        if asked in ("toInt", "toDouble"):
            assert "raises" in expected, key
            must_fail(by_name[name].to_int if asked == "toInt" else by_name[name].to_double)
        elif asked == "bytes_with_type_base64":
            stored_forms(by_name[name], None, expected, results[f"{name}_json"])
    assert data.kind == results["bytes_type"]
    case.differs("datavec-bytes-text")
    assert results["bytes_toString"].endswith(f"@{data.hash_code():x}")
    assert data.text() == "0102c8"


def schema_of(columns: list[list[str]]) -> Schema:
    builder = Schema.builder()
    for name, kind in columns:
        if kind == "Time":
            builder.add_column_time(name, "UTC")
        elif kind in TYPES:
            getattr(builder, f"add_column_{TYPES[kind]}")(name)
        else:
            raise NotSupported(f"a {kind} column here")
    return builder.build()


def sequence_merge(case: Case) -> None:
    found = re.fullmatch(r"(\w+)\((\w+)(?:,\s*(?:ascending=)?(\w+))?\)", case.meta["comparator"])
    assert found, case.meta["comparator"]
    kind, column, ascending = found.groups()
    comparator = (
        StringComparator(column)
        if kind == "StringComparator"
        else NumericalColumnComparator(column, ascending != "false")
    )
    merge = SequenceMerge(schema_of(case.meta["in_columns"]), comparator)
    merged = merge.merge_sequences([records_of(s, case) for s in case.meta["in"]])
    check_sequence(merged, case.meta["out"], case, "merged")


def string_reduce(case: Case) -> None:
    meta = case.meta
    text = case.path(meta["files"]["reducer"]).read_text("utf-8")
    reducer = StringReducer.from_json(text)
    assert reducer.op.value == meta["op"]
    assert StringReducer.from_json(reducer.to_json()) == reducer
    reduced = reducer.reduce(records_of(meta["in"], case))
    assert reduced == [value for _, value in meta["out"]]
    columns = [(c["name"], "String") for c in meta["final_schema"]["columns"]][:-1]
    check_schema(reducer.output_schema(schema_of(columns)), meta["final_schema"], "final schema")


KINDS: dict[str, Handler] = {
    "writable": writables,
    "writable-equals": equality,
    "writable-nd": arrays,
    "sequence-merge": sequence_merge,
    "string-reduce": string_reduce,
}
