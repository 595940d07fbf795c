"""A user's program as type checkers see it: names that arrive on first use have their types, options take texts.

Read by tools/lint.py's mypy, never run.
"""

from __future__ import annotations

from typing import Any, assert_type

import datavec
from datavec import (
    CategoricalColumnCondition,
    CSVRecordReader,
    DoubleColumnCondition,
    Join,
    NativeImageLoader,
    ParquetRecordWriter,
    RecordReaderDataSetIterator,
    Reducer,
    Schema,
    TransformProcess,
)
from datavec.analysis import DataAnalysis, analyze
from nd4py.data import DataSet

schema = Schema.builder().add_columns_double("x").add_column_categorical("y", ["a", "b"]).build()
process = (
    TransformProcess.builder(schema)
    .filter(CategoricalColumnCondition("y", "not in", ["a"]))
    .filter(DoubleColumnCondition("x", "<", 0.0))
    .reduce(Reducer("TakeFirst", key_columns=["y"], ops={"x": ["Sum", "Mean"]}))
    .build()
)
assert_type(process, TransformProcess)
assert_type(DoubleColumnCondition("x", "<", 0.0).op, datavec.ConditionOp)
assert_type(Join("LeftOuter", schema, schema, ["x"]).left_keys, tuple[str, ...])
assert_type(datavec.FileSplit("data"), datavec.FileSplit)
assert_type(process.execute_record([1.0, "b"]), list[Any] | None)

reader = CSVRecordReader("data.csv", skip_lines=1)
assert_type(list(reader), list[list[Any]])
batches = RecordReaderDataSetIterator(reader, 32, transform=process, label_index="y")
assert_type(next(batches), DataSet)
assert_type(analyze(schema, reader), DataAnalysis)
assert_type(NativeImageLoader(32, 32, 3), NativeImageLoader)
with ParquetRecordWriter("data.parquet", schema=schema) as writer:
    assert_type(writer, ParquetRecordWriter)

datavec.Nonsense  # type: ignore[attr-defined]  # noqa: B018
process.execute(reader, on_eror="skip")  # type: ignore[call-arg]
Schema.builder().add_column_dubble("x")  # type: ignore[attr-defined]
