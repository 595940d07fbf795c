"""Replays of schemas: their texts, builders, and what is inferred from data."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from datavec_values import check_schema, must_fail, plain_values, records_of, writable
from harness import Case, Handler

from datavec import Schema, infer_categories, unique_values


def schema_texts(case: Case) -> None:
    meta = case.meta
    schema = Schema.from_json(meta["to_json"])
    got = [[m.name, m.column_type.value] for m in schema]
    assert got == meta["columns"], got
    check_schema(schema, json.loads(meta["to_json"]), "to_json")
    assert Schema.from_yaml(meta["to_yaml"]) == schema, "from_yaml"
    assert Schema.from_yaml(schema.to_yaml()) == schema, "to_yaml"
    sequence = Schema.from_json(meta["sequence_to_json"])
    assert type(sequence).__name__ == meta["sequence_reload_class"]
    _same_but_state_order(str(schema), meta["to_string"])
    _same_but_state_order(str(sequence), meta["sequence_to_string"])
    for m, expected in zip(schema, meta["metadata_to_string"], strict=True):
        _same_but_state_order(str(m), expected)


def _same_but_state_order(actual: str, expected: str) -> None:
    """The JVM prints states in the order of a hash set, which carries no meaning."""
    assert _states_sorted(actual) == _states_sorted(expected), f"{actual}\nexpected {expected}"


def _states_sorted(text: str) -> str:
    return re.sub(
        r"stateNames=\[(.*?)\]", lambda m: ",".join(sorted(m[1].split(","))), text
    ).rstrip()


def schema_sequence(case: Case) -> None:
    schema = Schema.from_json(case.meta["to_json"])
    check_schema(schema, json.loads(case.meta["to_json"]), "to_json")
    assert str(schema).rstrip() == case.meta["to_string"].rstrip(), str(schema)
    assert Schema.from_yaml(case.meta["to_yaml"]) == schema, "from_yaml"
    assert Schema.from_json(schema.to_json()) == schema


def schema_builder(case: Case) -> None:
    builder = Schema.builder()
    for call in case.meta["calls"]:
        _builder_call(builder, call)
    check_schema(builder.build(), case.meta["schema"], "schema")


def _builder_call(builder: Any, call: str) -> None:
    """``addColumnsInteger(i_%d,0,2)`` as the same call of our builder."""
    name, _, rest = call.rstrip(")").partition("(")
    method = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
    if method.endswith("_nd_array"):
        method = method.replace("_nd_array", "_ndarray")
    arguments = re.findall(r"\[[^]]*\]|[^,]+", rest)
    if method == "add_column_ndarray":
        builder.add_column_ndarray(arguments[0], json.loads(arguments[1]))
    elif method == "add_column_categorical":
        builder.add_column_categorical(arguments[0], arguments[1:])
    elif method.startswith("add_columns") and "%d" in arguments[0]:
        pattern, first, last, *limits = arguments
        names = {
            "string": ("regex", "min_length", "max_length"),
            "double": ("min_value", "max_value", "allow_nan", "allow_infinite"),
            "float": ("min_value", "max_value", "allow_nan", "allow_infinite"),
        }.get(method.removeprefix("add_columns_"), ("min_value", "max_value"))
        keywords = {
            k: v if k == "regex" else json.loads(v) for k, v in zip(names, limits, strict=False)
        }
        getattr(builder, method)(pattern, first=int(first), last=int(last), **keywords)
    else:
        getattr(builder, method)(*arguments)


def schema_infer(case: Case) -> None:
    records = records_of(case.meta["in"], case)
    check_schema(Schema.infer(records[0]), case.meta["infer"], "infer")
    check_schema(Schema.infer(records[0]), case.meta["infer_multiple"], "infer_multiple")
    must_fail(lambda: Schema.infer([True]))
    must_fail(lambda: Schema.infer(records))


def inferred_schema(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.csv")
        path.write_text(case.meta["text"], "utf-8")
        if case.meta.get("raises"):
            must_fail(lambda: Schema.infer_csv(path))
        else:
            check_schema(Schema.infer_csv(path), case.meta["schema"], "schema")


def metadata_valid(case: Case) -> None:
    from datavec._serde import decode
    from datavec.columns._arrow_io import column_from_values
    from datavec.schema._metadata import AbstractColumnMetaData

    values = [writable(v, case) for v in case.meta["values"]]
    for row in case.meta["rows"]:
        meta = decode(AbstractColumnMetaData, row["metadata"])
        for value, recorded, expected in zip(
            values, case.meta["values"], row["valid"], strict=True
        ):
            got = bool(meta.valid_mask(column_from_values([value], meta))[0])
            assert got == expected, f"{meta} on {recorded}: {got}, expected {expected}"


def inferred_categories(case: Case) -> None:
    rows = plain_values(case.meta["in"], case)
    assert infer_categories(rows, 0) == [case.meta["column_0"]]
    assert infer_categories(rows, 0, 1) == list(case.meta["columns_0_1"].values())


def unique(case: Case) -> None:
    rows = plain_values(case.meta["in"], case)
    for found, key in zip(
        unique_values(rows, 0, 1), ("unique_i_sorted", "unique_s_sorted"), strict=True
    ):
        expected = {writable(v, case).value for v in case.meta[key]}
        assert found == expected, (found, expected)


KINDS: dict[str, Handler] = {
    "schema": schema_texts,
    "schema-sequence": schema_sequence,
    "schema-builder": schema_builder,
    "schema-infer": schema_infer,
    "inferred-schema": inferred_schema,
    "metadata-valid": metadata_valid,
    "infer-categories": inferred_categories,
    "unique": unique,
}
