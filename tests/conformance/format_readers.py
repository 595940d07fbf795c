"""The readers of file formats other than CSV, made from the options of a recorded case."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import datavec
from datavec import (
    FieldSelection,
    FileBatch,
    FileBatchRecordReader,
    FileBatchSequenceRecordReader,
    JacksonLineRecordReader,
    JacksonLineSequenceRecordReader,
    JacksonRecordReader,
    LibSvmRecordReader,
    MatlabRecordReader,
    ParentPathLabelGenerator,
    PatternPathLabelGenerator,
    SVMLightRecordReader,
)


def format_reader(kind: str, options: dict[str, Any], split: Any) -> Any:
    """The reader, or None where this module does not know the kind."""
    if kind.startswith("Jackson"):
        return _jackson(kind, options, split)
    if kind in ("SVMLightRecordReader", "LibSvmRecordReader"):
        made = LibSvmRecordReader() if kind.startswith("Lib") else SVMLightRecordReader()
        return made.initialize(split, options.get("configuration"))
    if kind == "MatlabRecordReader":
        return MatlabRecordReader(split)
    if kind in ("FileBatchRecordReader", "FileBatchSequenceRecordReader"):
        files = options["files"]
        batch = FileBatch(
            tuple(text.encode() for text in files.values()),
            tuple(f"file:/batch/{name}" for name in files),
        )
        made_by = FileBatchSequenceRecordReader if "Sequence" in kind else FileBatchRecordReader
        return made_by(getattr(datavec, options["inner"]), batch)
    return None


def _jackson(kind: str, options: dict[str, Any], split: Any) -> Any:
    builder = FieldSelection.builder()
    for field in options["fields"]:
        builder.add_field(*field["path"], missing=field["missing"])
    common = {"fields": builder.build(), "format": options["format"].lower()}
    if kind == "JacksonLineRecordReader":
        return JacksonLineRecordReader(split, **common)
    if kind == "JacksonLineSequenceRecordReader":
        return JacksonLineSequenceRecordReader(split, **common)
    return JacksonRecordReader(
        split,
        shuffle=options.get("shuffle", False),
        seed=options.get("rngSeed"),
        label_generator=_label_generator(options.get("labelGenerator")),
        label_position=options.get("labelPosition", -1),
        **common,
    )


def _label_generator(name: str | None) -> Any:
    if not name:
        return None
    m = re.fullmatch(r"PatternPathLabelGenerator\((.*?)(?:, *(\d+))?\)", name)
    if m:
        return PatternPathLabelGenerator(m[1].strip('"'), int(m[2] or 0))
    return {"ParentPathLabelGenerator": partial(ParentPathLabelGenerator)}[name]()


def matrix_rows(texts: list[str]) -> list[Any]:
    """What reading text matrices is meant to give."""
    lines = [line.partition("%")[0].split() for text in texts for line in text.splitlines()]
    return [[["Double", word] for word in line] for line in lines if line]
