"""A table whose rows are numbered, so that the order of a pass can be read off its batches."""

from __future__ import annotations

import os

import numpy as np

from datavec import CSVRecordReader, RecordReaderDataSetIterator, Schema

SCHEMA = Schema.builder().add_columns_double("i", "x").add_column_integer("y").build()
ROWS = 6000


def written(folder):
    """The table as a file."""
    path = folder / "table.csv"
    path.write_text("".join(f"{i},{i % 7}.5,{i % 3}\n" for i in range(ROWS)))
    return path


def iterate(source, **options):
    reader = source
    if isinstance(source, (str, os.PathLike)):
        reader = CSVRecordReader(source, schema=SCHEMA, block_size=8_000)
    return RecordReaderDataSetIterator(
        reader, 64, label_index="y", num_classes=3, **({"schema": None} | options)
    )


def ids(iterator):
    """The first feature of every example of a pass."""
    return np.concatenate([np.asarray(batch.features)[:, 0] for batch in iterator]).astype(int)
