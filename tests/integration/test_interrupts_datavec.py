"""Ctrl-C, killed processes and full disks while data stream: no threads stay, no half files, one clear error."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import datavec
import dl4py
from datavec import (
    CsvError,
    CSVRecordReader,
    CSVRecordWriter,
    FileBatch,
    LineRecordReader,
    NumberOfRecordsPartitioner,
    RecordReaderDataSetIterator,
    Schema,
    StreamInputSplit,
    TransformProcess,
)
from datavec.__main__ import main
from datavec.analysis import HtmlAnalysis

SCHEMA = Schema.builder().add_column_double("x").add_column_integer("y").build()
TABLE = pa.table({"x": np.random.default_rng(0).random(20_000), "y": np.zeros(20_000, np.int32)})

# --- signals ------------------------------------------------------------------------------------------

ENDLESS = """
import sys, threading, time
from datavec import *

class Endless:
    # As large as a file can be: the same block again and again.
    block = b"1.5,1,no\\n2.5,0,yes\\n" * 4000

    def __init__(self):
        self.at = 0

    def readinto(self, buffer):
        count = min(len(buffer), len(self.block) - self.at)
        buffer[:count] = self.block[self.at : self.at + count]
        self.at = (self.at + count) % len(self.block)
        return count

    def read(self, size=-1):
        buffer = bytearray(size)
        return bytes(buffer[: self.readinto(buffer)])

    def __enter__(self): return self
    def __exit__(self, *_): pass
    def close(self): pass

schema = (Schema.builder().add_column_double("x").add_column_integer("y")
          .add_column_categorical("z", ["no", "yes"]).build())
process = TransformProcess.builder(schema).double_math_op("x", "Add", 1.0).build()
reader = CSVRecordReader(StreamInputSplit(["endless"], lambda name: Endless()))

def ready(items):
    for i, item in enumerate(items):
        if i == 3:
            print("ready", flush=True)
        yield item

def iterate():
    for _ in ready(RecordReaderDataSetIterator(reader, 256, transform=process, label_index="z")): pass

def cache():
    it = RecordReaderDataSetIterator(reader, 256, transform=process, label_index="z", cache=sys.argv[2], cache_key="a")
    for _ in ready(it): pass

def write():
    with CSVRecordWriter(sys.argv[2]) as writer:
        for batch in ready(process.execute(reader, threads=2)):
            writer.write_batch(batch)

try:
    globals()[sys.argv[1]]()
except KeyboardInterrupt:
    pass
until = time.monotonic() + 20
while threading.active_count() > 1 and time.monotonic() < until:
    time.sleep(0.01)
print([t.name for t in threading.enumerate()], flush=True)
"""


def started(what: str, target: Path) -> subprocess.Popen[str]:
    path = f"import sys; sys.path[:0] = {[p for p in sys.path if p]!r}\n"
    child = subprocess.Popen(
        [sys.executable, "-c", path + ENDLESS, what, str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    if child.stdout.readline() != "ready\n":
        _, errors = child.communicate(timeout=60)
        pytest.fail(errors)
    return child


@pytest.mark.parametrize("what", ["iterate", "cache", "write"])
def test_interrupt_ends_a_pass_and_its_threads(what, tmp_path):
    target = tmp_path / "result"
    target.write_text("old")
    with started(what, target) as child:
        child.send_signal(signal.SIGINT)
        said, errors = child.communicate(timeout=60)
    assert (child.returncode, said) == (0, "['MainThread']\n"), errors
    assert not errors
    assert os.listdir(tmp_path) == ["result"]
    assert target.read_text() == "old"


@pytest.mark.parametrize("what", ["cache", "write"])
def test_kill_leaves_what_was_there(what, tmp_path):
    target = tmp_path / "result"
    target.write_text("old")
    with started(what, target) as child:
        child.kill()
        child.communicate(timeout=60)
    assert target.read_text() == "old"


@pytest.mark.parametrize(
    ("problem", "status", "said"),
    [(KeyboardInterrupt(), 130, "datavec: interrupted\n"), (BrokenPipeError(), 1, "")],
)
def test_the_command_ends_quietly(problem, status, said, monkeypatch, capfd):
    def fail(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr("datavec.__main__._analyze", fail)
    monkeypatch.setattr("os.dup2", lambda *_: None)  # this process still needs its output
    assert main(["analyze", "data.csv"]) == status
    assert capfd.readouterr().err == said


# --- full disks -----------------------------------------------------------------------------------------


@pytest.fixture
def old_result(tmp_path, monkeypatch):
    """A folder with the file that is to be written anew."""
    monkeypatch.chdir(tmp_path)
    Path("result").write_text("old")


@contextmanager
def full_disk(most: int = 60_000) -> Iterator[None]:
    """Files cannot grow beyond some bytes, which shows as on a disk that is full.

    Not for longer than a call: the file that the tests' own output may go to cannot grow either.
    """
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def by_writer(name: str) -> Any:
    def write() -> None:
        with getattr(datavec, name)("result", schema=SCHEMA) as writer:
            writer.write_batch(TABLE)

    return write


def cached() -> None:
    batches = RecordReaderDataSetIterator(
        *(TABLE, 100), schema=SCHEMA, label_index="y", num_classes=1, cache="result", cache_key="a"
    )
    for _ in batches:
        pass


def packed() -> None:
    Path("part").write_bytes(np.random.default_rng(0).bytes(30_000))
    FileBatch.for_files(["part"] * 3).write_zip("result")


def reported() -> None:
    with full_disk(5_000):
        HtmlAnalysis.report(SCHEMA, TABLE, "result")


WRITERS = ("CSV", "SVMLight", "Matlab", "Line", "Arrow", "Feather", "Parquet", "Excel")


@pytest.mark.usefixtures("old_result")
@pytest.mark.parametrize(
    "write",
    [*(by_writer(f"{name}RecordWriter") for name in WRITERS), cached, packed, reported],
    ids=[*WRITERS, "cache", "FileBatch", "report"],
)
def test_full_disk_names_the_file_and_leaves_the_old_one(write):
    with pytest.raises(OSError, match=r"given up: 'result'") as raised, full_disk():
        write()
    assert raised.value.filename == "result"
    assert Path("result").read_text() == "old"
    assert set(os.listdir()) <= {"result", "part"}


@pytest.mark.usefixtures("old_result")
def test_full_disk_names_the_pipeline():
    conf = dl4py.NeuralNetConfiguration(seed=1).list(
        dl4py.DenseLayer(n_in=1, n_out=9000), dl4py.OutputLayer(n_out=2)
    )
    net = dl4py.MultiLayerNetwork(conf).init()
    schema = Schema.builder().add_column_double("x").add_column_categorical("y", ["a", "b"]).build()
    pipeline = dl4py.Pipeline(TransformProcess(schema, ()), None, net, label="y")
    with pytest.raises(OSError, match=r"too large: 'result'"), full_disk():
        pipeline.save("result")
    assert Path("result").read_text() == "old"
    assert os.listdir() == ["result"]


def test_more_parts_than_files_may_be_open(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (80, limits[1]))
    try:
        with CSVRecordWriter(
            tmp_path / "part-%d.csv", partitioner=NumberOfRecordsPartitioner(1)
        ) as writer:
            writer.write_batch([[i] for i in range(150)])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert len(os.listdir(tmp_path)) == 150
    assert (tmp_path / "part-149.csv").read_text() == "149"


# --- lines without an end -------------------------------------------------------------------------------


class LongLine:
    """A stream whose first line has a gigabyte; knows how much of it was taken."""

    def __init__(self) -> None:
        self.left = 1 << 30

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self.left)
        buffer[:count] = b"1" * count
        self.left -= count
        return count

    def read(self, size: int = -1) -> bytes:
        data = bytearray(self.left if size < 0 else size)
        return bytes(data[: self.readinto(data)])

    def close(self) -> None: ...

    def __enter__(self) -> LongLine:
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize("kind", [CSVRecordReader, LineRecordReader])
def test_line_without_end_is_given_up_early(kind):
    opened: list[LongLine] = []

    def opener(name: str) -> Any:
        opened.append(LongLine())
        return opened[-1]

    with pytest.raises(CsvError, match=r"endless.csv, line 1: a line of more than 67108864 bytes"):
        list(kind(StreamInputSplit(["endless.csv"], opener)))
    assert opened[0].left > 1 << 29


def test_threads_end_with_a_failing_pass():
    before = set(threading.enumerate())
    table = pa.table({"x": ["1.5"] * 50_000 + ["?"], "y": [1] * 50_001})
    process = TransformProcess.builder(SCHEMA).double_math_op("x", "Add", 1.0).build()
    with pytest.raises(ValueError, match="row 50000"):
        for _ in process.execute(table.to_batches(max_chunksize=1000), threads=3):
            pass
    assert set(threading.enumerate()) <= before
