"""MatlabRecordReader: matrices as text, as MATLAB saves them with ``-ascii``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import RecordFormatError
from .._policy import ErrorPolicy
from ..columns._frame import Array, Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ..text._java_text import parse_double, parse_texts
from ._line_blocks import AbstractLineBlockReader
from ._lines import Block
from ._splits import InputPart
from ._tokens import words_of

__all__ = ["MatlabRecordReader"]

_COMMENT = re.compile(rb"%[^\n]*")
_SEPARATORS = re.compile(r"[ \t,;]+")
_SEPARATOR_BYTES = b" \t,;"


class MatlabRecordReader(AbstractLineBlockReader):
    r"""Rows of numbers, separated by blanks, tabs, commas or semicolons; ``%`` begins a comment.

    Every row must have as many numbers as the first; blank lines are passed over. Blocks are parsed
    with vector operations.

    Answers to Deeplearning4j's ``MatlabRecordReader``, which fails at the first record.

    Args:
        source: a path or URL, several of them, or an input split.
        schema: of the records, for a TransformProcess or an iterator.
        skip_lines: lines to skip at the start of each file.
        encoding: of the files.
        on_invalid: ``raise``, or ``skip`` a line that cannot be read and count it in `skipped`.
        block_size: bytes parsed at a time.

    Raises:
        RecordFormatError: a word that is no number, a row of another width, or a binary MAT-file;
            names file and line.

    >>> from datavec import MatlabRecordReader, StringSplit
    >>> list(MatlabRecordReader(StringSplit("% matrix\n1 2.5\n3 4e1")))
    [[1.0, 2.5], [3.0, 40.0]]
    """

    def __init__(
        self,
        source: Any,
        *,
        schema: Schema | None = None,
        skip_lines: int = 0,
        encoding: str = "utf-8",
        on_invalid: str | ErrorPolicy = "raise",
        block_size: int = 4 << 20,
    ) -> None:
        super().__init__(
            source,
            schema=schema,
            skip_lines=skip_lines,
            encoding=encoding,
            on_invalid=on_invalid,
            block_size=block_size,
        )
        self._width: int | None = None

    def blocks(self, size: int, part: InputPart | None = None) -> Iterator[Block]:
        for block in super().blocks(size, part):
            if block.first_line == 0 and block.data[:10] in (b"MATLAB 5.0", b"MATLAB 7.3"):
                raise RecordFormatError(
                    "a binary MAT-file; this reader takes matrices as text: save them in MATLAB "
                    "with -ascii, or read the file with scipy.io.loadmat and hand its array to "
                    "CollectionRecordReader",
                    file=block.file,
                )
            yield block

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        self._width = None
        yield from super().records()

    def parse_line(self, line: str) -> list[Any] | None:
        words = [w for w in _SEPARATORS.split(line.partition("%")[0].strip()) if w]
        if not words:
            return None
        record: list[Any] = []
        for word in words:
            number = parse_double(word)
            if number is None:
                raise RecordFormatError(f"expected numbers, received {word[:100]!r}")
            record.append(number)
        if self._width is None:
            self._width = len(record)
        if len(record) != self._width:
            raise RecordFormatError(
                f"expected {self._width} numbers as in the first row, received {len(record)}"
            )
        return record

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Any:
        self._width = len(schema)
        return super().frame_tasks(schema, plan)

    def parse_block(
        self, block: Block, schema: Schema, plan: ReadPlan
    ) -> tuple[Frame, Array | None] | None:
        data = bytes(block.data)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not data.isascii():
            return None
        data = _COMMENT.sub(b"", data)
        if not data.endswith(b"\n"):
            data += b"\n"
        words = words_of(data, _SEPARATOR_BYTES)
        starts = words.line_starts
        counts = np.diff(np.append(np.searchsorted(words.starts, starts), len(words.starts)))
        width, keep = len(schema), counts > 0
        if (counts[keep] != width).any():
            return None
        rows = int(np.count_nonzero(keep))
        columns = []
        for i, meta in enumerate(schema):
            if meta.name not in plan.needed:
                columns.append(pa.nulls(rows))
                continue
            texts = words.texts(np.arange(i, rows * width, width))
            numbers, bad = parse_texts(texts, pa.float64())
            if bad.any():
                return None
            columns.append(numbers)
        lines = None if rows == len(starts) else np.flatnonzero(keep)
        return Frame(schema, tuple(columns), rows), lines
