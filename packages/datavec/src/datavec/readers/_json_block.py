"""Lines of JSON straight to typed columns, in native code, where nothing about them is unusual."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..columns._frame import Frame
from ..process._process import ReadPlan
from ..schema._metadata import AbstractColumnMetaData, ColumnType
from ..schema._schema import Schema
from ._field_selection import FieldSelection

__all__ = ["parse_json_block"]

_TYPES = {
    ColumnType.INTEGER: pa.int32(),
    ColumnType.LONG: pa.int64(),
    ColumnType.DOUBLE: pa.float64(),
    ColumnType.FLOAT: pa.float32(),
    ColumnType.TIME: pa.int64(),
}


def parse_json_block(
    data: bytes | bytearray, fields: FieldSelection, schema: Schema, plan: ReadPlan
) -> Frame | None:
    """The records of a block; None where its lines must be read one by one.

    That is where a value has another JSON type than its column (a number in a text column, say),
    where a selected field might be null, which is an error and not a missing field, and where
    anything is not quite JSON.
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    body = bytes(data[:-1] if data.endswith(b"\n") else data)
    rows = body.count(b"\n") + 1
    if b"null" in body or not _one_object_per_line(body, rows):
        return None
    wanted = [
        (path, missing, meta)
        for path, missing, meta in zip(fields.paths, fields.missing, schema, strict=True)
        if meta.name in plan.needed
    ]
    tree = _type_tree([(path, _type_of(meta, plan)) for path, _, meta in wanted])
    if tree is None or not wanted:
        return None
    try:
        table = _read(body, tree)
        if table.num_rows != rows:
            return None
        columns = {meta.name: _column(table, path, missing, meta) for path, missing, meta in wanted}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OverflowError):
        return None
    arrays = [columns[m.name] if m.name in columns else pa.nulls(rows) for m in schema]
    return Frame(schema, tuple(arrays), rows)


def _one_object_per_line(body: bytes, rows: int) -> bool:
    # Arrow reads objects one after another and does not mind line breaks in or between them. Where
    # every line begins and ends as an object and their number is right, they are the lines.
    return (
        body.startswith(b"{")
        and body.endswith(b"}")
        and body.count(b"\n{") == rows - 1
        and body.count(b"}\n") == rows - 1
    )


def _type_of(meta: AbstractColumnMetaData, plan: ReadPlan) -> pa.DataType:
    if meta.name in plan.as_text:
        return pa.string()
    return _TYPES.get(meta.column_type, pa.string())


def _type_tree(fields: list[tuple[tuple[str, ...], pa.DataType]]) -> dict[str, Any] | None:
    """Nested dictionaries of types; None where one path leads through another's value."""
    tree: dict[str, Any] = {}
    for path, arrow_type in fields:
        node = tree
        for name in path[:-1]:
            node = node.setdefault(name, {})
            if not isinstance(node, dict):
                return None
        if node.setdefault(path[-1], arrow_type) is not arrow_type:
            return None
    return tree


def _struct(tree: dict[str, Any]) -> list[pa.Field]:
    return [
        pa.field(name, pa.struct(_struct(t)) if isinstance(t, dict) else t)
        for name, t in tree.items()
    ]


def _read(body: bytes, tree: dict[str, Any]) -> pa.Table:
    from pyarrow import json

    return json.read_json(
        pa.BufferReader(body),
        json.ReadOptions(use_threads=False, block_size=len(body) + 1),
        json.ParseOptions(
            explicit_schema=pa.schema(_struct(tree)), unexpected_field_behavior="ignore"
        ),
    )


def _column(
    table: pa.Table, path: tuple[str, ...], missing: Any, meta: AbstractColumnMetaData
) -> pa.Array:
    column = table.column(path[0]).combine_chunks()
    for name in path[1:]:
        # `field` alone would ignore where the object around is missing.
        column = pc.struct_field(column, name)
    if pa.types.is_string(column.type):
        column.validate(full=True)  # the bytes were not checked to be UTF-8
    if column.null_count:
        column = pc.fill_null(column, pa.scalar(missing, column.type))
    return column.cast(meta.arrow_type) if meta.column_type is ColumnType.TIME else column
