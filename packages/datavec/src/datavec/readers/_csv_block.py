"""Parsing a block of CSV lines into typed Arrow columns.

The native parser reads the lines whose meaning is beyond doubt, straight into typed memory. The odd
ones that it leaves out (quotes in unusual places, escapes, a wrong number of fields, values that are
no plain numbers) are split by `CsvLineParser` and converted by Java's rules, which also say what is
wrong with a bad one; they then take their places among the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from nd4py import _core

from .._errors import CsvError, InvalidValueError, shown
from .._policy import ErrorExample, ErrorPolicy, ErrorReport
from ..columns._arrow_arrays import arrow_array
from ..columns._convert import to_type
from ..columns._frame import Array, Frame
from ..process._process import ReadPlan
from ..schema._metadata import AbstractColumnMetaData, ColumnType
from ..schema._schema import Schema
from ._csv_parser import CsvLineParser
from ._lines import Block, block_lines, not_utf8

__all__ = ["BlockParser", "ParsedBlock"]

_NUMBERS = {
    ColumnType.INTEGER: pa.int32(),
    ColumnType.LONG: pa.int64(),
    ColumnType.DOUBLE: pa.float64(),
    ColumnType.FLOAT: pa.float32(),
    ColumnType.TIME: pa.int64(),
}
_KINDS = {
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.float64(): "float64",
    pa.float32(): "float32",
}
_IN_NUMBERS = set("0123456789+-.eENaInfity")


@dataclass(frozen=True, slots=True)
class ParsedBlock:
    """Rows of a block, and the line number (from 0) of each; None when every line is a row."""

    frame: Frame
    lines: Array | None


@dataclass(frozen=True, slots=True)
class _OddLine:
    line: int
    row: int
    text: bytes


class BlockParser:
    """Parses blocks of one file format under one schema.

    Args:
        schema: one column per field.
        plan: which columns are wanted, and which unparsed.
        parser: delimiter, quote and escape.
        policy: what to do with lines of the wrong width and values that do not fit their column.
        report: counts what was left out or replaced.
    """

    def __init__(
        self,
        schema: Schema,
        plan: ReadPlan,
        parser: CsvLineParser,
        policy: ErrorPolicy,
        report: ErrorReport,
    ) -> None:
        self.schema = schema
        self.parser = parser
        self.policy = policy
        self.report = report
        self._wanted = {m.name: _read_type(m, plan) for m in schema if m.name in plan.needed}
        self._replacements = {
            name: _replacement(policy.replacement(name), target, name)
            for name, target in self._wanted.items()
            if policy.replacement(name) is not None and target is not None
        }
        self._fields = [self._field(m) for m in schema]
        special = {parser.separator, parser.quote, parser.escape}
        self._native = (
            len(special) == 3
            and all(c.isascii() and c not in "\r\n" for c in special)
            and not _IN_NUMBERS & {parser.separator, parser.quote}
        )

    def _field(self, meta: AbstractColumnMetaData) -> tuple[str, float | None]:
        """How the native parser reads a field, and the value of an empty one."""
        if meta.name not in self._wanted:
            return "skip", None
        target = self._wanted[meta.name]
        if target is None:
            return "category" if meta.column_type is ColumnType.CATEGORICAL else "text", None
        value = self._replacements.get(meta.name)
        if isinstance(value, int) and abs(value) > 1 << 53:  # the odd way keeps it exact
            value = None
        return _KINDS[target], value

    def parse(self, block: Block) -> ParsedBlock:
        """Raises CsvError or InvalidValueError naming file and line."""
        if self._native:
            rows, columns, empty, odd = _core.parse_csv(
                block.data,
                self._fields,
                delimiter=self.parser.separator,
                quote=self.parser.quote,
                escape=self.parser.escape,
            )
            self._count_empty(empty)
            frame = self._frame([_array(c) for c in columns], rows)
            odd_lines = [_OddLine(line, row, bytes(block.data[a:b])) for line, row, a, b in odd]
        else:
            frame = None
            rows = 0
            odd_lines = [_OddLine(i, 0, text.encode()) for i, text in enumerate(block_lines(block))]
        if not odd_lines and frame is not None:
            return ParsedBlock(frame, None)
        extra, kept = self._odd_frame(block, odd_lines)
        places = np.array([odd_lines[i].row for i in kept], np.int64)
        order = np.insert(np.arange(rows), places, rows + np.arange(len(kept)))
        dropped = set(range(len(odd_lines))) - set(kept)
        lines = np.delete(
            np.arange(rows + len(odd_lines)), [odd_lines[i].line for i in sorted(dropped)]
        )
        joined = Frame.concat([extra] if frame is None else [frame, extra])
        return ParsedBlock(joined.take_rows(order), lines)

    def _count_empty(self, empty: list[int]) -> None:
        for meta, count in zip(self.schema, empty, strict=True):
            if count:
                self.report.add(
                    "replaced", meta.name, "missing value", where="CSVRecordReader", count=count
                )

    def _frame(self, arrays: list[pa.Array | None], rows: int) -> Frame:
        columns = []
        for meta, array in zip(self.schema, arrays, strict=True):
            if array is None:
                array = pa.nulls(rows)  # not wanted: a placeholder without memory
            elif meta.column_type is ColumnType.TIME and array.type == pa.int64():
                array = array.cast(meta.arrow_type)
            columns.append(array)
        return Frame(self.schema, tuple(columns), rows)

    # --- odd lines ------------------------------------------------------------------------------

    def _odd_frame(self, block: Block, odd: list[_OddLine]) -> tuple[Frame, list[int]]:
        """The records of odd lines, and which of the lines they are; others are left out."""
        rows: list[list[str]] = []
        kept: list[int] = []
        for i, line in enumerate(odd):
            try:
                rows.append(self._split(block, line))
                kept.append(i)
            except CsvError as e:
                if not self.policy.skips:
                    raise
                self._count_skipped(e, line)
        arrays: list[pa.Array | None] = []
        keep = np.ones(len(rows), bool)
        first: InvalidValueError | None = None
        for position, meta in enumerate(self.schema):
            if meta.name not in self._wanted:
                arrays.append(None)
                continue
            column, error = self._typed(
                meta.name, pa.array([r[position] for r in rows], pa.string())
            )
            arrays.append(column)
            if error is None:
                continue
            at = [odd[kept[row]] for row in error.rows]
            error = error.located(file=block.file, line=block.first_line + at[0].line + 1)
            if self.policy.replacement(meta.name) is not None:
                self.report.add_error("replaced", error)
            elif self.policy.skips:
                fresh = [row for row in error.rows if keep[row]]
                self.report.add_error("skipped", error, count=len(fresh))
                keep[error.rows] = False
            elif first is None or error.line < first.line:  # type: ignore[operator]
                first = error
        if first is not None:
            raise first
        frame = self._frame(arrays, len(rows))
        if keep.all():
            return frame, kept
        return frame.filtered(keep), [i for i, good in zip(kept, keep, strict=True) if good]

    def _split(self, block: Block, line: _OddLine) -> list[str]:
        place: dict[str, Any] = {"file": block.file, "line": block.first_line + line.line + 1}
        try:
            text = line.text.decode()
        except UnicodeDecodeError as e:
            raise not_utf8(e, block.data if place["line"] == 1 else b"", **place) from None
        try:
            fields = self.parser.parse(text)
        except CsvError as e:
            raise CsvError(str(e), reason=e.reason, **place) from None
        if len(fields) != len(self.schema):
            raise CsvError(
                f"expected {len(self.schema)} fields, received {len(fields)}: {text[:200]!r}",
                reason=f"expected a line of {len(self.schema)} fields",
                **place,
            )
        return fields

    def _count_skipped(self, error: CsvError, line: _OddLine) -> None:
        place = f"{error.file or 'input'}, line {error.line}"
        self.report.add(
            "skipped",
            None,
            error.reason,
            where="CSVRecordReader",
            examples=[ErrorExample(line.text[:200].decode(errors="replace"), place)],
        )

    def _typed(self, name: str, texts: pa.Array) -> tuple[pa.Array, InvalidValueError | None]:
        """A column in its type; with bad values these are replaced, or null, and the error names them."""
        target = self._wanted[name]
        if target is None:
            return texts, None
        try:
            return to_type(texts, target, name), None
        except InvalidValueError as e:
            column = to_type(texts, target, name, "null")
            if (value := self._replacements.get(name)) is not None:
                column = column.fill_null(pa.scalar(value, target))
            return column, e


def _read_type(meta: AbstractColumnMetaData, plan: ReadPlan) -> pa.DataType | None:
    """The number type a column is read as; None for text."""
    return None if meta.name in plan.as_text else _NUMBERS.get(meta.column_type)


def _replacement(value: Any, target: pa.DataType, name: str) -> int | float:
    try:
        number = pa.scalar(value, target).as_py()
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        raise ValueError(
            f'column "{name}": the replacement {shown(value)} is no value of type {target}'
        ) from None
    return number  # type: ignore[no-any-return]


def _array(column: Any) -> pa.Array | None:
    """What the native parser made of a field, as an Arrow array over the same memory."""
    if column is None:
        return None
    if not isinstance(column, tuple):
        return arrow_array(column)
    codes, offsets, characters = column
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(characters)]
    texts = pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)
    return texts if codes is None else pa.DictionaryArray.from_arrays(arrow_array(codes), texts)
