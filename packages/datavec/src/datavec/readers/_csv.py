"""CSVRecordReader: comma-separated files, record by record or as typed Arrow batches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import pyarrow as pa

from .._errors import CsvError, InvalidValueError, SchemaError
from .._policy import ErrorPolicy
from ..columns._arrow_io import frame_to_batch
from ..columns._frame import Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ._csv_block import BlockParser, ParsedBlock
from ._csv_parser import CsvLineParser
from ._lines import Block, blocks_of, lines_of
from ._metadata import RecordMetaDataLine
from ._reader import AbstractRecordReader
from ._splits import AbstractInputSplit, as_split
from ._tolerant import AbstractTolerant

__all__ = ["CSVRecordReader"]

_KEY = "org.datavec.api.records.reader.RecordReader."


class CSVRecordReader(AbstractTolerant, AbstractRecordReader):
    """Reads CSV files.

    Record by record it gives lists of text fields, split exactly as DataVec does (a line break
    inside quotes is an error). With a schema, `batches` gives typed Arrow batches, and a
    TransformProcess or a RecordReaderDataSetIterator that reads from it drops unneeded columns and
    parses the others straight to their types.

    Answers to Deeplearning4j's ``CSVRecordReader``.

    Args:
        source: a file, a folder, several files, or an input split; may be given later by
            `initialize`.
        skip_lines: lines to skip at the start of each file, for instance 1 for a header.
        delimiter: one character.
        quote: one character.
        schema: types of the columns, for `batches`.
        on_invalid: what to do with a line of the wrong width, or with a value that does not fit
            its column: ``raise``; ``skip`` the line and count it in `errors`; or ``replace`` the
            value by its column's entry in `replacements`.
        replacements: values that stand in for bad ones, by column name.
        encoding: of the files.
        block_size: bytes parsed at a time.

    Raises:
        CsvError: naming file and line.
        InvalidValueError: naming file, line, column and value.

    >>> from datavec import StringSplit
    >>> list(CSVRecordReader(StringSplit('1,"a,b"'), skip_lines=0))
    [['1', 'a,b']]
    """

    def __init__(
        self,
        source: Any = None,
        *,
        skip_lines: int = 0,
        delimiter: str = ",",
        quote: str = '"',
        schema: Schema | None = None,
        on_invalid: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        encoding: str = "utf-8",
        block_size: int = 4 << 20,
    ) -> None:
        super().__init__()
        self.set_policy(on_invalid, replacements)
        if skip_lines < 0:
            raise ValueError(f"skip_lines must not be negative, received {skip_lines}")
        self.skip_lines = skip_lines
        self.encoding = encoding
        self.block_size = block_size
        self._parser = CsvLineParser(delimiter, quote)
        self._schema = schema
        self._source = source
        self._split: AbstractInputSplit | None = None if source is None else as_split(source)

    def __repr__(self) -> str:
        shown = "nothing to read yet" if self._source is None else str(self._source)
        return f"<CSVRecordReader: {shown:.80}>"

    def initialize(
        self, source: Any, configuration: dict[str, str] | None = None
    ) -> CSVRecordReader:
        """Set the files; a configuration sets skipped lines, delimiter and quote too."""
        self._source = source
        self._split = as_split(source)
        if configuration is not None:
            self.skip_lines = int(configuration.get(_KEY + "skipnumlines", self.skip_lines))
            self._parser = CsvLineParser(
                configuration.get(_KEY + "delimiter", ","),
                configuration.get(_KEY + "quote", '"'),
            )
        self.reset()
        return self

    @property
    def schema(self) -> Schema | None:
        return self._schema

    @property
    def delimiter(self) -> str:
        """The character between fields."""
        return self._parser.separator

    @property
    def quote(self) -> str:
        """The character around fields."""
        return self._parser.quote

    @property
    def split(self) -> AbstractInputSplit:
        """Where the files are; raises ValueError before `initialize`."""
        if self._split is None:
            raise ValueError("CSVRecordReader: no files given; pass them or call initialize()")
        return self._split

    # --- records --------------------------------------------------------------------------------

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for line, number, file in self._lines():
            try:
                fields: list[Any] = self.parse_line(line)
            except CsvError as e:
                raise CsvError(str(e), file=file, line=number + 1) from None
            yield fields, RecordMetaDataLine(number, file)

    def _lines(self) -> Iterator[tuple[str, int, str | None]]:
        return lines_of(self.split, skip_lines=self.skip_lines, encoding=self.encoding)

    def parse_line(self, line: str) -> list[str]:
        """The fields of one line."""
        return self._parser.parse(line)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        found: dict[Any, list[Any]] = {}
        keys = {(m.uri, m.line) for m in wanted}
        for part in self.split.parts_named(m.uri for m in wanted):
            lines = lines_of(part, skip_lines=self.skip_lines, encoding=self.encoding)
            for line, number, file in lines:
                if (file, number) in keys:
                    found[file, number] = self.parse_line(line)
        missing = [m for m in wanted if (m.uri, m.line) not in found]
        if missing:
            raise CsvError(f"no record at {missing[0].location}")
        return [found[m.uri, m.line] for m in wanted]

    # --- batches --------------------------------------------------------------------------------

    def _need_schema(self) -> Schema:
        if self._schema is None:
            raise SchemaError("CSVRecordReader: typed batches need a schema; pass schema=...")
        return self._schema

    def batches(self, columns: Iterable[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Typed record batches under the reader's schema; `columns` selects some of them.

        Raises:
            InvalidValueError: a value does not fit its column (with ``on_invalid="raise"``).
        """
        schema = self._need_schema()
        names = schema.column_names if columns is None else list(columns)
        for name in names:
            schema.index_of(name)
        plan = ReadPlan(frozenset(names), frozenset())
        for task in self.frame_tasks(schema, plan):
            frame = task()
            batch = frame_to_batch(frame)
            yield batch if columns is None else batch.select(names)

    def to_table(self, columns: Iterable[str] | None = None) -> pa.Table:
        """All of `batches` as one table."""
        names = self._need_schema().column_names if columns is None else list(columns)
        arrow = self._need_schema().to_arrow()
        wanted = pa.schema([arrow.field(n) for n in names])
        return pa.Table.from_batches(list(self.batches(columns)), wanted)

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        self.errors = type(self.errors)()
        policy = plan.policy if self.policy.raises else self.policy
        parser = BlockParser(schema, plan, self._parser, policy, self.errors)
        blocks = blocks_of(
            self.split, skip_lines=self.skip_lines, size=self.block_size, encoding=self.encoding
        )
        for block in blocks:
            yield _BlockTask(self, parser, block)


class _BlockTask:
    """Parses one block; knows afterwards which line each row came from."""

    def __init__(self, reader: CSVRecordReader, parser: BlockParser, block: Block) -> None:
        self.reader, self.parser, self.block = reader, parser, block
        self.parsed: ParsedBlock | None = None

    def __call__(self) -> Frame:
        self.parsed = self.parser.parse(self.block)
        return self.parsed.frame

    def before(self, error: CsvError | InvalidValueError) -> Frame | None:
        """The records before the line that could not be read; None where there are none."""
        count = 0 if error.line is None else error.line - 1 - self.block.first_line
        if count <= 0:
            return None
        last = next(islice(re.finditer(rb"\r\n|\n|\r", self.block.data), count - 1, None), None)
        if last is None:
            return None
        data = self.block.data[: last.end()]
        self.parsed = self.parser.parse(replace(self.block, data=data))
        return self.parsed.frame

    def _line(self, row: int) -> int:
        lines = None if self.parsed is None else self.parsed.lines
        return self.block.first_line + (row if lines is None else int(lines[row]))

    def metadata(self, frame: Frame) -> list[Any]:
        """Metadata of the records of a frame that came from this block."""
        rows = range(frame.num_records) if frame.origin is None else frame.origin.tolist()
        return [RecordMetaDataLine(self._line(i), self.block.file) for i in rows]

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Say in which line."""
        if error.row is None or error.line is not None:
            return error
        return error.located(file=self.block.file, line=self._line(error.row) + 1)
