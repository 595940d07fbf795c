"""Errors travel between processes: a pool or a data loader raises what its worker raised."""

from __future__ import annotations

import copy
import multiprocessing
import pickle

import numpy as np
import pytest

import datavec
from datavec import CSVRecordReader, DataVecError, Schema, StringSplit, TransformProcess

ERRORS = [
    datavec.SchemaError("no column 'x'"),
    datavec.CsvError("a quote is not closed", file="a.csv", line=3),
    datavec.RecordFormatError("expected a number", file="a.txt", line=2),
    datavec.InvalidValueError("x", "a number", "?", np.array([4, 6]), where="step 1", line=7),
    datavec.ImageError("the file is empty", file="a.png"),
    datavec.ZeroLengthSequenceError("sequence 3 is empty"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(
    "sent", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy], ids=["pickle", "copy"]
)
def test_errors_arrive_whole(error, sent):
    got = sent(error)
    assert type(got) is type(error)
    assert str(got) == str(error)
    assert got.args == error.args
    assert repr(got.__dict__) == repr(error.__dict__)


def broken() -> None:
    schema = Schema.builder().add_column_double("x").build()
    TransformProcess(schema, ()).execute(CSVRecordReader(StringSplit("1\n?\n"))).read_all()


def test_a_pool_raises_what_its_worker_raised():
    # An error that cannot be unpickled would stop a pool for ever.
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(1) as pool, pytest.raises(DataVecError, match="line 2, column") as raised:
        pool.apply_async(broken).get(60)
    assert raised.value.line == 2  # type: ignore[attr-defined]
