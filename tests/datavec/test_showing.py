"""What objects look like at a prompt and in a notebook."""

from __future__ import annotations

import pytest

from datavec import (
    CollectionRecordReader,
    CSVSequenceRecordReader,
    ErrorReport,
    LineRecordReader,
    Schema,
    TransformProcess,
    TransformProcessRecordReader,
)
from datavec.analysis import analyze, analyze_quality

SCHEMA = Schema.builder().add_columns_double("x", "y").build()
PROCESS = TransformProcess.builder(SCHEMA).double_math_op("x", "Add", 1.0).build()
ROWS = [[1.0, 2.0], [3.0, 4.0]]


class Printer:
    """Collects what IPython's printer would print."""

    def __init__(self) -> None:
        self.printed = ""

    def text(self, text: str) -> None:
        self.printed += text


@pytest.mark.parametrize(
    "shown",
    [
        SCHEMA,
        PROCESS,
        analyze(SCHEMA, PROCESS.execute(CollectionRecordReader(ROWS))),
        analyze_quality(SCHEMA, PROCESS.execute(CollectionRecordReader(ROWS))),
        ErrorReport(),
    ],
    ids=lambda s: type(s).__name__,
)
def test_notebooks_show_the_table(shown):
    printer = Printer()
    # As IPython does: the first class of the MRO with this method or a __repr__ of its own decides.
    found = next(
        c.__dict__
        for c in type(shown).__mro__
        if "_repr_pretty_" in c.__dict__ or "__repr__" in c.__dict__
    )
    found["_repr_pretty_"](shown, printer, False)
    assert printer.printed == str(shown).rstrip("\n") != ""


def test_readers_and_streams_say_what_they_read(tmp_path):
    (tmp_path / "a.csv").write_text("1,2\n")
    rows = CollectionRecordReader(ROWS)
    assert repr(rows) == "<CollectionRecordReader: 2 records>"
    assert repr(TransformProcessRecordReader(rows, PROCESS)) == "<TransformProcessRecordReader>"
    for reader in (LineRecordReader, CSVSequenceRecordReader):
        assert repr(reader(tmp_path / "a.csv")).startswith(f"<{reader.__name__}: FileSplit('")
    assert (
        repr(PROCESS.execute(rows)) == "<BatchStream of x, y; iterate, or read_all() for a table>"
    )
