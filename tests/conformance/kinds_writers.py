"""Replays of record writers and of copying from a reader to a writer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from datavec_values import records_of
from harness import Case, Handler, NotSupported

from datavec import (
    CSVRecordReader,
    CSVRecordWriter,
    LibSvmRecordWriter,
    LineRecordWriter,
    MatlabRecordWriter,
    RecordReaderConverter,
    SVMLightRecordWriter,
)

WRITERS: dict[str, Any] = {
    "LineRecordWriter": LineRecordWriter,
    "LibSvmRecordWriter": LibSvmRecordWriter,
    "MatlabRecordWriter": MatlabRecordWriter,
    "SVMLightRecordWriter": SVMLightRecordWriter,
}


def write(case: Case, made: Any, path: Path) -> str:
    made.initialize(path, case.meta["options"].get("configuration"))
    records = records_of(case.meta["in"], case)
    with made:
        if case.meta["batch"]:
            made.write_batch(records)
        else:
            for record in records:
                made.write(record)
    assert made.partitions[0].records == len(records)
    return path.read_bytes().decode()


def writer(case: Case) -> None:
    meta = case.meta
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        if meta["writer"] == "CSVRecordWriter":
            csv(case, path)
            return
        if meta["writer"] not in WRITERS:
            raise NotSupported(f"writer {meta['writer']} is not built")
        text, expected = write(case, WRITERS[meta["writer"]](), path), meta["text"]
        if "length byte" in meta.get("jvm_bug", ""):
            case.differs("datavec-line-writer")
            expected = "".join(f"{r[0].text()}\n" for r in records_of(meta["in"], case))
        assert text == expected, f"{text!r}, expected {expected!r}"


def csv(case: Case, path: Path) -> None:
    """As the original writes it, and by default so that the same texts are read back."""
    text = write(case, CSVRecordWriter(quoting="none"), path)
    assert text == case.meta["text"], f"{text!r}, expected {case.meta['text']!r}"
    if write(case, CSVRecordWriter(null_text="NullWritable"), path) != text:
        case.differs("datavec-csv-writer-quotes")
    records = records_of(case.meta["in"], case)
    assert list(CSVRecordReader(path)) == [[w.text() for w in r] for r in records]


def converter(case: Case) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in case.meta["input_files"].items():
            (folder / file).write_text(text, "utf-8")
        files = [folder / file for file in case.meta["input_files"]]
        made = SVMLightRecordWriter().initialize(folder / "out", case.meta["configuration"])
        RecordReaderConverter.convert(CSVRecordReader(files), made)
        text = (folder / "out").read_text("utf-8")
        assert text == case.meta["text"], f"{text!r}, expected {case.meta['text']!r}"


KINDS: dict[str, Handler] = {"writer": writer, "converter": converter}
