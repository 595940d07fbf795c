"""Readers of text files whose lines are records, typed a block of lines at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .._errors import DataVecError, InvalidValueError, RecordFormatError
from .._policy import ErrorPolicy, ErrorReport
from ..columns._frame import Array, Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ._lines import Block, block_lines, blocks_of
from ._metadata import RecordMetaDataLine
from ._reader import AbstractRecordReader, RecordTask
from ._splits import AbstractInputSplit, InputPart, as_split
from ._tolerant import AbstractTolerant

__all__ = ["AbstractLineBlockReader"]

_LINES_BYTES = 1 << 18


class AbstractLineBlockReader(AbstractTolerant, AbstractRecordReader):
    """Records from lines; sub-classes say how one line is read, and maybe how a block is.

    Args:
        source: a path, paths or an input split.
        schema: of the records, where known.
        skip_lines: lines to skip at the start of each file.
        encoding: of the files.
        on_invalid: what to do with a line that cannot be read.
        replacements: values that stand in for bad ones, by column.
        block_size: bytes parsed at a time.
    """

    def __init__(
        self,
        source: Any,
        *,
        schema: Schema | None,
        skip_lines: int,
        encoding: str,
        on_invalid: str | ErrorPolicy,
        replacements: Mapping[str, Any] | None = None,
        block_size: int = 4 << 20,
    ) -> None:
        super().__init__()
        if skip_lines < 0:
            raise ValueError(f"skip_lines must not be negative, received {skip_lines}")
        self.set_policy(on_invalid, replacements)
        self._source = source
        self._split: AbstractInputSplit | None = None if source is None else as_split(source)
        self._schema = schema
        self.skip_lines = skip_lines
        self.encoding = encoding
        self.block_size = block_size

    def __repr__(self) -> str:
        shown = "nothing to read yet" if self._source is None else str(self._source)
        return f"<{type(self).__name__}: {shown:.80}>"

    @property
    def schema(self) -> Schema | None:
        return self._schema

    @property
    def split(self) -> AbstractInputSplit:
        """Where the files are; raises ValueError while none are given."""
        if self._split is None:
            raise ValueError(f"{type(self).__name__}: no files given; pass them or call initialize")
        return self._split

    # --- what a sub-class says -------------------------------------------------------------------

    def parse_line(self, line: str) -> list[Any] | None:
        """The record of a line, None for a line that holds none; raises DataVecError."""
        raise NotImplementedError

    def parse_block(
        self, block: Block, schema: Schema, plan: ReadPlan
    ) -> tuple[Frame, Array | None] | None:
        """A block's records at once, with each row's line in the block (None: all lines in order).

        None where the block holds anything that `parse_line` must look at.
        """
        return None

    # --- records ---------------------------------------------------------------------------------

    def blocks(self, size: int, part: InputPart | None = None) -> Iterator[Block]:
        """The files, or one of them, in blocks of whole lines."""
        return blocks_of(
            self.split if part is None else part,
            skip_lines=self.skip_lines,
            size=size,
            encoding=self.encoding,
        )

    def line_records(self, block: Block) -> Iterator[tuple[list[Any], int]]:
        """The records of a block, line by line, each with its line number in the block."""
        for i, line in enumerate(block_lines(block)):
            try:
                record = self.parse_line(line)
            except (RecordFormatError, InvalidValueError) as e:
                self.leave_out(e.located(file=block.file, line=block.first_line + i + 1))
                continue
            if record is not None:
                yield record, i

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        self.begin_pass()
        for block in self.blocks(_LINES_BYTES):
            for record, line in self.line_records(block):
                yield record, RecordMetaDataLine(block.first_line + line, block.file)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        keys = {(m.uri, m.line) for m in wanted}
        found: dict[Any, list[Any] | None] = {}
        for part in self.split.parts_named(m.uri for m in wanted):
            for block in self.blocks(_LINES_BYTES, part):
                for i, line in enumerate(block_lines(block)):
                    key = block.file, block.first_line + i
                    if key in keys:
                        found[key] = self.parse_line(line)
        records = []
        for m in wanted:
            record = found.get((m.uri, m.line))
            if record is None:
                raise DataVecError(f"no record at {m.location}")
            records.append(record)
        return records

    # --- batches ---------------------------------------------------------------------------------

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        self.begin_pass()
        for block in self.blocks(self.block_size):
            for part in self.parts(block, schema, plan):
                yield _BlockTask(self, schema, plan, part)

    def parts(self, block: Block, schema: Schema, plan: ReadPlan) -> Iterable[Block]:
        """Cut a block where its frame would take too much memory."""
        return (block,)


class _BlockTask:
    """Reads one block; knows afterwards which line each row came from."""

    def __init__(
        self, reader: AbstractLineBlockReader, schema: Schema, plan: ReadPlan, block: Block
    ) -> None:
        self.reader, self.schema, self.plan, self.block = reader, schema, plan, block
        self._lines: Array | None = None
        self._one_by_one: RecordTask | None = None

    def __call__(self) -> Frame:
        return self.frame(ErrorPolicy(), ErrorReport())

    def frame(self, policy: ErrorPolicy, report: ErrorReport) -> Frame:
        """The frame; records of the wrong width are an error, or left out and counted."""
        parsed = self.reader.parse_block(self.block, self.schema, self.plan)
        if parsed is not None:
            frame, self._lines = parsed
            return frame
        first, file = self.block.first_line, self.block.file
        records = [
            (record, RecordMetaDataLine(first + line, file))
            for record, line in self.reader.line_records(self.block)
        ]
        self._one_by_one = RecordTask(self.schema, records)
        return self._one_by_one.frame(policy, report)

    def _line(self, row: int) -> int:
        return self.block.first_line + (row if self._lines is None else int(self._lines[row]))

    def metadata(self, frame: Frame) -> list[Any]:
        """Metadata of the records of a frame that came from this block."""
        if self._one_by_one is not None:
            return self._one_by_one.metadata(frame)
        rows = range(frame.num_records) if frame.origin is None else frame.origin.tolist()
        return [RecordMetaDataLine(self._line(i), self.block.file) for i in rows]

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Say in which line."""
        if self._one_by_one is not None:
            return self._one_by_one.locate(error)
        if error.row is None or error.line is not None:
            return error
        return error.located(file=self.block.file, line=self._line(error.row) + 1)
