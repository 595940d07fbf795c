"""Parsing a block of CSV lines into typed Arrow columns, in native code where that is exact.

Lines without quotes and escapes split at the delimiter, and quotes that enclose whole fields mean
the same to Arrow as to DataVec; such blocks go through Arrow's reader. The rare rest is split by
`CsvLineParser`. A value that Arrow cannot convert sends the block through the text path, where
Java's rules decide and the error can name the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from .._convert import to_type
from .._errors import CsvError, InvalidValueError
from .._frame import Array, Frame
from .._metadata import AbstractColumnMetaData, ColumnType
from .._process import ReadPlan
from .._schema import Schema
from ._csv_parser import CsvLineParser
from ._lines import Block, block_lines

__all__ = ["BlockParser", "ParsedBlock"]

_PUSHED_DOWN = {
    ColumnType.INTEGER: pa.int32(),
    ColumnType.LONG: pa.int64(),
    ColumnType.DOUBLE: pa.float64(),
    ColumnType.FLOAT: pa.float32(),
    ColumnType.CATEGORICAL: pa.dictionary(pa.int32(), pa.string()),
    ColumnType.TIME: pa.int64(),
}


@dataclass(frozen=True, slots=True)
class ParsedBlock:
    """Columns of a block and the line number (from 0) of each row; None when none is missing."""

    frame: Frame
    lines: Array | None
    skipped: int


class BlockParser:
    """Parses blocks of one file format under one schema.

    Args:
        schema: one column per field.
        plan: which columns are wanted, and which unparsed.
        parser: delimiter and quote.
        skip_ragged: drop lines of the wrong width instead of raising.
        skip_invalid: drop lines with values that do not fit their column instead of raising.
    """

    def __init__(
        self,
        schema: Schema,
        plan: ReadPlan,
        parser: CsvLineParser,
        *,
        skip_ragged: bool,
        skip_invalid: bool,
    ) -> None:
        self.schema = schema
        self.parser = parser
        self.skip_ragged = skip_ragged
        self.skip_invalid = skip_invalid
        self.wanted = [m for m in schema if m.name in plan.needed]
        self.types = {
            m.name: pa.string() if m.name in plan.as_text else _read_type(m) for m in self.wanted
        }
        # With no wanted column at all the rows must still be counted.
        self._include = list(self.types) or [schema.column_names[0]]
        self._types = self.types or {schema.column_names[0]: pa.string()}
        self._has_numbers = any(
            pa.types.is_integer(t) or pa.types.is_floating(t) for t in self._types.values()
        )

    def parse(self, block: Block) -> ParsedBlock:
        """Raises CsvError or InvalidValueError naming file and line."""
        quoted = self.parser.quote.encode() in block.data
        exact = self.parser.escape.encode() in block.data or (quoted and not self._tame(block.data))
        # Arrow reads a blank line as a row of empty fields; here it is one empty field. An empty
        # field is no number, so a block with numbers needs no search before it has failed.
        if not exact and not self._has_numbers:
            exact = len(self.schema) > 1 and _has_blank_line(block.data)
        if not exact:
            try:
                table = self._read(block, self._types, quoted)
                if _finite(table):
                    return ParsedBlock(self._frame(_columns(table), table.num_rows), None, 0)
            except pa.ArrowInvalid:
                pass  # a value, a width or bytes that do not fit: find out which
            if not (len(self.schema) > 1 and _has_blank_line(block.data)) and _is_utf8(block.data):
                ragged: list[int] = []
                try:
                    texts = self._read(
                        block, dict.fromkeys(self._types, pa.string()), quoted, ragged
                    )
                    # Arrow numbers rows from 1 when it reads without threads.
                    lines = np.delete(
                        np.arange(texts.num_rows + len(ragged)), np.array(ragged, int) - 1
                    )
                    return self._typed(block, _columns(texts), lines, len(ragged))
                except pa.ArrowInvalid:
                    pass
        return self._typed(block, *self._split_lines(block))

    def _read(
        self,
        block: Block,
        types: dict[str, pa.DataType],
        quoted: bool,
        ragged: list[int] | None = None,
    ) -> pa.Table:
        """Arrow's reader; lines of the wrong width are left out and listed when that is wanted."""

        def on_ragged(row: Any) -> str:
            ragged.append(row.number)  # type: ignore[union-attr]
            return "skip"

        return pa.csv.read_csv(
            pa.BufferReader(block.data),
            pa.csv.ReadOptions(
                column_names=self.schema.column_names,
                use_threads=False,
                block_size=len(block.data) + 1,
            ),
            pa.csv.ParseOptions(
                delimiter=self.parser.separator,
                quote_char=self.parser.quote if quoted else False,
                ignore_empty_lines=False,
                invalid_row_handler=on_ragged if ragged is not None and self.skip_ragged else None,
            ),
            pa.csv.ConvertOptions(
                column_types=types,
                include_columns=self._include,
                null_values=[],
                strings_can_be_null=False,
            ),
        )

    def _tame(self, data: bytes | bytearray) -> bool:
        """Whether every quote of the block opens or closes a whole field."""
        pattern = _enclosed(self.parser.separator.encode(), self.parser.quote.encode())
        return self.parser.quote.encode() not in pattern.sub(rb"\1", data)

    def _split_lines(self, block: Block) -> tuple[dict[str, pa.Array], Array, int]:
        """The exact way: every line by the line parser."""
        width = len(self.schema)
        rows: list[list[str]] = []
        lines: list[int] = []
        skipped = 0
        for i, line in enumerate(block_lines(block)):
            place: dict[str, Any] = {"file": block.file, "line": block.first_line + i + 1}
            try:
                fields = self.parser.parse(line)
            except CsvError as e:
                raise CsvError(str(e), **place) from None
            if len(fields) == width:
                rows.append(fields)
                lines.append(i)
            elif self.skip_ragged:
                skipped += 1
            else:
                raise CsvError(
                    f"expected {width} fields, received {len(fields)}: {line[:200]!r}", **place
                )
        texts = {
            name: pa.array([r[self.schema.index_of(name)] for r in rows], pa.string())
            for name in self._types
        }
        return texts, np.array(lines, np.int64), skipped

    def _typed(
        self, block: Block, texts: dict[str, pa.Array], lines: Array, skipped: int
    ) -> ParsedBlock:
        """Convert text columns by Java's rules, leaving out or refusing what does not fit."""
        typed: dict[str, pa.Array] = {}
        keep = np.ones(len(lines), bool)
        for name, text in texts.items():
            target = self._types[name]
            if target == pa.string():
                typed[name] = text
            elif pa.types.is_dictionary(target):
                typed[name] = text.dictionary_encode()
            else:
                try:
                    typed[name] = to_type(text, target, name)
                except InvalidValueError as e:
                    if not self.skip_invalid:
                        line = block.first_line + int(lines[int(e.rows[0])]) + 1
                        raise e.located(file=block.file, line=line) from None
                    keep[e.rows] = False
                    typed[name] = to_type(text, target, name, "null")
        if not keep.all():
            mask = pa.array(keep)
            typed = {name: column.filter(mask) for name, column in typed.items()}
        dropped = int(np.count_nonzero(~keep))
        return ParsedBlock(self._frame(typed, len(lines) - dropped), lines[keep], skipped + dropped)

    def _frame(self, columns: dict[str, pa.Array], rows: int) -> Frame:
        arrays = []
        for m in self.schema:
            column = columns.get(m.name)
            if column is None:
                column = pa.nulls(rows)  # not wanted: a placeholder without memory
            elif m.column_type is ColumnType.TIME and column.type == pa.int64():
                column = column.cast(m.arrow_type)
            arrays.append(column)
        return Frame(self.schema, tuple(arrays), rows)


def _columns(table: pa.Table) -> dict[str, pa.Array]:
    return {name: table.column(name).combine_chunks() for name in table.column_names}


def _has_blank_line(data: bytes | bytearray) -> bool:
    if data.startswith((b"\n", b"\r")) or b"\n\n" in data:
        return True
    return b"\r" in data and (b"\n\r" in data or b"\r\r" in data)


def _is_utf8(data: bytes | bytearray) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_type(meta: AbstractColumnMetaData) -> pa.DataType:
    return _PUSHED_DOWN.get(meta.column_type, pa.string())


@lru_cache(maxsize=32)
def _enclosed(separator: bytes, quote: bytes) -> re.Pattern[bytes]:
    """A field that is enclosed in quotes as a whole, on one line."""
    s, q = re.escape(separator), re.escape(quote)
    return re.compile(
        rb"(^|"
        + s
        + rb")"
        + q
        + rb"(?:[^"
        + q
        + rb"\r\n]|"
        + q
        + q
        + rb")*"
        + q
        + rb"(?="
        + s
        + rb"|[\r\n]|\Z)",
        re.MULTILINE,
    )


def _finite(table: pa.Table) -> bool:
    """Whether all floating values are finite: Arrow takes "nan" and "inf" for numbers, Java does not."""
    return not any(
        pa.types.is_floating(column.type) and pc.all(pc.is_finite(column)).as_py() is False
        for column in table.columns
    )
