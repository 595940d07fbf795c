"""Replays of Arrow files written by the JVM, and of ours in its layout."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from datavec_values import check_data, plain_values
from harness import Case, Handler

from datavec import ArrowRecordReader, ArrowRecordWriter, Schema


def arrow(case: Case) -> None:
    meta = case.meta
    schema = Schema.from_json(json.dumps(meta["schema"]))
    path = case.path(meta["files"]["arrow"])
    inferred = ArrowRecordReader(path)
    assert inferred.schema == Schema.from_json(json.dumps(meta["read_schema"]))
    for made in (inferred, ArrowRecordReader(path, schema=schema)):
        for expected in (meta["read"], meta["reader_records"]):
            check_data(list(made), expected, case, sequences=False, unordered=False)
        metadata = []
        made.reset()
        while made.has_next():
            metadata.append(made.next_record()[1])
        loaded = made.load_from_metadata(metadata[::-1])
        check_data(loaded, meta["read"][::-1], case, sequences=False, unordered=False)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "again.arrow"
        with ArrowRecordWriter(written, schema=schema, deeplearning4j=True) as writer:
            for record in plain_values(meta["in"], case):
                writer.write(record)
        check_data(
            list(ArrowRecordReader(written)), meta["read"], case, sequences=False, unordered=False
        )


KINDS: dict[str, Handler] = {"arrow": arrow}
