"""What the writers of typed columns share: records are gathered into record batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import SchemaError
from ..columns._arrow_io import (
    frame_from_batch,
    frame_from_records,
    frame_from_sequences,
    frame_to_batch,
)
from ..columns._frame import Frame
from ._file_writer import AbstractFileRecordWriter
from ._partition import Array
from ._writer import AbstractRecordWriter

__all__ = ["AbstractColumnarFileWriter", "AbstractColumnarRecordWriter"]


class AbstractColumnarRecordWriter(AbstractRecordWriter):
    """Writes record batches; a schema is needed to write Python values.

    Under a sequence schema a record is a sequence: a list of steps.
    """

    def _prepared(self, record: Sequence[Any]) -> Any:
        if self._schema is None:
            raise SchemaError(
                f"{type(self).__name__}: records of Python values need types; pass schema=..., or "
                "write Arrow data"
            )
        if not self._schema.is_sequence and len(record) != len(self._schema):
            raise SchemaError(
                f"{type(self).__name__}: record {self.records_written}: expected "
                f"{len(self._schema)} values ({', '.join(self._schema.column_names)}), "
                f"received {len(record)}"
            )
        return record

    def _packed(self, prepared: list[Any]) -> pa.RecordBatch:
        schema = self._schema
        if schema is None:
            raise SchemaError(f"{type(self).__name__}: no schema")
        make = frame_from_sequences if schema.is_sequence else frame_from_records
        return self._chunk_of_frame(make(schema, prepared))

    def _chunk(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self._schema is None:
            return batch
        return self._chunk_of_frame(frame_from_batch(self._schema, batch))

    def _chunk_of_frame(self, frame: Frame) -> pa.RecordBatch:
        return frame_to_batch(frame)


class AbstractColumnarFileWriter(AbstractColumnarRecordWriter, AbstractFileRecordWriter):
    """Writes typed columns to files."""

    def _sizes(self, chunk: pa.RecordBatch) -> Array:
        return np.full(len(chunk), -(-chunk.nbytes // max(len(chunk), 1)), np.int64)
