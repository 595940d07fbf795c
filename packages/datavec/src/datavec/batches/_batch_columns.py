"""Which columns of a schema become features, and which labels."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._errors import SchemaError
from ..schema._metadata import (
    AbstractColumnMetaData,
    CategoricalMetaData,
    ColumnType,
    DoubleMetaData,
    IntegerMetaData,
    NDArrayMetaData,
)
from ..schema._schema import Schema
from ._passes import splits_of

__all__ = ["BatchColumns", "LabelChoice", "check_numeric", "choose_columns", "schema_of"]


_log = logging.getLogger("datavec")


@dataclass(frozen=True)
class BatchColumns:
    """Names of the feature and of the label columns."""

    features: tuple[str, ...]
    labels: tuple[str, ...]
    num_classes: int | None
    """One-hot size; None for regression or no labels."""
    labels_are_features: bool = False


@dataclass(frozen=True)
class LabelChoice:
    """What a user says about labels; columns by name or position, negative ones from the end."""

    first: int | str | None
    last: int | str | None
    num_classes: int | None
    regression: bool


def schema_of(reader: Any, given: Schema | None, choice: LabelChoice) -> Schema:
    """The schema of a reader's records; without one, Double columns, Integer for class labels.

    Raises:
        SchemaError: the data are no records of this package's readers and have no schema.
    """
    schema = given or getattr(reader, "schema", None)
    if isinstance(schema, Schema):
        return schema
    if isinstance(reader, (str, os.PathLike)):
        raise TypeError(
            f"RecordReaderDataSetIterator: expected a record reader, received {reader!r}; a file is "
            "read by one, for example CSVRecordReader(path, skip_lines=1)"
        )
    if not hasattr(reader, "records"):
        raise SchemaError(
            "RecordReaderDataSetIterator: pass schema=... or transform=... for data that come "
            "without a schema of this package"
        )
    first = _first_record(reader)
    values = [0.0] if first is None else first[0]
    label = None
    if not choice.regression and choice.num_classes is not None:
        label = -1 if choice.first is None else choice.first
        label = len(values) - 1 if label == -1 else label
    columns: list[AbstractColumnMetaData] = []
    for i, value in enumerate(values):
        if isinstance(value, np.ndarray):
            columns.append(NDArrayMetaData(str(i), value.shape))
        else:
            columns.append(IntegerMetaData(str(i)) if i == label else DoubleMetaData(str(i)))
    return Schema(tuple(columns))


def _first_record(reader: Any) -> tuple[list[Any], Any] | None:
    """What a pass would begin with; the files of a split then come in the same order again."""
    epochs = [(split, split.epoch) for split in splits_of(reader)]
    try:
        return next(iter(reader.records()), None)
    finally:
        for split, epoch in epochs:
            split.epoch = epoch


def choose_columns(schema: Schema, choice: LabelChoice) -> BatchColumns:
    """The columns for batches.

    Raises:
        SchemaError: a label column that does not exist or does not fit the choice; a feature column
            that cannot become numbers.
    """
    names = tuple(schema.column_names)
    first = choice.first
    if first is None and choice.num_classes is not None and not choice.regression:
        first = -1
    if first is None:
        check_numeric(schema, names)
        return BatchColumns(names, (), None, labels_are_features=True)
    start = _position(schema, first)
    stop = start if choice.last is None else _position(schema, choice.last)
    if stop < start:
        raise SchemaError(f"label_to ({choice.last}) must not come before label_from ({first})")
    labels = names[start : stop + 1]
    features = names[:start] + names[stop + 1 :]
    if not features:
        raise SchemaError("no feature column is left beside the labels")
    check_numeric(schema, features)
    if choice.regression:
        check_numeric(schema, labels)
        return BatchColumns(features, labels, None)
    if len(labels) > 1:
        raise SchemaError(
            f"classification takes one label column, received {len(labels)}; "
            "set regression=True to use their values"
        )
    meta = schema.metadata(labels[0])
    classes = choice.num_classes
    if isinstance(meta, CategoricalMetaData):
        states = len(meta.state_names)
        if classes is not None and classes != states:
            raise SchemaError(
                f'label column "{meta.name}" has {states} states, but num_classes is {classes}'
            )
        classes = states
    if classes is None:
        _log.warning(
            'label column "%s" is left out, and labels are None: it is of type %s, so say '
            "num_classes=... for classes, or regression=True for values",
            meta.name,
            meta.column_type.value,
        )
        return BatchColumns(features, (), None)
    return BatchColumns(features, labels, classes)


def _position(schema: Schema, label: int | str) -> int:
    if isinstance(label, str):
        return schema.index_of(label)
    position = len(schema) + label if label < 0 else label
    if not 0 <= position < len(schema):
        raise SchemaError(
            f"label column {label} does not exist: after the transform there are {len(schema)} "
            f"columns ({', '.join(schema.column_names)})"
        )
    return position


def check_numeric(schema: Schema, names: Iterable[str]) -> None:
    """Raise SchemaError where a column cannot become a feature."""
    usable = (ColumnType.BOOLEAN, ColumnType.TIME)
    for name in names:
        meta = schema.metadata(name)
        kind = meta.column_type
        if isinstance(meta, NDArrayMetaData) and -1 not in meta.shape:
            continue
        if not kind.is_numeric and kind not in usable:
            hint = {
                ColumnType.CATEGORICAL: "use categorical_to_integer or categorical_to_one_hot",
                ColumnType.STRING: "remove it, or turn it into categories or numbers",
            }.get(kind, "remove it from the transform's result")
            raise SchemaError(
                f'column "{name}" of type {kind.value} cannot become a feature: {hint}'
            )
