"""A schema for a CSV file that has none, good enough for a first look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import SchemaError
from ..columns._arrow_arrays import constant, numpy_array
from ..readers._lines import advice_on
from ..schema._metadata import (
    AbstractColumnMetaData,
    BooleanMetaData,
    CategoricalMetaData,
    DoubleMetaData,
    LongMetaData,
    StringMetaData,
)
from ..schema._schema import Schema
from ..text._java_text import parse_texts

__all__ = ["infer_csv_schema"]

_BLOCK = 1 << 20
_FEW = 20  # different texts among the first rows that make a column categorical
_OTHER = 0.1  # share of other text that a column of numbers may have
_MANY = 100  # so many in the whole file unmake it


def infer_csv_schema(path: str | Path, *, delimiter: str = ",") -> Schema:
    r"""Guess a schema from the header and the first megabyte of a CSV file.

    Integers become Long, other numbers Double, ``true`` and ``false`` Boolean, texts of which there
    are few different ones Categorical with all states that the file has, other texts String. A
    column of numbers may hold some other text: a report shows it as invalid. Unlike
    ``Schema.infer_csv``, which guesses as Deeplearning4j does, from one row.

    Args:
        path: of the file; its first line holds the names.
        delimiter: between the fields.

    Raises:
        SchemaError: the file is empty, or its first lines are no CSV.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.csv")
    ...     _ = path.write_text("age,city\n" + "31,Bonn\n44,Rome\n" * 10)
    ...     print(*(m.column_type.value for m in infer_csv_schema(path)))
    Long Categorical
    """
    from pyarrow import csv

    try:
        with csv.open_csv(
            path,
            csv.ReadOptions(block_size=_BLOCK, use_threads=False),
            csv.ParseOptions(delimiter=delimiter),
            csv.ConvertOptions(strings_can_be_null=True, null_values=[""], timestamp_parsers=[]),
        ) as reader:
            batch = next(iter(reader), None) or pa.RecordBatch.from_pylist([], reader.schema)
    except pa.ArrowInvalid as e:
        with open(path, "rb") as f:
            advice = advice_on(f.read(4))
        if advice is not None:
            raise SchemaError(f"{path}: cannot guess a schema: {advice}") from None
        raise SchemaError(f"{path}: cannot guess a schema: {str(e).splitlines()[0]}") from None
    metas = [_guess(name, batch.column(i)) for i, name in enumerate(batch.schema.names)]
    schema = Schema(tuple(metas))
    unsure = [m.name for m in metas if isinstance(m, CategoricalMetaData)]
    if unsure:
        schema = _with_all_states(schema, unsure, path, delimiter)
    return schema


def _guess(name: str, column: pa.Array) -> AbstractColumnMetaData:
    t = column.type
    if pa.types.is_integer(t):
        return LongMetaData(name)
    if pa.types.is_floating(t):
        return DoubleMetaData(name)
    if pa.types.is_boolean(t):
        return BooleanMetaData(name)
    if not pa.types.is_string(t):
        return StringMetaData(name)
    texts = column.filter(pc.not_equal(column, constant("")))
    numbers, bad = parse_texts(texts, pa.float64())
    if len(texts) and np.mean(bad) <= _OTHER:
        values = numpy_array(numbers.drop_null())
        whole = bool((values == np.trunc(values)).all()) and np.abs(values).max() < 2**63
        return LongMetaData(name) if whole else DoubleMetaData(name)
    if 0 < pc.count_distinct(texts).as_py() <= min(_FEW, len(texts) // 5):
        return CategoricalMetaData(name, ("",))  # its states are found later
    return StringMetaData(name)


def _with_all_states(schema: Schema, names: list[str], path: str | Path, delimiter: str) -> Schema:
    from ..readers import CSVRecordReader
    from ._sampling import get_unique

    reader = CSVRecordReader(path, skip_lines=1, delimiter=delimiter)
    found = get_unique(schema, reader, names)
    metas: list[AbstractColumnMetaData] = []
    for meta in schema:
        if meta.name in found:
            states = sorted(found[meta.name] - {None, ""})
            many = not 0 < len(states) <= _MANY
            meta = (
                StringMetaData(meta.name) if many else CategoricalMetaData(meta.name, tuple(states))
            )
        metas.append(meta)
    return Schema(tuple(metas))
