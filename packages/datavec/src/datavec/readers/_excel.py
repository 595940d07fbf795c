"""ExcelRecordReader: the rows of spreadsheets."""

from __future__ import annotations

import datetime
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from .._errors import DataVecError, RecordFormatError
from ..columns._frame import Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ._cells import fitted
from ._columnar import local_path
from ._files import read_limited
from ._reader import AbstractRecordReader, RecordTask
from ._splits import AbstractInputSplit, InputPart, as_split

__all__ = ["ExcelRecordReader", "RecordMetaDataSheetRow"]

_WORKER = Path(__file__).with_name("_excel_worker.py")
_ROWS = 4096


@dataclass(frozen=True, slots=True)
class RecordMetaDataSheetRow:
    """A row of a sheet; `row` counts from 0, as the first row of the sheet."""

    sheet: str
    row: int
    uri: str | None = None

    @property
    def location(self) -> str:
        """Text for messages."""
        return f"{self.uri or 'input'}, sheet {self.sheet!r}, row {self.row + 1}"


class ExcelRecordReader(AbstractRecordReader):
    """Rows of xlsx, xlsm, xlsb, xls and ods files, of all sheets or some, one after another.

    Cells give text, numbers (whole ones as int), booleans, and dates as ``datetime``; empty cells,
    and cells that show an error, are missing values. Rows without any value are passed over. Of a
    formula the stored result is read.

    Workbooks are read in a process of their own, with bounded memory, because a tiny file can ask
    for a table of billions of cells.

    Needs ``pip install "datavec[excel]"``. Answers to Deeplearning4j's ``ExcelRecordReader``, which
    gives empty text for the text cells of each sheet's first row.

    Args:
        source: a path or URL, several of them, or an input split.
        sheets: names of the sheets to read, in this order; None for all.
        skip_lines: rows to skip at the top of each sheet, for instance 1 for a header.
        schema: of the records, for a TransformProcess or an iterator.
        max_memory: bytes that the reading process may use, where the system can limit it.
        max_seconds: processor time that it may take for a file, likewise.

    Raises:
        RecordFormatError: no such file format, a damaged file, or a table too large.
        DataVecError: a sheet that does not exist, or a row wider than the schema.

    >>> import io, xlsxwriter
    >>> from datavec import ExcelRecordReader, InputStreamInputSplit
    >>> stream = io.BytesIO()
    >>> with xlsxwriter.Workbook(stream) as book:
    ...     sheet = book.add_worksheet("ages")
    ...     for i, row in enumerate((["name", "age"], ["Ada", 36], ["Alan", 41.5])):
    ...         _ = sheet.write_row(i, 0, row)
    >>> _ = stream.seek(0)
    >>> list(ExcelRecordReader(InputStreamInputSplit(stream), skip_lines=1))
    [['Ada', 36], ['Alan', 41.5]]
    """

    def __init__(
        self,
        source: Any,
        *,
        sheets: Sequence[str] | None = None,
        skip_lines: int = 0,
        schema: Schema | None = None,
        max_memory: int = 4 << 30,
        max_seconds: int = 600,
    ) -> None:
        super().__init__()
        if skip_lines < 0:
            raise ValueError(f"skip_lines must not be negative, received {skip_lines}")
        if isinstance(sheets, str):
            raise TypeError(f"sheets must be a list of names, received the text {sheets!r}")
        self.split: AbstractInputSplit = as_split(source)
        self.sheets = None if sheets is None else list(sheets)
        self.skip_lines = skip_lines
        self.max_memory = max_memory
        self.max_seconds = max_seconds
        self._schema = schema

    @property
    def schema(self) -> Schema | None:
        return self._schema

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        for part in self.split.parts():
            yield from self._rows(part)

    def _rows(self, part: InputPart) -> Iterator[tuple[list[Any], RecordMetaDataSheetRow]]:
        sheet, row = "", 0
        for message in self._messages(part):
            if "sheet" in message:
                sheet, row = message["sheet"], 0
            for cells in message.get("rows", ()):
                if row >= self.skip_lines and any(cell is not None for cell in cells):
                    values = [_value(cell) if isinstance(cell, list) else cell for cell in cells]
                    yield values, RecordMetaDataSheetRow(sheet, row, part.name)
                row += 1

    def _messages(self, part: InputPart) -> Iterator[dict[str, Any]]:
        import subprocess

        with part.open() as f, _on_disk(f, part.name) as path:
            request = {
                "path": path,
                "sheets": self.sheets,
                "memory": self.max_memory,
                "seconds": self.max_seconds,
            }
            command = [sys.executable, "-P", str(_WORKER), json.dumps(request)]
            worker = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
            )
            try:
                ended = False
                for line in worker.stdout or ():
                    message = json.loads(line)
                    if "missing" in message:
                        raise ImportError(
                            f"reading spreadsheets needs python-calamine ({message['missing']}); "
                            'install it with pip install "datavec[excel]"'
                        )
                    if "error" in message:
                        raise RecordFormatError(message["error"], file=part.name)
                    ended = "end" in message
                    yield message
                if not ended:
                    raise RecordFormatError(
                        "the workbook could not be read to its end: it is damaged, or its table "
                        f"needs more than {self.max_memory} bytes or {self.max_seconds} seconds; "
                        "raise max_memory or max_seconds if it should",
                        file=part.name,
                    )
            finally:
                worker.kill()
                worker.wait()
                if worker.stdout is not None:
                    worker.stdout.close()

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        keys = set(wanted)
        found = {
            m: record
            for part in self.split.parts_named(m.uri for m in wanted)
            for record, m in self._rows(part)
            if m in keys
        }
        missing = [m for m in wanted if m not in found]
        if missing:
            raise DataVecError(f"no record at {missing[0].location}")
        return [found[m] for m in wanted]

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        rows = self.records()
        while chunk := list(islice(rows, _ROWS)):
            yield _RowTask(schema, chunk)


class _RowTask(RecordTask):
    """Fits cells to the columns of a schema: what is shown as text, fractions never cut."""

    def load(self) -> None:
        width, metas = len(self.schema), tuple(self.schema)
        chunk = []
        for record, metadata in self.chunk:
            if not any(v is not None for v in record[width:]):
                row = [fitted(v, m) for v, m in zip(record, metas, strict=False)]
                record = row + [None] * (width - len(row))
            chunk.append((record, metadata))
        self.chunk = chunk


def _value(cell: list[str]) -> Any:
    """A cell that is no plain JSON value."""
    return datetime.datetime.fromisoformat(cell[1])


@contextmanager
def _on_disk(f: IO[bytes], name: str | None) -> Iterator[str]:
    """The path of an open file, or of a copy."""
    import tempfile

    path = local_path(f)
    if path is not None:
        yield os.path.abspath(path)
        return
    with tempfile.NamedTemporaryFile(suffix=".workbook", delete=False) as copy:
        try:
            copy.write(read_limited(f, name))
            copy.close()
            yield copy.name
        finally:
            os.unlink(copy.name)
